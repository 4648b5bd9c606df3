//! Whether an image is made of a project's program, or of what its own Dockerfile installs.

use super::{Context, is_remote};
use crate::{
    knowledge::CONTENTS,
    model::{CopyFrom, Model, MountKind, StepKind},
    project::{Kind, file_name, join, parent},
};

/// So many names are looked at; a folder with more holds more than what sets an image up.
const NAMES: usize = 512;

/// Whether a build takes program text, manifests or finished programs out of its context, so that the image is built
/// again whenever these are edited. Scripts, settings and keys set an image up, and seldom change. What cannot be told
/// counts as program text.
pub fn takes_program(model: &Model, contexts: &[Context]) -> bool {
    let is_program = |source: Option<&str>| match source {
        None => true,
        Some(it) if is_remote(it) => false,
        Some(it) => is_program(it, contexts),
    };
    model.stages.iter().flat_map(|it| &it.steps).any(|step| match &step.kind {
        StepKind::Copy(copy) => {
            copy.from == CopyFrom::Context && copy.sources.iter().any(|it| is_program(it.as_deref()))
        }
        StepKind::Run(run) => {
            let binds = run.mounts.iter().filter(|it| it.kind == MountKind::Bind && it.from.is_none());
            binds.map(|it| it.source.as_deref().unwrap_or(".")).any(|it| is_program(Some(it)))
        }
        StepKind::Other => false,
    })
}

fn is_program(source: &str, contexts: &[Context]) -> bool {
    let source = source.trim_start_matches("./").trim_matches('/');
    let source = if source.is_empty() { "." } else { source };
    let name = file_name(source);
    if CONTENTS.is_of_program(name) {
        return true;
    }
    // Of what a glob means the folder is looked at, unless it asks for files of one kind.
    let is_glob = source.contains(['*', '?', '[']);
    if is_glob && name.rsplit_once('.').is_some_and(|(_, ending)| !ending.contains(['*', '?', '['])) {
        return false;
    }
    let folder = if is_glob { parent(source.split(['*', '?', '[']).next().unwrap_or_default()) } else { source.into() };
    match contexts {
        [] => is_glob || source == "." || !name.contains('.'),
        _ => contexts.iter().any(|it| it.kind(&folder) == Some(Kind::Folder) && holds_program(it, folder.clone())),
    }
}

/// Whether a folder holds a file that belongs to a program, or more than can be looked at.
fn holds_program(context: &Context, folder: String) -> bool {
    let mut left = NAMES;
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for name in context.list(&folder) {
            if left == 0 {
                return true;
            }
            left -= 1;
            let path = join(&folder, &name);
            if CONTENTS.is_ballast(&name) || context.ignore.is_ignored(&path) {
                continue;
            }
            match context.kind(&path) {
                Some(Kind::File) if CONTENTS.is_of_program(&name) => return true,
                Some(Kind::Folder) => folders.push(path),
                Some(Kind::File) | None => {}
            }
        }
    }
    false
}
