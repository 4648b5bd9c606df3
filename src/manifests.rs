//! What a package command reads of the project: its manifests, and what stands in the way of giving it only these.

use std::sync::Arc;

use crate::{
    context::Context,
    knowledge::{self, Action, ProjectInstall, build_info, is_plain_program},
    model::{Copy, CopyFrom, PackageCommand, Run, State, absolute, is_below},
    project::{Kind, join, parent},
    shell::{List, Node, Redirect, Script},
};

mod configured;
mod count;
mod deno;
mod developers;
mod dotnet;
mod haskell;
mod javascript;
mod maven;
mod others;
mod python;
mod scala;
mod sources;
mod wheels;
mod xml;

pub use configured::configured;
pub use count::{listed, packages};
pub use developers::{Wanted, developers};
pub use javascript::{Linker, yarn_flavor, yarn_linker};
pub use python::{Project, project as python_project};
pub use sources::Sources;
pub use wheels::{Built, Platform, built, normal, requirements as listed_requirements};

/// The copied part of the context, as a command in the image sees it.
#[derive(Debug)]
pub struct View<'a> {
    /// The context.
    pub context: &'a Context,
    /// The copies from it that came before, in order.
    pub copies: Vec<&'a Copy>,
}

/// What a command reads of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Only these files of the context (perhaps none).
    Manifests(Manifests),
    /// More than that, or something that cannot be told.
    Sources,
}

/// The files that decide what a command installs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifests {
    /// Paths in the context, in the order in which they are to be named.
    pub files: Vec<String>,
    /// How to install only the dependencies, where the command itself needs the sources, too.
    pub restricted: Option<Restricted>,
    /// Folders beside the manifests that the command fills and that a later copy of the sources must not touch,
    /// as paths in the context.
    pub outputs: Vec<String>,
    /// Folders that a script of a manifest reads, as paths in the context, until it is known whether they are there.
    needs: Vec<String>,
    /// What stands in the way of running it before the sources are copied: full sentences.
    pub obstacles: Vec<String>,
    /// What could make the image differ: full sentences.
    pub doubts: Vec<String>,
}

/// A way to install only the dependencies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restricted {
    /// The command with these words behind its subcommand.
    Add(Vec<String>),
    /// Another command.
    Instead(String),
}

impl Manifests {
    /// Takes in what another command reads.
    pub fn merge(&mut self, other: Self) {
        for file in other.files {
            if !self.files.contains(&file) {
                self.files.push(file);
            }
        }
        self.restricted = self.restricted.take().or(other.restricted);
        self.outputs.extend(other.outputs);
        self.obstacles.extend(other.obstacles);
        self.doubts.extend(other.doubts);
    }
}

impl View<'_> {
    /// The text of a file in the image, if a copy brought it.
    pub fn read(&self, path: &str) -> Option<Arc<str>> {
        self.context.read(&self.in_context(path)?)
    }

    /// The path in the context of a file or folder in the image, if a copy brought it.
    pub fn in_context(&self, path: &str) -> Option<String> {
        self.origin(path).filter(|it| self.context.kind(it).is_some())
    }

    /// Whether a copy brings a path of the context.
    pub fn brings(&self, path: &str) -> bool {
        let sources = self.copies.iter().flat_map(|it| it.sources.iter().flatten());
        sources.into_iter().any(|it| it == path || it == "." || is_below(path, it) || matches_glob(it, path))
    }

    /// Where in the context a path of the image would come from, whether it is there or not.
    fn origin(&self, path: &str) -> Option<String> {
        self.copies.iter().rev().find_map(|copy| {
            let destination = copy.destination.as_deref()?;
            copy.sources.iter().flatten().find_map(|source| {
                if source.contains(['*', '?', '[']) {
                    let inside = path.strip_prefix(destination.trim_end_matches('/'))?.strip_prefix('/')?;
                    let file = join(&parent(source), inside);
                    return matches_glob(source, &file).then_some(file);
                }
                let kind = self.context.kind(source)?;
                let into = copy.into_folder && kind == Kind::File;
                let place = if into { join(destination, source.rsplit('/').next()?) } else { destination.to_owned() };
                match kind {
                    Kind::File => (place == path).then(|| source.clone()),
                    Kind::Folder if is_below(path, &place) => {
                        let rest = path.strip_prefix(place.trim_end_matches('/')).unwrap_or_default();
                        Some(join(source, rest.trim_start_matches('/')))
                    }
                    Kind::Folder => None,
                }
            })
        })
    }
}

/// What a `RUN` reads of the project.
pub fn reads(run: &Run, state: &State, view: &View<'_>) -> Reads {
    if run.script().is_none() && run.packages().is_empty() {
        return Reads::Sources;
    }
    if run.script().is_some_and(reads_a_file) {
        return Reads::Sources;
    }
    let mut all = Manifests::default();
    for (at, invocation) in run.invocations().iter().enumerate() {
        match run.package(at) {
            Some(_) if invocation.wrappers.iter().any(|it| it == "xargs") => return Reads::Sources,
            Some(command) => match command_reads(command, run, state, view) {
                Reads::Manifests(it) => all.merge(it),
                Reads::Sources => return Reads::Sources,
            },
            None if is_plain(invocation, run.folders()[at].as_deref(), view) => {}
            None => return Reads::Sources,
        }
    }
    Reads::Manifests(all)
}

/// Whether a `RUN` does the same whatever the value of a variable that only says which build it is: it does not name
/// the variable, and runs nothing of the project.
pub fn ignores(run: &Run, text: &str, state: &State, view: &View<'_>, name: &str) -> bool {
    let Some(change) = build_info(name) else { return false };
    let known = run.script().is_some_and(Script::is_understood)
        && run.invocations().iter().enumerate().all(|(at, it)| {
            let prints = matches!(it.program.as_str(), "env" | "export" | "set") && it.words.len() == 1;
            let package = run.package(at);
            !prints && package.map_or_else(|| is_plain_program(&it.program), |it| it.action != Action::Build)
        });
    if !known || text.contains(name) {
        return false;
    }
    // Packages of the system are built already; those of a language may be built, and read a variable of that name.
    if run.packages().iter().all(|it| it.manager.root) {
        return true;
    }
    change == knowledge::Change::Build
        && matches!(reads(run, state, view), Reads::Manifests(it) if it.restricted.is_none() && it.obstacles.is_empty())
}

/// Whether a program is one of those that have nothing to do with the project's files, and no word of it names one.
fn is_plain(invocation: &crate::shell::Invocation, folder: Option<&str>, view: &View<'_>) -> bool {
    let configures = |program: &str, words: &[&str]| match program {
        "corepack" => words.get(1) == Some(&"enable"),
        "poetry" | "pip" | "npm" | "yarn" | "pnpm" | "bundle" | "git" => {
            words.get(1) == Some(&"config") && !words.contains(&"--local")
        }
        _ => false,
    };
    let texts: Vec<String> = invocation.words.iter().filter_map(crate::shell::Word::literal).collect();
    let words: Vec<&str> = texts.iter().map(String::as_str).collect();
    let known = knowledge::is_apart(&invocation.program) || configures(&invocation.program, &words);
    // What is deleted or linked must not be what was copied, even if it is not there now.
    let touches = matches!(invocation.program.as_str(), "rm" | "ln");
    let names_a_file = |word: &str| {
        !word.starts_with('-')
            && absolute(folder, word).is_some_and(|it| {
                if touches { view.origin(&it).is_some() } else { view.in_context(&it).is_some_and(|it| it != ".") }
            })
    };
    known && !words.iter().skip(1).any(|it| names_a_file(it))
}

/// Whether a script takes input from a file: `xargs apt-get install < packages.txt`.
fn reads_a_file(script: &Script) -> bool {
    fn list(it: &List) -> bool {
        it.items.iter().any(|it| node(&it.node))
    }
    fn node(it: &Node) -> bool {
        let input = |it: &Redirect| it.operator.starts_with('<') && !it.operator.starts_with("<<");
        match it {
            Node::Command(it) => it.redirects.iter().any(input) || it.script.as_ref().is_some_and(|it| list(&it.list)),
            Node::Pipeline { members, .. } => members.iter().any(node),
            Node::Compound(it) => it.redirects.iter().any(input) || it.lists.iter().any(list),
            Node::Opaque(_) => true,
        }
    }
    list(&script.list)
}

fn command_reads(command: &PackageCommand, run: &Run, state: &State, view: &View<'_>) -> Reads {
    let manager = command.manager;
    if command.action == Action::Clean || command.action == Action::Update {
        return Reads::Manifests(Manifests::default());
    }
    if manager.root {
        // A word with a slash can be a package file: `apt-get install ./x.deb`.
        let local =
            command.operands().any(|(_, it)| it.is_none_or(|it| it.starts_with(['.', '/']) || it.contains(".deb")));
        return if local { Reads::Sources } else { Reads::Manifests(Manifests::default()) };
    }
    let Some(folder) = run.folder(command) else { return Reads::Sources };
    match manager.name.as_str() {
        "pip" => python::requirements(command, folder, view),
        "uv" if command.subcommand.starts_with("pip ") => python::requirements(command, folder, view),
        "poetry" => python::poetry(command, folder, state, view),
        "uv" => python::uv(command, folder, state, view),
        "npm" | "yarn" | "pnpm" | "bun" => javascript::install(command, folder, view),
        "pip-tools" if command.subcommand.is_empty() => python::requirements(command, folder, view),
        "pipenv" => python::pipenv(command, folder, state, view),
        "pdm" => python::pdm(command, folder, view),
        "go" => go(command, folder, view),
        "cargo" => cargo(command, folder, view),
        "maven" => maven::resolve(command, run, folder, view),
        "sbt" => scala::sbt(command, run, folder, view),
        "deno" => deno::install(command, folder, view),
        "dotnet" => dotnet::restore(command, folder, view),
        "bundler" => others::bundler(command, folder, state, view),
        "composer" => others::composer(command, folder, view),
        "mix" => others::mix(command, folder, view),
        "dart" => others::dart(command, folder, view),
        "swift" => others::swift(command, folder, view),
        "renv" => others::renv(command, folder, view),
        "cpanm" => others::cpanm(command, folder, view),
        "conda" => others::conda(command, folder, view),
        "stack" => haskell::stack(command, folder, view),
        "cabal" => haskell::cabal(command, folder, view),
        "opam" => haskell::opam(command, folder, view),
        "gem" => gem(command),
        _ => Reads::Sources,
    }
}

/// The files that decide what a package command installs, as paths in the context; none where that cannot be told.
pub fn files_of(command: &PackageCommand, run: &Run, state: &State, view: &View<'_>) -> Vec<String> {
    match command_reads(command, run, state, view) {
        Reads::Manifests(it) => it.files,
        Reads::Sources => Vec::new(),
    }
}

/// Whether dockopt knows which files the installs of a manager read.
pub fn understands(manager: &str) -> bool {
    [
        "pip",
        "pip-tools",
        "pipenv",
        "pdm",
        "poetry",
        "uv",
        "npm",
        "yarn",
        "pnpm",
        "bun",
        "bundler",
        "composer",
        "mix",
        "dart",
        "renv",
        "cpanm",
        "conda",
        "deno",
    ]
    .contains(&manager)
}

/// `cargo install NAME` builds a program from the registry. Cargo has no command that builds only the dependencies of a
/// project, so everything else reads the sources.
fn cargo(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let own = ["--path", "--git", "--config", "-C"].iter().any(|it| command.has_option(it));
    let named = command.operands().next().is_some() && command.operands().all(|(_, it)| it.is_some());
    let configured = [".cargo", "rust-toolchain", "rust-toolchain.toml"]
        .iter()
        .any(|it| view.in_context(&join(folder, it)).is_some());
    if command.subcommand == "install" && named && !own && !configured {
        Reads::Manifests(Manifests::default())
    } else {
        Reads::Sources
    }
}

/// `gem install NAME`.
fn gem(command: &PackageCommand) -> Reads {
    let local = |it: &str| it.starts_with(['.', '/']) || it.contains(".gem");
    let named =
        command.operands().next().is_some() && command.operands().all(|(_, it)| it.is_some_and(|it| !local(it)));
    let files = ["-g", "--file", "--local", "-l"].iter().any(|it| command.has_option(it));
    if command.subcommand == "install" && named && !files {
        Reads::Manifests(Manifests::default())
    } else {
        Reads::Sources
    }
}

/// The manifests of a project in `folder` of the image: the first complete set, and the optional ones that are there.
fn manifests_in(project: &ProjectInstall, folder: &str, view: &View<'_>) -> Option<Vec<String>> {
    let place = |name: &String| view.in_context(&join(folder, name));
    let set: Vec<String> = project.manifests.iter().find_map(|set| set.iter().map(place).collect())?;
    let optional = project.optional.iter().filter_map(place);
    Some(set.into_iter().chain(optional).collect())
}

/// Whether a source with wildcards in its last part names a file: `package*.json`.
pub fn matches_glob(source: &str, file: &str) -> bool {
    if !source.contains(['*', '?', '[']) {
        return false;
    }
    // Most have only stars, for which nothing has to be compiled.
    if !source.contains(['[', ']', '{', '}', '\\']) && !source.contains("**") {
        return wildcards(source, file);
    }
    globset::GlobBuilder::new(source)
        .literal_separator(true)
        .build()
        .is_ok_and(|it| it.compile_matcher().is_match(file))
}

/// Whether a text is what a pattern stands for, in which `*` is any text and `?` any character, but for slashes.
fn wildcards(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('*') else {
        let mut chars = text.chars();
        let is_it = |it: char| chars.next().is_some_and(|found| found == it || it == '?' && found != '/');
        return pattern.chars().all(is_it) && chars.next().is_none();
    };
    let count = before.chars().count();
    let Some(at) = text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(count) else { return false };
    let (head, tail) = text.split_at(at);
    let reach = tail.find('/').unwrap_or(tail.len());
    wildcards(before, head)
        && (0..=reach).filter(|at| tail.is_char_boundary(*at)).any(|at| wildcards(rest, &tail[at..]))
}

/// Whether the lock file of a project in `folder` of the image holds what its manifest asks for; `None` if that cannot
/// be told.
pub fn lock_agrees(command: &PackageCommand, folder: &str, view: &View<'_>) -> Option<bool> {
    match command.manager.name.as_str() {
        "npm" | "yarn" => javascript::lock_agrees(command, folder, view),
        _ => None,
    }
}

/// Go reads `go.mod` and `go.sum` to download; building needs the sources.
fn go(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let Some(project) = &command.manager.project else { return Reads::Sources };
    let downloads = command.subcommand == "mod download" && command.operands().next().is_none();
    let installs = project.install.iter().any(|it| it.matches(&[command.subcommand.as_str()]));
    // `go install example.org/tool@v1` has nothing to do with the project.
    let foreign = installs && command.operands().all(|(_, it)| it.is_some_and(|it| it.contains('@')));
    if foreign && command.operands().next().is_some() {
        return Reads::Manifests(Manifests::default());
    }
    if !(downloads || installs) || command.has_option("-mod") || command.has_option("-C") {
        return Reads::Sources;
    }
    let Some(files) = manifests_in(project, folder, view) else { return Reads::Sources };
    let mut manifests = Manifests { files, ..Manifests::default() };
    let base = parent(&manifests.files[0]);
    if view.context.kind(&join(&base, "vendor")) == Some(Kind::Folder) {
        return Reads::Sources;
    }
    let text = view.context.read(&manifests.files[0]).unwrap_or_default();
    // Nothing to download, nothing to gain.
    if !text.contains("require") && installs {
        return Reads::Sources;
    }
    // Of a module in a folder Go needs only the manifest.
    let mut folders: Vec<String> = text
        .lines()
        .filter_map(|it| it.split_once("=>"))
        .map(|(_, to)| to.split("//").next().unwrap_or(to).trim())
        .filter(|it| it.starts_with('.') || it.starts_with('/'))
        .map(str::to_owned)
        .collect();
    if let Some(work) = manifests.files.iter().find(|it| it.ends_with("go.work")) {
        let work = view.context.read(work).unwrap_or_default();
        let words = work.lines().map(|it| it.split("//").next().unwrap_or(it).trim().trim_start_matches("use").trim());
        folders.extend(words.filter(|it| it.starts_with('.')).map(str::to_owned));
    }
    for folder in folders {
        let path = join(&base, &folder);
        let file = join(&path, "go.mod");
        if folder.starts_with('/') || view.context.read(&file).is_none() || !view.brings(&file) {
            manifests.obstacles.push(format!("`{}` takes a module from `{folder}`.", manifests.files[0]));
            continue;
        }
        let sums = join(&path, "go.sum");
        for file in [file, sums] {
            if view.context.kind(&file).is_some() && !manifests.files.contains(&file) {
                manifests.files.push(file);
            }
        }
    }
    if installs {
        manifests.restricted = project.fetch.clone().map(Restricted::Instead);
    }
    Reads::Manifests(manifests)
}

/// The copies from the context before a step.
pub fn visible(steps: &[crate::model::Step], before: usize) -> Vec<&Copy> {
    let copies = steps[..before].iter().filter_map(|it| match &it.kind {
        crate::model::StepKind::Copy(copy) if copy.from == CopyFrom::Context => Some(copy),
        _ => None,
    });
    copies.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_mean_the_same_with_and_without_a_compiler() {
        let patterns =
            ["*", "a*", "*.json", "package*.json", "a/*/c", "?", "a?c", "*a*b*", "**/a", "[ab]*", "a/?.py", "ä*"];
        let files =
            ["", "a", "b", "package.json", "package-lock.json", "a/package.json", "a/b/c", "a/b/d/c", "abc", "a/c"];
        for pattern in patterns {
            let glob = globset::GlobBuilder::new(pattern).literal_separator(true).build().unwrap().compile_matcher();
            for file in files.iter().chain(&["a/b.py", "a/bc.py", "äb", "aab", "a/ab", "ab/"]) {
                assert_eq!(matches_glob(pattern, file), glob.is_match(file), "{pattern} {file}");
            }
        }
    }
}
