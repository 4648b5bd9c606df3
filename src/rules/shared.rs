//! What several Dockerfiles have in common.

mod bypassed_base;
mod mixed_base_tags;
mod repeated_setup;
mod setup;

use crate::{
    bake,
    build::{Build, Kind},
    compose,
    edit::Change,
    knowledge::BUILDERS,
    names::enumerated,
    project::{Project, join},
    rule::Rule,
};

pub(super) static RULES: &[&Rule] = &[&bypassed_base::RULE, &mixed_base_tags::RULE, &repeated_setup::RULE];

/// Less than this many seconds are not worth an image of their own.
const LEAST: usize = 14;

/// How many packages a service may gain from a base that is made for those with more.
const MOST_GAINED: usize = 2;

/// The edits by which a build of Compose or Bake takes an image from the service or target that builds it; `None` where
/// its file is not in a form that can be edited.
fn named_context(project: &Project, build: &Build, image: &str, base: &str) -> Option<Change> {
    let file = build.found_in.file;
    let (source, span) = (project.source(file), build.found_in.span);
    let name = build.name.as_deref()?;
    match build.kind {
        Kind::Compose => {
            let edits = compose::edit::add_context(source, span, image, &format!("service:{base}"))?;
            Some(Change::of(file, edits)?.meant_for(file, ["services", name, "build"]))
        }
        Kind::Bake => {
            let edit = bake::edit::add_context(source, span, image, &format!("target:{base}"))?;
            // The targets of a matrix have other names than what defines them.
            let name = source.slice(span).trim_matches('"');
            Some(Change::of(file, [edit])?.meant_for(file, ["target", name, "contexts"]))
        }
        Kind::Workflow | Kind::Skaffold | Kind::Script => None,
    }
}

/// What may build a Dockerfile besides the builds that are known, and would not find a base that is made for those; a
/// sentence, or nothing.
fn uncertain_builders(project: &Project, dockerfile: &str) -> Option<String> {
    let left_out = project.left_out.iter().filter(|it| it.may_be_of_project());
    let mut places: Vec<String> = left_out.map(|it| project.source(it.location.file).path.clone()).collect();
    let root = project.root_of(dockerfile);
    places.extend(BUILDERS.files.iter().map(|it| join(&root, it)).filter(|path| {
        let text = project.files.read(path);
        text.is_some_and(|text| BUILDERS.words.iter().any(|it| text.contains(it.as_str())))
    }));
    places.sort();
    places.dedup();
    let verb = if places.len() == 1 { "builds" } else { "build" };
    let quoted: Vec<String> = places.iter().map(|it| format!("`{it}`")).collect();
    (!places.is_empty()).then(|| {
        format!(
            "What is open: {} {verb} what cannot be told from here, and would not find the base.",
            enumerated(&quoted)
        )
    })
}
