//! Which files git tracks, read from the index of a repository: a program that is started takes longer.

use std::path::Path;

use super::disk::read_limited;

/// The paths that git tracks, from the root of the repository, sorted as git sorts them: by their bytes.
#[derive(Debug)]
pub(super) struct Tracked(Vec<Box<[u8]>>);

impl Tracked {
    /// Those of the repository at `root`; `None` when its index cannot be read or understood.
    pub(super) fn of(root: &Path) -> Option<Self> {
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
        Self::parse(&read(&folder.join("index"))?)
    }

    /// Reads an index of version 2, 3 or 4, as git's `index-format` describes it.
    fn parse(bytes: &[u8]) -> Option<Self> {
        /// Times, numbers and the hash of a file; then come its flags.
        const FIXED: usize = 60;
        let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let version = number(4).filter(|it| (2..=4).contains(it))?;
        if bytes.get(..4)? != b"DIRC" {
            return None;
        }
        let mut paths: Vec<Box<[u8]>> = Vec::new();
        let mut at = 12;
        for _ in 0..number(8)? {
            let mode = number(at + 24)?;
            // Another kind of hash makes the entries longer, and then no mode stands here.
            if !matches!(mode >> 12, 0o04 | 0o10 | 0o12 | 0o16) {
                return None;
            }
            let is_extended = bytes.get(at + FIXED)? & 0x40 != 0;
            let start = at + FIXED + if is_extended && version > 2 { 4 } else { 2 };
            if version == 4 {
                let (dropped, rest) = offset(bytes.get(start..)?)?;
                let length = rest.iter().position(|it| *it == 0)?;
                let last = paths.last().map_or(&[][..], |it| it);
                let kept = last.get(..last.len().checked_sub(dropped)?)?;
                paths.push([kept, &rest[..length]].concat().into());
                at = bytes.len() - rest.len() + length + 1;
            } else {
                let rest = bytes.get(start..)?;
                let length = rest.iter().position(|it| *it == 0)?;
                paths.push(rest[..length].into());
                // Zero bytes fill it up to a multiple of eight, and there is at least one.
                at += (start - at + length + 8) & !7;
            }
        }
        // Behind the entries stand extensions, and at last a hash.
        while let Some(name) = bytes.get(at..at + 4).filter(|_| at + 8 < bytes.len().saturating_sub(20)) {
            if name == b"link" {
                // The rest of the index is in another file.
                return None;
            }
            at = at.checked_add(8 + number(at + 4)? as usize)?;
        }
        Some(Self(paths))
    }

    /// Whether a path, or something below it, is tracked.
    pub(super) fn holds(&self, path: &str) -> bool {
        let path = path.as_bytes();
        let is_it = |at: &[u8]| at.strip_prefix(path).is_some_and(|it| it.is_empty() || it[0] == b'/');
        // Between `a` and `a/b` may stand `a-b`.
        let from = self.0.partition_point(|it| &**it < path);
        if self.0.get(from).is_some_and(|it| is_it(it)) {
            return true;
        }
        let below = [path, b"/"].concat();
        let from = self.0.partition_point(|it| **it < *below);
        self.0.get(from).is_some_and(|it| is_it(it))
            // A sparse index names a folder in the place of what is in it.
            || from > 0 && self.0[from - 1].ends_with(b"/") && path.starts_with(&self.0[from - 1])
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

    /// An index with these paths, as git writes it.
    fn index(version: u32, paths: &[&str]) -> Vec<u8> {
        let mut out = b"DIRC".to_vec();
        out.extend(version.to_be_bytes());
        out.extend((paths.len() as u32).to_be_bytes());
        let mut last = "";
        for path in paths {
            let start = out.len();
            out.extend([0; 24]);
            out.extend(0o100_644_u32.to_be_bytes());
            out.extend([0; 32]);
            out.extend((path.len() as u16).to_be_bytes());
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
            let tracked = Tracked::parse(&bytes).unwrap();
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
    fn what_is_not_understood_is_unknown() {
        // The entries of this one end at byte 140.
        let whole = index(2, &["a", "b"]);
        for length in 0..140 {
            assert!(Tracked::parse(&whole[..length]).is_none(), "{length} bytes");
        }
        let mut split = index(2, &["a"]);
        let at = split.len() - 31;
        split[at..at + 4].copy_from_slice(b"link");
        assert!(Tracked::parse(&split).is_none());
        assert!(Tracked::parse(&index(5, &["a"])).is_none());
    }
}
