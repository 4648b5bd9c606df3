//! Lines of an ignore file that another makes superfluous: see `rules/context/shadowed-ignore-line.md`.

use rustc_hash::FxHashMap;

use super::lines;
use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix, Label},
    ignorefile::{IgnoreFile, Pattern},
    project::file_name,
    rule::{Check, ProjectCx, Rule},
    source::{Location, Span},
};

pub(super) static RULE: Rule = crate::rule!("context" / "shadowed-ignore-line", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for (file, source, ignore) in lines::ignore_files(cx.project) {
        let patterns = ignore.patterns();
        let lines = Lines::of(&ignore);
        let shadows = (0..patterns.len()).filter_map(|at| Some((&patterns[at], &patterns[lines.shadow(at)?])));
        let shadows: Vec<(&Pattern, &Pattern)> = shadows.collect();
        let [(first, other), rest @ ..] = shadows.as_slice() else { continue };
        let written = |it: &Pattern| source.slice(it.span).to_owned();
        let message = match rest.len() {
            0 if first.text == other.text => format!("`{}` is there twice", written(first)),
            0 => format!("`{}` says nothing that `{}` does not say", written(first), written(other)),
            1 => format!("`{}` and one more line say nothing that others do not say", written(first)),
            more => format!("`{}` and {more} more lines say nothing that others do not say", written(first)),
        };
        let mut finding = Finding::new(RULE.name, Location { file, span: first.span }, message);
        let location = Location { file, span: other.span };
        finding.related.push(Label { location, text: "this line keeps back the same and more".to_owned() });
        let others: Vec<String> = rest.iter().map(|(it, _)| format!("`{}` in line {}", written(it), it.line)).collect();
        if !others.is_empty() {
            finding.note = Some(format!("The others: {}.", others.join(", ")));
        }
        let mut spans: Vec<Span> = Vec::new();
        for (it, _) in &shadows {
            let line = lines::whole_line(source, it);
            if is_alone(&source.text, line, &shadows) {
                continue;
            }
            // Edits must not touch.
            match spans.last_mut().filter(|it| it.end == line.start) {
                Some(last) => last.end = line.end,
                None => spans.push(line),
            }
        }
        let edits = spans.into_iter().map(Edit::delete);
        let title = if others.is_empty() { "Remove the line" } else { "Remove the lines" };
        finding.fix = Change::of(file, edits).filter(|it| !it.is_empty()).map(|change| Fix {
            title: title.to_owned(),
            safety: Safety::Safe,
            change,
        });
        out.push(finding);
    }
}

/// Whether a comment stands above a line that has no other line below it: without the line it would speak of nothing.
fn is_alone(text: &str, line: Span, gone: &[(&Pattern, &Pattern)]) -> bool {
    let is_gone = |at: usize| {
        let before = gone.partition_point(|(it, _)| it.span.start as usize <= at);
        before.checked_sub(1).is_some_and(|it| at <= gone[it].0.span.end as usize)
    };
    let is_pattern = |at: usize| {
        let line = text[at..].lines().next().unwrap_or_default().trim();
        !line.is_empty() && !line.starts_with('#')
    };
    // The other lines of its block, up to a blank line or a comment.
    let mut above = line.start as usize;
    let mut has_comment = false;
    while above > 0 {
        let start = text[..above - 1].rfind('\n').map_or(0, |it| it + 1);
        has_comment = text[start..].starts_with('#');
        if !is_pattern(start) {
            break;
        }
        if !is_gone(start) {
            return false;
        }
        above = start;
    }
    let mut below = line.end as usize;
    while below < text.len() && is_pattern(below) {
        if !is_gone(below) {
            return false;
        }
        below = text[below..].find('\n').map_or(text.len(), |it| below + it + 1);
    }
    has_comment
}

/// The lines that can make others superfluous, by what they say; of lines that say the same the first one. No `!` stands
/// before any of them: after one the walk no longer asks each line about each folder.
struct Lines<'a> {
    patterns: &'a [Pattern],
    /// By their whole texts.
    whole: FxHashMap<&'a str, usize>,
    /// `**/NAME`, by the name.
    anywhere: FxHashMap<&'a str, usize>,
    /// `**/*.ENDING`, by the ending with its dot.
    endings: FxHashMap<&'a str, usize>,
    /// `*.ENDING`.
    own_endings: FxHashMap<&'a str, usize>,
}

impl<'a> Lines<'a> {
    fn of(ignore: &'a IgnoreFile) -> Self {
        let all = ignore.patterns();
        let patterns = &all[..all.iter().position(|it| it.negated).unwrap_or(all.len())];
        let mut lines = Self {
            patterns,
            whole: FxHashMap::default(),
            anywhere: FxHashMap::default(),
            endings: FxHashMap::default(),
            own_endings: FxHashMap::default(),
        };
        let is_name = |text: &str| is_plain(text) && !text.contains('/');
        let is_ending = |text: &str| is_name(text) && text.starts_with('.');
        for (at, pattern) in patterns.iter().enumerate() {
            let text = pattern.text.as_str();
            lines.whole.entry(text).or_insert(at);
            if let Some(name) = text.strip_prefix("**/") {
                match name.strip_prefix('*') {
                    Some(ending) if is_ending(ending) => _ = lines.endings.entry(ending).or_insert(at),
                    None if is_name(name) => _ = lines.anywhere.entry(name).or_insert(at),
                    Some(_) | None => {}
                }
            } else if let Some(ending) = text.strip_prefix('*').filter(|it| is_ending(it)) {
                lines.own_endings.entry(ending).or_insert(at);
            }
        }
        lines
    }

    /// The line that surely keeps back all that this one does, or a folder above it: the first such line.
    fn shadow(&self, at: usize) -> Option<usize> {
        let text = self.patterns.get(at)?.text.as_str();
        let get = |lines: &FxHashMap<&str, usize>, key: &str| lines.get(key).copied();
        let mut found: Vec<usize> = Vec::new();
        found.extend(get(&self.whole, text));
        let above = text.match_indices('/').map(|(end, _)| &text[..end]).filter(|it| is_plain(it));
        found.extend(above.filter_map(|it| get(&self.whole, it)));
        // A class of characters can match a slash, so that the parts of such a pattern are not those of a path.
        if !text.contains(['[', ']', '\\', '^']) && !text.starts_with("..") {
            let last = file_name(text);
            let endings = || last.match_indices('.').map(|(start, _)| &last[start..]);
            if !text.contains("**") {
                found.extend(text.split('/').filter_map(|it| get(&self.anywhere, it)));
            }
            if !last.contains("**") {
                found.extend(endings().filter_map(|it| get(&self.endings, it)));
                if !text.contains('/') {
                    found.extend(endings().filter_map(|it| get(&self.own_endings, it)));
                }
            }
        }
        // Of two lines that say the same the first stays.
        found.into_iter().filter(|it| *it < at || *it > at && self.patterns[*it].text != text).min()
    }
}

fn is_plain(text: &str) -> bool {
    !text.contains(['*', '?', '[', ']', '\\', '^'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shadowed(text: &str) -> Vec<usize> {
        let ignore = IgnoreFile::parse(text);
        let lines = Lines::of(&ignore);
        (0..ignore.patterns().len()).filter(|it| lines.shadow(*it).is_some()).map(|it| it + 1).collect()
    }

    #[test]
    fn lines_that_say_nothing_more() {
        for (text, lines) in [
            ("a\nb\na\n", vec![3]),
            ("a\n!x\na\n", vec![]),
            ("a/b\na\n", vec![1]),
            ("a\na/**\n", vec![2]),
            ("ab\na\n", vec![]),
            ("**/node_modules\nnode_modules\nx/node_modules/y\n", vec![2, 3]),
            ("**/*.pyc\n*.pyc\nsrc/x.pyc\n*.py\n", vec![2, 3]),
            ("*.log\nx.log\na/x.log\n", vec![2]),
            ("*\nsrc\n", vec![]),
            ("!a/b\na\na/b\n", vec![]),
        ] {
            assert_eq!(shadowed(text), lines, "{text:?}");
        }
    }

    #[test]
    fn a_hundred_thousand_lines_are_no_hang() {
        let lines: Vec<String> = (0..100_000).map(|it| format!("**/dir{it}/*.o{it}\ndir{}", it / 2)).collect();
        assert_eq!(shadowed(&lines.join("\n")).len(), 50_000);
    }

    /// Without such a line the walk leaves out the same.
    #[test]
    fn without_them_nothing_changes() {
        let parts = ["a", "b", "*.c", "**/a", "**/*.c", "a/b", "b/x.c", "!a", "!a/b", "!**/b", "a/**", "x.c", "*/a"];
        let paths = ["a", "b", "x.c", "a/a", "a/b", "a/x.c", "b/a", "b/x.c", "a/b/a", "a/b/x.c", "b/a/b", "a/b/x.c/b"];
        let mut seed = 1_u64;
        let mut next = |most: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % most
        };
        let mut tried = 0;
        for _ in 0..3_000 {
            let lines: Vec<&str> = (0..2 + next(5)).map(|_| parts[next(parts.len())]).collect();
            let text = lines.join("\n");
            let whole = IgnoreFile::parse(&text);
            for at in shadowed(&text) {
                let mut fewer = lines.clone();
                fewer.remove(at - 1);
                let fewer = IgnoreFile::parse(&fewer.join("\n"));
                for path in paths {
                    assert_eq!(
                        whole.is_ignored(path),
                        fewer.is_ignored(path),
                        "{path} with {text:?} without line {at}"
                    );
                    assert_eq!(whole.matches(path).excluded, fewer.matches(path).excluded, "{path} with {text:?}");
                }
                tried += 1;
            }
        }
        assert!(tried > 200, "{tried}");
    }
}
