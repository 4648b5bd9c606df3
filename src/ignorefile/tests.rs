//! Tests of the ignore file: tables of single pieces, the daemon's own answers, and random input.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use proptest::prelude::*;
use serde_json::Value;

use super::*;

#[test]
fn paths_are_cleaned_as_go_cleans_them() {
    let cases = [
        ("a", "a"),
        ("./a", "a"),
        ("a/", "a"),
        ("a//b", "a/b"),
        ("a/./b/.", "a/b"),
        ("a/../b", "b"),
        ("a/b/../../..", ".."),
        ("../../a", "../../a"),
        ("..x/..", "."),
        (".", "."),
        ("./", "."),
        ("", "."),
        ("/", "/"),
        ("//", "/"),
        ("/..", "/"),
        ("/../a/", "/a"),
        ("**/", "**"),
        ("!..", "!.."),
    ];
    for (path, expected) in cases {
        assert_eq!(clean(path), expected, "{path:?}");
    }
}

#[test]
fn lines_become_patterns() {
    // A `!` before the expected text is the negation.
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        ("\n\n \t\r\n", &[]),
        ("a\nb", &["a", "b"]),
        ("a\r\nb\r\n", &["a", "b"]),
        ("\u{feff}a\n", &["a"]),
        ("\u{feff}# comment\na", &["a"]),
        ("#a\n #b\n\\#c", &["#b", "\\#c"]),
        ("a # not a comment", &["a # not a comment"]),
        ("  a b \t", &["a b"]),
        ("! a", &["!a"]),
        ("!\ta/", &["!a"]),
        ("!!a", &["!!a"]),
        ("/a", &["a"]),
        ("//a//b//", &["a/b"]),
        ("!/a", &["!a"]),
        ("!./a", &["!a"]),
        ("/", &["/"]),
        (".", &["."]),
        ("!.", &["!."]),
        ("../a", &["../a"]),
        ("x/../a", &["a"]),
        ("a/**/", &["a/**"]),
        // The second reading: what the first left looks like a line again.
        ("/!a", &["!a"]),
        ("./!a", &["!a"]),
        ("/ a", &["a"]),
        ("./ /", &[]),
        ("!/ a", &["! a"]),
        ("a /", &["a"]),
    ];
    for (text, expected) in cases {
        let file = IgnoreFile::parse(text);
        let shown = |pattern: &Pattern| format!("{}{}", if pattern.negated { "!" } else { "" }, pattern.text);
        let found: Vec<_> = file.patterns().iter().map(shown).collect();
        assert_eq!(found, *expected, "{text:?}");
        assert_eq!(file.errors(), [], "{text:?}");
        assert_eq!(file.is_empty(), expected.is_empty());
        assert_eq!(file.has_negation(), expected.iter().any(|pattern| pattern.starts_with('!')));
    }
}

#[test]
fn patterns_know_their_place() {
    let text = "\u{feff} a/ \r\n# é\n\n\t! é/b/";
    let file = IgnoreFile::parse(text);
    let places: Vec<_> = file.patterns().iter().map(|p| (p.line, &text[p.span.range()])).collect();
    assert_eq!(places, [(1, "a/"), (4, "! é/b/")]);
}

#[test]
fn bad_lines_are_errors() {
    let long = "x".repeat(65_536);
    let cases = [
        ("!", false, "pattern `!` is invalid: there is nothing after its `!`"),
        (" !  ", false, "pattern `!` is invalid: there is nothing after its `!`"),
        ("!/", false, "pattern `!/` is invalid: there is nothing after its `!`"),
        ("/!", false, "pattern `/!` is invalid: there is nothing after its `!`"),
        ("[", false, "pattern `[` is invalid: its `[` has no `]`"),
        ("[a", false, "pattern `[a` is invalid: its `[` has no `]`"),
        ("x[^", false, "pattern `x[^` is invalid: its `[` has no `]`"),
        ("[*", false, "pattern `[*` is invalid: its `[` has no `]`"),
        ("a\\", false, "pattern `a\\` is invalid: its `\\` stands before nothing"),
        ("[a\\", false, "pattern `[a\\` is invalid: its `\\` stands before nothing"),
        ("[]a]", false, "pattern `[]a]` is invalid: its `]` stands where a character is missing"),
        ("[a-]", false, "pattern `[a-]` is invalid: its `]` stands where a character is missing"),
        ("[-x]", false, "pattern `[-x]` is invalid: its brackets have a `-` without a character on both sides"),
        ("[a-b-c]", false, "pattern `[a-b-c]` is invalid: its brackets have a `-` without a character on both sides"),
        ("[z-a]", true, "pattern `[z-a]` is invalid: its range runs backwards"),
        ("\\c", true, "pattern `\\c` is invalid: its `\\` stands before a character that has no meaning there"),
        ("\\x.log", true, "pattern `\\x.log` is invalid: its `\\` stands before a character that has no meaning there"),
        // Only the first piece is looked at before the build, and the second if the first could be a dot.
        ("a*[", true, "pattern `a*[` is invalid: its `[` has no `]`"),
        ("?*[", false, "pattern `?*[` is invalid: its `[` has no `]`"),
        ("**/[", false, "pattern `**/[` is invalid: its `[` has no `]`"),
        ("[.a]*[", false, "pattern `[.a]*[` is invalid: its `[` has no `]`"),
        ("[^.]*[", true, "pattern `[^.]*[` is invalid: its `[` has no `]`"),
        ("[[:a:]]", true, "pattern `[[:a:]]` is invalid: its class has an unknown name"),
        (&long, false, "the line is longer than 65535 bytes"),
    ];
    for (text, late, message) in cases {
        let file = IgnoreFile::parse(&format!("ok\n{text}\n"));
        let [error] = file.errors() else { panic!("{text:?}: {:?}", file.errors()) };
        assert_eq!((error.message.as_str(), error.late), (message, late));
        assert!(error.span.start >= 3 && error.span.end as usize <= 3 + text.len());
        assert_eq!(file.patterns().len(), 1 + usize::from(late));
        assert!(file.is_ignored("ok"));
    }
    for text in [&long[1..], "[a-z]\\[", "]", "[^]a]]"] {
        let bad = text.starts_with("[^]");
        assert_eq!(IgnoreFile::parse(text).errors().len(), usize::from(bad), "{text:.20}");
    }
}

#[test]
fn single_patterns() {
    // A pattern, the paths it matches, and paths it does not match.
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("a", &["a"], &["b", "d/a", "a/b", "A", "aa"]),
        ("a/b", &["a/b"], &["x/a/b", "a", "a/b/c"]),
        ("*", &["a", ".env", "a b", "é"], &["a/b"]),
        ("*.log", &["a.log", ".log"], &["d/a.log", "a.logs"]),
        ("a?c", &["abc", "aéc", "a.c"], &["ac", "a/c", "abbc"]),
        ("*/tmp", &["a/tmp"], &["tmp", "a/b/tmp"]),
        ("**", &["a", "a/b/c"], &[]),
        ("**/foo", &["foo", "a/foo", "a/b/foo"], &["afoo", "a/xfoo", "foo/a"]),
        ("**foo", &["foo", "afoo", "a/b/xfoo"], &["foox"]),
        ("**/a/b", &["a/b", "x/a/b"], &["xa/b", "b"]),
        ("**/*.pyc", &["a.pyc", "d/e/a.pyc", ".pyc"], &["a.pyc/b", "a.py"]),
        ("**.txt", &["a.txt", "d/e/.txt"], &["a.txtx"]),
        ("d/**", &["d/a", "d/e/f"], &["d", "dd/a", "x/d/a"]),
        ("foo**", &["foo", "foobar", "fooX/y"], &["fo", "a/foo"]),
        ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb", "b", "a/b/c"]),
        ("a**/b", &["ab", "a/b", "ax/y/b"], &["axb", "b"]),
        ("a/**/**/b", &["a/b", "a/x/b"], &["ab"]),
        ("**/**", &["a", "a/b"], &[]),
        ("**/b/**", &["b/a", "x/b/a/c"], &["b", "xb/a"]),
        ("***", &["a", "a/b"], &[]),
        ("*/**", &["a/b", "a/b/c"], &["a"]),
        ("[a-c]", &["a", "c"], &["d", "aa", "-"]),
        ("[^a]", &["b", "é", "/"], &["a", "bb"]),
        ("[!a]", &["!", "a"], &["b"]),
        ("[a\\]b]", &["a", "]", "b"], &["\\"]),
        ("a]", &["a]"], &["a"]),
        ("[[:alpha:]_]", &["a", "Z", "_"], &["0", ":"]),
        ("[[:^digit:]]", &["a"], &["5"]),
        ("[\\d]x", &["5x"], &["dx"]),
        ("[\\W]", &["-"], &["w"]),
        // The `*` becomes part of the class up to the `]` it brings along, and repeats it.
        ("[*]", &["]", "^[/]", "//]"], &["*", "a]"]),
        ("[^*]", &["]", "abc]"], &["a/]", "*"]),
        ("[x?]", &["x]", "[]", "^]"], &["x", "?"]),
        ("[**/x]", &["x", "*", "(", "?", "."], &["a/x", "**"]),
        ("\\d", &["5"], &["d", "\\d"]),
        ("\\w*", &["a-"], &["-a"]),
        ("\\x41\\101", &["AA"], &["x41A"]),
        ("\\pL\\PN", &["aa"], &["1a", "a1"]),
        ("a\\*b", &["a*b"], &["aXb"]),
        ("\\!z", &["!z"], &["z"]),
        ("\\bfoo-\\B*", &["foo-"], &["foo-x"]),
        ("a\\b*", &["a", "a-"], &["ab"]),
        // Swallows the end of the pattern: literal to the last sign, and open at the end.
        ("\\Qa*", &["a[^/]*$", "a[^/]*$/b"], &["a", "ab"]),
        ("\\Qa.\\E*", &["a\\.", "a\\.b"], &["a.b"]),
        ("a.b+(c)|{d}$", &["a.b+(c)|{d}$"], &["aXb+(c)|{d}$"]),
        ("a.b+(c)|{d}$*", &["a.b+(c)|{d}$", "a.b+(c)|{d}$x"], &["aXb+(c)|{d}$"]),
        // Brackets without end where nobody looked.
        ("a*[*", &["a[", "ab/^"], &["ab/x"]),
        ("a*\\", &["a$", "ab$c/d"], &["a\\"]),
        ("^a", &["^a"], &["a"]),
        ("^a*", &["a", "ab"], &["^a"]),
        ("a*^", &[], &["a", "a^"]),
        ("*^a", &["a"], &["^a", "xa"]),
        ("{a,b}", &["{a,b}"], &["a"]),
        ("é*", &["é", "éa"], &["e"]),
        (".", &[], &["a", ".a"]),
        ("**/*a*b*c", &["abc", "x/1a2b3c", "aabbcc"], &["acb", "a/bc", "abcd"]),
        ("*\\n*", &["a\nb"], &["ab"]),
        ("a/**/b*", &["a/\n/b", "a/x/b\n"], &["a\nb"]),
    ];
    for (text, matching, others) in cases {
        let file = IgnoreFile::parse(text);
        assert_eq!(file.errors(), [], "{text:?}");
        for path in *matching {
            // A regexp's dot stops at a line break, in the daemon too.
            let expected = !path.contains("\n/");
            assert_eq!(file.patterns()[0].matches(path), expected, "{text:?} and {path:?}");
        }
        for path in *others {
            assert!(!file.patterns()[0].matches(path), "{text:?} must not match {path:?}");
        }
    }
}

#[test]
fn long_patterns_match_in_linear_time() {
    let path = "a".repeat(4000);
    for text in ["*a".repeat(500), "**/*a".repeat(20) + "*b*c", "?".repeat(60_000), "[^b]*".repeat(300)] {
        let file = IgnoreFile::parse(&(text + "z"));
        assert_eq!(file.patterns().len(), 1);
        assert!(!file.is_ignored(&path));
    }
    assert!(IgnoreFile::parse(&"?".repeat(4000)).is_ignored(&path));
    assert!(IgnoreFile::parse(&"*a".repeat(500)).is_ignored(&path));
}

#[test]
fn lists() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("*\n!d/foo", &["a", "d/a"], &["d/foo"]),
        ("d\n!d/e", &["d/a"], &["d/e", "d/e/f", "dd"]),
        ("*\n!d\nd/a", &["x", "d/a"], &["d", "d/b"]),
        ("*.md\n!README.md\nREADME*", &["a.md", "README.md"], &["b"]),
        ("*.md\nREADME*\n!README.md", &["a.md", "READ.md"], &["README.md"]),
        ("!a", &[], &["a"]),
        ("**\n!**/*.rs", &["a", "src/a"], &["src/a.rs"]),
        ("**/node_modules", &["node_modules/a", "x/node_modules/y/z"], &["node_module/a"]),
    ];
    for (text, ignored, kept) in cases {
        let file = IgnoreFile::parse(text);
        for (paths, expected) in [(ignored, true), (kept, false)] {
            for path in *paths {
                assert_eq!(file.is_ignored(path), expected, "walk of {text:?} at {path:?}");
                assert_eq!(file.matches(path).excluded, expected, "{text:?} and {path:?}");
            }
        }
    }
}

#[test]
fn walk_and_single_test_differ() {
    let file = IgnoreFile::parse("a/b\n!a");
    assert_eq!(file.matches("a/b/c"), Match { excluded: false, decided_by: Some(1) });
    let verdict = file.verdict("a/b/c", false);
    assert_eq!((verdict.excluded, verdict.decided_by), (true, Some(0)));
}

#[test]
fn descends_only_where_something_may_come_back() {
    let cases = [
        ("d", "d", false),
        ("d\n!e", "d", false),
        ("d\n!d/e", "d", true),
        ("d\n!d/e/f", "d", true),
        ("d\n!de", "d", false),
        ("*\n!d/e/*", "d", true),
        ("*\n!d/e/**", "d", true),
        ("*\n!b\n!d\n!d.x\n!e/f\n!g", "e", true),
        ("*\n!b\n!d.x/a\n!g", "d", false),
        ("d\n!**/e", "d", true),
        ("d\n!x*", "d", true),
        ("e", "d", true),
    ];
    for (text, directory, expected) in cases {
        assert_eq!(IgnoreFile::parse(text).verdict(directory, true).descend, expected, "{text:?}");
    }
    assert!(!IgnoreFile::parse("").verdict("d", false).descend);
    // What the daemon's short cut overlooks stays overlooked.
    assert!(IgnoreFile::parse("x/y\n!x/*/**").is_ignored("x/y/z"));
}

#[test]
fn broken_patterns_fail_where_they_are_tested() {
    let file = IgnoreFile::parse("a\n[z-a]\n!b");
    assert_eq!(file.verdict("a", false).broken, None);
    assert_eq!(file.verdict("b", false).broken, Some(1));
    assert!(file.is_ignored("a"));
}

/// A directory tree by names.
#[derive(Default)]
struct Tree(BTreeMap<String, Tree>);

impl Tree {
    fn new(files: &[&str]) -> Self {
        let mut root = Self::default();
        for file in files {
            file.split('/').fold(&mut root, |tree, name| tree.0.entry(name.to_owned()).or_default());
        }
        root
    }

    /// Walks as a context listing does: true if an entry was broken.
    fn send(&self, base: &str, walk: &Walk<'_>, files: &mut BTreeSet<String>, dirs: &mut BTreeSet<String>) -> bool {
        let mut broken = false;
        for (name, inside) in &self.0 {
            let path = if base.is_empty() { name.clone() } else { format!("{base}/{name}") };
            let is_dir = !inside.0.is_empty();
            let (verdict, state) = walk.enter(&path, is_dir);
            broken |= verdict.broken.is_some();
            if !verdict.excluded {
                let parents = path.match_indices('/').map(|(slash, _)| path[..slash].to_owned());
                dirs.extend(parents);
                if is_dir {
                    dirs.insert(path.clone())
                } else {
                    files.insert(path.clone())
                };
            }
            if verdict.descend {
                broken |= inside.send(&path, &state, files, dirs);
            }
        }
        broken
    }
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

/// Compares with answers of `BuildKit`, and returns how many cases there were and how many of them differ.
fn agreement(file: &str, dirs_key: &str) -> (usize, Vec<String>) {
    let path = format!("{}/testdata/context/{file}", env!("CARGO_MANIFEST_DIR"));
    let cases: Vec<Value> =
        fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut different = Vec::new();
    for case in &cases {
        let text = case["ignorefile"].as_str().unwrap();
        let ignore = IgnoreFile::parse(text);
        let tree = Tree::new(&strings(&case["files"]));
        let (mut files, mut dirs) = (BTreeSet::new(), BTreeSet::new());
        let late = tree.send("", &ignore.walk(), &mut files, &mut dirs);
        let early = ignore.errors().iter().any(|error| !error.late);
        let same = match case["error"].as_str() {
            Some(error) if error.starts_with("invalid") => early,
            Some(_) => late && !early,
            None => {
                let alone = strings(&case["files"]).into_iter().filter(|path| !ignore.is_ignored(path));
                !early
                    && !late
                    && alone.collect::<BTreeSet<_>>().into_iter().eq(strings(&case["sent"]))
                    && files.iter().map(String::as_str).eq(strings(&case["sent"]))
                    && dirs.iter().map(String::as_str).eq(strings(&case[dirs_key]))
            }
        };
        if !same {
            different.push(format!("{text:?}: {case}, here {files:?} {dirs:?}"));
        }
    }
    (cases.len(), different)
}

#[test]
fn agrees_with_buildkit_on_random_trees() {
    assert_eq!(agreement("context_walk.jsonl", "dirs"), (750, vec![]));
}

#[test]
fn agrees_with_buildkit_where_git_differs() {
    assert_eq!(agreement("dockerignore_vs_git.jsonl", "dirs_sent"), (34, vec![]));
}

/// The vector of the walk and the single test as they are written down, pattern by pattern.
fn by_the_book(file: &IgnoreFile, path: &str, parent: &[bool], look_up: bool) -> (bool, Vec<bool>) {
    let mut excluded = false;
    let mut matched = vec![false; file.patterns.len()];
    for (at, pattern) in file.patterns.iter().enumerate() {
        let inherited = parent.get(at).copied().unwrap_or_default();
        if inherited || pattern.negated == excluded {
            let above = || path.match_indices('/').any(|(slash, _)| pattern.matches(&path[..slash]));
            matched[at] = inherited || pattern.matches(path) || (look_up && above());
            if matched[at] {
                excluded = !pattern.negated;
            }
        }
    }
    (excluded, matched)
}

fn pattern_text() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a", "b", ".x", "ab.x", "*", "?", "**", "**/", "/", "/a", "*.x", "[a-b]", "[^a]", "\\a", "\\*", "^", "é",
    ]);
    (any::<bool>(), prop::collection::vec(part, 1..6))
        .prop_map(|(negated, parts)| format!("{}{}", if negated { "!" } else { "" }, parts.concat()))
}

fn path_text() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", ".x", "ab.x", "é", "aa", "*"]);
    prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"))
}

proptest! {
    #![proptest_config(crate::tests::cases())]

    #[test]
    fn the_index_loses_nothing(patterns in prop::collection::vec(pattern_text(), 0..8), path in path_text()) {
        let file = IgnoreFile::parse(&patterns.join("\n"));
        prop_assert_eq!(file.matches(&path).excluded, by_the_book(&file, &path, &[], true).0);
        let (mut walk, mut vector) = (file.walk(), Vec::new());
        let ends = path.match_indices('/').map(|(slash, _)| slash).chain([path.len()]);
        for end in ends {
            let (verdict, inside) = walk.enter(&path[..end], true);
            let (excluded, matched) = by_the_book(&file, &path[..end], &vector, false);
            prop_assert_eq!(verdict.excluded, excluded);
            (walk, vector) = (inside, matched);
        }
    }

    #[test]
    fn any_text_is_read(text in any::<String>(), path in any::<String>()) {
        let file = IgnoreFile::parse(&text);
        file.matches(&path);
        file.verdict(&path, true);
        for span in file.patterns().iter().map(|p| p.span).chain(file.errors().iter().map(|e| e.span)) {
            prop_assert!(text.get(span.range()).is_some());
        }
    }

    #[test]
    fn any_pattern_terminates(text in r"[!a\[\]^*?/\\dQEpL.:(){}$|-]{0,40}", path in r"[a/!^\[\].-]{0,60}") {
        let file = IgnoreFile::parse(&text);
        file.matches(&path);
        file.verdict(&path, false);
    }
}
