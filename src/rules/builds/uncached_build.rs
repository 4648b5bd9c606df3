//! Builds in CI that carry no layers over: see `rules/builds/uncached-build.md`.

use super::{BUILD_PUSH, SETUP_BUILDX, at, built, input, jobs, leaves_builder, may_remember, steps};
use crate::{
    build::{Recipe, Target},
    edit::{Change, Safety},
    finding::{Finding, Fix},
    rule::{Check, ProjectCx, Rule},
    source::Location,
    workflow::{Job, Step, Workflow},
};

pub(super) static RULE: Rule = crate::rule!("builds" / "uncached-build", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for (workflow, job) in jobs(cx.project) {
        if !job.is_hosted || workflow.is_for_releases || may_remember(workflow, job) {
            continue;
        }
        for (index, step) in job.steps.iter().enumerate() {
            let has = |name| input(workflow, step, name).is_some();
            if step.uses.as_deref() == Some(BUILD_PUSH) {
                let location = at(workflow, step.uses_span);
                let is_meant =
                    ["cache-from", "cache-to", "no-cache", "no-cache-filters", "call"].iter().any(|it| has(it));
                if !is_meant && builds_layers(cx, location) {
                    let message = "this build keeps no layers for the next run";
                    let cure = "`cache-from` and `cache-to` carry them over, by `type=gha` or through a registry.";
                    let mut finding = finding(location, message, cure);
                    finding.fix = cached(cx, (workflow, job), (index, step)).map(|change| Fix {
                        title: "Keep the layers in the cache of GitHub".to_owned(),
                        safety: Safety::Unsafe,
                        change,
                    });
                    out.push(finding);
                }
            }
            for location in step.command_builds.iter().filter(|it| builds_layers(cx, **it)) {
                let is_cached = |it: &crate::build::Build| !it.cache_from.is_empty() || !it.cache_to.is_empty();
                if !built(cx, *location).iter().any(|it| is_cached(it.0)) {
                    let message = "this command keeps no layers for the next run";
                    let text = cx.project.source(location.file).slice(location.span);
                    // The cache of GitHub is Docker's; the others know registries alone.
                    let cure = if ["podman", "buildah"].iter().any(|it| text.contains(it)) {
                        "`--layers` with `--cache-from` and `--cache-to` carry them over, through a registry."
                    } else {
                        "`docker/build-push-action` with `cache-from` and `cache-to` carries them over, by `type=gha` \
                         or through a registry."
                    };
                    out.push(finding(*location, message, cure));
                }
            }
        }
    }
}

/// Whether the Dockerfiles that are built there are known, and run something that a cache would save.
fn builds_layers(cx: &ProjectCx<'_>, location: Location) -> bool {
    let built = built(cx, location);
    let runs = built
        .iter()
        .map(|(_, file)| file.is_some_and(|it| it.model.stages.iter().any(|it| it.runs().next().is_some())));
    !built.is_empty() && runs.into_iter().all(|it| it)
}

fn finding(location: Location, message: &str, cure: &str) -> Finding {
    let mut finding = Finding::new(RULE.name, location, message);
    finding.note = Some(format!("A runner of GitHub starts empty, so that every run builds every layer again. {cure}"));
    finding
}

/// The inputs that keep the layers, and a builder that can write them; `None` where dockopt cannot tell what would do.
fn cached(cx: &ProjectCx<'_>, (workflow, job): (&Workflow, &Job), (index, step): (usize, &Step)) -> Option<Change> {
    let location = at(workflow, step.uses_span);
    let here = built(cx, location);
    // The steps of an action are called by others, and a step of a matrix makes several images in turn.
    let [(build, Some(_))] = here.as_slice() else { return None };
    if job.name.is_empty() || input(workflow, step, "builder").is_some() {
        return None;
    }
    let before = &job.steps[..index];
    let is_set_up = before.iter().any(|it| it.uses.as_deref() == Some(SETUP_BUILDX));
    if !is_set_up && !before.iter().all(|it| leaves_builder(workflow, it)) {
        return None;
    }
    // Each image has a scope of its own, or one would take the place of the other.
    let mut places: Vec<(&Recipe, &Target)> = Vec::new();
    for (workflow, step) in jobs(cx.project).flat_map(|(workflow, job)| job.steps.iter().map(move |it| (workflow, it)))
    {
        let is_build = step.uses.as_deref() == Some(BUILD_PUSH);
        let made = cx.project.builds.iter().filter(|it| is_build && it.found_in == at(workflow, step.uses_span));
        places.extend(made.map(|it| (&it.dockerfile, &it.target)));
    }
    let is_alone = places.iter().all(|it| *it == (&build.dockerfile, &build.target));
    let scope = if is_alone { String::new() } else { format!(",scope={}", scope(&build.dockerfile, &build.target)?) };
    let inputs = [("cache-from", format!("type=gha{scope}")), ("cache-to", format!("type=gha,mode=max{scope}"))];
    let edit = steps::add_inputs(cx.project.source(workflow.file), workflow, step, &inputs)?;
    let key = ["jobs", &job.name, "steps", &index.to_string(), "with"].map(str::to_owned);
    let change = Change::of(workflow.file, [edit])?;
    if is_set_up {
        return Some(change.meant_for(workflow.file, key.iter().map(String::as_str)));
    }
    let mut both = steps::set_up(cx.project, workflow, job)?;
    both.try_merge(&change).then_some(both)
}

/// A name for what is built, from the path of its Dockerfile and its stage.
fn scope(dockerfile: &Recipe, target: &Target) -> Option<String> {
    let Recipe::File(path) = dockerfile else { return None };
    let folder = path.strip_suffix("/Dockerfile").unwrap_or(path).trim_start_matches("../");
    let stage = match target {
        Target::Last => String::new(),
        Target::Stage(name) => format!("-{name}"),
        Target::Unknown => return None,
    };
    let name = format!("{folder}{stage}").replace(['/', ' '], "-");
    name.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.')).then_some(name)
}
