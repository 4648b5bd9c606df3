//! The second computation: does what was changed still say what it said?
//!
//! It looks at the texts before and after, never at what a rule says it did.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};

use super::model;
use crate::{
    context::{self, Context},
    edit::{Change, Edit, Safety},
    finding::{Finding, Level},
    keys::{KeyPath, Keys},
    outline::Outline,
    project::{Project, Unit},
    source::{FileId, Source},
    suppress::speaks_to_linter,
    syntax::{Dockerfile, ItemKind},
};

/// A project, and what there is to say about the part of it that is looked at.
pub(super) struct Side<'a> {
    pub project: &'a Project,
    pub findings: &'a [&'a Finding],
}

/// Verifies a change with the findings that it is to cure; the error says what is wrong.
pub(super) fn verify(
    before: &Side<'_>,
    after: &Side<'_>,
    (change, applied): (&Change, &[&Finding]),
    allowed: Safety,
) -> Result<(), String> {
    let mut changed: Vec<(&Unit, &Unit)> = Vec::new();
    let mut definitions = false;
    for file in change.edits.keys() {
        let (old, new) = (before.project.source(*file), after.project.source(*file));
        if let (Some(old), Some(new)) = (before.project.unit(*file), after.project.unit(*file)) {
            changed.push((old, new));
        } else {
            if keys_agree(old, new, change.keys.get(file))? == Comments::ForLinters {
                nothing_comes_up(*file, before.findings, after.findings)?;
            }
            definitions = true;
        }
    }
    let created = &after.project.sources[before.project.sources.len()..];
    for (old, new) in &changed {
        no_new_errors(&old.syntax, &new.syntax)?;
        let sides = [(before.project, *old), (after.project, *new)].map(|(it, unit)| (it.source(unit.file), unit));
        rest_is_untouched(sides[0], sides[1], change.edits.get(&old.file).map_or(&[], Vec::as_slice))?;
        if comments_survive((before.project, old), (after.project, new), created)? == Comments::ForLinters {
            nothing_comes_up(old.file, before.findings, after.findings)?;
        }
        second_opinion(before.project.source(old.file), after.project.source(new.file), &new.syntax)?;
    }
    for source in created {
        is_sound(source, after)?;
    }
    findings_agree(before.findings, after.findings, applied, allowed)?;
    if applied.iter().all(|it| it.fix.as_ref().is_some_and(|it| it.safety == Safety::Safe)) {
        if definitions {
            // They say what the context is, and what is in it.
            changed = before.project.dockerfiles.iter().zip(&after.project.dockerfiles).collect();
        }
        for (old, new) in changed {
            outlines_agree((before.project, old), (after.project, new))?;
        }
    }
    Ok(())
}

/// A file of keys and values keeps its comments, but for those that speak to a linter, and no value differs but where
/// that is meant. The lines of an ignore file may come and go, but not its comments.
fn keys_agree(old: &Source, new: &Source, meant: Option<&BTreeSet<KeyPath>>) -> Result<Comments, String> {
    let path = &old.path;
    if path.ends_with("ignore") {
        let kept = |comment: &&str| new.text.lines().any(|it| it.trim() == *comment);
        let mut comments = old.text.lines().map(str::trim).filter(|it| it.starts_with('#'));
        return match comments.find(|it| !kept(it)) {
            Some(lost) => Err(format!("the comment `{lost}` of {path} is lost")),
            None => Ok(Comments::Kept),
        };
    }
    let (Some(before), Some(after)) = (keys(old), keys(new)) else {
        return Err(format!("{path} cannot be read afterwards, or never could"));
    };
    let mut gone = Comments::Kept;
    let mut kept = after.comments.clone();
    for comment in &before.comments {
        match kept.iter().position(|it| it == comment) {
            Some(at) => {
                kept.swap_remove(at);
            }
            None if speaks_to_linter(comment) => gone = Comments::ForLinters,
            None => return Err(format!("the comment `{comment}` of {path} is lost")),
        }
    }
    let is_meant = |it: &KeyPath| meant.is_some_and(|meant| meant.iter().any(|key| it.starts_with(key)));
    match before.differences(&after).into_iter().find(|it| !is_meant(it)) {
        Some(key) => Err(format!("{path} says something else at `{}`", key.join("."))),
        None => Ok(gone),
    }
}

/// What a file of keys and values says; `None` for other files, and for what does not parse.
fn keys(source: &Source) -> Option<Keys> {
    let (_, ending) = source.path.rsplit_once('.')?;
    match ending {
        "yml" | "yaml" | "json" => Keys::of_yaml(&source.text),
        "hcl" => Keys::of_hcl(&source.text),
        _ => None,
    }
}

/// A new file parses, and there is nothing to say against it.
fn is_sound(source: &Source, after: &Side<'_>) -> Result<(), String> {
    let path = &source.path;
    let unit = after.project.dockerfiles.iter().rev().find(|it| after.project.source(it.file).path == *path);
    if let Some(unit) = unit {
        if let Some(error) = unit.syntax.errors.first() {
            return Err(format!("the new {path} does not parse: {}", error.message));
        }
        // What a safe fix cures is cured in the next round.
        let is_cured = |it: &Finding| it.fix.as_ref().is_some_and(|it| it.safety == Safety::Safe);
        let speaks = |it: &&&Finding| it.location.file == unit.file && it.level >= Level::Warning && !is_cured(it);
        if let Some(finding) = after.findings.iter().find(speaks) {
            return Err(format!("`{}` speaks against the new {path}: {}", finding.rule, finding.message));
        }
    } else if path.rsplit_once('.').is_some_and(|(_, it)| matches!(it, "yml" | "yaml" | "json" | "hcl"))
        && keys(source).is_none()
    {
        return Err(format!("the new {path} does not parse"));
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

/// What no edit touches is read as it was: an edit with a wrong end would join the next instruction to its own.
fn rest_is_untouched(before: (&Source, &Unit), after: (&Source, &Unit), edits: &[Edit]) -> Result<(), String> {
    let mut edits = edits.iter().peekable();
    let mut shift = 0;
    for item in &before.1.syntax.items {
        while let Some(edit) = edits.next_if(|it| it.span.end <= item.span.start) {
            shift += edit.growth(&before.0.text);
        }
        // What is put behind a last line without a line end is put into it.
        let is_open = !before.0.slice(item.span).ends_with('\n');
        let is_touched = edits.peek().is_some_and(|it| it.span.start < item.span.end + u32::from(is_open));
        let ItemKind::Instruction(instruction) = &item.kind else { continue };
        if is_touched {
            continue;
        }
        let start = i64::from(item.span.start) + shift;
        let items = &after.1.syntax.items;
        let same = items.binary_search_by_key(&start, |it| i64::from(it.span.start)).is_ok_and(|at| {
            let is_instruction = matches!(items[at].kind, ItemKind::Instruction(_));
            is_instruction && after.0.slice(items[at].span).trim_end() == before.0.slice(item.span).trim_end()
        });
        if !same {
            let line = before.0.line(item.span.start);
            return Err(format!("the `{}` of line {line} would no longer be what it was", instruction.keyword.text));
        }
    }
    Ok(())
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

/// Every comment is still there, or has gone with what it is about into a new file, where one of several is enough.
/// Which comments are gone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comments {
    Kept,
    /// Some that spoke to a linter.
    ForLinters,
}

/// Every comment is there, but for those that speak to a linter: these may go where they did nothing.
fn comments_survive(
    before: (&Project, &Unit),
    after: (&Project, &Unit),
    created: &[Source],
) -> Result<Comments, String> {
    let mut gone = Comments::Kept;
    let mut kept = comments(after.0.source(after.1.file), &after.1.syntax);
    let has_moved = |comment: &str| created.iter().any(|it| it.text.lines().any(|it| it.trim() == comment));
    for comment in comments(before.0.source(before.1.file), &before.1.syntax) {
        match kept.iter().position(|it| *it == comment) {
            Some(at) => {
                kept.remove(at);
            }
            None if has_moved(comment) => {}
            None if speaks_to_linter(comment) => gone = Comments::ForLinters,
            None => return Err(format!("the comment `{comment}` is lost")),
        }
    }
    Ok(gone)
}

/// No rule has more to say about a file than before, at any level: a comment that is gone silenced nothing.
fn nothing_comes_up(file: FileId, before: &[&Finding], after: &[&Finding]) -> Result<(), String> {
    let count = |findings: &[&Finding]| {
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for it in findings.iter().filter(|it| it.location.file == file) {
            *counts.entry(it.rule).or_default() += 1;
        }
        counts
    };
    let old = count(before);
    match count(after).into_iter().find(|(rule, number)| old.get(rule).is_none_or(|old| old < number)) {
        Some((rule, _)) => Err(format!("without the comment `{rule}` comes up")),
        None => Ok(()),
    }
}

/// `dockerfile-parser` must accept what it accepted, and count the instructions that we count.
fn second_opinion(before: &Source, after: &Source, syntax: &Dockerfile) -> Result<(), String> {
    // It does not know the directive `escape`.
    if syntax.escape != '\\' {
        return Ok(());
    }
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
fn findings_agree(
    before: &[&Finding],
    after: &[&Finding],
    applied: &[&Finding],
    allowed: Safety,
) -> Result<(), String> {
    let count = |findings: &mut dyn Iterator<Item = &Finding>| {
        let mut counts: BTreeMap<(&'static str, String), i64> = BTreeMap::new();
        for it in findings {
            *counts.entry((it.rule, it.message.clone())).or_default() += 1;
        }
        counts
    };
    let curable = |it: &&Finding| it.fix.as_ref().is_some_and(|it| it.safety >= allowed);
    let old = count(&mut before.iter().copied());
    let new = count(&mut after.iter().copied());
    let new_incurable = count(&mut after.iter().copied().filter(|it| it.level >= Level::Warning && !curable(it)));
    let old_rules: Vec<&str> = before.iter().map(|it| it.rule).collect();
    for (key, gone) in count(&mut applied.iter().copied()) {
        let left = new.get(&key).copied().unwrap_or(0);
        if left >= old.get(&key).copied().unwrap_or(0)
            && gone > 0
            && !after.iter().any(|it| it.rule == key.0 && curable(it))
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
fn outlines_agree(before: (&Project, &Unit), after: (&Project, &Unit)) -> Result<(), String> {
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
