//! Tests of the parser as a whole; BuildKit's own answers are in `testdata/syntax/edge_parse.jsonl`.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::source::Source;

fn first_line(text: &str) -> Instruction {
    parse(text).instructions().next().expect("an instruction").clone()
}

/// A text, and what is expected of it.
type Case<'a, T> = (&'a str, &'a [T]);

/// The words or strings of arguments with the text that their spans cover.
fn placed<'a>(text: &'a str, args: &'a Args) -> Vec<(&'a str, &'a str)> {
    let words = match args {
        Args::Words(words) | Args::Json(words) => words.as_slice(),
        Args::Text(word) => std::slice::from_ref(word),
        other => panic!("{other:?} has no words"),
    };
    words.iter().map(|it| (it.text.as_str(), &text[it.span.range()])).collect()
}

fn messages(text: &str) -> Vec<String> {
    let source = Source::new("Dockerfile", text);
    parse(text).errors.iter().map(|it| format!("{}: {}", source.line(it.span.start), it.message)).collect()
}

/// The arguments as BuildKit's parser lists them: a pair is name, value and separator.
fn buildkit_args(args: &Args) -> Vec<String> {
    match args {
        Args::Words(words) | Args::Json(words) => words.iter().map(|it| it.text.clone()).collect(),
        Args::Pairs(pairs) => pairs
            .iter()
            .flat_map(|it| [it.key.text.clone(), it.value.text.clone(), if it.legacy { "" } else { "=" }.to_owned()])
            .collect(),
        Args::Shell(text) => vec![text.text.clone()],
        Args::Text(word) => vec![word.text.clone()],
        Args::Health { kind, command } => {
            let command = command.as_deref().map(buildkit_args).unwrap_or_default();
            std::iter::once(kind.text.clone()).chain(command).collect()
        }
        Args::Onbuild(_) | Args::None => Vec::new(),
    }
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|it| it.as_str().expect("a string").to_owned()).collect()
}

/// How one case of BuildKit differs from ours; empty if it does not.
fn difference(case: &Value) -> String {
    let text = case["dockerfile"].as_str().expect("a Dockerfile");
    let source = Source::new("Dockerfile", text);
    let (file, mut out) = (parse(text), String::new());
    let mut compare = |what: &str, ours: Value, theirs: &Value| {
        if ours != *theirs {
            writeln!(out, "  {what}: {ours}, BuildKit has {theirs}").expect("a string takes all");
        }
    };
    compare("has an error", Value::from(!file.errors.is_empty()), &Value::from(!case["error"].is_null()));
    if case["error_stage"] == "parser" {
        return out;
    }
    compare("escape", Value::from(file.escape.to_string()), &case["escape"]);
    if case["name"] != "c-style syntax" {
        for (name, directive) in case["directives"].as_object().expect("an object") {
            let ours = file.directives().find(|it| it.name.text == *name).map(|it| it.value.text.as_str());
            compare("directive", Value::from(ours), &directive["value"]);
        }
    }
    let theirs = case["instructions"].as_array().expect("a list");
    compare("instructions", Value::from(file.instructions().count()), &Value::from(theirs.len()));
    for (ours, theirs) in file.instructions().zip(theirs) {
        let keyword = theirs["keyword"].as_str().expect("a keyword").to_uppercase();
        compare("keyword", Value::from(ours.keyword.text.as_str()), &Value::from(keyword));
        compare("start", Value::from(source.line(ours.span.start)), &theirs["start"]);
        compare("end", Value::from(source.line(ours.span.end)), &theirs["end"]);
        compare("json", Value::from(matches!(ours.args, Args::Json(_))), &Value::from(theirs["json"] == true));
        if ours.kind != Keyword::Unknown {
            compare("args", buildkit_args(&ours.args).into(), &strings(&theirs["args"]).into());
        }
        let flags = ours.flags.iter().map(|it| match &it.value {
            Some(value) => format!("--{}={}", it.name, value.text),
            None => format!("--{}", it.name),
        });
        compare("flags", flags.collect(), &strings(&theirs["flags"]).into());
        let heredocs = theirs["heredocs"].as_array().map(Vec::as_slice).unwrap_or_default();
        compare("heredocs", Value::from(ours.heredocs.len()), &Value::from(heredocs.len()));
        for (ours, theirs) in ours.heredocs.iter().zip(heredocs) {
            compare("name", Value::from(ours.name.as_str()), &theirs["name"]);
            compare("fd", Value::from(ours.fd.unwrap_or_default()), &theirs["fd"]);
            compare("expand", Value::from(ours.expand), &theirs["expand"]);
            compare("chomp", Value::from(ours.chomp), &theirs["chomp"]);
            compare("body", Value::from(source.slice(ours.body)), &theirs["content"]);
        }
    }
    out
}

#[test]
fn buildkit_says_the_same() {
    let cases = include_str!("../../testdata/syntax/edge_parse.jsonl");
    let mut differences = String::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).expect("a case is JSON");
        let difference = difference(&case);
        if !difference.is_empty() {
            writeln!(differences, "{}\n{difference}", case["name"]).expect("a string takes all");
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}

#[test]
fn words_know_their_places_through_continuations() {
    let text = "FROM a\nCOPY --from=\"b\\\nc\" x\\\n# no\ny \\\n\n z\n";
    let file = parse(text);
    let copy = file.instructions().nth(1).expect("two instructions");
    assert_eq!(placed(text, &copy.args), [("xy", "x\\\n# no\ny"), ("z", "z")]);
    let flag = copy.flag("from").expect("a flag");
    assert_eq!(&text[flag.span.range()], "--from=\"b\\\nc\"");
    let value = flag.value.as_ref().expect("a value");
    assert_eq!((value.text.as_str(), &text[value.span.range()]), ("bc", "\"b\\\nc\""));
    assert_eq!(copy.rest.text, "xy  z");
    assert_eq!(copy.comments.iter().map(|it| &text[it.range()]).collect::<Vec<_>>(), ["# no"]);
    assert_eq!(&text[copy.span.range()], text["FROM a\n".len()..].trim_end());
}

#[test]
fn arguments_are_read_as_buildkit_reads_them() {
    let cases: &[Case<'_, (&str, &str)>] = &[
        ("FROM a AS b", &[("a", "a"), ("AS", "AS"), ("b", "b")]),
        ("EXPOSE 80\t81", &[("80", "80"), ("81", "81")]),
        ("ARG a=\"b c\" d=e\\ f g\\\\\\", &[("a=\"b c\"", "a=\"b c\""), ("d=e\\ f", "d=e\\ f"), ("g\\\\", "g\\\\\\")]),
        ("ARG a='b\\' c", &[("a='b\\'", "a='b\\'"), ("c", "c")]),
        ("CMD [\"a\", \"\\u00e9\\n\"]", &[("a", "\"a\""), ("é\n", "\"\\u00e9\\n\"")]),
        ("CMD [\"\\ud83d\\ude00\\ud800\"]", &[("😀\u{fffd}", "\"\\ud83d\\ude00\\ud800\"")]),
        ("COPY \"a b\" c", &[("\"a", "\"a"), ("b\"", "b\""), ("c", "c")]),
        ("USER  a b ", &[("a b", "a b")]),
        ("WORKDIR /a\u{a0}", &[("/a", "/a")]),
        ("FOO --x bar", &[("bar", "bar")]),
        ("COPY -- --a b", &[("--a", "--a"), ("b", "b")]),
    ];
    for (text, words) in cases {
        assert_eq!(placed(text, &first_line(text).args), *words, "{text}");
    }
}

#[test]
fn the_instruction_in_onbuild_has_real_places() {
    let text = "ONBUILD  RUN --mount=a cat <<-E \\\n  x\n\tb\n\tE\nFROM a\n";
    let outer = first_line(text);
    let Args::Onbuild(inner) = &outer.args else { panic!("{outer:?}") };
    assert_eq!(&text[inner.span.range()], "RUN --mount=a cat <<-E \\\n  x\n\tb\n\tE");
    assert_eq!(&text[inner.flags[0].span.range()], "--mount=a");
    assert_eq!(inner.rest.text, "cat <<-E   x");
    assert_eq!(&text[inner.heredocs[0].opener.range()], "<<-E");
    assert_eq!(&text[inner.heredocs[0].body.range()], "\tb\n");
}

#[test]
fn heredocs_are_found_where_buildkit_finds_them() {
    let cases: &[Case<'_, (&str, bool, &str)>] = &[
        ("RUN << E\nb\nE\n", &[("E", true, "<< E")]),
        ("RUN a <<\"E F\" b\nE F\n", &[("E F", false, "<<\"E F\"")]),
        ("RUN <<E\\'\nE'\n", &[("E'", true, "<<E\\'")]),
        ("RUN cat<<E\n", &[]),
        ("RUN a <<<E\n", &[]),
        ("RUN a <<- E\n", &[]),
        ("RUN a ' <<E\n", &[]),
        ("RUN a ${#b} <<E\n", &[]),
        ("RUN [\"a <<E\"]\n", &[]),
        ("RUN [\"a\"] <<E\nE\n", &[("E", true, "<<E")]),
        ("RUN a ${b:-c d} <<E\nE\n", &[("E", true, "<<E")]),
        ("RUN a \"${b:-'\"'}\" <<E\nE\n", &[("E", true, "<<E")]),
        ("COPY <<A <<'B' /c\n1\nA\n2\nB\n", &[("A", true, "<<A"), ("B", false, "<<'B'")]),
        ("ADD a \\\n <<E /c\r\nE\r\n", &[("E", true, "<<E")]),
    ];
    for (text, expected) in cases {
        let found = first_line(text);
        let found: Vec<_> =
            found.heredocs.iter().map(|it| (it.name.as_str(), it.expand, &text[it.opener.range()])).collect();
        assert_eq!(found, *expected, "{text}");
    }
}

#[test]
fn directives_end_with_the_first_other_line() {
    let escape = |text: &str| parse(text).escape;
    assert_eq!(escape("\u{feff}# Syntax = x \n #escape=`\nFROM a"), '`');
    assert_eq!(escape("# check=skip=all\r\n# escape = ` \r\nFROM a"), '`');
    assert_eq!(escape("\n# escape=`\nFROM a"), '\\');
    assert_eq!(escape("# escape=\n# escape=`\nFROM a"), '\\');
    let text = "# syntax =  a b\t\nFROM a";
    let file = parse(text);
    let it = file.directives().next().expect("a directive");
    assert_eq!((&text[it.name.span.range()], &text[it.value.span.range()]), ("syntax", "a b"));
}

#[test]
fn errors_stand_where_the_fault_is() {
    let cases: &[Case<'_, &str>] = &[
        ("FROM a\nRUNN b\n", &["2: `RUNN` is no instruction"]),
        ("FROM a\nENV a=b c\n", &["2: `c` has no `=`: ENV takes `name=value`"]),
        ("FROM a\nLABEL a\n", &["2: `a` has no value: LABEL takes `name=value`"]),
        ("FROM a\nCOPY \\\n --frm=b c d\n", &["3: `COPY` has no flag `--frm`"]),
        ("FROM a\nADD --link=no b c\n", &["2: the flag `--link` takes `true` or `false`, not `no`"]),
        ("FROM a\nADD --chmod=1 --chmod=2 b c\n", &["2: the flag `--chmod` stands here a second time"]),
        ("FROM a\nHEALTHCHECK --interval CMD b\n", &["2: the flag `--interval` needs a value"]),
        ("FROM a\nHEALTHCHECK NONE b\n", &["2: `HEALTHCHECK NONE` takes nothing more"]),
        ("FROM a\nRUN x\nRUN <<E\nb\n", &["3: the heredoc `E` has no end"]),
        ("FROM a\nSHELL sh -c\n", &["2: `SHELL` takes a JSON array of at least one string"]),
        ("FROM a\nONBUILD ONBUILD RUN b\n", &["2: `ONBUILD` cannot stand in `ONBUILD`"]),
        ("FROM a\nONBUILD FOO b\nONBUILD RUN --x y\n", &[]),
        ("ARG a\nRUN b\nRUN c\n", &["2: `RUN` stands before the first `FROM`, where only `ARG` can"]),
        ("FROM a as 1\n", &["1: a stage name starts with a letter; then come letters, digits, `-`, `_` and `.`"]),
        ("FROM a aS B.c-d_1\nARG --x y\nSTOPSIGNAL --x 9\nHEALTHCHECK --x NONE\nRUN --mount=a --mount=b\n", &[]),
        ("FROM a\nVOLUME [\"\"]\n", &["2: a volume cannot be an empty string"]),
        ("FROM a\nCOPY b <<E\nE\n", &["2: a heredoc cannot be the destination"]),
        ("FROM a\n\\\n", &["2: a continuation with nothing to continue"]),
        ("# escape=x\nFROM a\n", &["1: the escape character is `\\` or a backtick, not `x`"]),
        ("# syntax=a\n# syntax=b\nFROM a\n", &["2: the directive `syntax` stands here a second time"]),
        ("# only\n", &["1: the file has no instruction"]),
        ("FROM a\nCMD [\"b\", 1]\n", &["2: a JSON array of arguments can hold only strings"]),
        ("FROM a\nCMD [ 1 ] b\nCMD ['c']\nCMD [\"a\",]\n", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(messages(text), *expected, "{text}");
    }
}

#[test]
fn what_stands_around_an_error_is_parsed() {
    let file = parse("RUN a\n# c\n\nENV x=1 y z=2\nFROM b\nFROM\nRUN c\n");
    let stages: Vec<_> = file.instructions().map(|it| it.stage).collect();
    assert_eq!(stages, [None, None, Some(0), Some(1), Some(1)]);
    let env = file.instructions().nth(1).expect("an ENV");
    let Args::Pairs(pairs) = &env.args else { panic!("{env:?}") };
    assert_eq!(pairs.iter().map(|it| it.key.text.as_str()).collect::<Vec<_>>(), ["x", "z"]);
}

/// Asserts that the items tile the text, and that every span is one of it.
fn assert_lossless(text: &str) {
    let file = parse(text);
    let mut at = 0;
    for item in &file.items {
        assert_eq!(item.span.start as usize, at);
        assert!(!item.span.is_empty());
        at = item.span.end as usize;
        if let ItemKind::Instruction(it) = &item.kind {
            assert!(item.span.contains(it.span), "{it:?}");
            let flags = it.flags.iter().map(|it| it.span);
            let heredocs = it.heredocs.iter().flat_map(|it| [it.opener, it.body]);
            for span in [it.keyword.span, it.rest.whole()].into_iter().chain(flags).chain(heredocs) {
                assert!(it.rest.text.is_empty() || it.span.contains(span) || span.is_empty(), "{span:?} in {it:?}");
                assert!(text.get(span.range()).is_some());
            }
        }
    }
    assert_eq!(at, text.len());
    assert!(file.errors.iter().all(|it| text.get(it.span.range()).is_some()));
    let source = Source::new("Dockerfile", text);
    assert_eq!(dump("Dockerfile", &source, &file)["path"], "Dockerfile");
}

#[test]
fn a_heredoc_without_an_end_stays_in_its_instruction() {
    for text in
        ["RUN <<-E", "RUN <<-E\n", "RUN <<-E\n\\\n", "RUN <<E <<F\na\nE\nb\n\n\n", "ONBUILD COPY <<E /a\r\nb\r\n"]
    {
        assert_lossless(text);
        let it = first_line(text);
        let body = it.heredocs.last().expect("a heredoc").body;
        assert!(body.is_empty() || body.end == it.span.end, "{it:?}");
        assert!(["", "\n", "\r\n"].contains(&&text[it.span.range().end..]), "{it:?}");
    }
}

proptest! {
    #![proptest_config(crate::tests::cases())]

    #[test]
    fn any_text_is_tiled(text in any::<String>()) {
        assert_lossless(&text);
    }

    #[test]
    fn any_pieces_are_tiled(pieces in prop::collection::vec(prop::sample::select(vec![
        "FROM", "RUN", "COPY", "ENV", "ONBUILD", "HEALTHCHECK", "CMD", "ARG", "\u{feff}", "\u{a0}", "é", "E", "=", "--", "--a=",
        "# escape=`", "#", " ", "\t", "\\", "`", "\\\n", "\n", "\r\n", "\r", "<<", "<<-E", "'", "\"", "[", "]", "[\"a\"", ",",
        "$", "${", "}", "${a:-", "/", "\\ud800", "{",
    ]), 0..40)) {
        assert_lossless(&pieces.concat());
    }
}

#[test]
fn hostile_input_takes_linear_time() {
    let many = 100_000;
    let cases = [
        "FROM a\nRUN <<E ".to_owned() + &"${a:-".repeat(many),
        "FROM a\nRUN ".to_owned() + &"[".repeat(many),
        "ONBUILD ".repeat(many),
        "FROM a\nRUN a".to_owned() + &" \\\n # b\n\n c <<".repeat(many),
        "FROM a\nCOPY ".to_owned() + &"--exclude=a ".repeat(many) + &"--chown=a ".repeat(many),
        "# syntax=a\n".repeat(many) + &"# escape=`\n".repeat(many),
        "FROM a\nRUN".to_owned() + &" <<E".repeat(many) + "\n" + &"E\n".repeat(many),
    ];
    let start = std::time::Instant::now();
    for text in &cases {
        assert_eq!(parse(text).items.last().map(|it| it.span.end as usize), Some(text.len()));
    }
    // Seconds even without optimization; quadratic time would take minutes.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
