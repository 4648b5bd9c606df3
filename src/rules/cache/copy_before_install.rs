//! Sources copied before dependencies are installed: see `rules/cache/copy-before-install.md`.

use crate::{
    context::Context,
    edit::Safety,
    finding::{Finding, Fix, Label},
    manifests::{Reads, View, listed, reads, understands},
    model::{Copy, PackageCommand, Stage, Step, StepKind, header},
    project::{Kind, file_name},
    rule::{Check, FileCx, Rule},
    source::Location,
};

mod change;
mod habits;
mod plan;

use plan::{Plan, is_install, may_hold_sources};

pub(super) static RULE: Rule = crate::rule!("cache" / "copy-before-install", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        let mut at = 0;
        while at < stage.steps.len() {
            let is_source = copy_of(&stage.steps[at]).is_some_and(may_hold_sources);
            let installs = || {
                stage.steps[at..]
                    .iter()
                    .any(|it| matches!(&it.kind, StepKind::Run(run) if run.packages().iter().any(is_install)))
            };
            if !is_source || !installs() {
                at += 1;
                continue;
            }
            let site = Site { cx, stage, at };
            let (finding, next) = site.finding(cx.contexts());
            out.extend(finding);
            at = next;
        }
    }
}

fn copy_of(step: &Step) -> Option<&Copy> {
    match &step.kind {
        StepKind::Copy(copy) => Some(copy),
        StepKind::Run(_) | StepKind::Other => None,
    }
}

/// The copy that is looked at.
struct Site<'a> {
    cx: &'a FileCx<'a>,
    stage: &'a Stage,
    at: usize,
}

impl Site<'_> {
    /// The finding, and the step to go on with.
    fn finding(&self, contexts: &[Context]) -> (Option<Finding>, usize) {
        let mut plans: Vec<(Plan, &Context)> = contexts.iter().filter_map(|it| Some((self.plan(it)?, it))).collect();
        plans.dedup_by(|(one, _), (other, _)| one == other);
        let Some((plan, context)) = plans.first() else {
            let next = self.at + 1;
            return (if contexts.is_empty() { self.without_context() } else { None }, next);
        };
        let next = plan.installs.last().map_or(self.at, |it| *it) + 1;
        // Whoever copies the rest after the install has chosen what has to come before it.
        let brings_rest = |it: &Step| copy_of(it).is_some_and(|it| may_hold_sources(it) && it.is_broad());
        let chosen = || !plan.moved.iter().any(|it| brings_rest(&self.stage.steps[*it]));
        if !plan.obstacles.is_empty() && chosen() && self.stage.steps[next..].iter().any(brings_rest) {
            return (None, next);
        }
        let (Some(install), Some(copy)) = (plan.installs.iter().find(|it| **it > plan.moved[0]), plan.moved.first())
        else {
            return (None, next);
        };
        let mut finding = self.describe(*copy, *install);
        let subject = self.subject(plan, context);
        let again = match &plan.packages {
            Some((number, file)) => {
                let needed = if *number > 1 && file.ends_with("txt") { ", and what they need" } else { "" };
                format!("installs {} again{needed}", listed(*number, file))
            }
            None => match self.install_at(*install).filter(|it| it.operands().next().is_some()) {
                Some(named) => format!("runs `{}` again", named.title()),
                None => "installs all dependencies again".to_owned(),
            },
        };
        let mut notes = vec![format!("Every change of {subject} {again}.")];
        if plans.len() == 1 {
            notes.extend(self.habits(plan, context));
        }
        if plans.len() > 1 {
            notes.push(
                "Several folders can be the build context; name the right one in `dockopt.toml` under `[contexts]`."
                    .to_owned(),
            );
        } else if plan.obstacles.is_empty() {
            notes.extend(plan.doubts.iter().cloned());
            let safety = if plan.doubts.is_empty() && plan.exposed.is_empty() { Safety::Safe } else { Safety::Unsafe };
            let change = self.change(plan, &mut notes, contexts);
            if change.is_none() {
                notes.push(
                    "The copy, or the install, is written in a way in which dockopt does not change it.".to_owned(),
                );
            }
            finding.fix = change.map(|change| Fix { title: Self::title(plan), safety, change });
        } else {
            notes.push(format!("What stands in the way of a fix: {}", plan.obstacles.join(" ")));
            // Whoever picks what is copied may have picked what the install needs.
            if !self.is_broad(plan) {
                finding = finding.for_asking();
            }
        }
        finding.note = Some(notes.join(" "));
        (Some(finding), next)
    }

    /// Whether all of a folder is copied, whatever is in it.
    fn is_broad(&self, plan: &Plan) -> bool {
        plan.moved.iter().filter_map(|it| copy_of(&self.stage.steps[*it])).any(Copy::is_broad)
    }

    /// What changes: the copied files by their names, where they are few.
    fn subject(&self, plan: &Plan, context: &Context) -> String {
        let copies = plan.moved.iter().filter_map(|it| copy_of(&self.stage.steps[*it]));
        let sources = copies.flat_map(|it| it.sources.iter().flatten());
        let mut files: Vec<&String> = sources.filter(|it| !plan.manifests.contains(it)).collect();
        files.dedup();
        let single = files.iter().all(|it| context.kind(it) == Some(Kind::File));
        match files.as_slice() {
            [one] if single => format!("`{one}`"),
            [one, two] if single => format!("`{one}` or `{two}`"),
            _ if self.is_broad(plan) => "a source file".to_owned(),
            _ => "a copied file".to_owned(),
        }
    }

    /// The first install of a step.
    fn install_at(&self, step: usize) -> Option<&PackageCommand> {
        match &self.stage.steps[step].kind {
            StepKind::Run(run) => run.packages().iter().find(|it| is_install(it)),
            StepKind::Copy(_) | StepKind::Other => None,
        }
    }

    fn describe(&self, copy: usize, install: usize) -> Finding {
        let model = self.cx.model;
        let copy = model.instruction(&self.stage.steps[copy]);
        let command =
            self.cx.source.slice(header(copy)).lines().next().unwrap_or_default().trim_end_matches([' ', '\\', '`']);
        let location = Location { file: self.cx.unit.file, span: header(copy) };
        let StepKind::Run(run) = &self.stage.steps[install].kind else { unreachable!("installs are runs") };
        let installs = self.install_at(install);
        let title = installs.map_or_else(String::new, PackageCommand::title);
        let mut finding = Finding::new(RULE.name, location, format!("`{command}` comes before `{title}`"));
        let span = installs.and_then(|it| {
            let words = &run.invocations()[it.invocation].words;
            Some(words.first()?.span.cover(words.get(it.head.end.checked_sub(1)?)?.span))
        });
        if let Some(span) = span {
            let location = Location { file: self.cx.unit.file, span };
            finding.related.push(Label { location, text: "runs again whenever a copied file changes".to_owned() });
        }
        finding
    }

    /// Without a context the order can still be seen where a command names its manifest.
    fn without_context(&self) -> Option<Finding> {
        let copy = copy_of(&self.stage.steps[self.at])?;
        if !copy.is_broad() {
            return None;
        }
        let asks = |it: &PackageCommand| {
            let project = it.manager.project.as_ref().is_some_and(|project| {
                project.fetch.is_none()
                    && understands(&it.manager.name)
                    && (it.subcommand.is_empty() || project.installs(&it.subcommand))
            });
            let requirements = it.manager.name == "pip"
                && !it.has_option("-e")
                && (it.has_option("-r") || it.has_option("--requirement"));
            (project || requirements) && it.operands().next().is_none() && !it.has_option("-g")
        };
        let nowhere = Context::unknown();
        for (at, step) in self.stage.steps.iter().enumerate().skip(self.at + 1) {
            let StepKind::Run(run) = &step.kind else { continue };
            if let Some(command) = run.packages().iter().find(|it| asks(it)) {
                if self.already_installed(at, run, command) {
                    return None;
                }
                let mut finding = self.describe(self.at, at);
                finding.note = Some("Every change of a source file installs all dependencies again. The build context is not known, so dockopt cannot tell which files the install needs.".to_owned());
                return Some(finding);
            }
            let view = View { context: &nowhere, copies: Vec::new() };
            if reads(run, &step.before, &view) == Reads::Sources {
                return None;
            }
        }
        None
    }

    fn title(plan: &Plan) -> String {
        let names: Vec<String> = plan.files.iter().map(|(_, it)| format!("`{}`", file_name(it))).collect();
        match names.as_slice() {
            [] => "Copy the sources after the install".to_owned(),
            [one] => format!("Copy {one} first, and the sources after the install"),
            [one, two] => format!("Copy {one} and {two} first, and the sources after the install"),
            _ => format!("Copy {} manifests first, and the sources after the install", names.len()),
        }
    }
}
