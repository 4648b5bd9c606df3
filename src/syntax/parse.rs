//! The way through a file: byte-order mark, directives, comments, instructions, heredocs.

use super::{
    Args, Directive, Dockerfile, Heredoc, Instruction, Item, ItemKind, Keyword, SyntaxError, Word, check, heredoc,
    instruction,
    lines::{Joined, Line, Lines},
};
use crate::source::Span;

/// Parses a Dockerfile. What BuildKit would refuse becomes an error beside the items.
pub fn parse(text: &str) -> Dockerfile {
    let mut parser = Parser {
        lines: Lines::new(text, 0),
        file: Dockerfile { items: Vec::new(), errors: Vec::new(), escape: '\\' },
        header: true,
        seen: Vec::new(),
        stage: None,
    };
    parser.byte_order_mark();
    while let Some(line) = parser.lines.next() {
        parser.line(line);
    }
    parser.finish()
}

struct Parser<'a> {
    lines: Lines<'a>,
    file: Dockerfile,
    /// Whether each line so far was a directive.
    header: bool,
    /// The names of the directives so far.
    seen: Vec<String>,
    /// The stage that the last `FROM` opened.
    stage: Option<usize>,
}

impl Parser<'_> {
    fn byte_order_mark(&mut self) {
        if self.lines.text.starts_with('\u{feff}') {
            let length = '\u{feff}'.len_utf8();
            self.item(0, length, ItemKind::ByteOrderMark);
            self.lines.at = length;
        }
    }

    fn item(&mut self, start: usize, end: usize, kind: ItemKind) {
        self.file.items.push(Item { span: Span::new(start, end), kind });
    }

    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.file.errors.push(SyntaxError { span, message: message.into() });
    }

    fn line(&mut self, line: Line) {
        let text = self.lines.text(line).trim_start();
        let start = line.end - text.len();
        let directive = if self.header { directive(text, start) } else { None };
        self.header = directive.is_some();
        let kind = match (directive, text.bytes().next()) {
            (Some(directive), _) => {
                self.accept(&directive);
                ItemKind::Directive(Box::new(directive))
            }
            (None, None) => ItemKind::Blank,
            (None, Some(b'#')) => ItemKind::Comment,
            (None, Some(_)) => ItemKind::Instruction(Box::new(self.instruction(line, start))),
        };
        self.item(line.start, self.lines.at, kind);
    }

    fn accept(&mut self, directive: &Directive) {
        let name = directive.name.text.as_str();
        if self.seen.iter().any(|it| it == name) {
            return self.error(directive.name.span, format!("the directive `{name}` stands here a second time"));
        }
        self.seen.push(name.to_owned());
        if name == "escape" {
            match directive.value.text.as_str() {
                "\\" => self.file.escape = '\\',
                "`" => self.file.escape = '`',
                other => {
                    let message = format!("the escape character is `\\` or a backtick, not `{other}`");
                    self.error(directive.value.span, message);
                }
            }
        }
    }

    fn instruction(&mut self, line: Line, start: usize) -> Instruction {
        let logical = self.lines.logical(line, start, self.file.escape);
        let span = Span::new(start, logical.last.end);
        let mut instruction = instruction::read(&logical.joined, span, self.file.escape, &mut self.file.errors);
        instruction.comments = logical.comments;
        if takes_heredocs(&instruction) && logical.joined.text().contains("<<") {
            self.heredocs(&logical.joined, logical.last, &mut instruction);
        }
        self.enter(&mut instruction);
        check::instruction(&instruction, &mut self.file.errors);
        instruction
    }

    /// Puts an instruction into its stage.
    fn enter(&mut self, instruction: &mut Instruction) {
        if instruction.kind == Keyword::From {
            self.stage = Some(self.stage.map_or(0, |it| it + 1));
        }
        instruction.stage = self.stage;
        if let Args::Onbuild(inner) = &mut instruction.args {
            inner.stage = self.stage;
        }
    }

    fn heredocs(&mut self, joined: &Joined<'_>, last: Line, instruction: &mut Instruction) {
        let mut last = last;
        for (opener, range) in heredoc::openers(joined.text()) {
            let opener_span = joined.span(range);
            let Body { span: body, last: end, terminated } = self.body(last, &opener.name, opener.chomp);
            last = end;
            if !terminated {
                self.error(opener_span, format!("the heredoc `{}` has no end", opener.name));
            }
            let heredoc::Opener { name, fd, chomp, expand } = opener;
            instruction.heredocs.push(Heredoc { name, opener: opener_span, expand, chomp, fd, body });
            if !terminated {
                break;
            }
        }
        instruction.span.end = instruction.span.end.max(last.end as u32);
        if let Args::Onbuild(inner) = &mut instruction.args {
            inner.heredocs.clone_from(&instruction.heredocs);
            inner.span.end = instruction.span.end;
        }
    }

    /// Reads the body behind the line `opening`, and its terminator, if it comes before the end of the file.
    fn body(&mut self, opening: Line, name: &str, chomp: bool) -> Body {
        let (text, start) = (self.lines.text, opening.next);
        let mut last = opening;
        for line in &mut self.lines {
            last = line;
            let text = &text[line.start..line.end];
            let candidate = if chomp { text.trim_start_matches('\t') } else { text };
            if candidate == name {
                return Body { span: Span::new(start, line.start), last, terminated: true };
            }
        }
        // As the last line of the instruction, the last line of the body is without its line end.
        Body { span: Span::new(start, last.end.max(start)), last, terminated: false }
    }

    fn finish(mut self) -> Dockerfile {
        if self.file.instructions().next().is_none() {
            self.error(Span::at(0), "the file has no instruction");
        }
        for span in std::mem::take(&mut self.lines.too_long) {
            self.error(span, "the line is longer than 65535 bytes");
        }
        self.file.errors.extend(check::first_stage(&self.file));
        self.file.errors.sort_by_key(|it| it.span.start);
        self.file.items.shrink_to_fit();
        self.file
    }
}

/// The body of a heredoc.
struct Body {
    span: Span,
    /// The line of the terminator, or the last of the file; the one before the body where there is none.
    last: Line,
    terminated: bool,
}

/// Whether heredocs can follow: `ADD`, `COPY`, `RUN`, or one of them under `ONBUILD`, not in JSON form.
fn takes_heredocs(instruction: &Instruction) -> bool {
    let instruction = match &instruction.args {
        Args::Onbuild(inner) => inner,
        _ => instruction,
    };
    matches!(instruction.kind, Keyword::Add | Keyword::Copy | Keyword::Run)
        && !matches!(instruction.args, Args::Json(_))
}

/// Reads a line, which starts at `start`, as a parser directive.
fn directive(text: &str, start: usize) -> Option<Directive> {
    // What `\s` matches in Go's regular expressions.
    let blank = [' ', '\t', '\n', '\u{c}', '\r'];
    let (left, right) = text.strip_prefix('#')?.split_once('=')?;
    let name = left.trim_start().trim_end_matches(blank);
    let known = ["syntax", "escape", "check"].into_iter().find(|it| it.eq_ignore_ascii_case(name))?;
    let name_start = start + 1 + (left.len() - left.trim_start().len());
    let tail = right.trim_start_matches(blank);
    // BuildKit wants at least one character, and takes the last blank where there is nothing else.
    let value = match tail.trim_end_matches(blank) {
        "" => &right[right.char_indices().next_back()?.0..],
        value => value,
    };
    let value_end = start + text.len() - if tail.is_empty() { 0 } else { tail.len() - value.len() };
    Some(Directive {
        name: Word { text: known.to_owned(), span: Span::new(name_start, name_start + name.len()) },
        value: Word { text: value.to_owned(), span: Span::new(value_end - value.len(), value_end) },
    })
}
