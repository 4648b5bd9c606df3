//! Variables that say which build it is: `rules/knowledge/variables.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::WordPattern;

/// How often a variable changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// With every commit or build.
    Build,
    /// With every release.
    Release,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    build: Vec<WordPattern>,
    release: Vec<WordPattern>,
    nothing: Vec<String>,
}

static VARIABLES: LazyLock<Table> = LazyLock::new(|| table!("variables"));

/// How often a variable changes, if its name says which build it is.
///
/// # Panics
///
/// If the table is malformed; the tests of this module read it.
pub fn build_info(name: &str) -> Option<Change> {
    let named = |patterns: &[WordPattern]| patterns.iter().any(|it| it.matches_word(name));
    if named(&VARIABLES.build) { Some(Change::Build) } else { named(&VARIABLES.release).then_some(Change::Release) }
}

/// Whether a default stands for "not given".
///
/// # Panics
///
/// If the table is malformed; the tests of this module read it.
pub fn means_nothing(default: &str) -> bool {
    VARIABLES.nothing.iter().any(|it| it.eq_ignore_ascii_case(default))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        assert_eq!(build_info("GIT_SHA"), Some(Change::Build));
        assert_eq!(build_info("CI_COMMIT_SHORT_SHA"), Some(Change::Build));
        assert_eq!(build_info("VERSION"), Some(Change::Release));
        for name in ["NODE_VERSION", "PATH", "GIT_BRANCH", "SOURCE_DATE_EPOCH"] {
            assert_eq!(build_info(name), None, "{name}");
        }
        assert!(means_nothing("Unknown") && !means_nothing("1.2.3"));
    }
}
