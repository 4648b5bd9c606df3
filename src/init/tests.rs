use std::collections::BTreeMap;

use super::*;
use crate::{build::NamedContext, engine, finding::Level, settings::Settings};

const PYTHON: &str = "FROM python:3.12-slim AS build\nCOPY requirements.txt .\n\
                      RUN --mount=type=cache,target=/root/.cache/pip \\\n    pip install -r requirements.txt\n\n\
                      FROM python:3.12-slim\nCOPY --from=build /usr/local /usr/local\nCOPY . .\nCMD [\"python\", \"app.py\"]\n";
const COMPOSE: &str = "services:\n  base:\n    build: base\n  api:\n    build:\n      context: api\n      args:\n        A: \"${B:-x}\"\n      additional_contexts:\n        base:1: service:base\n  on:\n    build: web\n";

fn project() -> Project {
    Project::in_memory(
        [
            (".git/HEAD", "x"),
            ("api/Dockerfile", PYTHON),
            ("api/requirements.txt", "flask==3.0.0\n"),
            ("api/app.py", "x\n"),
            ("base/Dockerfile", "FROM python:3.12-slim\nENV A=1\n"),
            ("web/Dockerfile", "FROM nginx:1.27\nCOPY page.html /\n"),
            ("web/page.html", "x\n"),
            ("compose.yaml", COMPOSE),
        ],
        Settings::default(),
    )
}

fn written(project: &Project, plan: &Plan) -> Project {
    let created: BTreeMap<String, String> = plan.files.iter().map(|it| (it.path.clone(), it.text.clone())).collect();
    project.with(&BTreeMap::new(), &created)
}

#[test]
fn all_is_written_and_nothing_is_written_twice() {
    let project = project();
    let plan = plan(&project, ".", &Part::ALL);
    let paths: Vec<&str> = plan.files.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(plan.left_out, []);
    assert_eq!(
        paths,
        [
            "docker-bake.hcl",
            "compose.optimized.yaml",
            "compose.override.yaml",
            "scripts/build-optimized.sh",
            ".github/workflows/docker-images.yml",
            ".pre-commit-config.yaml"
        ]
    );
    let again = super::plan(&written(&project, &plan), ".", &Part::ALL);
    assert_eq!(again.files, []);
    assert_eq!(again.left_out.len(), Part::ALL.len());
}

#[test]
fn what_is_written_passes_the_check() {
    let project = project();
    let after = written(&project, &plan(&project, ".", &Part::ALL));
    assert_eq!(after.definition_errors, []);
    assert_eq!(after.left_out, []);
    let new = |it: &&crate::finding::Finding| it.location.file.0 as usize >= project.sources.len();
    let findings = engine::check(&after);
    let findings: Vec<_> = findings.iter().filter(new).filter(|it| it.level > Level::Note).collect();
    assert_eq!(findings, [] as [&crate::finding::Finding; 0]);
}

#[test]
fn the_bake_file_builds_what_compose_builds() {
    let project = project();
    let after = written(&project, &plan(&project, ".", &[Part::Bake]));
    let bake = |name: &str| {
        let mut builds = after.builds.iter();
        builds.find(|it| it.kind == Kind::Bake && it.name.as_deref() == Some(name)).unwrap().clone()
    };
    let api = bake("api");
    assert!(api.is_of("api/Dockerfile"));
    // What others are built on stays with the builder, unless there is a registry to push it to.
    let text = &plan(&project, ".", &[Part::Bake]).files[0].text;
    let output = text.find("output     = REGISTRY == \"\" ? [\"type=cacheonly\"] : []\n");
    assert!(output > text.find("target \"base\"") && output < text.find("target \"on\""), "{text}");
    assert_eq!(api.context.folder(), Some("api"));
    assert_eq!(api.contexts["base:1"], NamedContext::Build("base".to_owned()));
    assert_eq!(api.args["A"].as_deref(), Some("x"));
    assert!(bake("on").is_of("web/Dockerfile"));
    assert_eq!(after.builds.iter().filter(|it| it.kind == Kind::Bake).count(), 3);
}

#[test]
fn only_the_caches_that_a_container_would_use_are_mounted() {
    let plan = plan(&project(), ".", &[Part::Dev]);
    let text = &plan.files[0].text;
    let services = &text[text.find("services:").unwrap()..];
    assert_eq!(services, "services:\n  api:\n    volumes:\n      - ${HOME}/.cache/pip:/root/.cache/pip\n");
}

#[test]
fn what_is_left_behind_has_no_caches_in_the_container() {
    let files = [
        (
            "a/Dockerfile",
            "FROM maven:3.9 AS build\nRUN mvn package\nFROM eclipse-temurin:21-jre\nCOPY --from=build /a /a\n",
        ),
        ("b/Dockerfile", "FROM rust:1\nRUN cargo build\n"),
        ("c/Dockerfile", "FROM node:22\nUSER node\nRUN npm ci\n"),
        ("d/Dockerfile", "FROM base:1 AS build\nRUN pip install flask\nFROM python:3.12\nCOPY --from=build /a /a\n"),
        ("base/Dockerfile", "FROM python:3.12\n"),
        (
            "compose.yaml",
            "services:\n  a:\n    build: a\n  b:\n    build: b\n  c:\n    build: c\n  d:\n    build:\n      context: d\n      additional_contexts:\n        base:1: service:base\n  base:\n    build: base\n",
        ),
    ];
    let text = plan(&Project::in_memory(files, Settings::default()), ".", &[Part::Dev]).files[0].text.clone();
    assert_eq!(
        &text[text.find("services:").unwrap()..],
        "services:\n  b:\n    volumes:\n      - ${HOME}/.cargo/git/db:/usr/local/cargo/git/db\n      - ${HOME}/.cargo/registry:/usr/local/cargo/registry\n  d:\n    volumes:\n      - ${HOME}/.cache/pip:/root/.cache/pip\n"
    );
}

#[test]
fn secrets_and_workflows_that_are_there_are_minded() {
    let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: docker build -t a .\n";
    let files = [
        ("Dockerfile", "FROM a\nRUN --mount=type=secret,id=x y\n"),
        (".github/workflows/ci.yml", workflow),
        (".git/HEAD", "x"),
    ];
    let plan = plan(&Project::in_memory(files, Settings::default()), ".", &[Part::Bake, Part::Workflow]);
    assert!(plan.files[0].text.contains("# It asks for secrets"));
    assert_eq!(plan.left_out, [(Part::Workflow, ".github/workflows/ci.yml builds images already".to_owned())]);
}

#[test]
fn what_cannot_be_had_is_left_out() {
    let nothing = Project::in_memory([("a.txt", "x")], Settings::default());
    let left: Vec<_> = plan(&nothing, ".", &Part::ALL).left_out.into_iter().map(|it| it.0).collect();
    assert_eq!(left, [Part::Bake, Part::Compose, Part::Dev, Part::Script, Part::Workflow]);
    let below = Project::in_memory([(".git/HEAD", "x"), ("a/Dockerfile", "FROM a\n")], Settings::default());
    let left = plan(&below, "a", &[Part::Workflow, Part::PreCommit, Part::Bake]).left_out;
    assert!(left.iter().all(|it| it.1.contains("belongs to the root")), "{left:?}");
    assert_eq!(left.len(), 2);
    let own =
        Project::in_memory([("Dockerfile", "FROM a\n"), ("docker-bake.hcl", "target \"x\" {}\n")], Settings::default());
    let plan = plan(&own, ".", &[Part::Bake, Part::Script, Part::Workflow]);
    assert_eq!(plan.files.iter().map(|it| it.part).collect::<Vec<_>>(), [Part::Script]);
}

#[test]
fn texts_of_hcl_are_quoted() {
    assert_eq!(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\n\"");
    assert_eq!(quoted("${x} %{y} $z"), "\"$${x} %%{y} $z\"");
}

#[test]
fn keys_of_yaml_are_quoted_where_they_mean_something_else() {
    assert_eq!(["api", "on", "1", "a b"].map(key), ["api", "\"on\"", "\"1\"", "\"a b\""]);
}

#[test]
fn secrets_and_agents_go_along() {
    let compose = "services:\n  api:\n    build:\n      context: .\n      secrets:\n        - token\n        - source: key\n          target: npmrc\n      ssh:\n        - default\nsecrets:\n  token:\n    environment: TOKEN\n  key:\n    file: ./keys/npmrc\n";
    let dockerfile = "FROM node:22-slim\nRUN --mount=type=secret,id=token --mount=type=ssh x\n";
    let files = [(".git/HEAD", "x"), ("Dockerfile", dockerfile), ("compose.yaml", compose)];
    let project = Project::in_memory(files, Settings::default());
    let plan = plan(&project, ".", &[Part::Bake]);
    let text = &plan.files[0].text;
    assert!(text.contains(r#"["id=token,env=TOKEN", "id=npmrc,src=keys/npmrc"]"#), "{text}");
    assert!(text.contains(r#"["default"]"#), "{text}");
    assert!(!text.contains("It asks for secrets"), "{text}");
}
