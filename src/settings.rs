//! Settings: `dockopt.toml`, and what the command line puts over it.

mod hadolint;

use std::{collections::BTreeMap, ops::Range};

use globset::{GlobBuilder, GlobMatcher};
use miette::Diagnostic;
use thiserror::Error;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    finding::{Audience, Finding, Level, code_is},
    knowledge::{HADOLINT, Severity},
    names::{self, Name},
    project,
    rule::{Check, Rule},
    source::Source,
};

pub use hadolint::HADOLINT_NAMES;

/// The names under which a settings file is looked for, in this order.
pub const FILE_NAMES: [&str; 2] = ["dockopt.toml", ".dockopt.toml"];

/// The settings in force for a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// What builds the images.
    pub builder: Builder,
    /// Which set of rules runs unless some are selected.
    pub profile: Profile,
    /// Only these rules or families; empty means the default set.
    pub select: Vec<String>,
    /// Not these rules or families.
    pub ignore: Vec<String>,
    /// Levels of rules, by name; `None` is off.
    pub levels: BTreeMap<String, Option<Level>>,
    /// Rules that are off for some files: a glob, and names.
    pub per_file_ignores: Vec<(Pattern, Vec<String>)>,
    /// Globs of files that are not looked at.
    pub exclude: Vec<Pattern>,
    /// Contexts of Dockerfiles for which nothing else tells: Dockerfile, context folder.
    pub contexts: BTreeMap<String, String>,
    /// The lowest level of a finding that makes a run fail, if something is said of it; inside, `None` is never.
    pub fail_on: Option<Option<Level>>,
    /// The name of the format in which hadolint would report.
    pub format: Option<&'static str>,
    /// Whether comments that silence findings are passed over.
    pub deaf: bool,
    /// What there is to say about the settings themselves.
    pub notes: Vec<String>,
    /// The file with findings that are not told again, as it is shown.
    pub baseline: Option<String>,
    /// Registries that images may come from; empty means any. `*` at an end stands for any text.
    pub trusted_registries: Vec<String>,
    /// The labels that an image is to have, and the form of each.
    pub labels: BTreeMap<String, LabelForm>,
    /// Whether an image may have no others.
    pub strict_labels: bool,
    /// How many bytes of a context are too many, if something is said of it.
    pub context_limit: Option<u64>,
    /// Where the globs start from.
    pub base: Base,
}

/// The form of a label's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelForm {
    /// Any text.
    Text,
    /// A URL.
    Url,
    /// A date and time such as `2026-01-31T12:00:00Z`.
    Rfc3339,
    /// A version such as `1.2.3`.
    Semver,
    /// The hash of a commit.
    Hash,
    /// The name of a licence, as SPDX lists them.
    Spdx,
    /// An address for electronic mail.
    Email,
}

impl LabelForm {
    /// The words for the forms in settings, which are those of hadolint.
    pub const NAMES: [(&str, Self); 7] = [
        ("text", Self::Text),
        ("url", Self::Url),
        ("rfc3339", Self::Rfc3339),
        ("semver", Self::Semver),
        ("hash", Self::Hash),
        ("spdx", Self::Spdx),
        ("email", Self::Email),
    ];
}

/// What builds the images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Builder {
    /// BuildKit or buildah: cache mounts can be used.
    #[default]
    Buildkit,
    /// The legacy builder or kaniko: no mounts, so caches are cleaned up in the layer that fills them.
    Legacy,
}

/// A set of rules that runs unless some are selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// What dockopt holds worth saying.
    #[default]
    Default,
    /// What hadolint says, and nothing else; with its levels.
    Hadolint,
}

impl Profile {
    /// Whether the rule is part of it.
    fn has(self, rule: &Rule) -> bool {
        match self {
            Self::Default => rule.is_default(),
            Self::Hadolint => match rule.check {
                Check::Engine => rule.is_default(),
                Check::File(_) | Check::Project(_) => hadolint_level(rule.same_as()).is_some(),
            },
        }
    }
}

/// The level that hadolint gives what it reports under one of these codes; `None` if it reports none of them.
fn hadolint_level(codes: &[&str]) -> Option<Level> {
    codes.iter().find_map(|code| match code.split_once('/')? {
        ("hadolint", code) => match HADOLINT.get(code)? {
            Severity::Error => Some(Level::Error),
            Severity::Warning => Some(Level::Warning),
            Severity::Info | Severity::Style => Some(Level::Note),
            Severity::Off => None,
        },
        ("shellcheck", _) => Some(Level::Warning),
        _ => None,
    })
}

/// Two folders, absolute: globs are relative to the one, the paths that are shown to the other.
/// Empty ones mean that both are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// The working directory.
    pub cwd: String,
    /// The folder of the settings file.
    pub folder: String,
}

impl Base {
    /// A shown path as the settings would write it.
    fn inside(&self, path: &str) -> String {
        let whole = project::join(&self.cwd, path);
        let prefix = format!("{}/", self.folder.trim_end_matches('/'));
        if self.folder.is_empty() {
            return project::join(".", path);
        }
        whole.strip_prefix(&prefix).map_or(whole.clone(), str::to_owned)
    }
}

/// A glob, as in `.gitignore`: without a slash it matches at any depth, and a folder means all below it.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

impl Pattern {
    /// Compiles a glob.
    pub fn new(text: &str) -> Result<Self, globset::Error> {
        let trimmed = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
        let glob = match trimmed.strip_prefix('/') {
            Some(rooted) => rooted.to_owned(),
            None if trimmed.contains('/') => trimmed.to_owned(),
            None => format!("**/{trimmed}"),
        };
        let matcher = GlobBuilder::new(&glob).literal_separator(true).build()?.compile_matcher();
        Ok(Self { text: text.to_owned(), matcher })
    }

    /// Whether the path, or a folder it lies in, is matched.
    pub fn matches(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        folders.chain([path]).any(|it| self.matcher.is_match(it))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

/// A settings file that cannot be used, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
#[error("{path}:{line}:{column}: {message}")]
pub struct SettingsError {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    #[help]
    pub help: Option<String>,
}

impl Settings {
    /// Reads the text of a `dockopt.toml`.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        read(text).map_err(|problem| {
            let place = Source::new("", text).line_col(problem.at as u32);
            SettingsError {
                path: FILE_NAMES[0].to_owned(),
                line: place.line,
                column: place.column,
                message: problem.message,
                help: problem.help,
            }
        })
    }

    /// The settings of a file in `folder` as they look from `cwd`, both absolute.
    /// `show` turns an absolute path into one that is shown.
    #[must_use]
    pub fn seen_from(mut self, cwd: &str, folder: &str, show: impl Fn(&str) -> String) -> Self {
        let show = |path: &String| show(&project::join(folder, path));
        self.contexts = self.contexts.iter().map(|(file, context)| (show(file), show(context))).collect();
        self.baseline = self.baseline.as_ref().map(show);
        self.base = Base { cwd: cwd.to_owned(), folder: folder.to_owned() };
        self
    }

    /// The settings with what the command line says: a selection there replaces both lists, ignoring adds.
    #[must_use]
    pub fn with_selection(mut self, select: Vec<String>, ignore: Vec<String>) -> Self {
        if !select.is_empty() {
            self.select = select;
            self.ignore.clear();
        }
        self.ignore.extend(ignore);
        self
    }

    /// The settings with another profile.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Whether the rule is to run: it is selected, or part of the profile, or has a level by its own name or code,
    /// and it is neither ignored nor switched off as a whole. A family stands for those of its rules that are part of
    /// the profile. [`Settings::level`] decides of each finding.
    pub fn selects(&self, rule: &Rule) -> bool {
        let wanted = if self.select.is_empty() {
            self.profile.has(rule) || self.levels.keys().any(|it| it != rule.family && rule.answers_to(it))
        } else {
            self.select.iter().any(|it| names::means(it, rule) && !self.is_beside(it, rule))
        };
        let is_whole = |name: &String| name == names::ALL || name == rule.name || name == rule.family;
        let by_code = || self.levels.keys().any(|it| rule.has_alias(it));
        let level = [rule.name, rule.family, names::ALL].iter().find_map(|it| self.levels.get(*it));
        let is_off = level.is_some_and(Option::is_none) && !by_code();
        wanted && !self.ignore.iter().any(is_whole) && !is_off
    }

    /// Whether a selection means the family of a rule, and not the rule itself, since that runs only on request.
    fn is_beside(&self, selected: &str, rule: &Rule) -> bool {
        selected == rule.family && selected != rule.name && !self.profile.has(rule)
    }

    /// How much a finding of a rule that runs matters; `None` when nobody wants it. The most exact name decides.
    pub fn level(&self, rule: &Rule, finding: &Finding) -> Option<Level> {
        let codes = rule.codes_of(finding);
        let in_profile = match (self.profile, rule.check) {
            (Profile::Default, _) | (_, Check::Engine) => None,
            (Profile::Hadolint, Check::File(_) | Check::Project(_)) => hadolint_level(codes),
        };
        let is_code = |name: &String| codes.iter().any(|it| code_is(it, name));
        let is_rule = |name: &String| name == names::ALL || name == rule.name || name == rule.family;
        let names_it = |name: &String| is_code(name) || is_rule(name) && finding.audience < Audience::Parity;
        let is_wanted = if self.select.is_empty() {
            let of_profile = match (self.profile, rule.check) {
                (Profile::Default, _) => rule.is_default() && finding.audience == Audience::All,
                (Profile::Hadolint, Check::Engine) => rule.is_default() && finding.audience != Audience::Asking,
                (Profile::Hadolint, Check::File(_) | Check::Project(_)) => in_profile.is_some(),
            };
            of_profile || self.levels.keys().any(|it| it != rule.family && it != names::ALL && names_it(it))
        } else {
            self.select.iter().any(|it| names_it(it) && !self.is_beside(it, rule))
        };
        if !is_wanted || self.ignore.iter().any(is_code) {
            return None;
        }
        let level = finding.own_level.or(in_profile).unwrap_or_else(|| rule.level());
        if self.levels.is_empty() {
            return Some(level);
        }
        let by_name = self.levels.get(rule.name);
        let by_code = || self.levels.iter().find(|(name, _)| is_code(name)).map(|(_, level)| level);
        let by_family = || self.levels.get(rule.family).or_else(|| self.levels.get(names::ALL));
        by_name.or_else(by_code).or_else(by_family).copied().unwrap_or(Some(level))
    }

    /// Whether images are built with BuildKit.
    pub fn has_buildkit(&self) -> bool {
        self.builder == Builder::Buildkit
    }

    /// Whether somebody wants just this rule, or what another tool says: it is selected or given a level, or the
    /// profile is that tool's.
    pub fn asks_for(&self, rule: &Rule) -> bool {
        !self.is_open() || self.levels.keys().any(|it| it != rule.family && rule.answers_to(it))
    }

    /// Whether dockopt itself chooses the rules.
    pub fn is_open(&self) -> bool {
        self.select.is_empty() && self.profile == Profile::Default
    }

    /// Whether `per-file-ignores` switches the rule off for the file at `path`.
    pub fn is_off_for(&self, rule: &Rule, path: &str) -> bool {
        !self.per_file_ignores.is_empty() && {
            let path = self.base.inside(path);
            let is_whole = |it: &String| it == names::ALL || it == rule.name || it == rule.family;
            self.per_file_ignores.iter().any(|(glob, names)| names.iter().any(is_whole) && glob.matches(&path))
        }
    }

    /// Whether `per-file-ignores` switches a finding off in the file at `path`, by its code in another tool.
    pub fn ignores(&self, rule: &Rule, finding: &Finding, path: &str) -> bool {
        !self.per_file_ignores.is_empty() && {
            let path = self.base.inside(path);
            let named = |names: &[String]| names.iter().any(|it| names::means_finding(it, rule, finding));
            self.per_file_ignores.iter().any(|(glob, names)| named(names) && glob.matches(&path))
        }
    }

    /// Whether a folder of that name holds what others wrote, or what tests read. A walk leaves it out; whoever names
    /// it or a file in it wants it all the same.
    pub fn is_foreign(name: &str) -> bool {
        const FOREIGN: [&str; 7] =
            ["node_modules", "vendor", "third_party", "third-party", "site-packages", ".venv", "venv"];
        const READ_BY_TESTS: [&str; 7] =
            ["test-data", "test_data", "fixture", "fixtures", "test-fixtures", "test_fixtures", "__fixtures__"];
        FOREIGN.contains(&name)
            || READ_BY_TESTS.contains(&name)
            // `testfiles-negative`
            || ["testdata", "testfiles"].iter().any(|it| name.starts_with(it))
    }

    /// Whether the file at `path` is not to be looked at.
    pub fn excludes(&self, path: &str) -> bool {
        !self.exclude.is_empty() && {
            let path = self.base.inside(path);
            self.exclude.iter().any(|it| it.matches(&path))
        }
    }
}

/// A problem and the offset it stands at.
struct Problem {
    at: usize,
    message: String,
    help: Option<String>,
}

impl Problem {
    fn new(at: &Range<usize>, message: impl Into<String>) -> Self {
        Self { at: at.start, message: message.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

type Value<'a> = Spanned<DeValue<'a>>;

const KEYS: [&str; 15] = [
    "builder",
    "profile",
    "select",
    "ignore",
    "exclude",
    "baseline",
    "fail-on",
    "suppressions",
    "levels",
    "per-file-ignores",
    "contexts",
    "trusted-registries",
    "labels",
    "strict-labels",
    "context-limit",
];

fn read(text: &str) -> Result<Settings, Problem> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().unwrap_or_default();
        Problem::new(&at, error.message().lines().next().unwrap_or("not TOML").to_lowercase())
    })?;
    let mut settings = Settings::default();
    for (key, value) in entries(table.get_ref()) {
        match &**key.get_ref() {
            "builder" => settings.builder = builder(value)?,
            "profile" => settings.profile = profile(value)?,
            "select" => settings.select = rule_names(value, "select", Codes::Ours)?,
            "ignore" => settings.ignore = rule_names(value, "ignore", Codes::Any)?,
            "exclude" => {
                let globs = strings(value, "`exclude` is a list of globs")?;
                settings.exclude = globs.iter().map(pattern).collect::<Result<_, _>>()?;
            }
            "fail-on" => settings.fail_on = Some(threshold(value)?),
            "suppressions" => {
                let problem = || Problem::new(&value.span(), "`suppressions` is either true or false");
                settings.deaf = !value.get_ref().as_bool().ok_or_else(problem)?;
            }
            "baseline" => {
                let problem = || Problem::new(&value.span(), "`baseline` is the path of a file");
                settings.baseline = Some(project::join(".", value.get_ref().as_str().ok_or_else(problem)?));
            }
            "trusted-registries" => {
                let what = "`trusted-registries` is a list of registries, such as [\"ghcr.io\"]";
                settings.trusted_registries = strings(value, what)?.into_iter().map(|(it, _)| it).collect();
            }
            "labels" => {
                for (name, form) in entries(table_of(value, "labels")?) {
                    let word = form.get_ref().as_str();
                    let found = LabelForm::NAMES.iter().find(|(it, _)| Some(*it) == word);
                    let (_, label) = found.ok_or_else(|| {
                        let names: Vec<&str> = LabelForm::NAMES.iter().map(|(it, _)| *it).collect();
                        Problem::new(&form.span(), format!("the form of a label is {}", list(&names)))
                    })?;
                    settings.labels.insert(name.get_ref().to_string(), *label);
                }
            }
            "strict-labels" => {
                let problem = || Problem::new(&value.span(), "`strict-labels` is true or false");
                settings.strict_labels = value.get_ref().as_bool().ok_or_else(problem)?;
            }
            "context-limit" => {
                let problem = || Problem::new(&value.span(), "`context-limit` is a size, such as \"50 MB\"");
                settings.context_limit = Some(value.get_ref().as_str().and_then(size).ok_or_else(problem)?);
            }
            "levels" => {
                for (name, level) in entries(table_of(value, "levels")?) {
                    let name_text = checked_name(name.get_ref(), &name.span(), Codes::Ours)?;
                    settings.levels.insert(name_text, level_of(level)?);
                }
            }
            "per-file-ignores" => {
                for (glob, names) in entries(table_of(value, "per-file-ignores")?) {
                    let glob = pattern(&(glob.get_ref().to_string(), glob.span()))?;
                    let names = rule_names(names, "per-file-ignores", Codes::Any)?;
                    settings.per_file_ignores.push((glob, names));
                }
            }
            "contexts" => {
                for (file, folder) in entries(table_of(value, "contexts")?) {
                    let Some(folder) = folder.get_ref().as_str() else {
                        return Err(Problem::new(&folder.span(), "the context of a Dockerfile is a folder"));
                    };
                    settings.contexts.insert(project::join(".", file.get_ref()), project::join(".", folder));
                }
            }
            unknown => {
                let problem = Problem::new(&key.span(), format!("unknown key `{unknown}`"));
                return Err(problem.help(match names::closest(unknown, KEYS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the keys are {}", list(&KEYS)),
                }));
            }
        }
    }
    Ok(settings)
}

/// A size in bytes: a number and `kB`, `MB` or `GB`, which are powers of 1000.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit.trim().to_lowercase().as_str() {
        "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// The entries of a table as they stand in the file, so that the first problem is the one that is told.
fn entries<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<std::borrow::Cow<'i, str>>, &'a Value<'i>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn table_of<'a, 'i>(value: &'a Value<'i>, key: &str) -> Result<&'a DeTable<'i>, Problem> {
    let problem = || Problem::new(&value.span(), format!("`{key}` is a table"));
    value.get_ref().as_table().ok_or_else(problem)
}

fn strings(value: &Value<'_>, what: &str) -> Result<Vec<(String, Range<usize>)>, Problem> {
    let items = value.get_ref().as_array().ok_or_else(|| Problem::new(&value.span(), what))?;
    let text = |it: &Value<'_>| {
        let text = it.get_ref().as_str().ok_or_else(|| Problem::new(&it.span(), what))?;
        Ok((text.to_owned(), it.span()))
    };
    items.iter().map(text).collect()
}

fn builder(value: &Value<'_>) -> Result<Builder, Problem> {
    match value.get_ref().as_str() {
        Some("buildkit") => Ok(Builder::Buildkit),
        Some("legacy") => Ok(Builder::Legacy),
        Some(_) | None => Err(Problem::new(&value.span(), "`builder` is either \"buildkit\" or \"legacy\"")),
    }
}

fn profile(value: &Value<'_>) -> Result<Profile, Problem> {
    match value.get_ref().as_str() {
        Some("default") => Ok(Profile::Default),
        Some("hadolint") => Ok(Profile::Hadolint),
        Some(_) | None => Err(Problem::new(&value.span(), "`profile` is either \"default\" or \"hadolint\"")),
    }
}

fn threshold(value: &Value<'_>) -> Result<Option<Level>, Problem> {
    match value.get_ref().as_str() {
        Some("never") => Ok(None),
        Some("note") => Ok(Some(Level::Note)),
        Some("warning") => Ok(Some(Level::Warning)),
        Some("error") => Ok(Some(Level::Error)),
        Some(_) | None => {
            Err(Problem::new(&value.span(), "`fail-on` is \"note\", \"warning\", \"error\" or \"never\""))
        }
    }
}

fn level_of(value: &Value<'_>) -> Result<Option<Level>, Problem> {
    match value.get_ref().as_str() {
        Some("off") => Ok(None),
        Some("note") => Ok(Some(Level::Note)),
        Some("warning") => Ok(Some(Level::Warning)),
        Some("error") => Ok(Some(Level::Error)),
        Some(_) | None => Err(Problem::new(&value.span(), "a level is \"note\", \"warning\", \"error\" or \"off\"")),
    }
}

fn pattern((text, at): &(String, Range<usize>)) -> Result<Pattern, Problem> {
    Pattern::new(text).map_err(|error| Problem::new(at, format!("not a glob: {}", error.kind())))
}

/// Which codes of other tools are taken: for ignoring, also those that no rule here has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Codes {
    Ours,
    Any,
}

fn rule_names(value: &Value<'_>, key: &str, codes: Codes) -> Result<Vec<String>, Problem> {
    let names = strings(value, &format!("`{key}` takes lists of names, such as [\"cache\"]"))?;
    names.iter().map(|(name, at)| checked_name(name, at, codes)).collect()
}

fn checked_name(name: &str, at: &Range<usize>, codes: Codes) -> Result<String, Problem> {
    match names::look_up(name) {
        Name::Known => Ok(name.to_owned()),
        Name::Foreign if codes == Codes::Any => Ok(name.to_owned()),
        Name::Foreign => Err(Problem::new(at, format!("no rule has the code `{name}`"))
            .help("`dockopt rules` lists the rules and the codes they answer to")),
        Name::Unknown(near) => Err(Problem::new(at, format!("unknown rule `{name}`")).help(help_for_unknown(near))),
    }
}

/// The help line for a name that nothing answers to.
pub fn help_for_unknown(near: Option<&str>) -> String {
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`dockopt rules` lists the rules".to_owned(),
    }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Location, Span};

    #[test]
    fn all_keys_are_read() {
        let settings = Settings::parse(
            "builder = \"legacy\"\nprofile = \"hadolint\"\nselect = [\"all\"]\nignore = [\"DL3008\"]\nexclude = [\"vendor/\"]\n\
             baseline = \"b.json\"\ncontext-limit = \"2 GB\"\n\
             [levels]\nall = \"off\"\n[per-file-ignores]\n\"test/**\" = [\"all\"]\n\
             [contexts]\n\"./services/api/Dockerfile\" = \".\"\n",
        )
        .unwrap();
        assert_eq!(settings.builder, Builder::Legacy);
        assert_eq!(settings.profile, Profile::Hadolint);
        assert_eq!(settings.select, ["all"]);
        assert_eq!(settings.ignore, ["DL3008"]);
        assert_eq!(settings.context_limit, Some(2_000_000_000));
        assert_eq!(settings.levels["all"], None);
        assert_eq!(settings.per_file_ignores.len(), 1);
        assert_eq!(settings.baseline.as_deref(), Some("b.json"));
        assert_eq!(settings.contexts["services/api/Dockerfile"], ".");
        assert!(settings.excludes("a/vendor/Dockerfile"));
        assert!(!settings.excludes("a/Dockerfile"));
    }

    #[test]
    fn problems_have_a_place() {
        for (text, message) in [
            ("selct = []\n", "1:1: unknown key `selct`"),
            ("\nselect = \"x\"", "2:10: `select` takes lists of names, such as [\"cache\"]"),
            ("ignore = [\"all\", \"nonsense\"]", "1:18: unknown rule `nonsense`"),
            ("select = [\"DL9999\"]", "1:11: no rule has the code `DL9999`"),
            ("builder = \"podman\"", "1:11: `builder` is either \"buildkit\" or \"legacy\""),
            ("profile = \"strict\"", "1:11: `profile` is either \"default\" or \"hadolint\""),
            ("[levels]\nall = \"loud\"", "2:7: a level is \"note\", \"warning\", \"error\" or \"off\""),
            ("exclude = [\"a[\"]", "1:12: not a glob: unclosed character class; missing ']'"),
            ("fail-on = \"off\"", "1:11: `fail-on` is \"note\", \"warning\", \"error\" or \"never\""),
            ("suppressions = 1", "1:16: `suppressions` is either true or false"),
            ("baseline = true", "1:12: `baseline` is the path of a file"),
            ("levels = 1", "1:10: `levels` is a table"),
            ("context-limit = 50", "1:17: `context-limit` is a size, such as \"50 MB\""),
            ("context-limit = \"big\"", "1:17: `context-limit` is a size, such as \"50 MB\""),
        ] {
            let error = Settings::parse(text).unwrap_err();
            assert_eq!(error.to_string(), format!("dockopt.toml:{message}"));
        }
        let error = Settings::parse("selct = []\n").unwrap_err();
        assert_eq!(error.help.as_deref(), Some("did you mean `select`?"));
        assert!(Settings::parse("a = ").is_err());
    }

    #[test]
    fn codes_of_a_finding_decide() {
        let rule = crate::rules::all().find(|it| it.same_as().len() > 1).unwrap();
        let codes: &'static [&'static str] = &rule.same_as()[..1];
        let place = Location { file: FileId(0), span: Span::at(0) };
        let other = codes[0].split_once('/').unwrap().1;
        let finding = Finding::new(rule.name, place, "x").only_as(codes);
        let level = |settings: &Settings, finding: &Finding| settings.level(rule, finding);
        let select = |name: &str| Settings::default().with_selection(vec![name.to_owned()], Vec::new());
        let ignore = |name: &str| Settings::default().with_selection(Vec::new(), vec![name.to_owned()]);
        let second = rule.same_as()[1].split_once('/').unwrap().1;
        assert!(level(&select(other), &finding).is_some());
        assert_eq!(level(&select(second), &finding), None);
        assert_eq!(level(&ignore(other), &finding), None);
        assert!(level(&ignore(second), &finding).is_some());
        // What next to nobody would act on is told to those who ask for the rule.
        let asking = finding.clone().for_asking();
        assert_eq!(level(&Settings::default(), &asking), None);
        assert!(level(&select(rule.name), &asking).is_some());
        assert!(level(&select("all"), &asking).is_some());
        assert!(level(&Settings::parse(&format!("[levels]\n{} = \"note\"\n", rule.name)).unwrap(), &asking).is_some());
        // What is there only for another tool's sake is not part of what dockopt says.
        let parity = finding.for_parity();
        assert_eq!(level(&Settings::default(), &parity), None);
        assert_eq!(level(&select("all"), &parity), None);
        assert!(level(&select("hadolint"), &parity).is_some());
        assert!(level(&Settings::default().with_profile(Profile::Hadolint), &parity).is_some());
    }

    #[test]
    fn globs_match_as_in_gitignore() {
        for (glob, path, matches) in [
            ("Dockerfile", "a/b/Dockerfile", true),
            ("/Dockerfile", "a/Dockerfile", false),
            ("/Dockerfile", "Dockerfile", true),
            ("a/*", "a/b/Dockerfile", true),
            ("a/*.dockerfile", "a/b/x.dockerfile", false),
            ("a/**/x", "a/b/c/x", true),
            ("legacy/", "x/legacy/Dockerfile", true),
            ("legacy", "legacy2/Dockerfile", false),
        ] {
            assert_eq!(Pattern::new(glob).unwrap().matches(path), matches, "{glob} on {path}");
        }
    }

    #[test]
    fn globs_start_at_the_settings() {
        let settings =
            Settings::parse("exclude = [\"/api/Dockerfile\"]\nbaseline = \"b.json\"\n[contexts]\n\"api/D\" = \".\"\n")
                .unwrap()
                .seen_from("/repo/api", "/repo", |path| path.replace("/repo", ".."));
        assert!(settings.excludes("Dockerfile"));
        assert!(!settings.excludes("api/Dockerfile"));
        assert_eq!(settings.contexts["../api/D"], "..");
        assert_eq!(settings.baseline.as_deref(), Some("../b.json"));
    }
}
