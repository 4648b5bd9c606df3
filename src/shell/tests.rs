//! Tests of the shell reader on RUN instructions as they stand in Dockerfiles.

use proptest::prelude::*;
use smallvec::smallvec;

use super::*;
use crate::source::Cooked;

/// The shell texts of the RUN instructions of a Dockerfile, joined as `BuildKit` joins them.
fn runs(file: &str) -> Vec<Cooked> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in file.split_inclusive('\n') {
        lines.push((start, line.strip_suffix('\n').map_or(line, |it| it.strip_suffix('\r').unwrap_or(it))));
        start += line.len();
    }
    let mut out = Vec::new();
    let mut at = 0;
    while let Some((mut start, mut line)) = lines.get(at).copied() {
        at += 1;
        start += line.len() - line.trim_start().len();
        line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut cooked = Cooked::default();
        loop {
            let cut = line.trim_end_matches([' ', '\t']);
            let body = cut.strip_suffix('\\').filter(|it| !it.ends_with('\\'));
            cooked.push(body.unwrap_or(line), start);
            if body.is_none() {
                break;
            }
            let is_skipped = |(_, it): &&(usize, &str)| it.trim().is_empty() || it.trim_start().starts_with('#');
            at += lines[at..].iter().take_while(is_skipped).count();
            let Some(next) = lines.get(at) else { break };
            (start, line) = *next;
            at += 1;
        }
        let Some(rest) = cooked.text.strip_prefix("RUN ").map(str::trim_start) else { continue };
        let mut rest = rest;
        while rest.starts_with("--") {
            rest = rest.split_once(' ').map_or("", |it| it.1).trim_start();
        }
        let mut body = cooked.slice(cooked.text.len() - rest.len()..cooked.text.len());
        if let Some((_, name)) = rest.split_once("<<").filter(|it| !it.1.starts_with('<')) {
            let name = name.trim_start_matches('-');
            let end = name.find(|it: char| !it.is_alphanumeric() && !"'\"".contains(it)).unwrap_or(name.len());
            let name = name[..end].trim_matches(['\'', '"']).to_owned();
            if rest.starts_with("<<") {
                body = Cooked::default();
            } else {
                body.push("\n", lines[at - 1].0 + lines[at - 1].1.len());
            }
            while let Some((start, line)) = lines.get(at) {
                at += 1;
                let last = line.trim_start_matches('\t') == name;
                if !(last && rest.starts_with("<<")) {
                    body.push(line, *start);
                    body.push("\n", start + line.len());
                }
                if last {
                    break;
                }
            }
        }
        out.push(body);
    }
    out
}

fn plain(text: &str) -> Cooked {
    let mut out = Cooked::default();
    out.push(text, 0);
    out
}

/// A node in a compact notation: words joined by blanks, what is not literal as `?`.
fn show(node: &Node) -> String {
    match node {
        Node::Command(it) => {
            let assignments = it
                .assignments
                .iter()
                .map(|it| format!("{}={}", it.name, it.value.as_ref().map_or("-".into(), show_word)));
            let words = it.words.iter().map(show_word);
            let redirects = it
                .redirects
                .iter()
                .map(|it| format!("{}{}", it.operator, it.target.as_ref().map_or(String::new(), show_word)));
            words.chain(assignments).chain(redirects).collect::<Vec<_>>().join(" ")
        }
        Node::Pipeline { members, negated, .. } => {
            let members: Vec<_> = members.iter().map(show).collect();
            format!("{}{}", if *negated { "! " } else { "" }, members.join(" | "))
        }
        Node::Compound(it) => {
            let lists: Vec<_> = it.lists.iter().map(show_list).collect();
            format!("{:?}[{}]", it.kind, lists.join("] ["))
        }
        Node::Opaque(_) => "OPAQUE".into(),
    }
}

fn show_word(word: &Word) -> String {
    let pieces = word.pieces.iter().map(|it| match it {
        Piece::Literal(text) => text.to_string(),
        Piece::Glob(text) => format!("<{text}>"),
        Piece::Variable(name) => format!("${name}"),
        Piece::Unknown => "?".into(),
    });
    let inner = word.substitutions.iter().map(|it| format!("`{}`", show_list(&it.list)));
    pieces.chain(inner).collect()
}

fn show_list(list: &List) -> String {
    let mut out = String::new();
    for item in &list.items {
        match item.operator.map(|it| it.kind) {
            None => {}
            Some(kind) => out.push_str(sign(kind)),
        }
        out.push_str(&show(&item.node));
        out.push_str(item.terminator.map_or("", |it| sign(it.kind)).trim_end());
    }
    out
}

fn sign(kind: OperatorKind) -> &'static str {
    match kind {
        OperatorKind::And => " && ",
        OperatorKind::Or => " || ",
        OperatorKind::Semicolon => "; ",
        OperatorKind::Background => " & ",
        OperatorKind::Newline => " / ",
    }
}

#[test]
fn lists_words_and_compounds() {
    let cases = [
        ("a && b || c; d & e", "a && b || c; d & e"),
        ("a;b;", "a; b;"),
        ("a b\"c d\"'e f'\\ g", "a bc de f g"),
        (r#"a "x\"y\n\$z" '' """#, r#"a x"y\n$z  "#),
        (
            "rm -rf /var/lib/apt/lists/* [a-z]? ~/x {a,b} x{} [ ]",
            "rm -rf /var/lib/apt/lists/<*> <[a-z]><?> <~>/x <{a,b}> x{} [ ]",
        ),
        ("a $B ${C}d \"$E\" ${F:-$(g h)} $1 $((1+$(i)))", "a $B $Cd $E ?`g h` ? ?`i`"),
        ("a $(b `c`) \"$(d && e)\"", "a ?`b ?`c`` ?`d && e`"),
        ("a `echo \\`b\\``", "a ?`OPAQUE`"),
        ("A=1 B=\"$C\" d", "d A=1 B=$C"),
        ("A= ; B=(c d) E+=f", "A=; B=- E=?"),
        ("export A=b C D=\"x y\" -n", "export -n A=b C=- D=x y"),
        ("a >b 2>&1 </dev/null &>>c <<<d", "a >b >&1 </dev/null &>>c <<<d"),
        (">x exit 1 || return", "exit 1 >x || return"),
        ("! a | b && ! c", "! a | b && ! c"),
        ("a |& b", "a | b"),
        ("(a; b ) && { c || d; } >e", "Subshell[a; b] && Group[c || d;]"),
        ("if [ -f x ]; then a; elif b; then c; else d; fi; e", "Conditional[[ -f x ];] [a;] [b;] [c;] [d;]; e"),
        ("for i in a b; do c $i; done && d", "Loop[c $i;] && d"),
        ("for ((i=0;i<3;i++)); do a; done", "Loop[a;]"),
        ("while read x; do y; done <f | z", "Loop[read x;] [y;] | z"),
        ("case \"$x\" in a|b) c ;; *) d; e;; esac; f", "Conditional[c] [d; e]; f"),
        ("f() { a; }; f", "Function[Group[a;]]; f"),
        ("[[ -f x && $y == z ]] && ((x > 1))", "[[ x $y ? ]] && (( ?"),
        ("time -p a | b", "time -p a | b"),
        ("a # c\n# d\nb && # e\nc\n", "a / b && c"),
        ("cat <<EOF >x && b\nhello $(c)\nEOF\nd", "cat <<EOF`c` >x && b / d"),
        ("cat <<-'E' | (\n\tx && (y\n\tE\na\n)\nb", "cat <<-E | Subshell[a] / b"),
        ("a \\\n  b && \\\nc", "a b && c"),
        ("cat <<É é=ü\nx\nÉ\necho \"ö\" é{ä,b}", "cat é=ü <<É / echo ö é<{ä,b}>"),
        ("a <`\"\\\"*'é`é", "a <?é`OPAQUE`"),
        ("\"\\\"`é`\"ö", "?`OPAQUE`"),
        ("if a", "OPAQUE"),
        ("", ""),
    ];
    for (text, expected) in cases {
        let script = parse(&plain(text));
        assert_eq!(show_list(&script.list), expected, "{text}");
    }
}

#[test]
fn spans_are_tight_and_lead_to_the_file() {
    let file =
        "FROM x\nRUN --mount=a set -e \\\n  # why\n && ( cd x; ls  )   >f \\\n\n && if a; then b ; fi   ; e\\\nf g\n";
    let script = parse(&runs(file)[0]);
    let spans = script.list.items.iter().map(|it| &file[it.node.span().range()]);
    assert_eq!(spans.collect::<Vec<_>>(), ["set -e", "( cd x; ls  )   >f", "if a; then b ; fi", "e\\\nf g"]);
    let operators = script.list.items.iter().filter_map(|it| it.operator).map(|it| &file[it.span.range()]);
    assert_eq!(operators.collect::<Vec<_>>(), ["&&", "&&", ";"]);
    let last = script.invocations().pop().unwrap();
    assert_eq!((last.program.as_str(), &file[last.words[1].span.range()]), ("ef", "g"));
}

#[test]
fn nesting_is_bounded() {
    let deep = |open: &str, close: &str, n: usize| format!("{}a{}", open.repeat(n), close.repeat(n));
    let texts = [
        deep("$(", ")", 90),
        deep("( ", " )", 90),
        deep("{ ", "; }", 90),
        deep("\"$(", ")\"", 45),
        deep("if a; then ", "; fi", 90),
        deep("${a:-", "}", 500),
        "a && ".repeat(900) + "b",
        "a | ".repeat(900) + "b",
        "a; ".repeat(20_000),
        "sh -c \"".repeat(100),
    ];
    for text in texts {
        std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(move || parse(&plain(&text)).invocations().len())
            .unwrap()
            .join()
            .unwrap();
    }
}

/// `wrappers>program words@setting`, with `A`, `N`, `P` for the setting.
fn show_invocations(script: &Script) -> String {
    let shown = script.invocations().into_iter().map(|it| {
        let words: Vec<_> = it.words[1..].iter().map(show_word).collect();
        let environment: Vec<_> = it.environment.iter().map(|it| format!("{}+", it.name)).collect();
        let setting = match it.setting {
            Setting::Always => "A",
            Setting::Nested => "N",
            Setting::Perhaps => "P",
        };
        let wrappers: Vec<_> = it.wrappers.iter().map(|it| format!("{it}>")).collect();
        let head = format!("{}{}{}", wrappers.concat(), environment.concat(), it.program);
        [vec![head], words, vec![format!("@{setting}")]].concat().join(" ")
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[test]
fn invocations_see_through_wrappers() {
    let cases = [
        ("a && b || c; d || e && f", "a @A, b @A, c @P, d @A, e @P, f @A"),
        ("a | b && (c || d) && { e; }", "a @N, b @N, c @N, d @P, e @N"),
        ("if a; then b; fi; for x in y; do c; done; f() { d; }", "a @P, b @P, c @P, d @P"),
        ("a && b & c &", "a @P, b @P, c @P"),
        ("a $(b) >$(c); D=$(e)", "a ?`b` @A, b @P, c @P, e @P"),
        ("sudo -E -u root -H /usr/bin/apt-get update", "sudo>apt-get update @A"),
        ("sudo A=b apt install x", "sudo>A+apt install x @A"),
        ("A=b env -i -u X C=$d pip install x", "env>A+C+pip install x @A"),
        ("time nice -n 5 nohup make -j4", "time>nice>nohup>make -j4 @A"),
        ("find . | xargs -r -n1 -0 -I{} rm {}", "find . @N, xargs>rm {} @N"),
        ("timeout -k 5 10 curl x; gosu app:app id; su-exec app id", "timeout>curl x @A, gosu>id @A, su-exec>id @A"),
        ("exec -a x y; command z; command -v w", "exec>y @A, command>z @A, command -v w @A"),
        ("stdbuf -oL ionice -c 2 eatmydata doas -u a b", "stdbuf>ionice>eatmydata>doas>b @A"),
        ("env; sudo; xargs", "env @A, sudo @A, xargs @A"),
        ("sudo -- $X y; ${V}/bin/pip install z", "pip install z @A"),
        ("sh -c 'a && b || c'", "sh>a @N, sh>b @N, sh>c @P"),
        ("sudo bash -exo pipefail -c \"a \\\"x y\\\" | b $C\"", "sudo>bash>a x y @N, sudo>bash>b $C @N"),
        ("busybox sh -c 'env A=1 b'", "busybox>sh>env>A+b @N"),
        ("bash -c \"a $(b)\"", "bash -c a ?`b` @A, b @P"),
        ("bash script.sh -c", "bash script.sh -c @A"),
        ("sh -c 'sh -c \"a b\"'", "sh>sh>a b @N"),
        ("export A=b; A=c", "A+export @A"),
        ("if", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(show_invocations(&parse(&plain(text))), expected, "{text}");
    }
}

#[test]
fn the_text_of_a_shell_has_its_places_in_the_file() {
    let file = "RUN bash -lc \"apt-get \\\n   update && echo \\\"hi\\\"\" && sh -c 'pip \\\n install x'\n";
    let invocations = parse(&runs(file)[0]).invocations();
    let places = invocations.iter().map(|it| &file[it.command.range()]);
    assert_eq!(places.collect::<Vec<_>>(), ["apt-get \\\n   update", "echo \\\"hi\\\"", "pip \\\n install x"]);
}

#[test]
fn json_form_is_unwrapped() {
    let words = ["gosu", "app", "/usr/sbin/nginx", "-g"];
    let words = words.map(|it| Word { pieces: smallvec![Piece::Literal(it.into())], ..Word::default() });
    let words = words.into_iter().collect();
    let run = exec(&words).unwrap();
    assert_eq!((run.program.as_str(), run.words.len(), run.wrappers.len()), ("nginx", 2, 1));
    assert!(exec(&Words::default()).is_none());
}

/// All commands of a file's RUN instructions that have the program `program`, and the file without them.
fn without(file: &str, program: &str) -> Option<String> {
    let mut out = file.to_owned();
    let mut expected = Vec::new();
    let mut deletions = Vec::new();
    for cooked in runs(file) {
        let script = parse(&cooked);
        let goes = |it: &ListItem| matches!(&it.node, Node::Command(it) if it.words.first().and_then(Word::literal).as_deref() == Some(program));
        let spans: Vec<_> = script.list.items.iter().filter(|it| goes(it)).map(|it| it.node.span()).collect();
        let kept = script.list.items.iter().filter(|it| !goes(it)).map(|it| show(&it.node)).collect::<Vec<_>>();
        if spans.is_empty() {
            expected.push(kept);
            continue;
        }
        match script.removal(&spans, file)? {
            Removal::All => return Some("ALL".into()),
            Removal::Some(spans) => deletions.extend(spans),
        }
        expected.push(kept);
    }
    assert!(deletions.windows(2).all(|it| it[0].end < it[1].start), "{deletions:?} touch in {file}");
    for span in deletions.iter().rev() {
        assert!(!span.is_empty());
        out.replace_range(span.range(), "");
    }
    let left = runs(&out).into_iter().map(|it| {
        let script = parse(&it);
        script.list.items.iter().map(|it| show(&it.node)).collect::<Vec<_>>()
    });
    assert_eq!(left.collect::<Vec<_>>(), expected, "\n{file}\n---\n{out}");
    let comments = |text: &str| text.lines().filter(|it| it.trim_start().starts_with('#')).count();
    assert_eq!(comments(file), comments(&out), "comments lost:\n{file}\n---\n{out}");
    assert!(out.ends_with("CMD x\n") == file.ends_with("CMD x\n"));
    Some(out)
}

#[test]
fn removal_gives_the_expected_text() {
    let cases = [
        ("RUN a && X b && c\n", Some("RUN a && c\n")),
        ("RUN X && a\n", Some("RUN a\n")),
        ("RUN --mount=x X && \\\n  a\n", Some("RUN --mount=x a\n")),
        ("RUN a \\\n  && X\nCMD x\n", Some("RUN a\nCMD x\n")),
        ("RUN a && \\\n  X\nCMD x\n", Some("RUN a\nCMD x\n")),
        ("RUN a \\\n  && X && b \\\n  && c\n", Some("RUN a \\\n  && b \\\n  && c\n")),
        ("RUN a && \\\n  X && b\n", Some("RUN a && \\\n  b\n")),
        ("RUN a; X;\n", Some("RUN a;\n")),
        ("RUN a && X; b\n", Some("RUN a; b\n")),
        ("RUN a; X && b\n", Some("RUN a; b\n")),
        ("RUN set -eux; \\\n\ta; \\\n\tX b; \\\n\tc\n", Some("RUN set -eux; \\\n\ta; \\\n\tc\n")),
        ("RUN set -eux \\\n\t; a \\\n\t; X b \\\n\t; c\n", Some("RUN set -eux \\\n\t; a \\\n\t; c\n")),
        ("RUN a \\\n\t; \\\n\tX \\\n\t; \\\n\tc\n", Some("RUN a \\\n\t; \\\n\tc\n")),
        ("RUN a && X && X 2 && b && X 3\n", Some("RUN a && b\n")),
        ("RUN X; X\n", Some("ALL")),
        ("RUN # c\\\n", Some("RUN # c\\\n")),
        ("RUN a \\\n  b \\\n  # or c\n  && X\n", Some("RUN a \\\n  b\n  # or c\n")),
        ("RUN a \\\n  b \\\n  # c \\\n  && X\n", None),
        ("RUN a || X\n", None),
        ("RUN a && X || true\n", None),
        ("RUN a && X & b\n", None),
        ("RUN X &\n", None),
        ("RUN a && X <<E\nfoo\nE\n", None),
        ("RUN a && X \\\n # keep\n b && c\n", None),
        // Comments stay.
        ("RUN a && \\\n  # why\n  X && \\\n  b\n", Some("RUN a && \\\n  # why\n  b\n")),
        ("RUN a \\\n  # why\n  && X \\\n  && b\n", Some("RUN a \\\n  # why\n  && b\n")),
        ("RUN a && \\\n  # why\n  X && \\\n  # how\n  b\n", Some("RUN a && \\\n  # why\n  # how\n  b\n")),
        ("RUN a \\\n  # why\n  && X \\\n  # how\n  && b\n", Some("RUN a \\\n  # why\n  # how\n  && b\n")),
        ("RUN X && \\\n  # how\n  b\n", Some("RUN \\\n  # how\n  b\n")),
        ("RUN a && X && \\\n  # how\n  b\n", Some("RUN a && \\\n  # how\n  b\n")),
        ("RUN a && \\\n  # why\n  X\nCMD x\n", Some("RUN a\n  # why\nCMD x\n")),
        ("RUN a \\\n  # why\n\n  # more\n  && X\nCMD x\n", Some("RUN a\n  # why\n\n  # more\nCMD x\n")),
        // Heredocs.
        ("RUN <<E\na\nX\nb\nE\n", Some("RUN <<E\na\nb\nE\n")),
        ("RUN <<E\nX\nb\nE\n", Some("RUN <<E\nb\nE\n")),
        ("RUN <<E\na && X\nb; X\nE\n", Some("RUN <<E\na\nb\nE\n")),
        ("RUN <<E\na # c\n# why\nX\n# how\nb\nE\n", Some("RUN <<E\na # c\n# why\n# how\nb\nE\n")),
        ("RUN <<E\na\n# why\nX\nE\n", Some("RUN <<E\na\n# why\nE\n")),
        ("RUN cat <<E >f && X\nfoo\nE\n", Some("RUN cat <<E >f\nfoo\nE\n")),
        ("RUN <<E\ncat <<F\nx\nF\nX\nb\nE\n", Some("RUN <<E\ncat <<F\nx\nF\nb\nE\n")),
        ("RUN <<E\ncat <<F\nx\nF\nX\nE\n", Some("RUN <<E\ncat <<F\nx\nF\nE\n")),
        // CRLF.
        ("RUN a && \\\r\n  X && \\\r\n  b\r\nCMD x\r\n", Some("RUN a && \\\r\n  b\r\nCMD x\r\n")),
        ("RUN a \\\r\n  # c\r\n && X\r\nCMD x\r\n", Some("RUN a\r\n  # c\r\nCMD x\r\n")),
    ];
    for (file, expected) in cases {
        assert_eq!(without(file, "X").as_deref(), expected, "{file}");
    }
}

#[test]
fn removal_keeps_the_rest_of_realistic_runs() {
    // `@` stands for what is removed; each body is tried with both layouts and line ends.
    let bodies = [
        "apt-get update && apt-get install -y curl && @",
        "apt-get update && apt-get install -y --no-install-recommends \\\n    curl \\\n    git \\\n && @",
        "apt-get update \\\n    && apt-get install -y curl \\\n    && @ \\\n    && apt-get clean",
        "apt-get update && \\\n    apt-get install -y \\\n      # for health checks\n      curl \\\n    && @",
        "apt-get update && \\\n    # tools\n    apt-get install -y curl && \\\n    # tidy\n    @",
        "apt-get update && \\\n    @ && \\\n    # tidy\n    apt-get clean",
        "@ && apt-get update",
        "@ \\\n  && apt-get update",
        "@; apt-get update",
        "set -eux; \\\n\tapt-get update; \\\n\tapt-get install -y x; \\\n\t@; \\\n\t\\\n\tdpkg --list",
        "set -eux; \\\n\tapt-get update; \\\n\t@",
        "set -eux; \\\n\tapt-get update; \\\n\t@;",
        "set -eux; \\\n\t\\\n# comment at the margin\n\tapt-get update; \\\n# again\n\t@; \\\n# and again\n\tx",
        "set -eux \\\n\t&& apt-get update \\\n\t&& @ \\\n# last\n\t&& y",
        "apk add --no-cache --virtual .build gcc && @ && apk del .build",
        "apk add x; @; apk del y",
        "savedAptMark=\"$(apt-mark showmanual)\"; \\\n\tapt-get update; \\\n\t@; \\\n\tapt-mark auto '.*' > /dev/null; \\\n\t[ -z \"$savedAptMark\" ] || apt-mark manual $savedAptMark; \\\n\tfind /usr/local -type f -exec ldd '{}' ';'",
        "if [ \"$A\" = b ]; then apt-get update; fi && @",
        "if a; then b; fi; @; c",
        "for x in a b; do echo $x; done \\\n && @ && c",
        "(a && b) && @",
        "{ a; b; } && @ && c",
        "curl -fsSL https://x/y.sh | bash - && @ && c",
        "@ && curl -fsSL https://x/y.sh | bash -",
        "export A=1 && @ && make",
        "A=1 make; @ ; B=2",
        "echo \"a && b; c\" && @ && echo 'x; @'",
        "echo \"# no comment\" && @",
        "a && @ && @ && b && @",
        "@ && a && @",
        "@ && @ \\\n && a",
        "a; @ && b",
        "a && @; b",
        "a; \\\n @ && \\\n b",
        "a && \\\n @; \\\n b",
        "! a && @ && b",
        "a > /dev/null 2>&1 && @ && b 2>&1",
        "cd /tmp && (wget x || curl y) && @ && cd ..",
        "case $(uname -m) in x86_64) a=1 ;; *) a=2 ;; esac && @ && b $a",
        "a    &&    @    &&    b",
        "a&&@&&b",
        "a;@;b",
        "a \\\n\n && @ \\\n\n && b",
        "a && \\\n\\\n @ && \\\n  \\\n b",
        "python -c 'import x; x.y()' && @ && z",
        "sed -i 's/a;b/c \\&\\& d/' f && @",
    ];
    let mut n_done = 0;
    for body in bodies {
        for removed in ["X", "X -rf /var/lib/apt/lists/*", "X -rf \\\n      /tmp/* \\\n      /var/tmp/*"] {
            for ending in ["\n", "\nCMD x\n", ""] {
                let file = format!("FROM a\nRUN {}{ending}", body.replace("'x; @'", "'x'").replace('@', removed));
                for file in [file.replace('\n', "\r\n"), file] {
                    assert!(without(&file, "X").is_some(), "{file}");
                    n_done += 1;
                }
            }
        }
    }
    assert!(n_done > 800);
}

/// Checks that every span lies in the text, and that members and operators of lists follow one another.
fn check_spans(list: &List, text: &str) {
    let mut end = 0;
    for item in &list.items {
        if let Some(it) = item.operator {
            check_span(it.span, text);
            assert!(end <= it.span.start && it.span.end <= item.node.span().start, "{text:?}");
        }
        check_node(&item.node, text);
        end = item.node.span().end;
    }
}

fn check_node(node: &Node, text: &str) {
    check_span(node.span(), text);
    match node {
        Node::Command(it) => {
            let values = it.assignments.iter().filter_map(|it| it.value.as_ref());
            let targets = it.redirects.iter().filter_map(|it| it.target.as_ref());
            for word in it.words.iter().chain(values).chain(targets) {
                check_span(word.span, text);
                word.substitutions.iter().for_each(|it| check_spans(&it.list, text));
            }
            it.script.iter().for_each(|it| check_spans(&it.list, text));
        }
        Node::Pipeline { members, .. } => members.iter().for_each(|it| check_node(it, text)),
        Node::Compound(it) => it.lists.iter().for_each(|it| check_spans(it, text)),
        Node::Opaque(_) => {}
    }
}

fn check_span(span: Span, text: &str) {
    assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}");
}

fn shell_like() -> impl Strategy<Value = String> {
    let tokens = [
        "a",
        "rm",
        "-x",
        "A=b",
        "$X",
        "${X:-y}",
        "$(",
        ")",
        "`",
        "\"",
        "'",
        "&&",
        "||",
        ";",
        "&",
        "|",
        "\n",
        " ",
        "  ",
        "\\",
        "\\\n",
        "# c",
        "<<E",
        "\nE\n",
        "<<-'E'",
        "(",
        "{",
        "}",
        "if",
        "then",
        "fi",
        "for",
        "in",
        "do",
        "done",
        "case",
        "esac",
        ";;",
        "!",
        "time",
        "sh -c",
        "sudo",
        "env",
        "export",
        "exit",
        ">",
        "2>&1",
        "*",
        "[",
        "]",
        "~",
        "é",
        "\u{1F389}",
        "[[",
        "]]",
        "((",
        "))",
        "\r\n",
        "\t",
        "$",
        "x()",
    ];
    prop::collection::vec(prop::sample::select(tokens.to_vec()), 0..24).prop_map(|it| it.concat())
}

#[test]
fn long_chains_are_understood() {
    let text = format!("a{}", " && apt-get install -y x".repeat(5_000));
    assert_eq!(parse(&plain(&text)).invocations().len(), 5_001);
}

/// Pieces of plain text, and a few of what is not.
fn nearly_plain() -> impl Strategy<Value = String> {
    let tokens = [
        "a",
        "b=c",
        "é",
        "2",
        " ",
        " ",
        " ",
        "\t",
        "\n",
        "&&",
        "&& ",
        " || ",
        ";",
        "&",
        "|",
        "#",
        ">",
        ">>",
        "2>&1",
        "<",
        "&>",
        ">&",
        ">|",
        "&>>",
        "'",
        "'x y'",
        "\"",
        "\"$a b\"",
        "\\",
        "\\ ",
        "$",
        "$a",
        "${a}",
        "$1",
        "$?",
        "$(",
        ")",
        "=",
        "*",
        "?",
        "~",
        "[",
        "]",
        "{}",
        "{",
        "}",
        "!",
        "-",
        "/",
        ":",
        ",",
        "%",
        "^",
        "@",
        "+",
        "a=",
        "if",
        "export",
        "export a=b",
        "exit 1",
        "sh -c",
        "sh -c 'a && b $c'",
        "sudo ",
        "time",
        "\\\"",
        "{a,b}",
        "a[1]=b",
        "a+=b",
        "command ",
        "0",
    ];
    prop::collection::vec(prop::sample::select(tokens.to_vec()), 0..16).prop_map(|it| it.concat())
}

/// A word with its place, if anything is known of it.
type Known = (Span, Option<Word>);

/// The words of a list where they are known, and the spans of all.
fn known_words(list: &List, out: &mut Vec<Known>) {
    for item in &list.items {
        let commands = match &item.node {
            Node::Pipeline { members, .. } => members.as_slice(),
            node => std::slice::from_ref(node),
        };
        for node in commands {
            let Node::Command(it) = node else { continue };
            let values = it.assignments.iter().filter_map(|it| it.value.as_ref());
            let targets = it.redirects.iter().filter_map(|it| it.target.as_ref());
            for word in it.words.iter().chain(values).chain(targets) {
                // The other reader loses its way in `$(case $a in b) …)`.
                let is_lost = |it: &Script| it.list.items.iter().any(|it| matches!(it.node, Node::Opaque(_)));
                let is_known = match word.substitutions.as_slice() {
                    [] => word.pieces.as_slice() != [Piece::Unknown],
                    substitutions => !substitutions.iter().any(is_lost),
                };
                out.push((word.span, is_known.then(|| word.clone())));
            }
        }
    }
}

/// What the reader of plain text takes, the other one reads in the same way; there may be words of which it knows less.
fn assert_same(cooked: &Cooked) -> bool {
    let Some(plain) = plain::parse(cooked, 2) else { return false };
    let other = lower::parse_all(cooked, 2);
    if plain == other {
        return true;
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    known_words(&plain.list, &mut ours);
    known_words(&other.list, &mut theirs);
    let spans = |script: &Script| {
        let of = |it: &ListItem| (it.operator, it.node.span(), it.terminator);
        script.list.items.iter().map(of).collect::<Vec<_>>()
    };
    // It does not see those behind a `|`.
    let comments = other.comments.iter().all(|it| plain.comments.contains(it));
    let agree =
        |((ours, word), (theirs, other)): (&Known, &Known)| ours == theirs && (other.is_none() || word == other);
    let same =
        comments && spans(&plain) == spans(&other) && ours.len() == theirs.len() && ours.iter().zip(&theirs).all(agree);
    assert!(same, "{:?}\n{}\n{}", cooked.text, show_list(&plain.list), show_list(&other.list));
    true
}

#[test]
fn plain_text_is_read_in_one_way() {
    for text in [
        "apt-get update && apt-get install -y --no-install-recommends curl=7.* git && rm -rf /var/lib/apt/lists/*",
        "set -eux; a; b &\n# c\nd # e\n\n",
        "A=b C= D=\"e f\" g 2>&1 >/dev/null | tee -a x; h &> log <in",
        "echo \"$A ${B}/c $1 \\$d \\e\" 'f'g\\ h > ~/x && ~/y a~b {} [ x ]",
        "x=$(uname -m | tr a b) && y \"z-$(dpkg --print-architecture)\" && [ -f \"$x\" ] || exit 1",
        "sudo -u app sh -c 'a && b \"$c\"' && su -c \"d\"",
        "curl -fsSL https://example.com/?a=b%20c#d | bash -s -- -y",
        "set -ex; if [ ! -d a ] && ! b; then c; elif d; then e; else { f; g; } > h 2>&1; fi; (i && j || true) || exit 1",
        "for a in b \"$c\" [d-e]*; do f $a; done; while g; do sleep 1; done\nuntil h; do\n  # i\n  j\ndone",
        "case \"$a\" in 'amd64' | x86_64) b=c ;; arm*) d && e;;\n*) exit 1; esac; export F=\"g\" H I=${J:-k}",
        "pip install \\\n uvicorn[standard] ${A%.tar.gz} && [ \"x\" = y ]; z",
    ] {
        assert!(assert_same(&plain(text)), "{text}");
    }
}

proptest! {
    #![proptest_config(crate::tests::cases())]

    #[test]
    fn parse_never_panics(text in shell_like()) {
        let script = parse(&plain(&text));
        check_spans(&script.list, &text);
        for it in script.invocations() {
            prop_assert!(text.get(it.command.range()).is_some());
            let _ = script.removal(&[it.command], &text);
        }
    }

    #[test]
    fn parse_never_panics_on_any_text(text in "\\PC{0,60}") {
        check_spans(&parse(&plain(&text)).list, &text);
    }

    #[test]
    fn joined_texts_have_spans_in_the_file(text in shell_like()) {
        let file = format!("RUN {text}\n");
        for cooked in runs(&file) {
            check_spans(&parse(&cooked).list, &file);
        }
    }

    #[test]
    fn plain_text_is_read_as_all_text_is(text in nearly_plain()) {
        assert_same(&plain(&text));
        for cooked in runs(&format!("RUN {}\n", text.replace("; ", ";\\\n# x\n  ").replace("a ", "a\\\n"))) {
            assert_same(&cooked);
        }
    }
}
