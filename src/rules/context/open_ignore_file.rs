//! An ignore file that lists what stays behind, and not what is sent: see `rules/context/open-ignore-file.md`.

use std::collections::BTreeSet;

use super::sharing::{self, Shared};
use crate::{
    context::{Context, Need, Status, Tree, WalkOptions},
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    ignorefile::IgnoreFile,
    project::{EntryKind, join},
    rule::{Check, ProjectCx, Rule},
    source::Location,
};

pub(super) static RULE: Rule = crate::rule!("context" / "open-ignore-file", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for shared in sharing::all(cx, |_| true) {
        let is_closed =
            |it: &IgnoreFile| it.patterns().iter().any(|it| matches!(it.text.as_str(), "*" | "**" | "**/*"));
        if !shared.is_all_certain() || is_closed(&shared.ignore) {
            continue;
        }
        let Some((file, need)) = shared.builds.iter().find_map(|it| Some((it.cx, it.needs.all.first()?))) else {
            continue;
        };
        let location = match (shared.file, shared.ignore.patterns().first()) {
            (Some(file), Some(first)) => Location { file, span: first.span },
            _ => file.at(need.span),
        };
        let message = if shared.file.is_some() {
            format!("{} lists what stays behind, and not what is sent", shared.path)
        } else {
            "no ignore file lists what is sent".to_owned()
        };
        let mut finding = Finding::new(RULE.name, location, message);
        let mut note =
            "A file that begins with `*` and brings back what builds need keeps back whatever else comes to lie \
                        in the context."
                .to_owned();
        let is_whole = shared.whole().next().is_some();
        if is_whole {
            note.push_str(
                " The fix is unsafe: everything is copied, and what is added to the project later has to be listed, too.",
            );
        }
        finding.note = Some(note);
        let safety = if is_whole { Safety::Unsafe } else { Safety::Safe };
        finding.fix =
            closed(shared).map(|change| Fix { title: "List what is sent instead".to_owned(), safety, change });
        out.push(finding);
    }
}

/// The ignore file that lists what is sent; the lines that are there stay below. `None` if some build would get other
/// files than before, or if the list is too long to be kept.
fn closed(shared: &Shared<'_>) -> Option<Change> {
    const MOST_LINES: usize = 40;
    let context = Context::open(shared.project, &shared.folder, None);
    let walk = |ignore: &IgnoreFile| {
        const MOST: usize = 20_000;
        let options = WalkOptions { limit: Some(MOST), ..WalkOptions::default() };
        Tree::of(shared.files(), &shared.folder, ignore, &options).filter(|it| !it.cut)
    };
    let before = walk(&shared.ignore)?;
    let mut lines: BTreeSet<String> = BTreeSet::new();
    let needs: Vec<&Need> = shared.builds.iter().flat_map(|it| &it.needs.all).collect();
    if needs.iter().any(|it| it.is_whole()) {
        let own: BTreeSet<String> =
            shared.harmless(&super::ballast::own_files(shared)).into_iter().map(|it| it.text).collect();
        let sums = before.sums(|_, node| !node.excluded);
        let kept = before.children(0).filter(|(at, _)| sums[*at as usize].files > 0);
        lines.extend(kept.map(|(_, node)| node.name.to_string()).filter(|it| !own.contains(it)));
    }
    lines.extend(needs.iter().flat_map(|it| &it.sources).filter(|it| *it != ".").cloned());
    // A folder stands for what is in it.
    let all = lines.clone();
    lines.retain(|it| !it.match_indices('/').any(|(at, _)| all.contains(&it[..at])));
    let is_plain = |it: &String| !it.starts_with(['!', '#']) && it.trim() == it && !it.contains(['\n', '\u{fffd}']);
    if lines.is_empty() || lines.len() > MOST_LINES || !lines.iter().all(is_plain) {
        return None;
    }
    let list: Vec<String> = lines.iter().map(|it| format!("!{it}")).collect();
    let head = format!("# nothing is sent but this\n*\n{}\n", list.join("\n"));
    let old = shared.text();
    let text = if old.is_empty() { head.clone() } else { format!("{head}\n{old}") };
    let ignore = IgnoreFile::parse(&text);
    let after = walk(&ignore)?;
    let is_same = shared.builds.iter().all(|build| {
        let of = |tree: &Tree| {
            let sent = context.sent(tree, &build.needs);
            let nodes = tree.nodes.iter().enumerate();
            let files = nodes.filter(|(at, node)| {
                let is_needed = !sent.needed_by(*at as u32).is_empty();
                node.kind != EntryKind::Folder && is_needed && sent.status[*at] == Status::Sent
            });
            files.map(|(at, _)| tree.path(at as u32)).collect::<BTreeSet<_>>()
        };
        let (old, new) = (of(&before), of(&after));
        // What Docker and CI read themselves may stay behind.
        old.difference(&new).all(|it| super::ballast::own_files(shared).iter().any(|own| is_at(it, &own.text)))
            && new.is_subset(&old)
    });
    if !is_same {
        return None;
    }
    match shared.file {
        Some(file) => Change::of(file, [Edit::insert(0, format!("{head}\n"))]),
        None => Some(Change { creates: [(join(".", &shared.path), text)].into(), ..Change::default() }),
    }
}

fn is_at(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|it| it.is_empty() || it.starts_with('/'))
}
