//! The program itself: exit codes, formats, standard input, bad input.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// Fires `missing-cache-mount`, which has a safe fix for it.
const SLOW: &str = "FROM python:3.12\nRUN pip install flask\n";
/// A file without findings.
const QUIET: &str = "FROM scratch\n";

/// A folder with these files; a `.git` keeps the search for settings inside.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command.env("HOME", folder).env_remove("XDG_CONFIG_HOME");
    for variable in ["NO_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn run(folder: &TempDir, args: &[&str]) -> Ran {
    command(folder.path(), args).output().unwrap().into()
}

fn run_with_stdin(folder: &TempDir, args: &[&str], stdin: &[u8]) -> Ran {
    let mut command = command(folder.path(), args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    child.wait_with_output().unwrap().into()
}

fn read(folder: &TempDir, path: &str) -> String {
    fs::read_to_string(folder.path().join(path)).unwrap()
}

/// Only the rule that these tests know, so that new rules do not break them.
fn check(folder: &TempDir, args: &[&str]) -> Ran {
    let mut all = vec!["check", "--select", "missing-cache-mount"];
    all.extend(args);
    run(folder, &all)
}

fn fix(folder: &TempDir, args: &[&str]) -> Ran {
    let mut all = vec!["fix", "--select", "missing-cache-mount"];
    all.extend(args);
    run(folder, &all)
}

#[test]
fn exit_codes_of_check() {
    let folder = folder(&[("Dockerfile", SLOW), ("quiet/Dockerfile", QUIET)]);
    assert_eq!(check(&folder, &[]).code, 1);
    assert_eq!(check(&folder, &["quiet"]).code, 0);
    assert_eq!(check(&folder, &["--fail-on", "error"]).code, 0);
    assert_eq!(check(&folder, &["--fail-on", "never"]).code, 0);
    assert_eq!(check(&folder, &["--fail-on", "note"]).code, 1);
    assert_eq!(check(&folder, &["--ignore", "cache"]).code, 0);
    assert_eq!(read(&folder, "Dockerfile"), SLOW);
}

#[test]
fn a_folder_without_dockerfiles_is_clean() {
    let folder = folder(&[("README.md", "")]);
    let ran = check(&folder, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert!(ran.err.contains("no Dockerfiles found"), "{}", ran.err);
}

#[test]
fn a_missing_path_does_not_hide_the_others() {
    let folder = folder(&[("Dockerfile", SLOW)]);
    let ran = check(&folder, &["--format", "short", "Dockerfile", "nowhere"]);
    assert_eq!(ran.code, 2);
    assert!(ran.out.starts_with("Dockerfile:2:"), "{}", ran.out);
    assert!(ran.err.contains("nowhere: no such file or folder\n  help: "), "{}", ran.err);
}

#[test]
fn unreadable_files_do_not_hide_the_others() {
    let folder = folder(&[("a/Dockerfile", SLOW)]);
    let big = fs::File::create(folder.path().join("Dockerfile.big")).unwrap();
    big.set_len(17 << 20).unwrap();
    let ran = check(&folder, &["--format", "short"]);
    assert_eq!(ran.code, 2);
    assert!(ran.out.starts_with("a/Dockerfile:2:"), "{}", ran.out);
    assert!(ran.err.contains("Dockerfile.big: cannot be read: "), "{}", ran.err);
}

#[test]
fn the_walk_finds_what_a_developer_expects() {
    let folder = folder(&[
        (".gitignore", "/ignored\n"),
        ("ignored/Dockerfile", SLOW),
        (".devcontainer/Dockerfile", SLOW),
        ("a/api.Dockerfile", SLOW),
        ("b/Containerfile", SLOW),
        ("c/Dockerfile.md", SLOW),
        ("vendor/Dockerfile", SLOW),
        ("c/node_modules/Dockerfile", SLOW),
        ("d/testdata/Dockerfile", SLOW),
        ("d/odd-name", SLOW),
        ("d/e/unnamed", SLOW),
        ("compose.yaml", "services:\n  d:\n    build: {context: d, dockerfile: odd-name}\n"),
    ]);
    let paths = |args: &[&str]| {
        let mut all = vec!["--format", "short"];
        all.extend(args);
        let out = check(&folder, &all).out;
        out.lines().map(|it| it.split(':').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let found = [".devcontainer/Dockerfile", "a/api.Dockerfile", "b/Containerfile", "d/odd-name"];
    assert_eq!(paths(&[]), found);
    assert_eq!(paths(&["compose.yaml"]), ["d/odd-name"]);
    assert_eq!(paths(&["vendor", "c/node_modules/Dockerfile"]), ["c/node_modules/Dockerfile", "vendor/Dockerfile"]);
    assert_eq!(paths(&["--force-exclude", "vendor/Dockerfile", "b"]), ["b/Containerfile"]);
    assert_eq!(
        paths(&["ignored/Dockerfile", "d/e/unnamed", "b", "b"]),
        ["b/Containerfile", "d/e/unnamed", "ignored/Dockerfile"]
    );
    let absolute = folder.path().join("b/Containerfile");
    assert_eq!(paths(&[absolute.to_str().unwrap(), "./b/../b/Containerfile"]), ["b/Containerfile"]);
}

#[test]
fn settings_are_found_and_heeded() {
    let folder = folder(&[
        ("dockopt.toml", "exclude = [\"/old\"]\n[per-file-ignores]\n\"test/**\" = [\"cache\"]\n"),
        ("old/Dockerfile", SLOW),
        ("test/x/Dockerfile", SLOW),
        ("api/Dockerfile", SLOW),
        ("other.toml", "levels = { cache = \"off\" }\n"),
    ]);
    let short = |args: &[&str]| {
        let mut all = vec!["--format", "short"];
        all.extend(args);
        check(&folder, &all).out.lines().count()
    };
    assert_eq!(short(&[]), 1);
    assert_eq!(short(&["--isolated"]), 3);
    assert_eq!(short(&["--config", "other.toml"]), 0);
    let mut below = command(&folder.path().join("test"), &["check", "--select", "missing-cache-mount"]);
    assert_eq!(below.status().unwrap().code(), Some(0));
}

#[test]
fn bad_settings_are_told_with_their_place() {
    let folder = folder(&[("dockopt.toml", "select = []\nignor = [\"cache\"]\n"), ("Dockerfile", QUIET)]);
    let ran = check(&folder, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert_eq!(ran.err, "error: dockopt.toml:2:1: unknown key `ignor`\n  help: did you mean `ignore`?\n");
    fs::write(folder.path().join("dockopt.toml"), "ignore = [\"mising-cache-mount\"]\n").unwrap();
    let ran = check(&folder, &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("dockopt.toml:1:11: unknown rule `mising-cache-mount`"), "{}", ran.err);
    assert!(ran.err.contains("did you mean `missing-cache-mount`?"), "{}", ran.err);
    let ran = check(&folder, &["--config", "none.toml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("none.toml"), "{}", ran.err);
}

#[test]
fn unknown_names_on_the_command_line() {
    let folder = folder(&[("Dockerfile", QUIET)]);
    for flag in ["--select", "--ignore"] {
        let ran = run(&folder, &["check", flag, "mising-cache-mount"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(ran.err.contains("did you mean `missing-cache-mount`?"), "{}", ran.err);
    }
    assert_eq!(run(&folder, &["check", "--ignore", "DL9999,SC2086"]).code, 0);
    assert_eq!(run(&folder, &["check", "--nonsense"]).code, 2);
    assert_eq!(run(&folder, &["--help"]).code, 0);
    assert_eq!(run(&folder, &["--version"]).code, 0);
}

#[test]
fn comments_silence() {
    let text = "FROM python:3.12\n# dockopt: ignore[missing-cache-mount] no\nRUN pip install flask\n";
    assert_eq!(check(&folder(&[("Dockerfile", text)]), &[]).code, 0);
}

#[test]
fn formats() {
    let folder = folder(&[("api/Dockerfile", SLOW)]);
    let human = check(&folder, &[]).out;
    assert!(human.contains("[api/Dockerfile:2:"), "{human}");
    assert!(human.contains("\nFound 1 "), "{human}");
    assert!(!human.contains('\u{1b}'), "{human}");
    assert!(check(&folder, &["--color", "always"]).out.contains('\u{1b}'));
    let short = check(&folder, &["--format", "short"]).out;
    assert!(short.starts_with("api/Dockerfile:2:") && short.contains(": missing-cache-mount: "), "{short}");

    let json: Value = serde_json::from_str(&check(&folder, &["--format", "json"]).out).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&json), ["findings", "summary", "version"]);
    assert_eq!(json["version"], 1);
    let counts = ["errors", "files", "fixable_safe", "fixable_unsafe", "notes", "warnings"];
    assert_eq!(keys(&json["summary"]), counts);
    assert_eq!((&json["summary"]["files"], &json["summary"]["fixable_safe"]), (&1.into(), &1.into()));
    let finding = &json["findings"][0];
    let parts = ["end", "family", "fix", "level", "message", "note", "path", "related", "rule", "same_as", "start"];
    assert_eq!(keys(finding), parts);
    assert_eq!(finding["path"], "api/Dockerfile");
    assert_eq!(finding["family"], "cache");
    assert_eq!(keys(&finding["start"]), ["byte", "column", "line"]);
    assert_eq!(keys(&finding["fix"]), ["creates", "edits", "safety", "title"]);
    assert_eq!(keys(&finding["fix"]["edits"][0]), ["end_byte", "path", "start_byte", "text"]);
}

#[test]
fn reports_go_to_files() {
    let folder = folder(&[("Dockerfile", SLOW)]);
    let files = ["--output-file", "sarif=out/a.sarif", "--output-file", "junit=b.xml"];
    let ran = check(&folder, &[&files[..], &["--format", "short"]].concat());
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.starts_with("Dockerfile:2:"), "{}", ran.out);
    assert!(read(&folder, "out/a.sarif").contains("2.1.0"));
    assert!(read(&folder, "b.xml").contains("<testsuites"));
    for bad in ["sarif", "nonsense=x", "sarif="] {
        assert_eq!(check(&folder, &["--output-file", bad]).code, 2, "{bad}");
    }
    let ran = check(&folder, &["--output-file", "json=Dockerfile/x"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("Dockerfile/x: the file cannot be written: "), "{}", ran.err);
}

#[test]
fn statistics_and_quiet() {
    let folder = folder(&[("Dockerfile", SLOW), ("b/Dockerfile", SLOW)]);
    let ran = check(&folder, &["--statistics"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.starts_with("2  missing-cache-mount  "), "{}", ran.out);
    let json: Value = serde_json::from_str(&check(&folder, &["--statistics", "--format", "json"]).out).unwrap();
    let row = &json["statistics"][0];
    assert_eq!((&row["count"], &row["files"], &row["fixable"]), (&2.into(), &2.into(), &2.into()));
    assert_eq!(check(&folder, &["--statistics", "--format", "sarif"]).code, 2);
    assert!(!check(&folder, &["--quiet"]).out.contains("Found"));
    fs::remove_dir_all(folder.path().join("b")).unwrap();
    fs::remove_file(folder.path().join("Dockerfile")).unwrap();
    assert_eq!(check(&folder, &["-q"]).err, "");
}

#[test]
fn a_baseline_hides_what_was_there() {
    let folder = folder(&[("Dockerfile", SLOW), ("b/Dockerfile", SLOW)]);
    let ran = check(&folder, &["--write-baseline"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("--baseline FILE"), "{}", ran.err);
    let ran = check(&folder, &["--baseline", "known.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("known.json: there is no such baseline"), "{}", ran.err);

    let ran = check(&folder, &["--baseline", "known.json", "--write-baseline"]);
    assert_eq!((ran.code, ran.err.contains("wrote 2 findings to known.json")), (0, true), "{}", ran.err);
    fs::write(folder.path().join("dockopt.toml"), "baseline = \"known.json\"\n").unwrap();
    fs::write(folder.path().join("Dockerfile"), format!("# new\n\n{SLOW}RUN pip install b\n")).unwrap();
    let ran = check(&folder, &["--format", "short"]);
    assert_eq!((ran.code, ran.out.lines().count()), (1, 1), "{}", ran.out);
    assert!(ran.out.starts_with("Dockerfile:5:"), "{}", ran.out);
    // From a folder below, the paths are other ones.
    let below = command(&folder.path().join("b"), &["check", "--select", "missing-cache-mount"]).status().unwrap();
    assert_eq!(below.code(), Some(0));
    // What is no longer there is told, and goes when the baseline is written again.
    fs::write(folder.path().join("Dockerfile"), QUIET).unwrap();
    assert!(check(&folder, &[]).err.contains("1 entry of known.json"), "{}", check(&folder, &[]).err);
    check(&folder, &["--write-baseline"]);
    assert_eq!(read(&folder, "known.json").matches("fingerprint").count(), 1);
    fs::write(folder.path().join("known.json"), "{}").unwrap();
    assert_eq!(check(&folder, &[]).code, 2);
}

fn git(folder: &TempDir, args: &[&str]) {
    let mut command = Command::new("git");
    let identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"];
    command.args(identity).args(args).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().unwrap().success(), "git {args:?}");
}

#[test]
fn the_history_says_what_changes_often() {
    const EARLY: &str = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n";
    let folder = folder(&[("api/Dockerfile", EARLY), ("api/requirements.txt", "flask\n"), ("api/app.py", "")]);
    let told =
        || check(&folder, &["--select", "copy-before-install"]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told().contains("`COPY . .` comes before") && !told().contains("commits"), "{}", told());
    fs::remove_dir(folder.path().join(".git")).unwrap();
    git(&folder, &["init", "--quiet", "--initial-branch", "main"]);
    let mut stream = String::new();
    for number in 0..31 {
        stream += "commit refs/heads/main\ncommitter x <x@example.org> 0 +0000\ndata 1\nx\n";
        let paths = match number {
            0 => "M 644 inline api/app.py\ndata 2\n0\nM 644 inline api/requirements.txt\ndata 2\n0\n".to_owned(),
            1..=4 => format!("M 644 inline api/requirements.txt\ndata 3\n{number:2}\n"),
            5..=20 => format!("M 644 inline api/app.py\ndata 3\n{number:2}\n"),
            _ => format!("M 644 inline other\ndata 3\n{number:2}\n"),
        };
        stream += &paths;
    }
    fs::write(folder.path().join("stream"), stream).unwrap();
    let input = fs::File::open(folder.path().join("stream")).unwrap();
    let mut import = Command::new("git");
    let import = import.args(["fast-import", "--quiet"]).current_dir(folder.path()).stdin(input).status();
    assert!(import.unwrap().success());
    let expected =
        "Of the last 30 commits, 20 change what is copied, most often `app.py` (16); 4 change what the install reads.";
    assert!(told().contains(expected), "{}", told());
    // A look at several repositories is a survey, for which git would take too long.
    let other = self::folder(&[("Dockerfile", SLOW)]);
    let both = check(&folder, &["--select", "copy-before-install", ".", other.path().to_str().unwrap()]).out;
    assert!(both.contains("`COPY . .` comes before") && !both.contains("commits"), "{both}");
}

#[test]
fn documents_that_wake_a_build_are_told() {
    const BUILD: &str = "FROM golang:1.24\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\n";
    let folder = folder(&[("Dockerfile", BUILD), ("main.go", ""), ("CHANGELOG.md", ""), ("README.md", "")]);
    fs::remove_dir(folder.path().join(".git")).unwrap();
    git(&folder, &["init", "--quiet", "--initial-branch", "main"]);
    let mut stream = String::new();
    for number in 0..31 {
        stream += "commit refs/heads/main\ncommitter x <x@example.org> 0 +0000\ndata 1\nx\n";
        let names: &[&str] = match number {
            1..=4 => &["CHANGELOG.md"],
            5 => &["CHANGELOG.md", "README.md"],
            6 => &["README.md"],
            _ => &["main.go", "CHANGELOG.md"],
        };
        for name in names {
            let change = format!("M 644 inline {name}\ndata 3\n{number:2}\n");
            stream += &change;
        }
    }
    fs::write(folder.path().join("stream"), stream).unwrap();
    let input = fs::File::open(folder.path().join("stream")).unwrap();
    let mut import = Command::new("git");
    let import = import.args(["fast-import", "--quiet"]).current_dir(folder.path()).stdin(input).status();
    assert!(import.unwrap().success());
    fs::remove_file(folder.path().join("stream")).unwrap();
    let told = || run(&folder, &["check", "--select", "copied-documents", "--format", "short"]).out;
    let expected = "takes in `CHANGELOG.md` and `README.md`: 6 of the last 30 commits change nothing else of it, and \
                    run `go build` again";
    assert!(told().contains(expected), "{}", told());
    // What reads one of them needs it, and then only commits of the others are for nothing.
    fs::write(folder.path().join("main.go"), "//go:embed CHANGELOG.md\nvar x = read(\"CHANGELOG.md\")\n").unwrap();
    assert_eq!(told(), "");
    fs::write(folder.path().join("main.go"), "var x = read(\"README.md\")\n").unwrap();
    assert!(told().contains("takes in `CHANGELOG.md`: 4 of the last 30 commits"), "{}", told());
    // What is kept back wakes nothing.
    run(&folder, &["fix", "--unsafe-fixes", "--select", "copied-documents"]);
    assert!(read(&folder, ".dockerignore").contains("# read by people, not by the build\nCHANGELOG.md\n"));
    assert_eq!(told(), "");
}

#[test]
fn dockerfiles_inside_compose_files_are_checked_and_fixed() {
    const COMPOSE: &str = "# all\nservices:\n  web:\n    build:\n      context: .\n      dockerfile_inline: |\n        \
                           FROM python:3.12-slim\n        # it\n        RUN pip install flask\n        CMD a $$B\n  \
                           db:\n    build:\n      context: .\n      dockerfile_inline: >\n        FROM python:3.12\n\n        \
                           RUN pip install a  # no\n    image: x # y\n";
    let folder = folder(&[("compose.yaml", COMPOSE)]);
    for paths in [".", "compose.yaml"] {
        let ran = check(&folder, &["--format", "short", "--select", "missing-cache-mount", paths]);
        let places: Vec<&str> = ran.out.lines().filter_map(|it| it.split(": ").next()).collect();
        assert_eq!(places[..2], ["compose.yaml:9:13", "compose.yaml:15:9"], "{}", ran.out);
    }
    let report = check(&folder, &["--select", "missing-cache-mount"]).out;
    assert!(report.contains("It is line 2 of the Dockerfile that stands here."), "{report}");
    let diff = run(&folder, &["fix", "--diff", "--select", "missing-cache-mount"]);
    assert_eq!(diff.out.matches("+++ b/").count(), 1, "{}", diff.out);
    let ran = run(&folder, &["fix", "--select", "missing-cache-mount"]);
    assert!(ran.out.contains("compose.yaml:9: missing-cache-mount"), "{}", ran.out);
    let fixed = read(&folder, "compose.yaml");
    let mount = "        RUN --mount=type=cache,target=/root/.cache/pip \\\n            pip install flask\n";
    assert_eq!(fixed, COMPOSE.replace("        RUN pip install flask\n", mount));
    // Comments inside silence, and such are written.
    fs::write(folder.path().join("compose.yaml"), COMPOSE).unwrap();
    check(&folder, &["--add-ignores"]);
    let silenced = read(&folder, "compose.yaml");
    let comment = "        # dockopt: ignore[missing-cache-mount]\n        RUN pip install flask\n";
    assert_eq!(silenced, COMPOSE.replace("        RUN pip install flask\n", comment));
    let ran = check(&folder, &["--format", "short"]);
    assert_eq!(ran.out.matches("missing-cache-mount").count(), 1, "{}", ran.out);
    assert_eq!(run(&folder, &["check", "--select", "unused-suppression", "--format", "short"]).out, "");
}

#[test]
fn only_changed_lines_are_told() {
    let folder = folder(&[("Dockerfile", SLOW), ("b/Dockerfile", SLOW)]);
    assert!(check(&folder, &["--diff-base", "HEAD"]).err.contains("not in a git repository"));
    fs::remove_dir(folder.path().join(".git")).unwrap();
    git(&folder, &["init", "--quiet", "--initial-branch", "main"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "--quiet", "--message", "all"]);
    let paths = |args: &[&str]| {
        let ran = check(&folder, &[&["--format", "short"], args].concat());
        ran.out.lines().map(|it| it.split(": ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(paths(&["--diff-base", "main"]), [""; 0]);
    git(&folder, &["checkout", "--quiet", "-b", "topic"]);
    fs::write(folder.path().join("Dockerfile"), format!("{SLOW}RUN pip install b\n")).unwrap();
    fs::create_dir(folder.path().join("a b")).unwrap();
    fs::write(folder.path().join("a b/Dockerfile"), SLOW).unwrap();
    assert_eq!(paths(&["--diff-base", "main"]), ["Dockerfile:3:5", "a b/Dockerfile:2:5"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "--quiet", "--message", "more"]);
    assert_eq!(paths(&["--diff-base", "main"]), ["Dockerfile:3:5", "a b/Dockerfile:2:5"]);
    assert_eq!(paths(&["--diff-base", "HEAD"]), [""; 0]);
    let ran = check(&folder, &["--diff-base", "nonsense"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("git knows no revision `nonsense`"), "{}", ran.err);
    assert_eq!(check(&folder, &["--diff-base=--output=x"]).code, 2);
}

#[test]
fn settings_of_hadolint_hold_where_there_are_no_others() {
    let folder = folder(&[
        (".hadolint.yaml", "ignored: [DL9998]\nfailure-threshold: error\nformat: json\nnonsense: 1\n"),
        ("Dockerfile", SLOW),
    ]);
    let ran = check(&folder, &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.starts_with("[{\"code\":\"missing-cache-mount\""), "{}", ran.out);
    assert!(ran.err.contains("note: .hadolint.yaml:4:1: hadolint has no key `nonsense`"), "{}", ran.err);
    assert!(check(&folder, &["--format", "short"]).out.starts_with("Dockerfile:2:"));
    assert_eq!(check(&folder, &["--fail-on", "warning"]).code, 1);
    assert_eq!(check(&folder, &["--isolated"]).code, 1);

    let ran = run(&folder, &["init", "--from-hadolint"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "Wrote dockopt.toml from .hadolint.yaml\n"), "{}", ran.err);
    let text = read(&folder, "dockopt.toml");
    assert!(text.contains("profile = \"hadolint\"") && text.contains("fail-on = \"error\""), "{text}");
    assert!(text.contains("ignore = [\"DL9998\"]"), "{text}");
    // With settings of its own, dockopt no longer asks for hadolint's.
    assert!(check(&folder, &[]).out.contains("Found 1 warning"));
    let ran = run(&folder, &["init", "--from-hadolint"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("dockopt.toml: exists already"), "{}", ran.err);

    fs::remove_file(folder.path().join("dockopt.toml")).unwrap();
    fs::write(folder.path().join(".hadolint.yaml"), "ignored:\n  - dl3008\n").unwrap();
    let ran = check(&folder, &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains(".hadolint.yaml:2:5: `dl3008` is no code of a rule\n  help: did you mean `DL3008`?"));
}

#[test]
fn hooks_may_name_what_is_excluded() {
    let folder = folder(&[("dockopt.toml", "exclude = [\"/old\"]\n"), ("old/Dockerfile", SLOW), ("Dockerfile", SLOW)]);
    let lines =
        |args: &[&str]| check(&folder, &[&["--format", "short", "old/Dockerfile"], args].concat()).out.lines().count();
    assert_eq!(lines(&[]), 1);
    assert_eq!(lines(&["--force-exclude"]), 0);
    assert_eq!(lines(&["--force-exclude", "Dockerfile"]), 1);
}

#[test]
fn comments_are_added_for_what_is_there() {
    let text = "# syntax=docker/dockerfile:1\n# the base\nFROM python:3.12\n# hadolint ignore=DL3042\n  RUN pip install a\n\
                # why\nRUN pip install b && \\\n    pip install c\n";
    let folder = folder(&[("Dockerfile", text), ("b/Dockerfile", QUIET)]);
    let ran = check(&folder, &["--add-ignores=later"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("silenced 2 findings in 1 file"), "{}", ran.err);
    let expected = "# syntax=docker/dockerfile:1\n# the base\nFROM python:3.12\n\
                    # dockopt: ignore[missing-cache-mount] later\n# hadolint ignore=DL3042\n  RUN pip install a\n# why\n\
                    # dockopt: ignore[missing-cache-mount] later\nRUN pip install b && \\\n    pip install c\n";
    assert_eq!(read(&folder, "Dockerfile"), expected);
    assert!(check(&folder, &["--add-ignores"]).err.contains("silenced 0 findings in 0 files"));
    assert_eq!(read(&folder, "Dockerfile"), expected);
    assert_eq!(run_with_stdin(&folder, &["check", "--add-ignores", "-"], b"").code, 2);
}

#[test]
fn standard_input() {
    let folder = folder(&[]);
    let args = ["check", "--select", "missing-cache-mount", "--format", "short", "-"];
    let ran = run_with_stdin(&folder, &args, SLOW.as_bytes());
    assert_eq!(ran.code, 1);
    assert!(ran.out.starts_with("-:2:"), "{}", ran.out);
    let mut args = args.to_vec();
    args.extend(["--stdin-filename", "api/Dockerfile"]);
    let ran = run_with_stdin(&folder, &args, SLOW.as_bytes());
    assert!(ran.out.starts_with("api/Dockerfile:2:"), "{}", ran.out);
    assert_eq!(run_with_stdin(&folder, &["check", "-"], b"").code & !1, 0);
}

#[test]
fn fix_writes_and_tells() {
    let folder = folder(&[("Dockerfile", SLOW), ("quiet/Dockerfile", QUIET)]);
    let ran = fix(&folder, &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.starts_with("Dockerfile:2: missing-cache-mount: "), "{}", ran.out);
    assert!(ran.out.contains("\nFixed 1 finding in 1 file\n"), "{}", ran.out);
    assert!(read(&folder, "Dockerfile").contains("--mount=type=cache"));
    assert_eq!(read(&folder, "quiet/Dockerfile"), QUIET);
    let again = fix(&folder, &["--format", "json"]);
    assert_eq!(again.code, 0);
    assert_eq!(serde_json::from_str::<Value>(&again.out).unwrap()["findings"], Value::Array(Vec::new()));
}

#[test]
fn fix_keeps_line_ends_and_the_byte_order_mark() {
    let text = format!("\u{feff}{}", SLOW.replace('\n', "\r\n"));
    let folder = folder(&[("Dockerfile", &text)]);
    assert_eq!(fix(&folder, &[]).code, 0);
    let fixed = read(&folder, "Dockerfile");
    assert!(fixed.starts_with("\u{feff}FROM python:3.12\r\n") && fixed.contains("--mount"), "{fixed:?}");
    assert_eq!(fixed.matches('\n').count(), fixed.matches("\r\n").count());
}

#[test]
fn diff_writes_nothing() {
    let folder = folder(&[("api/Dockerfile", SLOW)]);
    let ran = fix(&folder, &["--diff"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.starts_with("--- a/api/Dockerfile\n+++ b/api/Dockerfile\n@@ "), "{}", ran.out);
    assert!(ran.out.contains("\n-RUN pip install flask\n+RUN --mount=type=cache"), "{}", ran.out);
    assert_eq!(read(&folder, "api/Dockerfile"), SLOW);
    fs::write(folder.path().join("api/Dockerfile"), QUIET).unwrap();
    let ran = fix(&folder, &["--diff"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
}

#[test]
fn fix_of_standard_input_prints_the_text() {
    let folder = folder(&[]);
    let args = ["fix", "--select", "missing-cache-mount", "-"];
    let ran = run_with_stdin(&folder, &args, SLOW.as_bytes());
    assert_eq!(ran.code, 0);
    assert!(ran.out.starts_with("FROM python:3.12\nRUN --mount=type=cache"), "{}", ran.out);
    assert!(ran.err.contains("missing-cache-mount"), "{}", ran.err);
    let ran = run_with_stdin(&folder, &args, QUIET.as_bytes());
    assert_eq!((ran.code, ran.out.as_str()), (0, QUIET));
    assert_eq!(run_with_stdin(&folder, &["fix", "-", "."], b"").code, 2);
    let mut child = command(folder.path(), &args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"FROM \xe4\n").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"FROM \xe4\n");
}

#[test]
fn explain_and_rules() {
    let folder = folder(&[]);
    let ran = run(&folder, &["explain", "missing-cache-mount"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.starts_with("# missing-cache-mount\n"), "{}", ran.out);
    let ran = run(&folder, &["explain", "mising-cache-mount"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("did you mean `missing-cache-mount`?"), "{}", ran.err);
    let ran = run(&folder, &["rules"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.starts_with("name ") && ran.out.contains("\nmissing-cache-mount "), "{}", ran.out);
    let json: Value = serde_json::from_str(&run(&folder, &["rules", "--format", "json"]).out).unwrap();
    assert!(json["rules"].as_array().unwrap().iter().any(|it| it["name"] == "missing-cache-mount"));
    let code = json["rules"][0]["same_as"][0].as_str();
    if let Some(code) = code {
        assert_eq!(run(&folder, &["explain", code]).code, 0);
    }
    assert_eq!(run(&folder, &["explain", "cache"]).code, 0);
}

#[test]
fn syntax_is_one_line_of_json_for_each_file() {
    let folder = folder(&[("a", "FROM a\n"), ("b", "FROM b\nRUN x \\\n y\n")]);
    let ran = run(&folder, &["syntax", "a", "b"]);
    assert_eq!(ran.code, 0);
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|it| serde_json::from_str::<Value>(it).unwrap().is_object()), "{lines:?}");
    assert_eq!(run(&folder, &["syntax", "c"]).code, 2);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let folder = folder(&[("Dockerfile", SLOW)]);
    for args in [&["check", "--format", "json"][..], &["rules"], &["explain", "missing-cache-mount"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(folder.path(), args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn scripts_without_an_ending_are_read_if_they_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    let build = |shell: &str| format!("#!{shell}\ndocker build -t x app\n");
    let texts = [
        ("hack/test", "/usr/bin/env -S bash -eu"),
        ("bin/docker-proxy", "/bin/sh"),
        ("py", "/bin/python3"),
        ("plain", "/bin/sh"),
    ];
    let texts = texts.map(|(path, shell)| (path, build(shell)));
    let mut files = vec![("app/Dockerfile", "FROM a\n")];
    files.extend(texts.iter().map(|(path, text)| (*path, text.as_str())));
    let dir = folder(&files);
    for path in ["hack/test", "bin/docker-proxy", "py"] {
        fs::set_permissions(dir.path().join(path), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let expected = "app/Dockerfile\n  bin/docker-proxy:2: context app\n  hack/test:2: context app\n\nFound 2 builds\n";
    assert_eq!(run(&dir, &["builds"]).out, expected);
    // Those beside a Dockerfile that is named, and above it, are read too.
    fs::rename(dir.path().join("hack/test"), dir.path().join("app/test")).unwrap();
    let expected = "app/Dockerfile\n  app/test:2: context app\n\nFound 1 build\n";
    assert_eq!(run(&dir, &["builds", "app/Dockerfile"]).out, expected);
}

#[test]
fn builds_are_listed() {
    let compose = "services:\n  api:\n    build: {context: api, target: run}\n  b:\n    build: $B\n";
    let mut files = vec![
        ("api/Dockerfile", "FROM a\nCOPY x .\n"),
        ("api/x", ""),
        ("web/Dockerfile", "FROM a\nCOPY y .\n"),
        ("web/y", ""),
        ("Makefile", "image:\n\tdocker build -t x api\n"),
        ("compose.yaml", compose),
        ("ci.sh", "docker compose -f deploy/stack.yaml build\n"),
        ("deploy/stack.yaml", "services:\n  old:\n    build: ../old\n"),
        ("old/Dockerfile", "FROM a\n"),
        ("justfile", "old:\n  docker build --build-arg 'A={{ a }}' --build-arg B=2 -t x old\n"),
    ];
    let ran = run(&folder(&files), &["builds"]);
    let expected = "api/Dockerfile\n  compose.yaml:3 service api: context api; target run\n  Makefile:2 script image: \
                    context api\nold/Dockerfile\n  justfile:2 script old: context old; args A B=2\n  \
                    deploy/stack.yaml:3 service old: context old\nweb/Dockerfile\n  nothing names it; by what it copies, it is built with context web\n\nLeft \
                    out, as they are not certain:\n  compose.yaml:5: b: it depends on `$B`, which nothing here \
                    sets\n\nFound 4 builds\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, expected));
    let ran = run(&folder(&files), &["builds", "--format", "json"]);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["builds"][0]["found_in"]["start"]["line"], 3);
    let kinds: Vec<&str> = json["builds"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["compose", "script", "script", "compose"]);
    files[5].1 = "services:\n  a: [\n    build\n";
    let ran = run(&folder(&files), &["builds"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.starts_with("error: compose.yaml:"), "{}", ran.err);
    assert_eq!(run(&folder(&files), &["builds", "--format", "sarif"]).code, 2);
    assert_eq!(run(&folder(&files), &["builds", "-"]).code, 2);
}

/// Two services with the same setup, and the Compose file that builds them.
const ALIKE: &[(&str, &str)] = &[
    ("a/Dockerfile", "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y x y z\nCOPY . .\n"),
    ("b/Dockerfile", "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y z y x\nCOPY . .\n"),
    ("compose.yaml", "services:\n  a:\n    build: a\n  b:\n    build: b\n"),
];

#[test]
fn a_fix_of_several_files_is_shown_and_written_as_one() {
    let shared = folder(ALIKE);
    let report = check(&shared, &["--select", "repeated-setup", "--format", "json"]);
    let report: Value = serde_json::from_str(&report.out).unwrap();
    let change = &report["findings"][0]["fix"];
    assert_eq!(change["creates"][0]["path"], "images/python-base/Dockerfile");
    let edited = |path: &str| change["edits"].as_array().unwrap().iter().any(|it| it["path"] == path);
    assert!(ALIKE.iter().all(|(path, _)| edited(path)));

    let args = ["--unsafe-fixes", "--select", "repeated-setup"];
    let diff = fix(&shared, &[&args[..], &["--diff"]].concat());
    assert_eq!(diff.code, 1);
    assert!(diff.out.contains("--- /dev/null\n+++ b/images/python-base/Dockerfile"), "{}", diff.out);
    assert!(!shared.path().join("images").exists());

    assert_eq!(fix(&shared, &args).code, 0);
    assert!(read(&shared, "a/Dockerfile").starts_with("FROM python-base:3.12\n"));
    assert!(read(&shared, "b/Dockerfile").starts_with("FROM python-base:3.12\n"));
    assert!(read(&shared, "compose.yaml").contains("python-base:3.12: service:python-base"));
    assert!(read(&shared, "images/python-base/Dockerfile").contains("apt-get install"));
}

#[test]
fn a_fix_of_several_files_that_cannot_be_written_changes_none() {
    let shared = folder(ALIKE);
    // A file stands where the folder of the base would have to be.
    fs::write(shared.path().join("images"), "").unwrap();
    assert_eq!(fix(&shared, &["--unsafe-fixes", "--select", "repeated-setup"]).code, 2);
    for (path, text) in ALIKE {
        assert_eq!(read(&shared, path), *text);
    }
    assert_eq!(read(&shared, "images"), "");
}

#[test]
fn init_lists_writes_and_never_writes_over() {
    let compose = "services:\n  api:\n    build: api\n";
    let folder = folder(&[("api/Dockerfile", "FROM scratch\n"), ("compose.yaml", compose)]);
    let listed = run(&folder, &["init", "--dry-run"]);
    assert_eq!((listed.code, &*listed.err), (0, ""));
    assert!(listed.out.starts_with("Would write docker-bake.hcl "), "{}", listed.out);
    assert!(!folder.path().join("docker-bake.hcl").exists());
    fs::write(folder.path().join(".pre-commit-config.yaml"), "repos: []\n").unwrap();
    let done = run(&folder, &["init"]);
    assert_eq!(done.code, 0);
    assert!(done.out.contains("Left out pre-commit: .pre-commit-config.yaml is there already"), "{}", done.out);
    assert_eq!(read(&folder, ".pre-commit-config.yaml"), "repos: []\n");
    assert!(read(&folder, "docker-bake.hcl").contains("target \"api\""));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o111;
        assert_ne!(mode("scripts/build-optimized.sh"), 0);
        assert_eq!(mode("docker-bake.hcl"), 0);
    }
    // What is asked for by name and not written is no success.
    assert_eq!(run(&folder, &["init", "--only", "bake"]).code, 1);
    assert_eq!(run(&folder, &["init", "api/Dockerfile"]).code, 2);
    assert_eq!(run(&folder, &["init", "--only", "bake", "--from-hadolint"]).code, 2);
    let json: Value = serde_json::from_str(&run(&folder, &["init", "--format", "json"]).out).unwrap();
    assert_eq!(json["files"].as_array().unwrap().len(), 0);
}

/// A program that counts how often it is started, and finds something in the line behind the exports of each file.
#[cfg(unix)]
fn shellcheck_stub(folder: &TempDir, report: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.path().join("stub");
    let log = folder.path().join("log");
    fs::write(&path, format!("#!/bin/sh\necho \"$@\" >>'{}'\n{report}\n", log.display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[cfg(unix)]
#[test]
fn init_writes_all_or_nothing() {
    let folder = folder(&[("Dockerfile", "FROM scratch\n"), ("scripts", "a file, and no folder\n")]);
    let ran = run(&folder, &["init"]);
    assert_eq!(ran.code, 2);
    assert!(!folder.path().join("docker-bake.hcl").exists(), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn shellcheck_is_started_once() {
    let folder = folder(&[
        ("a/Dockerfile", "FROM debian:12\nRUN true && \\\n    rm -r $x\n"),
        ("b/Dockerfile", "FROM debian:12\nRUN echo ä; rm -r $x\n# hadolint ignore=SC2086\nRUN rm $y\n"),
    ]);
    // The place of `$` in the last line of each file.
    let report = r#"printf '{"comments":['; sep=
        for file in "$@"; do case $file in -*) continue;; esac
            line=$(grep -n '[$][xy]' "$file" | cut -d: -f1); before=$(grep '[$][xy]' "$file" | sed 's/[$].*//')
            column=$(($(printf %s "$before" | LC_ALL=C sed 's/[\x80-\xbf]//g' | wc -c) + 1))
            printf '%s{"file":"%s","line":%s,"endLine":%s,"column":%s,"endColumn":%s,"level":"info","code":2086,"message":"Quote it.","fix":null}' \
                "$sep" "$file" "$line" "$line" "$column" "$((column + 2))"; sep=,
        done; printf ']}'"#;
    let program = shellcheck_stub(&folder, report);
    let ran = run(&folder, &["check", "--select", "shellcheck", "--format", "short", "--shellcheck", &program]);
    assert_eq!(
        ran.out,
        "a/Dockerfile:3:11: shell-mistake: quote it (SC2086)\nb/Dockerfile:2:19: shell-mistake: quote it (SC2086)\n"
    );
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert_eq!(log, "--norc --format=json1 -- 0 1 2\n");

    let broken = shellcheck_stub(&folder, "echo no >&2");
    let ran = run(&folder, &["check", "--select", "shellcheck", "--shellcheck", &broken]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("has no report that can be read: no"), "{}", ran.err);
    let ran = run(&folder, &["check", "--select", "shellcheck", "--shellcheck", "./nowhere"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("cannot be started"), "{}", ran.err);
    // Nobody asks for what the rule has to say, so that nobody is started.
    assert_eq!(run(&folder, &["check", "--select", "cache", "--shellcheck", "./nowhere"]).code, 0);
}

#[test]
fn a_build_without_shellcheck_says_so() {
    let folder = folder(&[("Dockerfile", "FROM debian:12\nRUN rm -r $x\n")]);
    let ran = run(&folder, &["check", "--select", "SC2086"]);
    let says = |text: &str| ran.err.contains(text);
    assert_eq!(says("without the feature `shellcheck`"), !cfg!(feature = "shellcheck"), "{}", ran.err);
}

/// A hook hands over what was changed: each such file stands for the Dockerfiles that it is about.
#[test]
fn ignore_files_and_workflows_stand_for_dockerfiles() {
    let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - uses: docker/build-push-action@v6\n        with:\n          context: api\n";
    let files = [("api/Dockerfile", SLOW), ("api/.dockerignore", "x\n"), (".github/workflows/ci.yml", workflow)];
    let folder = folder(&[&files[..], &[("b.dockerfile", SLOW), ("b.dockerfile.dockerignore", "x\n")]].concat());
    let paths = |arg: &str| {
        let ran = run(&folder, &["check", "--select", "missing-cache-mount", "--format", "short", arg]);
        assert_eq!(ran.err, "", "{arg}");
        ran.out.lines().filter_map(|it| Some(it.split_once(':')?.0.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(paths("api/.dockerignore"), ["api/Dockerfile"]);
    assert_eq!(paths("b.dockerfile.dockerignore"), ["b.dockerfile"]);
    assert_eq!(paths(".github/workflows/ci.yml"), ["api/Dockerfile"]);
}

#[test]
fn comments_of_build_definitions_are_checked() {
    let compose =
        "services:\n  # dockopt: ignore[nonsense-here] why\n  a:\n    build: .\n  # dockopt: ignore\n  b: {image: x}\n";
    let folder = folder(&[("Dockerfile", QUIET), ("compose.yaml", compose)]);
    let ran = run(&folder, &["check", "--format", "short"]);
    let expected = "compose.yaml:2:21: unknown-suppression: there is no rule `nonsense-here`\n\
                    compose.yaml:5:14: malformed-suppression: this comment silences nothing\n";
    assert_eq!(ran.out, expected);
}

#[test]
fn comments_silence_what_is_found_in_other_files() {
    let workflow = "on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - uses: docker/build-push-action@v6
        with:
          context: .
          push: true
";
    let folder = folder(&[
        ("Dockerfile", "FROM python:3.12\nRUN pip install flask\nCOPY . /app\n"),
        (".dockerignore", "node_modules\n*.pyc\n"),
        ("lib/a.pyc", ""),
        (".github/workflows/ci.yml", workflow),
    ]);
    let found = || run(&folder, &["check", "--format", "short", "--select", "builds,misread-ignore-line"]).out;
    let all = ".github/workflows/ci.yml:7:15: uncached-build: this build keeps no layers for the next run\n\
               .dockerignore:2:1: misread-ignore-line: `*.pyc` keeps back only what is in the root of the context\n";
    assert_eq!(found(), all);
    let ran = run(&folder, &["check", "--add-ignores=later", "--select", "builds,misread-ignore-line"]);
    assert!(ran.err.contains("silenced 2 findings in 2 files"), "{}", ran.err);
    assert_eq!(found(), "");
    let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).unwrap();
    assert_eq!(read(".dockerignore"), "node_modules\n# dockopt: ignore[misread-ignore-line] later\n*.pyc\n");
    let comment = "      # dockopt: ignore[uncached-build] later\n      - uses: docker/build-push";
    assert_eq!(read(".github/workflows/ci.yml"), workflow.replace("      - uses: docker/build-push", comment));
}

#[test]
fn comments_of_build_definitions_are_fixed() {
    let compose = "services:
  # dockopt: ignore[bypased-base] why
  a:
    build: .  # dockopt: ignore[nonsense-here]
  # dockopt: ignore[root-user] only a Dockerfile has one
  b: {image: x}
  # dockopt: ignore[nonsense-here, uncached-build]
  c: {image: y}
  # dockopt ignore: uncached-build
  d: {image: z}
";
    let fixed = "services:
  # dockopt: ignore[bypassed-base] why
  a:
    build: .
  b: {image: x}
  # dockopt: ignore[uncached-build]
  c: {image: y}
  # dockopt: ignore[uncached-build]
  d: {image: z}
";
    let folder = folder(&[("Dockerfile", QUIET), ("compose.yaml", compose)]);
    let ran = run(&folder, &["fix"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("compose.yaml")).unwrap(), fixed, "{}{}", ran.out, ran.err);
    assert_eq!(run(&folder, &["check", "--format", "short"]).out, "");
}

/// A page cannot hold this one: `repeated-setup` rightly speaks of the same files.
#[test]
fn a_base_and_what_nothing_builds_bypass_no_base() {
    const SETUP: &str =
        "FROM debian:12\nRUN apt-get update && apt-get install -y libpq5 poppler-utils tesseract-ocr ffmpeg\n";
    let compose = "services:
  base:
    build: ./images/base
  api:
    build:
      context: api
      additional_contexts:
        base:1: service:base
  other-base:
    build: ./images/other
  mailer:
    build: mailer
";
    let service = format!("{SETUP}COPY . .\n");
    let folder = folder(&[
        ("compose.yaml", compose),
        ("images/base/Dockerfile", SETUP),
        ("images/other/Dockerfile", SETUP),
        ("api/Dockerfile", "FROM base:1\nCOPY . .\n"),
        ("mailer/Dockerfile", &service),
        ("unbuilt/Dockerfile", &service),
    ]);
    let ran = run(&folder, &["check", "--select", "bypassed-base", "--format", "short", "."]);
    assert_eq!(ran.out.lines().filter(|it| it.contains("bypassed-base")).count(), 1, "{}", ran.out);
    assert!(ran.out.contains("mailer/Dockerfile:2"), "{}", ran.out);
}
