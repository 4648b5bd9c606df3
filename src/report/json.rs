//! JSON for programs. Its form is stable: fields are added, never changed or removed, unless `version` grows.

use serde_json::{Value, json};

use super::{Counts, fix_words, rule_named};
use crate::{
    edit::Change,
    finding::{Finding, Fix, Level},
    project::Project,
    rule::Rule,
    source::{FileId, Location, Source},
};

/// The version of the form.
const VERSION: u32 = 1;

pub(super) fn report(project: &Project, findings: &[Finding]) -> String {
    let counts = Counts::of(findings);
    let all: Vec<_> = findings.iter().map(|it| finding(project, it)).collect();
    text(&json!({
        "version": VERSION,
        "findings": all,
        "summary": {
            "files": project.dockerfiles.len(),
            "errors": counts.errors,
            "warnings": counts.warnings,
            "notes": counts.notes,
            "fixable_safe": counts.fixable_safe,
            "fixable_unsafe": counts.fixable_unsafe,
        },
    }))
}

pub(super) fn rules(rules: &[&Rule]) -> String {
    let row = |rule: &&Rule| {
        let meta = rule.meta();
        json!({
            "name": rule.name,
            "family": rule.family,
            "level": Level::from(meta.level).as_str(),
            "default": meta.default,
            "fix": fix_words(rule),
            "since": meta.since,
            "same_as": meta.same_as,
            "summary": meta.summary,
        })
    };
    let rules: Vec<_> = rules.iter().map(row).collect();
    text(&json!({ "version": VERSION, "rules": rules }))
}

fn text(value: &Value) -> String {
    format!("{value}\n")
}

fn finding(project: &Project, finding: &Finding) -> Value {
    let rule = rule_named(finding.rule);
    let source = project.source(finding.location.file);
    let related: Vec<_> = finding
        .related
        .iter()
        .map(|it| {
            let source = project.source(it.location.file);
            let (start, end) = ends(source, it.location);
            json!({ "path": source.path, "start": start, "end": end, "text": it.text })
        })
        .collect();
    let (start, end) = ends(source, finding.location);
    json!({
        "rule": finding.rule,
        "same_as": rule.map(|it| it.codes_of(finding)).unwrap_or_default(),
        "family": rule.map(|it| it.family),
        "level": finding.level.as_str(),
        "path": source.path,
        "start": start,
        "end": end,
        "message": finding.message,
        "note": finding.note,
        "related": related,
        "fix": finding.fix.as_ref().map(|it| fix(project, it)),
    })
}

fn ends(source: &Source, location: Location) -> (Value, Value) {
    let place = |offset: u32| {
        let place = source.line_col(offset);
        json!({ "line": place.line, "column": place.column, "byte": offset })
    };
    (place(location.span.start), place(location.span.end))
}

fn fix(project: &Project, fix: &Fix) -> Value {
    json!({
        "title": fix.title,
        "safety": fix.safety.as_str(),
        "edits": edits(project, &fix.change),
        "creates": creates(&fix.change),
    })
}

fn edits(project: &Project, change: &Change) -> Vec<Value> {
    let path = |file: FileId| &project.source(file).path;
    let edits = change.edits.iter().flat_map(|(file, edits)| edits.iter().map(move |it| (*file, it)));
    edits
        .map(|(file, it)| {
            let (start, end) = (it.span.start, it.span.end);
            json!({ "path": path(file), "start_byte": start, "end_byte": end, "text": it.text })
        })
        .collect()
}

fn creates(change: &Change) -> Vec<Value> {
    change.creates.iter().map(|(path, text)| json!({ "path": path, "text": text })).collect()
}
