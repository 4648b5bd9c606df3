//! A context folder as the builder's walk sees it: entries, their sizes, and what the ignore file says about each.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io,
    ops::Range,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::{
    ignorefile::{IgnoreFile, Walk},
    project::{Entry, EntryKind, Files},
    tracked::{self, Child, Tracked, What},
};

/// The entries of a context folder, level by level: a folder comes before what it holds.
#[derive(Debug, Default)]
pub struct Tree {
    /// The entries; the first is the root, whose name is `.`.
    pub nodes: Vec<Node>,
    /// The folders that could not be read, and why.
    pub problems: Vec<(String, io::Error)>,
    /// Whether the walk ended before all was seen: it reached its limit.
    pub cut: bool,
    /// A path against which a bad pattern was tried, and the pattern: there the build fails.
    pub broken: Option<(String, usize)>,
}

/// An entry.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name; what is not UTF-8 in it is replaced.
    pub name: Box<str>,
    /// The folder that it is in, as an index into [`Tree::nodes`].
    pub parent: u32,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of the file.
    pub bytes: u64,
    /// What the names of one file with several have in common: it is sent once.
    pub hard_link: Option<(u64, u64)>,
    /// Whether the ignore file leaves it out. A folder that is left out can hold files that are not.
    pub excluded: bool,
    /// The pattern that had the last word.
    pub decided_by: Option<u32>,
    /// What it holds, by name; empty for what is no folder and for folders that are not walked.
    pub children: Range<u32>,
    /// Whether it is a folder whose entries were not looked at, as nothing in it can be sent.
    pub unwalked: bool,
}

/// Trees that several rules look at: a folder is walked once for each ignore file.
#[derive(Debug, Default)]
pub struct Trees(Mutex<ByPlace>);

/// By folder and ignore file.
type ByPlace = BTreeMap<(String, String), Option<Arc<Tree>>>;

impl Trees {
    /// The entries of a folder; as many as can be looked at in a moment. `None` when the folder is not there.
    pub fn of(&self, files: &dyn Files, folder: &str, ignore: (&str, &IgnoreFile)) -> Option<Arc<Tree>> {
        /// So many are seen in about 20 ms; few contexts have as many, and they are the ones that take minutes to build.
        const MOST: usize = 10_000;
        /// Reading a folder takes as long as reading a Dockerfile. Of the folders in which git tracks something these
        /// many reach down to where packages and services have their own.
        const LISTED: usize = 256;
        let mut trees = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (folder.to_owned(), ignore.0.to_owned());
        let options = WalkOptions { limit: Some(MOST), listed: Some(LISTED), ..WalkOptions::default() };
        trees.entry(key).or_insert_with(|| Tree::of(files, folder, ignore.1, &options).map(Arc::new)).clone()
    }
}

/// How to walk.
#[derive(Debug, Default)]
pub struct WalkOptions<'a> {
    /// Whether to look into folders from which nothing can be sent, too.
    pub ignored: bool,
    /// How many entries to look at before giving up; none is all of them.
    pub limit: Option<usize>,
    /// Whether to believe the index of git: of a file that it knows it has the length, and after so many folders of
    /// files that it knows, it has the names of those in further ones.
    pub listed: Option<usize>,
    /// Where to count the entries that were seen.
    pub progress: Option<&'a AtomicUsize>,
}

/// A folder that is to be read.
struct Open<'a> {
    node: u32,
    disk: PathBuf,
    path: String,
    walk: Walk<'a>,
    /// The pattern that leaves out all below it, whatever others say.
    lost: Option<u32>,
    /// The folder in the index of git, where that is believed.
    tracked: Option<tracked::Folder>,
    /// Whether only the index is asked.
    is_unlisted: bool,
}

/// What git tracks, where that is believed.
#[derive(Clone, Copy)]
struct Index<'a> {
    tracked: &'a Tracked,
    /// How many folders are still to be listed.
    listed: usize,
}

impl Tree {
    /// Walks a folder. `None` when it is not there.
    pub fn of(files: &dyn Files, folder: &str, ignore: &IgnoreFile, options: &WalkOptions<'_>) -> Option<Self> {
        /// Folders that are read before a limit is looked at.
        const AT_ONCE: usize = 64;
        let root = files.walk_root(folder)?;
        let tracked = options.listed.and_then(|listed| Some((files.tracked(&root)?, listed)));
        let mut index = tracked.as_ref().map(|((tracked, _), listed)| Index { tracked, listed: *listed });
        let in_index = tracked.as_ref().and_then(|((tracked, path), _)| tracked.folder(path));
        let node = Node {
            name: ".".into(),
            parent: 0,
            kind: EntryKind::Folder,
            bytes: 0,
            hard_link: None,
            excluded: false,
            decided_by: None,
            children: 0..0,
            unwalked: false,
        };
        let mut tree = Self { nodes: vec![node], ..Self::default() };
        let mut level = vec![Open {
            node: 0,
            disk: root,
            path: String::new(),
            walk: ignore.walk(),
            lost: None,
            tracked: in_index,
            is_unlisted: false,
        }];
        while !level.is_empty() && !tree.cut {
            let mut next = Vec::new();
            let at_once = if options.limit.is_some() { AT_ONCE } else { level.len() };
            for some in level.chunks_mut(at_once) {
                if tree.cut {
                    for open in some {
                        tree.nodes[open.node as usize].unwalked = true;
                    }
                } else {
                    if let Some(index) = &mut index {
                        index.choose(some);
                    }
                    tree.add(some, files, index, options, &mut next);
                }
            }
            level = next;
        }
        for open in &level {
            tree.nodes[open.node as usize].unwalked = true;
        }
        Some(tree)
    }

    /// Reads some folders.
    fn add<'a>(
        &mut self,
        some: &[Open<'a>],
        files: &dyn Files,
        index: Option<Index<'_>>,
        options: &WalkOptions<'_>,
        next: &mut Vec<Open<'a>>,
    ) {
        /// Waking other threads costs more than reading fewer folders than these.
        const MANY: usize = 16;
        let tracked = index.map(|it| it.tracked);
        let read = |folder: &Open<'a>| {
            let read = folder.read(files, tracked);
            let seen = read.as_ref().map_or(0, Vec::len);
            if let Some(progress) = options.progress {
                progress.fetch_add(seen, Ordering::Relaxed);
            }
            read
        };
        let decide =
            |(folder, read): (&Open<'a>, io::Result<Vec<Found>>)| read.map(|it| folder.decide(it, options.ignored));
        let is_many = some.iter().filter(|it| it.tracked.is_none()).count() >= MANY;
        let read: Vec<_> = if is_many { some.par_iter().map(read).collect() } else { some.iter().map(read).collect() };
        let seen: usize = read.iter().flatten().map(Vec::len).sum();
        self.cut = options.limit.is_some_and(|limit| self.nodes.len() + seen > limit);
        let decided: Vec<_> = if is_many {
            some.par_iter().zip(read).map(decide).collect()
        } else {
            some.iter().zip(read).map(decide).collect()
        };
        for (folder, decided) in some.iter().zip(decided) {
            let decided = match decided {
                Ok(decided) => decided,
                // The folder vanished meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound && folder.node > 0 => continue,
                Err(error) => {
                    let path = if folder.path.is_empty() { ".".into() } else { folder.path.clone() };
                    self.problems.push((path, error));
                    continue;
                }
            };
            if self.broken.is_none() {
                self.broken = decided.broken;
            }
            let start = self.nodes.len() as u32;
            for (node, open) in decided.entries {
                if let Some(mut open) = open {
                    open.node = self.nodes.len() as u32;
                    next.push(open);
                }
                self.nodes.push(node);
            }
            self.nodes[folder.node as usize].children = start..self.nodes.len() as u32;
        }
    }

    /// The path of an entry from the root of the context.
    pub fn path(&self, mut at: u32) -> String {
        let mut parts = Vec::new();
        while at > 0 {
            let node = &self.nodes[at as usize];
            parts.push(&*node.name);
            at = node.parent;
        }
        if parts.is_empty() {
            return ".".to_owned();
        }
        parts.reverse();
        parts.join("/")
    }

    /// The entries of a folder.
    pub fn children(&self, at: u32) -> impl DoubleEndedIterator<Item = (u32, &Node)> {
        let range = self.nodes[at as usize].children.clone();
        range.map(|it| (it, &self.nodes[it as usize]))
    }

    /// The entry at a path; none if the walk did not come there.
    pub fn find(&self, path: &str) -> Option<u32> {
        let mut at = 0;
        for part in path.split('/').filter(|it| *it != ".") {
            at = self.children(at).find(|(_, node)| &*node.name == part)?.0;
        }
        Some(at)
    }

    /// What the entries that count weigh, summed up in each folder: a sum for each node, its own included.
    /// A file with several names weighs something only under the first.
    pub fn sums(&self, counts: impl Fn(u32, &Node) -> bool) -> Vec<Size> {
        let mut links = FxHashSet::default();
        let mut size = |(at, node): (usize, &Node)| {
            if !counts(at as u32, node) {
                return Size::default();
            }
            let again = node.hard_link.is_some_and(|it| !links.insert(it));
            let files = usize::from(node.kind != EntryKind::Folder);
            Size { bytes: if again { 0 } else { node.bytes }, files }
        };
        let mut sums: Vec<Size> = self.nodes.iter().enumerate().map(&mut size).collect();
        for at in (1..sums.len()).rev() {
            let sum = sums[at];
            let parent = &mut sums[self.nodes[at].parent as usize];
            parent.bytes += sum.bytes;
            parent.files += sum.files;
        }
        sums
    }
}

/// A number of files and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// The bytes.
    pub bytes: u64,
    /// The files, symbolic links among them.
    pub files: usize,
}

/// Bytes as people read them: three figures, powers of 1000 as the builders write them.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return format!("{count} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three figures are shown")]
    let mut value = count as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    let decimals = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.decimals$} {unit}")
}

impl Index<'_> {
    /// Says which folders are listed, and of which the names in the index will do.
    fn choose(&mut self, folders: &mut [Open<'_>]) {
        for folder in folders.iter_mut().filter(|it| it.tracked.is_some()) {
            folder.is_unlisted = self.listed == 0;
            self.listed = self.listed.saturating_sub(1);
        }
    }
}

/// An entry, and the folder of the index that it is.
struct Found {
    entry: Entry,
    tracked: Option<tracked::Folder>,
}

impl Found {
    /// What the index alone tells.
    fn of(child: Child<'_>) -> Self {
        let name = OsString::from(String::from_utf8_lossy(child.name).into_owned());
        let (kind, bytes, tracked) = match child.what {
            What::File(length) => (EntryKind::File, length.unwrap_or_default(), None),
            What::Link => (EntryKind::Link, 0, None),
            What::Folder(folder) => (EntryKind::Folder, 0, Some(folder)),
            What::Module => (EntryKind::Folder, 0, None),
        };
        Self { entry: Entry { name, kind, bytes, hard_link: None }, tracked }
    }
}

/// The entries of a folder, with the state of the walk in those that are to be read.
struct Decided<'a> {
    entries: Vec<(Node, Option<Open<'a>>)>,
    broken: Option<(String, usize)>,
}

impl<'a> Open<'a> {
    /// What the folder holds, sorted by name.
    fn read(&self, files: &dyn Files, index: Option<&Tracked>) -> io::Result<Vec<Found>> {
        let Some((index, tracked)) = index.zip(self.tracked.as_ref()) else {
            let entries = files.entries(&self.disk, &|_| None)?;
            return Ok(entries.into_iter().map(|entry| Found { entry, tracked: None }).collect());
        };
        let children = index.children(tracked);
        if self.is_unlisted {
            return Ok(children.into_iter().map(Found::of).collect());
        }
        let find = |name: &OsStr| {
            let name = name.as_encoded_bytes();
            Some(&children[children.binary_search_by(|it| it.name.cmp(name)).ok()?].what)
        };
        let length = |name: &OsStr| if let What::File(length) = find(name)? { *length } else { None };
        let entries = files.entries(&self.disk, &length)?.into_iter();
        let found = entries.map(|entry| {
            let folder = match find(&entry.name) {
                Some(What::Folder(folder)) if entry.kind == EntryKind::Folder => Some(folder.clone()),
                _ => None,
            };
            Found { entry, tracked: folder }
        });
        Ok(found.collect())
    }

    fn decide(&self, entries: Vec<Found>, look_into_ignored: bool) -> Decided<'a> {
        let mut decided = Decided { entries: Vec::with_capacity(entries.len()), broken: None };
        let mut path = self.path.clone();
        if !path.is_empty() {
            path.push('/');
        }
        let folder = path.len();
        for Found { entry, tracked } in entries {
            let name = entry.name.to_string_lossy();
            path.truncate(folder);
            path.push_str(&name);
            let is_folder = entry.kind == EntryKind::Folder;
            let (excluded, decided_by, descend, inside) = if self.lost.is_some() {
                (true, self.lost, false, self.walk.clone())
            } else {
                let (verdict, inside) = self.walk.enter(&path, is_folder);
                if let (Some(broken), None) = (verdict.broken, &decided.broken) {
                    decided.broken = Some((path.clone(), broken));
                }
                (verdict.excluded, verdict.decided_by.map(|it| it as u32), verdict.descend, inside)
            };
            let open = (is_folder && (descend || look_into_ignored)).then(|| Open {
                node: 0,
                disk: self.disk.join(&entry.name),
                path: path.clone(),
                walk: inside,
                lost: decided_by.filter(|_| !descend),
                tracked,
                is_unlisted: false,
            });
            let node = Node {
                name: name.into(),
                parent: self.node,
                kind: entry.kind,
                bytes: entry.bytes,
                hard_link: entry.hard_link,
                excluded,
                decided_by,
                children: 0..0,
                unwalked: is_folder && open.is_none(),
            };
            decided.entries.push((node, open));
        }
        decided
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::project::Kind;

    /// A folder that is listed and gone when it is read, and one that cannot be read.
    #[derive(Debug)]
    struct Unsteady;

    impl Files for Unsteady {
        fn kind(&self, _: &str) -> Option<Kind> {
            Some(Kind::Folder)
        }

        fn read(&self, _: &str) -> Option<Arc<str>> {
            None
        }

        fn list(&self, _: &str) -> Vec<String> {
            Vec::new()
        }

        fn entries(&self, folder: &Path, _: &dyn Fn(&OsStr) -> Option<u64>) -> io::Result<Vec<Entry>> {
            let entry = |name: &str, kind| Entry { name: name.into(), kind, bytes: 3, hard_link: None };
            match folder.to_str() {
                Some(".") => {
                    let names = [("file", EntryKind::File), ("gone", EntryKind::Folder), ("shut", EntryKind::Folder)];
                    Ok(names.map(|(name, kind)| entry(name, kind)).into())
                }
                Some("./gone") => Err(io::ErrorKind::NotFound.into()),
                _ => Err(io::ErrorKind::PermissionDenied.into()),
            }
        }
    }

    #[test]
    fn what_vanishes_is_not_there() {
        let tree = Tree::of(&Unsteady, ".", &IgnoreFile::parse(""), &WalkOptions::default()).unwrap();
        assert_eq!(tree.nodes.len(), 4);
        let problems: Vec<&str> = tree.problems.iter().map(|it| it.0.as_str()).collect();
        assert_eq!(problems, ["shut"]);
    }

    #[test]
    fn sizes_have_three_figures() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (12_345, "12.3 kB"),
            (999_499, "999 kB"),
            (999_600, "1.00 MB"),
            (123_456_789, "123 MB"),
            (9_996_000, "10.0 MB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
