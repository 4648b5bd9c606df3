//! `dockopt context`: what builds send.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal, Write},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use super::{Failure, Status, Streams, args::Common, load, options, tell_problems};
use crate::{
    context::WalkOptions,
    measure::{Measured, Unmeasured, measure, measure_folder},
    project::{Kind, Project, join},
    report::{self, Format},
    workspace::{STDIN, Workspace, WorkspaceError},
};

/// What is to be shown.
#[derive(Clone, Copy)]
pub(super) struct What {
    pub all: bool,
    pub ignored: bool,
}

pub(super) fn run(common: &Common, path: &str, what: What, streams: &mut Streams) -> Result<Status, Failure> {
    if path == STDIN {
        let message = "a context is measured on the disk, and standard input has none".to_owned();
        return Err(Failure::Usage { message, help: Some("give a Dockerfile or a folder".to_owned()) });
    }
    if !matches!(common.format(), Format::Human | Format::Json | Format::Svg) {
        let message = "`dockopt context` has no such format".to_owned();
        return Err(Failure::Usage { message, help: Some("use human, json or svg".to_owned()) });
    }
    let workspace = Workspace::here()?;
    let paths = [path.to_owned()];
    let (loaded, _) = load(common, &paths)?;
    let project = &loaded.project;
    if !loaded.problems.is_empty() && project.dockerfiles.is_empty() {
        return tell_problems(&loaded.problems, streams);
    }
    let folder = workspace.shown(path);
    let seen = AtomicUsize::new(0);
    let walk = WalkOptions { ignored: what.ignored, progress: Some(&seen), ..WalkOptions::default() };
    let is_folder = project.files.kind(&folder) == Some(Kind::Folder);
    let ((builds, failed), history) = thread::scope(|scope| {
        let history = scope.spawn(|| (common.format() == Format::Human && !what.all).then(|| workspace.history(path)));
        let measured = with_progress(&seen, || {
            if what.all && is_folder {
                (measure_folder(project, &folder, &walk).into_iter().collect(), Vec::new())
            } else {
                measure(project, &walk)
            }
        });
        (measured, history.join().ok().flatten().unwrap_or_default())
    });
    // What makes a build fail is told with that build.
    let is_of_build = |it: &WorkspaceError| match it {
        WorkspaceError::Unreadable { path, .. } => builds.iter().any(|build| unreadable(build).any(|it| it.0 == *path)),
        _ => false,
    };
    let mut status = tell_problems(loaded.problems.iter().filter(|it| !is_of_build(it)), streams)?;
    status = status.max(tell_failed(project, &failed, streams)?);
    status = status.max(tell_ignore_errors(&builds, streams)?);
    if builds.is_empty() && project.dockerfiles.is_empty() && status == Status::Clean {
        writeln!(streams.err, "note: no Dockerfiles found; `--all` shows what the ignore file leaves of the folder")?;
    }
    let text = match common.format() {
        Format::Json => report::json_context(project, &builds),
        Format::Svg => report::svg_context(project, &builds),
        _ if what.all => builds.iter().map(report::context_files).collect(),
        _ => report::human_context(project, &builds, &history, options(common)),
    };
    streams.out.write_all(text.as_bytes())?;
    Ok(status)
}

fn tell_failed(project: &Project, failed: &[Unmeasured], streams: &mut Streams) -> io::Result<Status> {
    let mut status = Status::Clean;
    for it in failed {
        match it {
            Unmeasured::NoContext(file) => {
                let path = &project.source(*file).path;
                let help = format!("say which folder it is: `[contexts]` in dockopt.toml, \"{path}\" = \"FOLDER\"");
                writeln!(streams.err, "note: {path}: in no folder are all files that it copies")?;
                writeln!(streams.err, "  help: {help}")?;
            }
            Unmeasured::NoFolder(file, folder) => {
                let path = &project.source(*file).path;
                streams.tell(&format!("{path}: the context `{folder}` is no folder that can be read"), None)?;
                status = Status::Failed;
            }
        }
    }
    Ok(status)
}

/// Tells what would make the builds fail: folders that cannot be read, and patterns that are invalid.
fn tell_ignore_errors(builds: &[Measured], streams: &mut Streams) -> io::Result<Status> {
    let mut told = BTreeSet::new();
    for build in builds {
        let path = build.ignore_path.as_deref().unwrap_or_default();
        for error in build.ignore.errors() {
            let is_met = build
                .tree
                .broken
                .as_ref()
                .is_some_and(|(_, at)| build.ignore.patterns().get(*at).is_some_and(|it| it.span == error.span));
            if !error.late || is_met {
                told.insert(format!("{path}:{}: {}", error.line, error.message));
            }
        }
        for (path, error) in unreadable(build) {
            told.insert(format!("{path}: cannot be read, and the build would fail: {error}"));
        }
    }
    for message in &told {
        streams.tell(message, None)?;
    }
    Ok(if told.is_empty() { Status::Clean } else { Status::Failed })
}

/// The folders of a context that cannot be read.
fn unreadable(build: &Measured) -> impl Iterator<Item = (String, &io::Error)> {
    build.tree.problems.iter().map(|(folder, error)| (join(&build.folder, folder), error))
}

/// How long a walk may take before it is told how far it is.
const PATIENCE: Duration = Duration::from_millis(500);

/// Does some work, and meanwhile tells on a terminal how far it is, if it takes long.
fn with_progress<T>(seen: &AtomicUsize, work: impl FnOnce() -> T) -> T {
    if io::stderr().is_terminal() { telling(seen, &mut io::stderr(), PATIENCE, work) } else { work() }
}

fn telling<T>(seen: &AtomicUsize, to: &mut (impl Write + Send), patience: Duration, work: impl FnOnce() -> T) -> T {
    const STEP: Duration = Duration::from_millis(100);
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut wait = patience;
            let mut has_told = false;
            while matches!(is_done.recv_timeout(wait), Err(RecvTimeoutError::Timeout)) {
                // Nobody misses a line of progress that cannot be written.
                let _ = write!(to, "\r{} entries", seen.load(Ordering::Relaxed));
                has_told = true;
                wait = STEP;
            }
            if has_told {
                let _ = write!(to, "\r\u{1b}[K");
            }
        });
        let result = work();
        drop(done);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_work_is_told_and_short_work_is_not() {
        let seen = AtomicUsize::new(7);
        let mut told = Vec::new();
        let result = telling(&seen, &mut told, Duration::from_millis(1), || {
            // What holds standard error meanwhile would wait for ever.
            thread::sleep(Duration::from_millis(50));
            "done"
        });
        assert_eq!(result, "done");
        let told = String::from_utf8_lossy(&told);
        assert!(told.starts_with("\r7 entries") && told.ends_with("\r\u{1b}[K"), "{told:?}");
        let mut told = Vec::new();
        telling(&seen, &mut told, Duration::from_mins(1), || ());
        assert!(told.is_empty());
    }
}
