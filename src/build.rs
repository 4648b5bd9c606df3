//! Builds: which Dockerfile is built with which context, and what else a build definition says about it.

use std::collections::BTreeMap;

use crate::{
    edit::Edit,
    source::{Cooked, Location, Span},
};

/// A build, as a file of the project defines it.
///
/// Texts that depend on what is not known, such as `type=registry,ref=${{ inputs.ref }}` in `cache_to`,
/// stay as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// What kind of file defines it.
    pub kind: Kind,
    /// What it is called there: a service, a target, a job.
    pub name: Option<String>,
    /// What is built.
    pub dockerfile: Recipe,
    /// What is sent along.
    pub context: BuildContext,
    /// The stage that is built.
    pub target: Target,
    /// Build arguments that are fixed; `None` for a value that comes from outside.
    pub args: BTreeMap<String, Option<String>>,
    /// Named contexts, which replace stages and images of that name.
    pub contexts: BTreeMap<String, NamedContext>,
    /// The names of the image that it makes, as they are written.
    pub images: Vec<String>,
    /// The platforms that are built; empty for that of the builder.
    pub platforms: Vec<String>,
    /// The secrets that it is given.
    pub secrets: Vec<Secret>,
    /// The agents and keys of SSH that it is given, as they are written: `default`.
    pub ssh: Vec<String>,
    /// Where cached layers come from.
    pub cache_from: Vec<String>,
    /// Where cached layers are put.
    pub cache_to: Vec<String>,
    /// The folder that the paths of its definition start from, where that is known.
    pub folder: Option<String>,
    /// Where this is written.
    pub found_in: Location,
}

/// The words that make a command line of docker and its like build, each with the blank before it.
pub const BUILDING: &[&str] = &[" build", " bud", " bake"];

/// The kinds of files that define builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A Compose file.
    Compose,
    /// A Bake file.
    Bake,
    /// A GitHub workflow or action.
    Workflow,
    /// Skaffold's configuration.
    Skaffold,
    /// A command line in a script, a Makefile, a justfile or a `package.json`.
    Script,
}

impl Kind {
    /// The word for it in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Bake => "bake",
            Self::Workflow => "workflow",
            Self::Skaffold => "skaffold",
            Self::Script => "script",
        }
    }

    /// Whether a file of this kind can have to do with builds. Most do not; looking for words is a hundred times
    /// cheaper than parsing.
    pub fn may_build(self, text: &str) -> bool {
        let words: &[&str] = match self {
            Self::Compose => &["build", "include", "extends"],
            Self::Bake => return true,
            Self::Workflow => &[
                "docker/build-push-action",
                "docker/bake-action",
                "docker build",
                "docker image build",
                "podman build",
                "nerdctl build",
                "buildah b",
                "docker compose",
                "docker-compose",
            ],
            Self::Skaffold => &["artifacts"],
            Self::Script => BUILDING,
        };
        words.iter().any(|it| text.contains(it))
    }
}

/// A Dockerfile that is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// The file of that path, as in [`Source::path`](crate::source::Source::path).
    File(String),
    /// A text inside the build definition.
    Inline(Inline),
}

/// A Dockerfile inside a build definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inline {
    /// Its text, as the builder sees it.
    pub text: String,
    /// Where the value begins.
    pub location: Location,
    /// The way back to the file, where it is known byte by byte.
    places: Option<Cooked>,
    /// Whether a line of it is a line of the file.
    has_lines: bool,
}

/// The main context of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildContext {
    /// The folder of that path, less what the ignore file keeps back.
    Folder(String),
    /// The folder of that path as it is committed: BuildKit fetches the repository, and reads no ignore file.
    Committed(String),
    /// What that address leads to.
    Remote(String),
    /// Nothing: the Dockerfile comes from standard input.
    None,
}

/// The stage that a build makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The last one.
    Last,
    /// The one of that name or number.
    Stage(String),
    /// It depends on what is not known.
    Unknown,
}

/// A secret that a build is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// What `RUN --mount=type=secret` calls it.
    pub id: String,
    /// Where it comes from.
    pub from: SecretSource,
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The file of that path.
    File(String),
    /// The variable of that name.
    Variable(String),
}

/// What a named context stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedContext {
    /// The folder of that path.
    Folder(String),
    /// What another build of the same file makes, by the name of its service or target.
    Build(String),
    /// An image, a repository, or another address, as it is written.
    Other(String),
    /// It depends on what is not known.
    Unknown,
}

impl Inline {
    /// A Dockerfile of which no more is known than where it begins.
    pub fn new(text: String, location: Location) -> Self {
        Self { text, location, places: None, has_lines: false }
    }

    /// A Dockerfile whose bytes have a place in the file. It can be rewritten where each line of it is a line of the
    /// file, and nothing but `$$` stands for something else.
    pub fn placed(text: Cooked, location: Location, has_lines: bool) -> Self {
        Self { text: text.text.clone(), location, places: Some(text), has_lines }
    }

    /// Whether a change of its text can be carried back to the file.
    pub const fn is_rewritable(&self) -> bool {
        self.has_lines && self.places.is_some()
    }

    /// The place in the file of a part of the text.
    pub fn span(&self, span: Span) -> Option<Span> {
        let places = self.places.as_ref()?;
        let end = self.text.len();
        Some(places.span((span.start as usize).min(end)..(span.end as usize).min(end)))
    }

    /// The edit of the file that gives it another text: the lines that differ are replaced.
    pub fn rewritten(&self, file: &str, text: &str) -> Option<Edit> {
        let places = self.places.as_ref().filter(|_| self.has_lines)?;
        let mut starts = vec![0];
        starts.extend(self.text.match_indices('\n').map(|(at, _)| at + 1));
        let (old, new): (Vec<&str>, Vec<&str>) = (self.text.lines().collect(), text.lines().collect());
        let begin = |line: usize| file[..places.source(starts[line])].rfind('\n').map_or(0, |it| it + 1);
        let end = |line: usize| {
            let begin = begin(line);
            file[begin..].find(['\r', '\n']).map_or(file.len(), |it| begin + it)
        };
        let full = old.iter().position(|it| !it.trim().is_empty())?;
        let indent = &file[begin(full)..places.source(starts[full])];
        let line_break = if file[end(full)..].starts_with('\r') { "\r\n" } else { "\n" };

        let before = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let most = old.len().min(new.len()) - before;
        let after = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
        let (gone, come) = (before..old.len() - after, &new[before..new.len() - after]);
        let written = |line: &&str| {
            if line.is_empty() { String::new() } else { format!("{indent}{}", line.replace('$', "$$")) }
        };
        let come: Vec<String> = come.iter().map(written).collect();
        let come = come.join(line_break);
        Some(match (gone.is_empty(), come.is_empty() && new.len() - after == before) {
            (true, true) => return None,
            (true, false) if before > 0 => Edit::insert(end(before - 1), format!("{line_break}{come}")),
            (true, false) => Edit::insert(begin(0), format!("{come}{line_break}")),
            (false, false) => Edit::replace(Span::new(begin(gone.start), end(gone.end - 1)), come),
            (false, true) if gone.end < old.len() => Edit::delete(Span::new(begin(gone.start), begin(gone.end))),
            (false, true) => Edit::delete(Span::new(end(gone.start.checked_sub(1)?), end(gone.end - 1))),
        })
    }
}

impl Build {
    /// A build of a Dockerfile with a context, of which nothing else is said.
    pub fn new(kind: Kind, dockerfile: Recipe, context: BuildContext, found_in: Location) -> Self {
        Self {
            kind,
            name: None,
            dockerfile,
            context,
            target: Target::Last,
            args: BTreeMap::new(),
            contexts: BTreeMap::new(),
            images: Vec::new(),
            platforms: Vec::new(),
            secrets: Vec::new(),
            ssh: Vec::new(),
            cache_from: Vec::new(),
            cache_to: Vec::new(),
            folder: None,
            found_in,
        }
    }

    /// Whether it builds the Dockerfile of that path.
    pub fn is_of(&self, path: &str) -> bool {
        matches!(&self.dockerfile, Recipe::File(it) if it == path)
    }

    /// Changes all paths: they are found relative to one folder, and shown relative to another.
    pub fn map_paths(&mut self, show: impl Fn(&str) -> String) {
        if let Recipe::File(path) = &mut self.dockerfile {
            *path = show(path);
        }
        if let BuildContext::Folder(path) | BuildContext::Committed(path) = &mut self.context {
            *path = show(path);
        }
        if let Some(path) = &mut self.folder {
            *path = show(path);
        }
        for secret in &mut self.secrets {
            if let SecretSource::File(path) = &mut secret.from {
                *path = show(path);
            }
        }
        for context in self.contexts.values_mut() {
            if let NamedContext::Folder(path) = context {
                *path = show(path);
            }
        }
    }
}

impl BuildContext {
    /// The folder of the project that it is.
    pub fn folder(&self) -> Option<&str> {
        match self {
            Self::Folder(path) | Self::Committed(path) => Some(path),
            Self::Remote(_) | Self::None => None,
        }
    }
}

impl Target {
    /// The target that a value names; an empty one means the last stage.
    pub fn of(value: Value) -> Self {
        match value {
            Value::Known(text) if !text.is_empty() => Self::Stage(text),
            Value::Known(_) | Value::Absent => Self::Last,
            Value::Unknown(_) => Self::Unknown,
        }
    }
}

/// What build definitions say, and what could not be made out.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The builds.
    pub builds: Vec<Build>,
    /// Builds that are not certain.
    pub left_out: Vec<LeftOut>,
    /// Where scripts switch BuildKit off for builds that they start.
    pub without_buildkit: Vec<Location>,
    /// What keeps a file from being read.
    pub errors: Vec<DefinitionError>,
}

/// A build of which not enough is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it is written.
    pub location: Location,
    /// What it is called there.
    pub name: Option<String>,
    /// What is not known: lower case, no full stop.
    pub reason: String,
}

/// Why a build of what is no part of the project is left out.
pub const ELSEWHERE: &str = "its context lies elsewhere";

impl LeftOut {
    /// Whether it may build something of the project.
    pub fn may_be_of_project(&self) -> bool {
        self.reason != ELSEWHERE
    }
}

/// An error in a build definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionError {
    /// Where.
    pub location: Location,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

/// A value of a build definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value<T = String> {
    /// Nothing is said.
    #[default]
    Absent,
    /// It depends on what is not known; the text as it is written.
    Unknown(String),
    /// This.
    Known(T),
}

impl<T> Value<T> {
    /// This value, or else another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if matches!(self, Self::Absent) { other } else { self }
    }
}

/// Whether a context is an address and no folder.
pub fn is_remote(context: &str) -> bool {
    context.contains("://") || ["git@", "github.com/"].iter().any(|it| context.starts_with(it))
}

impl Found {
    /// Leaves out what was found by several ways.
    pub fn tidy(&mut self) {
        // What is equal has one place, and few things share one.
        fn once<T: PartialEq>(list: &mut Vec<T>, location: fn(&T) -> Location) {
            let mut kept: Vec<T> = Vec::with_capacity(list.len());
            let mut by_place: BTreeMap<Location, Vec<usize>> = BTreeMap::new();
            for it in list.drain(..) {
                let here = by_place.entry(location(&it)).or_default();
                if here.iter().all(|at| kept[*at] != it) {
                    here.push(kept.len());
                    kept.push(it);
                }
            }
            *list = kept;
        }
        once(&mut self.builds, |it| it.found_in);
        once(&mut self.left_out, |it| it.location);
        once(&mut self.without_buildkit, |it| *it);
        once(&mut self.errors, |it| it.location);
    }
}
