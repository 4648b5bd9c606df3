//! Images that are built one after the other: see `rules/builds/separate-builds.md`.

use super::{BUILD_PUSH, at, input, jobs};
use crate::{
    finding::{Finding, Label},
    rule::{Check, ProjectCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("builds" / "separate-builds", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for (workflow, job) in jobs(cx.project) {
        let mut seen = Vec::new();
        let mut steps = Vec::new();
        for step in &job.steps {
            // A condition may mean that only one of them runs.
            let is_plain = workflow.tree.get(step.node, "if").is_none();
            if step.uses.as_deref() != Some(BUILD_PUSH) || !is_plain {
                continue;
            }
            let what = ["context", "file", "target"].map(|it| input(workflow, step, it));
            let location = at(workflow, step.uses_span);
            // Where a test of the first image stands between them, they cannot be one step.
            if !seen.contains(&what) {
                seen.push(what);
                steps.push(location);
            }
        }
        if steps.len() < 2 || runs_between(job, &steps) {
            continue;
        }
        let message = format!("this job builds {} images one after the other", steps.len());
        let mut finding = Finding::new(RULE.name, steps[1], message);
        finding.note = Some(
            "`docker/bake-action` builds the targets of a Bake file at once, and what they share only once.".to_owned(),
        );
        let others = steps.iter().enumerate().filter(|it| it.0 != 1);
        finding.related = others
            .map(|(_, location)| Label { location: *location, text: "built in its own step".to_owned() })
            .collect();
        out.push(finding);
    }
}

/// Whether a command runs between the first and the last of these steps, which may need the image that is there by
/// then.
fn runs_between(job: &crate::workflow::Job, steps: &[crate::source::Location]) -> bool {
    let (first, last) = (steps[0].span, steps[steps.len() - 1].span);
    let between = |it: &&crate::workflow::Step| it.uses_span.start > first.start && it.uses_span.start < last.start;
    job.steps.iter().filter(between).any(|it| it.uses.as_deref() != Some(BUILD_PUSH))
}
