//! Which programs a script runs, seen through `sudo`, `env`, `time`, `xargs`, `sh -c` and the like.

use compact_str::CompactString;

use super::{
    Assignment, Command, Compound, CompoundKind, List, Node, OperatorKind, Script, Word, Words,
    wrapper::{self, Unwrapped},
};
use crate::source::Span;

/// One run of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The program's name without its folder: `apt-get` for `sudo /usr/bin/apt-get`.
    pub program: CompactString,
    /// The words from the program on (the program itself is the first).
    pub words: Words,
    /// What is set for it: `A=b` before it, and by `env`; for `export` and its kind, what they set.
    pub environment: Vec<Assignment>,
    /// The whole command in its list, wrappers included.
    pub command: Span,
    /// Where it stands in the script.
    pub setting: Setting,
    /// The wrappers, outermost first: `sudo`, `env`, `xargs`, `sh`, …
    pub wrappers: Vec<CompactString>,
}

/// How certainly an invocation is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// A member of the top-level list, joined by `&&`, `;` or line ends: it runs unless an earlier one fails.
    Always,
    /// Part of a pipeline, a group or a subshell of the top-level list.
    Nested,
    /// After `||`, in `if`, `case`, a loop, a function, a substitution, in the background: perhaps.
    Perhaps,
}

impl Script {
    /// Every run of a program whose name can be read, in the order of the text.
    ///
    /// `sh -c 'a && b'` gives `a` and `b` where the text of the shell could be read, otherwise `sh`.
    pub fn invocations(&self) -> Vec<Invocation> {
        let mut out = Vec::new();
        list(&self.list, Setting::Always, &mut out);
        out.sort_by_key(|it| it.words.first().map(|it| it.span));
        out
    }
}

/// The run that the words of a JSON array ask for: `CMD ["gosu", "app", "nginx"]` runs `nginx`.
///
/// The text of `["sh", "-c", "…"]` is not read: the program is `sh`.
pub fn exec(words: &Words) -> Option<Invocation> {
    let command = words.first()?.span.cover(words.last()?.span);
    invocation(words, &[], command, Setting::Always)
}

fn list(list: &List, setting: Setting, out: &mut Vec<Invocation>) {
    let chains = list
        .items
        .chunk_by(|_, next| next.operator.is_some_and(|it| matches!(it.kind, OperatorKind::And | OperatorKind::Or)));
    let mut chains = chains.peekable();
    while let Some(chain) = chains.next() {
        let end = chain.last().and_then(|it| it.terminator);
        let end = end.or_else(|| chains.peek()?.first()?.operator);
        let in_background = end.is_some_and(|it| it.kind == OperatorKind::Background);
        for (index, item) in chain.iter().enumerate() {
            let after_or = index > 0 && item.operator.is_some_and(|it| it.kind == OperatorKind::Or);
            node(&item.node, if in_background || after_or { Setting::Perhaps } else { setting }, out);
        }
    }
}

fn node(it: &Node, setting: Setting, out: &mut Vec<Invocation>) {
    match it {
        Node::Command(it) => command(it, setting, out),
        Node::Pipeline { members, .. } => {
            for member in members {
                node(member, setting.max(Setting::Nested), out);
            }
        }
        Node::Compound(it) => compound(it, setting, out),
        Node::Opaque(_) => {}
    }
}

fn compound(it: &Compound, setting: Setting, out: &mut Vec<Invocation>) {
    let inside = match it.kind {
        CompoundKind::Group | CompoundKind::Subshell => setting.max(Setting::Nested),
        CompoundKind::Conditional | CompoundKind::Loop | CompoundKind::Function => Setting::Perhaps,
    };
    for inner in &it.lists {
        list(inner, inside, out);
    }
    let targets = it.redirects.iter().filter_map(|it| it.target.as_ref());
    for word in it.words.iter().chain(targets) {
        substitutions(word, out);
    }
}

fn command(it: &Command, setting: Setting, out: &mut Vec<Invocation>) {
    if let Some(script) = &it.script {
        let shell = wrapper::unwrap(&it.words);
        let name = it.words.get(shell.program).and_then(wrapper::program).map(CompactString::from);
        let first = out.len();
        list(&script.list, setting.max(Setting::Nested), out);
        if out.len() == first {
            // Nothing in the text could be read, as in `sh -c "$SCRIPT"`.
            out.extend(invocation(&it.words, &it.assignments, it.span, setting));
            return;
        }
        for inner in &mut out[first..] {
            let outer = shell.wrappers.iter().map(|it| CompactString::from(*it)).chain(name.clone());
            inner.wrappers = outer.chain(std::mem::take(&mut inner.wrappers)).collect();
            let set = it.assignments.iter().chain(&shell.environment).cloned();
            inner.environment = set.chain(std::mem::take(&mut inner.environment)).collect();
        }
    } else {
        out.extend(invocation(&it.words, &it.assignments, it.span, setting));
    }
    let values = it.assignments.iter().filter_map(|it| it.value.as_ref());
    let targets = it.redirects.iter().filter_map(|it| it.target.as_ref());
    for word in it.words.iter().chain(values).chain(targets) {
        substitutions(word, out);
    }
}

fn substitutions(word: &Word, out: &mut Vec<Invocation>) {
    for script in &word.substitutions {
        list(&script.list, Setting::Perhaps, out);
    }
}

fn invocation(words: &Words, assignments: &[Assignment], command: Span, setting: Setting) -> Option<Invocation> {
    let Unwrapped { program: start, wrappers, environment } = wrapper::unwrap(words);
    let program = wrapper::program(words.get(start)?)?.into();
    let environment = assignments.iter().cloned().chain(environment).collect();
    let wrappers = wrappers.into_iter().map(CompactString::from).collect();
    Some(Invocation { program, words: words.from(start), environment, command, setting, wrappers })
}
