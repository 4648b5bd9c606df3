//! sbt: the build definition, which is Scala itself.

use super::{Manifests, Reads, Restricted, View};
use crate::{
    knowledge::MANIFESTS,
    model::{PackageCommand, Run},
    project::{Kind, join},
    shell::Word,
};

/// `sbt update`, and what resolves dependencies before it builds.
pub(super) fn sbt(command: &PackageCommand, run: &Run, folder: &str, view: &View<'_>) -> Reads {
    let resolves = command.subcommand == "update";
    let plain = |it: &str| it.starts_with("-D") || it.starts_with("-J") || matches!(it, "-v" | "-batch" | "--batch");
    if command.options().any(|(_, it)| !plain(it)) || command.texts.iter().any(Option::is_none) {
        return Reads::Sources;
    }
    let Some(base) = view.in_context(folder) else { return Reads::Sources };
    let mut files = Vec::new();
    for (place, endings) in
        [("", &["sbt"][..]), ("project", &["sbt", "scala", "properties"]), ("project/project", &["sbt"])]
    {
        let place = if place.is_empty() { base.clone() } else { join(&base, place) };
        files.extend(with_endings(&place, endings, view));
    }
    let texts: Vec<_> = files.iter().filter_map(|it| Some((it.clone(), view.context.read(it)?))).collect();
    if !texts.iter().any(|(path, _)| path.rsplit_once('.').is_some_and(|(_, it)| it == "sbt")) {
        return Reads::Sources;
    }
    let mut manifests = Manifests { files, ..Manifests::default() };
    for (path, text) in &texts {
        if MANIFESTS.sbt.reads_more.iter().any(|it| text.contains(it.as_str())) {
            manifests.obstacles.push(format!("`{path}` reads files or runs programs."));
        }
        // The folders of other projects may have definitions of their own.
        for part in text.split("file(\"").skip(1) {
            let Some(name) = part.split('"').next() else { continue };
            let place = join(&base, name);
            match view.context.kind(&place) {
                Some(Kind::Folder) if place != base => {
                    let more = with_endings(&place, &["sbt"], view);
                    manifests.files.extend(more.into_iter().filter(|it| !texts.iter().any(|(path, _)| path == it)));
                }
                Some(Kind::File) => manifests.obstacles.push(format!("`{path}` reads `{place}`.")),
                Some(Kind::Folder) | None => {}
            }
        }
    }
    manifests.files.dedup();
    if !resolves {
        let raw = &run.invocations()[command.invocation].words;
        let options: Option<Vec<String>> = raw.iter().map(Word::literal).collect();
        let options = options.filter(|it| it.iter().skip(1).all(|it| !it.contains(['$', '"', '\''])));
        let Some(words) = options else { return Reads::Sources };
        let head = words.iter().enumerate().filter(|(at, it)| *at == 0 || plain(it)).map(|(_, it)| it.as_str());
        manifests.restricted = Some(Restricted::Instead(format!("{} update", head.collect::<Vec<_>>().join(" "))));
        manifests.doubts.push(
            "`sbt update` resolves the dependencies of all projects of the build, and not the compiler's own parts."
                .to_owned(),
        );
    }
    Reads::Manifests(manifests)
}

/// The files of a folder of the context with one of these endings, if they are copied.
fn with_endings(folder: &str, endings: &[&str], view: &View<'_>) -> Vec<String> {
    let wanted = |name: &String| name.rsplit_once('.').is_some_and(|(_, it)| endings.contains(&it));
    let files = view.context.list(folder).into_iter().filter(wanted).map(|it| join(folder, &it));
    files.filter(|it| view.context.kind(it) == Some(Kind::File) && view.brings(it)).collect()
}
