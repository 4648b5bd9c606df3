//! What git says has changed. It is asked as a program, and only when somebody wants to know.

use std::{collections::BTreeMap, ops::RangeInclusive, process::Command};

use super::{Loaded, Workspace, WorkspaceError, is_below};
use crate::project::join;

/// The lines that differ from a revision, by path as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedLines {
    /// The repository; what lies outside is not known.
    root: Option<Root>,
    files: BTreeMap<String, Lines>,
}

/// The working directory and the root of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Root {
    cwd: String,
    top: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Lines {
    /// The file is new.
    All,
    Some(Vec<RangeInclusive<usize>>),
}

impl ChangedLines {
    /// Whether one of these lines differs. Of a file outside of the repository it is not known, so the answer is yes.
    pub fn touch(&self, path: &str, lines: &RangeInclusive<usize>) -> bool {
        let outside = self.root.as_ref().is_none_or(|it| !is_below(&join(&it.cwd, path), &it.top));
        outside
            || match self.files.get(path) {
                None => false,
                Some(Lines::All) => true,
                Some(Lines::Some(changed)) => {
                    changed.iter().any(|it| it.start() <= lines.end() && lines.start() <= it.end())
                }
            }
    }

    /// Reads a unified diff without context, whose paths are shown as `show` says.
    fn read(&mut self, diff: &str, show: impl Fn(&str) -> String) {
        let mut file: Option<String> = None;
        // Of a hunk as many lines follow as its head says; they may look like anything.
        let mut body = 0;
        for line in diff.split('\n') {
            if body > 0 {
                body -= usize::from(line.starts_with(['+', '-']));
            } else if let Some(path) = line.strip_prefix("+++ ") {
                // A blank in a path makes git end it with a tab.
                let path = path.trim_end_matches('\t');
                file = path.strip_prefix("b/").map(&show);
            } else if let Some(head) = line.strip_prefix("@@ ")
                && let Some((old, new)) = hunk(head)
            {
                body = old.1 + new.1;
                if let Some(file) = &file
                    && new.1 > 0
                {
                    let range = new.0..=new.0 + new.1 - 1;
                    match self.files.entry(file.clone()).or_insert(Lines::Some(Vec::new())) {
                        Lines::All => {}
                        Lines::Some(ranges) => ranges.push(range),
                    }
                }
            }
        }
    }
}

/// The first line and the number of lines, before and after: `-3,2 +3,0 @@`.
fn hunk(head: &str) -> Option<((usize, usize), (usize, usize))> {
    let range = |text: &str| match text.split_once(',') {
        Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    };
    let mut parts = head.split(' ');
    Some((range(parts.next()?.strip_prefix('-')?)?, range(parts.next()?.strip_prefix('+')?)?))
}

impl Loaded {
    /// The lines of the working tree that differ from where `revision` and `HEAD` have parted: what a pull request
    /// changes. Files that git does not know yet are new as a whole.
    pub fn changed_lines(&self, revision: &str) -> Result<ChangedLines, WorkspaceError> {
        let workspace = &self.disk.workspace;
        let top = workspace.git(&["rev-parse", "--show-toplevel"])?;
        let top = top.map_err(|_| WorkspaceError::NoRepository)?.trim_end_matches('\n').to_owned();
        let unknown = || WorkspaceError::UnknownRevision { revision: revision.to_owned() };
        let commit = format!("{revision}^{{commit}}");
        let commit = workspace.git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
        let commit = commit.map_err(|_| unknown())?.trim().to_owned();
        let base = workspace.git(&["merge-base", &commit, "HEAD"])?;
        let base = base.map_err(|_| WorkspaceError::NoMergeBase { revision: revision.to_owned() })?.trim().to_owned();
        let failed = |message: String| WorkspaceError::Git { message };

        let mut changed =
            ChangedLines { root: Some(Root { cwd: workspace.cwd.clone(), top: top.clone() }), files: BTreeMap::new() };
        let show = |path: &str| workspace.show(&join(&top, path));
        let diff = workspace.git(&[
            "-c",
            "core.quotePath=off",
            "diff",
            "--unified=0",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            // Whatever the attributes of the repository say of a file.
            "--text",
            "--no-relative",
            "--find-renames",
            "--ignore-submodules",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            &base,
            "--",
        ])?;
        changed.read(&diff.map_err(failed)?, show);
        let untracked =
            workspace.git(&["ls-files", "--others", "--exclude-standard", "-z", "--full-name", "--", ":/"])?;
        for path in untracked.map_err(failed)?.split_terminator('\0') {
            changed.files.insert(show(path), Lines::All);
        }
        Ok(changed)
    }
}

impl Workspace {
    /// What git prints; inside, what it complains of.
    fn git(&self, args: &[&str]) -> Result<Result<String, String>, WorkspaceError> {
        let output = Command::new("git").args(args).current_dir(&self.cwd).output();
        let output = output.map_err(|error| WorkspaceError::NoGit { error })?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr).lines().next().unwrap_or("it gives no reason").to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diffs_without_context_are_read() {
        let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1 @@ FROM a\n-one\n--- b/y\n+++ b/z\n@@ -9,0 +9,3 @@\n\
                    +a\n+b\n+c\n\\ No newline at end of file\ndiff --git a/gone b/gone\n--- a/gone\n+++ /dev/null\n\
                    @@ -1 +0,0 @@\n-x\ndiff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n@@ -3 +3 @@\n-x\n+y\n";
        let mut changed = ChangedLines {
            root: Some(Root { cwd: "/repo".to_owned(), top: "/repo".to_owned() }),
            files: BTreeMap::new(),
        };
        changed.read(diff, str::to_owned);
        let paths: Vec<_> = changed.files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["a b", "x"]);
        for (path, lines, touched) in [
            ("x", 1..=1, true),
            ("x", 2..=8, false),
            ("x", 2..=9, true),
            ("x", 11..=20, true),
            ("x", 12..=12, false),
            ("a b", 3..=3, true),
            ("gone", 1..=1, false),
            ("/elsewhere/x", 1..=1, true),
        ] {
            assert_eq!(changed.touch(path, &lines), touched, "{path} {lines:?}");
        }
    }
}
