//! dockopt's answers beside those of `docker build --check`, which `testdata/buildkit/lint.jsonl` holds.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use dockopt::{
    engine,
    finding::Finding,
    names::{self, Name},
    project::Project,
    rules,
    settings::Settings,
};
use serde::Deserialize;

/// A Dockerfile and what BuildKit says about it.
#[derive(Deserialize)]
struct Case {
    name: String,
    dockerfile: String,
    dockerignore: Option<String>,
    /// Options of the build.
    opts: Vec<String>,
    warnings: Vec<Warning>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Warning {
    rule: String,
    line: usize,
}

#[test]
fn select_buildkit_says_what_buildkit_says() {
    let mut failures = Vec::new();
    for line in include_str!("../testdata/buildkit/lint.jsonl").lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        // dockopt knows no build arguments that replace a directive of the file.
        if !case.opts.is_empty() {
            continue;
        }
        let (expected, found) = (expected(&case), found(&case));
        // An error ends BuildKit's run before some of its checks; dockopt goes on.
        let agree = match &case.error {
            None => expected == found,
            Some(_) => expected.iter().all(|it| found.contains(it)),
        };
        if !agree {
            failures.push(format!("{}\n  BuildKit {expected:?}\n  dockopt  {found:?}", case.name));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// BuildKit's warnings, but for those that need what is not in the files, such as the configuration of an image.
fn expected(case: &Case) -> Vec<(String, usize)> {
    let known = |it: &&Warning| names::look_up(&it.rule) == Name::Known;
    let mut all: Vec<_> = case.warnings.iter().filter(known).map(|it| (it.rule.clone(), it.line)).collect();
    all.sort();
    all
}

fn found(case: &Case) -> Vec<(String, usize)> {
    let files = [("Dockerfile", Some(&case.dockerfile)), (".dockerignore", case.dockerignore.as_ref())];
    let settings = Settings::default().with_selection(vec!["buildkit".to_owned()], Vec::new());
    let files = files.into_iter().filter_map(|(path, text)| Some((path, text?.as_str())));
    let project = Project::in_memory(files, settings);
    let findings = engine::check(&project);
    let mut all: Vec<_> = findings.iter().map(|it| (code(it), line(&project, it))).collect();
    all.sort();
    all
}

fn code(finding: &Finding) -> String {
    let rule = rules::all().find(|it| it.name == finding.rule).unwrap();
    let code = rule.codes_of(finding).iter().find_map(|it| it.strip_prefix("buildkit/"));
    code.unwrap().to_owned()
}

fn line(project: &Project, finding: &Finding) -> usize {
    project.source(finding.location.file).line(finding.location.span.start)
}
