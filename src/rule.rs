//! What a rule is: a page, and a pure function of one scope.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::{
    edit::Safety,
    finding::{Finding, Level},
    model::Model,
    project::{Project, Unit},
    source::Source,
};

/// A rule: its place in the catalogue, its page and its function.
#[derive(Debug)]
pub struct Rule {
    /// The family: what suffers.
    pub family: &'static str,
    /// The name; it completes "allow …".
    pub name: &'static str,
    /// The page, `rules/<family>/<name>.md`.
    pub page: &'static str,
    /// What it looks at, and how.
    pub check: Check,
    meta: OnceLock<Meta>,
}

/// The function of a rule, by its scope.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// One Dockerfile.
    File(fn(&FileCx<'_>, &mut Vec<Finding>)),
    /// The engine itself reports it: syntax errors, suppressions.
    Engine,
}

/// What a rule about one Dockerfile may look at.
#[derive(Clone, Copy, Debug)]
pub struct FileCx<'a> {
    /// Everything.
    pub project: &'a Project,
    /// The Dockerfile.
    pub unit: &'a Unit,
    /// Its text.
    pub source: &'a Source,
    /// What it means.
    pub model: &'a Model,
}

/// The front matter of a page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Meta {
    /// Completes "allow …"; no full stop.
    pub summary: String,
    /// How much a finding of this rule matters.
    pub level: MetaLevel,
    /// Whether it is part of the default set.
    pub default: bool,
    /// Which safeties its fixes have; exactly what the examples show.
    pub fix: Vec<MetaSafety>,
    /// The first version that has it.
    pub since: String,
    /// The same rule in other tools: `hadolint/DL3009`, `buildkit/StageNameCasing`.
    #[serde(default)]
    pub same_as: Vec<String>,
}

/// [`Level`] as pages write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetaLevel {
    /// `note`
    Note,
    /// `warning`
    Warning,
    /// `error`
    Error,
}

impl From<MetaLevel> for Level {
    fn from(level: MetaLevel) -> Self {
        match level {
            MetaLevel::Note => Self::Note,
            MetaLevel::Warning => Self::Warning,
            MetaLevel::Error => Self::Error,
        }
    }
}

/// [`Safety`] as pages write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetaSafety {
    /// `safe`
    Safe,
    /// `unsafe`
    Unsafe,
    /// `shown`
    Shown,
}

impl From<MetaSafety> for Safety {
    fn from(safety: MetaSafety) -> Self {
        match safety {
            MetaSafety::Safe => Self::Safe,
            MetaSafety::Unsafe => Self::Unsafe,
            MetaSafety::Shown => Self::Shown,
        }
    }
}

impl Rule {
    /// A rule; used by [`rule!`](crate::rule!), which finds the page.
    pub const fn new(family: &'static str, name: &'static str, page: &'static str, check: Check) -> Self {
        Self { family, name, page, check, meta: OnceLock::new() }
    }

    /// The front matter of the page.
    ///
    /// # Panics
    ///
    /// If the front matter is malformed; the test `pages` reads every page.
    pub fn meta(&self) -> &Meta {
        self.meta.get_or_init(|| {
            let (front, _) = split_page(self.page).expect("the test `pages` reads every page");
            toml::from_str(front).expect("the test `pages` reads every page")
        })
    }

    /// The page without its front matter.
    pub fn text(&self) -> &'static str {
        split_page(self.page).map_or(self.page, |(_, text)| text)
    }

    /// Whether `name` means this rule: its name, its family, or a code of another tool with or without the tool's name.
    pub fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.family == name || self.has_alias(name)
    }

    /// Whether `name` is a code of another tool for this rule.
    pub fn has_alias(&self, name: &str) -> bool {
        let code = |it: &String| it == name || it.split_once('/').is_some_and(|(_, code)| code == name);
        self.meta().same_as.iter().any(code)
    }
}

fn split_page(page: &'static str) -> Option<(&'static str, &'static str)> {
    page.strip_prefix("+++\n")?.split_once("\n+++\n")
}

/// A rule and its page: `rule!("cache" / "missing-cache-mount", Check::File(check))`.
#[macro_export]
macro_rules! rule {
    ($family:literal / $name:literal, $check:expr) => {
        $crate::rule::Rule::new(
            $family,
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $family, "/", $name, ".md")),
            $check,
        )
    };
}
