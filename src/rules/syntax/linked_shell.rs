//! `ln` onto `/bin/sh`: see `rules/syntax/linked-shell.md`.

use crate::rules::commands::{Call, calls};
use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Fix},
    rewrite,
    rule::{Check, FileCx, Rule},
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "linked-shell", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for call in calls(cx, &["ln"]).filter(|it| it.is_plain() && it.has("/bin/sh")) {
        let message = "`/bin/sh` becomes another shell for the whole image";
        let mut finding = Finding::new(RULE.name, cx.at(call.it.command), message)
            .note("Scripts of the distribution count on the one it has. `SHELL` changes only what runs your `RUN`s.");
        finding.fix = with_shell(cx, &call);
        out.push(finding);
    }
}

/// `SHELL` instead of a `RUN` that does nothing but link a shell.
fn with_shell(cx: &FileCx<'_>, call: &Call<'_>) -> Option<Fix> {
    let run = cx.model.instruction(call.of.step);
    let is_alone = call.of.run.invocations().len() == 1
        && !call.of.is_trigger()
        && run.flags.is_empty()
        && run.comments.is_empty()
        && run.rest.whole() == call.it.command;
    let operands = call.operands(&[]);
    let [(shell, _), (target, _)] = operands.as_slice() else { return None };
    let is_shell = ["bash", "dash", "ash", "zsh", "ksh"].iter().any(|it| shell.rsplit('/').next() == Some(it));
    if !is_alone || target != "/bin/sh" || !is_shell {
        return None;
    }
    let shell = if shell.contains('/') { shell.to_string() } else { format!("/bin/{shell}") };
    let word = rewrite::keyword_like(cx.source, run, Keyword::Shell);
    let edit = Edit::replace(run.keyword.span.cover(run.rest.whole()), format!("{word} [\"{shell}\", \"-c\"]"));
    cx.fix("Let `SHELL` choose it", Safety::Unsafe, [edit])
}
