//! Applying fixes: merge those that do not touch, apply, check again, until nothing is left to do.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use rayon::prelude::*;

use super::{Chosen, check_unit, verify::verify};
use crate::{
    edit::{Change, Safety, apply},
    finding::Finding,
    project::{Memory, Project, Unit},
    source::{FileId, Source},
};

/// Rounds after which fixing stops. Real files need two or three; more is a bug that the tests find.
const MOST_ROUNDS: usize = 10;

/// What `fix` did.
#[derive(Debug)]
pub struct Fixed {
    /// The project afterwards; new files are appended to its sources.
    pub project: Project,
    /// The findings whose fixes were applied, in the order of application.
    pub applied: Vec<Finding>,
    /// Fixes that did not pass verification.
    pub dropped: Vec<Dropped>,
    /// Rounds that changed something.
    pub rounds: usize,
}

/// A fix that did not pass verification.
#[derive(Clone, Debug)]
pub struct Dropped {
    /// The finding whose fix it was.
    pub finding: Finding,
    /// What verification said.
    pub reason: String,
    /// The line where the finding begins.
    line: String,
}

/// Applies the fixes that are at least as safe as `allowed`, round by round, and verifies each round.
///
/// Dockerfiles do not influence one another here, so each is brought to its fixpoint on its own.
pub fn fix(project: &Project, allowed: Safety) -> Fixed {
    let chosen = Chosen::of(project);
    let results: Vec<FixedUnit> =
        project.dockerfiles.par_iter().map(|unit| fix_unit(project, unit, &chosen, allowed)).collect();
    let mut fixed = Fixed { project: project.clone(), applied: Vec::new(), dropped: Vec::new(), rounds: 0 };
    let mut creates: BTreeMap<String, String> = BTreeMap::new();
    for (at, result) in results.into_iter().enumerate() {
        fixed.applied.extend(result.applied);
        fixed.dropped.extend(result.dropped);
        fixed.rounds = fixed.rounds.max(result.rounds);
        for (path, text) in result.creates {
            add_lines(creates.entry(path).or_default(), &text);
        }
        if let Some((source, unit)) = result.changed {
            let file = unit.file;
            fixed.project.sources[file.0 as usize] = source;
            fixed.project.dockerfiles[at] = unit;
        }
    }
    if !creates.is_empty() {
        fixed.project.files = with_files(project, &creates);
        fixed.project.sources.extend(creates.into_iter().map(|(path, text)| Source::new(path, text)));
    }
    fixed
}

/// Adds the lines that are missing. The files that fixes make are lists of lines: ignore files.
fn add_lines(to: &mut String, text: &str) {
    for line in text.lines() {
        if !to.lines().any(|it| it == line) {
            to.push_str(line);
            to.push('\n');
        }
    }
}

fn with_files(project: &Project, creates: &BTreeMap<String, String>) -> Arc<Memory> {
    let texts = creates.iter().map(|(path, text)| (path.clone(), Arc::from(text.as_str()))).collect();
    Arc::new(Memory { texts, below: Some(Arc::clone(&project.files)) })
}

#[derive(Default)]
struct FixedUnit {
    changed: Option<(Source, Unit)>,
    creates: BTreeMap<String, String>,
    applied: Vec<Finding>,
    dropped: Vec<Dropped>,
    rounds: usize,
}

/// A Dockerfile on its way, and the project in which it is seen.
struct State {
    project: Project,
    unit: Unit,
    findings: Vec<Finding>,
}

fn fix_unit(project: &Project, unit: &Unit, chosen: &Chosen, allowed: Safety) -> FixedUnit {
    let mut result = FixedUnit::default();
    let findings = check_unit(project, unit, chosen);
    if !findings.iter().any(|it| may_apply(it, project.source(unit.file), allowed, &[])) {
        return result;
    }
    let mut state = State { project: project.clone(), unit: unit.clone(), findings };
    let mut seen = vec![hash(state.project.source(unit.file))];
    while result.rounds < MOST_ROUNDS {
        let Some((next, applied)) = round(&state, chosen, allowed, &mut result.dropped) else { break };
        let now = hash(next.project.source(unit.file));
        if seen.contains(&now) {
            let reason = "it undoes what another fix does".to_owned();
            result.dropped.extend(applied.into_iter().map(|finding| {
                let line = line_of(&finding, state.project.source(unit.file)).to_owned();
                Dropped { finding, reason: reason.clone(), line }
            }));
            break;
        }
        seen.push(now);
        for finding in &applied {
            if let Some(fix) = &finding.fix {
                result.creates.extend(fix.change.creates.clone());
            }
        }
        result.applied.extend(applied);
        result.rounds += 1;
        state = next;
    }
    if result.rounds > 0 {
        result.changed = Some((state.project.source(unit.file).clone(), state.unit));
    }
    result
}

fn hash(source: &Source) -> u64 {
    let mut hasher = DefaultHasher::new();
    source.text.hash(&mut hasher);
    hasher.finish()
}

/// Whether a finding's fix may be applied and was not dropped before.
fn may_apply(finding: &Finding, source: &Source, allowed: Safety, dropped: &[Dropped]) -> bool {
    let line = line_of(finding, source);
    let same =
        |it: &Dropped| it.finding.rule == finding.rule && it.finding.message == finding.message && it.line == line;
    finding.fix.as_ref().is_some_and(|it| it.safety >= allowed && !it.change.is_empty()) && !dropped.iter().any(same)
}

/// The text of the line where a finding begins: what tells it from another with the same words, wherever it moves.
fn line_of<'a>(finding: &Finding, source: &'a Source) -> &'a str {
    let start = finding.location.span.start;
    let line = source.line_starts()[source.line(start) - 1] as usize;
    source.text[line..].lines().next().unwrap_or_default()
}

/// One round: the fixes that fit together, applied and verified. `None` when there is nothing to do.
fn round(state: &State, chosen: &Chosen, allowed: Safety, dropped: &mut Vec<Dropped>) -> Option<(State, Vec<Finding>)> {
    let source = state.project.source(state.unit.file);
    let open: Vec<&Finding> = state.findings.iter().filter(|it| may_apply(it, source, allowed, dropped)).collect();
    // Safe fixes reach their fixpoint before others are tried, so that their verification stays as strict as it can be.
    let safest = open.iter().filter_map(|it| it.fix.as_ref()).map(|it| it.safety).max()?;
    let open: Vec<&Finding> =
        open.into_iter().filter(|it| it.fix.as_ref().is_some_and(|it| it.safety == safest)).collect();
    let mut change = Change::default();
    let mut taken: Vec<&Finding> = Vec::new();
    for finding in open {
        if let Some(fix) = &finding.fix
            && change.try_merge(&fix.change)
        {
            taken.push(finding);
        }
    }
    if let Ok(next) = attempt(state, chosen, allowed, &taken) {
        return Some((next, taken.into_iter().cloned().collect()));
    }
    // One of them is to blame: build the round up again, one by one.
    let mut good: Vec<&Finding> = Vec::new();
    let mut best = None;
    for finding in taken {
        good.push(finding);
        match attempt(state, chosen, allowed, &good) {
            Ok(next) => best = Some(next),
            Err(reason) => {
                good.pop();
                let line = line_of(finding, source).to_owned();
                dropped.push(Dropped { finding: finding.clone(), reason, line });
            }
        }
    }
    best.map(|next| (next, good.into_iter().cloned().collect()))
}

/// The state after these fixes, if it passes verification.
fn attempt(state: &State, chosen: &Chosen, allowed: Safety, taken: &[&Finding]) -> Result<State, String> {
    let mut change = Change::default();
    for fix in taken.iter().filter_map(|it| it.fix.as_ref()) {
        change.try_merge(&fix.change);
    }
    let file = state.unit.file;
    let mut project = state.project.clone();
    if change.edits.keys().any(|it| *it != file) {
        return Err("it edits another file".to_owned());
    }
    let text = apply(&project.source(file).text, change.edits.get(&file).map_or(&[], Vec::as_slice));
    let source = Source::new(project.source(file).path.clone(), text);
    let unit = Unit::parse(FileId(file.0), &source);
    project.sources[file.0 as usize] = source;
    if !change.creates.is_empty() {
        project.files = with_files(&project, &change.creates);
    }
    let findings = check_unit(&project, &unit, chosen);
    let next = State { project, unit, findings };
    verify(
        (&state.project, &state.unit, &state.findings),
        (&next.project, &next.unit, &next.findings),
        taken,
        allowed,
    )?;
    Ok(next)
}
