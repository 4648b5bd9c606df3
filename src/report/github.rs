//! Commands of GitHub Actions, which become annotations beside the lines of a pull request.

use std::fmt::Write;

use super::{Place, whole_message};
use crate::{
    finding::{Finding, Level},
    project::Project,
};

pub(super) fn report(project: &Project, findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let place = Place::of(project, finding.location);
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let _ = write!(out, "::{command} file={},line={}", property(place.path), place.start.line);
        if place.start.line == place.end.line {
            let _ = write!(out, ",col={},endColumn={}", place.start.column, place.end.column);
        } else {
            // Columns are refused where an annotation spans lines.
            let _ = write!(out, ",endLine={}", place.end.line);
        }
        let _ = writeln!(out, ",title={}::{}", property(finding.rule), data(&whole_message(finding)));
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
