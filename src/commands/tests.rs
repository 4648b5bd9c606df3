use std::sync::Arc;

use super::*;
use crate::{project::Memory, shell, source::Cooked};

/// What a script in `scripts/` starts, with files around it.
fn lines(text: &str, around: &[&str]) -> Vec<String> {
    let mut memory = Memory::default();
    memory.texts.extend(around.iter().map(|path| ((*path).to_owned(), Arc::from("FROM x\n"))));
    let mut cooked = Cooked::default();
    cooked.push(text, 0);
    let place = Place {
        files: &memory,
        file: FileId(0),
        kind: Kind::Script,
        name: None,
        starts: vec!["scripts".to_owned(), ".".to_owned()],
        own: Some("scripts".to_owned()),
        root: Some(".".to_owned()),
        whole: None,
        variables: BTreeMap::new(),
    };
    let started = started(&shell::parse(&cooked), &place);
    let line = |it: &Build| {
        let Recipe::File(dockerfile) = &it.dockerfile else { panic!("scripts name files") };
        let target = if let Target::Stage(name) = &it.target { format!(" at {name}") } else { String::new() };
        let args: Vec<_> = it.args.iter().map(|(key, it)| format!(" {key}={}", it.as_deref().unwrap_or("?"))).collect();
        format!("{dockerfile} in {}{target}{}", it.context.folder().unwrap_or("nothing"), args.concat())
    };
    let calls = started.calls.iter().map(|it| format!("{} {} in {}", it.kind.as_str(), it.files.join(" "), it.folder));
    let legacy = started.without_buildkit.iter().map(|it| format!("legacy: {}", &text[it.span.range()]));
    let composed = started.composed.iter().filter(|it| started.calls.iter().all(|call| call.location != it.location));
    let composed = composed.map(|it| format!("composed {} {}", it.files.join(" "), it.services.join(" ")));
    let left_out = started.found.left_out.iter().map(|it| it.reason.clone());
    started.found.builds.iter().map(line).chain(left_out).chain(calls).chain(composed).chain(legacy).collect()
}

const FILES: &[&str] = &["api/Dockerfile", "api/D", "Dockerfile"];

#[test]
fn options_and_contexts() {
    for (text, line) in [
        ("docker build api", "api/Dockerfile in api"),
        ("docker build -t x -f api/D .", "api/D in ."),
        ("docker build -qt x --file=api/D --no-cache .", "api/D in ."),
        ("sudo docker buildx build --push --target run api", "api/Dockerfile in api at run"),
        (
            "docker --context c build --build-arg A=1 --build-arg B=$X --build-arg C api",
            "api/Dockerfile in api A=1 B=? C=?",
        ),
        ("docker image build -t $TAG api", "api/Dockerfile in api"),
        ("podman build -v a:b api", "api/Dockerfile in api"),
        ("buildah bud --layers -f D api", "api/D in api"),
        ("docker build - < api/Dockerfile", "api/Dockerfile in nothing"),
        ("docker build .", "Dockerfile in ."),
        ("docker build $ARGS .", "some of its words depend on what is not known"),
        ("docker build -f $F .", "`--file` depends on what is not known"),
        ("docker build --frobnicate x .", "the option `--frobnicate` is not known"),
        ("docker build https://example.com/x.git", "its context lies elsewhere"),
        ("docker build - < $X", "its Dockerfile comes from standard input"),
        ("docker build -f- . <<E\nFROM x\nE\n", "its Dockerfile comes from standard input"),
        ("docker build web", "no folder from which it may be run has its Dockerfile"),
        ("DOCKER_BUILDKIT=1 docker build --platform $P api", "api/Dockerfile in api"),
    ] {
        assert_eq!(lines(text, FILES), [line], "{text}");
    }
    for text in [
        "docker build --check .",
        "docker build --call=outline .",
        "docker build --help",
        "docker run build",
        "docker pull x",
        "echo docker build .",
        "docker builder prune",
    ] {
        assert_eq!(lines(text, FILES), [""; 0], "{text}");
    }
}

#[test]
fn folders_and_variables_are_followed() {
    for (text, line) in [
        ("cd api && docker build .", "api/Dockerfile in api"),
        ("cd api\ncd ..\ndocker build .", "Dockerfile in ."),
        ("(cd x)\ndocker build api", "api/Dockerfile in api"),
        ("cd \"$(dirname \"$0\")/..\"\ndocker build api", "api/Dockerfile in api"),
        ("D=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" && pwd)\"\ndocker build $D/../api", "api/Dockerfile in api"),
        ("ROOT=$(git rev-parse --show-toplevel)\ndocker build -f $ROOT/api/D $ROOT", "api/D in ."),
        ("N=api\ndocker build ./$N", "api/Dockerfile in api"),
        ("f() {\n  docker build api\n}\nf\n", "api/Dockerfile in api"),
        ("f() {\n  docker build .\n}\ncd api\nf\n", "it cannot be told from which folder it is run"),
        ("if x; then N=a; else N=b; fi\ndocker build $N", "some of its words depend on what is not known"),
        ("for N in a b; do docker build $N; done", "some of its words depend on what is not known"),
        ("cd $X\ndocker build .", "it cannot be told from which folder it is run"),
    ] {
        assert_eq!(lines(text, FILES), [line], "{text}");
    }
}

#[test]
fn other_tools_and_old_ways() {
    let files = &["c.yaml", "deploy/b.hcl", "api/Dockerfile"];
    assert_eq!(lines("docker compose -f c.yaml build", files), ["compose c.yaml in ."]);
    assert_eq!(lines("docker-compose -f c.yaml ps", files), [""; 0]);
    assert_eq!(lines("cd deploy; docker buildx bake --file=b.hcl x", files), ["bake deploy/b.hcl in deploy"]);
    let both = ["api/Dockerfile in api", "legacy: DOCKER_BUILDKIT=0"];
    assert_eq!(lines("DOCKER_BUILDKIT=0 docker build api", files), both);
    assert_eq!(lines("export DOCKER_BUILDKIT=0\ndocker build api", files), both);
    let files = &["compose.yaml", "compose.override.yaml", "x"];
    let all = "composed compose.yaml compose.override.yaml ";
    assert_eq!(lines("docker compose up -d api", files), [format!("{all}api")]);
    assert_eq!(lines("DOCKER_BUILDKIT=0 docker compose build", files), [all, "legacy: DOCKER_BUILDKIT=0"]);
    assert_eq!(lines("docker compose down", files), [""; 0]);
    assert_eq!(lines("docker compose up -d --no-build", files), [""; 0]);
}

#[test]
fn only_lines_that_may_build_are_worth_a_look() {
    for (text, may) in [
        ("docker build .", true),
        ("set -e\ndocker \\\n  --debug \\\r\n  build .", true),
        ("DOCKER=docker\n\"$DOCKER\" build .", true),
        ("docker := \"docker\"\na:\n  {{docker}} build .", true),
        ("\"x\": \"docker compose build\"", true),
        ("docker push x\nnpm run build", false),
        ("npm run build && docker push x", false),
        ("make build", false),
    ] {
        assert_eq!(may_build(text), may, "{text}");
    }
}
