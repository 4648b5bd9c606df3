//! Where a comment goes that silences what is found.

use crate::{
    source::{Source, Span},
    syntax::{Dockerfile, Instruction, Item, ItemKind, Keyword},
};

/// Where a comment goes that silences what stands at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Before this byte, the first of a line.
    pub offset: usize,
    /// The blanks before the line.
    indent: usize,
    /// Whether the place stands in no instruction, so that only the whole file can be meant.
    whole_file: bool,
}

impl Position {
    /// Above the instruction in which the span starts; of another place, above the first instruction.
    /// `None` in a file without instructions.
    pub fn of(source: &Source, file: &Dockerfile, span: Span) -> Option<Self> {
        let holds = |it: &Item| it.span.start <= span.start && span.start < it.span.end;
        let is_instruction = |it: &Item| matches!(it.kind, ItemKind::Instruction(_));
        let at = file.items.iter().position(holds).filter(|at| is_instruction(&file.items[*at]));
        let whole_file = at.is_none();
        let at = at.or_else(|| file.items.iter().position(is_instruction))?;
        let ItemKind::Instruction(instruction) = &file.items[at].kind else { return None };
        // What another tool reads in the line directly above has to stay there.
        let above = at.checked_sub(1).map(|above| &file.items[above]);
        let is_read = |it: &&Item| it.kind == ItemKind::Comment && is_bound(source.slice(it.span), instruction);
        let start = above.filter(is_read).map_or(file.items[at].span.start, |it| it.span.start) as usize;
        let indent = source.text[start..].len() - source.text[start..].trim_start_matches([' ', '\t']).len();
        Some(Self { offset: start, indent, whole_file })
    }

    /// Above the line of a build definition or an ignore file in which the span starts.
    pub fn above_line(source: &Source, span: Span) -> Self {
        let offset = source.line_starts()[source.line(span.start) - 1] as usize;
        let indent = source.text[offset..].len() - source.text[offset..].trim_start_matches(' ').len();
        Self { offset, indent, whole_file: false }
    }

    /// The comment for these rules, a whole line.
    pub fn comment(&self, rules: &[&str], reason: &str) -> String {
        let verb = if self.whole_file { "ignore-file" } else { "ignore" };
        let blanks = " ".repeat(self.indent);
        let space = if reason.is_empty() { "" } else { " " };
        format!("{blanks}# dockopt: {verb}[{}]{space}{reason}\n", rules.join(", "))
    }
}

/// Whether a comment has to stand directly above the instruction: hadolint's, and the description of an argument or
/// a stage, which begins with its name.
fn is_bound(comment: &str, below: &Instruction) -> bool {
    let content = comment.trim().trim_start_matches('#').trim_start();
    let describes = [Keyword::Arg, Keyword::From].contains(&below.kind)
        && content.split_whitespace().next().is_some_and(|first| {
            let mut words = below.rest.text.split_whitespace();
            words.any(|it| it.split('=').next() == Some(first))
        });
    describes || content.starts_with("hadolint ")
}
