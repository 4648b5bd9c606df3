//! How installs can be told to behave: `rules/knowledge/installs.toml`.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use super::Manager;

/// How the installs of a manager can be told to behave.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Installs {
    manager: String,
    /// It asks before it installs.
    pub asks: Option<Asks>,
    /// How an install is held to the lock file.
    pub locked: Option<Locked>,
    /// How an install leaves out what only developers need.
    pub production: Option<Production>,
}

/// How a manager is kept from asking.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Asks {
    /// The word that does.
    pub word: String,
    /// Other words that do.
    #[serde(default)]
    pub same: Vec<String>,
    /// The letter that does among short options.
    pub letter: Option<char>,
    /// Texts in words or earlier runs that do.
    #[serde(default)]
    pub configured: Vec<String>,
    /// Programs of the manager that never ask.
    #[serde(default)]
    pub silent: Vec<String>,
}

/// How an install is held to the lock file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Locked {
    /// The subcommands that are not.
    pub subcommands: Vec<String>,
    /// Subcommands that build, and write another lock file where it does not fit; these never ignore it.
    #[serde(default)]
    pub builds: Vec<String>,
    /// The names of the lock file.
    pub locks: Vec<String>,
    /// The option that does.
    pub word: Option<String>,
    /// The option for Yarn 2 and later.
    pub berry_word: Option<String>,
    /// The subcommand to use instead.
    pub subcommand: Option<String>,
    /// A setting before the command.
    pub before: Option<String>,
    /// Options that do the same, or ask for something else.
    #[serde(default)]
    pub same: Vec<String>,
    /// Variables that do.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Texts of earlier commands that do.
    #[serde(default)]
    pub configured: Vec<String>,
    /// Whether the install takes no notice of the lock file.
    #[serde(default)]
    pub ignores: bool,
}

/// How an install leaves out what only developers need.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Production {
    /// The option that does.
    pub word: Option<String>,
    /// The setting before the command that does.
    pub before: Option<String>,
    /// It leaves them out by itself, unless one of these options asks for them.
    #[serde(default)]
    pub asked: Vec<String>,
    /// The command that takes them out again, once something is built.
    pub prune: Option<String>,
    /// Options that do the same, or ask for something else.
    #[serde(default)]
    pub same: Vec<String>,
    /// Variables that do, or that ask for something else.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Texts of earlier commands that do.
    #[serde(default)]
    pub configured: Vec<String>,
}

/// What tells that something is for developers: `rules/knowledge/developers.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Developers {
    names: Vec<String>,
    groups: Vec<String>,
    tools: Vec<String>,
    /// Endings of scripts that can start anything.
    pub scripts: Vec<String>,
    /// Programs that run a script of `package.json`.
    pub runners: Vec<String>,
    /// Variables that say how a program runs, with the values that stand for the image that is shipped.
    pub modes: BTreeMap<String, Vec<String>>,
    /// Parts of the paths where installs put packages.
    pub places: Vec<String>,
    /// What a package of Python is imported as, where that is neither its name nor the end of it.
    pub modules: BTreeMap<String, String>,
    /// Beginnings of the names of files that are settings of tools for developers.
    pub settings: Vec<String>,
}

/// The table of what is for developers.
///
/// # Panics
///
/// If the table is malformed; the tests of this module read it.
pub static DEVELOPERS: LazyLock<Developers> = LazyLock::new(|| table!("developers"));

impl Developers {
    /// Whether a path, or the name of a stage, says that it is for developers or tests.
    pub fn is_name(&self, name: &str) -> bool {
        let lower = name.to_lowercase();
        let mut words = lower.split(|it: char| !it.is_ascii_alphanumeric());
        words.any(|word| self.names.iter().any(|it| it == word) || word.starts_with("dev") || word.starts_with("test"))
    }

    /// Whether a group of packages is for developers by its name.
    pub fn is_group(&self, name: &str) -> bool {
        self.is_name(name) || self.groups.iter().any(|it| it.eq_ignore_ascii_case(name))
    }

    /// Whether a word of a command starts something for developers: `nodemon`, `dev:server`, `--reload`.
    pub fn is_tool(&self, word: &str) -> bool {
        let bare = word.trim_start_matches('-').rsplit('/').next().unwrap_or(word);
        let bare = bare.split(['=', ':']).next().unwrap_or(bare);
        word.contains("--watch") || self.tools.iter().any(|it| it == bare)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    install: Vec<Installs>,
}

static INSTALLS: LazyLock<Vec<Installs>> = LazyLock::new(|| {
    let table: Table = table!("installs");
    table.install
});

impl Installs {
    /// What is known of the installs of a manager.
    ///
    /// # Panics
    ///
    /// If the table is malformed; the tests of this module read it.
    pub fn of(manager: &Manager) -> Option<&'static Self> {
        INSTALLS.iter().find(|it| it.manager == manager.name)
    }
}

impl Asks {
    /// Whether a word keeps the manager from asking.
    pub fn is_answered_by(&self, word: &str) -> bool {
        let cluster = word.strip_prefix('-').filter(|it| it.chars().all(|it| it.is_ascii_alphabetic()));
        let letter = |it: &str| self.letter.is_some_and(|letter| it.contains(letter));
        word == self.word
            || self.same.iter().any(|it| it == word)
            || cluster.is_some_and(letter)
            || self.configured.iter().any(|it| word.contains(it.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let mut names: Vec<&str> = INSTALLS.iter().map(|it| it.manager.as_str()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "a manager has two entries");
        for production in INSTALLS.iter().filter_map(|it| it.production.as_ref()) {
            let ways = production.word.iter().chain(&production.before).count();
            assert_eq!(ways, usize::from(production.asked.is_empty()), "{production:?}");
        }
        assert!(DEVELOPERS.is_name("Dockerfile.dev") && !DEVELOPERS.is_name("api/Dockerfile"));
        assert!(DEVELOPERS.is_tool("dev:server") && DEVELOPERS.is_tool("--reload") && !DEVELOPERS.is_tool("gunicorn"));
        let apt = INSTALLS.iter().find(|it| it.manager == "apt").and_then(|it| it.asks.as_ref());
        let apt = apt.expect("apt has an entry");
        for word in ["-y", "-yq", "-qqy", "--yes", "-qq"] {
            assert!(apt.is_answered_by(word), "{word}");
        }
        for word in ["-q", "--no-install-recommends", "-V"] {
            assert!(!apt.is_answered_by(word), "{word}");
        }
    }
}
