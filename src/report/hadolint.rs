//! The shapes of hadolint's own reports, so that scripts which read them go on working.
//!
//! A finding has hadolint's code where its rule has one, else its own name; the place is dockopt's, and so more exact.

use std::fmt::Write;

use serde::Serialize;

use super::{
    Options, Place,
    gitlab::{Lines, Location},
    json_line, rule_named,
};
use crate::{
    finding::{Finding, Level},
    project::Project,
};

/// The code under which hadolint reports the finding.
fn code(finding: &Finding) -> &str {
    let codes = rule_named(finding.rule).map(|it| it.codes_of(finding)).unwrap_or_default();
    let own = codes.iter().find_map(|it| it.strip_prefix("hadolint/").or_else(|| it.strip_prefix("shellcheck/")));
    own.unwrap_or(finding.rule)
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "info",
    }
}

pub(super) fn tty(project: &Project, findings: &[Finding], options: Options) -> String {
    let mut out = String::new();
    for finding in findings {
        let place = Place::of(project, finding.location);
        let (code, severity) = (code(finding), severity(finding.level));
        let color = match finding.level {
            Level::Error => "31",
            Level::Warning => "33",
            Level::Note => "32",
        };
        let severity =
            if options.color { format!("\u{1b}[1;{color}m{severity}\u{1b}[0m") } else { severity.to_owned() };
        let _ = writeln!(out, "{}:{} {code} {severity}: {}", place.path, place.start.line, finding.message);
    }
    out
}

#[derive(Serialize)]
struct Row<'a> {
    code: &'a str,
    column: usize,
    file: &'a str,
    level: &'a str,
    line: usize,
    message: &'a str,
}

pub(super) fn json(project: &Project, findings: &[Finding]) -> String {
    let row = |finding| {
        let finding: &Finding = finding;
        let place = Place::of(project, finding.location);
        Row {
            code: code(finding),
            column: place.start.column,
            file: place.path,
            level: severity(finding.level),
            line: place.start.line,
            message: &finding.message,
        }
    };
    json_line(&findings.iter().map(row).collect::<Vec<_>>())
}

#[derive(Serialize)]
struct Issue<'a> {
    r#type: &'a str,
    check_name: &'a str,
    description: &'a str,
    categories: [&'a str; 1],
    location: Location<'a>,
    severity: &'a str,
}

/// Objects, each followed by a zero byte, as Code Climate's engines print them.
pub(super) fn codeclimate(project: &Project, findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let place = Place::of(project, finding.location);
        let issue = Issue {
            r#type: "issue",
            check_name: code(finding),
            description: &finding.message,
            categories: ["Bug Risk"],
            location: Location { path: place.path, lines: Lines { begin: place.start.line, end: place.end.line } },
            severity: match finding.level {
                Level::Error => "blocker",
                Level::Warning => "major",
                Level::Note => "info",
            },
        };
        out.push_str(json_line(&issue).trim_end());
        out.push('\0');
    }
    out
}
