//! What no build of a context needs: the classes of `rules/knowledge/context.toml`, and what has to hold for each.

use super::sharing::{Line, Shared};
use crate::{
    context::{Size, Tree, bytes},
    knowledge::{Action, CONTENTS, Class},
    model::{PackageCommand, Stage},
    project::{EntryKind, Kind, file_name, join, parent},
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
    // What is installed for all users of the machine is no part of the project.
    let is_global = |it: &PackageCommand| {
        it.has_option("-g") || it.has_option("--global") || it.subcommand.split(' ').any(|it| it == "global")
    };
    packages.any(|it| it.action == Action::Install && class.installed.contains(&it.manager.name) && !is_global(it))
        || !class.installed.iter().any(|it| file.source.text.contains(it.as_str()))
}

/// The line that keeps a name of a class back.
pub(super) fn line(class: &Class, text: &str) -> Line {
    Line { group: class.group.clone(), text: text.to_owned() }
}

/// Whether a context holds something that no build of it needs.
pub(super) fn is_there(shared: &Shared<'_>) -> bool {
    found(shared).is_some_and(|it| !it.named(&it.lines(shared)).is_empty())
}

/// Names of classes that are in a context and not kept back.
pub(super) struct Found(Vec<(&'static Class, &'static str, &'static str, Places)>);

/// Where a name is.
struct Places {
    first: String,
    count: usize,
    bytes: u64,
}

pub(super) fn found(shared: &Shared<'_>) -> Option<Found> {
    let tree = shared.tree()?;
    let mut sums: Option<Vec<Size>> = None;
    let mut all: Vec<(&Class, &str, &str, Places)> = Vec::new();
    let classes = || CONTENTS.class.iter().flat_map(|class| class.names.iter().map(move |it| (class, it)));
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        for (at, node) in tree.children(at) {
            let is_top = node.parent == 0;
            let class = classes().find(|(_, (name, line))| **name == *node.name && (is_top || line.starts_with("**/")));
            let Some((class, (name, line))) = class.filter(|_| !node.excluded) else {
                if node.kind == EntryKind::Folder {
                    open.push(at);
                }
                continue;
            };
            if shared.is_wanted(name) || !is_it(shared, &tree, at) {
                continue;
            }
            let sums = sums.get_or_insert_with(|| tree.sums(|_, node| !node.excluded));
            let weight = sums[at as usize].bytes;
            match all.iter_mut().find(|it| it.1 == name) {
                Some((_, _, _, places)) => {
                    places.count += 1;
                    places.bytes += weight;
                }
                None => all.push((class, name, line, Places { first: tree.path(at), count: 1, bytes: weight })),
            }
        }
    }
    let place = |name: &str| classes().position(|(_, (it, _))| it == name);
    all.sort_by_key(|it| place(it.1));
    (!all.is_empty()).then_some(Found(all))
}

/// Whether what has the name is what the name says.
fn is_it(shared: &Shared<'_>, tree: &Tree, at: u32) -> bool {
    match &*tree.nodes[at as usize].name {
        // Anything may be called so.
        "venv" => {
            let config = join(&shared.folder, &join(&tree.path(at), "pyvenv.cfg"));
            shared.files().kind(&config) == Some(Kind::File)
        }
        _ => true,
    }
}

impl Found {
    /// The lines that keep them back, as far as no build needs them.
    pub(super) fn lines(&self, shared: &Shared<'_>) -> Vec<Line> {
        let mut known: Vec<(&str, bool)> = Vec::new();
        let mut counts = |class: &'static Class| {
            let found = known.iter().find(|it| it.0 == class.group).map(|it| it.1);
            found.unwrap_or_else(|| {
                known.push((&class.group, is_ballast(class, shared)));
                known[known.len() - 1].1
            })
        };
        let all = self.0.iter().filter(|it| counts(it.0)).map(|(class, _, text, _)| line(class, text));
        shared.harmless(&all.collect::<Vec<_>>())
    }

    /// Those that lines keep back and that are worth a finding, in words.
    pub(super) fn named(&self, lines: &[Line]) -> Vec<String> {
        let is_kept = |line: &str| lines.iter().any(|it| it.text == line);
        let named = self.0.iter().filter(|(class, _, line, _)| class.heavy && is_kept(line));
        let words = named.map(|(_, name, _, places)| {
            let place = if places.count == 1 {
                format!("`{}`", places.first)
            } else {
                format!("`{name}` in {} places", places.count)
            };
            if places.bytes < WORTH_TELLING { place } else { format!("{place} ({})", bytes(places.bytes)) }
        });
        words.collect()
    }
}

/// Fewer bytes than these cost no time.
const WORTH_TELLING: u64 = 1_000_000;

/// What the manifests let expect in a context that has no ignore file yet, and the lines against it; `None` where
/// nothing is expected, and where it is there already.
pub(super) fn expected(shared: &Shared<'_>) -> Option<(Vec<String>, Vec<Line>)> {
    /// A file for what may come lists what comes most often.
    const MOST_OF_A_CLASS: usize = 4;
    if shared.file.is_some() || shared.files().kind(&shared.path).is_some() {
        return None;
    }
    let root = if shared.folder == "." { String::new() } else { format!("{}/", shared.folder) };
    let mut folders = vec![".".to_owned()];
    folders.extend(shared.builds.iter().filter_map(|it| it.cx.source.path.strip_prefix(&root)).map(parent));
    folders.sort();
    folders.dedup();
    let mut names = Vec::new();
    let mut lines = Vec::new();
    for class in CONTENTS.class.iter().filter(|it| !it.expected.is_empty()) {
        let has_one = |folder: &&String| class.expected.iter().any(|it| shared.list(folder).binary_search(it).is_ok());
        let Some(folder) = folders.iter().find(has_one) else { continue };
        if !is_ballast(class, shared) {
            continue;
        }
        let (name, _) = &class.names[0];
        names.push(format!("`{}`", join(folder, name)));
        let most = class.names.iter().filter(|(name, _)| !shared.is_wanted(name)).take(MOST_OF_A_CLASS);
        lines.extend(most.map(|(_, text)| line(class, text)));
    }
    (!names.is_empty() && !is_there(shared)).then_some((names, lines))
}

/// Commands of git that need no repository.
const WITHOUT: &[&str] = &["clone", "config", "lfs", "init", "ls-remote", "--version", "version", "help"];

/// Endings of programs that are scripts, and how they call git, besides what is told of all files.
const SCRIPTS: &[&str] = &["py", "js", "mjs", "cjs", "ts", "rb", "pl", "php"];
const CALLS: &[&str] = &["'git'", "\"git\""];

/// Whether a build may ask git for something: a command, a script that it runs, a tool that makes versions from tags.
fn asks_for_history(shared: &Shared<'_>, file: &FileCx<'_>) -> bool {
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
        names.iter().filter(|it| is_manifest(it)).filter_map(|it| read(&join(folder, it))).any(|it| tells(&it))
    });
    let in_scripts = || {
        runs().flat_map(|(_, run)| run.invocations()).flat_map(|it| &it.words).filter_map(Word::literal).any(|word| {
            let name = word.trim_start_matches("./");
            let places = [name.to_owned(), join(&own, name), file_name(name).to_owned()];
            let ending = file_name(name).rsplit_once('.').map_or("", |it| it.1);
            let is_shell = ending == "sh";
            let asks = |text: &str| {
                let calls = || CALLS.iter().any(|it| text.contains(it));
                tells(text) || if is_shell { text.contains("git ") } else { calls() }
            };
            (is_shell || SCRIPTS.contains(&ending)) && places.iter().filter_map(|it| read(it)).any(|it| asks(&it))
        })
    };
    in_runs || in_manifests || in_scripts() || in_members(shared)
}

/// Whether a text speaks of the history.
fn tells(text: &str) -> bool {
    CONTENTS.history.iter().any(|it| text.contains(it.as_str()))
}

fn is_manifest(name: &str) -> bool {
    CONTENTS.manifests.iter().any(|it| it == name) || name.ends_with(".gemspec")
}

/// Whether a manifest anywhere in a context, as that of a member of a workspace, speaks of the history. Where there are
/// too many, nobody knows. All builds of the context ask the same.
fn in_members(shared: &Shared<'_>) -> bool {
    const MOST: usize = 1_000;
    let about = format!("manifests about the history in {} by {}", shared.folder, shared.path);
    *shared.project.once(&about, || {
        let Some(tree) = shared.tree() else { return false };
        let nodes = tree.nodes.iter().enumerate();
        let sent = nodes.filter(|(_, node)| !node.excluded && node.kind == EntryKind::File);
        let paths = sent.filter(|(_, node)| is_manifest(&node.name)).map(|(at, _)| tree.path(at as u32));
        let paths: Vec<String> =
            paths.filter(|it| !it.split('/').any(|it| matches!(it, "node_modules" | "vendor"))).collect();
        let read = |path: &String| shared.files().read(&join(&shared.folder, path));
        paths.len() > MOST || paths.iter().filter_map(read).any(|it| tells(&it))
    })
}

/// What makes it unsure that the images stay the same with some lines.
pub(super) fn doubt(shared: &Shared<'_>, lines: &[Line]) -> Option<String> {
    let history = CONTENTS.class.iter().filter(|it| it.history).flat_map(|it| &it.names);
    let keeps_back = history.into_iter().any(|(_, text)| lines.iter().any(|it| it.text == *text));
    let title = keeps_back.then(|| shared.whole().find_map(|(file, _)| stamping(file)))??;
    Some(format!("`{title}` writes the revision into the program where the history and git are there"))
}

/// The command that writes the revision of the repository into what it builds, if git is there to ask.
fn stamping(file: &FileCx<'_>) -> Option<String> {
    file.model.stages.iter().find_map(|stage| {
        let commands = || stage.runs().flat_map(|(_, run)| run.packages());
        let installs_git = commands().any(|it| it.operands().any(|(_, word)| word == Some("git")));
        let tag = stage.bottom.as_ref().and_then(|it| it.tag.as_deref()).unwrap_or_default();
        if tag.contains("alpine") && !installs_git {
            return None;
        }
        let stamps = |it: &&PackageCommand| {
            let row = CONTENTS.stamping.iter().find(|(name, _)| *name == it.manager.name);
            row.is_some_and(|(_, unless)| !file.source.text.contains(unless.as_str()))
                && matches!(it.action, Action::Build | Action::Install)
        };
        commands().find(stamps).map(PackageCommand::title)
    })
}

/// What Docker reads itself and the image does not need: whenever it changes, all after the copy is built anew.
pub(super) fn own_files(shared: &Shared<'_>) -> Vec<Line> {
    /// A longer list is not worth reading.
    const MOST_DOCKERFILES: usize = 20;
    const GROUP: &str = "read by Docker and CI, not by the build";
    let root = if shared.folder == "." { String::new() } else { format!("{}/", shared.folder) };
    let listed = shared.list(".");
    let mut paths: Vec<String> = listed.iter().filter(|it| CONTENTS.own.contains(it)).cloned().collect();
    // Where it is only guessed that a Dockerfile is built with this context, it may be a part of what is copied.
    let built_here = shared.whole().filter(|(file, _)| file.contexts().len() == 1);
    let mut dockerfiles: Vec<&str> =
        built_here.filter_map(|(file, _)| shared.project.path_of(file.unit.file).strip_prefix(&root)).collect();
    dockerfiles.dedup();
    if dockerfiles.len() <= MOST_DOCKERFILES {
        paths.extend(dockerfiles.into_iter().map(str::to_owned));
    }
    if shared.file.is_none() {
        paths.extend(shared.path.strip_prefix(&root).map(str::to_owned));
    }
    paths.sort();
    paths.dedup();
    paths.retain(|it| shared.lets_pass(it) && !shared.is_wanted(it) && !it.contains(['*', '?', '[', '\\', '!', '#']));
    paths.into_iter().map(|text| Line { group: GROUP.to_owned(), text }).collect()
}
