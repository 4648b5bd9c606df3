//! A stage that is copied whole onto the image that it was built on: see `rules/stages/copied-stage.md`.

use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Label},
    model::{Base, CopyFrom, Stage, StepKind},
    rewrite,
    rule::{Check, FileCx, Rule},
    syntax::Args,
};

pub(super) static RULE: Rule = crate::rule!("stages" / "copied-stage", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        let Base::Image(image) = &stage.base else { continue };
        let first = stage.steps.iter().find(|it| matches!(it.kind, StepKind::Run(_) | StepKind::Copy(_)));
        let Some((step, StepKind::Copy(copy))) = first.map(|it| (it, &it.kind)) else { continue };
        let CopyFrom::Stage(from) = copy.from else { continue };
        let source = &cx.model.stages[from];
        let is_whole = copy.sources.as_slice() == [Some("/".to_owned())] && copy.destination.as_deref() == Some("/");
        if !is_whole
            || !copy.options.is_empty()
            || source.bottom.as_deref() != Some(image)
            || !same_platform(cx, stage, source)
        {
            continue;
        }
        let instruction = cx.model.instruction(step);
        let name = source.name.as_deref();
        let message = format!(
            "all of stage {} is copied onto the image that it was built on",
            name.map_or_else(|| from.to_string(), |it| format!("`{it}`"))
        );
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

/// Whether two stages are built for the same platform, as far as their own lines say.
fn same_platform(cx: &FileCx<'_>, one: &Stage, other: &Stage) -> bool {
    let platform = |stage: &Stage| cx.model.at(stage.from).flag("platform").map(|it| cx.source.slice(it.span));
    cx.model.ancestry(other.index).all(|it| platform(it) == platform(one))
}
