//! JavaScript: npm, Yarn, pnpm.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

use super::{Manifests, Reads, View, manifests_in};
use crate::{
    knowledge::Flavor,
    model::PackageCommand,
    project::{Kind, join, parent},
};

/// `npm ci`, `yarn install`, `pnpm install`: manifests of the project and of its workspaces.
pub(super) fn install(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let global = ["-g", "--global", "--location"].iter().any(|it| command.has_option(it))
        || command.subcommand.starts_with("global ");
    let operands: Vec<Option<&str>> = command.operands().map(|(_, it)| it).collect();
    if global {
        let local = operands.iter().any(|it| it.is_none_or(|it| it.starts_with(['.', '/'])));
        return if local { Reads::Sources } else { Reads::Manifests(Manifests::default()) };
    }
    let project = command.manager.project.as_ref().filter(|it| {
        command.subcommand.is_empty() || it.install.iter().any(|it| it.matches(&[command.subcommand.as_str()]))
    });
    let moved = ["--prefix", "-C", "--cwd", "--dir", "-w", "--workspace", "--filter", "-F"]
        .iter()
        .any(|it| command.has_option(it));
    let Some(project) = project.filter(|_| operands.is_empty() && !moved) else { return Reads::Sources };
    let Some(files) = manifests_in(project, folder, view) else { return Reads::Sources };
    let clean = matches!(command.subcommand.as_str(), "ci" | "clean-install" | "install-clean");
    if clean && files.len() < 2 {
        return Reads::Sources;
    }
    let Some(manifest) = view.context.read(&files[0]).and_then(|it| serde_json::from_str::<Value>(&it).ok()) else {
        return Reads::Sources;
    };
    let base = parent(&files[0]);
    let mut manifests = Manifests { files, ..Manifests::default() };
    manifests.outputs.push(join(&base, "node_modules"));
    let scripts_run = !command.has_option("--ignore-scripts");
    examine(&manifest, "package.json", scripts_run, &mut manifests);
    if view.context.kind(&join(&base, ".yarn/cache")).is_some() {
        manifests.obstacles.push("The packages lie in `.yarn/cache`, beside the sources.".to_owned());
    }
    match members(&manifest, &base, view) {
        None => manifests.obstacles.push("The members of the workspace cannot be told.".to_owned()),
        Some(members) => {
            for member in members {
                let path = join(&member, "package.json");
                let Some(text) = view.context.read(&path) else { continue };
                let Ok(value) = serde_json::from_str::<Value>(&text) else { continue };
                examine(&value, &path, scripts_run, &mut manifests);
                manifests.outputs.push(join(&member, "node_modules"));
                manifests.files.push(path);
            }
        }
    }
    // A folder that a script reads comes along; where it is missing, so is what the script does with it.
    for need in std::mem::take(&mut manifests.needs) {
        if view.context.kind(&need) == Some(Kind::Folder) {
            manifests.files.push(need);
        } else {
            manifests.obstacles.push(format!("A script reads `{need}`, which is not there."));
        }
    }
    let frozen = clean
        || ["--frozen-lockfile", "--immutable"].iter().any(|it| command.has_option(it))
        || (command.manager.name == "pnpm" && !command.has_option("--no-frozen-lockfile"));
    if !frozen && !lock_is_settled(command, &manifest, &manifests, view) {
        manifests.doubts.push(format!(
            "`{}` may write a lock file other than the one of the sources, which are copied over it.",
            command.title()
        ));
    }
    Reads::Manifests(manifests)
}

/// What in a manifest needs the sources while packages are installed.
fn examine(manifest: &Value, path: &str, scripts_run: bool, manifests: &mut Manifests) {
    const LIFECYCLE: [&str; 7] =
        ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];
    let folder = parent(path);
    for script in LIFECYCLE {
        let Some(text) = manifest["scripts"][script].as_str().filter(|_| scripts_run) else { continue };
        match script_reads(text) {
            Some(ScriptReads::Nothing) => {}
            Some(ScriptReads::Git) => manifests.doubts.push(format!(
                "The script `{script}` of `{path}` writes to `.git`, which is not there yet when it runs first."
            )),
            Some(ScriptReads::Folder(name)) => manifests.needs.push(join(&folder, name)),
            None => {
                manifests.obstacles.push(format!("`{path}` has a script `{script}`, which may read the sources."));
            }
        }
    }
    for kind in ["dependencies", "devDependencies", "optionalDependencies"] {
        let local = |it: &Value| {
            it.as_str().is_some_and(|it| {
                ["file:", "link:", "portal:", "./", "../", "patch:"].iter().any(|prefix| it.starts_with(prefix))
            })
        };
        let dependencies = manifest[kind].as_object();
        for (name, _) in dependencies.into_iter().flatten().filter(|(_, version)| local(version)) {
            manifests.obstacles.push(format!("`{path}` takes `{name}` from a local folder."));
        }
    }
    if manifest.get("patchedDependencies").is_some() || manifest["pnpm"].get("patchedDependencies").is_some() {
        manifests.obstacles.push(format!("`{path}` patches dependencies."));
    }
}

/// What a lifecycle script reads of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScriptReads {
    Nothing,
    /// The repository, to install hooks.
    Git,
    /// A folder beside the manifest.
    Folder(&'static str),
}

/// What a well-known lifecycle script reads; `None` if that cannot be told.
fn script_reads(text: &str) -> Option<ScriptReads> {
    let text = text.trim().trim_end_matches("|| true").trim_end_matches("|| exit 0").trim();
    match text {
        "ngcc" | "npx only-allow pnpm" | "npx only-allow npm" | "npx only-allow yarn" | "only-allow pnpm" => {
            Some(ScriptReads::Nothing)
        }
        "husky"
        | "husky install"
        | "is-ci || husky install"
        | "is-ci || husky"
        | "lefthook install"
        | "simple-git-hooks" => Some(ScriptReads::Git),
        "patch-package" => Some(ScriptReads::Folder("patches")),
        "prisma generate" | "npx prisma generate" => Some(ScriptReads::Folder("prisma")),
        _ => None,
    }
}

/// The folders of the members of a workspace; empty without one, `None` if a pattern is not understood.
fn members(manifest: &Value, base: &str, view: &View<'_>) -> Option<Vec<String>> {
    let own = manifest["workspaces"].as_array().or_else(|| manifest["workspaces"]["packages"].as_array());
    let mut patterns: Vec<String> = own.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect();
    if let Some(text) = view.context.read(&join(base, "pnpm-workspace.yaml")) {
        patterns.extend(pnpm_packages(&text));
    }
    let mut folders = Vec::new();
    for pattern in &patterns {
        let pattern = pattern.trim_end_matches('/');
        if pattern.starts_with('!') || pattern.contains("**") {
            return None;
        }
        match pattern.split_once('*') {
            None => folders.push(join(base, pattern)),
            Some((folder, "")) if folder.ends_with('/') || folder.is_empty() => {
                let folder = join(base, folder);
                let names = view.context.list(&folder);
                folders.extend(
                    names.iter().map(|it| join(&folder, it)).filter(|it| view.context.kind(it) == Some(Kind::Folder)),
                );
            }
            Some(_) => return None,
        }
    }
    folders.sort();
    folders.dedup();
    Some(folders)
}

/// The entries of `packages:` in `pnpm-workspace.yaml`.
fn pnpm_packages(text: &str) -> Vec<String> {
    let mut lines = text.lines().skip_while(|it| !it.starts_with("packages:")).skip(1);
    let mut patterns = Vec::new();
    for line in lines.by_ref() {
        match line.trim().strip_prefix("- ") {
            Some(entry) => patterns.push(entry.trim().trim_matches(['"', '\'']).to_owned()),
            None if line.trim().is_empty() || line.trim_start().starts_with('#') => {}
            None => break,
        }
    }
    patterns
}

/// Whether the lock file already holds what the manifest asks for, so that an install leaves it as it is.
fn lock_is_settled(command: &PackageCommand, manifest: &Value, manifests: &Manifests, view: &View<'_>) -> bool {
    let lock = manifests.files.get(1).filter(|it| it.contains("lock"));
    let text = lock.and_then(|it| view.context.read(it));
    text.is_some_and(|it| compare(&command.manager.name, manifest, &it) == Some(true))
}

/// Whether the lock file holds what the manifest asks for; `None` if that cannot be told.
pub(super) fn lock_agrees(command: &PackageCommand, folder: &str, view: &View<'_>) -> Option<bool> {
    let project = command.manager.project.as_ref()?;
    let files = manifests_in(project, folder, view)?;
    let manifest = serde_json::from_str(&view.context.read(&files[0])?).ok()?;
    compare(&command.manager.name, &manifest, &view.context.read(files.get(1)?)?)
}

fn compare(manager: &str, manifest: &Value, lock: &str) -> Option<bool> {
    let kinds = ["dependencies", "devDependencies", "optionalDependencies"];
    if manager == "npm" {
        let Lock { packages: Project(root) } = serde_json::from_str(lock).ok()?;
        let empty = |it: &Value| it.as_object().is_none_or(serde_json::Map::is_empty);
        let same = |kind: &str| root[kind] == manifest[kind] || (empty(&root[kind]) && empty(&manifest[kind]));
        return root.is_object().then(|| kinds.iter().all(|it| same(it)));
    }
    let mut wanted = kinds.iter().flat_map(|kind| manifest[*kind].as_object().into_iter().flatten());
    Some(wanted.all(|(name, version)| {
        let version = version.as_str().unwrap_or_default();
        let holds = |text: String| memchr::memmem::find(lock.as_bytes(), text.as_bytes()).is_some();
        holds(format!("{name}@{version}")) || holds(format!("{name}@npm:{version}"))
    }))
}

/// A lock file of npm, of which only the entry of the project itself is kept: the others are nearly all of it.
#[derive(Deserialize)]
struct Lock {
    packages: Project,
}

/// The entry whose name is empty.
struct Project(Value);

impl<'de> Deserialize<'de> for Project {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Project;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("packages by their folders")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Project, A::Error> {
                let mut project = Value::Null;
                while let Some(folder) = entries.next_key::<Cow<'de, str>>()? {
                    if folder.is_empty() {
                        project = entries.next_value()?;
                    } else {
                        entries.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Project(project))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// Which Yarn a project uses; `None` if nothing tells.
pub fn yarn_flavor(folder: &str, view: &View<'_>) -> Option<Flavor> {
    let lock = view.read(&join(folder, "yarn.lock"))?;
    Some(if lock.contains("__metadata:") { Flavor::Berry } else { Flavor::Classic })
}

/// How Yarn 2 and later make packages known to programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linker {
    /// In folders of their own.
    Folders,
    /// In Yarn's cache: the one of the user, or the one of the project.
    PlugAndPlay {
        /// Whether it is the user's.
        global: bool,
    },
}

/// How a project of Yarn 2 or later finds its packages; `None` for Yarn 1, and if nothing tells.
pub fn yarn_linker(folder: &str, view: &View<'_>) -> Option<Linker> {
    let lock = view.read(&join(folder, "yarn.lock"))?;
    let (_, metadata) = lock.split_once("__metadata:")?;
    let format: u32 = metadata.lines().find_map(|it| it.trim().strip_prefix("version:"))?.trim().parse().ok()?;
    let settings = view.read(&join(folder, ".yarnrc.yml"));
    let setting = |key: &str| {
        let mut lines = settings.as_deref().unwrap_or_default().lines();
        lines.find_map(|it| it.strip_prefix(key)?.trim_start().strip_prefix(':').map(|it| it.trim().to_owned()))
    };
    if setting("nodeLinker").is_some_and(|it| !it.trim_matches(['"', '\'']).eq("pnp")) {
        return Some(Linker::Folders);
    }
    // Yarn 4 writes lock files of format 8, and was the first to share its cache between projects.
    let global = setting("enableGlobalCache").map_or(format >= 8, |it| it == "true");
    Some(Linker::PlugAndPlay { global })
}
