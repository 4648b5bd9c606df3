//! Files that are copied, and then copied again with another owner: see `rules/size/chown-after-copy.md`.

use crate::{
    context::{Context, Size, WalkOptions, bytes},
    edit::{Change, Edit, Safety},
    finding::{Audience, Finding, Fix, Label},
    model::{Copy, CopyFrom, Recursive, Run, Stage, StepKind, header, is_below},
    names::counted,
    project::{EntryKind, Kind},
    rewrite,
    rule::{Check, FileCx, Rule},
    shell::{Invocation, Setting},
    source::{Location, Span},
};

pub(super) static RULE: Rule = crate::rule!("size" / "chown-after-copy", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        let mut found = Vec::new();
        for (at, step) in stage.steps.iter().enumerate() {
            let StepKind::Run(run) = &step.kind else { continue };
            if !run.mentions(&["chown", "chmod"]) || !cx.is_shipped(stage.index) {
                continue;
            }
            for (number, invocation) in run.invocations().iter().enumerate() {
                let Some(change) = Recursive::of(invocation, step, run, number) else { continue };
                let site = Site { cx, stage, at, run, invocation, change };
                found.extend(site.finding(cx.contexts()));
            }
        }
        let (fixed, open): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| it.fix.is_some());
        out.extend(fixed);
        let (told, asked): (Vec<_>, Vec<_>) = open.into_iter().partition(|it| it.audience == Audience::All);
        out.extend(together(told).into_iter().chain(together(asked)));
    }
}

/// The findings of a stage that nothing but a rewrite by hand cures, which is one piece of work.
fn together(found: Vec<Finding>) -> Option<Finding> {
    let count = found.len();
    let mut found = found.into_iter();
    let mut first = found.next()?;
    if count > 1 {
        let command = first.message.split(" stores ").next().unwrap_or_default();
        first.message = format!("{command} and {} more store what was copied a second time", count - 1);
        first.related.extend(found.map(|it| Label { location: it.location, text: "so does this".to_owned() }));
    }
    Some(first)
}

/// Fewer bytes are not worth a rewrite by hand.
const HEAVY: u64 = 1_000_000;

struct Site<'a> {
    cx: &'a FileCx<'a>,
    stage: &'a Stage,
    at: usize,
    run: &'a Run,
    invocation: &'a Invocation,
    change: Recursive,
}

impl Site<'_> {
    fn finding(&self, contexts: &[Context]) -> Option<Finding> {
        let steps = &self.stage.steps;
        let copies: Vec<(usize, &Copy)> = steps[..self.at]
            .iter()
            .enumerate()
            .filter_map(|(at, it)| match &it.kind {
                StepKind::Copy(copy) => Some((at, copy)),
                StepKind::Run(_) | StepKind::Other => None,
            })
            .filter(|(_, copy)| {
                let inside = |it: &String| copy.destination.as_deref().is_some_and(|place| is_below(place, it));
                self.change.folders.iter().any(inside)
            })
            .collect();
        let flagged = |it: &Copy| it.options.iter().any(|it| it.starts_with(self.change.flag));
        let open: Vec<(usize, &Copy)> = copies.iter().copied().filter(|(_, it)| !flagged(it)).collect();
        let (first, copy) = *open.iter().find(|(_, it)| brings_folder(it, contexts))?;
        let command = self.cx.source.slice(self.invocation.command).lines().next().unwrap_or_default();
        let location = Location { file: self.cx.unit.file, span: self.invocation.command };
        let place = copy.destination.as_deref().unwrap_or_default();
        let mut finding = Finding::new(
            RULE.name,
            location,
            format!("`{}` stores what was copied to `{place}` a second time", command.trim_end_matches(['\\', ' '])),
        );
        finding.related.push(Label {
            location: Location { file: self.cx.unit.file, span: header(self.cx.model.instruction(&steps[first])) },
            text: format!("could set it with `--{}`", self.change.flag),
        });
        let weight = weight(&open, contexts);
        let is_light = weight.is_some_and(|it| it.bytes < HEAVY);
        let weight = weight
            .map_or_else(String::new, |it| format!(", {} in {} here", bytes(it.bytes), counted(it.files, "file")));
        let cost = format!("A layer that changes the owner or mode of a file holds all of the file again{weight}.");
        finding.note = Some(cost.clone());
        let all = copies.iter().map(|(at, _)| *at).collect::<Vec<_>>();
        if let Some(change) = self.edits(&all, &open) {
            let span = self.change.option.and_then(|it| self.invocation.words.get(it)).map(|it| it.span);
            let is_safe = self.cx.model.owned(self.stage).iter().any(|it| Some(it.option) == span);
            let more = if is_safe { "" } else { "; what the base image has in it would keep its owner" };
            finding.note = Some(format!("{cost} The folder itself keeps its `chown`{more}."));
            finding.fix = Some(Fix {
                title: format!("Set it while copying, with `--{}`", self.change.flag),
                safety: if is_safe { Safety::Safe } else { Safety::Unsafe },
                change,
            });
        } else if is_light {
            finding = finding.for_asking();
        }
        Some(finding)
    }

    /// The owner said by each copy, and no more for what lies in the folder. Only where nothing but these copies fills
    /// the folder, and the owner is there when the first of them runs.
    fn edits(&self, all: &[usize], open: &[(usize, &Copy)]) -> Option<Change> {
        let value = self.change.value.as_deref().filter(|it| self.change.flag == "chown" && !it.is_empty())?;
        let steps = &self.stage.steps;
        let first = *all.first()?;
        let known = |name: &str| {
            name == "root"
                || (!name.is_empty() && name.bytes().all(|it| it.is_ascii_digit()))
                || steps[first].before.accounts.iter().any(|it| it.name == name)
        };
        let remote = |it: &Copy| it.add && it.sources.iter().flatten().any(|it| it.contains("://"));
        let plain = |it: &Copy| !it.heredocs && !remote(it);
        let runs = steps[first..self.at].iter().any(|it| matches!(it.kind, StepKind::Run(_)));
        let alone = self.run.invocations().iter().all(|it| {
            matches!(it.program.as_str(), "chown" | "set" | "useradd" | "adduser" | "groupadd" | "addgroup" | "usermod")
        });
        let mut parts = value.split(':');
        let owners = parts.next().is_some_and(known) && parts.all(|it| it.is_empty() || known(it));
        let same = all.len() == open.len() && open.iter().all(|(_, it)| plain(it));
        if runs || !alone || !owners || !same || value.ends_with(':') || self.invocation.setting != Setting::Always {
            return None;
        }
        let option = self.change.option?;
        let spans: Vec<Span> = self.invocation.words.iter().map(|it| it.span).collect();
        let mut edits = rewrite::remove_words(self.cx.source, &spans, &[option])?;
        for (at, _) in open {
            let instruction = self.cx.model.instruction(&steps[*at]);
            edits.push(Edit::insert(instruction.keyword.span.end as usize, format!(" --chown={value}")));
        }
        Change::of(self.cx.unit.file, rewrite::join(edits)?)
    }
}

/// What the copies bring of the context; `None` where that is nothing worth a word, or cannot be told in a moment.
fn weight(copies: &[(usize, &Copy)], contexts: &[Context]) -> Option<Size> {
    /// So many entries are seen in a few milliseconds.
    const MOST: usize = 2_000;
    const LEAST_BYTES: u64 = 1_000;
    let [context] = contexts else { return None };
    let own = |it: &Copy| it.from == CopyFrom::Context && !it.heredocs && it.sources.iter().all(Option::is_some);
    if !copies.iter().all(|(_, it)| own(it)) {
        return None;
    }
    let tree = context.walk(&WalkOptions { limit: Some(MOST), ..WalkOptions::default() }).filter(|it| !it.cut)?;
    let sums = tree.sums(|_, node| !node.excluded && node.kind != EntryKind::Folder);
    let mut weight = Size::default();
    for source in copies.iter().flat_map(|(_, it)| it.sources.iter().flatten()) {
        let sum = sums.get(tree.find(source)? as usize)?;
        weight.bytes += sum.bytes;
        weight.files += sum.files;
    }
    (weight.bytes >= LEAST_BYTES).then_some(weight)
}

/// Whether a copy can bring more than a file or two.
fn brings_folder(copy: &Copy, contexts: &[Context]) -> bool {
    let file_like = |it: &str| it.rsplit('/').next().is_some_and(|it| it.trim_start_matches('.').contains('.'));
    copy.sources.iter().flatten().any(|it| match copy.from {
        CopyFrom::Context if contexts.is_empty() => it == ".",
        CopyFrom::Context => contexts.iter().all(|context| context.kind(it) == Some(Kind::Folder)),
        CopyFrom::Stage(_) | CopyFrom::Other(_) => !file_like(it) && !it.contains("/bin/"),
    })
}
