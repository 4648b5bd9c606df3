//! Remote files whose content is not fixed, before steps that are built on them: see `rules/cache/unpinned-add.md`.

use crate::{
    finding::{Finding, Label},
    model::{Copy, CopyFrom, StepKind, header},
    rule::{Check, FileCx, Rule},
    source::Location,
    syntax::Args,
};

pub(super) static RULE: Rule = crate::rule!("cache" / "unpinned-add", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        for (at, step) in stage.steps.iter().enumerate() {
            let StepKind::Copy(copy) = &step.kind else { continue };
            if !copy.add || copy.from != CopyFrom::Context || cx.model.instruction(step).flag("checksum").is_some() {
                continue;
            }
            let Some(url) = remote_file(cx, step.item) else { continue };
            let heirs =
                cx.model.stages.iter().filter(|it| {
                    it.index > stage.index && cx.model.ancestry(it.index).any(|it| it.index == stage.index)
                });
            let mut later = stage.steps[at + 1..].iter().chain(heirs.flat_map(|it| &it.steps));
            let Some(run) = later.find(|it| matches!(it.kind, StepKind::Run(_))) else { continue };
            out.push(finding(cx, step.item, run.item, copy, url));
        }
    }
}

/// The address of a file that an `ADD` downloads; `None` for a git repository.
fn remote_file<'a>(cx: &'a FileCx<'_>, item: usize) -> Option<&'a str> {
    let (Args::Words(words) | Args::Json(words)) = &cx.model.at(item).args else { return None };
    let (_, sources) = words.split_last()?;
    let urls =
        sources.iter().map(|it| it.text.as_str()).filter(|it| it.starts_with("http://") || it.starts_with("https://"));
    let is_repository = |it: &str| {
        let path = it.split(['#', '?']).next().unwrap_or(it);
        path.trim_end_matches('/').strip_suffix(".git").is_some()
    };
    // Whoever adds the name of a branch's last commit wants to build again when the branch moves.
    let names_commit = |it: &str| it.contains("/git/refs") || (it.contains("/api.") && it.contains("/commits"));
    // What moves has no checksum that could be named, and whoever adds it wants it as it is today; where a variable
    // holds the version, no checksum would fit the next.
    let is_moving = |it: &str| matches!(it, "master" | "main" | "HEAD" | "latest" | "develop");
    let moves = |it: &str| it.contains('$') || it.split(['/', '?']).any(is_moving);
    urls.into_iter().find(|it| !is_repository(it) && !names_commit(it) && !moves(it))
}

fn finding(cx: &FileCx<'_>, item: usize, later: usize, copy: &Copy, url: &str) -> Finding {
    let location = Location { file: cx.unit.file, span: header(cx.model.at(item)) };
    let mut finding =
        Finding::new(RULE.name, location, format!("`{url}` is asked for in every build, and may have changed"));
    let several = if copy.sources.len() > 1 { ", in an `ADD` of its own" } else { "" };
    finding.note = Some(format!(
        "All that follows is built again when the server sends other bytes. With `--checksum=sha256:…`{several} the builder knows what it gets, and asks nobody."
    ));
    let run = header(cx.model.at(later));
    finding.related.push(Label {
        location: Location { file: cx.unit.file, span: run },
        text: "depends on what the server sends".to_owned(),
    });
    finding
}
