//! For people: miette's drawing of the lines in question, and a summary.

use std::fmt::{self, Display, Write};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, Severity, SourceCode, SourceSpan,
    SpanContents,
};

use super::{Counts, Options, kinds};
use crate::{
    finding::{Finding, Label, Level},
    names::counted,
    project::{Origin, Project},
    source::{Source, Span},
};

/// Lines of the file that are shown above and below the place in question.
const CONTEXT_LINES: usize = 1;

pub(super) fn report(project: &Project, findings: &[Finding], options: Options) -> String {
    let mut out = self::findings(project, findings, options);
    if !options.quiet {
        let _ = writeln!(out, "{}", summary(project, findings));
    }
    out
}

/// The findings without a summary, as the pages of the rules show them.
pub fn findings(project: &Project, findings: &[Finding], options: Options) -> String {
    let theme = if options.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(options.width)
        .with_links(false)
        .with_context_lines(CONTEXT_LINES)
        .without_syntax_highlighting();
    let mut out = String::new();
    for finding in findings {
        // A `String` takes all that is written, and the spans are clipped to the text.
        let _ = handler.render_report(&mut out, &Drawn::of(project, finding));
        out.push('\n');
    }
    out
}

/// `Found 3 warnings and 1 note in 2 files; 2 can be fixed safely with dockopt fix`.
fn summary(project: &Project, findings: &[Finding]) -> String {
    let n_files = project.dockerfiles.len();
    let mut out =
        if findings.is_empty() { format!("No findings in {}", counted(n_files, "file")) } else { found(findings) };
    if !project.settings.is_open() {
        return out;
    }
    let of = |origin| project.dockerfiles.iter().filter(|it| project.origin(it.file) == origin).count();
    let (generated, kept, templates) = (of(Origin::Program), of(Origin::Kept), of(Origin::Template));
    if generated > 0 {
        let _ = write!(out, "; of {} only errors are told", counted(generated, "generated file"));
    }
    if kept > 0 {
        let _ = write!(out, "; of {} for tests or from archives nothing is told", counted(kept, "file"));
    }
    if templates > 0 {
        let verb = if templates == 1 { "was" } else { "were" };
        let _ = write!(out, "; {} {verb} not looked at", counted(templates, "template"));
    }
    out
}

fn found(findings: &[Finding]) -> String {
    let counts = Counts::of(findings);
    let mut files: Vec<_> = findings.iter().map(|it| it.location.file).collect();
    files.sort();
    files.dedup();
    let mut out = format!("Found {} in {}", kinds(counts), counted(files.len(), "file"));
    if counts.fixable_safe > 0 {
        let _ = write!(out, "; {} can be fixed safely with `dockopt fix`", counts.fixable_safe);
    }
    if counts.fixable_unsafe > 0 {
        let more = if counts.fixable_safe > 0 { " more" } else { "" };
        let _ = write!(out, "; {}{more} with `dockopt fix --unsafe-fixes`", counts.fixable_unsafe);
    }
    out
}

/// A finding, or a label of it in another file, as miette wants it.
#[derive(Debug)]
struct Drawn<'a> {
    source: Lines<'a>,
    code: Option<&'static str>,
    level: Level,
    message: &'a str,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    elsewhere: Vec<Drawn<'a>>,
}

impl<'a> Drawn<'a> {
    fn of(project: &'a Project, finding: &'a Finding) -> Self {
        let source = project.source(finding.location.file);
        let mut labels = vec![LabeledSpan::new_primary_with_span(None, visible(source, finding.location.span))];
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            finding.related.iter().partition(|it| it.location.file == finding.location.file);
        labels.extend(
            here.iter().map(|it| LabeledSpan::new_with_span(Some(it.text.clone()), visible(source, it.location.span))),
        );
        Self {
            source: Lines(source),
            code: Some(finding.rule),
            level: finding.level,
            message: &finding.message,
            help: help(finding),
            labels,
            elsewhere: elsewhere.into_iter().map(|it| Self::elsewhere(project, it)).collect(),
        }
    }

    fn elsewhere(project: &'a Project, label: &'a Label) -> Self {
        let source = project.source(label.location.file);
        Self {
            source: Lines(source),
            code: None,
            level: Level::Note,
            message: &label.text,
            help: None,
            labels: vec![LabeledSpan::new_primary_with_span(None, visible(source, label.location.span))],
            elsewhere: Vec::new(),
        }
    }
}

/// The note, and what the fix would do.
fn help(finding: &Finding) -> Option<String> {
    let fix = finding.fix.as_ref().map(|it| format!("{} fix: {}", it.safety.as_str(), it.title));
    match (&finding.note, fix) {
        (Some(note), Some(fix)) => Some(format!("{note}\n{fix}")),
        (Some(text), None) => Some(text.clone()),
        (None, fix) => fix,
    }
}

/// The part of a span that is underlined: what stands on its first line, without a continuation at its end.
fn visible(source: &Source, span: Span) -> SourceSpan {
    let text = source.slice(span);
    let first = text.split('\n').next().unwrap_or(text);
    let mut visible = first.trim_end();
    if first.len() < text.len() {
        visible = visible.strip_suffix(['\\', '`']).unwrap_or(visible).trim_end();
    }
    SourceSpan::from((span.start as usize, visible.len()))
}

impl Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for Drawn<'_> {}

impl Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.code.map(|it| Box::new(it) as _)
    }

    fn severity(&self) -> Option<Severity> {
        Some(match self.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Note => Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.help.as_ref().map(|it| Box::new(it) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        let elsewhere = self.elsewhere.iter().map(|it| it as &dyn Diagnostic);
        (!self.elsewhere.is_empty()).then(|| Box::new(elsewhere) as _)
    }
}

/// A source over its line index. miette's own way counts lines from the start of the file for every label.
#[derive(Debug)]
struct Lines<'a>(&'a Source);

impl SourceCode for Lines<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let source = self.0;
        if span.offset() + span.len() > source.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let starts = source.line_starts();
        let first = source.line(span.offset() as u32).saturating_sub(1 + context_lines_before);
        // The end is exclusive: a span that ends with a line end does not reach into the next line.
        let last_byte = (span.offset() + span.len()).saturating_sub(1).max(span.offset());
        let last = (source.line(last_byte as u32) - 1 + context_lines_after).min(starts.len() - 1);
        // Without context, miette wants the span itself, so that it learns its column.
        let (start, column) = match context_lines_before {
            0 => (span.offset(), source.line_col(span.offset() as u32).column - 1),
            _ => (starts[first] as usize, 0),
        };
        let end = match context_lines_after {
            0 => span.offset() + span.len(),
            _ => starts.get(last + 1).map_or(source.text.len(), |it| *it as usize),
        };
        Ok(Box::new(Excerpt { source, span: (start, end - start).into(), line: first, column, n_lines: last - first }))
    }
}

/// Some lines of a source.
struct Excerpt<'a> {
    source: &'a Source,
    span: SourceSpan,
    line: usize,
    column: usize,
    /// How many line ends it holds.
    n_lines: usize,
}

impl<'a> SpanContents<'a> for Excerpt<'a> {
    fn data(&self) -> &'a [u8] {
        &self.source.text.as_bytes()[self.span.offset()..self.span.offset() + self.span.len()]
    }

    fn span(&self) -> &SourceSpan {
        &self.span
    }

    fn name(&self) -> Option<&str> {
        Some(&self.source.path)
    }

    fn line(&self) -> usize {
        self.line
    }

    fn column(&self) -> usize {
        self.column
    }

    fn line_count(&self) -> usize {
        self.n_lines
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        edit::{Change, Safety},
        finding::Fix,
        project::Memory,
        settings::Settings,
        source::{FileId, Location},
    };

    fn project() -> Project {
        let text = "FROM python:3.12\n\nRUN apt-get update && \\\n    pip install flask && \\\n    true\nUSER ü # x\n";
        let sources = vec![Source::new("api/Dockerfile", text), Source::new("web/Dockerfile", "FROM b\n")];
        let files = Arc::new(Memory::default());
        Project::of(sources, crate::definitions::Definitions::default(), Arc::new(Settings::default()), files)
    }

    fn finding(project: &Project, file: u32, part: &str) -> Finding {
        Finding::new("missing-cache-mount", location(project, file, part), "`pip` has no cache")
    }

    fn location(project: &Project, file: u32, part: &str) -> Location {
        let start = project.sources[file as usize].text.find(part).unwrap();
        Location { file: FileId(file), span: Span::new(start, start + part.len()) }
    }

    #[test]
    fn the_place_is_underlined() {
        let project = project();
        let mut finding = finding(&project, 0, "pip install flask");
        finding.note = Some("It downloads everything again.".to_owned());
        finding.fix = Some(Fix { title: "Mount a cache".to_owned(), safety: Safety::Safe, change: Change::default() });
        let expected = "\
missing-cache-mount

  ⚠ `pip` has no cache
   ╭─[api/Dockerfile:4:5]
 3 │ RUN apt-get update && \\
 4 │     pip install flask && \\
   ·     ─────────────────
 5 │     true
   ╰────
  help: It downloads everything again.
        safe fix: Mount a cache

Found 1 warning in 1 file; 1 can be fixed safely with `dockopt fix`
";
        assert_eq!(report(&project, &[finding], Options::PLAIN), expected);
    }

    #[test]
    fn of_several_lines_the_first_is_underlined() {
        let project = project();
        let finding = finding(&project, 0, "RUN apt-get update && \\\n    pip install flask && \\\n    true");
        let drawn = findings(&project, &[finding], Options::PLAIN);
        assert!(drawn.contains("· ─────────────────────\n"), "{drawn}");
        assert!(!drawn.contains("pip install flask && \\\n   ·"), "{drawn}");
    }

    #[test]
    fn other_places_are_shown() {
        let project = project();
        let mut finding = finding(&project, 0, "true");
        finding.related = vec![
            Label { location: location(&project, 0, "FROM"), text: "starts here".to_owned() },
            Label { location: location(&project, 1, "FROM b"), text: "the same there".to_owned() },
        ];
        let drawn = findings(&project, &[finding], Options::PLAIN);
        for part in ["[api/Dockerfile:1:1]", "starts here", "[web/Dockerfile:1:1]", "the same there"] {
            assert!(drawn.contains(part), "{part} in {drawn}");
        }
    }

    #[test]
    fn every_place_can_be_drawn() {
        let project = project();
        let text = &project.sources[0].text;
        for start in (0..=text.len()).filter(|it| text.is_char_boundary(*it)) {
            for end in (start..=text.len()).filter(|it| text.is_char_boundary(*it)) {
                let mut finding = finding(&project, 0, "FROM");
                finding.location.span = Span::new(start, end);
                let drawn = findings(&project, &[finding], Options::PLAIN);
                assert!(drawn.contains("─[api/Dockerfile:"), "{start}..{end}: {drawn}");
            }
        }
    }

    #[test]
    fn colour_is_asked_for() {
        let project = project();
        let finding = finding(&project, 0, "FROM");
        let drawn = |color| findings(&project, std::slice::from_ref(&finding), Options { color, ..Options::PLAIN });
        assert!(drawn(true).contains('\u{1b}'));
        assert!(!drawn(false).contains('\u{1b}'));
    }

    #[test]
    fn summaries() {
        let project = project();
        let one = finding(&project, 0, "FROM");
        let note = Finding { level: Level::Note, ..finding(&project, 1, "FROM") };
        assert_eq!(summary(&project, &[one.clone(), one.clone(), note]), "Found 2 warnings and 1 note in 2 files");
        assert_eq!(summary(&project, &[]), "No findings in 2 files");
    }
}
