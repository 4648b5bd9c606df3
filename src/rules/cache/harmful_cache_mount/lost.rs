//! Files that are only in a mount, and that something later wants in the layer.

use super::{Filled, Harm};
use crate::{
    edit::{Edit, Safety},
    knowledge::{KNOWLEDGE, is_plain_program},
    model::{Copy, CopyFrom, Mount, MountKind, Run, Stage, Step, StepKind, absolute, is_below, text},
    project::join,
    shell::{Invocation, Script},
    source::Span,
};

/// What wants a file, and where.
pub(super) struct Reader<'a> {
    /// The stage from whose layers it is taken.
    stage: usize,
    step: &'a Step,
    /// What wants it, as a message names it.
    what: String,
    /// The path that is not there.
    path: String,
}

/// Programs that take what their words name as it is.
const TAKERS: &[&str] =
    &["cp", "mv", "install", "strip", "chmod", "chown", "objcopy", "upx", "tar", "cat", "ldd", "file"];

impl<'a> Harm<'_, 'a, '_> {
    /// What is written to a mount and wanted later.
    pub(super) fn lost(&mut self, mount: &Mount, target: &str, filled: &[Filled<'_>]) {
        let site = self.site;
        // What else an unknown image holds is not known; what a build leaves is not in it.
        if site.stage.image.is_none() && filled.is_empty() {
            return;
        }
        let readers = self.readers(target);
        let lost: Vec<&Reader<'_>> = readers.iter().filter(|it| !self.may_be_there(it, target)).collect();
        let Some(first) = lost.first() else { return };
        let message = format!("{} wants `{}`, which is only in the cache mount on `{target}`", first.what, first.path);
        let note = "A mount is there for its own `RUN` alone: what is written to it is not in the layer.";
        let mut finding = self.finding(mount.span, message, note);
        for reader in &lost {
            finding.related.push(self.label(reader.step, "it is wanted here"));
        }
        let gathered = lost.iter().any(|it| filled.iter().any(|filled| gathers(filled, &it.path)));
        finding.fix = self
            .carried(&lost, readers.len() == lost.len() && !gathered)
            .and_then(|edits| site.cx.fix("Copy it out of the mount in the same `RUN`", Safety::Unsafe, edits));
        self.out.push(finding);
    }

    /// What reads below a folder of the layer, later than this run.
    fn readers(&self, target: &str) -> Vec<Reader<'a>> {
        let model = self.site.cx.model;
        let here = self.site.stage.index;
        let is_heir = |stage: usize| model.ancestry(stage).any(|it| it.index == here);
        let mut readers = Vec::new();
        for stage in &model.stages[here..] {
            for step in stage.steps.iter().filter(|it| it.item > self.site.step.item) {
                match &step.kind {
                    StepKind::Copy(Copy { from: CopyFrom::Stage(from), sources, .. }) if is_heir(*from) => {
                        let what = format!("`{}` in line {}", model.instruction(step).keyword.text, self.line(step));
                        for source in sources.iter().flatten() {
                            let path = fixed(&join("/", source));
                            if is_below(&path, target) {
                                readers.push(Reader { stage: *from, step, what: what.clone(), path });
                            }
                        }
                    }
                    StepKind::Run(run) => {
                        for it in run.mounts.iter().filter(|it| it.kind == MountKind::Bind) {
                            let from = it.from.as_deref().and_then(|name| {
                                model.stages[..stage.index]
                                    .iter()
                                    .rev()
                                    .find(|it| it.name.as_deref() == Some(&name.to_lowercase()))
                            });
                            let path = it.source.as_deref().map(|it| join("/", it));
                            if let (Some(from), Some(path)) = (from, path)
                                && is_heir(from.index)
                                && is_below(&path, target)
                            {
                                let what = format!("the mount in line {}", self.line(step));
                                readers.push(Reader { stage: from.index, step, what, path });
                            }
                        }
                        if is_heir(stage.index) && !run.has_cache_over(target) {
                            readers.extend(self.readers_in(stage, step, run, target));
                        }
                    }
                    StepKind::Copy(_) | StepKind::Other => {}
                }
            }
            if is_heir(stage.index)
                && let Some((step, path)) = self.site.started_in(stage)
                && path.starts_with('/')
                && is_below(&path, target)
            {
                let what = format!("`{}` in line {}", model.instruction(step).keyword.text, self.line(step));
                readers.push(Reader { stage: stage.index, step, what, path });
            }
        }
        readers
    }

    /// The commands of a later run that take a file below the folder, or run it.
    fn readers_in(&self, stage: &Stage, step: &'a Step, run: &Run, target: &str) -> Option<Reader<'a>> {
        let invocations = run.invocations();
        for (at, it) in invocations.iter().enumerate() {
            let folder = run.folders()[at].as_deref();
            let word = |word| text(word, &step.before).and_then(|it| absolute(folder, &it));
            let program = it.words.first().and_then(|first| text(first, &step.before)).filter(|it| it.contains('/'));
            let started = program.and_then(|it| absolute(folder, &it)).filter(|it| is_below(it, target));
            let gives = matches!(it.program.as_str(), "cp" | "mv" | "install");
            let end = it.words.len() - usize::from(gives && it.words.len() > 2);
            let taken = TAKERS.contains(&it.program.as_str()).then(|| {
                let words = it.words[1..end].iter().filter(|it| it.literal().is_none_or(|it| !it.starts_with('-')));
                words.filter_map(word).map(|it| fixed(&it)).find(|it| is_below(it, target))
            });
            let Some(path) = started.or(taken.flatten()) else { continue };
            // What runs before it in the same `RUN` may make it.
            let made = invocations[..at].iter().enumerate().any(|(at, other)| {
                !is_innocent(other, run.folders()[at].as_deref(), step, &path) || is_package(run, at)
            });
            if made {
                return None;
            }
            let what = format!("`{}` in line {}", it.program, self.line(step));
            return Some(Reader { stage: stage.index, step, what, path });
        }
        None
    }

    /// Whether something else than the mount may have put the file into the layer.
    fn may_be_there(&self, reader: &Reader<'_>, target: &str) -> bool {
        let model = self.site.cx.model;
        let path = reader.path.as_str();
        let in_reading_stage = reader.step.item;
        let mut steps = model.ancestry(reader.stage).flat_map(|it| &it.steps);
        steps.any(|step| {
            let own_stage =
                model.ancestry(reader.stage).any(|it| it.steps.iter().any(|it| it.item == in_reading_stage));
            if own_stage && step.item >= in_reading_stage {
                return false;
            }
            match &step.kind {
                StepKind::Copy(copy) => self.may_bring(copy, path),
                StepKind::Run(run) => !run.has_cache_over(path) && self.may_make(step, run, path, target),
                StepKind::Other => false,
            }
        })
    }

    fn may_bring(&self, copy: &Copy, path: &str) -> bool {
        let Some(destination) = copy.destination.as_deref() else { return true };
        let near = is_below(path, destination) || is_below(destination, path);
        if !near || copy.heredocs {
            return near;
        }
        if copy.from != CopyFrom::Context || copy.add || is_below(destination, path) {
            return true;
        }
        let rest = path.strip_prefix(destination.trim_end_matches('/')).unwrap_or_default().trim_start_matches('/');
        copy.sources.iter().any(|source| {
            let Some(source) = source else { return true };
            if source.contains(['*', '?', '[']) {
                return !rest.contains('/');
            }
            let own = copy.into_folder && source.rsplit('/').next() == Some(rest);
            own || self.site.cx.contexts().iter().any(|it| it.kind(&join(source, rest)).is_some())
        })
    }

    fn may_make(&self, step: &Step, run: &Run, path: &str, target: &str) -> bool {
        if !run.script().is_none_or(Script::is_understood) {
            return true;
        }
        let stage = self.stage_of(step);
        run.invocations().iter().enumerate().any(|(at, it)| {
            let folder = run.folders()[at].as_deref();
            match run.package(at) {
                // What is only downloaded is meant to be taken from there.
                Some(command) if command.manager.root => command.goes_elsewhere(),
                Some(command) => {
                    let outputs = self.site.cx.model.outputs(stage, &step.before, run, command);
                    let near = |it: &str| is_below(it, target) || is_below(target, it);
                    // What is not known may be anywhere.
                    let unknown = outputs.is_empty() && !command.manager.output.is_empty();
                    unknown || outputs.iter().any(|(_, it)| near(it)) || command.manager.output.is_empty()
                }
                None => !is_innocent(it, folder, step, path),
            }
        })
    }

    /// The edits that copy files out of the mount, and let what wants them take them from there.
    fn carried(&self, lost: &[&Reader<'_>], all: bool) -> Option<Vec<Edit>> {
        const OUT: &str = "/out";
        let site = self.site;
        let instruction = site.cx.model.instruction(site.step);
        let script = site.run.script().filter(|it| it.is_understood())?;
        let final_command = script.list.items.last()?;
        let chained = script.list.items.iter().all(|it| {
            it.operator.is_none_or(|it| it.kind == crate::shell::OperatorKind::And) && it.terminator.is_none()
        });
        if !all || !chained || !instruction.heredocs.is_empty() || site.cx.source.text.contains(OUT) {
            return None;
        }
        let mut paths: Vec<&str> = lost.iter().map(|it| it.path.as_str()).collect();
        paths.sort_unstable();
        paths.dedup();
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut names: Vec<String> = paths.iter().map(|it| name(it)).collect();
        names.sort();
        names.dedup();
        if names.len() < paths.len() {
            return None;
        }
        let mut edits = Vec::new();
        for reader in lost {
            let StepKind::Copy(copy) = &reader.step.kind else { return None };
            let crate::syntax::Args::Words(words) = &site.cx.model.instruction(reader.step).args else { return None };
            let at = copy.sources.iter().position(|it| it.as_deref().is_some_and(|it| join("/", it) == reader.path))?;
            let word = words.get(at).filter(|_| words.len() == copy.sources.len() + 1)?;
            edits.push(Edit::replace(word.span, format!("{OUT}/{}", name(&reader.path))));
        }
        let text = format!("mkdir -p {OUT} && cp -r {} {OUT}/", paths.join(" "));
        let end = final_command.node.span().end as usize;
        let body = site.cx.source.slice(Span::new(instruction.span.start as usize, end));
        let second = body.lines().nth(1).map(|it| &it[..it.len() - it.trim_start().len()]);
        let text = match second {
            Some(indent) => format!(" {}\n{indent}&& {text}", site.cx.unit.syntax.escape),
            None => format!(" && {text}"),
        };
        edits.push(Edit::insert(end, text));
        crate::rewrite::join(edits)
    }
}

/// Whether a path is a folder that a mount keeps from build to build: what is taken out of it by name alone is new.
fn gathers(filled: &Filled<'_>, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path == filled.path || filled.output.gathers.iter().any(|it| it == name)
}

fn is_package(run: &Run, at: usize) -> bool {
    run.package(at).is_some_and(|it| !it.manager.root)
}

/// A path up to its first pattern.
fn fixed(path: &str) -> String {
    match path.find(['*', '?', '[', '{']) {
        Some(at) => path[..at].rsplit_once('/').map_or("/", |(folder, _)| folder).to_owned(),
        None => path.to_owned(),
    }
}

/// Whether a program does not write a file, for all that its words say.
fn is_innocent(it: &Invocation, folder: Option<&str>, step: &Step, path: &str) -> bool {
    let quiet = |words: &[&str]| {
        let managers = KNOWLEDGE.managers.iter().filter(|manager| manager.invoked_as.iter().any(|p| p.matches(words)));
        managers.into_iter().any(|_| matches!(words, [_, "fetch" | "chef" | "config" | "--version" | "env", ..]))
    };
    let texts: Vec<String> = it.words.iter().map(|word| text(word, &step.before).unwrap_or_default()).collect();
    let words: Vec<&str> = texts.iter().map(String::as_str).collect();
    let known = is_plain_program(&it.program) || matches!(it.program.as_str(), "rustup" | "corepack") || quiet(&words);
    let names = || {
        words.iter().skip(1).filter_map(|word| absolute(folder, word)).any(|word| {
            // What makes a folder, or goes there, puts nothing into it.
            let above =
                !matches!(it.program.as_str(), "mkdir" | "cd" | "chown" | "chmod" | "rm" | "echo" | "test" | "[");
            is_below(&word, path)
                || (above && word.len() > 1 && is_below(path, &word) && word != folder.unwrap_or_default())
        })
    };
    known && !names()
}
