//! Pipes of which only the last command can fail: see `rules/runtime/unchecked-pipe.md`.

use std::collections::BTreeSet;

use crate::rules::commands::{RunAt, runs};
use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Fix},
    model::Run,
    rewrite,
    rule::{Check, FileCx, Rule},
    shell::Node,
    syntax::{Instruction, ItemKind, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("runtime" / "unchecked-pipe", Check::File(check));

/// Programs that take no input for an empty program, and succeed.
const INTERPRETERS: &[&str] = &["sh", "bash", "ash", "dash", "zsh", "python", "python3", "perl", "node", "php"];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let mut fixed = BTreeSet::new();
    for at in runs(cx).filter(|it| !it.is_trigger() && it.run.mentions(&["|"])) {
        // hadolint forgets the shell with each stage.
        let own = at.stage.steps[..at.at].iter().rev().map(|it| cx.model.instruction(it));
        let own = own.into_iter().find(|it| it.kind == Keyword::Shell);
        if own.is_some_and(checks_pipes) {
            continue;
        }
        let Some(script) = at.run.script() else { continue };
        let mut pipelines: Vec<&[Node]> = Vec::new();
        script.each(&mut |node| match node {
            Node::Pipeline { members, .. } if members.len() > 1 => pipelines.push(members),
            _ => {}
        });
        let Some(first) = pipelines.first() else { continue };
        let inherited = cx.model.shell(at.stage.index, at.at).is_some_and(checks_pipes);
        let is_set = at.run.mentions(&["pipefail"]);
        let risky = pipelines.iter().find(|it| runs_a_download(at.run, it)).filter(|_| !inherited && !is_set);
        let members = risky.unwrap_or(first);
        let (Some(one), Some(last)) = (members.first(), members.last()) else { continue };
        let finding = Finding::new(RULE.name, cx.at(one.span().cover(last.span())), message(risky.is_some()));
        let finding = finding.note(
            "Only the last command of a pipe counts, so that the layer is made, and kept, with whatever arrived. `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` makes all of them count.",
        );
        let mut finding = if risky.is_some() { finding } else { finding.for_parity() };
        // One `SHELL` serves the rest of the stage.
        if own.is_none() && !inherited && fixed.insert(at.stage.index) {
            finding.fix = with_pipefail(cx, &at);
        }
        out.push(finding);
    }
}

/// A `SHELL` above the `RUN`, where the base image is known to have one that can tell.
fn with_pipefail(cx: &FileCx<'_>, at: &RunAt<'_>) -> Option<Fix> {
    let bottom = at.stage.bottom.as_ref().filter(|_| at.stage.image.is_some() && at.step.before.shell.is_none())?;
    let is_alpine = bottom.name == "alpine" || bottom.tag.as_ref().is_some_and(|it| it.contains("alpine"));
    let words =
        if is_alpine { r#""/bin/ash", "-eo", "pipefail", "-c""# } else { r#""/bin/bash", "-o", "pipefail", "-c""# };
    let run = cx.model.instruction(at.step);
    let word = rewrite::keyword_like(cx.source, run, Keyword::Shell);
    // What is said above the `RUN` is said of it, and hadolint's comments have to stand there.
    let items = &cx.unit.syntax.items[..=at.step.item];
    let above = items[..at.step.item].iter().rev().take_while(|it| it.kind == ItemKind::Comment).count();
    let edit = Edit::insert(items[at.step.item - above].span.start as usize, format!("{word} [{words}]\n"));
    cx.fix("Let any command of a pipe fail the build", Safety::Unsafe, [edit])
}

fn message(risky: bool) -> &'static str {
    if risky { "a download that fails goes unnoticed here" } else { "a command that fails in this pipe goes unnoticed" }
}

/// Whether a `SHELL` fails with any command of a pipe, or has pipes of another kind.
fn checks_pipes(shell: &Instruction) -> bool {
    let words: Vec<&str> = shell.words().iter().map(|it| it.text.as_str()).collect();
    let name = words.first().map_or("", |it| it.rsplit(['/', '\\']).next().unwrap_or(it));
    let name = name.trim_end_matches(".exe").to_lowercase();
    if matches!(name.as_str(), "pwsh" | "powershell" | "cmd") {
        return true;
    }
    let has_option = words.iter().any(|it| it.starts_with('-') && !it.starts_with("--") && it.contains('o'));
    matches!(name.as_str(), "bash" | "zsh" | "ash") && has_option && words.contains(&"pipefail")
}

/// Whether a pipeline hands a download to a program that takes nothing for an empty script.
fn runs_a_download(run: &Run, members: &[Node]) -> bool {
    let runs = |node: Option<&Node>, programs: &[&str]| {
        let Some(Node::Command(command)) = node else { return false };
        let invocation = run.invocations().iter().find(|it| it.command == command.span);
        invocation.is_some_and(|it| programs.contains(&it.program.as_str()))
    };
    runs(members.first(), &["curl", "wget"]) && runs(members.last(), INTERPRETERS)
}
