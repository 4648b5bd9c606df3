//! `zypper dist-upgrade`: see `rules/packages/dist-upgrade.md`.

use crate::rules::commands::calls;
use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("packages" / "dist-upgrade", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    const UPGRADES: &[&str] = &["dist-upgrade", "dup"];
    for call in calls(cx, &["zypper"]).filter(|it| it.is_plain() && UPGRADES.iter().any(|word| it.has(word))) {
        out.push(
            Finding::new(RULE.name, cx.at(call.head(UPGRADES)), "the whole distribution is replaced in a layer")
                .note("Take a newer base image instead: its layers are shared, and what is replaced here stays below."),
        );
    }
}
