//! JSON for programs. Its form is stable: fields are added, never changed or removed, unless `version` grows.

use serde::Serialize;

use super::{Counts, fix_words, json_line, json_line_of, rule_named};
use crate::{
    edit::Change,
    finding::{self, Level},
    project::Project,
    rule::Rule,
    source::Location,
};

/// The version of the form.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    findings: Vec<Finding<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    fixable_safe: usize,
    fixable_unsafe: usize,
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: &'a str,
    same_as: &'a [&'static str],
    family: Option<&'a str>,
    level: &'a str,
    path: &'a str,
    start: Point,
    end: Point,
    message: &'a str,
    note: Option<&'a str>,
    related: Vec<Related<'a>>,
    fix: Option<Fix<'a>>,
}

#[derive(Serialize)]
struct Point {
    line: usize,
    column: usize,
    byte: u32,
}

#[derive(Serialize)]
struct Related<'a> {
    path: &'a str,
    start: Point,
    end: Point,
    text: &'a str,
}

#[derive(Serialize)]
struct Fix<'a> {
    title: &'a str,
    safety: &'a str,
    edits: Vec<Edit<'a>>,
    creates: Vec<Created<'a>>,
}

#[derive(Serialize)]
struct Edit<'a> {
    path: &'a str,
    start_byte: u32,
    end_byte: u32,
    text: &'a str,
}

#[derive(Serialize)]
struct Created<'a> {
    path: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Rules<'a> {
    version: u32,
    rules: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    family: &'a str,
    level: &'a str,
    default: bool,
    fix: Vec<&'a str>,
    since: &'a str,
    same_as: &'a [String],
    summary: &'a str,
}

pub(super) fn report(project: &Project, findings: &[finding::Finding]) -> String {
    /// Most findings are shorter; room that nobody writes to costs nothing.
    const LONG: usize = 2048;
    let counts = Counts::of(findings);
    let summary = Summary {
        files: project.dockerfiles.len(),
        errors: counts.errors,
        warnings: counts.warnings,
        notes: counts.notes,
        fixable_safe: counts.fixable_safe,
        fixable_unsafe: counts.fixable_unsafe,
    };
    let findings: Vec<_> = findings.iter().map(|it| finding(project, it)).collect();
    let room = findings.len() * LONG;
    json_line_of(&Report { version: VERSION, findings, summary }, room)
}

pub(super) fn rules(rules: &[&Rule]) -> String {
    json_line(&Rules { version: VERSION, rules: rules.iter().map(|it| row(it)).collect() })
}

fn row(rule: &Rule) -> Row<'_> {
    let meta = rule.meta();
    Row {
        name: rule.name,
        family: rule.family,
        level: Level::from(meta.level).as_str(),
        default: meta.default,
        fix: fix_words(rule),
        since: &meta.since,
        same_as: &meta.same_as,
        summary: &meta.summary,
    }
}

fn finding<'a>(project: &'a Project, finding: &'a finding::Finding) -> Finding<'a> {
    let rule = rule_named(finding.rule);
    let related = |it: &'a finding::Label| {
        let (path, start, end) = ends(project, it.location);
        Related { path, start, end, text: &it.text }
    };
    let (path, start, end) = ends(project, finding.location);
    Finding {
        rule: finding.rule,
        same_as: rule.map(|it| it.codes_of(finding)).unwrap_or_default(),
        family: rule.map(|it| it.family),
        level: finding.level.as_str(),
        path,
        start,
        end,
        message: &finding.message,
        note: finding.note.as_deref(),
        related: finding.related.iter().map(related).collect(),
        fix: finding.fix.as_ref().map(|it| fix(project, it)),
    }
}

fn ends(project: &Project, location: Location) -> (&str, Point, Point) {
    let source = project.source(location.file);
    let point = |byte: u32| {
        let place = source.line_col(byte);
        Point { line: place.line, column: place.column, byte }
    };
    (&source.path, point(location.span.start), point(location.span.end))
}

fn fix<'a>(project: &'a Project, fix: &'a finding::Fix) -> Fix<'a> {
    Fix {
        title: &fix.title,
        safety: fix.safety.as_str(),
        edits: edits(project, &fix.change),
        creates: fix.change.creates.iter().map(|(path, text)| Created { path, text }).collect(),
    }
}

fn edits<'a>(project: &'a Project, change: &'a Change) -> Vec<Edit<'a>> {
    let edits = change.edits.iter().flat_map(|(file, edits)| edits.iter().map(move |it| (*file, it)));
    let edit = |(file, it): (_, &'a crate::edit::Edit)| {
        let (start_byte, end_byte) = (it.span.start, it.span.end);
        Edit { path: &project.source(file).path, start_byte, end_byte, text: &it.text }
    };
    edits.map(edit).collect()
}
