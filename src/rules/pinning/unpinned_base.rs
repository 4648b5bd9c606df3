//! Base images without a tag, or with `latest`: see `rules/pinning/unpinned-base.md`.

use std::cell::LazyCell;

use rustc_hash::FxHashSet;

use crate::{
    finding::{Audience, Finding},
    model::ImageRef,
    rule::{Check, FileCx, Rule},
    syntax::{Keyword, Word},
};

pub(super) static RULE: Rule = crate::rule!("pinning" / "unpinned-base", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let takes_program = LazyCell::new(|| cx.takes_program());
    let mut names: Vec<&str> = Vec::new();
    for from in cx.all(Keyword::From) {
        if let Some(word) = from.words().first() {
            out.extend(finding(cx, word, &names).map(|it| {
                let is_told = it.audience > Audience::All || *takes_program;
                if is_told { it } else { it.for_asking() }
            }));
        }
        names.extend(from.words().get(2).map(|it| it.text.as_str()));
    }
}

fn finding(cx: &FileCx<'_>, word: &Word, stages: &[&str]) -> Option<Finding> {
    let name = word.text.as_str();
    // In a template the name comes later.
    if name == "scratch" || name.contains(['@', '{']) && !name.contains("${") {
        return None;
    }
    let image = ImageRef::parse(name);
    let (message, code): (_, &[&str]) = match image.tag.as_deref() {
        Some("latest") => (format!("`{name}` is another image tomorrow"), &["hadolint/DL3007"]),
        Some(_) => return None,
        None if name.starts_with('$') || stages.contains(&name) => return None,
        None => (format!("`{name}` has no tag"), &["hadolint/DL3006"]),
    };
    let finding = Finding::new(RULE.name, cx.at(word.span), message)
        .only_as(code)
        .note("What is built depends on the day, and a build that worked cannot be had again.");
    let is_stage = stages.iter().any(|it| it.eq_ignore_ascii_case(name));
    // What the project builds itself is as old as it wants.
    let is_own = || {
        let images = || cx.project.builds.iter().flat_map(|it| &it.images);
        let names = || images().map(|it| ImageRef::parse(it).name).collect::<FxHashSet<String>>();
        cx.project.once("names of images", names).contains(&image.name)
    };
    // A variable may hold the tag.
    let has_variable = name.contains('$') && image.tag.is_none();
    // No image has a name with capital letters: something else is put in its place before the build.
    let is_placeholder = image.name.contains(char::is_uppercase);
    Some(if has_variable || is_placeholder || is_stage || is_own() { finding.for_parity() } else { finding })
}
