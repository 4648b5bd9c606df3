//! `ln` onto `/bin/sh`: see `rules/syntax/linked-shell.md`.

use crate::rules::commands::calls;
use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "linked-shell", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for call in calls(cx, &["ln"]).filter(|it| it.is_plain() && it.has("/bin/sh")) {
        out.push(
            Finding::new(RULE.name, cx.at(call.it.command), "`/bin/sh` becomes another shell for the whole image")
                .note(
                    "Scripts of the distribution count on the one it has. `SHELL` changes only what runs your `RUN`s.",
                ),
        );
    }
}
