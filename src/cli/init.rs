//! `dockopt init`: writes what a repository needs to use the layout, or the settings.

use std::{io::Write, path::PathBuf};

use super::{Failure, Status, Streams, settings_for, tell_problems};
use crate::{
    cli::args::Common,
    init::{self, Part},
    names::counted,
    report::{Format, init as report},
    settings::FILE_NAMES,
    workspace::{STDIN, Workspace, create_file},
};

/// What is to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct What<'a> {
    pub path: &'a str,
    /// All parts if there are none.
    pub only: &'a [Part],
    pub dry_run: bool,
}

/// Writes the files for the builds of a folder, or lists them.
pub(super) fn run(common: &Common, what: What<'_>, streams: &mut Streams) -> Result<Status, Failure> {
    if !matches!(common.format(), Format::Human | Format::Json) {
        let message = "`dockopt init` has no such format".to_owned();
        return Err(Failure::Usage { message, help: Some("use human or json".to_owned()) });
    }
    let paths = [what.path.to_owned()];
    let (workspace, settings) = settings_for(common, &paths)?;
    let loaded = workspace.load(&paths, None, settings);
    let folder = workspace.shown(what.path);
    if what.path == STDIN || loaded.project.files.kind(&folder) == Some(crate::project::Kind::File) {
        let message = format!("{}: is no folder", what.path);
        return Err(Failure::Usage { message, help: Some("give the folder whose images are to be built".to_owned()) });
    }
    let mut status = tell_problems(&loaded.problems, streams)?;
    let parts = if what.only.is_empty() { &Part::ALL[..] } else { what.only };
    let plan = init::plan(&loaded.project, &folder, parts);
    if !what.dry_run {
        loaded.create(plan.files.iter().map(|it| (it.path.as_str(), it.text.as_str(), it.is_program)))?;
    }
    let text = match common.format() {
        Format::Json => report::json(&plan, what.dry_run),
        _ => report::human(&plan, what.dry_run),
    };
    streams.out.write_all(text.as_bytes())?;
    // What was asked for by name and cannot be had is worth an exit code.
    if !what.only.is_empty() && !plan.left_out.is_empty() {
        status = status.max(Status::Findings);
    }
    if !common.quiet && !plan.unknown.is_empty() {
        let what = counted(plan.unknown.len(), "Dockerfile");
        writeln!(streams.err, "note: {what} left out, as it is not known how they are built:")?;
        for (path, reason) in &plan.unknown {
            writeln!(streams.err, "  {path}: {reason}")?;
        }
    }
    Ok(status)
}

/// Turns the configuration of hadolint into a `dockopt.toml` in the working directory: that in `file`, or the one that
/// hadolint would use.
pub(super) fn from_hadolint(file: &str, streams: &mut Streams) -> Result<Status, Failure> {
    let workspace = Workspace::here()?;
    let found = if file.is_empty() { workspace.hadolint_config(&[]) } else { Some(PathBuf::from(file)) };
    let Some(found) = found else {
        let message = "there is no configuration of hadolint".to_owned();
        let help = "name it with `--from-hadolint=FILE`".to_owned();
        return Err(Failure::Usage { message, help: Some(help) });
    };
    let (path, settings) = workspace.hadolint_alone(&found)?;
    create_file(FILE_NAMES[0], &settings.to_toml(&path))?;
    writeln!(streams.out, "Wrote {} from {path}", FILE_NAMES[0])?;
    for note in &settings.notes {
        writeln!(streams.err, "note: {note}")?;
    }
    Ok(Status::Clean)
}
