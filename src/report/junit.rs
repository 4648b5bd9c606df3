//! `JUnit` XML: a suite for each file, a case for each finding, and a passing case for a file without any.

use std::fmt::Write;

use super::{Place, whole_message, xml::escaped};
use crate::{finding::Finding, project::Project, source::FileId};

pub(super) fn report(project: &Project, findings: &[Finding]) -> String {
    let mut files: Vec<FileId> = project.dockerfiles.iter().map(|it| project.home_of(it.file)).collect();
    files.extend(findings.iter().map(|it| it.location.file));
    files.sort_unstable();
    files.dedup();
    let cases = |file| findings.iter().filter(move |it| it.location.file == file);
    let n_clean = files.iter().filter(|it| cases(**it).next().is_none()).count();

    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (n_tests, n_failures) = (findings.len() + n_clean, findings.len());
    let _ = writeln!(out, "<testsuites name=\"dockopt\" tests=\"{n_tests}\" failures=\"{n_failures}\" errors=\"0\">");
    for file in files {
        let path = escaped(&project.source(file).path);
        let failures = cases(file).count();
        let tests = failures.max(1);
        let _ = writeln!(
            out,
            "  <testsuite name=\"{path}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">"
        );
        for finding in cases(file) {
            let place = Place::of(project, finding.location);
            let (line, column) = (place.start.line, place.start.column);
            let _ = writeln!(
                out,
                "    <testcase name=\"{rule}\" classname=\"{path}\" file=\"{path}\" line=\"{line}\">\n      \
                 <failure type=\"{level}\" message=\"{message}\">{path}:{line}:{column}: {whole}</failure>\n    \
                 </testcase>",
                rule = escaped(finding.rule),
                level = finding.level.as_str(),
                message = escaped(&finding.message),
                whole = escaped(&whole_message(finding)),
            );
        }
        if failures == 0 {
            let _ = writeln!(out, "    <testcase name=\"no findings\" classname=\"{path}\" file=\"{path}\"/>");
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}
