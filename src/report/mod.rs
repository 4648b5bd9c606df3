//! The output formats.

mod human;
mod json;
mod short;

pub use human::findings as human_findings;

use crate::{
    edit::Safety,
    finding::{Finding, Level},
    project::Project,
    rule::Rule,
    rules,
};

/// An output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people: with the lines in question.
    #[default]
    Human,
    /// One line per finding.
    Short,
    /// For programs.
    Json,
}

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether to use colour.
    pub color: bool,
    /// The width of the terminal in columns.
    pub width: usize,
}

impl Options {
    /// For what is not a terminal: no colour, 80 columns.
    pub const PLAIN: Self = Self { color: false, width: 80 };
}

/// The findings of a project in the given format, with a summary where the format has one.
pub fn render(format: Format, project: &Project, findings: &[Finding], options: Options) -> String {
    match format {
        Format::Human => human::report(project, findings, options),
        Format::Short => short::report(project, findings),
        Format::Json => json::report(project, findings),
    }
}

/// The table of rules in the given format.
pub fn render_rules<'a>(format: Format, rules: impl IntoIterator<Item = &'a Rule>) -> String {
    let rules: Vec<_> = rules.into_iter().collect();
    match format {
        Format::Human | Format::Short => short::rules(&rules),
        Format::Json => json::rules(&rules),
    }
}

/// How many findings there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Findings of level error.
    pub errors: usize,
    /// Findings of level warning.
    pub warnings: usize,
    /// Findings of level note.
    pub notes: usize,
    /// Findings with a safe fix.
    pub fixable_safe: usize,
    /// Findings with an unsafe fix.
    pub fixable_unsafe: usize,
}

impl Counts {
    /// Counts findings.
    pub fn of(findings: &[Finding]) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            match finding.level {
                Level::Error => counts.errors += 1,
                Level::Warning => counts.warnings += 1,
                Level::Note => counts.notes += 1,
            }
            match finding.fix.as_ref().map(|it| it.safety) {
                Some(Safety::Safe) => counts.fixable_safe += 1,
                Some(Safety::Unsafe) => counts.fixable_unsafe += 1,
                Some(Safety::Shown) | None => {}
            }
        }
        counts
    }
}

/// A number and its noun: `1 file`, `2 files`.
pub fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// The rule of that name.
fn rule_named(name: &str) -> Option<&'static Rule> {
    rules::all().find(|it| it.name == name)
}

/// The safeties of a rule's fixes, as words.
fn fix_words(rule: &Rule) -> Vec<&'static str> {
    rule.meta().fix.iter().map(|it| Safety::from(*it).as_str()).collect()
}
