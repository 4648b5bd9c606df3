//! Bake files, in HCL and JSON, to the builds of their targets.

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::{
    Span as _,
    expr::Expression,
    structure::{Body, Structure},
};

use crate::{
    build::{
        Build, BuildContext, ELSEWHERE, Found, Inline, Kind, LeftOut, NamedContext, Recipe, Target, Value, is_remote,
    },
    compose::named_context,
    documents::Documents,
    ignorefile::IgnoreFile,
    project::{Kind as FileKind, file_name, join, parent},
    source::{FileId, Location, Span},
    yaml::{Node, NodeId, Tree},
};

pub mod edit;
mod evaluate;
#[cfg(test)]
mod tests;

use evaluate::{Scope, Val};

/// The names under which Bake looks for its files, each laid over those before it.
const DEFAULTS: [&str; 4] =
    ["docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"];

/// The longest text that is read.
const LONGEST: usize = 1 << 20;

/// The most builds that one file may ask for, by its matrices.
const MOST_BUILDS: usize = 1_000;

/// Whether a file of that name is a Bake file.
pub fn is_bake(name: &str) -> bool {
    let stem = name.strip_suffix(".hcl").or_else(|| name.strip_suffix(".json"));
    stem.is_some_and(|it| {
        it == "bake" || it == "docker-bake" || it.starts_with("docker-bake.") || it.ends_with(".docker-bake")
    })
}

/// The builds of the Bake files among the documents: in each folder the default files together, all others alone.
pub fn builds(documents: &mut Documents<'_>, files: &[FileId], found: &mut Found) {
    let mut folders: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
    for file in files {
        folders.entry(parent(&documents.source(*file).path)).or_default().push(*file);
    }
    for (folder, files) in folders {
        let place = |file: &FileId| {
            let path = &documents.source(*file).path;
            let name = file_name(path);
            DEFAULTS.iter().position(|it| *it == name)
        };
        let (mut main, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|it| place(it).is_some());
        main.sort_by_key(place);
        let groups = std::iter::once(main).chain(others.into_iter().map(|it| vec![it]));
        for group in groups.filter(|it| !it.is_empty()) {
            project(documents, &group, &Folder::Above(folder.clone()), &[], found);
        }
    }
}

/// From where Bake is called.
#[derive(Clone, Debug)]
pub enum Folder {
    /// From this folder.
    Known(String),
    /// From this folder or one above it.
    Above(String),
}

/// The builds of some files laid over one another, as `docker buildx bake -f a -f b --set *.target=x` reads them.
pub fn project(documents: &mut Documents<'_>, files: &[FileId], folder: &Folder, sets: &[String], found: &mut Found) {
    let mut all = Definitions::default();
    for file in files {
        all.read(documents, *file);
    }
    let mut scope = Scope::of(&all.variables, &all.functions);
    let targets = all.expanded(&mut scope, found);
    let hidden = templates(&targets, &all.groups(&mut scope));
    for (name, target) in &targets {
        if hidden.contains(name) {
            continue;
        }
        let mut stack = Vec::new();
        let left_out = |reason| LeftOut { location: target.location, name: Some(name.clone()), reason };
        match whole(name, &targets, &mut stack) {
            Ok(mut attributes) => {
                for it in sets {
                    set(it, name, &mut attributes);
                }
                match build(documents, name, &attributes, target.location, folder) {
                    Ok(build) => found.builds.push(build),
                    Err(reason) => found.left_out.push(left_out(reason)),
                }
            }
            Err(reason) => {
                documents.error(target.location.file, target.location.span, reason.clone());
                found.left_out.push(left_out(reason));
            }
        }
    }
}

/// Whether what `--set` takes changes which files a build sees: outputs, tags and the like do not.
pub fn is_about_files(set: &str) -> bool {
    let key = set.split('=').next().unwrap_or(set).split('.').nth(1).unwrap_or_default();
    matches!(key, "context" | "contexts" | "dockerfile" | "target" | "args")
}

/// Puts in what `--set` says, if it is about a target: `target.key=value`, where the target may be a glob.
fn set(text: &str, name: &str, attributes: &mut BTreeMap<String, Val>) {
    let Some((path, value)) = text.split_once('=').filter(|_| is_about_files(text)) else { return };
    let mut parts = path.splitn(3, '.');
    let (Some(target), Some(key)) = (parts.next(), parts.next()) else { return };
    if !IgnoreFile::of_patterns([target]).patterns().iter().any(|it| it.matches(name)) {
        return;
    }
    let value = Val::Text(value.to_owned());
    match parts.next() {
        None => drop(attributes.insert(key.to_owned(), value)),
        Some(below) => match attributes.entry(key.to_owned()).or_insert_with(|| Val::Map(BTreeMap::new())) {
            Val::Map(map) => drop(map.insert(below.to_owned(), value)),
            other => *other = Val::Unknown,
        },
    }
}

/// A target, its attributes not evaluated yet.
#[derive(Clone, Debug)]
struct Raw {
    name: String,
    location: Location,
    attributes: BTreeMap<String, Expression>,
}

/// What some files define; later ones are laid over earlier ones.
#[derive(Debug, Default)]
struct Definitions {
    variables: BTreeMap<String, Expression>,
    functions: BTreeMap<String, evaluate::Function>,
    targets: Vec<Raw>,
    groups: BTreeMap<String, Expression>,
}

/// A target with its values.
#[derive(Clone, Debug)]
struct Evaluated {
    location: Location,
    attributes: BTreeMap<String, Val>,
}

impl Definitions {
    fn read(&mut self, documents: &mut Documents<'_>, file: FileId) {
        let source = documents.source(file);
        if source.text.len() > LONGEST {
            documents.error(file, Span::at(0), "is too long for a Bake file");
        } else if source.path.strip_suffix(".json").is_some() {
            if let Some(tree) = documents.tree(file) {
                self.read_json(&tree, file);
            }
        } else {
            match hcl_edit::parser::parse_body(&source.text) {
                Ok(body) => self.read_hcl(&body, file),
                Err(error) => {
                    let at = error.location().offset().min(source.text.len());
                    documents.error(file, Span::at(at), error.message().to_owned());
                }
            }
        }
    }

    fn read_hcl(&mut self, body: &Body, file: FileId) {
        for structure in body {
            match structure {
                Structure::Attribute(it) => {
                    self.variables.insert(it.key.as_str().to_owned(), it.value.clone());
                }
                Structure::Block(block) => {
                    let Some(label) = block.labels.first() else { continue };
                    let attributes = block.body.attributes().map(|it| (it.key.as_str().to_owned(), it.value.clone()));
                    let attributes: BTreeMap<_, _> = attributes.collect();
                    let span = label.span().or_else(|| block.span()).unwrap_or_default();
                    let location = Location { file, span: Span::new(span.start, span.end) };
                    self.add(block.ident.as_str(), label.as_str(), location, attributes);
                }
            }
        }
    }

    fn read_json(&mut self, tree: &Tree, file: FileId) {
        for section in tree.entries(tree.root) {
            if !tree.is_map(section.value) {
                self.variables.insert(section.name.clone(), expression(tree, section.value, 0));
                continue;
            }
            for entry in tree.entries(section.value) {
                let attributes = tree.entries(entry.value).into_iter();
                let attributes = attributes.map(|it| (it.name.clone(), expression(tree, it.value, 0))).collect();
                let location = Location { file, span: entry.key };
                self.add(&section.name, &entry.name, location, attributes);
            }
        }
    }

    fn add(&mut self, kind: &str, name: &str, location: Location, mut attributes: BTreeMap<String, Expression>) {
        match kind {
            "variable" => {
                if let Some(default) = attributes.remove("default") {
                    self.variables.insert(name.to_owned(), default);
                }
            }
            "function" => {
                let result = attributes.remove("result");
                let function = evaluate::Function::of(attributes.get("params"), result);
                self.functions.extend(function.map(|it| (name.to_owned(), it)));
            }
            "group" => {
                self.groups.extend(attributes.remove("targets").map(|it| (name.to_owned(), it)));
            }
            "target" => match self.targets.iter_mut().find(|it| it.name == name) {
                Some(below) => below.attributes.extend(attributes),
                None => self.targets.push(Raw { name: name.to_owned(), location, attributes }),
            },
            _ => {}
        }
    }

    /// The targets with their values, one for each combination of a matrix.
    fn expanded(&self, scope: &mut Scope<'_>, found: &mut Found) -> Vec<(String, Evaluated)> {
        let mut out = Vec::new();
        for raw in &self.targets {
            let combinations = match raw.attributes.get("matrix") {
                None => vec![BTreeMap::new()],
                Some(matrix) => match combinations(&scope.value(matrix)) {
                    Some(combinations) if out.len() + combinations.len() <= MOST_BUILDS => combinations,
                    _ => {
                        let reason = "its matrix depends on what is not known".to_owned();
                        let name = Some(raw.name.clone());
                        found.left_out.push(LeftOut { location: raw.location, name, reason });
                        continue;
                    }
                },
            };
            for combination in combinations {
                let is_plain = combination.is_empty();
                scope.local = combination;
                let values = raw.attributes.iter().filter(|it| !["matrix", "name"].contains(&it.0.as_str()));
                let attributes = values.map(|(key, value)| (key.clone(), scope.value(value))).collect();
                let name = match raw.attributes.get("name").filter(|_| !is_plain).map(|it| scope.value(it)) {
                    Some(Val::Text(name)) => name,
                    Some(_) => format!("{}-?", raw.name),
                    None => raw.name.clone(),
                };
                out.push((name, Evaluated { location: raw.location, attributes }));
            }
            scope.local.clear();
        }
        out
    }

    /// The targets that groups name.
    fn groups(&self, scope: &mut Scope<'_>) -> BTreeSet<String> {
        let lists = self.groups.values().map(|it| scope.value(it)).collect::<Vec<_>>();
        lists.iter().flat_map(Val::texts).collect()
    }
}

/// The targets that exist only to be inherited.
fn templates(targets: &[(String, Evaluated)], grouped: &BTreeSet<String>) -> BTreeSet<String> {
    let inherited = targets.iter().flat_map(|it| it.1.attributes.get("inherits").map(Val::texts).unwrap_or_default());
    let used = |name: &String| {
        targets.iter().any(|(_, it)| match it.attributes.get("contexts") {
            Some(Val::Map(contexts)) => {
                contexts.values().any(|it| matches!(it, Val::Text(it) if it.strip_prefix("target:") == Some(name)))
            }
            _ => false,
        })
    };
    inherited.filter(|it| !grouped.contains(it) && !used(it) && it != "default").collect()
}

/// The attributes of a target with those that it inherits.
fn whole(
    name: &str,
    targets: &[(String, Evaluated)],
    stack: &mut Vec<String>,
) -> Result<BTreeMap<String, Val>, String> {
    const DEEPEST: usize = 32;
    if stack.iter().any(|it| it == name) {
        return Err("targets inherit one another in a circle".to_owned());
    }
    if stack.len() > DEEPEST {
        return Err("targets inherit one another too deeply".to_owned());
    }
    let Some((_, own)) = targets.iter().find(|it| it.0 == name) else {
        return Err(format!("inherits `{name}`, which is not there"));
    };
    stack.push(name.to_owned());
    let mut out: BTreeMap<String, Val> = BTreeMap::new();
    for base in own.attributes.get("inherits").map(Val::texts).unwrap_or_default() {
        merge(&mut out, whole(&base, targets, stack)?);
    }
    if let Some(Val::Unknown) = own.attributes.get("inherits") {
        return Err("it cannot be told what it inherits".to_owned());
    }
    stack.pop();
    merge(&mut out, own.attributes.clone());
    Ok(out)
}

/// Lays attributes over others: tables grow, all else is replaced.
fn merge(below: &mut BTreeMap<String, Val>, own: BTreeMap<String, Val>) {
    for (name, value) in own {
        match (below.get_mut(&name), value) {
            (Some(Val::Map(old)), Val::Map(new)) => old.extend(new),
            (_, value) => {
                below.insert(name, value);
            }
        }
    }
}

fn combinations(matrix: &Val) -> Option<Vec<BTreeMap<String, Val>>> {
    let Val::Map(axes) = matrix else { return None };
    let mut all = vec![BTreeMap::new()];
    for (name, values) in axes {
        let Val::List(values) = values else { return None };
        if all.len() * values.len() > MOST_BUILDS {
            return None;
        }
        let add = |old: &BTreeMap<String, Val>, value: &Val| {
            let mut new = old.clone();
            new.insert(name.clone(), value.clone());
            new
        };
        all = all.iter().flat_map(|old| values.iter().map(move |it| (old, it))).map(|(a, b)| add(a, b)).collect();
    }
    Some(all)
}

fn build(
    documents: &Documents<'_>,
    name: &str,
    attributes: &BTreeMap<String, Val>,
    found_in: Location,
    folder: &Folder,
) -> Result<Build, String> {
    let value = |key: &str| match attributes.get(key) {
        None | Some(Val::Null) => Value::Absent,
        Some(Val::Text(text)) => Value::Known(text.clone()),
        Some(_) => Value::Unknown(key.to_owned()),
    };
    let unknown = |key: &str| format!("its `{key}` depends on what is not known");
    let context = match value("context") {
        Value::Known(it) => it,
        Value::Absent => ".".to_owned(),
        Value::Unknown(_) => return Err(unknown("context")),
    };
    if context.starts_with("target:") {
        return Err("its context is another target".to_owned());
    }
    let inline = match value("dockerfile-inline") {
        Value::Unknown(_) => return Err(unknown("dockerfile-inline")),
        Value::Known(text) => Some(text),
        Value::Absent => None,
    };
    let dockerfile = match value("dockerfile") {
        Value::Known(it) => it,
        Value::Absent => "Dockerfile".to_owned(),
        Value::Unknown(_) if inline.is_some() => String::new(),
        Value::Unknown(_) => return Err(unknown("dockerfile")),
    };
    let is_elsewhere = is_remote(&context);
    let start = match folder {
        Folder::Known(folder) => folder.clone(),
        Folder::Above(folder) if is_elsewhere || inline.is_some() => folder.clone(),
        Folder::Above(folder) => start_of(documents, folder, &context, &dockerfile)?,
    };
    let (recipe, context) = match (inline, is_elsewhere) {
        (Some(text), true) => (Recipe::Inline(Inline::new(text, found_in)), BuildContext::Remote(context)),
        (None, true) => return Err(ELSEWHERE.to_owned()),
        (Some(text), false) => {
            (Recipe::Inline(Inline::new(text, found_in)), BuildContext::Folder(join(&start, &context)))
        }
        (None, false) => {
            let context = join(&start, &context);
            (Recipe::File(join(&context, &dockerfile)), BuildContext::Folder(context))
        }
    };
    let mut build = Build::new(Kind::Bake, recipe, context, found_in);
    build.name = Some(name.to_owned());
    build.target = Target::of(value("target"));
    if let Some(Val::Map(args)) = attributes.get("args") {
        let known = |it: &Val| if let Val::Text(text) = it { Some(text.clone()) } else { None };
        build.args = args.iter().map(|(key, it)| (key.clone(), known(it))).collect();
    }
    if let Some(Val::Map(contexts)) = attributes.get("contexts") {
        for (key, context) in contexts {
            let context = match context {
                Val::Text(text) => named_context(&start, text, "target:"),
                _ => NamedContext::Unknown,
            };
            build.contexts.insert(key.clone(), context);
        }
    }
    let texts = |key: &str| attributes.get(key).map(Val::shown).unwrap_or_default();
    build.images = texts("tags");
    build.platforms = texts("platforms");
    build.cache_from = texts("cache-from");
    build.cache_to = texts("cache-to");
    build.folder = Some(start);
    Ok(build)
}

/// The folder that the paths of a Bake file start from: where Bake is called is known only from what is there.
fn start_of(documents: &Documents<'_>, folder: &str, context: &str, dockerfile: &str) -> Result<String, String> {
    const HIGHEST: usize = 8;
    let mut starts = vec![folder.to_owned()];
    while starts.len() < HIGHEST {
        let last = &starts[starts.len() - 1];
        if documents.files.kind(&join(last, ".git")).is_some() || last == "." {
            break;
        }
        let above = parent(last);
        starts.push(above);
    }
    let exists = |start: &String| {
        let path = join(&join(start, context), dockerfile);
        documents.files.kind(&path) == Some(FileKind::File)
    };
    let mut fits = starts.iter().filter(|it| exists(it));
    match (fits.next(), fits.next()) {
        (Some(one), None) => Ok(one.clone()),
        (None, _) if starts.len() == 1 => Ok(starts.swap_remove(0)),
        (None, _) => Err("no folder from which it may be called has its Dockerfile".to_owned()),
        (Some(_), Some(_)) => Err("it cannot be told from which folder it is called".to_owned()),
    }
}

/// A value of a JSON file; texts are templates, as in HCL.
fn expression(tree: &Tree, node: NodeId, depth: usize) -> Expression {
    const DEEPEST: usize = 16;
    match tree.node(node) {
        Node::Null => Expression::null(),
        Node::Scalar(it) if tree.is_bare(node) => match it.text.as_str() {
            "true" => Expression::from(true),
            "false" => Expression::from(false),
            text => Expression::from(text),
        },
        Node::Scalar(it) if !it.text.contains("${") && !it.text.contains("%{") => Expression::from(it.text.as_str()),
        Node::Scalar(it) => match hcl_edit::parser::parse_template(&it.text) {
            Ok(template) => Expression::StringTemplate(template.into_iter().collect()),
            Err(_) => Expression::null(),
        },
        Node::List(_) | Node::Map(_) if depth >= DEEPEST => Expression::null(),
        Node::List(items) => items.iter().map(|it| expression(tree, *it, depth + 1)).collect(),
        Node::Map(_) => {
            let mut object = hcl_edit::expr::Object::new();
            for entry in tree.entries(node) {
                let key = hcl_edit::expr::ObjectKey::Expression(Expression::from(entry.name.as_str()));
                object.insert(key, hcl_edit::expr::ObjectValue::new(expression(tree, entry.value, depth + 1)));
            }
            Expression::Object(object)
        }
    }
}
