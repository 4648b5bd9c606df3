//! `cd` in `RUN`: see `rules/syntax/cd-in-run.md`.

use crate::rules::commands::{Call, calls};
use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Fix},
    model::{Stage, StepKind},
    project::join,
    rewrite,
    rule::{Check, FileCx, Rule},
    shell::{Node, OperatorKind},
    source::Span,
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "cd-in-run", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for call in calls(cx, &["cd"]).filter(|it| it.is_plain() && !it.of.is_trigger()) {
        let Call { it, of } = call;
        let mut finding = Finding::new(RULE.name, cx.at(it.command), "`cd` holds for this `RUN` only")
            .note("`WORKDIR` holds for all that follows, and makes the folder where it is missing.");
        finding.fix = fix(cx, of.stage, of.at);
        out.push(finding);
    }
}

/// `WORKDIR` before a run that begins with `cd`, and behind it the one that was in force, for what follows.
fn fix(cx: &FileCx<'_>, stage: &Stage, at: usize) -> Option<Fix> {
    let step = &stage.steps[at];
    let run = cx.model.instruction(step);
    let before = step.before.workdir.as_ref()?;
    let (operand, cd) = first_cd(stage, at)?;
    if run.comments.iter().any(|it| cd.contains(*it)) {
        return None;
    }
    let folder = join(before, &operand);
    let keyword = rewrite::keyword_like(cx.source, run, Keyword::Workdir);
    let items = &cx.unit.syntax.items;
    let start = items[rewrite::with_comments(items, step.item)].span.start;
    let end = if cx.source.slice(items[step.item].span).ends_with("\r\n") { "\r\n" } else { "\n" };
    let mut edits = vec![Edit::delete(cd)];
    if folder != *before {
        edits.push(Edit::insert(start as usize, format!("{keyword} {folder}{end}")));
        if !sets_folder(cx, stage, at + 1) {
            edits.push(Edit::insert(run.span.end as usize, format!("{end}{keyword} {before}")));
        }
    }
    cx.fix(format!("Let `WORKDIR` go to `{folder}`"), Safety::Unsafe, edits)
}

/// Where a run goes by its first command, and the bytes of that up to the next one.
/// `None` where it goes on from there, or mounts something: the folder would be made in the image.
fn first_cd(stage: &Stage, at: usize) -> Option<(String, Span)> {
    let StepKind::Run(run) = &stage.steps.get(at)?.kind else { return None };
    let [first, second, ..] = run.script()?.list.items.as_slice() else { return None };
    let Node::Command(command) = &first.node else { return None };
    let words: Vec<String> = command.words.iter().map_while(crate::shell::Word::literal).collect();
    let [name, operand] = words.as_slice() else { return None };
    let moves = run.invocations().iter().filter(|it| matches!(it.program.as_str(), "cd" | "pushd" | "popd")).count();
    let is_alone = command.words.len() == 2 && command.assignments.is_empty() && command.redirects.is_empty();
    let is_path = !operand.is_empty() && !operand.starts_with('-') && !operand.contains(char::is_whitespace);
    let is_chained = second.operator.is_some_and(|it| it.kind == OperatorKind::And);
    let is_fit = name == "cd" && moves == 1 && is_alone && is_path && is_chained && run.mounts.is_empty();
    let span = Span { start: first.node.span().start, end: second.node.span().start };
    is_fit.then(|| (operand.clone(), span))
}

/// Whether the folder in force before a step does not matter: it sets another one.
fn sets_folder(cx: &FileCx<'_>, stage: &Stage, at: usize) -> bool {
    let Some(step) = stage.steps.get(at) else { return false };
    let instruction = cx.model.instruction(step);
    instruction.kind == Keyword::Workdir && instruction.rest.text.trim_start().starts_with('/')
}
