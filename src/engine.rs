//! `check` and `fix`: from a project to findings, and to a changed project.

use std::{collections::BTreeMap, sync::Arc};

use rayon::prelude::*;

use crate::{
    finding::Finding,
    model::Model,
    project::{Project, Unit},
    rule::{Check, FileCx, ProjectCx, Rule},
    rules::{self, SYNTAX_ERROR, UNKNOWN_SUPPRESSION},
    source::{FileId, Location},
    suppress::Suppressions,
    syntax::SyntaxError,
};

mod across;
mod fix;
mod ignores;
#[cfg(test)]
mod tests;
mod verify;

pub use fix::{Dropped, Fixed, fix};
pub use ignores::add_ignores;

/// All findings of a project, sorted by file, place and rule.
///
/// Suppressed ones and those of rules that are not selected are left out; levels are as the settings want them.
pub fn check(project: &Project) -> Vec<Finding> {
    let chosen = Chosen::of(project);
    let mut looks: Vec<Look> = project.dockerfiles.par_iter().map(|unit| look(project, unit, &chosen)).collect();
    let across = look_across(project, &looks.iter().collect::<Vec<_>>(), &chosen);
    let mut all: Vec<Finding> = looks.iter_mut().flat_map(|it| std::mem::take(&mut it.findings)).collect();
    if !across.is_empty() {
        all.extend(across);
        sort(&mut all);
    }
    all
}

fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| (a.location, a.rule, &a.message).cmp(&(b.location, b.rule, &b.message)));
}

/// The rules that are on, with their levels.
struct Chosen {
    rules: Vec<&'static Rule>,
}

impl Chosen {
    fn of(project: &Project) -> Self {
        let settings = &project.settings;
        Self { rules: rules::all().filter(|it| settings.selects(it)).collect() }
    }
}

/// The model of a Dockerfile, with the arguments that its builds agree on.
fn model(project: &Project, unit: &Unit) -> Model {
    let source = project.source(unit.file);
    let mut builds = project.builds_of(&source.path).map(|it| &it.args);
    let arguments = match (builds.next(), builds.next()) {
        (Some(one), None) => one.clone(),
        _ => BTreeMap::new(),
    };
    Model::of(unit.file, source, &Arc::clone(&unit.syntax), &arguments)
}

/// One Dockerfile as the rules see it, and what those that look at nothing else have to say about it.
struct Look {
    model: Model,
    suppressions: Suppressions,
    findings: Vec<Finding>,
}

fn look(project: &Project, unit: &Unit, chosen: &Chosen) -> Look {
    let source = project.source(unit.file);
    let model = model(project, unit);
    let cx = FileCx { project, unit, source, model: &model };
    let suppressions = Suppressions::of(source, &unit.syntax);
    let mut all = Vec::new();
    for rule in &chosen.rules {
        if project.settings.is_off_for(rule, &source.path) {
            continue;
        }
        let mut found = Vec::new();
        match rule.check {
            Check::File(check) => check(&cx, &mut found),
            Check::Project(_) => continue,
            Check::Engine => found.extend(engine_findings(rule, unit, &suppressions)),
        }
        for mut finding in found {
            let Some(level) = project.settings.level(rule, &finding) else { continue };
            let ignored = project.settings.ignores(rule, &finding, &source.path);
            if ignored || suppressions.silences(rule, &finding) {
                continue;
            }
            finding.level = level;
            if !source.is_utf8 {
                finding.fix = None;
            }
            all.push(finding);
        }
    }
    sort(&mut all);
    Look { model, suppressions, findings: all }
}

/// What the rules about the whole project have to say; `looks` are those of its Dockerfiles, in their order.
fn look_across(project: &Project, looks: &[&Look], chosen: &Chosen) -> Vec<Finding> {
    let mut all = Vec::new();
    for rule in &chosen.rules {
        let Check::Project(check) = rule.check else { continue };
        let is_off = |file: FileId| project.settings.is_off_for(rule, &project.source(file).path);
        let pairs = project.dockerfiles.iter().zip(looks);
        let files = pairs.filter(|(unit, _)| !is_off(unit.file)).map(|(unit, look)| FileCx {
            project,
            unit,
            source: project.source(unit.file),
            model: &look.model,
        });
        let mut found = Vec::new();
        check(&ProjectCx { project, files: files.collect() }, &mut found);
        for mut finding in found {
            let Some(level) = project.settings.level(rule, &finding) else { continue };
            let file = finding.location.file;
            let look = project.dockerfiles.binary_search_by_key(&file, |it| it.file).map(|at| looks[at]);
            let ignored = project.settings.ignores(rule, &finding, &project.source(file).path);
            if ignored || is_off(file) || look.is_ok_and(|it| it.suppressions.silences(rule, &finding)) {
                continue;
            }
            finding.level = level;
            let mut edited = finding.fix.iter().flat_map(|it| it.change.edits.keys());
            if edited.any(|it| !project.source(*it).is_utf8) {
                finding.fix = None;
            }
            all.push(finding);
        }
    }
    sort(&mut all);
    all
}

/// The syntax errors; of lines that are no instructions only the first, since a template is full of them.
fn syntax_errors(unit: &Unit) -> Vec<Finding> {
    let is_unknown = |it: &&SyntaxError| it.message.ends_with("is no instruction");
    let errors = &unit.syntax.errors;
    let unknown = errors.iter().filter(is_unknown).count();
    let first = errors.iter().find(is_unknown);
    let kept = errors.iter().filter(|it| !is_unknown(it) || Some(*it) == first);
    let findings = kept.map(|it| {
        let mut finding =
            Finding::new(SYNTAX_ERROR.name, Location { file: unit.file, span: it.span }, it.message.clone());
        if is_unknown(&it) && unknown > 1 {
            finding.note = Some(format!("So it is with {} more lines; the file may be a template.", unknown - 1));
        }
        finding.codes = Some(match it.message.as_str() {
            message if message.contains("before the first `FROM`") => &["hadolint/DL3061"],
            message if message.ends_with("cannot stand in `ONBUILD`") => &["hadolint/DL3043"],
            _ => &["hadolint/DL1000"],
        });
        finding
    });
    findings.collect()
}

/// What the engine itself finds.
fn engine_findings(rule: &Rule, unit: &Unit, suppressions: &Suppressions) -> Vec<Finding> {
    let location = |span| Location { file: unit.file, span };
    if rule.name == SYNTAX_ERROR.name {
        return syntax_errors(unit);
    }
    let unknown = suppressions.unknown.iter().map(|(span, name, suggestion)| {
        let mut finding = Finding::new(UNKNOWN_SUPPRESSION.name, location(*span), format!("there is no rule `{name}`"));
        finding.note = suggestion.map(|it| format!("Did you mean `{it}`?"));
        finding
    });
    unknown.collect()
}
