//! An install that two stages do each on their own: see `rules/stages/repeated-step.md`.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, btree_map::Entry},
};

use crate::{
    build::Target,
    edit::{Edit, Safety},
    finding::{Finding, Fix, Label},
    knowledge::Action,
    model::{Base, CopyFrom, MountKind, PackageCommand, Run, Stage, Step, StepKind, is_below},
    rewrite,
    rule::{Check, FileCx, Rule},
    syntax::{Args, Keyword},
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
    finding.fix = merged(cx, earlier, later);
    finding
}

/// Lets both stages start from one that has the step; `None` where something before it may matter to it.
fn merged(cx: &FileCx<'_>, earlier: &Place<'_>, later: &Place<'_>) -> Option<Fix> {
    let items = &cx.unit.syntax.items;
    // A stage more gives all that follow another number.
    let is_counted = cx.model.stages.iter().flat_map(|it| &it.steps).any(|it| {
        let from = cx.model.instruction(it).flag("from").map(|it| cx.source.slice(it.span));
        from.and_then(|it| it.split_once('=')).is_some_and(|it| it.1.parse::<usize>().is_ok())
    });
    let number = |it: &Target| matches!(it, Target::Stage(name) if name.parse::<usize>().is_ok());
    if is_counted
        || cx.project.builds_of(&cx.source.path).any(|it| number(&it.target))
        || !earlier.stands_alone(cx)
        || !later.stands_alone(cx)
    {
        return None;
    }
    let with_comments = |place: &Place<'_>| rewrite::with_comments(items, place.step().item);
    let text = |place: &Place<'_>| {
        let span = items[with_comments(place)].span.cover(items[place.step().item].span);
        cx.source.slice(span).trim_end().to_owned()
    };
    let step = text(earlier);
    let has_other_comments =
        with_comments(later) < later.step().item || !cx.model.instruction(later.step()).comments.is_empty();
    if has_other_comments && text(later) != step {
        return None;
    }
    let image = |place: &Place<'_>| match &cx.model.at(place.stage.from).args {
        Args::Words(words) => words.first().map(|it| (it.span, it.text.clone())),
        _ => None,
    };
    let ((here, written), (there, _)) = (image(earlier)?, image(later)?);
    let without = |place: &Place<'_>| Edit::delete(rewrite::with_blank(items, with_comments(place), place.step().item));
    let is_only_step = earlier.stage.steps.len() == 1;
    if let Some(name) = earlier.stage.name.as_ref().filter(|_| is_only_step) {
        let edits = vec![Edit::replace(there, name.clone()), without(later)];
        return cx.fix(format!("Start from `{name}`"), Safety::Unsafe, rewrite::join(edits)?);
    }
    let is_free =
        |name: &str| {
            cx.model.stages.iter().all(|it| it.name.as_deref() != Some(name) && image_name(it) != Some(name))
                && cx.model.stages.iter().flat_map(|it| &it.steps).all(
                    |it| !matches!(&it.kind, StepKind::Copy(copy) if copy.from == CopyFrom::Other(name.to_owned())),
                )
        };
    let name = ["base", "packages", "shared"].into_iter().find(|it| is_free(it))?;
    let keyword = cx.source.slice(cx.model.at(earlier.stage.from).keyword.span);
    let as_word = if keyword.starts_with('f') { "as" } else { "AS" };
    let top = items[rewrite::with_comments(items, earlier.stage.from)].span.start as usize;
    let edits = vec![
        Edit::insert(top, format!("{keyword} {written} {as_word} {name}\n{step}\n\n")),
        Edit::replace(here, name),
        without(earlier),
        Edit::replace(there, name),
        without(later),
    ];
    cx.fix(format!("Install it in a stage `{name}`, from which both start"), Safety::Unsafe, rewrite::join(edits)?)
}

/// The name of the image that a stage starts from.
fn image_name(stage: &Stage) -> Option<&str> {
    match &stage.base {
        Base::Image(image) => Some(&image.name),
        Base::Stage(_) | Base::Scratch | Base::Unknown => None,
    }
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

    /// Whether nothing that stands before it in its stage matters to it, so that it may come first.
    fn stands_alone(&self, cx: &FileCx<'_>) -> bool {
        const TOUCHY: [&str; 4] = ["DEBIAN_FRONTEND", "PATH", "LD_LIBRARY_PATH", "HOME"];
        // Packages come from there, or go there.
        const SYSTEM: [&str; 5] = ["/etc", "/usr", "/var", "/lib", "/root"];
        let from = cx.model.at(self.stage.from);
        let Some(script) = self.run.script() else { return false };
        let is_plain = |it: &crate::shell::Word| it.literal().is_some();
        let own = cx.model.instruction(self.step());
        from.flags.is_empty()
            && script.is_understood()
            && own.heredocs.is_empty()
            && self.run.mounts.iter().all(|it| it.kind == MountKind::Cache)
            && self.run.packages().iter().all(|it| it.manager.root)
            && self.run.invocations().iter().flat_map(|it| &it.words).all(is_plain)
            && self.stage.steps[..self.at].iter().all(|step| {
                let instruction = cx.model.instruction(step);
                match (&step.kind, &instruction.args) {
                    (StepKind::Run(_), _) => false,
                    (StepKind::Copy(copy), _) => copy
                        .destination
                        .as_deref()
                        .is_some_and(|to| to != "/" && !SYSTEM.iter().any(|it| is_below(to, it))),
                    (StepKind::Other, Args::Pairs(pairs)) => pairs.iter().all(|it| {
                        let name = it.key.text.to_ascii_uppercase();
                        !TOUCHY.contains(&name.as_str()) && !name.ends_with("_PROXY") && !name.starts_with("APT_")
                    }),
                    (StepKind::Other, _) => {
                        !matches!(instruction.kind, Keyword::Shell | Keyword::User | Keyword::Arg | Keyword::Onbuild)
                    }
                }
            })
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
