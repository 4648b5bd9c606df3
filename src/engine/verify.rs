//! The second computation: does a changed Dockerfile still say what it said?
//!
//! It looks at the texts before and after, never at what a rule says it did.

use std::{collections::BTreeMap, thread};

use super::model;
use crate::{
    context::{self, Context},
    edit::Safety,
    finding::{Finding, Level},
    outline::Outline,
    project::{Project, Unit},
    source::Source,
    syntax::{Dockerfile, ItemKind},
};

type Side<'a> = (&'a Project, &'a Unit, &'a [Finding]);

/// Verifies a round; the error says what is wrong.
pub(super) fn verify(
    before: (&Project, &Unit, &Vec<Finding>),
    after: (&Project, &Unit, &Vec<Finding>),
    applied: &[&Finding],
    allowed: Safety,
) -> Result<(), String> {
    let before: Side<'_> = (before.0, before.1, before.2);
    let after: Side<'_> = (after.0, after.1, after.2);
    no_new_errors(&before.1.syntax, &after.1.syntax)?;
    comments_survive(before, after)?;
    second_opinion(before.0.source(before.1.file), after.0.source(after.1.file), &after.1.syntax)?;
    findings_agree(before.2, after.2, applied, allowed)?;
    if applied.iter().all(|it| it.fix.as_ref().is_some_and(|it| it.safety == Safety::Safe)) {
        outlines_agree(before, after)?;
    }
    Ok(())
}

fn no_new_errors(before: &Dockerfile, after: &Dockerfile) -> Result<(), String> {
    let old: Vec<&str> = before.errors.iter().map(|it| it.message.as_str()).collect();
    match after.errors.iter().find(|it| !old.contains(&it.message.as_str())) {
        Some(error) => Err(format!("the result does not parse: {}", error.message)),
        None if after.errors.len() > old.len() => Err("the result does not parse".to_owned()),
        None => Ok(()),
    }
}

/// The comments of a file, trimmed and sorted.
fn comments<'a>(source: &'a Source, file: &Dockerfile) -> Vec<&'a str> {
    let mut all: Vec<&str> = Vec::new();
    for item in &file.items {
        match &item.kind {
            ItemKind::Comment => all.push(source.slice(item.span).trim()),
            ItemKind::Instruction(it) => all.extend(it.comments.iter().map(|span| source.slice(*span).trim())),
            ItemKind::ByteOrderMark | ItemKind::Blank | ItemKind::Directive(_) => {}
        }
    }
    all.sort_unstable();
    all
}

fn comments_survive(before: Side<'_>, after: Side<'_>) -> Result<(), String> {
    let mut kept = comments(after.0.source(after.1.file), &after.1.syntax);
    for comment in comments(before.0.source(before.1.file), &before.1.syntax) {
        match kept.iter().position(|it| *it == comment) {
            Some(at) => {
                kept.remove(at);
            }
            None => return Err(format!("the comment `{comment}` is lost")),
        }
    }
    Ok(())
}

/// `dockerfile-parser` must accept what it accepted, and count the instructions that we count.
fn second_opinion(before: &Source, after: &Source, syntax: &Dockerfile) -> Result<(), String> {
    let Some((old, old_count)) = opinion(&before.text).map(|it| (true, it)) else { return Ok(()) };
    let Some(count) = opinion(&after.text) else {
        return Err("`dockerfile-parser` no longer accepts it".to_owned());
    };
    // It is a witness only where it agreed with us before.
    let agreed = old && old_count == crate::syntax::parse(&before.text).instructions().count();
    if agreed && count != syntax.instructions().count() {
        return Err(format!("`dockerfile-parser` counts {count} instructions"));
    }
    Ok(())
}

/// How many instructions `dockerfile-parser` sees; `None` if it has no opinion. It is recursive, and a deep file
/// would overflow the stack and abort the process: so only small files, on a thread with a stack of its own.
fn opinion(text: &str) -> Option<usize> {
    const LARGEST: usize = 64 * 1024;
    const MOST_CONTINUATIONS: usize = 1000;
    const STACK: usize = 64 * 1024 * 1024;
    let continued = text.lines().filter(|it| it.trim_end().ends_with(['\\', '`'])).count();
    if text.len() > LARGEST || continued > MOST_CONTINUATIONS {
        return None;
    }
    let text = text.to_owned();
    let parse = move || dockerfile_parser::Dockerfile::parse(&text).ok().map(|it| it.instructions.len());
    thread::Builder::new().stack_size(STACK).spawn(parse).ok()?.join().ok()?
}

/// Each applied finding is gone, and no new one at warning or above has come that the next round would not cure.
fn findings_agree(before: &[Finding], after: &[Finding], applied: &[&Finding], allowed: Safety) -> Result<(), String> {
    let count = |findings: &mut dyn Iterator<Item = &Finding>| {
        let mut counts: BTreeMap<(&'static str, String), i64> = BTreeMap::new();
        for it in findings {
            *counts.entry((it.rule, it.message.clone())).or_default() += 1;
        }
        counts
    };
    let curable = |it: &&Finding| it.fix.as_ref().is_some_and(|it| it.safety >= allowed);
    let old = count(&mut before.iter());
    let new = count(&mut after.iter());
    let new_incurable = count(&mut after.iter().filter(|it| it.level >= Level::Warning && !curable(it)));
    let old_rules: Vec<&str> = before.iter().map(|it| it.rule).collect();
    for (key, gone) in count(&mut applied.iter().copied()) {
        let left = new.get(&key).copied().unwrap_or(0);
        if left >= old.get(&key).copied().unwrap_or(0)
            && gone > 0
            && !after.iter().any(|it| it.rule == key.0 && curable(&it))
        {
            return Err(format!("`{}` is still there", key.0));
        }
    }
    // A rule that spoke before may speak in other words, as of a command that was divided in two.
    match new_incurable.keys().find(|(rule, _)| !old_rules.contains(rule)) {
        Some((rule, message)) => Err(format!("`{rule}` comes up: {message}")),
        None => Ok(()),
    }
}

/// The outlines of all stages are the same, whichever folder is the context.
fn outlines_agree(before: Side<'_>, after: Side<'_>) -> Result<(), String> {
    let (old, new) = (model(before.0, before.1), model(after.0, after.1));
    // What is newly copied by name has to be there, so that folders without it cannot be the context.
    let mut contexts = context::candidates(after.0, after.1.file, &new);
    if contexts.is_empty() {
        if !context::candidates(before.0, before.1.file, &old).is_empty() {
            return Err("it copies what is not in the build context".to_owned());
        }
        contexts.push(Context::unknown());
    }
    for context in &contexts {
        let old = Outline::of(&old, before.0.source(before.1.file), context);
        let new = Outline::of(&new, after.0.source(after.1.file), context);
        if let Some(difference) = old.difference(&new) {
            return Err(format!("the image would change: {difference}"));
        }
    }
    Ok(())
}
