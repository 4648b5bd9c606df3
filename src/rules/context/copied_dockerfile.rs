//! A Dockerfile that is copied into its own image: see `rules/context/copied-dockerfile.md`.

use super::{
    ballast::{self, own_files},
    sharing::{self, Shared, first_line, list},
};
use crate::{
    context::Need,
    edit::Safety,
    finding::{Finding, Fix, Label},
    knowledge::Action,
    model::{Run, Stage, StepKind},
    project::join,
    rule::{Check, FileCx, ProjectCx, Rule},
    source::Span,
};

pub(super) static RULE: Rule = crate::rule!("context" / "copied-dockerfile", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for shared in sharing::of_broad_copies(cx) {
        let wakes = |(file, need): (&FileCx<'_>, &Need)| woken(file, need, is_slow).map(|it| (need.span, it));
        let first = shared.certain_whole().find_map(|(file, need)| Some((file, need, wakes((file, need))?)));
        let Some((file, need, (span, (command, place)))) = first else { continue };
        let lines = shared.harmless(&own_files(shared));
        // Nobody edits the ignore file alone; and whoever makes it, or adds lines against ballast, adds these, too.
        let is_more = lines.iter().any(|it| !it.text.ends_with(".dockerignore"));
        let is_told = || ballast::is_there(shared) || ballast::expected(shared).is_some();
        if !is_more || is_told() || is_heeded(shared, file) {
            continue;
        }
        let is_there = |path: &str| shared.files().kind(&join(&shared.folder, path)).is_some();
        let mut names: Vec<String> =
            lines.iter().filter(|it| is_there(&it.text)).map(|it| format!("`{}`", it.text)).collect();
        // What is edited most comes first.
        names.sort_by_key(|it| !it.contains("Dockerfile"));
        let message =
            format!("`{}` takes in {}: an edit there runs `{command}` again", first_line(file, need), list(&names));
        let mut finding = Finding::new(RULE.name, file.at(span), message);
        finding.related.push(Label { location: file.at(place), text: "runs again".to_owned() });
        finding.note = Some("Docker and CI read these files themselves; in the image nothing does.".to_owned());
        let safety = if shared.open.is_none() { Safety::Safe } else { Safety::Unsafe };
        finding.fix = shared.add(&lines).map(|change| Fix { title: shared.title(), safety, change });
        out.push(finding);
    }
}

/// Whether the image may read its own Dockerfile.
fn is_heeded(shared: &Shared<'_>, file: &FileCx<'_>) -> bool {
    let name = file.source.path.rsplit('/').next().unwrap_or_default();
    let mut runs = shared.builds.iter().flat_map(|it| &it.cx.model.stages).flat_map(Stage::runs);
    runs.any(|(_, run)| run.mentions(&[name, ".github", "docker-compose"]))
}

fn is_slow(action: Action) -> bool {
    matches!(action, Action::Install | Action::Fetch | Action::Build)
}

/// The first command after a copy that does such a thing with packages, and where it stands.
pub(super) fn woken(file: &FileCx<'_>, need: &Need, is_slow: impl Fn(Action) -> bool) -> Option<(String, Span)> {
    if need.mount {
        return None;
    }
    let steps = file.model.stages[need.stage].steps.iter().skip_while(|it| it.item <= need.item);
    let mut runs = steps.filter_map(|it| match &it.kind {
        StepKind::Run(run) => Some(run),
        StepKind::Copy(_) | StepKind::Other => None,
    });
    runs.find_map(|run| slow_command(run, &is_slow))
}

fn slow_command(run: &Run, is_slow: impl Fn(Action) -> bool) -> Option<(String, Span)> {
    let command = run.packages().iter().find(|it| is_slow(it.action))?;
    let words = &run.invocations()[command.invocation].words;
    let span = words.first()?.span.cover(words.get(command.head.end.checked_sub(1)?)?.span);
    Some((command.title(), span))
}
