//! A relative `WORKDIR`: see `rules/syntax/relative-workdir.md`.

use super::undefined_variable::is_bare;
use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    model::{Stage, Value, expand},
    rule::{Check, FileCx, Rule},
    syntax::{Args, Keyword, Word},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "relative-workdir", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        for (at, step) in stage.steps.iter().enumerate() {
            let instruction = cx.model.instruction(step);
            let Args::Text(word) = &instruction.args else { continue };
            if instruction.kind != Keyword::Workdir {
                continue;
            }
            // What the base image sets is not known to the last variable.
            let is_bare = is_bare(cx, stage);
            let expanded = expand(&word.text, cx.unit.syntax.escape, &|name| match step.before.variable(name) {
                Value::Unset if !is_bare => Value::Unknown,
                value => value,
            });
            let first = is_first(cx, stage, at);
            let buildkit = first && expanded.as_deref().is_some_and(|it| !it.starts_with('/'));
            let hadolint = is_relative(word);
            if !buildkit && !hadolint {
                continue;
            }
            let message = format!("`WORKDIR {}` is relative", word.text);
            let mut finding = Finding::new(RULE.name, cx.at(word.span), message);
            finding = match (buildkit, hadolint) {
                (true, true) => finding,
                // A drive is where paths begin on Windows, which the builder of Linux images does not know.
                (true, false) if expanded.as_deref().is_some_and(has_drive) => {
                    finding.only_as(&["buildkit/WorkdirRelativePath"]).for_parity()
                }
                (true, false) => finding.only_as(&["buildkit/WorkdirRelativePath"]),
                (false, _) => finding.only_as(&["hadolint/DL3000"]).for_parity(),
            };
            finding.note = Some(if first {
                "It lies below the working directory of the base image, whatever that is.".to_owned()
            } else {
                "It lies below the working directory that an earlier instruction has set.".to_owned()
            });
            if let (Some(folder), Some(path)) = (&step.before.workdir, &expanded)
                && *path == word.text
                && !path.contains(char::is_whitespace)
            {
                let whole = crate::project::join(folder, path);
                let edit = Edit::replace(word.span, whole.as_str());
                finding.fix = cx.fix(format!("Write `{whole}`"), Safety::Safe, [edit]);
            }
            out.push(finding);
        }
    }
}

/// Whether no `WORKDIR` stands before a step, in its stage and those it is built on.
fn is_first(cx: &FileCx<'_>, stage: &Stage, at: usize) -> bool {
    let inherited = cx.model.ancestry(stage.index).skip(1).flat_map(|it| &it.steps);
    let mut before = stage.steps[..at].iter().chain(inherited);
    !before.any(|it| cx.model.instruction(it).kind == Keyword::Workdir)
}

/// Whether a path is relative as it is written: neither from the root, nor from a drive, nor from a variable.
fn is_relative(word: &Word) -> bool {
    let path = word.text.trim_matches(['"', '\'']);
    !path.starts_with(['/', '$']) && !has_drive(path)
}

/// Whether a path begins with a drive: `C:\app`.
fn has_drive(path: &str) -> bool {
    path.as_bytes().get(1) == Some(&b':') && path.starts_with(|it: char| it.is_ascii_alphabetic())
}
