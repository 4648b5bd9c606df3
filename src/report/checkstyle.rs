//! Checkstyle XML.

use std::fmt::Write;

use super::{Place, whole_message, xml::escaped};
use crate::{
    finding::{Finding, Level},
    project::Project,
};

pub(super) fn report(project: &Project, findings: &[Finding]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">\n");
    for of_file in findings.chunk_by(|a, b| a.location.file == b.location.file) {
        let path = &project.source(of_file[0].location.file).path;
        let _ = writeln!(out, "  <file name=\"{}\">", escaped(path));
        for finding in of_file {
            let place = Place::of(project, finding.location);
            let severity = match finding.level {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Note => "info",
            };
            let _ = writeln!(
                out,
                "    <error line=\"{}\" column=\"{}\" severity=\"{severity}\" message=\"{}\" source=\"dockopt.{}\"/>",
                place.start.line,
                place.start.column,
                escaped(&whole_message(finding)),
                escaped(finding.rule),
            );
        }
        out.push_str("  </file>\n");
    }
    out.push_str("</checkstyle>\n");
    out
}
