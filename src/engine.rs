//! `check` and `fix`: from a project to findings, and to a changed project.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use crate::{
    build::Inline,
    context::{Context, Trees},
    edit::{Change, Safety},
    finding::{Finding, Fix, Level},
    model::Model,
    names, parallel,
    project::{Origin, Project, Unit},
    rule::{Check, FileCx, ProjectCx, Rule},
    rules::{self, MALFORMED_SUPPRESSION, SHELL_MISTAKE, SYNTAX_ERROR, UNKNOWN_SUPPRESSION, UNUSED_SUPPRESSION},
    settings::Settings,
    shellcheck::{self, Script},
    source::{FileId, Location, Source},
    suppress::{Kind, Problem, Suppressions},
    syntax::{Keyword, SyntaxError},
};

mod across;
mod fix;
mod ignores;
mod inlined;
#[cfg(test)]
mod tests;
mod verify;

pub use fix::{Dropped, Fixed, fix};
pub use ignores::add_ignores;

/// All findings of a project, sorted by file, place and rule.
///
/// Suppressed ones and those of rules that are not selected are left out; levels are as the settings want them.
pub fn check(project: &Project) -> Vec<Finding> {
    checked(project).0
}

/// The same for a program that ends soon: to give back what was computed takes longer than many a rule.
pub fn check_and_leave(project: &Project) -> Vec<Finding> {
    let (findings, looks) = checked(project);
    std::mem::forget(looks);
    findings
}

fn checked(project: &Project) -> (Vec<Finding>, Vec<Look>) {
    let chosen = Chosen::of(project);
    let mut looks: Vec<Look> = parallel::map(&project.dockerfiles, |_, unit| look(project, unit, &chosen));
    let across = look_across(project, &looks.iter().collect::<Vec<_>>(), &chosen);
    let mut all: Vec<Finding> = looks.iter_mut().flat_map(|it| std::mem::take(&mut it.findings)).collect();
    let is_mixed = !across.is_empty();
    all.extend(across);
    if inlined::carry_back(project, &mut all) || is_mixed {
        sort(&mut all);
    }
    (all, looks)
}

/// The shell texts of all Dockerfiles of a project, each once: what `check` would ask ShellCheck about.
pub fn shell_scripts(project: &Project) -> Vec<Script> {
    if !project.settings.selects(&SHELL_MISTAKE) {
        return Vec::new();
    }
    let of_unit = |unit: &Unit| {
        let model = model(project, unit);
        let contexts = OnceLock::new();
        let source = project.source(unit.file);
        rules::shell_scripts(&FileCx { project, unit, source, model: &model, contexts: &contexts })
    };
    let mut scripts = parallel::map(&project.dockerfiles, |_, unit| of_unit(unit)).concat();
    scripts.sort_unstable();
    scripts.dedup();
    scripts
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

/// Whether a rule has nothing to say of a file: the settings switch it off there, or nobody can make use of it.
/// What makes the build fail is told even where a program writes the file.
fn is_off(project: &Project, rule: &Rule, file: FileId) -> bool {
    is_off_in(&project.settings, rule, project.path_of(file), project.unit(file).map(|it| it.origin))
}

fn is_off_in(settings: &Settings, rule: &Rule, path: &str, origin: Option<Origin>) -> bool {
    let is_for_nobody = origin.is_some_and(|it| is_for_nobody(it, rule));
    settings.is_off_for(rule, path) || is_for_nobody && !settings.asks_for(rule)
}

/// Whether nobody makes use of what a rule has to say of a file that the project tells not to be written by people.
fn is_quiet(project: &Project, rule: &Rule, file: FileId) -> bool {
    project.unit(file).is_some() && !project.settings.asks_for(rule) && is_for_nobody(project.origin(file), rule)
}

fn is_for_nobody(origin: Origin, rule: &Rule) -> bool {
    match origin {
        Origin::Template | Origin::Kept => true,
        Origin::Program => rule.level() < Level::Error,
        Origin::People => false,
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
    contexts: OnceLock<Vec<Context>>,
    suppressions: Suppressions,
    findings: Vec<Finding>,
}

fn look(project: &Project, unit: &Unit, chosen: &Chosen) -> Look {
    let source = project.source(unit.file);
    let path = project.path_of(unit.file);
    let can_be_rewritten = source.is_utf8 && project.inlined(unit.file).is_none_or(Inline::is_rewritable);
    let model = model(project, unit);
    let contexts = OnceLock::new();
    let cx = FileCx { project, unit, source, model: &model, contexts: &contexts };
    let deaf = project.settings.deaf;
    let suppressions = if deaf { Suppressions::default() } else { Suppressions::of(source, &unit.syntax) };
    let mut used = vec![false; suppressions.len()];
    let mut all = Vec::new();
    // The last one to be asked is what the others did not need.
    let last = |it: &&&Rule| it.name == UNUSED_SUPPRESSION.name;
    let rules = chosen.rules.iter().filter(|it| !last(it)).chain(chosen.rules.iter().filter(last));
    for rule in rules {
        if is_off_in(&project.settings, rule, path, Some(unit.origin)) {
            continue;
        }
        let mut found = Vec::new();
        match rule.check {
            Check::File(check) => check(&cx, &mut found),
            Check::Project(_) => continue,
            Check::Engine if rule.name == UNUSED_SUPPRESSION.name => {
                found = unused(&cx, &suppressions, &used, chosen);
            }
            Check::Engine => found.extend(engine_findings(rule, unit, source, &suppressions)),
        }
        for mut finding in found {
            let Some(level) = project.settings.level(rule, &finding) else { continue };
            let ignored = project.settings.ignores(rule, &finding, path);
            let mut is_silenced = false;
            for at in suppressions.silencing(rule, &finding) {
                used[at] = true;
                is_silenced = true;
            }
            if ignored || is_silenced || is_quiet(project, rule, unit.file) {
                continue;
            }
            finding.level = level;
            if !can_be_rewritten {
                finding.fix = None;
            }
            all.push(finding);
        }
    }
    sort(&mut all);
    Look { model, contexts, suppressions, findings: all }
}

/// What the rules about the whole project have to say; `looks` are those of its Dockerfiles, in their order.
fn look_across(project: &Project, looks: &[&Look], chosen: &Chosen) -> Vec<Finding> {
    let mut all = comments_of_definitions(project, chosen);
    let trees = Trees::default();
    // What comments of build definitions silence, by file.
    let mut silencing: BTreeMap<FileId, Suppressions> = BTreeMap::new();
    let seen = |at: usize| {
        let (unit, look) = (&project.dockerfiles[at], looks[at]);
        let source = project.source(unit.file);
        FileCx { project, unit, source, model: &look.model, contexts: &look.contexts }
    };
    // Most rules are on for the same files, and share what they find out.
    let mut views: Vec<(Vec<bool>, ProjectCx<'_>)> = Vec::new();
    for rule in &chosen.rules {
        let Check::Project(check) = rule.check else { continue };
        let is_off = |file| is_off(project, rule, file) || is_quiet(project, rule, file);
        let on: Vec<bool> = project.dockerfiles.iter().map(|it| !is_off(it.file)).collect();
        let at = views.iter().position(|it| it.0 == on).unwrap_or_else(|| {
            let files = (0..on.len()).filter(|at| on[*at]).map(seen).collect();
            views.push((on, ProjectCx::new(project, files, &trees)));
            views.len() - 1
        });
        let mut found = Vec::new();
        check(&views[at].1, &mut found);
        for mut finding in found {
            let Some(level) = project.settings.level(rule, &finding) else { continue };
            let file = finding.location.file;
            let look = project.dockerfiles.binary_search_by_key(&file, |it| it.file).map(|at| looks[at]);
            let ignored = project.settings.ignores(rule, &finding, project.path_of(file));
            let suppressions = match look {
                Ok(look) => &look.suppressions,
                Err(_) => &*silencing.entry(file).or_insert_with(|| Suppressions::of_definition(project.source(file))),
            };
            if ignored || is_off(file) || suppressions.silences(rule, &finding) {
                continue;
            }
            finding.level = level;
            let mut edited = finding.fix.iter().flat_map(|it| it.change.edits.keys());
            let is_fixed = |it: FileId| project.inlined(it).is_some_and(|it| !it.is_rewritable());
            if edited.any(|it| !project.source(*it).is_utf8 || is_fixed(*it)) {
                finding.fix = None;
            }
            all.push(finding);
        }
    }
    sort(&mut all);
    all
}

/// Comments of build definitions that cannot be read, that name no rule, or that can silence nothing there.
fn comments_of_definitions(project: &Project, chosen: &Chosen) -> Vec<Finding> {
    let about = [MALFORMED_SUPPRESSION.name, UNKNOWN_SUPPRESSION.name, UNUSED_SUPPRESSION.name];
    let rules = || chosen.rules.iter().filter(|it| about.contains(&it.name));
    // Rules about the whole project may speak there, when they see all of it.
    let can_tell =
        |name: &str| rules::all().filter(|it| names::means(name, it)).all(|it| matches!(it.check, Check::File(_)));
    if rules().next().is_none() || project.settings.deaf {
        return Vec::new();
    }
    let is_dockerfile = |file| project.dockerfiles.iter().any(|it| it.file == file);
    let files = project.sources.iter().enumerate().map(|(at, source)| (FileId(at as u32), source));
    let mut all = Vec::new();
    for (file, source) in files.filter(|(file, it)| it.text.contains("dockopt") && !is_dockerfile(*file)) {
        let suppressions = Suppressions::of_definition(source);
        let unused = suppressions.unused(source, |_| false, can_tell);
        for problem in suppressions.problems.into_iter().chain(unused) {
            let kind = rule_of(problem.kind);
            let Some(rule) = rules().find(|it| it.name == kind.name) else { continue };
            let finding = of_problem(problem, file, source);
            if is_off(project, rule, file) || project.is_in_dockerfile(file, finding.location.span) {
                continue;
            }
            if let Some(level) = project.settings.level(rule, &finding) {
                all.push(Finding { level, ..finding });
            }
        }
    }
    all
}

/// The syntax errors; of lines that are no instructions only the first, and of a template nothing else.
fn syntax_errors(unit: &Unit) -> Vec<Finding> {
    let is_unknown = |it: &&SyntaxError| it.is_unknown_instruction();
    let errors = &unit.syntax.errors;
    let unknown = errors.iter().filter(is_unknown).count();
    let first = errors.iter().find(is_unknown);
    let is_template = unit.origin == Origin::Template;
    let kept = errors.iter().filter(|it| Some(*it) == first || !is_template && !is_unknown(it));
    let findings = kept.map(|it| {
        let mut finding =
            Finding::new(SYNTAX_ERROR.name, Location { file: unit.file, span: it.span }, it.message.clone());
        if is_template {
            finding.own_level = Some(Level::Note);
            let note =
                "The file seems to be a template, of which other errors are not told: leave it out with `exclude`.";
            finding.note = Some(note.to_owned());
        } else if is_unknown(&it) && unknown > 1 {
            finding.note = Some(format!("So it is with {} more lines; the file may be a template.", unknown - 1));
        }
        finding.codes = Some(match it.message.as_str() {
            message if message.contains("before the first `FROM`") => &["hadolint/DL3061"],
            message if message.ends_with("cannot stand in `ONBUILD`") => &["hadolint/DL3043"],
            _ => &["hadolint/DL1000"],
        });
        finding
    });
    findings.chain(stray(unit)).collect()
}

/// What stands before the first `FROM` besides the first of it: the builder stops there, and hadolint goes on.
fn stray(unit: &Unit) -> impl Iterator<Item = Finding> {
    let outside = unit.syntax.instructions().take_while(|it| it.stage.is_none());
    let stray = outside.filter(|it| !matches!(it.kind, Keyword::Arg | Keyword::Unknown)).skip(1);
    stray.map(|it| {
        let message = format!("`{}` stands before the first `FROM`, too", it.kind);
        let location = Location { file: unit.file, span: it.keyword.span };
        Finding::new(SYNTAX_ERROR.name, location, message).only_as(&["hadolint/DL3061"]).for_parity()
    })
}

/// What the engine itself finds, but for comments that silence nothing.
fn engine_findings(rule: &Rule, unit: &Unit, source: &Source, suppressions: &Suppressions) -> Vec<Finding> {
    if rule.name == SYNTAX_ERROR.name {
        return syntax_errors(unit);
    }
    let of_rule = suppressions.problems.iter().filter(|it| rule_of(it.kind).name == rule.name);
    of_rule.map(|it| of_problem(it.clone(), unit.file, source)).collect()
}

fn rule_of(kind: Kind) -> &'static Rule {
    match kind {
        Kind::Unknown => &UNKNOWN_SUPPRESSION,
        Kind::Malformed => &MALFORMED_SUPPRESSION,
        Kind::Unused => &UNUSED_SUPPRESSION,
    }
}

fn of_problem(problem: Problem, file: FileId, source: &Source) -> Finding {
    let location = Location { file, span: problem.span };
    let mut finding = Finding::new(rule_of(problem.kind).name, location, problem.message);
    finding.note = problem.note;
    finding.fix = problem.repair.filter(|_| source.is_utf8).and_then(|(title, edits)| {
        let change = Change::of(file, edits)?;
        Some(Fix { title: title.to_owned(), safety: Safety::Safe, change })
    });
    finding
}

/// Comments that silence nothing. `used` tells which have silenced something that was found; rules that do not run are
/// asked now, and of those that look at the whole project it cannot be told.
fn unused(cx: &FileCx<'_>, suppressions: &Suppressions, used: &[bool], chosen: &Chosen) -> Vec<Finding> {
    if suppressions.is_empty() {
        return Vec::new();
    }
    let mut used = used.to_vec();
    for rule in rules::all().filter(|rule| !chosen.rules.iter().any(|it| it.name == rule.name)) {
        let Check::File(check) = rule.check else { continue };
        if suppressions.own_names().any(|(name, at)| !used[at] && names::means(name, rule)) {
            let mut found = Vec::new();
            check(cx, &mut found);
            for at in found.iter().flat_map(|it| suppressions.silencing(rule, it)) {
                used[at] = true;
            }
        }
    }
    let is_seen = |rule: &'static Rule| {
        // Without an answer of ShellCheck it is not known what it would have said.
        let is_asked =
            rule.name != SHELL_MISTAKE.name || shellcheck::IS_INSIDE || cx.project.files.shellcheck(&[]).is_some();
        is_asked && !matches!(rule.check, Check::Project(_)) && !is_off(cx.project, rule, cx.unit.file)
    };
    let can_tell = |name: &str| {
        let mut meant = rules::all().filter(|it| names::means(name, it));
        meant.all(is_seen) && !names::means(name, &UNUSED_SUPPRESSION)
    };
    let problems = suppressions.unused(cx.source, |at| used[at], can_tell);
    problems.into_iter().map(|it| of_problem(it, cx.unit.file, cx.source)).collect()
}
