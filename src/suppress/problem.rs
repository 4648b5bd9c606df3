//! Comments that do not do what they are for, and how that is put right.

use crate::{
    edit::Edit,
    source::{Source, Span},
};

/// How BuildKit's comments are written.
pub(super) const CHECK_FORM: &str =
    "The form is `# check=skip=Name,Name`; further options, such as `error=true`, follow after `;`.";

/// What is wrong with a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It names a rule that nobody has.
    Unknown,
    /// It cannot be read, or stands where nobody reads it.
    Malformed,
    /// It silences nothing.
    Unused,
}

/// A comment that does not do what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub kind: Kind,
    /// Where.
    pub span: Span,
    /// What is wrong, in words.
    pub message: String,
    /// How it is done.
    pub note: Option<String>,
    /// What puts it right, and the edits.
    pub repair: Option<(&'static str, Vec<Edit>)>,
}

/// A comment and its place.
pub(super) struct Comment<'a> {
    /// From the `#` to the last letter.
    pub span: Span,
    /// Its lines as they are, blanks before it included.
    pub text: &'a str,
    /// The whole line, with its end.
    pub line: Span,
}

impl<'a> Comment<'a> {
    pub(super) fn of(source: &'a Source, span: Span) -> Self {
        let text = source.slice(span);
        let blanks = text.len() - text.trim_start().len();
        let start = span.start as usize + blanks;
        let line_start = source.line_starts()[source.line(span.start) - 1] as usize;
        let rest = &source.text[start..];
        let line_end = rest.find('\n').map_or(source.text.len(), |it| start + it + 1);
        Self { span: Span::new(start, start + text.trim().len()), text, line: Span::new(line_start, line_end) }
    }

    /// The comment gone: its line where it is alone there, else what is behind the words before it.
    fn removed(&self, source: &Source) -> Edit {
        let before = source.slice(Span { start: self.line.start, end: self.span.start });
        if !before.trim().is_empty() {
            let start = self.line.start as usize + before.trim_end().len();
            return Edit::delete(Span::new(start, self.span.end as usize));
        }
        // The last line may have no end; then the one before it goes.
        let start = self.line.start as usize;
        let is_last = !source.slice(self.line).ends_with('\n') && start > 0;
        Edit::delete(if is_last { Span::new(start - 1, self.line.end as usize) } else { self.line })
    }

    /// The comment without one of the names in a list, or gone where that is the only one.
    fn without(&self, source: &Source, name: Span) -> Edit {
        let behind = source.slice(Span { start: name.end, end: self.span.end });
        let before = source.slice(Span { start: self.span.start, end: name.start });
        if let Some(rest) = behind.trim_start().strip_prefix(',') {
            let end = self.span.end as usize - rest.trim_start().len();
            Edit::delete(Span::new(name.start as usize, end))
        } else if let Some(rest) = before.trim_end().strip_suffix(',') {
            Edit::delete(Span::new(self.span.start as usize + rest.trim_end().len(), name.end as usize))
        } else {
            self.removed(source)
        }
    }

    /// Where a word of it stands.
    pub(super) fn place_of(&self, word: &str) -> Span {
        let at = self.text.trim_start().find(word).unwrap_or(0);
        let start = self.span.start as usize + at;
        Span::new(start, start + word.len())
    }
}

impl Problem {
    fn new(kind: Kind, span: Span, message: impl Into<String>) -> Self {
        Self { kind, span, message: message.into(), note: None, repair: None }
    }

    pub(super) fn malformed(span: Span, message: &str) -> Self {
        Self::new(Kind::Malformed, span, message)
    }

    /// A name in a comment that nothing answers to: the one that was probably meant takes its place, or none.
    pub(super) fn unknown(
        source: &Source,
        comment: &Comment<'_>,
        span: Span,
        message: String,
        near: Option<&str>,
    ) -> Self {
        let problem = Self::new(Kind::Unknown, span, message);
        let Some(near) = near else {
            let repair = Some(("Remove the name", vec![comment.without(source, span)]));
            return Self { repair, ..problem };
        };
        let repair = Some(("Write the name as it is", vec![Edit::replace(span, near)]));
        Self { repair, ..problem }.note(format!("Did you mean `{near}`?"))
    }

    /// A comment for hadolint that it cannot read.
    pub(super) fn unread(comment: &Comment<'_>, meant: Option<String>) -> Self {
        let message = "hadolint cannot read this comment, and so passes over it";
        let note = "The form is `# hadolint ignore=DL3008,DL3015 # reason`.";
        Self::malformed(comment.span, message).note(note).rewritten(comment, meant)
    }

    /// A `# check=` that does not start in the first column.
    pub(super) fn indented_check(comment: &Comment<'_>, is_read: bool) -> Option<Self> {
        let text = comment.text.trim_start();
        let options = text.strip_prefix('#')?.trim_start().strip_prefix("check")?.trim_start().strip_prefix('=')?;
        let is_meant = ["skip=", "error=", "experimental="].iter().any(|it| options.trim_start().starts_with(it));
        let blanks = Span { start: comment.line.start, end: comment.span.start };
        (is_meant && !is_read && !blanks.is_empty()).then(|| Self {
            repair: Some(("Take out the blanks before it", vec![Edit::delete(blanks)])),
            ..Self::malformed(comment.span, "this comment is read by BuildKit only at the start of a line")
        })
    }

    /// dockopt's own comment with names that silence nothing; `rest` are its other ones.
    pub(super) fn unused(source: &Source, comment: Span, brackets: Span, idle: &[&str], rest: &[&str]) -> Self {
        let quoted: Vec<_> = idle.iter().map(|it| format!("`{it}`")).collect();
        let verb = if idle.len() == 1 { "silences" } else { "silence" };
        let message = format!("{} {verb} nothing here", quoted.join(" and "));
        let comment = Comment::of(source, comment);
        let repair = if rest.is_empty() {
            ("Remove the comment", comment.removed(source))
        } else {
            ("Remove the name", Edit::replace(brackets, rest.join(", ")))
        };
        Self { repair: Some((repair.0, vec![repair.1])), ..Self::new(Kind::Unused, comment.span, message) }
    }

    #[must_use]
    pub(super) fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// The problem, put right by other words for the comment.
    #[must_use]
    pub(super) fn rewritten(self, comment: &Comment<'_>, meant: Option<String>) -> Self {
        let repair = meant.map(|it| ("Write it as it is read", vec![Edit::replace(comment.span, it)]));
        Self { repair, ..self }
    }

    /// The problem, put right by another place for the comment: the line at `to`.
    #[must_use]
    pub(super) fn moved(self, source: &Source, comment: &Comment<'_>, to: Option<usize>) -> Self {
        let Some(to) = to else { return self };
        let line = source.line_starts()[source.line(to as u32) - 1] as usize;
        let text = format!("{}\n", source.slice(comment.span));
        let repair =
            Some(("Move it above the instruction", vec![Edit::delete(comment.line), Edit::insert(line, text)]));
        Self { repair, ..self }
    }
}

/// Whether a comment is addressed to dockopt, hadolint or BuildKit's checks.
pub fn speaks_to_linter(comment: &str) -> bool {
    let content = comment.trim().trim_start_matches('#').trim_start();
    content.starts_with("hadolint")
        || content.starts_with("dockopt")
        || content.strip_prefix("check").is_some_and(|it| it.trim_start().starts_with('='))
}
