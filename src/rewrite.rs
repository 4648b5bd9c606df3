//! Edits of instructions that keep their layout: flags, words and commands put in or taken out.

use crate::{
    edit::Edit,
    source::{Source, Span},
    syntax::{Instruction, Item, ItemKind},
};

/// What separates the lines of an instruction that is written over several.
const INDENT: &str = "    ";

/// Puts flags behind the keyword (and the flags that are there), each on a line of its own.
pub fn add_flags(source: &Source, instruction: &Instruction, escape: char, flags: &[String]) -> Edit {
    let last = instruction.flags.last().map_or(instruction.keyword.span, |it| it.span);
    let arguments = instruction.rest.source(leading_space(&instruction.rest.text));
    let gap = Span::new(last.end as usize, arguments.max(last.end as usize));
    let indent = continuation_indent(source, instruction).unwrap_or(INDENT);
    let line = format!(" {escape}\n{indent}");
    let mut text = String::new();
    for (at, flag) in flags.iter().enumerate() {
        text.push_str(if at == 0 && instruction.flags.is_empty() { " " } else { &line });
        text.push_str(flag);
    }
    if source.slice(gap).contains('\n') {
        return Edit::insert(gap.start as usize, text);
    }
    Edit::replace(gap, text + &line)
}

fn leading_space(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// The white space before a command on a line of its own; arguments stand deeper. `None` if nothing tells.
fn continuation_indent<'a>(source: &'a Source, instruction: &Instruction) -> Option<&'a str> {
    let header = crate::model::header(instruction);
    let lines = || source.slice(header).lines().skip(1).filter(|it| !it.trim_start().starts_with('#'));
    let joins = lines().find(|it| it.trim_start().starts_with(['&', '|', ';']));
    let indent = |line: &'a str| &line[..leading_space(line)];
    joins.map(indent).filter(|it| !it.is_empty()).or_else(|| {
        // With the operators at the ends of lines, the first line after one holds a command.
        let text = source.slice(header);
        let ends_one = |line: &str| line.trim_end().trim_end_matches(['\\', '`']).trim_end().ends_with(['&', ';']);
        let after = text.lines().zip(text.lines().skip(1)).find(|(line, _)| ends_one(line));
        let tab = lines().next().filter(|it| it.starts_with('\t')).map(|_| "\t");
        after.map(|(_, next)| indent(next)).filter(|it| !it.is_empty()).or(tab)
    })
}

/// Takes words out of a command, each with the white space and continuation before it (or, where a comment line
/// stands there, behind it). `None` if a comment would go with them.
pub fn remove_words(source: &Source, words: &[Span], remove: &[usize]) -> Option<Vec<Edit>> {
    remove
        .iter()
        .map(|at| {
            let word = words[*at];
            let before = Span { start: words.get(at.checked_sub(1)?)?.end, end: word.start };
            if !has_comment(source.slice(before)) {
                return Some(Edit::delete(before.cover(word)));
            }
            let next = words.get(at + 1)?;
            let behind = Span { start: word.end, end: next.start };
            (!has_comment(source.slice(behind))).then(|| Edit::delete(word.cover(behind)))
        })
        .collect()
}

fn has_comment(gap: &str) -> bool {
    gap.lines().skip(1).any(|it| it.trim_start().starts_with('#'))
}

/// Removes a whole instruction with its line end.
pub fn remove_item(item: &Item) -> Edit {
    Edit::delete(item.span)
}

/// The comment lines directly above an item, and the item: what belongs together when it moves.
pub fn with_comments(items: &[Item], at: usize) -> usize {
    let comments = items[..at].iter().rev().take_while(|it| matches!(it.kind, ItemKind::Comment));
    at - comments.count()
}

/// Sorts edits and joins those that touch, so that they can be parts of one change. `None` if two overlap.
pub fn join(mut edits: Vec<Edit>) -> Option<Vec<Edit>> {
    edits.sort();
    edits.dedup();
    let mut joined: Vec<Edit> = Vec::new();
    for edit in edits {
        match joined.last_mut() {
            Some(last) if edit.span.start < last.span.end => return None,
            Some(last) if edit.span.start == last.span.end => {
                last.span.end = edit.span.end;
                last.text.push_str(&edit.text);
            }
            _ => joined.push(edit),
        }
    }
    Some(joined)
}
