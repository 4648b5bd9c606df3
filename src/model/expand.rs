//! Variables in instructions, as BuildKit expands them; what is not known stays unknown.

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// This text.
    Known(String),
    /// Nothing.
    Unset,
    /// Something that cannot be told from the files at hand.
    Unknown,
}

/// Expands a word of an instruction: removes quotes and escapes, puts in variables.
/// `None` when a part of it is unknown, or uses a form whose result is not worth computing here (patterns).
pub fn expand(raw: &str, escape: char, lookup: &dyn Fn(&str) -> Value) -> Option<String> {
    if !raw.contains(['$', '\'', '"', escape]) {
        return Some(raw.to_owned());
    }
    let mut reader = Reader { chars: raw.chars().collect(), at: 0, escape, lookup };
    let text = reader.word(None)?;
    Some(text)
}

/// The variables that a word of an instruction uses, those inside `${a:-$b}` included, in the order of the text.
pub fn variables(raw: &str, escape: char) -> Vec<&str> {
    let mut names = Vec::new();
    let mut single = false;
    let mut double = false;
    let mut chars = raw.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\'' if !double => single = !single,
            _ if single => {}
            '"' => double = !double,
            char if char == escape => {
                chars.next();
            }
            '$' => {
                let rest = &raw[at + 1..];
                let rest = rest.strip_prefix('{').unwrap_or(rest);
                let end = rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(rest.len());
                // `$1` and its like are never set, and nobody misses them.
                if !rest[..end].is_empty() && !rest.starts_with(|it: char| it.is_ascii_digit()) {
                    names.push(&rest[..end]);
                }
            }
            _ => {}
        }
    }
    names
}

/// Whether a word uses a variable in a form that the builder refuses, such as `${name.part}` or `${name:part}`: another
/// tool fills it in.
pub fn is_refused(raw: &str, name: &str) -> bool {
    let is_known = |rest: &str| match rest.strip_prefix(':') {
        Some(rest) => rest.starts_with(['-', '+', '?']),
        None => !rest.starts_with('.'),
    };
    raw.split("${").skip(1).filter_map(|it| it.strip_prefix(name)).any(|it| !is_known(it))
}

/// Longer values, in bytes, are not worth knowing: a few lines of `ENV X=$X$X` would fill the memory.
const LONGEST: usize = 32 * 1024;

struct Reader<'a> {
    chars: Vec<char>,
    at: usize,
    escape: char,
    lookup: &'a dyn Fn(&str) -> Value,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let char = self.chars.get(self.at).copied();
        self.at += usize::from(char.is_some());
        char
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Text up to `end` (consumed) or the end of the word.
    fn word(&mut self, end: Option<char>) -> Option<String> {
        let mut text = String::new();
        while let Some(char) = self.next() {
            if text.len() > LONGEST {
                return None;
            }
            if Some(char) == end {
                return Some(text);
            }
            match char {
                '\'' => {
                    while let Some(inner) = self.next().filter(|it| *it != '\'') {
                        text.push(inner);
                    }
                }
                '"' => self.double_quoted(&mut text)?,
                '$' => text.push_str(&self.variable()?),
                char if char == self.escape => text.extend(self.next()),
                char => text.push(char),
            }
        }
        end.is_none().then_some(text)
    }

    fn double_quoted(&mut self, text: &mut String) -> Option<()> {
        while let Some(char) = self.next() {
            if text.len() > LONGEST {
                return None;
            }
            match char {
                '"' => return Some(()),
                '$' => text.push_str(&self.variable()?),
                char if char == self.escape => match self.next() {
                    Some(it) if it == '"' || it == '$' || it == self.escape => text.push(it),
                    other => {
                        text.push(char);
                        text.extend(other);
                    }
                },
                char => text.push(char),
            }
        }
        Some(())
    }

    /// What stands behind `$`.
    fn variable(&mut self) -> Option<String> {
        let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
        match self.peek() {
            Some('{') => {
                self.at += 1;
                let name = self.name(is_name);
                self.modified(&name)
            }
            Some(it) if it.is_ascii_digit() || "@*#?-$!".contains(it) => {
                self.at += 1;
                Some(String::new())
            }
            Some(it) if is_name(it) => {
                let name = self.name(is_name);
                match (self.lookup)(&name) {
                    Value::Known(text) => Some(text),
                    Value::Unset => Some(String::new()),
                    Value::Unknown => None,
                }
            }
            _ => Some("$".to_owned()),
        }
    }

    fn name(&mut self, is_name: impl Fn(char) -> bool) -> String {
        let mut name = String::new();
        while let Some(char) = self.peek().filter(|it| is_name(*it)) {
            name.push(char);
            self.at += 1;
        }
        name
    }

    /// The rest of `${name…}`.
    fn modified(&mut self, name: &str) -> Option<String> {
        let value = (self.lookup)(name);
        let mut operator = self.next()?;
        let colon = operator == ':';
        if colon {
            operator = self.next()?;
        }
        match operator {
            '}' if !colon => match value {
                Value::Known(text) => Some(text),
                Value::Unset => Some(String::new()),
                Value::Unknown => None,
            },
            '-' | '+' | '?' => {
                let other = self.word(Some('}'));
                let set = match &value {
                    Value::Known(text) => !(colon && text.is_empty()),
                    Value::Unset => false,
                    Value::Unknown => return None,
                };
                match (operator, set, value) {
                    ('-' | '?', true, Value::Known(text)) => Some(text),
                    ('-', _, _) | ('+', true, _) => other,
                    ('+', false, _) => Some(String::new()),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(raw: &str) -> Option<String> {
        expand(raw, '\\', &|name| match name {
            "a" => Value::Known("A".to_owned()),
            "empty" => Value::Known(String::new()),
            "far" => Value::Unknown,
            _ => Value::Unset,
        })
    }

    #[test]
    fn variables_are_found_in_words() {
        for (raw, names) in [
            ("x", &[][..]),
            ("$a/${b}", &["a", "b"]),
            ("${a:-x$b}", &["a", "b"]),
            ("'$a'\"$b\"\\$c", &["b"]),
            ("\"it's $a\"", &["a"]),
            ("$1 $$ $", &[]),
        ] {
            assert_eq!(variables(raw, '\\'), names, "{raw}");
        }
    }

    #[test]
    fn what_the_builder_refuses_is_for_others() {
        for raw in ["${a.b.c}", "x${a:b}", "$a ${a:0:2}"] {
            assert!(is_refused(raw, "a"), "{raw}");
        }
        for raw in ["${a}", "$a.b", "${a:-b}", "${a:+b.c}", "${a:?b}", "${a%.b}", "${ab.c}"] {
            assert!(!is_refused(raw, "a"), "{raw}");
        }
    }

    #[test]
    fn words_expand_as_in_buildkit() {
        for (raw, result) in [
            ("x", Some("x")),
            ("$a", Some("A")),
            ("${a}b", Some("Ab")),
            ("$ab", Some("")),
            ("'$a'", Some("$a")),
            ("\"$a b\"", Some("A b")),
            ("\\$a", Some("$a")),
            ("${b:-x$a}", Some("xA")),
            ("${empty:-x}", Some("x")),
            ("${empty-x}", Some("")),
            ("${a:+y}", Some("y")),
            ("${b:+y}", Some("")),
            ("$far", None),
            ("${far:-x}", None),
            ("${a%x}", None),
            ("a\\ b", Some("a b")),
            ("\"a\\nb\"", Some("a\\nb")),
            ("$", Some("$")),
        ] {
            assert_eq!(with(raw).as_deref(), result, "{raw}");
        }
    }
}
