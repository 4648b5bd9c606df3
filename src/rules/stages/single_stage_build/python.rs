//! Python: the environment is built in one stage, and copied to the other at the same path.

use std::fmt::Write;

use super::{
    Plan,
    division::{Division, Role},
    needs::Needs,
    packages::{self, Fate},
};
use crate::{
    context::Context,
    edit::Edit,
    knowledge::{Action, RUNTIME},
    manifests::{Project, Reads, View, python_project, reads, visible},
    model::{Copy, CopyFrom, ImageRef, PackageCommand, Run, Stage, Step, StepKind, Value, absolute, is_below},
    project::{Kind, file_name, join},
    rule::FileCx,
    shell::Script,
    source::Span,
    syntax::{Args, Keyword},
};

/// Where the environment lies.
const VENV: &str = "/opt/venv";

/// Packages that build other packages and are no part of an application.
const BUILDERS: &[&str] =
    &["pip", "setuptools", "wheel", "poetry", "poetry-core", "pdm", "pipenv", "uv", "virtualenv", "build"];

/// Managers that bring their own way to run, besides pip.
const TOOLS: &[&str] = &["poetry", "pdm", "pipenv", "uv"];

pub(super) fn plan<'a>(cx: &'a FileCx<'a>, stage: &'a Stage, image: &ImageRef) -> Option<Plan<'a>> {
    let fills: Vec<usize> = (0..stage.steps.len()).filter(|at| run_at(stage, *at).is_some_and(fills)).collect();
    let last = *fills.last()?;
    let contexts = cx.contexts();
    // A context lives as long as what is planned with it: it is only looked at here.
    let finds_manifests = |context: &Context| {
        fills.iter().all(|at| {
            let view = View { context, copies: visible(&stage.steps, *at) };
            let read = run_at(stage, *at).map(|run| reads(run, &stage.steps[*at].before, &view));
            matches!(read, Some(Reads::Manifests(it)) if !it.files.is_empty())
        })
    };
    let context = super::only(contexts, finds_manifests);
    let site = Site { cx, stage, image, context, fills };
    site.plan(last)
}

struct Site<'a, 'c> {
    cx: &'a FileCx<'a>,
    stage: &'a Stage,
    image: &'c ImageRef,
    context: Option<&'c Context>,
    /// The steps that put packages into the environment.
    fills: Vec<usize>,
}

fn run_at(stage: &Stage, at: usize) -> Option<&Run> {
    match &stage.steps.get(at)?.kind {
        StepKind::Run(run) => Some(run),
        StepKind::Copy(_) | StepKind::Other => None,
    }
}

/// Whether a command installs what the application imports.
fn fills_environment(command: &PackageCommand) -> bool {
    match command.manager.name.as_str() {
        "pip" => command.action == Action::Install && command.subcommand == "install" && !only_builders(command),
        "uv" if command.subcommand == "pip install" => !only_builders(command),
        "poetry" | "pdm" | "pipenv" => command.action == Action::Install,
        "uv" => matches!(command.subcommand.as_str(), "sync" | "pip sync"),
        _ => false,
    }
}

fn only_builders(command: &PackageCommand) -> bool {
    let files = ["-r", "--requirement", "-e", "--editable"].iter().any(|it| command.has_option(it));
    let short = command.options().any(|(_, it)| it.starts_with("-r") || it.starts_with("-e"));
    let mut operands = command.operands().peekable();
    let has_operands = operands.peek().is_some();
    let is_builder = |it: &str| {
        let name = it.split(['=', '<', '>', '~', '!', '[', ';', ' ']).next().unwrap_or_default().to_lowercase();
        BUILDERS.contains(&name.as_str()) || name.starts_with("poetry-plugin")
    };
    !files && !short && has_operands && operands.all(|(_, it)| it.is_some_and(is_builder))
}

fn fills(run: &Run) -> bool {
    run.packages().iter().any(fills_environment)
}

/// Whether a run only concerns Python's package managers.
fn is_about_managers(run: &Run) -> bool {
    let is_manager = |at: usize| {
        run.packages()
            .iter()
            .any(|it| it.invocation == at && (it.manager.name == "pip" || TOOLS.contains(&it.manager.name.as_str())))
    };
    let Some(script) = run.script() else { return !run.packages().is_empty() };
    script.is_understood()
        && run.invocations().iter().enumerate().all(|(at, it)| {
            let program = it.program.as_str();
            is_manager(at)
                || TOOLS.contains(&program)
                || matches!(program, "pip" | "pip3" | "set" | "true" | "cd" | "rm" | "export" | "find")
                || (program.starts_with("python")
                    && it.words.get(1).and_then(crate::shell::Word::literal).is_some_and(|it| it == "-m" || it == "-"))
                || (program == "curl"
                    && it
                        .words
                        .iter()
                        .filter_map(crate::shell::Word::literal)
                        .any(|it| it.contains("install.python-poetry.org") || it.contains("astral.sh/uv")))
        })
}

impl<'a> Site<'a, '_> {
    fn plan(&self, last: usize) -> Option<Plan<'a>> {
        let (steps, model) = (&self.stage.steps, self.cx.model);
        let mut kept: Vec<(String, Span)> = Vec::new();
        let mut obstacles = Vec::new();
        let project = self.project(last);
        let mut needs = Needs::new(self.cx, self.stage, self.context, last);
        if let Some(project) = &project {
            needs.roots.push(project.folder.clone());
            needs.roots.extend(project.path_dependencies.iter().map(|(path, _)| path.clone()));
        } else {
            needs.roots.push(".".to_owned());
        }
        needs.manifests = self.manifests(last);
        let distribution = Division::distribution(self.image);
        let is_full = self.runtime_image() != self.written_image();
        let image = self.runtime_image();
        let mut division = Division::new(self.cx, self.stage, last, image.clone().unwrap_or_default());
        if let Some(image) = &image
            && *image != self.written_image()?
        {
            kept.push((
                format!("what `{}` has beyond `{image}`", self.written_image()?),
                model.at(self.stage.from).span,
            ));
        }
        for (at, step) in steps.iter().enumerate().take(last + 1) {
            let instruction = model.instruction(step);
            let role = match &step.kind {
                StepKind::Run(run) if packages::is_only_packages(run) => {
                    let Some(found) = packages::of(run, distribution, &needs) else {
                        obstacles.push(format!("the packages of `{}` cannot be told.", self.line(at)));
                        continue;
                    };
                    for package in found.iter().filter(|it| it.fate != Fate::Runtime) {
                        kept.push((format!("`{}`", package.written), package.span));
                    }
                    division.packages.extend(found);
                    Role::Packages
                }
                StepKind::Run(run) if is_about_managers(run) => {
                    for command in run.packages().iter().filter(|it| it.manager.name == "pip") {
                        for (word, name) in command.operands() {
                            let name = name.and_then(|it| it.split(['=', '<', '>', '~']).next()).unwrap_or_default();
                            if TOOLS.contains(&name) {
                                let span = run.invocations()[command.invocation].words.get(word)?.span;
                                kept.push((format!("`{name}`"), span));
                            }
                        }
                    }
                    Role::Build
                }
                StepKind::Run(run) if makes_accounts(run) => Role::Ships,
                StepKind::Run(_) => {
                    division.may_write(instruction);
                    Role::Both
                }
                StepKind::Copy(copy) => Self::role_of_copy(copy, &needs),
                StepKind::Other => {
                    if instruction.kind == Keyword::User && !step.before.user.is_root() {
                        obstacles.push("the user changes more than once.".to_owned());
                    }
                    if instruction.kind == Keyword::User {
                        obstacles.push("a user other than root installs the packages.".to_owned());
                    }
                    division.role_of_other(instruction)
                }
            };
            division.roles.push(role);
        }
        if kept.is_empty() {
            return None;
        }
        obstacles.extend(self.arrange(&mut division, last, project.as_ref(), &needs));
        if self.context.is_none() {
            obstacles.push("the build context is not known.".to_owned());
        }
        if let Some(name) = RUNTIME.built.iter().find(|it| is_full && needs.depends(&[it])) {
            division.reasons.push(format!("`{name}` is built against a library that the smaller image may lack."));
        }
        let from = model.at(self.stage.from).span;
        Plan::slimmer(kept, division, obstacles, &needs, (image.as_deref(), is_full, self.image, from))
    }

    /// What the environment needs in both stages; the answer is what stands in the way.
    fn arrange(
        &self,
        division: &mut Division<'a>,
        last: usize,
        project: Option<&Project>,
        needs: &Needs<'_>,
    ) -> Vec<String> {
        let mut obstacles = Vec::new();
        let first = self.fills[0];
        let before = &self.stage.steps[first].before;
        let commands = || self.fills.iter().filter_map(|at| run_at(self.stage, *at)).flat_map(Run::packages);
        let filling: Vec<&PackageCommand> = commands().filter(|it| fills_environment(it)).collect();
        let uses = |name: &str| filling.iter().any(|it| it.manager.name == name);
        if filling.iter().any(|it| {
            ["--user", "--target", "-t", "--prefix", "--root", "--system", "--deploy"]
                .iter()
                .any(|option| it.has_option(option))
                || (it.manager.name == "pip" && it.texts.iter().flatten().any(|it| it == "."))
        }) {
            obstacles.push("the packages go to a place of their own.".to_owned());
        }
        let own = match (before.variable("VIRTUAL_ENV"), before.variable("UV_PROJECT_ENVIRONMENT")) {
            (Value::Known(path), _) | (_, Value::Known(path)) if path.starts_with('/') => Some(path),
            _ => None,
        };
        let folder = run_at(self.stage, first).and_then(|run| {
            let command = run.packages().iter().find(|it| fills_environment(it))?;
            run.folder(command).map(str::to_owned)
        });
        let venv = match (own.clone(), folder) {
            (Some(path), _) => path,
            (None, Some(folder)) if uses("uv") && filling.iter().any(|it| it.subcommand == "sync") => {
                join(&folder, ".venv")
            }
            // PDM makes one beside its manifest by itself.
            (None, Some(folder)) if filling.iter().all(|it| it.manager.name == "pdm") => join(&folder, ".venv"),
            (None, _) => VENV.to_owned(),
        };
        let is_made = own.is_some() || venv != VENV;
        if !is_made {
            let pip = if uses("pip") || filling.iter().any(|it| it.subcommand.starts_with("pip")) {
                format!(" {}\n    PATH={VENV}/bin:$PATH", self.cx.unit.syntax.escape)
            } else {
                String::new()
            };
            let tools = |run: &Run| run.packages().iter().any(|it| it.manager.name == "pip" && only_builders(it));
            let mixes = !pip.is_empty()
                && TOOLS.iter().any(|it| uses(it))
                && self.fills.iter().any(|at| run_at(self.stage, *at).is_some_and(tools));
            if mixes {
                obstacles.push("one instruction installs the installer and the packages.".to_owned());
            }
            // Above the manifests, so that it is not made again with each change of them.
            let copies =
                |at: &usize| matches!(&self.stage.steps[*at].kind, StepKind::Copy(it) if it.from == CopyFrom::Context);
            let place = (0..first).find(copies).unwrap_or(first);
            division.before.push((place, format!("RUN python -m venv {VENV}\nENV VIRTUAL_ENV={VENV}{pip}\n\n")));
        }
        obstacles.extend(self.called_elsewhere(&venv, last));
        division.made.push(venv.clone());
        let bin = format!("{venv}/bin");
        // What stands below the build stays in the image, and what stands above is repeated in it.
        let is_set = |(at, step): (usize, &Step)| {
            let instruction = self.cx.model.instruction(step);
            let text = self.cx.source.slice(instruction.span);
            let names_it = text.contains(&bin) || at <= last && own.is_some();
            instruction.kind == Keyword::Env && text.contains("PATH=") && names_it
        };
        if !self.stage.steps.iter().enumerate().any(is_set) {
            division.environment.push(format!("VIRTUAL_ENV={venv}"));
            division.environment.push(format!("PATH={bin}:$PATH"));
        }
        if let Some(project) = project {
            obstacles.extend(self.without_root(division, last, project));
        }
        obstacles.extend(self.without_tools(division, needs));
        obstacles
    }

    /// What names another place of packages or programs than the environment that is copied, which the image would then
    /// lack: a command of another environment, a program where pip puts it, a file among the packages.
    fn called_elsewhere(&self, venv: &str, last: usize) -> Option<String> {
        const PROGRAMS: &str = "/usr/local/bin/";
        let workdir = self.stage.end.workdir.as_deref();
        let brought = self.stage.steps.iter().any(|it| match &it.kind {
            StepKind::Copy(copy) => copy.destination.as_deref().is_some_and(|it| is_below(it, "/usr/local/bin")),
            StepKind::Run(_) | StepKind::Other => false,
        });
        self.stage.steps.iter().enumerate().find_map(|(at, step)| {
            let instruction = self.cx.model.instruction(step);
            let starts = matches!(instruction.kind, Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck);
            let ships = at > last && matches!(instruction.kind, Keyword::Run | Keyword::Copy | Keyword::Add);
            let apart = |it: char| it.is_whitespace() || matches!(it, '"' | '\'' | ',' | '[' | ']' | ';' | '=');
            let mut words = instruction.rest.text.split(apart);
            let is_elsewhere = |it: &&str| {
                let lies = || absolute(workdir, it).is_some_and(|it| is_below(&it, venv));
                let named =
                    it.strip_prefix(PROGRAMS).filter(|it| !it.starts_with("python") && !it.contains(['.', '-']));
                it.contains("venv/bin/") && !lies() && starts
                    || it.contains("site-packages") && !lies() && (starts || ships)
                    || named.is_some() && !brought && starts
            };
            let word = words.find(is_elsewhere)?;
            Some(format!("`{word}` lies elsewhere than in `{venv}`."))
        })
    }

    /// Where the dependencies are installed first and the project after the sources: the second install only
    /// writes where the project lies, which a variable tells as well. So the sources need no place in the build.
    fn without_root(&self, division: &mut Division<'a>, last: usize, project: &Project) -> Vec<String> {
        let steps = &self.stage.steps;
        let Some((dependencies, whole)) = self.fills.iter().rev().nth(1).copied().zip(Some(last)) else {
            return Vec::new();
        };
        let (Some(first), Some(second)) = (run_at(self.stage, dependencies), run_at(self.stage, whole)) else {
            return Vec::new();
        };
        let ([one], [two]) = (first.invocations(), second.invocations()) else { return Vec::new() };
        let restricting = ["--no-root", "--no-directory", "--no-install-project", "--no-self"];
        let words = |it: &crate::shell::Invocation| -> Vec<String> {
            it.words
                .iter()
                .filter_map(crate::shell::Word::literal)
                .filter(|it| !restricting.contains(&it.as_str()))
                .collect()
        };
        let same = words(one) == words(two) && one.words.len() > two.words.len();
        if !same || first.folders() != second.folders() || project.has_scripts || self.sets("PYTHONPATH") {
            return Vec::new();
        }
        let moved: Vec<usize> = (dependencies + 1..whole).collect();
        let movable = |at: &usize| match &steps[*at].kind {
            StepKind::Copy(copy) => copy.from == CopyFrom::Context,
            StepKind::Run(_) => false,
            StepKind::Other => true,
        };
        if !moved.iter().all(movable) {
            return Vec::new();
        }
        let Some(context) = self.context else { return Vec::new() };
        let mut copies = String::new();
        for (path, place) in &project.path_dependencies {
            if context.kind(path) != Some(Kind::Folder) {
                return vec![format!("`{path}` is not in the build context.")];
            }
            let _ = writeln!(copies, "COPY {path} {place}");
        }
        if !copies.is_empty() {
            // What lies in folders is installed after them, so that a change there does not install all the rest again.
            let Some(after) = two.words.get(1) else { return Vec::new() };
            let span = self.cx.unit.syntax.items[steps[whole].item].span;
            let text = self.cx.source.slice(span);
            let (head, tail) = text.split_at((after.span.end - span.start) as usize);
            let newline = if text.ends_with('\n') { "" } else { "\n" };
            let option = if one.program == "poetry" { " --no-root" } else { " --no-install-project" };
            division.after = format!("\n{copies}{head}{option}{tail}{newline}");
        }
        division.edits.push(Edit::delete(division.without(steps[whole].item, false)));
        division.last = dependencies;
        division.roles.truncate(dependencies + 1);
        division.environment.push(format!("PYTHONPATH={}", project.import_root));
        Vec::new()
    }

    /// `poetry run` and the like in the commands of the image: the environment is on the path, and they are gone.
    fn without_tools(&self, division: &mut Division<'a>, needs: &Needs<'_>) -> Vec<String> {
        let mut called: Vec<&str> = TOOLS.iter().copied().filter(|it| needs.calls(it)).collect();
        for step in &self.stage.steps {
            let instruction = self.cx.model.instruction(step);
            if !matches!(instruction.kind, Keyword::Cmd | Keyword::Entrypoint) {
                continue;
            }
            let Args::Json(words) = &instruction.args else { continue };
            let texts: Vec<&str> = words.iter().map(|it| it.text.as_str()).collect();
            if let [tool, "run", program, ..] = texts.as_slice()
                && let Some(at) = called.iter().position(|it| it == tool)
                && !program.starts_with('-')
                && division.roles.len() <= step_index(self.stage, step)
            {
                division.edits.push(Edit::delete(Span { start: words[0].span.start, end: words[2].span.start }));
                called.remove(at);
            }
        }
        called.into_iter().map(|it| format!("`{it}` is called when the image runs.")).collect()
    }

    fn sets(&self, name: &str) -> bool {
        self.stage.end.variables.contains_key(name)
    }

    fn line(&self, at: usize) -> &'a str {
        let span = self.cx.model.instruction(&self.stage.steps[at]).span;
        self.cx.source.slice(span).lines().next().unwrap_or_default().trim_end_matches(['\\', ' '])
    }

    fn view(&self, at: usize) -> Option<View<'_>> {
        Some(View { context: self.context?, copies: visible(&self.stage.steps, at) })
    }

    /// The project whose manifest the last install reads.
    fn project(&self, last: usize) -> Option<Project> {
        let run = run_at(self.stage, last)?;
        let command = run.packages().iter().find(|it| fills_environment(it))?;
        command.project_install()?;
        python_project(run.folder(command)?, &self.view(last)?)
    }

    /// The manifests that the installs read.
    fn manifests(&self, last: usize) -> Vec<String> {
        let mut files = Vec::new();
        for at in 0..=last {
            if let (Some(run), Some(view)) = (run_at(self.stage, at), self.view(at))
                && let Reads::Manifests(it) = reads(run, &self.stage.steps[at].before, &view)
            {
                files.extend(it.files);
            }
        }
        files
    }

    fn role_of_copy(copy: &Copy, needs: &Needs<'_>) -> Role {
        if copy.from != CopyFrom::Context {
            let tool = matches!(&copy.from, CopyFrom::Other(it) if it.contains("/uv") || it.starts_with("uv"));
            return if tool { Role::Build } else { Role::Both };
        }
        let named = |it: &String| {
            needs.manifests.contains(it)
                || ["requirements", "pyproject", "poetry", "uv.lock", "Pipfile", "pdm.lock", "constraints"]
                    .iter()
                    .any(|name| file_name(it).starts_with(name))
        };
        let is_manifest = |it: &Option<String>| it.as_ref().is_some_and(named);
        if copy.sources.iter().all(is_manifest) { Role::Build } else { Role::Both }
    }

    fn written_image(&self) -> Option<String> {
        match &self.cx.model.at(self.stage.from).args {
            Args::Words(words) => words.first().map(|it| it.text.clone()),
            _ => None,
        }
    }

    /// The image that ships: the same Python on the same distribution, without compilers.
    fn runtime_image(&self) -> Option<String> {
        super::slimmer(&self.written_image()?, self.image)
    }
}

fn step_index(stage: &Stage, step: &Step) -> usize {
    stage.steps.iter().position(|it| it.item == step.item).unwrap_or_default()
}

/// Whether a run only makes users and groups, and folders for them, or folders alone.
pub(super) fn makes_accounts(run: &Run) -> bool {
    const PROGRAMS: &[&str] = &["useradd", "adduser", "groupadd", "addgroup", "mkdir", "chown", "set"];
    let all = run.invocations();
    run.script().is_some_and(Script::is_understood)
        && (all.iter().any(|it| it.program.ends_with("add") || it.program.starts_with("add"))
            || all.iter().all(|it| matches!(it.program.as_str(), "mkdir" | "set")))
        && all.iter().all(|it| PROGRAMS.contains(&it.program.as_str()))
}
