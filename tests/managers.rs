//! Every package manager of the tables gets its mount at the right place, for root and for another user.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::collections::BTreeSet;

use dockopt::{edit::Safety, engine, knowledge::KNOWLEDGE, project::Project, settings::Settings};

/// A manager, the image and the command that it is called with, and the folders that are mounted: those of root, and
/// those of the user `app`, whose home is `/home/app`; none where only root can call it.
type Case = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const CASES: &[Case] = &[
    ("apt", "debian:12", "apt-get update && apt-get install -y git", &["/var/cache/apt", "/var/lib/apt/lists"], &[]),
    ("apk", "alpine:3.20", "apk add build-base", &["/etc/apk/cache"], &[]),
    ("dnf", "fedora:42", "dnf install -y git", &["/var/cache/libdnf5"], &[]),
    ("dnf", "rockylinux:9", "dnf install -y git", &["/var/cache/dnf"], &[]),
    ("dnf", "redhat/ubi9-minimal", "microdnf install -y git", &["/var/cache/yum"], &[]),
    ("yum", "centos:7", "yum install -y git", &["/var/cache/yum"], &[]),
    ("tdnf", "photon:5.0", "tdnf install -y git", &["/var/cache/tdnf"], &[]),
    ("zypper", "opensuse/leap:15.6", "zypper -n install git", &["/var/cache/zypp"], &[]),
    ("pacman", "archlinux:base", "pacman -Syu --noconfirm git", &["/var/cache/pacman/pkg"], &[]),
    ("pip", "python:3.12", "pip install flask", &["/root/.cache/pip"], &["/home/app/.cache/pip"]),
    ("pip-tools", "python:3.12", "pip-sync", &["/root/.cache/pip"], &["/home/app/.cache/pip"]),
    ("pipx", "python:3.12", "pipx install black", &["/root/.cache/pip"], &["/home/app/.cache/pip"]),
    ("pipenv", "python:3.12", "pipenv sync --system", &["/root/.cache/pipenv"], &["/home/app/.cache/pipenv"]),
    (
        "poetry",
        "python:3.12",
        "poetry install",
        &["/root/.cache/pypoetry/artifacts", "/root/.cache/pypoetry/cache"],
        &["/home/app/.cache/pypoetry/artifacts", "/home/app/.cache/pypoetry/cache"],
    ),
    ("uv", "python:3.12", "uv sync --locked", &["/root/.cache/uv"], &["/home/app/.cache/uv"]),
    ("pdm", "python:3.12", "pdm sync", &["/root/.cache/pdm"], &["/home/app/.cache/pdm"]),
    ("conda", "condaforge/miniforge3", "conda install -y numpy", &["/var/cache/conda"], &["/var/cache/conda"]),
    ("npm", "node:22", "npm ci", &["/root/.npm"], &["/home/app/.npm"]),
    ("yarn", "node:22", "yarn global add serve", &["/usr/local/share/.cache/yarn"], &["/home/app/.cache/yarn"]),
    ("pnpm", "node:22", "pnpm install", &["/root/.local/share/pnpm/store"], &["/home/app/.local/share/pnpm/store"]),
    ("bun", "oven/bun:1", "bun install", &["/root/.bun/install/cache"], &["/home/app/.bun/install/cache"]),
    (
        "deno",
        "denoland/deno:2.1.4",
        "deno cache main.ts && deno compile -o app main.ts",
        &["/deno-dir"],
        &["/deno-dir"],
    ),
    (
        "go",
        "golang:1.23",
        "go build ./...",
        &["/go/pkg/mod", "/root/.cache/go-build"],
        &["/go/pkg/mod", "/home/app/.cache/go-build"],
    ),
    (
        "cargo",
        "rust:1.80",
        "cargo build",
        &["/usr/local/cargo/git/db", "/usr/local/cargo/registry"],
        &["/usr/local/cargo/git/db", "/usr/local/cargo/registry"],
    ),
    ("maven", "maven:3.9", "mvn package", &["/root/.m2/repository"], &["/home/app/.m2/repository"]),
    ("gradle", "eclipse-temurin:21", "gradle build", &["/root/.gradle/caches"], &["/home/app/.gradle/caches"]),
    ("gradle", "gradle:8", "gradle build", &["/home/gradle/.gradle/caches"], &["/home/app/.gradle/caches"]),
    (
        "sbt",
        "eclipse-temurin:21",
        "sbt compile",
        &["/root/.cache/coursier", "/root/.ivy2/cache", "/root/.sbt/boot"],
        &["/home/app/.cache/coursier", "/home/app/.ivy2/cache", "/home/app/.sbt/boot"],
    ),
    (
        "dotnet",
        "mcr.microsoft.com/dotnet/sdk:9.0",
        "dotnet publish",
        &["/root/.nuget/packages"],
        &["/home/app/.nuget/packages"],
    ),
    ("bundler", "ruby:3.3", "bundle install", &["/usr/local/bundle/cache"], &["/usr/local/bundle/cache"]),
    ("gem", "ruby:3.3", "gem install rails", &["/usr/local/bundle/cache"], &["/usr/local/bundle/cache"]),
    ("composer", "php:8.3-cli", "composer install", &["/var/cache/composer"], &["/var/cache/composer"]),
    ("composer", "composer:2", "composer install", &["/tmp/cache"], &["/tmp/cache"]),
    ("mix", "elixir:1.17", "mix deps.get", &["/root/.hex/packages"], &["/home/app/.hex/packages"]),
    (
        "cabal",
        "haskell:9",
        "CABAL_DIR=/cabal cabal update && CABAL_DIR=/cabal cabal build",
        &["/cabal/packages"],
        &["/cabal/packages"],
    ),
    ("stack", "haskell:9", "stack build", &["/root/.stack/pantry"], &["/home/app/.stack/pantry"]),
    ("opam", "debian:12", "opam install dune", &["/root/.opam/download-cache"], &["/home/app/.opam/download-cache"]),
    ("ccache", "gcc:14", "CC='ccache gcc' make", &["/var/cache/ccache"], &["/var/cache/ccache"]),
    (
        "ccache",
        "gcc:14",
        "cmake -DCMAKE_CXX_COMPILER_LAUNCHER=ccache . && make",
        &["/var/cache/ccache"],
        &["/var/cache/ccache"],
    ),
    ("sccache", "gcc:14", "export CC='sccache gcc' && make", &["/root/.cache/sccache"], &["/home/app/.cache/sccache"]),
    ("cpm", "perl:5.40", "cpm install", &["/root/.perl-cpm"], &["/home/app/.perl-cpm"]),
    ("luarocks", "debian:12", "luarocks install lpeg", &["/root/.cache/luarocks"], &["/home/app/.cache/luarocks"]),
    (
        "pak",
        "rocker/r-ver:4.4.1",
        "Rscript -e 'pak::pak(\"dplyr\")'",
        &["/root/.cache/R/pkgcache"],
        &["/home/app/.cache/R/pkgcache"],
    ),
    (
        "renv",
        "rocker/r-ver:4.4.1",
        "Rscript -e 'renv::restore()'",
        &["/root/.cache/R/renv"],
        &["/home/app/.cache/R/renv"],
    ),
    ("swift", "swift:6.0", "swift build", &["/root/.cache/org.swift.swiftpm"], &["/home/app/.cache/org.swift.swiftpm"]),
    (
        "dart",
        "dart:3.5",
        "dart pub get && dart compile exe bin/main.dart",
        &["/root/.pub-cache/git", "/root/.pub-cache/hosted"],
        &["/home/app/.pub-cache/git", "/home/app/.pub-cache/hosted"],
    ),
];

/// What `fix` makes of a command: the folders that are mounted, and the text.
fn mounted(image: &str, user: &str, command: &str) -> (BTreeSet<String>, String) {
    // What a program is started with decides whether packages are needed, so the last stage starts nothing of it.
    let text = format!(
        "FROM {image} AS build\n{user}WORKDIR /src\nRUN {command}\n\nFROM scratch\nCOPY --from=build /src/app /app\nCMD [\"/app\"]\n"
    );
    let settings = Settings::default().with_selection(vec!["missing-cache-mount".to_owned()], Vec::new());
    let project = Project::in_memory([("Dockerfile", text)], settings);
    let fixed = engine::fix(&project, Safety::Unsafe);
    assert!(fixed.dropped.is_empty(), "{image}: {command}: {:?}", fixed.dropped.first().map(|it| &it.reason));
    let text = fixed.project.sources[0].text.clone();
    let flags = text.split_whitespace().filter_map(|it| it.strip_prefix("--mount=type=cache,"));
    let targets = flags.map(|it| it.split(',').find_map(|it| it.strip_prefix("target=")).unwrap().to_owned());
    (targets.collect(), text)
}

#[test]
fn each_manager_is_mounted_where_it_keeps_its_cache() {
    for (name, image, command, root, user) in CASES {
        let expected = |folders: &[&str]| folders.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>();
        let (found, text) = mounted(image, "", command);
        assert_eq!(found, expected(root), "{name} for root:\n{text}");
        assert!(!text.contains("uid="), "{name} for root:\n{text}");
        if user.is_empty() {
            continue;
        }
        let (found, text) = mounted(image, "RUN useradd -m -u 1001 app\nUSER app\n", command);
        assert_eq!(found, expected(user), "{name} for another user:\n{text}");
        assert_eq!(text.matches("uid=1001").count(), user.len(), "{name} for another user:\n{text}");
    }
}

#[test]
fn no_manager_is_left_out() {
    let tested: BTreeSet<&str> = CASES.iter().map(|it| it.0).collect();
    let with_cache = KNOWLEDGE.managers.iter().filter(|it| !it.cache.is_empty()).map(|it| it.name.as_str());
    let missing: Vec<&str> = with_cache.filter(|it| !tested.contains(it)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

/// What the safe fixes make of a Dockerfile.
fn safely(text: &str) -> String {
    let settings = Settings::default().with_selection(vec!["missing-cache-mount".to_owned()], Vec::new());
    engine::fix(&Project::in_memory([("Dockerfile", text)], settings), Safety::Safe).project.sources[0].text.clone()
}

#[test]
fn a_mount_does_not_hide_what_an_earlier_layer_holds() {
    let of = |first: &str| {
        format!(
            "FROM golang:1.23 AS build\nWORKDIR /src\nCOPY . .\nRUN go test ./...\nRUN {first}\nRUN go build -o /app .\n\nFROM scratch\nCOPY --from=build /app /app\nCMD [\"/app\"]\n"
        )
    };
    // The first run cannot get a mount safely, as a script may read what it fetches.
    let text = of("./check.sh");
    assert_eq!(safely(&text), text);
    // Both can.
    let text = of("go mod edit -require example.org/a@v1.0.0");
    assert_eq!(safely(&text).matches("target=/go/pkg/mod").count(), 2, "{}", safely(&text));
}

#[test]
fn an_environment_of_another_stage_is_not_fetched_again() {
    let of = |copied: &str| {
        format!(
            "FROM python:3.12 AS base\nWORKDIR /app\nCOPY pyproject.toml poetry.lock ./\nRUN --mount=type=cache,target=/root/.cache/pypoetry/artifacts --mount=type=cache,target=/root/.cache/pypoetry/cache poetry install --no-root\n\nFROM python:3.12\nCOPY --from=base {copied}\nWORKDIR /app\nRUN . .venv/bin/activate && poetry install\nCMD [\"python\"]\n"
        )
    };
    let count = |text: &str| safely(text).matches("--mount").count();
    assert_eq!(count(&of("/app /app")), 2);
    assert_eq!(count(&of("/opt/tools /opt/tools")), 4);
}

#[test]
fn only_what_compiles_gets_the_cache_of_a_compiler() {
    let of = |command: &str| {
        format!(
            "FROM gcc:14 AS build\nENV PATH=/usr/lib/ccache:$PATH CCACHE_DIR=/ccache\nWORKDIR /src\nCOPY . .\nRUN {command}\n\nFROM scratch\nCOPY --from=build /src/app /app\nCMD [\"/app\"]\n"
        )
    };
    for (command, mounts) in
        [("cmake ..", 0), ("make install", 0), ("make -j4", 1), ("cmake --build .", 1), ("make all install", 1)]
    {
        assert_eq!(safely(&of(command)).matches("target=/ccache").count(), mounts, "{command}");
    }
    let fed =
        of("make") + "\nFROM build\nRUN --mount=type=cache,target=/ccache,from=registry.example/cache make test\n";
    assert_eq!(safely(&fed).matches("target=/ccache").count(), 1);
}

#[test]
fn a_script_that_cleans_keeps_a_mount_from_being_safe() {
    let of = |script: &str| {
        format!(
            "FROM debian:12\nRUN apt-get update && apt-get install -y git && curl -s https://example.org/{script} | sh\nCMD [\"git\"]\n"
        )
    };
    assert!(!safely(&of("clean_caches.sh")).contains("--mount"));
    assert!(safely(&of("setup.sh")).contains("--mount"));
}

/// The notes of `missing-cache-mount`, and how safe the fixes are.
fn told(text: &str) -> Vec<(String, Option<Safety>)> {
    let settings = Settings::default().with_selection(vec!["missing-cache-mount".to_owned()], Vec::new());
    let found = engine::check(&Project::in_memory([("Dockerfile", text)], settings));
    found.into_iter().map(|it| (it.note.unwrap_or_default(), it.fix.map(|it| it.safety))).collect()
}

#[test]
fn only_a_pattern_that_matches_the_folder_touches_the_cache() {
    let of =
        |word: &str| told(&format!("FROM python:3.12\nRUN pip install flask && chmod 775 {word}\nCMD [\"flask\"]\n"));
    assert_eq!(of("/*.sh")[0].1, Some(Safety::Safe));
    assert_eq!(of("/*")[0].1, Some(Safety::Shown));
    assert_eq!(of("/root/.c*")[0].1, Some(Safety::Shown));
}

#[test]
fn a_file_that_is_there_is_not_downloaded() {
    let notes = told("FROM python:3.12\nCOPY dist /dist\nRUN pip install /dist/*.whl\nCMD [\"flask\"]\n");
    assert_eq!(notes[0].0, "A rebuild of this layer downloads what `/dist/*.whl` needs again.");
}

#[test]
fn the_packages_of_apk_are_not_shared_between_base_images() {
    let of =
        |tag: &str| told(&format!("ARG VERSION\nFROM php:{tag}\nRUN apk add --no-cache build-base\nCMD [\"php\"]\n"));
    assert_eq!(of("8.3-alpine")[0].1, Some(Safety::Safe));
    assert_eq!(of("${VERSION}-alpine3.20")[0].1, Some(Safety::Safe));
    assert_eq!(of("${VERSION}-alpine")[0].1, Some(Safety::Unsafe));
}

/// What three rules about mounts say of a Dockerfile.
fn said(text: &str, rules: &[&str]) -> Vec<String> {
    let rules = rules.iter().map(|it| (*it).to_owned()).collect();
    let settings = Settings::default().with_selection(rules, Vec::new());
    let found = engine::check(&Project::in_memory([("Dockerfile", text)], settings));
    found.into_iter().map(|it| format!("{}: {}", it.rule, it.message)).collect()
}

#[test]
fn what_one_rule_mounts_no_other_finds_useless_or_harmful() {
    for (name, image, command, _, user) in CASES {
        let users = if user.is_empty() { &[""][..] } else { &["", "RUN useradd -m -u 1001 app\nUSER app\n"][..] };
        for user in users {
            let (_, text) = mounted(image, user, command);
            let found = said(&text, &["missing-cache-mount", "useless-cache-mount", "harmful-cache-mount"]);
            assert!(found.is_empty(), "{name}: {found:?}\n{text}");
        }
    }
}

#[test]
fn a_mount_for_root_is_of_no_use_to_another_user() {
    for (name, image, command, root, user) in CASES {
        if user.is_empty() || root == user {
            continue;
        }
        let (_, text) = mounted(image, "", command);
        let text = text.replacen("WORKDIR /src\n", "RUN useradd -m -u 1001 app\nUSER app\nWORKDIR /src\n", 1);
        let found = said(&text, &["useless-cache-mount"]);
        assert!(!found.is_empty(), "{name}:\n{text}");
    }
}
