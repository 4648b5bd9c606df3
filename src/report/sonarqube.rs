//! `SonarQube`'s generic format for external issues.

use std::borrow::Cow;

use serde::Serialize;

use super::{Place, json_line, rule_named, whole_message};
use crate::{
    finding::{Finding, Level},
    project::Project,
    rule::Rule,
    source::{self, LineCol, Source},
};

#[derive(Serialize)]
struct Report<'a> {
    rules: Vec<Described<'a>>,
    issues: Vec<Issue<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described<'a> {
    id: &'a str,
    name: &'a str,
    description: &'a str,
    engine_id: &'a str,
    clean_code_attribute: &'a str,
    impacts: [Impact<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Impact<'a> {
    software_quality: &'a str,
    severity: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Issue<'a> {
    rule_id: &'a str,
    primary_location: Location<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secondary_locations: Vec<Location<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    message: Cow<'a, str>,
    file_path: &'a str,
    text_range: Range,
}

/// Lines from 1, columns from 0 in units of UTF-16, as Java counts them.
/// A range must not be empty, so that a place alone has no columns.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Range {
    start_line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
}

pub(super) fn report(project: &Project, findings: &[Finding]) -> String {
    let mut names: Vec<&str> = findings.iter().map(|it| it.rule).collect();
    names.sort_unstable();
    names.dedup();
    let rules = names.iter().filter_map(|it| rule_named(it)).map(described).collect();
    json_line(&Report { rules, issues: findings.iter().map(|it| issue(project, it)).collect() })
}

fn described(rule: &'static Rule) -> Described<'static> {
    let meta = rule.meta();
    let severity = match Level::from(meta.level) {
        Level::Error => "HIGH",
        Level::Warning => "MEDIUM",
        Level::Note => "LOW",
    };
    let software_quality = if rule.family == "secrets" { "SECURITY" } else { "MAINTAINABILITY" };
    Described {
        id: rule.name,
        name: &meta.summary,
        description: rule.text().trim(),
        engine_id: "dockopt",
        clean_code_attribute: "EFFICIENT",
        impacts: [Impact { software_quality, severity }],
    }
}

fn issue<'a>(project: &'a Project, finding: &'a Finding) -> Issue<'a> {
    let secondary =
        finding.related.iter().map(|it| location(project, it.location, Cow::Borrowed(it.text.as_str()))).collect();
    Issue {
        rule_id: finding.rule,
        primary_location: location(project, finding.location, whole_message(finding)),
        secondary_locations: secondary,
    }
}

fn location<'a>(project: &'a Project, location: source::Location, message: Cow<'a, str>) -> Location<'a> {
    let place = Place::of(project, location);
    let has_extent = place.start != place.end;
    let column = |it| has_extent.then(|| column(project.source(location.file), it));
    let text_range = Range {
        start_line: place.start.line,
        end_line: has_extent.then_some(place.end.line),
        start_column: column(place.start),
        end_column: column(place.end),
    };
    Location { message, file_path: place.path, text_range }
}

fn column(source: &Source, place: LineCol) -> usize {
    let line = &source.text[source.line_starts()[place.line - 1] as usize..];
    line.chars().take(place.column - 1).map(char::len_utf16).sum()
}
