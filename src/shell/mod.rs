//! Shell text to commands, words and operators, each with its span in the file.
//!
//! What is usual is read by `plain`; all else by `shuck-parser`, whose tree `lower` brings into the same types.
//! What neither understands is [`Node::Opaque`].

use std::{fmt, ops::Deref, sync::Arc};

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::source::Span;

mod compound;
mod invocation;
mod lower;
mod plain;
mod remove;
#[cfg(test)]
mod tests;
mod word;
mod wrapper;

pub use invocation::{Invocation, Setting, exec};
pub use lower::parse;
pub use remove::Removal;

/// Whether a first line of `#!` names a shell whose language [`parse`] reads.
pub fn is_for_shell(text: &str) -> bool {
    let Some(line) = text.lines().next().and_then(|it| it.strip_prefix("#!")) else { return false };
    let mut words = line.split_whitespace();
    let program = words.next().unwrap_or_default();
    // `env -S` takes the rest of the line apart.
    let program =
        if program.ends_with("/env") { words.find(|it| !it.starts_with('-')).unwrap_or_default() } else { program };
    matches!(program.rsplit('/').next().unwrap_or(program), "sh" | "bash" | "ash" | "dash")
}

/// A parsed shell text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The commands.
    pub list: List,
    /// Comments in the shell text itself (`# …` to the end of the joined line).
    pub comments: Vec<Span>,
    /// Bodies of heredocs in the shell text, each from its first byte to the end of its delimiter's line.
    pub heredocs: Vec<Span>,
}

impl Script {
    /// Whether nothing in it is [`Node::Opaque`].
    pub fn is_understood(&self) -> bool {
        fn list(it: &List) -> bool {
            it.items.iter().all(|it| node(&it.node))
        }
        fn node(it: &Node) -> bool {
            match it {
                Node::Command(it) => it.script.as_ref().is_none_or(|it| it.is_understood()),
                Node::Pipeline { members, .. } => members.iter().all(node),
                Node::Compound(it) => it.lists.iter().all(list),
                Node::Opaque(_) => false,
            }
        }
        list(&self.list)
    }

    /// Whether a command gets its input from a pipe, a file or a heredoc.
    pub fn is_fed(&self, command: Span) -> bool {
        fn list(it: &List, command: Span) -> bool {
            it.items.iter().any(|it| node(&it.node, command))
        }
        fn node(it: &Node, command: Span) -> bool {
            if !it.span().contains(command) {
                return false;
            }
            let input = |it: &Redirect| it.operator.starts_with('<');
            match it {
                Node::Command(it) => {
                    it.redirects.iter().any(input) || it.script.as_ref().is_some_and(|it| it.is_fed(command))
                }
                Node::Pipeline { members, .. } => {
                    members.iter().skip(1).any(|it| it.span().contains(command))
                        || members.iter().any(|it| node(it, command))
                }
                Node::Compound(it) => it.redirects.iter().any(input) || it.lists.iter().any(|it| list(it, command)),
                Node::Opaque(_) => true,
            }
        }
        list(&self.list, command)
    }
}

impl Script {
    /// Hands over every node, those in groups, functions and substitutions included; not those of an `sh -c`.
    pub fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        fn list<'a>(it: &'a List, visit: &mut dyn FnMut(&'a Node)) {
            it.items.iter().for_each(|it| node(&it.node, visit));
        }
        fn node<'a>(it: &'a Node, visit: &mut dyn FnMut(&'a Node)) {
            visit(it);
            match it {
                Node::Command(it) => {
                    let values = it.assignments.iter().filter_map(|it| it.value.as_ref());
                    let targets = it.redirects.iter().filter_map(|it| it.target.as_ref());
                    words(it.words.iter().chain(values).chain(targets), visit);
                }
                Node::Pipeline { members, .. } => members.iter().for_each(|it| node(it, visit)),
                Node::Compound(it) => {
                    it.lists.iter().for_each(|it| list(it, visit));
                    words(it.words.iter(), visit);
                }
                Node::Opaque(_) => {}
            }
        }
        fn words<'a>(words: impl Iterator<Item = &'a Word>, visit: &mut dyn FnMut(&'a Node)) {
            words.flat_map(|it| &it.substitutions).for_each(|it| list(&it.list, visit));
        }
        list(&self.list, visit);
    }
}

/// Commands one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The members in order.
    pub items: Vec<ListItem>,
}

/// A member of a [`List`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListItem {
    /// The operator before it; `None` for the first.
    pub operator: Option<Operator>,
    /// What is run.
    pub node: Node,
    /// The `;` or `&` that ends it, where one stands there that joins nothing (`a;` at the end, `a &`).
    pub terminator: Option<Operator>,
}

/// What joins two members of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Which.
    pub kind: OperatorKind,
    /// Where it stands.
    pub span: Span,
}

/// The operators of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorKind {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `;`
    Semicolon,
    /// `&`
    Background,
    /// A line end (in heredocs).
    Newline,
}

/// Something a list can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A simple command, builtins and declarations (`export`) included.
    Command(Command),
    /// Commands joined by `|`.
    Pipeline {
        /// The members; at least two, or one behind `!`.
        members: Vec<Node>,
        /// Whether `!` stands before it.
        negated: bool,
        /// From the first to the last byte.
        span: Span,
    },
    /// `( … )`, `{ …; }`, `if`, `for`, `while`, `until`, `case`, `select`, a function.
    Compound(Compound),
    /// What was not understood.
    Opaque(Span),
}

impl Node {
    /// From its first to its last byte.
    pub fn span(&self) -> Span {
        match self {
            Self::Command(it) => it.span,
            Self::Pipeline { span, .. } | Self::Opaque(span) => *span,
            Self::Compound(it) => it.span,
        }
    }
}

/// A simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// `NAME=value` before the words, or the arguments of `export`, `declare`, `local`, `readonly`.
    pub assignments: Vec<Assignment>,
    /// The words; the first is the program.
    pub words: Words,
    /// The redirections.
    pub redirects: Vec<Redirect>,
    /// What `sh -c` runs, where its text could be read; its spans are those of the file too.
    pub script: Option<Box<Script>>,
    /// From the first to the last byte of all of these.
    pub span: Span,
}

/// The words of a command, or those from the program behind `sudo` and its kind on. Copies share them.
#[derive(Clone, Default)]
pub struct Words {
    all: Arc<[Word]>,
    start: usize,
}

impl Words {
    /// The words from the one of that index on.
    #[must_use]
    pub fn from(&self, index: usize) -> Self {
        Self { all: Arc::clone(&self.all), start: (self.start + index).min(self.all.len()) }
    }
}

impl Deref for Words {
    type Target = [Word];

    fn deref(&self) -> &[Word] {
        &self.all[self.start..]
    }
}

impl FromIterator<Word> for Words {
    fn from_iter<I: IntoIterator<Item = Word>>(words: I) -> Self {
        Self { all: words.into_iter().collect(), start: 0 }
    }
}

impl<'a> IntoIterator for &'a Words {
    type Item = &'a Word;
    type IntoIter = std::slice::Iter<'a, Word>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Words {}

/// A variable that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its value; `None` for arrays and for a bare name after `export`.
    pub value: Option<Word>,
    /// All of it.
    pub span: Span,
}

/// A word: text, quotes, expansions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Where it stands.
    pub span: Span,
    /// Its pieces after quote removal.
    pub pieces: SmallVec<[Piece; 1]>,
    /// Commands in `$( … )` and backquotes.
    pub substitutions: Vec<Script>,
}

impl Word {
    /// The text after quote removal, if nothing in it has to be expanded.
    pub fn literal(&self) -> Option<String> {
        self.pieces
            .iter()
            .map(|it| match it {
                Piece::Literal(text) => Some(text.as_str()),
                Piece::Glob(_) | Piece::Variable(_) | Piece::Unknown => None,
            })
            .collect()
    }
}

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text, quotes and escapes removed.
    Literal(CompactString),
    /// An unquoted pattern or `~`, as written: `*`, `?`, `[a-z]`, `{a,b}`, `~`.
    Glob(CompactString),
    /// `$NAME` or `${NAME}`, without modifiers.
    Variable(CompactString),
    /// Anything else: `${a:-b}`, `$(…)`, `$((…))`, `$1`.
    Unknown,
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The operator as written, without the descriptor: `>`, `>>`, `<`, `<<`, `>&`, …
    pub operator: CompactString,
    /// The target word, if it has one.
    pub target: Option<Word>,
    /// All of it, a heredoc's body excluded.
    pub span: Span,
}

/// A compound command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compound {
    /// Which.
    pub kind: CompoundKind,
    /// The lists inside it, in order (conditions, branches, bodies).
    pub lists: Vec<List>,
    /// Words outside the lists: what `for` runs over, the subject of `case`.
    pub words: Vec<Word>,
    /// Redirections behind it.
    pub redirects: Vec<Redirect>,
    /// All of it.
    pub span: Span,
}

/// The compound commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompoundKind {
    /// `{ …; }`
    Group,
    /// `( … )`
    Subshell,
    /// `if`, `case`: at most one of the lists runs.
    Conditional,
    /// `for`, `while`, `until`, `select`: the lists run any number of times.
    Loop,
    /// A function's body: runs when it is called.
    Function,
}
