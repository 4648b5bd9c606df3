//! One pattern of a `.dockerignore` against one path.

use std::str::Chars;

use super::regexp::Regexp;

/// How a pattern is matched; the cleaned text of the pattern stands beside it.
#[derive(Clone, Debug)]
pub(super) enum Matcher {
    /// The path is this text.
    Exact(String),
    /// The path starts with this text: a pattern without wildcards but for `**` at its end.
    Prefix(String),
    /// The path ends with this text: a pattern without wildcards but for `**` at its start.
    Suffix(String),
    /// All other patterns.
    Regexp(Regexp),
    /// The daemon fails when it tests a path against this pattern.
    Broken,
}

/// What part of a path must be equal to a known text if a pattern is to match; lets most patterns go untested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key<'a> {
    /// The whole path.
    Path(&'a str),
    /// What stands before the first slash.
    Top(&'a str),
    /// What stands after the last slash.
    Name(&'a str),
    /// What stands after the last dot.
    Extension(&'a str),
    /// Nothing is known.
    None,
}

/// How many slashes a path has; to be counted once for all patterns.
pub(super) fn count_slashes(path: &str) -> usize {
    path.bytes().filter(|byte| *byte == b'/').count()
}

/// What stands before the first `separator`, an ASCII character, or all. Paths are short: a loop is quicker than a search.
pub(super) fn before_first(path: &str, separator: u8) -> &str {
    path.bytes().position(|it| it == separator).map_or(path, |at| &path[..at])
}

/// What stands after the last `separator`, an ASCII character, or all.
pub(super) fn after_last(path: &str, separator: u8) -> &str {
    path.bytes().rposition(|it| it == separator).map_or(path, |at| &path[at + 1..])
}

impl Matcher {
    /// Translates a cleaned pattern; the error says why the daemon would fail on the first path.
    pub(super) fn new(pattern: &str) -> Result<Self, &'static str> {
        #[derive(Clone, Copy, PartialEq)]
        enum Kind {
            Exact,
            Prefix,
            Suffix,
            Regexp,
        }
        let mut kind = Kind::Exact;
        let mut regexp = String::from("^");
        // The daemon's scanner drops a byte order mark, but only from what becomes a regular expression.
        let mut chars = pattern.strip_prefix('\u{feff}').unwrap_or(pattern).chars().peekable();
        let mut first = true;
        while let Some(c) = chars.next() {
            match c {
                '*' if chars.next_if_eq(&'*').is_some() => {
                    chars.next_if_eq(&'/');
                    if chars.peek().is_some() {
                        regexp.push_str("(.*/)?");
                        kind = Kind::Regexp;
                    } else if kind == Kind::Exact {
                        kind = Kind::Prefix;
                    } else {
                        regexp.push_str(".*");
                        kind = Kind::Regexp;
                    }
                    if first {
                        kind = Kind::Suffix;
                    }
                }
                '*' => {
                    regexp.push_str("[^/]*");
                    kind = Kind::Regexp;
                }
                '?' => {
                    regexp.push_str("[^/]");
                    kind = Kind::Regexp;
                }
                '.' | '+' | '(' | ')' | '|' | '{' | '}' | '$' => regexp.extend(['\\', c]),
                '\\' => {
                    regexp.push('\\');
                    if let Some(c) = chars.next() {
                        regexp.push(c);
                        kind = Kind::Regexp;
                    }
                }
                '[' | ']' => {
                    regexp.push(c);
                    kind = Kind::Regexp;
                }
                c => regexp.push(c),
            }
            first = false;
        }
        Ok(match kind {
            Kind::Exact => Self::Exact(pattern.to_owned()),
            Kind::Prefix => Self::Prefix(pattern.strip_suffix("**").unwrap_or(pattern).to_owned()),
            Kind::Suffix => match pattern.strip_prefix("**") {
                Some(suffix) => Self::Suffix(suffix.to_owned()),
                // A byte order mark before `**`: the daemon cuts it in two, and no path ends with the pieces.
                None => Self::Exact(pattern.to_owned()),
            },
            Kind::Regexp => {
                regexp.push('$');
                Self::Regexp(Regexp::parse(&regexp)?)
            }
        })
    }

    /// Whether the pattern matches this very path, which has so many `slashes`; a broken one matches nothing.
    pub(super) fn matches(&self, path: &str, slashes: usize) -> bool {
        match self {
            Self::Exact(text) => path == text,
            Self::Prefix(text) => path.starts_with(text.as_str()),
            // `**/foo` is foo at the top as well.
            Self::Suffix(text) => path.ends_with(text.as_str()) || text.strip_prefix('/') == Some(path),
            Self::Regexp(regexp) => regexp.matches(path, slashes),
            Self::Broken => false,
        }
    }

    /// The part of a path to look for before testing it.
    pub(super) fn key(&self) -> Key<'_> {
        let (prefix, suffix) = match self {
            Self::Exact(text) => return Key::Path(text),
            Self::Prefix(text) => (text.as_str(), ""),
            Self::Suffix(text) => ("", text.as_str()),
            Self::Regexp(regexp) => (regexp.prefix(), regexp.suffix()),
            Self::Broken => ("", ""),
        };
        if prefix.contains('/') {
            Key::Top(before_first(prefix, b'/'))
        } else if suffix.contains('/') {
            Key::Name(after_last(suffix, b'/'))
        } else if suffix.contains('.') {
            Key::Extension(after_last(suffix, b'.'))
        } else {
            Key::None
        }
    }
}

/// What Go's `filepath.Match` says about a pattern when it is tried on the path `.`; the error is what it stumbles over.
///
/// The daemon refuses the build for it. `Match` reads a pattern in pieces, each ending before a `*`, and no further than
/// the first piece that does not match: so `a*[` passes here, and fails when a file is tested if it fails at all.
pub(super) fn check_glob(pattern: &str) -> Result<(), &'static str> {
    let mut rest = pattern;
    loop {
        let piece = rest.trim_start_matches('*');
        let (piece, after) = piece.split_at(piece_end(piece));
        // After the `.` there is nothing left to match, and the piece behind is the last to be read.
        if piece.is_empty() || !piece_takes_dot(piece)? || rest.len() < pattern.len() {
            return Ok(());
        }
        rest = after;
    }
}

/// Where a piece of a glob ends: before the first `*` outside of brackets.
fn piece_end(piece: &str) -> usize {
    let mut in_brackets = false;
    let mut chars = piece.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' => in_brackets = true,
            ']' => in_brackets = false,
            '*' if !in_brackets => return at,
            _ => {}
        }
    }
    piece.len()
}

/// Whether a piece of a glob matches `.`; reads all of it even if not.
fn piece_takes_dot(piece: &str) -> Result<bool, &'static str> {
    let mut rest = piece.chars();
    let mut takes = Vec::new();
    while let Some(c) = rest.next() {
        takes.push(match c {
            '[' => brackets_take_dot(&mut rest)?,
            '\\' => rest.next().ok_or("its `\\` stands before nothing")? == '.',
            c => matches!(c, '?' | '.'),
        });
    }
    Ok(takes == [true])
}

/// Whether the brackets of a glob match `.`; takes them up to their `]`.
fn brackets_take_dot(rest: &mut Chars<'_>) -> Result<bool, &'static str> {
    let negated = rest.as_str().starts_with('^');
    if negated {
        rest.next();
    }
    let mut takes = false;
    let mut empty = true;
    while empty || !rest.as_str().starts_with(']') {
        let low = bracket_char(rest)?;
        let mut high = low;
        if rest.as_str().starts_with('-') {
            rest.next();
            high = bracket_char(rest)?;
        }
        takes |= (low..=high).contains(&'.');
        empty = false;
    }
    rest.next();
    Ok(takes != negated)
}

/// Takes one character, maybe escaped, from inside the brackets of a glob.
fn bracket_char(rest: &mut Chars<'_>) -> Result<char, &'static str> {
    const UNCLOSED: &str = "its `[` has no `]`";
    let c = match rest.next().ok_or(UNCLOSED)? {
        '-' => return Err("its brackets have a `-` without a character on both sides"),
        ']' => return Err("its `]` stands where a character is missing"),
        '\\' => rest.next().ok_or("its `\\` stands before nothing")?,
        c => c,
    };
    if rest.as_str().is_empty() { Err(UNCLOSED) } else { Ok(c) }
}
