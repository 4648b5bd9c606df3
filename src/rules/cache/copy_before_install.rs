//! Sources copied before dependencies are installed: see `rules/cache/copy-before-install.md`.

use crate::{
    context::{self, Context},
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix, Label},
    knowledge::{Action, KNOWLEDGE},
    manifests::{Manifests, Reads, Restricted, View, matches_glob, reads, visible},
    model::{Copy, CopyFrom, PackageCommand, Run, Stage, State, Step, StepKind, Value, absolute, header, is_below},
    project::{Kind, join, parent},
    rewrite,
    rule::{Check, FileCx, Rule},
    source::{Location, Span},
    syntax::{Args, Instruction, ItemKind, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("cache" / "copy-before-install", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let mut contexts = None;
    for stage in &cx.model.stages {
        let mut at = 0;
        while at < stage.steps.len() {
            let is_source = copy_of(&stage.steps[at]).is_some_and(may_hold_sources);
            let installs = || {
                stage.steps[at..]
                    .iter()
                    .any(|it| matches!(&it.kind, StepKind::Run(run) if run.packages().iter().any(is_install)))
            };
            if !is_source || !installs() {
                at += 1;
                continue;
            }
            let contexts = contexts.get_or_insert_with(|| context::candidates(cx.project, cx.unit.file, cx.model));
            let site = Site { cx, stage, at };
            let (finding, next) = site.finding(contexts);
            out.extend(finding);
            at = next;
        }
    }
}

fn copy_of(step: &Step) -> Option<&Copy> {
    match &step.kind {
        StepKind::Copy(copy) => Some(copy),
        StepKind::Run(_) | StepKind::Other => None,
    }
}

/// Whether a copy can bring a folder of the context, as far as its words tell.
fn may_hold_sources(copy: &Copy) -> bool {
    copy.from == CopyFrom::Context
        && !copy.heredocs
        && copy.sources.iter().all(Option::is_some)
        && copy.options.iter().all(|it| it.starts_with("chown") || it.starts_with("chmod"))
        && copy.destination.as_deref().is_some_and(is_own_folder)
}

/// Whether a destination is a folder of the project's own, not one that installed programs read.
fn is_own_folder(path: &str) -> bool {
    const SHARED: &[&str] =
        &["/", "/root", "/home", "/usr", "/usr/local", "/usr/src", "/var", "/var/www", "/opt", "/srv", "/tmp"];
    const SYSTEM: &[&str] = &[
        "/etc",
        "/bin",
        "/sbin",
        "/lib",
        "/usr/bin",
        "/usr/sbin",
        "/usr/lib",
        "/usr/local/bin",
        "/usr/local/lib",
        "/usr/local/etc",
        "/usr/share",
        "/var/lib",
        "/var/cache",
    ];
    !SHARED.contains(&path) && !SYSTEM.iter().any(|it| is_below(path, it))
}

/// Whether a command installs or fetches packages.
fn is_install(command: &PackageCommand) -> bool {
    matches!(command.action, Action::Install | Action::Fetch)
        || command
            .manager
            .project
            .as_ref()
            .is_some_and(|it| it.install.iter().any(|it| it.matches(&[command.subcommand.as_str()])))
}

/// The copy that is looked at.
struct Site<'a> {
    cx: &'a FileCx<'a>,
    stage: &'a Stage,
    at: usize,
}

/// How the sources can be copied later, for one context.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    /// The steps that copy sources and move.
    moved: Vec<usize>,
    /// The last install that only needs manifests; the sources go behind it.
    last: Option<usize>,
    /// An install that needs sources, too, and the way to install its dependencies before them.
    split: Option<(usize, Restricted)>,
    /// The files that have to be copied first, by the copy that brings them now.
    files: Vec<(usize, String)>,
    /// The installs that no longer follow the sources, as steps.
    installs: Vec<usize>,
    obstacles: Vec<String>,
    doubts: Vec<String>,
    /// Folders that the install fills and the ignore file does not keep back.
    exposed: Vec<String>,
}

impl Site<'_> {
    /// The finding, and the step to go on with.
    fn finding(&self, contexts: &[Context<'_>]) -> (Option<Finding>, usize) {
        let mut plans: Vec<Plan> = contexts.iter().filter_map(|it| self.plan(it)).collect();
        plans.dedup();
        let Some(plan) = plans.first() else {
            let next = self.at + 1;
            return (if contexts.is_empty() { self.without_context() } else { None }, next);
        };
        let next = plan.installs.last().map_or(self.at, |it| *it) + 1;
        let (Some(install), Some(copy)) = (plan.installs.iter().find(|it| **it > plan.moved[0]), plan.moved.first())
        else {
            return (None, next);
        };
        let mut finding = self.describe(*copy, *install);
        let mut notes = vec!["Every change of a source file installs all dependencies again.".to_owned()];
        if plans.len() > 1 {
            notes.push(
                "Several folders can be the build context; name the right one in `dockopt.toml` under `[contexts]`."
                    .to_owned(),
            );
        } else if plan.obstacles.is_empty() {
            notes.extend(plan.doubts.iter().cloned());
            let safety = if plan.doubts.is_empty() && plan.exposed.is_empty() { Safety::Safe } else { Safety::Unsafe };
            let change = self.change(plan, &mut notes, contexts);
            finding.fix = change.map(|change| Fix { title: Self::title(plan), safety, change });
        } else {
            notes.push(format!("What stands in the way of a fix: {}", plan.obstacles.join(" ")));
        }
        finding.note = Some(notes.join(" "));
        (Some(finding), next)
    }

    fn describe(&self, copy: usize, install: usize) -> Finding {
        let model = self.cx.model;
        let copy = model.instruction(&self.stage.steps[copy]);
        let command =
            self.cx.source.slice(header(copy)).lines().next().unwrap_or_default().trim_end_matches([' ', '\\', '`']);
        let location = Location { file: self.cx.unit.file, span: header(copy) };
        let StepKind::Run(run) = &self.stage.steps[install].kind else { unreachable!("installs are runs") };
        let installs = run.packages().iter().find(|it| is_install(it));
        let title = installs.map_or_else(String::new, PackageCommand::title);
        let mut finding = Finding::new(RULE.name, location, format!("`{command}` comes before `{title}`"));
        let span = installs.and_then(|it| {
            let words = &run.invocations()[it.invocation].words;
            Some(words.first()?.span.cover(words.get(it.head.end.checked_sub(1)?)?.span))
        });
        if let Some(span) = span {
            let location = Location { file: self.cx.unit.file, span };
            finding.related.push(Label { location, text: "runs again whenever a copied file changes".to_owned() });
        }
        finding
    }

    /// Without a context the order can still be seen where a command names its manifest.
    fn without_context(&self) -> Option<Finding> {
        let copy = copy_of(&self.stage.steps[self.at])?;
        if !copy.is_broad() {
            return None;
        }
        let asks = |it: &PackageCommand| {
            let project = it.manager.project.as_ref().is_some_and(|project| {
                project.fetch.is_none()
                    && project
                        .install
                        .iter()
                        .any(|pattern| it.subcommand.is_empty() || pattern.matches(&[it.subcommand.as_str()]))
            });
            let requirements = it.manager.name == "pip"
                && !it.has_option("-e")
                && (it.has_option("-r") || it.has_option("--requirement"));
            (project || requirements) && it.operands().next().is_none() && !it.has_option("-g")
        };
        let nowhere = Context::unknown();
        for (at, step) in self.stage.steps.iter().enumerate().skip(self.at + 1) {
            let StepKind::Run(run) = &step.kind else { continue };
            if let Some(command) = run.packages().iter().find(|it| asks(it)) {
                if self.already_installed(at, run, command) {
                    return None;
                }
                let mut finding = self.describe(self.at, at);
                finding.note = Some("Every change of a source file installs all dependencies again. The build context is not known, so dockopt cannot tell which files the install needs.".to_owned());
                return Some(finding);
            }
            let view = View { context: &nowhere, copies: Vec::new() };
            if reads(run, &step.before, &view) == Reads::Sources {
                return None;
            }
        }
        None
    }

    /// Whether the same project was installed before a step.
    fn already_installed(&self, at: usize, later_run: &Run, later: &PackageCommand) -> bool {
        let ancestry = self.cx.model.ancestry(self.stage.index);
        let before = ancestry.flat_map(|it| {
            let end = if it.index == self.stage.index { at } else { it.steps.len() };
            &it.steps[..end]
        });
        let same = |run: &Run, it: &PackageCommand| {
            it.manager.name == later.manager.name
                && is_install(it)
                && it.operands().next().is_none()
                && run.folder(it) == later_run.folder(later)
                && (it.manager.project.is_some() || it.texts == later.texts)
        };
        before.into_iter().any(|it| match &it.kind {
            StepKind::Run(run) => run.packages().iter().any(|it| same(run, it)),
            StepKind::Copy(_) | StepKind::Other => false,
        })
    }

    fn plan(&self, context: &Context<'_>) -> Option<Plan> {
        let steps = &self.stage.steps;
        let mut plan = Plan::default();
        let mut all = Manifests::default();
        // Copies behind the last install stay where they are.
        let mut copies = vec![self.at];
        let mut copies_since = Vec::new();
        for (at, step) in steps.iter().enumerate().skip(self.at + 1) {
            match &step.kind {
                StepKind::Other if self.commutes(step) => {}
                StepKind::Copy(copy) if may_hold_sources(copy) => copies_since.push(at),
                StepKind::Copy(copy) if !self.overlaps(&copies, copy, context) => {}
                StepKind::Run(run) => {
                    let view = View { context, copies: visible(steps, at) };
                    let Reads::Manifests(mut found) = reads(run, &step.before, &view) else { break };
                    let restricted = found.restricted.take();
                    if let Some(command) = run.packages().iter().find(|it| is_install(it)) {
                        if self.already_installed(at, run, command) || names_a_file(&step.before, &view) {
                            break;
                        }
                        plan.installs.push(at);
                        copies.append(&mut copies_since);
                        match restricted {
                            Some(restricted) => plan.split = Some((at, restricted)),
                            None => plan.last = Some(at),
                        }
                        all.merge(found);
                    }
                    if plan.split.is_some() {
                        break;
                    }
                }
                StepKind::Other | StepKind::Copy(_) => break,
            }
        }
        if plan.installs.is_empty() {
            return None;
        }
        let (manifests, sources): (Vec<usize>, Vec<usize>) = copies.into_iter().partition(|it| {
            let brought = copy_of(&steps[*it]).into_iter().flat_map(|it| it.sources.iter().flatten());
            brought.into_iter().all(|source| {
                is_manifest_name(source) || all.files.iter().any(|it| it == source || matches_glob(source, it))
            })
        });
        // What is not there cannot be copied: this is not the context, or the build fails anyway.
        let there = |at: &usize| {
            let brought = copy_of(&steps[*at]).into_iter().flat_map(|it| it.sources.iter().flatten());
            brought.into_iter().all(|it| it.contains(['*', '?', '[']) || context.kind(it).is_some())
        };
        if !sources.iter().all(there) {
            return None;
        }
        plan.moved = sources;
        let in_the_way = |at: &usize| {
            let earlier: Vec<usize> = plan.moved.iter().copied().filter(|it| it < at).collect();
            copy_of(&steps[*at]).is_some_and(|it| self.overlaps(&earlier, it, context))
        };
        if plan.moved.is_empty() || manifests.iter().any(in_the_way) {
            return None;
        }
        self.resolve(&mut plan, all, context)?;
        Some(plan)
    }

    /// Whether an instruction other than `RUN`, `COPY`, `ADD` may change places with the copy.
    fn commutes(&self, step: &Step) -> bool {
        let instruction = self.cx.model.instruction(step);
        let copy = copy_of(&self.stage.steps[self.at]);
        match instruction.kind {
            Keyword::Volume | Keyword::Onbuild | Keyword::Unknown | Keyword::From => false,
            Keyword::Env | Keyword::Arg => {
                let words = instruction.rest.text.as_str();
                copy.is_some_and(|it| it.uses.iter().all(|name| !words.contains(name.as_str())))
            }
            _ => true,
        }
    }

    /// Whether one of the moved copies may write what this one writes.
    fn overlaps(&self, moved: &[usize], copy: &Copy, context: &Context<'_>) -> bool {
        let Some(destination) = &copy.destination else { return true };
        let file = |source: &String| copy.from == CopyFrom::Context && context.kind(source) == Some(Kind::File);
        let places: Vec<String> = copy
            .sources
            .iter()
            .flatten()
            .map(|it| {
                if file(it) && copy.into_folder {
                    join(destination, it.rsplit('/').next().unwrap_or(it))
                } else {
                    destination.clone()
                }
            })
            .collect();
        let known = copy.sources.iter().flatten().all(file);
        let view = View { context, copies: moved.iter().filter_map(|it| copy_of(&self.stage.steps[*it])).collect() };
        let folders: Vec<&str> = view.copies.iter().filter_map(|it| it.destination.as_deref()).collect();
        places.iter().any(|place| {
            let near = folders.iter().any(|it| is_below(place, it) || is_below(it, place));
            let same = copy.sources.iter().flatten().any(|it| view.in_context(place).as_deref() == Some(it));
            let brought = view.in_context(place).is_some_and(|it| context.kind(&it).is_some());
            if known { brought && !same } else { near }
        })
    }

    /// Finds out which files have to be copied first, and what speaks against it.
    fn resolve(&self, plan: &mut Plan, all: Manifests, context: &Context<'_>) -> Option<()> {
        let steps = &self.stage.steps;
        let end = plan.split.as_ref().map(|it| it.0).or(plan.last)?;
        let kept: Vec<&Copy> = (0..end)
            .filter(|it| !plan.moved.contains(it))
            .filter_map(|it| copy_of(&steps[it]))
            .filter(|it| it.from == CopyFrom::Context)
            .collect();
        let is_kept = |file: &str| {
            kept.iter().any(|copy| copy.sources.iter().flatten().any(|it| it == file || matches_glob(it, file)))
        };
        for file in all.files {
            if is_kept(&file) {
                continue;
            }
            let bringer = plan
                .moved
                .iter()
                .rev()
                .find(|it| copy_of(&steps[**it]).is_some_and(|copy| brings(copy, &file, context)))?;
            if file.contains(char::is_whitespace) {
                plan.obstacles.push(format!("`{file}` has a blank in its name."));
            }
            plan.files.push((*bringer, file));
        }
        // Requirements that a moved copy names itself are a copy of manifests, not of sources.
        plan.obstacles = all.obstacles;
        plan.doubts = all.doubts;
        for output in all.outputs {
            let brought =
                plan.moved.iter().filter_map(|it| copy_of(&steps[*it])).any(|it| brings(it, &output, context));
            if brought && !context.ignore.verdict(&output, true).excluded {
                plan.exposed.push(output);
            }
        }
        // The copy must mean the same where it goes.
        let first = &steps[self.at].before;
        let there = &steps[end].before;
        for copy in plan.moved.iter().filter_map(|it| copy_of(&steps[*it])) {
            if !first.agrees_on(there, &copy.uses) {
                return None;
            }
        }
        Some(())
    }

    fn title(plan: &Plan) -> String {
        let names: Vec<String> =
            plan.files.iter().map(|(_, it)| format!("`{}`", it.rsplit('/').next().unwrap_or(it))).collect();
        match names.as_slice() {
            [] => "Copy the sources after the install".to_owned(),
            [one] => format!("Copy {one} first, and the sources after the install"),
            [one, two] => format!("Copy {one} and {two} first, and the sources after the install"),
            _ => format!("Copy {} manifests first, and the sources after the install", names.len()),
        }
    }

    /// The change of the Dockerfile, and of the ignore file where that has to come into being.
    fn change(&self, plan: &Plan, notes: &mut Vec<String>, contexts: &[Context<'_>]) -> Option<Change> {
        let items = &self.cx.unit.syntax.items;
        let steps = &self.stage.steps;
        let source = self.cx.source;
        let newline = |text: &str| if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        let mut edits = Vec::new();
        let mut blocks = String::new();
        let mut spaced = false;
        let end = plan.split.as_ref().map(|it| it.0).or(plan.last)?;
        for at in &plan.moved {
            let item = steps[*at].item;
            let top = rewrite::with_comments(items, item);
            let span = items[top].span.cover(items[item].span);
            let blank_after = items.get(item + 1).is_some_and(|it| it.kind == ItemKind::Blank);
            let blank_before = top.checked_sub(1).is_none_or(|it| items[it].kind == ItemKind::Blank);
            spaced |= blank_after || blank_before;
            blocks.push_str(&newline(&self.moved_text(plan, *at, end, source.slice(span))?));
            let manifests = self.manifest_copies(plan, *at)?;
            let span = if manifests.is_empty() && blank_after && blank_before {
                span.cover(items[item + 1].span)
            } else {
                span
            };
            edits.push(Edit::replace(span, manifests));
        }
        let gap = if spaced { "\n" } else { "" };
        match &plan.split {
            None => {
                let place = items[steps[plan.last?].item].span.end as usize;
                let start = if source.text[..place].ends_with('\n') { "" } else { "\n" };
                let next = items.get(steps[plan.last?].item + 1);
                let close = if next.is_some_and(|it| it.kind != ItemKind::Blank) { gap } else { "" };
                edits.push(Edit::insert(place, format!("{start}{gap}{blocks}{close}")));
            }
            Some((at, restricted)) => {
                // A restricted install takes the comment of the whole one; another command stands above it.
                let item = steps[*at].item;
                let place = match restricted {
                    Restricted::Add(_) => item,
                    Restricted::Instead(_) => rewrite::with_comments(items, item),
                };
                let place = items[place].span.start as usize;
                let install = newline(&self.restricted_run(*at, restricted)?);
                edits.push(Edit::insert(place, format!("{install}{gap}{blocks}{gap}")));
            }
        }
        let mut change = Change::of(self.cx.unit.file, rewrite::join(edits)?)?;
        if !plan.exposed.is_empty() {
            let names: Vec<String> = plan.exposed.iter().map(|it| format!("`{it}`")).collect();
            notes.push(format!(
                "The ignore file does not keep back {}: a local one would be copied over what was installed.",
                names.join(", ")
            ));
            let path = join(&contexts.first()?.folder, ".dockerignore");
            let own = format!("{}.dockerignore", source.path);
            let files = &self.cx.project.files;
            if files.kind(&path).is_none() && files.kind(&own).is_none() && contexts.len() == 1 {
                let lines = format!("{}\n", plan.exposed.join("\n"));
                change.creates.insert(path, lines);
            }
        }
        Some(change)
    }

    /// The text of a copy with its comments, as it has to read further down: without the manifests that it names,
    /// and with an absolute destination where the working directory is another there.
    fn moved_text(&self, plan: &Plan, at: usize, end: usize, text: &str) -> Option<String> {
        let steps = &self.stage.steps;
        let instruction = self.cx.model.instruction(&steps[at]);
        let copy = copy_of(&steps[at])?;
        let (Args::Words(words) | Args::Json(words)) = &instruction.args else { return None };
        let (last, sources) = words.split_last()?;
        let mut edits = Vec::new();
        let named = |at: usize| {
            copy.sources.get(at).cloned().flatten().is_some_and(|it| plan.files.iter().any(|(_, file)| *file == it))
        };
        let dropped: Vec<usize> = (0..sources.len()).filter(|it| named(*it)).collect();
        if !dropped.is_empty() && copy.sources.len() == sources.len() && matches!(instruction.args, Args::Words(_)) {
            let flags = instruction.flags.last().map_or(instruction.keyword.span, |it| it.span);
            let spans: Vec<Span> = std::iter::once(flags).chain(words.iter().map(|it| it.span)).collect();
            let places: Vec<usize> = dropped.iter().map(|it| it + 1).collect();
            edits.extend(rewrite::remove_words(self.cx.source, &spans, &places)?);
        }
        if steps[at].before.workdir != steps[end].before.workdir && !last.text.starts_with('/') {
            if matches!(instruction.args, Args::Json(_)) || last.text.contains('$') {
                return None;
            }
            let slash = if last.text.ends_with('/') { "/" } else { "" };
            edits.push(Edit::replace(last.span, format!("{}{slash}", copy.destination.as_deref()?)));
        }
        let start = self.cx.unit.syntax.items[steps[at].item].span.end - text.len() as u32;
        let moved = rewrite::join(edits)?
            .into_iter()
            .map(|it| Edit { span: Span { start: it.span.start - start, end: it.span.end - start }, text: it.text });
        Some(crate::edit::apply(text, &moved.collect::<Vec<_>>()))
    }

    /// The lines that copy the manifests which a moved copy brings now, one per folder.
    fn manifest_copies(&self, plan: &Plan, at: usize) -> Option<String> {
        let step = &self.stage.steps[at];
        let instruction = self.cx.model.instruction(step);
        let copy = copy_of(step)?;
        let workdir = step.before.workdir.as_deref();
        let flags = self.flags(instruction);
        let keyword = self.cx.source.slice(instruction.keyword.span);
        let keyword = match keyword {
            "add" => "copy",
            "ADD" => "COPY",
            other => other,
        };
        let mut folders: Vec<(String, Vec<&str>)> = Vec::new();
        for (_, file) in plan.files.iter().filter(|(bringer, _)| *bringer == at) {
            let place = place_of(copy, file)?;
            let is_folder = self.folders(file);
            let folder = if is_folder { place } else { parent(&place) };
            match folders.iter_mut().find(|(it, _)| *it == folder && !is_folder) {
                Some((_, files)) => files.push(file),
                None => folders.push((folder, vec![file])),
            }
        }
        let lines = folders.iter().map(|(folder, files)| {
            // Written as the copy itself is: absolute or not.
            let written = match &instruction.args {
                Args::Words(words) | Args::Json(words) => words.last().map_or("", |it| it.text.as_str()),
                _ => "",
            };
            let target = match workdir
                .filter(|_| !written.starts_with('/'))
                .and_then(|it| folder.strip_prefix(it.trim_end_matches('/')))
            {
                Some("") => "./".to_owned(),
                Some(rest) if rest.starts_with('/') => format!("{}/", rest.trim_start_matches('/')),
                _ => format!("{}/", folder.trim_end_matches('/')),
            };
            format!("{keyword} {flags}{} {target}\n", files.join(" "))
        });
        Some(lines.collect())
    }

    /// The flags of an instruction as written, each with a blank behind it.
    fn flags(&self, instruction: &Instruction) -> String {
        let flags = instruction.flags.iter().flat_map(|it| [self.cx.source.slice(it.span), " "]);
        flags.collect()
    }

    /// Whether a manifest is a folder, such as `.yarn/releases`.
    fn folders(&self, file: &str) -> bool {
        let contexts = context::candidates(self.cx.project, self.cx.unit.file, self.cx.model);
        contexts.iter().any(|it| it.kind(file) == Some(Kind::Folder))
    }

    /// The `RUN` that installs only the dependencies.
    fn restricted_run(&self, at: usize, restricted: &Restricted) -> Option<String> {
        let step = &self.stage.steps[at];
        let StepKind::Run(run) = &step.kind else { return None };
        let instruction = self.cx.model.instruction(step);
        let source = self.cx.source;
        let command = run.packages().iter().find(|it| is_install(it))?;
        match restricted {
            Restricted::Add(words) => {
                let head = run.invocations()[command.invocation].words.get(command.head.end.checked_sub(1)?)?;
                let at = (head.span.end - instruction.span.start) as usize;
                let text = source.slice(instruction.span);
                Some(format!("{} {}{}", &text[..at], words.join(" "), &text[at..]))
            }
            Restricted::Instead(words) => {
                let folder = run.folder(command)?;
                if step.before.workdir.as_deref() != Some(folder) {
                    return None;
                }
                let flags = self.flags(instruction);
                Some(format!("{} {flags}{words}", source.slice(instruction.keyword.span)))
            }
        }
    }
}

/// Whether a file is called as a manifest is.
fn is_manifest_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let projects = KNOWLEDGE.managers.iter().filter_map(|it| it.project.as_ref());
    projects.into_iter().any(|it| it.manifests.iter().flatten().chain(&it.optional).any(|it| it == name))
}

/// Whether a variable holds the path of a copied file: a configuration that an install may read.
fn names_a_file(state: &State, view: &View<'_>) -> bool {
    let values = state.variables.values().filter_map(|it| match &it.value {
        Value::Known(text) if text.starts_with('/') => Some(text),
        Value::Known(_) | Value::Unset | Value::Unknown => None,
    });
    values.into_iter().filter_map(|it| view.in_context(it)).any(|it| view.context.kind(&it) == Some(Kind::File))
}

/// Whether a copy of folders brings a path of the context.
fn brings(copy: &Copy, path: &str, context: &Context<'_>) -> bool {
    copy.sources
        .iter()
        .flatten()
        .any(|it| it == path || (context.kind(it) == Some(Kind::Folder) && (it == "." || is_below(path, it))))
}

/// Where in the image a path of the context arrives by a copy of folders.
fn place_of(copy: &Copy, path: &str) -> Option<String> {
    let destination = copy.destination.as_deref()?;
    copy.sources.iter().flatten().find_map(|source| {
        let rest = if source == "." {
            Some(path)
        } else {
            path.strip_prefix(source.as_str()).map(|it| it.trim_start_matches('/'))
        };
        let rest = rest?;
        if rest.is_empty() {
            let name = path.rsplit('/').next()?;
            return Some(if copy.into_folder { join(destination, name) } else { destination.to_owned() });
        }
        absolute(Some(destination), rest)
    })
}
