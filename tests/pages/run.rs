//! Runs the examples of a page.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dockopt::{
    edit::Safety,
    engine,
    finding::{Finding, Level},
    project::{History, Memory, Project},
    report::{self, Options},
    rule::{Meta, Rule},
    settings::{Profile, Settings},
};

use crate::page::{Example, Good, Page, Unlike};

/// What one example promises.
pub(crate) fn example(rule: &Rule, example: &Example) -> Result<(), String> {
    let project = project(rule, example)?;
    let findings = engine::check(&project);
    if example.good == Some(Good::Unasked) {
        if findings.is_empty() {
            return Err("not even those who ask are told something".to_owned());
        }
        return expect_good(example);
    }
    expect_counts(&project, &findings, &example.bad)?;
    findings.iter().try_for_each(expect_plain_words)?;
    if let Some(shown) = &example.report {
        let now = report_of(&project, &findings);
        expect_text("the report (refresh it with `UPDATE=1 cargo test`)", &shown.text, &now)?;
    }
    if example.bad.is_empty() { expect_good(example) } else { expect_fix(example, &project) }
}

/// dockopt's part of a difference from hadolint: it reports the code if, and only if, it is the one who does.
pub(crate) fn unlike(rule: &Rule, unlike: &Unlike) -> Result<(), String> {
    let settings = Settings::default().with_profile(Profile::Hadolint);
    let project = Project::in_memory([("Dockerfile", unlike.text.as_str())], settings);
    let code = format!("hadolint/{}", unlike.code);
    let findings = engine::check(&project);
    let own: Vec<Finding> = findings.into_iter().filter(|it| it.rule == rule.name).collect();
    let reports = own.iter().any(|it| rule.codes_of(it).contains(&code.as_str()));
    match (unlike.side.as_str(), reports) {
        ("dockopt", true) | ("hadolint", false) => Ok(()),
        ("dockopt" | "hadolint", _) => Err(format!("{code}: reports {reports}\n{}", report_of(&project, &own))),
        (side, _) => Err(format!("`{side}` is neither `dockopt` nor `hadolint`")),
    }
}

/// What a page as a whole promises.
pub(crate) fn whole(rule: &Rule, text: &str, page: &Page) -> Result<(), String> {
    let front = text.strip_prefix("+++\n").and_then(|it| it.split_once("\n+++\n"));
    let (front, _) = front.ok_or("there is no front matter between lines of `+++`")?;
    let meta: Meta = toml::from_str(front).map_err(|error| format!("front matter: {error}"))?;
    if page.heading.as_deref() != Some(rule.name) {
        return Err(format!("the first heading is {:?} instead of the rule's name", page.heading));
    }
    let summary = &meta.summary;
    if summary.ends_with('.') || summary.chars().count() > 60 || summary.starts_with(char::is_uppercase) {
        return Err(format!("the summary is in lower case, of 60 characters, without a full stop: {summary}"));
    }
    let level = Level::from(meta.level);
    if (rule.level(), rule.is_default(), rule.same_as()) != (level, meta.default, &strs(&meta.same_as)[..]) {
        return Err("the front matter is not read as a TOML parser reads it".to_owned());
    }
    let mut shown = BTreeSet::new();
    for example in page.examples.iter().filter(|it| !it.bad.is_empty()) {
        let findings = engine::check(&project(rule, example)?);
        shown.extend(findings.into_iter().filter_map(|it| it.fix).map(|it| it.safety));
    }
    let declared: BTreeSet<_> = meta.fix.iter().map(|it| Safety::from(*it)).collect();
    if shown != declared {
        return Err(format!("the page declares fixes that are {declared:?}; its examples show {shown:?}"));
    }
    Ok(())
}

fn strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// The page with the reports as they are now.
pub(crate) fn with_reports(rule: &Rule, text: &str) -> String {
    let mut updated = text.to_owned();
    let examples = Page::parse(text).map(|it| it.examples).unwrap_or_default();
    for example in examples.iter().rev() {
        if let (Some(shown), Ok(project)) = (&example.report, project(rule, example)) {
            updated.replace_range(shown.place.clone(), &report_of(&project, &engine::check(&project)));
        }
    }
    updated
}

/// The example as a project in which only the page's rule runs.
fn project(rule: &Rule, example: &Example) -> Result<Project, String> {
    let settings = Settings::parse(&example.settings).map_err(|error| error.to_string())?;
    let settings = settings.with_selection(vec![rule.name.to_owned()], Vec::new());
    let mut files = example.files.clone();
    let log = files.remove(LOG);
    let mut project = Project::in_memory(files, settings);
    if let Some(log) = log {
        let history = Some(Arc::new(history(&log)?));
        project.files = Arc::new(Memory { below: Some(project.files), history, ..Memory::default() });
    }
    Ok(project)
}

/// The file that stands for a history: a number of commits in each line, and the paths that each of them changes.
const LOG: &str = ".git/log";

fn history(log: &str) -> Result<History, String> {
    let mut commits = Vec::new();
    for line in log.lines() {
        let mut words = line.split_whitespace();
        let count = words.next().and_then(|it| it.parse().ok()).ok_or("a line of a log begins with a number")?;
        let paths: Vec<String> = words.map(str::to_owned).collect();
        commits.extend(std::iter::repeat_n(paths, count));
    }
    Ok(History { commits })
}

fn report_of(project: &Project, findings: &[Finding]) -> String {
    let drawn = report::human_findings(project, findings, Options::PLAIN);
    let lines: Vec<_> = drawn.trim_end().lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n"))
}

fn expect_counts(project: &Project, findings: &[Finding], expected: &BTreeMap<String, usize>) -> Result<(), String> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(project.source(finding.location.file).path.clone()).or_insert(0) += 1;
    }
    if counts == *expected {
        return Ok(());
    }
    let report = report_of(project, findings);
    Err(format!("expected findings by file: {expected:?}, found {counts:?}\n{report}"))
}

/// Messages start in lower case and have no full stop; so do the titles of fixes, but for their first letter.
fn expect_plain_words(finding: &Finding) -> Result<(), String> {
    let message = &finding.message;
    if message.starts_with(char::is_uppercase) || message.ends_with('.') {
        return Err(format!("a message starts in lower case and has no full stop: {message}"));
    }
    match finding.fix.as_ref().map(|it| &it.title).filter(|it| it.ends_with('.')) {
        Some(title) => Err(format!("the title of a fix has no full stop: {title}")),
        None => Ok(()),
    }
}

/// No default rule has anything to say about a good example: our advice must not contradict itself.
fn expect_good(example: &Example) -> Result<(), String> {
    let settings = Settings::parse(&example.settings).map_err(|error| error.to_string())?;
    let project = Project::in_memory(example.files.clone(), settings);
    let findings = engine::check(&project);
    if findings.is_empty() {
        return Ok(());
    }
    Err(format!("default rules have something to say:\n{}", report_of(&project, &findings)))
}

/// `fix` makes of a bad example what the page shows, and of that nothing else.
fn expect_fix(example: &Example, project: &Project) -> Result<(), String> {
    let allowed = if example.unsafe_fixes { Safety::Unsafe } else { Safety::Safe };
    let fixed = engine::fix(project, allowed);
    if let Some(dropped) = fixed.dropped.first() {
        return Err(format!("the fix of `{}` was dropped: {}", dropped.finding.rule, dropped.reason));
    }
    let after = texts(&fixed.project);
    let mut expected = texts(project);
    expected.extend(example.fixed.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    for path in after.keys().chain(expected.keys()) {
        match (expected.get(path), after.get(path)) {
            (Some(expected), Some(after)) => expect_text(path, expected, after)?,
            (None, after) => return Err(format!("{path} is made, which the page does not show: {after:?}")),
            (Some(_), None) => return Err(format!("{path} is neither there nor made")),
        }
    }
    let again = engine::fix(&fixed.project, allowed);
    let again = texts(&again.project);
    after.iter().try_for_each(|(path, text)| {
        expect_text(&format!("{path}, fixed once more"), text, again.get(path).unwrap_or(&""))
    })
}

fn texts(project: &Project) -> BTreeMap<&str, &str> {
    project.sources.iter().map(|it| (it.path.as_str(), it.text.as_str())).collect()
}

fn expect_text(what: &str, expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(expected, found);
    Err(format!("{what} differs:\n{}", diff.unified_diff().header("expected", "found")))
}
