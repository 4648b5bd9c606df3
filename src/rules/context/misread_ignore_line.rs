//! Lines of an ignore file that mean something else than in git: see `rules/context/misread-ignore-line.md`.

use std::collections::{BTreeMap, BTreeSet};

use super::sharing::{self, Shared};
use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    ignorefile::{IgnoreFile, Pattern},
    knowledge::CONTENTS,
    project::{Kind, join},
    rule::{Check, ProjectCx, Rule},
    source::{Location, Source},
};

pub(super) static RULE: Rule = crate::rule!("context" / "misread-ignore-line", Check::Project(check));

/// Names of what lies anywhere in a tree and never only at its root, each with an example.
const ANYWHERE: &[(&str, &str)] = &[
    ("__pycache__", "__pycache__"),
    ("*.pyc", "x.pyc"),
    ("*.pyo", "x.pyo"),
    ("*.pyd", "x.pyd"),
    ("*.py[cod]", "x.pyc"),
    ("*.py[co]", "x.pyc"),
    (".ipynb_checkpoints", ".ipynb_checkpoints"),
];

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    // Without a suspicious line there is no reason to find out who heeds which file.
    let is_suspicious = |it: &Source| {
        it.path.ends_with(".dockerignore")
            && it.text.lines().any(|it| it.contains("[!") || it.starts_with('!') || is_name(it.trim()))
    };
    if !cx.project.sources.iter().any(is_suspicious) {
        return;
    }
    for shared in sharing::all(cx, |_| true) {
        let Some(file) = shared.file.filter(|_| sends_folders(shared)) else { continue };
        let source = cx.project.source(file);
        let mut below: Option<Below> = None;
        for (at, pattern) in shared.ignore.patterns().iter().enumerate() {
            let misread = anywhere(source, &shared.ignore, pattern)
                .or_else(|| set(source, pattern))
                .or_else(|| brought_back(source, &shared.ignore, at))
                .or_else(|| only_below(source, shared, pattern, &mut below));
            let Some(Misread { message, note, fix }) = misread else { continue };
            let mut finding = Finding::new(RULE.name, Location { file, span: pattern.span }, message);
            finding.note = Some(note);
            finding.fix = fix.and_then(|(text, safety)| {
                let title = format!("Write `{text}`");
                let change = Change::of(file, [Edit::replace(pattern.span, text)])?;
                Some(Fix { title, safety, change })
            });
            out.push(finding);
        }
    }
}

/// What a line means, and what to write instead.
struct Misread {
    message: String,
    note: String,
    fix: Option<(String, Safety)>,
}

/// Whether a line is a name without a slash and without wildcards, or one of those that lie anywhere.
fn is_name(line: &str) -> bool {
    let line = line.strip_prefix("./").unwrap_or(line).trim_end_matches('/');
    let is_plain = !line.contains(['*', '?', '[', '/', '\\', '!', '#', '{']);
    !line.is_empty() && is_plain || ANYWHERE.iter().any(|(name, _)| *name == line)
}

/// Whether a build copies a folder that has others in it: elsewhere the root is all there is.
fn sends_folders(shared: &Shared<'_>) -> bool {
    let is_folder = |path: &str| shared.files().kind(&join(&shared.folder, path)) == Some(Kind::Folder);
    let has_folder = |path: &str| shared.list(path).iter().any(|it| !it.starts_with('.') && is_folder(&join(path, it)));
    let mut sources = shared.builds.iter().flat_map(|it| &it.needs.all).flat_map(|it| &it.sources);
    sources.any(|it| if it == "." { has_folder(it) } else { is_folder(it) })
}

/// A name that lies anywhere in a tree, kept back in the root alone.
fn anywhere(source: &Source, ignore: &IgnoreFile, pattern: &Pattern) -> Option<Misread> {
    let written = source.slice(pattern.span);
    let (_, example) = ANYWHERE.iter().find(|(name, _)| *name == pattern.text && !pattern.negated)?;
    let below = format!("src/{example}");
    let is_root_only = !written.starts_with('/') && !ignore.matches(&below).excluded;
    is_root_only.then(|| Misread {
        message: format!("`{written}` keeps back only what is in the root of the context"),
        note: format!("In git a name without a slash matches at any depth; here `{below}` is sent all the same."),
        fix: Some((format!("**/{}", pattern.text), Safety::Safe)),
    })
}

/// `[!a]`, which is no set of all others.
fn set(source: &Source, pattern: &Pattern) -> Option<Misread> {
    let written = source.slice(pattern.span);
    let at = written.find("[!")?;
    Some(Misread {
        message: format!("`[!` begins a set that `!` belongs to in `{written}`"),
        note: "In git `[!a]` is all but `a`; here it is `!` or `a`, and all but `a` is `[^a]`.".to_owned(),
        fix: Some((written.replacen("[!", "[^", written[at..].matches("[!").count()), Safety::Unsafe)),
    })
}

/// `!` of a folder of which only a part is kept back: the builder compares it with the folder, finds it there, and does
/// not ask again below.
fn brought_back(source: &Source, ignore: &IgnoreFile, at: usize) -> Option<Misread> {
    let pattern = &ignore.patterns()[at];
    if !pattern.negated || pattern.text.contains(['*', '?', '[', '\\']) {
        return None;
    }
    let before = || ignore.patterns()[..at].iter().filter(|it| !it.negated);
    let below = format!("{}/", pattern.text);
    let part = before().find(|it| it.text.starts_with(&below) && !it.text.contains(['*', '?', '[', '\\']))?;
    let is_kept = |text: &str| ignore.verdict(text, false).excluded;
    let is_left = ignore.matches(&part.text).decided_by == Some(at) && is_kept(&part.text);
    is_left.then(|| Misread {
        message: format!("`{}` does not bring back `{}`", source.slice(pattern.span), part.text),
        note: format!(
            "The folder itself is not kept back, so that BuildKit has nothing to bring back there, and does not compare \
             the line with what is in it. `!{}` works.",
            part.text
        ),
        fix: None,
    })
}

/// A name that is not in the root of the context, but further below.
fn only_below(source: &Source, shared: &Shared<'_>, pattern: &Pattern, below: &mut Option<Below>) -> Option<Misread> {
    let written = source.slice(pattern.span);
    if pattern.negated || written.starts_with('/') || !is_name(written) || !shared.is_certain() {
        return None;
    }
    // It is meant for the root where it is there.
    if shared.list(".").binary_search(&pattern.text).is_ok() {
        return None;
    }
    let below = below.get_or_insert_with(|| Below::of(shared));
    let (path, bytes) = below.sent.get(pattern.text.as_str())?;
    // Of other names it is not known that the one below is meant; it is not where it belongs to the sources.
    let is_junk = CONTENTS.is_ballast(&pattern.text);
    let is_source = || shared.files().is_tracked(&join(&shared.folder, path)) == Some(true);
    if !is_junk && (*bytes < WORTH_A_LINE || is_source()) {
        return None;
    }
    Some(Misread {
        message: format!("`{written}` does not keep back `{path}`"),
        note:
            "In git a name without a slash matches at any depth; here it means the root of the context, where nothing \
               is called so."
                .to_owned(),
        fix: Some((format!("**/{}", pattern.text), if is_junk { Safety::Safe } else { Safety::Unsafe })),
    })
}

/// So much that is sent is worth asking whether it is meant.
const WORTH_A_LINE: u64 = 100_000;

/// What is sent of the folders below the root, by name: the first path, and the bytes of all.
struct Below {
    sent: BTreeMap<Box<str>, (String, u64)>,
}

impl Below {
    fn of(shared: &Shared<'_>) -> Self {
        let mut sent: BTreeMap<Box<str>, (String, u64)> = BTreeMap::new();
        let Some(tree) = shared.tree() else { return Self { sent } };
        let names: BTreeSet<&str> = shared.ignore.patterns().iter().map(|it| it.text.as_str()).collect();
        let mut sums = None;
        for (at, node) in tree.nodes.iter().enumerate().filter(|(_, it)| it.parent != 0 && !it.excluded) {
            if !names.contains(&*node.name) {
                continue;
            }
            let sums = sums.get_or_insert_with(|| tree.sums(|_, node| !node.excluded));
            let path = || (tree.path(at as u32), 0);
            sent.entry(node.name.clone()).or_insert_with(path).1 += sums[at].bytes;
        }
        Self { sent }
    }
}
