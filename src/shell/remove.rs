//! Takes commands out of a list, so that the rest means what it did.
//!
//! A command goes together with one of the operators beside it, and with the line continuation and indentation between.
//! Which operator may go is decided by meaning (`a && x; b` must become `a; b`), which bytes go by layout and comments.

use std::ops::Range;

use super::{List, ListItem, Node, OperatorKind, Script};
use crate::source::Span;

/// What has to be deleted to remove commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Nothing would be left: the instruction has to go as a whole.
    All,
    /// These bytes of the file; sorted, and none touches another.
    Some(Vec<Span>),
}

impl Script {
    /// What to delete from the file `text` to remove `commands`, each a member of the script's own list.
    ///
    /// `None` where that cannot be done faithfully: for other places, for operands of `||`, in the background, where a
    /// comment would be lost.
    pub fn removal(&self, commands: &[Span], text: &str) -> Option<Removal> {
        let items = &self.list.items;
        let mut gone = vec![false; items.len()];
        for command in commands {
            let at = items.iter().position(|it| matches!(&it.node, Node::Command(it) if it.span == *command))?;
            gone[at] = true;
        }
        if gone.iter().all(|it| *it) {
            Run::of(&self.list, 0..items.len())?;
            let whole = items.first()?.node.span().cover(items.last()?.node.span());
            let clean = self.is_free(whole.range(), text) && self.heredocs.is_empty() && self.comments.is_empty();
            return clean.then_some(Removal::All);
        }
        let mut deletions = Vec::new();
        let mut at = 0;
        for run in gone.chunk_by(|one, other| one == other) {
            if run[0] {
                let run = Run::of(&self.list, at..at + run.len())?;
                deletions.extend(self.deletions(&run, text)?);
            }
            at += run.len();
        }
        Some(Removal::Some(deletions))
    }

    /// What to delete for one run of adjacent members.
    fn deletions(&self, run: &Run, text: &str) -> Option<Vec<Span>> {
        let Range { start, end } = run.commands.clone();
        let whole = candidates(run, text).into_iter().find(|it| self.is_free(it.clone(), text));
        if let Some(it) = whole {
            return Some(vec![Span::new(it.start, it.end)]);
        }
        // The last member, comment lines before it: they stay, and the instruction ends before the first of them.
        let before = run.before.as_ref().filter(|_| run.after.is_none())?;
        let gap = text.get(before.member_end..start)?;
        let head = gap.find('\n')?;
        let last_line = gap.rfind('\n')?;
        let comments = gap.get(head + 1..last_line)?;
        let kept = comments.trim_end();
        let only_comments = kept.lines().all(|it| it.trim().is_empty() || it.trim_start().starts_with('#'));
        // A line that goes on in a comment is a part of the command that somebody may want to put back.
        let is_spare = |it: &str| it.trim_end().ends_with(['\\', '`']);
        // What stands behind the command would be joined to the comments.
        let ends = rest_of_line(text, end).trim().is_empty();
        let tail = before.member_end + head + 1 + kept.len();
        if !only_comments || kept.is_empty() || kept.lines().any(is_spare) || !ends || !self.is_free(tail..end, text) {
            return None;
        }
        let tail = Span::new(tail, end);
        if text[before.operator.clone()].starts_with('\n') {
            return Some(vec![tail]);
        }
        // The operator and the line continuation behind the member before.
        let head = Span::new(before.member_end, before.member_end + gap[..head].trim_end_matches('\r').len());
        let holds_operator = before.operator.end <= head.range().end || gap[..head.len()].trim() == "\\";
        (holds_operator && self.is_free(head.range(), text)).then(|| vec![head, tail])
    }

    /// Whether a range of the file holds neither a comment nor a part of a heredoc.
    fn is_free(&self, place: Range<usize>, text: &str) -> bool {
        let touches = |it: &Span| (it.start as usize) < place.end && place.start < it.end as usize;
        let Some(taken) = text.get(place.clone()) else { return false };
        let comment_line = taken.split('\n').skip(1).any(|it| it.trim_start().starts_with('#'));
        !comment_line && !self.comments.iter().chain(&self.heredocs).any(touches)
    }
}

/// Adjacent members that are to go.
#[derive(Debug)]
struct Run {
    /// From the first byte of the first to the last of the last.
    commands: Range<usize>,
    before: Option<Before>,
    after: Option<After>,
}

/// What stands before a [`Run`].
#[derive(Debug)]
struct Before {
    member_end: usize,
    operator: Range<usize>,
    may_go: bool,
}

/// What stands behind a [`Run`].
#[derive(Debug)]
struct After {
    operator: Range<usize>,
    member_start: usize,
    may_go: bool,
}

impl Run {
    fn of(list: &List, members: Range<usize>) -> Option<Self> {
        let items = &list.items;
        let run = items.get(members.clone())?;
        let next = items.get(members.end);
        // `&&` and `;` are all that a command can be taken from; the `&` behind a chain belongs to all of it.
        let operators = run.iter().chain(next).filter_map(|it| it.operator).chain(run.last()?.terminator);
        let removable = |it: OperatorKind| !matches!(it, OperatorKind::Or | OperatorKind::Background);
        if !operators.into_iter().all(|it| removable(it.kind)) || in_background(&items[members.end - 1..]) {
            return None;
        }
        // The body of a heredoc would stay behind.
        let has_heredoc = |it: &ListItem| {
            let Node::Command(it) = &it.node else { return true };
            it.redirects.iter().any(|it| matches!(it.operator.as_str(), "<<" | "<<-"))
        };
        if run.iter().any(has_heredoc) {
            return None;
        }
        let left = run.first()?.operator;
        let right = next.and_then(|it| it.operator);
        // Of `&&` and `;` the `;` has to stay: it keeps what is behind it independent of what is before.
        let (left_may_go, right_may_go) = match (left.map(|it| it.kind), right.map(|it| it.kind)) {
            (Some(OperatorKind::And), Some(OperatorKind::Semicolon | OperatorKind::Newline)) => (true, false),
            (Some(OperatorKind::Semicolon | OperatorKind::Newline), Some(OperatorKind::And)) => (false, true),
            _ => (true, true),
        };
        let previous = members.start.checked_sub(1).map(|it| &items[it]);
        Some(Self {
            commands: run.first()?.node.span().range().start..run.last()?.node.span().range().end,
            before: previous.zip(left).map(|(item, operator)| Before {
                member_end: item.node.span().range().end,
                operator: operator.span.range(),
                may_go: left_may_go,
            }),
            after: next.zip(right).map(|(item, operator)| After {
                operator: operator.span.range(),
                member_start: item.node.span().range().start,
                may_go: right_may_go,
            }),
        })
    }
}

/// Deletions that are right but for comments, the best looking first.
fn candidates(run: &Run, text: &str) -> Vec<Range<usize>> {
    let Range { start, end } = run.commands.clone();
    let mut out = Vec::new();
    let before = run.before.as_ref().filter(|it| it.may_go);
    let after = run.after.as_ref().filter(|it| it.may_go);
    // What follows on a line that the commands begin takes their place.
    if let (Some(before), Some(after)) = (&run.before, after)
        && text[before.member_end..start].contains('\n')
        && !text[end..after.member_start].contains('\n')
    {
        out.push(start..after.member_start);
    }
    if let Some(it) = before {
        out.push(it.member_end..end);
    }
    if let Some(it) = after {
        out.push(start..it.member_start);
    }
    if let Some(it) = after {
        out.extend(whole_lines(text, start..it.operator.end));
        out.push(start..it.operator.end + blanks(&text[it.operator.end..]));
    }
    if let Some(it) = before {
        out.extend(whole_lines(text, it.operator.start..end));
        // With no command behind, a line continuation before would go on into the next instruction.
        if run.after.is_some() || text[it.operator.clone()].starts_with('\n') {
            out.push(it.operator.start..end);
        }
    }
    out
}

/// Whether the chain of `&&` and `||` that the first item belongs to ends with `&`.
fn in_background(items: &[ListItem]) -> bool {
    let joined = |it: &&ListItem| it.operator.is_some_and(|it| matches!(it.kind, OperatorKind::And | OperatorKind::Or));
    let last = items.iter().skip(1).take_while(joined).count();
    let end = items[last].terminator.or_else(|| items.get(last + 1)?.operator);
    end.is_some_and(|it| it.kind == OperatorKind::Background)
}

/// The lines of a range, where they hold nothing else and the instruction goes on behind them.
fn whole_lines(text: &str, place: Range<usize>) -> Option<Range<usize>> {
    let start = text.get(..place.start)?.rfind('\n')? + 1;
    let ended = text[..place.end].ends_with('\n');
    let rest = if ended { "" } else { rest_of_line(text, place.end) };
    let clear = text[start..place.start].trim().is_empty();
    let goes_on = ended || matches!(rest.trim(), "\\" | "`");
    let end = place.end + rest.len() + usize::from(!ended);
    (clear && goes_on && end <= text.len()).then_some(start..end)
}

/// The text up to the next line end.
fn rest_of_line(text: &str, at: usize) -> &str {
    text[at..].split('\n').next().unwrap_or_default()
}

/// The length of the blanks at the start of a text.
fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}
