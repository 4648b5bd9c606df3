//! Applying fixes: merge those that do not touch, apply, check again, until nothing is left to do.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::{
    Chosen, Look, across, inlined, look,
    verify::{Side, verify},
};
use crate::{
    edit::{Change, Safety, apply},
    finding::Finding,
    parallel,
    project::{Project, Unit},
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
    /// The rounds that the Dockerfile which took most of them took in one go.
    pub rounds: usize,
    /// The rounds that changed several files at once, behind each of which the Dockerfiles have their turn again.
    pub rounds_across: usize,
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

impl Dropped {
    pub(super) fn new(finding: &Finding, project: &Project, reason: String) -> Self {
        let line = line_of(finding, project.source(finding.location.file)).to_owned();
        Self { finding: finding.clone(), reason, line }
    }
}

/// Applies the fixes that are at least as safe as `allowed`, round by round, and verifies each round.
///
/// Most fixes change one Dockerfile, and these do not influence one another: each is brought to its end on its own,
/// in parallel. What changes several files, or makes new ones, comes after that, and then the files have their turn
/// again.
pub fn fix(project: &Project, allowed: Safety) -> Fixed {
    fix_with(project, &Chosen::of(project), allowed)
}

pub(super) fn fix_with(project: &Project, chosen: &Chosen, allowed: Safety) -> Fixed {
    let mut fixed =
        Fixed { project: project.clone(), applied: Vec::new(), dropped: Vec::new(), rounds: 0, rounds_across: 0 };
    let mut seen = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let looks = each(&mut fixed, chosen, allowed);
        seen.push(hash(&fixed.project.sources));
        if !across::round(&mut fixed, &looks, chosen, allowed, &seen) {
            break;
        }
    }
    inlined::write_back(&mut fixed, project);
    fixed
}

/// Brings each Dockerfile to its end.
fn each(fixed: &mut Fixed, chosen: &Chosen, allowed: Safety) -> Vec<Look> {
    let Fixed { project, dropped, .. } = &*fixed;
    let results: Vec<FixedUnit> =
        parallel::map(&project.dockerfiles, |_, unit| fix_unit(project, unit, chosen, allowed, dropped));
    let mut looks = Vec::with_capacity(results.len());
    let mut edited = BTreeMap::new();
    let mut creates: BTreeMap<String, String> = BTreeMap::new();
    let mut rounds = 0;
    for result in results {
        fixed.applied.extend(result.applied);
        fixed.dropped.extend(result.dropped);
        rounds = rounds.max(result.rounds);
        for (path, text) in result.creates {
            add_lines(creates.entry(path).or_default(), &text);
        }
        if let Some((file, text)) = result.changed {
            edited.insert(file, text);
        }
        looks.push(result.look);
    }
    fixed.rounds = fixed.rounds.max(rounds);
    if !edited.is_empty() || !creates.is_empty() {
        fixed.project = fixed.project.with(&edited, &creates);
    }
    if !creates.is_empty() {
        // What one of them made, the others see from now on.
        looks = parallel::map(&fixed.project.dockerfiles, |_, unit| look(&fixed.project, unit, chosen));
    }
    looks
}

/// Whether a fix changes no more than the Dockerfile that it is about. New ignore files are lists of lines, to which
/// several Dockerfiles may add.
fn is_own(finding: &Finding, file: FileId) -> bool {
    finding.fix.as_ref().is_some_and(|it| {
        it.change.edits.keys().all(|it| *it == file) && it.change.creates.keys().all(|it| it.ends_with("ignore"))
    })
}

/// Adds the lines that are missing.
fn add_lines(to: &mut String, text: &str) {
    for line in text.lines() {
        if !to.lines().any(|it| it == line) {
            to.push_str(line);
            to.push('\n');
        }
    }
}

struct FixedUnit {
    changed: Option<(FileId, String)>,
    creates: BTreeMap<String, String>,
    applied: Vec<Finding>,
    dropped: Vec<Dropped>,
    rounds: usize,
    /// The Dockerfile at its end.
    look: Look,
}

/// A Dockerfile on its way, and the project in which it is seen.
struct State {
    project: Project,
    unit: Unit,
    look: Look,
}

fn fix_unit(project: &Project, unit: &Unit, chosen: &Chosen, allowed: Safety, dropped: &[Dropped]) -> FixedUnit {
    let look = look(project, unit, chosen);
    let mut result = FixedUnit {
        changed: None,
        creates: BTreeMap::new(),
        applied: Vec::new(),
        dropped: Vec::new(),
        rounds: 0,
        look,
    };
    let has_work = |it: &Finding| is_own(it, unit.file) && may_apply(it, project, allowed, dropped);
    if !result.look.findings.iter().any(has_work) {
        return result;
    }
    let before = dropped.len();
    let mut dropped = dropped.to_vec();
    let mut state = State { project: project.clone(), unit: unit.clone(), look: result.look };
    let text = |state: &State| hash(std::slice::from_ref(state.project.source(unit.file)));
    let mut seen = vec![text(&state)];
    while result.rounds < MOST_ROUNDS {
        let Some((next, applied)) = round(&state, chosen, allowed, &mut dropped) else { break };
        let now = text(&next);
        if seen.contains(&now) {
            dropped.extend(applied.iter().map(|it| undoes(it, &state.project)));
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
        result.changed = Some((unit.file, state.project.source(unit.file).text.clone()));
    }
    result.dropped = dropped.split_off(before);
    result.look = state.look;
    result
}

/// What is said of a fix that leads back to where another came from.
pub(super) fn undoes(finding: &Finding, project: &Project) -> Dropped {
    Dropped::new(finding, project, "it undoes what another fix does".to_owned())
}

pub(super) fn hash(sources: &[Source]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for source in sources {
        source.path.hash(&mut hasher);
        source.text.hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether a finding's fix may be applied and was not dropped before.
pub(super) fn may_apply(finding: &Finding, project: &Project, allowed: Safety, dropped: &[Dropped]) -> bool {
    if !finding.fix.as_ref().is_some_and(|it| it.safety >= allowed && !it.change.is_empty()) {
        return false;
    }
    let line = line_of(finding, project.source(finding.location.file));
    let same = |it: &Dropped| {
        let other = &it.finding;
        let same_place = other.location.file == finding.location.file && it.line == line;
        same_place && other.rule == finding.rule && other.message == finding.message
    };
    !dropped.iter().any(same)
}

/// The text of the line where a finding begins: what tells it from another with the same words, wherever it moves.
fn line_of<'a>(finding: &Finding, source: &'a Source) -> &'a str {
    source.line_text(finding.location.span.start)
}

/// Those of the safest kind. Safe fixes reach their fixpoint before others are tried, so that their verification stays
/// as strict as it can be.
pub(super) fn safest(open: Vec<&Finding>) -> Vec<&Finding> {
    let safety = |it: &Finding| it.fix.as_ref().map(|it| it.safety);
    let safest = open.iter().filter_map(|it| safety(it)).max();
    open.into_iter().filter(|it| safety(it) == safest).collect()
}

/// Those whose changes fit together, the earlier first.
pub(super) fn fitting<'a>(open: &[&'a Finding]) -> Vec<&'a Finding> {
    let mut change = Change::default();
    let fits = |it: &&&Finding| it.fix.as_ref().is_some_and(|fix| change.try_merge(&fix.change));
    open.iter().filter(fits).copied().collect()
}

/// All changes of some findings in one.
pub(super) fn merged(taken: &[&Finding]) -> Change {
    let mut change = Change::default();
    for fix in taken.iter().filter_map(|it| it.fix.as_ref()) {
        change.try_merge(&fix.change);
    }
    change
}

/// As many of these as can be applied together. If all of them cannot, one is to blame: the round is built up again,
/// one by one, and the guilty ones are dropped.
pub(super) fn most<'a, T>(
    taken: Vec<&'a Finding>,
    project: &Project,
    dropped: &mut Vec<Dropped>,
    attempt: impl Fn(&[&'a Finding]) -> Result<T, String>,
) -> Option<(T, Vec<Finding>)> {
    let owned = |taken: &[&Finding]| taken.iter().copied().cloned().collect();
    if let Ok(next) = attempt(&taken) {
        return Some((next, owned(&taken)));
    }
    let mut good: Vec<&Finding> = Vec::new();
    let mut best = None;
    for finding in taken {
        good.push(finding);
        match attempt(&good) {
            Ok(next) => best = Some(next),
            Err(reason) => {
                good.pop();
                dropped.push(Dropped::new(finding, project, reason));
            }
        }
    }
    best.map(|next| (next, owned(&good)))
}

/// One round: the fixes that fit together, applied and verified. `None` when there is nothing to do.
fn round(state: &State, chosen: &Chosen, allowed: Safety, dropped: &mut Vec<Dropped>) -> Option<(State, Vec<Finding>)> {
    let is_open = |it: &&Finding| is_own(it, state.unit.file) && may_apply(it, &state.project, allowed, dropped);
    let open = safest(state.look.findings.iter().filter(is_open).collect());
    if open.is_empty() {
        return None;
    }
    most(fitting(&open), &state.project, dropped, |taken| attempt(state, chosen, allowed, taken))
}

/// The state after these fixes, if it passes verification.
fn attempt(state: &State, chosen: &Chosen, allowed: Safety, taken: &[&Finding]) -> Result<State, String> {
    let change = merged(taken);
    let file = state.unit.file;
    let text = apply(&state.project.source(file).text, change.edits.get(&file).map_or(&[], Vec::as_slice));
    let project = state.project.with(&BTreeMap::from([(file, text)]), &change.creates);
    let unit = project.unit(file).cloned().ok_or("the Dockerfile is gone")?;
    let look = look(&project, &unit, chosen);
    verify(
        &Side { project: &state.project, findings: &state.look.findings.iter().collect::<Vec<_>>() },
        &Side { project: &project, findings: &look.findings.iter().collect::<Vec<_>>() },
        (&change, taken),
        allowed,
    )?;
    Ok(State { project, unit, look })
}
