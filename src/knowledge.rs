//! The tables of `rules/knowledge/`, typed: which words mean what, and where caches lie.
//!
//! Tables state facts; what follows from them is decided by the model and the rules.

use std::{collections::BTreeMap, sync::LazyLock};

use rustc_hash::FxHashSet;
use serde::Deserialize;

mod installs;
mod variables;

pub use installs::{Asks, Installs};
pub use variables::{Change, build_info, means_nothing};

/// All tables.
#[derive(Debug)]
pub struct Knowledge {
    /// Package managers.
    pub managers: Vec<Manager>,
    /// Base images, the first match counts.
    pub images: Vec<Image>,
    /// Programs that neither install packages nor look for installed ones.
    pub plain_programs: FxHashSet<String>,
}

/// The tables, read once.
///
/// # Panics
///
/// If a table is malformed; the tests of this module read them all.
pub static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| {
    let managers: ManagerTable = toml::from_str(include_str!("../rules/knowledge/managers.toml"))
        .expect("the test `tables_are_sound` reads the table");
    let images: ImageTable = toml::from_str(include_str!("../rules/knowledge/images.toml"))
        .expect("the test `tables_are_sound` reads the table");
    let programs: ProgramTable = toml::from_str(include_str!("../rules/knowledge/programs.toml"))
        .expect("the test `tables_are_sound` reads the table");
    Knowledge { managers: managers.manager, images: images.image, plain_programs: programs.plain }
});

/// The codes of hadolint, with the level that it gives each.
///
/// # Panics
///
/// If the table is malformed; a test of this module reads it.
pub static HADOLINT: LazyLock<BTreeMap<String, Severity>> = LazyLock::new(|| {
    toml::from_str(include_str!("../rules/knowledge/hadolint.toml"))
        .expect("the test `tables_are_sound` reads the table")
});

/// A level of hadolint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// `error`
    Error,
    /// `warning`
    Warning,
    /// `info`
    Info,
    /// `style`
    Style,
    /// Not reported unless it is asked for.
    Off,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManagerTable {
    manager: Vec<Manager>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageTable {
    image: Vec<Image>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramTable {
    plain: FxHashSet<String>,
}

/// A package manager.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manager {
    /// Its name here.
    pub name: String,
    /// The words that start it.
    pub invoked_as: Vec<WordPattern>,
    /// Options that take the next word as their value.
    #[serde(default)]
    pub value_options: Vec<String>,
    /// Subcommands that refresh the index.
    #[serde(default)]
    pub update: Vec<WordPattern>,
    /// Subcommands that install packages.
    #[serde(default)]
    pub install: Vec<WordPattern>,
    /// Subcommands that only download packages.
    #[serde(default)]
    pub fetch: Vec<WordPattern>,
    /// Subcommands that use packages to build something.
    #[serde(default)]
    pub build: Vec<WordPattern>,
    /// Subcommands that empty the caches.
    #[serde(default)]
    pub clean: Vec<WordPattern>,
    /// What no subcommand means.
    pub default: Option<Action>,
    /// Whether it only works as root.
    #[serde(default)]
    pub root: bool,
    /// Texts in a word that send it to another root or cache.
    #[serde(default)]
    pub elsewhere: Vec<String>,
    /// Its caches.
    pub cache: Vec<Cache>,
    /// Words without which a cache stays empty.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// What switches the cache off.
    #[serde(default)]
    pub defeat: Vec<Defeat>,
    /// How to leave nothing behind where a cache cannot be mounted.
    pub tidy: Option<Tidy>,
    /// How it installs what the project's manifests ask for.
    pub project: Option<ProjectInstall>,
}

/// What a subcommand does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Refreshes the package index.
    Update,
    /// Installs packages.
    Install,
    /// Downloads packages.
    Fetch,
    /// Builds something from packages.
    Build,
    /// Empties the caches.
    Clean,
}

/// A folder worth keeping between builds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cache {
    /// The default path, with `{home}`.
    pub path: String,
    /// The default path for root, where it is another.
    pub root_path: Option<String>,
    /// Folders below the path that are mounted instead of it.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Environment variables that move it, with the path they lead to (`{value}`).
    #[serde(default)]
    pub variables: Vec<(String, String)>,
    /// Options whose value is the path.
    #[serde(default)]
    pub options: Vec<String>,
    /// What it holds.
    pub holds: Holds,
    /// How concurrent builds may share it.
    pub sharing: Sharing,
    /// Whether the cache of one base image must not serve another.
    #[serde(default)]
    pub per_image: bool,
    /// Which actions use it.
    pub used_by: Vec<Action>,
    /// Only for these programs of the manager.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Only where the base image has one of these traits.
    #[serde(default)]
    pub only_on: Vec<String>,
    /// Not where the base image has one of these traits.
    #[serde(default)]
    pub not_on: Vec<String>,
    /// Which line of the manager it belongs to, where that has to be found out (yarn).
    pub flavor: Option<Flavor>,
    /// Other folders whose cleaning belongs to this cache.
    #[serde(default)]
    pub also_cleaned: Vec<String>,
}

/// What a cache holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// Read only while installing; nothing misses it afterwards.
    Downloads,
    /// Package lists: a later install without an update of its own reads them.
    Index,
    /// Packages that later commands read in place.
    Store,
}

/// How concurrent builds may share a cache mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sharing {
    /// At once.
    Shared,
    /// One after the other.
    Locked,
}

/// Lines of a manager that keep their caches in different places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavor {
    /// Yarn 1.
    Classic,
    /// Yarn 2 and later.
    Berry,
}

/// Words without which a cache stays empty.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Need {
    /// The words, put behind the subcommand.
    pub words: String,
    /// For these actions.
    #[serde(rename = "for")]
    pub actions: Vec<Action>,
    /// Only when invoked as this program.
    pub program: Option<String>,
    /// A word that holds this makes it unnecessary.
    pub present: String,
    /// So does an earlier RUN that mentions all words of one of these.
    #[serde(default)]
    pub configured: Vec<String>,
}

/// What switches a cache off.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Defeat {
    /// An option that does.
    pub option: Option<String>,
    /// What stands in its place afterwards.
    pub instead: Option<String>,
    /// Nothing has to, if one of these options is there.
    #[serde(default)]
    pub unless: Vec<String>,
    /// The option also does the work of this action, so that one in the same RUN makes `instead` unnecessary.
    pub subsumes: Option<Action>,
    /// A variable that does, when it is set to anything but a word for "no".
    pub variable: Option<String>,
}

/// How to leave nothing of a cache in the layer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tidy {
    /// With an option of the install.
    Option(String),
    /// With a command after it; `{program}` is the manager as it was called.
    Command(String),
}

/// How a manager installs what the project's manifests ask for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProjectInstall {
    /// The subcommands that do.
    pub install: Vec<WordPattern>,
    /// Sets of files that must be there; the first complete one counts.
    pub manifests: Vec<Vec<String>>,
    /// Files and folders that count when they are there.
    #[serde(default)]
    pub optional: Vec<String>,
    /// Words that restrict the command to dependencies.
    #[serde(default)]
    pub without: Vec<String>,
    /// A command that downloads the dependencies.
    pub fetch: Option<String>,
}

/// A base image, or several that are alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Image {
    /// The repository.
    pub name: Option<WordPattern>,
    /// The repositories.
    #[serde(default)]
    pub names: Vec<WordPattern>,
    /// Only for tags that match.
    pub tag: Option<WordPattern>,
    /// The user in force; root without it.
    pub user: Option<String>,
    /// Variables that decide where caches lie.
    #[serde(default)]
    pub env: std::collections::BTreeMap<String, String>,
    /// Users the image brings.
    #[serde(default)]
    pub accounts: Vec<Account>,
    /// Traits that tables of managers ask for.
    #[serde(default)]
    pub traits: Vec<String>,
}

/// A user of an image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Name.
    pub name: String,
    /// Numeric id, if it is known.
    pub uid: Option<u32>,
    /// Numeric group id, if it is known.
    pub gid: Option<u32>,
    /// Home folder.
    pub home: String,
}

/// One or more words, in each of which `*` stands for any text (`[0-9]` for a digit).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct WordPattern {
    words: Vec<String>,
}

impl From<String> for WordPattern {
    fn from(text: String) -> Self {
        Self { words: text.split(' ').map(str::to_owned).collect() }
    }
}

impl WordPattern {
    /// How many words it has.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether it has no words. Never: splitting gives at least one.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The first word.
    pub fn first(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Whether it matches the first words of `words`.
    pub fn matches<S: AsRef<str>>(&self, words: &[S]) -> bool {
        words.len() >= self.words.len()
            && self
                .words
                .iter()
                .zip(words)
                .all(|(pattern, word)| wildcard(pattern.as_bytes(), word.as_ref().as_bytes()))
    }

    /// Whether its first word matches.
    pub fn first_matches(&self, word: &str) -> bool {
        wildcard(self.first().as_bytes(), word.as_bytes())
    }

    /// Whether it matches one word.
    pub fn matches_word(&self, word: &str) -> bool {
        self.words.len() == 1 && self.matches(&[word])
    }
}

/// `*` is any text, `[0-9]` a digit, everything else itself.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|at| wildcard(rest, &text[at..])),
        [b'[', b'0', b'-', b'9', b']', rest @ ..] => {
            text.first().is_some_and(u8::is_ascii_digit) && wildcard(rest, &text[1..])
        }
        [byte, rest @ ..] => text.first() == Some(byte) && wildcard(rest, &text[1..]),
    }
}

impl Manager {
    /// The subcommands of an action.
    pub fn subcommands(&self, action: Action) -> &[WordPattern] {
        match action {
            Action::Update => &self.update,
            Action::Install => &self.install,
            Action::Fetch => &self.fetch,
            Action::Build => &self.build,
            Action::Clean => &self.clean,
        }
    }
}

/// Whether a program neither installs packages nor looks for those that are installed, whatever its arguments.
pub fn is_plain_program(name: &str) -> bool {
    KNOWLEDGE.plain_programs.contains(name)
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 5] = [Self::Update, Self::Install, Self::Fetch, Self::Build, Self::Clean];
}

impl Image {
    /// The entry for an image; `None` when it is unknown. The name is the repository without `docker.io/` and `library/`.
    pub fn find(name: &str, tag: Option<&str>) -> Option<&'static Self> {
        KNOWLEDGE.images.iter().find(|it| {
            it.name.iter().chain(&it.names).any(|pattern| pattern.matches_word(name))
                && it.tag.as_ref().is_none_or(|pattern| tag.is_some_and(|tag| pattern.matches_word(tag)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sound() {
        for manager in &KNOWLEDGE.managers {
            for cache in &manager.cache {
                assert!(cache.path.starts_with(['/', '{']), "{}: {}", manager.name, cache.path);
                assert!(cache.variables.iter().all(|(_, path)| path.contains("{value}")), "{}", manager.name);
            }
            let patterns = Action::ALL.iter().flat_map(|action| manager.subcommands(*action));
            assert!(patterns.into_iter().all(|it| !it.is_empty()), "{}", manager.name);
        }
        assert!(Image::find("python", Some("3.12")).is_some());
        assert!(Image::find("acme/base", None).is_none());
        assert_eq!(HADOLINT["DL3048"], Severity::Style);
    }

    #[test]
    fn wildcards() {
        let pip = WordPattern::from("python3.* -m pip".to_owned());
        assert!(pip.matches(&["python3.11", "-m", "pip", "install"]));
        assert!(!pip.matches(&["python3.11", "-m", "venv"]));
        assert!(Image::find("fedora", Some("39")).is_some_and(|it| it.traits.is_empty()));
        assert!(Image::find("fedora", Some("42")).is_some_and(|it| !it.traits.is_empty()));
        assert!(Image::find("fedora", None).is_some_and(|it| !it.traits.is_empty()));
    }
}
