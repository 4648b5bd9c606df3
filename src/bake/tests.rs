use super::*;
use crate::{definitions::Definitions as All, project::Memory, source::Source};
use std::sync::Arc;

/// What the Bake files among these say: `name: Dockerfile in context at target args`.
fn lines(files: &[(&str, &str)]) -> Vec<String> {
    let mut memory = Memory::default();
    memory.texts.extend(files.iter().map(|(path, text)| ((*path).to_owned(), Arc::from(*text))));
    let sources = files.iter().filter(|it| is_bake(it.0.rsplit('/').next().unwrap()));
    let all = All::of(sources.map(|(path, text)| Source::new(*path, *text)).collect(), &memory);
    let line = |it: &Build| {
        let dockerfile = match &it.dockerfile {
            Recipe::File(path) => path.clone(),
            Recipe::Inline(inline) => format!("{:?}", inline.text),
        };
        let target = match &it.target {
            Target::Last => String::new(),
            Target::Stage(name) => format!(" at {name}"),
            Target::Unknown => " at ?".to_owned(),
        };
        let args: Vec<_> = it.args.iter().map(|(key, it)| format!(" {key}={}", it.as_deref().unwrap_or("?"))).collect();
        let context = it.context.folder().unwrap_or("elsewhere");
        format!("{}: {dockerfile} in {context}{target}{}", it.name.as_deref().unwrap(), args.concat())
    };
    let errors = all.found.errors.iter().map(|it| {
        let source = &all.sources[it.location.file.0 as usize];
        format!("{}:{}: {}", source.path, source.line(it.location.span.start), it.message)
    });
    let left_out = all.found.left_out.iter().map(|it| format!("{}: {}", it.name.as_deref().unwrap(), it.reason));
    all.found.builds.iter().map(line).chain(left_out).chain(errors).collect()
}

#[test]
fn targets_inherit_and_use_variables() {
    let text = r#"
variable "DIR" { default = "api" }
variable "TAG" {}
function "low" {
  params = [x]
  result = lower("${x}")
}
group "default" { targets = ["a", "b"] }
target "_base" {
  args = { V = "1", W = TAG }
  target = "run"
}
target "a" {
  inherits = ["_base"]
  context = "./${DIR}"
  args = { V = "2" }
}
target "b" {
  context = low("WEB")
  dockerfile = equal(DIR, "api") ? "D.prod" : "D"
  contexts = { base = "target:a" }
}
target "c" { context = TAG }
"#;
    assert_eq!(
        lines(&[("docker-bake.hcl", text)]),
        [
            "a: api/Dockerfile in api at run V=2 W=?",
            "b: web/D.prod in web",
            "c: its `context` depends on what is not known"
        ]
    );
}

#[test]
fn matrices_make_targets() {
    let text = r#"
target "app" {
  name = "app-${item.name}-${v}"
  matrix = {
    item = [{ name = "x", dir = "dx" }, { name = "y", dir = "dy" }]
    v = ["1", "2"]
  }
  context = item.dir
  target = v
}
"#;
    let found = lines(&[("docker-bake.hcl", text)]);
    assert_eq!(found.len(), 4);
    assert_eq!(found[0], "app-x-1: dx/Dockerfile in dx at 1");
    assert_eq!(found[3], "app-y-2: dy/Dockerfile in dy at 2");
}

#[test]
fn json_and_overrides() {
    let base = r#"{"variable": {"D": {"default": "d"}}, "target": {"a": {"context": "${D}", "args": {"X": "1"}, "dockerfile": "D"}}}"#;
    let over = "target \"a\" {\n  dockerfile-inline = <<EOT\nFROM x\nEOT\n}\n";
    assert_eq!(lines(&[("docker-bake.json", base)]), ["a: d/D in d X=1"]);
    assert_eq!(lines(&[("docker-bake.json", base), ("docker-bake.override.hcl", over)]), ["a: \"FROM x\\n\" in d X=1"]);
}

#[test]
fn paths_start_where_the_dockerfile_is_found() {
    let text = "target \"a\" {\n  context = \".\"\n  dockerfile = \"docker/D\"\n}\n";
    let files = [("build/docker-bake.hcl", text), ("docker/D", "FROM x\n")];
    assert_eq!(lines(&files), ["a: docker/D in ."]);
    let files = [("build/docker-bake.hcl", text), ("docker/D", "FROM x\n"), ("build/docker/D", "FROM x\n")];
    assert_eq!(lines(&files), ["a: it cannot be told from which folder it is called"]);
}

#[test]
fn hostile_files_are_errors_or_unknown() {
    let circle = "target \"a\" {\n  inherits = [\"b\"]\n}\ntarget \"b\" {\n  inherits = [\"a\"]\n}\ngroup \"g\" {\n  targets = [\"a\", \"b\"]\n}\n";
    let found = lines(&[("docker-bake.hcl", circle)]);
    assert!(found.iter().any(|it| it == "docker-bake.hcl:1: targets inherit one another in a circle"), "{found:?}");
    let variables = "variable \"A\" { default = B }\nvariable \"B\" { default = A }\ntarget \"x\" { context = A }\n";
    assert_eq!(lines(&[("docker-bake.hcl", variables)]), ["x: its `context` depends on what is not known"]);
    let deep = format!("target \"a\" {{ context = {}1{} }}\n", "(".repeat(50_000), ")".repeat(50_000));
    assert_eq!(lines(&[("docker-bake.hcl", &deep)]).len(), 1);
    let loops = "variable \"l\" { default = [for a in range : a] }\nfunction \"f\" {\n  params = [x]\n  result = \"${f(x)}${f(x)}\"\n}\ntarget \"a\" { context = f(\"1\") }\n";
    assert_eq!(lines(&[("docker-bake.hcl", loops)]).len(), 1);
    let mut wide = "function \"f0\" {\n  params = [x]\n  result = \"${x}${x}\"\n}\n".to_owned();
    for at in 1..40 {
        wide.extend([&format!("function \"f{at}\" {{\n  params = [x]\n  result = f{}", at - 1), "(\"${x}${x}\")\n}\n"]);
    }
    wide.push_str("target \"a\" { context = f39(\"aaaaaaaa\") }\n");
    assert_eq!(lines(&[("docker-bake.hcl", &wide)]).len(), 1);
    assert!(lines(&[("docker-bake.hcl", "target \"a\" {")])[0].starts_with("docker-bake.hcl:1: "));
}

#[test]
fn names() {
    for name in ["docker-bake.hcl", "docker-bake.json", "docker-bake.override.hcl", "bake.hcl", "4.5.docker-bake.json"]
    {
        assert!(is_bake(name), "{name}");
    }
    for name in ["terraform.hcl", "bake.txt", "package.json", "docker-baker.json"] {
        assert!(!is_bake(name), "{name}");
    }
}

#[test]
fn a_call_says_some_things_otherwise() {
    let bake =
        "target \"web\" {\n  context = \"web\"\n  args = { A = \"1\" }\n}\ntarget \"api\" { context = \"api\" }\n";
    let make = "all:\n\tdocker buildx bake -f ci.hcl --set '*.target=prod' --set=web.args.A=2 --set \"*.output=type=x\" \
                --set api.context=.\n";
    let files = [("ci.hcl", bake), ("Makefile", make)];
    let mut memory = Memory::default();
    memory.texts.extend(files.iter().map(|(path, text)| ((*path).to_owned(), Arc::from(*text))));
    let all = All::of(vec![Source::new("Makefile", make)], &memory);
    let rows: Vec<_> = all
        .found
        .builds
        .iter()
        .map(|it| {
            (it.name.as_deref().unwrap(), it.context.folder().unwrap(), it.target.clone(), it.args.get("A").cloned())
        })
        .collect();
    let prod = Target::Stage("prod".to_owned());
    assert_eq!(rows, [("web", "web", prod.clone(), Some(Some("2".to_owned()))), ("api", ".", prod, None)]);
}
