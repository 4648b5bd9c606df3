//! Stages that nothing uses: see `rules/stages/unreachable-stage.md`.

use crate::{
    finding::Finding,
    model::{Base, CopyFrom, Stage, StepKind},
    rule::{Check, FileCx, Rule},
    source::Location,
};

pub(super) static RULE: Rule = crate::rule!("stages" / "unreachable-stage", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let Some((last, earlier)) = cx.model.stages.split_last() else { return };
    if earlier.iter().all(|it| it.name.is_some()) {
        return;
    }
    // From the last one upwards, what a used stage uses is used; a stage with a name may be built by that name.
    let mut used = vec![false; cx.model.stages.len()];
    used[last.index] = true;
    for stage in cx.model.stages.iter().rev() {
        if used[stage.index] || stage.name.is_some() {
            uses(cx, stage, &mut used);
        }
    }
    for stage in earlier.iter().filter(|it| it.name.is_none() && !used[it.index]) {
        let from = cx.model.at(stage.from);
        let location = Location { file: cx.unit.file, span: from.span };
        let message = format!("stage {} has no name, and no other stage uses it", stage.index);
        out.push(
            Finding::new(RULE.name, location, message)
                .note("BuildKit skips it, so it never comes into being; other builders build it for nothing."),
        );
    }
}

/// Marks the stages that a stage starts from, copies from or mounts.
fn uses(cx: &FileCx<'_>, stage: &Stage, used: &mut [bool]) {
    if let Base::Stage(at) = stage.base {
        used[at] = true;
    }
    for step in &stage.steps {
        match &step.kind {
            StepKind::Copy(copy) => {
                if let CopyFrom::Stage(at) = copy.from {
                    used[at] = true;
                }
            }
            StepKind::Run(run) => {
                for from in run.mounts.iter().filter_map(|it| it.from.as_deref()) {
                    let named = cx.model.stages.iter().find(|it| it.name.as_deref() == Some(&from.to_lowercase()));
                    let at = named.map(|it| it.index).or_else(|| from.parse().ok());
                    if let Some(it) = at.and_then(|it: usize| used.get_mut(it)) {
                        *it = true;
                    }
                }
            }
            // `ONBUILD COPY --from` speaks of stages of another file.
            StepKind::Other => {}
        }
    }
}
