//! Checkouts of a history that nothing looks at: see `rules/builds/unused-history.md`.

use super::{BUILD_PUSH, at, built, jobs, steps};
use crate::{
    build::BuildContext,
    edit::{Change, Safety},
    finding::{Finding, Fix},
    rule::{Check, ProjectCx, Rule},
    workflow::{Job, Step, Workflow},
};

pub(super) static RULE: Rule = crate::rule!("builds" / "unused-history", Check::Project(check));

/// Actions that look at no history.
const BLIND: [&str; 8] = [
    "actions/checkout",
    "actions/cache",
    BUILD_PUSH,
    "docker/login-action",
    "docker/metadata-action",
    "docker/setup-buildx-action",
    "docker/setup-qemu-action",
    "actions/upload-artifact",
];

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for (workflow, job) in jobs(cx.project).filter(|it| !it.1.name.is_empty()) {
        let is_checkout = |it: &(usize, &Step)| it.1.uses.as_deref() == Some("actions/checkout");
        let mut checkouts = job.steps.iter().enumerate().filter(is_checkout);
        let (Some((index, checkout)), None) = (checkouts.next(), checkouts.next()) else { continue };
        let depth = workflow.tree.at(checkout.node, &["with"]).and_then(|it| workflow.tree.get(it, "fetch-depth"));
        let Some(depth) = depth.filter(|it| workflow.tree.scalar(it.value) == Some("0")) else { continue };
        if !looks_away(cx, workflow, job) {
            continue;
        }
        let span = depth.key.cover(workflow.tree.span(depth.value));
        let mut finding = Finding::new(RULE.name, at(workflow, span), "nothing in this job looks at the whole history");
        finding.note = Some(
            "`fetch-depth: 0` downloads every commit of every branch; without it only the files of one commit come."
                .to_owned(),
        );
        let edit = steps::remove_input(cx.project.source(workflow.file), workflow, checkout, "fetch-depth");
        let key = ["jobs", &job.name, "steps", &index.to_string(), "with"].map(str::to_owned);
        finding.fix = edit.and_then(|it| Change::of(workflow.file, [it])).map(|change| Fix {
            title: "Fetch one commit".to_owned(),
            safety: Safety::Safe,
            change: change.meant_for(workflow.file, key.iter().map(String::as_str)),
        });
        out.push(finding);
    }
}

/// Whether all that a job does is known to look at no history.
fn looks_away(cx: &ProjectCx<'_>, workflow: &Workflow, job: &Job) -> bool {
    let mut builds = 0;
    for step in &job.steps {
        if step.run.is_some() || !step.uses.as_deref().is_some_and(|it| BLIND.contains(&it)) {
            return false;
        }
        if step.uses.as_deref() != Some(BUILD_PUSH) {
            continue;
        }
        let built = built(cx, at(workflow, step.uses_span));
        // With the folder itself as context, `.git` may be copied; a repository that is fetched comes without it.
        let hides = |context: &BuildContext| match context {
            BuildContext::Committed(_) => true,
            BuildContext::Folder(folder) => folder != "." && cx.project.files.kind(&format!("{folder}/.git")).is_none(),
            BuildContext::Remote(_) | BuildContext::None => false,
        };
        if built.is_empty() || !built.iter().all(|it| hides(&it.0.context) && it.0.contexts.is_empty()) {
            return false;
        }
        builds += 1;
    }
    builds > 0
}
