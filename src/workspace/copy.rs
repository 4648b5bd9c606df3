//! Copies of a project in which others may build and change what they like.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::{Builder, TempDir};

use super::{Loaded, WorkspaceError, slashed};
use crate::{
    model::is_below,
    project::{Project, join, parent},
};

/// A folder of its own that holds a copy of a project. It goes when this value does.
#[derive(Debug)]
pub struct Copied {
    folder: TempDir,
    /// The folder that was copied, absolute.
    root: String,
    cwd: String,
}

impl Loaded {
    /// Copies the folders, with all that lies between them, and lays what `after` changes over the copy.
    pub fn copied(&self, folders: &[&str], after: &Project) -> Result<Copied, WorkspaceError> {
        let cwd = self.disk.workspace.cwd.clone();
        let whole = |path: &str| join(&cwd, path);
        let mut root = folders.first().map_or_else(|| cwd.clone(), |it| whole(it));
        for folder in folders {
            while !is_below(&whole(folder), &root) {
                root = parent(&root);
            }
        }
        let failed = |path: &Path, error| WorkspaceError::Uncopied { path: slashed(path), error };
        let made = Builder::new().prefix("dockopt-bench-").tempdir();
        let folder = made.map_err(|error| failed(&std::env::temp_dir(), error))?;
        let copied = Copied { folder, root, cwd };
        // What is copied may lie above the folder for temporary files, but the copy is no part of itself.
        let own = fs::canonicalize(copied.folder.path()).unwrap_or_default();
        copy_folder(Path::new(&copied.root), &copied.folder(), &own)?;
        for (at, source) in after.sources.iter().enumerate() {
            // What lies elsewhere, such as a Compose file above, is not read by a build.
            let is_inside = is_below(&join(&copied.cwd, &source.path), &copied.root);
            if is_inside && self.project.sources.get(at).is_none_or(|it| it.text != source.text) {
                copied.write(&source.path, &source.text)?;
            }
        }
        Ok(copied)
    }
}

impl Copied {
    /// The folder with the copy.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// The path of a file in the copy, from its folder; the path is as projects show it.
    pub fn path(&self, path: &str) -> String {
        let whole = join(&self.cwd, path);
        let root = self.root.trim_end_matches('/');
        let below = whole.strip_prefix(root).map(|it| it.trim_start_matches('/')).filter(|it| !it.is_empty());
        below.unwrap_or(".").to_owned()
    }

    /// Writes a file of the copy, and the folders it lies in. Links are not followed.
    pub fn write(&self, path: &str, text: &str) -> Result<(), WorkspaceError> {
        let file = self.folder().join(self.path(path));
        let written = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            if fs::symlink_metadata(&file).is_ok_and(|it| it.is_symlink()) {
                fs::remove_file(&file)?;
            }
            fs::write(&file, text)
        });
        written.map_err(|error| WorkspaceError::Uncopied { path: path.to_owned(), error })
    }

    /// Adds an empty line to a file of the copy.
    pub fn lengthen(&self, path: &str) -> Result<(), WorkspaceError> {
        let file = self.folder().join(self.path(path));
        let opened = fs::OpenOptions::new().append(true).open(file);
        opened
            .and_then(|mut it| io::Write::write_all(&mut it, b"\n"))
            .map_err(|error| WorkspaceError::Uncopied { path: path.to_owned(), error })
    }

    /// Lays the files of a folder over the copy.
    pub fn overlay(&self, folder: &str) -> Result<(), WorkspaceError> {
        copy_folder(Path::new(&join(&self.cwd, folder)), &self.folder(), Path::new(""))
    }

    /// Writes a file beside the copy, and gives its path.
    pub fn beside(&self, name: &str, text: &str) -> Result<PathBuf, WorkspaceError> {
        let file = self.folder.path().join(name);
        fs::write(&file, text).map_err(|error| WorkspaceError::Uncopied { path: slashed(&file), error })?;
        Ok(file)
    }
}

/// Copies a folder into another, over what is there, links as links. Pipes and sockets are passed over.
fn copy_folder(from: &Path, to: &Path, except: &Path) -> Result<(), WorkspaceError> {
    let failed = |path: &Path, error| WorkspaceError::Uncopied { path: slashed(path), error };
    fs::create_dir_all(to).map_err(|error| failed(to, error))?;
    for entry in fs::read_dir(from).map_err(|error| failed(from, error))? {
        let entry = entry.map_err(|error| failed(from, error))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(|error| failed(&source, error))?;
        if kind.is_dir() {
            if source != except {
                copy_folder(&source, &target, except)?;
            }
        } else if kind.is_symlink() {
            copy_link(&source, &target).map_err(|error| failed(&source, error))?;
        } else if kind.is_file() {
            fs::copy(&source, &target).map_err(|error| failed(&source, error))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(fs::read_link(from)?, to)
}

#[cfg(not(unix))]
fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() { Ok(()) } else { fs::copy(from, to).map(|_| ()) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{settings::Settings, workspace::Workspace};

    #[test]
    fn a_copy_has_the_changes_and_is_gone_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/Dockerfile"), "FROM a\n").unwrap();
        fs::write(folder.path().join("a/b/x"), "x\n").unwrap();
        let cwd = slashed(fs::canonicalize(folder.path()).unwrap());
        let workspace = Workspace { cwd, repository: None };
        let loaded = workspace.load(&[".".to_owned()], None, Arc::new(Settings::default()));
        let mut after = loaded.project.clone();
        after.sources[0] = crate::source::Source::new("a/Dockerfile", "FROM b\n");
        after.sources.push(crate::source::Source::new("new/Dockerfile", "FROM c\n"));
        let copied = loaded.copied(&["a", "."], &after).unwrap();
        copied.lengthen("a/b/x").unwrap();
        let read = |path: &str| fs::read_to_string(copied.folder().join(path)).unwrap();
        assert_eq!((copied.path("."), copied.path("a/b")), (".".to_owned(), "a/b".to_owned()));
        assert_eq!(read("a/Dockerfile"), "FROM b\n");
        assert_eq!(read("new/Dockerfile"), "FROM c\n");
        assert_eq!(read("a/b/x"), "x\n\n");
        assert_eq!(fs::read_to_string(folder.path().join("a/b/x")).unwrap(), "x\n");
        let temp = copied.folder();
        drop(copied);
        assert!(!temp.exists());
    }
}
