//! `FROM` that names no image unless arguments are passed: see `rules/syntax/invalid-default-base.md`.

use super::from_arguments::{PREDEFINED, global};
use crate::{
    finding::Finding,
    model::{Value, expand},
    rule::{Check, FileCx, Rule},
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "invalid-default-base", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for from in cx.all(Keyword::From) {
        let Some(word) = from.words().first() else { continue };
        let Some(name) = with_defaults(cx, &word.text, 0) else { continue };
        if is_reference(&name) {
            continue;
        }
        let message = if name == word.text {
            format!("`{name}` is no name of an image")
        } else {
            format!("without build arguments, `{}` becomes `{name}`, which is no name of an image", word.text)
        };
        out.push(
            Finding::new(RULE.name, cx.at(word.span), message)
                .note("Give the argument a default with which the file can be built."),
        );
    }
}

/// A text with the defaults of the arguments put in.
fn with_defaults(cx: &FileCx<'_>, raw: &str, depth: usize) -> Option<String> {
    /// How many defaults may refer to one another; more is a circle.
    const DEEPEST: usize = 8;
    let value = |name: &str| {
        let predefined = PREDEFINED.iter().find(|(it, _)| *it == name);
        match (global(cx, name), predefined) {
            (Some(default), _) if !default.is_empty() => {
                let value = if depth < DEEPEST { with_defaults(cx, default, depth + 1) } else { None };
                value.map_or(Value::Unknown, Value::Known)
            }
            (_, Some((_, value))) => Value::Known((*value).to_owned()),
            (_, None) => Value::Unset,
        }
    };
    expand(raw, cx.unit.syntax.escape, &value)
}

/// Whether a text has the form `[registry/]path[:tag][@digest]`.
fn is_reference(text: &str) -> bool {
    let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
    let (name, tag) = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (name, None),
    };
    let is_registry = |it: &str| it.contains(['.', ':']) || it == "localhost" || it != it.to_lowercase();
    let path = match name.split_once('/') {
        Some((registry, path)) if is_registry(registry) => path,
        _ => name,
    };
    let tag_byte = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'.' | b'-');
    let fine_tag =
        |it: &str| !it.is_empty() && it.len() <= 128 && it.bytes().all(tag_byte) && !it.starts_with(['.', '-']);
    let fine_digest = |it: &str| it.split_once(':').is_some_and(|(_, it)| it.len() >= 32);
    path.split('/').all(is_component) && tag.is_none_or(fine_tag) && digest.is_none_or(fine_digest)
}

/// A part of a path: letters and digits, with `.`, `_`, `__` or any number of `-` between them.
fn is_component(text: &str) -> bool {
    let is_alphanumeric = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    let between = |it: &str| matches!(it, "" | "." | "_" | "__") || it.bytes().all(|it| it == b'-');
    let ends = text.bytes().next().zip(text.bytes().last());
    ends.is_some_and(|(first, last)| is_alphanumeric(first) && is_alphanumeric(last))
        && text.split(|it: char| it.is_ascii_lowercase() || it.is_ascii_digit()).all(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for name in
            ["a", "a:1", "a/b", "localhost:5000/a:B", "x.y/a-b_c.d__e/f--g@sha256:0123456789abcdef0123456789abcdef"]
        {
            assert!(is_reference(name), "{name}");
        }
        for name in ["", "A", "a:", ":1", "a/", "a//b", "a_", "a___b", "a b", "a:-1", "a/B"] {
            assert!(!is_reference(name), "{name}");
        }
    }
}
