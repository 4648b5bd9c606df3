//! Folders that git ignores and a copy of the whole context takes in: see `rules/context/unversioned-copy.md`.

use super::sharing::{self, Line, Shared};
use crate::{
    edit::Safety,
    finding::{Finding, Fix},
    project::{Kind, join},
    rule::{Check, ProjectCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("context" / "unversioned-copy", Check::Project(check));

/// Folders that are built before the image is, for it.
const BUILT: &[&str] = &[
    "_build",
    "artifacts",
    "assets",
    "bin",
    "build",
    "deps",
    "dist",
    "lib",
    "obj",
    "out",
    "output",
    "public",
    "publish",
    "release",
    "releases",
    "static",
    "staticfiles",
    "target",
    "vendor",
    "wheelhouse",
    "wheels",
];

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for shared in sharing::of_broad_copies(cx) {
        let Some((file, need)) = shared.first_whole() else { continue };
        let names = folders(&shared);
        let [first, ..] = names.as_slice() else { continue };
        let lines: Vec<Line> =
            names.iter().map(|it| Line { group: "not in the repository", text: it.clone() }).collect();
        let lines = shared.harmless(&lines);
        let copy = file.source.slice(need.span).lines().next().unwrap_or_default().trim_end_matches(['\\', ' ']);
        let more = match names.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let message = format!("`{copy}` takes in `{first}`{more}, which git ignores");
        let mut finding = Finding::new(RULE.name, file.at(need.span), message);
        finding.note = Some(
            "A build from a clone does not have it, so that the image depends on the machine; and it is sent with every \
             build. The fix is unsafe: the image may need it."
                .to_owned(),
        );
        let title = if shared.file.is_some() { "Add lines to" } else { "Make" };
        finding.fix = (!lines.is_empty()).then(|| shared.add(&lines)).flatten().map(|change| Fix {
            title: format!("{title} {}", shared.path),
            safety: Safety::Unsafe,
            change,
        });
        out.push(finding);
    }
}

/// The folders in the root of the context that the `.gitignore` there names and the ignore file lets pass.
/// Names that begin with a dot are those of tools, and have rules of their own.
fn folders(shared: &Shared<'_>) -> Vec<String> {
    let Some(text) = shared.files().read(&join(&shared.folder, ".gitignore")) else { return Vec::new() };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_ignored = |name: &str| {
        let is_it = |line: &&&str| line.strip_prefix('/').unwrap_or(line).trim_end_matches('/') == name;
        lines.iter().any(|it| is_it(&it)) && !lines.iter().any(|it| it.starts_with('!') && it.contains(name))
    };
    let mut names = shared.list(".");
    names.retain(|name| {
        !name.starts_with('.')
            && !BUILT.contains(&name.as_str())
            && !matches!(name.as_str(), "node_modules" | "venv" | "__pycache__" | "htmlcov")
            && is_ignored(name)
            && shared.files().kind(&join(&shared.folder, name)) == Some(Kind::Folder)
            && shared.lets_pass(name)
            && !shared.is_wanted(name)
    });
    names
}
