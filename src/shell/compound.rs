//! Lowers groups, conditions, loops, `time`, `[[ … ]]` and `(( … ))`.

use std::ops::Range;

use shuck_ast as ast;

use super::{
    Command, Compound, CompoundKind, List, Node, Word,
    lower::{Draft, Lost, Lowering, Placed, range},
};

impl Lowering<'_> {
    pub(super) fn compound(
        &mut self,
        compound: &ast::CompoundCommand,
        redirects: &[ast::Redirect],
        at: usize,
    ) -> Placed<Node> {
        use ast::CompoundCommand as C;
        let mut lists = Vec::new();
        let mut words = Vec::new();
        let (kind, end) = match compound {
            C::BraceGroup(seq) => {
                let end = self.part(seq, self.keyword(at, "{")?, &mut lists)?;
                (CompoundKind::Group, self.keyword(end, "}")?)
            }
            C::Subshell(seq) => {
                let end = self.part(seq, self.keyword(at, "(")?, &mut lists)?;
                (CompoundKind::Subshell, self.keyword(end, ")")?)
            }
            C::If(it) => {
                let ast::IfSyntax::ThenFi { .. } = it.syntax else { return Err(Lost) };
                let mut end = self.part(&it.condition, self.keyword(at, "if")?, &mut lists)?;
                end = self.part(&it.then_branch, self.keyword(end, "then")?, &mut lists)?;
                for (condition, branch) in &it.elif_branches {
                    end = self.part(condition, self.keyword(end, "elif")?, &mut lists)?;
                    end = self.part(branch, self.keyword(end, "then")?, &mut lists)?;
                }
                if let Some(branch) = &it.else_branch {
                    end = self.part(branch, self.keyword(end, "else")?, &mut lists)?;
                }
                (CompoundKind::Conditional, self.keyword(end, "fi")?)
            }
            C::While(it) => {
                let end = self.part(&it.condition, self.keyword(at, "while")?, &mut lists)?;
                (CompoundKind::Loop, self.do_done(&it.body, end, &mut lists)?)
            }
            C::Until(it) => {
                let end = self.part(&it.condition, self.keyword(at, "until")?, &mut lists)?;
                (CompoundKind::Loop, self.do_done(&it.body, end, &mut lists)?)
            }
            C::For(it) => {
                let ast::ForSyntax::InDoDone { do_span, .. } = it.syntax else { return Err(Lost) };
                self.keyword(at, "for")?;
                for word in it.words.iter().flatten() {
                    words.push(self.word(word)?);
                }
                (CompoundKind::Loop, self.do_done(&it.body, self.place(do_span)?.start, &mut lists)?)
            }
            C::ArithmeticFor(it) => {
                self.keyword(at, "for")?;
                (CompoundKind::Loop, self.do_done(&it.body, self.place(it.right_paren_span)?.end, &mut lists)?)
            }
            C::Select(it) => {
                self.keyword(at, "select")?;
                for word in &it.words {
                    words.push(self.word(word)?);
                }
                let head = it.words.last().map_or(it.variable_span, |it| it.span);
                (CompoundKind::Loop, self.do_done(&it.body, self.place(head)?.end, &mut lists)?)
            }
            C::Case(it) => {
                self.keyword(at, "case")?;
                words.push(self.word(&it.word)?);
                for case in &it.cases {
                    let pattern = self.place(case.patterns.last().ok_or(Lost)?.span)?;
                    let end = self.part(&case.body, self.keyword(pattern.end, ")")?, &mut lists)?;
                    if case.terminator_span.is_some_and(|it| range(it).start < end) {
                        return Err(Lost);
                    }
                }
                (CompoundKind::Conditional, self.place(it.esac_span)?.end)
            }
            C::Time(it) => return self.timed(it, redirects, at),
            C::Arithmetic(it) => {
                let mut draft = Draft::default();
                self.add_literal(&mut draft, self.place(it.left_paren_span)?);
                self.add_unknown(&mut draft, self.place(it.left_paren_span)?.end..self.place(it.right_paren_span)?.end);
                return self.finish(at, draft, &[], redirects);
            }
            C::Conditional(it) => {
                let mut draft = Draft::default();
                self.add_literal(&mut draft, self.place(it.left_bracket_span)?);
                self.add_condition(&mut draft, &it.expression)?;
                self.add_literal(&mut draft, self.place(it.right_bracket_span)?);
                return self.finish(at, draft, &[], redirects);
            }
            C::Repeat(_) | C::Foreach(_) | C::Coproc(_) | C::Always(_) => return Err(Lost),
        };
        self.compound_node(kind, lists, words, at..end, redirects)
    }

    /// Appends the list behind `start` to `lists` and gives its end.
    fn part(&mut self, seq: &ast::StmtSeq, start: usize, lists: &mut Vec<List>) -> Result<usize, Lost> {
        let (list, end) = self.list(seq, start)?;
        lists.push(list);
        Ok(end)
    }

    /// `do … done` behind `at`.
    fn do_done(&mut self, body: &ast::StmtSeq, at: usize, lists: &mut Vec<List>) -> Result<usize, Lost> {
        let end = self.part(body, self.keyword(at, "do")?, lists)?;
        self.keyword(end, "done")
    }

    pub(super) fn compound_node(
        &mut self,
        kind: CompoundKind,
        lists: Vec<List>,
        words: Vec<Word>,
        place: Range<usize>,
        redirects: &[ast::Redirect],
    ) -> Placed<Node> {
        let mut draft = Draft { range: Some(place), ..Draft::default() };
        self.add_redirects(&mut draft, redirects)?;
        let place = draft.range.ok_or(Lost)?;
        let span = self.cooked.span(place.clone());
        Ok((Node::Compound(Compound { kind, lists, words, redirects: draft.redirects, span }), place.end))
    }

    /// `time`, which is a keyword of bash and a program elsewhere: here it is a word before the command.
    fn timed(&mut self, timed: &ast::TimeCommand, redirects: &[ast::Redirect], at: usize) -> Placed<Node> {
        let mut draft = Draft::default();
        let mut end = self.keyword(at, "time")?;
        self.add_literal(&mut draft, at..end);
        if timed.posix_format {
            let option = self.skip(end);
            end = self.keyword(option, "-p")?;
            self.add_literal(&mut draft, option..end);
        }
        let Some(inner) = &timed.command else {
            return self.finish(at, draft, &[], redirects);
        };
        if !redirects.is_empty() {
            return Err(Lost);
        }
        let start = self.skip(end);
        let (mut node, end) = self.node(inner, start)?;
        let whole = self.cooked.span(at..end);
        match &mut node {
            Node::Command(command) => prepend(command, draft.words),
            Node::Pipeline { members, negated: false, span } => {
                *span = whole;
                let Some(Node::Command(command)) = members.first_mut() else { return Err(Lost) };
                prepend(command, draft.words);
            }
            Node::Pipeline { .. } | Node::Opaque(_) => return Err(Lost),
            Node::Compound(compound) => compound.span = whole,
        }
        Ok((node, end))
    }

    /// The words of `[[ … ]]`; its operators are left out.
    fn add_condition(&mut self, draft: &mut Draft, condition: &ast::ConditionalExpr) -> Result<(), Lost> {
        match condition {
            ast::ConditionalExpr::Binary(it) => {
                self.add_condition(draft, &it.left)?;
                self.add_condition(draft, &it.right)
            }
            ast::ConditionalExpr::Unary(it) => self.add_condition(draft, &it.expr),
            ast::ConditionalExpr::Parenthesized(it) => self.add_condition(draft, &it.expr),
            ast::ConditionalExpr::Word(word) | ast::ConditionalExpr::Regex(word) => self.add_word(draft, word),
            ast::ConditionalExpr::Pattern(_) | ast::ConditionalExpr::VarRef(_) => {
                self.add_unknown(draft, self.place(condition.span())?);
                Ok(())
            }
        }
    }
}

fn prepend(command: &mut Command, words: Vec<Word>) {
    if let Some(first) = words.first() {
        command.span = first.span.cover(command.span);
    }
    command.words = words.into_iter().chain(command.words.iter().cloned()).collect();
}
