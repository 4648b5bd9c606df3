//! `COPY --exclude` of what is sent all the same: see `rules/context/wasted-exclude.md`.

use std::cell::LazyCell;

use crate::{
    context::{Context, Needs, WalkOptions},
    finding::Finding,
    model::{StepKind, is_below},
    project::{Kind, join},
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("context" / "wasted-exclude", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let needs = LazyCell::new(|| Needs::of_all(cx.model));
    for step in cx.model.stages.iter().flat_map(|it| &it.steps) {
        let StepKind::Copy(copy) = &step.kind else { continue };
        if !copy.is_broad() {
            continue;
        }
        let instruction = cx.model.instruction(step);
        for flag in instruction.flags.iter().filter(|it| it.name == "exclude") {
            let Some(pattern) = flag.value.as_ref().map(|it| it.text.as_str()) else { continue };
            let contexts = cx.contexts();
            let is_ignored = |it: &Context| it.ignore.patterns().iter().any(|it| it.text == pattern);
            if contexts.iter().any(is_ignored) {
                continue;
            }
            let message = format!("`--exclude={pattern}` keeps the files out of the image, but they are sent");
            let mut finding = Finding::new(RULE.name, cx.at(flag.span), message);
            finding.note = Some(
                "Only the ignore file makes the context smaller; where no build needs them, put the pattern there."
                    .to_owned(),
            );
            let is_named = |it: &String| it != "." && (is_below(pattern, it) || is_below(it, pattern));
            let is_needed = || needs.all.iter().flat_map(|it| &it.sources).any(is_named);
            if !contexts.iter().any(|it| weighs(cx, it, pattern)) || is_needed() {
                finding = finding.for_asking();
            }
            out.push(finding);
        }
    }
}

/// Whether a path of a context is worth keeping back.
fn weighs(cx: &FileCx<'_>, context: &Context, path: &str) -> bool {
    /// So many entries are seen in a few milliseconds; where there are more, it weighs enough.
    const MOST: usize = 2_000;
    const LEAST_BYTES: u64 = 1 << 20;
    let path = path.trim_start_matches("./").trim_matches('/');
    if path.contains(['*', '?', '[']) || context.kind(path).is_none() {
        return false;
    }
    let options = WalkOptions { limit: Some(MOST), ..WalkOptions::default() };
    let inside = Context::open(cx.project, &join(&context.folder, path), None);
    if context.kind(path) == Some(Kind::File) {
        return context.read(path).is_none_or(|it| it.len() as u64 >= LEAST_BYTES);
    }
    let tree = inside.walk(&options);
    tree.is_some_and(|it| it.cut || it.sums(|_, _| true).first().is_some_and(|it| it.bytes >= LEAST_BYTES))
}
