//! Packages that are installed into a mount, and that nothing finds afterwards.

use super::{Filled, Harm};
use crate::{
    edit::Safety,
    knowledge::{Action, Leaves, is_plain_program},
    model::{CopyFrom, Mount, StepKind, is_below},
    project::join,
};

impl Harm<'_, '_, '_> {
    /// Packages in a mount that is gone before anything could use them.
    pub(super) fn swallowed(&mut self, mount: &Mount, target: &str, filled: &[Filled<'_>]) {
        let site = self.site;
        let Some(packages) = filled.iter().find(|it| it.output.holds == Leaves::Packages) else { return };
        let manager = packages.command.manager;
        // What the same run does with them is not known.
        let only_installs = site.run.invocations().iter().enumerate().all(|(at, it)| {
            let package = site.run.package(at);
            package.map_or_else(|| is_plain_program(&it.program), |it| it.action != Action::Build)
        });
        let again = self.later().any(|(_, run)| run.has_cache_over(target));
        let model = site.cx.model;
        let installed = model.stages.iter().flat_map(|it| &it.steps).any(|step| match &step.kind {
            StepKind::Run(run) => {
                !run.has_cache_over(&packages.path)
                    && run.packages().iter().any(|it| it.manager.name == manager.name && it.action == Action::Install)
            }
            StepKind::Copy(_) | StepKind::Other => false,
        });
        if !only_installs || again || installed {
            return;
        }
        let is_heir = |stage: usize| model.ancestry(stage).any(|it| it.index == site.stage.index);
        let taken = model.stages.iter().flat_map(|it| &it.steps).any(|step| match &step.kind {
            StepKind::Copy(copy) => match copy.from {
                CopyFrom::Stage(from) if is_heir(from) => copy.sources.iter().flatten().any(|it| {
                    let source = join("/", it);
                    source != "/" && is_below(&packages.path, &source)
                }),
                _ => false,
            },
            StepKind::Run(_) | StepKind::Other => false,
        });
        if !taken && !site.cx.is_shipped(site.stage.index) {
            return;
        }
        let message = format!(
            "`{}` installs into the cache mount on `{target}`, and the packages are not in the image",
            packages.command.title()
        );
        let note = format!("They lie in `{}`; a mount is there for its own `RUN` alone.", packages.path);
        let mut finding = self.finding(mount.span, message, note);
        let narrowed = self.narrowed(mount, target);
        let fix = narrowed.or_else(|| Some(("Take out the mount".to_owned(), self.without(mount)?)));
        finding.fix = fix.and_then(|(title, edits)| site.cx.fix(title, Safety::Unsafe, edits));
        self.out.push(finding);
    }
}
