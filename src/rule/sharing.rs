//! The builds whose contexts one ignore file rules, and what it would mean for them to add lines to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{FileCx, ProjectCx};
use crate::{
    build::{BuildContext, NamedContext, Recipe, Target},
    context::{Context, Need, Needs, Tree, Trees},
    edit::{Change, Edit},
    ignorefile::IgnoreFile,
    project::{Files, Project, file_name, join, parent},
    source::FileId,
};

/// An ignore file that is there or could be, and the builds that heed it.
#[derive(Clone, Debug)]
pub struct Shared<'a> {
    /// Everything.
    pub project: &'a Project,
    trees: &'a Trees,
    /// The context.
    pub folder: String,
    /// Where the file is or would be.
    pub path: String,
    /// The file, if it is there.
    pub file: Option<FileId>,
    /// The file whose lines a new one begins with.
    model: Option<FileId>,
    /// What it says.
    pub ignore: Arc<IgnoreFile>,
    /// The builds.
    pub builds: Vec<SharedBuild<'a>>,
    is_alone: bool,
    /// What keeps other builds of the context from being known, in words.
    pub open: Option<String>,
}

/// A build that heeds the file.
#[derive(Clone, Debug)]
pub struct SharedBuild<'a> {
    /// Its Dockerfile.
    pub cx: FileCx<'a>,
    /// What it asks of the context.
    pub needs: Arc<Needs>,
    /// Whether no other folder can be its context.
    is_certain: bool,
}

/// All ignore files of a project.
pub(super) fn all<'a>(cx: &ProjectCx<'a>) -> Vec<Shared<'a>> {
    let mut groups: BTreeMap<(String, String), Shared<'a>> = BTreeMap::new();
    for file in &cx.files {
        let path = &file.source.path;
        let settled = cx.project.settings.contexts.get(path);
        let mut add = |context: &Context, needs: &Arc<Needs>, is_certain: bool| {
            let folder = &context.folder;
            let ignore_path = context.ignore_path.clone().unwrap_or_else(|| join(folder, ".dockerignore"));
            let group = groups.entry((folder.clone(), ignore_path)).or_insert_with_key(|(folder, path)| Shared {
                project: cx.project,
                trees: cx.trees,
                folder: folder.clone(),
                path: path.clone(),
                file: cx.project.file(path),
                model: None,
                ignore: Arc::clone(&context.ignore),
                builds: Vec::new(),
                is_alone: false,
                open: None,
            });
            group.builds.push(SharedBuild { cx: *file, needs: Arc::clone(needs), is_certain });
        };
        let mut is_defined = false;
        for build in cx.project.builds_of(path).filter(|_| settled.is_none()) {
            let needs = Arc::new(Needs::of(file.model, &build.target, &build.contexts));
            for (name, needs) in &needs.named {
                if let Some(NamedContext::Folder(folder)) = build.contexts.get(name) {
                    add(&Context::open(cx.project, folder, None), &Arc::new(needs.clone()), true);
                }
            }
            is_defined = true;
            if let BuildContext::Folder(folder) = &build.context {
                add(&Context::open(cx.project, folder, Some(path)), &needs, true);
            }
        }
        if !is_defined {
            let contexts = file.contexts();
            let needs = Arc::new(Needs::of(file.model, &Target::Last, &BTreeMap::new()));
            for context in contexts {
                add(context, &needs, contexts.len() == 1);
            }
        }
    }
    let known: BTreeSet<&str> = cx.files.iter().map(|it| it.source.path.as_str()).collect();
    // What else is built with a context, by its folder: the first such build.
    let mut others: BTreeMap<&str, String> = BTreeMap::new();
    for build in &cx.project.builds {
        let Some(folder) = build.context.folder() else { continue };
        match &build.dockerfile {
            Recipe::File(path) if !known.contains(path.as_str()) => {
                others
                    .entry(folder)
                    .or_insert_with(|| format!("{path} is built with the same context and was not read"));
            }
            Recipe::Inline(inline) if cx.project.source_of(inline).is_none() => {
                others
                    .entry(folder)
                    .or_insert_with(|| "a Dockerfile inside a build definition has the same context".to_owned());
            }
            Recipe::File(_) | Recipe::Inline(_) => {}
        }
    }
    for group in groups.values_mut() {
        let unknown = || group.builds.iter().find_map(|it| it.needs.unknown.clone());
        group.open = others.get(group.folder.as_str()).cloned().or_else(unknown);
    }
    groups.into_values().collect()
}

impl<'a> Shared<'a> {
    /// The first instruction that copies the whole of this context and no other, and its Dockerfile.
    pub fn first_whole(&self) -> Option<(&FileCx<'a>, &Need)> {
        self.certain_whole().next()
    }

    /// The instructions that copy the whole of this context and no other, or mount it.
    pub fn certain_whole(&self) -> impl Iterator<Item = (&FileCx<'a>, &Need)> {
        Self::whole_of(self.builds.iter().filter(|it| it.is_certain))
    }

    /// The instructions that copy the whole context, or mount it.
    pub fn whole(&self) -> impl Iterator<Item = (&FileCx<'a>, &Need)> {
        Self::whole_of(self.builds.iter())
    }

    fn whole_of<'b>(
        builds: impl Iterator<Item = &'b SharedBuild<'a>>,
    ) -> impl Iterator<Item = (&'b FileCx<'a>, &'b Need)>
    where
        'a: 'b,
    {
        let needs = builds.flat_map(|build| build.needs.all.iter().map(|need| (&build.cx, need)));
        needs.filter(|(_, need)| need.is_whole())
    }

    /// The same for one of several Dockerfiles, as if it had an ignore file of its own, which begins with the lines of
    /// the common one; `None` if it cannot have one.
    pub fn alone(&self, dockerfile: &FileCx<'a>) -> Option<Self> {
        let own = |it: &&SharedBuild<'a>| it.cx.source.path == dockerfile.source.path;
        let builds: Vec<_> = self.builds.iter().filter(own).cloned().collect();
        let path = format!("{}.dockerignore", dockerfile.source.path);
        let is_possible = self.project.settings.has_buildkit()
            && builds.len() < self.builds.len()
            && path != self.path
            && !self.project.is_inlined(dockerfile.unit.file)
            && builds.iter().all(|it| it.needs.unknown.is_none())
            && self.files().kind(&path).is_none();
        is_possible.then(|| Self {
            project: self.project,
            trees: self.trees,
            folder: self.folder.clone(),
            path,
            file: None,
            model: self.file,
            ignore: self.ignore.clone(),
            builds,
            is_alone: true,
            open: None,
        })
    }

    /// Whether this is the ignore file of one Dockerfile, beside a common one.
    pub fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// What a fix does that adds lines.
    pub fn title(&self) -> String {
        if self.file.is_some() { format!("Add lines to {}", self.path) } else { format!("Make {}", self.path) }
    }

    /// The entries of the context; as many as can be looked at in a moment.
    pub fn tree(&self) -> Option<Arc<Tree>> {
        self.trees.of(self.files(), &self.folder, (&self.path, &self.ignore))
    }

    /// Whether some build is the only one that its folder can belong to.
    pub fn is_certain(&self) -> bool {
        self.builds.iter().any(|it| it.is_certain)
    }

    /// Whether all builds are known, and no other folder can be the context of one.
    pub fn is_all_certain(&self) -> bool {
        self.open.is_none() && self.builds.iter().all(|it| it.is_certain)
    }

    /// What lies around the project's files.
    pub fn files(&self) -> &'a dyn Files {
        &*self.project.files
    }

    /// For each of the latest commits the paths of the context that it changed.
    pub fn history(&self) -> Vec<Vec<String>> {
        Context::open(self.project, &self.folder, None).history()
    }

    /// The names in a folder of the context.
    pub fn list(&self, folder: &str) -> Vec<String> {
        self.files().list(&join(&self.folder, folder))
    }

    /// Whether a path of the context is sent.
    pub fn lets_pass(&self, path: &str) -> bool {
        !self.ignore.is_ignored(path)
    }

    /// Whether the owner has said with a `!` that a name is wanted.
    pub fn is_wanted(&self, name: &str) -> bool {
        self.ignore.patterns().iter().any(|it| it.negated && it.text.split('/').any(|part| part == name))
    }

    /// Those of some lines that no instruction of any build would miss: the paths that are named stay as they are.
    pub fn harmless(&self, lines: &[Line]) -> Vec<Line> {
        let named: Vec<String> =
            self.builds.iter().flat_map(|it| &it.needs.all).flat_map(|it| self.named(it)).collect();
        lines
            .iter()
            .filter(|line| {
                let with = IgnoreFile::parse(&format!("{}\n{}\n", self.text(), line.text));
                named.iter().all(|path| with.is_ignored(path) == self.ignore.is_ignored(path))
            })
            .cloned()
            .collect()
    }

    /// The paths that an instruction names: of a glob those that it matches.
    fn named(&self, need: &Need) -> Vec<String> {
        let mut paths = Vec::new();
        for source in need.sources.iter().filter(|it| *it != ".") {
            let (folder, name) = (parent(source), file_name(source));
            if name.contains(['*', '?', '[']) && !folder.contains(['*', '?', '[']) {
                let glob = IgnoreFile::of_patterns([name]);
                let names = self.list(&folder).into_iter();
                let matching = names.filter(|it| glob.patterns().iter().any(|glob| glob.matches(it)));
                paths.extend(matching.map(|it| join(&folder, &it)));
            } else {
                paths.push(source.clone());
            }
        }
        paths
    }

    /// What the file says, or what a new one begins with.
    pub fn text(&self) -> &str {
        self.file.or(self.model).map_or("", |it| &self.project.source(it).text)
    }

    /// The change that adds lines, in groups with a comment above each.
    pub fn add(&self, lines: &[Line]) -> Option<Change> {
        let mut text = String::new();
        let mut groups: Vec<&str> = lines.iter().map(|it| it.group.as_str()).collect();
        groups.dedup();
        for group in groups {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str("# ");
            text.push_str(group);
            text.push('\n');
            for line in lines.iter().filter(|it| it.group == group) {
                text.push_str(&line.text);
                text.push('\n');
            }
        }
        let old = self.text();
        let gap = match old {
            "" => "",
            old if old.ends_with("\n\n") => "",
            old if old.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        let Some(file) = self.file else {
            if self.files().kind(&self.path).is_some() {
                // It is there, but is no text.
                return None;
            }
            let creates = BTreeMap::from([(self.path.clone(), format!("{old}{gap}{text}"))]);
            return Some(Change { creates, ..Change::default() });
        };
        Change::of(file, [Edit::insert(old.len(), format!("{gap}{text}"))])
    }
}

/// A line for an ignore file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The comment above the lines of its kind.
    pub group: String,
    /// The line.
    pub text: String,
}

/// An instruction as a message names it: its first line.
pub fn first_line<'a>(file: &FileCx<'a>, need: &Need) -> &'a str {
    file.source.slice(need.span).lines().next().unwrap_or_default().trim_end_matches(['\\', ' '])
}

/// Names in a sentence: the first two, and how many more.
pub fn list(names: &[String]) -> String {
    match names {
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
        [] => String::new(),
    }
}
