//! `CMD`, `ENTRYPOINT` and `HEALTHCHECK` that a later one replaces: see `rules/syntax/overridden-instruction.md`.

use crate::{
    edit::Safety,
    finding::{Finding, Label},
    rewrite,
    rule::{Check, FileCx, Rule},
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "overridden-instruction", Check::File(check));

/// Keywords of which a stage has one, with hadolint's code for each.
const KINDS: [(Keyword, &[&str]); 3] = [
    (Keyword::Cmd, &["hadolint/DL4003"]),
    (Keyword::Entrypoint, &["hadolint/DL4004"]),
    (Keyword::Healthcheck, &["hadolint/DL3012"]),
];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        for (kind, code) in KINDS {
            let same = |it: &usize| cx.model.instruction(&stage.steps[*it]).kind == kind;
            let steps: Vec<usize> = (0..stage.steps.len()).filter(same).collect();
            for pair in steps.windows(2) {
                let [dead, next] = [pair[0], pair[1]].map(|it| &stage.steps[it]);
                let (instruction, next) = (cx.model.instruction(dead), cx.model.instruction(next));
                let message = format!("this `{kind}` has no effect: a later one replaces it");
                let mut finding = Finding::new(RULE.name, cx.at(instruction.keyword.span), message)
                    .only_as(&["buildkit/MultipleInstructionsDisallowed"]);
                finding.related =
                    vec![Label { location: cx.at(next.keyword.span), text: "this one counts".to_owned() }];
                if instruction.comments.is_empty() {
                    let edit = rewrite::remove_item(&cx.unit.syntax.items[dead.item]);
                    finding.fix = cx.fix(format!("Remove the `{kind}`"), Safety::Safe, [edit]);
                }
                out.push(finding);
                // hadolint points at the one that counts.
                let message = format!("this `{kind}` replaces an earlier one");
                out.push(Finding::new(RULE.name, cx.at(next.keyword.span), message).only_as(code).for_parity());
            }
        }
    }
}
