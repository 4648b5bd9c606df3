//! What the walk over a context leaves out: the decision for each entry, made with what its directory matched.

use std::sync::Arc;

use super::{IgnoreFile, decide};

/// What the ignore file means for one entry of the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the entry itself is left out.
    pub excluded: bool,
    /// The pattern that had the last word, as an index into [`IgnoreFile::patterns`]; none if no pattern matched.
    pub decided_by: Option<usize>,
    /// For a directory: whether something below it may be sent, so that it must be walked. False for a file.
    ///
    /// A left-out directory is sent after all if something below it is.
    pub descend: bool,
    /// The first pattern on which the build fails when it reaches this entry; the rest is decided without it.
    pub broken: Option<usize>,
}

/// The state of a walk in one directory: the patterns that matched it or, as the walk saw them, a directory above it.
///
/// Cheap to clone, and independent of its siblings, so directories can be walked in any order and in parallel.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    file: &'a IgnoreFile,
    /// Sorted indices of patterns.
    matched: Arc<[u32]>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(file: &'a IgnoreFile) -> Self {
        Self { file, matched: Arc::default() }
    }

    /// Decides over an entry of this directory, given by its path from the root of the context, such as `src/main.rs`.
    /// The second value is the state inside that entry; it is of use only if the entry is a directory.
    pub fn enter(&self, path: &str, is_dir: bool) -> (Verdict, Self) {
        let mut found = Vec::new();
        self.file.index.find(&self.file.patterns, path, &mut found);
        if found.is_empty() {
            // Nothing but the matches of the directory counts, and of those the last.
            let decided_by = self.matched.last().map(|at| *at as usize);
            let excluded = decided_by.is_some_and(|at| !self.file.patterns[at].negated);
            return (self.verdict(path, is_dir, excluded, decided_by, None), self.clone());
        }
        found.sort_unstable();
        let decision = decide(&self.file.patterns, &self.matched, &found);
        let verdict = self.verdict(path, is_dir, decision.excluded, decision.decided_by, decision.broken);
        let inside = if is_dir && decision.matched != *self.matched {
            Self { file: self.file, matched: decision.matched.into() }
        } else {
            self.clone()
        };
        (verdict, inside)
    }

    fn verdict(
        &self,
        path: &str,
        is_dir: bool,
        excluded: bool,
        decided_by: Option<usize>,
        broken: Option<usize>,
    ) -> Verdict {
        let descend = is_dir && (!excluded || self.file.exceptions.may_reach_below(path));
        Verdict { excluded, decided_by, descend, broken }
    }
}

/// The `!` patterns, reduced to the question whether one could match below a directory.
///
/// The daemon answers it with more care for speed than for truth: after `x/y`, the pattern `!x/*/**` is not found below `x/y`.
/// This repeats its answer, for what it does not walk it does not send.
#[derive(Clone, Debug)]
pub(super) enum Exceptions {
    /// Some `!` pattern has a wildcard before its end: anything may match.
    Anywhere,
    /// The places that `!` patterns name, each with a slash at its end, sorted.
    Places(Vec<String>),
}

impl Default for Exceptions {
    fn default() -> Self {
        Self::Places(Vec::new())
    }
}

impl Exceptions {
    pub(super) fn new(file: &[super::Pattern]) -> Self {
        let mut places = Vec::new();
        for pattern in file.iter().filter(|pattern| pattern.negated) {
            let place = pattern.text.strip_suffix("/**").unwrap_or(&pattern.text);
            let place = place.strip_suffix("/*").unwrap_or(place);
            if place.contains(['*', '[', ']', '?', '^', '\\']) {
                return Self::Anywhere;
            }
            places.push(format!("{place}/"));
        }
        places.sort_unstable();
        Self::Places(places)
    }

    fn may_reach_below(&self, directory: &str) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Places(places) if places.is_empty() => false,
            Self::Places(places) => {
                let directory = format!("{directory}/");
                let at = places.partition_point(|place| *place < directory);
                places.get(at).is_some_and(|place| place.starts_with(&directory))
            }
        }
    }
}
