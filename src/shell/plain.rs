//! A reader for the shell text that is usual: commands of words, quotes and variables, lists, conditions and loops.
//!
//! The whole grammar of a shell takes much longer to go through.
//! What this reader takes, it reads as [`super::lower`] does, to the last span; a test holds the two against each other.
//! At the first thing that it does not know (a heredoc, a function, backquotes), it gives up, and the other one starts
//! anew.

use std::ops::Range;

use smallvec::smallvec;

use super::{
    Assignment, Command, Compound, CompoundKind, List, ListItem, Node, Operator, OperatorKind, Piece, Redirect, Script,
    Word,
    lower::parse_inner,
    word::{is_name, push_literal, unquoted},
    wrapper,
};
use crate::source::{Cooked, Span};

/// Lists within one another deeper than this are left to the other reader.
const MAX_DEPTH: usize = 16;

/// Words that mean something else than a program where a command starts.
const RESERVED: &[&str] = &[
    "!", "[[", "always", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "foreach", "function",
    "if", "in", "repeat", "select", "then", "time", "until", "while", "{", "}",
];

/// Builtins whose arguments are declarations.
const DECLARATIONS: &[&str] = &["declare", "export", "float", "integer", "local", "readonly", "typeset"];

/// Reads a text if it is plain.
pub(super) fn parse(cooked: &Cooked, shells: usize) -> Option<Script> {
    let mut reader = Reader { cooked, text: &cooked.text, at: 0, shells, depth: 0, comments: Vec::new() };
    let list = reader.list(&[])?;
    (reader.at == reader.text.len()).then(|| reader.script(list))
}

/// Something that this reader does not know.
#[derive(Debug)]
struct NotPlain;

/// Where reading stands. Offsets are those of the cooked text.
struct Reader<'a> {
    cooked: &'a Cooked,
    text: &'a str,
    at: usize,
    /// How many `sh -c` may still be entered.
    shells: usize,
    /// How many lists are open.
    depth: usize,
    comments: Vec<Span>,
}

impl Reader<'_> {
    fn script(&mut self, list: List) -> Script {
        Script { list, comments: std::mem::take(&mut self.comments), heredocs: Vec::new() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn peek_second(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at + 1).copied()
    }

    fn span(&self, range: Range<usize>) -> Span {
        self.cooked.span(range)
    }

    /// Blanks and continued lines.
    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.peek_second() == Some(b'\n') => self.at += 2,
                _ => return,
            }
        }
    }

    /// Blanks, line ends and comments.
    fn gap(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.comment(),
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let rest = &self.text[self.at..];
        let end = self.at + rest.find('\n').unwrap_or(rest.len());
        self.comments.push(self.span(self.at..end));
        self.at = end;
    }

    /// Whether the list is at its end, which is one of `closers`, or else that of the text.
    fn is_closed(&self, closers: &[&str]) -> bool {
        let rest = &self.text[self.at..];
        if closers.is_empty() {
            return rest.is_empty();
        }
        closers.iter().any(|it| {
            let is_word = it.ends_with(|it: char| it.is_ascii_alphabetic() || it == '}');
            rest.strip_prefix(it).is_some_and(|rest| !is_word || rest.bytes().next().is_none_or(ends_word))
        })
    }

    /// Passes a word that has to stand here.
    fn keyword(&mut self, word: &str) -> Option<()> {
        self.is_closed(&[word]).then(|| self.at += word.len())
    }

    /// Commands up to one of `closers`, or to the end of the text.
    fn list(&mut self, closers: &[&str]) -> Option<List> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let list = self.members(closers)?;
        self.depth -= 1;
        Some(list)
    }

    fn members(&mut self, closers: &[&str]) -> Option<List> {
        let mut items: Vec<ListItem> = Vec::new();
        let mut operator = None;
        self.gap();
        loop {
            let node = self.pipeline()?;
            items.push(ListItem { operator: operator.take(), node, terminator: None });
            self.blanks();
            if self.peek() == Some(b'#') {
                self.comment();
            }
            let start = self.at;
            let (kind, length) = match (self.peek(), self.peek_second()) {
                _ if self.is_closed(closers) => break,
                (Some(b'&'), Some(b'&')) => (OperatorKind::And, 2),
                (Some(b'|'), Some(b'|')) => (OperatorKind::Or, 2),
                (Some(b';'), Some(b';' | b'&' | b'|')) | (Some(b'&'), Some(b'|' | b'!')) => return None,
                (Some(b';'), _) => (OperatorKind::Semicolon, 1),
                (Some(b'&'), _) => (OperatorKind::Background, 1),
                (Some(b'\n'), _) => (OperatorKind::Newline, 1),
                _ => return None,
            };
            self.at = start + length;
            let found = Operator { kind, span: self.span(start..self.at) };
            self.gap();
            if !self.is_closed(closers) {
                operator = Some(found);
                continue;
            }
            match kind {
                OperatorKind::And | OperatorKind::Or => return None,
                OperatorKind::Semicolon | OperatorKind::Background => items.last_mut()?.terminator = Some(found),
                OperatorKind::Newline => {}
            }
            break;
        }
        Some(List { items })
    }

    fn pipeline(&mut self) -> Option<Node> {
        let start = self.at;
        let negated = self.peek() == Some(b'!') && matches!(self.peek_second(), Some(b' ' | b'\t'));
        if negated {
            self.at += 1;
            self.blanks();
        }
        let mut members = vec![self.node()?];
        loop {
            let end = self.at;
            self.blanks();
            if self.peek() == Some(b'|') && self.peek_second() != Some(b'|') {
                self.at += 1;
                self.gap();
                members.push(self.node()?);
                continue;
            }
            return if members.len() == 1 && !negated {
                members.pop()
            } else {
                Some(Node::Pipeline { members, negated, span: self.span(start..end) })
            };
        }
    }

    fn node(&mut self) -> Option<Node> {
        let rest = &self.text[self.at..];
        let length = rest.bytes().position(|it| !it.is_ascii_lowercase()).unwrap_or(rest.len());
        let word = if matches!(rest.bytes().next(), Some(b'{' | b'(')) { &rest[..1] } else { &rest[..length] };
        let is_word = word == "(" || rest.as_bytes().get(word.len()).is_none_or(|it| ends_word(*it));
        match word {
            "(" if !rest.starts_with("((") => self.compound(CompoundKind::Subshell),
            "{" if is_word => self.compound(CompoundKind::Group),
            "if" | "case" if is_word => self.compound(CompoundKind::Conditional),
            "for" | "while" | "until" if is_word => self.compound(CompoundKind::Loop),
            _ if rest.starts_with('!') => None,
            _ => self.command(),
        }
    }

    fn compound(&mut self, kind: CompoundKind) -> Option<Node> {
        let start = self.at;
        let (mut lists, mut words) = (Vec::new(), Vec::new());
        match (kind, self.peek()?) {
            (CompoundKind::Subshell, _) => {
                self.at += 1;
                lists.push(self.list(&[")"])?);
                self.keyword(")")?;
            }
            (CompoundKind::Group, _) => {
                self.at += 1;
                lists.push(self.list(&["}"])?);
                self.keyword("}")?;
            }
            (CompoundKind::Conditional, b'i') => {
                self.keyword("if")?;
                loop {
                    lists.push(self.list(&["then"])?);
                    self.keyword("then")?;
                    lists.push(self.list(&["elif", "else", "fi"])?);
                    if self.keyword("elif").is_none() {
                        break;
                    }
                }
                if self.keyword("else").is_some() {
                    lists.push(self.list(&["fi"])?);
                }
                self.keyword("fi")?;
            }
            (CompoundKind::Conditional, _) => self.cases(&mut lists, &mut words)?,
            (CompoundKind::Loop, b'f') => {
                self.for_words(&mut words)?;
                self.body(&mut lists)?;
            }
            (CompoundKind::Loop, first) => {
                self.keyword(if first == b'w' { "while" } else { "until" })?;
                lists.push(self.list(&["do"])?);
                self.body(&mut lists)?;
            }
            (CompoundKind::Function, _) => return None,
        }
        let mut redirects = Vec::new();
        let mut end = self.at;
        loop {
            self.blanks();
            let Some(redirect) = self.redirect().ok()? else { break };
            redirects.push(redirect);
            end = self.at;
        }
        self.at = end;
        Some(Node::Compound(Compound { kind, lists, words, redirects, span: self.span(start..end) }))
    }

    /// `do … done`
    fn body(&mut self, lists: &mut Vec<List>) -> Option<()> {
        self.keyword("do")?;
        lists.push(self.list(&["done"])?);
        self.keyword("done")
    }

    /// `for NAME in …`, up to the `do`.
    fn for_words(&mut self, words: &mut Vec<Word>) -> Option<()> {
        self.keyword("for")?;
        self.blanks();
        let rest = &self.text[self.at..];
        let name = &rest[..rest.bytes().position(ends_word)?];
        if !is_name(name) {
            return None;
        }
        self.at += name.len();
        self.blanks();
        self.keyword("in")?;
        self.blanks();
        while !self.is_word_end() && self.peek() != Some(b'#') {
            words.push(self.word(self.at)?);
            self.blanks();
        }
        if !matches!(self.peek()?, b';' | b'\n') {
            return None;
        }
        self.at += 1;
        self.gap();
        Some(())
    }

    /// `case … esac`, with patterns of letters, digits, quotes and stars.
    fn cases(&mut self, lists: &mut Vec<List>, words: &mut Vec<Word>) -> Option<()> {
        self.keyword("case")?;
        self.blanks();
        words.push(self.word(self.at)?);
        self.blanks();
        self.keyword("in")?;
        self.gap();
        while self.keyword("esac").is_none() {
            let rest = &self.text[self.at..];
            let pattern = &rest[..rest.find(')')?];
            let is_plain = |it: u8| it.is_ascii_alphanumeric() || b" _.*|'\"-".contains(&it);
            if pattern.is_empty() || !pattern.bytes().all(is_plain) {
                return None;
            }
            self.at += pattern.len() + 1;
            lists.push(self.list(&[";;", "esac"])?);
            if self.text[self.at..].starts_with(";;") {
                self.at += 2;
                self.gap();
            }
        }
        Some(())
    }

    fn command(&mut self) -> Option<Node> {
        let start = self.at;
        let mut end = start;
        let mut words: Vec<Word> = Vec::new();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut assignments = Vec::new();
        let mut redirects = Vec::new();
        let mut declares = false;
        loop {
            match self.peek() {
                None | Some(b';' | b'|' | b'\n' | b'(' | b')' | b'#') => break,
                Some(b'&') if self.peek_second() != Some(b'>') => break,
                _ => {}
            }
            let from = self.at;
            if let Some(redirect) = self.redirect().ok()? {
                redirects.push(redirect);
            } else if declares {
                assignments.push(self.declaration()?);
            } else if let Some(assignment) = if words.is_empty() { self.assignment().ok()? } else { None } {
                assignments.push(assignment);
            } else {
                let word = self.word(from)?;
                if words.is_empty() {
                    let bare = &self.text[from..self.at];
                    declares = DECLARATIONS.contains(&bare);
                    if RESERVED.contains(&bare) || declares && bare != "export" {
                        return None;
                    }
                }
                words.push(word);
                ranges.push(from..self.at);
            }
            end = self.at;
            self.blanks();
        }
        if end == start {
            return None;
        }
        self.at = end;
        let script = match wrapper::shell_text(&words).filter(|_| self.shells > 0) {
            Some(index) => {
                let text = unquoted(self.cooked, ranges.get(index)?.clone());
                text.map(|text| Box::new(parse_inner(&text, self.shells - 1)))
            }
            None => None,
        };
        let span = self.span(start..end);
        Some(Node::Command(Command { assignments, words: words.into_iter().collect(), redirects, script, span }))
    }

    /// `NAME=value` or `NAME` behind `export`.
    fn declaration(&mut self) -> Option<Assignment> {
        if let Some(assignment) = self.assignment().ok()? {
            return Some(assignment);
        }
        let rest = &self.text[self.at..];
        let name = &rest[..rest.bytes().position(ends_word).unwrap_or(rest.len())];
        if !is_name(name) {
            return None;
        }
        let span = self.span(self.at..self.at + name.len());
        self.at += name.len();
        Some(Assignment { name: name.to_owned(), value: None, span })
    }

    /// `NAME=value`, if that stands here.
    fn assignment(&mut self) -> Result<Option<Assignment>, NotPlain> {
        let rest = &self.text[self.at..];
        let length = rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(rest.len());
        let name = &rest[..length];
        if !is_name(name) {
            return Ok(None);
        }
        match &rest.as_bytes()[length..] {
            // An array, or something is added to the value: `a[1]=b`, `a+=b`.
            [b'[', ..] | [b'+', b'=', ..] => return Err(NotPlain),
            [b'=', ..] => {}
            _ => return Ok(None),
        }
        let start = self.at;
        self.at += length + 1;
        let value = self.at;
        let word = if self.is_word_end() {
            Word { span: self.span(value..value), ..Word::default() }
        } else {
            self.word(value).ok_or(NotPlain)?
        };
        let span = self.span(start..self.at);
        Ok(Some(Assignment { name: name.to_owned(), value: Some(word), span }))
    }

    /// A redirection, if one stands here.
    fn redirect(&mut self) -> Result<Option<Redirect>, NotPlain> {
        let start = self.at;
        let rest = &self.text[start..];
        let digits = rest.len() - rest.trim_start_matches(|it: char| it.is_ascii_digit()).len();
        let sign = &rest[digits..];
        let operator = match sign.as_bytes() {
            [b'<', b'<' | b'>' | b'(', ..] | [b'>', b'(', ..] => return Err(NotPlain),
            [b'&', b'>', b'>', ..] if digits == 0 => "&>>",
            [b'&', b'>', ..] if digits == 0 => "&>",
            [b'>', b'>', ..] => ">>",
            [b'>', b'|', ..] => ">|",
            [b'>', b'&', ..] => ">&",
            [b'<', b'&', ..] => "<&",
            [b'>', ..] => ">",
            [b'<', ..] => "<",
            _ => return Ok(None),
        };
        self.at += digits + operator.len();
        let target = if operator.ends_with('&') {
            // `2>&1`; anything but a number may be a file.
            let from = self.at;
            while self.peek().is_some_and(|it| it.is_ascii_digit()) {
                self.at += 1;
            }
            if from == self.at || !self.is_word_end() || matches!(self.peek(), Some(b'<' | b'>')) {
                return Err(NotPlain);
            }
            let text = self.text[from..self.at].into();
            let span = self.span(from..self.at);
            Word { span, pieces: smallvec![Piece::Literal(text)], substitutions: Vec::new() }
        } else {
            if matches!(self.peek(), Some(b'&' | b'>' | b'<' | b'|')) {
                return Err(NotPlain);
            }
            self.blanks();
            if self.peek() == Some(b'#') {
                return Err(NotPlain);
            }
            self.word(self.at).ok_or(NotPlain)?
        };
        Ok(Some(Redirect { operator: operator.into(), target: Some(target), span: self.span(start..self.at) }))
    }

    /// Whether no word goes on here.
    fn is_word_end(&self) -> bool {
        self.peek().is_none_or(ends_word)
    }

    /// The word that starts here, to its end.
    fn word(&mut self, start: usize) -> Option<Word> {
        let mut out = Word::default();
        while !self.is_word_end() {
            let rest = &self.text[self.at..];
            match rest.as_bytes()[0] {
                b'\'' => {
                    let length = rest[1..].find('\'')?;
                    push_literal(&rest[1..=length], &mut out);
                    self.at += length + 2;
                }
                b'"' => self.double_quoted(&mut out)?,
                b'$' => self.dollar(&mut out)?,
                b'\\' => {
                    let escaped = rest[1..].chars().next().filter(|it| !matches!(it, '\n' | '\r'))?;
                    let length = escaped.len_utf8();
                    push_literal(&rest[1..=length], &mut out);
                    self.at += 1 + length;
                }
                b'*' | b'?' => {
                    out.pieces.push(Piece::Glob(rest[..1].into()));
                    self.at += 1;
                }
                b'~' if self.at == start => {
                    out.pieces.push(Piece::Glob("~".into()));
                    self.at += 1;
                }
                b'{' if self.at == start
                    && rest.starts_with("{}")
                    && rest.as_bytes().get(2).is_none_or(|it| ends_word(*it)) =>
                {
                    push_literal("{}", &mut out);
                    self.at += 2;
                }
                b'[' if self.at == start && rest.as_bytes().get(1).is_none_or(|it| ends_word(*it)) => {
                    push_literal("[", &mut out);
                    self.at += 1;
                }
                b'[' => {
                    // `[]a]` and `[!]a]` hold a `]`.
                    let skip = 1 + usize::from(rest[1..].starts_with(['!', '^']));
                    let skip = skip + usize::from(rest[skip..].starts_with(']'));
                    let length = rest[skip..].find(']')? + skip + 1;
                    if rest[1..length].bytes().any(interrupts) {
                        return None;
                    }
                    out.pieces.push(Piece::Glob(rest[..length].into()));
                    self.at += length;
                }
                // The other reader takes `]$a` for two words, and refuses most words with a `}`.
                b']' if self.at == start && rest.as_bytes().get(1).is_some_and(|it| !ends_word(*it)) => return None,
                b'`' | b'{' | b'}' | b'\r' => return None,
                _ => {
                    // All that ends or interrupts a word is ASCII, so that no character is cut.
                    let length = rest.bytes().skip(1).position(interrupts).map_or(rest.len(), |it| it + 1);
                    push_literal(&rest[..length], &mut out);
                    self.at += length;
                }
            }
        }
        // A pattern in parentheses, or a function.
        if self.at == start || self.peek() == Some(b'(') {
            return None;
        }
        // In `a2>b` the digit is no descriptor, which the other reader may think.
        if matches!(self.peek(), Some(b'<' | b'>')) && self.text.as_bytes()[self.at - 1].is_ascii_digit() {
            return None;
        }
        out.span = self.span(start..self.at);
        Some(out)
    }

    fn double_quoted(&mut self, out: &mut Word) -> Option<()> {
        self.at += 1;
        if self.peek() == Some(b'"') {
            push_literal("", out);
        }
        loop {
            let rest = &self.text[self.at..];
            match rest.as_bytes().first()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'$' => self.dollar(out)?,
                b'`' | b'\r' => return None,
                b'\\' => match rest.as_bytes().get(1)? {
                    b'$' | b'`' | b'"' | b'\\' => {
                        push_literal(&rest[1..2], out);
                        self.at += 2;
                    }
                    b'\n' | b'\r' => return None,
                    _ => {
                        push_literal("\\", out);
                        self.at += 1;
                    }
                },
                _ => {
                    let length = rest.find(['"', '$', '`', '\\', '\r']).unwrap_or(rest.len());
                    push_literal(&rest[..length], out);
                    self.at += length;
                }
            }
        }
    }

    /// `$NAME`, `${NAME}`, `$1`, `$( … )`, or a `$` that is none.
    fn dollar(&mut self, out: &mut Word) -> Option<()> {
        let rest = &self.text[self.at + 1..];
        let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_';
        match *rest.as_bytes().first()? {
            b'(' => return self.substitution(out),
            b'{' => {
                let inner = &rest[1..rest.find('}')?];
                let name = &inner[..inner.find(|it| !is_part(it)).unwrap_or(inner.len())];
                if !is_name(name) || !is_plain_modifier(&inner[name.len()..]) {
                    return None;
                }
                let is_whole = name.len() == inner.len();
                out.pieces.push(if is_whole { Piece::Variable(name.into()) } else { Piece::Unknown });
                self.at += inner.len() + 3;
            }
            first if first.is_ascii_alphabetic() || first == b'_' => {
                let name = &rest[..rest.find(|it| !is_part(it)).unwrap_or(rest.len())];
                out.pieces.push(Piece::Variable(name.into()));
                self.at += 1 + name.len();
            }
            b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-' => {
                out.pieces.push(Piece::Unknown);
                self.at += 2;
            }
            _ => return None,
        }
        // The other reader refuses `"$a}"`.
        (self.peek() != Some(b'}')).then_some(())
    }

    fn substitution(&mut self, out: &mut Word) -> Option<()> {
        if self.text[self.at..].starts_with("$((") {
            return None;
        }
        self.at += 2;
        let comments = std::mem::take(&mut self.comments);
        let list = self.list(&[")"])?;
        let script = self.script(list);
        self.comments = comments;
        self.keyword(")")?;
        out.pieces.push(Piece::Unknown);
        out.substitutions.push(script);
        Some(())
    }
}

/// Whether what stands behind the name in `${…}` is nothing, or a modifier whose operand is mere text.
fn is_plain_modifier(text: &str) -> bool {
    let operand = text.trim_start_matches([':', '-', '+', '=', '?', '#', '%', '/']);
    let sign = &text[..text.len() - operand.len()];
    let signs = ["", ":-", ":+", ":=", ":?", "-", "+", "=", "?", "#", "##", "%", "%%", "%/", "%%/", "/", "//"];
    let is_text = |it: u8| it.is_ascii_alphanumeric() || b"_./:@+,=*-".contains(&it);
    signs.contains(&sign) && (!sign.is_empty() || operand.is_empty()) && operand.bytes().all(is_text)
}

/// Whether a byte ends a word.
fn ends_word(it: u8) -> bool {
    matches!(it, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}

/// Whether a byte ends a bare piece of a word.
fn interrupts(it: u8) -> bool {
    matches!(
        it,
        b' ' | b'\t'
            | b'\n'
            | b'\r'
            | b';'
            | b'&'
            | b'|'
            | b'<'
            | b'>'
            | b'('
            | b')'
            | b'\''
            | b'"'
            | b'$'
            | b'\\'
            | b'*'
            | b'?'
            | b'`'
            | b'['
            | b'{'
            | b'}'
    )
}
