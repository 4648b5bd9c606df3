//! Comments that silence hadolint: see `rules/syntax/suppression-used.md`.

use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
    source::Span,
    syntax::ItemKind,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "suppression-used", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for item in cx.unit.syntax.items.iter().filter(|it| matches!(it.kind, ItemKind::Comment)) {
        let line = cx.source.slice(item.span);
        let Some(text) = line.trim_start().strip_prefix('#').and_then(|it| it.trim_start().strip_prefix("hadolint"))
        else {
            continue;
        };
        let words = ["ignore", "global ignore", "stage ignore"];
        if text.starts_with([' ', '\t']) && words.iter().any(|it| text.trim_start().starts_with(it)) {
            let span = Span::new(item.span.start as usize, item.span.start as usize + line.trim_end().len());
            out.push(Finding::new(RULE.name, cx.at(span), "this comment silences findings"));
        }
    }
}
