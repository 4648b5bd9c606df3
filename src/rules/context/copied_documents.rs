//! Documents whose changes build an image anew: see `rules/context/copied-documents.md`.

use std::collections::BTreeMap;

use super::{
    copied_dockerfile::woken,
    mentions::{self, Search},
    sharing::{self, Line, Shared, first_line, list},
};
use crate::{
    context::Need,
    edit::Safety,
    finding::{Finding, Fix, Label},
    gitignore::GitIgnore,
    knowledge::{Action, CONTENTS},
    project::join,
    rule::{Check, FileCx, ProjectCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("context" / "copied-documents", Check::Project(check));

/// With fewer commits there are no habits.
const LEAST_COMMITS: usize = 20;
/// One commit in so many has to build for nothing.
const SELDOM: usize = 10;

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for shared in sharing::of_broad_copies(cx) {
        let wakes = |(file, need): (&FileCx<'_>, &Need)| woken(file, need, |it| it == Action::Build);
        let first = shared.certain_whole().find_map(|(file, need)| Some((file, need, wakes((file, need))?)));
        let Some((file, need, (command, place))) = first else { continue };
        let is_plain = |it: &String| !it.contains(['*', '?', '[', '\\', '!', '#']);
        let is_document = |it: &String| CONTENTS.is_document(it) && shared.lets_pass(it) && !shared.is_wanted(it);
        let mut documents: Vec<String> =
            shared.list(".").into_iter().filter(|it| is_document(it) && is_plain(it)).collect();
        if documents.is_empty() {
            continue;
        }
        let commits = shared.history();
        let told = |documents: &[String]| {
            let habits = Habits::of(&commits, documents, shared);
            (commits.len() >= LEAST_COMMITS && habits.needless * SELDOM >= commits.len()).then_some(habits)
        };
        if told(&documents).is_none() {
            continue;
        }
        let all = documents.clone();
        documents.retain(|it| !is_spoken_of(shared, file, it, &all));
        let Some(habits) = told(&documents) else { continue };
        let lines: Vec<Line> = habits.names.iter().map(|it| line(it)).collect();
        let lines = shared.harmless(&lines);
        let names: Vec<String> = lines.iter().map(|it| format!("`{}`", it.text)).collect();
        if lines.len() < habits.names.len() {
            continue;
        }
        let message = format!(
            "`{}` takes in {}: {} of the last {} commits change nothing else of it, and run `{command}` again",
            first_line(file, need),
            list(&names),
            habits.needless,
            commits.len(),
        );
        let mut finding = Finding::new(RULE.name, file.at(need.span), message);
        finding.related.push(Label { location: file.at(place), text: "runs again".to_owned() });
        let what = "Nothing in the project speaks of these files; without them the copy stays in the cache.";
        finding.note = Some(format!("{what} The fix is unsafe: they are no longer in the image."));
        finding.fix = shared.add(&lines).map(|change| Fix { title: shared.title(), safety: Safety::Unsafe, change });
        out.push(finding);
    }
}

fn line(name: &str) -> Line {
    Line { group: "read by people, not by the build".to_owned(), text: name.to_owned() }
}

/// Whether something in the project reads a document, or may do so.
fn is_spoken_of(shared: &Shared<'_>, file: &FileCx<'_>, document: &str, documents: &[String]) -> bool {
    let root = shared.project.root_of(&file.source.path);
    let git = GitIgnore::new(shared.files(), root.clone());
    let places: Vec<String> = documents.iter().map(|it| join(&shared.folder, it)).collect();
    let passed_over: Vec<&str> = places.iter().map(String::as_str).collect();
    let names = [document.to_owned()];
    let search = Search { names: &names, folders: &[], passed_over: &passed_over };
    mentions::search(shared.files(), &git, &root, search) != mentions::Found::Nothing
}

/// What commits change of a context that is copied whole.
struct Habits {
    /// How many change documents and nothing else.
    needless: usize,
    /// The documents that they change, the most often changed first.
    names: Vec<String>,
}

impl Habits {
    fn of(commits: &[Vec<String>], documents: &[String], shared: &Shared<'_>) -> Self {
        let mut needless = 0;
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for commit in commits {
            let top = |path: &str| path.split('/').next().unwrap_or(path).to_owned();
            let mut changed: Vec<String> = commit.iter().filter(|it| shared.lets_pass(it)).map(|it| top(it)).collect();
            changed.sort();
            changed.dedup();
            if changed.is_empty() || !changed.iter().all(|it| documents.contains(it)) {
                continue;
            }
            needless += 1;
            for document in documents.iter().filter(|it| changed.contains(it)) {
                *times.entry(document).or_default() += 1;
            }
        }
        let mut names: Vec<(&str, usize)> = times.into_iter().collect();
        names.sort_by_key(|(name, times)| (std::cmp::Reverse(*times), *name));
        Self { needless, names: names.into_iter().map(|it| it.0.to_owned()).collect() }
    }
}
