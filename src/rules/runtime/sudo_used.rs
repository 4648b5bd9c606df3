//! `sudo` in a build: see `rules/runtime/sudo-used.md`.

use crate::rules::commands::runs;
use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
    shell::Invocation,
    source::Span,
};

pub(super) static RULE: Rule = crate::rule!("runtime" / "sudo-used", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for at in runs(cx).filter(|it| it.run.may_run(&["sudo"])) {
        let outer = |it: &Invocation| it.wrappers.first().map_or(it.program.as_str(), |it| it.as_str()) == "sudo";
        let calls: Vec<&Invocation> = at.run.invocations().iter().filter(|it| outer(it)).collect();
        let Some(first) = calls.first() else { continue };
        // A script that asks who runs it knows the answer better.
        let asks = at.run.mentions(&["id -u", "$EUID", "whoami"]);
        let is_root = at.step.before.user.is_root() && at.step.before.base_known && !asks;
        let finding = Finding::new(RULE.name, cx.at(first.command), "a build has no need of `sudo`");
        if !is_root {
            // Who runs it is not known, or another user is in force for a reason.
            let note = "Do what needs root before `USER`, or switch with `USER root` and back.";
            out.push(finding.note(note).for_parity());
            continue;
        }
        let mut finding = finding.note("What follows it runs as root anyway.");
        let edits = calls.iter().filter_map(|it| {
            let program = it.words.first()?.span;
            let before = Span { start: it.command.start, end: program.start };
            let is_bare = before.start < before.end && cx.source.slice(before).trim_end() == "sudo";
            is_bare.then(|| Edit::delete(before))
        });
        let edits: Vec<Edit> = edits.collect();
        if edits.len() == calls.len() {
            finding.fix = cx.fix("Remove `sudo`", Safety::Unsafe, edits);
        }
        out.push(finding);
    }
}
