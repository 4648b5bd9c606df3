//! Edits of text, changes of a project, and how far a change can be trusted.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    keys::KeyPath,
    source::{FileId, Span},
};

/// How far a fix can be trusted; ordered, so that "may it be applied?" is `>=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// It can be written but not vouched for: printed, offered in the editor, never applied by a flag.
    Shown,
    /// Probably what is wanted, but the image, or how the build is called, may differ.
    Unsafe,
    /// The image stays the same but for caches, package lists and timestamps, and for what a new ignore line keeps out
    /// since no build needs it.
    Safe,
}

impl Safety {
    /// The word for it in pages and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Unsafe => "unsafe",
            Self::Safe => "safe",
        }
    }
}

/// Replaces the bytes of a span by a text. An empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What stands there afterwards. Lines end in `\n`; a file with CRLF gets CRLF when it is applied.
    pub text: String,
}

impl Edit {
    /// Puts `text` before the byte at `offset`.
    pub fn insert(offset: usize, text: impl Into<String>) -> Self {
        Self { span: Span::at(offset), text: text.into() }
    }

    /// Puts `text` in the place of `span`.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// Removes `span`.
    pub fn delete(span: Span) -> Self {
        Self { span, text: String::new() }
    }

    /// The text as it is put into a file: with its line ends.
    fn written(&self, crlf: bool) -> Cow<'_, str> {
        if crlf { self.text.replace("\r\n", "\n").replace('\n', "\r\n").into() } else { self.text.as_str().into() }
    }

    /// By how many bytes it makes a text longer.
    pub fn growth(&self, text: &str) -> i64 {
        i64::from(self.written(has_crlf(text)).len() as u32) - i64::from(self.span.end - self.span.start)
    }
}

/// A change of a project: edits of files that exist, and files that come into being. Whole or not at all.
///
/// The edits of a file are sorted and neither overlap nor touch, except as an equal edit, which counts once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The edits, by file.
    pub edits: BTreeMap<FileId, Vec<Edit>>,
    /// New files, by the path as it is shown, with their text.
    pub creates: BTreeMap<String, String>,
    /// In files of keys and values, such as Compose files: the keys that are meant to differ afterwards, each with all
    /// below it. Verification holds the edits to them.
    pub keys: BTreeMap<FileId, BTreeSet<KeyPath>>,
}

impl Change {
    /// A change of one file; `None` when two of the edits overlap or touch.
    pub fn of(file: FileId, edits: impl IntoIterator<Item = Edit>) -> Option<Self> {
        let mut edits: Vec<Edit> = edits.into_iter().collect();
        if edits.is_empty() {
            return Some(Self::default());
        }
        edits.sort();
        edits.dedup();
        let are_apart = edits.windows(2).all(|it| it[0].span.end < it[1].span.start);
        are_apart.then(|| Self { edits: BTreeMap::from([(file, edits)]), ..Self::default() })
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.creates.is_empty()
    }

    /// Takes `other` in, wholly or (answering false) not at all. Geometry alone decides:
    /// equal edits count once, edits that overlap or touch conflict, and so do two texts for one new file.
    pub fn try_merge(&mut self, other: &Self) -> bool {
        // They are sorted and apart, so that only the neighbours count.
        let fits = |edits: &[Edit], edit: &Edit| {
            let (before, after) = edits.split_at(edits.partition_point(|it| it < edit));
            after.first() == Some(edit)
                || before.last().is_none_or(|it| it.span.end < edit.span.start)
                    && after.first().is_none_or(|it| edit.span.end < it.span.start)
        };
        let edits_fit = other
            .edits
            .iter()
            .all(|(file, new)| self.edits.get(file).is_none_or(|old| new.iter().all(|edit| fits(old, edit))));
        let creates_fit = other.creates.iter().all(|(path, text)| self.creates.get(path).is_none_or(|it| it == text));
        if !edits_fit || !creates_fit {
            return false;
        }
        for (file, new) in &other.edits {
            let edits = self.edits.entry(*file).or_default();
            edits.extend(new.iter().cloned());
            edits.sort();
            edits.dedup();
        }
        self.creates.extend(other.creates.clone());
        for (file, keys) in &other.keys {
            self.keys.entry(*file).or_default().extend(keys.iter().cloned());
        }
        true
    }

    /// Adds the key of a file of keys and values that the edits are meant to change.
    #[must_use]
    pub fn meant_for<'a>(mut self, file: FileId, key: impl IntoIterator<Item = &'a str>) -> Self {
        self.keys.entry(file).or_default().insert(key.into_iter().map(str::to_owned).collect());
        self
    }
}

/// Whether the lines of a text end in CRLF, as its first line does.
fn has_crlf(text: &str) -> bool {
    text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'))
}

/// Applies sorted edits that do not overlap. What is inserted takes on the line ends of the text:
/// if its first line ends in CRLF, so does every new one.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let crlf = has_crlf(text);
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        result.push_str(&text[done..edit.span.start as usize]);
        result.push_str(&edit.written(crlf));
        done = edit.span.end as usize;
    }
    result.push_str(&text[done..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(0);

    fn change(edits: &[(usize, usize, &str)]) -> Option<Change> {
        Change::of(FILE, edits.iter().map(|(start, end, text)| Edit::replace(Span::new(*start, *end), *text)))
    }

    #[test]
    fn edits_that_touch_conflict() {
        assert!(change(&[(0, 2, "a"), (2, 3, "b")]).is_none());
        assert!(change(&[(0, 2, "a"), (1, 3, "b")]).is_none());
        assert!(change(&[(4, 4, "a"), (4, 4, "b")]).is_none());
        assert!(change(&[(0, 2, "a"), (3, 3, "b")]).is_some());
    }

    #[test]
    fn equal_edits_count_once() {
        let both = change(&[(1, 2, "x"), (1, 2, "x")]).expect("equal edits merge");
        assert_eq!(both.edits[&FILE].len(), 1);
    }

    #[test]
    fn line_ends_follow_the_file() {
        let edits = [Edit::insert(3, "b\nc\n")];
        assert_eq!(apply("a\r\nd\r\n", &edits), "a\r\nb\r\nc\r\nd\r\n");
        assert_eq!(apply("a\n\nd", &edits), "a\n\nb\nc\nd");
    }
}
