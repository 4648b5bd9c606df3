//! Images without a health check: see `rules/runtime/missing-healthcheck.md`.

use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("runtime" / "missing-healthcheck", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let has_one = |stage: usize| {
        let steps = cx.model.stages[stage].steps.iter();
        steps.into_iter().any(|it| cx.model.instruction(it).kind == Keyword::Healthcheck)
    };
    for stage in &cx.model.stages {
        let is_heir = |it: usize| cx.model.ancestry(it).any(|it| it.index == stage.index);
        let heirs = (stage.index..cx.model.stages.len()).filter(|it| is_heir(*it));
        let mut chain = heirs.chain(cx.model.ancestry(stage.index).map(|it| it.index));
        if !chain.any(has_one) {
            let from = cx.model.at(stage.from);
            out.push(
                Finding::new(RULE.name, cx.at(from.keyword.span), "nothing tells whether the container is well")
                    .note("With `HEALTHCHECK`, Docker and Compose notice a service that hangs."),
            );
        }
    }
}
