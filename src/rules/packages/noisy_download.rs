//! `wget` that draws a progress bar: see `rules/packages/noisy-download.md`.

use crate::rules::commands::{Call, calls};
use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("packages" / "noisy-download", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    const QUIET: &[&str] = &["progress", "q", "quiet", "no-verbose", "o", "output-file", "a", "append-output"];
    let is_noisy = |it: &Call<'_>| it.is_plain() && !it.has("-nv") && !it.has_flag(QUIET);
    for call in calls(cx, &["wget"]).filter(is_noisy) {
        let place = call.head(&[]);
        let mut finding = Finding::new(RULE.name, cx.at(place), "`wget` writes its progress into the log")
            .note("`--progress=dot:giga` makes it short, `-nv` shorter; the `wget` of BusyBox knows only `-q`.");
        let stage = call.of.stage.index;
        let is_small = |it: &str| ["alpine", "busybox"].iter().any(|name| it.contains(name));
        let bottom = cx.model.ancestry(stage).last().map(|it| cx.source.slice(cx.model.at(it.from).span));
        if !bottom.is_some_and(is_small) {
            let edit = Edit::insert(place.end as usize, " --progress=dot:giga");
            finding.fix = cx.fix("Add `--progress=dot:giga`", Safety::Unsafe, [edit]);
        }
        out.push(finding);
    }
}
