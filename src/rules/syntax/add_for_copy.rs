//! `ADD` where `COPY` does the same: see `rules/syntax/add-for-copy.md`.

use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Fix},
    model::{Step, StepKind},
    outline,
    rule::{Check, FileCx, Rule},
    syntax::{Instruction, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "add-for-copy", Check::File(check));

/// Endings of archives.
const ARCHIVES: &[&str] = &[
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz", ".txz", ".xz",
];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for step in cx.model.stages.iter().flat_map(|it| &it.steps) {
        let add = cx.model.instruction(step);
        let Some((_, sources)) = add.words().split_last().filter(|_| add.kind == Keyword::Add) else { continue };
        let sources = || sources.iter().map(|it| it.text.trim_matches(['"', '\'']));
        let is_archive = |it: &str| ARCHIVES.iter().any(|ending| it.ends_with(ending));
        let is_url = |it: &str| it.starts_with("http://") || it.starts_with("https://");
        if sources().all(|it| is_archive(it) || is_url(it)) {
            continue;
        }
        let mut finding = Finding::new(RULE.name, cx.at(add.keyword.span), "`COPY` does the same as this `ADD`")
            .note("`ADD` may also download and unpack. With `COPY` the reader knows that nothing of the kind happens.");
        // What comes from elsewhere, or perhaps does, is what `ADD` is for.
        let plain = |it: &str| !is_archive(it) && !it.contains("://") && !it.starts_with("git@") && !it.contains('$');
        let flags = ["checksum", "keep-git-dir", "unpack"];
        if !sources().all(plain) || flags.iter().any(|it| add.flag(it).is_some()) {
            out.push(finding.for_parity());
            continue;
        }
        finding.fix = fix(cx, step, add);
        out.push(finding);
    }
}

fn fix(cx: &FileCx<'_>, step: &Step, add: &Instruction) -> Option<Fix> {
    let StepKind::Copy(copy) = &step.kind else { return None };
    let written = cx.source.slice(add.keyword.span);
    let keyword = if written == "add" { "copy" } else { "COPY" };
    if !written.eq_ignore_ascii_case("ADD") {
        return None;
    }
    // An archive is unpacked whatever its name, and a glob may find one.
    let contexts = cx.contexts();
    let is_plain = |it: &Option<String>| {
        let Some(source) = it else { return false };
        contexts.iter().all(|context| outline::is_plain(source, &|path| context.kind(path)))
    };
    let proved =
        !contexts.is_empty() && !copy.heredocs && copy.destination.is_some() && copy.sources.iter().all(is_plain);
    let safety = if proved { Safety::Safe } else { Safety::Unsafe };
    cx.fix("Write `COPY`", safety, [Edit::replace(add.keyword.span, keyword)])
}
