//! The JSON form of arguments: an array of strings, with the place of each string.
//!
//! Go's decoder is the model: half of a surrogate pair becomes U+FFFD instead of an error.

use std::ops::Range;

/// What the text of an instruction's arguments is.
#[derive(Debug)]
pub(super) enum Array {
    /// An array of strings, decoded; the ranges include the quotes.
    Strings(Vec<(String, Range<usize>)>),
    /// An array that holds something else, which BuildKit refuses.
    Mixed,
    /// No JSON array; BuildKit takes it as plain text.
    Not,
}

/// Reads `text`, which has no white space at its ends.
pub(super) fn array(text: &str) -> Array {
    if !text.starts_with('[') {
        return Array::Not;
    }
    if let Some(strings) = (Reader { text, at: 1 }).strings() {
        return Array::Strings(strings);
    }
    match serde_json::from_str::<Vec<serde_json::Value>>(text) {
        Ok(_) => Array::Mixed,
        Err(_) => Array::Not,
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// The strings up to `]`, if that ends the text.
    fn strings(&mut self) -> Option<Vec<(String, Range<usize>)>> {
        let mut strings = Vec::new();
        if self.token()? != b']' {
            self.at -= 1;
            loop {
                if self.token()? != b'"' {
                    return None;
                }
                let start = self.at - 1;
                let string = self.string()?;
                strings.push((string, start..self.at));
                match self.token()? {
                    b',' => {}
                    b']' => break,
                    _ => return None,
                }
            }
        }
        (self.at == self.text.len()).then_some(strings)
    }

    /// The next byte that is not white space.
    fn token(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let skip = rest.iter().position(|it| !matches!(it, b' ' | b'\t' | b'\r' | b'\n'))?;
        self.at += skip + 1;
        Some(rest[skip])
    }

    /// The rest of a string, after its opening quote.
    fn string(&mut self) -> Option<String> {
        let mut string = String::new();
        loop {
            let rest = &self.text[self.at..];
            let length = rest.bytes().position(|it| it < b' ' || matches!(it, b'"' | b'\\'))?;
            string.push_str(&rest[..length]);
            self.at += length + 1;
            match rest.as_bytes()[length] {
                b'"' => return Some(string),
                b'\\' => string.push(self.escape()?),
                _ => return None,
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Option<char> {
        let kind = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return None,
        })
    }

    /// What follows `\u`.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hex(self.at)?;
        self.at += 4;
        if self.text[self.at..].starts_with("\\u")
            && let Some(second) = self.hex(self.at + 2)
            && let Some(Ok(pair)) = char::decode_utf16([first, second]).next()
            && u32::from(pair) > 0xffff
        {
            self.at += 6;
            return Some(pair);
        }
        Some(char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&self, at: usize) -> Option<u16> {
        let digits = self.text.get(at..at + 4)?;
        // `from_str_radix` would take a sign.
        digits.bytes().all(|it| it.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
    }
}
