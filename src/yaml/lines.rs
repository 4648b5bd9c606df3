//! The lines of a YAML file, for edits that keep its layout.

use crate::{
    edit::Edit,
    source::{Source, Span},
};

/// The lines of a file, with where they start.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    /// Each with the place where it starts.
    pub all: Vec<(u32, &'a str)>,
    len: usize,
}

impl<'a> Lines<'a> {
    /// The lines of a file.
    pub fn of(source: &'a Source) -> Self {
        let starts = source.line_starts();
        let lines = source
            .text
            .split_inclusive('\n')
            .zip(starts)
            .map(|(text, start)| (*start, text.trim_end_matches(['\r', '\n'])));
        Self { all: lines.collect(), len: source.text.len() }
    }

    /// The line on which a place begins.
    pub fn at(&self, span: Span) -> Option<usize> {
        self.all.iter().rposition(|(start, _)| *start <= span.start)
    }

    /// Where the next line starts, if the line has an end.
    pub fn end(&self, line: usize) -> Option<usize> {
        self.all.get(line + 1).map(|(start, _)| *start as usize)
    }

    /// An edit that puts lines below a line, which may be the last and without an end.
    pub fn insert_below(&self, line: usize, text: &str) -> Option<Edit> {
        let (start, last) = self.all.get(line)?;
        let end = *start as usize + last.len();
        match self.end(line) {
            Some(next) => Some(Edit::insert(next, text)),
            None if end < self.len => Some(Edit::insert(self.len, text)),
            None => Some(Edit::insert(self.len, format!("\n{}", text.trim_end_matches('\n')))),
        }
    }

    /// How deep what belongs to a line is indented.
    pub fn indent_below(&self, line: usize) -> Option<usize> {
        let (_, text) = self.all[line + 1..].iter().find(|(_, it)| says_something(it))?;
        Some(indent(text)).filter(|it| *it > indent(self.all[line].1))
    }

    /// The last line of what belongs to a line.
    pub fn block(&self, line: usize) -> usize {
        let own = indent(self.all[line].1);
        let mut last = line;
        for (at, (_, text)) in self.all.iter().enumerate().skip(line + 1) {
            if !says_something(text) {
                continue;
            }
            if indent(text) <= own {
                break;
            }
            last = at;
        }
        last
    }

    /// How much deeper each level is.
    pub fn step(&self) -> usize {
        self.all.iter().filter(|it| says_something(it.1)).map(|(_, it)| indent(it)).find(|it| *it > 0).unwrap_or(2)
    }
}

/// Whether a line ends with its key, but for a comment: what belongs to it stands below.
pub fn is_head(line: &str) -> bool {
    line.trim_end().ends_with(':') || line.split_once(" #").is_some_and(|(it, _)| it.trim_end().ends_with(':'))
}

/// Whether a line is neither blank nor a comment.
pub fn says_something(line: &str) -> bool {
    let text = line.trim_start();
    !text.is_empty() && !text.starts_with('#')
}

/// How many blanks a line begins with.
pub fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
