//! Blank lines inside an instruction: see `rules/syntax/empty-continuation.md`.

use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Label},
    rule::{Check, FileCx, Rule},
    source::Span,
    syntax::Instruction,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "empty-continuation", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for instruction in cx.instructions() {
        let Some((blank, last)) = blank_lines(cx, instruction) else { continue };
        let message = format!("a blank line stands inside this `{}`", instruction.keyword.text);
        let mut finding = Finding::new(RULE.name, cx.at(last), message)
            .note("The builder still joins the lines, and says that it will not do so for ever.");
        finding.related = vec![Label { location: cx.at(blank[0]), text: "this line is empty".to_owned() }];
        finding.fix = cx.fix("Remove the blank lines", Safety::Safe, blank.into_iter().map(Edit::delete));
        out.push(finding);
    }
}

/// The blank lines inside an instruction, neighbours joined, and the text of its last line before its heredocs.
fn blank_lines(cx: &FileCx<'_>, instruction: &Instruction) -> Option<(Vec<Span>, Span)> {
    let start = instruction.span.start as usize;
    let end = instruction.heredocs.first().map_or(instruction.span.end, |it| it.body.start) as usize;
    let text = cx.source.text.get(start..end)?;
    // Most instructions are one line.
    text.find('\n')?;
    let text = if instruction.heredocs.is_empty() { text } else { text.trim_end_matches(['\r', '\n']) };
    let mut blank: Vec<Span> = Vec::new();
    let mut at = start;
    let mut last = Span::at(start);
    for line in text.split('\n') {
        let next = (at + line.len() + 1).min(cx.source.text.len());
        last = Span::new(at, at + line.trim_end().len());
        if line.trim().is_empty() {
            match blank.last_mut() {
                Some(it) if it.end as usize == at => it.end = next as u32,
                _ => blank.push(Span::new(at, next)),
            }
        }
        at = next;
    }
    (!blank.is_empty()).then_some((blank, last))
}
