//! Lines of an ignore file that keep nothing back: see `rules/context/useless-ignore-line.md`.

use super::{
    lines,
    sharing::{self, Shared},
};
use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    gitignore::GitIgnore,
    ignorefile::{IgnoreFile, Pattern},
    knowledge::CONTENTS,
    project::{Kind, join, parent},
    rule::{Check, ProjectCx, Rule},
    source::{FileId, Location, Source, Span},
};

pub(super) static RULE: Rule = crate::rule!("context" / "useless-ignore-line", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    let mut stale = Vec::new();
    for (file, source, ignore) in lines::ignore_files(cx.project) {
        for (at, pattern) in ignore.patterns().iter().enumerate() {
            if let Some(useless) = never(source, pattern).or_else(|| brings_nothing(source, &ignore, at)) {
                out.push(finding(file, source, pattern, useless));
            } else if is_plain_path(pattern) {
                stale.push((file, at));
            }
        }
    }
    if stale.is_empty() {
        return;
    }
    for shared in sharing::all(cx, |_| true) {
        let Some(file) = shared.file.filter(|_| shared.is_certain()) else { continue };
        let source = cx.project.source(file);
        let root = cx.project.root_of(&source.path);
        let own = stale.iter().filter(|(it, _)| *it == file).map(|(_, at)| *at);
        for pattern in own.filter_map(|at| shared.ignore.patterns().get(at)) {
            if is_stale(shared, pattern, &root) {
                let useless = Useless {
                    message: format!("nothing is called `{}` here", source.slice(pattern.span)),
                    note: format!("`{}` is there, without it.", parent(&pattern.text)),
                    // Whoever wrote the line may have meant what is yet to come.
                    fix: Some(removal(source, pattern, Safety::Unsafe)),
                };
                out.push(finding(file, source, pattern, useless));
            }
        }
    }
}

/// Why a line is of no use, and what to write instead.
struct Useless {
    message: String,
    note: String,
    fix: Option<(String, Edit, Safety)>,
}

fn finding(file: FileId, source: &Source, pattern: &Pattern, useless: Useless) -> Finding {
    let mut finding = Finding::new(RULE.name, Location { file, span: pattern.span }, useless.message);
    finding.note = Some(useless.note);
    // It can keep nothing back, so that without it nothing changes.
    let (title, edit, safety) = useless.fix.unwrap_or_else(|| removal(source, pattern, Safety::Safe));
    finding.fix = Change::of(file, [edit]).map(|change| Fix { title, safety, change });
    finding
}

fn removal(source: &Source, pattern: &Pattern, safety: Safety) -> (String, Edit, Safety) {
    ("Remove the line".to_owned(), Edit::delete(lines::whole_line(source, pattern)), safety)
}

/// What is wrong with a pattern that no path can match.
fn never(source: &Source, pattern: &Pattern) -> Option<Useless> {
    let written = source.slice(pattern.span);
    let text = pattern.text.as_str();
    if text.starts_with("# ") || text == "#" {
        let line = lines::whole_line(source, pattern);
        let start = line.start as usize;
        let blanks = source.text[start..].len() - source.text[start..].trim_start().len();
        return Some(Useless {
            message: format!("`{written}` is a pattern, and no comment"),
            note: "A comment begins in the first column; this line looks for a file of that name.".to_owned(),
            fix: Some((
                "Remove the blanks before it".to_owned(),
                Edit::delete(Span::new(start, start + blanks)),
                Safety::Safe,
            )),
        });
    }
    if let Some((before, comment)) = written.split_once(" #").filter(|(it, _)| !it.trim().is_empty()) {
        let before = before.trim_end();
        return Some(Useless {
            message: format!("`# {}` is a part of the pattern, and no comment", comment.trim()),
            note: format!(
                "A comment has a line of its own; this line looks for a file of that name, not for `{before}`."
            ),
            fix: Some((
                "Write the comment above".to_owned(),
                Edit::replace(pattern.span, format!("# {}\n{before}", comment.trim())),
                Safety::Unsafe,
            )),
        });
    }
    if matches!(text, "." | "/" | "..") || text.starts_with("../") {
        return Some(Useless {
            message: format!("`{written}` matches nothing"),
            note:
                "Patterns are compared with paths below the context, which have no such beginning; everything is `*`."
                    .to_owned(),
            fix: None,
        });
    }
    let open = text.find('{')?;
    let close = open + text[open..].find('}')?;
    let inside = &text[open + 1..close];
    if !inside.contains(',') || text[close + 1..].contains('{') || inside.contains('{') {
        return None;
    }
    let sign = if pattern.negated { "!" } else { "" };
    let each: Vec<String> =
        inside.split(',').map(|it| format!("{sign}{}{}{}", &text[..open], it.trim(), &text[close + 1..])).collect();
    Some(Useless {
        message: format!("`{written}` means a name with braces"),
        note: "Ignore files know no alternatives: each needs a line.".to_owned(),
        fix: Some(("Write a line for each".to_owned(), Edit::replace(pattern.span, each.join("\n")), Safety::Unsafe)),
    })
}

/// A line with `!` before which no line keeps back anything that it could bring back.
fn brings_nothing(source: &Source, ignore: &IgnoreFile, at: usize) -> Option<Useless> {
    let pattern = &ignore.patterns()[at];
    let is_plain = |text: &str| !text.contains(['*', '?', '[', ']', '\\', '^']);
    if !pattern.negated || !is_plain(&pattern.text) {
        return None;
    }
    let mut before = ignore.patterns()[..at].iter().filter(|it| !it.negated);
    let is_below = |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|it| it.starts_with('/'));
    let depth = |text: &str| text.matches('/').count();
    let own = pattern.text.as_str();
    let may_meet = |it: &Pattern| {
        let folders = own.match_indices('/').map(|(at, _)| &own[..at]);
        if folders.chain([own]).any(|path| it.matches(path)) {
            return true;
        }
        if is_plain(&it.text) {
            return is_below(&it.text, own);
        }
        // Sets of characters and `**` match slashes, too.
        let is_deep = it.text.contains("**") || it.text.contains('[') || depth(&it.text) > depth(own);
        let start = it.text.split(['*', '?', '[', '\\', '^']).next().unwrap_or_default();
        is_deep && (start.starts_with(own) || own.starts_with(start))
    };
    (!before.any(may_meet)).then(|| Useless {
        message: format!("`{}` brings nothing back", source.slice(pattern.span)),
        note: "No line before it keeps back anything there, and lines after it have the last word.".to_owned(),
        fix: None,
    })
}

/// Whether a pattern names one path below a folder.
fn is_plain_path(pattern: &Pattern) -> bool {
    !pattern.negated && pattern.text.contains('/') && !pattern.text.contains(['*', '?', '[', ']', '\\', '^', '{', '#'])
}

/// Whether the folder of a path is there, but what the path names is not, nor could it come by building or working.
fn is_stale(shared: &Shared<'_>, pattern: &Pattern, root: &str) -> bool {
    let files = shared.files();
    let path = join(&shared.folder, &pattern.text);
    let name = pattern.text.rsplit('/').next().unwrap_or_default();
    let is_usual = |part: &str| {
        part.starts_with('.') || CONTENTS.is_built(part) || CONTENTS.is_ballast(part) || TEMPORARY.contains(&part)
    };
    let folder = parent(&path);
    if pattern.text.split('/').any(is_usual)
        || files.kind(&folder) != Some(Kind::Folder)
        || files.list(&folder).iter().any(|it| it == name)
    {
        return false;
    }
    let git = GitIgnore::new(files, root.to_owned());
    !git.ignores(&path, Kind::Folder) && !git.ignores(&path, Kind::File)
}

/// Names of what comes and goes.
const TEMPORARY: &[&str] =
    &["cache", "coverage", "data", "generated", "local", "log", "logs", "media", "storage", "temp", "tmp", "uploads"];
