//! Words in manifests, and in the commands that read them: the table `rules/knowledge/manifests.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

/// The table.
///
/// # Panics
///
/// If the table is malformed; a test of this module reads it.
pub static MANIFESTS: LazyLock<ManifestWords> = LazyLock::new(|| table!("manifests"));

/// Words in manifests, and in the commands that read them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestWords {
    /// Those of Maven.
    pub maven: MavenWords,
    /// Those of sbt.
    pub sbt: SbtWords,
}

/// Words of Maven.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MavenWords {
    /// What a build is asked for, `clean` included.
    pub phases: Vec<String>,
    /// Plugins that do nothing before `test-compile` for which they need the sources.
    pub harmless: Vec<String>,
    /// Options that do not lead to other files.
    pub options: Vec<String>,
}

/// Words of sbt.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SbtWords {
    /// Texts of a build definition that reads files or runs programs.
    pub reads_more: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        assert!(MANIFESTS.maven.options.iter().all(|it| it.starts_with('-')));
        assert!(MANIFESTS.maven.phases.iter().chain(&MANIFESTS.maven.harmless).all(|it| !it.starts_with('-')));
        assert!(MANIFESTS.sbt.reads_more.iter().all(|it| it.len() > 2), "a short text is in every definition");
    }
}
