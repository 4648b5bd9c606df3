//! `dockopt fix`: applies fixes, or shows what they would change.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use similar::TextDiff;

use super::{
    Failure, Status, Streams, load, options, status_of, tell_bad_patterns, tell_notes, tell_problems, without_baseline,
    write_reports,
};
use crate::{
    cli::args::{Common, Reports},
    edit::Safety,
    engine::{self, Fixed},
    finding::Finding,
    names::counted,
    project::Project,
    report::{self, Counts, Format},
    source::{FileId, Source},
    workspace::{Loaded, STDIN},
};

/// What is to be done with the fixes.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    pub unsafe_fixes: bool,
    pub diff: bool,
    pub reports: &'a Reports,
}

pub(super) fn run(common: &Common, paths: &[String], how: How<'_>, streams: &mut Streams) -> Result<Status, Failure> {
    let from_stdin = paths.iter().any(|it| it == STDIN);
    if from_stdin && paths.len() > 1 {
        let message = "standard input cannot be fixed together with other paths".to_owned();
        return Err(Failure::Usage { message, help: Some("run `dockopt fix -` on its own".to_owned()) });
    }
    let (loaded, stdin_bytes) = load(common, paths)?;
    let problems = tell_problems(&loaded.problems, streams)?.max(tell_bad_patterns(&loaded, streams)?);
    tell_notes(common, &loaded, streams)?;
    let allowed = if how.unsafe_fixes { Safety::Unsafe } else { Safety::Safe };
    let fixed = engine::fix(&loaded.project, allowed);
    for dropped in &fixed.dropped {
        let path = path_of(&loaded.project, &fixed.project, &dropped.finding);
        let rule = dropped.finding.rule;
        writeln!(streams.err, "{path}: the fix of `{rule}` was dropped: {}; please report this", dropped.reason)?;
    }
    if how.diff {
        let diff = diff(&loaded.project, &fixed.project);
        streams.out.write_all(diff.as_bytes())?;
        return Ok(problems.max(if diff.is_empty() { Status::Clean } else { Status::Findings }));
    }
    if let Some(bytes) = stdin_bytes {
        streams.out.write_all(&fixed_stdin(&loaded, &fixed, bytes)?)?;
    } else {
        loaded.write(&fixed.project)?;
    }
    let left = engine::check(&fixed.project);
    let left = without_baseline(common, how.reports, &loaded, &fixed.project, left, streams)?;
    tell(common, &loaded.project, &fixed, &left, from_stdin, streams)?;
    write_reports(how.reports, &fixed.project, &left)?;
    Ok(problems.max(status_of(common, &fixed.project.settings, &left)))
}

/// What standard input became; its very bytes, when they are not UTF-8.
fn fixed_stdin(loaded: &Loaded, fixed: &Fixed, bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let stdin = loaded.stdin();
    let is_stdin = |path: &str| stdin == Some(path);
    if let Some((_, other)) = changes(&loaded.project, &fixed.project).find(|(_, it)| !is_stdin(&it.path)) {
        let message = format!("the fixes of standard input would change {} too", other.path);
        let help = "run `dockopt fix` on the file itself, or leave the rule out with `--ignore`".to_owned();
        return Err(Failure::Usage { message, help: Some(help) });
    }
    let source = fixed.project.sources.iter().find(|it| is_stdin(&it.path) && it.is_utf8);
    Ok(source.map_or(bytes, |it| it.text.clone().into_bytes()))
}

/// Says what was fixed and what is left. Formats for programs hold what is left and nothing else.
fn tell(
    common: &Common,
    before: &Project,
    fixed: &Fixed,
    left: &[Finding],
    from_stdin: bool,
    streams: &mut Streams,
) -> io::Result<()> {
    let format = common.format_with(&fixed.project.settings);
    let mut done = String::new();
    for finding in &fixed.applied {
        let path = path_of(before, &fixed.project, finding);
        let line = line_of(before, &fixed.project, finding);
        let title = finding.fix.as_ref().map_or("", |it| it.title.as_str());
        let _ = writeln!(done, "{path}:{line}: {}: {title}", finding.rule);
    }
    if !fixed.applied.is_empty() {
        let n_findings = counted(fixed.applied.len(), "finding");
        let n_files = counted(changes(before, &fixed.project).count(), "file");
        let _ = writeln!(done, "Fixed {n_findings} in {n_files}\n");
    }
    let is_empty = fixed.project.dockerfiles.is_empty();
    let report = report::render(format, &fixed.project, left, options(common));
    let report = if is_empty && format == Format::Human { "" } else { &report };
    let to_err = from_stdin || format != Format::Human;
    streams.side(to_err).write_all(done.as_bytes())?;
    streams.side(from_stdin).write_all(report.as_bytes())?;
    // The summary of the human format says this itself.
    let n_unsafe = Counts::of(left).fixable_unsafe;
    if format != Format::Human && n_unsafe > 0 && !common.quiet {
        writeln!(streams.err, "note: {} can be fixed with --unsafe-fixes", counted(n_unsafe, "finding"))?;
    }
    Ok(())
}

/// The files that differ: what they were, if they were there, and what they are.
pub(super) fn changes<'a>(
    before: &'a Project,
    after: &'a Project,
) -> impl Iterator<Item = (Option<&'a Source>, &'a Source)> {
    let files = after.sources.iter().enumerate().filter(|(at, _)| !after.is_inlined(FileId(*at as u32)));
    let pairs = files.map(|(at, new)| (before.sources.get(at), new));
    pairs.filter(|(old, new)| old.is_none_or(|it| it.text != new.text))
}

fn diff(before: &Project, after: &Project) -> String {
    const CONTEXT_LINES: usize = 3;
    let mut out = String::new();
    for (old, new) in changes(before, after) {
        // As git writes it: a path that starts with a slash would otherwise have two.
        let path = new.path.trim_start_matches('/');
        let (from, text) = old.map_or(("/dev/null".to_owned(), ""), |it| (format!("a/{path}"), &it.text));
        let diff = TextDiff::from_lines(text, &new.text);
        let mut unified = diff.unified_diff();
        unified.context_radius(CONTEXT_LINES).header(&from, &format!("b/{path}"));
        out.push_str(&unified.to_string());
    }
    out
}

/// The path of a finding; a file that a fix has made is only in the project afterwards.
fn path_of<'a>(before: &'a Project, after: &'a Project, finding: &Finding) -> &'a str {
    let at = finding.location.file.0 as usize;
    before.sources.get(at).or_else(|| after.sources.get(at)).map_or("", |it| &it.path)
}

/// The line of a finding, in the file as it was read as far as it can be told: later rounds saw other text.
fn line_of(before: &Project, after: &Project, finding: &Finding) -> usize {
    let at = finding.location.file.0 as usize;
    let source = before.sources.get(at).or_else(|| after.sources.get(at));
    source.map_or(1, |it| it.line(finding.location.span.start.min(it.text.len() as u32)))
}
