//! Package managers without a cache mount: see `rules/cache/missing-cache-mount.md`.

use std::collections::BTreeMap;

use crate::{
    context,
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    knowledge::{Action, Flavor, Holds, Sharing},
    manifests::{View, visible, yarn_flavor},
    model::{Base, Certainty, CopyFrom, Model, PackageCommand, Run, Stage, Step, StepKind, Value, is_below, text},
    rewrite,
    rule::{Check, FileCx, Rule},
    settings::Builder,
    shell::{Removal, Word},
    source::{Location, Span},
    syntax::{Args, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("cache" / "missing-cache-mount", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    if cx.project.settings.builder == Builder::Legacy {
        return;
    }
    for stage in &cx.model.stages {
        for (at, step) in stage.steps.iter().enumerate() {
            if let StepKind::Run(run) = &step.kind {
                let site = Site { cx, stage, at, step, run };
                out.extend(site.plan().and_then(|plan| site.finding(&plan)));
            }
        }
    }
}

/// The `RUN` that is looked at.
struct Site<'a> {
    cx: &'a FileCx<'a>,
    stage: &'a Stage,
    at: usize,
    step: &'a Step,
    run: &'a Run,
}

/// The mounts that are missing.
#[derive(Default)]
struct Plan<'a> {
    mounts: BTreeMap<String, Sharing>,
    /// Folders whose cleaning would empty a mount, or has no sense beside it.
    cleaned: Vec<String>,
    commands: Vec<&'a PackageCommand>,
    doubts: Doubts,
}

/// What keeps a fix from being safe.
#[derive(Default)]
struct Doubts {
    safety: Option<Safety>,
    notes: Vec<String>,
}

impl Doubts {
    fn add(&mut self, safety: Safety, note: impl Into<String>) {
        self.safety = Some(self.safety.map_or(safety, |it| it.min(safety)));
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

impl<'a> Site<'a> {
    fn plan(&self) -> Option<Plan<'a>> {
        let run = self.run;
        let mut plan = Plan::default();
        for command in run.packages().iter().filter(|it| it.action != Action::Clean) {
            // An update alone fetches an index for a later `RUN`, which a mount would hide.
            let installs = run.packages().iter().any(|it| {
                it.manager.name == command.manager.name && !matches!(it.action, Action::Clean | Action::Update)
            });
            if !installs {
                continue;
            }
            let paths =
                self.cx.model.cache_paths(self.stage.index, &self.step.before, run, command, self.flavor(command));
            let mut missing = false;
            for path in paths {
                let is_free = |it: &&String| {
                    !run.has_cache_over(it) && !run.mounts.iter().any(|mount| mount.target.as_ref() == Some(it))
                };
                let targets: Vec<&String> = path.targets.iter().filter(is_free).collect();
                if targets.is_empty() || (path.cache.holds == Holds::Index && !self.index_can_be_mounted(command)) {
                    continue;
                }
                missing = true;
                if path.certainty == Certainty::Assumed {
                    plan.doubts.add(Safety::Unsafe, self.assumption());
                }
                if path.cache.holds == Holds::Store {
                    self.store_doubts(command, &targets, &mut plan.doubts);
                }
                for target in targets {
                    plan.cleaned.push(target.clone());
                    plan.mounts
                        .entry(target.clone())
                        .and_modify(|it| *it = (*it).max(path.cache.sharing))
                        .or_insert(path.cache.sharing);
                }
                plan.cleaned.extend(path.cache.also_cleaned.iter().cloned());
            }
            if missing {
                plan.commands.push(command);
            }
        }
        (!plan.mounts.is_empty()).then_some(plan)
    }

    /// Which Yarn it is. With Plug'n'Play the cache is part of the image.
    fn flavor(&self, command: &PackageCommand) -> Option<Flavor> {
        if command.manager.name != "yarn" {
            return None;
        }
        if command.subcommand.starts_with("global ") {
            return Some(Flavor::Classic);
        }
        let contexts = context::candidates(self.cx.project, self.cx.unit.file, self.cx.model);
        contexts.iter().find_map(|context| {
            let view = View { context, copies: visible(&self.stage.steps, self.at) };
            let folder = self.run.folder(command)?;
            let flavor = yarn_flavor(folder, &view)?;
            let file = crate::project::join(&view.in_context(folder)?, ".yarnrc.yml");
            let linked = context
                .read(&file)
                .is_some_and(|it| it.lines().any(|line| line.starts_with("nodeLinker:") && !line.contains("pnp")));
            (flavor == Flavor::Classic || linked).then_some(flavor)
        })
    }

    /// Whether package lists can live in a mount: this `RUN` fetches them before it installs,
    /// and no later one counts on finding them in the image.
    fn index_can_be_mounted(&self, command: &PackageCommand) -> bool {
        updates_before_installing(self.run, &command.manager.name)
            && !self.later_runs().any(|(_, run)| {
                run.packages().iter().any(|it| it.manager.name == command.manager.name && it.action == Action::Install)
                    && !updates_before_installing(run, &command.manager.name)
            })
    }

    /// The runs after this one, in this stage and in those that are built on it.
    fn later_runs(&self) -> impl Iterator<Item = (&'a Step, &'a Run)> {
        let here = self.stage.steps[self.at + 1..].iter();
        let model: &'a Model = self.cx.model;
        let index = self.stage.index;
        let heirs =
            model.stages[index + 1..].iter().filter(move |it| model.ancestry(it.index).any(|it| it.index == index));
        here.chain(heirs.flat_map(|it| &it.steps)).filter_map(|step| match &step.kind {
            StepKind::Run(run) => Some((step, run)),
            StepKind::Copy(_) | StepKind::Other => None,
        })
    }

    fn assumption(&self) -> String {
        let reference = self.cx.model.ancestry(self.stage.index).find_map(|it| match &it.base {
            Base::Image(image) => Some(image.name.clone()),
            Base::Stage(_) | Base::Scratch | Base::Unknown => None,
        });
        let image = reference.map_or_else(|| "the base image".to_owned(), |it| format!("`{it}`"));
        format!(
            "What {image} sets is not known; the fix takes for granted that it runs as root and keeps caches in their usual places."
        )
    }

    /// What a store in a mount could be missed by.
    fn store_doubts(&self, command: &PackageCommand, targets: &[&String], doubts: &mut Doubts) {
        let model = self.cx.model;
        let name = &command.manager.name;
        for (step, run) in self.later_runs() {
            for (at, invocation) in run.invocations().iter().enumerate() {
                let package = run.packages().iter().find(|it| it.invocation == at);
                let line = self.cx.source.line(model.instruction(step).span.start);
                match package {
                    Some(it) if it.manager.name == *name => {
                        if ["--offline", "--frozen"].iter().any(|option| it.has_option(option)) {
                            doubts.add(
                                Safety::Shown,
                                format!(
                                    "`{}` in line {line} works offline and needs the packages in the image.",
                                    it.title()
                                ),
                            );
                        }
                    }
                    Some(_) => {}
                    None if is_harmless(&invocation.program) => {}
                    None => doubts.add(
                        Safety::Unsafe,
                        format!("`{}` in line {line} may look for the packages in the image.", invocation.program),
                    ),
                }
            }
        }
        let later = &model.stages[self.stage.index..];
        for copy in later.iter().flat_map(|it| &it.steps).filter_map(|it| match &it.kind {
            StepKind::Copy(copy) => Some(copy),
            StepKind::Run(_) | StepKind::Other => None,
        }) {
            let near = |path: &str| targets.iter().any(|it| is_below(it, path) || is_below(path, it));
            let taken = matches!(copy.from, CopyFrom::Stage(_)) && copy.sources.iter().flatten().any(|it| near(it));
            let filled = copy
                .destination
                .as_deref()
                .is_some_and(|it| it != "/" && targets.iter().any(|target| is_below(it, target)));
            if taken || filled {
                doubts.add(Safety::Shown, "A `COPY` reads or writes the folder of the cache.");
            }
        }
        let is_leaf = |stage: &&Stage| !model.stages.iter().any(|it| it.base == Base::Stage(stage.index));
        let heirs = later.iter().filter(|it| model.ancestry(it.index).any(|it| it.index == self.stage.index));
        for heir in heirs.filter(is_leaf) {
            let last = heir.index + 1 == model.stages.len();
            match started(model, heir) {
                Started::Program(program) if !program.contains('/') || program.contains(".sh") => {
                    doubts.add(Safety::Unsafe, format!("The image starts `{program}`, which may need the packages."));
                }
                Started::Shell if last => doubts.add(Safety::Unsafe, "What the image starts may need the packages."),
                Started::Nothing if last => {
                    doubts.add(
                        Safety::Unsafe,
                        "What the image is started with is not said here, and may need the packages.",
                    );
                }
                Started::Program(_) | Started::Shell | Started::Nothing => {}
            }
        }
    }

    fn finding(&self, plan: &Plan<'_>) -> Option<Finding> {
        let instruction = self.cx.model.instruction(self.step);
        let first = plan.commands.first()?;
        let words = &self.run.invocations()[first.invocation].words;
        let span = words.first()?.span.cover(words.get(first.head.end.saturating_sub(1))?.span);
        let mut titles: Vec<String> = plan
            .commands
            .iter()
            .filter(|it| it.action != Action::Update)
            .map(|it| format!("`{}`", it.title()))
            .collect();
        titles.dedup();
        let targets: Vec<String> = plan.mounts.keys().map(|it| format!("`{it}`")).collect();
        let verb = if titles.len() == 1 { "runs" } else { "run" };
        let message = format!("{} {verb} without a cache mount on {}", and(&titles), and(&targets));
        let location = Location { file: self.cx.unit.file, span };
        let mut finding = Finding::new(RULE.name, location, message);
        let mut doubts = Doubts { safety: plan.doubts.safety, notes: plan.doubts.notes.clone() };
        let fix = self.edits(plan, instruction, &mut doubts);
        let mut notes = vec!["Whenever this layer is built again, everything is downloaded anew.".to_owned()];
        notes.append(&mut doubts.notes);
        finding.note = Some(notes.join(" "));
        finding.fix = fix.map(|change| Fix {
            title: format!("Mount {} on {}", if targets.len() == 1 { "a cache" } else { "caches" }, and(&targets)),
            safety: doubts.safety.unwrap_or(Safety::Safe),
            change,
        });
        Some(finding)
    }

    /// The edits that add the mounts and take out what defeats them; `None`, with a note, if that cannot be done.
    fn edits(&self, plan: &Plan<'_>, instruction: &crate::syntax::Instruction, doubts: &mut Doubts) -> Option<Change> {
        let user = &self.step.before.user;
        let owner = match (user.is_root(), user.uid, user.gid) {
            (true, ..) => String::new(),
            (false, Some(uid), Some(gid)) => format!(",uid={uid},gid={gid}"),
            (false, Some(uid), None) => format!(",uid={uid}"),
            (false, None, _) if plan.commands.iter().all(|it| it.manager.root) => String::new(),
            (false, None, _) => {
                doubts
                    .add(Safety::Shown, "The numeric id of the user is not known, so the mount would belong to root.");
                return None;
            }
        };
        if self.cx.unit.syntax.directives().any(|it| it.name.text == "syntax" && is_too_old(&it.value.text)) {
            doubts.add(Safety::Shown, "The frontend that `# syntax` names does not know cache mounts.");
            return None;
        }
        let flags: Vec<String> = plan
            .mounts
            .iter()
            .map(|(target, sharing)| {
                let sharing = if *sharing == Sharing::Locked { ",sharing=locked" } else { "" };
                let owner = if plan.commands.iter().all(|it| it.manager.root) { "" } else { owner.as_str() };
                format!("--mount=type=cache,target={target}{sharing}{owner}")
            })
            .collect();
        let mut edits = vec![rewrite::add_flags(self.cx.source, instruction, self.cx.unit.syntax.escape, &flags)];
        for command in &plan.commands {
            edits.extend(self.undefeat(command, doubts)?);
            edits.extend(self.needs(command, doubts)?);
        }
        edits.extend(self.cleanups(plan, doubts)?);
        let edits = rewrite::join(edits)?;
        Change::of(self.cx.unit.file, edits)
    }

    /// Takes out options and variables that switch the cache off.
    fn undefeat(&self, command: &PackageCommand, doubts: &mut Doubts) -> Option<Vec<Edit>> {
        let invocation = &self.run.invocations()[command.invocation];
        let spans: Vec<Span> = invocation.words.iter().map(|it| it.span).collect();
        let mut edits = Vec::new();
        for defeat in &command.manager.defeat {
            if let Some(option) = &defeat.option {
                let places: Vec<usize> = command.options().filter(|(_, it)| it == option).map(|(at, _)| at).collect();
                if places.is_empty() {
                    continue;
                }
                if self.run.script().is_none() {
                    doubts.add(Safety::Shown, format!("`{option}` switches the cache off."));
                    return None;
                }
                let done_before = defeat.subsumes.is_some_and(|action| {
                    self.run.packages().iter().any(|it| {
                        it.manager.name == command.manager.name
                            && it.action == action
                            && it.invocation < command.invocation
                    })
                });
                let instead = defeat
                    .instead
                    .as_ref()
                    .filter(|_| !done_before && !defeat.unless.iter().any(|it| command.has_option(it)));
                match instead {
                    Some(instead) => edits.extend(places.iter().map(|at| Edit::replace(spans[*at], instead.clone()))),
                    None => edits.extend(rewrite::remove_words(self.cx.source, &spans, &places)?),
                }
            }
            if let Some(variable) = &defeat.variable {
                let set = |value: &Value| !matches!(value, Value::Known(it) if it.is_empty());
                let here = invocation.environment.iter().any(|it| it.name == *variable);
                let stage = self.step.before.variables.get(variable).is_some_and(|it| set(&it.value));
                if here || stage {
                    doubts.add(Safety::Shown, format!("`{variable}` switches the cache off and has to go, too."));
                    return self.without_variable(variable, doubts).map(|it| [edits, it].concat());
                }
            }
        }
        Some(edits)
    }

    /// Takes a variable out of the `ENV` that sets it, which changes the image's configuration.
    fn without_variable(&self, variable: &str, doubts: &mut Doubts) -> Option<Vec<Edit>> {
        let model = self.cx.model;
        let steps = model.ancestry(self.stage.index).flat_map(|it| it.steps.iter().rev());
        let step = steps.into_iter().find(|step| matches!(&model.instruction(step).args, Args::Pairs(pairs) if pairs.iter().any(|it| it.key.text == variable)))?;
        let instruction = model.instruction(step);
        let Args::Pairs(pairs) = &instruction.args else { return None };
        let at = pairs.iter().position(|it| it.key.text == variable)?;
        doubts.safety = Some(Safety::Unsafe);
        if pairs.len() == 1 {
            let items = &self.cx.unit.syntax.items;
            return Some(vec![rewrite::remove_item(&items[step.item])]);
        }
        let mut spans = vec![instruction.keyword.span];
        spans.extend(pairs.iter().map(|it| it.key.span.cover(it.value.span)));
        if at == 0 {
            // What follows moves up to the keyword.
            let edit = Edit::delete(Span { start: spans[1].start, end: spans[2].start });
            return (!self.cx.source.slice(edit.span).contains('#')).then(|| vec![edit]);
        }
        rewrite::remove_words(self.cx.source, &spans, &[at + 1])
    }

    /// Adds the words without which the cache stays empty.
    fn needs(&self, command: &PackageCommand, doubts: &mut Doubts) -> Option<Vec<Edit>> {
        let model = self.cx.model;
        let words = &self.run.invocations()[command.invocation].words;
        let mut missing = String::new();
        for need in command.manager.needs.iter().filter(|it| it.actions.contains(&command.action)) {
            let other_program = need.program.as_ref().is_some_and(|it| it != command.program());
            let present = command.texts.iter().flatten().any(|it| it.contains(&need.present));
            let configured =
                model.ancestry(self.stage.index).flat_map(|it| &it.steps).filter(|it| it.item <= self.step.item).any(
                    |it| {
                        let instruction = model.instruction(it);
                        instruction.kind == Keyword::Run
                            && need.configured.iter().any(|text| instruction.rest.text.contains(text))
                    },
                );
            if !other_program && !present && !configured {
                missing.push(' ');
                missing.push_str(&need.words);
            }
        }
        if missing.is_empty() {
            return Some(Vec::new());
        }
        if self.run.script().is_none() {
            doubts.add(Safety::Shown, format!("The cache stays empty without `{}`.", missing.trim()));
            return None;
        }
        let head = words.get(command.head.end.checked_sub(1)?)?;
        Some(vec![Edit::insert(head.span.end as usize, missing)])
    }

    /// Takes out commands that empty the mounted folders.
    fn cleanups(&self, plan: &Plan<'_>, doubts: &mut Doubts) -> Option<Vec<Edit>> {
        let mut commands: Vec<Span> = Vec::new();
        let mut edits = Vec::new();
        for command in self.run.packages().iter().filter(|it| it.action == Action::Clean) {
            if plan.commands.iter().any(|it| it.manager.name == command.manager.name) {
                commands.push(self.run.invocations()[command.invocation].command);
            }
        }
        for invocation in
            self.run.invocations().iter().filter(|it| matches!(it.program.as_str(), "rm" | "find" | "rmdir"))
        {
            let operands: Vec<usize> = (1..invocation.words.len())
                .filter(|at| !invocation.words[*at].literal().is_some_and(|it| it.starts_with('-')))
                .collect();
            let mut inside = Vec::new();
            for at in &operands {
                match self.place(&invocation.words[*at], plan) {
                    Place::Inside => inside.push(*at),
                    Place::Above => {
                        let line = self.cx.source.line(invocation.command.start);
                        doubts.add(
                            Safety::Shown,
                            format!(
                                "`{}` in line {line} would run into the mount.",
                                self.cx.source.slice(invocation.words[*at].span)
                            ),
                        );
                        return None;
                    }
                    Place::Elsewhere => {}
                }
            }
            if inside.is_empty() {
                continue;
            }
            if inside.len() == operands.len() || invocation.program == "find" {
                commands.push(invocation.command);
            } else {
                let spans: Vec<Span> = invocation.words.iter().map(|it| it.span).collect();
                edits.extend(rewrite::remove_words(self.cx.source, &spans, &inside)?);
            }
        }
        commands.dedup();
        if commands.is_empty() {
            return Some(edits);
        }
        let removal = self.run.script().and_then(|it| it.removal(&commands, &self.cx.source.text));
        match removal {
            Some(Removal::Some(spans)) => edits.extend(spans.into_iter().map(Edit::delete)),
            Some(Removal::All) | None => {
                doubts.add(Safety::Shown, "The command that empties the cache cannot be taken out here.");
                return None;
            }
        }
        Some(edits)
    }

    /// Where a path that is deleted lies: in a mounted folder, above one, or elsewhere.
    fn place(&self, word: &Word, plan: &Plan<'_>) -> Place {
        let written = text(word, &self.step.before).unwrap_or_else(|| self.cx.source.slice(word.span).to_owned());
        let home = self.step.before.home().unwrap_or_default();
        let path = match written.strip_prefix('~') {
            Some(rest) => format!("{home}{rest}"),
            None => written,
        };
        let fixed = match path.find(['*', '?', '[', '{', '$', '`']) {
            Some(at) => path[..at].rsplit_once('/').map_or("", |(folder, _)| folder),
            None => path.trim_end_matches('/'),
        };
        if !path.starts_with('/') {
            return Place::Elsewhere;
        }
        if plan.cleaned.iter().any(|it| is_below(fixed, it)) {
            Place::Inside
        } else if plan.mounts.keys().any(|it| is_below(it, fixed)) {
            Place::Above
        } else {
            Place::Elsewhere
        }
    }
}

enum Place {
    Inside,
    Above,
    Elsewhere,
}

/// Whether a `RUN` refreshes the lists before its first install, for certain.
fn updates_before_installing(run: &Run, manager: &str) -> bool {
    let own = || run.packages().iter().filter(|it| it.manager.name == manager);
    let update = own().find(|it| it.action == Action::Update);
    let install = own().find(|it| it.action == Action::Install);
    match (update, install) {
        (Some(update), Some(install)) => update.invocation < install.invocation,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Programs that do not care for a package manager's store.
fn is_harmless(program: &str) -> bool {
    const HARMLESS: &[&str] = &[
        "apt-key",
        "cd",
        "chmod",
        "chown",
        "cp",
        "curl",
        "echo",
        "export",
        "git",
        "groupadd",
        "addgroup",
        "adduser",
        "install",
        "ln",
        "ls",
        "mkdir",
        "mv",
        "printf",
        "rm",
        "sed",
        "set",
        "strip",
        "tar",
        "touch",
        "true",
        "upx",
        "useradd",
        "wget",
        "unzip",
        "test",
        "[",
        "cat",
        "rustup",
        "exit",
        "sha256sum",
        "gpg",
        "file",
        "ldd",
        "du",
        "find",
        "setcap",
        "tr",
        "grep",
        "awk",
        "cut",
        "head",
        "date",
    ];
    HARMLESS.contains(&program)
}

enum Started {
    Program(String),
    Shell,
    Nothing,
}

/// What a stage's image starts, as far as the file says.
fn started(model: &Model, stage: &Stage) -> Started {
    let steps = model.ancestry(stage.index).flat_map(|it| it.steps.iter().rev());
    let instructions: Vec<_> = steps.map(|it| model.instruction(it)).collect();
    let last = |kind: Keyword| instructions.iter().find(|it| it.kind == kind);
    match last(Keyword::Entrypoint).or_else(|| last(Keyword::Cmd)).map(|it| &it.args) {
        Some(Args::Json(words)) => words.first().map_or(Started::Nothing, |it| Started::Program(it.text.clone())),
        Some(Args::Shell(text)) => {
            let first = text.text.split_whitespace().next().unwrap_or_default();
            let plain = first.starts_with(['/', '.']) && !text.text.contains(['&', ';', '|', '$']);
            if plain { Started::Program(first.to_owned()) } else { Started::Shell }
        }
        _ => Started::Nothing,
    }
}

/// Whether a frontend's name says a version before 1.2, which brought mounts.
fn is_too_old(frontend: &str) -> bool {
    let version = frontend.rsplit_once(':').map(|(_, it)| it);
    version.is_some_and(|it| {
        ["1.0", "1.1"]
            .iter()
            .any(|old| it == *old || it.starts_with(&format!("{old}.")) || it.starts_with(&format!("{old}-")))
    }) && !frontend.contains("experimental")
        && !frontend.contains("labs")
}

/// `a`, `b` and `c`.
fn and(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
