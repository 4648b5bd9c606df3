//! Ruby, PHP, Elixir, R, Perl, Dart, Swift, conda: one set of files each, and what in them asks for more.

use serde_json::Value as Json;

use super::{Manifests, Reads, Restricted, View, manifests_in};
use crate::{
    model::{PackageCommand, State, Value},
    project::{Kind, join, parent},
};

/// The manifests of the command's project, and the text of the first.
fn open(command: &PackageCommand, folder: &str, view: &View<'_>) -> Option<(Manifests, std::sync::Arc<str>)> {
    let files = manifests_in(command.manager.project.as_ref()?, folder, view)?;
    let text = view.context.read(&files[0])?;
    Some((Manifests { files, ..Manifests::default() }, text))
}

/// The lines of a text without their comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|it| it.split('#').next().unwrap_or_default().trim()).filter(|it| !it.is_empty())
}

/// `bundle install`.
pub(super) fn bundler(command: &PackageCommand, folder: &str, state: &State, view: &View<'_>) -> Reads {
    if !matches!(command.subcommand.as_str(), "" | "install") || command.operands().next().is_some() {
        return Reads::Sources;
    }
    let Some((mut manifests, text)) = open(command, folder, view) else { return Reads::Sources };
    // A Gemfile is a program.
    let reads_more =
        ["gemspec", "eval_gemfile", "File.", "Dir.", "require_relative", "instance_eval", "load ", "IO.", "__dir__"];
    if code(&text)
        .any(|line| reads_more.iter().any(|it| line.contains(it)) || line.contains("path:") || line.contains(":path"))
    {
        return Reads::Sources;
    }
    let base = parent(&manifests.files[0]);
    let is_set =
        |name: &str| matches!(state.variable(name), Value::Known(it) if !matches!(it.as_str(), "" | "0" | "false"));
    let deploys = command.has_option("--deployment") || is_set("BUNDLE_DEPLOYMENT");
    let frozen = deploys || command.has_option("--frozen") || is_set("BUNDLE_FROZEN");
    if deploys || command.has_option("--path") {
        manifests.outputs.push(join(&base, "vendor"));
    }
    if !frozen {
        manifests.doubts.push(
            "`bundle install` may add the platform to a lock file that lacks it, and the sources, which are copied over it, bring the old one back."
                .to_owned(),
        );
    }
    Reads::Manifests(manifests)
}

/// `composer install`: the classes of the project are part of the autoloader.
pub(super) fn composer(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let moved = ["-d", "--working-dir"].iter().any(|it| command.has_option(it));
    if command.project_install().is_none() || command.operands().next().is_some() || moved {
        return Reads::Sources;
    }
    let Some((mut manifests, text)) = open(command, folder, view) else { return Reads::Sources };
    let Ok(manifest) = serde_json::from_str::<Json>(&text) else { return Reads::Sources };
    let path = manifests.files[0].clone();
    let base = parent(&path);
    if !manifests.files.iter().any(|it| it.ends_with("composer.lock")) {
        manifests.doubts.push("There is no lock file, so the second install may bring other versions.".to_owned());
    }
    let repositories = manifest["repositories"].as_object().map(|it| it.values().collect::<Vec<_>>());
    let repositories = repositories.or_else(|| manifest["repositories"].as_array().map(|it| it.iter().collect()));
    if repositories.into_iter().flatten().any(|it| matches!(it["type"].as_str(), Some("path" | "artifact"))) {
        manifests.obstacles.push(format!("`{path}` takes packages from a local folder."));
    }
    let patches = manifest["extra"]
        .as_object()
        .is_some_and(|it| it.keys().any(|it| it.contains("patches") || it.contains("merge-plugin")));
    if patches {
        manifests.obstacles.push(format!("`{path}` patches packages, or takes in other manifests."));
    }
    let plugins = manifest["config"]["allow-plugins"].as_object().is_some_and(|it| !it.is_empty());
    if plugins && !command.has_option("--no-plugins") {
        manifests.doubts.push(format!("`{path}` allows plugins, which may read or write files of the project."));
    }
    let vendor = manifest["config"]["vendor-dir"].as_str().unwrap_or("vendor");
    manifests.outputs.push(join(&base, vendor));
    let add: Vec<String> = ["--no-scripts", "--no-autoloader"]
        .into_iter()
        .filter(|it| !command.has_option(it))
        .map(str::to_owned)
        .collect();
    manifests.restricted = (!add.is_empty()).then_some(Restricted::Add(add));
    Reads::Manifests(manifests)
}

/// `mix deps.get`.
pub(super) fn mix(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    if command.project_install().is_none() || command.operands().next().is_some() {
        return Reads::Sources;
    }
    let Some((mut manifests, text)) = open(command, folder, view) else { return Reads::Sources };
    let reads_more = ["File.", "Code.", "System.cmd", "apps_path", "path:", "in_umbrella"];
    if code(&text).any(|line| reads_more.iter().any(|it| line.contains(it)) && !line.contains("elixirc_paths")) {
        return Reads::Sources;
    }
    let base = parent(&manifests.files[0]);
    let config = join(&base, "config");
    for name in view.context.list(&config) {
        let file = join(&config, &name);
        let script = name.rsplit_once('.').is_some_and(|(_, it)| it == "exs");
        if script && view.context.kind(&file) == Some(Kind::File) && !manifests.files.contains(&file) {
            manifests.files.push(file);
        }
    }
    manifests.outputs.extend([join(&base, "deps"), join(&base, "_build")]);
    if !command.has_option("--check-locked") {
        manifests.doubts.push(
            "`mix deps.get` may write a lock file other than the one of the sources, which are copied over it."
                .to_owned(),
        );
    }
    Reads::Manifests(manifests)
}

/// `dart pub get`, `flutter pub get`.
pub(super) fn dart(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    if command.subcommand != "pub get" || command.operands().next().is_some() || command.has_option("-C") {
        return Reads::Sources;
    }
    let Some((mut manifests, text)) = open(command, folder, view) else { return Reads::Sources };
    if code(&text).any(|it| it.starts_with("path:") || it.starts_with("workspace:") || it.contains("{path:")) {
        return Reads::Sources;
    }
    let base = parent(&manifests.files[0]);
    manifests.outputs.push(join(&base, ".dart_tool"));
    if !command.has_option("--enforce-lockfile") {
        manifests.doubts.push(
            "`pub get` may write a lock file other than the one of the sources, which are copied over it.".to_owned(),
        );
    }
    Reads::Manifests(manifests)
}

/// `swift package resolve`, and `swift build`, which resolves first.
pub(super) fn swift(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let resolves = command.subcommand == "package resolve";
    if !resolves && command.subcommand != "build"
        || command.operands().next().is_some()
        || command.has_option("--package-path")
    {
        return Reads::Sources;
    }
    let Some((mut manifests, text)) = open(command, folder, view) else { return Reads::Sources };
    if text.contains("path:") && text.contains(".package(path") || text.contains("FileManager") {
        return Reads::Sources;
    }
    let base = parent(&manifests.files[0]);
    manifests.outputs.push(join(&base, ".build"));
    manifests.restricted = (!resolves).then(|| Restricted::Instead("swift package resolve".to_owned()));
    Reads::Manifests(manifests)
}

/// `renv::restore()`.
pub(super) fn renv(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let Some((mut manifests, _)) = open(command, folder, view) else { return Reads::Sources };
    let profile = manifests.files.iter().find(|it| it.ends_with(".Rprofile")).and_then(|it| view.context.read(it));
    let activates = |line: &str| line.replace('\'', "\"") == "source(\"renv/activate.R\")";
    if !profile.is_some_and(|it| code(&it).all(activates)) {
        return Reads::Sources;
    }
    let base = parent(&manifests.files[0]);
    manifests.outputs.push(join(&base, "renv"));
    Reads::Manifests(manifests)
}

/// `cpanm --installdeps .`
pub(super) fn cpanm(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let operands: Vec<Option<&str>> = command.operands().map(|(_, it)| it).collect();
    if !command.has_option("--installdeps") {
        let local = operands.iter().any(|it| it.is_none_or(|it| it.starts_with(['.', '/'])));
        return if local || operands.is_empty() { Reads::Sources } else { Reads::Manifests(Manifests::default()) };
    }
    let Some((manifests, text)) = open(command, folder, view) else { return Reads::Sources };
    let base = parent(&manifests.files[0]);
    let builds = ["Makefile.PL", "Build.PL", "META.json", "META.yml"]
        .iter()
        .any(|it| view.context.kind(&join(&base, it)).is_some());
    if operands != [Some(".")] || builds || text.contains("open") || text.contains("do ") {
        return Reads::Sources;
    }
    Reads::Manifests(manifests)
}

/// `conda install`, `conda env create -f environment.yml`.
pub(super) fn conda(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let files: Vec<Option<&str>> = ["-f", "--file"].iter().flat_map(|it| command.values(it)).collect();
    let mut manifests = Manifests::default();
    if files.is_empty() {
        // Without packages by name an environment file in the folder is meant.
        let local = command.operands().any(|(_, it)| it.is_none_or(|it| it.starts_with(['.', '/'])));
        let named = command.operands().next().is_some() && !command.subcommand.starts_with("env");
        return if named && !local { Reads::Manifests(manifests) } else { Reads::Sources };
    }
    for file in files {
        let Some(path) = file.map(|it| join(folder, it)).and_then(|it| view.in_context(&it)) else {
            return Reads::Sources;
        };
        let Some(text) = view.context.read(&path) else { return Reads::Sources };
        let local = |it: &str| {
            let it = it.trim_start_matches("- ").trim_matches(['"', '\'']);
            it.starts_with("-e")
                || it.starts_with("-r")
                || it.starts_with("-c ")
                || it.starts_with('.')
                || it.contains("file:")
        };
        if code(&text).any(local) {
            return Reads::Sources;
        }
        manifests.files.push(path);
    }
    Reads::Manifests(manifests)
}
