//! Cache mounts that do nothing: see `rules/cache/useless-cache-mount.md`.

use std::collections::BTreeMap;

use super::mounts::{Cleaning, Doubts, FOLDERS_ABOVE, Mount, Plan, Site, and, each, sentence};
use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    knowledge::{Action, Defeat, Holds, Sharing},
    model::{
        CachePath, Misplaced, Mount as RunMount, MountKind, PackageCommand, Stage, StepKind, Value, idle, is_below,
    },
    rewrite,
    rule::{Check, FileCx, Rule},
    settings::Builder,
    shell::Setting,
    source::Span,
};

pub(super) static RULE: Rule = crate::rule!("cache" / "useless-cache-mount", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let mut mounts = cx.model.stages.iter().flat_map(Stage::runs).flat_map(|(_, run)| &run.mounts);
    if cx.project.settings.builder == Builder::Legacy || !mounts.any(|it| it.kind == MountKind::Cache) {
        return;
    }
    each(cx, |site| {
        if site.run.caches().next().is_some() {
            let found = Useless { site, mounted: mounted(site) };
            found.misplaced(out);
            found.idle(out);
            found.defeated(out);
            found.emptied(out);
            found.in_need(out);
            found.unlocked(out);
            found.foreign(out);
        }
    });
}

/// A command, one of its caches, and the mount that keeps it.
struct Mounted<'a> {
    /// Which of the commands it is.
    at: usize,
    command: &'a PackageCommand,
    path: &'a CachePath,
    mount: &'a RunMount,
    target: &'a str,
}

/// The caches that are mounted for the commands of a run.
fn mounted<'s>(site: &'s Site<'_>) -> Vec<Mounted<'s>> {
    let mut mounted = Vec::new();
    for (at, (command, paths)) in site.uses().iter().enumerate() {
        for path in paths {
            for (mount, target) in site.run.caches() {
                let writable = mount.own_cache().is_some();
                let near = path.targets.iter().any(|it| is_below(it, target) || is_below(target, it));
                if writable && near {
                    mounted.push(Mounted { at, command, path, mount, target });
                }
            }
        }
    }
    mounted
}

/// Where a command switches its cache off, and how.
type Defeated<'a> = (Span, &'a PackageCommand, &'static Defeat);

struct Useless<'s, 'a> {
    site: &'s Site<'a>,
    mounted: Vec<Mounted<'s>>,
}

impl<'s> Useless<'s, '_> {
    fn finding(&self, span: Span, message: String, note: impl Into<String>) -> Finding {
        Finding::new(RULE.name, self.site.cx.at(span), message).note(note)
    }

    /// The place of a command's first words, up to its subcommand.
    fn head(&self, command: &PackageCommand) -> Option<Span> {
        let words = &self.site.run.invocations()[command.invocation].words;
        Some(words.first()?.span.cover(words.get(command.head.end.checked_sub(1)?)?.span))
    }

    /// The mounted caches of one of the commands.
    fn of(&self, at: usize) -> &[Mounted<'s>] {
        let start = self.mounted.partition_point(|it| it.at < at);
        &self.mounted[start..start + self.mounted[start..].partition_point(|it| it.at == at)]
    }

    /// The folders of mounts that keep caches of a command; where its caches are not known, those that look like it.
    fn folders(&self, at: usize) -> Vec<&'s str> {
        let mut folders: Vec<&str> = self.of(at).iter().map(|it| it.target).collect();
        let (command, paths) = &self.site.uses()[at];
        if paths.is_empty() {
            let of_action = || command.manager.cache.iter().filter(|it| it.used_by.contains(&command.action));
            let like = |target: &str| of_action().any(|it| command.manager.is_taken_for(it, target));
            folders.extend(self.site.run.caches().map(|(_, target)| target).filter(|it| like(it)));
        }
        folders.sort_unstable();
        folders.dedup();
        folders
    }

    /// What a fix of mounts that exist works with.
    fn plan<'m>(mounted: impl Iterator<Item = &'m Mounted<'s>>) -> Plan<'s>
    where
        's: 'm,
    {
        let mut plan = Plan::default();
        let mut last = None;
        for it in mounted {
            if !plan.mounts.contains_key(it.target) {
                plan.mounts.insert(it.target.to_owned(), Mount::of(it.path, it.command));
                plan.cleaned.push(it.target.to_owned());
                plan.cleaned.extend(it.path.targets.iter().cloned());
            }
            if last != Some(it.at) {
                last = Some(it.at);
                plan.commands.push(it.command);
            }
        }
        plan
    }

    /// Mounts that lie where another user, environment or image would have the cache.
    fn misplaced(&self, out: &mut Vec<Finding>) {
        for it in self.site.misplaced() {
            let Some(target) = it.mount.target.as_deref() else { continue };
            let installs = it.paths.iter().find(|(command, _)| command.action != Action::Update);
            let Some((command, _)) = installs.or(it.paths.first()) else { continue };
            let targets: Vec<String> =
                it.paths.iter().flat_map(|(_, path)| &path.targets).map(|it| format!("`{it}`")).collect();
            let message = format!("`{}` keeps its cache in {}, not in `{target}`", command.title(), and(&targets));
            let mut notes = vec!["Nothing uses the mount, and everything is downloaded again.".to_owned()];
            let mut doubts = Doubts::default();
            let edits = self.moved(&it, &mut doubts);
            notes.append(&mut doubts.notes);
            let mut finding = self.finding(it.mount.span, message, notes.join(" "));
            let safety = doubts.safety.unwrap_or(Safety::Safe);
            let title = format!("Mount the cache on {} instead", and(&targets));
            finding.fix = edits.and_then(|it| self.site.cx.fix(title, safety, it));
            out.push(finding);
        }
    }

    /// The edits that put mounts where the caches are in the place of one that is elsewhere.
    fn moved(&self, it: &Misplaced<'_>, doubts: &mut Doubts) -> Option<Vec<Edit>> {
        let Site { cx, run, step, .. } = self.site;
        let all_root = it.paths.iter().all(|(command, _)| command.manager.root);
        let owner = match self.site.owner() {
            Some(owner) => owner,
            None if all_root => String::new(),
            None => {
                doubts.add(Safety::Shown, "The numeric id of the user is not known.");
                return None;
            }
        };
        if !owner.is_empty() && !all_root {
            doubts.add(Safety::Unsafe, FOLDERS_ABOVE);
        }
        if !run.is_known() {
            doubts.add(Safety::Unsafe, "Another command of this `RUN` may use the mount.");
        }
        let locked = it.paths.iter().any(|(_, path)| path.cache.sharing == Sharing::Locked);
        let targets: Vec<&String> = it.paths.iter().flat_map(|(_, path)| &path.targets).collect();
        if let ([target], [(_, path), ..]) = (targets.as_slice(), it.paths.as_slice()) {
            let mut fields = vec![("target", target.as_str())];
            let id = self.site.mount_id(path.cache, target).filter(|_| it.mount.id.is_none());
            fields.extend(id.as_deref().map(|it| ("id", it)));
            if locked && it.mount.field("sharing").is_none_or(|it| it == "shared") {
                fields.push(("sharing", "locked"));
            }
            if !all_root {
                fields.extend(owner.split(',').filter_map(|it| it.split_once('=')));
            }
            return Some(vec![rewrite::set_mount_fields(cx.source, it.mount.span, &fields)?]);
        }
        let sharing = if locked { ",sharing=locked" } else { "" };
        let owner = if all_root { "" } else { owner.as_str() };
        let caches = it.paths.iter().flat_map(|(_, path)| path.targets.iter().map(move |it| (path.cache, it)));
        let flags: Vec<String> = caches
            .map(|(cache, target)| {
                let id = self.site.mount_id(cache, target).map(|it| format!("id={it},")).unwrap_or_default();
                format!("--mount=type=cache,{id}target={target}{sharing}{owner}")
            })
            .collect();
        let instruction = cx.model.instruction(step);
        Some(vec![rewrite::replace_flag(cx.source, instruction, cx.unit.syntax.escape, it.mount.span, &flags)])
    }

    /// Mounts that look like the cache of a manager that is not called.
    fn idle(&self, out: &mut Vec<Finding>) {
        for mount in idle(self.site.run, self.site.uses()) {
            let Some(target) = mount.target.as_deref() else { continue };
            let message = format!("no command of this `RUN` uses the cache that is mounted on `{target}`");
            let mut finding =
                self.finding(mount.span, message, "A mount is there for the `RUN` that it stands in alone.");
            let instruction = self.site.cx.model.instruction(self.site.step);
            let edits = rewrite::remove_flag(self.site.cx.source, instruction, mount.span);
            finding.fix = edits.and_then(|it| self.site.cx.fix("Take out the mount", Safety::Safe, it));
            out.push(finding);
        }
    }

    /// Options and variables that switch a mounted cache off.
    fn defeated(&self, out: &mut Vec<Finding>) {
        let uses = self.site.uses().iter().map(|(it, _)| *it).enumerate();
        let commands = uses.filter(|(_, it)| it.action != Action::Clean && !it.is_offline());
        // By what switches off, and by the mounts.
        let mut defeats: BTreeMap<(&str, String), Vec<Defeated<'_>>> = BTreeMap::new();
        for (at, command) in commands {
            let folders: Vec<String> = self.folders(at).iter().map(|it| format!("`{it}`")).collect();
            for defeat in command.manager.defeat.iter().filter(|_| !folders.is_empty()) {
                if let Some((span, what)) = self.defeat(command, defeat) {
                    defeats.entry((what, and(&folders))).or_default().push((span, command, defeat));
                }
            }
        }
        for ((what, folders), places) in defeats {
            let Some((span, ..)) = places.first() else { continue };
            let message = format!("`{what}` switches off the cache that is mounted on {folders}");
            let mut notes =
                vec!["The mount stays empty, and a rebuild of this layer downloads everything again.".to_owned()];
            let mut doubts = Doubts::default();
            let mut done = Vec::new();
            let edits = places.iter().map(|(_, it, defeat)| self.site.undefeat_by(it, defeat, &mut doubts, &mut done));
            let edits: Option<Vec<Vec<Edit>>> = edits.collect();
            notes.append(&mut doubts.notes);
            done.dedup();
            let mut finding = self.finding(*span, message, notes.join(" "));
            let title = if done.is_empty() { format!("Take out `{what}`") } else { sentence(&done) };
            let safety = doubts.safety.unwrap_or(Safety::Safe);
            let edits = edits.and_then(|it| rewrite::join(it.concat()));
            finding.fix = edits.and_then(|it| self.site.cx.fix(title, safety, it));
            out.push(finding);
        }
    }

    /// Where a command, or something before it, switches its cache off, and how.
    fn defeat(&self, command: &PackageCommand, defeat: &'static Defeat) -> Option<(Span, &'static str)> {
        let invocation = &self.site.run.invocations()[command.invocation];
        if let Some(option) = &defeat.option {
            let at = command.options().find(|(_, it)| it == option)?.0;
            return Some((invocation.words.get(at)?.span, option));
        }
        let variable = defeat.variable.as_deref()?;
        let on = |value: &str| !value.is_empty() && !defeat.is_no(value);
        match self.site.run.value(variable, command, &self.site.step.before) {
            Value::Known(value) if on(&value) => {
                let own = invocation.environment.iter().find(|it| it.name == variable);
                Some((own.map(|it| it.span).or_else(|| self.head(command))?, variable))
            }
            Value::Known(_) | Value::Unset | Value::Unknown => None,
        }
    }

    /// Commands that empty a mounted cache.
    fn emptied(&self, out: &mut Vec<Finding>) {
        let plan = Self::plan(self.mounted.iter());
        let whole: Vec<Cleaning> = self.site.cleanings(&plan).into_iter().filter(|it| self.empties(it)).collect();
        let Some(first) = whole.first() else { return };
        let span = self.site.run.invocations()[first.invocation].command;
        let mut titles: Vec<String> = whole.iter().map(|it| self.site.cleaning_title(it)).collect();
        titles.dedup();
        let verb = if titles.len() == 1 { "empties" } else { "empty" };
        let many = plan.mounts.len() > 1;
        let caches = if many { "the caches that are mounted" } else { "the cache that is mounted" };
        let folders: Vec<String> = plan.mounts.keys().map(|it| format!("`{it}`")).collect();
        let message = format!("{} {verb} {caches} on {}", and(&titles), and(&folders));
        let mut notes =
            vec!["A mount is no part of the layer: emptying it makes no image smaller and leaves nothing for the next build.".to_owned()];
        let mut doubts = Doubts::default();
        let mut done = Vec::new();
        let above = whole.iter().any(|it| it.above.is_some());
        let edits = if above { None } else { self.site.take_out(&whole, &mut doubts, &mut done) };
        notes.append(&mut doubts.notes);
        let mut finding = self.finding(span, message, notes.join(" "));
        let safety = doubts.safety.unwrap_or(Safety::Safe);
        let edits = edits.and_then(rewrite::join);
        finding.fix = edits.and_then(|it| self.site.cx.fix(sentence(&done), safety, it));
        out.push(finding);
    }

    /// Whether a cleaning command leaves nothing in a mount: it sees the same settings as the command that fills it.
    fn empties(&self, it: &Cleaning) -> bool {
        // What is only done after a failure, to try again, is no habit.
        if self.site.run.invocations()[it.invocation].setting == Setting::Perhaps {
            return false;
        }
        let Some(cleaner) = self.site.run.package(it.invocation) else {
            return it.whole;
        };
        let run = self.site.run;
        let alike = |it: &&Mounted<'_>| {
            it.command.manager.name == cleaner.manager.name
                && it.path.cache.variables.iter().all(|(name, _)| {
                    let value = |command| run.value(name, command, &self.site.step.before);
                    value(it.command) == value(cleaner)
                })
        };
        it.whole && self.mounted.iter().any(|it| alike(&it))
    }

    /// Caches that stay empty since something more is needed, such as apt's without the hook that deletes packages.
    fn in_need(&self, out: &mut Vec<Finding>) {
        // What an unknown image configures is not known.
        if self.site.stage.image.is_none() || self.configures() {
            return;
        }
        for (at, (command, _)) in self.site.uses().iter().enumerate() {
            let plan = Self::plan(self.of(at).iter().filter(|it| it.path.cache.holds == Holds::Downloads));
            let need = command.manager.needs.iter().find(|it| self.site.is_needed(it, command));
            let (Some(need), false) = (need, plan.mounts.is_empty()) else { continue };
            if need.breaks {
                continue;
            }
            let Some(span) = self.head(command) else { continue };
            let folders: Vec<String> = plan.mounts.keys().map(|it| format!("`{it}`")).collect();
            let message =
                format!("`{}` leaves no packages in the cache that is mounted on {}", command.title(), and(&folders));
            let mut notes = vec![need.why.clone()];
            let mut doubts = Doubts::default();
            let mut done = Vec::new();
            let edits = self.site.needs(command, &plan, &mut doubts, &mut done).and_then(|mut edits| {
                edits.extend(self.widened(at)?);
                rewrite::join(edits)
            });
            notes.append(&mut doubts.notes);
            let mut finding = self.finding(span, message, notes.join(" "));
            let safety = doubts.safety.unwrap_or(Safety::Safe);
            finding.fix = edits.and_then(|it| self.site.cx.fix(sentence(&done), safety, it));
            out.push(finding);
        }
    }

    /// Moves a mount below a cache to the cache itself, so that what is kept beside it is in the mount, too.
    fn widened(&self, at: usize) -> Option<Vec<Edit>> {
        let narrow = self.of(at).iter().filter(|it| it.path.cache.holds == Holds::Downloads).filter_map(|it| {
            let [whole] = it.path.targets.as_slice() else { return None };
            let covered = self.site.run.has_cache_over(whole);
            (!covered).then(|| rewrite::set_mount_fields(self.site.cx.source, it.mount.span, &[("target", whole)]))
        });
        narrow.collect()
    }

    /// Whether files of the context are copied into the system's configuration.
    fn configures(&self) -> bool {
        let steps = self.site.cx.model.ancestry(self.site.stage.index).flat_map(|it| &it.steps);
        let copies = steps.filter(|it| it.item < self.site.step.item).filter_map(|it| match &it.kind {
            StepKind::Copy(copy) => Some(copy),
            StepKind::Run(_) | StepKind::Other => None,
        });
        copies.into_iter().any(|it| it.destination.as_deref().is_none_or(|it| it == "/" || is_below(it, "/etc")))
    }

    /// Mounts that two builds may write to at once, though the manager does not bear that.
    fn unlocked(&self, out: &mut Vec<Finding>) {
        let mut mounts: BTreeMap<&str, &RunMount> = BTreeMap::new();
        let mut titles: Vec<String> = Vec::new();
        let mut note = "";
        for it in &self.mounted {
            // Whoever writes `sharing=shared` means it.
            let open = it.mount.field("sharing").is_none();
            if let Some(why) = it.path.cache.alone.as_deref().filter(|_| open) {
                note = why;
                mounts.insert(it.target, it.mount);
                let title = format!("`{}`", it.command.program());
                if !titles.contains(&title) {
                    titles.push(title);
                }
            }
        }
        let Some(first) = mounts.values().min_by_key(|it| it.span) else { return };
        let folders: Vec<String> = mounts.keys().map(|it| format!("`{it}`")).collect();
        let (noun, verb) = if mounts.len() == 1 { ("cache", "is") } else { ("caches", "are") };
        let message = format!("the {noun} of {} on {} {verb} not locked", and(&titles), and(&folders));
        let mut finding = self.finding(first.span, message, note);
        let edits: Option<Vec<Edit>> = mounts
            .values()
            .map(|it| rewrite::set_mount_fields(self.site.cx.source, it.span, &[("sharing", "locked")]))
            .collect();
        finding.fix = edits.and_then(|it| self.site.cx.fix("Add `sharing=locked`", Safety::Safe, it));
        out.push(finding);
    }

    /// Mounts that the user of the command cannot write to.
    fn foreign(&self, out: &mut Vec<Finding>) {
        let user = &self.site.step.before.user;
        let Some(uid) = user.uid.filter(|it| *it != 0) else { return };
        let mut seen: Vec<Span> = Vec::new();
        for it in &self.mounted {
            let owner = it.mount.field("uid").unwrap_or("0");
            let is_own = owner.parse::<u32>().map_or(true, |it| it == uid);
            let wrapped = !self.site.run.invocations()[it.command.invocation].wrappers.is_empty();
            if is_own || wrapped || it.command.manager.root || it.mount.field("mode").is_some() {
                continue;
            }
            if seen.contains(&it.mount.span) {
                continue;
            }
            seen.push(it.mount.span);
            let whom = if owner == "0" { "root".to_owned() } else { format!("user {owner}") };
            let message = format!(
                "the cache that is mounted on `{}` belongs to {whom}, and `{}` runs as user {uid}",
                it.target,
                it.command.title()
            );
            let note = "A new cache belongs to root unless `uid` names another owner; nobody else can write to it.";
            let mut finding = self.finding(it.mount.span, message, note);
            let numbers = [Some(uid), user.gid].map(|it| it.map(|it| it.to_string()));
            let fields: Vec<(&str, &str)> =
                ["uid", "gid"].into_iter().zip(&numbers).filter_map(|(key, it)| Some((key, it.as_deref()?))).collect();
            let edit = rewrite::set_mount_fields(self.site.cx.source, it.mount.span, &fields);
            let title = format!("Let the cache belong to user {uid}");
            finding.fix = edit.and_then(|it| self.site.cx.fix(title, Safety::Safe, [it]));
            out.push(finding);
        }
    }
}
