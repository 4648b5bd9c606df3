//! Compose files to the builds that they name.
//!
//! Files are laid over one another, included and extended as Compose does it; what depends on a variable that nothing
//! in the project sets is left out, as a build that is guessed wrong costs more than one that is missed.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    build::{
        Build, BuildContext, ELSEWHERE, Found, Inline, Kind, LeftOut, NamedContext, Recipe, Secret, SecretSource,
        Target, Value, is_remote,
    },
    documents::{Documents, Environment, Variable, interpolate, interpolate_cooked},
    project::{join, parent},
    source::{FileId, Location, Span},
    yaml::{Node, NodeId, Tree},
};

pub mod edit;

/// The names under which Compose looks for its file, in that order.
pub const DEFAULTS: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// The names of the file that is laid over the default one.
pub const OVERRIDES: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// How deep `include` and `extends` are followed.
const DEEPEST: usize = 16;

/// How many steps may be made along `include` and `extends`.
const MOST_STEPS: usize = 10_000;

/// Whether a file of that name is a Compose file.
pub fn is_compose(name: &str) -> bool {
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
    stem.is_some_and(|it| it == "compose" || it.starts_with("compose.") || it.starts_with("docker-compose"))
}

/// The builds of the Compose files among the documents.
///
/// In each folder the default file is read with its override, as `docker compose` does it there; what other files say
/// counts where it does not matter whether they are laid over the default one.
pub fn builds(documents: &mut Documents<'_>, files: &[FileId], found: &mut Found) {
    let mut folders: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
    for file in files {
        folders.entry(parent(&documents.source(*file).path)).or_default().push(*file);
    }
    for (folder, files) in folders {
        folder_builds(documents, &folder, &files, found);
    }
}

/// The builds of some files laid over one another, as `docker compose -f a -f b` reads them.
pub fn project(documents: &mut Documents<'_>, files: &[FileId], folder: &str, found: &mut Found) {
    let environment = Environment::new(vec![join(folder, ".env")], None);
    let mut loader = Loader { documents, stack: Vec::new(), steps: 0 };
    let services = loader.overlaid(files, folder, &Arc::new(environment));
    for service in services {
        service.add_to(found);
    }
}

fn folder_builds(documents: &mut Documents<'_>, folder: &str, files: &[FileId], found: &mut Found) {
    let environment = Arc::new(Environment::new(vec![join(folder, ".env")], None));
    let named = |documents: &Documents<'_>, names: &[&str]| {
        names.iter().find_map(|name| {
            let path = join(folder, name);
            files.iter().copied().find(|it| documents.source(*it).path == path)
        })
    };
    let (base, over) = (named(documents, &DEFAULTS), named(documents, &OVERRIDES));
    let listed = files_of_environment(documents, folder, &environment);
    let main = listed.unwrap_or_else(|| base.into_iter().chain(over.filter(|_| base.is_some())).collect());
    let mut loader = Loader { documents, stack: Vec::new(), steps: 0 };
    for service in loader.overlaid(&main, folder, &environment) {
        service.add_to(found);
    }
    let base_services = base.map(|it| loader.overlaid(&[it], folder, &environment)).unwrap_or_default();
    for file in files.iter().filter(|it| !main.contains(it)) {
        for service in loader.overlaid(&[*file], folder, &environment) {
            match base_services.iter().find(|it| it.name == service.name).and_then(|it| it.build.clone()) {
                Some(below) => service.perhaps_over(below).add_to(found),
                None => service.alone().add_to(found),
            }
        }
    }
}

/// The files that `COMPOSE_FILE` in the `.env` file of a folder lists.
fn files_of_environment(documents: &mut Documents<'_>, folder: &str, environment: &Environment) -> Option<Vec<FileId>> {
    let files = documents.files;
    let Variable::Set(list) = environment.get("COMPOSE_FILE", files) else { return None };
    let separator = match environment.get("COMPOSE_PATH_SEPARATOR", files) {
        Variable::Set(it) if !it.is_empty() => it,
        _ => ":",
    };
    list.split(separator).map(|it| documents.open(&join(folder, it))).collect()
}

/// A service, as far as it is built.
#[derive(Clone, Debug)]
struct Service {
    name: String,
    /// Where its name stands.
    key: Location,
    build: Option<Spec>,
    /// Whether it says what it runs, so that its file can be used alone.
    is_whole: bool,
    /// Whether what files below it say of its build is dropped.
    is_reset: bool,
    /// Why it cannot be told what it builds.
    unknown: Option<String>,
}

/// The section `build` of a service.
#[derive(Clone, Debug)]
struct Spec {
    found_in: Location,
    context: Value<BuildContext>,
    dockerfile: Value,
    inline: Value<Inline>,
    target: Value,
    args: BTreeMap<String, Option<String>>,
    contexts: BTreeMap<String, NamedContext>,
    images: Vec<String>,
    platforms: Vec<String>,
    secrets: Vec<Secret>,
    ssh: Vec<String>,
    cache_from: Vec<String>,
    cache_to: Vec<String>,
    /// The folder that stands for a context that is not said.
    folder: String,
}

impl Service {
    fn add_to(self, found: &mut Found) {
        let Some(spec) = self.build else {
            let left_out = |reason| LeftOut { location: self.key, name: Some(self.name), reason };
            found.left_out.extend(self.unknown.map(left_out));
            return;
        };
        let location = spec.found_in;
        let result = match self.unknown {
            Some(reason) => Err(reason),
            None => spec.into_build(self.name.clone()),
        };
        match result {
            Ok(build) => found.builds.push(build),
            Err(reason) => found.left_out.push(LeftOut { location, name: Some(self.name), reason }),
        }
    }

    /// The service of a file that nothing lies below.
    fn alone(mut self) -> Self {
        if self.build.is_some() && !self.is_whole {
            self.unknown = Some("this file is laid over another one, which is not named here".to_owned());
        }
        self
    }

    /// The service of a file that may be used alone or laid over the default file.
    fn perhaps_over(mut self, below: Spec) -> Self {
        let Some(own) = self.build.clone() else { return self };
        let whole = Spec { found_in: own.found_in, ..own.clone().over(below) };
        let what = |spec: &Spec| {
            let build = spec.clone().into_build(String::new());
            build.map(|it| (it.dockerfile, it.context, it.target))
        };
        if !self.is_whole || what(&own) == what(&whole) {
            self.build = Some(whole);
        } else {
            let reason = "it cannot be told whether this file is used alone or over another one";
            self.unknown = Some(reason.to_owned());
        }
        self
    }

    /// This service laid over another.
    fn over(self, below: Self) -> Self {
        Self {
            build: match (self.build, below.build) {
                (own, _) if self.is_reset => own,
                (Some(own), Some(below)) => Some(own.over(below)),
                (own, below) => own.or(below),
            },
            is_whole: self.is_whole || below.is_whole,
            unknown: self.unknown.or(below.unknown),
            ..self
        }
    }
}

impl Spec {
    /// This section laid over another: texts replace, tables and lists grow.
    fn over(self, below: Self) -> Self {
        fn longer<T: PartialEq>(own: Vec<T>, mut below: Vec<T>) -> Vec<T> {
            let new: Vec<T> = own.into_iter().filter(|it| !below.contains(it)).collect();
            below.extend(new);
            below
        }
        let mut args = below.args;
        args.extend(self.args);
        let mut contexts = below.contexts;
        contexts.extend(self.contexts);
        Self {
            found_in: below.found_in,
            context: self.context.or(below.context),
            dockerfile: self.dockerfile.or(below.dockerfile),
            inline: self.inline.or(below.inline),
            target: self.target.or(below.target),
            args,
            contexts,
            images: longer(self.images, below.images),
            platforms: longer(self.platforms, below.platforms),
            secrets: longer(self.secrets, below.secrets),
            ssh: longer(self.ssh, below.ssh),
            cache_from: longer(self.cache_from, below.cache_from),
            cache_to: longer(self.cache_to, below.cache_to),
            folder: below.folder,
        }
    }

    fn into_build(self, name: String) -> Result<Build, String> {
        let folder = self.folder.clone();
        let depends = |text: String| format!("it depends on `{text}`, which nothing here sets");
        let context = match self.context {
            Value::Known(context) => context,
            Value::Absent => BuildContext::Folder(self.folder),
            Value::Unknown(text) => return Err(depends(text)),
        };
        let dockerfile = match (self.inline, self.dockerfile, context.folder()) {
            (Value::Known(inline), ..) => Recipe::Inline(inline),
            (Value::Unknown(_), ..) => {
                return Err("its Dockerfile depends on a variable that nothing here sets".to_owned());
            }
            (_, Value::Unknown(text), _) => return Err(depends(text)),
            (.., None) => return Err(ELSEWHERE.to_owned()),
            (_, Value::Known(path), Some(folder)) => Recipe::File(join(folder, &path)),
            (_, Value::Absent, Some(folder)) => Recipe::File(join(folder, "Dockerfile")),
        };
        Ok(Build {
            name: Some(name),
            target: Target::of(self.target),
            args: self.args,
            contexts: self.contexts,
            images: self.images,
            platforms: self.platforms,
            secrets: self.secrets,
            ssh: self.ssh,
            cache_from: self.cache_from,
            cache_to: self.cache_to,
            folder: Some(folder),
            ..Build::new(Kind::Compose, dockerfile, context, self.found_in)
        })
    }
}

/// Reads files and what they lead to.
struct Loader<'a, 'd> {
    documents: &'a mut Documents<'d>,
    /// The files and services that are being read.
    stack: Vec<(FileId, Option<String>)>,
    /// How many steps were made along `include` and `extends`.
    steps: usize,
}

/// A file that is being read.
struct Cx<'a> {
    tree: &'a Tree,
    file: FileId,
    /// The folder that its paths start from.
    folder: &'a str,
    environment: &'a Arc<Environment>,
}

impl Loader<'_, '_> {
    /// The services of some files, each laid over those before it.
    fn overlaid(&mut self, files: &[FileId], folder: &str, environment: &Arc<Environment>) -> Vec<Service> {
        let mut all: Vec<Service> = Vec::new();
        for file in files {
            for service in self.services(*file, folder, environment) {
                match all.iter_mut().find(|it| it.name == service.name) {
                    Some(below) => *below = service.over(below.clone()),
                    None => all.push(service),
                }
            }
        }
        all
    }

    /// The services of a file and of those that it includes.
    fn services(&mut self, file: FileId, folder: &str, environment: &Arc<Environment>) -> Vec<Service> {
        if !Kind::Compose.may_build(&self.documents.source(file).text) || !self.may_go_on() {
            return Vec::new();
        }
        let Some(tree) = self.documents.tree(file) else { return Vec::new() };
        let cx = Cx { tree: &tree, file, folder, environment };
        let mut services = Vec::new();
        if let Some(section) = tree.get(tree.root, "services") {
            for entry in tree.entries(section.value) {
                services.push(self.service(&cx, &entry.name, entry.key, entry.value));
            }
        }
        if let Some(include) = tree.get(tree.root, "include") {
            for item in tree.items(include.value) {
                let included = self.included(&cx, *item);
                for service in included {
                    if services.iter().all(|it| it.name != service.name) {
                        services.push(service);
                    }
                }
            }
        }
        services
    }

    fn may_go_on(&mut self) -> bool {
        self.steps += 1;
        self.steps <= MOST_STEPS
    }

    /// The services of an entry of `include`.
    fn included(&mut self, cx: &Cx<'_>, item: NodeId) -> Vec<Service> {
        let tree = cx.tree;
        let span = tree.span(item);
        let texts = |loader: &Self, node: NodeId| -> Option<Vec<String>> {
            let nodes = if tree.scalar(node).is_some() { vec![node] } else { tree.items(node).to_vec() };
            nodes.into_iter().map(|it| loader.text(cx, it)).collect()
        };
        let path = if tree.is_map(item) { tree.get(item, "path").map(|it| it.value) } else { Some(item) };
        let Some(paths) = path.and_then(|it| texts(self, it)).filter(|it| !it.iter().any(|it| is_elsewhere(it))) else {
            return Vec::new();
        };
        let paths: Vec<String> = paths.iter().map(|it| join(cx.folder, it)).collect();
        let folder = match tree.get(item, "project_directory") {
            Some(it) => match self.text(cx, it.value) {
                Some(folder) => join(cx.folder, &folder),
                None => return Vec::new(),
            },
            None => paths.first().map_or_else(|| cx.folder.to_owned(), |it| parent(it)),
        };
        let env_files = match tree.get(item, "env_file") {
            Some(it) => texts(self, it.value).unwrap_or_default().iter().map(|it| join(cx.folder, it)).collect(),
            None => vec![join(&folder, ".env")],
        };
        let mut files = Vec::new();
        for path in &paths {
            match self.documents.open(path) {
                Some(file) if self.stack.contains(&(file, None)) || file == cx.file => {
                    self.documents.error(cx.file, span, "files include one another in a circle");
                    return Vec::new();
                }
                Some(file) => files.push(file),
                None => {
                    self.documents.error(cx.file, span, format!("includes {path}, which cannot be read"));
                    return Vec::new();
                }
            }
        }
        if self.stack.len() >= DEEPEST {
            self.documents.error(cx.file, span, "files include one another too deeply");
            return Vec::new();
        }
        self.stack.push((cx.file, None));
        let environment = Environment::new(env_files, Some(cx.environment.clone()));
        let services = self.overlaid(&files, &folder, &Arc::new(environment));
        self.stack.pop();
        services
    }

    /// A service, with what it extends.
    fn service(&mut self, cx: &Cx<'_>, name: &str, key: Span, node: NodeId) -> Service {
        let tree = cx.tree;
        let own = Service {
            name: name.to_owned(),
            key: Location { file: cx.file, span: key },
            build: None,
            is_whole: ["image", "build", "extends", "provider"].iter().any(|it| tree.get(node, it).is_some()),
            is_reset: tree.get(node, "build").is_some_and(|it| tree.tag(it.value).is_some()),
            unknown: None,
        };
        let (build, is_whole) = match tree.get(node, "build") {
            Some(it) if tree.tag(it.value) == Some("reset") => (None, own.is_whole),
            Some(it) if tree.is_null(it.value) => (None, own.is_whole),
            Some(it) => {
                let is_whole = tree.scalar(it.value).is_some() || tree.get(it.value, "context").is_some();
                let image = tree.get(node, "image");
                let mut spec = self.spec(cx, it.key, it.value);
                spec.images.extend(image.and_then(|it| self.text(cx, it.value)));
                (Some(spec), is_whole || image.is_some())
            }
            None => (None, own.is_whole),
        };
        let own = Service { build, is_whole, ..own };
        let Some(extends) = tree.get(node, "extends") else { return own };
        match self.extended(cx, name, extends.key, extends.value) {
            Ok(Some(mut below)) => {
                // What it builds is said there, but that it builds it is said here.
                if let Some(spec) = &mut below.build {
                    spec.found_in =
                        own.build.as_ref().map_or(Location { file: cx.file, span: extends.key }, |it| it.found_in);
                }
                Service { is_whole: true, ..own.over(below) }
            }
            Ok(None) => own,
            Err(reason) => Service { unknown: Some(reason), ..own },
        }
    }

    /// The service that another one extends; why it is not known what it builds, otherwise.
    fn extended(&mut self, cx: &Cx<'_>, user: &str, key: Span, node: NodeId) -> Result<Option<Service>, String> {
        let tree = cx.tree;
        let unknown = || "it cannot be told which service it extends".to_owned();
        let service = if tree.is_map(node) { tree.get(node, "service").map(|it| it.value) } else { Some(node) };
        let name = service.and_then(|it| self.text(cx, it)).ok_or_else(unknown)?;
        let path = match tree.get(node, "file") {
            Some(it) => Some(self.text(cx, it.value).filter(|it| !is_elsewhere(it)).ok_or_else(unknown)?),
            None => None,
        };
        let path = path.map(|it| join(cx.folder, &it));
        let file = match &path {
            Some(path) => self.documents.open(path).ok_or_else(|| {
                self.documents.error(cx.file, tree.span(node), format!("extends {path}, which cannot be read"));
                unknown()
            })?,
            None => cx.file,
        };
        let place = (file, Some(name.clone()));
        if (file, name.as_str()) == (cx.file, user) || self.stack.contains(&place) {
            self.documents.error(cx.file, key, "services extend one another in a circle");
            return Err("services extend one another in a circle".to_owned());
        }
        if self.stack.len() >= DEEPEST || !self.may_go_on() {
            return Err("services extend one another too deeply".to_owned());
        }
        let other = self.documents.tree(file).ok_or_else(unknown)?;
        let folder = path.as_deref().map_or_else(|| cx.folder.to_owned(), parent);
        let inner = Cx { tree: &other, file, folder: &folder, environment: cx.environment };
        let entry = other.get(other.root, "services").and_then(|it| other.get(it.value, &name));
        let Some(entry) = entry else {
            self.documents.error(cx.file, tree.span(node), format!("extends `{name}`, which is not there"));
            return Err(unknown());
        };
        self.stack.push(place);
        let service = self.service(&inner, &name, entry.key, entry.value);
        self.stack.pop();
        Ok(Some(service))
    }

    /// The section `build` of a service.
    fn spec(&self, cx: &Cx<'_>, key: Span, node: NodeId) -> Spec {
        let tree = cx.tree;
        let mut spec = Spec {
            found_in: Location { file: cx.file, span: key },
            context: Value::Absent,
            dockerfile: Value::Absent,
            inline: Value::Absent,
            target: Value::Absent,
            args: BTreeMap::new(),
            contexts: BTreeMap::new(),
            images: Vec::new(),
            platforms: Vec::new(),
            secrets: Vec::new(),
            ssh: Vec::new(),
            cache_from: Vec::new(),
            cache_to: Vec::new(),
            folder: cx.folder.to_owned(),
        };
        if !tree.is_map(node) {
            spec.found_in.span = tree.span(node);
            spec.context = self.context(cx, node);
            return spec;
        }
        let value = |key| tree.get(node, key).map_or(Value::Absent, |it| self.value(cx, it.value));
        spec.context = tree.get(node, "context").map_or(Value::Absent, |it| self.context(cx, it.value));
        spec.dockerfile = value("dockerfile");
        let inline = tree.get(node, "dockerfile_inline");
        spec.inline = inline.map_or(Value::Absent, |it| self.inline(cx, it.value));
        spec.target = value("target");
        for (name, value) in self.pairs(cx, tree.get(node, "args").map(|it| it.value)) {
            // What a `.env` file holds under such a name is nobody's business.
            let value = if is_secret(&name) { value.filter(|it| !it.0).map(|it| it.1) } else { value.map(|it| it.1) };
            spec.args.insert(name, value);
        }
        for (name, value) in self.pairs(cx, tree.get(node, "additional_contexts").map(|it| it.value)) {
            let context = match value.map(|it| it.1) {
                None => NamedContext::Unknown,
                Some(text) => named_context(cx.folder, &text, "service:"),
            };
            spec.contexts.insert(name, context);
        }
        let list = |key| {
            let node = tree.get(node, key).map(|it| it.value);
            let nodes = node.map(|it| tree.items(it)).unwrap_or_default();
            nodes.iter().filter_map(|it| self.text(cx, *it).or_else(|| tree.scalar(*it).map(str::to_owned))).collect()
        };
        spec.images = list("tags");
        spec.platforms = list("platforms");
        spec.ssh = list("ssh");
        spec.cache_from = list("cache_from");
        spec.cache_to = list("cache_to");
        spec.secrets = self.secrets(cx, node);
        spec
    }

    /// The secrets of a section `build`, as far as the file says where they come from.
    fn secrets(&self, cx: &Cx<'_>, build: NodeId) -> Vec<Secret> {
        let tree = cx.tree;
        let text = |node: NodeId, key: &str| self.text(cx, tree.get(node, key)?.value);
        let secret = |node: &NodeId| {
            let name = self.text(cx, *node).or_else(|| text(*node, "source"))?;
            let defined = tree.at(tree.root, &["secrets", &name])?;
            let from = match (text(defined, "file"), text(defined, "environment")) {
                (Some(path), None) if !path.starts_with(['/', '~']) => SecretSource::File(join(cx.folder, &path)),
                (None, Some(variable)) => SecretSource::Variable(variable),
                _ => return None,
            };
            Some(Secret { id: text(*node, "target").unwrap_or(name), from })
        };
        let list = tree.get(build, "secrets").map(|it| tree.items(it.value)).unwrap_or_default();
        list.iter().filter_map(secret).collect()
    }

    /// A Dockerfile that is written out here.
    fn inline(&self, cx: &Cx<'_>, node: NodeId) -> Value<Inline> {
        let location = Location { file: cx.file, span: cx.tree.span(node) };
        let Some(cooked) = cx.tree.cooked(node, &self.documents.source(cx.file).text) else {
            return match self.value(cx, node) {
                Value::Absent => Value::Absent,
                Value::Unknown(text) => Value::Unknown(text),
                Value::Known(text) => Value::Known(Inline::new(text, location)),
            };
        };
        let lookup = |name: &str| cx.environment.get(name, self.documents.files);
        match interpolate_cooked(&cooked, &lookup) {
            Some((text, has_variables)) => {
                Value::Known(Inline::placed(text, location, cx.tree.is_literal(node) && !has_variables))
            }
            None => Value::Unknown(cooked.text),
        }
    }

    fn context(&self, cx: &Cx<'_>, node: NodeId) -> Value<BuildContext> {
        match self.value(cx, node) {
            Value::Absent => Value::Absent,
            Value::Unknown(text) => Value::Unknown(text),
            Value::Known(text) if is_elsewhere(&text) => Value::Known(BuildContext::Remote(text)),
            Value::Known(text) if text.starts_with("service:") || text.starts_with('~') => Value::Unknown(text),
            Value::Known(text) => Value::Known(BuildContext::Folder(join(cx.folder, &text))),
        }
    }

    /// The pairs of a table or of a list of `KEY=value`; with each value, whether it was written with variables.
    fn pairs(&self, cx: &Cx<'_>, node: Option<NodeId>) -> Vec<(String, Option<(bool, String)>)> {
        let tree = cx.tree;
        let expand = |text: &str| self.expand(cx, text).map(|it| (text.contains('$'), it));
        match node.map(|it| tree.node(it)) {
            Some(Node::List(items)) => {
                let texts = items.iter().filter_map(|it| tree.scalar(*it));
                let pair = |it: &str| match it.split_once('=') {
                    Some((key, value)) => (key.to_owned(), expand(value)),
                    None => (it.to_owned(), None),
                };
                texts.map(pair).collect()
            }
            Some(Node::Map(_)) => {
                let entries = node.map(|it| tree.entries(it)).unwrap_or_default();
                entries.iter().map(|it| (it.name.clone(), tree.scalar(it.value).and_then(expand))).collect()
            }
            Some(Node::Scalar(_) | Node::Null) | None => Vec::new(),
        }
    }

    fn value(&self, cx: &Cx<'_>, node: NodeId) -> Value {
        match cx.tree.node(node) {
            Node::Null => Value::Absent,
            Node::Scalar(scalar) => {
                let known = self.expand(cx, &scalar.text).map(Value::Known);
                known.unwrap_or_else(|| Value::Unknown(scalar.text.clone()))
            }
            Node::List(_) | Node::Map(_) => Value::Unknown("…".to_owned()),
        }
    }

    fn text(&self, cx: &Cx<'_>, node: NodeId) -> Option<String> {
        self.expand(cx, cx.tree.scalar(node)?)
    }

    fn expand(&self, cx: &Cx<'_>, text: &str) -> Option<String> {
        interpolate(text, &|name| cx.environment.get(name, self.documents.files))
    }
}

/// What the value of a named context means; `prefix` stands before the name of another build.
pub(crate) fn named_context(folder: &str, text: &str, prefix: &str) -> NamedContext {
    match text.strip_prefix(prefix) {
        Some(build) => NamedContext::Build(build.to_owned()),
        None if is_elsewhere(text) => NamedContext::Other(text.to_owned()),
        None if text.starts_with('~') => NamedContext::Unknown,
        None => NamedContext::Folder(join(folder, text)),
    }
}

fn is_elsewhere(path: &str) -> bool {
    is_remote(path) || path.starts_with("oci:")
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSW", "CREDENTIAL", "KEY", "AUTH"].iter().any(|it| name.contains(it))
}

#[cfg(test)]
mod tests;
