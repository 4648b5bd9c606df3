//! The part of Go's regular expressions that a `.dockerignore` pattern can turn into, and a matcher for it.
//!
//! The daemon translates a pattern to text for Go's `regexp` without minding what stands inside brackets or behind a backslash.
//! So `\d` is a digit and `[*]` something odd. Reading that same text by Go's rules reproduces the oddities without a list of them.
//! A translated pattern has no alternation and repeats single characters only; following all its states at once
//! takes time in proportion to path times pattern, whatever the pattern.

use super::class::{Class, DIGIT, NAMED, Part, SPACE, Set, WORD, is_word};

/// One element of a translated pattern; the whole is their sequence, matched from the start of the path.
#[derive(Clone, Debug, PartialEq)]
enum Item {
    One(Class),
    Star(Class),
    /// The way into `(.*/)?`: either into the `Dirs` that follows, or past it.
    MaybeDirs,
    /// `.*/`: any text up to some slash.
    Dirs,
    /// `^` and `\A`.
    Start,
    /// `$` and `\z`.
    End,
    /// `\b` if true, `\B` if false.
    Boundary(bool),
}

/// A translated pattern, ready to match.
#[derive(Clone, Debug)]
pub(super) struct Regexp {
    items: Vec<Item>,
    /// What every matching path starts with, and the item after it.
    prefix: String,
    after_prefix: usize,
    /// What every matching path ends with.
    suffix: String,
    /// How many slashes every matching path has, if that is certain.
    slashes: Option<usize>,
}

impl Regexp {
    /// Reads the translation of a pattern; the error says why Go would refuse it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut items = Parser { rest: text }.items()?;
        // Every translation starts with `^`, and matching starts there anyway.
        if items.first() == Some(&Item::Start) {
            items.remove(0);
        }
        let literal = |item: &Item| match item {
            Item::One(Class::Char(c)) => Some(*c),
            _ => None,
        };
        let prefix: String = items.iter().map_while(literal).collect();
        let after_prefix = prefix.chars().count();
        let suffix = match items.split_last() {
            Some((Item::End, before)) => before.iter().rev().map_while(literal).collect::<Vec<_>>(),
            // Without an end of its own (`\Q` swallows it) the pattern matches all that goes on.
            _ => Vec::new(),
        };
        let suffix = suffix.into_iter().rev().collect();
        let slashes = count_slashes(&items);
        Ok(Self { items, prefix, after_prefix, suffix, slashes })
    }

    /// What every matching path starts with.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What every matching path ends with.
    pub(super) fn suffix(&self) -> &str {
        &self.suffix
    }

    /// Whether the pattern matches the path, which has so many `slashes`.
    pub(super) fn matches(&self, path: &str, slashes: usize) -> bool {
        if self.slashes.is_some_and(|own| own != slashes) || !path.ends_with(self.suffix.as_str()) {
            return false;
        }
        let Some(rest) = path.strip_prefix(self.prefix.as_str()) else { return false };
        // One mark for each item and one for the end: nearly always a single word.
        if self.items.len() < 64 {
            self.run(rest, 0_u64, 0_u64)
        } else {
            let none = vec![0; self.items.len() / 64 + 1];
            self.run(rest, none.clone(), none)
        }
    }

    /// Goes through what follows the prefix. The marks are the items that may take the next character.
    fn run<M: Marks>(&self, rest: &str, mut now: M, mut next: M) -> bool {
        let mut chars = rest.chars();
        let mut ahead = chars.next();
        if self.reach(self.after_prefix, self.prefix.chars().next_back(), ahead, &mut now) {
            return true;
        }
        while let Some(c) = ahead {
            ahead = chars.next();
            next.clear();
            for word in 0..now.words().len() {
                let mut bits = now.words()[word];
                while bits != 0 {
                    let at = word * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    let to = match self.items.get(at) {
                        Some(Item::One(class)) if class.has(c) => at + 1,
                        Some(Item::Star(class)) if class.has(c) => at,
                        Some(Item::Dirs) => {
                            if c != '\n' {
                                next.mark(at);
                            }
                            if c != '/' {
                                continue;
                            }
                            at + 1
                        }
                        _ => continue,
                    };
                    if self.reach(to, Some(c), ahead, &mut next) {
                        return true;
                    }
                }
            }
            if next.words().iter().all(|word| *word == 0) {
                return false;
            }
            std::mem::swap(&mut now, &mut next);
        }
        false
    }

    /// Marks an item and all that can be reached from it without taking a character; true if that includes the end.
    fn reach<M: Marks>(&self, from: usize, before: Option<char>, after: Option<char>, marks: &mut M) -> bool {
        let mut at = from;
        while marks.mark(at) {
            let Some(item) = self.items.get(at) else { return true };
            at += match item {
                Item::Star(_) => 1,
                Item::MaybeDirs => {
                    marks.mark(at + 1);
                    2
                }
                Item::Start if before.is_none() => 1,
                Item::End if after.is_none() => 1,
                Item::Boundary(wanted) if (before.is_some_and(is_word) != after.is_some_and(is_word)) == *wanted => 1,
                // What takes a character waits for it, and a condition that does not hold ends here.
                _ => return false,
            };
        }
        false
    }
}

/// How many slashes a matching path has, if the pattern fixes their number: most patterns for the wrong depth end here.
fn count_slashes(items: &[Item]) -> Option<usize> {
    let mut count = 0;
    for item in items.strip_suffix(&[Item::End])? {
        match item {
            Item::One(Class::Char('/')) => count += 1,
            Item::One(class) | Item::Star(class) if class.has('/') => return None,
            Item::MaybeDirs | Item::Dirs => return None,
            _ => {}
        }
    }
    Some(count)
}

/// A set of small numbers; a single word serves nearly all patterns without allocation.
trait Marks {
    fn words(&self) -> &[u64];
    fn clear(&mut self);
    /// Adds a number; false if it was there.
    fn mark(&mut self, at: usize) -> bool;
}

impl Marks for u64 {
    fn words(&self) -> &[u64] {
        std::slice::from_ref(self)
    }

    fn clear(&mut self) {
        *self = 0;
    }

    fn mark(&mut self, at: usize) -> bool {
        let old = *self;
        *self |= 1 << at;
        *self != old
    }
}

impl Marks for Vec<u64> {
    fn words(&self) -> &[u64] {
        self
    }

    fn clear(&mut self) {
        self.fill(0);
    }

    fn mark(&mut self, at: usize) -> bool {
        self[at / 64].mark(at % 64)
    }
}

/// Reads the text of a translation as Go's parser would.
struct Parser<'a> {
    rest: &'a str,
}

const BAD_ESCAPE: &str = "its `\\` stands before a character that has no meaning there";
const BAD_CLASS: &str = "its `[` has no `]`";
const BAD_RANGE: &str = "its range runs backwards";
const BAD_NAME: &str = "its class has an unknown name";

impl Parser<'_> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    fn eat(&mut self, text: &str) -> bool {
        self.rest.strip_prefix(text).map(|rest| self.rest = rest).is_some()
    }

    fn items(mut self) -> Result<Vec<Item>, &'static str> {
        let mut items = Vec::new();
        loop {
            if self.eat("(.*/)?") {
                items.extend([Item::MaybeDirs, Item::Dirs]);
                continue;
            }
            let Some(c) = self.next() else { return Ok(items) };
            let item = match c {
                '^' => Item::Start,
                '$' => Item::End,
                '.' => Item::One(Class::NotNewline),
                '[' => Item::One(self.class()?),
                '\\' if self.eat("A") => Item::Start,
                '\\' if self.eat("z") => Item::End,
                '\\' if self.eat("b") => Item::Boundary(true),
                '\\' if self.eat("B") => Item::Boundary(false),
                '\\' if self.eat("Q") => {
                    let (literal, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                    items.extend(literal.chars().map(|c| Item::One(Class::Char(c))));
                    self.rest = rest;
                    continue;
                }
                '\\' => {
                    let mut set = Set::default();
                    if self.escaped_set(&mut set)? {
                        Item::One(set.into_class())
                    } else {
                        Item::One(Class::Char(self.escaped_char()?))
                    }
                }
                '*' => match items.pop() {
                    Some(Item::One(class)) => Item::Star(class),
                    _ => return Err("its `*` repeats nothing"),
                },
                c => Item::One(Class::Char(c)),
            };
            items.push(item);
        }
    }

    /// The class behind a `[`.
    fn class(&mut self) -> Result<Class, &'static str> {
        let mut set = Set { negated: self.eat("^"), ..Set::default() };
        let mut first = true;
        loop {
            // A `]` in first place is an ordinary character.
            if !first && self.eat("]") {
                return Ok(set.into_class());
            }
            first = false;
            if self.named_set(&mut set)? {
                continue;
            }
            let low = if self.eat("\\") {
                if self.escaped_set(&mut set)? {
                    continue;
                }
                self.escaped_char()?
            } else {
                self.next().ok_or(BAD_CLASS)?
            };
            let mut high = low;
            if self.rest.len() >= 2 && self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.next();
                high = if self.eat("\\") { self.escaped_char()? } else { self.next().ok_or(BAD_CLASS)? };
            }
            if high < low {
                return Err(BAD_RANGE);
            }
            set.parts.push(Part::Range(low, high));
        }
    }

    /// A class by name inside a class, as in `[[:alpha:]]`; false if there is none here.
    fn named_set(&mut self, set: &mut Set) -> Result<bool, &'static str> {
        let Some((name, rest)) = self.rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) else {
            return Ok(false);
        };
        let meant = !name.starts_with('^');
        let name = name.strip_prefix('^').unwrap_or(name);
        let (_, ranges) = NAMED.iter().find(|(known, _)| *known == name).ok_or(BAD_NAME)?;
        set.add(ranges, meant);
        self.rest = rest;
        Ok(true)
    }

    /// A class by letter behind a `\`, as in `\d`; false if there is none here.
    fn escaped_set(&mut self, set: &mut Set) -> Result<bool, &'static str> {
        let Some(letter) = self.rest.chars().next() else { return Ok(false) };
        let meant = letter.is_ascii_lowercase();
        match letter {
            'd' | 'D' => set.add(DIGIT, meant),
            's' | 'S' => set.add(SPACE, meant),
            'w' | 'W' => set.add(WORD, meant),
            'p' | 'P' => {
                self.next();
                let category = self.rest.chars().next().filter(|name| "CLMNPSZ".contains(*name)).ok_or(BAD_NAME)?;
                set.parts.push(Part::Category(category, meant));
            }
            _ => return Ok(false),
        }
        self.next();
        Ok(true)
    }

    /// The single character that an escape behind a `\` means.
    fn escaped_char(&mut self) -> Result<char, &'static str> {
        let c = self.next().ok_or(BAD_ESCAPE)?;
        let octal = |c: char| c.to_digit(8);
        match c {
            // A lone digit would be a reference back to a group, which Go does not have.
            '1'..='7' if !self.rest.starts_with(|c| octal(c).is_some()) => Err(BAD_ESCAPE),
            '0'..='7' => {
                let mut value = octal(c).unwrap_or_default();
                for _ in 0..2 {
                    let Some(digit) = self.rest.chars().next().and_then(octal) else { break };
                    value = value * 8 + digit;
                    self.next();
                }
                char::from_u32(value).ok_or(BAD_ESCAPE)
            }
            'x' => {
                let mut digit = || self.next().and_then(|c| c.to_digit(16)).ok_or(BAD_ESCAPE);
                let value = digit()? * 16 + digit()?;
                char::from_u32(value).ok_or(BAD_ESCAPE)
            }
            'a' => Ok('\x07'),
            'f' => Ok('\x0c'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\x0b'),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c),
            _ => Err(BAD_ESCAPE),
        }
    }
}
