//! `ENV key value` without `=`: see `rules/syntax/legacy-pair.md`.

use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Fix},
    rule::{Check, FileCx, Rule},
    source::Span,
    syntax::{Args, Instruction, Pair},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "legacy-pair", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for instruction in cx.instructions() {
        let Args::Pairs(pairs) = &instruction.args else { continue };
        let Some(pair) = pairs.first().filter(|it| it.legacy) else { continue };
        let keyword = instruction.kind;
        let message = format!("`{keyword} {}` has no `=` between name and value", pair.key.text);
        let mut finding = Finding::new(RULE.name, cx.at(pair.key.span), message)
            .note("In this old form the rest of the line is the value, a second pair included.");
        finding.fix = fix(cx, instruction, pair);
        out.push(finding);
    }
}

fn fix(cx: &FileCx<'_>, instruction: &Instruction, pair: &Pair) -> Option<Fix> {
    let value = &pair.value;
    let gap = Span { start: pair.key.span.end, end: value.span.start };
    let in_gap = |it: &&Span| gap.start <= it.start && it.end <= gap.end;
    if value.text.is_empty() || instruction.comments.iter().any(|it| in_gap(&it)) {
        return None;
    }
    let quote = quote(&value.text, cx.unit.syntax.escape)?;
    let title = format!("Write `{}=…`", pair.key.text);
    let mut edits = vec![Edit::replace(gap, format!("={quote}"))];
    if !quote.is_empty() {
        edits.push(Edit::insert(value.span.end as usize, quote));
    }
    cx.fix(title, Safety::Safe, edits)
}

/// What has to stand around a value, so that it is one word and still means the same; `None` if nothing will do.
fn quote(value: &str, escape: char) -> Option<&'static str> {
    let special = |it: char| matches!(it, '"' | '\'') || it == escape;
    let inner = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    if inner.is_some_and(|it| !it.contains(special)) {
        return Some("");
    }
    match (value.contains(char::is_whitespace), value.contains(special)) {
        (false, false) => Some(""),
        // `${a:-b c}` may divide the words in another place.
        (true, false) if value.contains("${") => None,
        (true, false) => Some("\""),
        (_, true) => None,
    }
}
