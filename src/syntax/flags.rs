//! The builder flags at the front of an instruction's arguments.

use std::ops::Range;

use super::words::is_blank;

/// A flag as it is read: quotes and escapes are gone from the text.
#[derive(Debug)]
pub(super) struct RawFlag {
    /// The text, from `--` on.
    pub(super) text: String,
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// Where its first `=` stands: in the text and in the line.
    pub(super) equals: Option<(usize, usize)>,
}

/// The flags at the front of a range of `text`, and where the arguments start.
///
/// The escape character is always the backslash here, whatever the directive says.
pub(super) fn split(text: &str, range: Range<usize>) -> (Vec<RawFlag>, usize) {
    let mut flags = Vec::new();
    let mut at = range.start;
    loop {
        let blanks = text.as_bytes()[at..range.end].iter().take_while(|it| is_blank(**it)).count();
        at += blanks;
        if !text[at..range.end].starts_with("--") {
            return (flags, at);
        }
        let flag = word(text, at..range.end);
        at = flag.range.end;
        // A bare `--` ends the flags and is dropped.
        if flag.text == "--" {
            return (flags, at);
        }
        flags.push(flag);
    }
}

/// The word at the front of a range.
fn word(text: &str, range: Range<usize>) -> RawFlag {
    let mut flag = RawFlag { text: String::new(), range: range.clone(), equals: None };
    let mut quote = None;
    let mut chars = text[range.clone()].char_indices().map(|(at, it)| (at + range.start, it));
    while let Some((at, mut it)) = chars.next() {
        if quote == Some(it) {
            quote = None;
            continue;
        }
        if quote.is_none() {
            if u8::try_from(it).is_ok_and(is_blank) {
                flag.range.end = at;
                break;
            }
            if matches!(it, '\'' | '"') {
                quote = Some(it);
                continue;
            }
        }
        if it == '\\' {
            match chars.next() {
                Some((_, escaped)) => it = escaped,
                None => break,
            }
        }
        if it == '=' && flag.equals.is_none() {
            flag.equals = Some((flag.text.len(), at));
        }
        flag.text.push(it);
    }
    flag
}
