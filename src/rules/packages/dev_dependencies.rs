//! Packages for developers in the image that is shipped: see `rules/packages/dev-dependencies.md`.

use std::slice;

use crate::{
    context::Context,
    edit::{Edit, Safety},
    finding::{Finding, Fix},
    knowledge::{DEVELOPERS, Installs, Production, is_plain_program},
    manifests::{Sources, View, Wanted, developers, listed_requirements, visible},
    model::{Base, CopyFrom, PackageCommand, Run, Stage, Step, StepKind, Value, declared, header, is_below},
    names,
    project::{file_name, join, parent},
    rewrite,
    rule::{Check, FileCx, Rule},
    source::Span,
    syntax::{Args, Instruction, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("packages" / "dev-dependencies", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let Some(last) = cx.model.stages.last() else { return };
    for stage in &cx.model.stages {
        for (at, step) in stage.steps.iter().enumerate() {
            let StepKind::Run(run) = &step.kind else { continue };
            for command in run.packages() {
                let production = Installs::of(command.manager).and_then(|it| it.production.as_ref());
                let site = Site { cx, stage, last, at, step, run, command };
                if let Some(production) = production {
                    if site.installs_all(production) {
                        out.extend(site.of_project(production));
                    }
                } else if command.manager.name == "pip" {
                    out.extend(site.of_list());
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Site<'a> {
    cx: &'a FileCx<'a>,
    stage: &'a Stage,
    /// The stage that is shipped.
    last: &'a Stage,
    at: usize,
    step: &'a Step,
    run: &'a Run,
    command: &'a PackageCommand,
}

impl Site<'_> {
    /// Whether the command installs the project with what only developers need.
    fn installs_all(&self, production: &Production) -> bool {
        let (command, before) = (self.command, &self.step.before);
        let invocation = &self.run.invocations()[command.invocation];
        let set = invocation.environment.iter().chain(self.run.exports().flat_map(|(_, it)| &it.environment));
        let elsewhere = ["-g", "--global", "--prefix", "-C", "--cwd", "--dir", "--filter", "-F", "-w", "--workspace"];
        let elsewhere = elsewhere.iter().chain(&["--directory", "--project", "--working-dir"]);
        let installs = command.project_install().is_some()
            || command.subcommand.is_empty()
            || command.manager.name == "pipenv" && matches!(command.subcommand.as_str(), "install" | "sync");
        let texts: Vec<&str> = production.configured.iter().map(String::as_str).collect();
        let asks = production.asked.is_empty() || production.asked.iter().any(|it| command.has_option(it));
        installs
            && asks
            && command.operands().next().is_none()
            && command.texts.iter().all(Option::is_some)
            && !production.same.iter().map(String::as_str).chain(elsewhere.copied()).any(|it| command.has_option(it))
            && !set.into_iter().any(|it| production.variables.contains(&it.name))
            && production.variables.iter().all(|it| {
                let unset = !before.variables.contains_key(it);
                unset || before.variable(it) == Value::Unset
            })
            && (texts.is_empty() || !self.stage.runs().any(|(_, run)| run.mentions(&texts)))
    }

    /// Whether what the stage installs is in the image that is shipped.
    fn is_shipped(&self, folder: &str) -> bool {
        let ancestry = || self.cx.model.ancestry(self.last.index);
        ancestry().any(|it| it.index == self.stage.index)
            || ancestry().flat_map(|it| &it.steps).any(|step| {
                let StepKind::Copy(copy) = &step.kind else { return false };
                let holds = |it: &String| {
                    is_below(folder, it) || DEVELOPERS.places.iter().any(|place| it.contains(place.as_str()))
                };
                copy.from == CopyFrom::Stage(self.stage.index) && copy.sources.iter().flatten().any(holds)
            })
    }

    /// Whether nothing behind the install can be what the packages are for: a build, a test.
    fn only_runs_behind(&self, wanted: &Wanted) -> bool {
        // Interpreted programs are not built, and what tests them has a name.
        let interpreted = !matches!(self.command.manager.name.as_str(), "npm" | "yarn" | "pnpm" | "bun");
        let plain = |run: &Run, from: usize| {
            run.script().is_some()
                && run.invocations().iter().enumerate().skip(from).all(|(at, it)| {
                    let package = run.package(at);
                    let words = || it.words.iter().map(|it| it.literal().unwrap_or_default());
                    is_plain_program(&it.program)
                        || package.is_some_and(|it| it.manager.root)
                        || interpreted && !words().any(|it| wanted.is_used_by(&it))
                })
        };
        let behind = |steps: &[Step]| {
            steps.iter().all(|it| match &it.kind {
                StepKind::Run(run) => plain(run, 0),
                // What another stage has built comes with packages of its own.
                StepKind::Copy(copy) => interpreted || copy.from == CopyFrom::Context,
                StepKind::Other => true,
            })
        };
        plain(self.run, self.command.invocation + 1)
            && behind(&self.stage.steps[self.at + 1..])
            && (self.last.index == self.stage.index || behind(&self.last.steps))
    }

    /// Whether the image says by its name, or by a variable, that it is one for developers.
    fn is_for_developers(&self) -> bool {
        let modes = DEVELOPERS.modes.iter().filter_map(|(name, values)| match self.last.end.variable(name) {
            Value::Known(value) => Some(values.contains(&value)),
            Value::Unset | Value::Unknown => None,
        });
        let modes: Vec<bool> = modes.collect();
        // A build for developers may set it.
        let arguments = self.cx.all(Keyword::Arg).flat_map(declared);
        let chosen = arguments.into_iter().any(|it| DEVELOPERS.modes.contains_key(&it) || it == "NODE_ENV");
        // What runs in production has to say so: what Rails loads depends on it.
        let says_nothing = self.command.manager.name == "bundler" && modes.is_empty();
        says_nothing
            || chosen
            || modes.contains(&false)
            || DEVELOPERS.is_name(&self.cx.source.path)
            || self.last.name.as_deref().is_some_and(|it| DEVELOPERS.is_name(it))
            || self.stage.name.as_deref().is_some_and(|it| DEVELOPERS.is_name(it) && !it.contains("build"))
    }

    fn of_project(&self, production: &Production) -> Option<Finding> {
        let folder = self.run.folder(self.command)?;
        if !self.is_shipped(folder) || self.is_for_developers() || is_old_npm(self.stage, self.command) {
            return None;
        }
        let [context] = self.cx.contexts() else { return None };
        let view = View { context, copies: visible(&self.stage.steps, self.at) };
        let wanted = developers(self.command, self.run, &view)?;
        if wanted.developers.is_empty() || !self.runs_without(&wanted, context) {
            return None;
        }
        if !self.only_runs_behind(&wanted) {
            return self.of_copy(production, &wanted, folder);
        }
        let names: Vec<String> = wanted.developers.iter().map(|it| format!("`{it}`")).collect();
        let (title, names) = (self.command.title(), names::abridged(&names));
        let message = format!("`{title}` puts {names} into the image, which only developers need");
        let mut finding = self.finding(message)?;
        finding.fix = self.fix(production, &wanted);
        Some(finding)
    }

    /// Packages that a stage needs to build, and that another one copies from it with all others.
    fn of_copy(&self, production: &Production, wanted: &Wanted, folder: &str) -> Option<Finding> {
        let prune = production.prune.as_ref().filter(|_| self.stage.index != self.last.index)?;
        let place = join(folder, "node_modules");
        let step = self.cx.model.ancestry(self.last.index).flat_map(|it| &it.steps).find(|it| match &it.kind {
            StepKind::Copy(copy) => {
                let is_it = |it: &String| join("/", it) == place;
                copy.from == CopyFrom::Stage(self.stage.index) && copy.sources.iter().flatten().any(is_it)
            }
            StepKind::Run(_) | StepKind::Other => false,
        })?;
        // Whatever else is installed or taken out behind it may do the same.
        let behind = || {
            let here = self.run.packages().iter().filter(|it| it.invocation > self.command.invocation);
            let later = self.stage.steps[self.at + 1..].iter().filter_map(|it| match &it.kind {
                StepKind::Run(run) => Some(run.packages()),
                StepKind::Copy(_) | StepKind::Other => None,
            });
            here.chain(later.flatten()).any(|it| it.manager.name == self.command.manager.name)
        };
        let texts = ["prune", "node_modules", "--omit", "--prod"];
        let is_pruned = self.stage.runs().any(|(_, run)| run.mentions(&texts));
        if behind() || is_pruned || self.stage.end.workdir.as_deref() != Some(folder) {
            return None;
        }
        let names: Vec<String> = wanted.developers.iter().map(|it| format!("`{it}`")).collect();
        let instruction = self.cx.model.instruction(step);
        let message = format!(
            "`{}` brings {} into the image, which only the build needs",
            instruction.keyword.text,
            names::abridged(&names)
        );
        let mut finding = Finding::new(RULE.name, self.cx.at(header(instruction)), message).note(
            "They come with all that they depend on themselves, and none of the project's sources loads one of them.",
        );
        let last = self.stage.steps.last()?;
        let end = self.cx.unit.syntax.items[last.item].span.end as usize;
        let edit = Edit::insert(
            end,
            format!("{} {prune}\n", rewrite::keyword_like(self.cx.source, instruction, Keyword::Run)),
        );
        finding.fix = self.cx.fix(format!("Run `{prune}` behind the build"), Safety::Unsafe, [edit]);
        Some(finding)
    }

    /// `pip install -r requirements-dev.txt`
    fn of_list(&self) -> Option<Finding> {
        let is_list = |it: &str| {
            let name = file_name(it).to_lowercase();
            let stem = name.strip_suffix(".txt");
            let mut words = stem.into_iter().flat_map(|it| it.split(|it: char| !it.is_ascii_alphanumeric()));
            words.any(|it| it.starts_with("dev") || it.starts_with("test"))
        };
        let files = ["-r", "--requirement"].into_iter().flat_map(|it| self.command.values(it)).collect::<Vec<_>>();
        let file = files.iter().flatten().find(|it| is_list(it))?;
        let folder = self.run.folder(self.command)?;
        if !self.is_shipped(folder) || self.is_for_developers() {
            return None;
        }
        let [context] = self.cx.contexts() else { return None };
        let view = View { context, copies: visible(&self.stage.steps, self.at) };
        let list = view.in_context(&join(folder, file))?;
        let text = context.read(&list)?;
        let developers: Vec<String> = listed_requirements(&text).collect();
        let around = parent(&list);
        let folder = if file_name(&around) == "requirements" { parent(&around) } else { around };
        let wanted = Wanted { developers, folder, ..Wanted::default() };
        if wanted.developers.is_empty() || !self.only_runs_behind(&wanted) || !self.runs_without(&wanted, context) {
            return None;
        }
        let count = wanted.developers.len();
        let packages = if count == 1 { "package" } else { "packages" };
        let message = format!("the {count} {packages} of `{file}` are in the image, and only developers need them");
        let mut finding = self.finding(message)?;
        let includes = text.lines().any(|it| it.trim_start().starts_with("-r"));
        if files.len() > 1 && !includes && self.run.script().is_some() {
            let spans: Vec<Span> =
                self.run.invocations()[self.command.invocation].words.iter().map(|it| it.span).collect();
            let at = self.command.texts.iter().position(|it| it.as_deref() == Some(*file))?;
            let option = self.command.texts.get(at.checked_sub(1)?)?.as_deref()?;
            if option.starts_with('-') {
                let edits = rewrite::join(rewrite::remove_words(self.cx.source, &spans, &[at - 1, at])?)?;
                finding.fix = self.cx.fix(format!("Leave out `{file}`"), Safety::Unsafe, edits);
            }
        }
        Some(finding)
    }

    fn finding(&self, message: String) -> Option<Finding> {
        let words = &self.run.invocations()[self.command.invocation].words;
        let last = words.get(self.command.head.end.checked_sub(1)?)?;
        let location = self.cx.at(words.first()?.span.cover(last.span));
        Some(Finding::new(RULE.name, location, message).note(
            "They come with all that they depend on themselves. Nothing behind the install builds or tests, and none of the project's sources loads one of them.",
        ))
    }

    fn fix(&self, production: &Production, wanted: &Wanted) -> Option<Fix> {
        self.run.script()?;
        let words = &self.run.invocations()[self.command.invocation].words;
        if let Some(asked) = production.asked.iter().find(|it| self.command.has_option(it)) {
            let at = self.command.texts.iter().position(|it| it.as_ref() == Some(asked))?;
            let spans: Vec<Span> = words.iter().map(|it| it.span).collect();
            let edits = rewrite::remove_words(self.cx.source, &spans, &[at])?;
            return self.cx.fix(format!("Leave out `{asked}`"), Safety::Unsafe, edits);
        }
        if let Some(setting) = &production.before {
            // What runs the program has to know, too.
            if self.stage.index != self.last.index {
                return None;
            }
            let item = rewrite::with_comments(&self.cx.unit.syntax.items, self.step.item);
            let start = self.cx.unit.syntax.items[item].span.start as usize;
            let edit = Edit::insert(start, format!("ENV {setting}\n"));
            return self.cx.fix(format!("Set `{setting}`"), Safety::Unsafe, [edit]);
        }
        let word = production.word.as_ref()?;
        // Poetry before 1.2 knows no groups.
        if self.command.manager.name == "poetry" && self.mentions_old_poetry() {
            return None;
        }
        let word =
            if wanted.groups.is_empty() { word.clone() } else { format!("--without {}", wanted.groups.join(",")) };
        let end = words.get(self.command.head.end.checked_sub(1)?)?.span.end as usize;
        self.cx.fix(format!("Add `{word}`"), Safety::Unsafe, [Edit::insert(end, format!(" {word}"))])
    }

    fn mentions_old_poetry(&self) -> bool {
        let old = |it: &str| ["0.", "1.0", "1.1"].iter().any(|old| it.starts_with(old));
        let set = matches!(self.step.before.variable("POETRY_VERSION"), Value::Known(it) if old(&it));
        set || self.stage.runs().any(|(_, run)| run.mentions(&["poetry==1.0", "poetry==1.1", "poetry==0."]))
    }

    /// Whether what the image starts is known, and neither it nor the project's sources need one of the packages for
    /// developers.
    fn runs_without(&self, wanted: &Wanted, context: &Context) -> bool {
        let commands = self.cx.model.ancestry(self.last.index).flat_map(|it| &it.steps);
        let commands = commands.map(|it| self.cx.model.instruction(it));
        let mut started: Vec<String> =
            commands.filter(|it| matches!(it.kind, Keyword::Cmd | Keyword::Entrypoint)).map(words).collect();
        // The images of PHP start a server.
        if started.is_empty() && self.command.manager.name != "composer" {
            return false;
        }
        let view = View { context, copies: visible(&self.last.steps, self.last.steps.len()) };
        let workdir = self.last.end.workdir.clone();
        let mut seen = 0;
        // Scripts of the manifest call one another.
        while seen < started.len() && seen < 16 {
            let text = started[seen].clone();
            seen += 1;
            let parts: Vec<&str> = text.split_whitespace().map(|it| it.trim_matches(['"', '\''])).collect();
            let runs_script = parts.iter().any(|it| DEVELOPERS.runners.iter().any(|known| known == it));
            for part in &parts {
                if wanted.is_used_by(part) {
                    return false;
                }
                if runs_script {
                    let of = |name: &str| wanted.scripts.iter().find(|it| it.0 == name).map(|it| it.1.clone());
                    let around = ["", "pre", "post"].iter().filter_map(|it| of(&format!("{it}{part}")));
                    started.extend(around.collect::<Vec<_>>());
                }
            }
            // A script of the image's own can start anything, unless it can be read.
            for part in parts.iter().filter(|it| {
                it.rsplit_once('.').is_some_and(|(_, ending)| DEVELOPERS.scripts.iter().any(|it| it == ending))
            }) {
                let script = workdir.as_deref().and_then(|it| view.read(&join(it, part)));
                match script.filter(|_| seen == 1 && part.rsplit_once('.').is_some_and(|it| it.1 == "sh")) {
                    Some(script) => started.push(script.to_string()),
                    None => return false,
                }
            }
        }
        let sources = Sources::of(context, slice::from_ref(&wanted.folder));
        !wanted.developers.iter().any(|it| sources.load(it))
    }
}

/// Before npm 7 the option has another name.
fn is_old_npm(stage: &Stage, command: &PackageCommand) -> bool {
    let Base::Image(image) = &stage.base else { return false };
    let major = image.tag.as_deref().and_then(|it| it.split(['.', '-']).next()?.parse::<u32>().ok());
    command.manager.name == "npm" && image.name.ends_with("node") && major.is_some_and(|it| it < 16)
}

fn words(instruction: &Instruction) -> String {
    match &instruction.args {
        Args::Json(words) => words.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(" "),
        _ => instruction.rest.text.clone(),
    }
}
