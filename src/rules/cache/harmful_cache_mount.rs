//! Cache mounts that break the image, or the build of it: see `rules/cache/harmful-cache-mount.md`.

use super::mounts::{Doubts, Plan, Site, and, each, online, sentence};
use crate::{
    context::Context,
    edit::{Edit, Safety},
    finding::{Finding, Label},
    knowledge::{Action, Holds, Leaves, Output},
    model::{Copy, Mount, MountKind, PackageCommand, Run, Stage, Step, StepKind, Value, is_below},
    project::join,
    rewrite,
    rule::{Check, FileCx, Rule},
    settings::Builder,
    source::Span,
};

mod hidden;
mod lost;
mod pnp;
mod swallowed;

pub(super) static RULE: Rule = crate::rule!("cache" / "harmful-cache-mount", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let mut mounts = cx.model.stages.iter().flat_map(Stage::runs).flat_map(|(_, run)| &run.mounts);
    if cx.project.settings.builder == Builder::Legacy || !mounts.any(|it| it.kind == MountKind::Cache) {
        return;
    }
    each(cx, |site| {
        if site.run.mounts.iter().any(|it| it.own_cache().is_some()) {
            Harm { site, out }.look();
        }
    });
}

/// A run with cache mounts, and what is found about it.
struct Harm<'s, 'a, 'o> {
    site: &'s Site<'a>,
    out: &'o mut Vec<Finding>,
}

/// A folder that a command of the run fills and that lies in a mount.
struct Filled<'s> {
    command: &'s PackageCommand,
    output: &'static Output,
    path: String,
}

impl<'s, 'a> Harm<'s, 'a, '_> {
    fn look(&mut self) {
        let site = self.site;
        for (mount, target) in site.run.mounts.iter().filter_map(|it| Some((it, it.own_cache()?))) {
            let filled = self.filled(target);
            let found = self.out.len();
            self.lost(mount, target, &filled);
            if self.out.len() == found {
                self.swallowed(mount, target, &filled);
            }
            self.hidden(mount, target);
            self.hidden_program(mount, target);
            self.lists(mount, target);
            self.record(mount, target);
            self.links(mount, target);
            self.runtime(mount, target);
            self.pnp(mount, target);
        }
        self.offline();
    }

    fn finding(&self, span: Span, message: String, note: impl Into<String>) -> Finding {
        Finding::new(RULE.name, self.site.cx.at(span), message).note(note)
    }

    fn line(&self, step: &Step) -> usize {
        self.site.cx.source.line(self.site.cx.model.instruction(step).span.start)
    }

    fn label(&self, step: &Step, text: &str) -> Label {
        let instruction = self.site.cx.model.instruction(step);
        Label { location: self.site.cx.at(instruction.keyword.span), text: text.to_owned() }
    }

    /// What commands of the run leave in a mount.
    fn filled(&self, target: &str) -> Vec<Filled<'s>> {
        let site = self.site;
        let of = |command: &'s PackageCommand| {
            let outputs = site.cx.model.outputs(site.stage.index, &site.step.before, site.run, command);
            let inside = outputs.into_iter().filter(|(it, path)| covers(target, path) && !self.is_open(it, command));
            inside.map(move |(output, path)| Filled { command, output, path }).collect::<Vec<_>>()
        };
        site.run.packages().iter().flat_map(of).collect()
    }

    /// Whether something earlier may put what a command fills elsewhere.
    fn is_open(&self, output: &Output, command: &PackageCommand) -> bool {
        let site = self.site;
        let texts: Vec<&str> = output.unless.iter().map(String::as_str).filter(|it| !it.starts_with('-')).collect();
        if texts.is_empty() {
            return false;
        }
        let steps = site.cx.model.ancestry(site.stage.index).flat_map(|it| &it.steps);
        let mut earlier = steps.filter(|it| it.item <= site.step.item);
        let told = |it: &Step| match &it.kind {
            StepKind::Run(run) => run.mentions(&texts),
            StepKind::Copy(copy) => texts.iter().any(|it| self.may_name(copy, it)),
            StepKind::Other => false,
        };
        site.run.folder(command).is_none() || earlier.any(told)
    }

    /// Whether a copy may bring a file of this name.
    fn may_name(&self, copy: &Copy, name: &str) -> bool {
        copy.destination.as_deref().is_none_or(|it| it.ends_with(name))
            || copy.sources.iter().any(|source| {
                let Some(source) = source else { return true };
                let inside = |it: &Context| it.kind(&join(source, name)).is_some();
                source.ends_with(name) || self.site.cx.contexts().iter().any(inside)
            })
    }

    /// The runs of this stage and of those built on it, but for this one; later ones only.
    fn later(&self) -> impl Iterator<Item = (&'a Step, &'a Run)> {
        self.site.later_runs()
    }

    /// The edits that put mounts on what the run's caches need in the place of one that takes more.
    fn narrowed(&self, mount: &Mount, target: &str) -> Option<(String, Vec<Edit>)> {
        let site = self.site;
        let paths = site.uses().iter().flat_map(|(_, it)| it).filter(|it| it.set.is_none());
        let mut targets: Vec<&String> = paths.flat_map(|it| &it.targets).filter(|it| is_below(it, target)).collect();
        targets.sort();
        targets.dedup();
        if targets.is_empty() || targets.iter().any(|it| it.as_str() == target) {
            return None;
        }
        let names: Vec<String> = targets.iter().map(|it| format!("`{it}`")).collect();
        let title = format!("Mount only {}", and(&names));
        if let [one] = targets.as_slice() {
            let edit = rewrite::set_mount_fields(site.cx.source, mount.span, &[("target", one)])?;
            return Some((title, vec![edit]));
        }
        // Two folders must not share one id.
        if mount.id.is_some() {
            return None;
        }
        let fields = mount.text.split(',');
        let rest: Vec<&str> = fields
            .filter(|it| !["target=", "dst=", "destination="].iter().any(|key| it.trim().starts_with(key)))
            .collect();
        let flags: Vec<String> = targets.iter().map(|it| format!("--mount={},target={it}", rest.join(","))).collect();
        let instruction = site.cx.model.instruction(site.step);
        let escape = site.cx.unit.syntax.escape;
        Some((title, vec![rewrite::replace_flag(site.cx.source, instruction, escape, mount.span, &flags)]))
    }

    fn without(&self, mount: &Mount) -> Option<Vec<Edit>> {
        rewrite::remove_flag(self.site.cx.source, self.site.cx.model.instruction(self.site.step), mount.span)
    }

    /// A mount over the lists of packages, and an install that does not fetch them itself.
    fn lists(&mut self, mount: &Mount, target: &str) {
        let site = self.site;
        for (command, paths) in site.uses() {
            let own = paths
                .iter()
                .any(|it| it.cache.holds == Holds::Index && it.targets.iter().any(|it| is_below(it, target)));
            if command.action != Action::Install || !own || !command.manager.root {
                continue;
            }
            // A script, such as one that adds a repository, may fetch them, too.
            let before = &site.run.invocations()[..command.invocation];
            let may_update = before.iter().enumerate().any(|(at, it)| match site.run.package(at) {
                Some(it) => it.action == Action::Update,
                None => it.program.contains("apt-repository") || !crate::knowledge::is_plain_program(&it.program),
            });
            if may_update || !site.run.script().is_some_and(crate::shell::Script::is_understood) {
                continue;
            }
            let message = format!(
                "`{}` finds package lists only if the cache mount on `{target}` happens to hold them",
                command.title()
            );
            let note =
                "The mount hides the lists of the image. What another build has left in it may be gone the next time.";
            let mut finding = self.finding(mount.span, message, note);
            let update = format!("{} update", command.program());
            let invocation = &site.run.invocations()[command.invocation];
            let plain = site.run.script().is_some() && invocation.wrappers.is_empty();
            finding.fix = plain
                .then(|| Edit::insert(invocation.command.start as usize, format!("{update} && ")))
                .and_then(|it| site.cx.fix(format!("Run `{update}` before it"), Safety::Unsafe, [it]));
            self.out.push(finding);
            return;
        }
    }

    /// A mount that takes the record of automatic installs out of the image.
    fn record(&mut self, mount: &Mount, target: &str) {
        let site = self.site;
        let installs = site.run.packages().iter().any(|it| it.manager.name == "apt" && it.action == Action::Install);
        if !matches!(target, "/var/lib/apt" | "/var/lib") || !installs {
            return;
        }
        let message =
            format!("the cache mount on `{target}` keeps apt's record of automatic installs out of the image");
        let note = "In the image, and in those built on it, every package then counts as asked for, and in this `RUN` \
                    the record of another build counts: `apt-get autoremove` may remove what is needed.";
        let mut finding = self.finding(mount.span, message, note);
        let edit = rewrite::set_mount_fields(site.cx.source, mount.span, &[("target", "/var/lib/apt/lists")]);
        let title = "Mount only `/var/lib/apt/lists`";
        // The lists in a mount of that id lie one folder deeper.
        let edit = edit.filter(|_| target == "/var/lib/apt" && mount.id.is_none());
        finding.fix = edit.and_then(|it| site.cx.fix(title, Safety::Unsafe, [it]));
        self.out.push(finding);
    }

    /// An environment that holds links into the cache.
    fn links(&mut self, mount: &Mount, target: &str) {
        let site = self.site;
        for (command, paths) in site.uses() {
            let mounted = paths.iter().any(|it| it.targets.iter().any(|it| is_below(it, target)))
                || (paths.is_empty() && command.manager.cache.iter().any(|it| it.is_at(target)));
            if !mounted || command.action != Action::Install {
                continue;
            }
            let set = site.run.links_into_cache(command, &site.step.before);
            let need = command.manager.needs.iter().find(|it| it.breaks && site.is_needed(it, command));
            if set.is_none() && (need.is_none() || site.stage.image.is_none()) {
                continue;
            }
            let message = format!("what `{}` installs are links into the cache mount on `{target}`", command.title());
            let note = match &set {
                Some(set) => format!("`{set}` asks for links, and the mount is gone with its `RUN`."),
                None => need.map(|it| it.why.clone()).unwrap_or_default(),
            };
            let mut doubts = Doubts::default();
            let mut done = Vec::new();
            let edits = match need {
                Some(_) if set.is_none() => site.needs(command, &Plan::default(), &mut doubts, &mut done),
                _ => None,
            };
            let mut finding = self.finding(mount.span, message, note);
            let title = need.map(|it| format!("Set `{}`", it.what())).unwrap_or_default();
            finding.fix = edits.and_then(rewrite::join).and_then(|it| site.cx.fix(title, Safety::Unsafe, it));
            self.out.push(finding);
            return;
        }
    }

    /// Packages in a mount that a later command takes from there and cannot fetch: the mount is not there, or its
    /// packages may not be.
    fn offline(&mut self) {
        let site = self.site;
        for (step, run) in site.later_runs() {
            for command in run.packages().iter().filter(|it| it.is_offline() && !it.has_option("--no-build")) {
                let fetches = |it: &PackageCommand| {
                    it.manager.name == command.manager.name
                        && !it.is_offline()
                        && !matches!(it.action, Action::Clean | Action::Update)
                };
                // What the same run has fetched is there.
                if run.packages().iter().any(|it| it.invocation < command.invocation && fetches(it)) {
                    continue;
                }
                let held = site.uses().iter().filter(|(it, _)| fetches(it)).flat_map(|(other, paths)| {
                    let required = paths.iter().filter(|it| matches!(it.cache.holds, Holds::Store | Holds::Required));
                    required.flat_map(|it| &it.targets).map(move |it| (*other, it))
                });
                let held: Vec<(&PackageCommand, &Mount, &String)> = held
                    .filter_map(|(other, target)| {
                        Some((other, site.run.caches().find(|(_, it)| is_below(target, it))?.0, target))
                    })
                    .collect();
                let Some((other, first, _)) = held.first() else { continue };
                let (there, missing): (Vec<_>, Vec<_>) = held.iter().partition(|(_, _, target)| {
                    run.mounts.iter().any(|it| it.target.as_deref().is_some_and(|it| is_below(target, it)))
                });
                let words = online(command);
                // What another run has left in the layer is there.
                let steps = site.cx.model.ancestry(self.stage_of(step)).flat_map(|it| &it.steps);
                let otherwise = steps.filter(|it| it.item < step.item).any(|it| match &it.kind {
                    StepKind::Run(run) => held
                        .iter()
                        .any(|(_, _, target)| !run.has_cache_over(target) && run.packages().iter().any(fetches)),
                    StepKind::Copy(copy) => copy.destination.as_deref().is_none_or(|it| {
                        it == "/" || held.iter().any(|(_, _, target)| is_below(it, target) || is_below(target, it))
                    }),
                    StepKind::Other => false,
                });
                if otherwise || (missing.is_empty() && (there.is_empty() || words.is_none())) {
                    continue;
                }
                let mut folders: Vec<String> = (if missing.is_empty() { &there } else { &missing })
                    .iter()
                    .map(|(_, _, it)| format!("`{it}`"))
                    .collect();
                folders.sort();
                folders.dedup();
                let spans = &run.invocations()[command.invocation].words;
                let Some((start, end)) = spans.first().zip(spans.last()) else { continue };
                let line = self.line(site.step);
                let emptied = format!("The builder may empty the cache and keep the layer of `{}`", other.title());
                let (message, note) = if missing.is_empty() {
                    let message =
                        format!("`{}` works offline, and fails once the cache mount is empty", command.title());
                    (
                        message,
                        format!(
                            "{emptied}, or take that layer from another machine; what it wants lies in {} alone.",
                            and(&folders)
                        ),
                    )
                } else {
                    let message = format!(
                        "`{}` works offline, and its packages are only in the cache mount of line {line}",
                        command.title()
                    );
                    let more = if words.is_some() {
                        format!(" {emptied}, so that it has to be able to fetch.")
                    } else {
                        String::new()
                    };
                    (message, format!("They lie in {}; a mount is there for its own `RUN` alone.{more}", and(&folders)))
                };
                let mut finding = self.finding(start.span.cover(end.span), message, note);
                finding
                    .related
                    .push(Label { location: site.cx.at(first.span), text: "they are left in this mount".to_owned() });
                let mut mounts: Vec<&Mount> = missing.iter().map(|(_, mount, _)| *mount).collect();
                mounts.dedup();
                let flags: Vec<String> = mounts.iter().map(|it| format!("--mount={}", it.text)).collect();
                let instruction = site.cx.model.instruction(step);
                let escape = site.cx.unit.syntax.escape;
                let mut done = Vec::new();
                let mut edits = Vec::new();
                if !flags.is_empty() {
                    edits.push(rewrite::add_flags(site.cx.source, instruction, escape, &flags));
                    done.push(format!("mount {} here, too", if flags.len() == 1 { "the cache" } else { "the caches" }));
                }
                let safety = if words.is_some() { Safety::Unsafe } else { Safety::Safe };
                let more = match &words {
                    Some(words) if run.script().is_some() => site.let_fetch(run, command, words, &mut done),
                    Some(_) => None,
                    None => Some(Vec::new()),
                };
                finding.fix = more.and_then(|more| {
                    edits.extend(more);
                    site.cx.fix(sentence(&done), safety, rewrite::join(edits)?)
                });
                self.out.push(finding);
                return;
            }
        }
    }

    fn stage_of(&self, step: &Step) -> usize {
        let stages = self.site.cx.model.stages.iter();
        stages.filter(|it| it.from < step.item).map(|it| it.index).last().unwrap_or_default()
    }

    /// Modules that the finished program loads from the cache.
    fn runtime(&mut self, mount: &Mount, target: &str) {
        let site = self.site;
        let held = site.uses().iter().find(|(_, paths)| {
            let inside = |it: &String| is_below(it, target);
            paths.iter().any(|it| it.cache.holds == Holds::Runtime && it.targets.iter().any(inside))
        });
        let Some((command, _)) = held else { return };
        let vendored = ["--vendor", "--node-modules-dir"].iter().any(|it| command.has_option(it))
            || site.cx.contexts().is_empty()
            || site.cx.contexts().iter().any(|context| {
                let files = ["deno.json", "deno.jsonc"].iter().filter_map(|it| context.read(it));
                files.into_iter().any(|it| it.contains("vendor") || it.contains("nodeModulesDir"))
            });
        if vendored || site.is_compiled(command) || !site.cx.is_shipped(site.stage.index) {
            return;
        }
        let started = site.started();
        let runs_it = started.as_deref().is_some_and(|it| it == command.program())
            || (site.stage.bottom.as_ref().is_some_and(|it| it.name.ends_with("/deno"))
                && started.as_deref().is_some_and(|it| matches!(it, "run" | "serve" | "task")));
        let elsewhere = self.later().any(|(_, run)| {
            !run.has_cache_over(target) && run.packages().iter().any(|it| it.manager.name == command.manager.name)
        });
        if !runs_it || elsewhere {
            return;
        }
        let message =
            format!("the program loads its modules from the cache mount on `{target}`, which is not in the image");
        let note = "Each container downloads them when it starts.";
        let mut finding = self.finding(mount.span, message, note);
        finding.fix = self.without(mount).and_then(|it| site.cx.fix("Take out the mount", Safety::Unsafe, it));
        self.out.push(finding);
    }

    /// A mount that hides the programs that the run calls.
    fn hidden_program(&mut self, mount: &Mount, target: &str) {
        let site = self.site;
        for command in site.run.packages() {
            let outputs = site.cx.model.outputs(site.stage.index, &site.step.before, site.run, command);
            let Some((output, path)) =
                outputs.into_iter().find(|(it, path)| it.holds == Leaves::Programs && is_below(path, target))
            else {
                continue;
            };
            let of_image = !output.known_on.is_empty()
                || site
                    .stage
                    .image
                    .is_some_and(|it| output.variables.iter().any(|(name, _)| it.env.contains_key(name)));
            let on_path = match site.step.before.variables.get("PATH").map(|it| &it.value) {
                Some(Value::Known(it)) => it.split(':').any(|it| it.trim_end_matches('/') == path),
                _ => false,
            };
            let installed = site
                .cx
                .model
                .ancestry(site.stage.index)
                .flat_map(Stage::runs)
                .any(|(step, run)| step.item < site.step.item && run.mentions(&["rustup", "opam init"]));
            let own_path = command.texts.first().and_then(Option::as_deref).is_some_and(|it| it.contains('/'));
            // Cargo's folder of programs holds Cargo itself; go's does not hold go.
            let holds_itself = matches!(command.manager.name.as_str(), "cargo" | "opam");
            if own_path || !holds_itself || !(of_image || (on_path && installed)) {
                continue;
            }
            let message = format!("the cache mount on `{target}` hides `{}` itself", command.program());
            let note = format!("It is installed in `{path}`, which is empty below the mount.");
            let mut finding = self.finding(mount.span, message, note);
            finding.fix =
                self.narrowed(mount, target).and_then(|(title, edits)| site.cx.fix(title, Safety::Unsafe, edits));
            self.out.push(finding);
            return;
        }
    }
}

/// Whether a folder is one that a path lies in; a part of the path may have `*`.
fn covers(folder: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    folder.trim_end_matches('/').split('/').all(|it| {
        parts.next().is_some_and(|part| match part.split_once('*') {
            Some((start, end)) => it.len() >= start.len() + end.len() && it.starts_with(start) && it.ends_with(end),
            None => it == part,
        })
    })
}
