//! Words: the three ways in which BuildKit cuts a line.

use std::ops::Range;

/// Whether BuildKit's `[\t\v\f\r ]` matches; other white space, such as a no-break space, is text.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x0b | 0x0c | b'\r' | b' ')
}

/// A range of `text` without the white space at its ends.
pub(super) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text[range.clone()].trim_end();
    let end = range.start + part.len();
    end - part.trim_start().len()..end
}

/// Cuts a range of `text` in two at the first blanks, which belong to neither.
pub(super) fn split_first(text: &str, range: Range<usize>) -> (Range<usize>, Range<usize>) {
    let bytes = &text.as_bytes()[range.clone()];
    let length = bytes.iter().position(|it| is_blank(*it)).unwrap_or(bytes.len());
    let blanks = bytes[length..].iter().take_while(|it| is_blank(**it)).count();
    (range.start..range.start + length, range.start + length + blanks..range.end)
}

/// The words of a range of `text` between blanks; quotes mean nothing.
pub(super) fn plain(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut rest = range;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (word, after) = split_first(text, rest.clone());
        rest = after;
        Some(word)
    })
}

/// A word of `ENV`, `LABEL` or `ARG`.
#[derive(Debug)]
pub(super) struct QuotedWord {
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// Where its text ends: an escape character at the very end of the line is dropped.
    pub(super) text_end: usize,
}

/// The words of a range of `text` where quotes and escapes hold words together. Both stay in the words.
pub(super) fn quoted(text: &str, range: Range<usize>, escape: char) -> Vec<QuotedWord> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = text[range.clone()].char_indices().map(|(at, it)| (at + range.start, it));
    while let Some((at, it)) = chars.next() {
        if quote.is_none() && it.is_whitespace() {
            words.extend(start.take().map(|start| QuotedWord { range: start..at, text_end: at }));
            continue;
        }
        let word = *start.get_or_insert(at);
        // Nothing is escaped inside single quotes.
        if it == escape && quote != Some('\'') {
            if chars.next().is_none() {
                words.extend((word < at).then_some(QuotedWord { range: word..range.end, text_end: at }));
                return words;
            }
            continue;
        }
        match quote {
            Some(open) if open == it => quote = None,
            None if matches!(it, '\'' | '"') => quote = Some(it),
            _ => {}
        }
    }
    words.extend(start.map(|start| QuotedWord { range: start..range.end, text_end: range.end }));
    words
}
