//! Caches that the builder cannot write: see `rules/builds/cache-without-buildx.md`.

use super::{BUILD_PUSH, SETUP_BUILDX, at, input, jobs};
use crate::{
    finding::Finding,
    rule::{Check, ProjectCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("builds" / "cache-without-buildx", Check::Project(check));

/// Actions that leave the builder as it is.
const PLAIN: [&str; 6] = [
    "actions/checkout",
    "actions/cache",
    "docker/login-action",
    "docker/metadata-action",
    "docker/setup-qemu-action",
    "docker/build-push-action",
];

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for (workflow, job) in jobs(cx.project) {
        // An action uses the builder that its caller has set up, and so may a runner of one's own.
        if job.name.is_empty() || !job.is_hosted {
            continue;
        }
        for (index, step) in job.steps.iter().enumerate() {
            let cache = input(workflow, step, "cache-to").filter(|_| step.uses.as_deref() == Some(BUILD_PUSH));
            let Some(cache) = cache else { continue };
            let is_exported = cache.lines().any(|it| it.contains("type=") && !it.contains("type=inline"));
            let is_known = job.steps[..index].iter().all(|it| leaves_builder(workflow, it));
            if !is_exported || cache.contains("${{") || input(workflow, step, "builder").is_some() || !is_known {
                continue;
            }
            let Some(node) = step.input(&workflow.tree, "cache-to") else { continue };
            let message = format!("no step before this one runs `{SETUP_BUILDX}`, which this cache needs");
            let mut finding = Finding::new(RULE.name, at(workflow, workflow.tree.span(node)), message);
            finding.note = Some(
                "The builder inside Docker exports no cache unless it keeps images in containerd: the build ends with \
                 \"Cache export is not supported for the docker driver\"."
                    .to_owned(),
            );
            out.push(finding);
        }
    }
}

/// Whether a step is known to set no builder up.
fn leaves_builder(workflow: &crate::workflow::Workflow, step: &crate::workflow::Step) -> bool {
    match (&step.uses, step.run) {
        (Some(uses), _) => uses != SETUP_BUILDX && PLAIN.contains(&uses.as_str()),
        (None, Some(run)) => {
            let text = workflow.tree.scalar(run).unwrap_or_default();
            !["buildx", "docker", ".sh", "make"].iter().any(|it| text.contains(it))
        }
        (None, None) => true,
    }
}
