//! How it is told that a Dockerfile is not what people write: the table `rules/knowledge/files.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

/// The table.
///
/// # Panics
///
/// If the table is malformed; a test of this module reads it.
pub static FILES: LazyLock<FileWords> = LazyLock::new(|| table!("files"));

/// How it is told that a Dockerfile is not what people write.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileWords {
    /// Marks of template engines.
    pub template: Vec<String>,
    /// Texts of a comment that forbid to edit a file, in small letters.
    pub untouchable: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        assert!(FILES.template.iter().all(|it| it.len() == 2));
        assert!(FILES.untouchable.iter().all(|it| *it == it.to_lowercase()));
    }
}
