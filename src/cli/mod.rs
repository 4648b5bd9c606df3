//! The command line: subcommands and exit codes.

mod args;
mod bench;
mod builds;
mod check;
mod context;
mod doctor;
mod explain;
mod fix;
mod init;

use std::{
    env,
    fmt::Display,
    io::{self, BufWriter, IsTerminal, Read, Write},
    process::ExitCode,
    sync::Arc,
};

use clap::{CommandFactory, Parser};
use miette::Diagnostic;

use crate::{
    engine,
    finding::{Finding, Level},
    ignorefile::IgnoreFile,
    names::{self, Name, counted},
    project::Project,
    report::{self, Options},
    rules,
    settings::{Settings, help_for_unknown},
    shellcheck, syntax,
    workspace::{Config, Loaded, STDIN, Workspace, WorkspaceError, write_report},
};
use args::{Args, Color, Command, Common, FailOn, Reports};

/// What a run came to; the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    /// Nothing at or above the threshold.
    Clean = 0,
    /// Findings, or with `--diff` changes.
    Findings = 1,
    /// Not all work could be done.
    Failed = 2,
}

/// What ends a run early.
#[derive(Debug)]
enum Failure {
    /// The output cannot be written.
    Output(io::Error),
    /// The disk or the settings.
    Workspace(WorkspaceError),
    /// What was asked for makes no sense.
    Usage { message: String, help: Option<String> },
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        Self::Workspace(error)
    }
}

/// Runs the program with the arguments and streams of the process.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help that nobody reads is no failure.
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()) * Status::Failed as u8);
        }
    };
    let mut streams = Streams { out: BufWriter::new(io::stdout().lock()), err: io::stderr() };
    let result = run(args, &mut streams).and_then(|status| {
        streams.out.flush()?;
        Ok(status)
    });
    let status = match result {
        Ok(status) => status,
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Status::Clean,
        Err(failure) => {
            // What was found so far is worth having; if it cannot be written, the failure is told all the same.
            let _ = streams.out.flush();
            let _ = match failure {
                Failure::Output(error) => streams.tell(&format!("cannot write the output: {error}"), None),
                Failure::Workspace(error) => streams.tell(&error, error.help()),
                Failure::Usage { message, help } => {
                    streams.tell(&message, help.as_ref().map(|it| Box::new(it) as Box<dyn Display>))
                }
            };
            Status::Failed
        }
    };
    ExitCode::from(status as u8)
}

/// The command with its arguments, from which `docs/cli.md` is made.
pub fn command() -> clap::Command {
    Args::command()
}

/// Where the program writes to.
struct Streams {
    out: BufWriter<io::StdoutLock<'static>>,
    /// Not locked: while a folder is walked, another thread tells how far that is.
    err: io::Stderr,
}

impl Streams {
    /// Standard error or standard output.
    fn side(&mut self, error: bool) -> &mut dyn Write {
        if error { &mut self.err } else { &mut self.out }
    }

    /// Tells what went wrong, and what to do about it.
    fn tell(&mut self, message: &dyn Display, help: Option<Box<dyn Display + '_>>) -> io::Result<()> {
        writeln!(self.err, "error: {message}")?;
        if let Some(help) = help {
            writeln!(self.err, "  help: {help}")?;
        }
        Ok(())
    }
}

fn run(args: Args, streams: &mut Streams) -> Result<Status, Failure> {
    let common = args.common;
    if common.format() == report::Format::Svg
        && !matches!(args.command, Command::Context { .. } | Command::Bench { .. })
    {
        let message = "only `dockopt context` and `dockopt bench` draw pictures".to_owned();
        return Err(Failure::Usage { message, help: None });
    }
    match args.command {
        Command::Check { paths, reports, statistics, diff_base, write_baseline, add_ignores } => {
            let diff_base = diff_base.as_deref();
            let add_ignores = add_ignores.as_deref();
            let how = check::How { reports: &reports, statistics, diff_base, write_baseline, add_ignores };
            check::run(&common, &paths, how, streams)
        }
        Command::Fix { paths, unsafe_fixes, diff, reports } => {
            fix::run(&common, &paths, fix::How { unsafe_fixes, diff, reports: &reports }, streams)
        }
        Command::Context { path, all, ignored } => {
            context::run(&common, &path, context::What { all, ignored }, streams)
        }
        Command::Bench { path, unsafe_fixes, at_once, runs, only, changes, keep_images } => {
            let (path, runs) = (path.as_str(), usize::from(runs));
            let what = bench::What { path, unsafe_fixes, at_once, runs, only: &only, changes: &changes, keep_images };
            bench::run(&common, what, streams)
        }
        Command::Doctor => doctor::run(&common, streams),
        Command::Explain { name } => {
            streams.out.write_all(explain::pages(&name)?.as_bytes())?;
            Ok(Status::Clean)
        }
        Command::Builds { paths } => builds::run(&common, &paths, streams),
        Command::Rules => {
            let table = report::render_rules(common.format(), rules::all());
            streams.out.write_all(table.as_bytes())?;
            Ok(Status::Clean)
        }
        Command::Init { from_hadolint: Some(file), .. } => init::from_hadolint(&file, streams),
        Command::Init { from_hadolint: None, path, only, dry_run } => {
            let only: Vec<_> = only.into_iter().map(Into::into).collect();
            init::run(&common, init::What { path: &path, only: &only, dry_run }, streams)
        }
        Command::Syntax { files } => syntax(&files, streams),
    }
}

/// Writes the reports that were asked for beside the one on standard output.
fn write_reports(reports: &Reports, project: &Project, findings: &[Finding]) -> Result<(), Failure> {
    for (format, path) in &reports.files {
        write_report(path, &report::render(*format, project, findings, Options::PLAIN))?;
    }
    Ok(())
}

/// The baseline that is in force: that of the command line, else that of the settings.
fn baseline_of<'a>(reports: &'a Reports, loaded: &'a Loaded) -> Option<&'a str> {
    reports.baseline.as_deref().or(loaded.project.settings.baseline.as_deref())
}

/// The findings that are not in the baseline.
fn without_baseline(
    common: &Common,
    reports: &Reports,
    loaded: &Loaded,
    project: &Project,
    findings: Vec<Finding>,
    streams: &mut Streams,
) -> Result<Vec<Finding>, Failure> {
    let Some(path) = baseline_of(reports, loaded) else { return Ok(findings) };
    let (baseline, folders) = loaded.baseline(path)?;
    let baseline = baseline.ok_or_else(|| WorkspaceError::NoBaseline { path: path.to_owned() })?;
    let before = findings.len();
    let (left, stale) = baseline.hide(project, findings, &folders);
    if !common.quiet && before > left.len() {
        writeln!(streams.err, "note: {} not told again: {path} has them", counted(before - left.len(), "finding"))?;
    }
    if !common.quiet && stale > 0 {
        let what = if stale == 1 { "1 entry".to_owned() } else { format!("{stale} entries") };
        writeln!(streams.err, "note: {what} of {path} not needed any more; `--write-baseline` takes them out")?;
    }
    Ok(left)
}

/// Prints the syntax tree of each file as a line of JSON.
fn syntax(files: &[String], streams: &mut Streams) -> Result<Status, Failure> {
    let workspace = Workspace::here()?;
    let bytes = stdin_bytes(files)?;
    let stdin = bytes.map(|it| (STDIN.to_owned(), it));
    let loaded = workspace.load(files, stdin, Arc::new(Settings::default()));
    for unit in &loaded.project.dockerfiles {
        let source = loaded.project.source(unit.file);
        writeln!(streams.out, "{}", syntax::dump(&source.path, source, &unit.syntax))?;
    }
    tell_problems(&loaded.problems, streams)
}

/// Loads the project; with it come the bytes of standard input, if it was read.
fn load(common: &Common, paths: &[String]) -> Result<(Loaded, Option<Vec<u8>>), Failure> {
    let (workspace, settings) = settings_for(common, paths)?;
    let is_foreign = |path: &str| path.split('/').any(Settings::is_foreign);
    let is_wanted =
        |path: &&String| !common.force_exclude || *path == STDIN || !settings.excludes(path) && !is_foreign(path);
    let paths: &[String] = &paths.iter().filter(is_wanted).cloned().collect::<Vec<_>>();
    let bytes = stdin_bytes(paths)?;
    let name = common.stdin_filename.as_deref().unwrap_or(STDIN);
    let stdin = bytes.clone().map(|it| (name.to_owned(), it));
    let loaded = workspace.load(paths, stdin, settings);
    if let Some(program) = &common.shellcheck {
        loaded.ask_shellcheck(program, &engine::shell_scripts(&loaded.project))?;
    }
    Ok((loaded, bytes))
}

/// The settings that the command line and the nearest file ask for.
fn settings_for(common: &Common, paths: &[String]) -> Result<(Workspace, Arc<Settings>), Failure> {
    let workspace = Workspace::here()?;
    let config = match &common.config {
        Some(file) => Config::File(file.clone()),
        None if common.isolated => Config::Isolated,
        None => Config::Nearest,
    };
    for name in &common.select {
        checked(name, false)?;
    }
    for name in &common.ignore {
        checked(name, true)?;
    }
    let settings = workspace.settings(&config, paths)?;
    let settings = settings.with_selection(common.select.clone(), common.ignore.clone());
    let profile = common.profile.map_or(settings.profile, Into::into);
    Ok((workspace, Arc::new(settings.with_profile(profile))))
}

fn stdin_bytes(paths: &[String]) -> Result<Option<Vec<u8>>, Failure> {
    if !paths.iter().any(|it| it == STDIN) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let unreadable = |error| WorkspaceError::Unreadable { path: "standard input".to_owned(), error };
    io::stdin().lock().read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(Some(bytes))
}

/// Refuses a name that nothing answers to. Ignoring a code of another tool that has no rule here does no harm.
fn checked(name: &str, may_be_foreign: bool) -> Result<(), Failure> {
    let near = match names::look_up(name) {
        Name::Known => return Ok(()),
        Name::Foreign if may_be_foreign => return Ok(()),
        Name::Foreign => None,
        Name::Unknown(near) => near,
    };
    Err(Failure::Usage { message: format!("unknown rule `{name}`"), help: Some(help_for_unknown(near)) })
}

/// What there is to say about the settings.
fn tell_notes(common: &Common, loaded: &Loaded, streams: &mut Streams) -> io::Result<()> {
    if common.quiet {
        return Ok(());
    }
    let settings = &loaded.project.settings;
    for note in &settings.notes {
        writeln!(streams.err, "note: {note}")?;
    }
    let is_asked = common.shellcheck.is_some() || shellcheck::IS_INSIDE;
    if !is_asked && settings.selects(&rules::SHELL_MISTAKE) {
        writeln!(streams.err, "note: {NO_SHELLCHECK}")?;
    }
    Ok(())
}

/// What is told where the rule about the shell is on, and nobody can be asked.
const NO_SHELLCHECK: &str = "`shell-mistake` says nothing: this dockopt was built without the feature `shellcheck`, and \
                             `--shellcheck` names no program";

/// Tells of patterns in ignore files for which every build fails.
fn tell_bad_patterns(loaded: &Loaded, streams: &mut Streams) -> Result<Status, Failure> {
    let mut status = Status::Clean;
    for source in loaded.project.sources.iter().filter(|it| it.path.ends_with(".dockerignore")) {
        let ignore = IgnoreFile::parse(&source.text);
        for error in ignore.errors().iter().filter(|it| !it.late) {
            streams.tell(&format!("{}:{}: {}", source.path, error.line, error.message), None)?;
            status = Status::Failed;
        }
    }
    Ok(status)
}

fn tell_problems<'a>(
    problems: impl IntoIterator<Item = &'a WorkspaceError>,
    streams: &mut Streams,
) -> Result<Status, Failure> {
    let mut status = Status::Clean;
    for problem in problems {
        streams.tell(problem, problem.help())?;
        status = Status::Failed;
    }
    Ok(status)
}

fn status_of(common: &Common, settings: &Settings, findings: &[Finding]) -> Status {
    let in_settings = settings.fail_on.unwrap_or(Some(Level::Warning));
    let threshold = common.fail_on.map_or(in_settings, FailOn::level);
    let fails = threshold.is_some_and(|threshold| findings.iter().any(|it| it.level >= threshold));
    if fails { Status::Findings } else { Status::Clean }
}

/// Colour and width for what goes to standard output.
fn options(common: &Common) -> Options {
    const WIDTH: usize = Options::PLAIN.width;
    let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| usize::from(width.0));
    let color = wants_color(common.color, |name| env::var(name).ok(), io::stdout().is_terminal());
    Options { color, width, quiet: common.quiet }
}

/// Whether to use colour: the flag decides, then `NO_COLOR`, then `CLICOLOR_FORCE`, then the terminal.
fn wants_color(flag: Color, variable: impl Fn(&str) -> Option<String>, is_terminal: bool) -> bool {
    let is_set = |name| variable(name).is_some_and(|it| !it.is_empty());
    match flag {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if is_set("NO_COLOR") => false,
        Color::Auto if is_set("CLICOLOR_FORCE") && variable("CLICOLOR_FORCE").as_deref() != Some("0") => true,
        Color::Auto => is_terminal && variable("TERM").as_deref() != Some("dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn colour() {
        for (flag, variables, is_terminal, colored) in [
            (Color::Auto, &[][..], true, true),
            (Color::Auto, &[], false, false),
            (Color::Auto, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true, false),
            (Color::Auto, &[("NO_COLOR", "")], true, true),
            (Color::Auto, &[("CLICOLOR_FORCE", "1")], false, true),
            (Color::Auto, &[("CLICOLOR_FORCE", "0")], false, false),
            (Color::Auto, &[("TERM", "dumb")], true, false),
            (Color::Always, &[("NO_COLOR", "1")], false, true),
            (Color::Never, &[("CLICOLOR_FORCE", "1")], true, false),
        ] {
            let value = |name: &str| variables.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(wants_color(flag, value, is_terminal), colored, "{flag:?} {variables:?} {is_terminal}");
        }
    }
}
