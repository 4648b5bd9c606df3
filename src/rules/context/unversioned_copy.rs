//! Files that git ignores and a copy of the whole context takes in: see `rules/context/unversioned-copy.md`.

use super::{
    mentions::{self, Search},
    sharing::{self, Line, Shared, first_line},
};
use crate::{
    context::{Need, Size, Tree, bytes},
    edit::Safety,
    finding::{Finding, Fix},
    gitignore::GitIgnore,
    knowledge::CONTENTS,
    model::{Base, StepKind, is_below},
    project::{EntryKind, Kind, file_name, join},
    rule::{Check, FileCx, ProjectCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("context" / "unversioned-copy", Check::Project(check));

/// A file in the root of the context is not worth a line unless it is as big as this, nor is a folder further below.
const WORTH_A_LINE: u64 = 1_000_000;

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for shared in sharing::of_broad_copies(cx) {
        let Some((file, need)) = shared.first_whole() else { continue };
        let root = cx.project.root_of(&file.source.path);
        let git = GitIgnore::new(shared.files(), root.clone());
        let Some(tree) = shared.tree() else { continue };
        let found = unversioned(shared, &tree, &git);
        // What could not be called safe does not keep the rest from being so: each has its finding.
        let mut safe = Vec::new();
        for it in found {
            match doubt(shared, &tree, &it, (&git, &root)) {
                None => safe.push(it),
                Some(doubt) => out.extend(finding(shared, &[it], Some(&doubt), (file, need))),
            }
        }
        out.extend(finding(shared, &safe, None, (file, need)));
    }
}

fn finding(
    shared: &Shared<'_>,
    found: &[Unversioned],
    doubt: Option<&str>,
    (file, need): (&FileCx<'_>, &Need),
) -> Option<Finding> {
    let names: Vec<String> = found.iter().map(Unversioned::named).collect();
    if names.is_empty() {
        return None;
    }
    let lines: Vec<Line> =
        found.iter().map(|it| Line { group: "not in the repository".to_owned(), text: it.path.clone() }).collect();
    let lines = shared.harmless(&lines);
    let message = format!("`{}` takes in {}, which git ignores", first_line(file, need), sharing::list(&names));
    let mut finding = Finding::new(RULE.name, file.at(need.span), message);
    let what = "A build from a clone does not have it, so that the image depends on the machine; and it is sent with \
                every build.";
    let doubt = shared.open.as_deref().or(doubt);
    finding.note = Some(match doubt {
        None => format!("{what} Nothing in the project speaks of it."),
        Some(doubt) => format!("{what} The fix is unsafe: {doubt}."),
    });
    let safety = if doubt.is_none() { Safety::Safe } else { Safety::Unsafe };
    finding.fix = (!lines.is_empty()).then(|| shared.add(&lines)).flatten().map(|change| Fix {
        title: shared.title(),
        safety,
        change,
    });
    Some(finding)
}

/// What git ignores and is sent.
struct Unversioned {
    path: String,
    at: u32,
    bytes: u64,
}

impl Unversioned {
    fn named(&self) -> String {
        if self.bytes < WORTH_A_LINE {
            format!("`{}`", self.path)
        } else {
            format!("`{}` ({})", self.path, bytes(self.bytes))
        }
    }
}

/// The folders in the root of the context that git ignores, and what is big elsewhere. Names that begin with a dot are
/// those of tools, and have rules of their own.
fn unversioned(shared: &Shared<'_>, tree: &Tree, git: &GitIgnore<'_>) -> Vec<Unversioned> {
    let mut sums: Option<Vec<Size>> = None;
    let mut out = Vec::new();
    let mut open = vec![0];
    while let Some(folder) = open.pop() {
        for (at, node) in tree.children(folder) {
            let name = &*node.name;
            let is_folder = node.kind == EntryKind::Folder;
            if name.starts_with('.') || CONTENTS.is_built(name) || CONTENTS.is_ballast(name) || node.excluded {
                continue;
            }
            let is_root_folder = folder == 0 && is_folder;
            let sums = sums.get_or_insert_with(|| tree.sums(|_, node| !node.excluded));
            let weight = sums[at as usize].bytes;
            if !is_root_folder && weight < WORTH_A_LINE {
                continue;
            }
            let path = tree.path(at);
            let kind = if is_folder { Kind::Folder } else { Kind::File };
            let is_plain =
                !path.contains(['*', '?', '[', ']', '\\', '!', '#', '\n', '\u{fffd}']) && path.trim() == path;
            let place = join(&shared.folder, &path);
            // What was added by force is in every clone.
            let is_tracked = || shared.files().is_tracked(&place) == Some(true);
            if is_plain && !shared.is_wanted(name) && git.ignores(&place, kind) && !is_tracked() {
                out.push(Unversioned { path, at, bytes: weight });
            } else if is_folder {
                open.push(at);
            }
        }
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

/// What keeps it from being sure that no image needs something that git ignores, in words; see "Fix safety" on the
/// rule's page.
fn doubt(shared: &Shared<'_>, tree: &Tree, it: &Unversioned, (git, root): (&GitIgnore<'_>, &str)) -> Option<String> {
    if shared.files().is_tracked(&join(&shared.folder, &it.path)).is_none() {
        return Some("git does not say what it tracks".to_owned());
    }
    if shared.whole().any(|(file, need)| is_served(file, need)) {
        return Some("the image may answer requests with whatever is in the folder".to_owned());
    }
    let Some(names) = names(tree, it) else { return Some("it holds program text, or too much to look at".to_owned()) };
    let folders = folders(shared);
    match mentions::search(shared.files(), git, root, Search { names: &names, folders: &folders, passed_over: &[] }) {
        mentions::Found::Nothing => None,
        mentions::Found::At(path, line) => Some(format!("{path}:{line} may speak of it")),
        mentions::Found::TooMuch => Some("the project is too big to look for what reads it".to_owned()),
    }
}

/// The folders of the images in which it may be: where copies go, and where commands run. A copy of the whole context
/// to the root is a doubt of its own.
fn folders(shared: &Shared<'_>) -> Vec<String> {
    let steps = shared.builds.iter().flat_map(|it| &it.cx.model.stages).flat_map(|it| &it.steps);
    let mut folders: Vec<String> = steps
        .flat_map(|step| {
            let destination = match &step.kind {
                StepKind::Copy(copy) => copy.destination.clone(),
                StepKind::Run(_) | StepKind::Other => None,
            };
            destination.into_iter().chain(step.before.workdir.clone())
        })
        .collect();
    folders.sort();
    folders.dedup();
    folders.retain(|it| it != "/");
    folders
}

/// By what it could be spoken of: its own name, and the names and endings of the files in it.
fn names(tree: &Tree, it: &Unversioned) -> Option<Vec<String>> {
    const MOST: usize = 500;
    let mut names = vec![file_name(&it.path).to_owned()];
    let mut open = vec![it.at];
    while let Some(at) = open.pop() {
        let node = &tree.nodes[at as usize];
        if node.kind == EntryKind::Folder {
            if node.unwalked {
                return None;
            }
            open.extend(tree.children(at).map(|it| it.0));
            continue;
        }
        let ending = node.name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|it| it.1);
        if ending.is_some_and(|it| CONTENTS.code.iter().any(|code| code == it)) {
            return None;
        }
        names.push(node.name.to_string());
        names.extend(ending.map(|it| format!(".{it}")));
        if names.len() > MOST {
            names.sort();
            names.dedup();
            if names.len() > MOST {
                return None;
            }
        }
    }
    names.sort();
    names.dedup();
    Some(names)
}

/// Whether a copy goes to where a server finds its pages.
fn is_served(file: &FileCx<'_>, need: &Need) -> bool {
    let stage = &file.model.stages[need.stage];
    let is_server = file.model.ancestry(need.stage).any(|it| match &it.base {
        Base::Image(image) => {
            let name = image.name.rsplit('/').next().unwrap_or_default();
            CONTENTS.servers.iter().any(|it| it == name)
        }
        Base::Unknown => true,
        Base::Stage(_) | Base::Scratch => false,
    });
    let copies = stage.steps.iter().filter(|it| it.item == need.item);
    let destination = copies.filter_map(|it| match &it.kind {
        StepKind::Copy(copy) => copy.destination.clone(),
        StepKind::Run(_) | StepKind::Other => None,
    });
    let mut places = destination.into_iter();
    is_server || places.any(|it| it == "/" || CONTENTS.served.iter().any(|folder| is_below(&it, folder)))
}
