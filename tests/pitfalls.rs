//! What goes wrong with caches in images, one case each: what `fix`, unsafe fixes included, must and must not write.
//!
//! The first part are traps of package managers and of mounts, the second what rewriting tools are known to break.

use dockopt::{edit::Safety, engine, project::Project, settings::Settings};
use libtest_mimic::{Arguments, Failed, Trial};

/// A case: what it is about, the files (the Dockerfile first, settings in `dockopt.toml`), texts of the fixed Dockerfile
/// and the other files that `fix` may write, each behind a line with its path, and texts that they lack.
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
        has: &["RUN --mount=type=cache,target=/root/.m2/repository,sharing=locked \\\n    mvn -B package"],
        lacks: &[],
    },
    Case {
        name: "2 what finds its packages in a mount may fetch what is gone from it",
        files: &[(
            "Dockerfile",
            "FROM maven:3.9 AS build\nWORKDIR /src\nCOPY pom.xml .\nRUN --mount=type=cache,target=/root/.m2/repository,sharing=locked mvn -B dependency:go-offline\nCOPY src src\nRUN --mount=type=cache,target=/root/.m2/repository,sharing=locked mvn -B -o package\n\nFROM eclipse-temurin:21-jre\nCOPY --from=build /src/target/app.jar /app.jar\nCMD [\"java\", \"-jar\", \"/app.jar\"]\n",
        )],
        has: &["sharing=locked mvn -B package"],
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
        name: "5 what pnpm installs globally may be links into its store",
        files: &[(
            "Dockerfile",
            "FROM node:22-alpine AS build\nENV PNPM_HOME=/pnpm\nENV PATH=/pnpm/bin:/pnpm:$PATH\nRUN corepack enable pnpm\nRUN pnpm add -g turbo@2.9.4\nCOPY . .\nRUN turbo prune --scope=web --docker\n",
        )],
        has: &[],
        lacks: &["--mount"],
    },
    Case {
        name: "5 a mount on another folder is not moved to where pnpm links to",
        files: &[(
            "Dockerfile",
            "FROM node:22-alpine AS build\nRUN corepack enable pnpm\nRUN --mount=type=cache,target=/root/.pnpm-store pnpm add --global turbo@2.9.4\nRUN turbo --version\n",
        )],
        has: &[],
        lacks: &["/root/.local/share/pnpm/store"],
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
        name: "7 what a program needs comes out of a mounted ~/.cache",
        files: &[(
            "Dockerfile",
            "FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache pip install playwright==1.48.0 && playwright install chromium\nCMD [\"python\"]\n",
        )],
        has: &["target=/root/.cache/pip "],
        lacks: &["target=/root/.cache ", "ms-playwright"],
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
        name: "8 a cache that is filled for the image stays in it",
        files: &[(
            "Dockerfile",
            "FROM oven/bun:1\nWORKDIR /app\nCOPY package.json bun.lock ./\nRUN bun install --frozen-lockfile && rm -rf node_modules\nCMD [\"bun\", \"--version\"]\n",
        )],
        has: &[],
        lacks: &["--mount"],
    },
    Case {
        name: "13 what CI carries over stays a layer of its own",
        files: &[
            (
                "Dockerfile",
                "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \"app.py\"]\n",
            ),
            ("requirements.txt", "flask==3.0.3\n"),
            ("app.py", ""),
            (
                ".github/workflows/ci.yml",
                "on: push\njobs:\n  image:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v5\n      - uses: docker/setup-buildx-action@v3\n      - uses: docker/build-push-action@v6\n        with:\n          context: .\n          cache-from: type=gha\n          cache-to: type=gha,mode=max\n",
            ),
        ],
        has: &[
            "COPY requirements.txt ./\nRUN --mount=type=cache,target=/root/.cache/pip \\\n    pip install -r requirements.txt\nCOPY . .\n",
        ],
        lacks: &["type=bind"],
    },
    Case {
        name: "14 who keeps a cache apart by an id goes on to",
        files: &[(
            "Dockerfile",
            "FROM python:3.12\nENV PIP_CACHE_DIR=/opt/pip\nRUN --mount=type=cache,id=team-a,target=/root/.cache/pip pip install --no-cache-dir flask==3.0.3\n",
        )],
        has: &["--mount=type=cache,id=team-a,target=/opt/pip pip install flask"],
        lacks: &["id=pip", "/root/.cache/pip"],
    },
    Case {
        name: "14 a cache of one's own is not mounted under the name of all",
        files: &[(
            "Dockerfile",
            "FROM maven:3.9 AS build\nWORKDIR /src\nCOPY settings.xml /root/.m2/settings.xml\nCOPY . .\nRUN --mount=type=cache,id=team-a,target=/root/.m2,sharing=locked mvn -B package\n",
        )],
        has: &["id=team-a,target=/root/.m2/repository"],
        lacks: &[],
    },
    Case {
        name: "15 a volume stays, and its folder is where the cache lies",
        files: &[(
            "Dockerfile",
            "FROM gradle:8-jdk21 AS build\nWORKDIR /src\nCOPY settings.gradle build.gradle ./\nCOPY src src\nRUN gradle build --no-daemon\n\nFROM debian:12\nVOLUME /var/cache/apt\nRUN apt-get update && apt-get install -y --no-install-recommends git\nCMD [\"git\"]\n",
        )],
        has: &[
            "target=/home/gradle/.gradle/caches",
            "VOLUME /var/cache/apt\n",
            "id=apt-bookworm,target=/var/cache/apt",
        ],
        lacks: &["/root/.gradle"],
    },
    Case {
        name: "20 what an old build has left is not copied out by a pattern",
        files: &[(
            "Dockerfile",
            "FROM rust:1.80 AS build\nWORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nCOPY src src\nRUN --mount=type=cache,target=/src/target cargo build --release --locked\n\nFROM debian:12-slim\nCOPY --from=build /src/target/release/* /usr/local/bin/\nCMD [\"app\"]\n",
        )],
        has: &["COPY --from=build /src/target/release/* /usr/local/bin/"],
        lacks: &["cp -r", "/out"],
    },
    Case {
        name: "20 what an old build has left is not copied out with its folder",
        files: &[(
            "Dockerfile",
            "FROM rust:1.80 AS build\nWORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nCOPY src src\nRUN --mount=type=cache,target=/src/target cargo build --release --locked\n\nFROM debian:12-slim\nCOPY --from=build /src/target/release /app\nCMD [\"/app/app\"]\n",
        )],
        has: &["COPY --from=build /src/target/release /app\n"],
        lacks: &["cp -r", "/out"],
    },
    Case {
        name: "22 no link stands in for a folder that may be one, nor for a user by name",
        files: &[
            (
                "Dockerfile",
                "FROM golang:1.24 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /out/server .\n\nFROM debian:12-slim\nCOPY --from=build /out/server /bin/server\nCOPY --from=build --chown=app /src/templates /app/templates\nCOPY --from=build /src/lib /lib/\nCOPY --from=build /out/server /usr/local/bin/server\nENTRYPOINT [\"server\"]\n",
            ),
            ("dockopt.toml", "select = [\"unlinked-copy\"]\n"),
        ],
        has: &[
            "COPY --from=build /out/server /bin/server\n",
            "COPY --from=build --chown=app ",
            "COPY --from=build /src/lib /lib/\n",
            "COPY --link --from=build /out/server /usr/local/bin/server\n",
        ],
        lacks: &[],
    },
    Case {
        name: "23 the history stays where a version is made of it",
        files: &[
            ("Dockerfile", "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install .\nCMD [\"app\"]\n"),
            (
                "pyproject.toml",
                "[build-system]\nrequires = [\"setuptools\", \"setuptools_scm\"]\n[project]\nname = \"app\"\ndynamic = [\"version\"]\n[tool.setuptools_scm]\n",
            ),
            ("app.py", ""),
            (".git/HEAD", "ref: refs/heads/main\n"),
        ],
        has: &["# .dockerignore\n", ".dockerignore\nDockerfile\n"],
        lacks: &[".git\n"],
    },
    Case {
        name: "23 the history stays where a command asks for it",
        files: &[
            (
                "Dockerfile",
                "FROM debian:12\nWORKDIR /app\nCOPY . .\nRUN git describe --tags > version\nCMD [\"cat\", \"version\"]\n",
            ),
            (".git/HEAD", "ref: refs/heads/main\n"),
        ],
        has: &[],
        lacks: &[".git\n"],
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
        files: &[("Dockerfile", "FROM alpine:3.20\nRUN apk add build-base\n")],
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
            "FROM registry.example/team/go:1\nRUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache go install example.org/tool@v1\n",
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
    Case {
        name: "39 nobody becomes another user, and nothing is said of health",
        files: &[
            (
                "Dockerfile",
                "FROM alpine:3.20\nRUN apk add --no-cache python3\nWORKDIR /app\nCOPY requirements.txt .\nCOPY app app\nEXPOSE 80\nCMD [\"python3\", \"-m\", \"app\"]\n",
            ),
            ("requirements.txt", "flask==3.0.3\n"),
            ("app/__main__.py", ""),
        ],
        has: &["--mount=type=cache,id=apk-alpine-3.20", "EXPOSE 80\n"],
        lacks: &["USER", "adduser", "useradd", "HEALTHCHECK", "--chown", "LABEL", "curl", "80/tcp"],
    },
    Case {
        name: "40 development dependencies are there while something is built",
        files: &[
            (
                "Dockerfile",
                "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nCMD [\"npm\", \"start\"]\n",
            ),
            (
                "package.json",
                "{\"name\": \"app\", \"scripts\": {\"build\": \"tsc\", \"start\": \"node dist\"}, \"devDependencies\": {\"typescript\": \"5.6.3\"}, \"dependencies\": {\"express\": \"4.21.1\"}}",
            ),
            (
                "package-lock.json",
                "{\"name\": \"app\", \"lockfileVersion\": 3, \"packages\": {\"\": {}, \"node_modules/typescript\": {\"version\": \"5.6.3\", \"dev\": true}, \"node_modules/express\": {\"version\": \"4.21.1\"}}}",
            ),
            ("src/index.ts", ""),
        ],
        has: &["npm ci\n", "RUN npm run build\n"],
        lacks: &["NODE_ENV", "--omit=dev", "--production"],
    },
    Case {
        name: "41 a build with C stays one",
        files: &[(
            "Dockerfile",
            "FROM golang:1.24\nWORKDIR /src\nCOPY go.mod go.sum ./\nCOPY *.go ./\nRUN go build -o /app .\nCMD [\"/app\"]\n",
        )],
        has: &["target=/root/.cache/go-build", " \\\n    go build -o /app ."],
        lacks: &["CGO_ENABLED", "GOFLAGS"],
    },
    Case {
        name: "42 a file in small letters stays one",
        files: &[("Dockerfile", "from debian:12\nrun apt-get update && apt-get install -y git\ncmd [\"git\"]\n")],
        has: &["from debian:12\nrun --mount=", "\ncmd [\"git\"]\n"],
        lacks: &["FROM", "RUN", "CMD"],
    },
    Case {
        name: "43 what follows a failure is not joined to another step",
        files: &[(
            "Dockerfile",
            "FROM debian:12\nRUN apt-get update && apt-get install -y git\nRUN apt-get update; apt-get install -y curl\n",
        )],
        has: &[" git\nRUN ", "apt-get update; apt-get install", " curl\n"],
        lacks: &["git curl"],
    },
    Case {
        name: "44 the escape directive does not run into what follows",
        files: &[("Dockerfile", "# escape=\\\nFROM debian:12\nRUN apt-get update && \\\n    apt-get install -y git\n")],
        has: &["# escape=\\\nFROM debian:12\nRUN --mount="],
        lacks: &[],
    },
    Case {
        name: "45 directives stay the first lines",
        files: &[(
            "Dockerfile",
            "# syntax=docker/dockerfile:1\n# check=skip=JSONArgsRecommended\n\n# what for\nFROM debian:12\nRUN apt-get update; \\\n    apt-get install -y git; \\\n    rm -rf /var/lib/apt/lists/*\n",
        )],
        has: &[
            "# syntax=docker/dockerfile:1\n# check=skip=JSONArgsRecommended\n\n# what for\nFROM debian:12\n",
            "git\n",
        ],
        lacks: &["rm -rf", ";\n\n", "git;"],
    },
    Case {
        name: "46 the tabs and the other lines of a heredoc stay",
        files: &[(
            "Dockerfile",
            "FROM python:3.12\nRUN <<'PY' python3 -\nif True:\n\tprint(\"pip install --no-cache-dir x\")\nPY\nRUN <<-EOF\n\tpip install --no-cache-dir flask==3.0.3\n\n\techo done\n\tEOF\n",
        )],
        has: &[
            "RUN <<'PY' python3 -\nif True:\n\tprint(\"pip install --no-cache-dir x\")\nPY\n",
            "<<-EOF\n\tpip install flask==3.0.3\n\n\techo done\n\tEOF\n",
        ],
        lacks: &[],
    },
    Case {
        name: "47 brackets of the shell are no array",
        files: &[(
            "Dockerfile",
            "FROM debian:12\nRUN [ -f /x ] || (apt-get update && apt-get install -y git)\nCMD [\"git\"]\n",
        )],
        has: &[
            "RUN --mount=",
            " \\\n    [ -f /x ] || (apt-get update && apt-get install -o Dir::Cache::archives=keep/ -y git)",
        ],
        lacks: &[],
    },
    Case {
        name: "48 a file that is no Dockerfile keeps no other from being fixed",
        files: &[
            ("Dockerfile", "FROM python:3.12\nRUN pip install --no-cache-dir flask==3.0.3\n"),
            ("template/Dockerfile", "{% if base %}\nFROM {{ base }}\n{% endif %}\nRUN pip install --no-cache-dir x\n"),
        ],
        has: &["pip install flask==3.0.3\n", "{% if base %}\nFROM {{ base }}\n{% endif %}\n"],
        lacks: &[],
    },
    Case {
        name: "49 a blank line, an order and a tag that somebody chose stay",
        files: &[(
            "Dockerfile",
            "FROM python:latest\n\nENV B=1\nENV A=2\n\nRUN pip install zope.interface==7 \\\n    attrs==24.2.0\n\nEXPOSE 80\n",
        )],
        has: &[
            "FROM python:latest\n\nENV B=1\nENV A=2\n\nRUN --mount=",
            "pip install zope.interface==7 \\\n    attrs==24.2.0\n\nEXPOSE 80\n",
        ],
        lacks: &["WORKDIR"],
    },
    Case {
        name: "50 no file system in memory is mounted, as the whole context would be sent",
        files: &[(
            "Dockerfile",
            "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci && npm rebuild\nCMD [\"node\"]\n",
        )],
        has: &["target=/root/.npm"],
        lacks: &["tmpfs"],
    },
    Case {
        name: "51 a cache of what a project builds is its own",
        files: &[
            (
                "Dockerfile",
                "FROM rust:1.80 AS build\nWORKDIR /src\nCOPY . .\nRUN cargo build --release --locked\n\nFROM debian:12-slim\nCOPY --from=build /src/target/release/app /usr/local/bin/app\nCMD [\"app\"]\n",
            ),
            ("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\nregex = \"1\"\n"),
            (
                "Cargo.lock",
                "version = 3\n[[package]]\nname = \"p0\"\nversion = \"1.0.0\"\n[[package]]\nname = \"p1\"\nversion = \"1.0.0\"\n[[package]]\nname = \"p2\"\nversion = \"1.0.0\"\n[[package]]\nname = \"p3\"\nversion = \"1.0.0\"\n[[package]]\nname = \"p4\"\nversion = \"1.0.0\"\n",
            ),
            ("src/main.rs", "fn main() {}\n"),
        ],
        has: &["id=app-target,target=/src/target", "cp target/release/app /out/", "COPY --from=build /out/app"],
        lacks: &["id=cargo", "COPY --from=build /src/target"],
    },
    Case {
        name: "52 what is deleted between two builds is there to be deleted",
        files: &[
            (
                "Dockerfile",
                "FROM rust:1.80 AS build\nWORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nRUN mkdir src && echo \"fn main() {}\" > src/main.rs && cargo build --release --locked\nCOPY src src\nRUN rm ./target/release/deps/app*\nRUN cargo build --release --locked\n\nFROM debian:12-slim\nCOPY --from=build /src/target/release/app /usr/local/bin/app\nCMD [\"app\"]\n",
            ),
            (
                "Cargo.toml",
                "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\nregex = \"1\"\nlog = \"0.4\"\nserde = \"1\"\n",
            ),
            (
                "Cargo.lock",
                "version = 3\n[[package]]\nname = \"p0\"\nversion = \"1.0.0\"\n[[package]]\nname = \"p1\"\nversion = \"1.0.0\"\n[[package]]\nname = \"p2\"\nversion = \"1.0.0\"\n[[package]]\nname = \"p3\"\nversion = \"1.0.0\"\n",
            ),
            ("src/main.rs", "fn main() {}\n"),
        ],
        has: &["target=/usr/local/cargo/registry"],
        lacks: &["target=/src/target"],
    },
    Case {
        name: "53 a RUN that a backslash has swallowed is not written around",
        files: &[(
            "Dockerfile",
            "FROM debian:12\nRUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/* \\\n\n# python\nRUN rm -f /usr/bin/python\nCMD [\"git\"]\n",
        )],
        has: &["apt-get install -o Dir::Cache::archives=keep/ -y git\n\n# python\nRUN rm -f /usr/bin/python\n"],
        lacks: &["rm -rf"],
    },
    Case {
        name: "54 what ONBUILD leaves to others stays",
        files: &[(
            "Dockerfile",
            "FROM node:22\nONBUILD COPY package.json .\nONBUILD RUN npm install\nONBUILD COPY . .\nRUN npm install -g serve@14\nCMD [\"npm\", \"start\"]\n",
        )],
        has: &[
            "ONBUILD COPY package.json .\nONBUILD RUN npm install\nONBUILD COPY . .\nRUN --mount=type=cache,target=/root/.npm",
        ],
        lacks: &[],
    },
    Case {
        name: "55 an install by another name is one",
        files: &[(
            "Dockerfile",
            "FROM python:3.12 AS a\nRUN pip3 install flask==3.0.3\nFROM python:3.12 AS b\nRUN python -m pip install flask==3.0.3\nFROM rust:1.80 AS c\nRUN cargo install ripgrep --version 14.1.1\n",
        )],
        has: &[
            "/root/.cache/pip \\\n    pip3",
            "/root/.cache/pip \\\n    python -m pip",
            "/usr/local/cargo/registry,sharing=locked \\\n    cargo install",
        ],
        lacks: &[],
    },
    Case {
        name: "56 a link in the root of the image moves no cache",
        files: &[(
            "Dockerfile",
            "FROM alpine:3.20\nRUN ln -s usr/local/bin/entrypoint.sh /\nRUN apk add --no-cache build-base\n",
        )],
        has: &["target=/etc/apk/cache"],
        lacks: &["target=/usr/local"],
    },
    Case {
        name: "56 a link beside it moves a cache",
        files: &[(
            "Dockerfile",
            "FROM alpine:3.20\nRUN ln -s ../../var/cache/apk /etc/apk/cache\nRUN apk add build-base\n",
        )],
        has: &["target=/var/cache/apk"],
        lacks: &[],
    },
    Case {
        name: "57 what is only downloaded is taken from where it lies",
        files: &[(
            "Dockerfile",
            "FROM debian:12 AS base\nRUN apt-get update && apt-get install -y --no-install-recommends gnupg\nFROM base\nRUN apt-get update && apt-get install -y --download-only git\nRUN mv /var/cache/apt/archives/*.deb /tmp/\n",
        )],
        has: &["RUN apt-get update && apt-get install -y --download-only git\n", "id=apt-bookworm"],
        lacks: &[],
    },
    Case {
        name: "32 an escape of one's own is used where there was none",
        files: &[
            (
                "Dockerfile",
                "# escape=`\nFROM python:3.12\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY app app\nEXPOSE 80\nCMD [\"python\", \"-m\", \"app\"]\n",
            ),
            ("requirements.txt", "flask==3.0.3\n"),
            ("app/__main__.py", ""),
        ],
        has: &["--mount=type=cache,target=/root/.cache/pip `\n", "ENV VIRTUAL_ENV=/opt/venv `\n"],
        lacks: &["\\\n"],
    },
];

fn main() -> std::process::ExitCode {
    let trials =
        CASES.iter().map(|case| Trial::test(format!("P-{}", case.name), || examine(case).map_err(Failed::from)));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn examine(case: &Case) -> Result<(), String> {
    let settings = case.files.iter().find(|(path, _)| *path == "dockopt.toml");
    // Most cases have no program that would be built again.
    let asking = "[levels]\nmissing-cache-mount = \"warning\"\n";
    let settings = Settings::parse(settings.map_or(asking, |(_, text)| *text));
    let settings = settings.map_err(|it| it.to_string())?;
    let project = Project::in_memory(case.files.iter().copied(), settings);
    let fixed = engine::fix(&project, Safety::Unsafe);
    if let Some(dropped) = fixed.dropped.first() {
        return Err(format!("the fix of `{}` was dropped: {}", dropped.finding.rule, dropped.reason));
    }
    let written = |project: &Project| match project.sources.as_slice() {
        [first, rest @ ..] => {
            let others: Vec<String> = rest.iter().map(|it| format!("\n# {}\n{}", it.path, it.text)).collect();
            first.text.clone() + &others.concat()
        }
        [] => String::new(),
    };
    let text = written(&fixed.project);
    if let Some(missing) = case.has.iter().find(|it| !text.contains(**it)) {
        return Err(format!("`{missing}` is missing:\n{text}"));
    }
    if let Some(wrong) = case.lacks.iter().find(|it| text.contains(**it)) {
        return Err(format!("`{wrong}` should not be there:\n{text}"));
    }
    let again = engine::fix(&fixed.project, Safety::Unsafe);
    if written(&again.project) == text { Ok(()) } else { Err("a second fix changes it".to_owned()) }
}
