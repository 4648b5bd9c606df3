//! What a stage does before it takes in a file of the project: packages, tools, variables.

use std::collections::BTreeSet;

use crate::{
    edit::Edit,
    knowledge::Action,
    model::{Base, ImageRef, Run, Stage, Step, StepKind, Value},
    rewrite,
    rule::FileCx,
    shell::{self, Script, Word},
    source::Span,
    syntax::{Args, Instruction, ItemKind, Keyword},
};

/// One thing that a setup does, in a form that is the same wherever the same is done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// A system package.
    Package(String),
    /// A package of pip's, with its version.
    Tool(String),
    /// A variable and its value.
    Variable(String, String),
    /// Another command.
    Command(String),
}

impl Part {
    /// What it is called in a message; only what takes time has a name.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Package(name) => Some(format!("`{name}`")),
            Self::Tool(name) => Some(format!("`{}`", name.split("==").next().unwrap_or(name))),
            Self::Variable(..) | Self::Command(_) => None,
        }
    }

    /// How much time it takes, roughly, in seconds.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Package(_) | Self::Command(_) => 2,
            Self::Tool(name) if name.starts_with("poetry") || name.starts_with("pdm") || name.starts_with("pipenv") => {
                10
            }
            Self::Tool(_) => 4,
            Self::Variable(..) => 0,
        }
    }
}

/// An instruction of a setup, with what it does.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub step: usize,
    pub parts: Vec<Part>,
    /// The words of the packages, if each can be taken out on its own: the words of the command, and which of them.
    pub words: Option<(Vec<Span>, Vec<usize>)>,
    /// Whether packages are installed without what they only recommend.
    pub lean: bool,
}

impl Piece {
    /// Whether an instruction moves as a whole.
    pub(super) fn moves(&self, common: &BTreeSet<Part>) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|it| common.contains(it))
    }
}

/// The setup of a stage.
#[derive(Debug)]
pub(super) struct Setup<'a> {
    pub cx: &'a FileCx<'a>,
    pub stage: &'a Stage,
    pub image: &'a ImageRef,
    /// The image as it is written.
    pub written: &'a str,
    pub pieces: Vec<Piece>,
}

impl<'a> Setup<'a> {
    /// The setup of a stage; `None` where it has none, or its base cannot be told.
    pub(super) fn of(cx: &'a FileCx<'a>, stage: &'a Stage) -> Option<Self> {
        let Base::Image(image) = &stage.base else { return None };
        let from = cx.model.at(stage.from);
        let Args::Words(words) = &from.args else { return None };
        let written = words.first()?.text.as_str();
        image.tag.as_ref()?;
        if written.contains('$') || !from.flags.is_empty() {
            return None;
        }
        let mut setup = Self { cx, stage, image, written, pieces: Vec::new() };
        for (at, step) in stage.steps.iter().enumerate() {
            let instruction = cx.model.instruction(step);
            let piece = match &step.kind {
                StepKind::Copy(_) => break,
                StepKind::Run(run) if run.mounts.iter().any(|it| it.from.is_some() || it.source.is_some()) => break,
                StepKind::Run(run) => setup.run(at, step, run, instruction),
                StepKind::Other => match (instruction.kind, &instruction.args) {
                    (Keyword::Env, Args::Pairs(pairs)) => {
                        let parts = pairs.iter().map(|it| {
                            let value = cx.source.slice(it.value.span).trim_matches('"').to_owned();
                            Part::Variable(it.key.text.clone(), value)
                        });
                        Some(Piece { step: at, parts: parts.collect(), words: None, lean: false })
                    }
                    (Keyword::Shell | Keyword::User | Keyword::Onbuild, _) => break,
                    _ => None,
                },
            };
            setup.pieces.extend(piece);
        }
        let has_parts = setup.parts().next().is_some();
        has_parts.then_some(setup)
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.pieces.iter().flat_map(|it| &it.parts)
    }

    /// The system packages.
    pub(super) fn packages(&self) -> BTreeSet<&str> {
        let package = |it: &'_ Part| matches!(it, Part::Package(_));
        self.parts()
            .filter(|it| package(it))
            .filter_map(|it| match it {
                Part::Package(name) => Some(name.as_str()),
                Part::Tool(_) | Part::Variable(..) | Part::Command(_) => None,
            })
            .collect()
    }

    /// Whether another stage is what ships, so that more packages here cost nothing there.
    pub(super) fn is_left_behind(&self) -> bool {
        self.stage.index + 1 < self.cx.model.stages.len()
    }

    /// From the first to the last instruction of what is common.
    pub(super) fn place(&self, common: &BTreeSet<Part>) -> Span {
        let model = self.cx.model;
        let is_common = |it: &&Piece| it.parts.iter().any(|it| it.name().is_some() && common.contains(it));
        let pieces: Vec<&Piece> = self.pieces.iter().filter(is_common).collect();
        let span = |it: &&Piece| model.instruction(&self.stage.steps[it.step]).span;
        pieces.iter().map(span).reduce(Span::cover).unwrap_or(model.at(self.stage.from).span)
    }

    /// The edits of the Dockerfile: another base, and without what that brings.
    pub(super) fn rewritten(&self, common: &BTreeSet<Part>, image: &str) -> Option<Vec<Edit>> {
        let items = &self.cx.unit.syntax.items;
        let Args::Words(words) = &self.cx.model.at(self.stage.from).args else { return None };
        let mut edits = vec![Edit::replace(words.first()?.span, image)];
        let mut gone = vec![false; items.len()];
        for piece in &self.pieces {
            let item = self.stage.steps[piece.step].item;
            if piece.moves(common) {
                gone[rewrite::with_comments(items, item)..=item].fill(true);
                continue;
            }
            let Some((spans, which)) = &piece.words else { continue };
            let pairs = which.iter().zip(&piece.parts);
            let words: Vec<usize> = pairs.filter(|(_, part)| common.contains(part)).map(|(at, _)| *at).collect();
            edits.extend(rewrite::remove_words(self.cx.source, spans, &words)?);
        }
        // Of the blank lines around what goes, one stays.
        let mut after_blank = false;
        for (at, item) in items.iter().enumerate() {
            let is_blank = item.kind == ItemKind::Blank;
            gone[at] |= is_blank && after_blank && at > 0 && gone[at - 1];
            after_blank = if gone[at] { after_blank } else { is_blank };
        }
        edits.extend(items.iter().zip(gone).filter(|(_, gone)| *gone).map(|(it, _)| Edit::delete(it.span)));
        rewrite::join(edits)
    }

    fn run(&self, at: usize, step: &Step, run: &Run, instruction: &Instruction) -> Option<Piece> {
        if !run.script()?.is_understood() || !instruction.heredocs.is_empty() || Self::depends_on_arguments(step, run) {
            return None;
        }
        let installs: Vec<_> = run.packages().iter().filter(|it| it.action == Action::Install).collect();
        let [install] = installs.as_slice() else {
            return installs.is_empty().then(|| self.command(at, run, instruction));
        };
        let others = run.invocations().iter().enumerate().filter(|(it, _)| *it != install.invocation);
        let plain = others.clone().all(|(at, it)| {
            let manager = run.packages().iter().any(|it| it.invocation == at && it.manager.root);
            manager || matches!(it.program.as_str(), "rm" | "set" | "true")
        });
        let words = &run.invocations()[install.invocation].words;
        let spans: Vec<Span> = words.iter().map(|it| it.span).collect();
        let operands: Vec<(usize, &str)> = install.operands().map(|(at, it)| Some((at, it?))).collect::<Option<_>>()?;
        if operands.is_empty() || operands.iter().any(|(_, it)| it.starts_with(['.', '/'])) {
            return None;
        }
        let which = operands.iter().map(|(at, _)| *at).collect();
        if install.manager.root && plain {
            let parts = operands.iter().map(|(_, it)| Part::Package((*it).to_owned()));
            let lean = install.has_option("--no-install-recommends");
            return Some(Piece { step: at, parts: parts.collect(), words: Some((spans, which)), lean });
        }
        let upgrades = ["-r", "--requirement", "-e", "--upgrade", "-U", "--user", "--target"];
        let is_tool = install.manager.name == "pip" && !upgrades.iter().any(|it| install.has_option(it));
        if is_tool && run.invocations().len() == 1 {
            let parts = operands.iter().map(|(_, it)| Part::Tool((*it).to_owned()));
            return Some(Piece { step: at, parts: parts.collect(), words: Some((spans, which)), lean: false });
        }
        None
    }

    /// A command that installs nothing, in its normal form.
    fn command(&self, at: usize, run: &Run, instruction: &Instruction) -> Piece {
        let text = run.script().map_or_else(|| instruction.rest.text.clone(), |it| self.normal(it));
        Piece { step: at, parts: vec![Part::Command(text)], words: None, lean: false }
    }

    fn normal(&self, script: &Script) -> String {
        let all = script.list.items.iter().map(|it| self.cx.source.slice(it.node.span()));
        all.flat_map(str::split_whitespace).filter(|it| *it != "\\").collect::<Vec<_>>().join(" ")
    }

    /// Whether a word holds a variable that `ARG` declares, so that the builds may differ.
    fn depends_on_arguments(step: &Step, run: &Run) -> bool {
        let is_argument =
            |name: &str| step.before.variables.get(name).is_some_and(|it| it.argument || it.value == Value::Unknown);
        let depends =
            |it: &Word| it.pieces.iter().any(|it| matches!(it, shell::Piece::Variable(name) if is_argument(name)));
        run.invocations().iter().flat_map(|it| &it.words).any(depends)
    }
}
