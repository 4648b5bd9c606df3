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
    project::Project,
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
