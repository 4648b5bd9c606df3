//! What a rule says: a finding, with its place, its words, and perhaps a fix.

use crate::{
    edit::{Change, Safety},
    source::Location,
};

/// Whether a code such as `hadolint/DL3008` is meant by a name: the code with or without its tool, or the tool alone.
/// A `*` at the end of a code stands for any number.
pub fn code_is(code: &str, name: &str) -> bool {
    let is = |code: &str, name: &str| match code.strip_suffix('*') {
        Some(prefix) => name.strip_prefix(prefix).is_some_and(is_number),
        None => code == name,
    };
    is(code, name) || code.split_once('/').is_some_and(|(tool, code)| tool == name || is(code, name))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

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

/// For whom a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Everybody.
    All,
    /// Those who ask: they select the rule or its family, or give the rule a level.
    Asking,
    /// Those who ask for what another tool says: by a code, by the tool's name, or with a profile.
    Parity,
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
    /// How much it matters where the settings say nothing, if that is not what the rule's page says.
    pub own_level: Option<Level>,
    /// The codes under which other tools report this very finding; `None` where those are all of the rule's page.
    pub codes: Option<&'static [&'static str]>,
    /// Who is told of it.
    pub audience: Audience,
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
            own_level: None,
            codes: None,
            audience: Audience::All,
        }
    }

    /// The finding, with a note.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// The finding, as only these codes of the rule's page mean it.
    #[must_use]
    pub fn only_as(self, codes: &'static [&'static str]) -> Self {
        Self { codes: Some(codes), ..self }
    }

    /// The finding, for those alone who ask for it.
    #[must_use]
    pub fn for_asking(self) -> Self {
        Self { audience: self.audience.max(Audience::Asking), ..self }
    }

    /// The finding, for those alone who ask for what another tool says.
    #[must_use]
    pub fn for_parity(self) -> Self {
        Self { audience: Audience::Parity, ..self }
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
