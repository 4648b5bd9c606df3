//! dockopt's own comments: `# dockopt: ignore[rule, rule] reason`.

use crate::{
    names::{self, Name},
    source::{Source, Span},
};

/// How to write what could not be read.
pub(super) const FORM: &str =
    "The form is `# dockopt: ignore[rule, rule] reason`, or `ignore-file` for the whole file.";

#[derive(Clone, Copy)]
pub(super) enum Verb {
    Ignore,
    IgnoreFile,
}

/// A comment that speaks to dockopt: `# dockopt: ignore[rule, rule] reason`.
pub(super) struct Own<'a> {
    /// From the verb to the end of the line.
    pub span: Span,
    text: &'a str,
    /// What it says and the text between the brackets; `None` when it cannot be read.
    pub what: Option<(Verb, &'a str)>,
}

impl<'a> Own<'a> {
    pub(super) fn find(source: &'a Source, comment: Span) -> Option<Self> {
        let line = source.slice(comment).trim();
        let content = line.strip_prefix('#')?.trim_start().strip_prefix("dockopt")?.trim_start();
        // A forgotten colon is a mistake worth telling; prose that begins with the tool's name is not.
        let text = match content.strip_prefix(':') {
            Some(text) => text.trim_start(),
            None if content.starts_with("ignore") => content,
            None => return None,
        };
        let has_colon = content.starts_with(':');
        let start = text.as_ptr() as usize - source.text.as_ptr() as usize;
        let read = || {
            let (verb, rest) = match text.strip_prefix("ignore-file") {
                Some(rest) => (Verb::IgnoreFile, rest),
                None => (Verb::Ignore, text.strip_prefix("ignore")?),
            };
            let (names, _reason) = rest.trim_start().strip_prefix('[')?.split_once(']')?;
            Some((verb, names))
        };
        Some(Self { span: Span::new(start, start + text.len()), text, what: if has_colon { read() } else { None } })
    }

    /// Where a part of the text stands.
    pub(super) fn place_of(&self, part: &str) -> Span {
        let start = self.span.start as usize + (part.as_ptr() as usize - self.text.as_ptr() as usize);
        Span::new(start, start + part.len())
    }

    /// The comment as it was probably meant: the known names behind the verb, and what follows as the reason.
    pub(super) fn repaired(&self) -> Option<String> {
        let (verb, rest) = match self.text.strip_prefix("ignore-file") {
            Some(rest) => ("ignore-file", rest),
            None => ("ignore", self.text.strip_prefix("ignore")?),
        };
        let is_separator = |it: char| it.is_whitespace() || "[]()=:,".contains(it);
        let mut names = Vec::new();
        let mut rest = rest.trim_start_matches(is_separator);
        loop {
            let end = rest.find(is_separator).unwrap_or(rest.len());
            if end == 0 || names::look_up(&rest[..end]) != Name::Known {
                break;
            }
            names.push(&rest[..end]);
            rest = rest[end..].trim_start_matches(is_separator);
        }
        let reason = rest.trim();
        let space = if reason.is_empty() { "" } else { " " };
        (!names.is_empty()).then(|| format!("# dockopt: {verb}[{}]{space}{reason}", names.join(", ")))
    }
}
