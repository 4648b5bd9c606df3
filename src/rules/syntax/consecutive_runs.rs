//! `RUN` after `RUN`: see `rules/syntax/consecutive-runs.md`.

use crate::{
    finding::Finding,
    model::{Run, StepKind},
    rule::{Check, FileCx, Rule},
    shell::{Node, Piece},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "consecutive-runs", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        for pair in stage.steps.windows(2) {
            let (StepKind::Run(first), StepKind::Run(second)) = (&pair[0].kind, &pair[1].kind) else { continue };
            let [before, here] = [0, 1].map(|it| cx.model.instruction(&pair[it]));
            let flags = |it: &crate::syntax::Instruction| {
                it.flags.iter().map(|it| cx.source.slice(it.span).to_owned()).collect::<Vec<_>>()
            };
            if flags(before) != flags(here) || chains(second) || chains(first) {
                continue;
            }
            out.push(
                Finding::new(RULE.name, cx.at(here.keyword.span), "this `RUN` could be a part of the one before")
                    .note("The image then has a layer less; but after a change both are run again."),
            );
        }
    }
}

/// Whether a run has several commands.
fn chains(run: &Run) -> bool {
    let Some(script) = run.script() else { return false };
    let mut commands = 0;
    script.each(&mut |node| {
        let Node::Command(it) = node else { return };
        // Tests are conditions, no commands.
        let first = it.words.iter().next().map(|it| it.pieces.as_slice());
        let is_test = matches!(first, Some([Piece::Literal(it)]) if matches!(it.as_str(), "[" | "[["));
        commands += usize::from(first.is_some() && !is_test);
    });
    commands > 1
}
