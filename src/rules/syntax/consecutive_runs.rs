//! `RUN` after `RUN`: see `rules/syntax/consecutive-runs.md`.

use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Fix},
    model::{Run, StepKind},
    rule::{Check, FileCx, Rule},
    shell::Node,
    source::Span,
    syntax::{Args, Instruction},
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
            if flags(before) != flags(here) || chains(cx, here, second) || chains(cx, before, first) {
                continue;
            }
            let mut finding =
                Finding::new(RULE.name, cx.at(here.keyword.span), "this `RUN` could be a part of the one before")
                    .note("The image then has a layer less; but after a change both are run again.");
            finding.fix = joined(cx, [before, here], [first, second]);
            out.push(finding);
        }
    }
}

/// The two as one, where each is a plain command on its own lines and nothing stands between.
fn joined(cx: &FileCx<'_>, [before, here]: [&Instruction; 2], runs: [&Run; 2]) -> Option<Fix> {
    let is_plain = |run: &Run| {
        let script = run.script()?;
        let [item] = script.list.items.as_slice() else { return None };
        let Node::Command(it) = &item.node else { return None };
        // What a command such as `cd` or `export` changes would reach the second one.
        let changes = ["cd", "export", "set", "umask", "exit", "exec", ".", "source", "unset", "alias", "trap"];
        let name = it.words.iter().next()?.literal()?;
        let is_quiet = script.comments.is_empty() && script.heredocs.is_empty() && item.terminator.is_none();
        (is_quiet && !changes.contains(&name.as_str())).then_some(())
    };
    runs.into_iter().try_for_each(is_plain)?;
    let gap = Span { start: before.rest.whole().end, end: here.rest.whole().start };
    let is_bare =
        [before, here].iter().all(|it| it.flags.is_empty() && it.heredocs.is_empty() && it.comments.is_empty());
    let between = cx.source.slice(gap).trim();
    if !is_bare || between.len() != here.keyword.span.len() {
        return None;
    }
    let escape = cx.unit.syntax.escape;
    cx.fix("Join it to the one before", Safety::Unsafe, [Edit::replace(gap, format!(" && {escape}\n    "))])
}

/// Whether a run has several commands.
fn chains(cx: &FileCx<'_>, instruction: &Instruction, run: &Run) -> bool {
    let Some(script) = run.script() else {
        return matches!(instruction.args, Args::Shell(_)) && divides(cx.source.slice(instruction.rest.whole()));
    };
    let mut commands = 0;
    script.each(&mut |node| {
        let Node::Command(it) = node else { return };
        // Tests are conditions, no commands; and hadolint knows none whose name is in a variable.
        let name = it.words.iter().next().and_then(crate::shell::Word::literal);
        commands += usize::from(name.is_some_and(|it| !matches!(it.as_str(), "[" | "[[")));
    });
    commands > 1
}

/// Whether the text of another shell, such as PowerShell's, has several commands: in all of them these divide commands
/// where they are not quoted.
fn divides(text: &str) -> bool {
    let mut quote = None;
    let mut plain = String::new();
    for it in text.trim_end().trim_end_matches(';').chars() {
        match quote {
            Some(mark) => quote = Some(mark).filter(|mark| *mark != it),
            None if matches!(it, '"' | '\'') => quote = Some(it),
            None => plain.push(it),
        }
    }
    plain.contains([';', '|']) || plain.contains("&&")
}
