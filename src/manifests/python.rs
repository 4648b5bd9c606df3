//! Python: requirements files, Poetry, uv.

use std::borrow::Cow;

use super::{Manifests, Reads, Restricted, View, manifests_in};
use crate::{
    model::{PackageCommand, State, Value, absolute},
    project::{join, parent},
    source::lines,
};

/// The options that name a requirements or constraints file.
const FILES: [&str; 6] = ["-r", "--requirement", "--requirements", "-c", "--constraint", "--constraints"];

/// `pip install`, `uv pip install`: requirements and constraints files, followed into each other.
pub(super) fn requirements(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let is_local = |it: &str| {
        it == "."
            || it.starts_with("./")
            || it.starts_with("../")
            || it.starts_with('/')
            || it.starts_with(".[")
            || it.starts_with("file:")
    };
    let sync = command.subcommand == "pip sync" || command.manager.name == "pip-tools";
    let operands: Vec<Option<&str>> = command.operands().map(|(_, it)| it).collect();
    if operands.iter().any(|it| it.is_none_or(|it| (is_local(it) || it.contains(".whl")) && !sync)) {
        return Reads::Sources;
    }
    let editable = ["-e", "--editable"].iter().any(|it| !command.values(it).is_empty());
    let links = ["-f", "--find-links"]
        .iter()
        .flat_map(|it| command.values(it))
        .any(|it| it.is_none_or(|it| !it.contains("://")));
    if editable || links {
        return Reads::Sources;
    }
    let named = FILES.iter().flat_map(|it| command.values(it));
    let named = named.chain(operands.iter().copied().filter(|_| sync));
    let mut manifests = Manifests::default();
    for file in named {
        let Some(path) = file.and_then(|it| absolute(Some(folder), it)) else { return Reads::Sources };
        let Some(path) = view.in_context(&path) else { return Reads::Sources };
        if follow(&path, view, &mut manifests).is_none() {
            return Reads::Sources;
        }
    }
    Reads::Manifests(manifests)
}

/// Adds a requirements file and those it names; `None` if one is missing or asks for something local.
fn follow(path: &str, view: &View<'_>, manifests: &mut Manifests) -> Option<()> {
    if manifests.files.iter().any(|it| it == path) {
        return Some(());
    }
    let text = view.context.read(path)?;
    manifests.files.push(path.to_owned());
    for line in lines(&joined(&text)) {
        let is_plain = memchr::memchr(b'#', line.as_bytes()).is_none();
        let line = if is_plain { line } else { line.split(" #").next().unwrap_or_default() }.trim();
        let option = |names: &[&str]| {
            names.iter().find_map(|name| {
                let rest = line.strip_prefix(name)?;
                let rest = rest.strip_prefix('=').or_else(|| rest.strip_prefix(char::is_whitespace));
                rest.map(str::trim)
            })
        };
        if let Some(nested) = option(&["-r", "--requirement", "-c", "--constraint"]) {
            follow(&join(&parent(path), nested), view, manifests)?;
        } else if option(&["-e", "--editable"]).is_some()
            || line.starts_with(['.', '/'])
            || line.contains("file:")
            || option(&["-f", "--find-links"]).is_some_and(|it| !it.contains("://"))
        {
            return None;
        }
    }
    Some(())
}

/// A text in which a backslash at the end of a line has joined it with the next.
fn joined(text: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'\\', &rest.as_bytes()[from..]).map(|it| from + it) {
        let behind = &rest[at + 1..];
        let next = behind.strip_prefix("\r\n").or_else(|| behind.strip_prefix('\n'));
        let Some(next) = next else {
            from = at + 1;
            continue;
        };
        out.push_str(&rest[..at]);
        out.push(' ');
        (rest, from) = (next, 0);
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// `poetry install`: the project itself is built from the sources, unless `--no-root` or the manifest says otherwise.
pub(super) fn poetry(command: &PackageCommand, folder: &str, state: &State, view: &View<'_>) -> Reads {
    // `poetry add NAME` changes the manifest and needs no sources, but then the sources bring the old one back.
    let Some(project) = command.project_install() else { return Reads::Sources };
    if command.operands().next().is_some() || command.has_option("-C") || command.has_option("--directory") {
        return Reads::Sources;
    }
    let Some(files) = manifests_in(project, folder, view) else { return Reads::Sources };
    let Some(text) = view.context.read(&files[0]) else { return Reads::Sources };
    let Ok(manifest) = toml::from_str::<toml::Table>(&text) else { return Reads::Sources };
    let poetry = manifest.get("tool").and_then(|it| it.get("poetry"));
    let package = poetry.and_then(|it| it.get("package-mode")).and_then(toml::Value::as_bool).unwrap_or(true);
    let folders = poetry.is_some_and(has_path_dependency);
    let mut manifests = Manifests { files, ..Manifests::default() };
    let mut add = Vec::new();
    if package && !command.has_option("--no-root") {
        add.push("--no-root".to_owned());
    }
    if folders && !command.has_option("--no-directory") {
        add.push("--no-directory".to_owned());
    }
    manifests.restricted = (!add.is_empty()).then_some(Restricted::Add(add));
    let in_project = state.variable("POETRY_VIRTUALENVS_IN_PROJECT");
    let base = parent(&manifests.files[0]);
    if matches!(&in_project, Value::Known(it) if matches!(it.as_str(), "1" | "true" | "True")) {
        manifests.outputs.push(join(&base, ".venv"));
    }
    Reads::Manifests(manifests)
}

/// `pipenv install`, `pipenv sync`: the project itself is no package.
pub(super) fn pipenv(command: &PackageCommand, folder: &str, state: &State, view: &View<'_>) -> Reads {
    let Some(project) = command.project_install() else { return Reads::Sources };
    if command.operands().next().is_some() || command.has_option("-r") || command.has_option("-e") {
        return Reads::Sources;
    }
    let Some(files) = manifests_in(project, folder, view) else { return Reads::Sources };
    let manifest = view.context.read(&files[0]).and_then(|it| toml::from_str::<toml::Table>(&it).ok());
    let Some(manifest) = manifest else { return Reads::Sources };
    let mut manifests = Manifests { files, ..Manifests::default() };
    let local = |it: &toml::Value| it.get("path").or_else(|| it.get("file")).is_some();
    let tables = ["packages", "dev-packages"].iter().filter_map(|it| manifest.get(*it)?.as_table());
    if tables.flat_map(toml::Table::values).any(local) {
        manifests.obstacles.push(format!("`{}` depends on a local folder.", manifests.files[0]));
    }
    // Seen in builds with pipenv 2024.4.1, even with `sync` and `--deploy`.
    manifests.doubts.push(format!(
        "`{}` may write its lock file anew, and the one of the sources is copied over it.",
        command.title()
    ));
    if !matches!(state.variable("PIPENV_VENV_IN_PROJECT"), Value::Unset) {
        let base = parent(&manifests.files[0]);
        manifests.outputs.push(join(&base, ".venv"));
    }
    Reads::Manifests(manifests)
}

/// `pdm install`, `pdm sync`: the project itself is built from the sources.
pub(super) fn pdm(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let Some(project) = command.project_install() else { return Reads::Sources };
    if command.operands().next().is_some() || command.has_option("-p") || command.has_option("--project") {
        return Reads::Sources;
    }
    let Some(files) = manifests_in(project, folder, view) else { return Reads::Sources };
    let Some(text) = view.context.read(&files[0]) else { return Reads::Sources };
    let mut manifests = Manifests { files, ..Manifests::default() };
    if text.contains("file:") || text.contains("path =") || text.contains("path=") {
        manifests.obstacles.push(format!("`{}` may depend on a local folder.", manifests.files[0]));
    }
    let frozen = command.subcommand == "sync"
        || ["--frozen-lockfile", "--no-lock", "--check"].iter().any(|it| command.has_option(it));
    if !frozen {
        manifests.doubts.push(format!(
            "`{}` may write a lock file other than the one of the sources, which are copied over it.",
            command.title()
        ));
    }
    let manifest: Option<toml::Table> = toml::from_str(&text).ok();
    let settings = manifest.as_ref().and_then(|it| it.get("tool")?.get("pdm"));
    let is_installed = settings.and_then(|it| it.get("distribution")?.as_bool()).unwrap_or(true);
    if is_installed && !command.has_option("--no-self") && !command.has_option("--no-project") {
        manifests.restricted = Some(Restricted::Add(vec!["--no-self".to_owned()]));
    }
    let base = parent(&manifests.files[0]);
    manifests.outputs.push(join(&base, ".venv"));
    Reads::Manifests(manifests)
}

/// Whether a table of Poetry's names a dependency by a path.
fn has_path_dependency(value: &toml::Value) -> bool {
    match value {
        toml::Value::Table(table) => {
            table.get("path").is_some_and(toml::Value::is_str) || table.values().any(has_path_dependency)
        }
        toml::Value::Array(values) => values.iter().any(has_path_dependency),
        _ => false,
    }
}

/// What a Python project's manifest says of the project itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its folder in the context.
    pub folder: String,
    /// Whether installing it makes commands.
    pub has_scripts: bool,
    /// The folders that it depends on, and those that these depend on: in the context, and in the image.
    pub path_dependencies: Vec<(String, String)>,
    /// Where its packages are imported from, in the image.
    pub import_root: String,
}

/// The project in a folder of the image; `None` where its manifest cannot be read.
pub fn project(folder: &str, view: &View<'_>) -> Option<Project> {
    let path = view.in_context(&join(folder, "pyproject.toml"))?;
    let own = parent(&path);
    let manifest: toml::Table = toml::from_str(&view.context.read(&path)?).ok()?;
    let poetry = manifest.get("tool").and_then(|it| it.get("poetry"));
    let is_full = |it: Option<&toml::Value>| it.and_then(toml::Value::as_table).is_some_and(|it| !it.is_empty());
    let project = manifest.get("project");
    let scripts = [poetry.and_then(|it| it.get("scripts")), poetry.and_then(|it| it.get("plugins"))];
    let scripts = scripts
        .into_iter()
        .chain(["scripts", "gui-scripts", "entry-points"].map(|key| project.and_then(|it| it.get(key))));
    let has_scripts = scripts.into_iter().any(is_full);
    let mut dependencies = Vec::new();
    collect(&manifest, &own, folder, view, &mut dependencies)?;
    let packages = poetry.and_then(|it| it.get("packages")).and_then(toml::Value::as_array);
    let from = packages.and_then(|it| it.first()).and_then(|it| it.get("from")).and_then(toml::Value::as_str);
    let is_src = packages.is_none() && view.context.kind(&join(&own, "src")).is_some();
    let import_root = match from {
        Some(from) => join(folder, from),
        None if is_src => join(folder, "src"),
        None => folder.to_owned(),
    };
    Some(Project { folder: own, has_scripts, path_dependencies: dependencies, import_root })
}

/// Adds the folders that a manifest depends on, and theirs.
fn collect(
    manifest: &toml::Table,
    folder: &str,
    place: &str,
    view: &View<'_>,
    to: &mut Vec<(String, String)>,
) -> Option<()> {
    let mut paths = Vec::new();
    for part in ["poetry", "uv", "pdm"] {
        if let Some(table) = manifest.get("tool").and_then(|it| it.get(part)) {
            paths_of(table, &mut paths);
        }
    }
    for path in paths {
        let (found, there) = (join(folder, path), join(place, path));
        if to.iter().any(|(it, _)| *it == found) {
            continue;
        }
        if found.starts_with("..") || found.starts_with('/') {
            return None;
        }
        to.push((found.clone(), there.clone()));
        if let Some(text) = view.context.read(&join(&found, "pyproject.toml")) {
            collect(&toml::from_str(&text).ok()?, &found, &there, view, to)?;
        }
    }
    Some(())
}

/// The paths of dependencies in a table.
fn paths_of<'a>(value: &'a toml::Value, to: &mut Vec<&'a str>) {
    match value {
        toml::Value::Table(table) => {
            to.extend(table.get("path").and_then(toml::Value::as_str));
            table.values().for_each(|it| paths_of(it, to));
        }
        toml::Value::Array(values) => values.iter().for_each(|it| paths_of(it, to)),
        _ => {}
    }
}

/// `uv sync`: the project and the members of its workspace are built from the sources.
pub(super) fn uv(command: &PackageCommand, folder: &str, state: &State, view: &View<'_>) -> Reads {
    if command.subcommand == "tool install" {
        let local = command.operands().any(|(_, it)| it.is_none_or(|it| it.starts_with(['.', '/'])));
        return if local { Reads::Sources } else { Reads::Manifests(Manifests::default()) };
    }
    let Some(project) = command.project_install() else { return Reads::Sources };
    let Some(files) = manifests_in(project, folder, view) else { return Reads::Sources };
    let Some(text) = view.context.read(&files[0]) else { return Reads::Sources };
    let Ok(manifest) = toml::from_str::<toml::Table>(&text) else { return Reads::Sources };
    let uv = manifest.get("tool").and_then(|it| it.get("uv"));
    let mut manifests = Manifests { files, ..Manifests::default() };
    let mut add = Vec::new();
    let workspace = uv.and_then(|it| it.get("workspace"));
    if let Some(workspace) = workspace {
        if let Some(members) = members(workspace, &parent(&manifests.files[0]), view) {
            manifests.files.extend(members);
        } else {
            let root = &manifests.files[0];
            manifests.obstacles.push(format!("The members of the workspace of `{root}` cannot be told."));
        }
    }
    if uv.and_then(|it| it.get("sources")).is_some_and(has_path_dependency) {
        manifests.obstacles.push(format!("`{}` depends on a local folder.", manifests.files[0]));
    }
    // Without a build system there is nothing to build but the dependencies.
    let package = uv.and_then(|it| it.get("package")).and_then(toml::Value::as_bool);
    if package.unwrap_or_else(|| manifest.contains_key("build-system")) && !command.has_option("--no-install-project") {
        add.push("--no-install-project".to_owned());
    }
    if workspace.is_some() && !command.has_option("--no-install-workspace") {
        add = vec!["--no-install-workspace".to_owned()];
    }
    let dynamic = manifest.get("project").and_then(|it| it.get("dynamic")).and_then(toml::Value::as_array);
    let says =
        |it: &toml::Value| matches!(it.as_str(), Some("dependencies" | "optional-dependencies" | "requires-python"));
    if let Some(dynamic) = dynamic.filter(|it| !it.is_empty() && !command.has_option("--frozen")) {
        // Since a lock file need not have the version of the project itself, it is not asked for.
        let asks = || !manifests.files.iter().filter_map(|it| view.context.read(it)).any(|it| lacks_own_version(&it));
        if dynamic.iter().any(says) {
            manifests.doubts.push(
                "The project says only when it is built what it needs, and uv may build it to check the lock file."
                    .to_owned(),
            );
        } else if asks() {
            manifests.doubts.push(
                "The project says only when it is built which version it has, and uv may build it to check the lock file."
                    .to_owned(),
            );
        }
    }
    manifests.restricted = (!add.is_empty()).then_some(Restricted::Add(add));
    if matches!(state.variable("UV_PROJECT_ENVIRONMENT"), Value::Unset | Value::Unknown) {
        let base = parent(&manifests.files[0]);
        manifests.outputs.push(join(&base, ".venv"));
    }
    Reads::Manifests(manifests)
}

/// Whether a text is a lock file of uv in which a project that is built from its folder has no version.
fn lacks_own_version(text: &str) -> bool {
    text.split("[[package]]").any(|it| {
        let own = ["source = { editable = ", "source = { virtual = "].iter().any(|source| it.contains(source));
        own && !it.lines().any(|it| it.starts_with("version = "))
    })
}

/// The manifests of the members of uv's workspace; `None` if they cannot be told.
fn members(workspace: &toml::Value, base: &str, view: &View<'_>) -> Option<Vec<String>> {
    let strings = |key: &str| -> Option<Vec<String>> {
        let Some(values) = workspace.get(key) else { return Some(Vec::new()) };
        values.as_array()?.iter().map(|it| it.as_str().map(str::to_owned)).collect()
    };
    let excluded = strings("exclude")?;
    let mut files = Vec::new();
    for pattern in strings("members")? {
        let folders = match pattern.split_once('*') {
            None => vec![join(base, &pattern)],
            Some((folder, "")) if folder.is_empty() || folder.ends_with('/') => {
                let folder = join(base, folder);
                view.context.list(&folder).iter().map(|it| join(&folder, it)).collect()
            }
            Some(_) => return None,
        };
        if !excluded.is_empty() {
            return None;
        }
        let manifests = folders.iter().map(|it| join(it, "pyproject.toml"));
        files.extend(manifests.filter(|it| view.context.read(it).is_some()));
    }
    Some(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined() {
        for (text, whole) in [
            ("a\\\n  b\n", "a   b\n"),
            ("a \\\r\nb\\c\n", "a  b\\c\n"),
            ("\\\\\nx\\", "\\ x\\"),
            ("a\\b\n", "a\\b\n"),
            ("\\\n", " "),
            ("", ""),
        ] {
            assert_eq!(joined(text), whole);
            assert_eq!(joined(text), text.replace("\\\r\n", " ").replace("\\\n", " "));
        }
    }
}
