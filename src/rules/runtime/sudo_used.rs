//! `sudo` in a build: see `rules/runtime/sudo-used.md`.

use crate::rules::commands::runs;
use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
    source::Span,
};

pub(super) static RULE: Rule = crate::rule!("runtime" / "sudo-used", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for at in runs(cx).filter(|it| it.run.may_run(&["sudo"])) {
        let mut seen = Vec::new();
        for it in at.run.invocations() {
            let outer = it.wrappers.first().map_or(it.program.as_str(), |it| it.as_str());
            if outer != "sudo" || seen.contains(&it.command) {
                continue;
            }
            seen.push(it.command);
            let is_root = at.step.before.user.is_root() && at.step.before.base_known;
            let finding = Finding::new(RULE.name, cx.at(it.command), "a build has no need of `sudo`");
            let mut finding = if is_root {
                finding.note("The command runs as root anyway.")
            } else {
                // Who runs it is not known, or another user is in force for a reason.
                finding.note("Do what needs root before `USER`, or switch with `USER root` and back.").for_parity()
            };
            let program = it.words.first().map_or(it.command, |it| it.span);
            let before = Span { start: it.command.start, end: program.start };
            if is_root && before.start < before.end && cx.source.slice(before).trim_end() == "sudo" {
                finding.fix = cx.fix("Remove `sudo`", Safety::Unsafe, [Edit::delete(before)]);
            }
            out.push(finding);
        }
    }
}
