//! `cd` in `RUN`: see `rules/syntax/cd-in-run.md`.

use crate::rules::commands::{Call, calls};
use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "cd-in-run", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for call in calls(cx, &["cd"]).filter(|it| it.is_plain() && !it.of.is_trigger()) {
        let Call { it, .. } = call;
        out.push(
            Finding::new(RULE.name, cx.at(it.command), "`cd` holds for this `RUN` only")
                .note("`WORKDIR` holds for all that follows, and makes the folder where it is missing."),
        );
    }
}
