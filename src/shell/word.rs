//! Words, assignments and redirections: what is left of them after quote removal.

use std::ops::Range;

use compact_str::{CompactString, ToCompactString};
use shuck_ast as ast;
use smallvec::smallvec;

use super::{
    Assignment, Piece, Redirect, Word,
    lower::{Lost, Lowering, range},
};
use crate::source::Cooked;

impl Lowering<'_> {
    /// A word with its pieces and the commands in it.
    pub(super) fn word(&mut self, word: &ast::Word) -> Result<Word, Lost> {
        let place = self.place(word.span)?;
        if place.is_empty() {
            return Err(Lost);
        }
        let mut out = Word { span: self.cooked.span(place.clone()), ..Word::default() };
        if self.pieces(&word.parts, place.clone(), word, false, &mut out).is_err() {
            out.pieces = smallvec![Piece::Unknown];
        }
        Ok(out)
    }

    /// A word of which the text is already known to be literal.
    pub(super) fn literal(&self, place: Range<usize>) -> Word {
        let text = self.text.get(place.clone()).unwrap_or_default().into();
        Word { span: self.cooked.span(place), pieces: smallvec![Piece::Literal(text)], substitutions: Vec::new() }
    }

    /// A word of which nothing is known.
    pub(super) fn unknown(&self, place: Range<usize>) -> Word {
        Word { span: self.cooked.span(place), pieces: smallvec![Piece::Unknown], substitutions: Vec::new() }
    }

    pub(super) fn assignment(&mut self, assignment: &ast::Assignment) -> Result<Assignment, Lost> {
        let place = self.place(assignment.span)?;
        let value = match &assignment.value {
            // The value of `A=` has no place of its own.
            ast::AssignmentValue::Scalar(word) if range(word.span).is_empty() => {
                Some(Word { span: self.cooked.span(place.end..place.end), ..Word::default() })
            }
            ast::AssignmentValue::Scalar(word) => Some(self.word(word)?),
            ast::AssignmentValue::Compound(_) => None,
        };
        // `A[1]=b` sets a part of A, and `A+=b` adds to it: neither value is that of A.
        let whole = assignment.target.subscript.is_none() && !assignment.append;
        let value = value.map(|it| if whole { it } else { Word { pieces: smallvec![Piece::Unknown], ..it } });
        Ok(Assignment { name: assignment.target.name.to_string(), value, span: self.cooked.span(place) })
    }

    /// A redirection and where it starts.
    pub(super) fn redirect(&mut self, redirect: &ast::Redirect) -> Result<(Redirect, usize), Lost> {
        let place = self.place(redirect.span)?;
        let start = self.place(redirect.fd_var_span.unwrap_or(redirect.span))?.start;
        let written = &self.text[place.clone()];
        let sign = written.trim_start_matches(|it: char| it.is_ascii_digit());
        let length = sign.find(|it| !"<>&|".contains(it)).unwrap_or(sign.len());
        let mut operator = CompactString::from(&sign[..length]);
        if operator == "<<" && matches!(redirect.kind, ast::RedirectKind::HereDocStrip) {
            operator.push('-');
        }
        let behind = place.end - sign.len() + operator.len();
        let target = match &redirect.target {
            ast::RedirectTarget::Heredoc(heredoc) => {
                let mut name = self.word(&heredoc.delimiter.raw)?;
                if heredoc.body.source_backed {
                    for part in &heredoc.body.parts {
                        if let ast::HeredocBodyPart::CommandSubstitution { body, syntax } = &part.kind {
                            name.substitutions.push(self.substitution(body, *syntax, range(part.span)));
                        }
                    }
                }
                name
            }
            // The parser makes up the target of `2>&1`.
            ast::RedirectTarget::Word(word) if range(word.span).is_empty() => self.literal(behind..place.end),
            ast::RedirectTarget::Word(word) => self.word(word)?,
        };
        Ok((Redirect { operator, target: Some(target), span: self.cooked.span(start..place.end) }, start))
    }

    /// Appends the pieces of `parts`, which must fill `place`. `quoted`: they stand between double quotes.
    fn pieces(
        &mut self,
        parts: &[ast::WordPartNode],
        place: Range<usize>,
        word: &ast::Word,
        quoted: bool,
        out: &mut Word,
    ) -> Result<(), Lost> {
        let mut at = place.start;
        for part in parts {
            let here = self.place(part.span)?;
            let raw = &self.text[here.clone()];
            let gap = here.start != at;
            at = here.end;
            match &part.kind {
                ast::WordPart::Literal(_) if quoted => push_quoted(raw, out),
                ast::WordPart::Literal(_) => self.push_bare(here, word, out),
                ast::WordPart::SingleQuoted { dollar: false, .. } => {
                    let inner = raw.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')).ok_or(Lost)?;
                    push_literal(inner, out);
                }
                ast::WordPart::DoubleQuoted { parts, dollar } => {
                    let inner = here.start + 1 + usize::from(*dollar)..here.end.saturating_sub(1);
                    if *dollar {
                        out.pieces.push(Piece::Unknown);
                    }
                    if inner.is_empty() {
                        push_literal("", out);
                    } else {
                        self.pieces(parts, inner, word, true, out)?;
                    }
                }
                _ => {
                    let name = raw.strip_prefix('$');
                    let name = name.map(|it| it.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or(it));
                    out.pieces.push(match name.filter(|it| is_name(it)) {
                        Some(name) => Piece::Variable(name.into()),
                        None => Piece::Unknown,
                    });
                    self.substitutions(part, out);
                }
            }
            if gap {
                return Err(Lost);
            }
        }
        if at == place.end { Ok(()) } else { Err(Lost) }
    }

    /// Appends unquoted text: escapes are removed, patterns kept apart.
    fn push_bare(&self, place: Range<usize>, word: &ast::Word, out: &mut Word) {
        let raw = &self.text[place.clone()];
        let word_place = range(word.span);
        let mut at = 0;
        while let Some(char) = raw[at..].chars().next() {
            let here = place.start + at;
            let rest = &raw[at..];
            let brace = word.brace_syntax.iter().find(|it| it.expands() && range(it.span).start == here);
            let mut next = char.len_utf8();
            match char {
                '\\' => match rest[1..].chars().next() {
                    Some('\n') => next = 2,
                    Some(escaped) => {
                        next += escaped.len_utf8();
                        push_literal(&rest[1..next], out);
                    }
                    None => push_literal("\\", out),
                },
                '{' if let Some(brace) = brace => {
                    let end = range(brace.span).end;
                    if end <= place.end {
                        next = end - here;
                        out.pieces.push(Piece::Glob(rest[..next].into()));
                    } else {
                        out.pieces.push(Piece::Unknown);
                    }
                }
                '~' if here == word_place.start => out.pieces.push(Piece::Glob("~".into())),
                '*' | '?' => out.pieces.push(Piece::Glob(char.to_compact_string())),
                '[' if self.text[here..word_place.end].contains(']') => {
                    // `[]a]` and `[!]a]` hold a `]`.
                    let skip = 1 + usize::from(rest[1..].starts_with(['!', '^']));
                    let skip = skip + usize::from(rest[skip..].starts_with(']'));
                    next = rest[skip..].find(']').map_or(1, |it| skip + it + 1);
                    out.pieces.push(Piece::Glob(rest[..next].into()));
                }
                // What the parser left in a literal although a shell expands it.
                '(' | '`' => out.pieces.push(Piece::Unknown),
                '$' if expands(&rest[1..]) => out.pieces.push(Piece::Unknown),
                _ => push_literal(&rest[..next], out),
            }
            at += next;
        }
    }

    /// Appends the commands in an expansion.
    fn substitutions(&mut self, part: &ast::WordPartNode, out: &mut Word) {
        let place = range(part.span);
        let inner = match &part.kind {
            ast::WordPart::CommandSubstitution { body, syntax } => {
                out.substitutions.push(self.substitution(body, *syntax, place));
                return;
            }
            ast::WordPart::ProcessSubstitution { body, .. } => {
                let syntax = ast::CommandSubstitutionSyntax::DollarParen;
                out.substitutions.push(self.substitution(body, syntax, place));
                return;
            }
            ast::WordPart::DoubleQuoted { parts, .. } => {
                for part in parts {
                    self.substitutions(part, out);
                }
                return;
            }
            ast::WordPart::Parameter(it) => it.bourne().and_then(ast::BourneParameterExpansion::operand_word_ast),
            ast::WordPart::ParameterExpansion { operand_word_ast, .. } => operand_word_ast.as_deref(),
            ast::WordPart::ArithmeticExpansion { expression_word_ast, .. } => Some(&**expression_word_ast),
            _ => None,
        };
        // The spans of rewritten operands do not lie inside the expansion.
        for part in inner.iter().flat_map(|it| &it.parts) {
            let inside = range(part.span);
            if place.start < inside.start && inside.end < place.end {
                self.substitutions(part, out);
            }
        }
    }

    fn substitution(
        &mut self,
        body: &ast::StmtSeq,
        syntax: ast::CommandSubstitutionSyntax,
        place: Range<usize>,
    ) -> super::Script {
        let opening = match syntax {
            ast::CommandSubstitutionSyntax::DollarParen => 2,
            ast::CommandSubstitutionSyntax::Backtick => 1,
        };
        let inner = (place.start + opening).min(place.end)..place.end.saturating_sub(1).max(place.start + opening);
        let raw = self.text.get(inner.clone());
        // A backslash between backquotes is read twice, so that places inside are not those in the file.
        let twice = opening == 1 && raw.is_some_and(|it| it.contains('\\'));
        if twice || raw.is_none() {
            return super::lower::opaque(self.cooked.span(place));
        }
        self.script(body, inner)
    }
}

/// The text of a word after quote removal, with the way back to the file; for the text of `sh -c`.
///
/// `$NAME` stays as it is: the outer shell puts a text in its place that the inner one reads.
pub(super) fn unquoted(cooked: &Cooked, place: Range<usize>) -> Option<Cooked> {
    let mut out = Cooked::default();
    let mut quote = None;
    let mut has_variables = false;
    let mut chars = cooked.text.get(place.clone())?.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let after_dollar = out.text.ends_with('$');
        let mut keep = |at: usize, char: char| {
            out.push(char.encode_utf8(&mut [0; 4]), cooked.source(place.start + at));
        };
        match (quote, char) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (None, '\'' | '"') => quote = Some(char),
            (Some('\''), _) => keep(at, char),
            (_, '\\') => match chars.next()? {
                (_, '\n') => {}
                (next, escaped) if quote.is_none() || "$`\"\\".contains(escaped) => keep(next, escaped),
                (next, other) => {
                    keep(at, '\\');
                    keep(next, other);
                }
            },
            (_, '`') => return None,
            (_, '$') => {
                let rest = &cooked.text[place.start + at + 1..place.end];
                if expands(rest) {
                    let name = rest.strip_prefix('{').map_or(rest, |it| it.split('}').next().unwrap_or(it));
                    let name = name.split(|it: char| !it.is_ascii_alphanumeric() && it != '_').next();
                    let braced = rest.starts_with('{');
                    let simple = name
                        .filter(|it| is_name(it))
                        .is_some_and(|it| !braced || rest[1 + it.len()..].starts_with('}'));
                    if !simple {
                        return None;
                    }
                    has_variables = true;
                }
                keep(at, char);
            }
            (None, '*' | '?' | '[' | '~' | '{' | '(' | ')') if !after_dollar => return None,
            _ => keep(at, char),
        }
    }
    // In the inner shell's single quotes, `$NAME` would look like text.
    (quote.is_none() && !(has_variables && out.text.contains('\''))).then_some(out)
}

/// Appends the text between double quotes.
fn push_quoted(raw: &str, out: &mut Word) {
    let mut chars = raw.char_indices().peekable();
    let mut from = 0;
    while let Some((at, char)) = chars.next() {
        let escaped = chars.peek().map(|it| it.1);
        match (char, escaped) {
            ('\\', Some('$' | '`' | '"' | '\\')) => {
                push_literal(&raw[from..at], out);
                from = at + 1;
                chars.next();
            }
            ('\\', Some('\n')) => {
                push_literal(&raw[from..at], out);
                from = at + 2;
                chars.next();
            }
            ('$', _) if expands(&raw[at + 1..]) => out.pieces.push(Piece::Unknown),
            ('`', _) => out.pieces.push(Piece::Unknown),
            _ => {}
        }
    }
    push_literal(&raw[from..], out);
}

/// Appends text to the last piece, if that is text too.
pub(super) fn push_literal(text: &str, out: &mut Word) {
    if let Some(Piece::Literal(last)) = out.pieces.last_mut() {
        last.push_str(text);
    } else {
        out.pieces.push(Piece::Literal(text.into()));
    }
}

/// Whether a `$` before this text starts an expansion.
fn expands(rest: &str) -> bool {
    rest.starts_with(|it: char| it.is_ascii_alphanumeric() || "_{(@*#?$!-".contains(it))
}

/// Whether this can be the name of a variable.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
}
