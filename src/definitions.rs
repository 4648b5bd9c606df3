//! All build definitions of a project together.

use crate::{
    build::{Found, Kind},
    compose,
    documents::Documents,
    project::Files,
    source::{FileId, Source},
};

/// What the build definitions of a project say.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    /// Their files, by [`FileId`].
    pub sources: Vec<Source>,
    /// What they say.
    pub found: Found,
}

impl Definitions {
    /// Reads the files, and those that they lead to. Files that define no builds are dropped.
    pub fn of(mut sources: Vec<Source>, files: &dyn Files) -> Self {
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        sources.retain(|it| kind_of(&it.path).is_some_and(|kind| kind.may_build(&it.text)));
        let found = read(&mut sources, files);
        Self { sources, found }
    }
}

/// What the build definitions among some files say. The files that they lead to are added.
pub fn read(sources: &mut Vec<Source>, files: &dyn Files) -> Found {
    let mut documents = Documents::of(std::mem::take(sources), files);
    let of_kind = |documents: &Documents<'_>, kind: Kind| -> Vec<FileId> {
        let all = documents.sources.iter().enumerate();
        all.filter(|(_, it)| kind_of(&it.path) == Some(kind)).map(|(at, _)| FileId(at as u32)).collect()
    };
    let mut found = Found::default();
    let composes = of_kind(&documents, Kind::Compose);
    compose::builds(&mut documents, &composes, &mut found);
    found.errors.append(&mut documents.errors);
    found.tidy();
    for build in &mut found.builds {
        build.map_paths(|it| files.shown(it));
    }
    *sources = documents.sources;
    found
}

/// What kind of build definition a file of that path is.
pub fn kind_of(path: &str) -> Option<Kind> {
    let name = path.rsplit('/').next().unwrap_or(path);
    compose::is_compose(name).then_some(Kind::Compose)
}
