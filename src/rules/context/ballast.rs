//! What no build of a context needs: the classes of `rules/knowledge/context.toml`, and what has to hold for each.

use super::sharing::{Line, Shared};
use crate::{
    knowledge::{Action, CONTENTS, Class},
    model::Stage,
    project::{join, parent},
    rule::FileCx,
    shell::Word,
};

/// Whether the files of a class are ballast for all builds that copy the whole context.
pub(super) fn is_ballast(class: &Class, shared: &Shared<'_>) -> bool {
    if class.history && shared.whole().any(|(file, _)| asks_for_history(shared, file)) {
        return false;
    }
    class.installed.is_empty() || shared.whole().all(|(file, _)| installs_itself(class, file))
}

/// Whether a Dockerfile runs a program that makes the files of a class, or has nothing to do with these programs.
fn installs_itself(class: &Class, file: &FileCx<'_>) -> bool {
    let mut packages = file.model.stages.iter().flat_map(Stage::runs).flat_map(|(_, run)| run.packages());
    packages.any(|it| it.action == Action::Install && class.installed.contains(&it.manager.name))
        || !class.installed.iter().any(|it| file.source.text.contains(it.as_str()))
}

/// The line that keeps a name of a class back.
pub(super) fn line(class: &Class, text: &str) -> Line {
    Line { group: class.group.clone(), text: text.to_owned() }
}

/// Commands of git that need no repository.
const WITHOUT: &[&str] = &["clone", "config", "lfs", "init", "ls-remote", "--version", "version", "help"];

/// Whether a build may ask git for something: a command, a script that it runs, a tool that makes versions from tags.
fn asks_for_history(shared: &Shared<'_>, file: &FileCx<'_>) -> bool {
    let tells = |text: &str| CONTENTS.history.iter().any(|it| text.contains(it.as_str()));
    let runs = || file.model.stages.iter().flat_map(Stage::runs);
    let words: Vec<&str> = CONTENTS.history.iter().map(String::as_str).collect();
    let in_runs = runs().any(|(_, run)| {
        run.mentions(&words)
            || run.invocations().iter().any(|it| {
                it.program == "git"
                    && it.words.get(1).and_then(Word::literal).is_none_or(|it| !WITHOUT.contains(&it.as_str()))
            })
    });
    let read = |path: &str| shared.files().read(&join(&shared.folder, path));
    let folder = if shared.folder == "." { String::new() } else { format!("{}/", shared.folder) };
    let own = file.source.path.strip_prefix(&folder).map_or_else(|| ".".to_owned(), parent);
    let in_manifests = [".", own.as_str()].iter().any(|folder| {
        let names = shared.list(folder);
        let names = names.iter().filter(|it| CONTENTS.manifests.contains(it) || it.ends_with(".gemspec"));
        names.filter_map(|it| read(&join(folder, it))).any(|it| tells(&it))
    });
    let in_scripts = || {
        runs().flat_map(|(_, run)| run.invocations()).flat_map(|it| &it.words).filter_map(Word::literal).any(|word| {
            let name = word.trim_start_matches("./");
            let places = [name.to_owned(), join(&own, name), name.rsplit('/').next().unwrap_or(name).to_owned()];
            name.strip_suffix(".sh").is_some()
                && places.iter().filter_map(|it| read(it)).any(|it| tells(&it) || it.contains("git "))
        })
    };
    in_runs || in_manifests || in_scripts()
}

/// What Docker reads itself and the image does not need: whenever it changes, all after the copy is built anew.
pub(super) fn own_files(shared: &Shared<'_>) -> Vec<Line> {
    const GROUP: &str = "read by Docker and CI, not by the build";
    let root = if shared.folder == "." { String::new() } else { format!("{}/", shared.folder) };
    let listed = shared.list(".");
    let mut paths: Vec<String> = listed.iter().filter(|it| CONTENTS.own.contains(it)).cloned().collect();
    paths.extend(shared.whole().filter_map(|(file, _)| Some(file.source.path.strip_prefix(&root)?.to_owned())));
    if shared.file.is_none() {
        paths.extend(shared.path.strip_prefix(&root).map(str::to_owned));
    }
    paths.sort();
    paths.dedup();
    paths.retain(|it| shared.lets_pass(it) && !shared.is_wanted(it) && !it.contains(['*', '?', '[', '\\', '!', '#']));
    paths.into_iter().map(|text| Line { group: GROUP.to_owned(), text }).collect()
}
