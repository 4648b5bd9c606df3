//! Sets of characters, as the classes of Go's regular expressions are.

/// A set of characters.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Class {
    Char(char),
    NotSlash,
    NotNewline,
    Set(Set),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Set {
    pub(super) negated: bool,
    pub(super) parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Range(char, char),
    /// Outside all of these ranges: `\W` and `[:^alpha:]` inside a set.
    Outside(Ranges),
    /// A Unicode category by its letter, as in `\pL`; true if it is meant, false for its complement.
    Category(char, bool),
}

pub(super) type Ranges = &'static [(char, char)];

pub(super) const DIGIT: Ranges = &[('0', '9')];
pub(super) const SPACE: Ranges = &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')];
pub(super) const WORD: Ranges = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

/// The names that Go knows between `[:` and `:]`.
pub(super) const NAMED: &[(&str, Ranges)] = &[
    ("alnum", &[('0', '9'), ('A', 'Z'), ('a', 'z')]),
    ("alpha", &[('A', 'Z'), ('a', 'z')]),
    ("ascii", &[('\0', '\x7f')]),
    ("blank", &[('\t', '\t'), (' ', ' ')]),
    ("cntrl", &[('\0', '\x1f'), ('\x7f', '\x7f')]),
    ("digit", DIGIT),
    ("graph", &[('!', '~')]),
    ("lower", &[('a', 'z')]),
    ("print", &[(' ', '~')]),
    ("punct", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
    ("space", &[('\t', '\r'), (' ', ' ')]),
    ("upper", &[('A', 'Z')]),
    ("word", WORD),
    ("xdigit", &[('0', '9'), ('A', 'F'), ('a', 'f')]),
];

fn within(ranges: Ranges, c: char) -> bool {
    ranges.iter().any(|(low, high)| (*low..=*high).contains(&c))
}

pub(super) fn is_word(c: char) -> bool {
    within(WORD, c)
}

/// Whether a character is of a Unicode category. Exact for `N` and `Z` and for ASCII, close elsewhere:
/// tables for something that no ignore file is known to use would not pay.
fn in_category(category: char, c: char) -> bool {
    match category {
        'C' => c.is_control() || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..) || c == '\u{feff}',
        'L' => c.is_alphabetic() && !c.is_numeric(),
        'M' => matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}'),
        'N' => c.is_numeric(),
        'P' => (c.is_ascii_punctuation() && !is_ascii_symbol(c)) || matches!(c, '\u{2010}'..='\u{2027}'),
        'S' => is_ascii_symbol(c) || matches!(c, '\u{20a0}'..='\u{20cf}' | '\u{2190}'..='\u{23ff}'),
        'Z' => c.is_whitespace() && !c.is_control(),
        _ => false,
    }
}

fn is_ascii_symbol(c: char) -> bool {
    matches!(c, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~')
}

impl Class {
    pub(super) fn has(&self, c: char) -> bool {
        match self {
            Self::Char(own) => *own == c,
            Self::NotSlash => c != '/',
            Self::NotNewline => c != '\n',
            Self::Set(set) => set.parts.iter().any(|part| part.has(c)) != set.negated,
        }
    }
}

impl Part {
    fn has(&self, c: char) -> bool {
        match self {
            Self::Range(low, high) => (*low..=*high).contains(&c),
            Self::Outside(ranges) => !within(ranges, c),
            Self::Category(category, meant) => in_category(*category, c) == *meant,
        }
    }
}

impl Set {
    pub(super) fn add(&mut self, ranges: Ranges, meant: bool) {
        if meant {
            self.parts.extend(ranges.iter().map(|(low, high)| Part::Range(*low, *high)));
        } else {
            self.parts.push(Part::Outside(ranges));
        }
    }

    pub(super) fn into_class(self) -> Class {
        match self.parts.as_slice() {
            [Part::Range('/', '/')] if self.negated => Class::NotSlash,
            [Part::Range(low, high)] if low == high && !self.negated => Class::Char(*low),
            _ => Class::Set(self),
        }
    }
}
