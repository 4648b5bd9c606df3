//! Archives that are copied and then unpacked: see `rules/size/copied-archive.md`.

use crate::rules::commands::runs;
use crate::{
    finding::{Finding, Label},
    rule::{Check, FileCx, Rule},
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("size" / "copied-archive", Check::File(check));

const ARCHIVES: &[&str] = &[
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz", ".txz", ".xz",
];
const UNPACKERS: &[&str] =
    &["tar", "unzip", "gunzip", "bunzip2", "unlzma", "unxz", "zgz", "uncompress", "zcat", "gzcat"];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        for (at, step) in stage.steps.iter().enumerate() {
            let copy = cx.model.instruction(step);
            let Some((target, sources)) = copy.words().split_last() else { continue };
            if copy.kind != Keyword::Copy || copy.flag("from").is_some() {
                continue;
            }
            let name = |path: &str| path.trim_matches(['"', '\'']).rsplit(['/', '\\']).next().unwrap_or("").to_owned();
            let is_archive = |it: &String| ARCHIVES.iter().any(|ending| it.ends_with(ending));
            let own = Some(name(&target.text)).filter(is_archive);
            let names: Vec<String> = sources
                .iter()
                .map(|it| name(&it.text))
                .filter(is_archive)
                .map(|it| own.clone().unwrap_or(it))
                .collect();
            if names.is_empty() {
                continue;
            }
            let later = runs(cx).filter(|it| it.stage.index == stage.index && it.at > at);
            let mut calls = later.flat_map(|it| it.calls(UNPACKERS));
            let unpacks = calls.find(|call| {
                let tar = call.it.program != "tar" || call.has_flag(&["x", "extract", "get"]);
                tar && call.args().any(|it| names.contains(&name(&it)))
            });
            if let Some(call) = unpacks {
                let mut finding =
                    Finding::new(RULE.name, cx.at(copy.keyword.span), "an archive is copied and then unpacked")
                        .note("The archive stays in the layer of the `COPY`. `ADD` unpacks it and leaves it out.");
                finding.related =
                    vec![Label { location: cx.at(call.it.command), text: "it is unpacked here".to_owned() }];
                out.push(finding);
            }
        }
    }
}
