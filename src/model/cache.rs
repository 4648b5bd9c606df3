//! Where a package command keeps its cache: option, variable, environment, base image, home.

use super::{Model, PackageCommand, Run, Stage, StepKind, Value, absolute, run::text};
use crate::{
    knowledge::{Cache, Flavor, Manager},
    model::State,
    shell::Invocation,
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
}

/// How sure a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The base image is unknown: it may set another user, home or variable.
    Assumed,
    /// It follows from the files at hand and the tables.
    Proved,
}

impl Model {
    /// Where the caches lie that a command uses. A cache whose place is unknown is left out.
    ///
    /// `flavor` tells which line of a manager it is, where that matters; without it such caches are left out.
    pub fn cache_paths(
        &self,
        index: usize,
        state: &State,
        run: &Run,
        command: &PackageCommand,
        flavor: Option<Flavor>,
    ) -> Vec<CachePath> {
        if self.moves_cache_by_config(index, command.manager) || run.goes_elsewhere(command.manager) {
            return Vec::new();
        }
        let image = self.stages[index].image;
        let traits = image.map_or(&[][..], |it| &it.traits);
        // An unknown image may have any trait.
        let may_have =
            |names: &[String]| names.is_empty() || image.is_none() || names.iter().any(|it| traits.contains(it));
        let has = |names: &[String]| names.iter().any(|it| traits.contains(it));
        let program = command.program();
        let caches = command.manager.cache.iter().filter(|it| {
            it.used_by.contains(&command.action)
                && (it.programs.is_empty() || it.programs.iter().any(|it| it == program))
                && may_have(&it.only_on)
                && !has(&it.not_on)
                && (it.flavor.is_none() || it.flavor == flavor)
        });
        let paths = caches.filter_map(|cache| resolve(cache, state, run, command));
        let mut paths: Vec<CachePath> = paths.collect();
        for path in &mut paths {
            if image.is_none() && !(path.cache.only_on.is_empty() && path.cache.not_on.is_empty()) {
                path.certainty = Certainty::Assumed;
            }
        }
        paths
    }

    /// Whether a command of the stage, such as `npm config set cache`, tells the manager another place.
    fn moves_cache_by_config(&self, stage: usize, manager: &'static Manager) -> bool {
        let runs = self.ancestry(stage).flat_map(Stage::configuring_runs);
        let configures = |it: &Invocation| {
            let words: Vec<String> = it.words.iter().filter_map(crate::shell::Word::literal).collect();
            manager.invoked_as.iter().any(|pattern| pattern.first_matches(&it.program))
                && words.iter().any(|it| it == "config" || it == "env")
                && words.iter().any(|it| {
                    let it = it.to_lowercase();
                    ["cache", "store-dir", "store_dir", "gopath", "gomodcache"].iter().any(|key| it.contains(key))
                })
        };
        runs.into_iter().any(|run| run.invocations().iter().any(configures))
    }
}

impl Stage {
    /// The runs that may tell a manager where to keep its cache. Few stages have one, and all runs ask for them.
    fn configuring_runs(&self) -> impl Iterator<Item = &Run> {
        let places = self.configuring.get_or_init(|| {
            let runs = self.steps.iter().enumerate().filter_map(|(at, it)| match &it.kind {
                StepKind::Run(run) => Some((at, run)),
                StepKind::Copy(_) | StepKind::Other => None,
            });
            runs.filter(|(_, run)| run.mentions(&["config", "go env"])).map(|(at, _)| at).collect()
        });
        places.iter().filter_map(|at| match &self.steps[*at].kind {
            StepKind::Run(run) => Some(run),
            StepKind::Copy(_) | StepKind::Other => None,
        })
    }
}

fn resolve(cache: &'static Cache, state: &State, run: &Run, command: &PackageCommand) -> Option<CachePath> {
    let found = |path: &str, certainty| {
        let path = path.trim_end_matches('/');
        let targets = if cache.paths.is_empty() {
            vec![path.to_owned()]
        } else {
            cache.paths.iter().map(|it| format!("{path}/{it}")).collect()
        };
        Some(CachePath { cache, targets, certainty })
    };
    let folder = run.folder(command);
    for option in &cache.options {
        if let Some(value) = command.values(option).first() {
            return found(&absolute(folder, (*value)?)?, Certainty::Proved);
        }
    }
    let mut certainty = Certainty::Proved;
    let invocation = &run.invocations()[command.invocation];
    for (name, template) in &cache.variables {
        let exported = run.exports().filter(|(at, _)| *at < command.invocation).map(|(_, it)| it);
        let mut assignments = exported.chain([invocation]).flat_map(|it| &it.environment);
        let value = match assignments.rfind(|it| it.name == *name) {
            Some(assignment) => text(assignment.value.as_ref()?, state)?,
            None => match state.variable(name) {
                Value::Known(value) if value.is_empty() => continue,
                Value::Known(value) => value,
                Value::Unset => continue,
                Value::Unknown if state.variables.contains_key(name) => return None,
                Value::Unknown => {
                    certainty = Certainty::Assumed;
                    continue;
                }
            },
        };
        return found(&absolute(folder, &template.replace("{value}", &value))?, Certainty::Proved);
    }
    // Behind `sudo`, `gosu` and their like another user's home may count.
    let switches_user =
        invocation.wrappers.iter().any(|it| matches!(it.as_str(), "sudo" | "doas" | "su" | "gosu" | "su-exec"));
    let path = match (&cache.root_path, cache.path.contains("{home}")) {
        (None, false) if command.manager.root => return found(&cache.path, Certainty::Proved),
        (None, false) => cache.path.clone(),
        _ if switches_user => return None,
        (Some(path), _) if state.user.is_root() => path.clone(),
        _ => cache.path.replace("{home}", &state.home()?),
    };
    if !state.base_known {
        certainty = Certainty::Assumed;
    }
    found(&path, certainty)
}
