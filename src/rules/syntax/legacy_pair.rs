//! `ENV key value` without `=`: see `rules/syntax/legacy-pair.md`.

use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
    source::Span,
    syntax::{Args, Instruction, Pair},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "legacy-pair", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let all: Vec<(&Instruction, &Pair)> = cx.instructions().filter_map(|it| Some((it, legacy(it)?))).collect();
    let fixes: Vec<Vec<Edit>> = all.iter().map(|(it, pair)| edits(cx, it, pair)).collect();
    // One finding tells the file's owner what BuildKit tells line by line. It stands where something can be done.
    let lead = fixes.iter().position(|it| !it.is_empty()).unwrap_or_default();
    for (at, (instruction, pair)) in all.iter().enumerate() {
        let is_lead = at == lead;
        let others = if is_lead { all.len() - 1 } else { 0 };
        let (more, verb) = if others > 0 { (format!(" and {others} more"), "have") } else { (String::new(), "has") };
        let name = &pair.key.text;
        let message = format!("`{} {name}`{more} {verb} no `=` between name and value", instruction.kind);
        let mut finding = Finding::new(RULE.name, cx.at(pair.key.span), message)
            .note("In this old form the rest of the line is the value, a second pair included.");
        let edits = if is_lead { fixes.concat() } else { fixes[at].clone() };
        finding.fix = cx.fix("Put a `=` between them", Safety::Safe, edits).filter(|it| !it.change.is_empty());
        out.push(if is_lead { finding } else { finding.for_parity() });
    }
}

/// The pair of an instruction in the old form.
fn legacy(it: &Instruction) -> Option<&Pair> {
    match &it.args {
        Args::Pairs(pairs) => pairs.first().filter(|it| it.legacy),
        _ => None,
    }
}

/// The edits that write a pair in the new form; none where that cannot be done faithfully.
fn edits(cx: &FileCx<'_>, instruction: &Instruction, pair: &Pair) -> Vec<Edit> {
    let value = &pair.value;
    let gap = Span { start: pair.key.span.end, end: value.span.start };
    let in_gap = |it: &&Span| gap.start <= it.start && it.end <= gap.end;
    if value.text.is_empty() || instruction.comments.iter().any(|it| in_gap(&it)) {
        return Vec::new();
    }
    match quote(&value.text, cx.unit.syntax.escape) {
        Some("") => vec![Edit::replace(gap, "=")],
        // A quoted text over several lines is read in one way by some and in another by others.
        Some(quote) if !cx.source.slice(value.span).contains('\n') => {
            vec![Edit::replace(gap, format!("={quote}")), Edit::insert(value.span.end as usize, quote)]
        }
        Some(_) | None => Vec::new(),
    }
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
