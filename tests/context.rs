//! What `dockopt context` says of real folders, hostile ones among them.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with these files; `.git` keeps the search for a context inside.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.arg("context").args(args).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The only build of a folder.
fn build(folder: &Path, args: &[&str]) -> Value {
    let output = run(folder, &[&["--format", "json"], args].concat());
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["builds"].as_array().unwrap().len(), 1, "{}", text(&output.stderr));
    value["builds"][0].clone()
}

/// The paths of a status, with their bytes.
fn files(build: &Value, status: &str) -> BTreeMap<String, u64> {
    let entries = build["entries"].as_array().unwrap().iter();
    let files = entries.filter(|it| it["status"] == status && it["kind"] != "dir");
    files.map(|it| (it["path"].as_str().unwrap().to_owned(), it["bytes"].as_u64().unwrap())).collect()
}

fn sent(build: &Value) -> Vec<String> {
    files(build, "sent").into_keys().collect()
}

#[test]
fn the_entries_say_what_decided_and_what_needs_them() {
    let folder = folder(&[
        ("Dockerfile", "FROM scratch\nCOPY src/ /src/\nCOPY \\\n  app.txt /\n"),
        (".dockerignore", "# why\n*.log\n!keep.log\ndata\n.git\n"),
        ("src/a.rs", "12345"),
        ("src/b.log", "1"),
        ("app.txt", "123"),
        ("other.txt", "1234567"),
        ("x.log", "1"),
        ("data/big", "123456789"),
    ]);
    let build = build(folder.path(), &[]);
    assert_eq!(build["dockerfile"], "Dockerfile");
    assert_eq!(build["context"], ".");
    assert_eq!(build["ignore_file"], ".dockerignore");
    assert_eq!(build["found_in"], Value::Null);
    assert_eq!(sent(&build), ["app.txt", "src/a.rs", "src/b.log"]);
    assert_eq!(build["sent"], serde_json::json!({ "bytes": 9, "files": 3 }));
    let entry = |path: &str| build["entries"].as_array().unwrap().iter().find(|it| it["path"] == path).unwrap().clone();
    assert_eq!(entry("src")["needed_by"][0]["line"], 2);
    assert_eq!(entry("app.txt")["needed_by"][0]["instruction"], "COPY app.txt /");
    assert_eq!(entry("other.txt")["status"], "unused");
    assert_eq!(entry("other.txt")["needed_by"], serde_json::json!([]));
    assert_eq!(entry("x.log")["decided_by"]["line"], 2);
    assert_eq!(entry("data")["status"], "ignored");
    assert_eq!(entry("data")["bytes"], Value::Null, "nobody has looked into it");
    assert_eq!(build["is_complete"], false);
    let all = self::build(folder.path(), &["--ignored"]);
    assert_eq!(all["is_complete"], true);
    let entries = all["entries"].as_array().unwrap();
    assert_eq!(entries.iter().find(|it| it["path"] == "data/big").unwrap()["bytes"], 9);
}

#[test]
fn only_what_is_reached_is_sent() {
    let all = |dockerfile: &str| {
        let folder = folder(&[("Dockerfile", dockerfile), ("a", "1"), ("b", "22"), ("c.bin", "333"), ("d/e", "4444")]);
        write(folder.path(), "dockopt.toml", "contexts = { Dockerfile = '.' }");
        fs::remove_dir(folder.path().join(".git")).unwrap();
        sent(&build(folder.path(), &[]))
    };
    let everything = ["Dockerfile", "a", "b", "c.bin", "d/e", "dockopt.toml"];
    let no_names: [&str; 0] = [];
    for (dockerfile, expected) in [
        ("FROM scratch AS x\nCOPY a /\nFROM scratch\nCOPY b /\n", &["b"][..]),
        ("FROM scratch AS x\nCOPY a /\nFROM scratch\nCOPY --from=x /a /\n", &["a"]),
        ("FROM scratch AS x\nCOPY a /\nFROM x\nRUN --mount=source=d,target=/d true\n", &["a", "d/e"]),
        ("FROM scratch\nRUN true\nADD https://example.org/a /\n", &no_names),
        ("FROM scratch\nCOPY --exclude=*.bin . /\n", &everything),
        ("FROM scratch\nRUN --mount=target=/src true\n", &everything),
        ("FROM scratch\nCOPY a /\nRUN --mount=type=tmpfs,target=/t true\n", &everything),
        ("FROM scratch\nRUN --mount=type=tmpfs,target=/t true\n", &no_names),
        ("FROM scratch\nCOPY a /\nRUN --mount=type=cache,target=/t true\n", &["a"]),
        ("FROM scratch\nCOPY [abc] nothing d/ /x/\n", &["a", "b", "d/e"]),
        ("FROM scratch\nCOPY <<EOF /x\ntext\nEOF\n", &no_names),
    ] {
        assert_eq!(all(dockerfile), expected, "{dockerfile}");
    }
}

#[test]
fn the_ignore_file_of_the_dockerfile_comes_first() {
    let folder = folder(&[
        ("Dockerfile", "FROM scratch\nCOPY . /\n"),
        (".dockerignore", "a\n"),
        ("Dockerfile.dockerignore", "*\n!a\n"),
        ("a", "1"),
        ("b", "2"),
    ]);
    let build = build(folder.path(), &[]);
    assert_eq!((build["ignore_file"].as_str(), sent(&build)), (Some("Dockerfile.dockerignore"), vec!["a".to_owned()]));
}

#[test]
fn builds_name_the_context_the_stage_and_other_folders() {
    let folder = folder(&[
        (
            "compose.yaml",
            "services:\n  web:\n    build:\n      context: app\n      target: one\n      additional_contexts:\n        lib: ./lib\n",
        ),
        ("app/Dockerfile", "FROM scratch AS one\nCOPY a /\nCOPY --from=lib /x /\nFROM one\nCOPY b /\n"),
        ("app/a", "1"),
        ("app/b", "22"),
        ("lib/x", "333"),
        ("lib/y", "4444"),
        ("lib/.dockerignore", "y\n"),
    ]);
    let output = run(folder.path(), &["--format", "json"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let builds = value["builds"].as_array().unwrap();
    let names: Vec<_> = builds.iter().map(|it| (it["context"].as_str().unwrap(), sent(it))).collect();
    assert_eq!(names, [("lib", vec!["x".to_owned()]), ("app", vec!["a".to_owned()])]);
    assert_eq!(builds[1]["found_in"]["file"], "compose.yaml");
    assert_eq!(builds[1]["target"], "one");
}

#[test]
fn all_lists_what_the_ignore_file_leaves() {
    let folder = folder(&[("a", "12"), ("sub/b", "3"), ("c.log", "4"), (".dockerignore", "*.log\n.git\n")]);
    let output = run(folder.path(), &["--all"]);
    assert_eq!(text(&output.stdout), "    11 B  .dockerignore\n     2 B  a\n     1 B  sub/b\n    14 B  in 3 files\n");
    let build = build(folder.path(), &["--all"]);
    assert_eq!(build["dockerfile"], Value::Null);
    assert_eq!(build["not_ignored"], serde_json::json!({ "bytes": 14, "files": 3 }));
}

#[test]
fn a_bad_pattern_is_an_error_with_its_place() {
    let folder = folder(&[("Dockerfile", "FROM scratch\nCOPY . /\n"), (".dockerignore", "ok\n\na[\n")]);
    let output = run(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.contains(".dockerignore:3: pattern `a[` is invalid: its `[` has no `]`"), "{message}");
    for command in ["check", "fix"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_dockopt"));
        let output = program.arg(command).current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(2), message.clone()), "{command}");
    }
}

#[test]
fn links_are_followed_inside_and_nowhere_else() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "secret", "secret");
    let folder = folder(&[
        ("Dockerfile", "FROM scratch\nCOPY link out loop abs deep/* /x/\n"),
        ("real/file", "12345"),
        ("deep/real", "1"),
        ("top", "12"),
    ]);
    let root = folder.path();
    symlink("real", root.join("link")).unwrap();
    symlink("/top", root.join("abs")).unwrap();
    symlink(outside.path(), root.join("out")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink("../real/file", root.join("deep/link")).unwrap();
    write(root, "dockopt.toml", "contexts = { Dockerfile = '.' }");
    let build = build(root, &[]);
    assert_eq!(sent(&build), ["abs", "deep/link", "deep/real", "link", "loop", "out", "real/file", "top"]);
    let texts = build.to_string();
    assert!(!texts.contains("secret"), "nothing is followed outside: {texts}");
}

#[test]
fn hostile_folders_are_measured() {
    let folder = folder(&[("Dockerfile", "FROM scratch\nCOPY . /\n"), (".dockerignore", ".git\n"), ("a", "1")]);
    let root = folder.path();
    fs::write(root.join(OsStr::from_bytes(b"latin\xe4")), "12").unwrap();
    fs::create_dir(root.join(OsStr::from_bytes(b"dir\xff"))).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"dir\xff/in")), "123").unwrap();
    fs::write(root.join("new\nline"), "1234").unwrap();
    let mut deep = root.to_owned();
    for _ in 0..200 {
        deep.push("deep");
    }
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("file"), "12345").unwrap();
    assert!(Command::new("mkfifo").arg(root.join("pipe")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    let build = build(root, &[]);
    let sizes: Vec<u64> = files(&build, "sent").into_values().collect();
    // The Dockerfile, the ignore file, and what was written above.
    assert_eq!(sizes.iter().sum::<u64>(), 22 + 5 + 1 + 2 + 3 + 4 + 5, "{build}");
    for args in [&[][..], &["--all"], &["--format", "svg"]] {
        let output = run(root, args);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(!text(&output.stdout).contains("new\nline"));
    }
}

/// Files that come and go while they are counted.
#[test]
fn files_that_vanish_are_no_trouble() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let folder = folder(&[("Dockerfile", "FROM scratch\nCOPY . /\n"), (".dockerignore", ".git\n"), ("a", "1")]);
    let root = folder.path();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in (0..20).cycle().take_while(|_| !done.load(Ordering::Relaxed)) {
                let place = root.join(format!("come-and-go/{number}"));
                // They may be gone before they are there.
                let _ = fs::create_dir_all(&place);
                for file in 0..20 {
                    let _ = fs::write(place.join(file.to_string()), "x");
                }
                let _ = fs::remove_dir_all(root.join("come-and-go"));
            }
        });
        for _ in 0..20 {
            let output = run(root, &["--format", "json"]);
            let code = output.status.code();
            if code != Some(0) {
                done.store(true, Ordering::Relaxed);
            }
            assert_eq!(code, Some(0), "{}", text(&output.stderr));
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// Pipes in the place of the files that git and Docker keep are not opened: that would wait for ever.
#[test]
fn pipes_in_the_place_of_files_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "Dockerfile", "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n");
    write(root, "data/words.bin", "x");
    write(root, ".gitignore", "/data/\n");
    fs::create_dir(root.join(".git")).unwrap();
    for pipe in [".git/index", ".dockerignore", "compose.yaml", "Makefile", "data/.gitignore"] {
        assert!(Command::new("mkfifo").arg(root.join(pipe)).status().unwrap().success());
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    let output = command.args(["check", "--format", "short"]).current_dir(root).output().unwrap();
    assert!(text(&output.stdout).contains("unversioned-copy"), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn ten_thousand_ignore_lines_are_no_trouble() {
    let lines = (0..10_000).map(|it| format!("folder{it}/*.log\n!folder{it}/keep.log")).collect::<Vec<_>>().join("\n");
    let folder = folder(&[("Dockerfile", "FROM scratch\nCOPY . /\n"), (".dockerignore", &lines)]);
    for number in 0..50 {
        for name in ["a.log", "keep.log", "c"] {
            write(folder.path(), &format!("folder{number}/{name}"), "1");
        }
    }
    let build = build(folder.path(), &[]);
    assert_eq!(build["total"]["files"], 152);
    assert_eq!(build["sent"]["files"], 102);
}

#[test]
fn a_folder_that_cannot_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("Dockerfile", "FROM scratch\nCOPY . /\n"), ("locked/a", "1"), ("b", "1")]);
    let locked = folder.path().join("locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    // For the superuser no folder is locked.
    if fs::read_dir(&locked).is_err() {
        let output = run(folder.path(), &[]);
        assert_eq!(output.status.code(), Some(2));
        // Once, though the search for Dockerfiles came by it, too.
        let expected = "error: locked: cannot be read, and the build would fail: Permission denied (os error 13)\n";
        assert_eq!(text(&output.stderr), expected);
    }
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_picture_shows_what_nothing_needs() {
    let folder = folder(&[
        ("Dockerfile", "FROM scratch\nCOPY src /src\n"),
        ("src/<a>&.txt", "12345678901234567890"),
        ("data/b.bin", "1234567890"),
    ]);
    let output = run(folder.path(), &["--format", "svg"]);
    let picture = text(&output.stdout);
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    assert!(picture.contains("src/&lt;a&gt;&amp;.txt: 20 B") && picture.contains("url(#unused)"), "{picture}");
    let refused = Command::new(env!("CARGO_BIN_EXE_dockopt"))
        .args(["check", "--format", "svg"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

/// The founding case in small, with what lies around in a checkout.
#[test]
fn fix_keeps_back_what_no_build_needs() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/services/in");
    for entry in walkdir::WalkDir::new(&services).into_iter().map(Result::unwrap).filter(|it| it.file_type().is_file())
    {
        let path = root.join(entry.path().strip_prefix(&services).unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(entry.path(), path).unwrap();
    }
    let git =
        |args: &[&str]| assert!(Command::new("git").args(args).current_dir(root).output().unwrap().status.success());
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    let ballast = "x".repeat(100_000);
    write(root, ".git/objects/pack/pack-1.pack", &ballast);
    write(root, ".venv/pyvenv.cfg", "home = /usr/bin\n");
    write(root, ".venv/lib/big.so", &ballast);
    write(root, "services/orchestrator/__pycache__/main.cpython-311.pyc", &ballast);
    write(root, "services/rag_service/.pytest_cache/v/big", &ballast);
    write(root, "data/model.bin", &ballast);
    let measured = || {
        let output = run(root, &["--format", "json"]);
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        let builds = value["builds"].as_array().unwrap().iter();
        builds.map(|it| (it["dockerfile"].as_str().unwrap().to_owned(), files(it, "sent"))).collect::<BTreeMap<_, _>>()
    };
    let fix = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
        let output = command.arg("fix").args(args).current_dir(root).output().unwrap();
        assert!(!text(&output.stderr).contains("dropped"), "{}", text(&output.stderr));
    };
    let before = measured();
    fix(&[]);
    let safe = measured();
    assert_eq!(before.len(), 4);
    for (dockerfile, old) in &before {
        let sum = |files: &BTreeMap<String, u64>| files.values().sum::<u64>();
        let (old_sum, new_sum) = (sum(old), sum(&safe[dockerfile]));
        assert!(old_sum >= new_sum + 500_000, "{old_sum} {new_sum}");
        let is_needed = |path: &&String| {
            let ballast = ["/__pycache__/", "/.pytest_cache/", ".git/", ".venv/", "data/"];
            let own = ["Dockerfile", "docker-compose.yml"];
            !ballast.iter().any(|it| format!("/{path}").contains(it)) && !own.iter().any(|it| path.ends_with(it))
        };
        let lost: Vec<_> = old.keys().filter(is_needed).filter(|it| !safe[dockerfile].contains_key(*it)).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
    let written = fs::read_to_string(root.join(".dockerignore")).unwrap();
    fix(&[]);
    assert_eq!(fs::read_to_string(root.join(".dockerignore")).unwrap(), written, "a second fix has nothing to do");
}

/// What keeps it from being safe to leave out a folder that git ignores.
#[test]
fn a_folder_that_git_ignores_stays_where_somebody_may_need_it() {
    let is_safe = |more: &[(&str, &str)], forced: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let git = |args: &[&str]| {
            assert!(Command::new("git").args(args).current_dir(root).output().unwrap().status.success());
        };
        write(root, "Dockerfile", "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n");
        write(root, ".gitignore", "/data/\n");
        write(root, "main.py", "data = 1\n");
        write(root, "data/words.bin", "x");
        for (path, text) in more {
            write(root, path, text);
        }
        git(&["init", "-q"]);
        git(&["add", "-A"]);
        for path in forced {
            git(&["add", "-f", path]);
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
        let output =
            command.args(["fix", "--diff", "--select", "unversioned-copy"]).current_dir(root).output().unwrap();
        text(&output.stdout).contains("+data")
    };
    assert!(is_safe(&[], &[]));
    assert!(!is_safe(&[], &["data/words.bin"]));
    assert!(!is_safe(&[("run.sh", "python main.py data\n")], &[]));
    assert!(!is_safe(&[("main.py", "open('words.bin')\n")], &[]));
    assert!(!is_safe(&[("main.py", "glob('*.bin')\n")], &[]));
    assert!(!is_safe(&[("data/plugin.py", "")], &[]));
    assert!(!is_safe(&[("Dockerfile", "FROM nginx\nCOPY . /usr/share/nginx/html\n")], &[]));
    assert!(!is_safe(&[("other.Dockerfile", "FROM scratch\nCOPY data /data\n")], &[]));
}
