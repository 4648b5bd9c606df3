//! `ENV` with a variable that the same instruction sets: see `rules/syntax/self-referring-env.md`.

use crate::{
    finding::Finding,
    model::variables,
    rule::{Check, FileCx, Rule},
    syntax::{Args, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "self-referring-env", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    // As hadolint has it, what one stage sets is known in the next.
    let mut known: Vec<&str> = Vec::new();
    for instruction in cx.instructions() {
        match (&instruction.args, instruction.kind) {
            (Args::Words(words), Keyword::Arg) => {
                known.extend(words.iter().map(|it| it.text.split('=').next().unwrap_or_default()));
            }
            (Args::Pairs(pairs), Keyword::Env) => {
                for (at, pair) in pairs.iter().enumerate() {
                    let others = pairs.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, it)| &it.key.text);
                    let names = variables(&pair.value.text, cx.unit.syntax.escape);
                    let is_new = |it: &&str| !known.contains(it) && others.clone().any(|other| other == it);
                    if let Some(name) = names.into_iter().find(|it| is_new(it)) {
                        let message = format!("`{name}` is set in this same `ENV`, and not yet known in it");
                        let finding = Finding::new(RULE.name, cx.at(pair.value.span), message).note(
                            "All values of one `ENV` see the variables as they were before it. Use two instructions.",
                        );
                        // Every base image has a `PATH`.
                        out.push(if name == "PATH" { finding.for_parity() } else { finding });
                        // hadolint reports an instruction once.
                        break;
                    }
                }
                known.extend(pairs.iter().map(|it| it.key.text.as_str()));
            }
            _ => {}
        }
    }
}
