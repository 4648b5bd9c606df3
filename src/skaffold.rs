//! Skaffold's configuration to the builds that its artifacts are.

use std::collections::BTreeMap;

use crate::{
    build::{Build, BuildContext, Found, Kind, LeftOut, Recipe, Target, Value},
    documents::Documents,
    project::{join, parent},
    source::{FileId, Location},
    yaml::{NodeId, Tree},
};

/// Keys of an artifact that name another builder.
const OTHERS: [&str; 5] = ["bazel", "buildpacks", "custom", "jib", "ko"];

/// Whether a file of that name is Skaffold's.
pub fn is_skaffold(name: &str) -> bool {
    matches!(name, "skaffold.yaml" | "skaffold.yml")
}

/// The builds of a file: of its documents, and of the profiles in them.
pub fn read(documents: &mut Documents<'_>, file: FileId, found: &mut Found) {
    let Some(first) = documents.tree(file) else { return };
    let source = documents.source(file);
    let folder = parent(&source.path);
    read_document(&first, file, &folder, found);
    // What stands before a document becomes blank, so that its places stay what they are.
    let starts = source.text.match_indices("\n---").map(|(at, _)| at + 1);
    for start in starts.filter(|at| source.text[..*at].lines().any(|it| !it.is_empty() && !it.starts_with('#'))) {
        let blank: String = source.text.bytes().take(start).map(|it| if it == b'\n' { '\n' } else { ' ' }).collect();
        if let Ok(tree) = Tree::parse(&format!("{blank}{}", &source.text[start..])) {
            read_document(&tree, file, &folder, found);
        }
    }
}

fn read_document(tree: &Tree, file: FileId, folder: &str, found: &mut Found) {
    let profiles = tree.at(tree.root, &["profiles"]).map(|it| tree.items(it)).unwrap_or_default();
    for config in std::iter::once(tree.root).chain(profiles.iter().copied()) {
        let artifacts = tree.at(config, &["build", "artifacts"]).map(|it| tree.items(it)).unwrap_or_default();
        for artifact in artifacts {
            let Some(image) = tree.get(*artifact, "image") else { continue };
            let location = Location { file, span: tree.span(image.value) };
            let name = tree.scalar(image.value).map(str::to_owned);
            let artifact = Artifact { tree, node: *artifact, patches: BTreeMap::new() };
            add(name, build(&artifact, folder, location), location, found);
        }
    }
    let artifacts = tree.at(tree.root, &["build", "artifacts"]).map(|it| tree.items(it)).unwrap_or_default();
    for profile in profiles {
        let patches = tree.at(*profile, &["patches"]).map(|it| tree.items(it)).unwrap_or_default();
        for (location, artifact) in patched(tree, artifacts, patches, file) {
            let image = tree.get(artifact.node, "image").and_then(|it| tree.scalar(it.value));
            add(image.map(str::to_owned), build(&artifact, folder, location), location, found);
        }
    }
}

fn add(name: Option<String>, build: Result<Option<Build>, String>, location: Location, found: &mut Found) {
    match build {
        Ok(Some(build)) => found.builds.push(Build { name, ..build }),
        Ok(None) => {}
        Err(reason) => found.left_out.push(LeftOut { location, name, reason }),
    }
}

/// An artifact, as a profile may change it.
struct Artifact<'a> {
    tree: &'a Tree,
    node: NodeId,
    /// What stands in the place of values, by their paths; `None` where they are removed.
    patches: BTreeMap<&'a str, Option<NodeId>>,
}

impl Artifact<'_> {
    fn get(&self, key: &str) -> Option<NodeId> {
        self.patches.get(key).copied().unwrap_or_else(|| self.tree.get(self.node, key).map(|it| it.value))
    }

    /// A value in the section of a builder.
    fn below(&self, section: &str, key: &str) -> Option<NodeId> {
        let own = || self.get(section).and_then(|it| self.tree.get(it, key)).map(|it| it.value);
        self.patches.get(format!("{section}/{key}").as_str()).copied().unwrap_or_else(own)
    }

    fn has(&self, section: &str) -> bool {
        let is_below = |it: &str| it.strip_prefix(section).is_some_and(|it| it.starts_with('/'));
        self.get(section).is_some() || self.patches.keys().any(|it| is_below(it))
    }
}

/// The artifacts that the patches of a profile change, each with the place of its first patch.
fn patched<'a>(
    tree: &'a Tree,
    artifacts: &[NodeId],
    patches: &[NodeId],
    file: FileId,
) -> Vec<(Location, Artifact<'a>)> {
    let mut changed: BTreeMap<usize, (Location, Artifact<'a>)> = BTreeMap::new();
    for patch in patches {
        let text = |key: &str| tree.get(*patch, key).and_then(|it| tree.scalar(it.value));
        let below = text("path").and_then(|it| it.strip_prefix("/build/artifacts/"));
        let Some((number, path)) = below.and_then(|it| it.split_once('/')) else { continue };
        let Some((number, node)) = number.parse().ok().and_then(|it: usize| Some((it, *artifacts.get(it)?))) else {
            continue;
        };
        let value = tree.get(*patch, "value").map(|it| it.value).filter(|_| text("op") != Some("remove"));
        let span = tree.span(value.unwrap_or(*patch));
        let new = || (Location { file, span }, Artifact { tree, node, patches: BTreeMap::new() });
        changed.entry(number).or_insert_with(new).1.patches.insert(path, value);
    }
    changed.into_values().collect()
}

/// The build of an artifact; none if something else than a Dockerfile makes it.
fn build(artifact: &Artifact<'_>, folder: &str, location: Location) -> Result<Option<Build>, String> {
    let tree = artifact.tree;
    // Kaniko reads a Dockerfile, too.
    let docker = if artifact.has("kaniko") { "kaniko" } else { "docker" };
    if docker == "docker" && OTHERS.iter().any(|it| artifact.has(it)) {
        return Ok(None);
    }
    let known = |node: Option<NodeId>, what: &str| match value(tree, node) {
        Value::Known(text) => Ok(Some(text)),
        Value::Absent => Ok(None),
        Value::Unknown(_) => Err(format!("its `{what}` depends on what is not known")),
    };
    let of_docker = |key: &str| artifact.below(docker, key);
    let context = known(artifact.get("context"), "context")?.unwrap_or_else(|| ".".to_owned());
    let dockerfile = known(of_docker("dockerfile"), "dockerfile")?.unwrap_or_else(|| "Dockerfile".to_owned());
    let context = join(folder, &context);
    let recipe = Recipe::File(join(&context, &dockerfile));
    let mut build = Build::new(Kind::Skaffold, recipe, BuildContext::Folder(context), location);
    build.target = Target::of(value(tree, of_docker("target")));
    build.folder = Some(folder.to_owned());
    for argument in of_docker("buildArgs").map(|it| tree.entries(it)).unwrap_or_default() {
        let value = match value(tree, Some(argument.value)) {
            Value::Known(text) => Some(text),
            Value::Absent | Value::Unknown(_) => None,
        };
        build.args.insert(argument.name.clone(), value);
    }
    let prefix = format!("{docker}/buildArgs/");
    for (path, node) in &artifact.patches {
        let Some(name) = path.strip_prefix(&prefix) else { continue };
        match (node, value(tree, *node)) {
            (None, _) => drop(build.args.remove(name)),
            (_, Value::Known(text)) => drop(build.args.insert(name.to_owned(), Some(text))),
            (_, Value::Absent | Value::Unknown(_)) => drop(build.args.insert(name.to_owned(), None)),
        }
    }
    Ok(Some(build))
}

/// A text; what Skaffold would put in from its environment is not known.
fn value(tree: &Tree, node: Option<NodeId>) -> Value {
    match node.and_then(|it| tree.scalar(it)) {
        None => Value::Absent,
        Some(text) if text.contains("{{") => Value::Unknown(text.to_owned()),
        Some(text) => Value::Known(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{project::Memory, source::Source};

    #[test]
    fn artifacts_are_builds() {
        let text = "build:\n  artifacts:\n  - image: web\n    context: src/web\n  - image: api\n    docker:\n      \
                    dockerfile: api/Dockerfile\n      target: prod\n      buildArgs: { A: '1', B: '{{.B}}' }\n  - image: \
                    jar\n    jib: {}\n  - image: k\n    kaniko: { dockerfile: K }\n  - image: x\n    context: \
                    '{{.X}}'\nprofiles:\n- name: dev\n  build:\n    artifacts:\n    - image: web\n      context: dev\n---\nbuild:\n  \
                    artifacts: [{ image: load }]\nprofiles:\n- patches:\n  - { op: replace, path: \
                    /build/artifacts/0/docker/dockerfile, value: Debug }\n  - { op: add, path: \
                    /build/artifacts/0/docker/buildArgs/B, value: '2' }\n  - { op: add, path: \
                    /manifests/kustomize/paths/1, value: a }\n";
        let memory = Memory::default();
        let mut documents = Documents::of(vec![Source::new("deploy/skaffold.yaml", text)], &memory);
        let mut found = Found::default();
        read(&mut documents, FileId(0), &mut found);
        let rows: Vec<String> = found
            .builds
            .iter()
            .map(|it| {
                let Recipe::File(dockerfile) = &it.dockerfile else { panic!("no file") };
                let name = it.name.as_deref().unwrap_or_default();
                format!("{name} {dockerfile} {} {:?} {:?}", it.context.folder().unwrap_or_default(), it.target, it.args)
            })
            .collect();
        assert_eq!(
            rows,
            [
                "web deploy/src/web/Dockerfile deploy/src/web Last {}",
                "api deploy/api/Dockerfile deploy Stage(\"prod\") {\"A\": Some(\"1\"), \"B\": None}",
                "k deploy/K deploy Last {}",
                "web deploy/dev/Dockerfile deploy/dev Last {}",
                "load deploy/Dockerfile deploy Last {}",
                "load deploy/Debug deploy Last {\"B\": Some(\"2\")}",
            ]
        );
        assert_eq!(found.left_out.len(), 1);
        let load = found.builds[4].found_in.span;
        assert_eq!(&text[load.range()], "load");
        assert_eq!(&text[found.builds[5].found_in.span.range()], "Debug");
    }
}
