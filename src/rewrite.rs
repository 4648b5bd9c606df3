//! Edits of instructions that keep their layout: flags, words and commands put in or taken out.

use crate::{
    edit::Edit,
    source::{Source, Span},
    syntax::{Instruction, Item, ItemKind, Keyword},
};

/// What separates the lines of an instruction that is written over several.
const INDENT: &str = "    ";

/// Puts flags behind the keyword (and the flags that are there), each on a line of its own.
pub fn add_flags(source: &Source, instruction: &Instruction, escape: char, flags: &[String]) -> Edit {
    let last = instruction.flags.last().map_or(instruction.keyword.span, |it| it.span);
    let arguments = instruction.rest.source(leading_space(&instruction.rest.text));
    let gap = Span::new(last.end as usize, arguments.max(last.end as usize));
    // Where the command stands on a line of its own, the flags stand above it.
    let below = source.slice(gap).rsplit_once('\n').map(|(_, indent)| indent).filter(|it| !it.is_empty());
    let indent = below.or_else(|| continuation_indent(source, instruction)).unwrap_or(INDENT);
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

/// Puts commands behind the last one of a `RUN`, which ends at `end`, each on a line of its own.
pub fn append_commands(
    source: &Source,
    instruction: &Instruction,
    escape: char,
    end: usize,
    commands: &[String],
) -> Edit {
    let indent = continuation_indent(source, instruction).unwrap_or(INDENT);
    let joint = format!(" {escape}\n{indent}&& ");
    Edit::insert(end, joint.clone() + &commands.join(&joint))
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

/// Sets keys of a mount, each behind those that are there or in the place of its old value.
/// `None` where the flag is written with quotes or over several lines, or has a key by another name.
pub fn set_mount_fields(source: &Source, flag: Span, fields: &[(&str, &str)]) -> Option<Edit> {
    let text = source.slice(flag);
    let (head, body) = text.split_at_checked("--mount=".len()).filter(|(head, _)| *head == "--mount=")?;
    if body.contains(['"', '\'', '\n', '\\', '`']) {
        return None;
    }
    let mut parts: Vec<String> = body.split(',').map(str::to_owned).collect();
    for (key, value) in fields {
        let names: &[&str] = if *key == "target" { &["target", "dst", "destination"] } else { &[key] };
        let is_it = |part: &String| names.contains(&part.split('=').next().unwrap_or_default());
        match parts.iter().position(is_it) {
            Some(at) => {
                let name = parts[at].split('=').next().unwrap_or_default().to_owned();
                parts[at] = format!("{name}={value}");
            }
            None => parts.push(format!("{key}={value}")),
        }
    }
    Some(Edit::replace(flag, format!("{head}{}", parts.join(","))))
}

/// Takes a flag out; what follows it moves up to its place. `None` if a comment would go with it.
pub fn remove_flag(source: &Source, instruction: &Instruction, flag: Span) -> Option<Vec<Edit>> {
    let flags = instruction.flags.iter().map(|it| it.span);
    let words: Vec<Span> = [instruction.keyword.span].into_iter().chain(flags).collect();
    let at = words.iter().position(|it| *it == flag)?;
    match words.get(at + 1).map(|next| Span { start: flag.start, end: next.start }) {
        Some(span) if !has_comment(source.slice(span)) => Some(vec![Edit::delete(span)]),
        Some(_) | None => remove_words(source, &words, &[at]),
    }
}

/// Puts other flags in the place of one, each on a line of its own where the first is.
pub fn replace_flag(source: &Source, instruction: &Instruction, escape: char, flag: Span, flags: &[String]) -> Edit {
    let indent = continuation_indent(source, instruction).unwrap_or(INDENT);
    Edit::replace(flag, flags.join(&format!(" {escape}\n{indent}")))
}

/// Removes a whole instruction with its line end.
pub fn remove_item(item: &Item) -> Edit {
    Edit::delete(item.span)
}

/// A keyword as the file writes that of an instruction: `WORKDIR`, or `workdir` beside `run`.
pub fn keyword_like(source: &Source, instruction: &Instruction, keyword: Keyword) -> String {
    let is_small = source.slice(instruction.keyword.span).chars().all(char::is_lowercase);
    if is_small { keyword.as_str().to_lowercase() } else { keyword.as_str().to_owned() }
}

/// What is deleted with an item and what belongs to it, which begins at `top`: one of two blank lines around it, too.
pub fn with_blank(items: &[Item], top: usize, at: usize) -> Span {
    let span = items[top].span.cover(items[at].span);
    let is_blank = |at: Option<usize>| at.and_then(|it| items.get(it)).is_some_and(|it| it.kind == ItemKind::Blank);
    if is_blank(Some(at + 1)) && is_blank(top.checked_sub(1)) { span.cover(items[at + 1].span) } else { span }
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
