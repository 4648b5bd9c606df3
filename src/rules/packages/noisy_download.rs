//! `wget` that draws a progress bar: see `rules/packages/noisy-download.md`.

use crate::rules::commands::{Call, calls};
use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("packages" / "noisy-download", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    const QUIET: &[&str] = &["progress", "q", "quiet", "no-verbose", "o", "output-file", "a", "append-output"];
    let is_noisy = |it: &Call<'_>| it.is_plain() && !it.has("-nv") && !it.has_flag(QUIET);
    for call in calls(cx, &["wget"]).filter(is_noisy) {
        out.push(
            Finding::new(RULE.name, cx.at(call.head(&[])), "`wget` writes its progress into the log")
                .note("`--progress=dot:giga` makes it short, `-nv` shorter; the `wget` of BusyBox knows only `-q`."),
        );
    }
}
