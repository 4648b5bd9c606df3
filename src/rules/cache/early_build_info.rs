//! Build arguments that change with every build, before expensive steps: see `rules/cache/early-build-info.md`.

use crate::{
    context::Context,
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix, Label},
    knowledge::{self, Action, build_info, means_nothing},
    manifests::{View, ignores, visible},
    model::{Stage, Step, StepKind, Value, declared, header},
    rewrite,
    rule::{Check, FileCx, Rule},
    source::Location,
    syntax::{ItemKind, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("cache" / "early-build-info", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        let mut groups: Vec<Group> = Vec::new();
        for at in 0..stage.steps.len() {
            if !is_volatile(cx, stage, at) || !installs_behind(stage, at) {
                continue;
            }
            let Some(group) = group(cx, stage, at, cx.contexts()) else { continue };
            match groups.iter_mut().find(|it| it.place == group.place) {
                Some(same) => same.merge(group),
                None => groups.push(group),
            }
        }
        out.extend(groups.iter().filter_map(|it| finding(cx, stage, it)));
    }
}

/// Instructions that can move down together.
#[derive(Debug)]
struct Group {
    /// The `ARG` steps.
    roots: Vec<usize>,
    /// All steps that move: the roots, and what only passes their values on.
    moved: Vec<usize>,
    /// The step before which they go.
    place: usize,
    /// The first install that no longer stands behind them.
    install: usize,
}

impl Group {
    fn merge(&mut self, other: Self) {
        self.roots.extend(other.roots);
        self.moved.extend(other.moved);
        self.moved.sort_unstable();
        self.moved.dedup();
        self.install = self.install.min(other.install);
    }
}

/// Whether a step is an `ARG` whose value is another in every build.
fn is_volatile(cx: &FileCx<'_>, stage: &Stage, at: usize) -> bool {
    let instruction = cx.model.instruction(&stage.steps[at]);
    if instruction.kind != Keyword::Arg {
        return false;
    }
    let after = stage.steps.get(at + 1).map_or(&stage.end, |it| &it.before);
    let names = declared(instruction);
    !names.is_empty()
        && names.iter().all(|name| {
            // A default that means something is what is built as a rule.
            let fixed = matches!(after.variable(name), Value::Known(it) if !means_nothing(&it));
            build_info(name).is_some() && !fixed
        })
}

fn installs(step: &Step) -> bool {
    let fills = |it: &Action| matches!(it, Action::Install | Action::Fetch);
    matches!(&step.kind, StepKind::Run(run) if run.packages().iter().any(|it| fills(&it.action)))
}

fn installs_behind(stage: &Stage, at: usize) -> bool {
    stage.steps[at..].iter().any(installs)
}

/// Where an `ARG` can go, with all that passes its value on; `None` if no install would be passed.
fn group(cx: &FileCx<'_>, stage: &Stage, root: usize, contexts: &[Context]) -> Option<Group> {
    let steps = &stage.steps;
    let text = |at: usize| cx.source.slice(cx.model.instruction(&steps[at]).span);
    let mut names = declared(cx.model.instruction(&steps[root]));
    let mut moved = vec![root];
    let mut passed = Vec::new();
    let mut place = None;
    for (at, step) in steps.iter().enumerate().skip(root + 1) {
        let mentioned = names.iter().any(|it| text(at).contains(it.as_str()));
        match &step.kind {
            StepKind::Run(run) => {
                let nowhere = [Context::unknown()];
                let contexts = if contexts.is_empty() { &nowhere } else { contexts };
                let ignored = contexts.iter().all(|context| {
                    let view = View { context, copies: visible(steps, at) };
                    names.iter().all(|it| ignores(run, text(at), &step.before, &view, it))
                });
                if !ignored {
                    place = Some(at);
                    break;
                }
                passed.push(at);
            }
            StepKind::Copy(copy) if names.iter().any(|it| copy.uses.contains(it)) => return None,
            StepKind::Other if mentioned => {
                let instruction = cx.model.instruction(step);
                let own = declared(instruction);
                let hands_on = match instruction.kind {
                    Keyword::Label => true,
                    Keyword::Env | Keyword::Arg => own.iter().all(|it| build_info(it).is_some()),
                    _ => false,
                };
                if !hands_on {
                    place = Some(at);
                    break;
                }
                if instruction.kind != Keyword::Label {
                    names.extend(own);
                }
                moved.push(at);
            }
            StepKind::Copy(_) | StepKind::Other => {}
        }
    }
    let uses =
        |it: &Step| matches!(&it.kind, StepKind::Copy(copy) if names.iter().any(|name| copy.uses.contains(name)));
    if steps.iter().any(uses) {
        return None;
    }
    let last = *passed.last()?;
    let install = *passed.iter().find(|it| installs(&steps[**it]))?;
    moved.retain(|it| *it < last);
    let makes_layer = |it: &Step| matches!(it.kind, StepKind::Run(_) | StepKind::Copy(_));
    let behind = steps.iter().rposition(makes_layer)? + 1;
    Some(Group { roots: vec![root], moved, place: place.unwrap_or(behind), install })
}

fn finding(cx: &FileCx<'_>, stage: &Stage, group: &Group) -> Option<Finding> {
    let first = cx.model.instruction(&stage.steps[*group.roots.first()?]);
    let location = Location { file: cx.unit.file, span: header(first) };
    let names: Vec<String> = group
        .roots
        .iter()
        .flat_map(|it| declared(cx.model.instruction(&stage.steps[*it])))
        .map(|it| format!("`{it}`"))
        .collect();
    let (StepKind::Run(run), install) = (&stage.steps[group.install].kind, &stage.steps[group.install]) else {
        return None;
    };
    let title = run.packages().iter().find(|it| matches!(it.action, Action::Install | Action::Fetch))?.title();
    let often = names.iter().any(|it| build_info(it.trim_matches('`')) == Some(knowledge::Change::Build));
    let message = format!(
        "{} {} with every {} and {} before `{title}`",
        names.join(", "),
        if names.len() == 1 { "changes" } else { "change" },
        if often { "build" } else { "release" },
        if names.len() == 1 { "comes" } else { "come" },
    );
    let mut finding = Finding::new(RULE.name, location, message);
    finding.note = Some(
        "A build argument is in the environment of every `RUN` below it; when its value changes, they all run again."
            .to_owned(),
    );
    finding.related.push(Label {
        location: Location { file: cx.unit.file, span: header(cx.model.instruction(install)) },
        text: "runs again with every new value".to_owned(),
    });
    finding.fix = change(cx, stage, group).map(|change| Fix {
        title: if group.moved.len() == 1 {
            "Move it down to where it is used".to_owned()
        } else {
            format!("Move {} instructions down to where they are used", group.moved.len())
        },
        safety: Safety::Safe,
        change,
    });
    Some(finding)
}

/// The instructions with their comments, taken out and put in further down.
fn change(cx: &FileCx<'_>, stage: &Stage, group: &Group) -> Option<Change> {
    let items = &cx.unit.syntax.items;
    let mut edits = Vec::new();
    let mut text = String::new();
    for at in &group.moved {
        let item = stage.steps[*at].item;
        let top = rewrite::with_comments(items, item);
        let span = items[top].span.cover(items[item].span);
        let taken = cx.source.slice(span);
        text.push_str(taken);
        if !taken.ends_with('\n') {
            text.push('\n');
        }
        edits.push(Edit::delete(span));
    }
    // The blank lines around what goes away come along: none is left beside another.
    let gone = |at: usize| edits.iter().any(|it| it.span.contains(items[at].span));
    let is_blank = |at: usize| items.get(at).is_none_or(|it| it.kind == ItemKind::Blank);
    let last = (0..items.len()).rev().find(|at| gone(*at))?;
    let first = (0..=last).rev().take_while(|at| gone(*at)).last()?;
    let spaced = is_blank(last + 1);
    if spaced && first.checked_sub(1).is_none_or(is_blank) && last + 1 < items.len() {
        edits.push(Edit::delete(items[last + 1].span));
    }
    let place = match stage.steps.get(group.place) {
        Some(step) => rewrite::with_comments(items, step.item),
        None => stage.steps.last()?.item + 1,
    };
    let above = items[place.checked_sub(1)?].span.end as usize;
    let start = if cx.source.text[..above].ends_with('\n') { "" } else { "\n" };
    let before = if spaced && !is_blank(place - 1) { "\n" } else { "" };
    let behind = if spaced && !is_blank(place) { "\n" } else { "" };
    edits.push(Edit::insert(above, format!("{start}{before}{text}{behind}")));
    Change::of(cx.unit.file, rewrite::join(edits)?)
}
