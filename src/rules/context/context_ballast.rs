//! What no build needs in a copy of the whole context: see `rules/context/context-ballast.md`.

use super::{
    ballast::{self, own_files},
    sharing::{self, Line, Shared, first_line, list},
};
use crate::{
    context::{Need, Size, Tree, bytes},
    edit::Safety,
    finding::{Finding, Fix},
    knowledge::{CONTENTS, Class},
    project::{EntryKind, Kind, join},
    rule::{Check, FileCx, ProjectCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("context" / "context-ballast", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for shared in sharing::of_broad_copies(cx) {
        let Some((file, need)) = shared.first_whole() else { continue };
        let Some(found) = found(&shared) else { continue };
        let common = found.lines(&shared);
        out.extend(finding(&shared, &found, &common, (file, need)));
        if shared.open.is_some() {
            continue;
        }
        // What another build needs of the context can still stay behind for this one.
        let mut seen: Vec<&str> = Vec::new();
        for (file, need) in shared.whole() {
            let path = file.source.path.as_str();
            if seen.contains(&path) {
                continue;
            }
            seen.push(path);
            let Some(alone) = shared.alone(file).filter(Shared::is_certain) else { continue };
            let lines = found.lines(&alone);
            if found.named(&lines).len() > found.named(&common).len() {
                out.extend(finding(&alone, &found, &lines, (file, need)));
            }
        }
    }
}

/// Names of classes that are in a context and not kept back.
struct Found(Vec<(&'static Class, &'static str, &'static str, Places)>);

/// Where a name is.
struct Places {
    first: String,
    count: usize,
    bytes: u64,
}

fn found(shared: &Shared<'_>) -> Option<Found> {
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
    fn lines(&self, shared: &Shared<'_>) -> Vec<Line> {
        let mut known: Vec<(&str, bool)> = Vec::new();
        let mut is_ballast = |class: &'static Class| {
            let found = known.iter().find(|it| it.0 == class.group).map(|it| it.1);
            found.unwrap_or_else(|| {
                known.push((&class.group, ballast::is_ballast(class, shared)));
                known[known.len() - 1].1
            })
        };
        let all = self.0.iter().filter(|it| is_ballast(it.0)).map(|(class, _, line, _)| ballast::line(class, line));
        shared.harmless(&all.collect::<Vec<_>>())
    }

    /// Those that lines keep back and that are worth a finding, in words.
    fn named(&self, lines: &[Line]) -> Vec<String> {
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

fn finding(shared: &Shared<'_>, found: &Found, lines: &[Line], (file, need): (&FileCx<'_>, &Need)) -> Option<Finding> {
    let named = found.named(lines);
    if named.is_empty() {
        return None;
    }
    let mut lines = lines.to_vec();
    lines.extend(shared.harmless(&own_files(shared)));
    let who = if shared.is_alone() { "this build does not need" } else { "no build needs" };
    let message = format!("`{}` takes in {}, which {who}", first_line(file, need), list(&named));
    let mut finding = Finding::new(RULE.name, file.at(need.span), message);
    let safety = if shared.open.is_none() { Safety::Safe } else { Safety::Unsafe };
    let mut note =
        "It is sent with every build, goes into the image, and each change in it builds anew what follows.".to_owned();
    if let Some(reason) = &shared.open {
        note = format!("{note} The fix is unsafe: {reason}.");
    }
    finding.note = Some(note);
    finding.fix = shared.add(&lines).map(|change| Fix { title: shared.title(), safety, change });
    Some(finding)
}
