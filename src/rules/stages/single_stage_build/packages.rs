//! System packages, divided into what building needs and what the image needs when it runs.

use super::needs::Needs;
use crate::{
    knowledge::{Action, RUNTIME},
    model::{PackageCommand, Run},
    source::Span,
};

/// What becomes of a system package when the build is divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing needs it at run time.
    Build,
    /// Of a `-dev` package the shared objects are needed at run time.
    Library(String),
    /// It is needed, or nobody can tell.
    Runtime,
}

/// A system package, as it is installed.
#[derive(Clone, Debug)]
pub(super) struct Package {
    /// As it is written, such as `git=1:2.39*`.
    pub written: String,
    pub fate: Fate,
    pub span: Span,
}

/// The release and the kind of a distribution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Distribution {
    pub release: Option<&'static str>,
    pub alpine: bool,
}

/// Whether a run does nothing but install system packages: lists are fetched, and caches are cleaned.
pub(super) fn is_only_packages(run: &Run) -> bool {
    let Some(script) = run.script() else { return false };
    let commands = run.packages();
    script.is_understood()
        && commands.iter().any(|it| it.manager.root && it.action == Action::Install)
        && run.invocations().iter().enumerate().all(|(at, it)| match commands.iter().find(|it| it.invocation == at) {
            Some(command) => command.manager.root && command.subcommand != "upgrade" && it.wrappers.is_empty(),
            None => matches!(it.program.as_str(), "rm" | "set" | "true"),
        })
}

/// The packages that a run installs; `None` if one cannot be read.
pub(super) fn of(run: &Run, distribution: Distribution, needs: &Needs<'_>) -> Option<Vec<Package>> {
    let mut packages = Vec::new();
    for command in run.packages().iter().filter(|it| it.manager.root && it.action == Action::Install) {
        for (at, text) in command.operands() {
            let written = text?.to_owned();
            let name = written.split(['=', ':', '~', '>', '<']).next().unwrap_or_default();
            let fate = fate(name, distribution, needs);
            let span = run.invocations()[command.invocation].words.get(at)?.span;
            packages.push(Package { written, fate, span });
        }
    }
    Some(packages)
}

fn fate(name: &str, distribution: Distribution, needs: &Needs<'_>) -> Fate {
    let versioned = ["gcc-", "g++-", "clang-", "llvm-"].iter().any(|it| name.starts_with(it));
    if RUNTIME.build_only.contains(name) || (versioned && !name.contains("lib")) {
        return Fate::Build;
    }
    if let Some(programs) = RUNTIME.tools.get(name) {
        return if programs.iter().any(|it| needs.program(it)) { Fate::Runtime } else { Fate::Build };
    }
    let table = if distribution.alpine { &RUNTIME.alpine } else { &RUNTIME.debian };
    match table.get(name).and_then(|it| it.on(distribution.release)) {
        Some(library) => Fate::Library(library.to_owned()),
        None => Fate::Runtime,
    }
}

/// How the packages were fetched, where the image that ships can share the caches.
#[derive(Debug, Default)]
pub(super) struct Caches {
    /// The mounts, as flags.
    pub mounts: Vec<String>,
    /// The options without which nothing would be left in them.
    pub options: Vec<String>,
}

/// The options of an install that keep what it fetches in the caches.
pub(super) fn options_for_caches(command: &PackageCommand) -> Vec<String> {
    let texts: Vec<&str> = command.texts.iter().map(|it| it.as_deref().unwrap_or_default()).collect();
    let options = command.manager.needs.iter().filter_map(|it| it.words.as_deref());
    let is_written = |words: &&str| {
        let words: Vec<&str> = words.split(' ').collect();
        texts.windows(words.len()).any(|it| it == words)
    };
    options.filter(is_written).map(str::to_owned).collect()
}

/// The instruction that installs what is needed at run time, from the same caches; `None` if nothing is.
///
/// `joint` stands between the lines of an instruction.
pub(super) fn install(
    packages: &[Package],
    commands: &[&PackageCommand],
    alpine: bool,
    caches: &Caches,
    joint: &str,
) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for package in packages {
        let name = match &package.fate {
            Fate::Build => continue,
            Fate::Library(library) => library.as_str(),
            Fate::Runtime => package.written.as_str(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return None;
    }
    names.sort_unstable();
    let list = names.join(" ");
    if alpine {
        return Some(format!("RUN apk add --no-cache {list}\n"));
    }
    // Libraries have no need of what they recommend; of programs that is decided where they are installed.
    let only_libraries = !packages.iter().any(|it| it.fate == Fate::Runtime);
    let lean = only_libraries || commands.iter().all(|it| it.has_option("--no-install-recommends"));
    let lean = if lean { " --no-install-recommends" } else { "" };
    let mounts: String = caches.mounts.iter().flat_map(|it| [it.as_str(), joint]).collect();
    let options: String = caches.options.iter().flat_map(|it| [" ", it.as_str()]).collect();
    Some(format!("RUN {mounts}apt-get update && apt-get install{options} -y{lean} {list}\n"))
}
