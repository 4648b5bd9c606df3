//! What the latest commits have changed, as git tells.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use super::{repository_of, slashed};
use crate::{measure::History, project::join};

/// How far to look back: far enough to see a habit, near enough to be the present one.
const COMMITS: &str = "100";
/// Stands before the files of a commit; no path begins with it, as each ends in a zero byte.
const MARK: &str = "\u{1}";

/// The history of the repository that holds an absolute path; `show` turns absolute paths into those that are shown.
pub(super) fn of(path: &str, show: impl Fn(&str) -> String) -> Option<History> {
    let root = slashed(repository_of(Path::new(path))?);
    let output = Command::new("git")
        .args(["-C", &root, "--no-pager", "log", "-z", "-n", COMMITS, "--no-merges", "--no-show-signature"])
        .args(["--no-renames", "--no-ext-diff", "--name-only", "--format=%x01", "--", "."])
        // Whatever is not here stays away: no locks, no questions, no network.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|it| it.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut history = History::default();
    for part in text.split('\0') {
        let part = part.trim_start_matches('\n');
        match (part.strip_prefix(MARK), history.commits.last_mut()) {
            (Some(_), _) => history.commits.push(Vec::new()),
            (None, Some(commit)) if !part.is_empty() => commit.push(show(&join(&root, part))),
            (None, _) => {}
        }
    }
    Some(history)
}
