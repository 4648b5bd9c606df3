//! `apt` in place of `apt-get`: see `rules/packages/apt-used.md`.

use crate::rules::commands::{Call, calls};
use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    outline::SAME_IN_APT_GET,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("packages" / "apt-used", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for call in calls(cx, &["apt"]) {
        let Some(word) = call.it.words.first() else { continue };
        let mut finding = Finding::new(RULE.name, cx.at(call.head(&[])), "`apt` is made for people at a terminal")
            .note(
                "It warns in every build that its options and output may change. `apt-get` does the same and does not.",
            );
        if !call.is_plain() {
            finding = finding.only_as(&[]);
        }
        if cx.source.slice(word.span) == "apt" && same_in_apt_get(&call) {
            let edit = Edit::replace(word.span, "apt-get");
            finding.fix = cx.fix("Write `apt-get`", Safety::Safe, [edit]);
        }
        out.push(finding);
    }
}

/// Whether `apt-get` does the same with these words.
fn same_in_apt_get(call: &Call<'_>) -> bool {
    let subcommand = call.args().find(|it| !it.starts_with('-'));
    subcommand.is_some_and(|it| SAME_IN_APT_GET.contains(&it.as_ref()))
}
