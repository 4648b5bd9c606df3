//! A stage that is copied whole onto the image that it was built on: see `rules/stages/copied-stage.md`.

use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Label},
    model::{Base, CopyFrom, Stage, Step, StepKind},
    rewrite,
    rule::{Check, FileCx, Rule},
    syntax::Args,
};

pub(super) static RULE: Rule = crate::rule!("stages" / "copied-stage", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        let first = stage.steps.iter().find(|it| matches!(it.kind, StepKind::Run(_) | StepKind::Copy(_)));
        let Some((step, StepKind::Copy(copy))) = first.map(|it| (it, &it.kind)) else { continue };
        let CopyFrom::Stage(from) = copy.from else { continue };
        let source = &cx.model.stages[from];
        let is_whole = copy.sources.as_slice() == [Some("/".to_owned())] && copy.destination.as_deref() == Some("/");
        if !is_whole || !copy.options.is_empty() || !same_platform(cx, stage, source) {
            continue;
        }
        match &stage.base {
            Base::Image(image) if source.bottom.as_deref() == Some(image) => {}
            Base::Stage(below) if *below == from => {
                out.push(onto_itself(cx, step, source));
                continue;
            }
            Base::Image(_) | Base::Stage(_) | Base::Scratch | Base::Unknown => continue,
        }
        let instruction = cx.model.instruction(step);
        let name = source.name.as_deref();
        let message = format!("all of stage {} is copied onto the image that it was built on", called(source));
        let mut finding = Finding::new(RULE.name, cx.at(instruction.span), message)
            .note("The layer holds the base image once more. A stage that starts from the other one has its files without copying any, and its settings, too.");
        let made = cx.model.at(source.from).span;
        finding.related.push(Label { location: cx.at(made), text: "built here".to_owned() });
        if let (Some(name), Args::Words(words)) = (name, &cx.model.at(stage.from).args)
            && let Some(word) = words.first()
            && rewrite::with_comments(&cx.unit.syntax.items, step.item) == step.item
        {
            let edits = [Edit::replace(word.span, name), rewrite::remove_item(&cx.unit.syntax.items[step.item])];
            finding.fix = cx.fix(format!("Start from `{name}`"), Safety::Unsafe, edits);
        }
        out.push(finding);
    }
}

/// A stage that starts from another and copies all of that one onto it once more.
fn onto_itself(cx: &FileCx<'_>, step: &Step, source: &Stage) -> Finding {
    let instruction = cx.model.instruction(step);
    let message = format!("all of stage {} is copied onto itself", called(source));
    let mut finding = Finding::new(RULE.name, cx.at(instruction.span), message)
        .note("This stage starts from it and has its files already; the layer holds all of them once more.");
    let made = cx.model.at(source.from).span;
    finding.related.push(Label { location: cx.at(made), text: "built here".to_owned() });
    if rewrite::with_comments(&cx.unit.syntax.items, step.item) == step.item {
        let edit = rewrite::remove_item(&cx.unit.syntax.items[step.item]);
        finding.fix = cx.fix("Leave the copy out", Safety::Unsafe, [edit]);
    }
    finding
}

/// A stage as it is called: by its name, or by its number.
fn called(stage: &Stage) -> String {
    stage.name.as_ref().map_or_else(|| stage.index.to_string(), |it| format!("`{it}`"))
}

/// Whether two stages are built for the same platform, as far as their own lines say.
fn same_platform(cx: &FileCx<'_>, one: &Stage, other: &Stage) -> bool {
    let platform = |stage: &Stage| cx.model.at(stage.from).flag("platform").map(|it| cx.source.slice(it.span));
    cx.model.ancestry(other.index).all(|it| platform(it) == platform(one))
}
