//! One line per finding, and one per rule.

use std::fmt::Write;

use super::fix_words;
use crate::{
    finding::{Finding, Level},
    project::Project,
    rule::Rule,
};

/// `path:line:col: name: message`.
pub(super) fn report(project: &Project, findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let source = project.source(finding.location.file);
        let place = source.line_col(finding.location.span.start);
        let _ = writeln!(out, "{}:{}:{}: {}: {}", source.path, place.line, place.column, finding.rule, finding.message);
    }
    out
}

/// A table with a head, its columns as wide as they need to be.
pub(super) fn rules(rules: &[&Rule]) -> String {
    let mut rows = vec![["name", "family", "level", "default", "fix", "summary"].map(str::to_owned)];
    for rule in rules {
        let meta = rule.meta();
        rows.push([
            rule.name.to_owned(),
            rule.family.to_owned(),
            Level::from(meta.level).as_str().to_owned(),
            if meta.default { "on" } else { "off" }.to_owned(),
            fix_words(rule).join(", "),
            meta.summary.clone(),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<_> = (0..rows[0].len()).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(out, "{}", cells.join("  ").trim_end());
    }
    out
}
