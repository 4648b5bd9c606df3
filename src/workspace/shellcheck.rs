//! The program `shellcheck`, asked about all shell texts at once.

use std::{
    fs, io,
    path::PathBuf,
    process::Command,
    sync::{Mutex, PoisonError},
};

use rustc_hash::FxHashMap;

use super::{Loaded, WorkspaceError};
use crate::shellcheck::{Remark, Script, parse_report};

/// A program, and what it has said.
#[derive(Debug)]
pub(super) struct Asked {
    program: PathBuf,
    answers: Mutex<FxHashMap<Script, Vec<Remark>>>,
}

impl Asked {
    /// What it says of scripts. Those that are new are handed over together; where that fails, nothing is said of them.
    pub(super) fn answers(&self, scripts: &[Script]) -> Vec<Vec<Remark>> {
        let mut known = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<&Script> = scripts.iter().filter(|it| !known.contains_key(*it)).collect();
        if !new.is_empty()
            && let Ok(answers) = self.ask(&new)
        {
            known.extend(new.into_iter().cloned().zip(answers));
        }
        scripts.iter().map(|it| known.get(it).cloned().unwrap_or_default()).collect()
    }

    /// Starts the program once. Its files lie in a folder of their own, so that it finds nothing else.
    fn ask(&self, scripts: &[&Script]) -> Result<Vec<Vec<Remark>>, WorkspaceError> {
        let name = || self.program.display().to_string();
        let unusable = |error: io::Error| WorkspaceError::NoShellcheck { program: name(), error };
        let folder = tempfile::tempdir().map_err(unusable)?;
        for (at, script) in scripts.iter().enumerate() {
            fs::write(folder.path().join(at.to_string()), &script.text).map_err(unusable)?;
        }
        let mut command = Command::new(&self.program);
        command.args(["--norc", "--format=json1", "--"]).args((0..scripts.len()).map(|it| it.to_string()));
        let output = command.current_dir(folder.path()).output().map_err(unusable)?;
        let named = scripts.iter().enumerate().map(|(at, it)| (at.to_string(), *it));
        parse_report(&String::from_utf8_lossy(&output.stdout), named).map_err(|_| {
            let error = String::from_utf8_lossy(&output.stderr);
            let message = error.lines().next().unwrap_or("it prints no report").to_owned();
            WorkspaceError::Shellcheck { program: name(), message }
        })
    }
}

impl Loaded {
    /// Lets a program say what there is to say about shell texts, and asks it about these at once.
    pub fn ask_shellcheck(&self, program: &str, scripts: &[Script]) -> Result<(), WorkspaceError> {
        // A relative path means a file of the working directory, a bare name one of `PATH`.
        let is_path = program.contains(['/', std::path::MAIN_SEPARATOR]);
        let program = if is_path { self.disk.absolute(program) } else { PathBuf::from(program) };
        let asked = Asked { program, answers: Mutex::default() };
        if !scripts.is_empty() {
            let answers = asked.ask(&scripts.iter().collect::<Vec<_>>())?;
            let mut known = asked.answers.lock().unwrap_or_else(PoisonError::into_inner);
            known.extend(scripts.iter().cloned().zip(answers));
        }
        self.disk.set_shellcheck(asked);
        Ok(())
    }
}
