//! `.hadolint.yaml` and hadolint's environment variables, as settings of dockopt.
//!
//! Where hadolint drops its whole configuration after one wrong value, there is an error with its place, and keys that
//! hadolint passes over are named.

use std::fmt::Write;

use super::{LabelForm, Problem, Settings, SettingsError};
use crate::{
    finding::Level,
    names::{self, Name},
    source::{Source, Span},
    yaml::{Entry, Node, NodeId, Tree},
};

/// The names under which hadolint's configuration is looked for in a folder.
pub const HADOLINT_NAMES: [&str; 2] = [".hadolint.yaml", ".hadolint.yml"];

const KEYS: [&str; 12] = [
    "failure-threshold",
    "format",
    "formats",
    "ignored",
    "label-schema",
    "no-color",
    "no-fail",
    "verbose",
    "override",
    "strict-labels",
    "disable-ignore-pragma",
    "trustedRegistries",
];

/// The levels of hadolint in the order in which a stronger one wins, with those of dockopt.
const LEVELS: [(&str, Level); 4] =
    [("style", Level::Note), ("info", Level::Note), ("warning", Level::Warning), ("error", Level::Error)];

impl Settings {
    /// The settings that hadolint would use: of a configuration, if there is one (its path as it is shown, and its
    /// text), and of its environment variables. The configuration wins where both say something, and lists are joined.
    pub fn of_hadolint(
        file: Option<(&str, &str)>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let mut settings = Self::default();
        settings.take_variables(variable);
        let Some((path, text)) = file else { return Ok(settings) };
        settings.take_file(path, text).map_err(|problem| {
            let place = Source::new("", text).line_col(problem.at as u32);
            let (line, column) = (place.line, place.column);
            SettingsError { path: path.to_owned(), line, column, message: problem.message, help: problem.help }
        })?;
        Ok(settings)
    }

    fn take_file(&mut self, path: &str, text: &str) -> Result<(), Problem> {
        let tree = Tree::parse(text).map_err(|it| at(it.span, format!("not YAML: {}", it.message)))?;
        let entries = match tree.node(tree.root) {
            Node::Null => return Ok(()),
            Node::Map(_) => tree.entries(tree.root),
            Node::Scalar(_) | Node::List(_) => return Err(at(tree.span(tree.root), "hadolint's settings are a table")),
        };
        let reader = Reader { tree: &tree };
        for entry in entries {
            match entry.name.as_str() {
                "ignored" => self.ignore.extend(reader.codes(entry)?),
                "override" => {
                    for level in reader.table(entry)? {
                        let Some((_, to)) = LEVELS.iter().find(|(name, _)| *name == level.name) else {
                            let problem = at(level.key, format!("`override` has no level `{}`", level.name));
                            return Err(problem.help("the levels are `error`, `warning`, `info` and `style`"));
                        };
                        self.override_levels(&reader.codes(level)?, *to);
                    }
                }
                "failure-threshold" => {
                    let text = reader.text(entry)?;
                    let level = threshold(text).ok_or_else(|| {
                        let problem = at(tree.span(entry.value), format!("there is no threshold `{text}`"));
                        problem.help("the thresholds are `error`, `warning`, `info`, `style`, `ignore` and `none`")
                    })?;
                    self.fail_on = self.fail_on.filter(Option::is_none).or(Some(Some(level)));
                }
                "no-fail" if reader.truth(entry)? => self.fail_on = Some(None),
                "disable-ignore-pragma" => self.deaf = reader.truth(entry)?,
                "strict-labels" => self.strict_labels = reader.truth(entry)?,
                "no-fail" | "no-color" | "verbose" => {
                    reader.truth(entry)?;
                }
                "format" => self.format = Some(format_of(reader.text(entry)?).ok_or_else(|| reader.no_format(entry))?),
                "formats" => {
                    let formats = reader.texts(entry)?;
                    if let Some((first, _)) = formats.first() {
                        self.format = Some(format_of(first).ok_or_else(|| reader.no_format(entry))?);
                    }
                }
                "trustedRegistries" => {
                    self.trusted_registries.extend(reader.texts(entry)?.iter().map(|(it, _)| (*it).to_owned()));
                }
                "label-schema" => {
                    for label in reader.table(entry)? {
                        let form = label_form(tree.scalar(label.value).unwrap_or_default()).ok_or_else(|| {
                            let problem = at(tree.span(label.value), format!("`{}` has no such form", label.name));
                            problem.help("the forms are `text`, `url`, `rfc3339`, `semver`, `hash`, `spdx` and `email`")
                        })?;
                        self.labels.insert(label.name.clone(), form);
                    }
                }
                unknown => {
                    let place = Source::new("", text).line_col(entry.key.start);
                    let near = names::closest(unknown, KEYS).map(|it| format!("; did you mean `{it}`?"));
                    let near = near.unwrap_or_default();
                    let (line, column) = (place.line, place.column);
                    self.notes.push(format!("{path}:{line}:{column}: hadolint has no key `{unknown}`{near}"));
                }
            }
        }
        Ok(())
    }

    fn take_variables(&mut self, variable: impl Fn(&str) -> Option<String>) {
        let value = |name: &str| variable(&format!("HADOLINT_{name}")).filter(|it| !it.is_empty());
        let is_on = |name: &str| {
            let text = value(name).map(|it| it.to_lowercase());
            text.is_some_and(|it| ["1", "y", "on", "true", "yes"].contains(&it.as_str()))
        };
        let mut codes = |name: &str| {
            let text = value(name).unwrap_or_default();
            let (good, bad): (Vec<_>, Vec<_>) =
                text.split(',').map(str::trim).filter(|it| !it.is_empty()).partition(|it| is_code(it));
            self.notes.extend(bad.iter().map(|it| format!("HADOLINT_{name}: `{it}` is no code of a rule")));
            good.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let ignored = codes("IGNORE");
        let overridden = LEVELS.map(|(name, level)| (codes(&format!("OVERRIDE_{}", name.to_uppercase())), level));
        self.ignore = ignored;
        for (codes, level) in overridden {
            self.override_levels(&codes, level);
        }
        if let Some(text) = value("FAILURE_THRESHOLD") {
            match threshold(&text) {
                Some(level) => self.fail_on = Some(Some(level)),
                None => self.notes.push(format!("HADOLINT_FAILURE_THRESHOLD: there is no threshold `{text}`")),
            }
        }
        if is_on("NOFAIL") {
            self.fail_on = Some(None);
        }
        self.deaf = is_on("DISABLE_IGNORE_PRAGMA");
        self.strict_labels = is_on("STRICT_LABELS");
        let words = |name: &str| {
            let text = value(name).unwrap_or_default();
            let words = text.split(',').map(str::trim).filter(|it| !it.is_empty());
            words.map(str::to_owned).collect::<Vec<_>>()
        };
        self.trusted_registries = words("TRUSTED_REGISTRIES");
        for label in words("REQUIRE_LABELS") {
            let (name, form) = label.split_once(':').unwrap_or((&label, "text"));
            match label_form(form.trim()) {
                Some(form) => {
                    self.labels.insert(name.trim().to_owned(), form);
                }
                None => self.notes.push(format!("HADOLINT_REQUIRE_LABELS: there is no form `{form}`")),
            }
        }
        if let Some(text) = value("FORMAT") {
            let first = text.split(',').next().unwrap_or_default();
            match format_of(first) {
                Some(format) => self.format = Some(format),
                None => self.notes.push(format!("HADOLINT_FORMAT: there is no format `{first}`")),
            }
        }
    }

    /// Gives codes a level; a stronger one that they have stays. Codes that no rule has need none.
    fn override_levels(&mut self, codes: &[String], level: Level) {
        for code in codes.iter().filter(|it| names::look_up(it) == Name::Known) {
            let old = self.levels.entry(code.clone()).or_insert(Some(level));
            *old = (*old).max(Some(level));
        }
    }

    /// The settings as the text of a `dockopt.toml` that does what hadolint did.
    pub fn to_toml(&self, path: &str) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let mut out = format!(
            "# Made by `dockopt init --from-hadolint` from {path}.\n\n\
             # What hadolint reports, with its levels. Without this line: what dockopt holds worth saying.\n\
             profile = \"hadolint\"\n"
        );
        if !self.ignore.is_empty() {
            let codes: Vec<_> = self.ignore.iter().map(|it| quoted(it)).collect();
            let _ = writeln!(out, "ignore = [{}]", codes.join(", "));
        }
        // Where nothing is said, hadolint fails for all but what it calls style.
        let threshold = self.fail_on.unwrap_or(Some(Level::Note)).map_or("never", Level::as_str);
        let _ = writeln!(out, "fail-on = \"{threshold}\"");
        if !self.trusted_registries.is_empty() {
            let registries: Vec<_> = self.trusted_registries.iter().map(|it| quoted(it)).collect();
            let _ = writeln!(out, "trusted-registries = [{}]", registries.join(", "));
        }
        if self.strict_labels {
            out.push_str("strict-labels = true\n");
        }
        if self.deaf {
            out.push_str("suppressions = false\n");
        }
        if !self.levels.is_empty() {
            out.push_str("\n[levels]\n");
            for (code, level) in &self.levels {
                let _ = writeln!(out, "{code} = \"{}\"", level.map_or("off", Level::as_str));
            }
        }
        if !self.labels.is_empty() {
            out.push_str("\n[labels]\n");
            for (name, form) in &self.labels {
                let word = LabelForm::NAMES.iter().find(|(_, it)| it == form).map_or("text", |(word, _)| word);
                let _ = writeln!(out, "{} = \"{word}\"", quoted(name));
            }
        }
        if let Some(format) = self.format {
            let _ = writeln!(out, "\n# The format is given on the command line: `dockopt check --format {format}`.");
        }
        for note in &self.notes {
            let _ = writeln!(out, "# {note}");
        }
        out
    }
}

/// The lowest level that fails a run. hadolint's words `ignore` and `none` let everything fail, as `style` does.
fn threshold(text: &str) -> Option<Level> {
    match text {
        "error" => Some(Level::Error),
        "warning" => Some(Level::Warning),
        "info" | "style" | "ignore" | "none" => Some(Level::Note),
        _ => None,
    }
}

/// The form of a label; hadolint takes nothing at all for text.
fn label_form(word: &str) -> Option<LabelForm> {
    if word.is_empty() {
        return Some(LabelForm::Text);
    }
    LabelForm::NAMES.iter().find(|(name, _)| *name == word).map(|(_, form)| *form)
}

/// dockopt's name for a format of hadolint.
fn format_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "tty" => "hadolint-tty",
        "json" => "hadolint-json",
        "codeclimate" | "codacy" => "hadolint-codeclimate",
        "gitlab_codeclimate" => "gitlab",
        "gnu" => "short",
        "checkstyle" => "checkstyle",
        "junit" => "junit",
        "sarif" => "sarif",
        "sonarqube" => "sonarqube",
        _ => return None,
    })
}

fn is_code(text: &str) -> bool {
    let number = text.strip_prefix("DL").or_else(|| text.strip_prefix("SC"));
    number.is_some_and(|it| it.len() == 4 && it.bytes().all(|it| it.is_ascii_digit()))
}

fn at(span: Span, message: impl Into<String>) -> Problem {
    Problem::new(&(span.start as usize..span.end as usize), message)
}

struct Reader<'a> {
    tree: &'a Tree,
}

impl<'a> Reader<'a> {
    fn wrong(&self, entry: &Entry, what: &str) -> Problem {
        at(self.tree.span(entry.value), format!("`{}` is {what}", entry.name))
    }

    fn no_format(&self, entry: &Entry) -> Problem {
        at(self.tree.span(entry.value), "there is no such format")
            .help("the formats are tty, gnu, json, checkstyle, codeclimate, gitlab_codeclimate, codacy, sonarqube, junit and sarif")
    }

    fn text(&self, entry: &Entry) -> Result<&'a str, Problem> {
        self.tree.scalar(entry.value).ok_or_else(|| self.wrong(entry, "a word"))
    }

    fn truth(&self, entry: &Entry) -> Result<bool, Problem> {
        match self.tree.scalar(entry.value).filter(|_| self.tree.is_bare(entry.value)) {
            Some("true" | "True" | "TRUE" | "yes" | "on" | "y") => Ok(true),
            Some("false" | "False" | "FALSE" | "no" | "off" | "n") => Ok(false),
            _ => Err(self.wrong(entry, "either `true` or `false`")),
        }
    }

    fn table(&self, entry: &Entry) -> Result<Vec<&'a Entry>, Problem> {
        if self.tree.is_null(entry.value) {
            return Ok(Vec::new());
        }
        if !self.tree.is_map(entry.value) {
            return Err(self.wrong(entry, "a table"));
        }
        Ok(self.tree.entries(entry.value))
    }

    /// A list of texts with their nodes. A single text is a list of one, as hadolint's documentation says.
    fn texts(&self, entry: &Entry) -> Result<Vec<(&'a str, NodeId)>, Problem> {
        let text = |node: NodeId| {
            let problem = || at(self.tree.span(node), format!("`{}` is a list of words", entry.name));
            self.tree.scalar(node).map(|it| (it, node)).ok_or_else(problem)
        };
        match self.tree.node(entry.value) {
            Node::Null => Ok(Vec::new()),
            Node::List(items) => items.iter().map(|it| text(*it)).collect(),
            Node::Scalar(_) | Node::Map(_) => Ok(vec![text(entry.value)?]),
        }
    }

    fn codes(&self, entry: &Entry) -> Result<Vec<String>, Problem> {
        let code = |(text, node): (&str, NodeId)| {
            if is_code(text) {
                return Ok(text.to_owned());
            }
            let upper = text.to_uppercase();
            let problem = at(self.tree.span(node), format!("`{text}` is no code of a rule"));
            Err(if is_code(&upper) { problem.help(format!("did you mean `{upper}`?")) } else { problem })
        };
        self.texts(entry)?.into_iter().map(code).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        let variable = |name: &str| variables.get(name).map(|it| (*it).to_owned());
        Settings::of_hadolint(Some((".hadolint.yaml", text)), variable).map_err(|it| it.to_string())
    }

    #[test]
    fn all_keys_are_read() {
        let text = "failure-threshold: warning\nignored:\n  - DL3008\n  - SC2086\noverride:\n  error: [DL3020]\n  \
                    style: [DL3020, DL9998]\nno-fail: false\nformat: json\ndisable-ignore-pragma: true\n\
                    trustedRegistries: docker.io\nlabel-schema: {a: text}\nstrict-labels: true\nverbose: false\n";
        let settings = read(text, &[]).unwrap();
        assert_eq!(settings.ignore, ["DL3008", "SC2086"]);
        assert_eq!(settings.levels, BTreeMap::from([("DL3020".to_owned(), Some(Level::Error))]));
        assert_eq!((settings.fail_on, settings.format), (Some(Some(Level::Warning)), Some("hadolint-json")));
        assert!(settings.deaf);
        assert_eq!((settings.trusted_registries[0].as_str(), settings.strict_labels), ("docker.io", true));
        assert_eq!(settings.labels, BTreeMap::from([("a".to_owned(), LabelForm::Text)]));
        assert_eq!(settings.notes, [""; 0]);
        assert_eq!(read("", &[]).unwrap(), Settings::default());
        assert_eq!(read("no-fail: true\nfailure-threshold: error\n", &[]).unwrap().fail_on, Some(None));
    }

    #[test]
    fn variables_are_read_and_the_file_wins() {
        let variables = [
            ("HADOLINT_IGNORE", "DL3006, nonsense"),
            ("HADOLINT_FAILURE_THRESHOLD", "error"),
            ("HADOLINT_FORMAT", "gnu"),
        ];
        let settings = read("ignored: [DL3008]\nfailure-threshold: style\n", &variables).unwrap();
        assert_eq!(settings.ignore, ["DL3006", "DL3008"]);
        assert_eq!((settings.fail_on, settings.format), (Some(Some(Level::Note)), Some("short")));
        assert_eq!(settings.notes, ["HADOLINT_IGNORE: `nonsense` is no code of a rule"]);
        assert_eq!(read("", &[("HADOLINT_NOFAIL", "YES")]).unwrap().fail_on, Some(None));
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (text, expected) in [
            ("ignored: DL3008\nno-fail: maybe\n", "2:10: `no-fail` is either `true` or `false`"),
            ("ignored:\n  - dl3008\n", "2:5: `dl3008` is no code of a rule"),
            ("override: [DL3008]\n", "1:11: `override` is a table"),
            ("override:\n  loud: [DL3008]\n", "2:3: `override` has no level `loud`"),
            ("failure-threshold: fatal\n", "1:20: there is no threshold `fatal`"),
            ("- DL3008\n", "1:1: hadolint's settings are a table"),
        ] {
            assert_eq!(read(text, &[]).unwrap_err(), format!(".hadolint.yaml:{expected}"), "{text}");
        }
        assert!(read("ignored: [\n", &[]).unwrap_err().contains("not YAML: "));
        let settings = read("\ningored: [DL3008]\n", &[]).unwrap();
        assert_eq!(settings.notes, [".hadolint.yaml:2:1: hadolint has no key `ingored`; did you mean `ignored`?"]);
    }

    #[test]
    fn settings_become_a_file_that_says_the_same() {
        let text = "failure-threshold: error\nignored: [DL3008]\noverride: {warning: [DL3020]}\n\
                    disable-ignore-pragma: true\ntrustedRegistries: [a.io]\nlabel-schema: {org.x: url}\n";
        let settings = read(text, &[]).unwrap();
        let made = Settings::parse(&settings.to_toml(".hadolint.yaml")).unwrap();
        assert_eq!((&made.ignore, &made.levels), (&settings.ignore, &settings.levels));
        assert_eq!((made.fail_on, made.deaf), (settings.fail_on, settings.deaf));
        assert_eq!((&made.trusted_registries, &made.labels), (&settings.trusted_registries, &settings.labels));
    }
}
