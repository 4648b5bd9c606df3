//! One instruction: keyword, flags and arguments from its joined line.

use std::{ops::Range, sync::Arc};

use super::{
    Args, Flag, Instruction, Keyword, Pair, SyntaxError, Word, flags,
    flags::RawFlag,
    json::{self, Array},
    lines::Joined,
    words,
};
use crate::source::{Cooked, Span};

/// Reads the instruction that `joined` holds, all but its heredocs.
pub(super) fn read(joined: &Joined<'_>, span: Span, escape: char, errors: &mut Vec<SyntaxError>) -> Instruction {
    let mut reader = Reader { joined, escape, end: span.end, errors };
    let whole = 0..joined.text().len();
    Instruction { span, ..reader.instruction(whole, false) }
}

struct Reader<'a> {
    joined: &'a Joined<'a>,
    escape: char,
    /// Where the instruction ends in the file.
    end: u32,
    errors: &'a mut Vec<SyntaxError>,
}

impl Reader<'_> {
    fn instruction(&mut self, range: Range<usize>, inner: bool) -> Instruction {
        let text = self.joined.text();
        let range = words::trim(text, range);
        let (keyword, rest) = words::split_first(text, range);
        let (flags, start) = flags::split(text, rest.clone());
        let rest = words::trim(text, start..rest.end);
        let kind = Keyword::parse(&text[keyword.clone()]);
        let cooked = Arc::new(self.joined.cooked(rest.clone()));
        let args = if rest.is_empty() { Args::None } else { self.args(kind, rest, &cooked, inner) };
        let flags = flags.into_iter().map(|it| self.flag(it)).collect();
        let span = self.joined.span(keyword.clone());
        let keyword = Word { text: text[keyword].to_uppercase(), span };
        Instruction {
            span: Span { start: span.start, end: self.end },
            keyword,
            kind,
            flags,
            args,
            rest: cooked,
            heredocs: Vec::new(),
            comments: Vec::new(),
            stage: None,
        }
    }

    fn flag(&self, raw: RawFlag) -> Flag {
        let value = raw.equals.map(|(cooked, at)| Word {
            text: raw.text[cooked + 1..].to_owned(),
            span: self.joined.span(at + 1..raw.range.end),
        });
        let mut name = raw.text;
        name.truncate(raw.equals.map_or(name.len(), |(cooked, _)| cooked));
        name.drain(..2);
        Flag { name, value, span: self.joined.span(raw.range) }
    }

    /// The arguments that fill a range; `rest` is what is cooked from it.
    fn args(&mut self, kind: Keyword, range: Range<usize>, rest: &Arc<Cooked>, inner: bool) -> Args {
        match kind {
            Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell => match self.json(range) {
                Some(strings) => Args::Json(strings),
                None => Args::Shell(Arc::clone(rest)),
            },
            Keyword::Add | Keyword::Copy | Keyword::Volume => match self.json(range.clone()) {
                Some(strings) => Args::Json(strings),
                None => self.plain(range),
            },
            Keyword::From | Keyword::Expose => self.plain(range),
            Keyword::Env | Keyword::Label => self.pairs(kind, range),
            Keyword::Arg => {
                let words = words::quoted(self.joined.text(), range, self.escape);
                Args::Words(words.into_iter().map(|it| self.cut_word(it.range, it.text_end)).collect())
            }
            Keyword::Healthcheck => self.health(range),
            // An `ONBUILD` inside another is refused; looking no deeper bounds the nesting.
            Keyword::Onbuild if !inner => Args::Onbuild(Box::new(self.instruction(range, true))),
            Keyword::Onbuild
            | Keyword::User
            | Keyword::Workdir
            | Keyword::Stopsignal
            | Keyword::Maintainer
            | Keyword::Unknown => Args::Text(self.word(range)),
        }
    }

    fn word(&self, range: Range<usize>) -> Word {
        let end = range.end;
        self.cut_word(range, end)
    }

    /// The word of a range whose text ends early.
    fn cut_word(&self, range: Range<usize>, text_end: usize) -> Word {
        Word { text: self.joined.text()[range.start..text_end].to_owned(), span: self.joined.span(range) }
    }

    fn error(&mut self, range: Range<usize>, message: String) {
        self.errors.push(SyntaxError { span: self.joined.span(range), message });
    }

    fn plain(&self, range: Range<usize>) -> Args {
        Args::Words(words::plain(self.joined.text(), range).map(|it| self.word(it)).collect())
    }

    /// The strings of a range in JSON form.
    fn json(&mut self, range: Range<usize>) -> Option<Vec<Word>> {
        match json::array(&self.joined.text()[range.clone()]) {
            Array::Strings(strings) => {
                let place = |it: Range<usize>| self.joined.span(range.start + it.start..range.start + it.end);
                Some(strings.into_iter().map(|(text, it)| Word { text, span: place(it) }).collect())
            }
            Array::Mixed => {
                self.error(range, "a JSON array of arguments can hold only strings".to_owned());
                None
            }
            Array::Not => None,
        }
    }

    fn pairs(&mut self, kind: Keyword, range: Range<usize>) -> Args {
        let words = words::quoted(self.joined.text(), range.clone(), self.escape);
        let text = self.joined.text();
        let mut pairs = Vec::with_capacity(words.len());
        for (index, it) in words.into_iter().enumerate() {
            let Some(equals) = text[it.range.start..it.text_end].find('=') else {
                if index == 0 {
                    return self.legacy_pair(kind, range);
                }
                let message = format!("`{}` has no `=`: {kind} takes `name=value`", &text[it.range.clone()]);
                self.error(it.range, message);
                continue;
            };
            let equals = it.range.start + equals;
            let key = self.word(it.range.start..equals);
            pairs.push(Pair { key, value: self.cut_word(equals + 1..it.range.end, it.text_end), legacy: false });
        }
        Args::Pairs(pairs)
    }

    /// `ENV key value`: everything after the key is the value.
    fn legacy_pair(&mut self, kind: Keyword, range: Range<usize>) -> Args {
        let text = self.joined.text();
        let (key, value) = words::split_first(text, range);
        if value.is_empty() {
            self.error(key.clone(), format!("`{}` has no value: {kind} takes `name=value`", &text[key.clone()]));
        }
        Args::Pairs(vec![Pair { key: self.word(key), value: self.word(value), legacy: true }])
    }

    fn health(&mut self, range: Range<usize>) -> Args {
        let text = self.joined.text();
        let length = text[range.clone()].find(char::is_whitespace).unwrap_or(range.len());
        let kind = range.start..range.start + length;
        let rest = words::trim(text, kind.end..range.end);
        let command = (!rest.is_empty()).then(|| {
            Box::new(match self.json(rest.clone()) {
                Some(strings) => Args::Json(strings),
                None => Args::Shell(Arc::new(self.joined.cooked(rest))),
            })
        });
        Args::Health { kind: self.word(kind), command }
    }
}
