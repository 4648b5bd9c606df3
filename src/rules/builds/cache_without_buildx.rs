//! Caches that the builder cannot write: see `rules/builds/cache-without-buildx.md`.

use super::{BUILD_PUSH, SETUP_BUILDX, at, input, jobs, leaves_builder, steps};
use crate::{
    edit::Safety,
    finding::{Finding, Fix},
    rule::{Check, ProjectCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("builds" / "cache-without-buildx", Check::Project(check));

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
            finding.fix = steps::set_up(cx.project, workflow, job).map(|change| Fix {
                title: format!("Run `{SETUP_BUILDX}` first"),
                safety: Safety::Unsafe,
                change,
            });
            out.push(finding);
        }
    }
}
