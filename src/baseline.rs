//! A baseline: the findings that were there when somebody began, and are not told again.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use serde::Deserialize;

use crate::{
    finding::Finding,
    fingerprint::fingerprints,
    project::{Project, join},
    settings::SettingsError,
};

const VERSION: u32 = 1;

/// The findings of a baseline file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeSet<Entry>,
}

/// A finding as the file has it: no line, since lines move.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// From the folder of the baseline.
    path: String,
    rule: String,
    fingerprint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: u32,
    findings: Vec<Entry>,
}

/// How paths are written in a baseline: its folder, and the working directory, both absolute.
#[derive(Clone, Debug)]
pub struct Folders {
    /// The folder of the baseline.
    pub baseline: String,
    /// The working directory, from which paths are shown.
    pub cwd: String,
}

impl Folders {
    fn inside<'a>(&self, path: &'a str) -> Cow<'a, str> {
        if self.baseline == self.cwd && !path.starts_with('/') {
            return Cow::Borrowed(path);
        }
        let whole = join(&self.cwd, path);
        let prefix = format!("{}/", self.baseline.trim_end_matches('/'));
        Cow::Owned(whole.strip_prefix(&prefix).map_or(whole.clone(), str::to_owned))
    }
}

impl Baseline {
    /// Reads the text of a baseline file that is shown as `path`.
    pub fn parse(path: &str, text: &str) -> Result<Self, SettingsError> {
        let error = |line: usize, column: usize, message: String| SettingsError {
            path: path.to_owned(),
            line: line.max(1),
            column: column.max(1),
            message,
            help: Some("write it anew with `--write-baseline`".to_owned()),
        };
        let form: Form = serde_json::from_str(text).map_err(|it| {
            let message = it.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            error(it.line(), it.column(), format!("not a baseline: {message}"))
        })?;
        if form.version != VERSION {
            return Err(error(1, 1, format!("version {} of the format is not known", form.version)));
        }
        Ok(Self { entries: form.findings.into_iter().collect() })
    }

    /// Splits off the findings that are in the baseline. What is left, and how many entries for files of the project
    /// have nothing to hide any more.
    pub fn hide(&self, project: &Project, findings: Vec<Finding>, folders: &Folders) -> (Vec<Finding>, usize) {
        let keys = entries(project, &findings, folders);
        let seen: BTreeSet<_> = keys.iter().collect();
        let paths: BTreeSet<_> = project.sources.iter().map(|it| folders.inside(&it.path)).collect();
        let is_stale = |it: &&Entry| paths.contains(it.path.as_str()) && !seen.contains(it);
        let stale = self.entries.iter().filter(is_stale).count();
        let is_new = |key: &Entry| !self.entries.contains(key);
        let new = findings.into_iter().zip(&keys).filter(|(_, key)| is_new(key)).map(|(it, _)| it);
        (new.collect(), stale)
    }

    /// The baseline with these findings for the files of the project. Entries for other files stay, if `is_there`.
    #[must_use]
    pub fn renewed(
        self,
        project: &Project,
        findings: &[Finding],
        folders: &Folders,
        is_there: impl Fn(&str) -> bool,
    ) -> Self {
        let paths: BTreeSet<_> = project.sources.iter().map(|it| folders.inside(&it.path)).collect();
        let stays = |it: &Entry| !paths.contains(it.path.as_str()) && is_there(&join(&folders.baseline, &it.path));
        let mut kept: BTreeSet<_> = self.entries.into_iter().filter(stays).collect();
        kept.extend(entries(project, findings, folders));
        Self { entries: kept }
    }

    /// The text of its file: an entry on each line, so that changes of it can be read and merged.
    pub fn text(&self) -> String {
        let mut out = format!("{{\n  \"version\": {VERSION},\n  \"findings\": [");
        for (at, it) in self.entries.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let [path, rule, print] =
                [&it.path, &it.rule, &it.fingerprint].map(|it| serde_json::Value::from(it.as_str()));
            let _ = write!(out, "{comma}\n    {{\"path\": {path}, \"rule\": {rule}, \"fingerprint\": {print}}}");
        }
        out.push_str(if self.entries.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" });
        out
    }

    /// How many findings it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn entries(project: &Project, findings: &[Finding], folders: &Folders) -> Vec<Entry> {
    let mut paths: BTreeMap<&str, String> = BTreeMap::new();
    for finding in findings {
        let path = &project.source(finding.location.file).path;
        paths.entry(path).or_insert_with(|| folders.inside(path).into_owned());
    }
    let prints = fingerprints(project, findings, |it| folders.inside(it));
    let entry = |(finding, fingerprint): (&Finding, String)| Entry {
        path: paths[project.source(finding.location.file).path.as_str()].clone(),
        rule: finding.rule.to_owned(),
        fingerprint,
    };
    findings.iter().zip(prints).map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine, settings::Settings};

    fn folders(baseline: &str, cwd: &str) -> Folders {
        Folders { baseline: baseline.to_owned(), cwd: cwd.to_owned() }
    }

    fn project(path: &str, text: &str) -> (Project, Vec<Finding>) {
        let settings = Settings::default().with_selection(vec!["syntax-error".to_owned()], Vec::new());
        let project = Project::in_memory([(path, text)], settings);
        let findings = engine::check(&project);
        (project, findings)
    }

    #[test]
    fn what_is_known_is_hidden_wherever_it_moves() {
        let (old, findings) = project("api/Dockerfile", "FROM a\nLABEL\nENV\n");
        assert_eq!(findings.len(), 2);
        let here = folders("/repo", "/repo");
        let baseline = Baseline::default().renewed(&old, &findings, &here, |_| true);
        let read = Baseline::parse("b.json", &baseline.text()).unwrap();
        assert_eq!((&read, read.len()), (&baseline, 2));
        // From another folder, with lines moved, one finding gone and one come.
        let (new, findings) = project("Dockerfile", "# more\nFROM a\n\nLABEL\nWORKDIR\n");
        let (left, stale) = read.hide(&new, findings, &folders("/repo", "/repo/api"));
        assert_eq!((left.len(), stale), (1, 1), "{left:?}");
    }

    #[test]
    fn entries_of_other_files_stay() {
        let here = folders("/repo", "/repo");
        let (a, findings) = project("a/Dockerfile", "FROM a\nLABEL\n");
        let both = Baseline::default().renewed(&a, &findings, &here, |_| true);
        let (b, findings) = project("b/Dockerfile", "FROM a\nLABEL\n");
        let both = both.renewed(&b, &findings, &here, |it| it == "/repo/a/Dockerfile");
        assert_eq!(both.len(), 2);
        assert_eq!(both.clone().renewed(&b, &[], &here, |_| false).len(), 0);
    }

    #[test]
    fn bad_files_are_told_with_their_place() {
        for (text, expected) in [
            ("{\n  \"version\": 1,\n", "b.json:3:1: not a baseline: EOF while parsing a value"),
            ("{\"version\": 2, \"findings\": []}", "b.json:1:1: version 2 of the format is not known"),
            ("{\"version\": 1, \"finding\": []}", "b.json:1:24: not a baseline: unknown field `finding`"),
        ] {
            let error = Baseline::parse("b.json", text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        assert_eq!(Baseline::parse("b.json", &Baseline::default().text()).unwrap(), Baseline::default());
    }
}
