//! Builds in CI that carry no layers over: see `rules/builds/uncached-build.md`.

use super::{BUILD_PUSH, at, built, input, jobs, may_remember};
use crate::{
    finding::Finding,
    rule::{Check, ProjectCx, Rule},
    source::Location,
};

pub(super) static RULE: Rule = crate::rule!("builds" / "uncached-build", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for (workflow, job) in jobs(cx.project) {
        if !job.is_hosted || workflow.is_for_releases || may_remember(workflow, job) {
            continue;
        }
        for step in &job.steps {
            let has = |name| input(workflow, step, name).is_some();
            if step.uses.as_deref() == Some(BUILD_PUSH) {
                let location = at(workflow, step.uses_span);
                let is_meant =
                    ["cache-from", "cache-to", "no-cache", "no-cache-filters", "call"].iter().any(|it| has(it));
                if !is_meant && builds_layers(cx, location) {
                    let message = "this build keeps no layers for the next run";
                    out.push(finding(location, message, "`cache-from` and `cache-to`"));
                }
            }
            for location in step.command_builds.iter().filter(|it| builds_layers(cx, **it)) {
                let is_cached = |it: &crate::build::Build| !it.cache_from.is_empty() || !it.cache_to.is_empty();
                if !built(cx, *location).iter().any(|it| is_cached(it.0)) {
                    let message = "this command keeps no layers for the next run";
                    out.push(finding(
                        *location,
                        message,
                        "`docker/build-push-action` with `cache-from` and `cache-to`",
                    ));
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
    finding.note = Some(format!(
        "A runner of GitHub starts empty, so that every run builds every layer again. {cure} carry them over, by \
         `type=gha` or through a registry."
    ));
    finding
}
