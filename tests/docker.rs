//! The commands that need Docker, with a `docker` that only pretends.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// A folder with these files, and beside them a `docker` that does what the script says.
fn folder(files: &[(&str, &str)], docker: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [(".git/HEAD", "x"), ("bin/docker", docker)].iter().chain(files) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::set_permissions(folder.path().join("bin/docker"), Permissions::from_mode(0o755)).unwrap();
    folder
}

fn run(folder: &TempDir, args: &[&str]) -> Output {
    let path = format!("{}:/usr/bin:/bin", folder.path().join("bin").display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.args(args).current_dir(folder.path()).env_clear().env("PATH", path).stdin(Stdio::null());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const SLOW: &str = "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\n";
const FILES: [(&str, &str); 3] =
    [("api/Dockerfile", SLOW), ("api/main.py", "x = 1\n"), ("api/requirements.txt", "flask==3.0.0\n")];

/// Answers as Docker does; what it is asked to build is kept, with the files that it would see.
const DOCKER: &str = r#"#!/bin/sh
case "$1 $2" in
"version --format") echo 99.1 ;;
"buildx version") echo github.com/docker/buildx v0.99 abc ;;
"buildx bake")
    log="$(dirname "$0")/../log"
    mkdir -p "$log"
    number=$(ls "$log" | wc -l)
    mkdir "$log/$(printf %02d "$number")"
    cp -r . "$6" "$log/$(printf %02d "$number")"
    ;;
"image inspect") echo 1000000 ;;
"image rm") echo "$@" >>"$(dirname "$0")/../removed" ;;
*) exit 1 ;;
esac
"#;

#[test]
fn before_and_after_are_built_in_copies() {
    let folder = folder(&FILES, DOCKER);
    let output = run(&folder, &["bench", "--format", "json", "api"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let it: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(it["variants"], serde_json::json!(["before", "fix"]));
    assert_eq!(it["machine"]["docker"], "99.1");
    assert_eq!(it["images"][0]["name"], "api");
    assert_eq!(it["images"][0]["variants"][0]["image_bytes"], 1_000_000);
    assert_eq!(it["total"][1].as_array().unwrap().len(), 3);
    // The project itself is as it was, and the images are gone.
    assert_eq!(fs::read_to_string(folder.path().join("api/Dockerfile")).unwrap(), SLOW);
    assert!(fs::read_to_string(folder.path().join("removed")).unwrap().contains("dockopt-bench-before-api:0"));

    let log = |build: &str, file: &str| fs::read_to_string(folder.path().join("log").join(build).join(file)).unwrap();
    let target = |build: &str| {
        let bake: serde_json::Value = serde_json::from_str(&log(build, "docker-bake.json")).unwrap();
        bake["target"]["api"].clone()
    };
    assert_eq!(log("00", "main.py"), "x = 1\n");
    assert_eq!(log("01", "main.py"), "x = 1\n\n");
    assert_eq!(log("02", "requirements.txt"), "flask==3.0.0\n\n");
    // All layers depend on a new argument, and the mounts are in a space of their own.
    assert!(log("00", "Dockerfile").starts_with("FROM python:3.12\nARG DOCKOPT_BENCH\n"));
    assert!(log("03", "Dockerfile").starts_with("FROM python:3.12\nARG DOCKOPT_BENCH\n"));
    assert!(log("03", "Dockerfile").contains("--mount=type=cache"));
    let salts: Vec<_> = ["00", "02", "03"].map(|it| target(it)["args"]["BUILDKIT_CACHE_MOUNT_NS"].clone()).to_vec();
    assert!(salts[0] == salts[1] && salts[0] != salts[2]);
}

#[test]
fn a_build_that_fails_is_told_and_left_out() {
    let docker = DOCKER.replace("    log=", "    echo 'ERROR: no such base' >&2; exit 1\n    log=");
    let folder = folder(&FILES, &docker);
    let output = run(&folder, &["bench", "."]);
    assert_eq!(output.status.code(), Some(2));
    let err = text(&output.stderr);
    assert!(err.contains("before, api, cold: the build fails:\nERROR: no such base"), "{err}");
    assert_eq!(text(&output.stdout), "");
    let output = run(&folder, &["bench", "--at-once", "."]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
}

#[test]
fn a_variant_is_measured_again_when_a_build_fails_only_once() {
    let docker = DOCKER.replace(
        "    log=",
        r#"    once="$(dirname "$0")/../once"
    if [ "$(grep -c . "$once")" = 1 ]; then echo >>"$once" x; echo 'ERROR: timed out' >&2; exit 1; fi
    echo >>"$once" x
    log="#,
    );
    let folder = folder(&FILES, &docker);
    let output = run(&folder, &["bench", "--format", "json", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let err = text(&output.stderr);
    assert!(err.contains("before, api, a line of code: the build fails:\nERROR: timed out"), "{err}");
    assert!(err.contains("note: `before` is measured again from the start"), "{err}");
    let it: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let seconds = it["images"][0]["variants"][0]["seconds"].as_array().unwrap();
    assert!(seconds.iter().all(|it| it.as_array().unwrap().len() == 1), "{seconds:?}");
    // The first build, the one that was repeated, and then all three of both.
    assert_eq!(fs::read_dir(folder.path().join("log")).unwrap().count(), 8);
}

#[test]
fn bench_needs_docker_and_an_image() {
    let folder = folder(&FILES, "#!/bin/sh\nexit 1\n");
    let output = run(&folder, &["bench"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("the Docker engine does not answer"));
    fs::write(folder.path().join("bin/docker"), DOCKER).unwrap();
    let output = run(&folder, &["bench", "--only", "web"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("there is no image `web`\n  help: there are api"));
}

#[test]
fn another_change_is_laid_over() {
    let mut files = FILES.to_vec();
    files.push(("more/api/requirements.txt", "flask==3.0.0\nhumanize==4.9.0\n"));
    files.push(("compose.yaml", "services:\n  api:\n    build:\n      context: .\n      dockerfile: api/Dockerfile\n"));
    let folder = folder(&files, DOCKER);
    let output = run(&folder, &["bench", "--quiet", "--change", "a dependency=more", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("| a dependency |"));
    let after = folder.path().join("log/02/api/requirements.txt");
    assert_eq!(fs::read_to_string(after).unwrap(), "flask==3.0.0\nhumanize==4.9.0\n");
}

#[test]
fn doctor_does_without_docker() {
    let folder = folder(&[], "#!/bin/sh\n");
    fs::remove_file(folder.path().join("bin/docker")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    let output = command.arg("doctor").current_dir(folder.path()).env_clear().env("PATH", folder.path().join("bin"));
    let output = output.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let out = text(&output.stdout);
    assert!(out.starts_with("error   client: there is no `docker` on the path\n        next: install Docker"), "{out}");
    let output = run(&folder, &["doctor", "--fail-on", "never"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn doctor_says_what_is_there() {
    let docker = r#"#!/bin/sh
case "$1 $2" in
"version --format") echo '{"Client":{"Version":"28.0.1"},"Server":{"Version":"20.10.24"}}' ;;
"buildx version") echo github.com/docker/buildx v0.21.0 abc ;;
"buildx inspect") printf 'Name: default\nDriver: docker\n' ;;
"system df") echo '{"Type":"Build Cache","Size":"3GB"}' ;;
"info --format") echo '{"DockerRootDir":"/"}' ;;
*) exit 1 ;;
esac
"#;
    let folder = folder(&[], docker);
    let output = run(&folder, &["doctor", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let it: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let levels: Vec<_> = it["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["level"].as_str().unwrap()))
        .collect();
    let expected = [
        ("client", "ok"),
        ("engine", "warning"),
        ("buildkit", "warning"),
        ("buildx", "ok"),
        ("compose", "note"),
        ("builder", "note"),
    ];
    assert_eq!(levels[..6], expected);
    assert_eq!(levels[6].0, "disk");
}

/// A client that hangs, as it does when the engine is stuck, is given up.
#[test]
fn doctor_does_not_wait_for_ever() {
    let folder = folder(&[], "#!/bin/sh\nexec sleep 100\n");
    let start = std::time::Instant::now();
    let output = run(&folder, &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("the engine does not answer in time"));
    assert!(start.elapsed().as_secs() < 60);
}
