//! `USER` with a name instead of a number: see `rules/runtime/named-user.md`.

use crate::{
    finding::Finding,
    model::variables,
    rule::{Check, FileCx, Rule},
    syntax::{Args, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("runtime" / "named-user", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let mut arguments: Vec<&str> = Vec::new();
    for instruction in cx.instructions() {
        if instruction.kind == Keyword::Arg {
            let names = instruction.words().iter().map(|it| it.text.split('=').next().unwrap_or_default());
            arguments.extend(names);
        }
        let Args::Text(word) = &instruction.args else { continue };
        if instruction.kind != Keyword::User {
            continue;
        }
        let id = word.text.split(':').next().unwrap_or_default();
        let is_number = !id.is_empty() && id.bytes().all(|it| it.is_ascii_digit());
        let is_argument = variables(&word.text, cx.unit.syntax.escape).iter().any(|it| arguments.contains(it));
        if !is_number && !is_argument {
            out.push(
                Finding::new(RULE.name, cx.at(word.span), format!("the user `{}` is a name and no number", word.text))
                    .note("Kubernetes can refuse to run an image as root only where it sees the number."),
            );
        }
    }
}
