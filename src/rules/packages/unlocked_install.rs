//! Installs that are not held to the lock file beside them: see `rules/packages/unlocked-install.md`.

use crate::{
    context::Context,
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    knowledge::{Flavor, Installs, Locked},
    manifests::{View, lock_agrees, visible, yarn_flavor},
    model::{CopyFrom, MountKind, PackageCommand, Run, Stage, Step, StepKind, Value},
    project::{file_name, join, parent},
    rule::{Check, FileCx, Rule},
    source::Location,
    syntax::Args,
};

pub(super) static RULE: Rule = crate::rule!("packages" / "unlocked-install", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        for (at, step) in stage.steps.iter().enumerate() {
            let StepKind::Run(run) = &step.kind else { continue };
            for command in run.packages() {
                let Some(locked) = Installs::of(command.manager).and_then(|it| it.locked.as_ref()) else { continue };
                let site = Site { cx, stage, at, step, run, command, locked };
                if !site.is_open() {
                    continue;
                }
                out.extend(site.finding(cx.contexts()));
            }
        }
    }
}

/// A lock file as an install finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lock {
    /// It is copied.
    Copied(String),
    /// It lies beside the manifest, which alone is copied.
    Beside { lock: String, manifest: String },
}

#[derive(Clone, Copy)]
struct Site<'a> {
    cx: &'a FileCx<'a>,
    stage: &'a Stage,
    at: usize,
    step: &'a Step,
    run: &'a Run,
    command: &'a PackageCommand,
    locked: &'a Locked,
}

impl Site<'_> {
    /// Whether the command installs the project, and neither a word nor a setting holds it to the lock file.
    fn is_open(&self) -> bool {
        let command = self.command;
        let elsewhere = ["-g", "--global", "--prefix", "-C", "--cwd", "--dir", "--filter", "-F", "--project", "-w"];
        let named = command.operands().next().is_some();
        let is_install = self.locked.subcommands.contains(&command.subcommand)
            && (command.manager.name != "cargo" || command.values("--path").len() == 1);
        (is_install || self.locked.builds.contains(&command.subcommand))
            && !named
            && !elsewhere
                .iter()
                .chain(["--workspace", "--directory", "--location"].iter())
                .any(|it| command.has_option(it))
            && !self.locked.same.iter().any(|it| command.has_option(it))
            && !self.is_set()
    }

    /// Whether the command takes no notice of the lock file.
    fn ignores(&self) -> bool {
        self.locked.ignores && !self.locked.builds.contains(&self.command.subcommand)
    }

    fn is_set(&self) -> bool {
        let invocation = &self.run.invocations()[self.command.invocation];
        let exported = self.run.exports().flat_map(|(_, it)| &it.environment);
        let mut set = invocation.environment.iter().chain(exported);
        let variable = |name: &String| match self.step.before.variable(name) {
            Value::Known(it) => !matches!(it.as_str(), "" | "0" | "false"),
            Value::Unset => false,
            Value::Unknown => self.step.before.variables.get(name).is_some(),
        };
        let texts: Vec<&str> = self.locked.configured.iter().map(String::as_str).collect();
        let configured = || {
            let ancestry = self.cx.model.ancestry(self.stage.index).flat_map(|it| &it.steps);
            let mut earlier = ancestry.filter(|it| it.item <= self.step.item);
            earlier.any(|it| matches!(&it.kind, StepKind::Run(run) if run.mentions(&texts)))
        };
        set.any(|it| self.locked.variables.contains(&it.name))
            || self.locked.variables.iter().any(variable)
            || (!texts.is_empty() && configured())
    }

    /// The folder of the project in the image.
    fn folder(&self) -> Option<String> {
        let folder = self.run.folder(self.command)?;
        match self.command.values("--path").first() {
            Some(path) if self.command.manager.name == "cargo" => Some(join(folder, (*path)?)),
            _ => Some(folder.to_owned()),
        }
    }

    fn view<'b>(&'b self, context: &'b Context) -> View<'b> {
        View { context, copies: visible(&self.stage.steps, self.at) }
    }

    /// The lock file that the install should be held to, with this context.
    fn lock(&self, context: &Context, folder: &str) -> Option<Lock> {
        let view = self.view(context);
        let place = |name: &str| view.in_context(&join(folder, name));
        if self.command.manager.name == "dotnet" && asks_itself(context, &parent(&place("packages.lock.json")?)) {
            return None;
        }
        if let Some(lock) = self.locked.locks.iter().find_map(|it| place(it)) {
            return Some(Lock::Copied(lock));
        }
        if self.run.mounts.iter().any(|it| it.kind == MountKind::Bind) {
            return None;
        }
        let project = self.command.manager.project.as_ref()?;
        let manifest = place(project.manifests.first()?.first()?)?;
        let beside = |name: &String| {
            let path = join(&parent(&manifest), name);
            context.kind(&path).map(|_| path)
        };
        let lock = self.locked.locks.iter().find_map(beside)?;
        Some(Lock::Beside { lock, manifest })
    }

    fn finding(&self, contexts: &[Context]) -> Option<Finding> {
        let folder = self.folder()?;
        let mut locks: Vec<Lock> = contexts.iter().map(|it| self.lock(it, &folder)).collect::<Option<_>>()?;
        locks.dedup();
        let [lock] = locks.as_slice() else { return None };
        let context = contexts.first()?;
        let words = &self.run.invocations()[self.command.invocation].words;
        let span = words.first()?.span.cover(words.get(self.command.head.end.checked_sub(1)?)?.span);
        let location = Location { file: self.cx.unit.file, span };
        let title = self.command.title();
        let (Lock::Copied(path) | Lock::Beside { lock: path, .. }) = lock;
        let name = file_name(path);
        let what = match lock {
            Lock::Beside { .. } => "does not get",
            Lock::Copied(_) if self.ignores() => "takes no notice of",
            Lock::Copied(_) => "is not held to",
        };
        let mut finding = Finding::new(RULE.name, location, format!("`{title}` {what} `{name}`"));
        let mut note = match lock {
            Lock::Copied(_) if !self.ignores() => {
                "Where the lock file does not fit the manifest, other versions are installed than those that were tested, and nobody is told.".to_owned()
            }
            _ => "Other versions may be installed than those that were tested, and others again tomorrow.".to_owned(),
        };
        let agrees = lock_agrees(self.command, &folder, &self.view(context));
        if let (Lock::Copied(_), Some(false)) = (lock, agrees) {
            note.push_str(" So it is now: the lock file has to be brought up to date first.");
        } else if let Some((title, edits)) = self.edits(lock, &folder, context) {
            note.push_str(match (agrees, lock) {
                (Some(true), _) => " Here the two agree.",
                (_, Lock::Copied(_)) => " If the two do not agree, the build will say so and stop.",
                (_, Lock::Beside { .. }) => "",
            });
            finding.fix =
                Change::of(self.cx.unit.file, edits).map(|change| Fix { title, safety: Safety::Unsafe, change });
        }
        finding.note = Some(note);
        Some(finding)
    }

    fn edits(&self, lock: &Lock, folder: &str, context: &Context) -> Option<(String, Vec<Edit>)> {
        if let Lock::Beside { lock, manifest } = lock {
            return self.copy_beside(lock, manifest);
        }
        self.run.script()?;
        let invocation = &self.run.invocations()[self.command.invocation];
        let last = invocation.words.get(self.command.head.end.checked_sub(1)?)?;
        if let Some(subcommand) = &self.locked.subcommand {
            let title = format!("Use `{} {subcommand}`", self.command.program());
            return Some((title, vec![Edit::replace(last.span, subcommand)]));
        }
        if let Some(before) = &self.locked.before {
            let start = invocation.words.first()?.span.start as usize;
            return Some((format!("Set `{before}`"), vec![Edit::insert(start, format!("{before} "))]));
        }
        let berry = || yarn_flavor(folder, &self.view(context)) == Some(Flavor::Berry);
        let word = match &self.locked.berry_word {
            Some(word) if berry() => word,
            _ => self.locked.word.as_ref()?,
        };
        Some((format!("Add `{word}`"), vec![Edit::insert(last.span.end as usize, format!(" {word}"))]))
    }

    /// The lock file named behind the manifest in the copy that brings it.
    fn copy_beside(&self, lock: &str, manifest: &str) -> Option<(String, Vec<Edit>)> {
        let title = format!("Copy `{lock}`, too");
        self.stage.steps[..self.at].iter().rev().find_map(|step| {
            let StepKind::Copy(copy) = &step.kind else { return None };
            let Args::Words(words) = &self.cx.model.instruction(step).args else { return None };
            let into_folder = copy.into_folder && copy.from == CopyFrom::Context;
            let at = copy.sources.iter().position(|it| it.as_deref() == Some(manifest)).filter(|_| into_folder)?;
            let end = words.get(at).filter(|_| words.len() == copy.sources.len() + 1)?.span.end as usize;
            Some((title.clone(), vec![Edit::insert(end, format!(" {lock}"))]))
        })
    }
}

/// Whether a .NET project asks for a locked restore by a property.
fn asks_itself(context: &Context, folder: &str) -> bool {
    let is_project = |it: &String| it.rsplit('.').next().is_some_and(|it| it == "props" || it.ends_with("proj"));
    let names = context.list(folder).into_iter().filter(is_project);
    names.filter_map(|it| context.read(&join(folder, &it))).any(|it| it.contains("RestoreLockedMode"))
}
