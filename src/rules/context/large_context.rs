//! A context that takes long to send: see `rules/context/large-context.md`.

use super::sharing::{self, first_line};
use crate::{
    context::{Size, Tree, bytes},
    finding::Finding,
    project::EntryKind,
    rule::{Check, ProjectCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("context" / "large-context", Check::Project(check));

/// The limit where the settings name none.
const LIMIT: u64 = 100_000_000;

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    let limit = cx.project.settings.context_limit.unwrap_or(LIMIT);
    for shared in sharing::of_broad_copies(cx) {
        let Some((file, need)) = shared.first_whole() else { continue };
        let Some(tree) = shared.tree() else { continue };
        let sums = tree.sums(|_, node| !node.excluded);
        let Size { bytes: sum, .. } = sums[0];
        // Modules that lie in the repository are what the build is to use.
        let vendored = tree.find("vendor/modules.txt").and_then(|_| tree.find("vendor"));
        let needed = vendored.map_or(0, |it| sums[it as usize].bytes);
        if sum - needed <= limit {
            continue;
        }
        let least = if tree.cut { "at least " } else { "" };
        let copy = first_line(file, need);
        let message = format!("`{copy}` sends {least}{}", bytes(sum));
        let mut finding = Finding::new(RULE.name, file.at(need.span), message);
        let biggest: Vec<String> = biggest(&tree, &sums).iter().map(|it| share(&tree, &sums, *it)).collect();
        let count = shared.builds.iter().map(|it| &it.cx.source.path).collect::<std::collections::BTreeSet<_>>().len();
        let builds =
            if count > 1 { format!(" {count} Dockerfiles are built with this context.") } else { String::new() };
        finding.note = Some(format!(
            "The most of it is {}.{builds} `dockopt context` shows what needs it, and `context-limit` in dockopt.toml says \
             how much is too much.",
            sentence(&biggest)
        ));
        out.push(finding);
    }
}

/// The three entries that weigh most. Where nearly all of a folder is in one entry of it, that one is named.
fn biggest(tree: &Tree, sums: &[Size]) -> Vec<u32> {
    const MOST: usize = 3;
    let weight = |at: u32| sums[at as usize].bytes;
    let heaviest = |at: u32| tree.children(at).map(|it| it.0).max_by_key(|it| weight(*it));
    let is_nearly_all = |part: u32, whole: u32| weight(part) * 5 > weight(whole) * 4;
    let mut found: Vec<u32> = Vec::new();
    let mut open: Vec<u32> = tree.children(0).map(|it| it.0).collect();
    while found.len() < MOST {
        let Some(next) = (0..open.len()).max_by_key(|it| (weight(open[*it]), std::cmp::Reverse(*it))) else { break };
        let mut at = open.swap_remove(next);
        // What weighs hardly anything is none of the biggest.
        if weight(at) * 50 < weight(0) {
            break;
        }
        while let Some(part) = heaviest(at).filter(|part| is_nearly_all(*part, at)) {
            at = part;
        }
        // A folder such as `services`, in which the weight is spread, is less telling than what is in it.
        let is_spread = weight(at) * 2 > weight(0)
            && tree.nodes[at as usize].kind == EntryKind::Folder
            && heaviest(at).is_some_and(|part| weight(part) * 4 > weight(at));
        if is_spread {
            open.extend(tree.children(at).map(|it| it.0));
        } else {
            found.push(at);
        }
    }
    found
}

fn share(tree: &Tree, sums: &[Size], at: u32) -> String {
    let weight = sums[at as usize].bytes;
    format!("`{}` ({}, {} %)", tree.path(at), bytes(weight), weight * 100 / sums[0].bytes.max(1))
}

fn sentence(words: &[String]) -> String {
    match words {
        [] => "spread over many files".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
