//! `wget` and `curl` in one stage: see `rules/packages/two-downloaders.md`.

use crate::rules::commands::{Call, runs};
use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("packages" / "two-downloaders", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let mut stage = usize::MAX;
    let (mut curl, mut wget) = (false, false);
    for at in runs(cx) {
        if at.stage.index != stage {
            stage = at.stage.index;
            (curl, wget) = (false, false);
        }
        let calls: Vec<Call<'_>> = at.calls(&["curl", "wget"]).filter(Call::is_plain).collect();
        let Some(first) = calls.first() else { continue };
        curl |= calls.iter().any(|it| it.it.program == "curl");
        wget |= calls.iter().any(|it| it.it.program == "wget");
        if curl && wget {
            out.push(
                Finding::new(RULE.name, cx.at(first.head(&[])), "this stage uses both `curl` and `wget`")
                    .note("One of them would do, and the other one need not be installed."),
            );
        }
    }
}
