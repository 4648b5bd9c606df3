//! The output formats.

pub mod bench;
pub mod builds;
mod checkstyle;
mod context;
pub mod doctor;
mod github;
mod gitlab;
mod hadolint;
mod human;
pub mod init;
mod json;
mod junit;
mod markdown;
mod rdjson;
mod sarif;
mod short;
mod sonarqube;
mod statistics;
mod xml;

use std::{borrow::Cow, ops::RangeInclusive};

pub use context::{files as context_files, human_context, json_context, svg_context};
pub use human::findings as human_findings;
pub use statistics::render as render_statistics;

use serde::Serialize;

use crate::{
    edit::Safety,
    finding::{Finding, Level},
    names::counted,
    project::Project,
    rule::Rule,
    rules,
    source::{LineCol, Location, Source},
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
    /// SARIF 2.1.0.
    Sarif,
    /// Commands of GitHub Actions that put findings beside the lines.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// `JUnit` XML.
    Junit,
    /// Checkstyle XML.
    Checkstyle,
    /// Reviewdog's diagnostic format, with suggestions.
    Rdjson,
    /// `SonarQube`'s generic issues.
    Sonarqube,
    /// A table for a comment on a pull request.
    Markdown,
    /// What `hadolint --format tty` prints.
    HadolintTty,
    /// What `hadolint --format json` prints.
    HadolintJson,
    /// What `hadolint --format codeclimate` prints.
    HadolintCodeclimate,
    /// A picture of a context; findings have none.
    Svg,
}

impl Format {
    /// Every format of findings.
    pub const ALL: [Self; 14] = [
        Self::Human,
        Self::Short,
        Self::Json,
        Self::Sarif,
        Self::Github,
        Self::Gitlab,
        Self::Junit,
        Self::Checkstyle,
        Self::Rdjson,
        Self::Sonarqube,
        Self::Markdown,
        Self::HadolintTty,
        Self::HadolintJson,
        Self::HadolintCodeclimate,
    ];

    /// The word for it on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Short => "short",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Junit => "junit",
            Self::Checkstyle => "checkstyle",
            Self::Rdjson => "rdjson",
            Self::Sonarqube => "sonarqube",
            Self::Markdown => "markdown",
            Self::HadolintTty => "hadolint-tty",
            Self::HadolintJson => "hadolint-json",
            Self::HadolintCodeclimate => "hadolint-codeclimate",
            Self::Svg => "svg",
        }
    }

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }

    /// What it is for, in half a line.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Human => "For people, with the lines in question",
            Self::Short => "`path:line:column: name: message`",
            Self::Json => "For programs",
            Self::Sarif => "SARIF 2.1.0, for code scanning",
            Self::Github => "Annotations of GitHub Actions",
            Self::Gitlab => "A code quality report of GitLab",
            Self::Junit => "JUnit XML",
            Self::Checkstyle => "Checkstyle XML",
            Self::Rdjson => "For reviewdog, with suggestions",
            Self::Sonarqube => "Generic issues of SonarQube",
            Self::Markdown => "A table for a comment on a pull request",
            Self::HadolintTty => "As `hadolint --format tty`",
            Self::HadolintJson => "As `hadolint --format json`",
            Self::HadolintCodeclimate => "As `hadolint --format codeclimate`",
            Self::Svg => "A picture, of `dockopt bench` and `dockopt context` only",
        }
    }
}

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether to use colour.
    pub color: bool,
    /// The width of the terminal in columns.
    pub width: usize,
    /// Whether to leave the summary out.
    pub quiet: bool,
}

impl Options {
    /// For what is not a terminal: no colour, 80 columns.
    pub const PLAIN: Self = Self { color: false, width: 80, quiet: false };
}

/// The findings of a project in the given format, with a summary where the format has one.
pub fn render(format: Format, project: &Project, findings: &[Finding], options: Options) -> String {
    match format {
        // The program refuses a picture of findings before it begins.
        Format::Human | Format::Svg => human::report(project, findings, options),
        Format::Short => short::report(project, findings),
        Format::Json => json::report(project, findings),
        Format::Sarif => sarif::report(project, findings),
        Format::Github => github::report(project, findings),
        Format::Gitlab => gitlab::report(project, findings),
        Format::Junit => junit::report(project, findings),
        Format::Checkstyle => checkstyle::report(project, findings),
        Format::Rdjson => rdjson::report(project, findings),
        Format::Sonarqube => sonarqube::report(project, findings),
        Format::Markdown => markdown::report(project, findings),
        Format::HadolintTty => hadolint::tty(project, findings, options),
        Format::HadolintJson => hadolint::json(project, findings),
        Format::HadolintCodeclimate => hadolint::codeclimate(project, findings),
    }
}

/// The table of rules: JSON for programs, and text in every other format.
pub fn render_rules<'a>(format: Format, rules: impl IntoIterator<Item = &'a Rule>) -> String {
    let rules: Vec<_> = rules.into_iter().collect();
    match format {
        Format::Json => json::rules(&rules),
        _ => short::rules(&rules),
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
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
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

/// How many there are of each level, the worst first: `2 errors and 1 note`.
fn kinds(counts: Counts) -> String {
    let kinds = [(counts.errors, "error"), (counts.warnings, "warning"), (counts.notes, "note")];
    let kinds: Vec<_> =
        kinds.iter().filter(|(number, _)| *number > 0).map(|(number, noun)| counted(*number, noun)).collect();
    crate::names::enumerated(&kinds)
}

/// The rule of that name.
fn rule_named(name: &str) -> Option<&'static Rule> {
    rules::all().find(|it| it.name == name)
}

/// The safeties of a rule's fixes, as words.
fn fix_words(rule: &Rule) -> Vec<&'static str> {
    rule.meta().fix.iter().map(|it| Safety::from(*it).as_str()).collect()
}

/// The path, first and last place of a location, as formats write them.
struct Place<'a> {
    path: &'a str,
    start: LineCol,
    /// The place after the last character; in a span of whole lines the end of the last one.
    end: LineCol,
}

impl<'a> Place<'a> {
    fn of(project: &'a Project, location: Location) -> Self {
        let source = project.source(location.file);
        let (start, end) = (source.line_col(location.span.start), source.line_col(location.span.end));
        // A span that ends with a line end would reach into the next line, which may not be there.
        if end.column == 1 && end.line > start.line {
            let end = source.line_col(last_of_line(source, location.span.end - 1));
            return Self { path: &source.path, start, end };
        }
        Self { path: &source.path, start, end }
    }
}

/// The offset of a line's end: of its `\n`, or of the `\r` before it.
fn last_of_line(source: &Source, newline: u32) -> u32 {
    let before = &source.text[..newline as usize];
    newline - u32::from(before.ends_with('\r'))
}

/// The paths and lines of a finding and of the other places that belong to it.
pub fn lines_of<'a>(project: &'a Project, finding: &Finding) -> Vec<(&'a str, RangeInclusive<usize>)> {
    let locations = finding.related.iter().map(|it| it.location).chain([finding.location]);
    let lines = |location| {
        let place = Place::of(project, location);
        (place.path, place.start.line..=place.end.line)
    };
    locations.map(lines).collect()
}

/// The message, and below it the note.
fn whole_message(finding: &Finding) -> Cow<'_, str> {
    match &finding.note {
        Some(note) => Cow::Owned(format!("{}\n{note}", finding.message)),
        None => Cow::Borrowed(&finding.message),
    }
}

/// A value as one line of JSON.
fn json_line(value: &impl Serialize) -> String {
    json_line_of(value, 0)
}

/// The same for a value that is about that many bytes long: to move a text of megabytes again and again costs time.
fn json_line_of(value: &impl Serialize, bytes: usize) -> String {
    let mut bytes = Vec::with_capacity(bytes);
    // Values made of strings and numbers cannot fail.
    serde_json::to_writer(&mut bytes, value).unwrap_or_default();
    bytes.push(b'\n');
    String::from_utf8(bytes).unwrap_or_default()
}
