//! The output formats hold what their readers ask for. `tests/formats.py` asks the readers themselves.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::collections::BTreeSet;

use dockopt::{
    engine,
    finding::Finding,
    project::Project,
    report::{Format, Options, render},
    settings::Settings,
};
use serde_json::Value;

/// What is hard to write down: letters beyond ASCII before a finding, CRLF, a path with a blank, quotes, a finding
/// over several lines, the same line twice, and a file without findings.
fn project() -> Project {
    let files = [
        ("a b/Dockerfile", "FROM python:3.12\r\nRUN echo 'ü <&> \"' && \\\r\n    pip install flask\r\n"),
        ("api/Dockerfile", "FROM debian:12\nRUN pip install a\nUSER me\nRUN pip install a\nRUNN 50% a:b,c\n"),
        ("clean/Dockerfile", "FROM scratch\n"),
    ];
    let settings = Settings::default()
        .with_selection(vec!["missing-cache-mount".to_owned(), "syntax-error".to_owned()], Vec::new());
    Project::in_memory(files, settings)
}

fn rendered(format: Format) -> (Vec<Finding>, String) {
    let project = project();
    let findings = engine::check(&project);
    assert!(findings.len() >= 3, "{findings:?}");
    let text = render(format, &project, &findings, Options::PLAIN);
    assert_eq!(text, render(format, &project, &findings, Options::PLAIN));
    (findings, text)
}

fn json(format: Format) -> (Vec<Finding>, Value) {
    let (findings, text) = rendered(format);
    assert!(text.ends_with('\n') && text.lines().count() == 1, "{text}");
    (findings, serde_json::from_str(&text).unwrap())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// An object has these keys, and perhaps some of those.
fn has_keys(value: &Value, required: &[&str], optional: &[&str]) {
    let keys: BTreeSet<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let required: BTreeSet<_> = required.iter().copied().collect();
    assert!(keys.is_superset(&required), "{required:?} in {value}");
    assert!(keys.difference(&required).all(|it| optional.contains(it)), "{value}");
}

fn at_least(value: &Value, least: u64) {
    assert!(value.as_u64().unwrap() >= least, "{value}");
}

#[test]
fn every_format_tells_of_nothing() {
    let project = Project::in_memory([("Dockerfile", "FROM scratch\n")], Settings::default());
    for format in Format::ALL {
        let text = render(format, &project, &[], Options::PLAIN);
        match format {
            Format::Short | Format::Github | Format::HadolintTty | Format::HadolintCodeclimate => {
                assert_eq!(text, "");
            }
            Format::Gitlab | Format::HadolintJson => assert_eq!(text, "[]\n"),
            _ => assert!(text.ends_with('\n'), "{text}"),
        }
    }
}

#[test]
fn names_of_formats_are_unique() {
    for format in Format::ALL {
        assert_eq!(Format::named(format.as_str()), Some(format));
    }
}

#[test]
fn sarif() {
    let (findings, log) = json(Format::Sarif);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!((&driver["name"], &run["columnKind"]), (&"dockopt".into(), &"unicodeCodePoints".into()));
    let results = list(&run["results"]);
    assert_eq!(results.len(), findings.len());
    let mut prints = BTreeSet::new();
    for (result, finding) in results.iter().zip(&findings) {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        let rule = &driver["rules"][index];
        assert_eq!((&rule["id"], &result["ruleId"]), (&finding.rule.into(), &finding.rule.into()));
        assert!(rule["help"]["markdown"].as_str().unwrap().starts_with("# "), "{rule}");
        assert!(rule["shortDescription"]["text"].as_str().unwrap().ends_with('.'), "{rule}");
        assert!(prints.insert(result["partialFingerprints"]["dockopt/v1"].as_str().unwrap()), "{result}");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        for key in ["startLine", "startColumn", "endLine", "endColumn"] {
            at_least(&place["region"][key], 1);
        }
        for fix in result["fixes"].as_array().into_iter().flatten() {
            has_keys(fix, &["description", "artifactChanges"], &[]);
            for change in list(&fix["artifactChanges"]) {
                assert!(!list(&change["replacements"]).is_empty(), "{change}");
            }
        }
    }
    let first = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(first["artifactLocation"]["uri"], "a%20b/Dockerfile");
    assert_eq!((&first["region"]["startLine"], &first["region"]["startColumn"]), (&3.into(), &5.into()));
    assert!(results.iter().any(|it| !it["fixes"].is_null()));
}

#[test]
fn fingerprints_outlive_moved_lines() {
    let prints = |text: &str| {
        let project = Project::in_memory([("Dockerfile", text)], Settings::default());
        let log = render(Format::Sarif, &project, &engine::check(&project), Options::PLAIN);
        let log: Value = serde_json::from_str(&log).unwrap();
        let results = list(&log["runs"][0]["results"]).iter();
        results.map(|it| it["partialFingerprints"].to_string()).collect::<Vec<_>>()
    };
    let before = prints("FROM python:3.12\nRUN pip install flask\nCOPY app.py /srv/\n");
    assert!(!before.is_empty());
    assert_eq!(before, prints("# more\n\nFROM python:3.12\n\n\nRUN pip install flask\nCOPY app.py /srv/\n"));
}

#[test]
fn github() {
    let (findings, text) = rendered(Format::Github);
    assert_eq!(text.lines().count(), findings.len());
    for (line, finding) in text.lines().zip(&findings) {
        let (command, rest) = line.strip_prefix("::").unwrap().split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&command), "{line}");
        let (properties, message) = rest.split_once("::").unwrap();
        let keys: Vec<_> = properties.split(',').map(|it| it.split_once('=').unwrap().0).collect();
        assert!(keys == ["file", "line", "col", "endColumn", "title"] || keys == ["file", "line", "endLine", "title"]);
        assert!(properties.ends_with(&format!("title={}", finding.rule)), "{line}");
        assert!(!message.is_empty(), "{line}");
    }
    assert!(text.starts_with("::warning file=a b/Dockerfile,line=3,col=5,endColumn=16,"), "{text}");
}

#[test]
fn gitlab() {
    let (findings, issues) = json(Format::Gitlab);
    assert_eq!(list(&issues).len(), findings.len());
    let mut prints = BTreeSet::new();
    for issue in list(&issues) {
        has_keys(issue, &["description", "check_name", "fingerprint", "severity", "location"], &[]);
        let severity = issue["severity"].as_str().unwrap();
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity), "{issue}");
        assert!(prints.insert(issue["fingerprint"].as_str().unwrap()), "{issue}");
        at_least(&issue["location"]["lines"]["begin"], 1);
        assert!(!issue["location"]["path"].as_str().unwrap().starts_with("./"), "{issue}");
    }
}

#[test]
fn junit() {
    let (findings, text) = rendered(Format::Junit);
    let document = roxmltree::Document::parse(&text).unwrap();
    let root = document.root_element();
    assert!(root.has_tag_name("testsuites"));
    assert_eq!(root.attribute("tests"), Some((findings.len() + 1).to_string().as_str()));
    assert_eq!(root.attribute("failures"), Some(findings.len().to_string().as_str()));
    let mut n_failures = 0;
    for suite in root.children().filter(roxmltree::Node::is_element) {
        let cases: Vec<_> = suite.children().filter(roxmltree::Node::is_element).collect();
        assert_eq!(suite.attribute("tests"), Some(cases.len().to_string().as_str()));
        for case in cases {
            assert!(case.attribute("name").is_some() && case.attribute("classname").is_some());
            n_failures += case.children().filter(|it| it.has_tag_name("failure")).count();
        }
    }
    assert_eq!(n_failures, findings.len());
    let messages: Vec<_> = root.descendants().filter_map(|it| it.attribute("message")).collect();
    assert_eq!(messages, findings.iter().map(|it| it.message.as_str()).collect::<Vec<_>>());
}

#[test]
fn checkstyle() {
    let (findings, text) = rendered(Format::Checkstyle);
    let document = roxmltree::Document::parse(&text).unwrap();
    assert!(document.root_element().has_tag_name("checkstyle"));
    let errors: Vec<_> = document.descendants().filter(|it| it.has_tag_name("error")).collect();
    assert_eq!(errors.len(), findings.len());
    for (error, finding) in errors.iter().zip(&findings) {
        assert!(error.parent().unwrap().attribute("name").unwrap().ends_with("/Dockerfile"));
        assert!(["error", "warning", "info"].contains(&error.attribute("severity").unwrap()));
        assert_eq!(error.attribute("source"), Some(format!("dockopt.{}", finding.rule).as_str()));
        assert!(error.attribute("message").unwrap().starts_with(&finding.message));
        assert!(error.attribute("line").unwrap().parse::<usize>().unwrap() > 0);
    }
}

#[test]
fn rdjson() {
    let (findings, report) = json(Format::Rdjson);
    assert_eq!(report["source"]["name"], "dockopt");
    let diagnostics = list(&report["diagnostics"]);
    assert_eq!(diagnostics.len(), findings.len());
    for diagnostic in diagnostics {
        let required = ["message", "location", "severity", "code"];
        has_keys(diagnostic, &required, &["suggestions", "related_locations"]);
        assert!(["ERROR", "WARNING", "INFO"].contains(&diagnostic["severity"].as_str().unwrap()));
        at_least(&diagnostic["location"]["range"]["start"]["line"], 1);
        for suggestion in diagnostic["suggestions"].as_array().into_iter().flatten() {
            has_keys(suggestion, &["range", "text"], &[]);
        }
    }
    // Columns are bytes, as in the file.
    assert_eq!(diagnostics[0]["location"]["range"]["start"]["column"], 5);
}

#[test]
fn sonarqube() {
    let (findings, report) = json(Format::Sonarqube);
    has_keys(&report, &["rules", "issues"], &[]);
    let ids: BTreeSet<_> = list(&report["rules"]).iter().map(|it| it["id"].as_str().unwrap()).collect();
    for rule in list(&report["rules"]) {
        has_keys(rule, &["id", "name", "engineId", "cleanCodeAttribute", "impacts"], &["description"]);
        let impact = &rule["impacts"][0];
        assert!(["HIGH", "MEDIUM", "LOW"].contains(&impact["severity"].as_str().unwrap()), "{rule}");
    }
    assert_eq!(list(&report["issues"]).len(), findings.len());
    for issue in list(&report["issues"]) {
        has_keys(issue, &["ruleId", "primaryLocation"], &["secondaryLocations"]);
        assert!(ids.contains(issue["ruleId"].as_str().unwrap()));
        let range = &issue["primaryLocation"]["textRange"];
        at_least(&range["startLine"], 1);
        let (start, end) = (range["startColumn"].as_u64(), range["endColumn"].as_u64());
        let same_line = range["startLine"] == range["endLine"];
        assert!(!same_line || start < end, "{issue}");
    }
}

/// `SonarQube` counts columns in UTF-16, where some letters are two.
#[test]
fn columns_of_sonarqube() {
    let settings = Settings::default().with_selection(vec!["sudo-used".to_owned()], Vec::new());
    let project = Project::in_memory([("Dockerfile", "FROM debian:12\nRUN echo ü🐳; sudo ls\n")], settings);
    let text = render(Format::Sonarqube, &project, &engine::check(&project), Options::PLAIN);
    let report: Value = serde_json::from_str(&text).unwrap();
    let range = &report["issues"][0]["primaryLocation"]["textRange"];
    assert_eq!((&range["startColumn"], &range["endColumn"]), (&Value::from(14), &Value::from(21)));
}

#[test]
fn markdown() {
    let (findings, text) = rendered(Format::Markdown);
    let rows: Vec<_> = text.lines().filter(|it| it.starts_with("| `")).collect();
    assert_eq!(rows.len(), findings.len());
    assert!(text.contains("`a b/Dockerfile:3`"), "{text}");
}

#[test]
fn shapes_of_hadolint() {
    let (findings, rows) = json(Format::HadolintJson);
    assert_eq!(list(&rows).len(), findings.len());
    for row in list(&rows) {
        has_keys(row, &["code", "column", "file", "level", "line", "message"], &[]);
    }
    let (_, text) = rendered(Format::HadolintCodeclimate);
    for issue in text.split_terminator('\0') {
        let issue: Value = serde_json::from_str(issue).unwrap();
        has_keys(&issue, &["type", "check_name", "description", "categories", "location", "severity"], &[]);
    }
    let (_, text) = rendered(Format::HadolintTty);
    assert!(text.starts_with("a b/Dockerfile:3 "), "{text}");
}
