//! `CMD` and `ENTRYPOINT` that a shell runs: see `rules/runtime/shell-form.md`.

use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Fix},
    model::Stage,
    rule::{Check, FileCx, Rule},
    syntax::{Args, Instruction, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("runtime" / "shell-form", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        for (at, step) in stage.steps.iter().enumerate() {
            let instruction = cx.model.instruction(step);
            let (args, is_check) = match (instruction.kind, &instruction.args) {
                (Keyword::Cmd | Keyword::Entrypoint, args) => (args, false),
                (Keyword::Healthcheck, Args::Health { command: Some(command), .. }) => (&**command, true),
                _ => continue,
            };
            if matches!(args, Args::Json(_)) {
                continue;
            }
            let has_shell = cx.model.shell(stage.index, at).is_some();
            out.push(finding(cx, stage, instruction, args, is_check || has_shell));
        }
        // What a stage says for those that are built on it takes effect there.
        for trigger in triggers(cx, stage) {
            let from = cx.model.at(stage.from);
            let message = format!("the `{trigger}` of the base runs in a shell");
            let finding = Finding::new(RULE.name, cx.at(from.keyword.span), message);
            out.push(finding.only_as(&["buildkit/JSONArgsRecommended"]).for_parity());
        }
    }
}

fn finding(cx: &FileCx<'_>, stage: &Stage, instruction: &Instruction, args: &Args, only_hadolint: bool) -> Finding {
    let keyword = instruction.kind;
    let message = format!("a shell runs this `{keyword}`, and passes no signals on");
    let finding = Finding::new(RULE.name, cx.at(instruction.keyword.span), message)
        .note("`docker stop` then waits ten seconds and kills the process.");
    let text = match args {
        Args::Shell(text) => text.text.as_str(),
        _ => "",
    };
    let words = plain_words(text);
    let mut finding = if only_hadolint {
        finding.only_as(&["hadolint/DL3025"]).for_parity()
    } else if text.is_empty() {
        finding.only_as(&["buildkit/JSONArgsRecommended"]).for_parity()
    } else if words.is_none() {
        // It needs the shell, and often knows what it does.
        finding.for_parity()
    } else {
        finding
    };
    if let Some(words) = words.filter(|_| !only_hadolint) {
        finding.fix = fix(cx, stage, instruction, &words);
    }
    finding
}

fn fix(cx: &FileCx<'_>, stage: &Stage, instruction: &Instruction, words: &[&str]) -> Option<Fix> {
    let place = instruction.rest.whole();
    // An entry point in a shell hides the `CMD`, which in exec form would become its arguments.
    let has_cmd = stage.steps.iter().any(|it| cx.model.instruction(it).kind == Keyword::Cmd);
    if instruction.kind == Keyword::Entrypoint && has_cmd || cx.source.slice(place).contains('\n') {
        return None;
    }
    let words: Vec<String> = words.iter().map(|it| format!("\"{it}\"")).collect();
    let text = format!("[{}]", words.join(", "));
    cx.fix(format!("Write `{} {text}`", instruction.kind), Safety::Unsafe, [Edit::replace(place, text)])
}

/// The words of a command that needs no shell.
fn plain_words(text: &str) -> Option<Vec<&str>> {
    const BUILTINS: &[&str] = &["exec", "cd", "export", "set", ".", "source", "if", "for", "while", "eval", "ulimit"];
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b" \t._-/:@%+,=".contains(&it);
    let words: Vec<&str> = text.split_whitespace().collect();
    let first = words.first()?;
    let plain = text.bytes().all(is_plain) && !first.contains('=') && !BUILTINS.contains(first);
    plain.then_some(words)
}

/// The commands in shell form that the parent stage leaves to those built on it.
fn triggers(cx: &FileCx<'_>, stage: &Stage) -> Vec<Keyword> {
    let Some(parent) = cx.model.ancestry(stage.index).nth(1) else { return Vec::new() };
    let inner = |it: &Instruction| match &it.args {
        Args::Onbuild(inner) if matches!(inner.kind, Keyword::Cmd | Keyword::Entrypoint) => {
            (!matches!(inner.args, Args::Json(_))).then_some(inner.kind)
        }
        _ => None,
    };
    parent.steps.iter().filter_map(|it| inner(cx.model.instruction(it))).collect()
}
