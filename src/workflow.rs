//! GitHub workflows, and the actions beside them, to the builds that their steps start.
//!
//! `${{ … }}` is known where it names a literal entry of the matrix or of `env`; anything else stays unknown.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    bake,
    build::{Build, BuildContext, ELSEWHERE, Found, Kind, LeftOut, NamedContext, Recipe, Target, Value, is_remote},
    commands::{self, Call, Composed, Place},
    compose::named_context,
    documents::Documents,
    project::{file_name, join, parent},
    shell,
    source::{Cooked, FileId, Location, Span},
    yaml::{Node, NodeId, Tree},
};

/// The most combinations of a matrix that are looked at.
const MOST_COMBINATIONS: usize = 256;

/// Whether the file of that path is a workflow, or an action that lies beside the workflows.
pub fn is_workflow(path: &str) -> bool {
    let is_yaml = |it: &str| it.strip_suffix(".yml").or_else(|| it.strip_suffix(".yaml")).is_some();
    let Some(at) = path.rfind(".github/").filter(|at| *at == 0 || path[..*at].ends_with('/')) else { return false };
    match path[at + ".github/".len()..].split_once('/') {
        Some(("workflows", name)) => is_yaml(name) && !name.contains('/'),
        Some(("actions", rest)) => ["action.yml", "action.yaml"].contains(&file_name(rest)),
        _ => false,
    }
}

/// A workflow or action, as far as it has steps.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Its file.
    pub file: FileId,
    /// Its text as a tree.
    pub tree: Arc<Tree>,
    /// Its jobs; an action has one.
    pub jobs: Vec<Job>,
    /// Whether it runs only for releases, at set times, or by hand.
    pub is_for_releases: bool,
}

/// A job of a workflow.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its key; that of an action is empty.
    pub name: String,
    /// All of it.
    pub node: NodeId,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Whether it runs on machines of GitHub, which start empty.
    pub is_hosted: bool,
}

/// A step of a job.
#[derive(Clone, Debug)]
pub struct Step {
    /// All of it.
    pub node: NodeId,
    /// The action that it uses, without its version: `docker/build-push-action`.
    pub uses: Option<String>,
    /// The place of `uses`.
    pub uses_span: Span,
    /// The shell text that it runs.
    pub run: Option<NodeId>,
    /// The builds that it starts without BuildKit.
    pub without_buildkit: Vec<Location>,
    /// The builds that it starts by command lines.
    pub command_builds: Vec<Location>,
    /// The commands of Compose that it starts and that build services.
    pub composed: Vec<Composed>,
}

/// Reads a file; `None` when it has no steps.
pub fn read(documents: &mut Documents<'_>, file: FileId, found: &mut Found, calls: &mut Vec<Call>) -> Option<Workflow> {
    let tree = documents.tree(file)?;
    let path = documents.source(file).path.clone();
    let root = parent(&path[..path.rfind(".github/")? + ".github".len()]);
    let is_for_releases = is_for_releases(&tree);
    let mut workflow = Workflow { file, tree: Arc::clone(&tree), jobs: Vec::new(), is_for_releases };
    let top = environment(&tree, tree.root);
    let jobs = match tree.get(tree.root, "jobs") {
        Some(jobs) => tree.entries(jobs.value).iter().map(|it| (it.name.clone(), it.value)).collect(),
        None => vec![(String::new(), tree.get(tree.root, "runs")?.value)],
    };
    for (name, node) in jobs {
        let Some(steps) = tree.get(node, "steps") else { continue };
        let steps: Vec<Step> = tree.items(steps.value).iter().map(|it| Step::of(&tree, *it)).collect();
        let mut job = Job { name, node, steps, is_hosted: false };
        let mut environment_of_job = top.clone();
        environment_of_job.extend(environment(&tree, node));
        let combinations = combinations(&tree, node);
        job.is_hosted = combinations.iter().all(|matrix| is_hosted(&tree, node, matrix));
        let cx = Cx { documents, tree: &tree, file, root: &root, is_action: job.name.is_empty() };
        for matrix in &combinations {
            cx.job(&mut job, matrix, &environment_of_job, found, calls);
        }
        workflow.jobs.push(job);
    }
    (!workflow.jobs.is_empty()).then_some(workflow)
}

/// Whether nothing but a release, a schedule or a person starts a workflow. No run prepares the next one then.
fn is_for_releases(tree: &Tree) -> bool {
    let Some(on) = tree.get(tree.root, "on") else { return false };
    let is_rare = |it: &str| ["release", "workflow_dispatch", "schedule", "repository_dispatch"].contains(&it);
    match tree.node(on.value) {
        Node::Scalar(it) => is_rare(&it.text),
        Node::List(items) => items.iter().all(|it| tree.scalar(*it).is_some_and(is_rare)),
        Node::Map(_) => tree.entries(on.value).iter().all(|it| {
            let has = |name: &str| tree.get(it.value, name).is_some();
            let has_any = |names: [&str; 2]| names.iter().any(|it| has(it));
            let only_tags = has_any(["tags", "tags-ignore"]) && !has_any(["branches", "branches-ignore"]);
            is_rare(&it.name) || it.name == "push" && only_tags
        }),
        Node::Null => false,
    }
}

/// Whether a job runs on a machine of GitHub.
fn is_hosted(tree: &Tree, job: NodeId, matrix: &Values) -> bool {
    let Some(node) = tree.get(job, "runs-on").map(|it| it.value) else { return false };
    let label = match tree.items(node) {
        [] => tree.scalar(node),
        [one] => tree.scalar(*one),
        _ => None,
    };
    let scope = Scope { matrix, environment: Values::new() };
    let label = label.and_then(|it| scope.expand(it));
    label.is_some_and(|it| {
        let mut parts = it.split('-');
        let system = parts.next().unwrap_or_default();
        // Larger machines and those of others have names of their own.
        let version = parts.next().unwrap_or_default();
        let is_version = version == "latest" || version.bytes().all(|it| it.is_ascii_digit() || it == b'.');
        ["ubuntu", "windows", "macos"].contains(&system)
            && is_version
            && parts.all(|it| ["arm", "intel", "large", "xlarge", "slim", "vs2026"].contains(&it))
    })
}

impl Step {
    fn of(tree: &Tree, node: NodeId) -> Self {
        let uses = tree.get(node, "uses");
        let run = tree.get(node, "run");
        let name = uses.and_then(|it| tree.scalar(it.value)).map(|it| it.split('@').next().unwrap_or(it).to_owned());
        Self {
            node,
            uses: name,
            uses_span: uses.or(run).map_or(tree.span(node), |it| tree.span(it.value)),
            run: run.map(|it| it.value),
            without_buildkit: Vec::new(),
            command_builds: Vec::new(),
            composed: Vec::new(),
        }
    }

    /// An input of the action.
    pub fn input(&self, tree: &Tree, name: &str) -> Option<NodeId> {
        tree.at(self.node, &["with", name])
    }
}

/// The values that expressions name: `matrix.x`, `env.X`.
type Values = BTreeMap<String, Option<String>>;

/// The literal variables of `env` in a workflow, a job or a step.
fn environment(tree: &Tree, node: NodeId) -> Values {
    let entries = tree.get(node, "env").map(|it| tree.entries(it.value)).unwrap_or_default();
    let value = |it: NodeId| tree.scalar(it).filter(|it| !it.contains("${{")).map(str::to_owned);
    entries.iter().map(|it| (it.name.clone(), value(it.value))).collect()
}

/// The combinations of a job's matrix, with one value each for `matrix.a.b`; one without any, if there is no matrix or
/// it is not literal.
fn combinations(tree: &Tree, job: NodeId) -> Vec<Values> {
    let Some(matrix) = tree.at(job, &["strategy", "matrix"]) else { return vec![Values::new()] };
    let mut all = vec![Values::new()];
    let entries = tree.entries(matrix);
    let axes = entries.iter().filter(|it| it.name != "include" && it.name != "exclude");
    for axis in axes {
        let Node::List(items) = tree.node(axis.value) else { continue };
        if items.is_empty() || all.len() * items.len() > MOST_COMBINATIONS {
            continue;
        }
        let add = |old: &Values, item: NodeId| {
            let mut new = old.clone();
            flatten(tree, item, &axis.name, 0, &mut new);
            new
        };
        all = all.iter().flat_map(|old| items.iter().map(move |item| (old, *item))).map(|(a, b)| add(a, b)).collect();
    }
    let list = |name: &str| {
        let items = tree.get(matrix, name).map(|it| tree.items(it.value)).unwrap_or_default();
        let flat = items.iter().map(|it| {
            let mut values = Values::new();
            for entry in tree.entries(*it) {
                flatten(tree, entry.value, &entry.name, 0, &mut values);
            }
            values
        });
        flat.collect::<Vec<_>>()
    };
    let agrees = |one: &Values, other: &Values| one.iter().all(|(name, value)| other.get(name) == Some(value));
    let excluded = list("exclude");
    all.retain(|it| !excluded.iter().any(|excluded| !excluded.is_empty() && agrees(excluded, it)));
    let originals = all.clone();
    for include in list("include").into_iter().take(MOST_COMBINATIONS) {
        // It is added to the combinations whose own values it leaves alone, else it is one of its own.
        let mut fits = false;
        for (at, original) in originals.iter().enumerate() {
            if !original.is_empty()
                && include.iter().all(|(name, value)| original.get(name).is_none_or(|it| it == value))
            {
                all[at].extend(include.clone());
                fits = true;
            }
        }
        if !fits {
            all.push(include);
        }
    }
    if all.len() > 1 {
        all.retain(|it| !it.is_empty());
    }
    all
}

/// Notes the scalars below a node under dotted names.
fn flatten(tree: &Tree, node: NodeId, name: &str, depth: usize, out: &mut Values) {
    const DEEPEST: usize = 4;
    match tree.node(node) {
        Node::Scalar(it) => {
            out.insert(name.to_owned(), (!it.text.contains("${{")).then(|| it.text.clone()));
        }
        Node::Map(_) if depth < DEEPEST => {
            for entry in tree.entries(node) {
                flatten(tree, entry.value, &format!("{name}.{}", entry.name), depth + 1, out);
            }
        }
        Node::Null | Node::List(_) | Node::Map(_) => {}
    }
}

/// The parts of a text around its expressions: text, or what stands between `${{` and `}}`.
fn parts(text: &str) -> Vec<(bool, &str)> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${{") {
        let Some(length) = rest[at..].find("}}") else { break };
        out.push((false, &rest[..at]));
        out.push((true, &rest[at..at + length + 2]));
        rest = &rest[at + length + 2..];
    }
    out.push((false, rest));
    out
}

/// Which folders of the workspace are the repository.
#[derive(Clone, Debug, Default)]
struct Checkouts {
    /// Where the repository itself lies in the workspace.
    own: Option<String>,
    /// Where others lie, or what is not known.
    others: Vec<String>,
}

impl Checkouts {
    /// The path in the repository of a path in the workspace.
    fn path(&self, path: &str) -> Option<String> {
        let is_below = |path: &str, folder: &str| {
            folder == "." && !path.starts_with("..")
                || path.strip_prefix(folder).is_some_and(|it| it.is_empty() || it.starts_with('/'))
        };
        let own = self.own.as_deref()?;
        let longer = |it: &&String| is_below(path, it) && it.len() >= own.len() && it.as_str() != own;
        if !is_below(path, own) || self.others.iter().any(|it| longer(&it)) {
            return None;
        }
        Some(if own == "." { path.to_owned() } else { join(".", path[own.len()..].trim_start_matches('/')) })
    }
}

struct Cx<'a, 'd> {
    documents: &'a Documents<'d>,
    tree: &'a Tree,
    file: FileId,
    /// The root of the repository.
    root: &'a str,
    is_action: bool,
}

/// What is known in a step.
struct Scope<'a> {
    matrix: &'a Values,
    environment: Values,
}

impl Scope<'_> {
    /// The text with its expressions replaced; `None` when one of them is not known.
    fn expand(&self, text: &str) -> Option<String> {
        let part =
            |(is_expression, text): (bool, &str)| if is_expression { self.value(text) } else { Some(text.into()) };
        parts(text).into_iter().map(part).collect()
    }

    /// The value of `${{ … }}`.
    fn value(&self, expression: &str) -> Option<String> {
        let inside = expression.strip_prefix("${{")?.strip_suffix("}}")?.trim();
        if inside == "github.workspace" {
            return Some(".".to_owned());
        }
        if let Some(name) = inside.strip_prefix("matrix.") {
            return self.matrix.get(name)?.clone();
        }
        if let Some(name) = inside.strip_prefix("env.") {
            return self.environment.get(name)?.clone();
        }
        let literal = inside.strip_prefix('\'')?.strip_suffix('\'')?;
        (!literal.contains('\'')).then(|| literal.to_owned())
    }
}

impl Cx<'_, '_> {
    fn job(
        &self,
        job: &mut Job,
        matrix: &Values,
        environment_of_job: &Values,
        found: &mut Found,
        calls: &mut Vec<Call>,
    ) {
        let tree = self.tree;
        // An action runs in the workspace of its caller, which has the repository in it.
        let mut checkouts = Checkouts { own: self.is_action.then(|| ".".to_owned()), others: Vec::new() };
        let name = (!job.name.is_empty()).then(|| job.name.clone());
        let folder_of = |node| tree.at(node, &["defaults", "run", "working-directory"]).and_then(|it| tree.scalar(it));
        let folder = folder_of(job.node).or_else(|| folder_of(tree.root)).unwrap_or(".").to_owned();
        for step in &mut job.steps {
            let mut environment_of_step = environment_of_job.clone();
            environment_of_step.extend(environment(tree, step.node));
            let scope = Scope { matrix, environment: environment_of_step };
            let span = step.uses_span;
            match step.uses.as_deref() {
                Some("actions/checkout") => self.checkout(step, &scope, &mut checkouts),
                Some("docker/build-push-action") => match self.build(step, &scope, &checkouts) {
                    Ok(build) => found.builds.push(Build { name: name.clone(), ..build }),
                    Err(reason) => found.left_out.push(LeftOut {
                        location: Location { file: self.file, span },
                        name: name.clone(),
                        reason,
                    }),
                },
                Some("docker/bake-action") => calls.extend(self.bake(step, &scope, &checkouts)),
                Some(_) => {}
                None => {
                    if let Some(run) = step.run {
                        let text = tree.scalar(run).unwrap_or_default();
                        if commands::may_build(text) {
                            self.run(step, run, &folder, &scope, &checkouts, (name.clone(), found, calls));
                        }
                    }
                }
            }
        }
    }

    fn checkout(&self, step: &Step, scope: &Scope<'_>, checkouts: &mut Checkouts) {
        let text = |name| step.input(self.tree, name).and_then(|it| self.tree.scalar(it));
        let path = text("path").map_or(Some(".".to_owned()), |it| scope.expand(it)).map(|it| join(".", &it));
        let is_own = text("repository").is_none_or(|it| it.replace(' ', "") == "${{github.repository}}");
        match path {
            Some(path) if is_own => checkouts.own = Some(path),
            // At an unknown place it may lie over the repository.
            path => checkouts.others.push(path.unwrap_or_else(|| ".".to_owned())),
        }
    }

    /// A step that uses `docker/build-push-action`.
    fn build(&self, step: &Step, scope: &Scope<'_>, checkouts: &Checkouts) -> Result<Build, String> {
        let tree = self.tree;
        let raw = |name| step.input(tree, name).and_then(|it| tree.scalar(it)).map(str::trim);
        let value = |name| match raw(name) {
            None | Some("") => Value::Absent,
            Some(text) => scope.expand(text).map_or_else(|| Value::Unknown(text.to_owned()), Value::Known),
        };
        let depends = |text: &str| format!("it depends on `{text}`, which is not known here");
        let missing = || "the repository is not checked out where it is built".to_owned();
        let in_root = |path: &str| join(self.root, path);
        let written = raw("context").unwrap_or("{{defaultContext}}");
        let (context, dockerfile) = if let Some(below) = written.strip_prefix("{{defaultContext}}") {
            // The repository as it is committed; the Dockerfile is looked for inside.
            let below = below.strip_prefix(':').unwrap_or(below);
            let folder = scope.expand(below).ok_or_else(|| depends(below))?;
            let folder = in_root(&folder);
            let dockerfile = match value("file") {
                Value::Known(file) => join(&folder, &file),
                Value::Absent => join(&folder, "Dockerfile"),
                Value::Unknown(text) => return Err(depends(&text)),
            };
            (BuildContext::Committed(folder), dockerfile)
        } else {
            let context = scope.expand(written).ok_or_else(|| depends(written))?;
            if is_remote(&context) {
                return Err(ELSEWHERE.to_owned());
            }
            let context = checkouts.path(&join(".", &context)).ok_or_else(missing)?;
            let dockerfile = match value("file") {
                Value::Known(file) => checkouts.path(&join(".", &file)).ok_or_else(missing)?,
                Value::Absent => join(&context, "Dockerfile"),
                Value::Unknown(text) => return Err(depends(&text)),
            };
            (BuildContext::Folder(in_root(&context)), in_root(&dockerfile))
        };
        let found_in = Location { file: self.file, span: step.uses_span };
        let mut build = Build::new(Kind::Workflow, Recipe::File(dockerfile), context, found_in);
        build.target = Target::of(value("target"));
        let lines = |name| {
            let text = raw(name).unwrap_or_default();
            let lines = text.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#'));
            lines.map(|it| (it.to_owned(), scope.expand(it))).collect::<Vec<_>>()
        };
        for (written, known) in lines("build-args") {
            let Some((name, _)) = written.split_once('=') else { continue };
            let value = known.as_deref().and_then(|it| it.split_once('=')).map(|(_, it)| it.to_owned());
            build.args.insert(name.to_owned(), value);
        }
        for (written, known) in lines("build-contexts") {
            let Some((name, _)) = written.split_once('=') else { continue };
            let context = match known.as_deref().and_then(|it| it.split_once('=')) {
                Some((_, path)) => self.named(path, checkouts),
                None => NamedContext::Unknown,
            };
            build.contexts.insert(name.to_owned(), context);
        }
        let known = |lines: Vec<(String, Option<String>)>| lines.into_iter().map(|(written, it)| it.unwrap_or(written));
        build.images = known(lines("tags"))
            .flat_map(|it| it.split(',').map(|it| it.trim().to_owned()).collect::<Vec<_>>())
            .collect();
        build.cache_from = known(lines("cache-from")).collect();
        build.cache_to = known(lines("cache-to")).collect();
        let platforms =
            known(lines("platforms")).flat_map(|it| it.split(',').map(|it| it.trim().to_owned()).collect::<Vec<_>>());
        build.platforms = platforms.filter(|it| !it.is_empty()).collect();
        Ok(build)
    }

    fn named(&self, path: &str, checkouts: &Checkouts) -> NamedContext {
        match named_context(".", path, "target:") {
            NamedContext::Folder(path) => match checkouts.path(&path) {
                Some(path) => NamedContext::Folder(join(self.root, &path)),
                None => NamedContext::Unknown,
            },
            other => other,
        }
    }

    /// A step that uses `docker/bake-action` with files of its own.
    fn bake(&self, step: &Step, scope: &Scope<'_>, checkouts: &Checkouts) -> Option<Call> {
        let text = |name| step.input(self.tree, name).and_then(|it| self.tree.scalar(it));
        let folder = match text("workdir").or_else(|| text("source")) {
            Some(it) if it.starts_with("{{") => ".".to_owned(),
            Some(it) => checkouts.path(&join(".", &scope.expand(it)?))?,
            None => ".".to_owned(),
        };
        let files = text("files")?.lines().flat_map(|it| it.split(',')).map(str::trim).filter(|it| !it.is_empty());
        let folder = join(self.root, &folder);
        // Files that other steps make, such as those of metadata-action, are not there.
        let files = files.map(|it| scope.expand(it)).collect::<Option<Vec<_>>>();
        let files: Vec<_> = files?.iter().map(|it| join(&folder, it)).collect();
        let sets = text("set").unwrap_or_default().lines().map(str::trim).filter(|it| !it.is_empty());
        let sets: Option<Vec<_>> = sets.filter(|it| bake::is_about_files(it)).map(|it| scope.expand(it)).collect();
        let location = Location { file: self.file, span: step.uses_span };
        Some(Call { location, kind: Kind::Bake, files, folder, sets: sets? })
    }

    /// A step that runs a shell text.
    fn run(
        &self,
        step: &mut Step,
        run: NodeId,
        folder: &str,
        scope: &Scope<'_>,
        checkouts: &Checkouts,
        (name, found, calls): (Option<String>, &mut Found, &mut Vec<Call>),
    ) {
        let tree = self.tree;
        let is_posix = |it: &str| ["bash", "sh"].iter().any(|shell| it.split([' ', '/']).any(|word| word == *shell));
        let shell = tree.get(step.node, "shell").and_then(|it| tree.scalar(it.value));
        if shell.is_some_and(|it| !is_posix(it)) {
            return;
        }
        let own = tree.get(step.node, "working-directory").and_then(|it| tree.scalar(it.value));
        let folder = scope.expand(own.unwrap_or(folder)).and_then(|it| checkouts.path(&join(".", &it)));
        let Some(folder) = folder else { return };
        let source = self.documents.source(self.file);
        let cooked = tree.cooked(run, &source.text);
        // Where the places inside a text are not known, all of it is named.
        let whole = cooked.is_none().then(|| tree.span(run));
        let text = cooked.unwrap_or_else(|| {
            let mut text = Cooked::default();
            text.push(tree.scalar(run).unwrap_or_default(), 0);
            text
        });
        let script = shell::parse(&replaced(&text, scope));
        let plain = |(name, value): (&String, &Option<String>)| Some((name.clone(), value.clone()?));
        let place = Place {
            files: self.documents.files,
            file: self.file,
            kind: Kind::Workflow,
            name,
            starts: vec![join(self.root, &folder)],
            own: None,
            root: Some(self.root.to_owned()),
            whole,
            variables: scope.environment.iter().filter_map(plain).collect(),
        };
        let started = commands::started(&script, &place);
        for location in started.found.builds.iter().map(|it| it.found_in) {
            if !step.command_builds.contains(&location) {
                step.command_builds.push(location);
            }
        }
        for location in started.without_buildkit {
            if !step.without_buildkit.contains(&location) {
                step.without_buildkit.push(location);
            }
        }
        for composed in started.composed {
            if !step.composed.contains(&composed) {
                step.composed.push(composed);
            }
        }
        found.builds.extend(started.found.builds);
        found.left_out.extend(started.found.left_out);
        calls.extend(started.calls);
    }
}

/// The text with its expressions replaced by their values, or by a variable that is not set.
fn replaced(text: &Cooked, scope: &Scope<'_>) -> Cooked {
    if !text.text.contains("${{") {
        return text.clone();
    }
    let mut out = Cooked::default();
    let mut at = 0;
    for (is_expression, part) in parts(&text.text) {
        if is_expression {
            let value = scope.value(part).unwrap_or_else(|| "${UNKNOWN_EXPRESSION}".to_owned());
            // All of it stands where the expression begins.
            for char in value.chars() {
                out.push(char.encode_utf8(&mut [0; 4]), text.source(at));
            }
        } else {
            // Each byte keeps its place, whatever lies between them in the file.
            for (offset, char) in part.char_indices() {
                out.push(char.encode_utf8(&mut [0; 4]), text.source(at + offset));
            }
        }
        at += part.len();
    }
    out
}

#[cfg(test)]
mod tests;
