//! What the latest commits have changed, as git tells.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use super::{is_below, repository_of, slashed};
use crate::project::{History, join};

/// How far to look back: far enough to see a habit, near enough to be the present one.
const COMMITS: &str = "100";
/// How long git may take. A very large repository may have told only of some commits by then.
const PATIENCE: Duration = Duration::from_millis(500);
/// Stands before the files of a commit; no path begins with it, as each ends in a zero byte.
const MARK: &str = "\u{1}";

/// Histories by the root of the repository: git is asked once for each.
#[derive(Debug)]
pub(super) struct Histories {
    known: Mutex<BTreeMap<String, Arc<History>>>,
    /// Whether what is looked at is one repository, and what it is made of. A look at many at once is a survey: there
    /// git would take longer than all else together, to tell of habits that are not those of whoever looks.
    is_asked: bool,
}

impl Histories {
    /// The histories for a look at what lies in these folders.
    pub(super) fn new(roots: &BTreeSet<String>) -> Self {
        let is_around_all = |top: &String| roots.iter().all(|it| is_below(it, top));
        let is_repository = |top: &&String| repository_of(Path::new(top.as_str())) == Some(Path::new(top.as_str()));
        let top = roots.iter().find(|it| is_around_all(it));
        Self { known: Mutex::default(), is_asked: top.as_ref().is_some_and(is_repository) }
    }

    /// The history of the repository that holds an absolute path.
    pub(super) fn of(&self, path: &str, show: impl Fn(&str) -> String) -> Arc<History> {
        if !self.is_asked {
            return Arc::default();
        }
        let Some(root) = repository_of(Path::new(path)).map(slashed) else { return Arc::default() };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let history = known.entry(root.clone()).or_insert_with(|| Arc::new(read(&root, show).unwrap_or_default()));
        Arc::clone(history)
    }
}

/// The history of the repository that holds an absolute path; `show` turns absolute paths into those that are shown.
pub(super) fn of(path: &str, show: impl Fn(&str) -> String) -> Option<History> {
    read(&slashed(repository_of(Path::new(path))?), show)
}

fn read(root: &str, show: impl Fn(&str) -> String) -> Option<History> {
    let mut child = Command::new("git")
        // Whatever is not here stays away: no locks, no questions, no network.
        .args(["-c", "protocol.allow=never", "-C", root, "--no-pager", "log", "-z", "-n", COMMITS])
        // The first commit of a repository, or of a shallow clone, has all files, and says nothing of habits.
        .args(["--min-parents=1", "--max-parents=1", "--no-show-signature"])
        .args(["--no-renames", "--no-ext-diff", "--name-only", "--format=%x01", "--", "."])
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        // A hook of git may name another repository.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut output = child.stdout.take()?;
    let (sender, parts) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(length @ 1..) = output.read(&mut buffer) {
            if sender.send(buffer[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    let end = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    let is_whole = loop {
        match parts.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(part) => bytes.extend(part),
            Err(mpsc::RecvTimeoutError::Disconnected) => break true,
            Err(mpsc::RecvTimeoutError::Timeout) => break false,
        }
    };
    if !is_whole {
        // It may have ended meanwhile.
        let _ = child.kill();
    }
    let ended = child.wait().ok()?;
    if is_whole && !ended.success() {
        return None;
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut history = History::default();
    for part in text.split('\0') {
        let part = part.trim_start_matches('\n');
        match (part.strip_prefix(MARK), history.commits.last_mut()) {
            (Some(_), _) => history.commits.push(Vec::new()),
            (None, Some(commit)) if !part.is_empty() => commit.push(show(&join(root, part))),
            (None, _) => {}
        }
    }
    if !is_whole {
        history.commits.pop();
    }
    Some(history)
}
