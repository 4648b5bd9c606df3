//! Definitions of builds that dockopt does not read: the table `rules/knowledge/builders.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

/// What may build images in a way that dockopt does not read.
///
/// # Panics
///
/// If the table is malformed; a test of this module reads it.
pub static BUILDERS: LazyLock<Builders> = LazyLock::new(|| table!("builders"));

/// The table of definitions that are not read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builders {
    /// Where they lie, from the root of the repository.
    pub files: Vec<String>,
    /// Words by which such a file builds an image.
    pub words: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::kind_of;

    #[test]
    fn table_is_sound() {
        assert!(BUILDERS.files.iter().all(|it| kind_of(it).is_none()), "what is read needs no mention");
        assert!(!BUILDERS.words.is_empty());
    }
}
