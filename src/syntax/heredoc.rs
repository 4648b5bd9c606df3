//! Finds heredocs in a joined line, with BuildKit's shell lexer and its oddities.
//!
//! The lexer knows quotes, backslashes and `$name`, `${name…}`, but neither comments nor arithmetic:
//! `a # <<E` opens a heredoc, and so does `$((1 << 2))`. A line it cannot read has no heredocs.

use std::{iter::Peekable, ops::Range, str::CharIndices};

/// What opens a heredoc.
#[derive(Debug)]
pub(super) struct Opener {
    /// The name, unquoted.
    pub(super) name: String,
    /// The file descriptor, if one is written.
    pub(super) fd: Option<u32>,
    /// Whether it is `<<-`.
    pub(super) chomp: bool,
    /// Whether the name was not quoted.
    pub(super) expand: bool,
}

/// The heredocs that a joined line opens, and where.
pub(super) fn openers(line: &str) -> Vec<(Opener, Range<usize>)> {
    let words = Lexer::new(line, true, true).words().unwrap_or_default();
    words.into_iter().filter_map(|it| Some((opener(&it.text)?, it.range))).collect()
}

/// Reads a word as the opener of a heredoc: `^\d*<<-?\s*[^<]+$`, where the name is one word.
pub(super) fn opener(word: &str) -> Option<Opener> {
    let (fd, rest) = word.split_once("<<")?;
    if !fd.bytes().all(|it| it.is_ascii_digit()) || rest.contains('<') {
        return None;
    }
    let (chomp, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    let [name] = &Lexer::new(rest, false, false).words()?[..] else { return None };
    let [raw] = &Lexer::new(rest, true, false).words()?[..] else { return None };
    let quotes = |it: &Word| it.text.bytes().filter(|it| matches!(it, b'\'' | b'"')).count();
    Some(Opener { name: name.text.clone(), fd: fd.parse().ok(), chomp, expand: quotes(name) == quotes(raw) })
}

/// A word of the shell lexer.
#[derive(Debug)]
struct Word {
    text: String,
    range: Range<usize>,
}

/// What the lexer is inside of. `raw` says whether escapes stay in the text.
#[derive(Clone, Copy, Debug)]
enum Frame {
    /// Double quotes.
    Quotes { raw: bool },
    /// `${name:-`, up to `}`.
    Brace { raw: bool },
    /// `${name/`, up to the second `/`.
    Pattern,
}

/// The lexer. Frames stand on a stack of its own, so that deep nesting cannot exhaust the program's.
struct Lexer<'a> {
    chars: Peekable<CharIndices<'a>>,
    length: usize,
    raw_quotes: bool,
    raw_escapes: bool,
    frames: Vec<Frame>,
    words: Vec<Word>,
    /// The word being read, and where it starts.
    word: String,
    start: usize,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str, raw_quotes: bool, raw_escapes: bool) -> Self {
        Self {
            chars: text.char_indices().peekable(),
            length: text.len(),
            raw_quotes,
            raw_escapes,
            frames: Vec::new(),
            words: Vec::new(),
            word: String::new(),
            start: 0,
        }
    }

    /// All words; `None` where the lexer fails.
    fn words(mut self) -> Option<Vec<Word>> {
        while let Some(&(at, next)) = self.chars.peek() {
            match (self.frames.last().copied(), next) {
                (_, '$') => self.dollar()?,
                (Some(Frame::Quotes { .. }), '"') => self.close(at, self.raw_quotes.then_some('"')),
                (Some(Frame::Quotes { .. }), _) => self.quoted(),
                (Some(Frame::Brace { .. }), '}') => self.close(at, Some('}')),
                (Some(Frame::Pattern), '/') => {
                    self.close(at, Some('/'));
                    self.frames.push(Frame::Brace { raw: true });
                }
                (_, '\'') => self.single_quotes()?,
                (_, '"') => self.double_quotes(),
                (_, '<') => self.arrows(),
                _ => self.plain(),
            }
        }
        if !self.frames.is_empty() {
            return None;
        }
        self.end_word(self.length);
        Some(self.words)
    }

    fn next(&mut self) -> Option<(usize, char)> {
        self.chars.next()
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, it)| *it)
    }

    fn end_word(&mut self, at: usize) {
        if !self.word.is_empty() {
            self.words.push(Word { text: std::mem::take(&mut self.word), range: self.start..at });
        }
    }

    /// Adds a character to the word.
    fn add(&mut self, at: usize, it: char) {
        if self.word.is_empty() {
            self.start = at;
        }
        self.word.push(it);
    }

    /// Adds a character that may separate words. Only the outermost frame decides: quotes protect, braces do not.
    fn add_splitting(&mut self, at: usize, it: char) {
        if it.is_whitespace() && !matches!(self.frames.first(), Some(Frame::Quotes { .. })) {
            self.end_word(at);
        } else {
            self.add(at, it);
        }
    }

    /// Adds a character that separates words only inside braces, where everything does.
    fn add_protected(&mut self, at: usize, it: char) {
        if self.frames.is_empty() { self.add(at, it) } else { self.add_splitting(at, it) }
    }

    fn keeps_escapes(&self) -> bool {
        match self.frames.last() {
            None => self.raw_escapes,
            Some(Frame::Quotes { raw } | Frame::Brace { raw }) => *raw,
            Some(Frame::Pattern) => true,
        }
    }

    fn close(&mut self, at: usize, keep: Option<char>) {
        self.next();
        if let Some(it) = keep {
            self.add_splitting(at, it);
        }
        self.frames.pop();
    }

    fn plain(&mut self) {
        let Some((at, it)) = self.next() else { return };
        if it != '\\' {
            return self.add_splitting(at, it);
        }
        if self.keeps_escapes() {
            self.add_protected(at, it);
        }
        if let Some((at, it)) = self.next() {
            self.add_protected(at, it);
        }
    }

    /// A character inside double quotes.
    fn quoted(&mut self) {
        let Some((at, it)) = self.next() else { return };
        if it != '\\' {
            return self.add_splitting(at, it);
        }
        // BuildKit writes a backslash that escapes nothing twice when it keeps escapes; reading the name undoes it.
        if self.keeps_escapes() {
            self.add_splitting(at, it);
        }
        match self.peek() {
            None => {}
            Some(escaped @ ('"' | '$' | '\\')) => {
                self.next();
                self.add_splitting(at, escaped);
            }
            Some(_) => self.add_splitting(at, it),
        }
    }

    fn single_quotes(&mut self) -> Option<()> {
        let (at, open) = self.next()?;
        if self.raw_quotes {
            self.add_protected(at, open);
        }
        loop {
            let (at, it) = self.next()?;
            if it != open || self.raw_quotes {
                self.add_protected(at, it);
            }
            if it == open {
                return Some(());
            }
        }
    }

    fn double_quotes(&mut self) {
        let raw = self.keeps_escapes();
        if let Some((at, it)) = self.next()
            && self.raw_quotes
        {
            self.add_protected(at, it);
        }
        self.frames.push(Frame::Quotes { raw });
    }

    /// `<`, or `<<` with the blanks after it, which belong to the word: `<< EOF` is one.
    fn arrows(&mut self) {
        let Some((at, it)) = self.next() else { return };
        self.add_protected(at, it);
        if self.peek() != Some('<') {
            return;
        }
        self.next();
        self.add_protected(at, it);
        while let Some((at, blank)) = self.chars.next_if(|(_, it)| it.is_whitespace()) {
            self.add_protected(at, blank);
        }
    }

    /// A variable, which is always unset here and stays as it is written.
    fn dollar(&mut self) -> Option<()> {
        let (at, dollar) = self.next()?;
        self.add_splitting(at, dollar);
        if self.peek() != Some('{') {
            self.name(at);
            return Some(());
        }
        self.next();
        self.add_splitting(at, '{');
        if matches!(self.peek()?, '{' | '}' | ':') {
            return None;
        }
        self.name(at);
        let (_, mut modifier) = self.next()?;
        self.add_splitting(at, modifier);
        if modifier == ':' {
            (_, modifier) = self.next()?;
            self.add_splitting(at, modifier);
        } else if modifier == '}' {
            return Some(());
        } else if modifier == '/' {
            self.chars.next_if(|(_, it)| *it == '/');
            self.frames.push(Frame::Pattern);
            return Some(());
        } else if !matches!(modifier, '+' | '-' | '?' | '#' | '%') {
            return None;
        }
        self.frames.push(Frame::Brace { raw: matches!(modifier, '#' | '%') });
        Some(())
    }

    /// The name of a variable: digits, or one special character, or letters, digits and `_`.
    fn name(&mut self, at: usize) {
        let Some(first) = self.peek() else { return };
        if matches!(first, '@' | '*' | '#' | '?' | '-' | '$' | '!') {
            self.next();
            return self.add_splitting(at, first);
        }
        let digits = first.is_numeric();
        let goes_on = |it: char| it.is_numeric() || (!digits && (it.is_alphabetic() || it == '_'));
        while let Some((_, it)) = self.chars.next_if(|(_, it)| goes_on(*it)) {
            self.add_splitting(at, it);
        }
    }
}
