//! `chown -R` behind copies: whom it gives which folders, and whether it could as well be said while copying.

use super::{Base, Copy, Model, Run, Stage, Step, StepKind, absolute, is_below, text};
use crate::{
    knowledge::KNOWLEDGE,
    shell::{Invocation, Setting},
    source::Span,
    syntax::Keyword,
};

/// What `chown -R` or `chmod -R` is told to do.
#[derive(Debug)]
pub struct Recursive {
    /// `chown` or `chmod`.
    pub flag: &'static str,
    /// The owner or mode, if it can be read.
    pub value: Option<String>,
    /// The word that makes it recursive, if it stands alone.
    pub option: Option<usize>,
    /// The folders, absolute.
    pub folders: Vec<String>,
}

/// A `chown -R` that could as well be said by the copies that fill its folder: the image would be the same.
#[derive(Debug)]
pub struct Owned {
    /// The step that runs it.
    pub step: usize,
    /// The word that makes it recursive.
    pub option: Span,
    /// The copies, as steps.
    pub copies: Vec<usize>,
    /// What they would have to say: `chown=node:node`.
    pub flag: String,
}

impl Recursive {
    /// Reads a program of a run.
    pub fn of(invocation: &Invocation, step: &Step, run: &Run, number: usize) -> Option<Self> {
        let flag = match invocation.program.as_str() {
            "chown" => "chown",
            "chmod" => "chmod",
            _ => return None,
        };
        let texts: Vec<Option<String>> = invocation.words.iter().map(|it| text(it, &step.before)).collect();
        let is_option = |it: &Option<String>| it.as_deref().is_some_and(|it| it.starts_with('-') && it.len() > 1);
        let recursive =
            |it: &str| it == "--recursive" || (it.starts_with('-') && !it.starts_with("--") && it.contains('R'));
        let options: Vec<usize> = (1..texts.len()).filter(|it| is_option(&texts[*it])).collect();
        options.iter().find(|it| texts[**it].as_deref().is_some_and(recursive))?;
        let mut operands = (1..texts.len()).filter(|it| !is_option(&texts[*it]));
        let value = texts[operands.next()?].clone();
        let folder = run.folders()[number].as_deref();
        let folders = operands.map(|it| absolute(folder, texts[it].as_deref()?)).collect::<Option<Vec<_>>>()?;
        let option = options
            .first()
            .copied()
            .filter(|it| options.len() == 1 && matches!(texts[*it].as_deref(), Some("-R" | "--recursive")));
        Some(Self { flag, value, option, folders })
    }
}

impl Model {
    /// The `chown -R` of a stage that could as well be said while copying, and would leave the same image.
    pub fn owned(&self, stage: &Stage) -> Vec<Owned> {
        let mut all = Vec::new();
        for (at, step) in stage.steps.iter().enumerate() {
            let StepKind::Run(run) = &step.kind else { continue };
            if !run.mentions(&["chown"]) {
                continue;
            }
            for (number, invocation) in run.invocations().iter().enumerate() {
                let change = Recursive::of(invocation, step, run, number);
                all.extend(change.and_then(|it| self.owned_by(stage, at, run, invocation, &it)));
            }
        }
        all
    }

    fn owned_by(
        &self,
        stage: &Stage,
        at: usize,
        run: &Run,
        invocation: &Invocation,
        change: &Recursive,
    ) -> Option<Owned> {
        // Without a group the two say different things: `COPY` takes the number of the user for it.
        let (user, group) = change.value.as_deref().filter(|_| change.flag == "chown")?.split_once(':')?;
        let [folder] = change.folders.as_slice() else { return None };
        let option = invocation.words.get(change.option?)?.span;
        let only_owners = |it: &Invocation| matches!(it.program.as_str(), "chown" | "set");
        let alone = run.is_known() && run.script().is_some() && run.invocations().iter().all(only_owners);
        if !alone || invocation.setting != Setting::Always || !stage.steps[at].before.user.is_root() {
            return None;
        }
        let copies: Vec<(usize, &Copy)> = stage.steps[..at]
            .iter()
            .enumerate()
            .filter_map(|(at, it)| match &it.kind {
                StepKind::Copy(copy) => Some((at, copy)),
                StepKind::Run(_) | StepKind::Other => None,
            })
            .filter(|(_, it)| it.destination.as_deref().is_none_or(|it| is_below(it, folder) || is_below(folder, it)))
            .collect();
        let first = copies.first()?.0;
        let archive = |it: &String| ["://", ".tar", ".tgz", ".gz", ".xz", ".bz2"].iter().any(|part| it.contains(part));
        let plain = |it: &Copy| {
            !it.heredocs
                && !it.options.iter().any(|it| it.starts_with("chown"))
                && it.destination.as_deref().is_some_and(|it| is_below(it, folder))
                && it.sources.iter().all(Option::is_some)
                && !(it.add && it.sources.iter().flatten().any(archive))
        };
        let accounts = &stage.steps[first].before.accounts;
        let known = |name: &str| {
            let is_number = !name.is_empty() && name.bytes().all(|it| it.is_ascii_digit());
            is_number || name == "root" || accounts.iter().any(|it| it.name == name)
        };
        let nothing_else = copies.iter().all(|(_, it)| plain(it)) && self.is_empty_before(stage, first, at, folder);
        (nothing_else && known(user) && known(group)).then(|| Owned {
            step: at,
            option,
            copies: copies.iter().map(|(at, _)| *at).collect(),
            flag: format!("chown={user}:{group}"),
        })
    }

    /// Whether a folder holds nothing but what is copied there from the step `first` on.
    fn is_empty_before(&self, stage: &Stage, first: usize, end: usize, folder: &str) -> bool {
        let Some(bottom) = self.ancestry(stage.index).last() else { return false };
        let bare = match bottom.base {
            Base::Scratch => true,
            Base::Image(_) | Base::Unknown => {
                is_own(folder)
                    && bottom
                        .image
                        .is_some_and(|it| !it.fills.iter().any(|it| is_below(folder, it) || is_below(it, folder)))
            }
            Base::Stage(_) => false,
        };
        let own = || stage.steps[..end].iter();
        let earlier = self.ancestry(stage.index).skip(1).flat_map(|it| &it.steps);
        let leaves = |step: &Step| match &step.kind {
            StepKind::Copy(copy) => {
                copy.destination.as_deref().is_some_and(|it| !is_below(it, folder) && !is_below(folder, it))
            }
            StepKind::Run(run) => leaves(run, step, folder),
            StepKind::Other => self.instruction(step).kind != Keyword::Volume,
        };
        // Working directories that are made on the way belong to root and stay so.
        let below = |step: &Step| step.before.workdir.as_deref().is_none_or(|it| it != folder && is_below(it, folder));
        let runs_since = stage.steps[first..end].iter().any(|it| matches!(it.kind, StepKind::Run(_)));
        bare && !runs_since
            && earlier.chain(&stage.steps[..first]).all(leaves)
            && !own().any(|it| self.instruction(it).kind == Keyword::Volume || below(it))
    }
}

/// Whether a run leaves a folder alone: it works elsewhere, names nothing in it, and runs nothing but package managers
/// and what makes users.
fn leaves(run: &Run, step: &Step, folder: &str) -> bool {
    let elsewhere = step.before.workdir.as_deref().is_some_and(|it| !is_below(it, folder));
    elsewhere
        && run.is_known()
        && !run.mentions(&[folder.trim_start_matches('/')])
        && run
            .invocations()
            .iter()
            .enumerate()
            .all(|(at, it)| run.package(at).is_some() || KNOWLEDGE.aside_programs.contains(it.program.as_str()))
}

/// Whether a folder is no part of a system, so that a base image without files of its own has nothing there.
fn is_own(folder: &str) -> bool {
    let first = folder.trim_start_matches('/').split('/').next().unwrap_or_default();
    folder == "/usr/src/app" || (!first.is_empty() && !KNOWLEDGE.folders.root.iter().any(|it| it == first))
}
