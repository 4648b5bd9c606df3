//! Archives that are copied and then unpacked: see `rules/size/copied-archive.md`.

use crate::rules::commands::{Call, runs};
use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Fix, Label},
    model::{Step, StepKind},
    project::{file_name, join},
    rewrite,
    rule::{Check, FileCx, Rule},
    shell::{Node, OperatorKind, Removal},
    source::Span,
    syntax::{Args, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("size" / "copied-archive", Check::File(check));

const ARCHIVES: &[&str] = &[
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz", ".txz", ".xz",
];
/// Those that `ADD` unpacks.
const TARS: &[&str] = &[".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"];
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
                finding.fix = added(cx, step, &call);
                out.push(finding);
            }
        }
    }
}

/// `ADD` to where the archive is unpacked, and the run without that, if nothing else makes use of the archive.
fn added(cx: &FileCx<'_>, step: &Step, call: &Call<'_>) -> Option<Fix> {
    let StepKind::Copy(copy) = &step.kind else { return None };
    let instruction = cx.model.instruction(step);
    let [source, target] = instruction.words() else { return None };
    let [Some(archive)] = copy.sources.as_slice() else { return None };
    let name = file_name(archive);
    let is_plain = instruction.flags.is_empty() && matches!(instruction.args, Args::Words(_));
    // What `ADD` unpacks; of a name with a pattern or a variable it cannot be told.
    let is_known = source.text == *archive && TARS.iter().any(|ending| name.ends_with(ending));
    if !is_plain || !is_known || name.contains(['*', '?', '[']) {
        return None;
    }
    let place = copy.destination.as_ref()?;
    let places = if copy.into_folder { vec![join(place, name)] } else { vec![place.clone(), join(place, name)] };
    let folder = unpacked_to(call, &places)?;
    let run = cx.model.instruction(call.of.step);
    let mentions = cx.instructions().filter(|it| it.span != run.span && it.span != instruction.span);
    if mentions.into_iter().any(|it| cx.source.slice(it.span).contains(name)) || call.of.is_trigger() {
        return None;
    }
    let keyword = rewrite::keyword_like(cx.source, instruction, Keyword::Add);
    let mut edits = without(cx, call, &places)?;
    edits.push(Edit::replace(instruction.keyword.span, keyword));
    edits.push(Edit::replace(target.span, format!("{}/", folder.trim_end_matches('/'))));
    cx.fix("Let `ADD` unpack it", Safety::Unsafe, edits)
}

/// The folder into which `tar -x` unpacks one of these files as it is.
fn unpacked_to(call: &Call<'_>, places: &[String]) -> Option<String> {
    let here = call.of.step.before.workdir.as_ref()?;
    let words: Vec<String> = call.it.words.iter().skip(1).map(crate::shell::Word::literal).collect::<Option<_>>()?;
    let mut folder = here.clone();
    let mut archives = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-C" => folder = join(here, words.next()?),
            long if long.starts_with("--directory=") => folder = join(here, &long["--directory=".len()..]),
            short if short.starts_with('-') => {
                let is_plain = !short.starts_with("--") && short[1..].chars().all(|it| "xzjJvfp".contains(it));
                is_plain.then_some(())?;
            }
            path => archives.push(join(here, path)),
        }
    }
    let [archive] = archives.as_slice() else { return None };
    (call.it.program == "tar" && places.contains(archive)).then_some(folder)
}

/// A run without the command that unpacks the archive and those that delete it; nothing is left of one that does no more.
fn without(cx: &FileCx<'_>, call: &Call<'_>, places: &[String]) -> Option<Vec<Edit>> {
    let instruction = cx.model.instruction(call.of.step);
    let here = call.of.step.before.workdir.as_ref()?;
    let script = call.of.run.script()?;
    let items = &script.list.items;
    let is_archive = |word: &String| places.contains(&join(here, word));
    let goes = |node: &Node| {
        let Node::Command(it) = node else { return false };
        let words: Vec<String> = it.words.iter().filter_map(crate::shell::Word::literal).collect();
        let is_rm = words.first().is_some_and(|it| it == "rm")
            && it.words.len() == words.len()
            && words[1..].iter().all(|it| it.starts_with('-') || is_archive(it));
        it.redirects.is_empty() && (it.span.contains(call.it.command) || is_rm)
    };
    let is_chain = items.iter().all(|it| it.operator.is_none_or(|it| it.kind == OperatorKind::And));
    let (gone, kept): (Vec<&Node>, Vec<&Node>) = items.iter().map(|it| &it.node).partition(|it| goes(it));
    let gone: Vec<Span> = gone.into_iter().map(Node::span).collect();
    let is_used = kept.iter().any(|it| {
        let text = cx.source.slice(it.span());
        places.iter().any(|it| text.contains(file_name(it)))
    });
    if gone.is_empty() || !is_chain || is_used {
        return None;
    }
    match script.removal(&gone, &cx.source.text)? {
        Removal::Some(spans) => Some(spans.into_iter().map(Edit::delete).collect()),
        Removal::All => {
            let item = call.of.step.item;
            let is_lone = rewrite::with_comments(&cx.unit.syntax.items, item) == item;
            (is_lone && instruction.comments.is_empty())
                .then(|| vec![rewrite::remove_item(&cx.unit.syntax.items[item])])
        }
    }
}
