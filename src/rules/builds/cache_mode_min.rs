//! Caches that leave out the build stages: see `rules/builds/cache-mode-min.md`.

use super::{BUILD_PUSH, at, built, jobs, stage_beside, target_stage};
use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix, Label},
    rule::{Check, FileCx, ProjectCx, Rule},
    source::{Location, Span},
    workflow::{Job, Step, Workflow},
};

pub(super) static RULE: Rule = crate::rule!("builds" / "cache-mode-min", Check::Project(check));

/// The kinds of caches that can hold all stages.
const KINDS: [&str; 5] = ["gha", "registry", "local", "s3", "azblob"];

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for (workflow, job) in jobs(cx.project) {
        for (index, step) in job.steps.iter().enumerate() {
            if step.uses.as_deref() == Some(BUILD_PUSH) {
                step_findings(cx, workflow, job, (index, step), out);
            }
        }
    }
}

fn step_findings(
    cx: &ProjectCx<'_>,
    workflow: &Workflow,
    job: &Job,
    (index, step): (usize, &Step),
    out: &mut Vec<Finding>,
) {
    let Some(node) = step.input(&workflow.tree, "cache-to") else { return };
    let Some(text) = workflow.tree.cooked(node, &cx.project.source(workflow.file).text) else { return };
    let built = built(cx, at(workflow, step.uses_span));
    let beside = built.iter().find_map(|(build, file)| {
        let file = (*file)?;
        let stage = stage_beside(file.model, target_stage(file.model, &build.target)?)?;
        Some((file, stage))
    });
    let Some((file, stage)) = beside else { return };
    let mut start = 0;
    for line in text.text.split_inclusive('\n') {
        let entry = line.trim();
        let from = start + (line.len() - line.trim_start().len());
        start += line.len();
        let has = |key: &str, value: &str| entry.split(',').any(|it| it.trim().split_once('=') == Some((key, value)));
        if !KINDS.iter().any(|it| has("type", it)) || entry.split(',').any(names_mode) {
            continue;
        }
        let span = text.span(from..from + entry.len());
        let mut finding = Finding::new(RULE.name, at(workflow, span), "this cache leaves out the build stages");
        finding.note = Some(
            "Without `mode=max` only the layers of the image itself are kept, so that the stages it copies from are \
             built again from their first step as soon as a file changes."
                .to_owned(),
        );
        finding.related.push(label(file, stage));
        let edit = Edit::insert(span.end as usize, ",mode=max");
        let key = ["jobs", &job.name, "steps", &index.to_string(), "with", "cache-to"].map(str::to_owned);
        let change = Change::of(workflow.file, [edit]);
        finding.fix = change.filter(|_| !job.name.is_empty()).map(|change| Fix {
            title: "Keep the layers of all stages".to_owned(),
            safety: Safety::Unsafe,
            change: change.meant_for(workflow.file, key.iter().map(String::as_str)),
        });
        out.push(finding);
    }
}

/// Whether a part of an entry names a mode. Who writes `mode=min` means it, as that is what happens anyway.
fn names_mode(part: &str) -> bool {
    part.trim().starts_with("mode=")
}

fn label(file: &FileCx<'_>, stage: usize) -> Label {
    let from = file.model.stages[stage].from;
    let span = file.unit.syntax.items[from].span;
    let line = file.source.slice(span).lines().next().unwrap_or_default();
    let span = Span::new(span.start as usize, span.start as usize + line.len());
    Label { location: Location { file: file.unit.file, span }, text: "this stage is not kept".to_owned() }
}
