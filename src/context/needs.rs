//! What a build asks of its context: the sources of the instructions that are reached from the target.

use std::collections::{BTreeMap, BTreeSet};

use super::is_remote;
use crate::{
    build::{NamedContext, Target},
    ignorefile::IgnoreFile,
    model::{Base, CopyFrom, Model, MountKind, Stage, StepKind},
    project::{Files, join, parent},
    source::Span,
    syntax::Keyword,
};

/// What a build asks of its context.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// The instructions that name something of the context, in order.
    pub all: Vec<Need>,
    /// The first `RUN` with a `tmpfs` mount. BuildKit takes such a mount for one of the whole context,
    /// so that everything is sent as soon as any other instruction names something.
    pub tmpfs: Option<Span>,
    /// What keeps the files that are asked for from being known, in words.
    pub unknown: Option<String>,
    /// What is asked of other folders, by the names under which the build knows them.
    pub named: BTreeMap<String, Needs>,
}

/// An instruction that names something of the context.
#[derive(Clone, Debug)]
pub struct Need {
    /// The number of its stage.
    pub stage: usize,
    /// Its item in the Dockerfile.
    pub item: usize,
    /// The instruction, or the flag of its mount.
    pub span: Span,
    /// Whether it is a bind mount.
    pub mount: bool,
    /// The paths below the context; `.` is all of it. Globs stay globs.
    pub sources: Vec<String>,
    /// The patterns of `--exclude`.
    pub excludes: Vec<String>,
}

impl Need {
    /// Whether it names the whole context.
    pub fn is_whole(&self) -> bool {
        self.sources.iter().any(|it| it == ".")
    }
}

impl Needs {
    /// What a build of a stage asks for: the one of that name or number, or the last.
    /// The `named` contexts stand in the place of stages and images of their names.
    pub fn of(model: &Model, target: &Target, named: &BTreeMap<String, NamedContext>) -> Self {
        let (target, problem) = match target {
            Target::Last => (model.stages.len().checked_sub(1), None),
            Target::Stage(name) => (stage_named(model, name), Some(format!("there is no stage `{name}`"))),
            Target::Unknown => (None, Some("it is not known which stage is built".to_owned())),
        };
        let mut needs = Self::default();
        let Some(target) = target else {
            needs.unknown = problem;
            return needs;
        };
        let mut reached = BTreeSet::new();
        let mut open = vec![target];
        while let Some(at) = open.pop() {
            if !reached.insert(at) {
                continue;
            }
            for (from, whole) in needs.add_stage(model, &model.stages[at], named) {
                match from {
                    From::Stage(stage) => open.push(stage),
                    From::Named(name) => {
                        let folder = needs.named.entry(name).or_default();
                        folder.all.extend(whole);
                    }
                }
            }
        }
        needs.all.sort_by_key(|it| it.span);
        needs
    }

    /// What all stages together ask for, reached or not.
    pub fn of_all(model: &Model) -> Self {
        let mut needs = Self::default();
        for stage in &model.stages {
            needs.add_stage(model, stage, &BTreeMap::new());
        }
        needs
    }

    /// Takes in what a stage asks for; answers what else it is made from, and what is asked of that.
    fn add_stage(
        &mut self,
        model: &Model,
        stage: &Stage,
        named: &BTreeMap<String, NamedContext>,
    ) -> Vec<(From, Option<Need>)> {
        let mut froms = Vec::new();
        let named_folder = |name: &str| match named.get(&name.to_lowercase()) {
            Some(NamedContext::Folder(_)) => Some(Some(name.to_lowercase())),
            Some(NamedContext::Build(_) | NamedContext::Other(_) | NamedContext::Unknown) => Some(None),
            None => None,
        };
        // A named context in the place of a stage or image; `Some(None)` if it is no folder.
        let replaced = |from: &str, stage: Option<usize>| {
            named_folder(from).or_else(|| named_folder(model.stages[stage?].name.as_deref()?))
        };
        let base_name = model.at(stage.from).rest.text.split_whitespace().next().unwrap_or_default().to_owned();
        let base = if let Base::Stage(base) = stage.base { Some(base) } else { None };
        let whole = |item: usize, span: Span| Need {
            stage: stage.index,
            item,
            span,
            mount: false,
            sources: vec![".".to_owned()],
            excludes: Vec::new(),
        };
        match (replaced(&base_name, base), base) {
            (Some(Some(name)), _) => {
                froms.push((From::Named(name), Some(whole(stage.from, model.at(stage.from).span))));
            }
            (None, Some(base)) => froms.push((From::Stage(base), None)),
            (Some(None) | None, _) => {}
        }
        for step in &stage.steps {
            let instruction = model.instruction(step);
            match &step.kind {
                StepKind::Copy(copy) => {
                    if copy.from == CopyFrom::Context && copy.sources.iter().any(Option::is_none) {
                        self.unknown.get_or_insert("a source depends on a variable that is not known here".to_owned());
                    }
                    let sources = copy.sources.iter().flatten().filter(|it| !is_remote(it));
                    let excludes = copy.options.iter().filter_map(|it| it.strip_prefix("exclude="));
                    let need = Need {
                        stage: stage.index,
                        item: step.item,
                        span: instruction.span,
                        mount: false,
                        sources: sources.map(|it| below_root(it)).collect(),
                        excludes: excludes.map(str::to_owned).collect(),
                    };
                    let (name, from) = match &copy.from {
                        CopyFrom::Context => {
                            if !need.sources.is_empty() {
                                self.all.push(need);
                            }
                            continue;
                        }
                        CopyFrom::Stage(from) => (String::new(), Some(*from)),
                        CopyFrom::Other(name) => (name.clone(), None),
                    };
                    match (replaced(&name, from), from) {
                        (Some(Some(name)), _) => froms.push((From::Named(name), Some(need))),
                        (None, Some(from)) => froms.push((From::Stage(from), None)),
                        (Some(None) | None, _) => {}
                    }
                }
                StepKind::Run(run) => {
                    for mount in &run.mounts {
                        if mount.is_tmpfs() {
                            self.tmpfs.get_or_insert(mount.span);
                        }
                        let need = Need {
                            mount: true,
                            sources: vec![below_root(mount.source.as_deref().unwrap_or_default())],
                            ..whole(step.item, mount.span)
                        };
                        let Some(name) = &mount.from else {
                            if mount.kind == MountKind::Bind {
                                self.all.push(need);
                            }
                            continue;
                        };
                        let from = stage_named(model, name).filter(|it| *it < stage.index);
                        match (replaced(name, from), from) {
                            (Some(Some(name)), _) => froms.push((From::Named(name), Some(need))),
                            (None, Some(from)) => froms.push((From::Stage(from), None)),
                            (Some(None) | None, _) => {}
                        }
                    }
                }
                StepKind::Other if instruction.kind == Keyword::Onbuild => {
                    let is_base = model.stages.iter().any(|it| it.base == Base::Stage(stage.index));
                    if is_base {
                        self.unknown.get_or_insert("a stage that others are built on has `ONBUILD`".to_owned());
                    }
                }
                StepKind::Other => {}
            }
        }
        froms
    }

    /// Whether nothing is transferred at all.
    pub fn is_nothing(&self) -> bool {
        self.all.is_empty() && self.unknown.is_none()
    }

    /// Whether everything that is not ignored is transferred.
    pub fn is_whole(&self) -> bool {
        self.unknown.is_some() || !self.all.is_empty() && (self.tmpfs.is_some() || self.all.iter().any(Need::is_whole))
    }
}

fn stage_named(model: &Model, name: &str) -> Option<usize> {
    let lower = name.to_lowercase();
    let by_name = model.stages.iter().rposition(|it| it.name.as_deref() == Some(&lower));
    by_name.or_else(|| name.parse().ok().filter(|it| *it < model.stages.len()))
}

/// What a stage is made from.
enum From {
    Stage(usize),
    /// A folder that is a named context.
    Named(String),
}

/// A source as a path below the root of its folder; `.` for the root.
fn below_root(source: &str) -> String {
    let path = join("/", source);
    let path = path.trim_start_matches('/');
    if path.is_empty() { ".".to_owned() } else { path.to_owned() }
}

/// The paths that a transfer of these sources is limited to: the sources, and the targets of the links on the way,
/// as the builder's client finds them. `None` if one of them leads to the whole context.
pub(super) fn follow(files: &dyn Files, context: &str, sources: &BTreeSet<&str>) -> Option<Vec<String>> {
    let mut resolver = Resolver { files, context, resolved: BTreeSet::new() };
    for source in sources {
        resolver.append(source, 0);
    }
    let mut paths: Vec<String> = Vec::new();
    for path in resolver.resolved {
        if path == "." {
            return None;
        }
        if !paths.last().is_some_and(|last| path.starts_with(&format!("{last}/"))) {
            paths.push(path);
        }
    }
    Some(paths)
}

struct Resolver<'a> {
    files: &'a dyn Files,
    context: &'a str,
    resolved: BTreeSet<String>,
}

impl Resolver<'_> {
    /// Takes in a path and, wherever a link stands in it, the path that it leads to.
    fn append(&mut self, path: &str, depth: usize) {
        /// A glob of links that lead to one another can be followed for very long.
        const DEEPEST: usize = 64;
        let path = join("/", path);
        let parts: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
        let mut current = String::from(".");
        if parts.is_empty() {
            self.resolved.insert(current);
            return;
        }
        for (at, part) in parts.iter().enumerate() {
            current = join(&current, part);
            let targets = self.targets(&current, true);
            let is_last = at + 1 == parts.len();
            if (is_last || !targets.is_empty()) && !self.resolved.insert(current.clone()) {
                return;
            }
            if !targets.is_empty() {
                let rest = parts[at + 1..].join("/");
                for target in targets.into_iter().filter(|_| depth < DEEPEST) {
                    self.append(&format!("{target}/{rest}"), depth + 1);
                }
                return;
            }
        }
    }

    /// Where the links of this name lead, from the root of the context; empty if there is none.
    fn targets(&self, path: &str, may_be_glob: bool) -> Vec<String> {
        let (folder, name) = (parent(path), path.rsplit('/').next().unwrap_or(path));
        if may_be_glob && name.contains(['*', '?', '[']) {
            let names = self.files.list(&join(self.context, &folder));
            let glob = IgnoreFile::of_patterns([name]);
            let matching = names.iter().filter(|it| glob.patterns().iter().any(|glob| glob.matches(it)));
            return matching.flat_map(|it| self.targets(&join(&folder, it), false)).collect();
        }
        let target = self.files.link(&join(self.context, path));
        target.map(|it| if it.starts_with('/') { it } else { format!("/{folder}/{it}") }).into_iter().collect()
    }
}
