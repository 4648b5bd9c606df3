//! A package index refreshed in another layer than its install: see `rules/packages/update-alone.md`.

use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix, Label},
    knowledge::{Action, Holds, Quality, is_plain_program},
    model::{PackageCommand, Run, Stage, Step, StepKind},
    rewrite,
    rule::{Check, FileCx, Rule},
    shell::{Removal, Script, Setting},
    source::{Location, Span},
};

pub(super) static RULE: Rule = crate::rule!("packages" / "update-alone", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        for (at, step) in stage.steps.iter().enumerate() {
            let StepKind::Run(run) = &step.kind else { continue };
            // An old index does no harm where its servers keep what it names.
            let stale =
                |it: &&PackageCommand| it.action == Action::Update && !it.manager.is.contains(&Quality::Lasting);
            for update in run.packages().iter().filter(stale) {
                let uses = |it: &&PackageCommand| {
                    it.manager.name == update.manager.name
                        && it.action == Action::Install
                        && it.invocation > update.invocation
                };
                if !run.packages().iter().any(|it| uses(&it)) {
                    out.extend(finding(cx, stage, at, step, run, update));
                }
            }
        }
    }
}

fn finding(
    cx: &FileCx<'_>,
    stage: &Stage,
    at: usize,
    step: &Step,
    run: &Run,
    update: &PackageCommand,
) -> Option<Finding> {
    let words = &run.invocations()[update.invocation].words;
    let span = words.first()?.span.cover(words.get(update.head.end.checked_sub(1)?)?.span);
    let location = Location { file: cx.unit.file, span };
    let message = format!("`{}` stands in another layer than the install that needs it", update.title());
    let mut finding = Finding::new(RULE.name, location, message);
    let (later, is_repeated) = later_installs(cx, stage, at, update);
    if later.is_empty() || !run_only_updates(run, update) {
        // A script or a wrapper may install with the lists that were fetched.
        if !nothing_else_installs(cx, stage, at, run, update) {
            return None;
        }
    }
    if later.is_empty() && is_repeated {
        finding.message = format!("what `{}` fetches is fetched again before anything is installed", update.title());
        finding.note = Some("The layer holds package lists that nothing here reads.".to_owned());
        return Some(finding);
    }
    if later.is_empty() {
        finding.message = format!("`{}` is not followed by an install", update.title());
        finding.note = Some("The layer holds package lists that nothing here reads; an image built on this one would read lists that have gone stale.".to_owned());
        return Some(finding);
    }
    finding.note = Some(
        "The layer stays cached while the install below changes, which then asks for packages that the mirrors no longer have.".to_owned(),
    );
    let (_, _, install) = later[0];
    if let Some(span) = place(later[0].1, install) {
        finding.related.push(Label {
            location: Location { file: cx.unit.file, span },
            text: "reads the lists of the earlier layer".to_owned(),
        });
    }
    // Below a mount the install did not see the lists that the update has left in the layer.
    let hidden = later.iter().any(|(_, run, install)| {
        let lists = install.manager.cache.iter().filter(|it| it.holds == Holds::Index);
        lists.filter_map(|it| it.path.as_deref()).any(|it| run.has_cache_over(it))
    });
    finding.fix = change(cx, step, run, update, &later).map(|change| Fix {
        title: format!("Move `{}` to the install", update.title()),
        safety: if hidden { Safety::Unsafe } else { Safety::Safe },
        change,
    });
    Some(finding)
}

fn place(run: &Run, command: &PackageCommand) -> Option<Span> {
    let words = &run.invocations()[command.invocation].words;
    Some(words.first()?.span.cover(words.get(command.head.end.checked_sub(1)?)?.span))
}

/// Whether what follows the update in its run is known not to install.
fn run_only_updates(run: &Run, update: &PackageCommand) -> bool {
    let behind = run.invocations().iter().enumerate().skip(update.invocation + 1);
    behind.into_iter().all(|(at, _)| is_known(run, at))
}

/// Whether a command is known not to install packages of the system, or seen to do so.
fn is_known(run: &Run, at: usize) -> bool {
    let invocation = &run.invocations()[at];
    let calls =
        |it: &PackageCommand| it.manager.system.iter().any(|word| it.texts.iter().flatten().any(|it| it == word));
    is_plain_program(&invocation.program) || run.package(at).is_some_and(|it| !calls(it))
}

/// Whether all that follows, in this stage and those that are built on it, is known not to install.
fn nothing_else_installs(cx: &FileCx<'_>, stage: &Stage, at: usize, run: &Run, update: &PackageCommand) -> bool {
    let model = cx.model;
    let heirs =
        model.stages[stage.index + 1..].iter().filter(|it| model.ancestry(it.index).any(|it| it.index == stage.index));
    let later = stage.steps[at + 1..].iter().chain(heirs.flat_map(|it| &it.steps));
    let is_understood = |run: &Run| {
        run.script().is_some_and(Script::is_understood) && (0..run.invocations().len()).all(|at| is_known(run, at))
    };
    run_only_updates(run, update)
        && later.into_iter().all(|it| match &it.kind {
            StepKind::Run(run) => is_understood(run),
            StepKind::Copy(_) | StepKind::Other => true,
        })
}

/// The first installs of later runs that have no update before them, in this stage and those that are built on it,
/// and whether there is another update.
fn later_installs<'a>(
    cx: &FileCx<'a>,
    stage: &'a Stage,
    at: usize,
    update: &PackageCommand,
) -> (Vec<(&'a Step, &'a Run, &'a PackageCommand)>, bool) {
    let model = cx.model;
    let heirs =
        model.stages[stage.index + 1..].iter().filter(|it| model.ancestry(it.index).any(|it| it.index == stage.index));
    let mut found = Vec::new();
    // Behind another update, an install reads the lists of that one.
    let mut refreshed = Vec::new();
    for (stage, steps) in std::iter::once((stage, &stage.steps[at + 1..])).chain(heirs.map(|it| (it, &it.steps[..]))) {
        if model.ancestry(stage.index).any(|it| refreshed.contains(&it.index)) {
            continue;
        }
        for step in steps {
            let StepKind::Run(run) = &step.kind else { continue };
            let own = run.packages().iter().filter(|it| it.manager.name == update.manager.name);
            let used = own.into_iter().filter(|it| matches!(it.action, Action::Update | Action::Install));
            let Some(first) = used.clone().next() else { continue };
            if first.action == Action::Install && !first.refreshes_index() {
                found.push((step, run, first));
            }
            if used.into_iter().any(|it| it.action == Action::Update || it.refreshes_index()) {
                refreshed.push(stage.index);
                break;
            }
        }
    }
    (found, !refreshed.is_empty())
}

/// Takes the update out of its `RUN` and puts it before each of the installs.
fn change(
    cx: &FileCx<'_>,
    step: &Step,
    run: &Run,
    update: &PackageCommand,
    later: &[(&Step, &Run, &PackageCommand)],
) -> Option<Change> {
    let invocation = &run.invocations()[update.invocation];
    let plain = |span: Span| !cx.source.slice(span).contains('\n');
    if invocation.setting != Setting::Always || !plain(invocation.command) {
        return None;
    }
    let script = run.script()?;
    let command = cx.source.slice(invocation.command);
    let mut edits = match script.removal(&[invocation.command], &cx.source.text)? {
        Removal::Some(spans) => spans.into_iter().map(Edit::delete).collect(),
        Removal::All if cx.model.instruction(step).comments.is_empty() => {
            vec![rewrite::remove_item(&cx.unit.syntax.items[step.item])]
        }
        Removal::All => return None,
    };
    for (_, run, install) in later {
        let target = &run.invocations()[install.invocation];
        run.script()?;
        if target.setting != Setting::Always {
            return None;
        }
        edits.push(Edit::insert(target.command.start as usize, format!("{command} && ")));
    }
    Change::of(cx.unit.file, rewrite::join(edits)?)
}
