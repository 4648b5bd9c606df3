//! The files around the Dockerfiles, read on demand and only once.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    hash::Hash,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustc_hash::FxHashMap;

use super::{
    Workspace,
    history::Histories,
    index::Tracked,
    listing::{Listed, Listings},
    repository_of, slashed,
};
use crate::project::{Entry, EntryKind, Files, History, Kind, join};

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
    /// The real paths of folders.
    folders: Cache<Option<PathBuf>>,
    kinds: Cache<Option<Kind>>,
    texts: Cache<Option<Arc<str>>>,
    lists: Cache<Vec<String>>,
    /// The files that git tracks, by the root of the repository.
    tracked: Cache<Option<Arc<Tracked>>>,
    histories: Histories,
}

impl Disk {
    pub(super) fn new(workspace: Workspace, roots: &BTreeSet<String>, listings: Listings) -> Self {
        Self {
            workspace,
            listings,
            roots: roots.iter().filter_map(|it| fs::canonicalize(it).ok()).collect(),
            folders: Cache::default(),
            kinds: Cache::default(),
            texts: Cache::default(),
            lists: Cache::default(),
            tracked: Cache::default(),
            histories: Histories::default(),
        }
    }

    /// The path on disk of a path as it is shown, links not resolved.
    pub(super) fn absolute(&self, path: &str) -> PathBuf {
        Path::new(&self.workspace.cwd).join(path)
    }

    /// Whether a real path lies below one of the roots.
    pub(super) fn holds(&self, real: &Path) -> bool {
        self.roots.iter().any(|it| real.starts_with(it))
    }

    /// Where a path really leads, and to what; `None` when nothing is there or it leads out.
    fn real(&self, path: &str) -> Option<(PathBuf, Listed)> {
        let path = self.absolute(path);
        // Most files of a folder are no links: then only the folder has to be followed, once.
        let plain = path.file_name().zip(path.parent()).filter(|(name, _)| *name != "..");
        let entry = match plain {
            Some((name, folder)) => match self.listings.of(folder) {
                Some(listing) => listing.get(name.to_str()?)?,
                None => Listed::of(fs::symlink_metadata(&path).ok()?.file_type()),
            },
            None => Listed::Link,
        };
        let (real, entry) = match plain {
            Some((name, folder)) if entry != Listed::Link => (self.folder(folder)?.join(name), entry),
            Some(_) | None => {
                let real = fs::canonicalize(&path).ok()?;
                let entry = Listed::of(fs::symlink_metadata(&real).ok()?.file_type());
                (real, entry)
            }
        };
        self.holds(&real).then_some((real, entry))
    }

    /// Where a folder really is. A folder that its parent lists as one lies there, and is no link.
    fn folder(&self, folder: &Path) -> Option<PathBuf> {
        self.folders.get(&folder.to_string_lossy(), || {
            let listed = folder.file_name().zip(folder.parent()).and_then(|(name, above)| {
                let entry = self.listings.of(above)?.get(name.to_str()?)?;
                (entry == Listed::Folder).then(|| Some(self.folder(above)?.join(name)))
            });
            listed.unwrap_or_else(|| fs::canonicalize(folder).ok())
        })
    }
}

impl Files for Disk {
    fn shown(&self, path: &str) -> String {
        self.workspace.show(&join(&self.workspace.cwd, path))
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        self.kinds.get(path, || match self.real(path)?.1 {
            Listed::File => Some(Kind::File),
            Listed::Folder => Some(Kind::Folder),
            Listed::Link | Listed::Other => None,
        })
    }

    fn read(&self, path: &str) -> Option<Arc<str>> {
        // Only regular files: opening a pipe would wait for ever.
        self.texts.get(path, || {
            let (real, _) = self.real(path).filter(|(_, entry)| *entry == Listed::File)?;
            String::from_utf8(read_limited(&real).ok()?).ok().map(Arc::from)
        })
    }

    fn list(&self, folder: &str) -> Vec<String> {
        self.lists.get(folder, || {
            let entries = self.real(folder).and_then(|(it, _)| fs::read_dir(it).ok());
            let names = entries.into_iter().flatten().flatten().map(|it| it.file_name());
            let mut names: Vec<_> = names.filter_map(|it| it.into_string().ok()).collect();
            names.sort();
            names
        })
    }

    fn link(&self, path: &str) -> Option<String> {
        let path = self.absolute(path);
        let folder = fs::canonicalize(path.parent()?).ok()?;
        let target = fs::read_link(path).ok().filter(|_| self.holds(&folder))?;
        Some(target.to_string_lossy().into_owned())
    }

    fn is_tracked(&self, path: &str) -> Option<bool> {
        let (real, _) = self.real(path)?;
        let root = repository_of(&real)?;
        let tracked = self.tracked.get(&root.to_string_lossy(), || Tracked::of(root).map(Arc::new))?;
        Some(tracked.holds(&slashed(real.strip_prefix(root).ok()?)))
    }

    fn history(&self, path: &str) -> Arc<History> {
        self.histories.of(&join(&self.workspace.cwd, path), |it| self.workspace.show(it))
    }

    fn walk_root(&self, folder: &str) -> Option<PathBuf> {
        self.real(folder).filter(|(_, entry)| *entry == Listed::Folder).map(|(it, _)| it)
    }

    fn entries(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // A file that vanishes meanwhile is not there.
            let Ok(kind) = entry.file_type() else { continue };
            let mut found = Entry { name: entry.file_name(), kind: EntryKind::Folder, bytes: 0, hard_link: None };
            if kind.is_symlink() {
                found.kind = EntryKind::Link;
            } else if kind.is_file() {
                let Ok(metadata) = entry.metadata() else { continue };
                found.bytes = metadata.len();
                found.kind = EntryKind::File;
                found.hard_link = hard_link(&metadata);
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

/// Reads a file of a size that can be looked at.
pub(super) fn read_limited(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    // Most files fit in here, so that the bytes can be kept without asking for the length and without room to spare.
    let mut start = [0; 8 << 10];
    let mut length = 0;
    while length < start.len() {
        match file.read(&mut start[length..]) {
            Ok(0) => return Ok(start[..length].to_vec()),
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let too_big = || io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 16 MiB");
    let expected = file.metadata().map_or(0, |it| it.len());
    if expected > MAX_BYTES {
        return Err(too_big());
    }
    let mut bytes = Vec::with_capacity(expected as usize + 1);
    bytes.extend(start);
    // The length of a pipe is not known beforehand.
    file.take(MAX_BYTES + 1 - length as u64).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES { Err(too_big()) } else { Ok(bytes) }
}

/// Answers by path. Two threads may compute an answer at once; they come to the same.
#[derive(Debug)]
struct Cache<T>(RwLock<FxHashMap<String, T>>);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T: Clone> Cache<T>
where
    String: Hash + Eq,
{
    fn get(&self, path: &str, compute: impl FnOnce() -> T) -> T {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(path) {
            return known.clone();
        }
        let value = compute();
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), value.clone());
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
