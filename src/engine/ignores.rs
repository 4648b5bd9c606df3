//! Comments that silence what is there today, so that a big repository can begin.

use std::collections::{BTreeMap, BTreeSet};

use super::{Chosen, Dropped, Fixed, across, inlined, look};
use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    project::Project,
    rule::Rule,
    rules::{MALFORMED_SUPPRESSION, SYNTAX_ERROR, UNKNOWN_SUPPRESSION, UNUSED_SUPPRESSION},
    source::FileId,
    suppress::Position,
};

/// Rules whose findings are put right, and not silenced.
static LEFT: [&Rule; 4] = [&MALFORMED_SUPPRESSION, &SYNTAX_ERROR, &UNKNOWN_SUPPRESSION, &UNUSED_SUPPRESSION];

/// Writes a comment above each instruction with findings, and above lines of other files. It is verified as fixes are:
/// the findings are gone, no other has come, no comment is lost, no image changes, and no file says something else.
///
/// JSON has no comments, and an error of syntax is none to get used to: both are left.
pub fn add_ignores(project: &Project, reason: &str) -> Fixed {
    let chosen = Chosen::of(project);
    let mut fixed =
        Fixed { project: project.clone(), applied: Vec::new(), dropped: Vec::new(), rounds: 0, rounds_across: 0 };
    let looks: Vec<_> = project.dockerfiles.iter().map(|unit| look(project, unit, &chosen)).collect();
    let before = across::All::of(project, looks.iter().collect(), &chosen);
    let silenced: Vec<Finding> = silenced(project, &before.findings(), reason);
    if silenced.is_empty() {
        return fixed;
    }
    let attempt = |taken: &[&Finding]| across::attempt(project, &before, &chosen, taken, Safety::Safe);
    let all: Vec<_> = silenced.iter().collect();
    if let Ok(next) = attempt(&all) {
        fixed.project = next;
        fixed.applied = silenced;
        fixed.rounds = 1;
        inlined::write_back(&mut fixed, project);
        return fixed;
    }
    // Some file is to blame: it is left as it is.
    let mut good: Vec<&Finding> = Vec::new();
    for of_file in silenced.chunk_by(|a, b| a.location.file == b.location.file) {
        let tried: Vec<_> = good.iter().copied().chain(of_file).collect();
        match attempt(&tried) {
            Ok(next) => {
                fixed.project = next;
                fixed.rounds = 1;
                good = tried;
            }
            Err(reason) => fixed.dropped.extend(of_file.iter().map(|it| Dropped::new(it, project, reason.clone()))),
        }
    }
    fixed.applied = good.into_iter().cloned().collect();
    inlined::write_back(&mut fixed, project);
    fixed
}

/// The findings that a comment can silence, each with the comment as its fix; those of one instruction share it.
fn silenced(project: &Project, findings: &[&Finding], reason: &str) -> Vec<Finding> {
    let mut places: BTreeMap<(FileId, Position), Vec<&Finding>> = BTreeMap::new();
    for finding in findings.iter().filter(|it| !LEFT.iter().any(|left| left.name == it.rule)) {
        let file = finding.location.file;
        let source = project.source(file);
        let position = match project.unit(file) {
            Some(unit) => Position::of(source, &unit.syntax, finding.location.span),
            None if source.path.rsplit_once('.').is_some_and(|(_, it)| it == "json") => None,
            None => Some(Position::above_line(source, finding.location.span)),
        };
        if let Some(position) = position.filter(|_| source.is_utf8) {
            places.entry((file, position)).or_default().push(finding);
        }
    }
    let mut edits: BTreeMap<(FileId, usize), String> = BTreeMap::new();
    for ((file, position), here) in &places {
        let rules: BTreeSet<&str> = here.iter().map(|it| it.rule).collect();
        let comment = position.comment(&rules.into_iter().collect::<Vec<_>>(), reason);
        edits.entry((*file, position.offset)).or_default().push_str(&comment);
    }
    let mut out = Vec::new();
    for ((file, position), here) in places {
        let text = edits[&(file, position.offset)].clone();
        let change = Change::of(file, [Edit::insert(position.offset, text)]).unwrap_or_default();
        for finding in here {
            let fix = Fix { title: "Silence it".to_owned(), safety: Safety::Safe, change: change.clone() };
            out.push(Finding { fix: Some(fix), ..finding.clone() });
        }
    }
    out
}
