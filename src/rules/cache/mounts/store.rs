//! Stores: caches that later commands read in place, and what could miss one that lies in a mount.

use super::{Doubts, Follower, Plan, Site, Words, and};
use crate::{
    edit::Safety,
    knowledge::{Action, Holds, KNOWLEDGE, Manager, Quality, is_plain_program},
    manifests::matches_glob,
    model::{
        Base, CachePath, Configured, Copy, CopyFrom, Model, PackageCommand, Run, Stage, Step, StepKind, absolute,
        is_below, text,
    },
    project::{file_name, join},
    shell::{Invocation, Word},
    syntax::{Args, Keyword},
};

impl<'a> Site<'a> {
    /// The program that the image of a stage starts, as it is written but for an absolute path, with the step that says so.
    pub(in crate::rules::cache) fn started_in(&self, stage: &Stage) -> Option<(&'a Step, String)> {
        let model: &'a Model = self.cx.model;
        let steps = || model.ancestry(stage.index).flat_map(|it| it.steps.iter().rev());
        let last = |kind: Keyword| steps().find(|it| model.instruction(it).kind == kind);
        let step = last(Keyword::Entrypoint).or_else(|| last(Keyword::Cmd))?;
        let first = match &model.instruction(step).args {
            Args::Json(words) => words.first()?.text.clone(),
            Args::Shell(text) => text.text.split_whitespace().next()?.to_owned(),
            _ => return None,
        };
        if first.contains(['$', '"', '\'']) {
            return None;
        }
        let path = if first.contains('/') { absolute(stage.end.workdir.as_deref(), &first)? } else { first };
        Some((step, path))
    }

    /// The program that the image of this stage starts.
    pub(in crate::rules::cache) fn started(&self) -> Option<String> {
        self.started_in(self.stage).map(|(_, it)| it)
    }
}

impl<'a> Site<'a> {
    /// The later commands that read what this run fetches, or cannot fetch: they get the mounts, too, and may fetch.
    pub(super) fn follow(&self, command: &PackageCommand, targets: &[&String], plan: &mut Plan<'a>) {
        let fetches = command.action == Action::Fetch;
        let mut readers = self.file.readers(self.cx.model).iter();
        if !readers.any(|it| it.item > self.step.item && it.manager == command.manager.name && (fetches || it.offline))
        {
            return;
        }
        for (step, run) in self.later_runs() {
            let same = |it: &&PackageCommand| it.manager.name == command.manager.name && it.action != Action::Clean;
            let reads = |it: &&PackageCommand| it.is_offline() || (fetches && it.action == Action::Build);
            for later in run.packages().iter().filter(same).filter(reads) {
                let line = self.cx.source.line(self.cx.model.instruction(step).span.start);
                let looks = self.looks_into(step, run, later, targets);
                let words = looks.then(|| online(later)).flatten();
                if later.is_offline() && (words.is_none() || run.script().is_none()) {
                    plan.doubts.add(
                        Safety::Shown,
                        format!(
                            "`{}` in line {line} cannot fetch, and fails when the builder has emptied the cache and kept the layer of `{}`.",
                            later.title(),
                            command.title()
                        ),
                    );
                    continue;
                }
                if !looks {
                    continue;
                }
                let words = words.unwrap_or_default();
                if !words.is_empty() {
                    let names: Vec<String> = words.iter().map(|(_, it, _)| format!("`{it}`")).collect();
                    plan.doubts.add(
                        Safety::Unsafe,
                        format!(
                            "`{}` in line {line} loses {}: the builder may empty the cache and keep the layer of `{}`.",
                            later.title(),
                            and(&names),
                            command.title()
                        ),
                    );
                }
                let facts = self.facts_of(step);
                let site = self.at_step(&facts, step, run);
                site.reader_doubts(later, targets, &mut plan.doubts);
                let at = plan.followers.iter().position(|it| it.step.item == step.item).unwrap_or_else(|| {
                    plan.followers.push(Follower { step, run, commands: Vec::new(), targets: Vec::new() });
                    plan.followers.len() - 1
                });
                let follower = &mut plan.followers[at];
                follower.targets.extend(targets.iter().copied().cloned());
                if !follower.commands.iter().any(|(it, _)| std::ptr::eq(*it, later)) {
                    follower.commands.push((later, words));
                }
            }
        }
    }

    /// Whether a later command looks for its packages in these folders, as the same user.
    fn looks_into(&self, step: &Step, run: &Run, command: &PackageCommand, targets: &[&String]) -> bool {
        let stage = self.stage_of(step);
        let told = || Configured { flavor: None, settings: self.settings(command) };
        let found = self.cx.model.cache_paths(stage.index, &step.before, run, command, &told());
        let looks = |target: &String| found.iter().any(|it| it.targets.contains(target));
        step.before.user == self.step.before.user && targets.iter().all(|it| looks(it))
    }

    /// The line of an earlier run, without a mount, whose layer holds what a command would look for in these folders:
    /// what is said of that run has to be said of this one, too.
    pub(super) fn fetched_before(&self, command: &PackageCommand, path: &CachePath) -> Option<usize> {
        if !path.cache.used_by.contains(&Action::Fetch) || path.targets.iter().any(|it| self.run.has_cache_over(it)) {
            return None;
        }
        let targets: Vec<&String> = path.targets.iter().collect();
        let steps = self.cx.model.ancestry(self.stage.index).flat_map(Stage::runs);
        // A build has also fetched, and where it keeps nothing else there is nothing left to be said of a later one.
        let keeps_all = command.manager.cache.iter().all(|it| it.used_by.contains(&Action::Fetch));
        let fetches = |(step, run): &(&Step, &Run)| {
            let fetch = |it: &&PackageCommand| {
                it.manager.name == command.manager.name
                    && (it.action == Action::Fetch || it.action == Action::Build && keeps_all)
                    && !it.is_offline()
            };
            step.item < self.step.item
                && !targets.iter().any(|it| run.has_cache_over(it))
                && run.packages().iter().filter(fetch).any(|it| self.looks_into(step, run, it, &targets))
        };
        let (step, _) = steps.into_iter().find(fetches)?;
        Some(self.cx.source.line(self.cx.model.instruction(step).span.start))
    }
}

impl Site<'_> {
    /// An earlier run, without a mount, whose layer holds packages that a mount on these folders would hide, and how
    /// safely it can get one.
    pub(super) fn hidden_by(&self, command: &PackageCommand, path: &CachePath) -> Option<(usize, Safety)> {
        if !matches!(path.cache.holds, Holds::Store | Holds::Required) {
            return None;
        }
        let fixes = self.file.fixes();
        let earlier = self.cx.model.ancestry(self.stage.index).flat_map(Stage::runs);
        let fills = |run: &Run| {
            run.packages().iter().any(|it| {
                it.manager.name == command.manager.name && !matches!(it.action, Action::Clean | Action::Update)
            })
        };
        let less_safe = earlier.filter(|(step, run)| {
            step.item < self.step.item && !path.targets.iter().any(|it| run.has_cache_over(it)) && fills(run)
        });
        let told = less_safe.filter_map(|(step, _)| Some((step, fixes.get(&step.item).copied()?)));
        let (step, safety) = told.min_by_key(|(_, safety)| *safety)?;
        (safety < Safety::Safe).then(|| (self.cx.source.line(self.cx.model.instruction(step).span.start), safety))
    }

    /// Whether what a command would install was installed in another stage and comes from there.
    pub(super) fn is_brought(&self, command: &PackageCommand) -> bool {
        if !command.manager.is.contains(&Quality::KeepsEnvironment) || command.project_install().is_none() {
            return false;
        }
        let model = self.cx.model;
        let installed = |from: usize, sources: &[Option<String>]| {
            model.ancestry(from).flat_map(Stage::runs).any(|(_, run)| {
                run.packages().iter().any(|it| {
                    let same = it.manager.name == command.manager.name && it.project_install().is_some();
                    let folder = run.folder(it).filter(|_| same);
                    let near = |folder: &str, source: &str| is_below(folder, source) || is_below(source, folder);
                    folder.is_some_and(|folder| sources.iter().flatten().any(|it| near(folder, &join("/", it))))
                })
            })
        };
        self.stage.steps[..self.at].iter().any(|it| match &it.kind {
            StepKind::Copy(Copy { from: CopyFrom::Stage(from), sources, .. }) => installed(*from, sources),
            StepKind::Copy(_) | StepKind::Run(_) | StepKind::Other => false,
        })
    }
}

/// Whether a pattern of paths matches a folder or one above it.
fn is_taken(folder: &str, pattern: &str) -> bool {
    let mut parts = folder.split('/');
    let matches = |pattern: &str, part: &str| pattern == part || matches_glob(pattern, part);
    pattern.trim_end_matches('/').split('/').all(|it| parts.next().is_some_and(|part| matches(it, part)))
}

/// Whether it is a package manager, with a subcommand that neither fetches packages nor reads them.
fn is_idle(invocation: &Invocation) -> bool {
    let words: Vec<String> = invocation.words.iter().skip(1).map(|it| it.literal().unwrap_or_default()).collect();
    let idle = |it: &Manager| it.idle.iter().any(|it| it.matches(&words));
    KNOWLEDGE.managers.iter().any(|it| it.invoked_as.iter().any(|it| it.first_matches(&invocation.program)) && idle(it))
}

/// The words that keep a command from fetching, with what stands in their place where it may; `None` if it then did
/// more than fetch, or cannot fetch at all.
pub(in crate::rules::cache) fn online(command: &PackageCommand) -> Option<Words> {
    let offline = command.options().filter(|(_, text)| command.manager.offline.iter().any(|it| it == text));
    let words: Words = offline
        .map(|(at, text)| {
            let instead = command.manager.online.iter().find(|(it, _)| it == text).map(|(_, it)| it.as_str());
            let stays = command.manager.stays_offline.iter().any(|it| it == text);
            (!stays).then(|| (at, text.to_owned(), instead))
        })
        .collect::<Option<_>>()?;
    (!words.is_empty()).then_some(words)
}

impl Site<'_> {
    /// The path of a shell script that a word names.
    fn shell_script(&self, word: &Word) -> Option<String> {
        text(word, &self.step.before).filter(|it| it.strip_suffix(".sh").is_some())
    }

    /// A script of the project that this run starts and that names one of the mounted folders.
    fn script_about(&self, targets: &[&String]) -> Option<String> {
        let [context] = self.cx.contexts() else { return None };
        let view = self.view(context);
        let workdir = self.step.before.workdir.as_deref();
        self.run.invocations().iter().flat_map(|it| &it.words).find_map(|word| {
            let path = self.shell_script(word)?;
            let script = view.read(&absolute(workdir, &path)?)?;
            targets.iter().any(|it| script.contains(it.as_str())).then(|| file_name(&path).to_owned())
        })
    }

    /// What else in this run has to do with the mounted folders: it would see what other builds left there.
    pub(super) fn reader_doubts(&self, command: &PackageCommand, targets: &[&String], doubts: &mut Doubts) {
        for (at, invocation) in self.run.invocations().iter().enumerate() {
            let is_package = self.run.package(at).is_some();
            if is_package
                || matches!(invocation.program.as_str(), "rm" | "find" | "rmdir" | "ls" | "du" | "mkdir" | "touch")
            {
                continue;
            }
            let takes_all = matches!(invocation.program.as_str(), "chown" | "chmod" | "mv" | "cp");
            // The last word of `cp` and `mv` is where things go, not what is taken.
            let gives = matches!(invocation.program.as_str(), "mv" | "cp");
            let words = &invocation.words[1..invocation.words.len() - usize::from(gives && invocation.words.len() > 1)];
            let touches = words.iter().filter_map(|it| text(it, &self.step.before)).any(|path| {
                let fixed = path.split(['*', '?', '[', '{']).next().unwrap_or_default().trim_end_matches('/');
                let inside = targets.iter().any(|it| is_below(fixed, it));
                inside || (takes_all && path.starts_with('/') && targets.iter().any(|it| is_taken(it, &path)))
            });
            if touches {
                let note = format!(
                    "`{}` also uses the folder where `{}` keeps its cache.",
                    invocation.program,
                    command.title()
                );
                doubts.add(Safety::Shown, note);
            }
        }
        // Seen: `curl …/clean_caches.sh | sh`, and scripts that come with the sources.
        let named = |word: &Word| {
            let path = self.shell_script(word)?;
            Some(file_name(&path).to_owned()).filter(|it| it.contains("clean"))
        };
        let later = self.run.invocations().iter().skip(command.invocation + 1);
        let cleans = later.filter(|it| it.program != "rm").flat_map(|it| &it.words).find_map(named);
        if let Some(name) = cleans {
            doubts
                .add(Safety::Unsafe, format!("`{name}` may empty the cache, or fail where it cannot remove a mount."));
        }
        if let Some(name) = self.script_about(targets) {
            let note = format!("`{name}` names the folder of the cache, and fails where it would remove a mount.");
            doubts.add(Safety::Shown, note);
        }
        // uv takes a local project for unchanged while its manifest is, and that stands in an earlier layer.
        if command.manager.name == "uv"
            && command.has_option("--no-editable")
            && !command.has_option("--no-install-project")
        {
            let copies = self.stage.steps[..self.at].iter().filter_map(|it| match &it.kind {
                StepKind::Copy(copy) if copy.from == CopyFrom::Context => Some(copy),
                StepKind::Copy(_) | StepKind::Run(_) | StepKind::Other => None,
            });
            let brings_manifest =
                |it: &Copy| it.is_broad() || it.sources.iter().flatten().any(|it| it.ends_with("pyproject.toml"));
            if copies.last().is_some_and(|it| !brings_manifest(it)) {
                doubts.add(
                    Safety::Unsafe,
                    "uv may take the project from its cache and not see that its sources have changed.",
                );
            }
        }
    }

    /// What is left in the cache to be run from there.
    fn leaves(&self, command: &PackageCommand, doubts: &mut Doubts) {
        for invocation in self.stage.runs().flat_map(|(_, run)| run.invocations()) {
            let manager = command.manager;
            let words: Vec<String> = invocation.words.iter().map(|it| it.literal().unwrap_or_default()).collect();
            let own = || manager.invoked_as.iter().any(|it| it.first_matches(&invocation.program));
            if let Some(what) = manager.leaves.iter().find(|it| own() && words.len() > 1 && it.matches(&words[1..])) {
                let note = format!("`{} {}` leaves programs in the folder of the cache.", manager.name, what.text());
                doubts.add(Safety::Shown, note);
            }
        }
    }

    /// What a store in a mount could be missed by.
    pub(super) fn store_doubts(&self, command: &PackageCommand, targets: &[&String], doubts: &mut Doubts) {
        let model = self.cx.model;
        self.leaves(command, doubts);
        for (step, run) in self.later_runs() {
            for (at, invocation) in run.invocations().iter().enumerate() {
                let package = run.package(at);
                let line = self.cx.source.line(model.instruction(step).span.start);
                match package {
                    Some(_) => {}
                    None if is_plain_program(&invocation.program) || is_idle(invocation) => {}
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
