use std::sync::Arc;

use super::*;
use crate::{definitions::Definitions, project::Memory, source::Source};

const PATH: &str = ".github/workflows/ci.yml";

/// The builds of a workflow with some files around it: `name: Dockerfile in context` and where that is said.
fn lines(text: &str, around: &[&str]) -> Vec<String> {
    let mut memory = Memory::default();
    memory.texts.extend(around.iter().map(|path| ((*path).to_owned(), Arc::from("FROM x\n"))));
    let all = Definitions::of(vec![Source::new(PATH, text)], &memory);
    let line = |it: &Build| {
        let Recipe::File(dockerfile) = &it.dockerfile else { panic!("workflows name files") };
        let context = match &it.context {
            BuildContext::Committed(path) => format!("{path} as committed"),
            other => other.folder().unwrap_or("nothing").to_owned(),
        };
        let place = all.sources[0].slice(it.found_in.span);
        let target = if let Target::Stage(name) = &it.target { format!(" at {name}") } else { String::new() };
        format!("{}: {dockerfile} in {context}{target} | {place}", it.name.as_deref().unwrap_or("-"))
    };
    let left_out = |it: &LeftOut| format!("{}: {}", it.name.as_deref().unwrap_or("-"), it.reason);
    all.found.builds.iter().map(line).chain(all.found.left_out.iter().map(left_out)).collect()
}

fn job(steps: &str) -> String {
    format!("on: push\njobs:\n  b:\n    runs-on: x\n    steps:\n{steps}")
}

#[test]
fn steps_of_build_push_action() {
    let action = "docker/build-push-action@v6";
    let text = job(
        "      - uses: actions/checkout@v4\n      - uses: docker/build-push-action@v6\n      - uses: docker/build-push-action@v6\n        with: {context: ., file: d/D, target: run}\n      - uses: docker/build-push-action@v6\n        with:\n          context: '{{defaultContext}}:sub'\n          file: D\n",
    );
    assert_eq!(
        lines(&text, &[]),
        [
            format!("b: Dockerfile in . as committed | {action}"),
            format!("b: d/D in . at run | {action}"),
            format!("b: sub/D in sub as committed | {action}"),
        ]
    );
}

#[test]
fn only_the_repository_itself_is_known() {
    let action = "      - uses: docker/build-push-action@v6\n        with: {context: me/api}\n";
    let missing = "b: the repository is not checked out where it is built";
    assert_eq!(lines(&job(action), &[]), [missing]);
    let at = |with: &str| job(&format!("      - uses: actions/checkout@v4\n        with: {with}\n{action}"));
    assert_eq!(lines(&at("{path: me}"), &[]), ["b: api/Dockerfile in api | docker/build-push-action@v6"]);
    assert_eq!(lines(&at("{repository: other/x}"), &[]), [missing]);
    assert_eq!(lines(&at("{path: you}"), &[]), [missing]);
}

#[test]
fn literal_matrices_are_known() {
    let text = "jobs:\n  b:\n    strategy:\n      matrix:\n        app: [{name: a, dir: da}, {name: b, dir: db}]\n        os: [x]\n        exclude: [{app: {name: b, dir: db}}]\n        include: [{app: {name: c, dir: dc}, os: y}]\n    env: {ROOT: src}\n    steps:\n      - uses: actions/checkout@v4\n      - uses: docker/build-push-action@v6\n        with:\n          context: ${{ env.ROOT }}/${{matrix.app.dir}}\n";
    let action = "docker/build-push-action@v6";
    assert_eq!(
        lines(text, &[]),
        [format!("b: src/da/Dockerfile in src/da | {action}"), format!("b: src/dc/Dockerfile in src/dc | {action}")]
    );
    let unknown = text.replace("[{name: a, dir: da}, {name: b, dir: db}]", "${{ fromJSON(inputs.apps) }}");
    let found = lines(
        &unknown.replace(
            "        exclude: [{app: {name: b, dir: db}}]\n        include: [{app: {name: c, dir: dc}, os: y}]\n",
            "",
        ),
        &[],
    );
    assert_eq!(found, ["b: it depends on `${{ env.ROOT }}/${{matrix.app.dir}}`, which is not known here"]);
}

#[test]
fn command_lines_of_steps() {
    let text = job(
        "      - uses: actions/checkout@v4\n      - run: |\n          echo hi\n          docker build -t ${{ env.X }} --target run -f d/D .\n        working-directory: sub\n      - run: cd api && docker buildx build --build-arg A=${{ inputs.a }} .\n      - run: docker build ${{ inputs.dir }}\n      - run: docker build .\n        shell: pwsh\n",
    );
    assert_eq!(
        lines(&text, &[]),
        [
            "b: sub/d/D in sub at run | docker build -t ${{ env.X }} --target run -f d/D .",
            "b: api/Dockerfile in api | docker buildx build --build-arg A=${{ inputs.a }} .",
            "b: some of its words depend on what is not known",
        ]
    );
}

#[test]
fn names() {
    for path in [".github/workflows/a.yml", "../.github/workflows/a.yaml", "x/.github/actions/b/action.yml"] {
        assert!(is_workflow(path), "{path}");
    }
    for path in [
        ".github/a.yml",
        "workflows/a.yml",
        ".github/workflows/a/b.yml",
        "a.github/workflows/a.yml",
        ".github/actions/x.yml",
    ] {
        assert!(!is_workflow(path), "{path}");
    }
}

#[test]
fn hostile_workflows() {
    let axes: Vec<_> = (0..30).map(|at| format!("        a{at}: [1, 2, 3, 4]\n")).collect();
    let axes = axes.concat();
    let text = format!(
        "jobs:\n  b:\n    strategy:\n      matrix:\n{axes}    steps:\n      - uses: docker/build-push-action@v6\n"
    );
    assert!(lines(&text, &[]).len() <= MOST_COMBINATIONS);
    for text in [
        "jobs: build-push-action docker/build-push-action",
        "jobs: [docker/build-push-action]",
        "jobs: {a: {steps: docker/build-push-action}}",
    ] {
        assert_eq!(lines(text, &[]).len(), 0);
    }
}
