//! Copies that a newer base image makes anew: see `rules/stages/unlinked-copy.md`.

use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Label},
    model::{Base, Copy, CopyFrom, Stage, Step, StepKind, is_below},
    rule::{Check, FileCx, Rule},
    settings::Builder,
};

pub(super) static RULE: Rule = crate::rule!("stages" / "unlinked-copy", Check::File(check));

/// Folders that belong to root with the usual mode in all images, and are no links in any. With `--link` the folders on
/// the way to what is copied are made anew: links are replaced, and owners and modes reset.
const PLAIN: [&str; 6] = ["/app", "/etc", "/opt", "/srv", "/usr/local", "/usr/share"];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    if cx.model.stages.len() < 2 || cx.project.settings.builder == Builder::Legacy || !knows_link(cx) {
        return;
    }
    for stage in cx.model.stages.iter().filter(|it| cx.is_shipped(it.index)) {
        // What a command of the stage has made of the folders cannot be told.
        let mut runs = cx.model.ancestry(stage.index).flat_map(Stage::runs);
        if !matches!(stage.base, Base::Image(_)) || runs.next().is_some() {
            continue;
        }
        let copies: Vec<&Step> = stage.steps.iter().filter(|it| may_link(cx, it)).collect();
        let Some(first) = copies.first() else { continue };
        let span = |step: &Step| cx.model.instruction(step).span;
        let message = "a newer base image makes this copy, and all below, anew";
        let mut finding = Finding::new(RULE.name, cx.at(span(first)), message).note(
            "With `--link` the files are a layer of their own, which is kept and not pushed again when the layers below \
             change. It replaces what is a link on the way to the destination, and knows users by number alone.",
        );
        for other in &copies[1..] {
            finding.related.push(Label { location: cx.at(span(other)), text: "and this one".to_owned() });
        }
        let edit = |it: &&Step| Edit::insert(cx.model.instruction(it).keyword.span.end as usize, " --link");
        finding.fix = cx.fix("Copy into layers of their own", Safety::Unsafe, copies.iter().map(edit));
        out.push(finding);
    }
}

/// Whether a step copies from elsewhere to a place where nothing stands in the way.
fn may_link(cx: &FileCx<'_>, step: &Step) -> bool {
    let StepKind::Copy(copy) = &step.kind else { return false };
    let named = |it: &String| {
        it.strip_prefix("chown=").is_some_and(|it| !it.bytes().all(|it| it.is_ascii_digit() || it == b':'))
    };
    copy.from != CopyFrom::Context
        && !copy.add
        && cx.model.instruction(step).flag("link").is_none()
        && !copy.options.iter().any(named)
        && step.before.user.is_root()
        && is_plain(copy)
}

fn is_plain(copy: &Copy) -> bool {
    let destination = copy.destination.as_deref();
    destination.is_some_and(|it| PLAIN.iter().any(|folder| is_below(it, folder)))
}

/// Whether the frontend knows `--link`, which came with 1.4.
fn knows_link(cx: &FileCx<'_>) -> bool {
    let frontend = cx.unit.syntax.directives().find(|it| it.name.text == "syntax");
    let Some(frontend) = frontend else { return true };
    let version = frontend.value.text.rsplit_once(':').map_or("1", |(_, it)| it);
    let mut parts = version.split('.');
    match (parts.next(), parts.next().map(str::parse::<u32>)) {
        (Some("1"), None) => true,
        (Some("1"), Some(Ok(minor))) => minor >= 4,
        _ => false,
    }
}
