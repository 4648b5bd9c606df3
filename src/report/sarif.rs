//! SARIF 2.1.0: what GitHub's code scanning and other collectors of findings read.

use std::{borrow::Cow, fmt::Write};

use serde::Serialize;

use super::{Place, json_line, rule_named, whole_message};
use crate::{
    edit::Change,
    finding::{self, Finding, Level},
    fingerprint::fingerprints,
    project::Project,
    rule::Rule,
    source::{LineCol, Location, Span},
};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The family whose findings are about security, and so have a score.
const SECRETS: &str = "secrets";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    version: &'a str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'a str,
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'a str,
    version: &'a str,
    semantic_version: &'a str,
    rules: Vec<Descriptor<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    id: &'a str,
    short_description: Text<'a>,
    help: Help<'a>,
    default_configuration: Configuration<'a>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Text<'a> {
    text: Cow<'a, str>,
}

#[derive(Serialize)]
struct Help<'a> {
    text: &'a str,
    markdown: &'a str,
}

#[derive(Serialize)]
struct Configuration<'a> {
    level: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    tags: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    same_as: &'a [String],
    #[serde(rename = "security-severity", skip_serializing_if = "Option::is_none")]
    security_severity: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'a str,
    message: Text<'a>,
    locations: [Located<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Located<'a>>,
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix<'a>>,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "dockopt/v1")]
    own: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Located<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: Physical<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical<'a> {
    artifact_location: Artifact<'a>,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact<'a> {
    uri: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix<'a> {
    description: Text<'a>,
    artifact_changes: Vec<ArtifactChange<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'a> {
    artifact_location: Artifact<'a>,
    replacements: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region,
    inserted_content: Text<'a>,
}

pub(super) fn report<'a>(project: &'a Project, findings: &'a [Finding]) -> String {
    let mut names: Vec<&str> = findings.iter().map(|it| it.rule).collect();
    names.sort_unstable();
    names.dedup();
    // Only the rules with findings: all pages together are larger than most reports.
    let rules: Vec<_> = names.iter().filter_map(|it| rule_named(it)).collect();
    let prints = fingerprints(project, findings, Cow::Borrowed);
    let result = |(finding, print): (&'a Finding, String)| {
        result(project, finding, rules.iter().position(|it| it.name == finding.rule), print)
    };
    let driver = Driver {
        name: "dockopt",
        version: env!("CARGO_PKG_VERSION"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        rules: rules.iter().map(|it| descriptor(it)).collect(),
    };
    let run = Run {
        tool: Tool { driver },
        column_kind: "unicodeCodePoints",
        results: findings.iter().zip(prints).map(result).collect(),
    };
    json_line(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

fn descriptor(rule: &'static Rule) -> Descriptor<'static> {
    let meta = rule.meta();
    let is_secret = rule.family == SECRETS;
    let level = Level::from(meta.level);
    let mut tags = vec![rule.family];
    tags.extend(is_secret.then_some("security"));
    // GitHub calls 7.0 to 8.9 high, 4.0 to 6.9 medium, and less low.
    let score = match level {
        Level::Error => "8.0",
        Level::Warning => "5.0",
        Level::Note => "2.0",
    };
    Descriptor {
        id: rule.name,
        short_description: Text { text: Cow::Owned(sentence(&meta.summary)) },
        help: Help { text: introduction(rule.text()), markdown: rule.text().trim() },
        default_configuration: Configuration { level: level.as_str() },
        properties: Properties { tags, same_as: &meta.same_as, security_severity: is_secret.then_some(score) },
    }
}

/// What a page says before its first example.
fn introduction(page: &str) -> &str {
    let prose = page.split("\n```").next().unwrap_or(page).trim();
    prose.split_once("\n\n").map_or(prose, |(_heading, prose)| prose.trim())
}

/// With a capital and a full stop, as SARIF wants it.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn result<'a>(project: &'a Project, finding: &'a Finding, rule_index: Option<usize>, own: String) -> SarifResult<'a> {
    let related = |(at, it): (usize, &'a finding::Label)| Located {
        id: Some(at + 1),
        physical_location: physical(project, it.location),
        message: Some(Text { text: Cow::Borrowed(&it.text) }),
    };
    SarifResult {
        rule_id: finding.rule,
        rule_index,
        level: finding.level.as_str(),
        message: Text { text: whole_message(finding) },
        locations: [Located { id: None, physical_location: physical(project, finding.location), message: None }],
        related_locations: finding.related.iter().enumerate().map(related).collect(),
        partial_fingerprints: Fingerprints { own },
        fixes: finding.fix.iter().filter(|it| !it.change.is_empty()).map(|it| fix(project, it)).collect(),
    }
}

fn physical(project: &Project, location: Location) -> Physical<'_> {
    let place = Place::of(project, location);
    Physical { artifact_location: artifact(place.path), region: region(place.start, place.end) }
}

fn region(start: LineCol, end: LineCol) -> Region {
    Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column }
}

fn fix<'a>(project: &'a Project, fix: &'a finding::Fix) -> Fix<'a> {
    let text = Cow::Owned(format!("{} ({})", fix.title, fix.safety.as_str()));
    Fix { description: Text { text }, artifact_changes: changes(project, &fix.change) }
}

fn changes<'a>(project: &'a Project, change: &'a Change) -> Vec<ArtifactChange<'a>> {
    let edited = change.edits.iter().map(|(file, edits)| {
        let source = project.source(*file);
        let replacement = |span: Span, text: &'a str| Replacement {
            deleted_region: region(source.line_col(span.start), source.line_col(span.end)),
            inserted_content: Text { text: Cow::Borrowed(text) },
        };
        let replacements = edits.iter().map(|it| replacement(it.span, &it.text)).collect();
        ArtifactChange { artifact_location: artifact(&source.path), replacements }
    });
    let created = change.creates.iter().map(|(path, text)| {
        let start = LineCol { line: 1, column: 1 };
        let inserted_content = Text { text: Cow::Borrowed(text.as_str()) };
        let replacements = vec![Replacement { deleted_region: region(start, start), inserted_content }];
        ArtifactChange { artifact_location: artifact(path), replacements }
    });
    edited.chain(created).collect()
}

fn artifact(path: &str) -> Artifact<'_> {
    let is_absolute = path.starts_with('/');
    Artifact { uri: uri(path), uri_base_id: (!is_absolute).then_some("%SRCROOT%") }
}

/// A path as a reference: relative, or with the scheme `file`.
fn uri(path: &str) -> Cow<'_, str> {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~/!$&'()*+,=@".contains(&it);
    let is_absolute = path.starts_with('/');
    if !is_absolute && path.bytes().all(is_plain) {
        return Cow::Borrowed(path);
    }
    let mut out = if is_absolute { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        if is_plain(byte) {
            out.push(byte as char);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        for (path, expected) in [
            ("api/Dockerfile", "api/Dockerfile"),
            ("a b/ü:1.Dockerfile", "a%20b/%C3%BC%3A1.Dockerfile"),
            ("../x%20#?", "../x%2520%23%3F"),
            ("/srv/Dockerfile", "file:///srv/Dockerfile"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
