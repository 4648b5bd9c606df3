//! Package managers without a cache mount: see `rules/cache/missing-cache-mount.md`.

use super::mounts::{Doubts, Plan, Site, and, each};
use crate::{
    edit::Safety,
    finding::{Finding, Fix},
    knowledge::Action,
    model::PackageCommand,
    rule::{Check, FileCx, Rule},
    settings::Builder,
    source::Location,
};

pub(super) static RULE: Rule = crate::rule!("cache" / "missing-cache-mount", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    if cx.project.settings.builder == Builder::Legacy {
        return;
    }
    each(cx, |site| out.extend(site.missing().and_then(|plan| finding(site, &plan))));
}

/// What a rebuild of the layer costs, counted where the words tell.
fn cost(plan: &Plan<'_>) -> String {
    let installs: Vec<_> = plan.commands.iter().filter(|it| it.action == Action::Install).collect();
    // A file or a variable that names more leaves the number unknown.
    let counted = |it: &&PackageCommand| {
        let words = it.operands().map(|(_, word)| Some(word?.split_whitespace().count())).sum::<Option<usize>>();
        words.filter(|words| *words > 0 && !it.has_option("-r") && !it.has_option("--requirement"))
    };
    match (installs.is_empty(), installs.iter().map(|it| counted(it)).sum::<Option<usize>>()) {
        (true, _) => "A rebuild of this layer downloads and compiles everything again.".to_owned(),
        (false, None | Some(0 | 1)) => "A rebuild of this layer downloads everything again.".to_owned(),
        (false, Some(named)) => {
            format!("A rebuild of this layer downloads {named} packages and what they need again.")
        }
    }
}

fn finding(site: &Site<'_>, plan: &Plan<'_>) -> Option<Finding> {
    let instruction = site.cx.model.instruction(site.step);
    let first = plan.commands.iter().find(|it| it.action != Action::Update).or(plan.commands.first())?;
    let words = &site.run.invocations()[first.invocation].words;
    let span = words.first()?.span.cover(words.get(first.head.end.saturating_sub(1))?.span);
    let mut titles: Vec<String> =
        plan.commands.iter().filter(|it| it.action != Action::Update).map(|it| format!("`{}`", it.title())).collect();
    titles.dedup();
    let targets: Vec<String> = plan.mounts.keys().map(|it| format!("`{it}`")).collect();
    let verb = if titles.len() == 1 { "runs" } else { "run" };
    let message = format!("{} {verb} without a cache mount on {}", and(&titles), and(&targets));
    let location = Location { file: site.cx.unit.file, span };
    let mut finding = Finding::new(RULE.name, location, message);
    let mut doubts = Doubts { safety: plan.doubts.safety, notes: plan.doubts.notes.clone() };
    let mut done = Vec::new();
    let fix = site.edits(plan, instruction, &mut doubts, &mut done);
    let mut notes = vec![cost(plan)];
    notes.append(&mut doubts.notes);
    finding.note = Some(notes.join(" "));
    finding.fix = fix.map(|change| Fix {
        title: {
            let mounts = if targets.len() == 1 { "a cache" } else { "caches" };
            [vec![format!("Mount {mounts} on {}", and(&targets))], done].concat().join(", ")
        },
        safety: doubts.safety.unwrap_or(Safety::Safe),
        change,
    });
    Some(finding)
}
