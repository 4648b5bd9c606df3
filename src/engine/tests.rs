//! Changes of several files: by rules that exist only here.

use super::{Chosen, fix::fix_with};
use crate::{
    build::Recipe,
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    project::Project,
    rule::{Check, ProjectCx, Rule},
    settings::Settings,
    source::{FileId, Location, Span},
};

const FILES: &[(&str, &str)] = &[
    ("a/Dockerfile", "# the same in b\nFROM python:3.11\nRUN true\n"),
    ("b/Dockerfile", "FROM python:3.11\nRUN true\n"),
    ("compose.yaml", "# all\nservices:\n  a:\n    build: ./a # first\n  b:\n    build: ./b\n"),
];

const BASE: &str = "# the same in b\nFROM python:3.11\nRUN true\n";

fn project() -> Project {
    Project::in_memory(FILES.iter().copied(), Settings { select: vec!["all".to_owned()], ..Settings::default() })
}

fn chosen(rules: &[&'static Rule]) -> Chosen {
    Chosen { rules: rules.to_vec() }
}

fn compose_of(project: &Project) -> FileId {
    FileId(project.sources.iter().position(|it| it.path == "compose.yaml").unwrap() as u32)
}

fn text<'a>(project: &'a Project, path: &str) -> Option<&'a str> {
    project.sources.iter().find(|it| it.path == path).map(|it| it.text.as_str())
}

/// A finding at the first Dockerfile that starts from python, with a change of its own.
fn propose(cx: &ProjectCx<'_>, rule: &'static str, change: impl Fn(&Project) -> Change, out: &mut Vec<Finding>) {
    let Some(first) =
        cx.files.iter().find(|it| it.source.text.contains("python") && it.source.path != "base/Dockerfile")
    else {
        return;
    };
    let mut finding = Finding::new(rule, Location { file: first.unit.file, span: Span::at(0) }, "python again");
    let fix = Fix { title: "Share it".to_owned(), safety: Safety::Unsafe, change: change(cx.project) };
    finding.fix = Some(fix);
    out.push(finding);
}

/// Both Dockerfiles start from a new one, and Compose says so.
fn share(project: &Project) -> Change {
    let mut change = Change::default();
    for unit in &project.dockerfiles {
        let source = project.source(unit.file);
        let end = source.text.len();
        change.try_merge(&Change::of(unit.file, [Edit::replace(Span::new(0, end), "FROM base\n")]).unwrap());
    }
    change.creates.insert("base/Dockerfile".to_owned(), BASE.to_owned());
    let compose = compose_of(project);
    let at = project.source(compose).text.len();
    let edit = Edit::insert(at, "  base:\n    build: ./base\n");
    change.try_merge(&Change::of(compose, [edit]).unwrap().meant_for(compose, ["services", "base"]));
    change
}

static SHARE: Rule = Rule::new("shared", "share", "", Check::Project(|cx, out| propose(cx, "share", share, out)));

#[test]
fn a_change_of_several_files_is_applied_as_one() {
    let fixed = fix_with(&project(), &chosen(&[&SHARE]), Safety::Unsafe);
    assert!(fixed.dropped.is_empty(), "{:?}", fixed.dropped);
    assert_eq!(fixed.applied.len(), 1);
    assert_eq!(text(&fixed.project, "a/Dockerfile"), Some("FROM base\n"));
    assert_eq!(text(&fixed.project, "b/Dockerfile"), Some("FROM base\n"));
    assert_eq!(text(&fixed.project, "base/Dockerfile"), Some(BASE));
    let builds: Vec<_> = fixed.project.builds.iter().map(|it| &it.dockerfile).collect();
    let file = |path: &str| Recipe::File(path.to_owned());
    assert_eq!(builds, [&file("a/Dockerfile"), &file("b/Dockerfile"), &file("base/Dockerfile")]);
    assert_eq!(fixed.project.dockerfiles.len(), 3);
    assert_eq!(fixed.project.files.read("a/Dockerfile").as_deref(), Some("FROM base\n"));
    assert_eq!(fixed.rounds_across, 1);
    let again = fix_with(&fixed.project, &chosen(&[&SHARE]), Safety::Unsafe);
    assert!(again.applied.is_empty() && again.dropped.is_empty());
    let safe = fix_with(&project(), &chosen(&[&SHARE]), Safety::Safe);
    assert!(safe.applied.is_empty() && safe.project.sources.len() == 3);
}

fn broken(project: &Project, at: &str, with: &str) -> Change {
    let mut change = share(project);
    let compose = compose_of(project);
    let start = project.source(compose).text.find(at).unwrap();
    let span = Span::new(start, start + at.len());
    assert!(change.try_merge(&Change::of(compose, [Edit::replace(span, with)]).unwrap()));
    change
}

/// What is said of a change that must not pass, of which nothing may be done.
fn refusal(rule: &'static Rule) -> String {
    let before = project();
    let fixed = fix_with(&before, &chosen(&[rule]), Safety::Unsafe);
    let pairs = before.sources.iter().zip(&fixed.project.sources);
    assert!(pairs.into_iter().all(|(old, new)| old.text == new.text));
    assert_eq!(fixed.project.sources.len(), before.sources.len());
    assert_eq!(fixed.dropped.len(), 1);
    fixed.dropped[0].reason.clone()
}

/// A rule of the name `x` that proposes this.
macro_rules! proposing {
    ($change:ident) => {{
        static RULE: Rule = Rule::new("shared", "x", "", Check::Project(|cx, out| propose(cx, "x", $change, out)));
        &RULE
    }};
}

fn other_value(project: &Project) -> Change {
    broken(project, "./b", "./a")
}

fn no_comment(project: &Project) -> Change {
    broken(project, " # first", "")
}

fn no_yaml(project: &Project) -> Change {
    broken(project, "./b", "[")
}

fn with_base(project: &Project, text: &str) -> Change {
    let mut change = share(project);
    change.creates.insert("base/Dockerfile".to_owned(), text.to_owned());
    change
}

fn no_dockerfile(project: &Project) -> Change {
    with_base(project, "FROM\n# the same in b\n")
}

fn lost_comment(project: &Project) -> Change {
    with_base(project, "FROM python:3.11\n")
}

fn occupied(project: &Project) -> Change {
    let mut change = share(project);
    change.creates.insert("compose.yaml".to_owned(), String::new());
    change
}

#[test]
fn what_is_not_meant_is_refused_as_a_whole() {
    let value = refusal(proposing!(other_value));
    assert_eq!(value, "compose.yaml says something else at `services.b.build`");
    assert_eq!(refusal(proposing!(no_comment)), "the comment `first` of compose.yaml is lost");
    assert_eq!(refusal(proposing!(no_yaml)), "compose.yaml cannot be read afterwards, or never could");
    assert!(refusal(proposing!(no_dockerfile)).starts_with("the new base/Dockerfile does not parse"));
    assert_eq!(refusal(proposing!(lost_comment)), "the comment `# the same in b` is lost");
    assert_eq!(refusal(proposing!(occupied)), "compose.yaml is there already");
}

/// An edit with a wrong end: it takes the end of the line with it.
fn glue(project: &Project) -> Change {
    let text = &project.sources[0].text;
    let Some(start) = text.find("true\n") else { return Change::default() };
    Change::of(FileId(0), [Edit::replace(Span::new(start, start + 5), "false ")]).unwrap()
}

#[test]
fn an_instruction_that_no_edit_names_stays_what_it_is() {
    let settings = Settings { select: vec!["all".to_owned()], ..Settings::default() };
    for ends in ["\n", "\r\n"] {
        let text = "FROM python:3.11\nRUN true\nEXPOSE 80\n".replace('\n', ends);
        let before = Project::in_memory([("Dockerfile", text.replace("\r\nEX", "\nEX").as_str())], settings.clone());
        let fixed = fix_with(&before, &chosen(&[proposing!(glue)]), Safety::Unsafe);
        assert_eq!(fixed.dropped[0].reason, "the `EXPOSE` of line 3 would no longer be what it was");
        assert_eq!(fixed.project.sources[0].text, before.sources[0].text);
    }
}

fn turn(project: &Project) -> Change {
    let mut change = Change::default();
    for unit in &project.dockerfiles {
        let source = project.source(unit.file);
        let (from, to) = if source.text.contains("3.11") { ("3.11", "3.12") } else { ("3.12", "3.11") };
        let start = source.text.find(from).unwrap();
        change.try_merge(&Change::of(unit.file, [Edit::replace(Span::new(start, start + 4), to)]).unwrap());
    }
    change
}

#[test]
fn a_circle_ends() {
    let fixed = fix_with(&project(), &chosen(&[proposing!(turn)]), Safety::Unsafe);
    assert!(fixed.dropped[0].reason.contains("undoes"), "{:?}", fixed.dropped);
    assert!(text(&fixed.project, "a/Dockerfile").unwrap().contains("3.12"));
}

#[test]
fn a_title_says_each_thing_once() {
    let text = "FROM debian:12\nRUN apt-get update && apt-get install -y a && rm -rf /var/lib/apt/lists/* \\\n    && \
                apt-get update && apt install -y b && apt-get install -y c\n";
    let settings = Settings { select: vec!["missing-cache-mount".to_owned()], ..Settings::default() };
    let findings = super::check(&Project::in_memory([("Dockerfile", text)], settings));
    let title = &findings[0].fix.as_ref().unwrap().title;
    let parts: Vec<&str> = title.split(", ").collect();
    assert_eq!(parts.iter().collect::<std::collections::BTreeSet<_>>().len(), parts.len(), "{title}");
}

#[test]
fn caches_of_images_that_are_not_known_are_told_apart_as_they_are_written() {
    for (from, id) in [
        ("php:${PHP}-alpine", "id=apk-php-PHP-alpine,"),
        ("${BASE}", "id=apk-BASE,"),
        ("alpine:3.20", "id=apk-alpine-3.20,"),
        ("alpine", "id=apk-alpine-latest,"),
    ] {
        let text = format!("ARG PHP\nARG BASE\nFROM {from} AS base\nFROM base\nRUN apk add --no-cache build-base\n");
        let settings = Settings { select: vec!["missing-cache-mount".to_owned()], ..Settings::default() };
        let findings = super::check(&Project::in_memory([("Dockerfile", text.as_str())], settings));
        let change = format!("{:?}", findings[0].fix.as_ref().unwrap().change);
        assert!(change.contains(id), "{from}: {change}");
    }
}

#[test]
fn what_nobody_edits_is_told_of_its_errors_alone() {
    let rules = |text: &str, settings: Settings| {
        let project = Project::in_memory([("Dockerfile", text)], settings);
        super::check(&project).iter().map(|it| it.rule).collect::<Vec<_>>()
    };
    let written = "FROM debian\nRUN pip install flask\nEXPOSE 70000\nCOPY app.py /srv/\n";
    let all = ["unpinned-base", "missing-cache-mount", "invalid-port"];
    assert_eq!(rules(written, Settings::default()), all);
    for comment in ["# GENERATED by make. PLEASE DO NOT EDIT IT.", "#syntax=a/b\n# Don't edit: see update.sh"] {
        let generated = format!("{comment}\n{written}");
        assert_eq!(rules(&generated, Settings::default()), ["invalid-port"], "{comment}");
        let select = vec!["unpinned-base".to_owned()];
        assert_eq!(rules(&generated, Settings { select, ..Settings::default() }), ["unpinned-base"], "{comment}");
        let fixed = super::fix(&Project::in_memory([("Dockerfile", &*generated)], Settings::default()), Safety::Unsafe);
        assert!(fixed.applied.is_empty(), "{comment}");
    }
    // A comment further below is about what follows.
    assert_eq!(rules(&written.replace("RUN", "# do not edit this\nRUN"), Settings::default()), all);
    let template = format!("{{{{ head }}}}\n{written}");
    assert_eq!(rules(&template, Settings::default()), [""; 0]);
    assert_eq!(
        rules(&template, Settings { select: vec!["syntax-error".to_owned()], ..Settings::default() }),
        ["syntax-error"]
    );
    let name = format!("FROM python:{{{{ version }}}}-slim AS base\n{written}");
    assert_eq!(rules(&name, Settings::default()), [""; 0]);
    // Docker has its own templates, in the text of commands.
    let text = format!("{written}RUN docker version -f '{{{{.Server.Version}}}}'\n");
    assert_eq!(rules(&text, Settings::default()), all);
}

#[test]
fn what_is_kept_for_tests_is_told_to_those_who_ask() {
    let rules = |settings: Settings| {
        let files =
            [("tests/app/Dockerfile", "FROM debian\nEXPOSE 70000\nCOPY app.py /srv/\n"), ("tests/app/app.py", "")];
        super::check(&Project::in_memory(files, settings)).iter().map(|it| it.rule).collect::<Vec<_>>()
    };
    assert_eq!(rules(Settings::default()), [""; 0]);
    let select = vec!["invalid-port".to_owned()];
    assert_eq!(rules(Settings { select, ..Settings::default() }), ["invalid-port"]);
}
