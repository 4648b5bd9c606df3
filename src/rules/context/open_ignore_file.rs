//! An ignore file that lists what stays behind, and not what is sent: see `rules/context/open-ignore-file.md`.

use std::collections::BTreeSet;

use super::{
    ballast,
    sharing::{self, Shared},
};
use crate::{
    context::{Context, Need, Status, Tree, WalkOptions},
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    ignorefile::IgnoreFile,
    project::{EntryKind, join},
    rule::{Check, ProjectCx, Rule},
    source::{Location, Span},
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
    // What Docker and CI read themselves may stay behind, and so may what no build needs, such as `.git`.
    let mut apart = ballast::own_files(shared);
    let found = ballast::found(shared).map(|it| it.lines(shared));
    apart.extend(found.into_iter().flatten().filter(|it| !it.text.contains(['/', '*'])));
    let mut lines: BTreeSet<String> = BTreeSet::new();
    let needs: Vec<&Need> = shared.builds.iter().flat_map(|it| &it.needs.all).collect();
    if needs.iter().any(|it| it.is_whole()) {
        let apart: BTreeSet<String> = shared.harmless(&apart).into_iter().map(|it| it.text).collect();
        let sums = before.sums(|_, node| !node.excluded);
        let kept = before.children(0).filter(|(at, _)| sums[*at as usize].files > 0);
        lines.extend(kept.map(|(_, node)| node.name.to_string()).filter(|it| !apart.contains(it)));
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
    let old = without_dead_lines(shared.text(), &shared.ignore, &lines)?;
    let text = if old.is_empty() { head } else { format!("{head}\n{old}") };
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
        old.difference(&new).all(|it| apart.iter().any(|line| is_at(it, &line.text))) && new.is_subset(&old)
    });
    if !is_same {
        return None;
    }
    match shared.file {
        Some(file) => Change::of(file, [Edit::replace(Span::new(0, shared.text().len()), text)]),
        None => Some(Change { creates: [(join(".", &shared.path), text)].into(), ..Change::default() }),
    }
}

/// The lines that were there, less those that keep back what is not listed any more. `None` if comments would be left
/// with nothing to speak of.
fn without_dead_lines(text: &str, ignore: &IgnoreFile, listed: &BTreeSet<String>) -> Option<String> {
    /// The words above a group of lines, and what became of the lines.
    #[derive(Default)]
    struct Group {
        has_comment: bool,
        gone: bool,
        kept: bool,
    }
    let mut out = String::new();
    let mut group = Group::default();
    for (at, line) in text.lines().enumerate() {
        let pattern = ignore.patterns().iter().find(|it| it.line == at + 1);
        let is_comment = line.starts_with('#');
        if line.trim().is_empty() || is_comment && (group.gone || group.kept) {
            if group.has_comment && group.gone && !group.kept {
                return None;
            }
            group = Group::default();
        }
        group.has_comment |= is_comment;
        if pattern.is_some_and(|it| !it.negated && !meets(&it.text, listed)) {
            group.gone = true;
            continue;
        }
        group.kept |= pattern.is_some();
        // Where lines went, one gap is enough.
        if !line.trim().is_empty() || !(out.is_empty() || out.ends_with("\n\n")) {
            out.push_str(line);
            out.push('\n');
        }
    }
    let is_whole = !(group.has_comment && group.gone && !group.kept);
    is_whole.then(|| out.trim_end_matches('\n').to_owned()).map(|it| if it.is_empty() { it } else { it + "\n" })
}

/// Whether a pattern can match something in what is listed: it says the same of the first parts of a path.
fn meets(pattern: &str, listed: &BTreeSet<String>) -> bool {
    let is_glob = |part: &str| part.contains(['*', '?', '[', '\\']);
    listed.iter().any(|path| {
        let mut pairs = pattern.split('/').zip(path.split('/'));
        let decided = pairs.find_map(|(own, part)| match own {
            "**" => Some(true),
            _ if is_glob(part) => Some(true),
            _ if is_glob(own) => (!IgnoreFile::of_patterns([own]).is_ignored(part)).then_some(false),
            _ => (own != part).then_some(false),
        });
        decided.unwrap_or(true)
    })
}

fn is_at(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|it| it.is_empty() || it.starts_with('/'))
}
