//! Dockerfile text to a lossless list of items, exactly as BuildKit's own parser reads it.
//!
//! Parsing never fails: what BuildKit would refuse stands in [`Dockerfile::errors`], beside the items.
//! Nothing here knows what an instruction means.

use std::sync::Arc;

use crate::source::{Cooked, Span};

mod check;
mod dump;
mod flags;
mod heredoc;
mod instruction;
mod json;
mod keyword;
mod lines;
mod parse;
mod words;

pub use dump::dump;
pub use parse::parse;

/// A parsed Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dockerfile {
    /// The items in order. Their spans tile the text: each byte belongs to exactly one.
    pub items: Vec<Item>,
    /// What BuildKit would refuse, in order.
    pub errors: Vec<SyntaxError>,
    /// The escape character: `\`, or a backtick after `# escape=`.
    pub escape: char,
}

impl Dockerfile {
    /// The instructions in order.
    pub fn instructions(&self) -> impl DoubleEndedIterator<Item = &Instruction> {
        self.items.iter().filter_map(|it| match &it.kind {
            ItemKind::Instruction(it) => Some(&**it),
            ItemKind::ByteOrderMark | ItemKind::Blank | ItemKind::Comment | ItemKind::Directive(_) => None,
        })
    }

    /// The parser directives in order.
    pub fn directives(&self) -> impl Iterator<Item = &Directive> {
        // They stand above everything else.
        let head =
            self.items.iter().take_while(|it| matches!(it.kind, ItemKind::ByteOrderMark | ItemKind::Directive(_)));
        head.filter_map(|it| match &it.kind {
            ItemKind::Directive(it) => Some(&**it),
            ItemKind::ByteOrderMark | ItemKind::Blank | ItemKind::Comment | ItemKind::Instruction(_) => None,
        })
    }
}

/// One item: whole physical lines, line ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The bytes of the item.
    pub span: Span,
    /// What it is.
    pub kind: ItemKind,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// The byte-order mark before the first line.
    ByteOrderMark,
    /// A line of white space.
    Blank,
    /// A comment line.
    Comment,
    /// A parser directive: `# syntax=…`, `# escape=…`, `# check=…`.
    Directive(Box<Directive>),
    /// An instruction with its continuation lines and heredocs.
    Instruction(Box<Instruction>),
}

/// A parser directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Its name, in lower case.
    pub name: Word,
    /// Its value.
    pub value: Word,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// From the first byte of the keyword to the last byte of the last line, without its line end.
    /// Heredoc bodies and terminators are part of it.
    /// Where a line with nothing but the escape character comes before the keyword, it starts there.
    pub span: Span,
    /// The keyword, in upper case.
    pub keyword: Word,
    /// The keyword as a value.
    pub kind: Keyword,
    /// The builder flags before the arguments.
    pub flags: Vec<Flag>,
    /// The arguments.
    pub args: Args,
    /// Everything after keyword and flags, as BuildKit joins it: without continuations, comment and blank lines.
    /// Arguments in shell form share it.
    pub rest: Arc<Cooked>,
    /// The heredocs in order. Those of an `ONBUILD` stand both in it and in the instruction inside.
    pub heredocs: Vec<Heredoc>,
    /// Comment lines inside the continuation, line ends excluded.
    pub comments: Vec<Span>,
    /// The index of the stage it stands in (a `FROM` stands in the stage it opens); `None` before the first `FROM`.
    pub stage: Option<usize>,
}

impl Instruction {
    /// Its arguments where they are words or strings; empty for all others.
    pub fn words(&self) -> &[Word] {
        match &self.args {
            Args::Words(words) | Args::Json(words) => words,
            _ => &[],
        }
    }

    /// The flag of that name (without `--`), if it is there.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|it| it.name == name)
    }
}

/// The keywords BuildKit knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Keyword {
    /// `ADD`
    Add,
    /// `ARG`
    Arg,
    /// `CMD`
    Cmd,
    /// `COPY`
    Copy,
    /// `ENTRYPOINT`
    Entrypoint,
    /// `ENV`
    Env,
    /// `EXPOSE`
    Expose,
    /// `FROM`
    From,
    /// `HEALTHCHECK`
    Healthcheck,
    /// `LABEL`
    Label,
    /// `MAINTAINER`
    Maintainer,
    /// `ONBUILD`
    Onbuild,
    /// `RUN`
    Run,
    /// `SHELL`
    Shell,
    /// `STOPSIGNAL`
    Stopsignal,
    /// `USER`
    User,
    /// `VOLUME`
    Volume,
    /// `WORKDIR`
    Workdir,
    /// Any other word; BuildKit refuses it.
    Unknown,
}

/// A word and its place. Where the word was cooked (quotes, continuations), `span` covers all of it in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// The text as BuildKit's parser hands it on.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A builder flag, such as `--from=build`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The name without `--`.
    pub name: String,
    /// What follows `=`, quotes and escapes removed; `None` without `=`.
    pub value: Option<Word>,
    /// The whole flag.
    pub span: Span,
}

/// The arguments of an instruction, in the form that BuildKit's parser gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Args {
    /// Words between white space; no quoting. `FROM`, `EXPOSE`, and `ADD`, `COPY`, `VOLUME` in their plain form; `ARG`.
    Words(Vec<Word>),
    /// A JSON array of strings, decoded.
    Json(Vec<Word>),
    /// Keys and values as written, quotes kept: `ENV`, `LABEL`.
    Pairs(Vec<Pair>),
    /// Text for a shell: `RUN`, `CMD`, `ENTRYPOINT` in shell form.
    Shell(Arc<Cooked>),
    /// The rest of the line as one word: `USER`, `WORKDIR`, `STOPSIGNAL`, `MAINTAINER`, and unknown keywords.
    Text(Word),
    /// `HEALTHCHECK`: its type (`CMD`, `NONE`) and the command.
    Health {
        /// `CMD` or `NONE`, as written.
        kind: Word,
        /// The command: [`Args::Json`] or [`Args::Shell`]; `None` for `NONE`.
        command: Option<Box<Args>>,
    },
    /// `ONBUILD`: the instruction inside.
    Onbuild(Box<Instruction>),
    /// Nothing, where BuildKit accepts that or an error says that it does not.
    None,
}

/// A key and its value, such as in `ENV a=b`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The key as written.
    pub key: Word,
    /// The value as written, quotes kept.
    pub value: Word,
    /// Whether it is in the old form, `ENV key value`.
    pub legacy: bool,
}

/// A heredoc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// Its name, unquoted.
    pub name: String,
    /// The word that opens it, such as `<<-"EOF"`.
    pub opener: Span,
    /// Whether the name was not quoted, so that variables in the body are expanded (by whoever reads it).
    pub expand: bool,
    /// Whether it was `<<-`: leading tabs are stripped from body and terminator.
    pub chomp: bool,
    /// The file descriptor before `<<`, if one is written.
    pub fd: Option<u32>,
    /// The lines of the body, line ends included, terminator excluded. Without a terminator it reaches to the end of the
    /// last line of the file, as the instruction does.
    pub body: Span,
}

/// Something BuildKit would refuse, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

impl SyntaxError {
    /// Whether a line begins with no keyword.
    pub fn is_unknown_instruction(&self) -> bool {
        self.message.ends_with("is no instruction")
    }
}

#[cfg(test)]
mod tests;
