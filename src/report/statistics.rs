//! How many findings each rule has, instead of the findings.

use std::fmt::Write;

use serde::Serialize;

use super::{Format, fix_words, json_line, rule_named};
use crate::finding::Finding;

#[derive(Serialize)]
struct Statistics<'a> {
    version: u32,
    statistics: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    rule: &'a str,
    level: &'a str,
    count: usize,
    files: usize,
    fixable: usize,
    summary: &'a str,
}

/// A table, the most frequent rule first; JSON for programs, and text for people.
/// `None` for the formats that have no room for it.
pub fn render(format: Format, findings: &[Finding]) -> Option<String> {
    let rows = rows(findings);
    match format {
        Format::Json => Some(json_line(&Statistics { version: 1, statistics: rows })),
        Format::Human | Format::Short => Some(table(&rows)),
        _ => None,
    }
}

fn rows(findings: &[Finding]) -> Vec<Row<'_>> {
    let mut names: Vec<_> = findings.iter().map(|it| it.rule).collect();
    names.sort_unstable();
    names.dedup();
    let row = |name: &&'static str| {
        let of_rule = || findings.iter().filter(|it| it.rule == *name);
        let mut files: Vec<_> = of_rule().map(|it| it.location.file).collect();
        files.sort_unstable();
        files.dedup();
        Row {
            rule: name,
            level: of_rule().map(|it| it.level).max().map_or("", |it| it.as_str()),
            count: of_rule().count(),
            files: files.len(),
            fixable: of_rule().filter(|it| it.fix.is_some()).count(),
            summary: rule_named(name).map_or("", |it| it.meta().summary.as_str()),
        }
    };
    let mut rows: Vec<_> = names.iter().map(row).collect();
    rows.sort_by(|a, b| (b.count, a.rule).cmp(&(a.count, b.rule)));
    rows
}

fn table(rows: &[Row<'_>]) -> String {
    let width = rows.iter().map(|it| it.rule.len()).max().unwrap_or(0);
    let digits = rows.iter().map(|it| it.count).max().unwrap_or(0).to_string().len();
    let mut out = String::new();
    for row in rows {
        let fixes = rule_named(row.rule).map(fix_words).unwrap_or_default();
        let fixes = if fixes.is_empty() { String::new() } else { format!(" [fix: {}]", fixes.join(", ")) };
        let _ = writeln!(out, "{:>digits$}  {:width$}  {}{fixes}", row.count, row.rule, row.summary);
    }
    out
}
