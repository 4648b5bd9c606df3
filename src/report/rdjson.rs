//! Reviewdog's diagnostic format, whose suggestions become buttons in a review.

use std::borrow::Cow;

use serde::Serialize;

use super::{json_line, whole_message};
use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Level},
    project::Project,
    source::{self, Source},
};

#[derive(Serialize)]
struct Report<'a> {
    source: Name<'a>,
    diagnostics: Vec<Diagnostic<'a>>,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Diagnostic<'a> {
    message: Cow<'a, str>,
    location: Location<'a>,
    severity: &'a str,
    code: Code<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Related<'a>>,
}

#[derive(Serialize)]
struct Code<'a> {
    value: &'a str,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    range: Range,
}

#[derive(Serialize)]
struct Range {
    start: Point,
    end: Point,
}

/// Line and column from 1; the column counts bytes of UTF-8.
#[derive(Serialize)]
struct Point {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Suggestion<'a> {
    range: Range,
    text: &'a str,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    location: Location<'a>,
}

pub(super) fn report(project: &Project, findings: &[Finding]) -> String {
    let diagnostics = findings.iter().map(|it| diagnostic(project, it)).collect();
    json_line(&Report { source: Name { name: "dockopt" }, diagnostics })
}

fn diagnostic<'a>(project: &'a Project, finding: &'a Finding) -> Diagnostic<'a> {
    let related = finding.related.iter();
    Diagnostic {
        message: whole_message(finding),
        location: location(project, finding.location),
        severity: match finding.level {
            Level::Error => "ERROR",
            Level::Warning => "WARNING",
            Level::Note => "INFO",
        },
        code: Code { value: finding.rule },
        suggestions: suggestion(project, finding).into_iter().collect(),
        related_locations: related
            .map(|it| Related { message: &it.text, location: location(project, it.location) })
            .collect(),
    }
}

fn location(project: &Project, location: source::Location) -> Location<'_> {
    let source = project.source(location.file);
    Location { path: &source.path, range: range(source, location.span) }
}

fn range(source: &Source, span: source::Span) -> Range {
    Range { start: point(source, span.start), end: point(source, span.end) }
}

fn point(source: &Source, offset: u32) -> Point {
    let line = source.line(offset);
    Point { line, column: (offset - source.line_starts()[line - 1]) as usize + 1 }
}

/// A fix of one place in the file of the finding. Half of a fix is none, and a review offers each suggestion alone.
fn suggestion<'a>(project: &'a Project, finding: &'a Finding) -> Option<Suggestion<'a>> {
    let fix = finding.fix.as_ref().filter(|it| it.safety >= Safety::Unsafe && it.change.creates.is_empty())?;
    let (file, edits) = fix.change.edits.iter().next().filter(|_| fix.change.edits.len() == 1)?;
    let [edit]: &[Edit; 1] = edits.as_slice().try_into().ok()?;
    let here = *file == finding.location.file;
    here.then(|| Suggestion { range: range(project.source(*file), edit.span), text: &edit.text })
}
