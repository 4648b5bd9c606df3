//! What goes wrong with caches in images, one case each: what `fix`, unsafe fixes included, must and must not write.
//!
//! The first part are traps of package managers and of mounts, the second what rewriting tools are known to break.

use dockopt::{edit::Safety, engine, project::Project, settings::Settings};
use libtest_mimic::{Arguments, Failed, Trial};

/// A case: what it is about, the files (the Dockerfile first), texts of the fixed Dockerfile, and texts that it lacks.
struct Case {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    has: &'static [&'static str],
    lacks: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        name: "1 what is built stays in the layer",
        files: &[(
            "Dockerfile",
            "FROM rust:1.80 AS build\nWORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nCOPY src src\nRUN cargo build --release --locked\n\nFROM debian:12-slim\nCOPY --from=build /src/target/release/app /usr/local/bin/app\nCMD [\"app\"]\n",
        )],
        has: &["target=/usr/local/cargo/registry", "COPY --from=build /src/target/release/app"],
        lacks: &["target=/src/target", "target=target"],
    },
    Case {
        name: "1 a mounted build folder is copied out of",
        files: &[(
            "Dockerfile",
            "FROM rust:1.80 AS build\nWORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nCOPY src src\nRUN --mount=type=cache,target=/src/target cargo build --release --locked\n\nFROM debian:12-slim\nCOPY --from=build /src/target/release/app /usr/local/bin/app\nCMD [\"app\"]\n",
        )],
        has: &["cp -r /src/target/release/app /out/", "COPY --from=build /out/app"],
        lacks: &["COPY --from=build /src/target"],
    },
    Case {
        name: "2 a store that a later command reads offline is mounted there, too, and may be filled there",
        files: &[(
            "Dockerfile",
            "FROM mcr.microsoft.com/dotnet/sdk:9.0 AS build\nWORKDIR /src\nCOPY app.csproj ./\nRUN dotnet restore\nCOPY Program.cs ./\nRUN dotnet publish --no-restore -o /app\n\nFROM mcr.microsoft.com/dotnet/aspnet:9.0\nCOPY --from=build /app /app\nENTRYPOINT [\"dotnet\", \"/app/app.dll\"]\n",
        )],
        has: &[
            "RUN --mount=type=cache,target=/root/.nuget/packages,sharing=locked \\\n    dotnet restore",
            "RUN --mount=type=cache,target=/root/.nuget/packages,sharing=locked \\\n    dotnet publish -o /app",
        ],
        lacks: &["--no-restore"],
    },
    Case {
        name: "2 a store that is mounted once is mounted for the later reader, too",
        files: &[(
            "Dockerfile",
            "FROM maven:3.9 AS build\nWORKDIR /src\nCOPY pom.xml .\nRUN --mount=type=cache,target=/root/.m2/repository,sharing=locked mvn -B dependency:go-offline\nCOPY src src\nRUN mvn -B -o package\n\nFROM eclipse-temurin:21-jre\nCOPY --from=build /src/target/app.jar /app.jar\nCMD [\"java\", \"-jar\", \"/app.jar\"]\n",
        )],
        has: &["RUN --mount=type=cache,target=/root/.m2/repository,sharing=locked \\\n    mvn -B -o package"],
        lacks: &[],
    },
    Case {
        name: "3 Poetry's virtual environments are no part of the mount",
        files: &[
            (
                "Dockerfile",
                "FROM python:3.12-slim\nWORKDIR /app\nRUN pip install poetry==1.8.3\nCOPY pyproject.toml poetry.lock ./\nRUN poetry install --no-root\nCOPY app app\nCMD [\"poetry\", \"run\", \"python\", \"-m\", \"app\"]\n",
            ),
            ("pyproject.toml", "[tool.poetry]\nname = \"app\"\nversion = \"1\"\n"),
            ("poetry.lock", "[metadata]\nlock-version = \"2.0\"\n"),
            ("app/__main__.py", ""),
        ],
        has: &["target=/root/.cache/pypoetry/artifacts", "target=/root/.cache/pypoetry/cache"],
        lacks: &["target=/root/.cache/pypoetry ", "target=/root/.cache/pypoetry,", "virtualenvs"],
    },
    Case {
        name: "3 opam's switch is no part of the mount",
        files: &[(
            "Dockerfile",
            "FROM ocaml/opam:debian-12-ocaml-5.2\nRUN opam install -y dune\nCMD [\"dune\", \"--version\"]\n",
        )],
        has: &["target=/home/opam/.opam/download-cache"],
        lacks: &["target=/home/opam/.opam,", "target=/home/opam/.opam "],
    },
    Case {
        name: "4 Yarn's Plug'n'Play loads packages from the cache",
        files: &[
            (
                "Dockerfile",
                "FROM node:22-slim\nWORKDIR /app\nCOPY package.json yarn.lock ./\nRUN yarn install --immutable\nCOPY src src\nCMD [\"yarn\", \"node\", \"src/index.js\"]\n",
            ),
            (
                "package.json",
                "{\"name\": \"app\", \"packageManager\": \"yarn@4.5.0\", \"dependencies\": {\"left-pad\": \"1.3.0\"}}",
            ),
            ("yarn.lock", "__metadata:\n  version: 8\n\n\"left-pad@npm:1.3.0\":\n  version: 1.3.0\n"),
            ("src/index.js", ""),
        ],
        has: &[],
        lacks: &["--mount"],
    },
    Case {
        name: "4 with folders of packages Yarn's cache is mounted",
        files: &[
            (
                "Dockerfile",
                "FROM node:22-slim\nWORKDIR /app\nCOPY package.json yarn.lock .yarnrc.yml ./\nRUN yarn install --immutable\nCOPY src src\nCMD [\"node\", \"src/index.js\"]\n",
            ),
            (
                "package.json",
                "{\"name\": \"app\", \"packageManager\": \"yarn@4.5.0\", \"dependencies\": {\"left-pad\": \"1.3.0\"}}",
            ),
            ("yarn.lock", "__metadata:\n  version: 8\n\n\"left-pad@npm:1.3.0\":\n  version: 1.3.0\n"),
            (".yarnrc.yml", "nodeLinker: node-modules\n"),
            ("src/index.js", ""),
        ],
        has: &["target=/root/.yarn/berry/cache"],
        lacks: &[],
    },
    Case {
        name: "5 renv copies instead of linking into the mount",
        files: &[("Dockerfile", "FROM rocker/r-ver:4.4.1\nRUN Rscript -e 'renv::restore()'\n")],
        has: &["RENV_CONFIG_CACHE_SYMLINKS=FALSE Rscript"],
        lacks: &[],
    },
    Case {
        name: "5 what links into its cache gets no mount",
        files: &[(
            "Dockerfile",
            "FROM ghcr.io/astral-sh/uv:python3.12-bookworm-slim\nWORKDIR /app\nENV UV_LINK_MODE=symlink\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --locked --no-install-project\n",
        )],
        has: &[],
        lacks: &["--mount"],
    },
    Case {
        name: "6 pnpm is not told to link packages from a mount",
        files: &[(
            "Dockerfile",
            "FROM node:22-slim\nWORKDIR /app\nCOPY package.json pnpm-lock.yaml ./\nRUN pnpm install --package-import-method=symlink\n",
        )],
        has: &[],
        lacks: &["--mount"],
    },
    Case {
        name: "7 Deno's modules stay in the image of a program that is not compiled",
        files: &[(
            "Dockerfile",
            "FROM denoland/deno:2.1.4\nWORKDIR /app\nCOPY main.ts .\nRUN deno cache main.ts\nCMD [\"run\", \"main.ts\"]\n",
        )],
        has: &[],
        lacks: &["--mount"],
    },
    Case {
        name: "7 the whole of ~/.cache is never mounted",
        files: &[(
            "Dockerfile",
            "FROM python:3.12\nRUN pip install playwright==1.48.0 && playwright install --with-deps chromium\nCMD [\"python\"]\n",
        )],
        has: &["target=/root/.cache/pip"],
        lacks: &["target=/root/.cache ", "target=/root/.cache,", "ms-playwright"],
    },
    Case {
        name: "8 Maven's settings are not hidden",
        files: &[(
            "Dockerfile",
            "FROM maven:3.9 AS build\nWORKDIR /src\nCOPY settings.xml /root/.m2/settings.xml\nCOPY pom.xml .\nCOPY src src\nRUN mvn -B package\n",
        )],
        has: &["target=/root/.m2/repository"],
        lacks: &["target=/root/.m2,", "target=/root/.m2 "],
    },
    Case {
        name: "8 lists of an earlier layer are not hidden",
        files: &[("Dockerfile", "FROM debian:12\nRUN apt-get update && ./prepare.sh\nRUN apt-get install -y git\n")],
        has: &[],
        lacks: &["/var/lib/apt/lists"],
    },
    Case {
        name: "8 the packages of conda's base are not hidden",
        files: &[("Dockerfile", "FROM condaforge/miniforge3:24.7.1-0\nRUN conda install -y numpy=2.1\n")],
        has: &["CONDA_PKGS_DIRS=/var/cache/conda"],
        lacks: &["target=/opt/conda"],
    },
    Case {
        name: "9 a mount for another user belongs to that user",
        files: &[(
            "Dockerfile",
            "FROM python:3.12\nRUN useradd -m -u 1001 app\nUSER app\nRUN pip install --user httpie==3.2.3\n",
        )],
        has: &["target=/home/app/.cache/pip,uid=1001"],
        lacks: &["/root/.cache"],
    },
    Case {
        name: "9 a user of unknown number gets no mount",
        files: &[(
            "Dockerfile",
            "FROM python:3.12\nRUN useradd -m app\nUSER app\nRUN pip install --user httpie==3.2.3\n",
        )],
        has: &[],
        lacks: &["--mount"],
    },
    Case {
        name: "10 two distributions do not share apt's caches",
        files: &[(
            "Dockerfile",
            "FROM debian:12 AS a\nRUN apt-get update && apt-get install -y git\nFROM ubuntu:24.04\nRUN apt-get update && apt-get install -y git\n",
        )],
        has: &["id=apt-bookworm", "id=apt-noble", "id=apt-lists-bookworm", "id=apt-lists-noble"],
        lacks: &["type=cache,target=/var/cache/apt"],
    },
    Case {
        name: "10 architectures do not share apt's caches where the stage is built for several",
        files: &[("Dockerfile", "FROM debian:12\nARG TARGETARCH\nRUN apt-get update && apt-get install -y git\n")],
        has: &["id=apt-bookworm-$TARGETARCH"],
        lacks: &[],
    },
    Case {
        name: "11 what does not bear two builds at once is locked",
        files: &[(
            "Dockerfile",
            "FROM maven:3.9 AS build\nWORKDIR /src\nCOPY pom.xml .\nCOPY src src\nRUN mvn -B package\n",
        )],
        has: &["target=/root/.m2/repository,sharing=locked"],
        lacks: &[],
    },
    Case {
        name: "12 a clean-up before the update does not stay inside the mount",
        files: &[(
            "Dockerfile",
            "FROM debian:12\nRUN rm -rf /var/lib/apt/lists/* && apt-get update && apt-get install -y git\n",
        )],
        has: &["target=/var/lib/apt/lists"],
        lacks: &["rm -rf"],
    },
    Case {
        name: "16 there are no mounts in Windows containers",
        files: &[("Dockerfile", "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN pip install flask\n")],
        has: &[],
        lacks: &["--mount"],
    },
    Case {
        name: "17 an array keeps its words",
        files: &[(
            "Dockerfile",
            "FROM python:3.12\nRUN [\"pip\", \"install\", \"--no-cache-dir\", \"flask==3.0.3\"]\n",
        )],
        has: &["RUN [\"pip\", \"install\", \"--no-cache-dir\", \"flask==3.0.3\"]"],
        lacks: &["--mount"],
    },
    Case {
        name: "17 an array without a defeating word gets a mount",
        files: &[("Dockerfile", "FROM python:3.12\nRUN [\"pip\", \"install\", \"flask==3.0.3\"]\n")],
        has: &["--mount=type=cache,target=/root/.cache/pip", "[\"pip\", \"install\", \"flask==3.0.3\"]"],
        lacks: &[],
    },
    Case {
        name: "18 an old frontend gets no mount",
        files: &[("Dockerfile", "# syntax=docker/dockerfile:1.1\nFROM python:3.12\nRUN pip install flask==3.0.3\n")],
        has: &[],
        lacks: &["--mount"],
    },
    Case {
        name: "19 a heredoc keeps its lines",
        files: &[(
            "Dockerfile",
            "FROM debian:12\nRUN <<EOF\nset -e\napt-get update\n# what we need\napt-get install -y git\nrm -rf /var/lib/apt/lists/*\necho done\nEOF\n",
        )],
        has: &[
            "<<EOF\nset -e\napt-get update\n# what we need\napt-get install",
            "\necho done\nEOF\n",
            "target=/var/cache/apt",
        ],
        lacks: &["rm -rf"],
    },
    Case {
        name: "21 a variable in a mount is declared in its stage",
        files: &[("Dockerfile", "FROM debian:12\nRUN apt-get update && apt-get install -y git\n")],
        has: &["id=apt-bookworm,"],
        lacks: &["TARGETARCH"],
    },
    Case {
        name: "24 packages are not installed into a mount",
        files: &[(
            "Dockerfile",
            "FROM python:3.12\nRUN pip install --target /opt/site flask==3.0.3\nCMD [\"python\"]\n",
        )],
        has: &["target=/root/.cache/pip"],
        lacks: &["target=/opt"],
    },
    Case {
        name: "25 an instruction behind a continued RUN is not lost",
        files: &[(
            "Dockerfile",
            "FROM python:3.12\nRUN pip install --no-cache-dir \\\n    flask==3.0.3 \\\n    redis==5.1.1\nCOPY one /one\nCOPY two /two\n",
        )],
        has: &["COPY one /one\nCOPY two /two\n", "    flask==3.0.3 \\\n    redis==5.1.1\n"],
        lacks: &["--no-cache-dir"],
    },
    Case {
        name: "26 comments inside a continuation stay where they are",
        files: &[(
            "Dockerfile",
            "from debian:12\nrun apt-get update && \\\n    # needed for psycopg2\n    apt-get install -y \\\n      libpq-dev \\\n      # compiler\n      gcc \\\n    && apt-get clean && \\\n    rm -rf /var/lib/apt/lists/*\n",
        )],
        has: &["    # needed for psycopg2\n", "      libpq-dev \\\n      # compiler\n      gcc"],
        lacks: &["apt-get clean", "rm -rf"],
    },
    Case {
        name: "27 docker-clean does not empty the mount",
        files: &[("Dockerfile", "FROM debian:12\nRUN apt-get update && apt-get install -y git\n")],
        has: &["-o Dir::Cache::archives=keep/"],
        lacks: &[],
    },
    Case {
        name: "28 apk's packages are kept, and not only its index",
        files: &[("Dockerfile", "FROM alpine:3.20\nRUN apk add git\n")],
        has: &["target=/etc/apk/cache"],
        lacks: &["/var/cache/apk"],
    },
    Case {
        name: "29 a clean-up of several folders keeps the others",
        files: &[(
            "Dockerfile",
            "FROM debian:12\nRUN apt-get update \\\n && apt-get install -y git \\\n && apt-get clean \\\n && rm -rf /var/lib/apt/lists/* /tmp/* /var/tmp/*\n",
        )],
        has: &["rm -rf /tmp/* /var/tmp/*"],
        lacks: &["apt-get clean", "/var/lib/apt/lists/*"],
    },
    Case {
        name: "30 every pip of a RUN loses its switch",
        files: &[(
            "Dockerfile",
            "FROM python:3.12\nRUN pip install --no-cache-dir --upgrade pip==24.2 && pip3 install --no-cache-dir -r requirements.txt && python -m pip install --no-cache-dir gunicorn==23.0.0\n",
        )],
        has: &["pip3 install -r requirements.txt", "python -m pip install gunicorn"],
        lacks: &["--no-cache-dir"],
    },
    Case {
        name: "31 a mount goes beside those that are there",
        files: &[(
            "Dockerfile",
            "FROM python:3.12\nRUN --mount=type=secret,id=netrc,target=/root/.netrc pip install flask==3.0.3\n",
        )],
        has: &["--mount=type=secret,id=netrc,target=/root/.netrc", "--mount=type=cache,target=/root/.cache/pip"],
        lacks: &[],
    },
    Case {
        name: "32 an escape of one's own is kept",
        files: &[("Dockerfile", "# escape=`\nFROM python:3.12\nRUN pip install `\n    flask==3.0.3\nCOPY a b\n")],
        has: &["# escape=`\n", "--mount=type=cache,target=/root/.cache/pip `\n", "COPY a b\n"],
        lacks: &["\\\n"],
    },
    Case {
        name: "33 bundler's mount holds downloads, and not the gems",
        files: &[(
            "Dockerfile",
            "FROM ruby:3.3\nWORKDIR /app\nCOPY Gemfile Gemfile.lock ./\nRUN bundle install\nCMD [\"bundle\", \"exec\", \"puma\"]\n",
        )],
        has: &["target=/usr/local/bundle/cache"],
        lacks: &["target=/usr/local/bundle,", "target=/usr/local/bundle ", "/root/.gem"],
    },
    Case {
        name: "34 a clean-up of what is not mounted stays",
        files: &[("Dockerfile", "FROM python:3.12\nRUN pip install flask==3.0.3 && rm -rf /root/.npm /tmp/work\n")],
        has: &["rm -rf /root/.npm /tmp/work"],
        lacks: &[],
    },
    Case {
        name: "36 two mounts that lie beside Cargo's folders move to one each",
        files: &[(
            "Dockerfile",
            "FROM rust:1.80\nRUN --mount=type=cache,target=/root/.cargo/registry --mount=type=cache,target=/root/.cargo/git cargo install ripgrep --version 14.1.1\nCMD [\"/usr/local/cargo/bin/rg\"]\n",
        )],
        has: &["target=/usr/local/cargo/registry", "target=/usr/local/cargo/git/db"],
        lacks: &[
            "/root/.cargo",
            "registry,sharing=locked --mount=type=cache,target=/usr/local/cargo/registry",
            "target=/usr/local/cargo/git/db,sharing=locked \\\n    --mount=type=cache,target=/usr/local/cargo/git/db",
        ],
    },
    Case {
        name: "37 a clean-up that only follows a failure stays",
        files: &[(
            "Dockerfile",
            "FROM node:22-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN --mount=type=cache,target=/root/.npm npm ci || (npm cache clean --force && npm ci)\n",
        )],
        has: &["npm ci || (npm cache clean --force && npm ci)"],
        lacks: &[],
    },
    Case {
        name: "38 on an unknown image a mount of one's own is believed",
        files: &[(
            "Dockerfile",
            "ARG VERSION\nFROM golang:${VERSION}-alpine\nRUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache go install example.org/tool@v1\n",
        )],
        has: &[],
        lacks: &["/root/go/pkg/mod"],
    },
    Case {
        name: "35 apt's record of automatic installs stays in the image",
        files: &[(
            "Dockerfile",
            "FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt,sharing=locked --mount=type=cache,target=/var/cache/apt,sharing=locked apt-get update && apt-get install -y git\n",
        )],
        has: &["target=/var/lib/apt/lists"],
        lacks: &["target=/var/lib/apt,"],
    },
];

fn main() -> std::process::ExitCode {
    let trials =
        CASES.iter().map(|case| Trial::test(format!("P-{}", case.name), || examine(case).map_err(Failed::from)));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn examine(case: &Case) -> Result<(), String> {
    let project = Project::in_memory(case.files.iter().copied(), Settings::default());
    let fixed = engine::fix(&project, Safety::Unsafe);
    if let Some(dropped) = fixed.dropped.first() {
        return Err(format!("the fix of `{}` was dropped: {}", dropped.finding.rule, dropped.reason));
    }
    let text = &fixed.project.sources[0].text;
    if let Some(missing) = case.has.iter().find(|it| !text.contains(**it)) {
        return Err(format!("`{missing}` is missing:\n{text}"));
    }
    if let Some(wrong) = case.lacks.iter().find(|it| text.contains(**it)) {
        return Err(format!("`{wrong}` should not be there:\n{text}"));
    }
    let again = engine::fix(&fixed.project, Safety::Unsafe);
    if again.project.sources[0].text == *text { Ok(()) } else { Err("a second fix changes it".to_owned()) }
}
