//! `ENV` with a variable that the same instruction sets: see `rules/syntax/self-referring-env.md`.

use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Fix},
    model::variables,
    rule::{Check, FileCx, Rule},
    source::Span,
    syntax::{Args, Instruction, Keyword, Pair},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "self-referring-env", Check::File(check));

/// The `ENV` in two, where the variable is set before the value that names it.
fn divide(cx: &FileCx<'_>, instruction: &Instruction, pairs: &[Pair], at: usize, name: &str) -> Option<Fix> {
    let before = pairs[..at].last()?;
    let gap = Span { start: before.value.span.end, end: pairs[at].key.span.start };
    let is_set_before = pairs[..at].iter().any(|it| it.key.text == name);
    let holds_comment = instruction.comments.iter().any(|it| gap.contains(*it));
    if !is_set_before || holds_comment || pairs.iter().any(|it| it.legacy) {
        return None;
    }
    let edit = Edit::replace(gap, format!("\n{} ", cx.source.slice(instruction.keyword.span)));
    cx.fix("Divide the `ENV` in two", Safety::Unsafe, [edit])
}

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
                        let mut finding = Finding::new(RULE.name, cx.at(pair.value.span), message).note(
                            "All values of one `ENV` see the variables as they were before it. Use two instructions.",
                        );
                        finding.fix = divide(cx, instruction, pairs, at, name);
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
