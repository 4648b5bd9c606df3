//! Mounts that hide what earlier instructions have put there.

use super::Harm;
use crate::{
    edit::Safety,
    model::{Mount, Run, Step, StepKind, absolute, is_below, text},
    project::{Kind, join},
    shell::Node,
};

impl Harm<'_, '_, '_> {
    /// What the layers hold below a mount, and the run does not see.
    pub(super) fn hidden(&mut self, mount: &Mount, target: &str) {
        let site = self.site;
        let caches: Vec<&String> = site.uses().iter().flat_map(|(_, it)| it).flat_map(|it| &it.targets).collect();
        // What fills a cache beforehand is only of no use.
        let matters = |path: &String| is_below(path, target) && !caches.iter().any(|it| is_below(path, it));
        let steps = site.cx.model.ancestry(site.stage.index).flat_map(|it| &it.steps);
        let earlier = steps.filter(|it| it.item < site.step.item);
        let found = earlier.filter_map(|step| {
            let paths = match &step.kind {
                StepKind::Copy(copy) => self.brought(copy),
                StepKind::Run(run) if !run.has_cache_over(target) => written(run, step),
                StepKind::Run(_) | StepKind::Other => Vec::new(),
            };
            Some((step, paths.into_iter().find(matters)?))
        });
        let Some((step, path)) = found.min_by_key(|(step, _)| step.item) else { return };
        let message =
            format!("the cache mount on `{target}` hides `{path}`, which line {} has put there", self.line(step));
        let note = "Below a mount a `RUN` sees what is in the mount, and nothing of the image.";
        let mut finding = self.finding(mount.span, message, note);
        finding.related.push(self.label(step, "it comes from here"));
        let narrowed = self.narrowed(mount, target);
        finding.fix = narrowed.and_then(|(title, edits)| site.cx.fix(title, Safety::Unsafe, edits));
        self.out.push(finding);
    }

    /// Where what is copied arrives: folders and files by name.
    fn brought(&self, copy: &crate::model::Copy) -> Vec<String> {
        let Some(destination) = &copy.destination else { return Vec::new() };
        let is_folder =
            |it: &String| self.site.cx.contexts().iter().any(|context| context.kind(it) == Some(Kind::Folder));
        let [Some(source)] = copy.sources.as_slice() else { return vec![destination.clone()] };
        let named = copy.into_folder && !source.contains(['*', '?', '[']) && source != "." && !is_folder(source);
        match source.rsplit('/').next() {
            Some(name) if named && copy.from == crate::model::CopyFrom::Context => vec![join(destination, name)],
            _ => vec![destination.clone()],
        }
    }
}

/// The files that a run writes by redirection, or that its last words name for `cp` and its kind.
fn written(run: &Run, step: &Step) -> Vec<String> {
    let Some(script) = run.script() else { return Vec::new() };
    let home = step.before.home();
    let place = |folder: Option<&str>, written: &str| match (written.strip_prefix("~/"), &home) {
        (Some(rest), Some(home)) => Some(join(home, rest)),
        (Some(_), None) => None,
        (None, _) => absolute(folder, written),
    };
    let mut paths = Vec::new();
    script.each(&mut |node| {
        if let Node::Command(command) = node {
            for redirect in command.redirects.iter().filter(|it| it.operator.starts_with('>')) {
                let target = redirect.target.as_ref().and_then(|it| text(it, &step.before));
                // Where a redirection without a leading slash goes depends on what ran before it.
                paths.extend(target.filter(|it| it.starts_with(['/', '~'])).and_then(|it| place(None, &it)));
            }
        }
    });
    for (at, it) in run.invocations().iter().enumerate() {
        if matches!(it.program.as_str(), "cp" | "mv" | "install" | "tee") && it.words.len() > 1 {
            let last = it.words.last().and_then(|it| text(it, &step.before));
            paths.extend(last.and_then(|it| place(run.folders()[at].as_deref(), &it)));
        }
    }
    paths
}
