//! Commands that make no sense in a build: see `rules/runtime/useless-command.md`.

use crate::rules::commands::calls;
use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("runtime" / "useless-command", Check::File(check));

/// Programs that look at, or change, what is not there while an image is built.
const USELESS: &[&str] = &["free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim"];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for call in calls(cx, USELESS).filter(crate::rules::commands::Call::is_plain) {
        let message = format!("`{}` does nothing that stays in the image", call.it.program);
        out.push(Finding::new(RULE.name, cx.at(call.head(&[])), message));
    }
}
