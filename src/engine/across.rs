//! Fixes that change several files, or make new ones: whole or not at all.

use std::collections::BTreeMap;

use super::{
    Chosen, Fixed, Look,
    fix::{fitting, hash, may_apply, merged, most, safest, undoes},
    look, look_across,
    verify::{Side, verify},
};
use crate::{
    edit::{Change, Safety, apply},
    finding::Finding,
    parallel,
    project::Project,
};

/// One round of them; false when there is nothing to do. `seen` holds the states that there were.
pub(super) fn round(fixed: &mut Fixed, looks: &[Look], chosen: &Chosen, allowed: Safety, seen: &[u64]) -> bool {
    let before = All::of(&fixed.project, looks.iter().collect(), chosen);
    let is_open = |it: &&Finding| may_apply(it, &fixed.project, allowed, &fixed.dropped);
    let open = safest(before.findings().into_iter().filter(is_open).collect());
    if open.is_empty() {
        return false;
    }
    let attempt = |taken: &[&Finding]| attempt(&fixed.project, &before, chosen, taken, allowed);
    let Some((next, applied)) = most(fitting(&open), &fixed.project, &mut fixed.dropped, attempt) else {
        return true;
    };
    if seen.contains(&hash(&next.sources)) {
        fixed.dropped.extend(applied.iter().map(|it| undoes(it, &fixed.project)));
        return true;
    }
    fixed.project = next;
    fixed.applied.extend(applied);
    fixed.rounds_across += 1;
    true
}

/// All that there is to say about a project.
pub(super) struct All<'a> {
    looks: Vec<&'a Look>,
    across: Vec<Finding>,
}

impl<'a> All<'a> {
    pub(super) fn of(project: &Project, looks: Vec<&'a Look>, chosen: &Chosen) -> Self {
        let across = look_across(project, &looks, chosen);
        Self { looks, across }
    }

    pub(super) fn findings(&self) -> Vec<&Finding> {
        self.looks.iter().flat_map(|it| &it.findings).chain(&self.across).collect()
    }
}

/// The project after these fixes, if it passes verification.
pub(super) fn attempt(
    project: &Project,
    before: &All<'_>,
    chosen: &Chosen,
    taken: &[&Finding],
    allowed: Safety,
) -> Result<Project, String> {
    let change = merged(taken);
    if let Some(path) = change.creates.keys().find(|it| project.files.kind(it).is_some()) {
        return Err(format!("{path} is there already"));
    }
    let next = applied(project, &change);
    // A Dockerfile is seen as before unless it was changed itself, or what lies around it.
    let only_dockerfiles = change.edits.keys().all(|it| project.unit(*it).is_some());
    let is_same = |at: usize| {
        let file = next.dockerfiles[at].file;
        only_dockerfiles && at < before.looks.len() && !change.edits.contains_key(&file)
    };
    let fresh = parallel::map(&next.dockerfiles, |at, unit| (!is_same(at)).then(|| look(&next, unit, chosen)));
    let looks = fresh.iter().enumerate().map(|(at, it)| it.as_ref().unwrap_or_else(|| before.looks[at]));
    let after = All::of(&next, looks.collect(), chosen);
    verify(
        &Side { project, findings: &before.findings() },
        &Side { project: &next, findings: &after.findings() },
        (&change, taken),
        allowed,
    )?;
    Ok(next)
}

fn applied(project: &Project, change: &Change) -> Project {
    let edit = |(file, edits): (&_, &Vec<_>)| (*file, apply(&project.source(*file).text, edits));
    let edited: BTreeMap<_, _> = change.edits.iter().map(edit).collect();
    project.with(&edited, &change.creates)
}
