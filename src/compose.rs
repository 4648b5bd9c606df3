//! Compose files to the builds that they name.

use std::{collections::BTreeMap, ops::Range};

use granit_parser::{Event, Parser};

use crate::{
    build::{Build, BuildContext, Kind, Recipe, Target},
    project::{join, parent},
    source::{FileId, Location, Source, Span},
};

/// The builds of a Compose file, in its order. What cannot be read, or depends on variables without a default,
/// is left out: a build that is guessed wrong costs more than one that is missed.
pub fn builds(file: FileId, source: &Source) -> Vec<Build> {
    // Most Compose files only name images; looking for the word is a hundred times cheaper than parsing.
    if !source.text.contains("build") {
        return Vec::new();
    }
    let Some(tree) = Tree::parse(&source.text) else { return Vec::new() };
    let Some(services) = tree.get(tree.root, "services") else { return Vec::new() };
    let cx = Cx { tree: &tree, file, folder: parent(&source.path), partial: is_overlay(&source.path) };
    tree.entries(services.value).iter().filter_map(|service| cx.build_of(service.value)).collect()
}

/// Whether a file of that name is a Compose file.
pub fn is_compose(name: &str) -> bool {
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
    stem.is_some_and(|it| it == "compose" || it.starts_with("compose.") || it.starts_with("docker-compose"))
}

/// Whether the file is meant to be laid over another (`compose.override.yaml`), so that it says only half.
fn is_overlay(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    !["compose", "docker-compose"].contains(&stem)
}

struct Cx<'a> {
    tree: &'a Tree,
    file: FileId,
    folder: String,
    partial: bool,
}

impl Cx<'_> {
    fn build_of(&self, service: usize) -> Option<Build> {
        let tree = self.tree;
        let build = tree.get(service, "build")?;
        if let Node::Scalar(context) = &tree.nodes[build.value] {
            let context = self.context(context)?;
            let span = tree.spans[build.value].clone();
            return Some(self.build(context, "Dockerfile", &span));
        }
        if tree.get(build.value, "dockerfile_inline").is_some() {
            return None;
        }
        let extends = self.partial || tree.get(service, "extends").is_some();
        let context = match tree.get(build.value, "context") {
            Some(it) => self.context(tree.scalar(it.value)?)?,
            None if extends => return None,
            None if tree.is_map(build.value) => self.folder.clone(),
            None => return None,
        };
        // An entry that is there but cannot be read leaves the whole build out.
        let text = |key| match tree.get(build.value, key) {
            Some(it) => tree.scalar(it.value).and_then(expand).map(Some),
            None => Some(None),
        };
        let dockerfile = text("dockerfile")?.unwrap_or_else(|| "Dockerfile".to_owned());
        let args = tree.get(build.value, "args").map(|it| self.args(it.value)).unwrap_or_default();
        let target = Target::of(text("target")?.map(Into::into));
        Some(Build { target, args, ..self.build(context, &dockerfile, &build.key) })
    }

    fn build(&self, context: String, dockerfile: &str, span: &Range<usize>) -> Build {
        let found_in = Location { file: self.file, span: Span::new(span.start, span.end) };
        let recipe = Recipe::File(join(&context, dockerfile));
        Build::new(Kind::Compose, recipe, BuildContext::Folder(context), found_in)
    }

    /// The folder that a context names; `None` for what is not a folder here.
    fn context(&self, text: &str) -> Option<String> {
        let context = expand(text)?;
        let is_remote = context.contains("://")
            || ["git@", "github.com/", "service:", "~"].iter().any(|it| context.starts_with(it));
        (!is_remote && !context.is_empty()).then(|| join(&self.folder, &context))
    }

    /// Build arguments, written as a table or as a list of `KEY=value`. A value from outside is `None`.
    fn args(&self, node: usize) -> BTreeMap<String, Option<String>> {
        let tree = self.tree;
        match &tree.nodes[node] {
            Node::List(items) => {
                let texts = items.iter().filter_map(|it| tree.scalar(*it));
                texts
                    .map(|it| match it.split_once('=') {
                        Some((key, value)) => (key.to_owned(), expand(value)),
                        None => (it.to_owned(), None),
                    })
                    .collect()
            }
            Node::Map(_) => {
                let value = |it: &Entry| tree.scalar(it.value).and_then(expand);
                tree.entries(node).into_iter().map(|it| (it.name.clone(), value(&it))).collect()
            }
            Node::Scalar(_) | Node::Null => BTreeMap::new(),
        }
    }
}

/// Expands `${VAR:-default}` and `$$`; `None` when the value depends on a variable without a default.
fn expand(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else {
            let body = rest.strip_prefix('{')?;
            let end = closing_brace(body)?;
            let name = body.find(|it: char| !it.is_ascii_alphanumeric() && it != '_')?;
            let default = body[name..end].strip_prefix(":-").or_else(|| body[name..end].strip_prefix('-'))?;
            out.push_str(&expand(default)?);
            rest = &body[end + 1..];
        }
    }
    out.push_str(rest);
    Some(out)
}

fn closing_brace(body: &str) -> Option<usize> {
    let mut depth = 1;
    body.bytes().position(|byte| {
        depth += i32::from(byte == b'{') - i32::from(byte == b'}');
        depth == 0
    })
}

/// The nodes of the first document, with aliases resolved.
struct Tree {
    nodes: Vec<Node>,
    /// The bytes of each node; of a list or table only its start.
    spans: Vec<Range<usize>>,
    root: usize,
}

enum Node {
    Null,
    Scalar(String),
    List(Vec<usize>),
    Map(Vec<Entry>),
}

#[derive(Clone)]
struct Entry {
    name: String,
    /// The bytes of the key.
    key: Range<usize>,
    value: usize,
}

/// A list or table that is being read, with its anchor.
struct Open {
    anchor: usize,
    children: Vec<usize>,
    is_map: bool,
    start: Range<usize>,
}

impl Tree {
    /// How deep merge keys are followed.
    const MERGE_DEPTH: usize = 8;

    fn parse(text: &str) -> Option<Self> {
        let mut tree = Self { nodes: Vec::new(), spans: Vec::new(), root: 0 };
        let mut anchors = BTreeMap::new();
        let mut open: Vec<Open> = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.ok()?;
            let span = span.byte_range().unwrap_or_default();
            let (node, anchor) = match event {
                Event::MappingStart(_, anchor, _) | Event::SequenceStart(_, anchor, _) => {
                    let is_map = matches!(event, Event::MappingStart(..));
                    open.push(Open { anchor, children: Vec::new(), is_map, start: span });
                    continue;
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    let done = open.pop()?;
                    let anchor = done.anchor;
                    (tree.close(done), anchor)
                }
                Event::Scalar(text, style, anchor, _) => {
                    let is_null = style == granit_parser::ScalarStyle::Plain && ["", "~", "null"].contains(&&*text);
                    let node = if is_null { Node::Null } else { Node::Scalar(text.into_owned()) };
                    (tree.add(node, span), anchor)
                }
                // An alias inside the node that it names is not there yet: it counts as nothing.
                Event::Alias(anchor) => match anchors.get(&anchor) {
                    Some(node) => (*node, 0),
                    None => (tree.add(Node::Null, span), 0),
                },
                Event::DocumentEnd => return Some(tree),
                // Comments, and the start of stream and document.
                _ => continue,
            };
            if anchor != 0 {
                anchors.insert(anchor, node);
            }
            match open.last_mut() {
                Some(parent) => parent.children.push(node),
                None => tree.root = node,
            }
        }
        None
    }

    fn add(&mut self, node: Node, span: Range<usize>) -> usize {
        self.nodes.push(node);
        self.spans.push(span);
        self.nodes.len() - 1
    }

    fn close(&mut self, done: Open) -> usize {
        let node = if done.is_map {
            let entries = done.children.chunks_exact(2).filter_map(|pair| {
                let name = self.scalar(pair[0])?.to_owned();
                Some(Entry { name, key: self.spans[pair[0]].clone(), value: pair[1] })
            });
            Node::Map(entries.collect())
        } else {
            Node::List(done.children)
        };
        self.add(node, done.start)
    }

    fn scalar(&self, node: usize) -> Option<&str> {
        match &self.nodes[node] {
            Node::Scalar(text) => Some(text),
            Node::Null | Node::List(_) | Node::Map(_) => None,
        }
    }

    fn is_map(&self, node: usize) -> bool {
        matches!(self.nodes[node], Node::Map(_))
    }

    fn get(&self, node: usize, name: &str) -> Option<Entry> {
        self.entries(node).into_iter().find(|it| it.name == name)
    }

    /// The entries of a table, those that merge keys bring in included: a table's own entries win.
    fn entries(&self, node: usize) -> Vec<Entry> {
        let mut out = Vec::new();
        self.collect(node, Self::MERGE_DEPTH, &mut out);
        out
    }

    fn collect(&self, node: usize, depth: usize, out: &mut Vec<Entry>) {
        let Node::Map(entries) = &self.nodes[node] else { return };
        let (merges, own): (Vec<_>, Vec<_>) = entries.iter().partition(|it| it.name == "<<");
        for entry in own {
            if out.iter().all(|it| it.name != entry.name) {
                out.push(entry.clone());
            }
        }
        for merge in merges.iter().filter(|_| depth > 0) {
            match &self.nodes[merge.value] {
                Node::Map(_) => self.collect(merge.value, depth - 1, out),
                Node::List(items) => items.iter().for_each(|it| self.collect(*it, depth - 1, out)),
                Node::Null | Node::Scalar(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dockerfile, context, target of each build, and the text it was found at.
    fn read(path: &str, text: &str) -> Vec<(String, String, Option<String>, String)> {
        let source = Source::new(path, text);
        let tuple = |it: Build| {
            let found_in = source.slice(it.found_in.span).to_owned();
            let (Recipe::File(dockerfile), BuildContext::Folder(context)) = (it.dockerfile, it.context) else {
                panic!("a Compose file names files")
            };
            let target = if let Target::Stage(target) = it.target { Some(target) } else { None };
            (dockerfile, context, target, found_in)
        };
        builds(FileId(0), &source).into_iter().map(tuple).collect()
    }

    fn row(dockerfile: &str, context: &str, found_in: &str) -> (String, String, Option<String>, String) {
        (dockerfile.to_owned(), context.to_owned(), None, found_in.to_owned())
    }

    #[test]
    fn short_and_long_builds() {
        let text = "# ü\nservices:\n  a:\n    build: ./api\n  b:\n    build:\n      context: .\n      \
                    dockerfile: docker/b.Dockerfile\n      target: run\n  c: {image: x}\n";
        let mut long = row("deploy/docker/b.Dockerfile", "deploy", "build");
        long.2 = Some("run".to_owned());
        assert_eq!(read("deploy/compose.yaml", text), [row("deploy/api/Dockerfile", "deploy/api", "./api"), long]);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        for build in [
            "https://example.com/x.git",
            "git@example.com:x.git",
            "$DIR",
            "${DIR}",
            "${DIR:?needed}",
            "{context: ., dockerfile_inline: FROM a}",
            "{context: ., dockerfile: $FILE}",
            "{context: ., target: '${TARGET}'}",
            "{context: [.]}",
            "[a]",
            "",
        ] {
            assert_eq!(read("compose.yaml", &format!("services:\n  a:\n    build: {build}\n")), [], "{build}");
        }
        let partial = "services:\n  a:\n    build: {target: dev}\n";
        assert_eq!(read("compose.override.yaml", partial), []);
        assert_eq!(read("compose.yaml", partial).len(), 1);
        let text = "services:\n  a:\n    build: ${DIR:-./api}/${X:-${Y:-z}}\n";
        assert_eq!(read("compose.yml", text)[0].1, "api/z");
    }

    #[test]
    fn anchors_and_merge_keys() {
        let text = "x-build: &base\n  context: .\n  args: {A: 1, B: }\nservices:\n  a:\n    build:\n      \
                    <<: *base\n      dockerfile: a.Dockerfile\n  b: &b\n    build: *base\n  c:\n    <<: [*b]\n";
        let found = read("compose.yaml", text);
        let dockerfiles: Vec<_> = found.iter().map(|it| it.0.as_str()).collect();
        assert_eq!(dockerfiles, ["a.Dockerfile", "Dockerfile", "Dockerfile"]);
        let args = &builds(FileId(0), &Source::new("compose.yaml", text))[0].args;
        assert_eq!(args["A"].as_deref(), Some("1"));
        assert_eq!(args["B"], None);
        let text = "services:\n  a:\n    build:\n      context: .\n      args: [A=b=c, D, 'E=$F']\n";
        let args = &builds(FileId(0), &Source::new("compose.yaml", text))[0].args;
        assert_eq!(args["A"].as_deref(), Some("b=c"));
        assert_eq!((&args["D"], &args["E"]), (&None, &None));
    }

    #[test]
    fn broken_files_give_nothing() {
        for text in [
            "services: build: a: b",
            "services:\n\tbuild: [",
            "services: &a\n  b: *a\n  build: *c\n",
            "build",
            "services: &a {x: *a, build: .}",
            "- build",
            "services: [build]",
        ] {
            assert_eq!(read("compose.yaml", text), [], "{text}");
        }
        let deep = format!("services: {}build", "[".repeat(5_000));
        assert_eq!(read("compose.yaml", &deep), []);
    }

    #[test]
    fn names() {
        for name in ["compose.yaml", "docker-compose.yml", "compose.dev.yaml", "docker-compose-x.yml"] {
            assert!(is_compose(name), "{name}");
        }
        for name in ["compose.json", "composer.yaml", "my-compose.yaml", "compose"] {
            assert!(!is_compose(name), "{name}");
        }
    }
}
