//! Folders that are listed once, to answer for all the names that they may or may not hold.

use std::{
    fs::{self, FileType},
    io,
    path::Path,
};

use compact_str::CompactString;
use rustc_hash::FxHashMap;

/// What a name in a folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    File,
    Folder,
    Link,
    Other,
}

impl Listed {
    pub(super) fn of(kind: FileType) -> Self {
        if kind.is_file() {
            Self::File
        } else if kind.is_dir() {
            Self::Folder
        } else if kind.is_symlink() {
            Self::Link
        } else {
            Self::Other
        }
    }
}

/// What is in a folder, by name.
#[derive(Debug, Default)]
pub(super) struct Listing(Vec<(CompactString, Listed)>);

impl Listing {
    fn read(folder: &Path) -> io::Result<Self> {
        let mut names: Vec<(CompactString, Listed)> = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // A name that is not UTF-8 cannot be asked for.
            if let Some(name) = entry.file_name().to_str() {
                names.push((name.into(), Listed::of(entry.file_type()?)));
            }
        }
        names.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Self(names))
    }

    /// What the name stands for, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<Listed> {
        self.0.binary_search_by(|(it, _)| it.as_str().cmp(name)).ok().map(|at| self.0[at].1)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = (&str, Listed)> {
        self.0.iter().map(|(name, entry)| (name.as_str(), *entry))
    }
}

/// The folders that were listed, by their absolute paths as they were come by. One listing answers for all the names
/// that a folder may or may not hold.
#[derive(Debug, Default)]
pub(super) struct Listings(FxHashMap<String, Listing>);

impl Listings {
    /// The listing of a folder, if it was made.
    pub(super) fn of(&self, folder: &str) -> Option<&Listing> {
        self.0.get(folder)
    }

    /// Lists a folder; nothing is known of one that cannot be read.
    pub(super) fn add(&mut self, folder: &str) -> Option<&Listing> {
        if !self.0.contains_key(folder) {
            self.0.insert(folder.to_owned(), Listing::read(Path::new(folder)).ok()?);
        }
        self.0.get(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_what_they_stand_for() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a", "c.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("d")).unwrap();
        let mut listings = Listings::default();
        let path = folder.path().to_str().unwrap();
        assert!(listings.of(path).is_none());
        let listing = listings.add(path).unwrap();
        assert_eq!(listing.get("c.txt"), Some(Listed::File));
        assert_eq!((listing.get("d"), listing.get("e")), (Some(Listed::Folder), None));
        assert_eq!(listing.names().map(|it| it.0).collect::<Vec<_>>(), ["a", "b", "c.txt", "d"]);
        assert!(listings.add(&format!("{path}/none")).is_none());
    }
}
