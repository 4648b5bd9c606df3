//! The build context of a Dockerfile: which folder it is, what `COPY` finds there, and what is sent of it.

mod needs;
mod sent;
mod sources;
mod tree;

pub use needs::{Need, Needs};
pub use sent::{Sent, Status};
pub use sources::takes_program;
pub use tree::{Node, Size, Tree, Trees, WalkOptions, bytes};

use std::sync::Arc;

use crate::{
    ignorefile::IgnoreFile,
    model::{Copy, CopyFrom, Model, StepKind},
    project::{Files, Kind, Project, join, parent},
    source::FileId,
};

/// A build context.
#[derive(Clone, Debug)]
pub struct Context {
    /// The folder.
    pub folder: String,
    /// What the ignore file keeps back.
    pub ignore: Arc<IgnoreFile>,
    /// The path of the ignore file, if there is one.
    pub ignore_path: Option<String>,
    files: Arc<dyn Files>,
}

impl Context {
    /// A folder as the context of a Dockerfile, or as a named context, which heeds its own ignore file only.
    pub fn open(project: &Project, folder: &str, dockerfile: Option<&str>) -> Self {
        let find = |path: String| project.ignore_file(&path).map(|it| (path, it));
        let own = dockerfile.and_then(|it| find(format!("{it}.dockerignore")));
        let found = own.or_else(|| find(join(folder, ".dockerignore")));
        let (ignore_path, ignore) = found.map_or_else(|| (None, Arc::default()), |(path, it)| (Some(path), it));
        Self { folder: folder.to_owned(), ignore, ignore_path, files: Arc::clone(&project.files) }
    }

    /// A context of which nothing is known.
    pub fn unknown() -> Context {
        Context { folder: ".".to_owned(), ignore: Arc::default(), ignore_path: None, files: Arc::new(Nothing) }
    }

    /// Walks the folder.
    pub fn walk(&self, options: &WalkOptions<'_>) -> Option<Tree> {
        Tree::of(&*self.files, &self.folder, &self.ignore, options)
    }

    /// What a build with these needs sends of a walked context.
    pub fn sent(&self, tree: &Tree, needs: &Needs) -> Sent {
        Sent::of(tree, needs, &*self.files, &self.folder)
    }

    /// What a path of the context names, if it is sent to the builder.
    pub fn kind(&self, path: &str) -> Option<Kind> {
        if path == "." {
            return Some(Kind::Folder);
        }
        let kind = self.files.kind(&join(&self.folder, path))?;
        // An ignored folder can still hold files that are sent; for a file the answer is exact.
        (kind == Kind::Folder || !self.ignore.is_ignored(path)).then_some(kind)
    }

    /// What a path of the context names, sent or not.
    pub fn kind_on_disk(&self, path: &str) -> Option<Kind> {
        self.files.kind(&join(&self.folder, path))
    }

    /// The text of a file of the context, if it is sent to the builder.
    pub fn read(&self, path: &str) -> Option<Arc<str>> {
        if self.ignore.is_ignored(path) {
            return None;
        }
        self.files.read(&join(&self.folder, path))
    }

    /// The names in a folder of the context, ignored ones included.
    pub fn list(&self, folder: &str) -> Vec<String> {
        self.files.list(&join(&self.folder, folder))
    }

    /// What the latest commits changed in the context, as paths in it.
    pub fn history(&self) -> Vec<Vec<String>> {
        let inside = |it: &String| match self.folder.as_str() {
            "." => (!it.starts_with("../") && !it.starts_with('/')).then(|| it.clone()),
            folder => Some(it.strip_prefix(folder)?.strip_prefix('/')?.to_owned()),
        };
        let history = self.files.history(&self.folder);
        history.commits.iter().map(|it| it.iter().filter_map(inside).collect()).collect()
    }

    /// Whether all that the copies name is there. A glob has to match something in its folder.
    fn fits(&self, copies: &[&Copy]) -> bool {
        let sources = copies.iter().flat_map(|it| it.sources.iter().flatten());
        sources.filter(|it| !is_remote(it)).all(|it| {
            if !it.contains(['*', '?', '[']) {
                return self.kind(it).is_some();
            }
            let folder = parent(it.split(['*', '?', '[']).next().unwrap_or_default().trim_end_matches('/'));
            folder == "." || self.kind(&folder).is_some()
        })
    }
}

#[derive(Debug)]
struct Nothing;

impl Files for Nothing {
    fn kind(&self, _: &str) -> Option<Kind> {
        None
    }

    fn read(&self, _: &str) -> Option<Arc<str>> {
        None
    }

    fn list(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

fn is_remote(source: &str) -> bool {
    source.contains("://") || source.starts_with("git@")
}

/// The folders that may be the context of a Dockerfile, the likeliest first.
///
/// What the settings or a build definition say is the only answer. Else it is any folder, from the Dockerfile's own
/// up to the repository's root, in which all sources of `COPY` and `ADD` are found.
pub fn candidates(project: &Project, file: FileId, model: &Model) -> Vec<Context> {
    let path = &project.source(file).path;
    let open = |folder: &str| Context::open(project, folder, Some(path));
    if let Some(folder) = project.settings.contexts.get(path) {
        return vec![open(folder)];
    }
    let mut named: Vec<&str> = project.builds_of(path).filter_map(|it| it.context.folder()).collect();
    named.sort_unstable();
    named.dedup();
    if !named.is_empty() {
        return named.into_iter().map(open).collect();
    }
    if path == "-" {
        return Vec::new();
    }
    let copies: Vec<&Copy> = model
        .stages
        .iter()
        .flat_map(|it| &it.steps)
        .filter_map(|it| match &it.kind {
            StepKind::Copy(copy) if copy.from == CopyFrom::Context => Some(copy),
            _ => None,
        })
        .collect();
    project.folders_above(path).iter().map(|it| open(it)).filter(|it| it.fits(&copies)).collect()
}
