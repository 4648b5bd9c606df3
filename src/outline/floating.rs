//! `ARG`, `ENV` and `LABEL` whose place does not matter: each counts as standing before the first instruction that can
//! see it.

use super::{Event, Sees, other_text};
use crate::{
    context::Context,
    knowledge::build_info,
    manifests::{View, ignores, visible},
    model::{Model, Stage, Step, StepKind, declared},
    source::Source,
    syntax::Keyword,
};

/// The instructions of a stage whose place does not matter.
#[derive(Debug)]
pub(super) struct Floating {
    all: Vec<One>,
}

#[derive(Debug)]
struct One {
    step: usize,
    /// The step before which it has to stand.
    before: usize,
    names: Vec<String>,
    text: String,
}

impl Floating {
    pub(super) fn of(model: &Model, source: &Source, stage: &Stage, context: &Context) -> Self {
        let steps = &stage.steps;
        let mut all: Vec<One> = Vec::new();
        for (at, step) in steps.iter().enumerate().rev() {
            let Some(names) = names(model, step, steps) else { continue };
            let label = model.instruction(step).kind == Keyword::Label;
            let sees = |later: usize| {
                let text = source.slice(model.instruction(&steps[later]).span);
                names.iter().any(|name| match &steps[later].kind {
                    StepKind::Run(_) if label => false,
                    StepKind::Run(run) => {
                        let view = View { context, copies: visible(steps, later) };
                        !ignores(run, text, &steps[later].before, &view, name)
                    }
                    StepKind::Copy(_) => false,
                    StepKind::Other => text.contains(name.as_str()),
                })
            };
            let place = |it: usize| all.iter().find(|one| one.step == it).map_or(it, |one| one.before);
            let before = (at + 1..steps.len()).filter(|it| sees(*it)).map(place).min().unwrap_or(steps.len());
            all.push(One { step: at, before, names, text: other_text(model, step) });
        }
        Self { all }
    }

    /// Whether the place of a step does not matter.
    pub(super) fn holds(&self, step: usize) -> bool {
        self.all.iter().any(|it| it.step == step)
    }

    /// What counts as standing right before a step, in an order that does not depend on where it was written.
    pub(super) fn before(&self, step: usize) -> Vec<Event> {
        let mut open: Vec<&One> = self.all.iter().filter(|it| it.before == step).collect();
        open.sort_by_key(|it| it.step);
        let mut events = Vec::new();
        while !open.is_empty() {
            // Whoever reads or sets a name that an earlier one sets has to come later.
            let depends = |later: &One, earlier: &One| {
                earlier.step < later.step
                    && (earlier.names.iter().any(|it| later.text.contains(it.as_str()))
                        || later.names.iter().any(|it| earlier.text.contains(it.as_str())))
            };
            let free = (0..open.len()).filter(|at| !open.iter().any(|it| depends(open[*at], it)));
            let Some(next) = free.min_by_key(|at| &open[*at].text) else { break };
            events.push(Event { text: open.remove(next).text.clone(), sees: Sees::Files(Vec::new()) });
        }
        events
    }
}

/// What a step sets, if no command but those of the project can tell where that happens.
fn names(model: &Model, step: &Step, steps: &[Step]) -> Option<Vec<String>> {
    let instruction = model.instruction(step);
    let names = declared(instruction);
    let fits = match instruction.kind {
        Keyword::Label => true,
        Keyword::Arg | Keyword::Env => {
            let copied = |name: &String| {
                steps.iter().any(|it| matches!(&it.kind, StepKind::Copy(copy) if copy.uses.contains(name)))
            };
            names.iter().all(|it| build_info(it).is_some() && !copied(it))
        }
        _ => false,
    };
    (fits && !names.is_empty()).then_some(names)
}
