//! Physical lines, and the logical lines that continuations make of them.

use std::ops::Range;

use crate::source::{Cooked, Span};

/// The longest line, in bytes without its line end, that BuildKit's scanner takes.
const LONGEST: usize = 65_535;

/// A physical line: its text lies in `start..end`, its line end in `end..next`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) next: usize,
}

/// The physical lines of a text, one after the other.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    pub(super) text: &'a str,
    /// Where the next line starts.
    pub(super) at: usize,
    /// The lines so far that are too long for BuildKit.
    pub(super) too_long: Vec<Span>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at, too_long: Vec::new() }
    }

    /// The text of a line, without its line end.
    pub(super) fn text(&self, line: Line) -> &'a str {
        &self.text[line.start..line.end]
    }

    /// Reads the lines that go on after `first`, an instruction's first line whose text starts at `start`.
    pub(super) fn logical(&mut self, first: Line, start: usize, escape: char) -> Logical<'a> {
        let text = &self.text[start..first.end];
        let mut logical = Logical { joined: Joined::One { text, start }, last: first, comments: Vec::new() };
        let Some(head) = continued(text, escape) else { return logical };
        let mut cooked = Cooked::default();
        cooked.push(head, start);
        while let Some(line) = self.next() {
            logical.last = line;
            let text = self.text(line);
            match text.trim_start().bytes().next() {
                None => continue,
                Some(b'#') => {
                    logical.comments.push(Span::new(line.start, line.end));
                    continue;
                }
                Some(_) => {}
            }
            let Some(head) = continued(text, escape) else {
                cooked.push(text, line.start);
                break;
            };
            cooked.push(head, line.start);
        }
        logical.joined = Joined::Many { cooked, start };
        logical
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let (start, rest) = (self.at, &self.text[self.at..]);
        if rest.is_empty() {
            return None;
        }
        let (length, next) = match memchr::memchr(b'\n', rest.as_bytes()) {
            Some(at) => (at, start + at + 1),
            None => (rest.len(), self.text.len()),
        };
        if length > LONGEST {
            self.too_long.push(Span::new(start, start + length));
        }
        self.at = next;
        Some(Line { start, end: start + rest[..length].trim_end_matches('\r').len(), next })
    }
}

/// The part of a line before its continuation, if it has one: the escape character at the end,
/// blanks after it aside, unless another one stands before it.
fn continued(line: &str, escape: char) -> Option<&str> {
    let head = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!head.ends_with(escape)).then_some(head)
}

/// An instruction's lines joined as BuildKit joins them.
#[derive(Debug)]
pub(super) struct Logical<'a> {
    pub(super) joined: Joined<'a>,
    /// The last line read, be it a blank or a comment line.
    pub(super) last: Line,
    /// The comment lines on the way.
    pub(super) comments: Vec<Span>,
}

/// Joined text with the way back to the file. Most instructions are one line, which needs no copy.
#[derive(Debug)]
pub(super) enum Joined<'a> {
    /// A single line that starts at `start` in the file.
    One { text: &'a str, start: usize },
    /// Several lines; the first starts at `start`.
    Many { cooked: Cooked, start: usize },
}

impl Joined<'_> {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::One { text, .. } => text,
            Self::Many { cooked, .. } => &cooked.text,
        }
    }

    /// The place in the file of a range of the text.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        match self {
            Self::One { start, .. } => Span::new(start + range.start, start + range.end),
            // Nothing but escape characters: no piece knows its place.
            Self::Many { cooked, start } if cooked.text.is_empty() => Span::at(*start),
            Self::Many { cooked, .. } => cooked.span(range),
        }
    }

    /// A part of the text that keeps its way back.
    pub(super) fn cooked(&self, range: Range<usize>) -> Cooked {
        match self {
            Self::One { text, start } => {
                let mut cooked = Cooked::default();
                cooked.push(&text[range.clone()], start + range.start);
                cooked
            }
            Self::Many { cooked, .. } => cooked.slice(range),
        }
    }
}
