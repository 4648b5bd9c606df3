//! A stage that ends with the superuser: see `rules/runtime/root-user.md`.

use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::{Args, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("runtime" / "root-user", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        let mut users = stage.steps.iter().rev().map(|it| cx.model.instruction(it));
        let Some(user) = users.find(|it| it.kind == Keyword::User) else { continue };
        let Args::Text(word) = &user.args else { continue };
        let name = word.text.split(':').next().unwrap_or_default();
        if matches!(name, "root" | "0") {
            out.push(
                Finding::new(RULE.name, cx.at(word.span), format!("the last user of this stage is `{}`", word.text))
                    .note("What runs in the container can then change all of it, and has more ways out of it."),
            );
        }
    }
}
