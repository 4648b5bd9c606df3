//! What a rule says: a finding, with its place, its words, and perhaps a fix.

use crate::{
    edit::{Change, Safety},
    source::Location,
};

/// How much a finding matters; ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Costs time or space, or will surprise.
    Warning,
    /// The build fails, or does not do what it says.
    Error,
}

impl Level {
    /// The word for it in settings and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A second place that belongs to a finding, and what is to be seen there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub location: Location,
    /// What is there: lower case, no full stop.
    pub text: String,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of the rule.
    pub rule: &'static str,
    /// How much it matters; the engine sets it from the rule's page and the settings.
    pub level: Level,
    /// Where.
    pub location: Location,
    /// What is wrong here: lower case, no full stop, names in backticks.
    pub message: String,
    /// Why it matters or what stands in the way of a fix, in full sentences.
    pub note: Option<String>,
    /// Other places that belong to it.
    pub related: Vec<Label>,
    /// What can be done about it.
    pub fix: Option<Fix>,
}

impl Finding {
    /// A finding without note, labels or fix.
    pub fn new(rule: &'static str, location: Location, message: impl Into<String>) -> Self {
        Self {
            rule,
            level: Level::Warning,
            location,
            message: message.into(),
            note: None,
            related: Vec::new(),
            fix: None,
        }
    }
}

/// A way to cure a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative, no full stop.
    pub title: String,
    /// How far it can be trusted.
    pub safety: Safety,
    /// The change.
    pub change: Change,
}
