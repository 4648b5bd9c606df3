//! `dockopt init`: writes the settings.

use std::{io::Write, path::PathBuf};

use super::{Failure, Status, Streams};
use crate::{
    settings::FILE_NAMES,
    workspace::{Workspace, create_file},
};

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
