//! `apt` in place of `apt-get`: see `rules/packages/apt-used.md`.

use crate::rules::commands::{Call, runs};
use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    outline::SAME_IN_APT_GET,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("packages" / "apt-used", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for run in runs(cx) {
        // What one fix cures is one finding.
        let (same, others): (Vec<_>, Vec<_>) = run.calls(&["apt"]).partition(|it| edit(cx, it).is_some());
        let groups = others.iter().map(std::slice::from_ref).chain(Some(&same[..]).filter(|it| !it.is_empty()));
        out.extend(groups.map(|it| finding(cx, it)));
    }
}

fn finding(cx: &FileCx<'_>, calls: &[Call<'_>]) -> Finding {
    let mut finding = Finding::new(RULE.name, cx.at(calls[0].head(&[])), "`apt` is made for people at a terminal")
        .note("It warns in every build that its options and output may change. `apt-get` does the same and does not.");
    if !calls.iter().any(Call::is_plain) {
        finding = finding.only_as(&[]);
    }
    let edits: Option<Vec<Edit>> = calls.iter().map(|it| edit(cx, it)).collect();
    finding.fix = edits.and_then(|it| cx.fix("Write `apt-get`", Safety::Safe, it));
    finding
}

/// Puts `apt-get` in the place of `apt`, where it does the same.
fn edit(cx: &FileCx<'_>, call: &Call<'_>) -> Option<Edit> {
    let word = call.it.words.first()?;
    (cx.source.slice(word.span) == "apt" && same_in_apt_get(call)).then(|| Edit::replace(word.span, "apt-get"))
}

/// Whether `apt-get` does the same with these words.
fn same_in_apt_get(call: &Call<'_>) -> bool {
    let subcommand = call.args().find(|it| !it.starts_with('-'));
    subcommand.is_some_and(|it| SAME_IN_APT_GET.contains(&it.as_ref()))
}
