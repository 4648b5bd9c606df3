//! What one layer brings and a later one deletes: see `rules/size/deleted-later.md`.

use crate::{
    finding::{Finding, Label},
    knowledge::{DOWNLOADS, Weight},
    model::{Copy, CopyFrom, Run, Step, StepKind, absolute, header, is_below, text},
    project::{file_name, join},
    rule::{Check, FileCx, Rule},
    shell::{Invocation, Setting},
    source::{Location, Span},
};

pub(super) static RULE: Rule = crate::rule!("size" / "deleted-later", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        for (at, step) in stage.steps.iter().enumerate() {
            let StepKind::Run(run) = &step.kind else { continue };
            if !run.mentions(&["rm "]) || !cx.is_shipped(stage.index) {
                continue;
            }
            for (number, invocation) in run.invocations().iter().enumerate() {
                if invocation.program != "rm" || invocation.setting == Setting::Perhaps {
                    continue;
                }
                for (path, inside, span) in removed(run, number, invocation, step) {
                    let gone =
                        |it: &String| if inside { it != &path && is_below(it, &path) } else { is_below(it, &path) };
                    let bringer = stage.steps[..at].iter().rev().find_map(|it| {
                        let place = brought(it).into_iter().find(gone)?;
                        Some((it, place))
                    });
                    let Some((bringer, place)) = bringer else { continue };
                    let location = Location { file: cx.unit.file, span };
                    let mut finding = Finding::new(
                        RULE.name,
                        location,
                        format!("`{place}` is deleted in another layer than the one that brings it"),
                    );
                    let advice = match &bringer.kind {
                        // What comes from a server cannot be mounted.
                        StepKind::Copy(copy) if copy.sources.iter().flatten().any(|it| it.contains("://")) => {
                            "Download it in the `RUN` that uses and deletes it."
                        }
                        StepKind::Copy(_) => "Mount it where it is used: `RUN --mount=type=bind,source=…,target=…`.",
                        StepKind::Run(_) | StepKind::Other => "Delete it in the `RUN` that makes it.",
                    };
                    finding.note =
                        Some(format!("A later layer can only hide a file; the image keeps all of it. {advice}"));
                    finding.related.push(Label {
                        location: Location { file: cx.unit.file, span: header(cx.model.instruction(bringer)) },
                        text: "brings it into the image".to_owned(),
                    });
                    out.push(finding);
                    break;
                }
            }
        }
    }
}

/// The paths that `rm` deletes, with whether only what lies in them goes.
fn removed(run: &Run, number: usize, invocation: &Invocation, step: &Step) -> Vec<(String, bool, Span)> {
    let folder = run.folders()[number].as_deref();
    let operands = invocation.words.iter().skip(1).filter_map(|word| {
        let written = text(word, &step.before).filter(|it| !it.starts_with('-'))?;
        let (place, inside) = match written.strip_suffix("/*") {
            Some(place) => (place, true),
            None => (written.as_str(), false),
        };
        let known = !place.is_empty() && !place.contains(['*', '?', '[', '{', '~']);
        let path = absolute(folder, place).filter(|it| known && it != "/")?;
        Some((path, inside, word.span))
    });
    operands.collect()
}

/// The files that an instruction brings, as far as its words tell.
fn brought(step: &Step) -> Vec<String> {
    match &step.kind {
        StepKind::Copy(copy) => copied(copy),
        StepKind::Run(run) => {
            let all = run.invocations().iter().enumerate();
            all.filter_map(|(at, it)| downloaded(it, run.folders()[at].as_deref(), step)).collect()
        }
        StepKind::Other => Vec::new(),
    }
}

/// The places of what is copied by name. What comes along in a folder is somebody else's to judge.
fn copied(copy: &Copy) -> Vec<String> {
    let Some(destination) = &copy.destination else { return Vec::new() };
    let file = |it: &&String| {
        let name = file_name(it);
        name.trim_start_matches('.').contains('.') && !name.contains(['*', '?', '[']) && copy.from == CopyFrom::Context
    };
    let place = |it: &String| {
        let name = file_name(it);
        if copy.into_folder { join(destination, name) } else { destination.clone() }
    };
    copy.sources
        .iter()
        .flatten()
        .filter(file)
        .map(place)
        .filter(|it| DOWNLOADS.weight(it) == Some(Weight::Heavy))
        .collect()
}

/// The file that `curl` or `wget` writes.
fn downloaded(invocation: &Invocation, folder: Option<&str>, step: &Step) -> Option<String> {
    let options = DOWNLOADS.programs.get(invocation.program.as_str())?;
    if invocation.setting == Setting::Perhaps {
        return None;
    }
    let texts: Vec<Option<String>> = invocation.words.iter().map(|it| text(it, &step.before)).collect();
    let at = texts.iter().position(|it| it.as_ref().is_some_and(|it| options.contains(it)))?;
    let target = texts.get(at + 1)?.clone()?;
    let written = target != "-" && !target.starts_with("/dev/");
    absolute(folder, &target).filter(|it| written && DOWNLOADS.weight(it) != Some(Weight::Light))
}
