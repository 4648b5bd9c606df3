//! Dockerfiles inside build definitions: what is said about them, and what is made of them, carried back to their files.

use std::collections::BTreeMap;

use super::fix::{Dropped, Fixed};
use crate::{
    build::Inline,
    edit::{Change, apply},
    finding::Finding,
    project::Project,
    source::{FileId, Location},
};

/// Carries findings back; false when there is nothing to carry.
pub(super) fn carry_back(project: &Project, findings: &mut [Finding]) -> bool {
    let mut carried = false;
    for finding in findings {
        let files = || {
            let edited = finding.fix.iter().flat_map(|it| it.change.edits.keys().copied());
            edited.chain([finding.location.file]).chain(finding.related.iter().map(|it| it.location.file))
        };
        if !files().any(|it| project.is_inlined(it)) {
            continue;
        }
        carried = true;
        if let Some(fix) = &mut finding.fix {
            match change(project, &fix.change) {
                Some(change) => fix.change = change,
                None => finding.fix = None,
            }
        }
        if let Some(line) = unplaced_line(project, finding.location) {
            let note = format!("It is line {line} of the Dockerfile that stands here.");
            finding.note = Some(finding.note.take().map_or(note.clone(), |it| format!("{note} {it}")));
        }
        finding.location = location(project, finding.location);
        for label in &mut finding.related {
            label.location = location(project, label.location);
        }
    }
    carried
}

fn location(project: &Project, at: Location) -> Location {
    let Some(inline) = project.inlined(at.file) else { return at };
    inline.span(at.span).map_or(inline.location, |span| Location { span, ..inline.location })
}

/// The line of the Dockerfile itself, where it cannot be told where in the file that is.
fn unplaced_line(project: &Project, at: Location) -> Option<usize> {
    let inline = project.inlined(at.file)?;
    inline.span(at.span).is_none().then(|| project.source(at.file).line(at.span.start))
}

/// A change of the files themselves.
fn change(project: &Project, change: &Change) -> Option<Change> {
    let mut out = change.clone();
    for (file, edits) in &change.edits {
        let Some(inline) = project.inlined(*file) else { continue };
        out.edits.remove(file);
        let text = apply(&project.source(*file).text, edits);
        let host = inline.location.file;
        let edit = inline.rewritten(&project.source(host).text, &text)?;
        if out.edits.insert(host, vec![edit]).is_some() {
            return None;
        }
    }
    Some(out)
}

/// Writes what became of the Dockerfiles into the files in which they stand. What does not read there as it should is
/// left as it was.
pub(super) fn write_back(fixed: &mut Fixed, before: &Project) {
    let files: Vec<FileId> = fixed.project.dockerfiles.iter().map(|it| it.file).collect();
    for file in files.into_iter().filter(|it| before.is_inlined(*it)) {
        let project = &fixed.project;
        let (Some(inline), text) = (project.inlined(file), &project.source(file).text) else { continue };
        if inline.text == *text {
            continue;
        }
        if let Some(next) = written_back(project, inline, text).filter(|it| is_told(it, file)) {
            fixed.project = next;
        } else {
            let old = BTreeMap::from([(file, inline.text.clone())]);
            fixed.project = project.with(&old, &BTreeMap::new());
            let (undone, applied) = fixed.applied.drain(..).partition(|it| it.location.file == file);
            fixed.applied = applied;
            let reason = "the text cannot be written in its place".to_owned();
            let undone: Vec<Finding> = undone;
            fixed.dropped.extend(undone.iter().map(|it| Dropped::new(it, before, reason.clone())));
        }
    }
    let dropped = fixed.dropped.iter_mut().map(|it| &mut it.finding);
    for finding in fixed.applied.iter_mut().chain(dropped) {
        finding.location = location(before, finding.location);
    }
}

fn written_back(project: &Project, inline: &Inline, text: &str) -> Option<Project> {
    let host = inline.location.file;
    let edit = inline.rewritten(&project.source(host).text, text)?;
    let text = apply(&project.source(host).text, &[edit]);
    Some(project.with(&BTreeMap::from([(host, text)]), &BTreeMap::new()))
}

/// Whether the file says what the Dockerfile is to be.
fn is_told(project: &Project, file: FileId) -> bool {
    project.inlined(file).is_some_and(|it| it.text == project.source(file).text)
}
