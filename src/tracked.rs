//! Which files git tracks, and what they weigh, as the index of a repository tells: asking a program takes longer, and
//! so does asking the disk for each of them.

use std::ops::Range;

/// What git tracks.
#[derive(Debug)]
pub struct Tracked {
    /// The paths from the root of the repository, somewhere in these bytes.
    bytes: Vec<u8>,
    /// Sorted as git sorts them: by the bytes of their paths.
    items: Vec<Item>,
}

/// An entry of the index.
#[derive(Clone, Copy, Debug)]
struct Item {
    start: u32,
    end: u32,
    kind: Kind,
    /// The length of the file when git last looked at it; none where that is not known.
    length: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Link,
    /// Another repository.
    Module,
    /// It is tracked, but not here: the checkout leaves it out.
    Absent,
}

/// What the index knows in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// What it is.
    pub what: What,
}

/// What a name in a folder of the index stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A file, and its length when git last looked at it.
    File(Option<u64>),
    /// A symbolic link.
    Link,
    /// A folder, as [`Tracked::children`] takes it.
    Folder(Folder),
    /// Another repository, of which the index tells nothing.
    Module,
}

/// A folder of the index: the entries in it, and how much of their paths is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    items: Range<u32>,
    prefix: usize,
}

impl Tracked {
    /// Reads an index of version 2, 3 or 4, as git's `index-format` describes it; `None` for what is not understood.
    pub fn parse(bytes: Vec<u8>) -> Option<Self> {
        /// Times, numbers and the hash of a file; then come its flags.
        const FIXED: usize = 60;
        let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let version = number(4).filter(|it| (2..=4).contains(it))?;
        if bytes.get(..4)? != b"DIRC" {
            return None;
        }
        let count = number(8)? as usize;
        let mut items: Vec<Item> = Vec::with_capacity(count.min(bytes.len() / FIXED));
        // The paths of version 4 are written as what differs from the one before.
        let mut paths: Vec<u8> = Vec::new();
        let mut at = 12;
        for _ in 0..count {
            let is_extended = bytes.get(at + FIXED)? & 0x40 != 0 && version > 2;
            let is_absent = is_extended && bytes.get(at + FIXED + 2)? & 0x40 != 0;
            let kind = match number(at + 24)? >> 12 {
                0o10 if !is_absent => Kind::File,
                0o12 if !is_absent => Kind::Link,
                0o16 => Kind::Module,
                // A sparse index names a folder in the place of what is in it.
                0o04 | 0o10 | 0o12 => Kind::Absent,
                // Another kind of hash makes the entries longer, and then no mode stands here.
                _ => return None,
            };
            // Zero stands for what git has not looked at, too.
            let length = number(at + 36).filter(|it| *it != 0);
            let start = at + FIXED + if is_extended { 4 } else { 2 };
            let rest = bytes.get(start..)?;
            let (start, end) = if version == 4 {
                let (dropped, rest) = offset(rest)?;
                let length = rest.iter().position(|it| *it == 0)?;
                let last = items.last().map_or(0..0, |it| it.start as usize..it.end as usize);
                let kept = last.start..last.end.checked_sub(dropped).filter(|it| *it >= last.start)?;
                let start = paths.len();
                paths.extend_from_within(kept);
                paths.extend(&rest[..length]);
                at = bytes.len() - rest.len() + length + 1;
                (start, paths.len())
            } else {
                let length = rest.iter().position(|it| *it == 0)?;
                // Zero bytes fill it up to a multiple of eight, and there is at least one.
                at += (start - at + length + 8) & !7;
                (start, start + length)
            };
            items.push(Item { start: start as u32, end: end as u32, kind, length });
        }
        // Behind the entries stand extensions, and at last a hash.
        while let Some(name) = bytes.get(at..at + 4).filter(|_| at + 8 < bytes.len().saturating_sub(20)) {
            if name == b"link" {
                // The rest of the index is in another file.
                return None;
            }
            at = at.checked_add(8 + number(at + 4)? as usize)?;
        }
        Some(Self { bytes: if version == 4 { paths } else { bytes }, items })
    }

    fn path(&self, item: &Item) -> &[u8] {
        &self.bytes[item.start as usize..item.end as usize]
    }

    /// Whether a path, or something below it, is tracked.
    pub fn holds(&self, path: &str) -> bool {
        let path = path.as_bytes();
        let is_it = |at: &[u8]| at.strip_prefix(path).is_some_and(|it| it.is_empty() || it[0] == b'/');
        // Between `a` and `a/b` may stand `a-b`.
        let from = self.items.partition_point(|it| self.path(it) < path);
        if self.items.get(from).is_some_and(|it| is_it(self.path(it))) {
            return true;
        }
        let below = [path, b"/"].concat();
        let from = self.items.partition_point(|it| self.path(it) < &*below);
        self.items.get(from).is_some_and(|it| is_it(self.path(it)))
            // A sparse index names a folder in the place of what is in it.
            || from > 0 && Some(self.path(&self.items[from - 1])).is_some_and(|it| it.ends_with(b"/") && path.starts_with(it))
    }

    /// The folder at a path from the root of the repository, which is empty for the root itself; `None` where nothing
    /// is tracked.
    pub fn folder(&self, path: &str) -> Option<Folder> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let start = self.items.partition_point(|it| self.path(it) < prefix.as_bytes());
        let count = self.items[start..].partition_point(|it| self.path(it).starts_with(prefix.as_bytes()));
        let items = start as u32..(start + count) as u32;
        (count > 0).then_some(Folder { items, prefix: prefix.len() })
    }

    /// What the index knows in a folder, sorted by name.
    pub fn children(&self, folder: &Folder) -> Vec<Child<'_>> {
        let mut children: Vec<Child<'_>> = Vec::new();
        let (mut at, end) = (folder.items.start as usize, folder.items.end as usize);
        while at < end {
            let item = &self.items[at];
            let path = self.path(item);
            let rest = &path[folder.prefix..];
            if let Some(length) = rest.iter().position(|it| *it == b'/') {
                let prefix = folder.prefix + length + 1;
                let below = &path[..prefix];
                let count = self.items[at..end].partition_point(|it| self.path(it).starts_with(below));
                if self.items[at..at + count].iter().any(|it| it.kind != Kind::Absent) {
                    let items = at as u32..(at + count) as u32;
                    children.push(Child { name: &rest[..length], what: What::Folder(Folder { items, prefix }) });
                }
                at += count;
                continue;
            }
            at += 1;
            let what = match item.kind {
                Kind::File => What::File(item.length.map(u64::from)),
                Kind::Link => What::Link,
                Kind::Module => What::Module,
                Kind::Absent => continue,
            };
            // A path that is in conflict is there once for each side.
            if children.last().is_none_or(|it| it.name != rest) {
                children.push(Child { name: rest, what });
            }
        }
        children.sort_unstable_by_key(|it| it.name);
        children
    }
}

/// A number of variable length, and what follows it.
fn offset(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(8) {
        value = (value << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
        value += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index with files of these paths, which are as long as their paths, as git writes it.
    fn index(version: u32, paths: &[&str]) -> Vec<u8> {
        let files: Vec<_> = paths.iter().map(|it| (*it, 0o100_644, false)).collect();
        index_of(version, &files)
    }

    /// The same of paths, modes, and whether the checkout leaves them out.
    fn index_of(version: u32, items: &[(&str, u32, bool)]) -> Vec<u8> {
        let mut out = b"DIRC".to_vec();
        out.extend(version.to_be_bytes());
        out.extend((items.len() as u32).to_be_bytes());
        let mut last = "";
        for (path, mode, is_absent) in items {
            let start = out.len();
            out.extend([0; 24]);
            out.extend(mode.to_be_bytes());
            out.extend([0; 8]);
            out.extend((path.len() as u32).to_be_bytes());
            out.extend([0; 20]);
            out.extend((path.len() as u16 | u16::from(*is_absent) << 14).to_be_bytes());
            if *is_absent {
                out.extend(0x4000_u16.to_be_bytes());
            }
            if version == 4 {
                let common = path.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
                out.push((last.len() - common) as u8);
                out.extend(path[common..].bytes());
                out.push(0);
            } else {
                out.extend(path.bytes());
                out.push(0);
                out.resize(start + (out.len() - start).next_multiple_of(8), 0);
            }
            last = path;
        }
        out.extend(*b"TREE\0\0\0\x03abc");
        out.extend([7; 20]);
        out
    }

    #[test]
    fn tracked_paths_are_found() {
        for version in 2..=4 {
            let bytes = index(version, &["a-b", "a/b/c.txt", "api/data/x", "b"]);
            let tracked = Tracked::parse(bytes).unwrap();
            for (path, holds) in [
                ("a", true),
                ("a/b", true),
                ("a/b/c.txt", true),
                ("a/c", false),
                ("api/data", true),
                ("api/dat", false),
                ("b", true),
                ("c", false),
            ] {
                assert_eq!(tracked.holds(path), holds, "{path} in version {version}");
            }
        }
    }

    #[test]
    fn folders_hold_what_is_checked_out() {
        let items = [
            ("a-b", 0o100_755, false),
            ("a/b/c.txt", 0o100_644, false),
            ("a/b/c.txt", 0o100_644, false),
            ("a/gone", 0o100_644, true),
            ("a/link", 0o120_000, false),
            ("a.c", 0o100_644, false),
            ("gone/x", 0o100_644, true),
            ("module", 0o160_000, false),
            ("sparse/", 0o040_000, true),
        ];
        for version in 3..=4 {
            let tracked = Tracked::parse(index_of(version, &items)).unwrap();
            let names = |folder: &Folder| {
                let children = tracked.children(folder).into_iter();
                let text = |it: Child<'_>| {
                    let what = match it.what {
                        What::File(length) => format!("{}", length.unwrap_or_default()),
                        What::Link => "link".to_owned(),
                        What::Folder(_) => "folder".to_owned(),
                        What::Module => "module".to_owned(),
                    };
                    format!("{} {what}", String::from_utf8_lossy(it.name))
                };
                children.map(text).collect::<Vec<_>>()
            };
            let root = tracked.folder("").unwrap();
            assert_eq!(names(&root), ["a folder", "a-b 3", "a.c 3", "module module"], "version {version}");
            let Some(What::Folder(below)) = tracked.children(&root).first().map(|it| it.what.clone()) else { panic!() };
            assert_eq!(names(&below), ["b folder", "link link"]);
            assert_eq!(tracked.folder("a"), Some(below));
            assert_eq!(names(&tracked.folder("a/b").unwrap()), ["c.txt 9"]);
            assert_eq!(tracked.folder("a-b"), None);
            assert!(tracked.holds("gone/x") && tracked.holds("sparse/x"));
        }
    }

    #[test]
    fn what_is_not_understood_is_unknown() {
        // The entries of this one end at byte 140.
        let whole = index(2, &["a", "b"]);
        for length in 0..140 {
            assert!(Tracked::parse(whole[..length].to_vec()).is_none(), "{length} bytes");
        }
        let mut split = index(2, &["a"]);
        let at = split.len() - 31;
        split[at..at + 4].copy_from_slice(b"link");
        assert!(Tracked::parse(split).is_none());
        assert!(Tracked::parse(index(5, &["a"])).is_none());
    }
}
