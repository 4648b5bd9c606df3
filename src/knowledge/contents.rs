//! What lies in build contexts: the table `rules/knowledge/context.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::KNOWLEDGE;

/// What lies in build contexts, and what builds need of it.
///
/// # Panics
///
/// If the table is malformed; a test of this module reads it.
pub static CONTENTS: LazyLock<Contents> = LazyLock::new(|| table!("context"));

/// The table of what lies in build contexts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// Files that no build needs.
    pub class: Vec<Class>,
    /// Folders that are made before the image is, for it.
    pub built: Vec<String>,
    /// Words of programs, scripts and manifests that ask for the history of a repository.
    pub history: Vec<String>,
    /// Managers that write the revision into what they build, each with the words that prevent it.
    pub stamping: Vec<(String, String)>,
    /// Files that say how a project is built.
    pub manifests: Vec<String>,
    /// What Docker and CI read themselves.
    pub own: Vec<String>,
    /// What people read and programs seldom do: names in the root of a project, some with a `*` at the end.
    pub documents: Vec<String>,
    /// Folders out of which a server answers with whatever is there.
    pub served: Vec<String>,
    /// Images of such servers, by the last part of their names.
    pub servers: Vec<String>,
    /// Endings of program text.
    pub code: Vec<String>,
    /// Those of them that set an image up as often as they are what it is for.
    pub setup: Vec<String>,
    /// Endings of programs that were built outside of the image.
    pub packed: Vec<String>,
    /// Folders for tests, or of what is only kept.
    pub aside: Vec<String>,
    /// Files that name a great deal, and tell nothing about what is read.
    pub generated: Vec<String>,
}

/// A class of files that no build needs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// The comment above its lines in an ignore file.
    pub group: String,
    /// The names, each with the line that keeps it back.
    pub names: Vec<(String, String)>,
    /// Whether it is worth a finding of its own.
    #[serde(default)]
    pub heavy: bool,
    /// Whether something may ask version control for it.
    #[serde(default)]
    pub history: bool,
    /// The programs of which one makes it; a build that has to do with these must run one itself.
    #[serde(default)]
    pub installed: Vec<String>,
    /// Manifests that tell that the files will come.
    #[serde(default)]
    pub expected: Vec<String>,
}

impl Contents {
    /// Whether the name is that of a class.
    pub fn is_ballast(&self, name: &str) -> bool {
        self.class.iter().flat_map(|it| &it.names).any(|(it, _)| it == name)
    }

    /// Whether something of that name in the root of a project is a document.
    pub fn is_document(&self, name: &str) -> bool {
        self.documents.iter().any(|it| it.strip_suffix('*').map_or(it == name, |start| name.starts_with(start)))
    }

    /// Whether a folder of that name is for tests, or holds what is only kept.
    pub fn is_aside(&self, name: &str) -> bool {
        self.aside.iter().any(|it| it == name)
    }

    /// Whether a file of that name belongs to a program: its text, the program itself, or what says how it is built.
    pub fn is_of_program(&self, name: &str) -> bool {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let has = |all: &[String]| all.iter().any(|it| it == ending);
        has(&self.code) && !has(&self.setup)
            || has(&self.packed)
            || self.manifests.iter().any(|it| it == name)
            || KNOWLEDGE.managers.iter().any(|it| it.is_manifest(name))
            || name.contains("requirements") && matches!(ending, "txt" | "in")
    }

    /// Whether a folder of that name is made before the image is.
    pub fn is_built(&self, name: &str) -> bool {
        self.built.iter().any(|it| it == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sound() {
        assert!(CONTENTS.is_ballast(".git"));
        assert!(CONTENTS.is_built("dist"));
        assert!(CONTENTS.is_document("CHANGELOG.md") && !CONTENTS.is_document("docs2"));
        for class in &CONTENTS.class {
            assert!(!class.names.is_empty() && (class.heavy || class.installed.is_empty()), "{}", class.group);
        }
    }
}
