//! Stores: caches that later commands read in place, and what could miss one that lies in a mount.

use super::{Doubts, Site};
use crate::{
    edit::Safety,
    model::{Base, CopyFrom, Model, PackageCommand, Stage, StepKind, is_below},
    syntax::{Args, Keyword},
};

impl Site<'_> {
    /// What a store in a mount could be missed by.
    pub(super) fn store_doubts(&self, command: &PackageCommand, targets: &[&String], doubts: &mut Doubts) {
        let model = self.cx.model;
        let name = &command.manager.name;
        for (step, run) in self.later_runs() {
            for (at, invocation) in run.invocations().iter().enumerate() {
                let package = run.packages().iter().find(|it| it.invocation == at);
                let line = self.cx.source.line(model.instruction(step).span.start);
                match package {
                    Some(it) if it.manager.name == *name => {
                        if ["--offline", "--frozen"].iter().any(|option| it.has_option(option)) {
                            doubts.add(
                                Safety::Shown,
                                format!(
                                    "`{}` in line {line} works offline and needs the packages in the image.",
                                    it.title()
                                ),
                            );
                        }
                    }
                    Some(_) => {}
                    None if is_harmless(&invocation.program) => {}
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

/// Programs that do not care for a package manager's store.
fn is_harmless(program: &str) -> bool {
    const HARMLESS: &[&str] = &[
        "apt-key",
        "cd",
        "chmod",
        "chown",
        "cp",
        "curl",
        "echo",
        "export",
        "git",
        "groupadd",
        "addgroup",
        "adduser",
        "install",
        "ln",
        "ls",
        "mkdir",
        "mv",
        "printf",
        "rm",
        "sed",
        "set",
        "strip",
        "tar",
        "touch",
        "true",
        "upx",
        "useradd",
        "wget",
        "unzip",
        "test",
        "[",
        "cat",
        "rustup",
        "exit",
        "sha256sum",
        "gpg",
        "file",
        "ldd",
        "du",
        "find",
        "setcap",
        "tr",
        "grep",
        "awk",
        "cut",
        "head",
        "date",
    ];
    HARMLESS.contains(&program)
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
