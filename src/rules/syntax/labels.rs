//! What the settings ask of labels: see `missing-label`, `unknown-label` and `invalid-label` in `rules/syntax/`.

use crate::{
    finding::Finding,
    model::{CopyFrom, Stage, StepKind},
    rule::{Check, FileCx, Rule},
    settings::LabelForm,
    syntax::{Args, Instruction, Keyword, Pair},
};

pub(super) static MISSING: Rule = crate::rule!("syntax" / "missing-label", Check::File(missing));
pub(super) static UNKNOWN: Rule = crate::rule!("syntax" / "unknown-label", Check::File(unknown));
pub(super) static INVALID: Rule = crate::rule!("syntax" / "invalid-label", Check::File(invalid));

fn missing(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for label in cx.project.settings.labels.keys() {
        let sets = |stage: &Stage| {
            let own = stage.steps.iter().map(|it| cx.model.instruction(it));
            own.flat_map(pairs).any(|it| name(it) == label)
        };
        let has = |stage: usize| cx.model.ancestry(stage).any(sets);
        let copies = |stage: &Stage, from: usize| {
            stage.steps.iter().any(|it| matches!(&it.kind, StepKind::Copy(it) if it.from == CopyFrom::Stage(from)))
        };
        for stage in &cx.model.stages {
            // A stage that another one takes from is no image of its own.
            let is_used = cx.model.stages[stage.index + 1..].iter().any(|it| {
                has(it.index)
                    && (cx.model.ancestry(it.index).any(|it| it.index == stage.index) || copies(it, stage.index))
            });
            if !has(stage.index) && !is_used {
                let from = cx.model.at(stage.from);
                let message = format!("the label `{label}` is missing");
                out.push(
                    Finding::new(MISSING.name, cx.at(from.keyword.span), message)
                        .note("The settings ask for it under `[labels]`."),
                );
            }
        }
    }
}

fn unknown(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    if !cx.project.settings.strict_labels {
        return;
    }
    for pair in cx.all(Keyword::Label).flat_map(pairs) {
        let name = name(pair);
        if !cx.project.settings.labels.contains_key(name) {
            let message = format!("the label `{name}` is not one of those that the settings name");
            out.push(Finding::new(UNKNOWN.name, cx.at(pair.key.span), message));
        }
    }
}

fn invalid(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    if cx.project.settings.labels.is_empty() {
        return;
    }
    for pair in cx.all(Keyword::Label).flat_map(pairs) {
        let Some(form) = cx.project.settings.labels.get(name(pair)) else { continue };
        let value = pair.value.text.trim_matches(['"', '\'']);
        let (what, code): (_, &[&str]) = match form {
            _ if value.is_empty() => ("no empty text", &["hadolint/DL3051"]),
            LabelForm::Text => continue,
            LabelForm::Url if is_url(value) => continue,
            LabelForm::Rfc3339 if is_rfc3339(value) => continue,
            LabelForm::Spdx if is_spdx(value) => continue,
            LabelForm::Hash if is_hash(value) => continue,
            LabelForm::Semver if is_semver(value) => continue,
            LabelForm::Email if is_email(value) => continue,
            LabelForm::Url => ("a URL", &["hadolint/DL3052"]),
            LabelForm::Rfc3339 => ("a time such as `2026-01-31T12:00:00Z`", &["hadolint/DL3053"]),
            LabelForm::Spdx => ("the name of a licence as SPDX lists them", &["hadolint/DL3054"]),
            LabelForm::Hash => ("the hash of a commit", &["hadolint/DL3055"]),
            LabelForm::Semver => ("a version such as `1.2.3`", &["hadolint/DL3056"]),
            LabelForm::Email => ("an address for electronic mail", &["hadolint/DL3058"]),
        };
        let message = format!("the label `{}` is to be {what}", name(pair));
        out.push(Finding::new(INVALID.name, cx.at(pair.value.span), message).only_as(code));
    }
}

/// The labels of an instruction.
fn pairs(it: &Instruction) -> &[Pair] {
    match (it.kind, &it.args) {
        (Keyword::Label, Args::Pairs(pairs)) => pairs,
        _ => &[],
    }
}

fn name(pair: &Pair) -> &str {
    pair.key.text.trim_matches(['"', '\''])
}

fn is_url(text: &str) -> bool {
    let scheme = |it: &str| it.starts_with(|it: char| it.is_ascii_alphabetic());
    text.split_once("://").is_some_and(|(left, right)| scheme(left) && !right.is_empty()) && !text.contains(' ')
}

/// `2026-01-31T12:00:00Z`, with a fraction and an offset perhaps.
fn is_rfc3339(text: &str) -> bool {
    let shape = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text
                .bytes()
                .zip(shape.bytes())
                .all(|(it, shape)| if shape == b'0' { it.is_ascii_digit() } else { it == shape })
    };
    let Some((date, rest)) = text.split_once(['T', 't']) else { return false };
    let at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(at);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let digits = !fraction.is_empty() && fraction.bytes().all(|it| it.is_ascii_digit());
    let zone = matches!(zone, "Z" | "z") || shape(zone, "+00:00") || shape(zone, "-00:00");
    shape(date, "0000-00-00") && shape(time, "00:00:00") && digits && zone
}

/// Licences are many, and new ones come; only the form of their names is looked at.
fn is_spdx(text: &str) -> bool {
    let part = |it: &str| it.bytes().all(|it| it.is_ascii_alphanumeric() || b".+-():".contains(&it));
    text.split_whitespace().all(part) && text.bytes().any(|it| it.is_ascii_alphabetic())
}

fn is_hash(text: &str) -> bool {
    matches!(text.len(), 7 | 40) && text.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it))
}

fn is_semver(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let number =
        |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()) && (it == "0" || !it.starts_with('0'));
    let rest = &text[core.len()..];
    let tail = |it: u8| it.is_ascii_alphanumeric() || b"-+.".contains(&it);
    core.split('.').count() == 3 && core.split('.').all(number) && rest.bytes().all(tail) && rest.len() != 1
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'))
        && !text.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (is, good, bad) in [
            (is_url as fn(&str) -> bool, &["https://a.b/c"][..], &["a.b", "https://", "a b://c"][..]),
            (
                is_rfc3339,
                &["2026-01-31T12:00:00Z", "2026-01-31t12:00:00.5+01:00"],
                &["2026-01-31", "2026-01-31T12:00Z"],
            ),
            (is_spdx, &["MIT", "Apache-2.0 OR MIT"], &["$LICENSE", "1.0"]),
            (is_hash, &["0123abc"], &["0123ABC", "0123"]),
            (is_semver, &["1.2.3", "1.0.0-rc.1+5"], &["1.2", "v1.2.3", "01.2.3", "1.2.3-"]),
            (is_email, &["a@b.c"], &["a", "@b.c", "a@b"]),
        ] {
            assert!(good.iter().all(|it| is(it)), "{good:?}");
            assert!(!bad.iter().any(|it| is(it)), "{bad:?}");
        }
    }
}
