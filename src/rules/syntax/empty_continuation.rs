//! Blank lines inside an instruction: see `rules/syntax/empty-continuation.md`.

use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Label},
    rule::{Check, FileCx, Rule, Swallowed, may_have_gap},
    source::Span,
    syntax::Instruction,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "empty-continuation", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for instruction in cx.instructions() {
        let swallowed = cx.swallowed(instruction);
        out.extend(swallowed.map(|it| joined(cx, instruction, it)));
        let Some((blank, last)) = blank_lines(cx, instruction) else { continue };
        let message = format!("a blank line stands inside this `{}`", instruction.keyword.text);
        let mut finding = Finding::new(RULE.name, cx.at(last), message)
            .note("The builder still joins the lines, and says that it will not do so for ever.");
        finding.related = vec![Label { location: cx.at(blank[0]), text: "this line is empty".to_owned() }];
        finding.fix = cx.fix("Remove the blank lines", Safety::Safe, blank.into_iter().map(Edit::delete));
        // Without its blank lines the instruction would look as if it were meant to be so.
        out.push(if swallowed.is_some() { Finding { fix: None, ..finding }.for_parity() } else { finding });
    }
}

/// An instruction that was meant to stand on its own.
fn joined(cx: &FileCx<'_>, instruction: &Instruction, it: Swallowed) -> Finding {
    let (inner, outer) = (cx.source.slice(it.keyword), &instruction.keyword.text);
    let line = cx.source.line(instruction.span.start);
    let message = format!("this `{inner}` is read as a part of the `{outer}` of line {line}");
    let mut finding = Finding::new(RULE.name, cx.at(it.keyword), message)
        .only_as(&[])
        .note("Neither an empty line nor a comment ends an instruction whose last line goes on.");
    finding.related = vec![Label { location: cx.at(it.continuation), text: "it goes on from here".to_owned() }];
    let title = format!("Take out the `{}`", cx.unit.syntax.escape);
    finding.fix = cx.fix(title, Safety::Unsafe, [Edit::delete(it.continuation)]);
    finding
}

/// The blank lines inside an instruction, neighbours joined, and the text of its last line before its heredocs.
fn blank_lines(cx: &FileCx<'_>, instruction: &Instruction) -> Option<(Vec<Span>, Span)> {
    let start = instruction.span.start as usize;
    let end = instruction.heredocs.first().map_or(instruction.span.end, |it| it.body.start) as usize;
    let text = cx.source.text.get(start..end)?;
    if !may_have_gap(text) {
        return None;
    }
    let text = if instruction.heredocs.is_empty() { text } else { text.trim_end_matches(['\r', '\n']) };
    let mut blank: Vec<Span> = Vec::new();
    let mut at = start;
    let mut last = (at, text);
    for line in text.split('\n') {
        let next = (at + line.len() + 1).min(cx.source.text.len());
        last = (at, line);
        if line.trim_start().is_empty() {
            match blank.last_mut() {
                Some(it) if it.end as usize == at => it.end = next as u32,
                _ => blank.push(Span::new(at, next)),
            }
        }
        at = next;
    }
    let last = Span::new(last.0, last.0 + last.1.trim_end().len());
    (!blank.is_empty()).then_some((blank, last))
}
