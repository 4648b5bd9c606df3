//! Deno: its configuration, the lock file, and `package.json` beside them.

use serde_json::Value as Json;

use super::{Manifests, Reads, Restricted, View, manifests_in};
use crate::{
    model::PackageCommand,
    project::{Kind, join, parent},
};

/// `deno install`, and `deno cache`, which reads the sources.
pub(super) fn install(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let caches = command.subcommand == "cache";
    let plain = ["--frozen", "--frozen=true", "--allow-scripts", "-q", "--quiet", "--reload", "-r", "--prod"];
    let installs = matches!(command.subcommand.as_str(), "install" | "ci") && command.operands().next().is_none();
    if !(caches || installs) || command.options().any(|(_, it)| !plain.contains(&it)) {
        return Reads::Sources;
    }
    let Some(project) = &command.manager.project else { return Reads::Sources };
    let Some(files) = manifests_in(project, folder, view) else { return Reads::Sources };
    let base = parent(&files[0]);
    let parse = |path: &str| view.context.read(path).and_then(|it| serde_json::from_str::<Json>(&it).ok());
    let (Some(config), Some(lock)) = (parse(&files[0]), parse(&files[1])) else { return Reads::Sources };
    let mut manifests = Manifests { files, ..Manifests::default() };
    if let Some(map) = config["importMap"].as_str() {
        manifests.files.push(join(&base, map));
    }
    let members = config["workspace"].as_array().or_else(|| config["workspace"]["members"].as_array());
    for member in members.into_iter().flatten() {
        let Some(path) = member.as_str().filter(|it| !it.contains('*')) else {
            manifests.obstacles.push("The members of the workspace cannot be told.".to_owned());
            continue;
        };
        for name in ["deno.json", "deno.jsonc", "package.json"] {
            let file = join(&join(&base, path), name);
            if view.context.kind(&file) == Some(Kind::File) {
                manifests.files.push(file);
            }
        }
    }
    let local = |it: &Json| it.as_array().is_some_and(|it| !it.is_empty());
    if local(&config["links"]) || local(&config["patch"]) || config["vendor"].as_bool() == Some(true) {
        manifests.obstacles.push(format!("`{}` takes modules from local folders.", manifests.files[0]));
    }
    let packages: Vec<String> = manifests.files.iter().filter(|it| it.ends_with("package.json")).cloned().collect();
    for path in &packages {
        if view.context.read(path).is_some_and(|it| it.contains("\"file:") || it.contains("\"link:")) {
            manifests.obstacles.push(format!("`{path}` takes packages from local folders."));
        }
    }
    let kept = matches!(config["nodeModulesDir"].as_str(), Some("auto" | "manual"));
    if kept || !packages.is_empty() {
        manifests.outputs.push(join(&base, "node_modules"));
    }
    let frozen = command.options().any(|(_, it)| it.starts_with("--frozen")) || command.subcommand == "ci";
    if caches {
        // Before Deno 2 it only installed programs.
        let is_new = lock["version"].as_str().and_then(|it| it.parse::<u32>().ok()).is_some_and(|it| it >= 4);
        if !is_new {
            return Reads::Sources;
        }
        let word = if frozen { " --frozen" } else { "" };
        manifests.restricted = Some(Restricted::Instead(format!("deno install{word}")));
        manifests.doubts.push(
            "`deno install` fetches all that the configuration and the lock file name, and not only what the program loads."
                .to_owned(),
        );
    } else if !frozen {
        manifests.doubts.push(
            "`deno install` may write a lock file other than the one of the sources, which are copied over it."
                .to_owned(),
        );
    }
    Reads::Manifests(manifests)
}
