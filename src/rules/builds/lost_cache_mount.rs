//! Cache mounts that are empty in every run: see `rules/builds/lost-cache-mount.md`.

use super::{BUILD_PUSH, at, built, jobs, may_remember};
use crate::{
    finding::{Finding, Label},
    model::MountKind,
    rule::{Check, FileCx, ProjectCx, Rule},
    source::Location,
};

pub(super) static RULE: Rule = crate::rule!("builds" / "lost-cache-mount", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for (workflow, job) in jobs(cx.project) {
        if !job.is_hosted || may_remember(workflow, job) {
            continue;
        }
        for step in &job.steps {
            let action = at(workflow, step.uses_span);
            let action = (step.uses.as_deref() == Some(BUILD_PUSH)).then_some(action);
            for location in action.iter().chain(&step.command_builds) {
                let built = built(cx, *location);
                let Some(label) = built.iter().find_map(|it| mount(it.1?)) else { continue };
                let mut finding =
                    Finding::new(RULE.name, *location, "the cache mounts of this build are empty in every run");
                finding.note = Some(
                    "A cache mount stays on the builder, and a runner of GitHub starts without one. Only layers are \
                     carried over by `cache-to`; `reproducible-containers/buildkit-cache-dance` carries mounts."
                        .to_owned(),
                );
                finding.related.push(label);
                out.push(finding);
            }
        }
    }
}

/// The first cache mount of a Dockerfile.
fn mount(file: &FileCx<'_>) -> Option<Label> {
    let mounts = file.model.stages.iter().flat_map(crate::model::Stage::runs).flat_map(|(_, run)| &run.mounts);
    let mut caches = mounts.filter(|it| it.kind == MountKind::Cache);
    let location = Location { file: file.unit.file, span: caches.next()?.span };
    Some(Label { location, text: "this one, for example".to_owned() })
}
