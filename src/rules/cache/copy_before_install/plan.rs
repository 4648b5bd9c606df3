//! How the sources can be copied after the install: which copies move, and which manifests have to come first.

use super::{Site, copy_of};
use crate::{
    context::Context,
    knowledge::{Action, KNOWLEDGE, ProjectInstall},
    manifests::{Manifests, Reads, Restricted, View, matches_glob, packages, reads, visible},
    model::{Configured, Copy, CopyFrom, PackageCommand, Run, State, Step, StepKind, Value, is_below},
    project::{Kind, file_name, join},
    syntax::Keyword,
};

/// How the sources can be copied later, for one context.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The steps that copy sources and move.
    pub(super) moved: Vec<usize>,
    /// The last install that only needs manifests; the sources go behind it.
    pub(super) last: Option<usize>,
    /// An install that needs sources, too, and the way to install its dependencies before them.
    pub(super) split: Option<(usize, Restricted)>,
    /// The files that have to be copied first, by the copy that brings them now.
    pub(super) files: Vec<(usize, String)>,
    /// The installs that no longer follow the sources, as steps.
    pub(super) installs: Vec<usize>,
    pub(super) obstacles: Vec<String>,
    pub(super) doubts: Vec<String>,
    /// All files that decide what is installed.
    pub(super) manifests: Vec<String>,
    /// How many packages are fetched again, and which file names them.
    pub(super) packages: Option<(usize, String)>,
    /// Folders that the install fills and the ignore file does not keep back.
    pub(super) exposed: Vec<String>,
}

impl Site<'_> {
    /// Whether the same project was installed before a step.
    pub(super) fn already_installed(&self, at: usize, later_run: &Run, later: &PackageCommand) -> bool {
        let ancestry = self.cx.model.ancestry(self.stage.index);
        let before = ancestry.flat_map(|it| {
            let end = if it.index == self.stage.index { at } else { it.steps.len() };
            &it.steps[..end]
        });
        let is_fetch = |it: &PackageCommand| it.action == Action::Fetch;
        // `restore app.csproj`, `publish ./app.csproj`
        let bare = |it: &str| it.trim_start_matches("./").to_owned();
        let names = |word: Option<&str>| match word {
            Some(word) => later.texts.iter().flatten().any(|it| bare(it) == bare(word)),
            None => later.texts.iter().any(Option::is_none),
        };
        let same = |run: &Run, it: &PackageCommand| {
            it.manager.name == later.manager.name
                && is_install(it)
                && it.operands().all(|(_, word)| is_fetch(it) && names(word))
                && run.folder(it) == later_run.folder(later)
                && (it.manager.project.is_some() || it.texts == later.texts)
        };
        before.into_iter().any(|it| match &it.kind {
            StepKind::Run(run) => run.packages().iter().any(|it| same(run, it)),
            StepKind::Copy(_) | StepKind::Other => false,
        })
    }

    pub(super) fn plan(&self, context: &Context) -> Option<Plan> {
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
                    if self.is_kept(step, run) {
                        // Nothing is fetched again, and what builds needs the sources.
                        if restricted.is_some() {
                            break;
                        }
                        continue;
                    }
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
        let projects = projects(steps, &plan.installs);
        let (manifests, sources): (Vec<usize>, Vec<usize>) = copies.into_iter().partition(|it| {
            let brought = copy_of(&steps[*it]).into_iter().flat_map(|it| it.sources.iter().flatten());
            brought.into_iter().all(|source| {
                is_manifest_name(source, &projects)
                    || all.files.iter().any(|it| it == source || matches_glob(source, it))
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

    /// Whether all that the installs of a run fetch lies in cache mounts, and is only read there: nothing of it is done
    /// again when the layer is.
    fn is_kept(&self, step: &Step, run: &Run) -> bool {
        let model = self.cx.model;
        let mut installs = run.packages().iter().filter(|it| is_install(it)).peekable();
        let kept = |it: &PackageCommand| {
            let fetches =
                it.action == Action::Fetch || it.manager.project.as_ref().is_some_and(|it| it.fetch.is_some());
            let paths = model.cache_paths(self.stage.index, &step.before, run, it, &Configured::default());
            let mut stores = paths.iter().filter(|it| it.cache.used_by.contains(&Action::Fetch)).peekable();
            fetches && stores.peek().is_some() && stores.flat_map(|it| &it.targets).all(|it| run.has_cache_over(it))
        };
        run.caches().next().is_some() && installs.peek().is_some() && installs.all(kept)
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
    fn overlaps(&self, moved: &[usize], copy: &Copy, context: &Context) -> bool {
        let Some(destination) = &copy.destination else { return true };
        let file = |source: &String| copy.from == CopyFrom::Context && context.kind(source) == Some(Kind::File);
        let places: Vec<String> = copy
            .sources
            .iter()
            .flatten()
            .map(|it| if file(it) && copy.into_folder { join(destination, file_name(it)) } else { destination.clone() })
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
    fn resolve(&self, plan: &mut Plan, all: Manifests, context: &Context) -> Option<()> {
        let steps = &self.stage.steps;
        let end = plan.split.as_ref().map(|it| it.0).or(plan.last)?;
        let kept: Vec<&Copy> = (0..end)
            .filter(|it| !plan.moved.contains(it))
            .filter_map(|it| copy_of(&steps[it]))
            .filter(|it| it.from == CopyFrom::Context)
            .collect();
        let view = View { context, copies: Vec::new() };
        plan.packages = packages(&all.files, &view);
        plan.manifests.clone_from(&all.files);
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
}

/// Whether a copy can bring a folder of the context, as far as its words tell.
pub(super) fn may_hold_sources(copy: &Copy) -> bool {
    copy.from == CopyFrom::Context
        && !copy.heredocs
        && copy.sources.iter().all(Option::is_some)
        && copy.options.iter().all(|it| it.starts_with("chown") || it.starts_with("chmod"))
        && copy.destination.as_deref().is_some_and(is_own_folder)
}

/// Whether a destination is a folder of the project's own, not one that installed programs read.
fn is_own_folder(path: &str) -> bool {
    let folders = &KNOWLEDGE.folders;
    // Files that patch what an installer wrote.
    if folders.packages.iter().any(|it| path.contains(it.as_str())) {
        return false;
    }
    !folders.shared.iter().any(|it| it == path) && !folders.system.iter().any(|it| is_below(path, it))
}

/// Whether a command installs or fetches packages.
pub(super) fn is_install(command: &PackageCommand) -> bool {
    matches!(command.action, Action::Install | Action::Fetch)
        || command.manager.project.as_ref().is_some_and(|it| it.installs(&command.subcommand))
}

/// The projects that the given steps may install: those of the managers they call, and of others that read the same
/// manifests.
fn projects(steps: &[Step], installs: &[usize]) -> Vec<&'static ProjectInstall> {
    let runs = installs.iter().filter_map(|it| match &steps[*it].kind {
        StepKind::Run(run) => Some(run),
        StepKind::Copy(_) | StepKind::Other => None,
    });
    let called: Vec<&ProjectInstall> =
        runs.flat_map(Run::packages).filter_map(|it| it.manager.project.as_ref()).collect();
    let reads = |project: &ProjectInstall, name: &String| project.manifests.iter().flatten().any(|it| it == name);
    let is_near = |it: &&'static ProjectInstall| {
        it.manifests.iter().flatten().any(|name| called.iter().any(|it| reads(it, name)))
    };
    KNOWLEDGE.managers.iter().filter_map(|it| it.project.as_ref()).filter(is_near).collect()
}

/// Whether a file is called as a manifest of one of the projects is.
fn is_manifest_name(path: &str, projects: &[&ProjectInstall]) -> bool {
    let name = file_name(path);
    let mut names = projects.iter().flat_map(|it| it.manifests.iter().flatten().chain(&it.optional));
    names.any(|it| it == name || matches_glob(it, name))
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
pub(super) fn brings(copy: &Copy, path: &str, context: &Context) -> bool {
    copy.sources
        .iter()
        .flatten()
        .any(|it| it == path || (context.kind(it) == Some(Kind::Folder) && (it == "." || is_below(path, it))))
}
