//! Text and places in it: byte spans, files, line and column, and text that was cooked from several places.
//!
//! Inside dockopt a place is a [`Span`] of bytes in one file. Lines and columns exist only at the edges.

use std::{ops::Range, sync::OnceLock};

use smallvec::SmallVec;

/// A range of bytes in one file; `end` is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`, in bytes.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// The empty span before the byte at `offset`.
    pub const fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// Length in bytes.
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether the span holds no byte.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The span as a range to slice text with.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether `other` lies wholly inside.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Names one file of a project; the index of its [`Source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A place in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// The bytes in it.
    pub span: Span,
}

/// Line and column, both counted from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineCol {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// One file: its name and its text. The text never changes.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as it is shown and reported, with `/` between its parts.
    pub path: String,
    /// The text. Bytes that are not UTF-8 are replaced, and `is_utf8` is false.
    pub text: String,
    /// Whether the bytes on disk were UTF-8. Other files are linted but never rewritten.
    pub is_utf8: bool,
    lines: OnceLock<Vec<u32>>,
}

impl Source {
    /// A file of UTF-8 text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), is_utf8: true, lines: OnceLock::new() }
    }

    /// A file from its bytes; what is not UTF-8 is replaced by U+FFFD.
    pub fn from_bytes(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::new(path, text),
            Err(error) => {
                Self { is_utf8: false, ..Self::new(path, String::from_utf8_lossy(error.as_bytes()).into_owned()) }
            }
        }
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// Offsets of the first byte of each line.
    pub fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes());
            std::iter::once(0).chain(breaks.map(|at| at as u32 + 1)).collect()
        })
    }

    /// The line of an offset, from 1.
    pub fn line(&self, offset: u32) -> usize {
        self.line_starts().partition_point(|start| *start <= offset)
    }

    /// The text of the line that an offset stands in, without its line end.
    pub fn line_text(&self, offset: u32) -> &str {
        let start = self.line_starts()[self.line(offset) - 1] as usize;
        self.text[start..].lines().next().unwrap_or_default()
    }

    /// Line and column of an offset.
    pub fn line_col(&self, offset: u32) -> LineCol {
        let line = self.line(offset);
        let start = self.line_starts()[line - 1] as usize;
        let mut end = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        LineCol { line, column: self.text[start..end].chars().count() + 1 }
    }
}

/// The lines of a text, as [`str::lines`] gives them. In long texts, such as lock files, that takes five times as long.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(end) = memchr::memchr(b'\n', rest.as_bytes()) else { return Some(std::mem::take(&mut rest)) };
        let line = &rest[..end];
        rest = &rest[end + 1..];
        Some(line.strip_suffix('\r').unwrap_or(line))
    })
}

/// Text as its reader sees it, put together from pieces of a file, with the way back to the file.
///
/// A `RUN` over several lines reaches the shell without its line continuations and comment lines;
/// a `Cooked` keeps that text and knows where in the file each byte of it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cooked {
    /// The text.
    pub text: String,
    /// The pieces, sorted: each starts at `cooked` in the text and at `source` in the file.
    segments: SmallVec<[Segment; 2]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    cooked: u32,
    source: u32,
}

impl Cooked {
    /// Appends a piece of a file that stands at `source`.
    pub fn push(&mut self, piece: &str, source: usize) {
        if piece.is_empty() {
            return;
        }
        let segment = Segment { cooked: self.text.len() as u32, source: source as u32 };
        let goes_on = self
            .segments
            .last()
            .is_some_and(|last| segment.source.wrapping_sub(last.source) == segment.cooked - last.cooked);
        if !goes_on {
            self.segments.push(segment);
        }
        self.text.push_str(piece);
    }

    /// The place in the file of the byte at `offset`; for the end of the text, the place after its last byte.
    pub fn source(&self, offset: usize) -> usize {
        let offset = offset as u32;
        let after = self.segments.partition_point(|it| it.cooked <= offset);
        match after.checked_sub(1).map(|at| self.segments[at]) {
            Some(it) => (it.source + (offset - it.cooked)) as usize,
            None => 0,
        }
    }

    /// The place in the file of a range of the text. An end that falls on a seam belongs to the piece before it.
    pub fn span(&self, range: Range<usize>) -> Span {
        let start = self.source(range.start);
        if range.is_empty() {
            return Span::at(start);
        }
        Span::new(start, self.source(range.end - 1) + 1)
    }

    /// The place in the file of the whole text.
    pub fn whole(&self) -> Span {
        self.span(0..self.text.len())
    }

    /// A part of the text, with its own way back to the file.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let text = self.text[range.clone()].to_owned();
        let (start, end) = (range.start as u32, range.end as u32);
        let first = self.segments.partition_point(|it| it.cooked <= start).saturating_sub(1);
        let segments = self.segments[first.min(self.segments.len())..]
            .iter()
            .take_while(|it| it.cooked < end.max(start + 1))
            .map(|it| {
                let skip = start.saturating_sub(it.cooked);
                Segment { cooked: it.cooked.saturating_sub(start), source: it.source + skip }
            })
            .collect();
        Self { text, segments }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = Source::new("Dockerfile", "a\nüb\n");
        assert_eq!(source.line_col(4), LineCol { line: 2, column: 2 });
        assert_eq!(source.line_col(6), LineCol { line: 3, column: 1 });
    }

    #[test]
    fn lines_are_those_of_the_standard_library() {
        for text in ["", "a", "a\n", "a\r\n\nb\r", "\n", "\r\n", "a\n\n", "\r\r\n\r"] {
            assert_eq!(lines(text).collect::<Vec<_>>(), text.lines().collect::<Vec<_>>(), "{text:?}");
        }
    }

    #[test]
    fn cooked_text_knows_its_places() {
        // The file: `ab\` at 10, then `cd` at 20.
        let mut cooked = Cooked::default();
        cooked.push("ab", 10);
        cooked.push("cd", 20);
        assert_eq!(cooked.span(0..2), Span::new(10, 12));
        assert_eq!(cooked.span(1..3), Span::new(11, 21));
        assert_eq!(cooked.span(2..4), Span::new(20, 22));
        assert_eq!(cooked.span(4..4), Span::at(22));
        let tail = cooked.slice(1..4);
        assert_eq!(tail.text, "bcd");
        assert_eq!(tail.span(0..1), Span::new(11, 12));
        assert_eq!(tail.span(1..3), Span::new(20, 22));
        assert_eq!(cooked.slice(2..4).span(0..2), Span::new(20, 22));
    }
}
