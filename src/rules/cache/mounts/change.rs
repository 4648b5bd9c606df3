//! The edits that mount a cache, and that take out what would defeat it.

use std::collections::BTreeSet;

use super::{Doubts, Follower, Mount, Plan, Site, Words};
use crate::{
    edit::{Change, Edit, Safety},
    knowledge::{Action, Defeat, Need, Sharing},
    model::{PackageCommand, Run, Stage, Value, is_below, text},
    rewrite,
    shell::{Removal, Word},
    source::Span,
    syntax::{Args, Instruction},
};

/// Seen with poetry, pip and npm: whatever else the user wants to write beside the mount then fails.
pub(in crate::rules::cache) const FOLDERS_ABOVE: &str = "The builder makes the folders above the mount as root, so the user cannot write beside it; \
     make them in an earlier `RUN` if something has to.";

impl Site<'_> {
    /// The edits that add the mounts and take out what defeats them; `None`, with a note, if that cannot be done.
    ///
    /// `done` gets what the fix does beside mounting, in the imperative.
    pub(in crate::rules::cache) fn edits(
        &self,
        plan: &Plan<'_>,
        instruction: &Instruction,
        doubts: &mut Doubts,
        done: &mut Vec<String>,
    ) -> Option<Change> {
        let owner = match self.owner() {
            Some(owner) => owner,
            None if plan.commands.iter().all(|it| it.manager.root) => String::new(),
            None => {
                doubts
                    .add(Safety::Shown, "The numeric id of the user is not known, so the mount would belong to root.");
                return None;
            }
        };
        if !owner.is_empty() && plan.mounts.values().any(|it| !it.root) {
            doubts.add(Safety::Unsafe, FOLDERS_ABOVE);
        }
        if self.cx.unit.syntax.directives().any(|it| it.name.text == "syntax" && is_too_old(&it.value.text)) {
            doubts.add(Safety::Shown, "The frontend that `# syntax` names does not know cache mounts.");
            return None;
        }
        let flag = |target: &str, mount: &Mount| {
            let sharing = if mount.sharing == Sharing::Locked { ",sharing=locked" } else { "" };
            let id = mount.id.as_ref().map(|it| format!("id={it},")).unwrap_or_default();
            let owner = if mount.root { "" } else { owner.as_str() };
            format!("--mount=type=cache,{id}target={target}{sharing}{owner}")
        };
        let flags: Vec<String> = plan.mounts.iter().map(|(target, mount)| flag(target, mount)).collect();
        let mut edits = vec![rewrite::add_flags(self.cx.source, instruction, self.cx.unit.syntax.escape, &flags)];
        for command in &plan.commands {
            edits.extend(self.undefeat(command, doubts, done)?);
            edits.extend(self.needs(command, plan, doubts, done)?);
        }
        edits.extend(self.cleanups(plan, doubts, done)?);
        for follower in &plan.followers {
            let own = || plan.mounts.iter().filter(|(it, _)| follower.targets.contains(it));
            let missing = own().filter(|(it, _)| !follower.run.has_cache_over(it));
            let flags: Vec<String> = missing.map(|(target, mount)| flag(target, mount)).collect();
            edits.extend(self.send_online(follower, &flags, done)?);
            let facts = self.facts_of(follower.step);
            let site = self.at_step(&facts, follower.step, follower.run);
            let part = Plan {
                cleaned: follower.targets.clone(),
                commands: follower.commands.iter().map(|(it, _)| *it).collect(),
                ..Plan::default()
            };
            edits.extend(site.cleanups(&part, doubts, done)?);
        }
        let mut told = BTreeSet::new();
        done.retain(|it| told.insert(it.clone()));
        let edits = rewrite::join(edits)?;
        Change::of(self.cx.unit.file, edits)
    }

    /// Gives a later run the mounts, and lets its commands fetch what is not there.
    fn send_online(&self, it: &Follower<'_>, flags: &[String], done: &mut Vec<String>) -> Option<Vec<Edit>> {
        let instruction = self.cx.model.instruction(it.step);
        let mut edits = Vec::new();
        if !flags.is_empty() {
            let line = self.cx.source.line(instruction.span.start);
            edits.push(rewrite::add_flags(self.cx.source, instruction, self.cx.unit.syntax.escape, flags));
            done.push(format!("mount it in line {line}, too"));
        }
        for (command, words) in &it.commands {
            edits.extend(self.let_fetch(it.run, command, words, done)?);
        }
        Some(edits)
    }

    /// Takes out the words that keep a command from fetching.
    pub(in crate::rules::cache) fn let_fetch(
        &self,
        run: &Run,
        command: &PackageCommand,
        words: &Words,
        done: &mut Vec<String>,
    ) -> Option<Vec<Edit>> {
        let spans: Vec<Span> = run.invocations()[command.invocation].words.iter().map(|it| it.span).collect();
        let mut edits = Vec::new();
        let mut removed = Vec::new();
        for (at, word, instead) in words {
            if let Some(instead) = instead {
                edits.push(Edit::replace(*spans.get(*at)?, *instead));
                done.push(format!("put `{instead}` in the place of `{word}`"));
            } else {
                removed.push(*at);
                done.push(format!("take out `{word}`"));
            }
        }
        if !removed.is_empty() {
            edits.extend(rewrite::remove_words(self.cx.source, &spans, &removed)?);
        }
        Some(edits)
    }

    /// The fields of a mount that make it the user's; `None` if its numeric id is not known.
    pub(in crate::rules::cache) fn owner(&self) -> Option<String> {
        let user = &self.step.before.user;
        match (user.is_root(), user.uid, user.gid) {
            (true, ..) => Some(String::new()),
            (false, Some(uid), Some(gid)) => Some(format!(",uid={uid},gid={gid}")),
            (false, Some(uid), None) => Some(format!(",uid={uid}")),
            (false, None, _) => None,
        }
    }

    /// Takes out options and variables that switch the cache off.
    fn undefeat(&self, command: &PackageCommand, doubts: &mut Doubts, done: &mut Vec<String>) -> Option<Vec<Edit>> {
        let edits = command.manager.defeat.iter().map(|it| self.undefeat_by(command, it, doubts, done));
        edits.collect::<Option<Vec<_>>>().map(|it| it.concat())
    }

    /// Takes out an option or a variable that switches the cache off, where it is there; `None`, with a note, if that
    /// cannot be done.
    pub(in crate::rules::cache) fn undefeat_by(
        &self,
        command: &PackageCommand,
        defeat: &Defeat,
        doubts: &mut Doubts,
        done: &mut Vec<String>,
    ) -> Option<Vec<Edit>> {
        let invocation = &self.run.invocations()[command.invocation];
        let mut edits = Vec::new();
        if let Some(option) = &defeat.option {
            let spans: Vec<Span> = invocation.words.iter().map(|it| it.span).collect();
            let places: Vec<usize> = command.options().filter(|(_, it)| it == option).map(|(at, _)| at).collect();
            if places.is_empty() {
                return Some(edits);
            }
            if self.run.script().is_none() {
                doubts.add(Safety::Shown, format!("`{option}` switches the cache off."));
                return None;
            }
            let done_before = defeat.subsumes.is_some_and(|action| {
                let is_it = command.action == action;
                is_it
                    || self.run.packages().iter().any(|it| {
                        it.manager.name == command.manager.name
                            && it.action == action
                            && it.invocation < command.invocation
                    })
            });
            let instead = defeat
                .instead
                .as_ref()
                .filter(|_| !done_before && !defeat.unless.iter().any(|it| command.has_option(it)));
            if let Some(instead) = instead {
                done.push(format!("put `{instead}` in the place of `{option}`"));
                edits.extend(places.iter().map(|at| Edit::replace(spans[*at], instead.clone())));
            } else {
                done.push(format!("take out `{option}`"));
                edits.extend(rewrite::remove_words(self.cx.source, &spans, &places)?);
            }
        }
        if let Some(variable) = &defeat.variable {
            let set = |value: &Value| !matches!(value, Value::Known(it) if it.is_empty() || defeat.is_no(it));
            let own = invocation.environment.iter().find(|it| it.name == *variable);
            if let Some(own) = own {
                done.push(format!("take out `{}`", self.cx.source.slice(own.span)));
                let rest = &self.cx.source.text[own.span.end as usize..];
                let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                let span = Span::new(own.span.start as usize, own.span.end as usize + blanks);
                edits.push(Edit::delete(span));
                return (blanks > 0).then_some(edits);
            }
            let exported = self.run.sets(variable, command);
            let stage = self.step.before.variables.get(variable).is_some_and(|it| set(&it.value));
            if exported || stage {
                doubts.add(Safety::Shown, format!("`{variable}` switches the cache off and has to go, too."));
                return self.without_variable(variable, doubts).map(|it| [edits, it].concat());
            }
        }
        Some(edits)
    }

    /// Takes a variable out of the `ENV` that sets it, which changes the image's configuration.
    fn without_variable(&self, variable: &str, doubts: &mut Doubts) -> Option<Vec<Edit>> {
        let model = self.cx.model;
        let steps = model.ancestry(self.stage.index).flat_map(|it| it.steps.iter().rev());
        let step = steps.into_iter().find(|step| matches!(&model.instruction(step).args, Args::Pairs(pairs) if pairs.iter().any(|it| it.key.text == variable)))?;
        let instruction = model.instruction(step);
        let Args::Pairs(pairs) = &instruction.args else { return None };
        let at = pairs.iter().position(|it| it.key.text == variable)?;
        doubts.safety = Some(Safety::Unsafe);
        if pairs.len() == 1 {
            let items = &self.cx.unit.syntax.items;
            return Some(vec![rewrite::remove_item(&items[step.item])]);
        }
        let mut spans = vec![instruction.keyword.span];
        spans.extend(pairs.iter().map(|it| it.key.span.cover(it.value.span)));
        if at == 0 {
            // What follows moves up to the keyword.
            let edit = Edit::delete(Span { start: spans[1].start, end: spans[2].start });
            return (!self.cx.source.slice(edit.span).contains('#')).then(|| vec![edit]);
        }
        rewrite::remove_words(self.cx.source, &spans, &[at + 1])
    }

    /// Whether a command lacks something without which its cache stays empty.
    pub(in crate::rules::cache) fn is_needed(&self, need: &'static Need, command: &PackageCommand) -> bool {
        let own_program = need.program.as_ref().is_none_or(|it| it == command.program());
        let present = || {
            command.texts.iter().flatten().any(|it| it.contains(&need.present))
                || self.step.before.variables.contains_key(&need.present)
                || self.run.sets(&need.present, command)
        };
        let configured = || self.facts.configured(need).is_some_and(|first| first <= self.step.item);
        need.actions.contains(&command.action) && own_program && !present() && !configured()
    }

    /// Whether an earlier run lacks the same mounts, so that what is said there with them will hold here, too.
    fn is_said_earlier(&self, need: &Need, command: &PackageCommand, plan: &Plan<'_>) -> bool {
        let manager = command.manager;
        let mut runs = self.cx.model.ancestry(self.stage.index).flat_map(Stage::runs);
        let lacks = |run: &Run| {
            run.script().is_some()
                && !run.goes_elsewhere(manager)
                && !plan.mounts.keys().any(|it| run.has_cache_over(it))
                && run.packages().iter().any(|it| {
                    it.manager.name == manager.name
                        && need.actions.contains(&it.action)
                        && run.invocations()[it.invocation].wrappers.is_empty()
                })
        };
        let lacks_here = !plan.mounts.is_empty() && !plan.mounts.keys().any(|it| self.run.has_cache_over(it));
        lacks_here && runs.any(|(step, run)| step.item < self.step.item && lacks(run))
    }

    /// Adds what the cache stays empty without: words of the command, variables, a command before it.
    pub(in crate::rules::cache) fn needs(
        &self,
        command: &PackageCommand,
        plan: &Plan<'_>,
        doubts: &mut Doubts,
        done: &mut Vec<String>,
    ) -> Option<Vec<Edit>> {
        let invocation = &self.run.invocations()[command.invocation];
        let mut words = String::new();
        let mut before = String::new();
        let of_place = plan.sets.iter().filter(|(at, _)| *at == command.invocation).map(|(_, it)| it.clone());
        let mut set: Vec<String> = of_place.collect();
        for need in command.manager.needs.iter().filter(|it| self.is_needed(it, command)) {
            if let Some(difference) = &need.differs {
                doubts.add(Safety::Unsafe, difference.clone());
            }
            if need.before.is_some() && self.is_said_earlier(need, command, plan) {
                continue;
            }
            if let Some(needed) = &need.words {
                words.push(' ');
                words.push_str(needed);
            }
            set.extend(need.set.clone());
            if let Some(command) = &need.before {
                before = format!("{command} && ");
            }
        }
        let all: Vec<String> = [words.trim(), before.trim_end_matches("&& ")]
            .into_iter()
            .map(str::to_owned)
            .chain(set.iter().cloned())
            .map(|it| it.trim().to_owned())
            .filter(|it| !it.is_empty())
            .collect();
        if all.is_empty() {
            return Some(Vec::new());
        }
        let only_words = set.is_empty() && before.is_empty();
        if self.run.script().is_none() || (!only_words && !invocation.wrappers.is_empty()) {
            doubts.add(Safety::Shown, format!("The cache stays empty without `{}`.", all.join("`, `")));
            return None;
        }
        done.extend(all.iter().map(|it| if set.contains(it) { format!("set `{it}`") } else { format!("add `{it}`") }));
        let mut edits = Vec::new();
        if !only_words {
            let set: Vec<String> = set.iter().map(|it| format!("{it} ")).collect();
            edits.push(Edit::insert(invocation.command.start as usize, before + &set.concat()));
        }
        if !words.is_empty() {
            let head = invocation.words.get(command.head.end.checked_sub(1)?)?;
            edits.push(Edit::insert(head.span.end as usize, words));
        }
        Some(edits)
    }

    /// Takes out commands that empty the mounted folders.
    fn cleanups(&self, plan: &Plan<'_>, doubts: &mut Doubts, done: &mut Vec<String>) -> Option<Vec<Edit>> {
        let cleanings = self.cleanings(plan);
        if let Some(word) = cleanings.iter().find_map(|it| it.above) {
            let line = self.cx.source.line(word.start);
            let note = format!("`{}` in line {line} would run into the mount.", self.cx.source.slice(word));
            doubts.add(Safety::Shown, note);
            return None;
        }
        self.take_out(&cleanings, doubts, done)
    }

    /// The commands that empty the mounted folders, those that hold them included.
    pub(in crate::rules::cache) fn cleanings(&self, plan: &Plan<'_>) -> Vec<Cleaning> {
        let invocations = self.run.invocations();
        let mut cleanings = Vec::new();
        for (at, invocation) in invocations.iter().enumerate() {
            let package = self.run.package(at).filter(|it| it.action == Action::Clean);
            if let Some(command) = package {
                if plan.commands.iter().any(|it| it.manager.name == command.manager.name) {
                    let whole = command.empties();
                    cleanings.push(Cleaning { invocation: at, words: Vec::new(), above: None, whole });
                }
                continue;
            }
            if !matches!(invocation.program.as_str(), "rm" | "find" | "rmdir") {
                continue;
            }
            let is_option = |at: usize| invocation.words[at].literal().is_some_and(|it| it.starts_with('-'));
            let operands: Vec<usize> = (1..invocation.words.len()).filter(|at| !is_option(*at)).collect();
            let mut cleaning = Cleaning { invocation: at, words: Vec::new(), above: None, whole: false };
            for at in &operands {
                match self.place(&invocation.words[*at], plan) {
                    Place::Inside { whole } => {
                        cleaning.words.push(*at);
                        cleaning.whole |= whole;
                    }
                    Place::Above => {
                        cleaning.above = cleaning.above.or(Some(invocation.words[*at].span));
                        cleaning.whole = true;
                    }
                    Place::Elsewhere => {}
                }
            }
            if cleaning.words.is_empty() && cleaning.above.is_none() {
                continue;
            }
            if cleaning.words.len() == operands.len() || invocation.program == "find" {
                cleaning.words.clear();
            }
            cleanings.push(cleaning);
        }
        cleanings
    }

    /// What a cleaning command is called in a message: the words that go, or its first line.
    pub(in crate::rules::cache) fn cleaning_title(&self, it: &Cleaning) -> String {
        let command = self.run.invocations()[it.invocation].command;
        format!("`{}`", self.cx.source.slice(command).lines().next().unwrap_or_default().trim_end_matches([' ', '\\']))
    }

    /// Takes out commands, or words of them; `None`, with a note, if that cannot be done.
    pub(in crate::rules::cache) fn take_out(
        &self,
        cleanings: &[Cleaning],
        doubts: &mut Doubts,
        done: &mut Vec<String>,
    ) -> Option<Vec<Edit>> {
        let mut commands: Vec<Span> = Vec::new();
        let mut edits = Vec::new();
        for cleaning in cleanings {
            let invocation = &self.run.invocations()[cleaning.invocation];
            if cleaning.words.is_empty() {
                commands.push(invocation.command);
                continue;
            }
            let word = |at: &usize| format!("take out `{}`", self.cx.source.slice(invocation.words[*at].span));
            done.extend(cleaning.words.iter().map(word));
            let spans: Vec<Span> = invocation.words.iter().map(|it| it.span).collect();
            edits.extend(rewrite::remove_words(self.cx.source, &spans, &cleaning.words)?);
        }
        commands.dedup();
        done.extend(
            commands
                .iter()
                .map(|it| format!("take out `{}`", self.cx.source.slice(*it).lines().next().unwrap_or_default())),
        );
        if commands.is_empty() {
            return Some(edits);
        }
        // A comment right above a command that goes away would be left with nothing to describe.
        let instruction = self.cx.model.instruction(self.step);
        let above = |comment: &Span, command: &Span| {
            comment.end <= command.start
                && self.cx.source.text[comment.end as usize..command.start as usize]
                    .trim_matches(['&', ';', ' ', '\t', '\n', '\r', '\\'])
                    .is_empty()
        };
        if instruction.comments.iter().any(|comment| commands.iter().any(|command| above(comment, command))) {
            doubts.add(Safety::Unsafe, "A comment stays that speaks of a command which goes away.");
        }
        let removal = self.run.script().and_then(|it| it.removal(&commands, &self.cx.source.text));
        match removal {
            Some(Removal::Some(spans)) => edits.extend(spans.into_iter().map(Edit::delete)),
            Some(Removal::All) | None => {
                doubts.add(Safety::Shown, "The command that empties the cache cannot be taken out here.");
                return None;
            }
        }
        Some(edits)
    }

    /// Where a path that is deleted lies: in a mounted folder, above one, or elsewhere.
    fn place(&self, word: &Word, plan: &Plan<'_>) -> Place {
        let written = text(word, &self.step.before).unwrap_or_else(|| self.cx.source.slice(word.span).to_owned());
        let home = self.step.before.home().unwrap_or_default();
        let path = match written.strip_prefix('~') {
            Some(rest) => format!("{home}{rest}"),
            None => written,
        };
        if !path.starts_with('/') {
            return Place::Elsewhere;
        }
        // A pattern reaches what begins as it does; what a variable in the root folder holds is a file of that folder.
        let (fixed, above) = if let Some(at) = path.find(['*', '?', '[', '{', '$', '`']) {
            let start = &path[..at];
            let folder = start.rsplit_once('/').map_or("", |(folder, _)| folder);
            let named = start == "/" && path[at..].starts_with('$');
            (folder, plan.mounts.keys().any(|it| !named && it.starts_with(start)))
        } else {
            let fixed = path.trim_end_matches('/');
            (fixed, plan.mounts.keys().any(|it| is_below(it, fixed)))
        };
        if plan.cleaned.iter().any(|it| is_below(fixed, it)) {
            let pattern = path.strip_prefix(fixed).unwrap_or_default().trim_start_matches('/');
            let all = matches!(pattern, "" | "*" | "**" | "*.*" | "{*,.*}");
            Place::Inside { whole: all && plan.cleaned.iter().any(|it| it == fixed) }
        } else if above {
            Place::Above
        } else {
            Place::Elsewhere
        }
    }
}

enum Place {
    Inside {
        /// Whether all of a folder is meant.
        whole: bool,
    },
    Above,
    Elsewhere,
}

/// A command that empties mounted folders.
pub(in crate::rules::cache) struct Cleaning {
    /// Which invocation of the run it is.
    pub(in crate::rules::cache) invocation: usize,
    /// The words that name them; none if the whole command is about them.
    words: Vec<usize>,
    /// A word that names a folder in which one of them lies.
    pub(in crate::rules::cache) above: Option<Span>,
    /// Whether nothing is left of one of them.
    pub(in crate::rules::cache) whole: bool,
}

/// Whether a frontend's name says a version before 1.2, which brought mounts.
fn is_too_old(frontend: &str) -> bool {
    let version = frontend.rsplit_once(':').map(|(_, it)| it);
    version.is_some_and(|it| {
        ["1.0", "1.1"]
            .iter()
            .any(|old| it == *old || it.starts_with(&format!("{old}.")) || it.starts_with(&format!("{old}-")))
    }) && !frontend.contains("experimental")
        && !frontend.contains("labs")
}
