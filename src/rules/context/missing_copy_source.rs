//! A source of `COPY` that is not in the context: see `rules/context/missing-copy-source.md`.

use std::collections::{BTreeMap, BTreeSet};

use super::mentions::{self, Search};
use crate::{
    build::{Build, BuildContext, Kind as DefinitionKind, Target},
    context::{Need, Needs},
    finding::{Finding, Label},
    gitignore::GitIgnore,
    knowledge::CONTENTS,
    names,
    project::{Kind, file_name, join, parent},
    rule::{Check, FileCx, Rule},
    source::{Location, Span},
};

pub(super) static RULE: Rule = crate::rule!("context" / "missing-copy-source", Check::File(check));

/// Endings of what is built, fetched or handed out before an image is built.
const MADE: &[&str] = &[
    "bin", "bz2", "cer", "crt", "deb", "dll", "exe", "gem", "gz", "jar", "key", "nupkg", "pem", "rpm", "so", "tar",
    "tgz", "war", "whl", "xz", "zip",
];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let Some(all) = contexts(cx) else { return };
    let files = &*cx.project.files;
    let mut open: BTreeMap<(usize, &str), Vec<Place<'_>>> = BTreeMap::new();
    for (place, needs) in &all {
        for need in &needs.all {
            for source in need.sources.iter().filter(|it| may_be_missing(it)) {
                open.entry((need.span.start as usize, source)).or_default().push(*place);
            }
        }
    }
    let needs: Vec<&Need> = all.iter().flat_map(|it| &it.1.all).collect();
    for ((start, source), places) in open {
        let is_there = |folder: &str| {
            let path = join(folder, source);
            // A link that leads nowhere is there, too.
            files.kind(&path).is_some() || files.list(&parent(&path)).iter().any(|it| *it == file_name(&path))
        };
        let Some(need) = needs.iter().find(|it| it.span.start as usize == start) else { continue };
        if places.iter().any(|it| is_there(it.folder)) {
            continue;
        }
        let Place { folder, location } = places[0];
        // A path of several parts that is right from another folder was written from there; one name proves nothing.
        let mut above = folders_above(cx, folder).filter(|_| source.contains('/'));
        let elsewhere = above.find(|it| files.kind(&join(it, source)).is_some());
        if elsewhere.is_none() && may_be_made(cx, &places, source) {
            continue;
        }
        let folder_name =
            if folder == "." { "the build context".to_owned() } else { format!("the context `{folder}`") };
        let message = format!("`{source}` is copied, but it is not in {folder_name}");
        let mut finding = Finding::new(RULE.name, cx.at(span_of(cx, need, source)), message);
        let siblings = files.list(&join(folder, &parent(source)));
        let near = names::closest(file_name(source), siblings.iter().map(String::as_str));
        let hint = match (elsewhere, near) {
            (Some(above), _) if above == "." => " It is there from the root of the project.".to_owned(),
            (Some(above), _) => format!(" It is there from `{above}`."),
            (None, Some(near)) => format!(" Is `{}` meant?", join(&parent(source), near)),
            (None, None) => String::new(),
        };
        finding.note = Some(format!("The build does not find it, and fails.{hint}"));
        if let Some(location) = location {
            finding.related.push(Label { location, text: "the context is named here".to_owned() });
        }
        out.push(finding);
    }
}

/// A context, and where it is named.
#[derive(Clone, Copy)]
struct Place<'a> {
    folder: &'a str,
    location: Option<Location>,
}

/// The contexts with which the Dockerfile is surely built, and what each build asks for; `None` unless all are known.
fn contexts<'a>(cx: &FileCx<'a>) -> Option<Vec<(Place<'a>, Needs)>> {
    let project = cx.project;
    let path = &cx.source.path;
    let of = |folder: &'a str, location, build: Option<&Build>| {
        let is_there = project.files.kind(folder) == Some(Kind::Folder);
        let needs = match build {
            Some(build) => Needs::of(cx.model, &build.target, &build.contexts),
            None => Needs::of(cx.model, &Target::Last, &BTreeMap::new()),
        };
        (is_there && needs.unknown.is_none()).then_some((Place { folder, location }, needs))
    };
    if let Some(folder) = project.settings.contexts.get(path) {
        return Some(vec![of(folder, None, None)?]);
    }
    let mut all = Vec::new();
    for build in project.builds_of(path) {
        // Where a script stands when it starts a build is likely, and not sure.
        let (BuildContext::Folder(folder), true) = (&build.context, build.kind != DefinitionKind::Script) else {
            return None;
        };
        all.push(of(folder, Some(build.found_in), Some(build))?);
    }
    (!all.is_empty()).then_some(all)
}

/// Whether it is a path that can be looked up, and not the name of something that is made.
fn may_be_missing(source: &str) -> bool {
    let is_made = |it: &str| CONTENTS.is_built(it) || CONTENTS.is_ballast(it);
    let ending = source.rsplit_once('.').map(|it| it.1);
    source != "."
        && !source.contains(['*', '?', '[', '$', '{', '%', '<', '\\'])
        && !source.split('/').any(is_made)
        && !ending.is_some_and(|it| MADE.contains(&it))
}

/// Whether something may bring it there before the build: what git ignores, a submodule, what another file speaks of.
fn may_be_made(cx: &FileCx<'_>, places: &[Place<'_>], source: &str) -> bool {
    let files = &*cx.project.files;
    let root = cx.project.root_of(&cx.source.path);
    let git = GitIgnore::new(files, root.clone());
    let folders: BTreeSet<&str> = places.iter().map(|it| it.folder).collect();
    if folders
        .iter()
        .map(|it| join(it, source))
        .any(|it| git.ignores(&it, Kind::File) || git.ignores(&it, Kind::Folder))
    {
        return true;
    }
    if files.read(&join(&root, ".gitmodules")).is_some() {
        return true;
    }
    // A folder that is not there either may be made as a whole.
    let first = source.split('/').next().unwrap_or(source);
    let has_folder = folders.iter().any(|it| files.kind(&join(it, first)).is_some());
    let names: BTreeSet<&str> = std::iter::once(file_name(source)).chain((!has_folder).then_some(first)).collect();
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let dockerfiles: Vec<&str> =
        cx.project.dockerfiles.iter().map(|it| cx.project.source(it.file).path.as_str()).collect();
    let search = Search { names: &names, folders: &[], passed_over: &dockerfiles };
    mentions::search(files, &git, &root, search) != mentions::Found::Nothing
}

/// The folders above a context, up to the root of the repository.
fn folders_above<'a>(cx: &'a FileCx<'_>, folder: &'a str) -> impl Iterator<Item = String> + 'a {
    let root = cx.project.root_of(&cx.source.path);
    let mut last = folder.to_owned();
    std::iter::from_fn(move || {
        if last == root {
            return None;
        }
        let above = parent(&last);
        (above != last).then(|| {
            last.clone_from(&above);
            above
        })
    })
}

/// Where a source stands in its instruction.
fn span_of(cx: &FileCx<'_>, need: &Need, source: &str) -> Span {
    let Some(instruction) = cx.instructions().find(|it| it.span == need.span) else { return need.span };
    let plain = |it: &str| join("/", it).trim_start_matches('/').to_owned();
    let word = instruction.words().iter().find(|it| plain(&it.text) == source);
    word.map_or(need.span, |it| it.span)
}
