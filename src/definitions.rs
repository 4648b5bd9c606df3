//! All build definitions of a project together.

use crate::{
    bake,
    build::{Found, Kind},
    compose,
    documents::Documents,
    project::{Files, file_name, join, parent},
    scripts, shell, skaffold,
    source::{FileId, Source},
    workflow::{self, Workflow},
};

/// What the build definitions of a project say.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    /// Their files, by [`FileId`].
    pub sources: Vec<Source>,
    /// What they say.
    pub found: Found,
    /// The workflows among them.
    pub workflows: Vec<Workflow>,
}

impl Definitions {
    /// Reads the files, and those that they lead to. Files that define no builds are dropped.
    pub fn of(mut sources: Vec<Source>, files: &dyn Files) -> Self {
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        sources.retain(|it| kind_of_file(&it.path, &it.text).is_some_and(|kind| kind.may_build(&it.text)));
        let (found, workflows) = read(&mut sources, files);
        Self { sources, found, workflows }
    }
}

/// What the build definitions among some files say. The files that they lead to are added.
pub fn read(sources: &mut Vec<Source>, files: &dyn Files) -> (Found, Vec<Workflow>) {
    let mut documents = Documents::of(std::mem::take(sources), files);
    let of_kind = |documents: &Documents<'_>, kind: Kind| -> Vec<FileId> {
        let all = documents.sources.iter().enumerate();
        all.filter(|(_, it)| kind_of_file(&it.path, &it.text) == Some(kind)).map(|(at, _)| FileId(at as u32)).collect()
    };
    let mut found = Found::default();
    let mut calls = Vec::new();
    let composes = of_kind(&documents, Kind::Compose);
    compose::builds(&mut documents, &composes, &mut found);
    let bakes = of_kind(&documents, Kind::Bake);
    bake::builds(&mut documents, &bakes, &mut found);
    let files_of_workflows = of_kind(&documents, Kind::Workflow);
    let mut workflows = Vec::new();
    for file in files_of_workflows {
        workflows.extend(workflow::read(&mut documents, file, &mut found, &mut calls));
    }
    for file in of_kind(&documents, Kind::Skaffold) {
        skaffold::read(&mut documents, file, &mut found);
    }
    for file in of_kind(&documents, Kind::Script) {
        let root = root_of(&documents.source(file).path, files);
        scripts::read(&mut documents, file, root.as_deref(), &mut found, &mut calls);
    }
    for call in calls {
        let opened: Option<Vec<_>> = call.files.iter().map(|it| documents.open(it)).collect();
        let Some(opened) = opened else { continue };
        match call.kind {
            Kind::Compose => {
                // Paths start where the first file lies, wherever the command is run.
                let folder = call.files.first().map_or_else(|| call.folder.clone(), |it| parent(it));
                compose::project(&mut documents, &opened, &folder, &mut found);
            }
            Kind::Bake => {
                let (composes, bakes): (Vec<_>, Vec<_>) =
                    opened.into_iter().partition(|it| kind_of(&documents.source(*it).path) == Some(Kind::Compose));
                if composes.is_empty() {
                    let folder = bake::Folder::Known(call.folder);
                    bake::project(&mut documents, &bakes, &folder, &call.sets, &mut found);
                }
            }
            Kind::Workflow | Kind::Skaffold | Kind::Script => {}
        }
    }
    found.errors.append(&mut documents.errors);
    found.tidy();
    for build in &mut found.builds {
        build.map_paths(|it| files.shown(it));
    }
    *sources = documents.sources;
    (found, workflows)
}

/// What kind of build definition a file of that path is.
pub fn kind_of(path: &str) -> Option<Kind> {
    let name = file_name(path);
    if compose::is_compose(name) {
        Some(Kind::Compose)
    } else if bake::is_bake(name) {
        Some(Kind::Bake)
    } else if workflow::is_workflow(path) {
        Some(Kind::Workflow)
    } else if skaffold::is_skaffold(name) {
        Some(Kind::Skaffold)
    } else {
        scripts::is_script(name).then_some(Kind::Script)
    }
}

/// The same, of a file whose text is known: a name without an ending tells nothing, but the first line may name a shell.
pub fn kind_of_file(path: &str, text: &str) -> Option<Kind> {
    let is_script = || !file_name(path).contains('.') && shell::is_for_shell(text);
    kind_of(path).or_else(|| is_script().then_some(Kind::Script))
}

/// The root of the repository in which a file lies; the folder where dockopt runs, where there is none.
fn root_of(path: &str, files: &dyn Files) -> Option<String> {
    const HIGHEST: usize = 32;
    let mut folder = parent(path);
    for _ in 0..HIGHEST {
        if files.kind(&join(&folder, ".git")).is_some() || folder == "." {
            return Some(folder);
        }
        folder = parent(&folder);
        if folder.ends_with("..") && folder.len() > 64 || folder == "/" {
            break;
        }
    }
    None
}
