//! The commands of `RUN`, as rules about single programs look at them.

use std::borrow::Cow;

use crate::{
    model::{Run, Stage, Step, StepKind},
    rule::FileCx,
    shell::{Invocation, Piece, Word},
    source::Span,
};

/// A `RUN`, or the one inside an `ONBUILD`.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunAt<'a> {
    /// Its stage.
    pub(super) stage: &'a Stage,
    /// Which of the stage's steps it is.
    pub(super) at: usize,
    /// The step.
    pub(super) step: &'a Step,
    /// What it runs.
    pub(super) run: &'a Run,
}

/// All `RUN`s, those inside `ONBUILD` included.
pub(super) fn runs<'a>(cx: &FileCx<'a>) -> impl Iterator<Item = RunAt<'a>> {
    let model = cx.model;
    model.stages.iter().flat_map(move |stage| {
        stage.steps.iter().enumerate().filter_map(move |(at, step)| {
            let run = match &step.kind {
                StepKind::Run(run) => run,
                StepKind::Copy(_) | StepKind::Other => step.trigger.as_deref()?,
            };
            Some(RunAt { stage, at, step, run })
        })
    })
}

/// The calls of these programs in a file.
pub(super) fn calls<'a>(cx: &FileCx<'a>, programs: &'static [&'static str]) -> impl Iterator<Item = Call<'a>> {
    runs(cx).flat_map(move |at| at.calls(programs))
}

impl<'a> RunAt<'a> {
    /// Whether it stands in an `ONBUILD`.
    pub(super) fn is_trigger(&self) -> bool {
        !matches!(self.step.kind, StepKind::Run(_))
    }

    /// The calls of these programs.
    pub(super) fn calls(self, programs: &'static [&'static str]) -> impl Iterator<Item = Call<'a>> {
        // The text is parsed only where one of the names stands in it.
        let invocations = if self.run.may_run(programs) { self.run.invocations() } else { &[] };
        let named = move |it: &&Invocation| programs.contains(&it.program.as_str());
        invocations.iter().filter(named).map(move |it| Call { of: self, it })
    }

    /// Whether a cache or a `tmpfs` is mounted at a place whose path holds this part.
    pub(super) fn mounts(&self, part: &str) -> bool {
        self.run.mounts.iter().any(|it| {
            let fields = || it.text.split(',').filter_map(|it| it.split_once('='));
            let kind = fields().any(|(key, value)| key == "type" && matches!(value, "cache" | "tmpfs"));
            let target =
                |(key, value): (&str, &str)| matches!(key, "target" | "dst" | "destination") && value.contains(part);
            kind && fields().any(target)
        })
    }
}

/// A program that is run, with its words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    /// Where.
    pub(super) of: RunAt<'a>,
    /// Which.
    pub(super) it: &'a Invocation,
}

impl<'a> Call<'a> {
    /// Whether the program is called by its bare name: not through `sudo`, `sh -c` and their like, nor by a path.
    /// hadolint sees no others.
    pub(super) fn is_plain(&self) -> bool {
        self.it.wrappers.is_empty() && self.it.words.first().is_some_and(|it| shown(it) == self.it.program)
    }

    /// The words behind the program, variables as `${NAME}`.
    pub(super) fn args(&self) -> impl Iterator<Item = Cow<'a, str>> {
        self.it.words.iter().skip(1).map(shown)
    }

    /// Whether one of the words is this one.
    pub(super) fn has(&self, word: &str) -> bool {
        self.args().any(|it| it == word)
    }

    /// Whether one of these options is there: `q` alone or in a bundle such as `-qO-`, `quiet` as `--quiet[=…]`.
    pub(super) fn has_flag(&self, names: &[&str]) -> bool {
        self.args().any(|it| match it.strip_prefix("--") {
            Some("") => false,
            Some(long) => names.contains(&long.split('=').next().unwrap_or(long)),
            None => {
                it.strip_prefix('-').is_some_and(|short| names.iter().any(|it| it.len() == 1 && short.contains(it)))
            }
        })
    }

    /// The words that are no options, nor the values of these.
    pub(super) fn operands(&self, with_value: &[&str]) -> Vec<(Cow<'a, str>, Span)> {
        let mut out = Vec::new();
        let mut value = false;
        for word in self.it.words.iter().skip(1) {
            let text = shown(word);
            if let Some(option) = text.strip_prefix('-') {
                let name = option.strip_prefix('-').unwrap_or(option);
                value = !name.contains('=') && with_value.contains(&name);
            } else if !std::mem::take(&mut value) {
                out.push((text, word.span));
            }
        }
        out
    }

    /// The program and, if it is there, the word that says what it is to do.
    pub(super) fn head(&self, subcommands: &[&str]) -> Span {
        let words = &self.it.words;
        let first = words.first().map_or(self.it.command, |it| it.span);
        let named = words.iter().skip(1).find(|it| subcommands.contains(&shown(it).as_ref()));
        named.map_or(first, |it| first.cover(it.span))
    }
}

/// A word as a reader would write it: quotes removed, variables as `${NAME}`.
pub(super) fn shown(word: &Word) -> Cow<'_, str> {
    if let [Piece::Literal(text) | Piece::Glob(text)] = word.pieces.as_slice() {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    for piece in &word.pieces {
        match piece {
            Piece::Literal(text) | Piece::Glob(text) => out.push_str(text),
            Piece::Variable(name) => {
                out.push_str("${");
                out.push_str(name);
                out.push('}');
            }
            Piece::Unknown => out.push_str("${…}"),
        }
    }
    Cow::Owned(out)
}
