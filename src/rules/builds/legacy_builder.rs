//! Builds with BuildKit switched off: see `rules/builds/legacy-builder.md`.

use super::{at, jobs};
use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    project::Project,
    rule::{Check, ProjectCx, Rule},
    source::{Location, Span},
    workflow::Workflow,
    yaml::NodeId,
};

pub(super) static RULE: Rule = crate::rule!("builds" / "legacy-builder", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for workflow in &cx.project.workflows {
        environment(cx.project, workflow, workflow.tree.root, &[], out);
    }
    for (workflow, job) in jobs(cx.project) {
        environment(cx.project, workflow, job.node, &["jobs", &job.name], out);
        for (index, step) in job.steps.iter().enumerate() {
            let index = index.to_string();
            environment(cx.project, workflow, step.node, &["jobs", &job.name, "steps", &index], out);
            let span_of = |location: &Location| location.span;
            for span in step.without_buildkit.iter().map(span_of).filter(|it| is_written(cx, workflow, *it)) {
                let mut finding = finding(at(workflow, span));
                let key = ["jobs", &job.name, "steps", &index, "run"];
                finding.fix = switched_on(cx.project, finding.location, Safety::Unsafe, &key);
                out.push(finding);
            }
        }
    }
    for location in &cx.project.without_buildkit {
        let mut finding = finding(*location);
        // Of scripts it cannot be verified what an edit does.
        finding.fix = switched_on(cx.project, *location, Safety::Shown, &[]);
        out.push(finding);
    }
}

/// The fix of `DOCKER_BUILDKIT=0` in a command line.
fn switched_on(project: &Project, location: Location, safety: Safety, key: &[&str]) -> Option<Fix> {
    let written = project.source(location.file).slice(location.span);
    let head = written.strip_suffix('0').filter(|it| it.contains("DOCKER_BUILDKIT"))?;
    let at = location.span.start as usize + head.len();
    let change = Change::of(location.file, [Edit::replace(Span::new(at, at + 1), "1")])?;
    let change = if key.is_empty() { change } else { change.meant_for(location.file, key.iter().copied()) };
    Some(Fix { title: "Build with BuildKit".to_owned(), safety, change })
}

/// Whether the command line itself says it; what `env` says is found there.
fn is_written(cx: &ProjectCx<'_>, workflow: &Workflow, span: Span) -> bool {
    cx.project.source(workflow.file).slice(span).contains("DOCKER_BUILDKIT")
}

/// `DOCKER_BUILDKIT: 0` in the section `env` of a node.
fn environment(project: &Project, workflow: &Workflow, node: NodeId, path: &[&str], out: &mut Vec<Finding>) {
    let tree = &workflow.tree;
    let Some(value) = tree.at(node, &["env", "DOCKER_BUILDKIT"]) else { return };
    if tree.scalar(value) != Some("0") {
        return;
    }
    let span = tree.span(value);
    let mut finding = finding(at(workflow, span));
    let written = project.source(workflow.file).slice(span);
    let key = path.iter().copied().chain(["env", "DOCKER_BUILDKIT"]);
    let change = Change::of(workflow.file, [Edit::replace(span, written.replace('0', "1"))]);
    finding.fix = change.map(|change| Fix {
        title: "Build with BuildKit".to_owned(),
        safety: Safety::Unsafe,
        change: change.meant_for(workflow.file, key),
    });
    out.push(finding);
}

fn finding(location: Location) -> Finding {
    let mut finding = Finding::new(RULE.name, location, "this switches BuildKit off");
    finding.note = Some(
        "Docker's old builder runs stages one after the other, sends the whole context, knows no mounts, and is \
         deprecated."
            .to_owned(),
    );
    finding
}
