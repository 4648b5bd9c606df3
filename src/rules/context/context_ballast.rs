//! What no build needs in a copy of the whole context: see `rules/context/context-ballast.md`.

use super::{
    ballast::{self, own_files},
    sharing::{self, Line, Shared, first_line, list},
};
use crate::{
    context::Need,
    edit::Safety,
    finding::{Finding, Fix},
    rule::{Check, FileCx, ProjectCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("context" / "context-ballast", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for shared in sharing::of_broad_copies(cx) {
        let Some((file, need)) = shared.first_whole() else { continue };
        let Some(found) = ballast::found(shared) else { continue };
        let common = found.lines(shared);
        out.extend(finding(shared, &found, &common, (file, need)));
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

fn finding(
    shared: &Shared<'_>,
    found: &ballast::Found,
    lines: &[Line],
    (file, need): (&FileCx<'_>, &Need),
) -> Option<Finding> {
    let named = found.named(lines);
    if named.is_empty() {
        return None;
    }
    let mut lines = lines.to_vec();
    lines.extend(shared.harmless(&own_files(shared)));
    let who = if shared.is_alone() { "this build does not need" } else { "no build needs" };
    let message = format!("`{}` takes in {}, which {who}", first_line(file, need), list(&named));
    let mut finding = Finding::new(RULE.name, file.at(need.span), message);
    let doubt = shared.open.clone().or_else(|| ballast::doubt(shared, &lines));
    let safety = if doubt.is_none() { Safety::Safe } else { Safety::Unsafe };
    let mut note = if need.mount {
        "It is sent with every build, and each change in it runs again what reads the mount."
    } else if file.is_shipped(need.stage) {
        "It is sent with every build, goes into the image, and each change in it builds anew what follows."
    } else {
        "It is sent and copied with every build, and each change in it builds anew what follows."
    }
    .to_owned();
    if let Some(reason) = &doubt {
        note = format!("{note} The fix is unsafe: {reason}.");
    }
    finding.note = Some(note);
    finding.fix = shared.add(&lines).map(|change| Fix { title: shared.title(), safety, change });
    Some(finding)
}
