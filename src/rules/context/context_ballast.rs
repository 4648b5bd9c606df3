//! What no build needs in a copy of the whole context: see `rules/context/context-ballast.md`.

use super::sharing::{self, Line, Shared};
use crate::{
    context::Need,
    edit::Safety,
    finding::{Finding, Fix},
    knowledge::Action,
    model::Stage,
    project::{Kind, join, parent},
    rule::{Check, FileCx, ProjectCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("context" / "context-ballast", Check::Project(check));

/// A class of files that no build needs.
struct Class {
    /// The comment above its lines.
    group: &'static str,
    /// The names, and the line for each.
    names: &'static [(&'static str, &'static str)],
    gate: Gate,
}

/// What has to hold before a class counts as ballast.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    /// Nothing asks the version control for anything.
    History,
    /// Each build that has to do with these programs installs packages itself, with a manager among them.
    Installed(&'static [&'static str]),
}

const CLASSES: &[Class] = &[
    Class {
        group: "version control",
        names: &[(".git", ".git"), (".hg", ".hg"), (".svn", ".svn")],
        gate: Gate::History,
    },
    Class {
        group: "caches of Python and its tools",
        names: &[
            ("__pycache__", "**/__pycache__"),
            (".mypy_cache", "**/.mypy_cache"),
            (".pytest_cache", "**/.pytest_cache"),
            (".ruff_cache", "**/.ruff_cache"),
            (".tox", "**/.tox"),
            (".nox", "**/.nox"),
            (".ipynb_checkpoints", "**/.ipynb_checkpoints"),
            ("htmlcov", "**/htmlcov"),
        ],
        gate: Gate::Open,
    },
    Class {
        group: "virtual environments",
        names: &[(".venv", "**/.venv"), ("venv", "**/venv")],
        gate: Gate::Installed(&["python", "venv", "pip", "poetry", "uv", "uv-pip", "pipenv", "pdm", "conda", "mamba"]),
    },
    Class {
        group: "packages, which the build installs itself",
        names: &[("node_modules", "**/node_modules")],
        gate: Gate::Installed(&["node", "npm", "yarn", "pnpm", "bun"]),
    },
    Class {
        group: "caches of other tools",
        names: &[
            (".nyc_output", "**/.nyc_output"),
            (".terraform", "**/.terraform"),
            (".vagrant", "**/.vagrant"),
            (".dockopt_cache", "**/.dockopt_cache"),
        ],
        gate: Gate::Open,
    },
    Class {
        group: "editors and operating systems",
        names: &[(".idea", "**/.idea"), (".vscode", "**/.vscode"), (".DS_Store", "**/.DS_Store")],
        gate: Gate::Open,
    },
];

/// Classes that are named on their own account; the others only go along.
const HEAVY: usize = 5;

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for shared in sharing::of_broad_copies(cx) {
        let Some((file, need)) = shared.first_whole() else { continue };
        out.extend(finding(&shared, file, need));
    }
}

fn finding(shared: &Shared<'_>, file: &FileCx<'_>, need: &Need) -> Option<Finding> {
    let places = places(shared);
    let mut named = Vec::new();
    let mut lines = Vec::new();
    for (number, class) in CLASSES.iter().enumerate() {
        let present: Vec<(String, &str)> = class
            .names
            .iter()
            .filter(|(name, _)| !shared.is_wanted(name))
            .filter_map(|(name, line)| Some((found(shared, &places, name)?, *line)))
            .collect();
        if present.is_empty() || !is_passed(class.gate, shared) {
            continue;
        }
        for (path, line) in present {
            lines.push(Line { group: class.group, text: line.to_owned() });
            if number < HEAVY {
                named.push(path);
            }
        }
    }
    lines = shared.harmless(&lines);
    named.retain(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        lines.iter().any(|it| it.text == name || it.text.strip_prefix("**/") == Some(name))
    });
    if named.is_empty() {
        return None;
    }
    lines.extend(shared.harmless(&own_files(shared)));
    let copy = file.source.slice(need.span).lines().next().unwrap_or_default().trim_end_matches(['\\', ' ']);
    let message = format!("`{copy}` takes in {}, which no build needs", list(&named));
    let mut finding = Finding::new(RULE.name, file.at(need.span), message);
    let safety = if shared.open.is_none() { Safety::Safe } else { Safety::Unsafe };
    let mut note =
        "It is sent with every build, goes into the image, and each change in it builds anew what follows.".to_owned();
    if let Some(reason) = &shared.open {
        note = format!("{note} The fix is unsafe: {reason}.");
    }
    finding.note = Some(note);
    let title =
        if shared.file.is_some() { format!("Add lines to {}", shared.path) } else { format!("Make {}", shared.path) };
    finding.fix = shared.add(&lines).map(|change| Fix { title, safety, change });
    Some(finding)
}

/// The folders of the context to look into: its root, those of the Dockerfiles, and those that are copied by name.
fn places(shared: &Shared<'_>) -> Vec<(String, Vec<String>)> {
    let mut folders = vec![".".to_owned()];
    let root = if shared.folder == "." { String::new() } else { format!("{}/", shared.folder) };
    for build in &shared.builds {
        folders.extend(build.cx.source.path.strip_prefix(&root).map(parent));
        folders.extend(build.needs.all.iter().flat_map(|it| &it.sources).filter(|it| !it.contains('*')).cloned());
    }
    folders.sort();
    folders.dedup();
    folders.retain(|it| !it.starts_with("..") && shared.files().kind(&join(&shared.folder, it)) == Some(Kind::Folder));
    folders.into_iter().map(|it| (it.clone(), shared.list(&it))).collect()
}

/// Where a name is, and not kept back.
fn found(shared: &Shared<'_>, places: &[(String, Vec<String>)], name: &str) -> Option<String> {
    let holding = places.iter().filter(|(_, names)| names.binary_search_by(|it| it.as_str().cmp(name)).is_ok());
    let mut paths = holding.map(|(folder, _)| join(folder, name));
    paths.find(|it| shared.lets_pass(it) && is_it(shared, it, name))
}

/// Whether what has the name is what the name says.
fn is_it(shared: &Shared<'_>, path: &str, name: &str) -> bool {
    match name {
        // Anything may be called so.
        "venv" => shared.files().kind(&join(&shared.folder, &join(path, "pyvenv.cfg"))).is_some(),
        _ => true,
    }
}

fn is_passed(gate: Gate, shared: &Shared<'_>) -> bool {
    match gate {
        Gate::Open => true,
        Gate::History => !shared.whole().any(|(file, _)| asks_for_history(shared, file)),
        Gate::Installed(programs) => shared.whole().all(|(file, _)| {
            let runs = file.model.stages.iter().flat_map(Stage::runs);
            let is_one = |name: &str| programs.contains(&name);
            let mut packages = runs.flat_map(|(_, run)| run.packages());
            packages.any(|it| it.action == Action::Install && is_one(&it.manager.name))
                || !programs.iter().any(|it| file.source.text.contains(it))
        }),
    }
}

/// Commands of git that need no repository.
const WITHOUT: &[&str] = &["clone", "config", "lfs", "init", "ls-remote", "--version", "version", "help"];
/// Tools that make versions from tags, and how scripts ask git.
const TELLS: &[&str] = &[
    "setuptools_scm",
    "setuptools-scm",
    "hatch-vcs",
    "hatch_vcs",
    "poetry-dynamic-versioning",
    "dunamai",
    "versioneer",
    "versioningit",
    "pbr",
    "vergen",
    "shadow-rs",
    "git-version",
    "git2",
    "git-commit-id",
    "jgitver",
    "gitversion",
    "GitVersion",
    "nbgv",
    "Nerdbank",
    "git rev-parse",
    "git describe",
    "git log",
    "git show",
    "git rev-list",
    "git ls-files",
    "git status",
    "[\"git\"",
    "['git'",
    "git-rev",
    ".git/",
    "gitPython",
    "import git",
    "simple-git",
    "buildvcs=true",
];
/// Files that say how a project is built.
const MANIFESTS: &[&str] = &[
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "package.json",
    "Cargo.toml",
    "build.rs",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "build.sbt",
    "mix.exs",
    "Makefile",
    "GNUmakefile",
    "makefile",
    "justfile",
    "Justfile",
    "Rakefile",
    "CMakeLists.txt",
    "meson.build",
    "next.config.js",
    "next.config.mjs",
    "next.config.ts",
    "vite.config.js",
    "vite.config.ts",
    "vue.config.js",
    "webpack.config.js",
    "angular.json",
    "Directory.Build.props",
    "version.json",
];

/// Whether a build may ask git for something: a command, a script that it runs, a tool that makes versions from tags.
fn asks_for_history(shared: &Shared<'_>, file: &FileCx<'_>) -> bool {
    let tells = |text: &str| TELLS.iter().any(|it| text.contains(it));
    let runs = || file.model.stages.iter().flat_map(Stage::runs);
    let in_runs = runs().any(|(_, run)| {
        run.mentions(TELLS)
            || run.invocations().iter().any(|it| {
                it.program == "git"
                    && it
                        .words
                        .get(1)
                        .and_then(crate::shell::Word::literal)
                        .is_none_or(|it| !WITHOUT.contains(&it.as_str()))
            })
    });
    let read = |path: &str| shared.files().read(&join(&shared.folder, path));
    let folder = if shared.folder == "." { String::new() } else { format!("{}/", shared.folder) };
    let own = file.source.path.strip_prefix(&folder).map_or_else(|| ".".to_owned(), parent);
    let in_manifests = [".", own.as_str()].iter().any(|folder| {
        let names = shared.list(folder);
        let names = names.iter().filter(|it| MANIFESTS.contains(&it.as_str()) || it.ends_with(".gemspec"));
        names.filter_map(|it| read(&join(folder, it))).any(|it| tells(&it))
    });
    let in_scripts = || {
        runs()
            .flat_map(|(_, run)| run.invocations())
            .flat_map(|it| &it.words)
            .filter_map(crate::shell::Word::literal)
            .any(|word| {
                let name = word.trim_start_matches("./");
                let places = [name.to_owned(), join(&own, name), name.rsplit('/').next().unwrap_or(name).to_owned()];
                name.strip_suffix(".sh").is_some()
                    && places.iter().filter_map(|it| read(it)).any(|it| tells(&it) || it.contains("git "))
            })
    };
    in_runs || in_manifests || in_scripts()
}

/// What Docker reads itself and the image does not need: whenever it changes, all after the copy is built anew.
fn own_files(shared: &Shared<'_>) -> Vec<Line> {
    const GROUP: &str = "read by Docker and CI, not by the build";
    const OTHERS: &[&str] = &[
        ".dockerignore",
        ".github",
        ".gitlab-ci.yml",
        "compose.yaml",
        "compose.yml",
        "docker-compose.yaml",
        "docker-compose.yml",
    ];
    let root = if shared.folder == "." { String::new() } else { format!("{}/", shared.folder) };
    let listed = shared.list(".");
    let mut paths: Vec<String> = listed.iter().filter(|it| OTHERS.contains(&it.as_str())).cloned().collect();
    paths.extend(shared.whole().filter_map(|(file, _)| Some(file.source.path.strip_prefix(&root)?.to_owned())));
    if shared.file.is_none() {
        paths.extend(shared.path.strip_prefix(&root).map(str::to_owned));
    }
    paths.sort();
    paths.dedup();
    paths.retain(|it| shared.lets_pass(it) && !shared.is_wanted(it) && !it.contains(['*', '?', '[', '\\', '!', '#']));
    paths.into_iter().map(|text| Line { group: GROUP, text }).collect()
}

/// Names in a sentence: the first two, and how many more.
fn list(names: &[String]) -> String {
    let quoted = |it: &String| format!("`{it}`");
    match names {
        [one] => quoted(one),
        [one, two] => format!("{} and {}", quoted(one), quoted(two)),
        [one, two, rest @ ..] => format!("{}, {} and {} more", quoted(one), quoted(two), rest.len()),
        [] => String::new(),
    }
}
