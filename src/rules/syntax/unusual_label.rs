//! Labels whose names break the rules: see `rules/syntax/unusual-label.md`.

use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::{Args, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "unusual-label", Check::File(check));

/// What Docker keeps for itself.
const RESERVED: &[&str] = &["com.docker.", "io.docker.", "org.dockerproject."];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for label in cx.all(Keyword::Label) {
        let Args::Pairs(pairs) = &label.args else { continue };
        for pair in pairs {
            let name = pair.key.text.trim_matches(['"', '\'']);
            let Some(why) = objection(name) else { continue };
            let message = format!("the label `{name}` {why}");
            let mut finding = Finding::new(RULE.name, cx.at(pair.key.span), message)
                .note("Docker's guidelines for labels ask for names in lower case with an owner's domain in front.");
            let lower = name.to_ascii_lowercase();
            let is_free = pairs.iter().all(|it| it.key.text.trim_matches(['"', '\'']) != lower);
            let raw = cx.source.slice(pair.key.span);
            if objection(&lower).is_none() && is_free && raw == pair.key.text {
                let edit = Edit::replace(pair.key.span, raw.to_ascii_lowercase());
                finding.fix = cx.fix(format!("Write `{lower}`"), Safety::Unsafe, [edit]);
            }
            out.push(finding);
        }
    }
}

/// What is wrong with the name of a label.
fn objection(name: &str) -> Option<&'static str> {
    let is_plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    let bytes = name.as_bytes();
    if RESERVED.iter().any(|it| name.starts_with(it)) {
        return Some("lies in a namespace that Docker keeps for itself");
    }
    if !bytes.iter().all(|it| is_plain(*it) || b"._/-".contains(it)) {
        return Some("has other characters than small letters, digits, `.`, `_`, `/` and `-`");
    }
    if !bytes.first().is_some_and(u8::is_ascii_lowercase) || !bytes.last().is_some_and(|it| is_plain(*it)) {
        return Some("does not begin with a letter and end with a letter or digit");
    }
    (name.contains("..") || name.contains("--")).then_some("has two separators in a row")
}
