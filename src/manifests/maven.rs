//! Maven: the `pom.xml` of a project of one module.

use super::{Manifests, Reads, Restricted, View};
use crate::{
    model::{PackageCommand, Run},
    project::{Kind, join, parent},
};

/// `mvn dependency:go-offline`, and what resolves dependencies before it builds.
pub(super) fn resolve(command: &PackageCommand, run: &Run, folder: &str, view: &View<'_>) -> Reads {
    let resolves = command.subcommand.contains(":go-offline") || command.subcommand.contains(":resolve");
    let phases = ["package", "install", "verify", "compile", "test", "deploy", "clean"];
    let mut goals = command.subcommand.split(' ').chain(command.operands().filter_map(|(_, it)| it));
    if !resolves && !goals.all(|it| phases.contains(&it)) {
        return Reads::Sources;
    }
    // Options that say nothing of what is resolved.
    let harmless = |it: &str| {
        matches!(
            it,
            "-B" | "-q" | "-e" | "-X" | "-V" | "-ntp" | "-U" | "--batch-mode" | "--quiet" | "--no-transfer-progress"
        ) || it.starts_with("-Dmaven.test.skip")
            || it.starts_with("-DskipTests")
            || it.starts_with("-DskipITs")
            || it.starts_with("-T")
    };
    if command.options().any(|(_, it)| !harmless(it)) || command.texts.iter().any(Option::is_none) {
        return Reads::Sources;
    }
    let Some(pom) = view.in_context(&join(folder, "pom.xml")) else { return Reads::Sources };
    let Some(text) = view.context.read(&pom) else { return Reads::Sources };
    let base = parent(&pom);
    let mut manifests = Manifests { files: vec![pom.clone()], ..Manifests::default() };
    let wrapper = command.program() == "mvnw";
    for name in [".mvn", "mvnw"] {
        let path = join(&base, name);
        let wanted = name == ".mvn" || wrapper;
        if wanted && view.context.kind(&path).is_some() && view.brings(&path) && has_files(&path, view) {
            manifests.files.push(path);
        }
    }
    let speaks_of = |it: &str| text.contains(it);
    if speaks_of("<modules>") || speaks_of("<module>") {
        manifests.obstacles.push(format!("`{pom}` has modules, which Maven resolves only once they are built."));
    }
    if speaks_of("<systemPath>") || speaks_of("file://") {
        manifests.obstacles.push(format!("`{pom}` takes a dependency from a local folder."));
    }
    let own_parent = text.split("<parent>").nth(1).and_then(|it| it.split("</parent>").next());
    let beside = |it: &str| {
        let above = view.context.kind(&join(&parent(&base), "pom.xml")).is_some() && base != ".";
        (above || it.contains("<relativePath>")) && !it.contains("<relativePath/>") && !it.contains("<relativePath />")
    };
    if own_parent.is_some_and(beside) {
        manifests.obstacles.push(format!("The parent of `{pom}` lies in another folder."));
    }
    manifests.outputs.push(join(&base, "target"));
    if !resolves {
        manifests.doubts.push(
            "`dependency:go-offline` resolves more than a build may need, and some plugins fetch more later on."
                .to_owned(),
        );
        manifests.outputs.clear();
        let words = &run.invocations()[command.invocation].words;
        let start = command.texts.iter().position(|it| it.as_deref() == command.subcommand.split(' ').next());
        let program: Option<Vec<String>> =
            words.iter().take(start.unwrap_or(1)).map(crate::shell::Word::literal).collect();
        let Some(program) = program else { return Reads::Sources };
        let program: Vec<&str> = program.iter().map(String::as_str).filter(|it| !it.starts_with("-D")).collect();
        manifests.restricted = Some(Restricted::Instead(format!("{} dependency:go-offline", program.join(" "))));
    }
    Reads::Manifests(manifests)
}

/// Whether a path is a file, or a folder with something in it.
fn has_files(path: &str, view: &View<'_>) -> bool {
    view.context.kind(path) == Some(Kind::File) || !view.context.list(path).is_empty()
}
