//! Where caches lie, by option, variable, environment, base image and user; stages; users.

use std::{collections::BTreeMap, sync::Arc};

use super::{Base, Certainty, Configured, Model, StepKind};
use crate::{
    knowledge::Flavor,
    source::{FileId, Source},
    syntax,
};

fn model(text: &str) -> Model {
    let source = Source::new("Dockerfile", text);
    Model::of(FileId(0), &source, &Arc::new(syntax::parse(text)), &BTreeMap::new())
}

/// The cache folders of all package commands; `?` before those that are assumed.
fn caches(text: &str) -> String {
    let model = model(text);
    let mut all = Vec::new();
    for stage in &model.stages {
        for step in &stage.steps {
            let StepKind::Run(run) = &step.kind else { continue };
            for command in run.packages() {
                for path in model.cache_paths(
                    stage.index,
                    &step.before,
                    run,
                    command,
                    &Configured::flavor(Some(Flavor::Classic)),
                ) {
                    let doubt = if path.certainty == Certainty::Assumed { "?" } else { "" };
                    all.extend(path.targets.iter().map(|it| format!("{doubt}{it}")));
                }
            }
        }
    }
    all.join(" ")
}

#[test]
fn caches_lie_where_the_manager_keeps_them() {
    for (text, expected) in [
        ("FROM python:3.12\nRUN pip install x", "/root/.cache/pip"),
        ("FROM python:3.12\nRUN python3.12 -m pip install x", "/root/.cache/pip"),
        ("FROM python:3.12\nRUN /opt/venv/bin/pip install x", "/root/.cache/pip"),
        // An option wins over everything, then a variable of the command, then one of the stage.
        ("FROM python:3.12\nENV PIP_CACHE_DIR=/b\nRUN PIP_CACHE_DIR=/a pip install --cache-dir=/c x", "/c"),
        ("FROM python:3.12\nENV PIP_CACHE_DIR=/b\nRUN PIP_CACHE_DIR=/a pip install x", "/a"),
        ("FROM python:3.12\nENV PIP_CACHE_DIR=/b\nRUN export PIP_CACHE_DIR=/d && pip install x", "/d"),
        ("FROM python:3.12\nENV PIP_CACHE_DIR=/b XDG_CACHE_HOME=/x\nRUN pip install x", "/b"),
        ("FROM python:3.12\nENV XDG_CACHE_HOME=/x\nRUN pip install x", "/x/pip"),
        ("FROM python:3.12\nENV HOME=/srv\nRUN pip install x", "/srv/.cache/pip"),
        ("FROM python:3.12\nARG CACHE\nENV PIP_CACHE_DIR=$CACHE\nRUN pip install x", ""),
        // Commands that configure the manager.
        ("FROM python:3.12\nRUN pip config set global.cache-dir /y\nRUN pip install x", "/y"),
        ("FROM python:3.12\nENV PIP_CACHE_DIR=/b\nRUN pip config set global.cache-dir /y\nRUN pip install x", "/b"),
        ("FROM python:3.12\nRUN pip config set global.no-cache-dir true\nRUN pip install x", ""),
        ("FROM python:3.12\nRUN pip install x\nRUN pip config set global.cache-dir /y", "/root/.cache/pip"),
        ("FROM node:22\nRUN npm config set cache /n --global && npm ci", "/n"),
        ("FROM node:22\nRUN npm config set cache=/n\nUSER node\nRUN npm ci", ""),
        ("FROM node:22\nRUN npm config get cache\nRUN npm ci", "/root/.npm"),
        ("FROM node:22\nENV PNPM_HOME=/pnpm\nRUN pnpm config set store-dir /s\nRUN pnpm install", "/s"),
        ("FROM node:22\nRUN yarn config set cache-folder /y\nRUN yarn install", "/y"),
        ("FROM golang:1.23\nRUN go env -w GOMODCACHE=/m\nRUN go mod download", "/m"),
        ("FROM golang:1.23\nRUN go env GOMODCACHE\nRUN go mod download", "/go/pkg/mod"),
        ("FROM ruby:3.3\nRUN bundle config set path /b\nRUN bundle install", "/b/ruby/3.3.0/cache"),
        ("FROM ruby:3.3\nRUN bundle config set --local deployment true\nRUN bundle install", ""),
        // Users.
        ("FROM node:22\nUSER node\nRUN npm ci", "/home/node/.npm"),
        ("FROM node:22\nUSER 1000:1000\nRUN npm ci", "/home/node/.npm"),
        ("FROM python:3.12\nRUN useradd -m -u 1001 app\nUSER app\nRUN pip install x", "/home/app/.cache/pip"),
        ("FROM alpine\nRUN adduser -D -h /srv app\nUSER app\nRUN pip install x", "/srv/.cache/pip"),
        ("FROM python:3.12\nUSER nobody\nRUN pip install x", ""),
        ("FROM python:3.12\nUSER 1234\nRUN pip install x", ""),
        // Base images.
        ("FROM golang:1.23\nRUN go mod download", "/go/pkg/mod"),
        ("FROM debian:12\nRUN go mod download", "/root/go/pkg/mod"),
        ("FROM docker.io/library/golang:1.23\nRUN go mod download", "/go/pkg/mod"),
        ("FROM rust:1.80\nRUN cargo build", "/usr/local/cargo/registry /usr/local/cargo/git/db"),
        ("FROM golang:1.23 AS a\nFROM a\nRUN go build", "/go/pkg/mod /root/.cache/go-build"),
        ("FROM acme/base\nRUN pip install x", "?/root/.cache/pip"),
        ("FROM acme/base\nRUN apt-get update", "/var/lib/apt/lists"),
        ("ARG BASE=python\nFROM ${BASE}:3.12\nRUN pip install x", "/root/.cache/pip"),
        ("ARG BASE\nFROM ${BASE}\nRUN pip install x", "?/root/.cache/pip"),
        ("FROM fedora:39\nRUN dnf install -y x", "/var/cache/dnf"),
        ("FROM fedora:42\nRUN dnf install -y x", "/var/cache/libdnf5"),
        ("FROM mcr.microsoft.com/dotnet/sdk:11.0-azurelinux4.0\nRUN dnf install -y x", "/var/cache/libdnf5"),
        ("FROM mcr.microsoft.com/devcontainers/universal\nRUN pip install x", "/home/codespace/.cache/pip"),
        ("FROM redhat/ubi9-minimal\nRUN microdnf install -y x", "/var/cache/yum"),
        // Roots and others.
        ("FROM node:22\nRUN yarn", "/usr/local/share/.cache/yarn"),
        ("FROM node:22\nUSER node\nRUN yarn install", "/home/node/.cache/yarn"),
        ("FROM node:22\nENV PNPM_HOME=/pnpm\nRUN pnpm install", "/pnpm/store"),
        ("FROM python:3.12\nRUN poetry install", "/root/.cache/pypoetry/cache /root/.cache/pypoetry/artifacts"),
        ("FROM python:3.12\nRUN sudo apt-get install x", "/var/cache/apt /var/lib/apt/lists"),
        ("FROM python:3.12\nRUN sudo -u app pip install x", ""),
        ("FROM python:3.12\nWORKDIR /w\nRUN cd sub && pip install --cache-dir c x", "/w/sub/c"),
        // What installs nothing uses no cache.
        ("FROM python:3.12\nRUN pip --version && pip list && npm run build && yarn --version", ""),
        ("FROM python:3.12\nSHELL [\"powershell\"]\nRUN pip install x", ""),
    ] {
        assert_eq!(caches(text), expected, "{text}");
    }
}

#[test]
fn managers_are_seen_in_every_form() {
    for (text, expected) in [
        ("RUN apt-get -y -o A=b install x", "apt Install"),
        ("RUN set -eux; apt-get -qq update; apt-get install -y x", "apt Update, apt Install"),
        ("RUN [\"apt-get\", \"install\", \"x\"]", "apt Install"),
        ("RUN sh -c \"apk add x\"", "apk Install"),
        ("RUN if true; then apt-get update; fi", "apt Update"),
        ("RUN <<EOF\napt-get update\napt-get install -y x\nEOF", "apt Update, apt Install"),
        ("RUN npm cache clean --force && yarn cache clean", "npm Clean, yarn Clean"),
        ("RUN yarn", "yarn Install"),
        ("RUN yarn build", ""),
        ("RUN npm --prefix web ci", "npm Install"),
        ("RUN go -C x build ./...", "go Build"),
        ("RUN uv pip install -r x && uv cache clean", "uv Install, uv Clean"),
        ("RUN echo apt-get install x", ""),
    ] {
        let model = model(&format!("FROM debian:12\n{text}\n"));
        let found = model.stages[0].runs().flat_map(|(_, run)| run.packages());
        let found: Vec<String> = found.map(|it| format!("{} {:?}", it.manager.name, it.action)).collect();
        assert_eq!(found.join(", "), expected, "{text}");
    }
}

#[test]
fn stages_build_on_one_another() {
    let model = model("FROM debian AS One\nENV A=1\nFROM one\nARG B=$A\nFROM scratch\nCOPY --from=0 /x /y\n");
    assert_eq!(model.stages[1].base, Base::Stage(0));
    assert_eq!(model.stages[2].base, Base::Scratch);
    assert_eq!(model.stages[1].end.variable("B"), super::Value::Known("1".to_owned()));
    let StepKind::Copy(copy) = &model.stages[2].steps[0].kind else { panic!("a copy") };
    assert_eq!(copy.from, super::CopyFrom::Stage(0));
}

#[test]
fn shells_come_from_the_file_and_from_comments() {
    // The shell of each run, `-` for that of the platform; `!` where it is no POSIX shell.
    let shells = |text: &str| {
        let model = model(text);
        let runs = model.stages.iter().flat_map(super::Stage::runs);
        let shown = runs.map(|(step, _)| {
            let mark = if step.before.posix_shell { "" } else { "!" };
            format!("{mark}{}", step.before.shell.as_deref().unwrap_or("-"))
        });
        shown.collect::<Vec<_>>().join(" ")
    };
    for (text, expected) in [
        ("FROM a\nRUN x", "-"),
        ("FROM a\nSHELL [\"/bin/bash\", \"-c\"]\nRUN x", "/bin/bash"),
        ("FROM a AS b\nSHELL [\"bash\"]\nFROM b\nRUN x\nFROM a\nRUN x", "bash -"),
        ("FROM windows/nanoserver\nRUN x", "!-"),
        ("FROM mcr.microsoft.com/dotnet/sdk:9.0-nanoserver-ltsc2022\nRUN x", "!-"),
        ("ARG V\nFROM mcr.microsoft.com/dotnet/sdk:$V-windowsservercore\nRUN x", "!-"),
        // A comment above all instructions holds for every stage, one in a stage for the rest of it.
        ("# why\n# hadolint shell=pwsh\nFROM a\nRUN x\nFROM b\nRUN x", "!pwsh !pwsh"),
        ("# hadolint shell=bash\n# hadolint shell=pwsh\nFROM a\nRUN x", "bash"),
        ("ARG X\n# hadolint shell=pwsh\nFROM a\nRUN x", "-"),
        ("FROM a\n#hadolint shell = bash # why\nRUN x\nFROM b\nRUN x", "bash -"),
        ("FROM a AS b\n# hadolint shell=bash\nRUN x\nFROM b\nRUN x", "bash bash"),
        ("FROM a\nRUN x\n# hadolint shell=bash\nRUN x\nSHELL [\"ash\"]\nRUN x", "- bash ash"),
        ("# hadolint shell=pwsh\nFROM a\nSHELL [\"/bin/sh\", \"-c\"]\nRUN x", "/bin/sh"),
        // Comments that hadolint does not read.
        (
            "FROM a\n# hadolint shell=bash -o pipefail\n# hadolint shell=\n# hadolint shel=x\n# hadolintshell=x\nRUN x",
            "-",
        ),
    ] {
        assert_eq!(shells(text), expected, "{text}");
    }
}

#[test]
fn the_name_of_an_image_is_enough_where_its_tags_make_no_difference() {
    // What is known of the stage's base, and the variable that it sets.
    let known = |text: &str| {
        let model = model(text);
        let stage = &model.stages[0];
        (stage.base_known(), stage.end.variable("GOPATH") == super::Value::Known("/go".to_owned()))
    };
    for (text, expected) in [
        ("FROM golang:1.25", (true, true)),
        ("ARG V\nFROM golang:${V}", (true, true)),
        ("ARG V\nFROM docker.io/library/golang:${V:-1.25}-alpine", (true, true)),
        ("ARG V\nFROM golang:1.${V}@sha256:00", (true, true)),
        ("ARG NAME=golang\nARG V\nFROM ${NAME}:$V", (true, true)),
        ("ARG V\nFROM debian:$V", (true, false)),
        // The name is not known, or what it stands for depends on the tag.
        ("ARG REGISTRY\nFROM ${REGISTRY}golang:1.25", (false, false)),
        ("ARG V\nFROM fedora:$V", (false, false)),
        ("ARG V\nFROM localhost:5000/${V}", (false, false)),
        ("ARG IMAGE\nFROM $IMAGE", (false, false)),
    ] {
        assert_eq!(known(text), expected, "{text}");
    }
}

#[test]
fn a_manager_behind_an_interpreter_goes_by_its_own_name() {
    let model = model("FROM a\nRUN python3 -m pip install b && php composer.phar install && /usr/bin/apt-get update\n");
    let titles: Vec<String> =
        model.stages[0].runs().flat_map(|(_, run)| run.packages()).map(super::PackageCommand::title).collect();
    assert_eq!(titles, ["pip install", "composer install", "apt-get update"]);
}
