//! The outline of a stage: what makes its image, less caches and their cleaning.
//!
//! Two Dockerfiles with equal outlines build the same images but for caches, package lists and timestamps.
//! The outline is computed from the model alone; it knows nothing of rules, and so can judge their fixes.

mod floating;

use floating::Floating;

use crate::{
    context::Context,
    knowledge::{Action, Flavor, Holds, Installs, KNOWLEDGE, Manager},
    manifests::{Reads, View, configured, matches_glob, reads, visible},
    model::{
        Base, CachePath, Configured, CopyFrom, Model, MountKind, PackageCommand, Run, Stage, Step, StepKind, Value,
        absolute, expand, idle, is_below, misplaced,
    },
    project::{Kind, join},
    shell::{Command, Compound, Invocation, List, Node, OperatorKind, Script, Word},
    source::{Source, Span},
    syntax::{Args, Flag, Instruction, Keyword, Pair},
};

/// The outlines of all stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// One per stage.
    pub stages: Vec<StageOutline>,
}

/// What makes the image of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageOutline {
    /// The base, and the stage's name.
    pub from: String,
    /// Everything but copies, in order: commands in their normal form, configuration as it is written.
    pub events: Vec<Event>,
    /// What is copied, sorted, without what a later copy brings again.
    pub copies: Vec<CopyOutline>,
    /// The pairs of copies that may write the same file, the earlier first, sorted.
    pub overlaps: Vec<(CopyOutline, CopyOutline)>,
}

/// Something that happens in a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub text: String,
    /// What it reads of the project.
    pub sees: Sees,
}

/// What a command reads of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sees {
    /// These files of the context.
    Files(Vec<String>),
    /// Perhaps anything that these copies brought.
    Copies(Vec<CopyOutline>),
}

/// A copy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CopyOutline {
    from: String,
    source: String,
    destination: String,
    into_folder: bool,
    options: Vec<String>,
}

impl Outline {
    /// The outline of a file that is built with a context.
    pub fn of(model: &Model, source: &Source, context: &Context) -> Self {
        let stages = model.stages.iter().map(|stage| stage_outline(model, source, stage, context)).collect();
        Self { stages }
    }

    /// What is different in the other outline, in words; `None` if nothing is.
    pub fn difference(&self, other: &Self) -> Option<String> {
        if self.stages.len() != other.stages.len() {
            return Some("the number of stages".to_owned());
        }
        let pairs = self.stages.iter().zip(&other.stages).enumerate();
        pairs.into_iter().find_map(|(at, (old, new))| {
            let what = if old.from != new.from {
                "the base".to_owned()
            } else if old.copies != new.copies || old.overlaps != new.overlaps {
                "what is copied".to_owned()
            } else if old.events.iter().map(|it| &it.text).ne(new.events.iter().map(|it| &it.text)) {
                let odd = old.events.iter().zip(&new.events).find(|(old, new)| old.text != new.text);
                match odd {
                    Some((old, new)) => format!("`{}` becomes `{}`", old.text, new.text),
                    None => "the number of commands".to_owned(),
                }
            } else {
                let odd = old.events.iter().zip(&new.events).find(|(old, new)| old.sees != new.sees)?;
                format!("what `{}` finds of the project", odd.0.text)
            };
            Some(format!("stage {at}: {what}"))
        })
    }
}

fn stage_outline(model: &Model, source: &Source, stage: &Stage, context: &Context) -> StageOutline {
    let kind = &|path: &str| context.kind(path);
    let from = model.at(stage.from);
    let base = match &stage.base {
        Base::Stage(parent) => format!("stage {parent}"),
        Base::Scratch | Base::Image(_) | Base::Unknown => image_text(from),
    };
    let flags: Vec<&str> =
        from.flags.iter().filter(|it| !says_nothing(model, it)).map(|it| source.slice(it.span)).collect();
    let owned = model.owned(stage);
    let copies: Vec<(usize, CopyOutline)> = stage
        .steps
        .iter()
        .enumerate()
        .flat_map(|(at, step)| copy_outlines(model, source, step, kind).into_iter().map(move |it| (at, it)))
        .map(|(at, mut copy)| {
            // What a later `chown -R` says of them they could say themselves.
            if let Some(owned) = owned.iter().find(|it| it.copies.contains(&at)) {
                copy.options.push(owned.flag.clone());
                copy.options.sort();
            }
            (at, copy)
        })
        .collect();
    let runs_between =
        |from: usize, to: usize| stage.steps[from..to].iter().any(|it| matches!(it.kind, StepKind::Run(_)));
    // A copy adds nothing where a later one brings the same, or where an earlier one did and nothing ran since.
    let redundant = |at: usize, it: &CopyOutline| {
        copies.iter().any(|(other, copy)| {
            let counts = *other > at || (*other < at && copy != it && !runs_between(*other, at));
            counts && brings_again(copy, it, kind)
        })
    };
    let dependency_only = dependency_only_runs(source, stage);
    let floating = Floating::of(model, source, stage, context);
    let mut events = Vec::new();
    for (at, step) in stage.steps.iter().enumerate() {
        events.extend(floating.before(at));
        let text = match &step.kind {
            StepKind::Copy(_) => continue,
            StepKind::Run(run) => {
                if dependency_only.contains(&at) {
                    continue;
                }
                let gone: Vec<Span> = owned.iter().filter(|it| it.step == at).map(|it| it.option).collect();
                run_text(model, source, stage, step, run, context, &gone)
            }
            StepKind::Other if floating.holds(at) || is_overridden(model, stage, at) => continue,
            StepKind::Other => other_text(model, step),
        };
        if text.is_empty() {
            continue;
        }
        let sees = match &step.kind {
            StepKind::Run(run) => {
                let view = View { context, copies: visible(&stage.steps, at) };
                match reads(run, &step.before, &view) {
                    Reads::Manifests(it) if it.restricted.is_none() => {
                        Sees::Files(it.files.into_iter().filter(|it| view.brings(it)).collect())
                    }
                    Reads::Manifests(_) | Reads::Sources => Sees::Copies(copies_before(&copies, at, kind)),
                }
            }
            StepKind::Copy(_) | StepKind::Other => Sees::Files(Vec::new()),
        };
        events.push(Event { text, sees });
    }
    events.extend(floating.before(stage.steps.len()));
    let mut kept: Vec<CopyOutline> =
        copies.iter().filter(|(at, it)| !redundant(*at, it)).map(|(_, it)| it.clone()).collect();
    let mut overlaps = Vec::new();
    for (at, earlier) in kept.iter().enumerate() {
        let later = kept[at + 1..].iter().filter(|it| overlap(earlier, it, kind));
        overlaps.extend(later.map(|it| (earlier.clone(), it.clone())));
    }
    overlaps.sort();
    kept.sort();
    StageOutline { from: format!("{} {base}", flags.join(" ")), events, copies: kept, overlaps }
}

/// The copies before a step, without those that a later one among them brings again.
fn copies_before(
    copies: &[(usize, CopyOutline)],
    step: usize,
    kind: &dyn Fn(&str) -> Option<Kind>,
) -> Vec<CopyOutline> {
    let before = || copies.iter().filter(|(at, _)| *at < step);
    let again =
        |at: usize, it: &CopyOutline| before().any(|(later, other)| *later > at && brings_again(other, it, kind));
    let mut copies: Vec<CopyOutline> = before().filter(|(at, it)| !again(*at, it)).map(|(_, it)| it.clone()).collect();
    copies.sort();
    copies
}

/// Whether all that `narrow` copies is copied by `broad`, to the same place and in the same way.
fn brings_again(broad: &CopyOutline, narrow: &CopyOutline, kind: &dyn Fn(&str) -> Option<Kind>) -> bool {
    if broad.from != narrow.from || broad.options != narrow.options || broad.from != "context" {
        return false;
    }
    let Some(place) = target(narrow, kind) else { return broad == narrow };
    if broad.source == narrow.source {
        return target(broad, kind).as_ref() == Some(&place);
    }
    let inside = match broad.source.as_str() {
        "." => Some(narrow.source.as_str()),
        folder => narrow.source.strip_prefix(&format!("{folder}/")),
    };
    kind(&broad.source) == Some(Kind::Folder) && inside.is_some_and(|it| join(&broad.destination, it) == place)
}

/// Whether two copies may write the same file.
fn overlap(a: &CopyOutline, b: &CopyOutline, kind: &dyn Fn(&str) -> Option<Kind>) -> bool {
    let place = |it: &CopyOutline| target(it, kind).unwrap_or_else(|| it.destination.clone());
    let near = |a: &str, b: &str| is_below(a, b) || is_below(b, a);
    // A glob brings files by their names.
    let named = |glob: &str, file: &str| kind(file) != Some(Kind::File) || matches_glob(glob, file);
    let in_context = a.from == "context" && b.from == "context";
    match (in_context && is_glob(&a.source), in_context && is_glob(&b.source)) {
        (true, false) => near(&a.destination, &place(b)) && named(&a.source, &b.source),
        (false, true) => near(&place(a), &b.destination) && named(&b.source, &a.source),
        _ => near(&place(a), &place(b)),
    }
}

fn is_glob(source: &str) -> bool {
    source.contains(['*', '?', '['])
}

/// Where a copy of the context arrives; `None` for a glob and for what is not there.
fn target(copy: &CopyOutline, kind: &dyn Fn(&str) -> Option<Kind>) -> Option<String> {
    if copy.from != "context" || is_glob(&copy.source) {
        return None;
    }
    match kind(&copy.source)? {
        Kind::File if copy.into_folder => Some(join(&copy.destination, copy.source.rsplit('/').next()?)),
        Kind::File | Kind::Folder => Some(copy.destination.clone()),
    }
}

/// Whether `ADD` does with a source what `COPY` does: it is neither remote nor an archive, which would be unpacked.
pub(crate) fn is_plain(source: &str, kind: &dyn Fn(&str) -> Option<Kind>) -> bool {
    const ARCHIVES: &[&str] = &["tar", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "zst", "lzma"];
    let ending = source.rsplit_once('.').map_or("", |(_, it)| it);
    match kind(source) {
        Some(Kind::Folder) => true,
        Some(Kind::File) => !ARCHIVES.contains(&ending),
        None => false,
    }
}

/// The copies of an instruction, one per source.
fn copy_outlines(model: &Model, source: &Source, step: &Step, kind: &dyn Fn(&str) -> Option<Kind>) -> Vec<CopyOutline> {
    let StepKind::Copy(copy) = &step.kind else { return Vec::new() };
    let from = match &copy.from {
        CopyFrom::Context => "context".to_owned(),
        CopyFrom::Stage(stage) => format!("stage {stage}"),
        CopyFrom::Other(name) => format!("image {name}"),
    };
    let instruction = model.instruction(step);
    let known = copy.destination.clone().filter(|_| {
        let plain = |it: &String| !copy.add || is_plain(it, kind);
        !copy.heredocs && copy.sources.iter().all(|it| it.as_ref().is_some_and(plain))
    });
    let Some(destination) = known else {
        let bodies: String = instruction.heredocs.iter().map(|it| source.slice(it.body)).collect();
        return vec![CopyOutline {
            from: format!("{} {from} in {:?}", instruction.keyword.text, step.before.workdir),
            source: format!("{}\n{bodies}", squeeze(&instruction.rest.text)),
            destination: copy.destination.clone().unwrap_or_default(),
            into_folder: copy.into_folder,
            options: copy.options.clone(),
        }];
    };
    let one = |source: &String| CopyOutline {
        from: from.clone(),
        source: source.clone(),
        destination: destination.clone(),
        // What is in a folder arrives in the destination, with a slash behind it or not.
        into_folder: copy.into_folder && kind(source) != Some(Kind::Folder),
        options: copy.options.clone(),
    };
    copy.sources.iter().flatten().map(one).collect()
}

/// The image of a `FROM`; the name of the stage counts in lower case.
fn image_text(from: &Instruction) -> String {
    match from.words() {
        [image, _, name] => format!("{} as {}", image.text, name.text.to_lowercase()),
        _ => squeeze(&from.rest.text),
    }
}

/// Whether a flag of `FROM` asks for the platform that is built for anyway.
fn says_nothing(model: &Model, flag: &Flag) -> bool {
    let value = flag.value.as_ref().map_or("", |it| &it.text);
    let name = value.trim_start_matches('$').trim_start_matches('{').trim_end_matches('}');
    let declares = |it: &Instruction| it.stage.is_none() && it.rest.text.contains("TARGETPLATFORM");
    let is_target = value.starts_with('$') && (name == "TARGETPLATFORM" || name.starts_with("TARGETPLATFORM:-"));
    flag.name == "platform" && is_target && !model.syntax.instructions().any(declares)
}

/// Whether a later instruction of the stage takes the place of a step.
fn is_overridden(model: &Model, stage: &Stage, at: usize) -> bool {
    let kind = model.instruction(&stage.steps[at]).kind;
    matches!(kind, Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck)
        && stage.steps[at + 1..].iter().any(|it| model.instruction(it).kind == kind)
}

fn other_text(model: &Model, step: &Step) -> String {
    let instruction = model.instruction(step);
    let flag = |it: &Flag| format!(" --{}={:?}", it.name, it.value.as_ref().map(|it| &it.text));
    let flags = instruction.flags.iter().map(flag).collect::<Vec<_>>().concat();
    let rest = &instruction.rest.text;
    let escape = model.syntax.escape;
    let arguments = match (instruction.kind, &instruction.args) {
        (Keyword::Label | Keyword::Env, Args::Pairs(pairs)) => {
            let pair = |it: &Pair| format!("{}={:?}", it.key.text, plain_value(&it.value.text, escape));
            pairs.iter().map(pair).collect::<Vec<_>>().join(" ")
        }
        (Keyword::Label | Keyword::Env, _) => rest.trim().to_owned(),
        (Keyword::Workdir, Args::Text(word)) => {
            let path = expand(&word.text, escape, &|name| step.before.variable(name));
            let whole = path.and_then(|it| absolute(step.before.workdir.as_deref(), &it));
            whole.unwrap_or_else(|| squeeze(rest))
        }
        (Keyword::Expose, Args::Words(words)) => words.iter().map(|it| port(&it.text)).collect::<Vec<_>>().join(" "),
        _ => squeeze(rest),
    };
    format!("{}{flags} {arguments}", instruction.keyword.text)
}

/// A value without its quotes and escapes; one with more than plain variables stays as it is written.
fn plain_value(raw: &str, escape: char) -> String {
    let is_plain = raw.match_indices("${").all(|(at, _)| {
        let rest = raw[at + 2..].trim_start_matches(|it: char| it.is_ascii_alphanumeric() || it == '_');
        rest.starts_with('}')
    });
    let mark = |name: &str| Value::Known(format!("\u{1}{name}\u{1}"));
    let plain = if is_plain { expand(raw, escape, &mark) } else { None };
    plain.unwrap_or_else(|| raw.to_owned())
}

/// The part of a port that the builder keeps: without the host's, the protocol in lower case.
fn port(text: &str) -> String {
    if text.contains('$') {
        return text.to_owned();
    }
    text.rsplit(':').next().unwrap_or(text).to_lowercase()
}

/// The normal form of a `RUN`: its commands without cleaning of caches and without the words that only concern caches.
///
/// The words in `gone` do not count.
fn run_text(
    model: &Model,
    source: &Source,
    stage: &Stage,
    step: &Step,
    run: &Run,
    context: &Context,
    gone: &[Span],
) -> String {
    let instruction = model.instruction(step);
    let caches_of = |command| {
        let flavors = [None, Some(Flavor::Classic), Some(Flavor::Berry)];
        let paths = |flavor| {
            let told = Configured { flavor, ..configured(model, stage, step, run, command, context) };
            model.cache_paths(stage.index, &step.before, run, command, &told)
        };
        flavors.into_iter().flat_map(paths).collect()
    };
    let uses: Vec<(&PackageCommand, Vec<CachePath>)> =
        run.packages().iter().chain(run.compilers()).map(|it| (it, caches_of(it))).collect();
    let known = || uses.iter().flat_map(|(_, it)| it).flat_map(|it| &it.targets);
    let is_cache = |target: &String| known().any(|it| is_below(target, it));
    // A mount that nothing in the run looks into makes no difference.
    let mut unused: Vec<Span> = Vec::new();
    if run.caches().next().is_some() && run.is_known() {
        unused.extend(misplaced(run, &uses).iter().map(|it| it.mount.span));
        unused.extend(idle(run, &uses).iter().map(|it| it.span));
    }
    let is_plain_cache = |span: Span| {
        unused.contains(&span)
            || run
                .mounts
                .iter()
                .any(|it| it.span == span && it.kind == MountKind::Cache && it.target.as_ref().is_some_and(is_cache))
    };
    // Who owns a cache, and which builds share it, makes no difference to the image.
    let written = |span: Span| {
        let mount = run.mounts.iter().find(|it| it.span == span && it.own_cache().is_some());
        let target = mount.and_then(|it| it.target.as_ref());
        target.map_or_else(|| source.slice(span).to_owned(), |it| format!("--mount=type=cache,target={it}"))
    };
    let flags = instruction.flags.iter().map(|it| it.span).filter(|it| !is_plain_cache(*it));
    let flags: Vec<String> = flags.map(written).collect();
    let body = if let Some(script) = &run.script() {
        Normal { source, run, drop: &[], gone }.script(script)
    } else {
        let bodies: String = instruction.heredocs.iter().map(|it| source.slice(it.body)).collect();
        format!("{}{bodies}", squeeze(&instruction.rest.text))
    };
    if body.is_empty() {
        return body;
    }
    let lists = if finds_lists(model, source, stage, step, run) { "[lists] " } else { "" };
    format!("RUN {} {lists}{body}", flags.join(" "))
}

/// Whether every install of the run finds package lists: fetched by the run itself, or left by an earlier one.
fn finds_lists(model: &Model, source: &Source, stage: &Stage, step: &Step, run: &Run) -> bool {
    let installs = run.packages().iter().filter(|it| it.action == Action::Install && !it.manager.update.is_empty());
    let updates = |run: &Run, manager: &Manager, before: usize| {
        run.packages()
            .iter()
            .any(|it| it.manager.name == manager.name && it.action == Action::Update && it.invocation < before)
    };
    let index_paths = |manager: &'static Manager| {
        manager.cache.iter().filter(|it| it.holds == Holds::Index).filter_map(|it| it.path.as_deref())
    };
    let leaves = |run: &Run, manager: &'static Manager| {
        let removed = run.invocations().iter().filter(|it| it.program == "rm").any(|it| {
            it.words.iter().any(|word| index_paths(manager).any(|path| is_below(source.slice(word.span), path)))
        });
        updates(run, manager, usize::MAX) && !removed && !index_paths(manager).any(|it| run.has_cache_over(it))
    };
    let earlier: Vec<&Run> = model
        .ancestry(stage.index)
        .flat_map(|it| &it.steps)
        .filter(|it| it.item < step.item)
        .filter_map(|it| match &it.kind {
            StepKind::Run(run) => Some(run),
            StepKind::Copy(_) | StepKind::Other => None,
        })
        .collect();
    let mut installs = installs.peekable();
    installs.peek().is_some()
        && installs.all(|install| {
            let manager = install.manager;
            let hidden = index_paths(manager).any(|it| run.has_cache_over(it));
            updates(run, manager, install.invocation) || (!hidden && earlier.iter().any(|it| leaves(it, manager)))
        })
}

/// Runs that only do a part of what a later one does: the dependencies of the same project, in the same folder.
fn dependency_only_runs(source: &Source, stage: &Stage) -> Vec<usize> {
    let runs: Vec<(usize, &Run, &Script)> = stage
        .steps
        .iter()
        .enumerate()
        .filter_map(|(at, step)| match &step.kind {
            StepKind::Run(run) => Some((at, run, run.script()?)),
            StepKind::Copy(_) | StepKind::Other => None,
        })
        .collect();
    let scope = |at: usize| {
        let before = &stage.steps[at].before;
        (&before.user, &before.variables, &before.workdir)
    };
    let is_part = |at: usize, run: &Run, script: &Script| {
        let Some(part) = run.packages().iter().find(|it| it.manager.project.is_some()) else { return false };
        let Some(project) = &part.manager.project else { return false };
        // A download names what the install names: `dotnet restore app.csproj`, `dotnet publish app.csproj`.
        let own = Normal { source, run, drop: &[], gone: &[] }.script(script);
        let rest = project.fetch.as_ref().and_then(|it| own.strip_prefix(&it.replace("{program}", part.program())));
        let named: Option<Vec<&str>> =
            rest.filter(|it| it.is_empty() || it.starts_with(' ')).map(|it| it.split_whitespace().collect());
        let restricted = project.without.iter().any(|it| part.has_option(it));
        let text = Normal { source, run, drop: &project.without, gone: &[] }.script(script);
        runs.iter().any(|(later, other, whole)| {
            let installs = other
                .packages()
                .iter()
                .any(|it| it.manager.name == part.manager.name && project.installs(&it.subcommand));
            let same = || Normal { source, run: other, drop: &[], gone: &[] }.script(whole) == text;
            let bare = |it: &str| it.trim_matches(['"', '\'']).to_owned();
            let fetches = || {
                let all = Normal { source, run: other, drop: &[], gone: &[] }.script(whole);
                named
                    .as_ref()
                    .is_some_and(|it| it.iter().all(|it| all.split_whitespace().any(|word| bare(word) == bare(it))))
            };
            *later > at && scope(*later) == scope(at) && installs && (fetches() || (restricted && same()))
        })
    };
    runs.iter().filter(|(at, run, script)| is_part(*at, run, script)).map(|(at, ..)| *at).collect()
}

/// Removes continuations of white space, so that layout does not count.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes a script in its normal form.
struct Normal<'a> {
    source: &'a Source,
    run: &'a Run,
    /// Words of package commands that do not count.
    drop: &'a [String],
    /// Other words that do not.
    gone: &'a [Span],
}

impl Normal<'_> {
    fn script(&self, script: &Script) -> String {
        self.list(&script.list)
    }

    fn list(&self, list: &List) -> String {
        let mut text = String::new();
        for item in &list.items {
            let node = self.node(&item.node);
            if node.is_empty() {
                continue;
            }
            if !text.is_empty() {
                text.push_str(match item.operator.map(|it| it.kind) {
                    Some(OperatorKind::And) => " && ",
                    Some(OperatorKind::Or) => " || ",
                    Some(OperatorKind::Background) => " & ",
                    Some(OperatorKind::Semicolon | OperatorKind::Newline) | None => " ; ",
                });
            }
            text.push_str(&node);
        }
        text
    }

    fn node(&self, node: &Node) -> String {
        match node {
            Node::Command(command) => self.command(command),
            Node::Pipeline { members, negated, .. } => {
                let members: Vec<String> = members.iter().map(|it| self.node(it)).collect();
                format!("{}{}", if *negated { "! " } else { "" }, members.join(" | "))
            }
            Node::Compound(compound) => self.compound(compound),
            Node::Opaque(span) => squeeze(self.source.slice(*span)),
        }
    }

    fn compound(&self, compound: &Compound) -> String {
        let words: Vec<String> = compound.words.iter().map(|it| self.word(it)).collect();
        let lists: Vec<String> = compound.lists.iter().map(|it| self.list(it)).collect();
        let redirects: Vec<String> = compound.redirects.iter().map(|it| squeeze(self.source.slice(it.span))).collect();
        format!("{:?}({}){{{}}}{}", compound.kind, words.join(" "), lists.join(" | "), redirects.join(" "))
    }

    /// A word without the continuations inside it.
    fn word(&self, word: &Word) -> String {
        let raw = self.source.slice(word.span);
        if raw.contains('\n') { squeeze(&raw.replace("\\\r\n", "").replace("\\\n", "")) } else { raw.to_owned() }
    }

    fn command(&self, command: &Command) -> String {
        let package =
            self.run.packages().iter().find(|it| self.run.invocations()[it.invocation].command == command.span);
        // Updates do not count as commands: whether an install finds lists is said beside it.
        if package.is_some_and(|it| matches!(it.action, Action::Clean | Action::Update)) {
            return String::new();
        }
        if let Some(script) = &command.script {
            let wrappers = command.words.iter().take_while(|it| !is_text_of(it, script)).map(|it| self.word(it));
            return format!("{} {{{}}}", wrappers.collect::<Vec<_>>().join(" "), self.script(script));
        }
        let mut dropped: Vec<Span> = package.map(|it| self.cache_words(it)).unwrap_or_default();
        dropped.extend(self.gone);
        let cleaner = self
            .run
            .invocations()
            .iter()
            .find(|it| it.command == command.span && matches!(it.program.as_str(), "rm" | "find"));
        if let Some(cleaner) = cleaner {
            let is_option = |it: &&Word| it.literal().is_some_and(|it| it.starts_with('-'));
            let operands = cleaner.words[1..].iter().filter(|it| !is_option(it));
            let (caches, rest): (Vec<&Word>, Vec<&Word>) =
                operands.partition(|it| is_cache_path(self.source.slice(it.span)));
            if !caches.is_empty() && (rest.is_empty() || cleaner.program == "find") {
                return String::new();
            }
            dropped.extend(caches.iter().map(|it| it.span));
        }
        let is_it = |it: &&PackageCommand| self.run.invocations()[it.invocation].command == command.span;
        let compilers = || self.run.compilers().iter().filter(is_it);
        let sets_cache = |name: &str| {
            package.into_iter().chain(compilers()).any(|it| {
                let places = it.manager.cache.iter().filter_map(|it| it.set.as_ref()).map(|(name, _)| name.as_str());
                let needs = it.manager.needs.iter().filter_map(|it| it.set.as_deref()?.split('=').next());
                let defeats = it.manager.defeat.iter().filter_map(|it| it.variable.as_deref());
                places.chain(needs).chain(defeats).any(|it| it == name)
            })
        };
        let assignments = command.assignments.iter().filter(|it| !sets_cache(&it.name));
        let assignments = assignments.map(|it| self.source.slice(it.span).to_owned());
        let program = self.run.invocations().iter().find(|it| it.command == command.span);
        let spelling = program.and_then(plainer);
        if let Some((word, None)) = spelling {
            dropped.push(word);
        }
        let words = command.words.iter().filter(|it| !dropped.contains(&it.span)).map(|it| match spelling {
            Some((word, Some(text))) if it.span == word => text.to_owned(),
            _ => self.word(it),
        });
        let redirects = command.redirects.iter().map(|it| squeeze(self.source.slice(it.span)));
        assignments.chain(words).chain(redirects).collect::<Vec<_>>().join(" ")
    }

    /// The words of a package command that only concern caches, and answers to its questions.
    fn cache_words(&self, command: &PackageCommand) -> Vec<Span> {
        let words = &self.run.invocations()[command.invocation].words;
        let manager = command.manager;
        let defeats = manager.defeat.iter().flat_map(|it| it.option.iter().chain(&it.instead).chain(&it.unless));
        let single: Vec<&str> = defeats.map(String::as_str).collect();
        // Nobody can answer in a build: a command that asks fails without the word that keeps it from asking.
        let asks = Installs::of(manager).and_then(|it| it.asks.as_ref()).filter(|_| command.action == Action::Install);
        let is_answer = |text: &str| asks.is_some_and(|it| it.word == text);
        let mut spans = Vec::new();
        for (at, text) in command.texts.iter().enumerate() {
            let Some(text) = text.as_deref() else { continue };
            if single.contains(&text) || self.drop.iter().any(|it| it == text) || is_answer(text) {
                spans.push(words[at].span);
            }
            for needed in manager.needs.iter().filter_map(|it| it.words.as_deref()) {
                let mut parts = needed.split(' ');
                let first = parts.next().unwrap_or_default();
                let second = parts.next();
                let follows = second.is_none_or(|it| command.texts.get(at + 1).and_then(Option::as_deref) == Some(it));
                if text == first && follows {
                    spans.push(words[at].span);
                    spans.extend(second.and_then(|_| words.get(at + 1)).map(|it| it.span));
                }
            }
        }
        spans
    }
}

/// The subcommands with which `apt` does what `apt-get` does.
pub(crate) const SAME_IN_APT_GET: &[&str] =
    &["install", "update", "remove", "purge", "autoremove", "clean", "autoclean", "build-dep"];

/// A word that can be left out, or written in another way, without a difference to the image.
fn plainer(it: &Invocation) -> Option<(Span, Option<&'static str>)> {
    let literal = |it: &Word| it.literal().unwrap_or_default();
    match it.program.as_str() {
        "apt" => {
            let subcommand = it.words.iter().skip(1).map(literal).find(|it| !it.starts_with('-'))?;
            let first = it.words.first()?;
            let same = SAME_IN_APT_GET.contains(&subcommand.as_str()) && literal(first) == "apt";
            same.then_some((first.span, Some("apt-get")))
        }
        // Without it, entries of zeros are added to the logs of logins.
        "useradd" => {
            let option = it.words.iter().find(|it| matches!(literal(it).as_str(), "-l" | "--no-log-init"))?;
            Some((option.span, None))
        }
        _ => None,
    }
}

/// Whether a word is the text of a script: `sh -c "…"`.
fn is_text_of(word: &Word, script: &Script) -> bool {
    script.list.items.first().is_some_and(|it| word.span.contains(it.node.span()))
}

/// Whether a path as written lies in a folder where a manager keeps its cache.
pub(crate) fn is_cache_path(written: &str) -> bool {
    let path = written.trim_matches(['"', '\'']);
    let path = path.replacen("${HOME}", "~", 1).replacen("$HOME", "~", 1).replacen("/root/", "~/", 1);
    let path = path.trim_end_matches("/*").trim_end_matches('/');
    let of_manager = |manager: &Manager| {
        manager.cache.iter().any(|cache| {
            let set = cache.set.as_ref().map(|(_, path)| path);
            let folders = cache.path.iter().chain(&cache.root_path).chain(&cache.also_cleaned).chain(set);
            folders.into_iter().any(|it| is_below(path, &it.replace("{home}", "~")))
        })
    };
    KNOWLEDGE.managers.iter().any(of_manager)
}
