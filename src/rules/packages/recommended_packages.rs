//! `apt-get install` with what the packages recommend: see `rules/packages/recommended-packages.md`.

use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
    rules::commands::{Call, calls},
};

pub(super) static RULE: Rule = crate::rule!("packages" / "recommended-packages", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let installs = |it: &Call<'_>| {
        let refuses = it.has_flag(&["no-install-recommends"]) || it.has("APT::Install-Recommends=false");
        it.is_plain() && it.has("install") && !refuses
    };
    for call in calls(cx, &["apt-get"]).filter(installs) {
        let place = call.head(&["install"]);
        let mut finding =
            Finding::new(RULE.name, cx.at(place), "`apt-get install` takes what the packages recommend, too")
                .note("That may be many times what was asked for, or the one package that makes the others work.");
        let edit = Edit::insert(place.end as usize, " --no-install-recommends");
        finding.fix = cx.fix("Add `--no-install-recommends`", Safety::Unsafe, [edit]);
        out.push(finding);
    }
}
