//! Clones with all of a repository's history: see `rules/size/full-clone.md`.

use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    model::{Model, Stage, StepKind, text},
    rule::{Check, FileCx, Rule},
    shell::{Invocation, Piece, Word},
    source::Location,
};

pub(super) static RULE: Rule = crate::rule!("size" / "full-clone", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        for (step, run) in stage.runs().filter(|(_, run)| run.mentions(&["clone"])) {
            for (at, invocation) in run.invocations().iter().enumerate() {
                let Some(words) = subcommand(invocation, "clone") else { continue };
                let texts: Vec<String> = words.iter().map(|it| text(it, &step.before).unwrap_or_default()).collect();
                let is_full = !texts.iter().any(|it| limits(it));
                let remote = || words.iter().skip(1).any(is_remote);
                let later = || {
                    let behind = &run.invocations()[at + 1..];
                    behind.iter().any(needs_history) || is_read_later(cx.model, stage, step.item)
                };
                if is_full && remote() && run.script().is_some() && !later() {
                    out.extend(finding(cx, words));
                }
            }
        }
    }
}

/// The words of a git command from its subcommand on, if that is the one.
fn subcommand<'a>(invocation: &'a Invocation, name: &str) -> Option<&'a [Word]> {
    if invocation.program != "git" {
        return None;
    }
    let mut at = 1;
    loop {
        let word = invocation.words.get(at)?.literal()?;
        match word.as_str() {
            "-c" | "-C" | "--git-dir" | "--work-tree" => at += 2,
            option if option.starts_with('-') => at += 1,
            found => return (found == name).then(|| &invocation.words[at..]),
        }
    }
}

/// Whether a word limits what is cloned, or asks for all of it.
fn limits(word: &str) -> bool {
    ["--depth", "--shallow-", "--filter", "--mirror", "--bare", "--reference", "--dissociate", "--no-single-branch"]
        .iter()
        .any(|it| word.starts_with(it))
}

/// Whether a word is the address of a server, as far as its letters tell.
fn is_remote(word: &Word) -> bool {
    let Some(Piece::Literal(start)) = word.pieces.first() else { return false };
    let scheme = start.split_once("://").map(|(it, _)| it);
    scheme.is_some_and(|it| matches!(it, "http" | "https" | "git" | "ssh")) || start.starts_with("git@")
}

/// Whether a command reads another revision than the one that was cloned, or speaks of the history.
fn needs_history(invocation: &Invocation) -> bool {
    const HARMLESS: [&str; 11] =
        ["clone", "config", "lfs", "submodule", "apply", "init", "add", "rm", "rev-parse", "status", "clean"];
    invocation.program == "git" && !HARMLESS.iter().any(|it| subcommand(invocation, it).is_some())
}

/// Whether a later run, of this stage or one that is built on it, works with a history.
fn is_read_later(model: &Model, stage: &Stage, item: usize) -> bool {
    let heirs = model.stages.iter().filter(|it| model.ancestry(it.index).any(|it| it.index == stage.index));
    heirs.flat_map(|it| &it.steps).filter(|it| it.item > item).any(|step| match &step.kind {
        StepKind::Run(run) => run.mentions(&["git "]) && run.invocations().iter().any(needs_history),
        StepKind::Copy(_) | StepKind::Other => false,
    })
}

fn finding(cx: &FileCx<'_>, words: &[Word]) -> Option<Finding> {
    let clone = words.first()?;
    let location = Location { file: cx.unit.file, span: clone.span.cover(words.last()?.span) };
    let mut finding = Finding::new(RULE.name, location, "`git clone` fetches the whole history");
    finding.note = Some(
        "The build needs one revision; the others cost time and, where `.git` stays, space. A build that derives a version from tags needs them."
            .to_owned(),
    );
    let edit = Edit::insert(clone.span.end as usize, " --depth 1");
    finding.fix = Change::of(cx.unit.file, [edit]).map(|change| Fix {
        title: "Add `--depth 1`".to_owned(),
        safety: Safety::Unsafe,
        change,
    });
    Some(finding)
}
