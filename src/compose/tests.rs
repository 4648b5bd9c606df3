use super::*;
use crate::{definitions::Definitions, project::Memory, source::Source};

/// What the Compose files among these files say.
fn found(files: &[(&str, &str)]) -> (Definitions, Memory) {
    let mut memory = Memory::default();
    memory.texts.extend(files.iter().map(|(path, text)| ((*path).to_owned(), Arc::from(*text))));
    let is_read = |path: &str| is_compose(path.rsplit('/').next().unwrap());
    let sources = files.iter().filter(|it| is_read(it.0)).map(|(path, text)| Source::new(*path, *text));
    (Definitions::of(sources.collect(), &memory), memory)
}

/// Dockerfile, context, target of each build, and the text it was found at.
fn read(path: &str, text: &str) -> Vec<(String, String, Option<String>, String)> {
    let (definitions, _) = found(&[(path, text)]);
    let tuple = |it: &Build| {
        let source = &definitions.sources[it.found_in.file.0 as usize];
        let found_in = source.slice(it.found_in.span).to_owned();
        let (Recipe::File(dockerfile), BuildContext::Folder(context)) = (&it.dockerfile, &it.context) else {
            panic!("these Compose files name files")
        };
        let target = if let Target::Stage(target) = &it.target { Some(target.clone()) } else { None };
        (dockerfile.clone(), context.clone(), target, found_in)
    };
    definitions.found.builds.iter().map(tuple).collect()
}

/// The builds of some files: `name: Dockerfile in context` and what else is said.
fn lines(files: &[(&str, &str)]) -> Vec<String> {
    let (definitions, _) = found(files);
    let line = |it: &Build| {
        let dockerfile = match &it.dockerfile {
            Recipe::File(path) => path.clone(),
            Recipe::Inline(inline) => format!("{:?}", inline.text),
        };
        let context = it.context.folder().unwrap_or("elsewhere");
        let target = match &it.target {
            Target::Last => String::new(),
            Target::Stage(name) => format!(" at {name}"),
            Target::Unknown => " at ?".to_owned(),
        };
        let args: Vec<_> = it.args.iter().map(|(key, it)| format!(" {key}={}", it.as_deref().unwrap_or("?"))).collect();
        format!("{}: {dockerfile} in {context}{target}{}", it.name.as_deref().unwrap(), args.concat())
    };
    let left_out = |it: &LeftOut| format!("{}: {}", it.name.as_deref().unwrap(), it.reason);
    let errors = definitions.found.errors.iter().map(|it| {
        let source = &definitions.sources[it.location.file.0 as usize];
        format!("{}:{}: {}", source.path, source.line(it.location.span.start), it.message)
    });
    let found = &definitions.found;
    found.builds.iter().map(line).chain(found.left_out.iter().map(left_out)).chain(errors).collect()
}

fn row(dockerfile: &str, context: &str, found_in: &str) -> (String, String, Option<String>, String) {
    (dockerfile.to_owned(), context.to_owned(), None, found_in.to_owned())
}

#[test]
fn short_and_long_builds() {
    let text = "# ü\nservices:\n  a:\n    build: ./api\n  b:\n    build:\n      context: .\n      \
                dockerfile: docker/b.Dockerfile\n      target: run\n  c: {image: x}\n";
    let mut long = row("deploy/docker/b.Dockerfile", "deploy", "build");
    long.2 = Some("run".to_owned());
    assert_eq!(read("deploy/compose.yaml", text), [row("deploy/api/Dockerfile", "deploy/api", "./api"), long]);
}

#[test]
fn what_is_not_known_is_left_out() {
    for build in [
        "https://example.com/x.git",
        "git@example.com:x.git",
        "$DIR",
        "${DIR}",
        "${DIR:?needed}",
        "{context: ., dockerfile: $FILE}",
        "{context: [.]}",
        "[a]",
        "",
    ] {
        assert_eq!(read("compose.yaml", &format!("services:\n  a:\n    build: {build}\n")), [], "{build}");
    }
    let partial = "services:\n  a:\n    build: {target: dev}\n";
    assert_eq!(read("compose.override.yaml", partial), []);
    assert_eq!(read("compose.yaml", partial).len(), 1);
    let text = "services:\n  a:\n    build: ${DIR:-./api}/${X:-${Y:-z}}\n";
    assert_eq!(read("compose.yml", text)[0].1, "api/z");
}

#[test]
fn anchors_and_merge_keys() {
    let text = "x-build: &base\n  context: .\n  args: {A: 1, B: }\nservices:\n  a:\n    build:\n      \
                <<: *base\n      dockerfile: a.Dockerfile\n  b: &b\n    build: *base\n  c:\n    <<: [*b]\n";
    let rows = read("compose.yaml", text);
    let dockerfiles: Vec<_> = rows.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(dockerfiles, ["a.Dockerfile", "Dockerfile", "Dockerfile"]);
    let args = &found(&[("compose.yaml", text)]).0.found.builds[0].args;
    assert_eq!(args["A"].as_deref(), Some("1"));
    assert_eq!(args["B"], None);
    let text = "services:\n  a:\n    build:\n      context: .\n      args: [A=b=c, D, 'E=$F']\n";
    let args = &found(&[("compose.yaml", text)]).0.found.builds[0].args;
    assert_eq!(args["A"].as_deref(), Some("b=c"));
    assert_eq!((&args["D"], &args["E"]), (&None, &None));
}

#[test]
fn broken_files_give_nothing() {
    for text in [
        "services: build: a: b",
        "services:\n\tbuild: [",
        "services: &a\n  b: *a\n  build: *c\n",
        "build",
        "services: &a {x: *a, build: .}",
        "- build",
        "services: [build]",
    ] {
        assert_eq!(read("compose.yaml", text), [], "{text}");
    }
    let deep = format!("services: {}build", "[".repeat(5_000));
    assert_eq!(read("compose.yaml", &deep), []);
}

#[test]
fn names() {
    for name in ["compose.yaml", "docker-compose.yml", "compose.dev.yaml", "docker-compose-x.yml"] {
        assert!(is_compose(name), "{name}");
    }
    for name in ["compose.json", "composer.yaml", "my-compose.yaml", "compose"] {
        assert!(!is_compose(name), "{name}");
    }
}

#[test]
fn files_are_laid_over_one_another() {
    let base = "services:\n  a:\n    build:\n      context: api\n      dockerfile: D\n      args: {A: 1, B: 2}\n  b: {image: x}\n";
    let over = "services:\n  a:\n    build:\n      target: dev\n      args: [B=3]\n  b:\n    build: b\n";
    let merged = ["a: api/D in api at dev A=1 B=3", "b: b/Dockerfile in b"];
    assert_eq!(lines(&[("compose.yaml", base), ("compose.override.yml", over)]), merged);
    // A file that cannot stand alone is laid over the default one.
    let part = "services:\n  a:\n    build:\n      target: prod\n";
    let both = ["a: api/D in api A=1 B=2", "a: api/D in api at prod A=1 B=2"];
    assert_eq!(lines(&[("compose.yaml", base), ("compose.prod.yaml", part)]), both);
    // One that can is read where it makes no difference.
    let whole = "services:\n  a:\n    build: {context: api, target: prod}\n";
    let unclear = "a: it cannot be told whether this file is used alone or over another one";
    assert_eq!(lines(&[("compose.yaml", base), ("compose.prod.yaml", whole)]), [both[0], unclear]);
    let whole = "services:\n  a:\n    build: {context: api, dockerfile: D, target: prod}\n";
    assert_eq!(lines(&[("compose.yaml", base), ("compose.prod.yaml", whole)]), both);
    let listed =
        [("compose.yaml", base), ("compose.x.yaml", part), (".env", "COMPOSE_FILE=compose.yaml:compose.x.yaml")];
    assert_eq!(lines(&listed), ["a: api/D in api at prod A=1 B=2"]);
    let reset = "services:\n  a:\n    image: x\n    build: !reset null\n";
    assert_eq!(lines(&[("compose.yaml", base), ("compose.override.yaml", reset)]), ["a: api/D in api A=1 B=2"; 0]);
}

#[test]
fn env_files_set_variables() {
    let text = "services:\n  a:\n    build: {context: '${DIR}', args: {V: $V, TOKEN: $T, W: '${W-w}'}}\n  b:\n    build: $NO\n";
    let env = "DIR=./api\nV=1\nT=hidden\n";
    assert_eq!(
        lines(&[("s/compose.yaml", text), ("s/.env", env)]),
        ["a: s/api/Dockerfile in s/api TOKEN=? V=1 W=w", "b: it depends on `$NO`, which nothing here sets"]
    );
}

#[test]
fn included_and_extended_files() {
    let main = "include:\n  - sub/compose.yaml\n  - path: other.yaml\n    project_directory: dir\nservices:\n  a:\n    \
                extends: {file: common/base.yaml, service: web}\n    build: {target: dev}\n  b:\n    extends: a\n";
    let files = [
        ("compose.yaml", main),
        ("sub/compose.yaml", "services:\n  s:\n    build: ${D:-x}\n"),
        ("sub/.env", "D=y\n"),
        ("other.yaml", "services:\n  o:\n    build: o\n"),
        ("common/base.yaml", "services:\n  web:\n    build:\n      context: ./web\n"),
    ];
    assert_eq!(
        lines(&files),
        [
            "a: common/web/Dockerfile in common/web at dev",
            "b: common/web/Dockerfile in common/web at dev",
            "s: sub/y/Dockerfile in sub/y",
            "o: dir/o/Dockerfile in dir/o",
        ]
    );
}

#[test]
fn circles_are_errors() {
    let text = "services:\n  a:\n    extends: b\n    build: .\n  b:\n    extends: a\n  c:\n    extends: c\n";
    let circle = "services extend one another in a circle";
    let found = lines(&[("compose.yaml", text)]);
    assert!(found.iter().all(|it| it.ends_with(circle)), "{found:?}");
    let (a, b) = ("include: [b.yaml]\n", "include: [compose.yaml]\n");
    let found = lines(&[("compose.yaml", a), ("b.yaml", b)]);
    assert_eq!(found, ["b.yaml:1: files include one another in a circle"]);
    assert_eq!(
        lines(&[("compose.yaml", "include: [no.yaml]\n")]),
        ["compose.yaml:1: includes no.yaml, which cannot be read"]
    );
    // Two files in each of many layers: every path through them cannot be walked.
    let texts: Vec<_> = (0..20).map(|at| format!("include: [a{}.yaml, b{}.yaml]\n", at + 1, at + 1)).collect();
    let names: Vec<_> = (0..20).flat_map(|at| [format!("a{at}.yaml"), format!("b{at}.yaml")]).collect();
    let mut files: Vec<_> = names.iter().zip(texts.iter().flat_map(|it| [it, it])).map(|(a, b)| (&**a, &**b)).collect();
    files.push(("compose.yaml", "include: [a0.yaml]\n"));
    assert!(lines(&files).len() < 10);
}

#[test]
fn lines_of_inline_dockerfiles_are_lines_of_the_file() {
    let text = "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM a\n\n        RUN echo $$A \\\n          \
                b\n        CMD c\n    # end\n";
    for text in [text.to_owned(), text.replace("|\n", "|-\n"), text.replace('\n', "\r\n")] {
        let (definitions, _) = found(&[("compose.yaml", &text)]);
        let Recipe::Inline(inline) = &definitions.found.builds[0].dockerfile else { panic!("{text}") };
        let old = inline.text.clone();
        assert!(old.starts_with("FROM a\n\nRUN echo $A \\\n  b\nCMD c"), "{old}");
        let at = old.find("CMD").unwrap();
        let span = inline.span(Span::new(at, at + 3)).unwrap();
        assert_eq!(&text[span.range()], "CMD");
        for (new, raw) in [
            (old.replace("FROM a", "FROM b"), "        FROM b\n"),
            (old.replace("RUN echo", "USER $U\nRUN  echo"), "        USER $$U\n        RUN  echo $$A \\\n"),
            (old.replace("CMD c", "CMD c\nUSER d"), "        CMD c\n        USER d\n    # end"),
            (old.replace("CMD c", "USER d\nCMD c"), "          b\n        USER d\n        CMD c\n"),
            (format!("# a\n{old}"), "|\n        # a\n        FROM a\n"),
            (old.replace("\n\n", "\n"), "        FROM a\n        RUN"),
            (old.replace("\nCMD c", ""), "          b\n    # end"),
        ] {
            let edit = inline.rewritten(&text, &new).unwrap();
            let written = crate::edit::apply(&text, &[edit]);
            let (definitions, _) = found(&[("compose.yaml", &written)]);
            assert!(
                matches!(&definitions.found.builds[0].dockerfile, Recipe::Inline(it) if it.text == new),
                "{new}\n{written}"
            );
            let same = written.replace('\r', "").replace("|-\n", "|\n");
            assert!(same.contains(raw), "{raw}\n{same}");
        }
        assert_eq!(inline.rewritten(&text, &old), None);
    }
}

#[test]
fn what_stands_for_something_else_is_not_rewritten() {
    let build = |dockerfile: &str| format!("services:\n  a:\n    build:\n      dockerfile_inline: {dockerfile}\n");
    for (dockerfile, text) in [
        (">\n        FROM a\n\n        RUN b", "FROM a\nRUN b\n"),
        ("\"FROM a\\nRUN b\"", "FROM a\nRUN b"),
        ("|\n        FROM a:${T:-1}\n        RUN b", "FROM a:1\nRUN b\n"),
    ] {
        let (definitions, _) = found(&[("compose.yaml", &build(dockerfile))]);
        let Recipe::Inline(inline) = &definitions.found.builds[0].dockerfile else { panic!("{dockerfile}") };
        assert_eq!((inline.text.as_str(), inline.is_rewritable()), (text, false));
        assert_eq!(inline.span(Span::at(0)).is_some(), dockerfile.starts_with('|'));
        assert_eq!(inline.rewritten(&build(dockerfile), "FROM b\n"), None);
    }
    assert_eq!(
        lines(&[("compose.yaml", &build("FROM $NOPE"))]),
        ["a: its Dockerfile depends on a variable that nothing here sets"]
    );
}

#[test]
fn inline_dockerfiles_and_named_contexts() {
    let text = "services:\n  a:\n    build:\n      context: .\n      dockerfile_inline: FROM a\n      target: ${T}\n      \
                additional_contexts: {base: service:b, img: docker-image://x, dir: ../d}\n      \
                cache_from: [x]\n      platforms: [linux/amd64]\n";
    let (definitions, _) = found(&[("s/compose.yaml", text)]);
    let build = &definitions.found.builds[0];
    assert!(matches!(&build.dockerfile, Recipe::Inline(it) if it.text == "FROM a" && !it.is_rewritable()));
    assert_eq!(build.target, Target::Unknown);
    assert_eq!(build.contexts["base"], NamedContext::Build("b".to_owned()));
    assert_eq!(build.contexts["img"], NamedContext::Other("docker-image://x".to_owned()));
    assert_eq!(build.contexts["dir"], NamedContext::Folder("d".to_owned()));
    assert_eq!((&build.cache_from[..], &build.platforms[..]), (&["x".to_owned()][..], &["linux/amd64".to_owned()][..]));
}
