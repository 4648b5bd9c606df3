//! Files that come into an image from outside: `rules/knowledge/downloads.toml`.

use std::{collections::BTreeMap, sync::LazyLock};

use rustc_hash::FxHashSet;
use serde::Deserialize;

/// What is known of downloads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Downloads {
    heavy: FxHashSet<String>,
    light: FxHashSet<String>,
    /// What downloads, with the options that name the file it writes.
    pub programs: BTreeMap<String, Vec<String>>,
}

/// How much a file weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Archives, packages, programs.
    Heavy,
    /// Text.
    Light,
}

/// The table.
///
/// # Panics
///
/// If the table is malformed; the test of this module reads it.
pub static DOWNLOADS: LazyLock<Downloads> = LazyLock::new(|| table!("downloads"));

impl Downloads {
    /// How much a file weighs, as far as its ending tells.
    pub fn weight(&self, path: &str) -> Option<Weight> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if self.heavy.contains(ending) {
            Some(Weight::Heavy)
        } else {
            self.light.contains(ending).then_some(Weight::Light)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        assert_eq!(DOWNLOADS.weight("/tmp/a.tar.gz"), Some(Weight::Heavy));
        assert_eq!(DOWNLOADS.weight("/tmp/a.sh"), Some(Weight::Light));
        assert_eq!(DOWNLOADS.weight("/tmp/a"), None);
        assert!(DOWNLOADS.heavy.is_disjoint(&DOWNLOADS.light));
    }
}
