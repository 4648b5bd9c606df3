//! Lines of an ignore file that mean something else than in git: see `rules/context/misread-ignore-line.md`.

use super::sharing::{self, Shared};
use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    ignorefile::{IgnoreFile, Pattern},
    project::{Kind, join},
    rule::{Check, ProjectCx, Rule},
    source::{FileId, Location, Source},
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
    (".DS_Store", ".DS_Store"),
    ("Thumbs.db", "Thumbs.db"),
    (".ipynb_checkpoints", ".ipynb_checkpoints"),
];

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    // Without a suspicious line there is no reason to find out who heeds which file.
    let is_suspicious = |it: &Source| {
        it.path.ends_with(".dockerignore")
            && (it.text.contains("[!") || ANYWHERE.iter().any(|(name, _)| it.text.contains(name)))
    };
    if !cx.project.sources.iter().any(is_suspicious) {
        return;
    }
    for shared in sharing::all(cx, |_| true) {
        let Some(file) = shared.file.filter(|_| sends_folders(&shared)) else { continue };
        for pattern in shared.ignore.patterns() {
            out.extend(finding(file, cx.project.source(file), &shared.ignore, pattern));
        }
    }
}

/// Whether a build copies a folder that has others in it: elsewhere the root is all there is.
fn sends_folders(shared: &Shared<'_>) -> bool {
    let is_folder = |path: &str| shared.files().kind(&join(&shared.folder, path)) == Some(Kind::Folder);
    let has_folder = |path: &str| shared.list(path).iter().any(|it| !it.starts_with('.') && is_folder(&join(path, it)));
    let mut sources = shared.builds.iter().flat_map(|it| &it.needs.all).flat_map(|it| &it.sources);
    sources.any(|it| if it == "." { has_folder(it) } else { is_folder(it) })
}

fn finding(file: FileId, source: &Source, ignore: &IgnoreFile, pattern: &Pattern) -> Option<Finding> {
    let written = source.slice(pattern.span);
    let (message, note, edit, safety) =
        if let Some((_, example)) = ANYWHERE.iter().find(|(name, _)| *name == pattern.text && !pattern.negated) {
            let below = format!("src/{example}");
            let is_root_only = !written.starts_with('/') && !ignore.matches(&below).excluded;
            is_root_only.then(|| {
                (
                    format!("`{written}` keeps back only what is in the root of the context"),
                    format!("In git a name without a slash matches at any depth; here `{below}` is sent all the same."),
                    Edit::replace(pattern.span, format!("**/{}", pattern.text)),
                    Safety::Safe,
                )
            })?
        } else if let Some(at) = written.find("[!") {
            (
                format!("`[!` begins a set that `!` belongs to in `{written}`"),
                "In git `[!a]` is all but `a`; here it is `!` or `a`, and all but `a` is `[^a]`.".to_owned(),
                Edit::replace(pattern.span, written.replacen("[!", "[^", written[at..].matches("[!").count())),
                Safety::Unsafe,
            )
        } else {
            return None;
        };
    let mut finding = Finding::new(RULE.name, Location { file, span: pattern.span }, message);
    finding.note = Some(note);
    let title = format!("Write `{}`", edit.text);
    finding.fix = Change::of(file, [edit]).map(|change| Fix { title, safety, change });
    Some(finding)
}
