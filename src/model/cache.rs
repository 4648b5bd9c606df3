//! Where a package command keeps its cache: option, variable, environment, base image, home.

use std::collections::BTreeMap;

use super::{ImageRef, Model, Mount, PackageCommand, Run, Stage, StepKind, Value, absolute, is_below, run::text};
use crate::{
    knowledge::{Action, Cache, Flavor, Image, KNOWLEDGE, Output},
    model::State,
    project::parent,
    shell::{Assignment, Invocation},
};

/// Where a cache lies, for one command.
#[derive(Clone, Debug)]
pub struct CachePath {
    /// The cache.
    pub cache: &'static Cache,
    /// The folders to mount, absolute.
    pub targets: Vec<String>,
    /// How sure that is.
    pub certainty: Certainty,
    /// The variable that has to be set to the folder, with the folder.
    pub set: Option<&'static (String, String)>,
}

impl CachePath {
    /// Whether a cache mount of the run keeps it, or a part of it.
    pub fn is_mounted(&self, run: &Run) -> bool {
        let kept = |target: &String| run.caches().any(|(_, it)| is_below(target, it) || is_below(it, target));
        self.targets.iter().any(kept) || self.is_kept_otherwise(run)
    }

    /// Whether a cache mount lies where it does as well.
    pub fn is_kept_otherwise(&self, run: &Run) -> bool {
        let ends = |target: &str, it: &String| match it.strip_prefix("{home}") {
            Some(rest) => target.ends_with(rest),
            None => is_below(target, it),
        };
        self.cache.also.iter().any(|also| run.caches().any(|(_, it)| ends(it, also)))
    }
}

/// A cache mount that lies where none of the commands looks.
#[derive(Clone, Debug)]
pub struct Misplaced<'a> {
    /// The mount.
    pub mount: &'a Mount,
    /// Where it should lie, each with the command that keeps its cache there.
    pub paths: Vec<(&'a PackageCommand, CachePath)>,
}

/// The cache mounts of a run that lie where the caches of its commands would be for another user, in another
/// environment or on another image, with those that are not mounted. `uses` are the commands with their caches.
pub fn misplaced<'a>(run: &'a Run, uses: &[(&'a PackageCommand, Vec<CachePath>)]) -> Vec<Misplaced<'a>> {
    let paths = || uses.iter().flat_map(|(command, paths)| paths.iter().map(move |it| (*command, it)));
    let mounts = run.mounts.iter().filter_map(|it| it.own_cache().map(|target| (it, target)));
    // One folder is claimed once: a second mount that was meant for it has no place to go.
    let mut claimed: Vec<String> = Vec::new();
    let misplaced = mounts.filter_map(|(mount, target)| {
        let serves = |it: &CachePath| {
            it.targets.iter().any(|path| is_below(path, target) || is_below(target, path)) || it.is_kept_otherwise(run)
        };
        if paths().any(|(_, it)| serves(it)) {
            return None;
        }
        let mut wanted: Vec<(&PackageCommand, CachePath)> = Vec::new();
        let is_update = |it: &(&PackageCommand, &CachePath)| it.0.action == Action::Update;
        for (command, it) in paths().filter(|it| !is_update(it)).chain(paths().filter(is_update)) {
            let is_meant = it.certainty == Certainty::Proved
                && it.set.is_none()
                && command.action != Action::Clean
                && !it.is_mounted(run)
                && command.manager.is_taken_for(it.cache, target);
            if !is_meant {
                continue;
            }
            let mut path = it.clone();
            // Of several folders, as Cargo has them, the one of that name.
            let is_named = |it: &String| {
                let part = it.split('/').next().unwrap_or(it);
                target.split('/').any(|it| it == part)
            };
            if let Some(at) = it.cache.paths.iter().position(is_named) {
                path.targets = vec![it.targets[at].clone()];
            }
            path.targets.retain(|it| !claimed.contains(it));
            if !path.targets.is_empty() {
                claimed.extend(path.targets.iter().cloned());
                wanted.push((command, path));
            }
        }
        (!wanted.is_empty()).then_some(Misplaced { mount, paths: wanted })
    });
    misplaced.collect()
}

/// The cache mounts of a run that lie where package managers keep their caches, though nothing in the run looks there:
/// it calls none but those of the system, and plain programs.
pub fn idle<'a>(run: &'a Run, uses: &[(&'a PackageCommand, Vec<CachePath>)]) -> Vec<&'a Mount> {
    let all_root = run.packages().iter().all(|it| it.manager.root && it.action != Action::Clean);
    if !all_root || !run.is_known() || run.invocations().is_empty() {
        return Vec::new();
    }
    let near = |a: &str, b: &str| is_below(a, b) || is_below(b, a);
    let serves =
        |target: &str| uses.iter().flat_map(|(_, it)| it).flat_map(|it| &it.targets).any(|it| near(it, target));
    let named = |target: &str| {
        let words = run.invocations().iter().flat_map(|it| it.words.iter()).filter_map(crate::shell::Word::literal);
        words.into_iter().any(|it| it.contains(target) || (it.starts_with('/') && near(&it, target)))
    };
    let managers = || KNOWLEDGE.managers.iter().filter(|it| !it.root);
    let like = |target: &str| managers().any(|it| it.cache.iter().any(|cache| cache.is_at(target)));
    let mounts = run.mounts.iter().filter(|it| it.own_cache().is_some_and(|it| like(it) && !serves(it) && !named(it)));
    mounts.collect()
}

/// How sure a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The base image is unknown: it may set another user, home or variable.
    Assumed,
    /// It follows from the files at hand and the tables.
    Proved,
}

/// What the files of the project say of a manager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configured {
    /// Which line of it is in use, where that matters; without it the caches of such lines are left out.
    pub flavor: Option<Flavor>,
    /// The settings that tell where a cache lies; `None` for a value that is not known.
    pub settings: Settings,
}

/// Settings by their names.
pub type Settings = BTreeMap<String, Option<String>>;

impl Configured {
    /// Where nothing is said but which line of the manager it is.
    pub fn flavor(flavor: Option<Flavor>) -> Self {
        Self { flavor, settings: Settings::new() }
    }
}

impl Model {
    /// Where the caches lie that a command uses. A cache whose place is unknown is left out.
    pub fn cache_paths(
        &self,
        index: usize,
        state: &State,
        run: &Run,
        command: &PackageCommand,
        configured: &Configured,
    ) -> Vec<CachePath> {
        let manager = command.manager;
        let flavor = configured.flavor;
        let told = |(name, part): &(String, String)| match run.value(name, command, state) {
            Value::Known(value) => value.contains(part.as_str()),
            Value::Unknown => run.sets(name, command) || state.variables.contains_key(name),
            Value::Unset => false,
        };
        if run.goes_elsewhere(manager) || manager.elsewhere_in.iter().any(told) {
            return Vec::new();
        }
        let Some(mut settings) = self.set_by_commands(index, run, command, state) else { return Vec::new() };
        for (name, value) in &configured.settings {
            let other = settings.insert(name.clone(), value.clone());
            // Which of the two counts is a question that is seldom asked.
            if other.is_some_and(|it| it != *value) {
                settings.insert(name.clone(), None);
            }
        }
        let settings = &settings;
        let image = self.stages[index].image;
        let traits = image.map_or(&[][..], |it| &it.traits);
        // An unknown image may have any trait.
        let may_have =
            |names: &[String]| names.is_empty() || image.is_none() || names.iter().any(|it| traits.contains(it));
        let has = |names: &[String]| names.iter().any(|it| traits.contains(it));
        let program = command.program();
        let caches = manager.cache.iter().filter(|it| {
            it.used_by.contains(&command.action)
                && (it.programs.is_empty() || it.programs.iter().any(|it| it == program))
                && may_have(&it.only_on)
                && !has(&it.not_on)
                && (it.known_on.is_empty() || has(&it.known_on))
                && !it.unless.iter().any(|it| command.texts.iter().flatten().any(|text| text == it))
                && (it.flavor.is_none() || it.flavor == flavor)
        });
        let reference = self.stages[index].bottom.as_deref();
        let place = |cache| Place { cache, state, run, command, image, reference, settings }.resolve();
        let mut paths: Vec<CachePath> = caches.filter_map(place).collect();
        if !paths.is_empty() {
            self.follow_links(index, run, state, &mut paths);
        }
        for path in &mut paths {
            if image.is_none() && !(path.cache.only_on.is_empty() && path.cache.not_on.is_empty()) {
                path.certainty = Certainty::Assumed;
            }
        }
        paths
    }

    /// The folders that a command fills and that are no caches. One whose place is not known is left out.
    pub fn outputs(
        &self,
        index: usize,
        state: &State,
        run: &Run,
        command: &PackageCommand,
    ) -> Vec<(&'static Output, String)> {
        let image = self.stages[index].image;
        let has = |names: &[String]| image.is_some_and(|it| names.iter().any(|name| it.traits.contains(name)));
        let resolve = |it: &'static Output| {
            let own = it.filled_by.contains(&command.action)
                && (it.subcommands.is_empty() || it.subcommands.contains(&command.subcommand))
                && (it.known_on.is_empty() || has(&it.known_on));
            if !own || it.unless.iter().any(|text| command.says(text) || state.names_variable(text)) {
                return None;
            }
            let folder = run.folder(command);
            for (option, template) in &it.options {
                if let Some(value) = command.values(option).first() {
                    return Some((it, absolute(folder, &template.replace("{value}", (*value)?))?));
                }
            }
            for (name, template) in &it.variables {
                match run.value(name, command, state) {
                    Value::Known(value) if !value.is_empty() => {
                        let first = value.split(':').next().unwrap_or_default();
                        return Some((it, absolute(folder, &template.replace("{value}", first))?));
                    }
                    Value::Unknown if run.sets(name, command) || state.variables.contains_key(name) => return None,
                    Value::Known(_) | Value::Unset | Value::Unknown => {}
                }
            }
            let mut path = it.path.clone()?;
            if path.contains("{home}") {
                path = path.replace("{home}", &state.home()?);
            }
            if path.contains("{folder}") {
                path = path.replace("{folder}", folder?);
            }
            Some((it, absolute(folder, &path)?))
        };
        command.manager.output.iter().filter_map(resolve).collect()
    }

    /// The settings that earlier commands make, such as `npm config set cache /srv/npm`; `None` where they say
    /// something of caches that is not understood.
    fn set_by_commands(&self, index: usize, run: &Run, command: &PackageCommand, now: &State) -> Option<Settings> {
        let mut settings = Settings::new();
        let manager = command.manager;
        let names = || manager.cache.iter().flat_map(|it| &it.settings).map(|(name, _)| name.as_str());
        let mut stages: Vec<&Stage> = self.ancestry(index).collect();
        stages.reverse();
        for (at, stage) in stages.iter().enumerate() {
            let mut runs = stage.configuring_runs().peekable();
            let ends = (at + 1 == stages.len() && runs.peek().is_some()).then(|| place_of(stage, run));
            for (step, other) in runs.take_while(|(step, _)| ends.is_none_or(|it| *step <= it)) {
                let same = std::ptr::eq(other, run);
                for (at, it) in other.invocations().iter().enumerate() {
                    let is_manager = manager.invoked_as.iter().any(|pattern| pattern.first_matches(&it.program));
                    if !is_manager || (same && at >= command.invocation) {
                        continue;
                    }
                    let before = &stage.steps[step].before;
                    let set = configuration(it, &names().collect::<Vec<_>>(), &manager.configured_by, before)?;
                    let everybody = it.words.iter().filter_map(crate::shell::Word::literal);
                    let everybody =
                        everybody.into_iter().any(|it| matches!(it.as_str(), "-g" | "--global" | "--system"));
                    for (name, value) in set {
                        let folder = other.folders()[at].as_deref();
                        let value = value.and_then(|it| {
                            let home = it.starts_with('~').then(|| before.home());
                            home.map_or_else(|| absolute(folder, &it), |home| Some(it.replacen('~', &home?, 1)))
                        });
                        let heard = everybody || before.user == now.user;
                        settings.insert(name, value.filter(|_| heard));
                    }
                }
            }
        }
        Some(settings)
    }

    /// Follows the links that `ln` has made of folders where caches lie: `ln -s /var/cache/apk /etc/apk/cache`.
    fn follow_links(&self, stage: usize, run: &Run, before: &State, found: &mut [CachePath]) {
        let earlier = self.ancestry(stage).flat_map(Stage::configuring_runs).map(|(_, it)| it);
        let earlier = earlier.filter(|it| !std::ptr::eq(*it, run));
        for invocation in earlier.chain([run]).flat_map(Run::links) {
            let words: Option<Vec<String>> = invocation.words.iter().skip(1).map(|it| text(it, before)).collect();
            let operands: Vec<String> = words.into_iter().flatten().filter(|it| !it.starts_with('-')).collect();
            let [to, link] = operands.as_slice() else { continue };
            // Behind a slash stands a folder, in which the link gets the name of what it leads to.
            let named = link.ends_with('/').then(|| format!("{link}{}", to.rsplit('/').next().unwrap_or_default()));
            let link = named.as_ref().unwrap_or(link);
            let Some(to) = absolute(Some(&parent(link)), to) else { continue };
            for target in found.iter_mut().flat_map(|it| &mut it.targets).filter(|it| is_below(it, link)) {
                *target = format!("{}{}", to.trim_end_matches('/'), &target[link.trim_end_matches('/').len()..]);
            }
        }
    }
}

impl Stage {
    /// The runs that may tell a manager where to keep its cache. Few stages have one, and all runs ask for them.
    fn configuring_runs(&self) -> impl Iterator<Item = (usize, &Run)> {
        let places = self.configuring.get_or_init(|| {
            let runs = self.steps.iter().enumerate().filter_map(|(at, it)| match &it.kind {
                StepKind::Run(run) => Some((at, run)),
                StepKind::Copy(_) | StepKind::Other => None,
            });
            runs.filter(|(_, run)| run.mentions(&["config", "go env", "ln -"])).map(|(at, _)| at).collect()
        });
        places.iter().filter_map(|at| match &self.steps[*at].kind {
            StepKind::Run(run) => Some((*at, run)),
            StepKind::Copy(_) | StepKind::Other => None,
        })
    }
}

/// The number of the step of a stage that a run is.
fn place_of(stage: &Stage, run: &Run) -> usize {
    let is_it = |it: &super::Step| matches!(&it.kind, StepKind::Run(other) if std::ptr::eq(other, run));
    stage.steps.iter().position(is_it).unwrap_or(stage.steps.len())
}

/// What a `config` command of a manager sets, of the settings with these names, with the values; nothing where it only
/// asks, `None` where it says something of caches that is not understood.
fn configuration(
    it: &Invocation,
    names: &[&str],
    unknown: &[String],
    before: &State,
) -> Option<Vec<(String, Option<String>)>> {
    let words: Vec<Option<String>> = it.words.iter().map(|it| text(it, before)).collect();
    let has = |wanted: &[&str]| words.iter().flatten().any(|it| wanted.contains(&it.as_str()));
    let writes_environment = has(&["env"]) && has(&["-w"]);
    if !has(&["config"]) && !writes_environment {
        return Some(Vec::new());
    }
    if has(&["get", "list", "ls", "unset", "delete", "rm", "--list", "--unset", "--show", "debug"]) {
        return Some(Vec::new());
    }
    // `global.cache-dir`, `cache_dir`, `CACHE-DIR`.
    let plain = |it: &str| it.rsplit('.').next().unwrap_or(it).to_lowercase().replace('_', "-");
    for (at, word) in words.iter().enumerate().skip(1) {
        let Some(word) = word else { continue };
        let (key, value) = word.split_once('=').map_or((word.as_str(), None), |(key, value)| (key, Some(value)));
        let is_it = |name: &&&str| **name == key || plain(name) == plain(key);
        if let Some(name) = names.iter().find(is_it) {
            let next = || words.get(at + 1).map(Option::as_deref);
            return match (value, next()) {
                (Some(value), _) => Some(vec![((*name).to_owned(), Some(value.to_owned()))]),
                (None, Some(value)) => Some(vec![((*name).to_owned(), value.map(str::to_owned))]),
                // Without a value it asks for it.
                (None, None) => Some(Vec::new()),
            };
        }
        let lower = word.to_lowercase();
        let speaks = ["cache", "store-dir", "store_dir"].into_iter().chain(unknown.iter().map(String::as_str));
        if at > 1 && speaks.into_iter().any(|it| lower.contains(it)) {
            return None;
        }
    }
    Some(Vec::new())
}

/// A place where a cache may lie.
struct Place<'a> {
    cache: &'static Cache,
    state: &'a State,
    run: &'a Run,
    command: &'a PackageCommand,
    image: Option<&'static Image>,
    reference: Option<&'a ImageRef>,
    settings: &'a Settings,
}

/// What moves a cache.
enum Mover<'a> {
    /// A variable, with the path that it leads to.
    Variable(&'a str, &'a str),
    /// A value, if it is known, with the path that it leads to.
    Setting(Option<&'a str>, &'a str),
}

impl Place<'_> {
    fn resolve(&self) -> Option<CachePath> {
        let Self { cache, state, run, command, settings, .. } = *self;
        let folder = run.folder(command);
        for (option, template) in &cache.options {
            if let Some(value) = command.values(option).first() {
                let path = absolute(folder, &template.replace("{value}", (*value)?))?;
                return Some(self.found(&path, Certainty::Proved));
            }
        }
        let mut certainty = Certainty::Proved;
        // A variable that names the folder itself counts more than a setting, and that more than one above it.
        let set = cache.settings.iter().find_map(|(name, template)| Some((settings.get(name)?, template)));
        let (direct, above): (Vec<_>, Vec<_>) = cache.variables.iter().partition(|(_, it)| it == "{value}");
        let named = direct.into_iter().map(|it| Mover::Variable(&it.0, &it.1));
        let setting = set.map(|(value, template)| Mover::Setting(value.as_deref(), template));
        let above = above.into_iter().map(|it| Mover::Variable(&it.0, &it.1));
        for mover in named.chain(setting).chain(above) {
            let (name, template) = match mover {
                Mover::Variable(name, template) => (name, template),
                Mover::Setting(value, template) => {
                    return Some(self.found(&self.filled(template, value?)?, Certainty::Proved));
                }
            };
            let value = match run.value(name, command, state) {
                Value::Known(value) if value.is_empty() => continue,
                Value::Known(value) => value,
                Value::Unset => continue,
                Value::Unknown if run.sets(name, command) || state.variables.contains_key(name) => return None,
                Value::Unknown => {
                    certainty = Certainty::Assumed;
                    continue;
                }
            };
            // Of a list, as in `GOPATH`, the first counts.
            let first = value.split(':').next().unwrap_or_default();
            return Some(self.found(&self.filled(template, first)?, Certainty::Proved));
        }
        // The variable of the command itself decides, whatever the image sets.
        if let Some((_, path)) = &cache.set {
            let mut found = self.found(path, Certainty::Proved);
            found.set = cache.set.as_ref();
            return Some(found);
        }
        // Behind `sudo`, `gosu` and their like another user's home may count.
        let wrappers = &run.invocations()[command.invocation].wrappers;
        let switches_user =
            wrappers.iter().any(|it| matches!(it.as_str(), "sudo" | "doas" | "su" | "gosu" | "su-exec"));
        let default = cache.path.as_ref()?;
        let path = match (&cache.root_path, default.contains("{home}")) {
            (None, false) if command.manager.root => return Some(self.found(default, Certainty::Proved)),
            (None, false) => default.clone(),
            _ if switches_user => return None,
            (Some(path), _) if state.user.is_root() => path.clone(),
            _ => default.replace("{home}", &state.home()?),
        };
        if !state.base_known {
            certainty = Certainty::Assumed;
        }
        Some(self.found(&path, certainty))
    }

    /// The path that a value leads to.
    fn filled(&self, template: &str, value: &str) -> Option<String> {
        let mut place = template.replace("{value}", value);
        if place.contains("{ruby}") {
            place = place.replace("{ruby}", &self.ruby()?);
        }
        absolute(self.run.folder(self.command), &place)
    }

    fn found(&self, path: &str, certainty: Certainty) -> CachePath {
        let mut path = path.trim_end_matches('/').to_owned();
        for (link, to) in self.image.iter().flat_map(|it| &it.moves) {
            if let Some(rest) = path.strip_prefix(link.as_str()).filter(|_| is_below(&path, link)) {
                path = format!("{to}{rest}");
                break;
            }
        }
        let cache = self.cache;
        let targets = if cache.paths.is_empty() {
            vec![path]
        } else {
            cache.paths.iter().map(|it| format!("{path}/{it}")).collect()
        };
        CachePath { cache, targets, certainty, set: None }
    }

    /// The version that Ruby names its folders by: `3.3.0` for the image `ruby:3.3.6-slim`.
    fn ruby(&self) -> Option<String> {
        let tag = self.reference.filter(|it| it.name == "ruby")?.tag.as_deref()?;
        let version = tag.split('-').next()?;
        let mut parts = version.split('.');
        let (major, minor) = (parts.next()?, parts.next()?);
        let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
        (is_number(major) && is_number(minor)).then(|| format!("{major}.{minor}.0"))
    }
}

impl Run {
    /// What makes a command install links into its cache, if something does.
    pub fn links_into_cache(&self, command: &PackageCommand, state: &State) -> Option<String> {
        let is_set = |(name, value): &&(String, String)| {
            if name.starts_with('-') {
                return command.values(name).contains(&Some(value.as_str()));
            }
            self.value(name, command, state) == Value::Known(value.clone())
        };
        command.manager.links.iter().find(is_set).map(|(name, value)| format!("{name}={value}"))
    }

    /// Whether this run itself sets a variable for a command.
    pub fn sets(&self, name: &str, command: &PackageCommand) -> bool {
        self.assignments(command).any(|it| it.name == name)
    }

    /// The value of a variable for a command: what this run sets, else what is in force before it.
    pub fn value(&self, name: &str, command: &PackageCommand, state: &State) -> Value {
        match self.assignments(command).filter(|it| it.name == name).last() {
            Some(assignment) => {
                let known = assignment.value.as_ref().and_then(|it| text(it, state));
                known.map_or(Value::Unknown, Value::Known)
            }
            None => state.variable(name),
        }
    }

    /// What this run sets for a command: by earlier `export`s, and before its words.
    fn assignments(&self, command: &PackageCommand) -> impl Iterator<Item = &Assignment> {
        let exported = self.exports().filter(|(at, _)| *at < command.invocation).map(|(_, it)| it);
        exported.chain([&self.invocations()[command.invocation]]).flat_map(|it| &it.environment)
    }
}
