//! From the parser's tree to the types of this module, with exact spans.
//!
//! The parser's spans are exact for words, redirections, assignments and operators, but those of statements and
//! compound commands reach into what follows. So the lowering walks the text along with the tree: it always knows where
//! it stands (`at`), skips blanks and comments itself, and checks each keyword it expects. Where text and tree disagree,
//! the whole text is given up as [`Node::Opaque`]: no span is better than a wrong one.

use std::{borrow::Cow, ops::Range};

use shuck_ast as ast;
use shuck_parser::parser::Parser;

use super::{
    Assignment, Command, CompoundKind, List, ListItem, Node, Operator, OperatorKind, Redirect, Script, Word, plain,
    word::unquoted, wrapper,
};
use crate::source::{Cooked, Span};

/// Lists nested deeper than this are not understood; it keeps the recursion within a thread's stack of 2 MiB.
const MAX_DEPTH: usize = 40;

/// How often the text of an `sh -c` may hold another `sh -c`.
const MAX_SHELLS: usize = 3;

/// Parses a shell text. Never fails: what is not understood is [`Node::Opaque`].
pub fn parse(text: &Cooked) -> Script {
    parse_inner(text, MAX_SHELLS)
}

/// [`parse`], with the number of `sh -c` that may still be entered.
pub(super) fn parse_inner(cooked: &Cooked, shells: usize) -> Script {
    plain::parse(cooked, shells).unwrap_or_else(|| parse_all(cooked, shells))
}

/// [`parse_inner`] with the whole grammar.
pub(super) fn parse_all(cooked: &Cooked, shells: usize) -> Script {
    let result = Parser::new(&masked(&cooked.text)).parse();
    if !result.is_ok() {
        return opaque(cooked.whole());
    }
    let mut lowering =
        Lowering { cooked, text: &cooked.text, depth: 0, shells, comments: Vec::new(), heredocs: Vec::new() };
    lowering.script(&result.file.body, 0..cooked.text.len())
}

/// The text with each byte that is not ASCII replaced by a character that means nothing to a shell.
///
/// The parser misplaces what stands in backquotes behind a backslash, and panics if it then cuts a character in two.
/// Places stay the same, and texts are taken from the real one.
fn masked(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    text.bytes().map(|it| if it.is_ascii() { char::from(it) } else { '%' }).collect::<String>().into()
}

/// A script of which only the place is known.
pub(super) fn opaque(span: Span) -> Script {
    let item = ListItem { operator: None, node: Node::Opaque(span), terminator: None };
    Script { list: List { items: vec![item] }, ..Script::default() }
}

/// Text and tree disagree, or nest too deep.
#[derive(Debug)]
pub(super) struct Lost;

/// A result with its place in the cooked text.
pub(super) type Placed<T> = Result<(T, usize), Lost>;

/// The state of one lowering. Offsets are those of the cooked text.
#[derive(Debug)]
pub(super) struct Lowering<'a> {
    pub(super) cooked: &'a Cooked,
    pub(super) text: &'a str,
    pub(super) shells: usize,
    depth: usize,
    comments: Vec<Span>,
    /// The bodies met so far, each from its first byte to the end of the line of its delimiter.
    heredocs: Vec<Range<usize>>,
}

/// A simple command while its parts are gathered.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) words: Vec<Word>,
    /// The places of `words` in the cooked text.
    pub(super) ranges: Vec<Range<usize>>,
    pub(super) assignments: Vec<Assignment>,
    pub(super) redirects: Vec<Redirect>,
    pub(super) range: Option<Range<usize>>,
}

impl Draft {
    fn cover(&mut self, range: &Range<usize>) {
        self.range = Some(match self.range.take() {
            Some(it) => it.start.min(range.start)..it.end.max(range.end),
            None => range.clone(),
        });
    }
}

/// The place of a span of the parser.
pub(super) fn range(span: ast::Span) -> Range<usize> {
    span.start.offset()..span.end.offset()
}

impl Lowering<'_> {
    /// A whole script, at `place`: the text or the inside of a substitution. [`Node::Opaque`] where it is lost.
    pub(super) fn script(&mut self, body: &ast::StmtSeq, place: Range<usize>) -> Script {
        let outer = (std::mem::take(&mut self.comments), self.heredocs.len());
        let lowered = self.list(body, place.start).ok().filter(|(_, end)| self.skip(*end) == place.end);
        let mut comments = std::mem::replace(&mut self.comments, outer.0);
        let Some((list, _)) = lowered else {
            return opaque(self.cooked.span(place));
        };
        comments.sort_unstable();
        comments.dedup();
        let heredocs = self.heredocs[outer.1..].iter().map(|it| self.cooked.span(it.clone())).collect();
        Script { list, comments, heredocs }
    }

    /// The list that starts at or behind `start`, and the end of its last operator or member.
    pub(super) fn list(&mut self, seq: &ast::StmtSeq, start: usize) -> Placed<List> {
        if self.depth >= MAX_DEPTH {
            return Err(Lost);
        }
        self.depth += 1;
        let lowered = self.list_members(seq, start);
        self.depth -= 1;
        lowered
    }

    fn list_members(&mut self, seq: &ast::StmtSeq, start: usize) -> Placed<List> {
        self.note_comments(seq.leading_comments.iter().chain(&seq.trailing_comments));
        let mut items: Vec<ListItem> = Vec::new();
        let mut operator = None;
        let mut end = start;
        for (index, stmt) in seq.stmts.iter().enumerate() {
            self.note_comments(stmt.leading_comments.iter().chain(&stmt.inline_comment));
            let at = self.skip(end);
            end = self.chain(stmt, at, operator, &mut items)?;
            let joint = self.joint(end);
            let in_background = joint.as_ref().is_some_and(|(kind, _)| *kind == OperatorKind::Background);
            if in_background != matches!(stmt.terminator, Some(ast::StmtTerminator::Background(_))) {
                return Err(Lost);
            }
            let last = index + 1 == seq.stmts.len();
            match joint {
                // A line end behind the last member joins nothing.
                Some((kind, place)) if !last || kind != OperatorKind::Newline => {
                    end = place.end;
                    let found = Operator { kind, span: self.cooked.span(place) };
                    if last {
                        items.last_mut().ok_or(Lost)?.terminator = Some(found);
                    } else {
                        operator = Some(found);
                    }
                }
                _ if last => {}
                _ => return Err(Lost),
            }
        }
        Ok((List { items }, end))
    }

    /// The `;`, `&` or line end behind a statement that ends at `end`.
    fn joint(&self, end: usize) -> Option<(OperatorKind, Range<usize>)> {
        let at = self.blanks(end);
        let rest = &self.text[at..];
        let mut bytes = rest.bytes();
        match (bytes.next()?, bytes.next()) {
            (b';', Some(b';' | b'&' | b'|')) | (b'&', Some(b'&')) => None,
            (b';', _) => Some((OperatorKind::Semicolon, at..at + 1)),
            (b'&', _) => Some((OperatorKind::Background, at..at + 1)),
            (b'#' | b'\r' | b'\n', _) => {
                let at = self.behind_heredocs(at + rest.find('\n')?);
                (at < self.text.len()).then_some((OperatorKind::Newline, at..at + 1))
            }
            _ => None,
        }
    }

    /// Appends a statement that may be a chain of `&&` and `||`, and gives its end.
    fn chain(
        &mut self,
        stmt: &ast::Stmt,
        at: usize,
        operator: Option<Operator>,
        items: &mut Vec<ListItem>,
    ) -> Result<usize, Lost> {
        // Chains lean to the left and may be a thousand long: a loop, not a recursion.
        let mut first = stmt;
        let mut links = Vec::new();
        while let ast::Command::Binary(it) = &first.command {
            let kind = match it.op {
                ast::BinaryOp::And => OperatorKind::And,
                ast::BinaryOp::Or => OperatorKind::Or,
                ast::BinaryOp::Pipe | ast::BinaryOp::PipeAll => break,
            };
            plain(first)?;
            links.push((kind, self.place(it.op_span)?, &*it.right));
            first = &it.left;
        }
        let (node, mut end) = self.node(first, at)?;
        items.push(ListItem { operator, node, terminator: None });
        for (kind, place, right) in links.into_iter().rev() {
            if place.start < end {
                return Err(Lost);
            }
            self.note_comments(right.leading_comments.iter().chain(&right.inline_comment));
            let operator = Some(Operator { kind, span: self.cooked.span(place.clone()) });
            let at = self.skip(place.end);
            let (node, right_end) = self.node(right, at)?;
            end = right_end;
            items.push(ListItem { operator, node, terminator: None });
        }
        Ok(end)
    }

    /// What a statement runs; it starts at `at`.
    pub(super) fn node(&mut self, stmt: &ast::Stmt, at: usize) -> Placed<Node> {
        if !stmt.negated {
            return self.affirmed(stmt, at);
        }
        let inner = self.keyword(at, "!")?;
        let inner = self.skip(inner);
        let (node, end) = self.affirmed(stmt, inner)?;
        let members = match node {
            Node::Pipeline { members, negated: false, .. } => members,
            other => vec![other],
        };
        Ok((Node::Pipeline { members, negated: true, span: self.cooked.span(at..end) }, end))
    }

    /// What a statement runs, a `!` before it left out.
    fn affirmed(&mut self, stmt: &ast::Stmt, at: usize) -> Placed<Node> {
        match &stmt.command {
            ast::Command::Simple(it) => {
                let mut draft = Draft::default();
                // Without words (`a=b`, `>x`) the parser makes up an empty name.
                if !self.place(it.name.span)?.is_empty() {
                    self.add_word(&mut draft, &it.name)?;
                }
                for word in &it.args {
                    self.add_word(&mut draft, word)?;
                }
                self.finish(at, draft, &it.assignments, &stmt.redirects)
            }
            ast::Command::Builtin(it) => self.builtin(it, &stmt.redirects, at),
            ast::Command::Decl(it) => self.declaration(it, &stmt.redirects, at),
            ast::Command::Binary(_) => self.pipeline(stmt, at),
            ast::Command::Compound(it) => self.compound(it, &stmt.redirects, at),
            ast::Command::Function(it) => {
                let parens = it.header.trailing_parens_span.map(range);
                let name = it.header.entries.last().map(|it| range(it.word.span));
                let head = parens.or(name).filter(|it| self.holds(it)).ok_or(Lost)?;
                let body = self.skip(head.end);
                let (node, end) = self.node(&it.body, body)?;
                let list = List { items: vec![ListItem { operator: None, node, terminator: None }] };
                self.compound_node(CompoundKind::Function, vec![list], Vec::new(), at..end, &stmt.redirects)
            }
            ast::Command::AnonymousFunction(_) => Err(Lost),
        }
    }

    fn pipeline(&mut self, stmt: &ast::Stmt, at: usize) -> Placed<Node> {
        let mut first = stmt;
        let mut links = Vec::new();
        while let ast::Command::Binary(it) = &first.command {
            if matches!(it.op, ast::BinaryOp::And | ast::BinaryOp::Or) || !first.redirects.is_empty() {
                return Err(Lost);
            }
            links.push((self.place(it.op_span)?, &*it.right));
            first = &it.left;
        }
        let (node, mut end) = self.node(first, at)?;
        let mut members = vec![node];
        for (place, right) in links.into_iter().rev() {
            let at = self.skip(place.end);
            let (node, right_end) = self.node(right, at)?;
            end = right_end;
            members.push(node);
        }
        Ok((Node::Pipeline { members, negated: false, span: self.cooked.span(at..end) }, end))
    }

    /// `break`, `continue`, `return`, `exit`: the parser does not tell where the word stands.
    fn builtin(&mut self, builtin: &ast::BuiltinCommand, redirects: &[ast::Redirect], at: usize) -> Placed<Node> {
        let (name, assignments, first, others) = match builtin {
            ast::BuiltinCommand::Break(it) => ("break", &it.assignments, &it.depth, &it.extra_args),
            ast::BuiltinCommand::Continue(it) => ("continue", &it.assignments, &it.depth, &it.extra_args),
            ast::BuiltinCommand::Return(it) => ("return", &it.assignments, &it.code, &it.extra_args),
            ast::BuiltinCommand::Exit(it) => ("exit", &it.assignments, &it.code, &it.extra_args),
        };
        let mut start = at;
        let before = assignments.iter().map(|it| it.span).chain(redirects.iter().map(|it| it.span)).map(range);
        let before: Vec<_> = before.collect();
        while let Some(it) = before.iter().find(|it| it.start == start && !it.is_empty()) {
            start = self.blanks(it.end);
        }
        let end = self.keyword(start, name)?;
        let mut draft = Draft::default();
        self.add_literal(&mut draft, start..end);
        for word in first.iter().chain(others) {
            self.add_word(&mut draft, word)?;
        }
        self.finish(at, draft, assignments, redirects)
    }

    /// `export A=b` and its kind.
    fn declaration(&mut self, clause: &ast::DeclClause, redirects: &[ast::Redirect], at: usize) -> Placed<Node> {
        let mut draft = Draft::default();
        self.add_literal(&mut draft, self.place(clause.variant_span)?);
        for operand in &clause.operands {
            match operand {
                ast::DeclOperand::Flag(word) | ast::DeclOperand::Dynamic(word) => self.add_word(&mut draft, word)?,
                ast::DeclOperand::Name(it) => {
                    let place = self.place(it.span)?;
                    let span = self.cooked.span(place.clone());
                    draft.assignments.push(Assignment { name: it.name.to_string(), value: None, span });
                    draft.cover(&place);
                }
                ast::DeclOperand::Assignment(it) => self.add_assignment(&mut draft, it)?,
            }
        }
        self.finish(at, draft, &clause.assignments, redirects)
    }

    pub(super) fn add_word(&mut self, draft: &mut Draft, word: &ast::Word) -> Result<(), Lost> {
        draft.words.push(self.word(word)?);
        let place = self.place(word.span)?;
        draft.cover(&place);
        draft.ranges.push(place);
        Ok(())
    }

    pub(super) fn add_literal(&mut self, draft: &mut Draft, place: Range<usize>) {
        draft.words.push(self.literal(place.clone()));
        draft.cover(&place);
        draft.ranges.push(place);
    }

    pub(super) fn add_unknown(&mut self, draft: &mut Draft, place: Range<usize>) {
        draft.words.push(self.unknown(place.clone()));
        draft.cover(&place);
        draft.ranges.push(place);
    }

    fn add_assignment(&mut self, draft: &mut Draft, assignment: &ast::Assignment) -> Result<(), Lost> {
        draft.assignments.push(self.assignment(assignment)?);
        draft.cover(&self.place(assignment.span)?);
        Ok(())
    }

    pub(super) fn add_redirects(&mut self, draft: &mut Draft, redirects: &[ast::Redirect]) -> Result<(), Lost> {
        let mut seen = 0..0;
        for redirect in redirects {
            // `&>>x` comes as `&>>x` and a made-up `2>&1` inside it.
            let place = self.place(redirect.span)?;
            if seen.start <= place.start && place.end <= seen.end {
                continue;
            }
            if let Some(heredoc) = redirect.heredoc() {
                let place = self.heredoc_place(heredoc)?;
                self.heredocs.push(place);
            }
            let (lowered, start) = self.redirect(redirect)?;
            draft.redirects.push(lowered);
            draft.cover(&(start..place.end));
            seen = place;
        }
        Ok(())
    }

    pub(super) fn finish(
        &mut self,
        at: usize,
        mut draft: Draft,
        assignments: &[ast::Assignment],
        redirects: &[ast::Redirect],
    ) -> Placed<Node> {
        for assignment in assignments {
            self.add_assignment(&mut draft, assignment)?;
        }
        draft.assignments.sort_by_key(|it| it.span);
        self.add_redirects(&mut draft, redirects)?;
        let place = draft.range.filter(|it| it.start == at).ok_or(Lost)?;
        let script = wrapper::shell_text(&draft.words).filter(|_| self.shells > 0).and_then(|index| {
            let text = unquoted(self.cooked, draft.ranges.get(index)?.clone())?;
            Some(Box::new(parse_inner(&text, self.shells - 1)))
        });
        let span = self.cooked.span(place.clone());
        let Draft { words, assignments, redirects, .. } = draft;
        let words = words.into_iter().collect();
        Ok((Node::Command(Command { assignments, words, redirects, script, span }), place.end))
    }

    /// From the first byte of a heredoc's body to the end of its delimiter's line.
    fn heredoc_place(&self, heredoc: &ast::Heredoc) -> Result<Range<usize>, Lost> {
        let body = self.place(heredoc.body.span)?;
        let rest = self.text.get(body.end..).ok_or(Lost)?;
        let line = rest.split('\n').next().unwrap_or_default();
        let name = line.trim_start_matches('\t').trim_end_matches('\r');
        if rest.is_empty() || masked(name) == heredoc.delimiter.cooked.as_str() {
            return Ok(body.start..body.end + line.len());
        }
        Err(Lost)
    }

    /// The place of a span of the parser, if it lies in the text.
    pub(super) fn place(&self, span: ast::Span) -> Result<Range<usize>, Lost> {
        Some(range(span)).filter(|it| self.holds(it)).ok_or(Lost)
    }

    fn holds(&self, place: &Range<usize>) -> bool {
        self.text.get(place.clone()).is_some()
    }

    fn note_comments<'c>(&mut self, comments: impl Iterator<Item = &'c ast::Comment>) {
        for it in comments {
            let place = usize::from(it.range.start())..usize::from(it.range.end());
            if self.holds(&place) {
                self.comments.push(self.cooked.span(place));
            }
        }
    }

    /// The end of a keyword behind `at`. A `;` before it belongs to the list that it closes.
    pub(super) fn keyword(&self, at: usize, keyword: &str) -> Result<usize, Lost> {
        let mut at = self.skip(at);
        if self.text[at..].starts_with(';') {
            at = self.skip(at + 1);
        }
        if self.text[at..].starts_with(keyword) { Ok(at + keyword.len()) } else { Err(Lost) }
    }

    /// Skips blanks and continued lines.
    pub(super) fn blanks(&self, mut at: usize) -> usize {
        loop {
            let rest = &self.text[at..];
            let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            at += blank;
            let Some(rest) = rest[blank..].strip_prefix('\\') else { return at };
            match rest.strip_prefix('\r').unwrap_or(rest).strip_prefix('\n') {
                Some(next) => at = self.text.len() - next.len(),
                None => return at,
            }
        }
    }

    /// Skips blanks, line ends, comments, and the heredocs behind the line ends.
    pub(super) fn skip(&self, mut at: usize) -> usize {
        loop {
            at = self.blanks(at);
            let rest = &self.text[at..];
            match rest.bytes().next() {
                Some(b'\n') => at = (self.behind_heredocs(at) + 1).min(self.text.len()),
                Some(b'\r') => at += 1,
                Some(b'#') => at += rest.find('\n').unwrap_or(rest.len()),
                _ => return at,
            }
        }
    }

    /// From a line end to the line end behind the heredocs that start there.
    fn behind_heredocs(&self, mut at: usize) -> usize {
        while let Some(it) = self.heredocs.iter().find(|it| it.start == at + 1) {
            at = it.end;
        }
        at
    }
}

/// Whether nothing is attached to a statement that only joins others.
fn plain(stmt: &ast::Stmt) -> Result<(), Lost> {
    if stmt.negated || !stmt.redirects.is_empty() { Err(Lost) } else { Ok(()) }
}
