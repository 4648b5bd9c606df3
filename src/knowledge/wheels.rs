//! Python packages that are built where a wheel could be had: `rules/knowledge/wheels.toml`.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

/// What is known of wheels.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wheels {
    /// Packages that have wheels for glibc, none for musl, and can be built.
    pub no_musl: Vec<String>,
    /// Packages whose wheels only pip 19.3 and later can use.
    pub new_wheels: Vec<String>,
    /// Packages whose wheels for Linux hold nothing that has to be compiled.
    pub pure: Vec<String>,
    /// The versions of pip that releases of distributions bring, where these are older.
    pub old_pip: BTreeMap<String, String>,
    twin: Vec<Twin>,
}

/// A package without wheels, and one that has them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Twin {
    /// The one without.
    pub name: String,
    /// The one with wheels.
    pub wheels: String,
    /// What is different: a full sentence.
    pub but: String,
    /// Whether whoever names it has chosen to build it.
    #[serde(default)]
    pub chosen: bool,
    /// Whether both have the same version numbers.
    #[serde(default)]
    pub same: bool,
}

/// The table.
///
/// # Panics
///
/// If the table is malformed; the test of this module reads it.
pub static WHEELS: LazyLock<Wheels> = LazyLock::new(|| table!("wheels"));

impl Wheels {
    /// The package with wheels that can stand in for one, by its name as [`normal`](crate::manifests::normal) writes it.
    pub fn twin(&self, name: &str) -> Option<&Twin> {
        self.twin.iter().find(|it| it.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::KNOWLEDGE;

    #[test]
    fn the_table_is_sound() {
        assert_eq!(WHEELS.twin("psycopg2").map(|it| it.wheels.as_str()), Some("psycopg2-binary"));
        for release in WHEELS.old_pip.keys() {
            assert!(KNOWLEDGE.releases.iter().any(|it| it.name == *release), "{release}");
        }
    }
}
