//! The tables of `rules/knowledge/`, typed: which words mean what, and where caches lie.
//!
//! Tables state facts; what follows from them is decided by the model and the rules.

use std::{collections::BTreeMap, sync::LazyLock};

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

/// Reads a table of `rules/knowledge/` by its name, of which `build.rs` has made JSON.
macro_rules! table {
    ($name:literal) => {
        serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/", $name, ".json"))).expect(concat!(
            "the tests of `knowledge` read the table `",
            $name,
            "`"
        ))
    };
}

mod builders;
mod contents;
mod downloads;
mod files;
mod installs;
mod manifests;
mod variables;
mod wheels;

pub use builders::{BUILDERS, Builders};
pub use contents::{CONTENTS, Class, Contents};
pub use downloads::{DOWNLOADS, Downloads, Weight};
pub use files::{FILES, FileWords};
pub use installs::{Asks, DEVELOPERS, Developers, Installs, Locked, Production};
pub use manifests::{MANIFESTS, ManifestWords, MavenWords, SbtWords};
pub use variables::{Change, build_info, means_nothing};
pub use wheels::{Twin, WHEELS, Wheels};

/// All tables.
#[derive(Debug)]
pub struct Knowledge {
    /// Package managers.
    pub managers: Vec<Manager>,
    /// Base images, the first match counts.
    pub images: Vec<Image>,
    /// Releases of distributions.
    pub releases: Vec<Release>,
    /// Images, by the last part of their names, whose tag is the release of a distribution.
    pub distributions: Vec<String>,
    /// Programs that neither install packages nor look for installed ones.
    pub plain_programs: FxHashSet<String>,
    /// Programs that do not read the files of a project, unless a word names one.
    pub apart_programs: FxHashSet<String>,
    /// Programs that touch no folder but those that their words name.
    pub aside_programs: FxHashSet<String>,
    /// Folders of an image, by what else lies in them.
    pub folders: Folders,
}

/// Folders of an image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folders {
    /// Those in which folders of several programs lie.
    pub shared: Vec<String>,
    /// Those with all below them that installed programs read.
    pub system: Vec<String>,
    /// Parts of the paths where package managers put what they install.
    pub packages: Vec<String>,
    /// Those of a system in `/`, where a base image has files of its own.
    pub root: Vec<String>,
}

/// The tables, read once.
///
/// # Panics
///
/// If a table is malformed; the tests of this module read them all.
pub static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| {
    let managers: ManagerTable = table!("managers");
    let images: ImageTable = table!("images");
    let programs: ProgramTable = table!("programs");
    Knowledge {
        managers: managers.manager,
        images: images.image,
        releases: images.release,
        distributions: images.distributions,
        folders: images.folders,
        plain_programs: programs.plain,
        apart_programs: programs.apart,
        aside_programs: programs.aside,
    }
});

/// What images need when they run, and what only building needs.
///
/// # Panics
///
/// If the table is malformed; a test of this module reads it.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| table!("runtime"));

/// The table of what is needed at run time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Runtime {
    /// System packages that nothing needs at run time.
    pub build_only: FxHashSet<String>,
    /// System packages of programs that may be called at run time, with the names of these programs.
    pub tools: BTreeMap<String, Vec<String>>,
    /// The packages with the shared objects of a `-dev` package, on Debian.
    pub debian: BTreeMap<String, Library>,
    /// The same on Alpine.
    pub alpine: BTreeMap<String, Library>,
    /// Python packages that are built on the spot, against libraries of the system.
    pub built: Vec<String>,
    /// Programs that Python packages call.
    pub pypi: BTreeMap<String, String>,
    /// The `-dev` packages that gems are built with.
    pub gems: BTreeMap<String, String>,
    /// Programs that gems call.
    pub gem_programs: BTreeMap<String, String>,
}

/// A package of shared objects.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Library {
    /// It has the same name everywhere.
    Same(String),
    /// Its name depends on the release.
    ByRelease(BTreeMap<String, String>),
}

impl Library {
    /// Its name on a release; `None` where that cannot be told.
    pub fn on(&self, release: Option<&str>) -> Option<&str> {
        match self {
            Self::Same(name) => Some(name),
            Self::ByRelease(names) => names.get(release?).map(String::as_str),
        }
    }
}

/// The codes of hadolint, with the level that it gives each.
///
/// # Panics
///
/// If the table is malformed; a test of this module reads it.
pub static HADOLINT: LazyLock<BTreeMap<String, Severity>> = LazyLock::new(|| table!("hadolint"));

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
    distributions: Vec<String>,
    folders: Folders,
    image: Vec<Image>,
    release: Vec<Release>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramTable {
    plain: FxHashSet<String>,
    apart: FxHashSet<String>,
    aside: FxHashSet<String>,
}

/// A package manager.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manager {
    /// Its name here.
    pub name: String,
    /// The words that start it; none for a cache that other programs fill.
    #[serde(default)]
    pub invoked_as: Vec<WordPattern>,
    /// Options that take the next word as their value.
    #[serde(default)]
    pub value_options: Vec<String>,
    /// Subcommands that refresh the index.
    #[serde(default)]
    pub update: Vec<WordPattern>,
    /// Options with which an install refreshes the index by itself.
    #[serde(default)]
    pub refreshes: Vec<String>,
    /// What else is peculiar to it.
    #[serde(default)]
    pub is: Vec<Quality>,
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
    /// Subcommands that neither fetch packages nor read them.
    #[serde(default)]
    pub idle: Vec<WordPattern>,
    /// What no subcommand means.
    pub default: Option<Action>,
    /// Whether it only works as root.
    #[serde(default)]
    pub root: bool,
    /// Texts in a word that send it to another root or cache.
    #[serde(default)]
    pub elsewhere: Vec<String>,
    /// Variables that do so when their value holds the text beside them.
    #[serde(default)]
    pub elsewhere_in: Vec<(String, String)>,
    /// Files that may tell where a cache lies, with the setting that does: one of a cache, or one of unknown effect.
    #[serde(default)]
    pub configured_in: Vec<(String, String)>,
    /// Words of a `config` command that do so.
    #[serde(default)]
    pub configured_by: Vec<String>,
    /// Whether its subcommands are options, as in `pacman -S`.
    #[serde(default)]
    pub option_commands: bool,
    /// Options that make it take everything from what is there.
    #[serde(default)]
    pub offline: Vec<String>,
    /// Those of them without which it would do more than fetch.
    #[serde(default)]
    pub stays_offline: Vec<String>,
    /// What stands in the place of one of them where it may fetch; without an entry it just goes.
    #[serde(default)]
    pub online: Vec<(String, String)>,
    /// Subcommands that only read what others fetched.
    #[serde(default)]
    pub readers: Vec<WordPattern>,
    /// Subcommands that leave programs in the cache, which are run from there.
    #[serde(default)]
    pub leaves: Vec<WordPattern>,
    /// How it comes into use, where other programs call it.
    pub switched_on: Option<SwitchedOn>,
    /// Its caches.
    #[serde(default)]
    pub cache: Vec<Cache>,
    /// What its commands leave that later commands, or the finished program, need.
    #[serde(default)]
    pub output: Vec<Output>,
    /// Options and variables with values that make what is installed hold links into the cache.
    #[serde(default)]
    pub links: Vec<(String, String)>,
    /// Words of which a cleaning command has to have all to empty the caches, one set per entry.
    #[serde(default)]
    pub empties: Vec<WordPattern>,
    /// Words without which a cache stays empty.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// What switches the cache off.
    #[serde(default)]
    pub defeat: Vec<Defeat>,
    /// How to leave nothing behind where a cache cannot be mounted.
    pub tidy: Option<Tidy>,
    /// Words with which it has another manager install packages of the system.
    #[serde(default)]
    pub system: Vec<String>,
    /// Packages that are fetched in a second or two, with all that they need.
    #[serde(default)]
    pub light: Vec<String>,
    /// Options without one of which it installs more than it names.
    #[serde(default)]
    pub light_with: Vec<String>,
    /// How it installs what the project's manifests ask for.
    pub project: Option<ProjectInstall>,
}

/// What is peculiar to some managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quality {
    /// What an old index names can still be fetched.
    Lasting,
    /// It installs what a project needs into an environment, and keeps what is there already.
    KeepsEnvironment,
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
    /// The default path, with `{home}`. Without one it is only known where a variable or an option tells.
    pub path: Option<String>,
    /// The default path for root, where it is another.
    pub root_path: Option<String>,
    /// Folders below the path that are mounted instead of it.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Environment variables that move it, with the path they lead to (`{value}`).
    #[serde(default)]
    pub variables: Vec<(String, String)>,
    /// Options that move it, with the path they lead to (`{value}`).
    #[serde(default)]
    pub options: Vec<(String, String)>,
    /// Settings of the manager that move it, with the path they lead to (`{value}`).
    #[serde(default)]
    pub settings: Vec<(String, String)>,
    /// The variable to set, and the folder to mount, where nothing else tells where the cache lies.
    pub set: Option<(String, String)>,
    /// What is different in an image that is built with a mount: a full sentence.
    pub differs: Option<String>,
    /// What it holds.
    pub holds: Holds,
    /// How concurrent builds may share it.
    pub sharing: Sharing,
    /// What happens where two builds write to it at once: a full sentence.
    pub alone: Option<String>,
    /// The beginning of the mount's id, where caches of several releases get in each other's way.
    pub id: Option<String>,
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
    /// Only where the base image is known to have one of these traits.
    #[serde(default)]
    pub known_on: Vec<String>,
    /// Options with which a command does without it.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Which line of the manager it belongs to, where that has to be found out (yarn).
    pub flavor: Option<Flavor>,
    /// Other folders whose cleaning belongs to this cache.
    #[serde(default)]
    pub also_cleaned: Vec<String>,
    /// Folders that are taken for it.
    #[serde(default)]
    pub mistaken: Vec<String>,
    /// Folders where a mount does as well.
    #[serde(default)]
    pub also: Vec<String>,
}

impl Cache {
    /// Whether it is only there on some base images.
    fn depends_on_image(&self) -> bool {
        !(self.only_on.is_empty() && self.not_on.is_empty() && self.known_on.is_empty())
    }

    /// Whether a folder is where the cache lies for some user, or a part of that.
    pub fn is_at(&self, folder: &str) -> bool {
        let path = self.path.as_ref().filter(|it| it.starts_with("{home}"));
        let rest = path.and_then(|it| it.strip_prefix("{home}"));
        rest.is_some_and(|rest| folder.split_once(rest).is_some_and(|(_, it)| it.is_empty() || it.starts_with('/')))
    }

    /// Whether a folder is where the cache would lie for another user, or is often taken for it.
    pub fn is_like(&self, folder: &str) -> bool {
        self.path.iter().chain(&self.root_path).chain(&self.mistaken).any(|it| is_like(folder, it))
    }
}

/// Whether a folder is one that `{home}` stands for some home in, or lies below it.
/// A folder above it counts, too, where it has a name of its own: `/home/app/.cache` for `{home}/.cache/pip`.
fn is_like(folder: &str, template: &str) -> bool {
    let below = |path: &str, folder: &str| {
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let Some(rest) = template.strip_prefix("{home}") else { return below(folder, template) };
    if folder.match_indices(rest).any(|(at, _)| below(&folder[at..], rest)) {
        return true;
    }
    let above = rest.match_indices('/').skip(1).map(|(at, _)| &rest[..at]);
    above.into_iter().any(|it| it.starts_with("/.") && folder.ends_with(it))
}

/// How a cache of compilers comes into use.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SwitchedOn {
    /// The programs that call compilers, and fill the cache then.
    pub called_by: Vec<WordPattern>,
    /// Words that make nothing of them call a compiler, where there are no others.
    #[serde(default)]
    pub but_not: Vec<String>,
    /// Texts in a word of the command.
    pub words: Vec<String>,
    /// Variables whose value names it.
    pub variables: Vec<String>,
    /// Folders with compilers of its own, where they are on the path.
    #[serde(default)]
    pub folders: Vec<String>,
}

/// A folder that a command fills, and that is no cache.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Output {
    /// The default path, with `{home}` and `{folder}`; a part of it may have `*`.
    pub path: Option<String>,
    /// Environment variables that move it, with the path they lead to (`{value}`).
    #[serde(default)]
    pub variables: Vec<(String, String)>,
    /// Options that move it, with the path they lead to (`{value}`).
    #[serde(default)]
    pub options: Vec<(String, String)>,
    /// What it holds.
    pub holds: Leaves,
    /// Names of the folders in it where what earlier builds made lies beside what this one makes.
    #[serde(default)]
    pub gathers: Vec<String>,
    /// Which actions fill it.
    pub filled_by: Vec<Action>,
    /// Only these subcommands.
    #[serde(default)]
    pub subcommands: Vec<String>,
    /// Texts of options, variables, commands or names of files with which it is not known where it lies.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Only where the base image is known to have one of these traits.
    #[serde(default)]
    pub known_on: Vec<String>,
}

/// What a folder that a command fills holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leaves {
    /// What was built.
    Build,
    /// Packages that programs load when they run.
    Packages,
    /// Programs, the manager itself perhaps among them.
    Programs,
}

/// What a cache holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// Read only while installing; nothing misses it afterwards.
    Downloads,
    /// Package lists: a later install without an update of its own reads them.
    Index,
    /// Packages that later commands read in place, and fetch again where they are missing.
    Store,
    /// Packages that later commands read in place, and fail without.
    Required,
    /// Packages that the finished program reads in place, unless it is compiled.
    Runtime,
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

/// What a cache stays empty without, or does harm.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Need {
    /// Words, put behind the subcommand.
    pub words: Option<String>,
    /// `NAME=value`, put before the command.
    pub set: Option<String>,
    /// A command, put before it.
    pub before: Option<String>,
    /// What is different in the image then: a full sentence.
    pub differs: Option<String>,
    /// What becomes of the cache without it: a full sentence.
    pub why: String,
    /// Whether the image is broken without it, and not only the cache empty.
    #[serde(default)]
    pub breaks: bool,
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

impl Need {
    /// What is needed, as it is written.
    pub fn what(&self) -> &str {
        [&self.words, &self.set, &self.before].into_iter().flatten().next().map_or("", String::as_str)
    }
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
    /// A variable that does, when it is set.
    pub variable: Option<String>,
    /// Whether the variable does not when it is set to a word for "no".
    #[serde(default)]
    pub heeds_no: bool,
}

impl Defeat {
    /// Whether the variable says with this value that the cache stays on.
    pub fn is_no(&self, value: &str) -> bool {
        self.heeds_no && matches!(value.to_lowercase().as_str(), "0" | "false" | "no" | "off")
    }
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
    /// Variables of the command that make no difference to that.
    #[serde(default)]
    pub fetch_ignores: Vec<String>,
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
    /// Folders with files in them, beside those of the system; `/` where that is not known.
    #[serde(default)]
    pub fills: Vec<String>,
    /// Folders that are links, with what they lead to.
    #[serde(default)]
    pub moves: std::collections::BTreeMap<String, String>,
}

/// A release of a distribution.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Its name in ids of mounts.
    pub name: String,
    /// Words of a tag that tell it.
    pub words: Vec<String>,
    /// Images that are it, with their tags.
    pub images: Vec<WordPattern>,
}

impl Release {
    /// The release that an image is made of, as far as its name tells.
    pub fn find(name: &str, tag: &str) -> Option<&'static Self> {
        let image = format!("{name}:{tag}");
        KNOWLEDGE.releases.iter().find(|it| {
            tag.split('-').any(|word| it.words.iter().any(|known| known == word))
                || it.images.iter().any(|it| it.matches_word(&image))
        })
    }
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

/// One or more words, in each of which `*` stands for any text (`[0-9]` for a digit, `[56]` for one of two).
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

    /// Whether each of its words is among `words`.
    pub fn is_among<S: AsRef<str>>(&self, words: &[S]) -> bool {
        let has = |it: &String| words.iter().any(|word| wildcard(it.as_bytes(), word.as_ref().as_bytes()));
        self.words.iter().all(has)
    }

    /// How it is written.
    pub fn text(&self) -> String {
        self.words.join(" ")
    }

    /// Whether each of its words only stands for itself.
    pub fn is_plain(&self) -> bool {
        !self.words.iter().any(|it| it.contains(['*', '[']))
    }

    /// Whether it matches one word.
    pub fn matches_word(&self, word: &str) -> bool {
        matches!(self.words.as_slice(), [pattern] if wildcard(pattern.as_bytes(), word.as_bytes()))
    }
}

/// `*` is any text, `[0-9]` a digit, `[56]` one of these, everything else itself.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|at| wildcard(rest, &text[at..])),
        [b'[', b'0', b'-', b'9', b']', rest @ ..] => {
            text.first().is_some_and(u8::is_ascii_digit) && wildcard(rest, &text[1..])
        }
        [b'[', rest @ ..] => {
            let Some(end) = rest.iter().position(|it| *it == b']') else { return false };
            text.first().is_some_and(|it| rest[..end].contains(it)) && wildcard(&rest[end + 1..], &text[1..])
        }
        [byte, rest @ ..] => text.first() == Some(byte) && wildcard(rest, &text[1..]),
    }
}

impl ProjectInstall {
    /// Whether a subcommand installs what the manifests ask for.
    pub fn installs(&self, subcommand: &str) -> bool {
        let words: Vec<&str> = subcommand.split(' ').collect();
        self.install.iter().any(|it| it.matches(&words))
    }
}

impl Manager {
    /// Whether a file of that name says what is to be installed.
    pub fn is_manifest(&self, name: &str) -> bool {
        let is = |pattern: &String| match pattern.strip_prefix('*') {
            Some(ending) => name.ends_with(ending),
            None => name == pattern,
        };
        self.project.iter().flat_map(|it| &it.manifests).flatten().any(is)
    }

    /// The managers that a program may belong to.
    pub fn of_program(program: &str) -> impl Iterator<Item = &'static Self> {
        type Index = (FxHashMap<&'static str, Vec<&'static Manager>>, Vec<(&'static WordPattern, &'static Manager)>);
        static INDEX: LazyLock<Index> = LazyLock::new(|| {
            let mut names: FxHashMap<&str, Vec<&Manager>> = FxHashMap::default();
            let mut patterns = Vec::new();
            for (manager, pattern) in
                KNOWLEDGE.managers.iter().flat_map(|it| it.invoked_as.iter().map(move |p| (it, p)))
            {
                if pattern.first().contains('*') {
                    patterns.push((pattern, manager));
                    continue;
                }
                let of_name = names.entry(pattern.first()).or_default();
                if !of_name.iter().any(|it| it.name == manager.name) {
                    of_name.push(manager);
                }
            }
            (names, patterns)
        });
        let (names, patterns) = &*INDEX;
        let exact = names.get(program).into_iter().flatten().copied();
        let like = patterns.iter().filter(|(it, _)| it.first_matches(program)).map(|(_, it)| *it);
        let mut found: Vec<&'static Self> = exact.chain(like).collect();
        found.dedup_by_key(|it| it.name.as_str());
        found.into_iter()
    }

    /// Whether it has no subcommands: whatever it is told, it does its default.
    pub fn is_bare(&self) -> bool {
        self.default.is_some() && Action::ALL.iter().all(|it| self.subcommands(*it).is_empty())
    }

    /// Whether a folder is where one of its caches would lie for another user or on another image, or is often taken
    /// for it.
    pub fn is_taken_for(&self, cache: &Cache, folder: &str) -> bool {
        cache.is_like(folder)
            || (cache.depends_on_image() && self.cache.iter().any(|it| it.depends_on_image() && it.is_like(folder)))
    }

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

/// Whether a program does not read the files of a project, unless a word names one.
pub fn is_apart(name: &str) -> bool {
    KNOWLEDGE.apart_programs.contains(name)
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 5] = [Self::Update, Self::Install, Self::Fetch, Self::Build, Self::Clean];
}

impl Image {
    /// The entry for all images of a repository; `None` where their tags make a difference, or none is known.
    pub fn of_any_tag(name: &str) -> Option<&'static Self> {
        let of_name = |it: &&Self| it.name.iter().chain(&it.names).any(|pattern| pattern.matches_word(name));
        KNOWLEDGE.images.iter().find(of_name).filter(|it| it.tag.is_none())
    }

    /// The entry for an image; `None` when it is unknown. The name is the repository without `docker.io/` and `library/`.
    pub fn find(name: &str, tag: Option<&str>) -> Option<&'static Self> {
        type Index = (FxHashMap<&'static str, Vec<usize>>, Vec<(&'static WordPattern, usize)>);
        static INDEX: LazyLock<Index> = LazyLock::new(|| {
            let mut names: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
            let mut patterns = Vec::new();
            for (at, image) in KNOWLEDGE.images.iter().enumerate() {
                for pattern in image.name.iter().chain(&image.names) {
                    if pattern.is_plain() {
                        names.entry(pattern.first()).or_default().push(at);
                    } else {
                        patterns.push((pattern, at));
                    }
                }
            }
            (names, patterns)
        });
        let (names, patterns) = &*INDEX;
        let exact = names.get(name).into_iter().flatten().copied();
        let like = patterns.iter().filter(|(it, _)| it.matches_word(name)).map(|(_, at)| *at);
        let has_tag = |at: &usize| {
            let wanted = KNOWLEDGE.images[*at].tag.as_ref();
            wanted.is_none_or(|pattern| tag.is_some_and(|tag| pattern.matches_word(tag)))
        };
        exact.chain(like).filter(has_tag).min().map(|at| &KNOWLEDGE.images[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sound() {
        for manager in &KNOWLEDGE.managers {
            for cache in &manager.cache {
                let name = &manager.name;
                assert!(cache.path.iter().all(|it| it.starts_with(['/', '{'])), "{name}");
                assert!(cache.path.is_some() || !cache.variables.is_empty(), "{name} has no place");
                let movers = cache.variables.iter().chain(&cache.options);
                assert!(movers.into_iter().all(|(_, path)| path.contains("{value}")), "{name}");
                assert!(!cache.used_by.is_empty(), "{name}");
                // What a later command may not miss is not to be touched by two builds at once, and neither is an
                // index, which is replaced as a whole.
                let alone = matches!(cache.holds, Holds::Index | Holds::Required | Holds::Runtime);
                assert!(!alone || cache.sharing == Sharing::Locked, "{name}");
            }
            for need in &manager.needs {
                let ways = [&need.words, &need.set, &need.before];
                assert_eq!(ways.into_iter().flatten().count(), 1, "{}: {need:?}", manager.name);
            }
            let patterns = Action::ALL.iter().flat_map(|action| manager.subcommands(*action));
            assert!(patterns.into_iter().all(|it| !it.is_empty()), "{}", manager.name);
        }
        assert!(RUNTIME.build_only.contains("gcc"));
        assert_eq!(RUNTIME.debian["libssl-dev"].on(Some("bookworm")), Some("libssl3"));
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
