//! GitLab's code quality report: an array of issues, shown beside the lines of a merge request.

use std::borrow::Cow;

use serde::Serialize;

use super::{Place, json_line, whole_message};
use crate::{
    finding::{Finding, Level},
    fingerprint::fingerprints,
    project::Project,
};

#[derive(Serialize)]
struct Issue<'a> {
    description: Cow<'a, str>,
    check_name: &'a str,
    fingerprint: String,
    severity: &'a str,
    location: Location<'a>,
}

/// A place as Code Climate's format has it, which GitLab takes over.
#[derive(Serialize)]
pub(super) struct Location<'a> {
    pub(super) path: &'a str,
    pub(super) lines: Lines,
}

/// Lines from 1, the last included.
#[derive(Serialize)]
pub(super) struct Lines {
    pub(super) begin: usize,
    pub(super) end: usize,
}

pub(super) fn report(project: &Project, findings: &[Finding]) -> String {
    let issue = |(finding, fingerprint)| {
        let finding: &Finding = finding;
        let place = Place::of(project, finding.location);
        Issue {
            description: whole_message(finding),
            check_name: finding.rule,
            fingerprint,
            severity: severity(finding.level),
            location: Location { path: place.path, lines: Lines { begin: place.start.line, end: place.end.line } },
        }
    };
    let prints = fingerprints(project, findings, Cow::Borrowed);
    json_line(&findings.iter().zip(prints).map(issue).collect::<Vec<_>>())
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "critical",
        Level::Warning => "major",
        Level::Note => "info",
    }
}
