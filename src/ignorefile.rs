//! `.dockerignore`: its text to patterns, and patterns to what a build leaves out of its context, as the daemon does it.
//!
//! The syntax looks like git's and differs in most corners: patterns are anchored at the root of the context,
//! a `!` pattern reaches into left-out directories, and bad patterns fail the build.
//!
//! There are two ways to ask. [`IgnoreFile::walk`] gives the answers of the walk that collects the files to send;
//! [`IgnoreFile::matches`] looks at a single path without its history, as the check `CopyIgnoredFile` does.
//! They differ when a `!` pattern matches a directory that was not left out to begin with.

mod class;
mod index;
mod pattern;
mod regexp;
#[cfg(test)]
mod tests;
mod walk;

use index::Index;
use pattern::{Matcher, check_glob, count_slashes};
use walk::Exceptions;
pub use walk::{Verdict, Walk};

use crate::source::Span;

/// A line as long as this does not fit the daemon's buffer.
const LINE_LIMIT: usize = 64 * 1024;

/// A `.dockerignore` file.
#[derive(Clone, Debug, Default)]
pub struct IgnoreFile {
    patterns: Vec<Pattern>,
    errors: Vec<IgnoreError>,
    index: Index,
    exceptions: Exceptions,
}

/// One pattern of an ignore file.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Where it stands, with its `!` and without the blanks around it.
    pub span: Span,
    /// Its line, from 1.
    pub line: usize,
    /// Whether it brings files back: a `!` stands before it.
    pub negated: bool,
    /// The pattern as it is matched: without `!`, without leading slash, and with `.`, `..` and double slashes resolved.
    pub text: String,
    matcher: Matcher,
}

/// What makes a build fail because of its ignore file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreError {
    /// The pattern, or the line that is too long.
    pub span: Span,
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong, without capital letter and full stop.
    pub message: String,
    /// Whether the build fails only when it tests a path against the pattern.
    /// Such a pattern is kept in [`IgnoreFile::patterns`], and [`Verdict::broken`] says when it comes to that.
    pub late: bool,
}

/// What [`IgnoreFile::matches`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Whether the path is left out.
    pub excluded: bool,
    /// The pattern that had the last word, as an index into [`IgnoreFile::patterns`]; none if no pattern matched.
    pub decided_by: Option<usize>,
}

impl Pattern {
    /// Whether the pattern matches this very path, without regard to its parents, to `!` and to other patterns.
    pub fn matches(&self, path: &str) -> bool {
        self.matcher.matches(path, count_slashes(path))
    }
}

impl IgnoreFile {
    /// Reads an ignore file. Lines that make the build fail are among [`IgnoreFile::errors`], and the others count.
    pub fn parse(text: &str) -> Self {
        let mut patterns = Vec::new();
        let mut errors = Vec::new();
        let mut offset = 0;
        for (number, raw) in text.split('\n').enumerate() {
            let start = offset;
            offset += raw.len() + 1;
            if raw.len() >= LINE_LIMIT {
                let message = "the line is longer than 65535 bytes".to_owned();
                let span = Span::new(start, start + raw.len());
                errors.push(IgnoreError { span, line: number + 1, message, late: false });
                continue;
            }
            let line = if number == 0 { raw.strip_prefix('\u{feff}').unwrap_or(raw) } else { raw };
            // Only in the first column: ` #x` is a pattern.
            if line.starts_with('#') {
                continue;
            }
            let shown = line.trim();
            let start = start + raw.len() - line.trim_start().len();
            let span = Span::new(start, start + shown.len());
            let mut fail = |reason: &str, late| {
                let message = format!("pattern `{shown}` is invalid: {reason}");
                errors.push(IgnoreError { span, line: number + 1, message, late });
            };
            let Some((negated, text)) = normalize(shown) else { continue };
            if negated && text.is_empty() {
                fail("there is nothing after its `!`", false);
                continue;
            }
            if let Err(reason) = check_glob(&text) {
                fail(reason, false);
                continue;
            }
            let matcher = Matcher::new(&text).unwrap_or_else(|reason| {
                fail(reason, true);
                Matcher::Broken
            });
            patterns.push(Pattern { span, line: number + 1, negated, text, matcher });
        }
        let index = Index::new(&patterns);
        let exceptions = Exceptions::new(&patterns);
        Self { patterns, errors, index, exceptions }
    }

    /// Patterns that stand in no file: the paths to which a transfer is limited. Each is matched as it is,
    /// but for `.`, `..`, double slashes and the blanks around it; those that are invalid are left out.
    pub fn of_patterns<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let patterns = texts.into_iter().enumerate().filter_map(|(at, raw)| {
            let text = clean(raw.trim());
            check_glob(&text).ok()?;
            let matcher = Matcher::new(&text).ok()?;
            Some(Pattern { span: Span::at(0), line: at + 1, negated: false, text, matcher })
        });
        let patterns: Vec<Pattern> = patterns.collect();
        let index = Index::new(&patterns);
        let exceptions = Exceptions::new(&patterns);
        Self { patterns, errors: Vec::new(), index, exceptions }
    }

    /// The patterns, in the order of the file.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// What makes the build fail, in the order of the file.
    pub fn errors(&self) -> &[IgnoreError] {
        &self.errors
    }

    /// Whether there is no pattern, so that nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether a pattern brings files back with `!`.
    pub fn has_negation(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.negated)
    }

    /// Starts a walk at the root of the context. Enter each entry of the root with it.
    pub fn walk(&self) -> Walk<'_> {
        Walk::new(self)
    }

    /// What a walk says when it comes to this path from the root of the context.
    ///
    /// If it never comes there, this is what it said about the directory that it did not enter.
    pub fn verdict(&self, path: &str, is_dir: bool) -> Verdict {
        let mut walk = self.walk();
        for (slash, _) in path.match_indices('/') {
            let (verdict, inside) = walk.enter(&path[..slash], true);
            if !verdict.descend {
                return verdict;
            }
            walk = inside;
        }
        walk.enter(path, is_dir).0
    }

    /// Whether the file at this path is left out of the context.
    pub fn is_ignored(&self, path: &str) -> bool {
        self.verdict(path, false).excluded
    }

    /// Tests a single path, such as the source of a `COPY`: a pattern matches if it matches the path or a directory above it.
    ///
    /// This is not what decides over the files that are sent; see [`IgnoreFile::walk`].
    pub fn matches(&self, path: &str) -> Match {
        let mut found = Vec::new();
        self.index.find(&self.patterns, path, &mut found);
        for (slash, _) in path.match_indices('/') {
            self.index.find(&self.patterns, &path[..slash], &mut found);
        }
        found.sort_unstable();
        found.dedup();
        let Decision { excluded, decided_by, .. } = decide(&self.patterns, &[], &found);
        Match { excluded, decided_by }
    }
}

/// The outcome of a list of patterns for one path.
struct Decision {
    excluded: bool,
    decided_by: Option<usize>,
    broken: Option<usize>,
    /// The patterns that count as matched for what lies below, sorted.
    matched: Vec<u32>,
}

/// Goes through the patterns that match a path: those its directory `inherited`, and those `found` to match the path itself.
/// Both are sorted. An inherited match always counts; a found one only if it changes the outcome so far,
/// and then it does not count below either. That is why a walk and [`IgnoreFile::matches`] differ.
fn decide(patterns: &[Pattern], inherited: &[u32], found: &[u32]) -> Decision {
    let matched = Vec::with_capacity(inherited.len() + found.len());
    let mut decision = Decision { excluded: false, decided_by: None, broken: None, matched };
    let (mut inherited, mut found) = (inherited.iter().peekable(), found.iter().peekable());
    loop {
        let (at, is_inherited) = match (inherited.peek(), found.peek()) {
            (None, None) => return decision,
            (Some(old), new) if new.is_none_or(|new| old <= new) => (**old, true),
            (_, Some(new)) => (**new, false),
            (Some(old), None) => (**old, true),
        };
        inherited.next_if(|next| **next == at);
        found.next_if(|next| **next == at);
        let pattern = &patterns[at as usize];
        if !is_inherited && pattern.negated != decision.excluded {
            continue;
        }
        if matches!(pattern.matcher, Matcher::Broken) {
            decision.broken.get_or_insert(at as usize);
            continue;
        }
        decision.matched.push(at);
        decision.excluded = !pattern.negated;
        decision.decided_by = Some(at as usize);
    }
}

/// A trimmed line to a pattern and whether it is negated; none if nothing is left of it.
///
/// The daemon does this in two places, and each looks for blanks and `!`: `/!a` is read as `!a`.
fn normalize(line: &str) -> Option<(bool, String)> {
    let negated = line.strip_prefix('!').map(str::trim);
    let text = negated.unwrap_or(line);
    let text = if text.is_empty() { String::new() } else { clean(text) };
    let text = if text.len() > 1 { text.strip_prefix('/').unwrap_or(&text) } else { &text };
    let line = if negated.is_some() { format!("!{text}") } else { text.to_owned() };

    let line = line.trim();
    if line.is_empty() {
        return None;
    }
    let line = clean(line);
    Some(match line.strip_prefix('!') {
        Some(text) => (true, text.to_owned()),
        None => (false, line),
    })
}

/// The shortest path that means the same, by Go's `path.Clean`: without `.`, empty parts, and `..` where it can be resolved.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}
