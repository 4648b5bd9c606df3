//! The files around the Dockerfiles, read on demand and only once.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf, is_separator},
    sync::{Arc, OnceLock},
};

use super::{
    Workspace,
    history::Histories,
    listing::{Listed, Listings},
    repository_of,
    shellcheck::Asked,
    slashed,
};
use crate::{
    project::{Answers, Entry, EntryKind, Files, History, Kind, join, known_or},
    shellcheck::{Remark, Script},
    tracked::Tracked,
};

/// Larger files are no Dockerfiles and no manifests.
const MAX_BYTES: u64 = 16 << 20;

/// The disk below some roots. What lies outside is not there, and neither is what a link outside leads to.
#[derive(Debug)]
pub(super) struct Disk {
    pub workspace: Workspace,
    /// Real paths.
    roots: Vec<PathBuf>,
    /// What is in the folders that were listed while Dockerfiles were looked for.
    listings: Listings,
    /// The real paths of folders, and whether these lie below a root.
    folders: Answers<Option<(Arc<Path>, bool)>>,
    kinds: Answers<Option<Kind>>,
    texts: Answers<Option<Arc<str>>>,
    lists: Answers<Vec<String>>,
    /// The files that git tracks, by the root of the repository.
    tracked: Answers<Option<Arc<Tracked>>>,
    histories: Histories,
    shellcheck: OnceLock<Asked>,
}

impl Disk {
    pub(super) fn new(workspace: Workspace, roots: &BTreeSet<String>, listings: Listings) -> Self {
        Self {
            workspace,
            listings,
            roots: roots.iter().filter_map(|it| fs::canonicalize(it).ok()).collect(),
            folders: Answers::default(),
            kinds: Answers::default(),
            texts: Answers::default(),
            lists: Answers::default(),
            tracked: Answers::default(),
            histories: Histories::new(roots),
            shellcheck: OnceLock::new(),
        }
    }

    /// The path on disk of a path as it is shown, links not resolved.
    pub(super) fn absolute(&self, path: &str) -> PathBuf {
        Path::new(&self.workspace.cwd).join(path)
    }

    /// The program that is asked about shell texts; only the first one counts.
    pub(super) fn set_shellcheck(&self, asked: Asked) {
        let _ = self.shellcheck.set(asked);
    }

    /// Whether a real path lies below one of the roots.
    pub(super) fn holds(&self, real: &Path) -> bool {
        // There may be many roots, and paths that are real can be compared byte by byte.
        let real = real.as_os_str().as_encoded_bytes();
        let is_separator = |it: Option<&u8>| it.is_some_and(|it| is_separator(char::from(*it)));
        self.roots.iter().map(|it| it.as_os_str().as_encoded_bytes()).any(|root| {
            let rest = real.strip_prefix(root);
            rest.is_some_and(|it| it.is_empty() || is_separator(it.first()) || is_separator(root.last()))
        })
    }

    /// Where a path really leads, and to what; `None` when nothing is there or it leads out.
    fn real(&self, path: &str) -> Option<(PathBuf, Listed)> {
        let path = join(&self.workspace.cwd, path);
        // Most files of a folder are no links: then only the folder has to be followed, once.
        let (folder, name) = path.rsplit_once('/')?;
        let entry = self.entry(folder, name, &path)?;
        if entry == Listed::Link || name.is_empty() {
            let real = fs::canonicalize(&path).ok()?;
            let entry = Listed::of(fs::symlink_metadata(&real).ok()?.file_type());
            return self.holds(&real).then_some((real, entry));
        }
        let (folder, is_held) = self.folder(folder)?;
        let real = folder.join(name);
        (is_held || self.holds(&real)).then_some((real, entry))
    }

    /// What a name in a folder stands for, links not followed.
    fn entry(&self, folder: &str, name: &str, path: &str) -> Option<Listed> {
        match self.listings.of(folder) {
            Some(listing) => listing.get(name),
            None => Some(Listed::of(fs::symlink_metadata(path).ok()?.file_type())),
        }
    }

    /// Where a folder really is, and whether that is below a root. What its parent holds as a folder lies there, and
    /// is no link.
    fn folder(&self, folder: &str) -> Option<(Arc<Path>, bool)> {
        known_or(&self.folders, folder, || {
            let plain = folder.rsplit_once('/').filter(|(_, name)| !name.is_empty()).and_then(|(above, name)| {
                let is_folder = self.entry(above, name, folder)? == Listed::Folder;
                is_folder.then(|| self.folder(above).map(|(above, is_held)| (above.join(name), is_held)))
            });
            let root = if folder.is_empty() { "/" } else { folder };
            let (real, is_held) = plain.unwrap_or_else(|| Some((fs::canonicalize(root).ok()?, false)))?;
            let is_held = is_held || self.holds(&real);
            Some((real.into(), is_held))
        })
    }
}

impl Files for Disk {
    fn shown(&self, path: &str) -> String {
        self.workspace.show(&join(&self.workspace.cwd, path))
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        known_or(&self.kinds, path, || match self.real(path)?.1 {
            Listed::File => Some(Kind::File),
            Listed::Folder => Some(Kind::Folder),
            Listed::Link | Listed::Other => None,
        })
    }

    fn read(&self, path: &str) -> Option<Arc<str>> {
        // Only regular files: opening a pipe would wait for ever.
        known_or(&self.texts, path, || {
            let (real, _) = self.real(path).filter(|(_, entry)| *entry == Listed::File)?;
            with_bytes(&real, |bytes| str::from_utf8(bytes).ok().map(Arc::from)).ok()?
        })
    }

    fn list(&self, folder: &str) -> Vec<String> {
        known_or(&self.lists, folder, || {
            if let Some(listing) = self.listings.of(&join(&self.workspace.cwd, folder)) {
                return self
                    .real(folder)
                    .map_or_else(Vec::new, |_| listing.names().map(|it| it.0.to_owned()).collect());
            }
            let entries = self.real(folder).and_then(|(it, _)| fs::read_dir(it).ok());
            let names = entries.into_iter().flatten().flatten().map(|it| it.file_name());
            let mut names: Vec<_> = names.filter_map(|it| it.into_string().ok()).collect();
            names.sort();
            names
        })
    }

    fn link(&self, path: &str) -> Option<String> {
        let path = join(&self.workspace.cwd, path);
        let (folder, name) = path.rsplit_once('/')?;
        if self.listings.of(folder).is_some_and(|it| it.get(name) != Some(Listed::Link)) {
            return None;
        }
        let target = fs::read_link(&path).ok().filter(|_| self.folder(folder).is_some_and(|(_, is_held)| is_held))?;
        Some(target.to_string_lossy().into_owned())
    }

    fn is_tracked(&self, path: &str) -> Option<bool> {
        let (tracked, path) = self.tracked(&self.real(path)?.0)?;
        Some(tracked.holds(&path))
    }

    fn tracked(&self, folder: &Path) -> Option<(Arc<Tracked>, String)> {
        let root = repository_of(folder)?;
        let tracked = known_or(&self.tracked, &root.to_string_lossy(), || tracked_in(root).map(Arc::new))?;
        Some((tracked, slashed(folder.strip_prefix(root).ok()?)))
    }

    fn history(&self, path: &str) -> Arc<History> {
        self.histories.of(&join(&self.workspace.cwd, path), |it| self.workspace.show(it))
    }

    fn shellcheck(&self, scripts: &[Script]) -> Option<Vec<Vec<Remark>>> {
        Some(self.shellcheck.get()?.answers(scripts))
    }

    fn walk_root(&self, folder: &str) -> Option<PathBuf> {
        self.real(folder).filter(|(_, entry)| *entry == Listed::Folder).map(|(it, _)| it)
    }

    fn entries(&self, folder: &Path, known: &dyn Fn(&OsStr) -> Option<u64>) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // A file that vanishes meanwhile is not there.
            let Ok(kind) = entry.file_type() else { continue };
            let mut found = Entry { name: entry.file_name(), kind: EntryKind::Folder, bytes: 0, hard_link: None };
            if kind.is_symlink() {
                found.kind = EntryKind::Link;
            } else if kind.is_file() {
                found.kind = EntryKind::File;
                if let Some(length) = known(&found.name) {
                    found.bytes = length;
                } else {
                    let Ok(metadata) = entry.metadata() else { continue };
                    found.bytes = metadata.len();
                    found.hard_link = hard_link(&metadata);
                }
            } else if !kind.is_dir() {
                found.kind = EntryKind::File;
            }
            entries.push(found);
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}

#[cfg(unix)]
fn hard_link(metadata: &fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    (metadata.nlink() > 1).then(|| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn hard_link(_metadata: &fs::Metadata) -> Option<(u64, u64)> {
    None
}

/// What git tracks in the repository at `root`; `None` when its index cannot be read or understood.
fn tracked_in(root: &Path) -> Option<Tracked> {
    let git = root.join(".git");
    // Only regular files: opening a pipe would wait for ever.
    let read = |path: &Path| path.is_file().then(|| read_limited(path).ok()).flatten();
    let folder = if git.is_dir() {
        git
    } else {
        // A worktree or a submodule says where its files are.
        let text = String::from_utf8(read(&git)?).ok()?;
        root.join(text.strip_prefix("gitdir:")?.trim())
    };
    Tracked::parse(read(&folder.join("index"))?)
}

/// Reads a file of a size that can be looked at.
pub(super) fn read_limited(path: &Path) -> io::Result<Vec<u8>> {
    /// Up to here a copy costs less than new room for the next file.
    const SMALL: usize = 64 << 10;
    with_bytes(path, |bytes| if bytes.len() < SMALL { bytes.as_slice().to_vec() } else { std::mem::take(bytes) })
}

/// Reads a file of a size that can be looked at, into room that the files of a thread share: most are small, and each
/// is kept in just as many bytes as it has.
fn with_bytes<T>(path: &Path, keep: impl FnOnce(&mut Vec<u8>) -> T) -> io::Result<T> {
    /// Most files fit in here.
    const USUAL: usize = 8 << 10;
    thread_local! {
        static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    BYTES.with_borrow_mut(|bytes| {
        bytes.clear();
        bytes.reserve(USUAL);
        File::open(path)?.take(MAX_BYTES + 1).read_to_end(bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 16 MiB"));
        }
        Ok(keep(bytes))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        context::{Node, Tree, WalkOptions},
        ignorefile::IgnoreFile,
    };

    fn disk(root: &Path) -> Disk {
        Disk::new(
            Workspace { cwd: root.to_string_lossy().into_owned(), repository: None },
            &BTreeSet::from([root.to_string_lossy().into_owned()]),
            Listings::default(),
        )
    }

    #[test]
    fn files_are_looked_up() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("b.txt"), "text").unwrap();
        fs::write(folder.path().join("latin1"), b"\xe4").unwrap();
        File::create(folder.path().join("big")).unwrap().set_len(MAX_BYTES + 1).unwrap();
        let disk = disk(folder.path());
        assert_eq!(disk.kind("sub"), Some(Kind::Folder));
        assert_eq!(disk.kind("b.txt"), Some(Kind::File));
        assert_eq!(disk.kind("none"), None);
        assert_eq!(disk.read("b.txt").as_deref(), Some("text"));
        assert_eq!(disk.read("sub/../b.txt").as_deref(), Some("text"));
        for path in ["latin1", "big", "sub", "none"] {
            assert_eq!(disk.read(path), None, "{path}");
        }
        assert_eq!(disk.list("."), ["b.txt", "big", "latin1", "sub"]);
        assert_eq!(disk.list("b.txt"), [""; 0]);
        fs::write(folder.path().join("b.txt"), "other").unwrap();
        assert_eq!(disk.read("b.txt").as_deref(), Some("text"));
    }

    #[test]
    fn the_index_of_git_stands_for_many_folders() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for number in 0..9 {
            write(&format!("src/{number}/below/file"), "text");
        }
        write("empty", "");
        for args in [&["init", "--quiet"][..], &["add", "."]] {
            let mut git = std::process::Command::new("git");
            git.env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE").env_remove("GIT_WORK_TREE");
            assert!(git.args(args).current_dir(folder.path()).status().unwrap().success());
        }
        write("src/0/new", "longer text");
        write("node_modules/a/index.js", "text");
        write("src/8/lost", "text");
        let disk = disk(&fs::canonicalize(folder.path()).unwrap());
        let walk = |listed| {
            let options = WalkOptions { listed, ..WalkOptions::default() };
            let tree = Tree::of(&disk, ".", &IgnoreFile::parse(".git\n"), &options).unwrap();
            let entry = |(at, node): (usize, &Node)| (tree.path(at as u32), node.bytes, node.kind);
            tree.nodes.iter().enumerate().map(entry).collect::<Vec<_>>()
        };
        let all = walk(None);
        assert!(all.contains(&("src/0/new".to_owned(), 11, EntryKind::File)));
        assert_eq!(walk(Some(100)), all);
        // The root, `src` and some of the nine are listed; what git does not know is listed in any case.
        let some: Vec<_> = all.into_iter().filter(|it| it.0 != "src/8/lost").collect();
        assert_eq!(walk(Some(5)), some);
        assert_eq!((disk.is_tracked("src/0"), disk.is_tracked("node_modules")), (Some(true), Some(false)));
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_roots_lead_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(folder.path().join("secret"), "x").unwrap();
        fs::write(root.join("here"), "y").unwrap();
        std::os::unix::fs::symlink("../secret", root.join("out")).unwrap();
        std::os::unix::fs::symlink("here", root.join("in")).unwrap();
        let disk = disk(&root);
        assert_eq!(disk.read("in").as_deref(), Some("y"));
        for path in ["out", "../secret", "/etc/passwd"] {
            assert_eq!((disk.read(path), disk.kind(path)), (None, None), "{path}");
        }
    }
}
