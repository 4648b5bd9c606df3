//! The project as a value: files, Dockerfiles, builds, settings, and what lies around them.

mod origin;

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    fmt::Debug,
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use rustc_hash::FxHashMap;

use crate::{
    build::{Build, DefinitionError, Found, Inline, LeftOut, NamedContext, Recipe},
    definitions::{self, Definitions},
    ignorefile::IgnoreFile,
    keys::Keys,
    knowledge::FILES,
    parallel,
    settings::Settings,
    shellcheck::{Remark, Script},
    source::{FileId, Location, Source, Span},
    syntax::{self, Dockerfile, ItemKind},
    tracked::Tracked,
    workflow::Workflow,
};

/// All that `check` and `fix` look at.
#[derive(Clone, Debug)]
pub struct Project {
    /// The files that were read, by [`FileId`].
    pub sources: Vec<Source>,
    /// The Dockerfiles among them, in the order of their paths; those that fixes made come last.
    pub dockerfiles: Vec<Unit>,
    /// The builds that are defined, in the order of their files.
    pub builds: Vec<Build>,
    /// Builds that are not certain.
    pub left_out: Vec<LeftOut>,
    /// Where scripts switch BuildKit off for builds that they start.
    pub without_buildkit: Vec<Location>,
    /// What is wrong in build definitions.
    pub definition_errors: Vec<DefinitionError>,
    /// The workflows that are there.
    pub workflows: Vec<Workflow>,
    /// The settings in force.
    pub settings: Arc<Settings>,
    /// What lies around the Dockerfiles.
    pub files: Arc<dyn Files>,
    inlined: Vec<Inlined>,
    known: Arc<Known>,
}

/// A Dockerfile that stands inside a build definition. It is a source of its own, so that all that looks at Dockerfiles
/// finds it; what is said about it is carried back to the file that it stands in.
#[derive(Clone, Copy, Debug)]
struct Inlined {
    file: FileId,
    host: FileId,
    /// How many others stand before it in that file.
    nth: usize,
}

/// What is asked of a project for each of its Dockerfiles, and found out once.
#[derive(Debug, Default)]
struct Known {
    /// The builds of each Dockerfile, by its path.
    builds: OnceLock<FxHashMap<String, Vec<u32>>>,
    /// The files that were read, by their paths.
    files: OnceLock<FxHashMap<String, FileId>>,
    /// The keys and values of files, by their paths; `None` where a file cannot be read as YAML.
    keys: Answers<Option<Arc<Keys>>>,
    /// The ignore files, by their paths; `None` where there is none.
    ignore_files: Answers<Option<Arc<IgnoreFile>>>,
    /// The folders above a folder, itself first.
    folders_above: Answers<Above>,
    /// Whatever else is found out once, by what it is about.
    others: Answers<Arc<dyn Any + Send + Sync>>,
    /// Where the Dockerfiles come from, by their paths.
    origins: Answers<Origin>,
    /// The lines of the templates of Dockerfiles in a folder.
    templates: Answers<Arc<[origin::Lines]>>,
}

/// A folder and those above it.
#[derive(Clone, Debug)]
struct Above {
    folders: Arc<[String]>,
    /// Whether the last one is the root of a repository.
    in_repository: bool,
}

/// The most folders above one another that are looked at.
const DEEPEST: usize = 32;

/// Answers by a text, such as a path.
pub(crate) type Answers<T> = RwLock<FxHashMap<String, T>>;

/// An answer; one that is not there is computed. Two threads may compute it at once, and come to the same.
pub(crate) fn known_or<T: Clone>(table: &Answers<T>, key: &str, compute: impl FnOnce() -> T) -> T {
    if let Some(known) = table.read().unwrap_or_else(PoisonError::into_inner).get(key) {
        return known.clone();
    }
    let value = compute();
    table.write().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), value.clone());
    value
}

/// A Dockerfile, parsed.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its text.
    pub file: FileId,
    /// Its items.
    pub syntax: Arc<Dockerfile>,
    /// Where its text comes from, or goes to, as far as the text tells; [`Project::origin`] knows more.
    pub origin: Origin,
}

/// Whether people write a Dockerfile and builders read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Both, as far as can be told.
    People,
    /// A program writes it: a comment above its first instruction says that nobody is to edit it, a template of it lies
    /// around, or it is one of several that are alike but for a version.
    Program,
    /// No builder reads it: it is the template of another file.
    Template,
    /// It lies in a folder for tests, or of what is only kept, and nothing outside of that folder builds it.
    Kept,
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file, or a link to one.
    File,
    /// A folder, or a link to one.
    Folder,
}

/// An entry of a folder as it is, links not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, which need not be UTF-8.
    pub name: OsString,
    /// What it is.
    pub kind: EntryKind,
    /// The bytes of a regular file; 0 for all else.
    pub bytes: u64,
    /// What the names of one file with several have in common.
    pub hard_link: Option<(u64, u64)>,
}

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file, or something special such as a pipe.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
}

/// What the latest commits of a repository changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// For each commit the paths that it changed, as paths are shown.
    pub commits: Vec<Vec<String>>,
}

/// The files around the Dockerfiles, looked up on demand.
///
/// Rules ask for a handful of manifests; listing every context beforehand would cost more than all rules together.
/// Paths are as in [`Source::path`]: relative to where dockopt runs, or absolute, with `/` between their parts.
pub trait Files: Debug + Send + Sync {
    /// What the path names; `None` when nothing is there.
    fn kind(&self, path: &str) -> Option<Kind>;
    /// The text of a file; `None` when it is missing, not UTF-8, or over 16 MiB.
    fn read(&self, path: &str) -> Option<Arc<str>>;
    /// The names in a folder, sorted; empty when it cannot be read.
    fn list(&self, folder: &str) -> Vec<String>;
    /// A path put together from others, in the form in which it is shown.
    fn shown(&self, path: &str) -> String {
        join(".", path)
    }

    /// Where a symbolic link points, as it is written; `None` when the path is no link.
    fn link(&self, _path: &str) -> Option<String> {
        None
    }

    /// Whether git tracks something at a path or below it, as the index of the repository says; `None` when it cannot
    /// be told. Files that are held in memory are a working tree in which nothing that git ignores is tracked.
    fn is_tracked(&self, _path: &str) -> Option<bool> {
        Some(false)
    }

    /// What the latest commits changed in the repository that holds a path; nothing where there is none. Asking git
    /// takes longer than all rules together, so only findings that are told ask.
    fn history(&self, _path: &str) -> Arc<History> {
        Arc::default()
    }

    /// What a program `shellcheck` says of scripts; `None` where none is asked.
    fn shellcheck(&self, _scripts: &[Script]) -> Option<Vec<Vec<Remark>>> {
        None
    }

    /// Where a walk over a folder begins; `None` when the folder is not there.
    fn walk_root(&self, folder: &str) -> Option<PathBuf> {
        (self.kind(folder) == Some(Kind::Folder)).then(|| PathBuf::from(folder))
    }

    /// What a folder of a walk holds, sorted by name: [`Self::walk_root`], or a folder in one that was read before.
    /// `known` is asked for the length of a file before the disk is.
    /// Unlike all else here nothing is remembered, as each folder is read once.
    fn entries(&self, folder: &Path, _known: &dyn Fn(&OsStr) -> Option<u64>) -> io::Result<Vec<Entry>> {
        Ok(entries_by_look_up(self, folder))
    }

    /// What git tracks in the repository that holds a folder of a walk, and where the folder is in it; `None` when it
    /// cannot be told.
    fn tracked(&self, _folder: &Path) -> Option<(Arc<Tracked>, String)> {
        None
    }
}

/// The entries of a folder of files that are held in memory: each is UTF-8 and no link.
fn entries_by_look_up<F: Files + ?Sized>(files: &F, folder: &Path) -> Vec<Entry> {
    let folder = folder.to_string_lossy();
    let entry = |name: String| {
        let path = join(&folder, &name);
        let kind = match files.kind(&path)? {
            Kind::File => EntryKind::File,
            Kind::Folder => EntryKind::Folder,
        };
        let bytes = files.read(&path).map_or(0, |it| it.len() as u64);
        Some(Entry { name: name.into(), kind, bytes, hard_link: None })
    };
    files.list(&folder).into_iter().filter_map(entry).collect()
}

impl Project {
    /// A project of these Dockerfiles, which are sorted by path, and build definitions.
    pub fn of(
        mut dockerfiles: Vec<Source>,
        definitions: Definitions,
        settings: Arc<Settings>,
        files: Arc<dyn Files>,
    ) -> Self {
        dockerfiles.sort_by(|a, b| a.path.cmp(&b.path));
        let mut sources = definitions.sources;
        let first = sources.len();
        let units = parallel::map(&dockerfiles, |at, source| Unit::parse(FileId((first + at) as u32), source));
        sources.append(&mut dockerfiles);
        let Found { builds, left_out, without_buildkit, errors } = definitions.found;
        let workflows = definitions.workflows;
        let mut project = Self {
            sources,
            dockerfiles: units,
            builds,
            left_out,
            without_buildkit,
            definition_errors: errors,
            workflows,
            settings,
            files,
            inlined: Vec::new(),
            known: Arc::default(),
        };
        project.add_ignore_files();
        project
    }

    /// Takes in the Dockerfiles that stand inside the build definitions of these paths.
    pub fn add_inlined(&mut self, is_wanted: impl Fn(&str) -> bool) {
        let mut found: BTreeMap<FileId, BTreeMap<Span, (String, String)>> = BTreeMap::new();
        for build in &self.builds {
            if let Recipe::Inline(inline) = &build.dockerfile {
                let name = build.name.as_deref().unwrap_or("build").replace(['.', '/'], "-");
                let place = found.entry(inline.location.file).or_default();
                place.entry(inline.location.span).or_insert_with(|| (name, inline.text.clone()));
            }
        }
        found.retain(|host, _| is_wanted(&self.source(*host).path));
        for (host, places) in found {
            for (nth, (name, text)) in places.into_values().enumerate() {
                let path = format!("{}:{name}", self.source(host).path);
                let source = Source::new(path, text);
                let file = FileId(self.sources.len() as u32);
                self.dockerfiles.push(Unit::parse(file, &source));
                self.sources.push(source);
                self.inlined.push(Inlined { file, host, nth });
            }
        }
        self.known = Arc::default();
    }

    /// Whether a source is the Dockerfile inside a build definition, and no file of its own.
    pub fn is_inlined(&self, file: FileId) -> bool {
        self.inlined.iter().any(|it| it.file == file)
    }

    /// The Dockerfile inside a build definition that a source stands for.
    pub fn inlined(&self, file: FileId) -> Option<&Inline> {
        let inlined = self.inlined.iter().find(|it| it.file == file)?;
        self.inlined_in(inlined.host).into_values().nth(inlined.nth)
    }

    /// Whether a place in a build definition belongs to a Dockerfile inside it, which is looked at by itself.
    pub fn is_in_dockerfile(&self, file: FileId, span: Span) -> bool {
        let is_host = self.inlined.iter().any(|it| it.host == file);
        is_host && self.inlined_in(file).keys().any(|it| it.start <= span.start && span.end <= it.end)
    }

    /// The Dockerfiles inside a build definition, in their order.
    fn inlined_in(&self, host: FileId) -> BTreeMap<Span, &Inline> {
        let all = self.builds.iter().filter_map(|it| match &it.dockerfile {
            Recipe::Inline(inline) if inline.location.file == host => Some((inline.location.span, inline)),
            Recipe::Inline(_) | Recipe::File(_) => None,
        });
        all.collect()
    }

    /// The file in which a source stands: itself, unless it is a Dockerfile inside a build definition.
    pub fn home_of(&self, file: FileId) -> FileId {
        self.inlined.iter().find(|it| it.file == file).map_or(file, |it| it.host)
    }

    /// The line of that file in which a part of a source begins.
    pub fn line_at(&self, file: FileId, span: Span) -> usize {
        let inlined = self.inlined(file);
        let span = inlined.map_or(span, |it| it.span(span).unwrap_or(it.location.span));
        self.source(self.home_of(file)).line(span.start)
    }

    /// The path of that file.
    pub fn path_of(&self, file: FileId) -> &str {
        &self.source(self.home_of(file)).path
    }

    /// The source that stands for a Dockerfile inside a build definition.
    pub fn source_of(&self, inline: &Inline) -> Option<FileId> {
        let host = inline.location.file;
        if self.inlined.iter().all(|it| it.host != host) {
            return None;
        }
        let nth = self.inlined_in(host).keys().position(|it| *it == inline.location.span)?;
        self.inlined.iter().find(|it| it.host == host && it.nth == nth).map(|it| it.file)
    }

    /// Adds the ignore files that builds of the Dockerfiles may heed, in the order of their paths.
    fn add_ignore_files(&mut self) {
        let mut folders = BTreeSet::new();
        let mut paths = BTreeSet::new();
        for unit in &self.dockerfiles {
            let path = &self.source(unit.file).path;
            paths.insert(format!("{path}.dockerignore"));
            if !folders.contains(&parent(path)) {
                folders.extend(self.folders_above(path).iter().cloned());
            }
        }
        for build in &self.builds {
            folders.extend(build.context.folder().map(str::to_owned));
            folders.extend(build.contexts.values().filter_map(|it| match it {
                NamedContext::Folder(folder) => Some(folder.clone()),
                NamedContext::Build(_) | NamedContext::Other(_) | NamedContext::Unknown => None,
            }));
        }
        paths.extend(folders.iter().map(|it| join(it, ".dockerignore")));
        let read = |path: String| Some(Source::new(path.clone(), &*self.files.read(&path)?));
        let found: Vec<Source> = paths.into_iter().filter_map(read).collect();
        self.sources.extend(found);
    }

    /// What takes long to find out of the files around, and is the same for all Dockerfiles; `about` has to say all that
    /// it depends on.
    ///
    /// # Panics
    ///
    /// If things of two types are found out under one name.
    pub fn once<T: Send + Sync + 'static>(&self, about: &str, find: impl FnOnce() -> T) -> Arc<T> {
        let found = known_or(&self.known.others, about, || Arc::new(find()));
        found.downcast().expect("each name is used in one place")
    }

    /// The root of the repository of a Dockerfile, or the folder that stands in its place: the last of
    /// [`Self::folders_above`].
    pub fn root_of(&self, path: &str) -> String {
        self.folders_above(path).last().cloned().unwrap_or_else(|| ".".to_owned())
    }

    /// The folder of a Dockerfile and those above it, up to the root of the repository; without a repository,
    /// up to the folder where dockopt runs.
    pub fn folders_above(&self, path: &str) -> Arc<[String]> {
        self.folder_and_above(&parent(path)).folders
    }

    fn folder_and_above(&self, folder: &str) -> Above {
        known_or(&self.known.folders_above, folder, || {
            let has_git = self.files.kind(&join(folder, ".git")).is_some();
            let above = parent(folder);
            if !has_git && above.len() < folder.len() {
                // Most folders lie in repositories, and others have asked for what is above.
                let above = self.folder_and_above(&above);
                if above.in_repository && above.folders.len() + 1 < DEEPEST {
                    let own = std::iter::once(folder.to_owned());
                    return Above { folders: own.chain(above.folders.iter().cloned()).collect(), ..above };
                }
            }
            self.find_folders_above(folder)
        })
    }

    fn find_folders_above(&self, folder: &str) -> Above {
        let mut folders = vec![folder.to_owned()];
        while folders.len() < DEEPEST {
            let last = &folders[folders.len() - 1];
            if self.files.kind(&join(last, ".git")).is_some() {
                return Above { folders: folders.into(), in_repository: true };
            }
            let above = parent(last);
            // Above the root of the disk there is nothing but itself.
            if above == *last || self.files.shown(&above) == self.files.shown(last) {
                break;
            }
            folders.push(above);
        }
        let outside = |it: &String| it.starts_with("..") || it.starts_with('/');
        let own = folders[0].clone();
        folders.retain(|it| *it == own || !outside(it));
        Above { folders: folders.into(), in_repository: false }
    }

    /// A project of files that are given as path and text: Dockerfiles and Compose files are told by their names,
    /// all others are what lies around them.
    pub fn in_memory<P: Into<String>, T: Into<String>>(
        files: impl IntoIterator<Item = (P, T)>,
        settings: Settings,
    ) -> Self {
        let mut memory = Memory::default();
        let (mut dockerfiles, mut definitions) = (Vec::new(), Vec::new());
        for (path, text) in files {
            let (path, text) = (join(".", &path.into()), text.into());
            let name = file_name(&path);
            if is_dockerfile(name) {
                dockerfiles.push(Source::new(path.clone(), text.clone()));
            } else if definitions::kind_of_file(&path, &text).is_some() {
                definitions.push(Source::new(path.clone(), text.clone()));
            }
            memory.texts.insert(path, text.into());
        }
        let definitions = Definitions::of(definitions, &memory);
        let mut project = Self::of(dockerfiles, definitions, Arc::new(settings), Arc::new(memory));
        project.add_inlined(|_| true);
        project
    }

    /// The builds of the Dockerfile of that path.
    pub fn builds_of(&self, path: &str) -> impl Iterator<Item = &Build> {
        let by_path = self.known.builds.get_or_init(|| {
            let mut by_path: FxHashMap<String, Vec<u32>> = FxHashMap::default();
            for (at, build) in self.builds.iter().enumerate() {
                let path = match &build.dockerfile {
                    Recipe::File(path) => Some(path.clone()),
                    Recipe::Inline(inline) => self.source_of(inline).map(|it| self.source(it).path.clone()),
                };
                if let Some(path) = path {
                    by_path.entry(path).or_default().push(at as u32);
                }
            }
            by_path
        });
        by_path.get(path).into_iter().flatten().map(|at| &self.builds[*at as usize])
    }

    /// The file of that path, if it was read.
    pub fn file(&self, path: &str) -> Option<FileId> {
        let by_path = self.known.files.get_or_init(|| {
            let files = self.sources.iter().enumerate().rev();
            files.map(|(at, it)| (it.path.clone(), FileId(at as u32))).collect()
        });
        by_path.get(path).copied()
    }

    /// The keys and values of a YAML file that was read.
    pub fn keys(&self, file: FileId) -> Option<Arc<Keys>> {
        let source = self.source(file);
        known_or(&self.known.keys, &source.path, || Keys::of_yaml(&source.text).map(Arc::new))
    }

    /// The ignore file of that path, if it is there.
    pub fn ignore_file(&self, path: &str) -> Option<Arc<IgnoreFile>> {
        known_or(&self.known.ignore_files, path, || Some(Arc::new(IgnoreFile::parse(&self.files.read(path)?))))
    }

    /// The file of that id.
    pub fn source(&self, file: FileId) -> &Source {
        &self.sources[file.0 as usize]
    }

    /// The Dockerfile of that id, if it is one.
    pub fn unit(&self, file: FileId) -> Option<&Unit> {
        self.dockerfiles.binary_search_by_key(&file, |it| it.file).ok().map(|at| &self.dockerfiles[at])
    }

    /// The project with other texts for some of its files, and with new files beside them.
    #[must_use]
    pub fn with(&self, edited: &BTreeMap<FileId, String>, created: &BTreeMap<String, String>) -> Self {
        let mut project = self.clone();
        let mut memory = Memory { below: Some(Arc::clone(&self.files)), ..Memory::default() };
        let mut defines = false;
        for (file, text) in edited {
            let source = Source::new(self.source(*file).path.clone(), text.clone());
            memory.texts.insert(source.path.clone(), text.as_str().into());
            match project.dockerfiles.binary_search_by_key(file, |it| it.file) {
                Ok(at) => project.dockerfiles[at] = Unit::parse(*file, &source),
                Err(_) => defines = true,
            }
            project.sources[file.0 as usize] = source;
        }
        for (path, text) in created {
            let file = FileId(project.sources.len() as u32);
            let source = Source::new(path.clone(), text.clone());
            memory.texts.insert(path.clone(), text.as_str().into());
            if is_dockerfile(file_name(path)) {
                project.dockerfiles.push(Unit::parse(file, &source));
            } else {
                defines = true;
            }
            project.sources.push(source);
        }
        if defines {
            let (found, workflows) = definitions::read(&mut project.sources, &memory);
            project.workflows = workflows;
            project.builds = found.builds;
            project.left_out = found.left_out;
            project.without_buildkit = found.without_buildkit;
            project.definition_errors = found.errors;
        }
        project.files = Arc::new(memory);
        if defines || !created.is_empty() {
            project.known = Arc::default();
        }
        project
    }
}

impl Unit {
    /// Parses a file.
    pub fn parse(file: FileId, source: &Source) -> Self {
        let syntax = syntax::parse(&source.text);
        let origin = Origin::of(&source.text, &syntax);
        Self { file, syntax: Arc::new(syntax), origin }
    }
}

impl Origin {
    fn of(text: &str, syntax: &Dockerfile) -> Self {
        if is_template(text, syntax) {
            Self::Template
        } else if forbids_edits(text, syntax) {
            Self::Program
        } else {
            Self::People
        }
    }
}

/// Whether the builder would refuse it for the marks of a template engine: it stumbles over a line with one, or lines are
/// no instructions at all.
fn is_template(text: &str, syntax: &Dockerfile) -> bool {
    let has_mark = |text: &str| FILES.template.iter().any(|it| text.contains(it.as_str()));
    if !has_mark(text) {
        return false;
    }
    // A line can have many errors, and is looked at once.
    let mut seen = 0;
    syntax.errors.iter().any(|it| {
        let at = it.span.start as usize;
        if at < seen {
            return it.is_unknown_instruction();
        }
        let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        seen = start + line.len();
        it.is_unknown_instruction() || has_mark(line)
    })
}

/// Whether a comment above the first instruction says that nobody is to edit the file.
fn forbids_edits(text: &str, syntax: &Dockerfile) -> bool {
    let head = syntax.items.iter().take_while(|it| !matches!(it.kind, ItemKind::Instruction(_)));
    let mut comments = head.filter(|it| it.kind == ItemKind::Comment);
    comments.any(|it| {
        let line = text[it.span.start as usize..it.span.end as usize].to_lowercase();
        FILES.untouchable.iter().any(|words| line.contains(words.as_str()))
    })
}

/// Whether a file of that name is taken for a Dockerfile: `Dockerfile`, `Containerfile`, `api.Dockerfile`,
/// `Dockerfile.api`, in any case. Templates, backups, and sources such as `dockerfile.py` are not.
pub fn is_dockerfile(name: &str) -> bool {
    /// Endings of what only talks about a Dockerfile, or is not one yet.
    const OTHER: &[&str] = &[
        "md",
        "rst",
        "txt",
        "sh",
        "tmpl",
        "tpl",
        "template",
        "gotmpl",
        "j2",
        "jinja",
        "jinja2",
        "erb",
        "mustache",
        "in",
        "dockerignore",
        "containerignore",
        "swp",
        "swo",
        "orig",
        "rej",
        "bak",
        "old",
        "patch",
        "diff",
        "lock",
        "json",
        "yaml",
        "yml",
        "toml",
        "html",
        "css",
        "scss",
        "less",
        "svg",
        "png",
        "xml",
        "map",
    ];
    /// Endings of source files, which may be called `dockerfile` too, but not `Dockerfile`.
    const CODE: &[&str] = &[
        "c", "cc", "cpp", "cs", "go", "h", "java", "js", "kt", "lua", "php", "pl", "py", "rb", "rs", "snap", "ts",
        "tsx", "jsx", "vue",
    ];
    let lower = name.to_lowercase();
    if lower.ends_with('~') {
        return false;
    }
    let ending = lower.rsplit_once('.').map(|(_, ending)| ending);
    let starts =
        |stem: &str| lower.strip_prefix(stem).is_some_and(|it| it.is_empty() || it.starts_with(['.', '_', '-']));
    match ending {
        None | Some("dockerfile" | "containerfile") => {
            ending.is_some() || starts("dockerfile") || starts("containerfile")
        }
        Some(ending) => {
            let is_capital = name.starts_with(['D', 'C']);
            (starts("dockerfile") || starts("containerfile"))
                && !OTHER.contains(&ending)
                && (is_capital || !CODE.contains(&ending))
        }
    }
}

/// Joins a folder and a path below it, resolving `.` and `..` by their text; an absolute `path` stays as it is.
pub fn join(folder: &str, path: &str) -> String {
    // Nearly all paths have nothing to resolve.
    if let Some(below) = path.strip_prefix('/') {
        if is_resolved(below) {
            return path.to_owned();
        }
    } else if is_resolved(path) {
        if folder == "." {
            return path.to_owned();
        }
        if folder == "/" || is_resolved(folder.strip_prefix('/').unwrap_or(folder)) {
            let mut whole = String::with_capacity(folder.len() + 1 + path.len());
            whole.push_str(folder.trim_end_matches('/'));
            whole.push('/');
            whole.push_str(path);
            return whole;
        }
    }
    let absolute = path.starts_with('/') || folder.starts_with('/');
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|it| *it != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    match (absolute, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// Whether a relative path has no part that resolving would change.
fn is_resolved(path: &str) -> bool {
    let bytes = path.as_bytes();
    let is_name = |at: usize| match bytes.get(at) {
        None | Some(b'/') => false,
        Some(b'.') => !matches!(bytes[at..].split(|it| *it == b'/').next(), Some(b"." | b"..")),
        Some(_) => true,
    };
    is_name(0) && memchr::memchr_iter(b'/', bytes).all(|at| is_name(at + 1))
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The folder a path lies in.
pub fn parent(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, _)) if is_resolved(path.strip_prefix('/').unwrap_or(path)) && !folder.is_empty() => {
            folder.to_owned()
        }
        None if is_resolved(path) => ".".to_owned(),
        Some(_) | None => join(path, ".."),
    }
}

/// A path seen from a folder; both are as [`join`] writes them.
pub fn relative(path: &str, folder: &str) -> String {
    let parts = |text: &str| text.split('/').filter(|it| *it != ".").map(str::to_owned).collect::<Vec<_>>();
    let (path, folder) = (parts(path), parts(folder));
    let common = path.iter().zip(&folder).take_while(|(a, b)| a == b).count();
    let ups = std::iter::repeat_n("..", folder.len() - common);
    let seen: Vec<&str> = ups.chain(path[common..].iter().map(String::as_str)).collect();
    if seen.is_empty() { ".".to_owned() } else { seen.join("/") }
}

/// Files held in memory: what tests and changed projects look at.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Text by path, as [`join`] writes it.
    pub texts: BTreeMap<String, Arc<str>>,
    /// What is asked for all that is not in `texts`.
    pub below: Option<Arc<dyn Files>>,
    /// The history, if it is not that of the files below.
    pub history: Option<Arc<History>>,
}

impl Memory {
    fn children<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let prefix = if folder == "." { String::new() } else { format!("{}/", folder.trim_end_matches('/')) };
        self.texts.keys().filter_map(move |path| path.strip_prefix(&prefix))
    }
}

impl Files for Memory {
    fn kind(&self, path: &str) -> Option<Kind> {
        let path = join(".", path);
        if self.texts.contains_key(&path) {
            return Some(Kind::File);
        }
        if self.children(&path).next().is_some() {
            return Some(Kind::Folder);
        }
        self.below.as_ref().and_then(|it| it.kind(&path))
    }

    fn read(&self, path: &str) -> Option<Arc<str>> {
        let path = join(".", path);
        let own = self.texts.get(&path).cloned();
        own.or_else(|| self.below.as_ref().and_then(|it| it.read(&path)))
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let folder = join(".", folder);
        let own = self.children(&folder).map(|it| it.split('/').next().unwrap_or(it).to_owned());
        let below = self.below.iter().flat_map(|it| it.list(&folder));
        let mut names: Vec<String> = own.chain(below).collect();
        names.sort();
        names.dedup();
        names
    }

    fn shown(&self, path: &str) -> String {
        let path = join(".", path);
        self.below.as_ref().map_or_else(|| path.clone(), |it| it.shown(&path))
    }

    fn link(&self, path: &str) -> Option<String> {
        if self.texts.contains_key(&join(".", path)) {
            return None;
        }
        self.below.as_ref().and_then(|it| it.link(path))
    }

    fn is_tracked(&self, path: &str) -> Option<bool> {
        self.below.as_ref().map_or(Some(false), |it| it.is_tracked(path))
    }

    fn history(&self, path: &str) -> Arc<History> {
        let below = || self.below.as_ref().map(|it| it.history(path));
        self.history.clone().or_else(below).unwrap_or_default()
    }

    fn walk_root(&self, folder: &str) -> Option<PathBuf> {
        match &self.below {
            Some(below) => below.walk_root(folder),
            None => (self.kind(folder) == Some(Kind::Folder)).then(|| PathBuf::from(folder)),
        }
    }

    /// A walk over files that lie below looks only there: what a fix has made weighs next to nothing.
    fn entries(&self, folder: &Path, known: &dyn Fn(&OsStr) -> Option<u64>) -> io::Result<Vec<Entry>> {
        match &self.below {
            Some(below) => below.entries(folder, known),
            None => Ok(entries_by_look_up(self, folder)),
        }
    }

    fn tracked(&self, folder: &Path) -> Option<(Arc<Tracked>, String)> {
        self.below.as_ref()?.tracked(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockerfiles_are_told_by_their_names() {
        for name in [
            "Dockerfile",
            "dockerfile",
            "Containerfile",
            "api.Dockerfile",
            "api.dockerfile",
            "Dockerfile.api",
            "Dockerfile.go",
            "dockerfile.prod",
            "Containerfile.x",
            "a.containerfile",
            ".dockerfile",
            "DOCKERFILE",
        ] {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in [
            "Dockerfile.md",
            "Dockerfile.tmpl",
            "Dockerfile.dockerignore",
            "dockerfile.py",
            "dockerfile-form.css",
            "dockerfile.svg",
            "dockerfile-form.tsx",
            "Dockerfile.j2",
            "Dockerfile.api.bak",
            "Dockerfile~",
            "Dockerfiles",
            "MyDockerfile",
            "a.sh",
            "",
        ] {
            assert!(!is_dockerfile(name), "{name}");
        }
    }

    #[test]
    fn paths_join_by_their_text() {
        for (folder, path, whole) in [
            (".", "a", "a"),
            ("a/b", "../c", "a/c"),
            ("a", "..", "."),
            (".", "../x", "../x"),
            ("..", "..", "../.."),
            ("/srv", "a/./b", "/srv/a/b"),
            ("a", "/b", "/b"),
            ("/", "..", "/"),
            ("a/b", "..", "a"),
            ("a", ".../b", "a/.../b"),
            ("a", ".b/c.", "a/.b/c."),
            ("a", "b/", "a/b"),
            ("a", "b//c", "a/b/c"),
            ("./a", "b", "a/b"),
            ("../a", "b", "../a/b"),
            ("a/../b", "c", "b/c"),
            ("", "a", "a"),
            ("a", "", "a"),
            ("/", "a", "/a"),
            ("/a", "b/./c", "/a/b/c"),
            (".", "/a/..", "/"),
        ] {
            assert_eq!(join(folder, path), whole, "{folder} + {path}");
        }
        for (path, folder) in [
            ("a", "."),
            ("a/b", "a"),
            ("/a", "/"),
            ("/a/b", "/a"),
            (".", ".."),
            ("..", "../.."),
            ("a/", "."),
            ("", ".."),
        ] {
            assert_eq!(parent(path), folder, "{path}");
        }
    }

    #[test]
    fn paths_are_seen_from_folders() {
        for (path, folder, seen) in [
            ("a/Dockerfile", ".", "a/Dockerfile"),
            ("a/Dockerfile", "a", "Dockerfile"),
            ("b/Dockerfile", "a/c", "../../b/Dockerfile"),
            ("a/b", "a/c", "../b"),
            ("a", "a", "."),
            (".", "a", ".."),
            ("/srv/a/x", "/srv/a", "x"),
        ] {
            assert_eq!(relative(path, folder), seen);
        }
    }
}
