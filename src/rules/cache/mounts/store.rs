//! Stores: caches that later commands read in place, and what could miss one that lies in a mount.

use super::{Doubts, Site};
use crate::{
    edit::Safety,
    knowledge::is_plain_program,
    model::{Base, Copy, CopyFrom, Model, PackageCommand, Stage, Step, StepKind, absolute, is_below, text},
    syntax::{Args, Keyword},
};

impl<'a> Site<'a> {
    /// The program that the image of a stage starts, as it is written but for an absolute path, with the step that says so.
    pub(in crate::rules::cache) fn started_in(&self, stage: &Stage) -> Option<(&'a Step, String)> {
        let model: &'a Model = self.cx.model;
        let steps = || model.ancestry(stage.index).flat_map(|it| it.steps.iter().rev());
        let last = |kind: Keyword| steps().find(|it| model.instruction(it).kind == kind);
        let step = last(Keyword::Entrypoint).or_else(|| last(Keyword::Cmd))?;
        let first = match &model.instruction(step).args {
            Args::Json(words) => words.first()?.text.clone(),
            Args::Shell(text) => text.text.split_whitespace().next()?.to_owned(),
            _ => return None,
        };
        if first.contains(['$', '"', '\'']) {
            return None;
        }
        let path = if first.contains('/') { absolute(stage.end.workdir.as_deref(), &first)? } else { first };
        Some((step, path))
    }

    /// The program that the image of this stage starts.
    pub(in crate::rules::cache) fn started(&self) -> Option<String> {
        self.started_in(self.stage).map(|(_, it)| it)
    }
}

impl Site<'_> {
    /// What else in this run has to do with the mounted folders: it would see what other builds left there.
    pub(super) fn reader_doubts(&self, command: &PackageCommand, targets: &[&String], doubts: &mut Doubts) {
        for (at, invocation) in self.run.invocations().iter().enumerate() {
            let is_package = self.run.package(at).is_some();
            if is_package
                || matches!(invocation.program.as_str(), "rm" | "find" | "rmdir" | "ls" | "du" | "mkdir" | "touch")
            {
                continue;
            }
            let takes_all = matches!(invocation.program.as_str(), "chown" | "chmod" | "mv" | "cp");
            // The last word of `cp` and `mv` is where things go, not what is taken.
            let gives = matches!(invocation.program.as_str(), "mv" | "cp");
            let words = &invocation.words[1..invocation.words.len() - usize::from(gives && invocation.words.len() > 1)];
            let touches = words.iter().filter_map(|it| text(it, &self.step.before)).any(|path| {
                let fixed = path.split(['*', '?', '[', '{']).next().unwrap_or_default().trim_end_matches('/');
                let inside = targets.iter().any(|it| is_below(fixed, it));
                inside || (takes_all && path.starts_with('/') && targets.iter().any(|it| is_below(it, fixed)))
            });
            if touches {
                let note = format!(
                    "`{}` also uses the folder where `{}` keeps its cache.",
                    invocation.program,
                    command.title()
                );
                doubts.add(Safety::Shown, note);
            }
        }
        // uv takes a local project for unchanged while its manifest is, and that stands in an earlier layer.
        if command.manager.name == "uv"
            && command.has_option("--no-editable")
            && !command.has_option("--no-install-project")
        {
            let copies = self.stage.steps[..self.at].iter().filter_map(|it| match &it.kind {
                StepKind::Copy(copy) if copy.from == CopyFrom::Context => Some(copy),
                StepKind::Copy(_) | StepKind::Run(_) | StepKind::Other => None,
            });
            let brings_manifest =
                |it: &Copy| it.is_broad() || it.sources.iter().flatten().any(|it| it.ends_with("pyproject.toml"));
            if copies.last().is_some_and(|it| !brings_manifest(it)) {
                doubts.add(
                    Safety::Unsafe,
                    "uv may take the project from its cache and not see that its sources have changed.",
                );
            }
        }
    }

    /// What works offline later and could miss what this run fetches.
    pub(super) fn offline_doubts(&self, command: &PackageCommand, doubts: &mut Doubts) {
        for it in self.file.offline(self.cx.model).iter().filter(|it| it.manager == command.manager.name) {
            let heir = || self.cx.model.ancestry(it.stage).any(|it| it.index == self.stage.index);
            if it.item > self.step.item && heir() {
                let line = self.cx.source.line(self.cx.model.at(it.item).span.start);
                let note = format!("`{}` in line {line} works offline and needs the packages in the image.", it.title);
                doubts.add(Safety::Shown, note);
            }
        }
    }

    /// What is left in the cache to be run from there.
    fn leaves(&self, command: &PackageCommand, doubts: &mut Doubts) {
        for invocation in self.stage.runs().flat_map(|(_, run)| run.invocations()) {
            let manager = command.manager;
            let words: Vec<String> = invocation.words.iter().map(|it| it.literal().unwrap_or_default()).collect();
            let own = || manager.invoked_as.iter().any(|it| it.first_matches(&invocation.program));
            if let Some(what) = manager.leaves.iter().find(|it| own() && words.len() > 1 && it.matches(&words[1..])) {
                let note = format!("`{} {}` leaves programs in the folder of the cache.", manager.name, what.text());
                doubts.add(Safety::Shown, note);
            }
        }
    }

    /// What a store in a mount could be missed by.
    pub(super) fn store_doubts(&self, command: &PackageCommand, targets: &[&String], doubts: &mut Doubts) {
        let model = self.cx.model;
        self.leaves(command, doubts);
        for (step, run) in self.later_runs() {
            for (at, invocation) in run.invocations().iter().enumerate() {
                let package = run.package(at);
                let line = self.cx.source.line(model.instruction(step).span.start);
                match package {
                    Some(_) => {}
                    None if is_plain_program(&invocation.program) => {}
                    None => doubts.add(
                        Safety::Unsafe,
                        format!("`{}` in line {line} may look for the packages in the image.", invocation.program),
                    ),
                }
            }
        }
        let later = &model.stages[self.stage.index..];
        for copy in later.iter().flat_map(|it| &it.steps).filter_map(|it| match &it.kind {
            StepKind::Copy(copy) => Some(copy),
            StepKind::Run(_) | StepKind::Other => None,
        }) {
            let near = |path: &str| targets.iter().any(|it| is_below(it, path) || is_below(path, it));
            let taken = matches!(copy.from, CopyFrom::Stage(_)) && copy.sources.iter().flatten().any(|it| near(it));
            let filled = copy
                .destination
                .as_deref()
                .is_some_and(|it| it != "/" && targets.iter().any(|target| is_below(it, target)));
            if taken || filled {
                doubts.add(Safety::Shown, "A `COPY` reads or writes the folder of the cache.");
            }
        }
        let is_leaf = |stage: &&Stage| !model.stages.iter().any(|it| it.base == Base::Stage(stage.index));
        let heirs = later.iter().filter(|it| model.ancestry(it.index).any(|it| it.index == self.stage.index));
        for heir in heirs.filter(is_leaf) {
            let last = heir.index + 1 == model.stages.len();
            match started(model, heir) {
                Started::Program(program) if !program.contains('/') || program.contains(".sh") => {
                    doubts.add(Safety::Unsafe, format!("The image starts `{program}`, which may need the packages."));
                }
                Started::Shell if last => doubts.add(Safety::Unsafe, "What the image starts may need the packages."),
                Started::Nothing if last => {
                    doubts.add(
                        Safety::Unsafe,
                        "What the image is started with is not said here, and may need the packages.",
                    );
                }
                Started::Program(_) | Started::Shell | Started::Nothing => {}
            }
        }
    }
}

enum Started {
    Program(String),
    Shell,
    Nothing,
}

/// What a stage's image starts, as far as the file says.
fn started(model: &Model, stage: &Stage) -> Started {
    let steps = model.ancestry(stage.index).flat_map(|it| it.steps.iter().rev());
    let instructions: Vec<_> = steps.map(|it| model.instruction(it)).collect();
    let last = |kind: Keyword| instructions.iter().find(|it| it.kind == kind);
    match last(Keyword::Entrypoint).or_else(|| last(Keyword::Cmd)).map(|it| &it.args) {
        Some(Args::Json(words)) => words.first().map_or(Started::Nothing, |it| Started::Program(it.text.clone())),
        Some(Args::Shell(text)) => {
            let first = text.text.split_whitespace().next().unwrap_or_default();
            let plain = first.starts_with(['/', '.']) && !text.text.contains(['&', ';', '|', '$']);
            if plain { Started::Program(first.to_owned()) } else { Started::Shell }
        }
        _ => Started::Nothing,
    }
}
