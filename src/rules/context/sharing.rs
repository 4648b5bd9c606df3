//! The ignore files of a project with the builds that heed them; all rules share what was found out.

use crate::model::StepKind;
use crate::rule::{FileCx, ProjectCx};
pub(super) use crate::rule::{Line, Shared, first_line, list};

/// All ignore files of a project for which `wants` finds a build; the others cost nothing.
pub(super) fn all<'s, 'a>(cx: &'s ProjectCx<'a>, wants: impl Fn(&FileCx<'_>) -> bool) -> &'s [Shared<'a>] {
    if cx.files.iter().any(wants) { cx.ignore_files() } else { &[] }
}

/// All ignore files of a project in which an instruction copies a whole folder.
pub(super) fn of_broad_copies<'s, 'a>(cx: &'s ProjectCx<'a>) -> &'s [Shared<'a>] {
    all(cx, |it| {
        it.model.stages.iter().flat_map(|it| &it.steps).any(|it| match &it.kind {
            StepKind::Copy(copy) => copy.is_broad(),
            StepKind::Run(_) | StepKind::Other => false,
        })
    })
}
