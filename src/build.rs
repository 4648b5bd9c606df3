//! Builds: which Dockerfile is built with which context, and what else a build definition says about it.

use std::{borrow::Cow, collections::BTreeMap};

use crate::source::Location;

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
    /// The platforms that are built; empty for that of the builder.
    pub platforms: Vec<String>,
    /// Where cached layers come from.
    pub cache_from: Vec<String>,
    /// Where cached layers are put.
    pub cache_to: Vec<String>,
    /// Where this is written.
    pub found_in: Location,
}

/// The kinds of files that define builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A Compose file.
    Compose,
    /// A Bake file.
    Bake,
    /// A GitHub workflow or action.
    Workflow,
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
            Self::Script => "script",
        }
    }
}

/// A Dockerfile that is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// The file of that path, as in [`Source::path`](crate::source::Source::path).
    File(String),
    /// A text inside the build definition.
    Inline(String),
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
            platforms: Vec::new(),
            cache_from: Vec::new(),
            cache_to: Vec::new(),
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
    /// The target that a text names; an empty one means the last stage.
    pub fn of(text: Option<Cow<'_, str>>) -> Self {
        match text {
            Some(text) if !text.is_empty() => Self::Stage(text.into_owned()),
            Some(_) | None => Self::Last,
        }
    }
}
