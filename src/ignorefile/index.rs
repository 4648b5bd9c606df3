//! Finds the patterns that match a path without testing each of them.

use rustc_hash::FxHashMap;

use super::{
    Pattern,
    pattern::{Key, Matcher, after_last, before_first, count_slashes},
};

/// Patterns by what part of a path they ask for; each stands in exactly one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    paths: Table,
    tops: Table,
    names: Table,
    extensions: Table,
    others: Vec<u32>,
}

type Table = FxHashMap<String, Vec<u32>>;

impl Index {
    pub(super) fn new(patterns: &[Pattern]) -> Self {
        let mut index = Self::default();
        for (at, pattern) in patterns.iter().enumerate() {
            let (table, key) = match pattern.matcher.key() {
                Key::Path(key) => (&mut index.paths, key),
                Key::Top(key) => (&mut index.tops, key),
                Key::Name(key) => (&mut index.names, key),
                Key::Extension(key) => (&mut index.extensions, key),
                Key::None => {
                    index.others.push(at as u32);
                    continue;
                }
            };
            table.entry(key.to_owned()).or_default().push(at as u32);
        }
        index
    }

    /// Appends the patterns that match this very path, in no order; broken ones are always among them.
    pub(super) fn find(&self, patterns: &[Pattern], path: &str, found: &mut Vec<u32>) {
        let mut candidates = look(&self.paths, || path)
            .iter()
            .chain(look(&self.tops, || before_first(path, b'/')))
            .chain(look(&self.names, || after_last(path, b'/')))
            .chain(look(&self.extensions, || after_last(path, b'.')))
            .chain(&self.others)
            .peekable();
        // Of most paths no pattern asks anything.
        if candidates.peek().is_none() {
            return;
        }
        let slashes = count_slashes(path);
        found.extend(candidates.copied().filter(|at| {
            let matcher = &patterns[*at as usize].matcher;
            matches!(matcher, Matcher::Broken) || matcher.matches(path, slashes)
        }));
    }
}

/// The patterns of a table that ask for this part of a path.
/// Hashing costs more than asking first whether there is anything to find, and so does looking for the part.
fn look<'t, 'p>(table: &'t Table, key: impl FnOnce() -> &'p str) -> &'t [u32] {
    if table.is_empty() { &[] } else { table.get(key()).map_or(&[], Vec::as_slice) }
}
