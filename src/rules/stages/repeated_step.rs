//! An install that two stages do each on their own: see `rules/stages/repeated-step.md`.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, btree_map::Entry},
};

use crate::{
    finding::{Finding, Label},
    knowledge::Action,
    model::{Base, PackageCommand, Run, Stage, Step, StepKind},
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("stages" / "repeated-step", Check::File(check));

/// A `RUN` of a stage.
struct Place<'a> {
    stage: &'a Stage,
    at: usize,
    run: &'a Run,
    /// What stands before it in its stage.
    before: OnceCell<Vec<String>>,
}

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    if cx.model.stages.len() < 2 {
        return;
    }
    // By what they start from and what they run: each is compared with the first one alone.
    let mut first: BTreeMap<(String, String), Place<'_>> = BTreeMap::new();
    for stage in &cx.model.stages {
        let Some(base) = base(cx, stage) else { continue };
        for (at, step) in stage.steps.iter().enumerate() {
            let StepKind::Run(run) = &step.kind else { continue };
            if !run.packages().iter().any(installs) {
                continue;
            }
            let place = Place { stage, at, run, before: OnceCell::new() };
            match first.entry((base.clone(), text(cx, step))) {
                Entry::Vacant(it) => {
                    it.insert(place);
                }
                Entry::Occupied(it) if it.get().is_repeated_by(&place, cx) => out.push(finding(cx, it.get(), &place)),
                Entry::Occupied(_) => {}
            }
        }
    }
}

fn finding(cx: &FileCx<'_>, earlier: &Place<'_>, later: &Place<'_>) -> Finding {
    let span = |it: &Place<'_>| cx.model.instruction(it.step()).span;
    let what = later.run.packages().iter().find(|it| installs(it)).map_or("", |it| it.manager.name.as_str());
    let message =
        format!("{} installs again with `{what}` what {} has installed", name(later.stage), name(earlier.stage));
    let mut finding = Finding::new(RULE.name, cx.at(span(later)), message).note(
        "Other lines stand before it, so that the builder runs it in both. A stage that both start from runs it once.",
    );
    finding.related.push(Label { location: cx.at(span(earlier)), text: "the same here".to_owned() });
    finding
}

fn name(stage: &Stage) -> String {
    stage.name.as_ref().map_or_else(|| format!("stage {}", stage.index), |it| format!("stage `{it}`"))
}

/// Whether a command installs what it names or what the project asks for. An upgrade is meant to come last in each.
fn installs(command: &PackageCommand) -> bool {
    let names_some = command.operands().next().is_some() && !command.subcommand.contains("up");
    command.action == Action::Install && (names_some || command.project_install().is_some())
}

impl Place<'_> {
    fn step(&self) -> &Step {
        &self.stage.steps[self.at]
    }

    /// Whether a later place does the same on the same ground, and no builder can tell.
    fn is_repeated_by(&self, other: &Self, cx: &FileCx<'_>) -> bool {
        if self.stage.index == other.stage.index {
            return false;
        }
        let (own, others) = (self.before(cx), other.before(cx));
        let is_understood = |it: &Self| it.run.script().is_some_and(crate::shell::Script::is_understood);
        if own == others || !is_understood(self) {
            return false;
        }
        // System packages come from outside; anything else may depend on all that stands before it.
        let is_system = self.run.packages().iter().filter(|it| installs(it)).all(|it| it.manager.root);
        let (a, b) = (&self.step().before, &other.step().before);
        let same_place = a.user == b.user && a.workdir == b.workdir && a.variables == b.variables;
        let copies = |all: &[String]| all.iter().filter(|it| !it.starts_with("RUN ")).cloned().collect::<Vec<_>>();
        let has_all = |all: &[String], of: &[String]| of.iter().all(|it| !it.starts_with("RUN ") || all.contains(it));
        a.user == b.user
            && (is_system
                || same_place && copies(own) == copies(others) && (has_all(own, others) || has_all(others, own)))
    }

    fn before(&self, cx: &FileCx<'_>) -> &[String] {
        self.before.get_or_init(|| {
            let before = |step: &Step| {
                let keyword = cx.model.instruction(step).keyword.text.to_ascii_uppercase();
                format!("{keyword} {}", text(cx, step))
            };
            self.stage.steps[..self.at].iter().map(before).collect()
        })
    }
}

/// What a stage starts from, as far as that is the same wherever it is written so.
fn base(cx: &FileCx<'_>, stage: &Stage) -> Option<String> {
    let from = cx.model.at(stage.from);
    match stage.base {
        Base::Stage(at) => Some(at.to_string()),
        Base::Image(_) => {
            let flags = from.flags.iter().map(|it| cx.source.slice(it.span));
            Some(flags.chain(from.rest.text.split_whitespace().next()).collect::<Vec<_>>().join(" "))
        }
        Base::Scratch | Base::Unknown => None,
    }
}

/// An instruction without its keyword and mounts, on one line.
fn text(cx: &FileCx<'_>, step: &Step) -> String {
    let instruction = cx.model.instruction(step);
    let flags = instruction.flags.iter().map(|it| cx.source.slice(it.span)).filter(|it| !it.contains("type=cache"));
    let words = instruction.rest.text.split_whitespace();
    flags.chain(words).collect::<Vec<_>>().join(" ")
}
