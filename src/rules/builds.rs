//! How builds are called: what CI carries over, and what it does for no use.

mod cache_mode_min;
mod cache_without_buildx;
mod legacy_builder;
mod lost_cache_mount;
mod separate_builds;
mod steps;
mod uncached_build;
mod unused_history;

use crate::{
    build::{Build, Recipe, Target},
    model::{Base, CopyFrom, Model, StepKind},
    project::Project,
    rule::{FileCx, ProjectCx, Rule},
    source::{Location, Span},
    workflow::{Job, Step, Workflow},
};

pub(super) static RULES: &[&Rule] = &[
    &cache_mode_min::RULE,
    &cache_without_buildx::RULE,
    &legacy_builder::RULE,
    &lost_cache_mount::RULE,
    &separate_builds::RULE,
    &uncached_build::RULE,
    &unused_history::RULE,
];

/// The action that builds an image.
const BUILD_PUSH: &str = "docker/build-push-action";
/// The action that sets a builder up.
const SETUP_BUILDX: &str = "docker/setup-buildx-action";

/// Each job of each workflow.
fn jobs(project: &Project) -> impl Iterator<Item = (&Workflow, &Job)> {
    project.workflows.iter().flat_map(|workflow| workflow.jobs.iter().map(move |job| (workflow, job)))
}

/// The text of an input of a step; `None` when it is absent or empty.
fn input<'a>(workflow: &'a Workflow, step: &Step, name: &str) -> Option<&'a str> {
    let text = workflow.tree.scalar(step.input(&workflow.tree, name)?)?;
    Some(text.trim()).filter(|it| !it.is_empty())
}

fn at(workflow: &Workflow, span: Span) -> Location {
    Location { file: workflow.file, span }
}

/// Whether the builder of a job may keep what it built: one that is set up elsewhere, or that cannot be told.
fn may_remember(workflow: &Workflow, job: &Job) -> bool {
    job.steps.iter().any(|step| {
        let name = step.uses.as_deref().unwrap_or_default();
        let is_other = |input_name: &str, usual: &str| input(workflow, step, input_name).is_some_and(|it| it != usual);
        if name == SETUP_BUILDX {
            return is_other("driver", "docker-container")
                || ["endpoint", "append"].iter().any(|it| input(workflow, step, it).is_some());
        }
        // Actions that set a builder up, restore its state or carry layers, and those of the repository itself.
        let carries = ["layer-caching", "cache-dance", "depot", "blacksmith", "setup-docker", "namespacelabs"];
        name.starts_with("./") || carries.iter().any(|it| name.contains(it))
    })
}

/// Actions that leave the builder as it is.
const PLAIN: [&str; 6] = [
    "actions/checkout",
    "actions/cache",
    "docker/login-action",
    "docker/metadata-action",
    "docker/setup-qemu-action",
    "docker/build-push-action",
];

/// Whether a step is known to set no builder up.
fn leaves_builder(workflow: &Workflow, step: &Step) -> bool {
    match (&step.uses, step.run) {
        (Some(uses), _) => uses != SETUP_BUILDX && PLAIN.contains(&uses.as_str()),
        (None, Some(run)) => {
            let text = workflow.tree.scalar(run).unwrap_or_default();
            !["buildx", "docker", ".sh", "make"].iter().any(|it| text.contains(it))
        }
        (None, None) => true,
    }
}

/// The Dockerfiles that a place in a workflow builds.
fn built<'a>(cx: &'a ProjectCx<'_>, location: Location) -> Vec<(&'a Build, Option<&'a FileCx<'a>>)> {
    let builds = cx.project.builds.iter().filter(|it| it.found_in == location);
    builds
        .map(|build| {
            let Recipe::File(path) = &build.dockerfile else { return (build, None) };
            (build, cx.files.iter().find(|it| it.source.path == *path))
        })
        .collect()
}

/// The stage that a build makes.
fn target_stage(model: &Model, target: &Target) -> Option<usize> {
    match target {
        Target::Last => model.stages.len().checked_sub(1),
        Target::Stage(name) => {
            let by_name = model.stages.iter().position(|it| it.name.as_deref() == Some(&*name.to_lowercase()));
            by_name.or_else(|| name.parse().ok().filter(|it| *it < model.stages.len()))
        }
        Target::Unknown => None,
    }
}

/// The stages below a stage, itself included: their layers are part of the image.
fn chain(model: &Model, stage: usize) -> Vec<usize> {
    let mut out = vec![stage];
    while let Base::Stage(below) = model.stages[out[out.len() - 1]].base
        && !out.contains(&below)
    {
        out.push(below);
    }
    out
}

/// A stage with a `RUN` whose files are copied into the image, but whose layers are no part of it.
fn stage_beside(model: &Model, target: usize) -> Option<usize> {
    let inside = chain(model, target);
    let steps = inside.iter().flat_map(|it| &model.stages[*it].steps);
    let mut sources = steps.filter_map(|it| match &it.kind {
        StepKind::Copy(copy) => match copy.from {
            CopyFrom::Stage(from) => Some(from),
            CopyFrom::Context | CopyFrom::Other(_) => None,
        },
        StepKind::Run(_) | StepKind::Other => None,
    });
    sources.find(|from| {
        let chain = chain(model, *from);
        chain.iter().any(|it| !inside.contains(it) && model.stages[*it].runs().next().is_some())
    })
}
