//! The cache mounts of a `RUN`, those it has and those it lacks, as the rules about them look at them.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
};

use crate::{
    context::Context,
    edit::Safety,
    knowledge::{Action, Flavor, Holds, Leaves, Need, Sharing},
    manifests::{Linker, View, configured, visible, yarn_flavor, yarn_linker},
    model::{
        CachePath, Certainty, Configured, Misplaced, Model, Mount as RunMount, MountKind, PackageCommand, Run,
        Settings, Stage, Step, StepKind, absolute, is_below, misplaced, text,
    },
    rule::FileCx,
    syntax::Keyword,
};

mod change;
mod file;
mod id;
mod store;

pub(super) use change::{Cleaning, FOLDERS_ABOVE};
use file::InFile;
pub(super) use store::online;

/// Hands over every `RUN` of a file.
pub(super) fn each(cx: &FileCx<'_>, mut visit: impl FnMut(&Site<'_>)) {
    let file = InFile::default();
    for stage in &cx.model.stages {
        let facts = Facts { model: cx.model, stage, configured: RefCell::default(), bare_installs: OnceCell::new() };
        for (at, step) in stage.steps.iter().enumerate() {
            // Where a backslash too many has joined two instructions, it is not known what was meant.
            if let StepKind::Run(run) = &step.kind
                && cx.swallowed(cx.model.instruction(step)).is_none()
            {
                visit(&Site { cx, stage, facts: &facts, file: &file, at, step, run, uses: OnceCell::new() });
            }
        }
    }
}

/// The `RUN` that is looked at.
pub(super) struct Site<'a> {
    pub(super) cx: &'a FileCx<'a>,
    pub(super) stage: &'a Stage,
    facts: &'a Facts<'a>,
    file: &'a InFile,
    /// Which of the stage's steps it is.
    pub(super) at: usize,
    pub(super) step: &'a Step,
    pub(super) run: &'a Run,
    uses: OnceCell<Uses<'a>>,
}

/// Package commands, with the caches that they use.
type Uses<'a> = Vec<(&'a PackageCommand, Vec<CachePath>)>;

/// What is asked of a stage for each of its runs, and found out once.
struct Facts<'a> {
    model: &'a Model,
    stage: &'a Stage,
    configured: RefCell<BTreeMap<&'static str, Option<usize>>>,
    bare_installs: OnceCell<BTreeMap<&'static str, usize>>,
}

impl Facts<'_> {
    /// The first run, as an item, that makes a need unnecessary for all after it.
    fn configured(&self, need: &'static Need) -> Option<usize> {
        let find = || {
            let steps = self.model.ancestry(self.stage.index).flat_map(|it| &it.steps);
            let configures = |step: &&Step| {
                let instruction = self.model.instruction(step);
                let mentions = |all: &String| all.split(' ').all(|it| instruction.rest.text.contains(it));
                instruction.kind == Keyword::Run && need.configured.iter().any(mentions)
            };
            steps.filter(configures).map(|it| it.item).min()
        };
        *self.configured.borrow_mut().entry(need.what()).or_insert_with(find)
    }

    /// The last run, as an item, that installs without an update of its own, in this stage or one that is built on it.
    fn last_bare_install(&self, manager: &str) -> Option<usize> {
        let installs = self.bare_installs.get_or_init(|| {
            let index = self.stage.index;
            let heirs = self.model.stages[index..].iter();
            let heirs = heirs.filter(|it| self.model.ancestry(it.index).any(|it| it.index == index));
            let mut last = BTreeMap::new();
            for (step, run) in heirs.flat_map(Stage::runs) {
                for command in run.packages().iter().filter(|it| it.action == Action::Install) {
                    let name = command.manager.name.as_str();
                    if !run.updates_before_installing(name) {
                        last.insert(name, step.item);
                    }
                }
            }
            last
        });
        installs.get(manager).copied()
    }
}

/// A mount that is missing.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Mount {
    sharing: Sharing,
    /// Whether root owns it, whoever the user is.
    root: bool,
    id: Option<String>,
}

impl Mount {
    /// A mount for a cache of a command.
    pub(super) fn of(path: &CachePath, command: &PackageCommand) -> Self {
        Self { sharing: path.cache.sharing, root: command.manager.root, id: None }
    }
}

/// The mounts that are missing.
#[derive(Default)]
pub(super) struct Plan<'a> {
    pub(super) mounts: BTreeMap<String, Mount>,
    /// Folders whose cleaning would empty a mount, or has no sense beside it.
    pub(super) cleaned: Vec<String>,
    pub(super) commands: Vec<&'a PackageCommand>,
    /// Variables to set, before the words of these invocations.
    sets: Vec<(usize, String)>,
    /// Later runs that get the mounts, too.
    followers: Vec<Follower<'a>>,
    /// The line of an earlier run that fetches what this one needs.
    pub(super) fetched: Option<usize>,
    pub(super) doubts: Doubts,
}

/// A later run that reads what an earlier one fetches.
struct Follower<'a> {
    step: &'a Step,
    run: &'a Run,
    /// Its commands that do so, with the words that keep them from fetching.
    commands: Vec<(&'a PackageCommand, Words)>,
    targets: Vec<String>,
}

/// Words of a command, with what stands in their place where it may fetch.
pub(super) type Words = Vec<(usize, String, Option<&'static str>)>;

/// What keeps a fix from being safe.
#[derive(Default)]
pub(super) struct Doubts {
    pub(super) safety: Option<Safety>,
    pub(super) notes: Vec<String>,
}

impl Doubts {
    pub(super) fn add(&mut self, safety: Safety, note: impl Into<String>) {
        self.safety = Some(self.safety.map_or(safety, |it| it.min(safety)));
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

impl<'a> Site<'a> {
    /// The mounts that its package managers lack.
    pub(super) fn missing(&self) -> Option<Plan<'a>> {
        let run = self.run;
        let mut plan = Plan::default();
        // Where the base image is not known, whoever has mounted the cache elsewhere may know better.
        let is_guessed = |path: &CachePath, command: &PackageCommand| {
            run.caches().any(|(_, it)| command.manager.is_taken_for(path.cache, it))
        };
        let misplaced = if run.caches().next().is_some() { self.misplaced() } else { Vec::new() };
        // What works offline fetches nothing, and a mount would hide what it needs.
        for (command, paths) in self.uses().iter().filter(|(it, _)| it.action != Action::Clean && !it.is_offline()) {
            // An update alone fetches an index for a later `RUN`, which a mount would hide.
            let installs = run.packages().iter().chain(run.compilers()).any(|it| {
                it.manager.name == command.manager.name && !matches!(it.action, Action::Clean | Action::Update)
            });
            // Links into a mount lead nowhere afterwards.
            let links = || run.links_into_cache(command, &self.step.before).is_some();
            if !installs || links() || self.is_for_the_cache(command) || self.is_brought(command) {
                continue;
            }
            let mut missing = false;
            for path in paths {
                // A mount that only has to be moved is told of elsewhere.
                let moved = || misplaced.iter().flat_map(|it| &it.paths).flat_map(|(_, it)| &it.targets);
                if path.is_kept_otherwise(run) || (path.certainty == Certainty::Assumed && is_guessed(path, command)) {
                    continue;
                }
                let is_free = |it: &&String| {
                    let near = |mount: &RunMount| {
                        mount.target.as_ref() == Some(it)
                            || (mount.kind == MountKind::Cache
                                && mount.target.as_deref().is_some_and(|target| is_below(target, it)))
                    };
                    !run.has_cache_over(it) && !run.mounts.iter().any(near) && !self.file.is_fed(self.cx.model, it)
                };
                let is_moved = |it: &String| moved().any(|target| target == it);
                let targets: Vec<&String> = path.targets.iter().filter(is_free).filter(|it| !is_moved(it)).collect();
                if path.cache.holds == Holds::Runtime && !self.is_compiled(command) {
                    continue;
                }
                if command.action == Action::Build
                    && let Some(line) = self.fetched_before(command, path)
                {
                    plan.fetched = Some(line);
                    continue;
                }
                if targets.is_empty() || (path.cache.holds == Holds::Index && !self.index_can_be_mounted(command)) {
                    continue;
                }
                missing = true;
                if path.certainty == Certainty::Assumed {
                    plan.doubts.add(Safety::Unsafe, self.assumption());
                }
                // What is doubtful is so for all commands of a manager at once.
                if targets.iter().any(|it| !plan.mounts.contains_key(*it)) {
                    if let Some(difference) = &path.cache.differs {
                        plan.doubts.add(Safety::Unsafe, difference.clone());
                    }
                    if matches!(path.cache.holds, Holds::Store | Holds::Required | Holds::Runtime) {
                        self.store_doubts(command, &targets, &mut plan.doubts);
                    }
                    if self.is_one_for_all(path.cache) {
                        let note =
                            "Builds with another base image would share the cache, as its id cannot tell them apart.";
                        plan.doubts.add(Safety::Unsafe, note);
                    }
                    if let Some((line, safety)) = self.hidden_by(command, path) {
                        let note =
                            format!("The mount hides what line {line} leaves in its layer, unless that has one, too.");
                        plan.doubts.add(safety, note);
                    }
                    self.follow(command, &targets, &mut plan);
                    self.reader_doubts(command, &targets, &mut plan.doubts);
                }
                let mount = Mount::of(path, command);
                for target in targets {
                    plan.cleaned.push(target.clone());
                    let entry = plan
                        .mounts
                        .entry(target.clone())
                        .or_insert_with(|| Mount { id: self.mount_id(path.cache, target), ..mount.clone() });
                    entry.sharing = entry.sharing.max(mount.sharing);
                }
                plan.cleaned.extend(path.cache.also_cleaned.iter().cloned());
                if let Some((variable, folder)) = path.set {
                    plan.sets.push((command.invocation, format!("{variable}={folder}")));
                }
            }
            if missing {
                plan.commands.push(command);
            }
        }
        (!plan.mounts.is_empty()).then_some(plan)
    }

    /// Its package commands, with the caches that they use.
    pub(super) fn uses(&self) -> &Uses<'a> {
        self.uses.get_or_init(|| {
            let model = self.cx.model;
            let find = |it: &'a PackageCommand, configured: &Configured| {
                model.cache_paths(self.stage.index, &self.step.before, self.run, it, configured)
            };
            let paths = |it: &'a PackageCommand| {
                let mut told = Configured::flavor(self.flavor(it));
                let found = find(it, &told);
                if found.is_empty() || it.manager.configured_in.is_empty() {
                    return found;
                }
                told.settings = self.settings(it);
                if told.settings.is_empty() { found } else { find(it, &told) }
            };
            self.run.packages().iter().chain(self.run.compilers()).map(|it| (it, paths(it))).collect()
        })
    }

    /// The stage of a step.
    fn stage_of(&self, step: &Step) -> &'a Stage {
        let model: &'a Model = self.cx.model;
        model.stages.iter().rev().find(|it| it.from < step.item).unwrap_or(self.stage)
    }

    fn facts_of(&self, step: &Step) -> Facts<'a> {
        let stage = self.stage_of(step);
        Facts { model: self.cx.model, stage, configured: RefCell::default(), bare_installs: OnceCell::new() }
    }

    /// Another run of the file, looked at in the same way.
    fn at_step<'b>(&self, facts: &'b Facts<'a>, step: &'b Step, run: &'b Run) -> Site<'b>
    where
        'a: 'b,
    {
        let stage = facts.stage;
        let at = stage.steps.iter().position(|it| it.item == step.item).unwrap_or_default();
        Site { cx: self.cx, stage, facts, file: self.file, at, step, run, uses: OnceCell::new() }
    }

    /// Its cache mounts that lie where none of its commands looks.
    pub(super) fn misplaced(&self) -> Vec<Misplaced<'a>> {
        misplaced(self.run, self.uses())
    }

    /// What files of the project say of a manager; what they do not agree on is unknown.
    fn settings(&self, command: &PackageCommand) -> Settings {
        let mut all: Option<Settings> = None;
        for context in self.cx.contexts() {
            let found = configured(self.cx.model, self.stage, self.step, self.run, command, context).settings;
            all = Some(match all {
                None => found,
                Some(known) if known == found => known,
                Some(known) => known.into_keys().chain(found.into_keys()).map(|it| (it, None)).collect(),
            });
        }
        all.unwrap_or_default()
    }

    /// Whether a folder is the place of package lists.
    pub(super) fn is_index(&self, folder: &str) -> bool {
        let mut paths = self.uses().iter().flat_map(|(_, it)| it);
        paths.any(|it| it.cache.holds == Holds::Index && it.targets.iter().any(|it| it == folder))
    }

    /// Whether the image is built again whenever the program of the project is edited.
    pub(super) fn takes_program(&self) -> bool {
        self.file.takes_program(self.cx)
    }

    /// What it sees of a context.
    pub(super) fn view<'b>(&'b self, context: &'b Context) -> View<'b> {
        View { context, copies: visible(&self.stage.steps, self.at) }
    }

    /// Which Yarn it is. With Plug'n'Play the cache is part of the image.
    fn flavor(&self, command: &PackageCommand) -> Option<Flavor> {
        if command.manager.name != "yarn" {
            return None;
        }
        if command.subcommand.starts_with("global ") {
            return Some(Flavor::Classic);
        }
        self.cx.contexts().iter().find_map(|context| {
            let view = self.view(context);
            let folder = self.run.folder(command)?;
            let flavor = yarn_flavor(folder, &view)?;
            let linked = || yarn_linker(folder, &view) == Some(Linker::Folders);
            (flavor == Flavor::Classic || linked()).then_some(flavor)
        })
    }

    /// Keeps how safely the run gets the mounts that it lacks.
    pub(super) fn set_fix(&self, safety: Safety) {
        self.file.set_fix(self.step.item, safety);
    }

    /// Whether package lists can live in a mount: this `RUN` fetches them before it installs,
    /// and no later one counts on finding them in the image.
    fn index_can_be_mounted(&self, command: &PackageCommand) -> bool {
        self.run.updates_before_installing(&command.manager.name)
            && self.facts.last_bare_install(&command.manager.name).is_none_or(|last| last <= self.step.item)
    }

    /// Whether this run or a later one makes a program of its own, which does not need the cache.
    pub(super) fn is_compiled(&self, command: &PackageCommand) -> bool {
        let builds = |run: &Run| {
            run.packages().iter().any(|it| it.manager.name == command.manager.name && it.action == Action::Build)
        };
        builds(self.run) || self.later_runs().any(|(_, run)| builds(run))
    }

    /// The runs after this one, in this stage and in those that are built on it.
    pub(super) fn later_runs(&self) -> impl Iterator<Item = (&'a Step, &'a Run)> {
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

    /// Whether the same run throws away what a command installs: then the filled cache is what the image is to have.
    fn is_for_the_cache(&self, command: &PackageCommand) -> bool {
        let outputs = self.cx.model.outputs(self.stage.index, &self.step.before, self.run, command);
        let packages: Vec<&String> =
            outputs.iter().filter(|(it, _)| it.holds == Leaves::Packages).map(|(_, path)| path).collect();
        let later = self.run.invocations().iter().enumerate().skip(command.invocation + 1);
        !packages.is_empty()
            && later.filter(|(_, it)| it.program == "rm").any(|(at, it)| {
                let folder = self.run.folders()[at].as_deref();
                let removed = it.words[1..].iter().filter_map(|word| text(word, &self.step.before));
                removed.filter_map(|it| absolute(folder, &it)).any(|it| packages.contains(&&it))
            })
    }

    fn assumption(&self) -> String {
        let reference = self.stage.bottom.as_ref().map(|it| it.name.clone());
        let image = reference.map_or_else(|| "the base image".to_owned(), |it| format!("`{it}`"));
        format!(
            "What {image} sets is not known; the fix takes for granted that it runs as root and keeps caches in their usual places."
        )
    }
}

/// `a`, `b` and `c`.
pub(super) fn and(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// What a fix does, as a title.
pub(super) fn sentence(done: &[String]) -> String {
    let all = done.join(", ");
    let mut letters = all.chars();
    letters.next().map_or_else(String::new, |it| it.to_uppercase().chain(letters).collect())
}
