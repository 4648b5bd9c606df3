//! Maven: the `pom.xml` of a project and of its modules.

use super::{Manifests, Reads, Restricted, View, xml};
use crate::{
    knowledge::MANIFESTS,
    model::{PackageCommand, Run},
    project::{Kind, join, parent},
    shell::Word,
};

/// `mvn dependency:go-offline`, and what resolves dependencies before it builds.
pub(super) fn resolve(command: &PackageCommand, run: &Run, folder: &str, view: &View<'_>) -> Reads {
    let resolves = command.subcommand.contains(":go-offline") || command.subcommand.contains(":resolve");
    let mut goals = command.subcommand.split(' ').chain(command.operands().filter_map(|(_, it)| it));
    if !resolves && !goals.all(is_phase) {
        return Reads::Sources;
    }
    // Options that do not lead to other files.
    let known = |it: &str| {
        let value = ["-D", "-T", "-P", "-pl="].iter().any(|start| it.starts_with(start));
        MANIFESTS.maven.options.iter().any(|known| known == it) || (value && !it.contains("repo.local"))
    };
    if command.options().any(|(_, it)| !known(it)) || command.texts.iter().any(Option::is_none) {
        return Reads::Sources;
    }
    let Some(pom) = view.in_context(&join(folder, "pom.xml")) else { return Reads::Sources };
    let base = parent(&pom);
    let mut reactor = Reactor::default();
    reactor.add(&pom, view);
    if reactor.poms.is_empty() {
        return Reads::Sources;
    }
    let files = reactor.poms.iter().map(|it| it.path.clone()).collect();
    let mut manifests = Manifests { files, obstacles: reactor.obstacles.clone(), ..Manifests::default() };
    let wrapper = command.program() == "mvnw" || command.texts.iter().flatten().any(|it| it.ends_with("mvnw"));
    for name in [".mvn", "mvnw"] {
        let path = join(&base, name);
        let wanted = name == ".mvn" || wrapper;
        if wanted && view.context.kind(&path).is_some() && view.brings(&path) && has_files(&path, view) {
            manifests.files.push(path);
        }
    }
    let sibling = reactor.sibling();
    if resolves {
        if let Some((module, other)) = sibling {
            manifests.obstacles.push(format!(
                "`{module}` needs `{other}`, which is built with it, and `{}` looks for it in the repositories.",
                command.subcommand
            ));
        }
        manifests.outputs.push(join(&base, "target"));
        return Reads::Manifests(manifests);
    }
    let (goal, doubt) = if sibling.is_some() {
        manifests.obstacles.extend(reactor.readers(command.options().any(|(_, it)| it.starts_with("-P"))));
        (
            "test-compile",
            "The modules need one another, and are compiled without sources first; what later phases need is fetched when they run.",
        )
    } else {
        (
            "dependency:go-offline",
            "`dependency:go-offline` resolves more than a build may need, and some plugins fetch more later on.",
        )
    };
    manifests.doubts.push(doubt.to_owned());
    let Some(words) = words(command, run, goal) else { return Reads::Sources };
    manifests.restricted = Some(Restricted::Instead(words));
    Reads::Manifests(manifests)
}

fn is_phase(word: &str) -> bool {
    MANIFESTS.maven.phases.iter().any(|it| it == word)
}

/// The command with another goal, and without options that say nothing of what is fetched.
fn words(command: &PackageCommand, run: &Run, goal: &str) -> Option<String> {
    let raw = &run.invocations()[command.invocation].words;
    let raw: Vec<String> = raw.iter().map(Word::literal).collect::<Option<_>>()?;
    let is_plain = |it: &String| it.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_./:=,@+!".contains(&it));
    if !raw.iter().all(is_plain) {
        return None;
    }
    let operands: Vec<usize> = command.operands().map(|(at, _)| at).collect();
    let mut words: Vec<&str> = Vec::new();
    let mut said = false;
    for (at, word) in raw.iter().enumerate() {
        let is_goal = is_phase(word) && (command.head.contains(&at) || operands.contains(&at));
        let skips = ["-DskipTests", "-Dmaven.test.skip", "-DskipITs"].iter().any(|it| word.starts_with(it));
        if is_goal && !said {
            words.push(goal);
            said = true;
        } else if !is_goal && !skips && word != "-U" {
            words.push(word);
        }
    }
    said.then(|| words.join(" "))
}

/// The projects that are built together.
#[derive(Default)]
struct Reactor {
    poms: Vec<Pom>,
    obstacles: Vec<String>,
}

struct Pom {
    path: String,
    /// Its values, by the names of the elements that lead to them.
    values: Vec<(String, String)>,
}

impl Pom {
    fn all(&self, path: &'static str) -> impl Iterator<Item = &str> {
        self.values.iter().filter(move |(it, _)| it == path).map(|(_, it)| it.as_str())
    }

    fn first(&self, path: &'static str) -> Option<&str> {
        self.all(path).next()
    }

    /// The projects that it needs, by name; what is only managed does not count.
    fn needs(&self) -> impl Iterator<Item = &str> {
        let is_own = |it: &str| it.ends_with("/dependencies/dependency/artifactId") && !it.contains("Management");
        self.values.iter().filter(move |(it, _)| is_own(it)).map(|(_, it)| it.as_str())
    }
}

impl Reactor {
    /// Adds a project, its modules and its parent.
    fn add(&mut self, path: &str, view: &View<'_>) {
        if self.poms.iter().any(|it| it.path == path) {
            return;
        }
        let Some(text) = view.context.read(path).filter(|_| view.brings(path)) else {
            self.obstacles.push(format!("`{path}` is not copied."));
            return;
        };
        let pom = Pom { path: path.to_owned(), values: xml::values(&text) };
        if text.contains("<systemPath>") || text.contains("file://") {
            self.obstacles.push(format!("`{path}` takes a dependency from a local folder."));
        }
        let base = parent(path);
        let modules =
            ["project/modules/module", "project/profiles/profile/modules/module", "project/subprojects/subproject"];
        let modules: Vec<String> = modules.into_iter().flat_map(|it| pom.all(it)).map(|it| join(&base, it)).collect();
        let above =
            pom.first("project/parent/artifactId").and_then(|_| match pom.first("project/parent/relativePath") {
                // It comes from a repository.
                Some("") => None,
                Some(it) => Some(join(&base, it)),
                None => (base != ".").then(|| join(&parent(&base), "pom.xml")),
            });
        self.poms.push(pom);
        for module in modules {
            let is_folder = view.context.kind(&module) != Some(Kind::File);
            self.add(&if is_folder { join(&module, "pom.xml") } else { module }, view);
        }
        if let Some(above) = above {
            let file = if view.context.kind(&above) == Some(Kind::Folder) { join(&above, "pom.xml") } else { above };
            if view.context.kind(&file).is_some() {
                self.add(&file, view);
            }
        }
    }

    /// A project that needs another one of them, with that one.
    fn sibling(&self) -> Option<(&str, &str)> {
        let names: Vec<&str> = self.poms.iter().filter_map(|it| it.first("project/artifactId")).collect();
        self.poms.iter().find_map(|pom| {
            let own = pom.first("project/artifactId")?;
            Some((own, pom.needs().find(|it| *it != own && names.contains(it))?))
        })
    }

    /// What may need the sources while they are compiled.
    fn readers(&self, profiles: bool) -> Vec<String> {
        let mut found = Vec::new();
        for pom in &self.poms {
            if let Some(kind) = pom.first("project/packaging").filter(|it| !matches!(*it, "jar" | "pom" | "war")) {
                found.push(format!("`{}` is packaged as `{kind}`.", pom.path));
            }
            let places =
                ["project/build/plugins/plugin/artifactId", "project/profiles/profile/build/plugins/plugin/artifactId"];
            let places = &places[..if profiles { 2 } else { 1 }];
            let mut plugins = places
                .iter()
                .copied()
                .flat_map(|it| pom.all(it))
                .filter(|it| !MANIFESTS.maven.harmless.iter().any(|known| known == it));
            found.extend(plugins.next().map(|it| format!("`{it}` of `{}` may read the sources.", pom.path)));
        }
        found.truncate(2);
        found
    }
}

/// Whether a path is a file, or a folder with something in it.
fn has_files(path: &str, view: &View<'_>) -> bool {
    view.context.kind(path) == Some(Kind::File) || !view.context.list(path).is_empty()
}
