//! `dockopt check`: what is wrong, all of it or what is new.

use std::io::Write;

use super::{
    Failure, Status, Streams,
    args::{Common, Reports},
    baseline_of, fix, load, options, status_of, tell_bad_patterns, tell_notes, tell_problems, without_baseline,
    write_reports,
};
use crate::{
    engine,
    finding::Finding,
    names::counted,
    project::Project,
    report::{self, Format},
    workspace::{Loaded, write_report},
};

/// How `check` looks and tells.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    pub reports: &'a Reports,
    pub statistics: bool,
    pub diff_base: Option<&'a str>,
    pub write_baseline: bool,
    pub add_ignores: Option<&'a str>,
}

pub(super) fn run(common: &Common, paths: &[String], how: How<'_>, streams: &mut Streams) -> Result<Status, Failure> {
    let (mut loaded, stdin) = load(common, paths)?;
    let flags = [("--diff-base", how.diff_base.is_some()), ("--add-ignores", how.add_ignores.is_some())];
    if let Some((flag, _)) = flags.iter().find(|(_, is_on)| *is_on && stdin.is_some()) {
        let message = format!("`{flag}` cannot be used with standard input");
        return Err(Failure::Usage { message, help: Some("name the file itself".to_owned()) });
    }
    let problems = tell_problems(&loaded.problems, streams)?.max(tell_bad_patterns(&loaded, streams)?);
    tell_notes(common, &loaded, streams)?;
    let format = common.format_with(&loaded.project.settings);
    let is_empty = loaded.project.dockerfiles.is_empty();
    if is_empty && loaded.problems.is_empty() && !common.quiet {
        writeln!(streams.err, "note: no Dockerfiles found")?;
    }
    if let Some(reason) = how.add_ignores {
        loaded.project = silenced(common, &loaded, reason, streams)?;
    }
    let project = &loaded.project;
    let mut findings = engine::check_and_leave(project);
    if how.write_baseline {
        write_baseline(common, how.reports, &loaded, &findings, streams)?;
    }
    findings = without_baseline(common, how.reports, &loaded, project, findings, streams)?;
    if let Some(revision) = how.diff_base {
        let changed = loaded.changed_lines(revision)?;
        findings.retain(|it| report::lines_of(project, it).iter().any(|(path, lines)| changed.touch(path, lines)));
    }
    if how.statistics {
        let Some(table) = report::render_statistics(format, &findings) else {
            let message = format!("there are no statistics in the format `{}`", format.as_str());
            return Err(Failure::Usage { message, help: Some("use `human`, `short` or `json`".to_owned()) });
        };
        streams.out.write_all(table.as_bytes())?;
    } else if !is_empty || format != Format::Human {
        let report = report::render(format, project, &findings, options(common));
        streams.out.write_all(report.as_bytes())?;
    }
    write_reports(how.reports, project, &findings)?;
    let status = problems.max(status_of(common, &project.settings, &findings));
    // The program ends here: giving the memory back piece by piece would cost a twentieth of the run.
    std::mem::forget((loaded, findings));
    Ok(status)
}

/// The project with comments that silence all that can be silenced; written, too.
fn silenced(common: &Common, loaded: &Loaded, reason: &str, streams: &mut Streams) -> Result<Project, Failure> {
    if reason.contains(['\n', '\r']) {
        let message = "the reason of `--add-ignores` has to be one line".to_owned();
        return Err(Failure::Usage { message, help: None });
    }
    let fixed = engine::add_ignores(&loaded.project, reason.trim());
    loaded.write(&fixed.project)?;
    for dropped in &fixed.dropped {
        let path = &loaded.project.source(dropped.finding.location.file).path;
        writeln!(streams.err, "{path}: `{}` was not silenced: {}", dropped.finding.rule, dropped.reason)?;
    }
    if !common.quiet {
        let files = fix::changes(&loaded.project, &fixed.project).count();
        let (n_findings, n_files) = (counted(fixed.applied.len(), "finding"), counted(files, "file"));
        writeln!(streams.err, "note: silenced {n_findings} in {n_files}")?;
    }
    Ok(fixed.project)
}

fn write_baseline(
    common: &Common,
    reports: &Reports,
    loaded: &Loaded,
    findings: &[Finding],
    streams: &mut Streams,
) -> Result<(), Failure> {
    let Some(path) = baseline_of(reports, loaded) else {
        let message = "`--write-baseline` needs the name of the baseline".to_owned();
        let help = "give it with `--baseline FILE`, or as `baseline` in `dockopt.toml`".to_owned();
        return Err(Failure::Usage { message, help: Some(help) });
    };
    // One that cannot be read is replaced only when somebody has taken it away.
    let (old, folders) = loaded.baseline(path)?;
    let is_there = |path: &str| loaded.is_file(path);
    let new = old.unwrap_or_default().renewed(&loaded.project, findings, &folders, is_there);
    write_report(path, &new.text())?;
    if !common.quiet {
        writeln!(streams.err, "note: wrote {} to {path}", counted(new.len(), "finding"))?;
    }
    Ok(())
}
