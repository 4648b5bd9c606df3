//! Images that are built one after the other: see `rules/builds/separate-builds.md`.

use super::{BUILD_PUSH, at, built, chain, input, jobs, target_stage};
use crate::{
    build::Recipe,
    finding::{Finding, Fix, Label},
    rule::{Check, ProjectCx, Rule},
    source::Location,
    workflow::{Job, Step},
};

mod bake;

pub(super) static RULE: Rule = crate::rule!("builds" / "separate-builds", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for (workflow, job) in jobs(cx.project) {
        let mut seen = Vec::new();
        let mut steps: Vec<(usize, &Step)> = Vec::new();
        for (index, step) in job.steps.iter().enumerate() {
            // A condition may mean that only one of them runs.
            let is_plain = workflow.tree.get(step.node, "if").is_none();
            if step.uses.as_deref() != Some(BUILD_PUSH) || !is_plain {
                continue;
            }
            let what = ["context", "file", "target"].map(|it| input(workflow, step, it));
            if !seen.contains(&what) {
                seen.push(what);
                steps.push((index, step));
            }
        }
        // Where a test of the first image stands between them, they cannot be one step.
        if steps.len() < 2 || runs_between(job, &steps) {
            continue;
        }
        let places: Vec<Location> = steps.iter().map(|it| at(workflow, it.1.uses_span)).collect();
        if are_one_line(cx, &places) {
            continue;
        }
        let message = format!("this job builds {} images one after the other", steps.len());
        let mut finding = Finding::new(RULE.name, places[1], message);
        let mut note =
            "`docker/bake-action` builds the targets of a Bake file at once, and what they share only once.".to_owned();
        match bake::change(cx, (workflow, job), &steps) {
            Ok(change) => {
                finding.fix = Some(Fix {
                    title: format!("Build them at once, by `{}`", bake::FILE),
                    safety: crate::edit::Safety::Unsafe,
                    change,
                });
            }
            Err(reason) => note = format!("{note} {reason}"),
        }
        finding.note = Some(note);
        let others = places.iter().enumerate().filter(|it| it.0 != 1);
        finding.related = others
            .map(|(_, location)| Label { location: *location, text: "built in its own step".to_owned() })
            .collect();
        out.push(finding);
    }
}

/// Whether a command runs between the first and the last of these steps, which may need the image that is there by
/// then.
fn runs_between(job: &Job, steps: &[(usize, &Step)]) -> bool {
    let (first, last) = (steps[0].0, steps[steps.len() - 1].0);
    job.steps[first..last].iter().any(|it| it.uses.as_deref() != Some(BUILD_PUSH))
}

/// Whether all are stages of one Dockerfile, each built on the one before: their builder does nothing twice, and has
/// nothing to do at once.
fn are_one_line(cx: &ProjectCx<'_>, places: &[Location]) -> bool {
    let mut below: Vec<usize> = Vec::new();
    let mut recipe: Option<&Recipe> = None;
    for place in places {
        let here = built(cx, *place);
        let [(build, Some(file))] = here.as_slice() else { return false };
        let Some(stage) = target_stage(file.model, &build.target) else { return false };
        let line = chain(file.model, stage);
        if recipe.is_some_and(|it| *it != build.dockerfile) || !below.iter().all(|it| line.contains(it)) {
            return false;
        }
        recipe = Some(&build.dockerfile);
        below = line;
    }
    true
}
