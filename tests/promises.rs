//! The promises of `docs/architecture.md`, on Dockerfiles that are put together at random.

use std::{collections::BTreeMap, env, fmt::Write};

use dockopt::{
    context::{self, Context},
    edit::Safety,
    engine,
    model::Model,
    outline::Outline,
    project::{Project, Unit},
    settings::{Builder, Settings},
    syntax::ItemKind,
};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::RngSeed};

/// Rounds after which the fixing of one file must have come to its end.
const MOST_ROUNDS: usize = 4;

const FROM: &[&str] = &[
    "FROM python:3.12-slim",
    "FROM node:22 AS build",
    "FROM debian:bookworm-slim",
    "FROM golang:1.24 AS build",
    "FROM alpine:3.20",
    "FROM --platform=$BUILDPLATFORM rust:1-slim AS chef",
    "FROM scratch",
    "FROM build AS test",
    "FROM $BASE",
    "from ubuntu:24.04 as base",
];

const INSTRUCTIONS: &[&str] = &[
    "ARG BASE=debian:12",
    "ARG DEBIAN_FRONTEND=noninteractive",
    "ENV PIP_NO_CACHE_DIR=1",
    "ENV PATH=/opt/bin:$PATH PYTHONUNBUFFERED=1",
    "ENV POETRY_VIRTUALENVS_CREATE false",
    "WORKDIR /app",
    "WORKDIR web",
    "USER 1000:1000",
    "USER root",
    "LABEL org.opencontainers.image.title=\"a \\\"b\\\" c\"",
    "EXPOSE 8000/tcp",
    "VOLUME [\"/data\"]",
    "STOPSIGNAL SIGTERM",
    "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]",
    "HEALTHCHECK --interval=5s CMD curl -f http://localhost/ || exit 1",
    "ENTRYPOINT [\"/docker-entrypoint.sh\"]",
    "CMD python -m app",
    "ONBUILD COPY . /app",
    "COPY . .",
    "COPY . /app",
    "COPY --chown=1000:1000 . .",
    "COPY package*.json ./",
    "COPY requirements.txt requirements-dev.txt /app/",
    "COPY pyproject.toml poetry.lock ./",
    "COPY go.mod go.sum ./",
    "COPY app app",
    "COPY --from=build /app/dist /srv",
    "ADD https://example.org/archive.tar.gz /tmp/",
    "ADD vendor.tar.gz /opt",
    "COPY <<EOF /etc/motd\nhello\n# not a comment\nEOF",
    "RUN apt-get update",
    "RUN apt-get update && apt-get install -y --no-install-recommends curl git && rm -rf /var/lib/apt/lists/*",
    "RUN apt-get install -y build-essential",
    "RUN apt-get -y install gcc; apt-get clean; rm -rf /var/lib/apt/lists/* /tmp/* /var/tmp/*",
    "RUN --mount=type=cache,target=/var/cache/apt apt-get update && apt-get install -y make",
    "RUN apk add --no-cache git curl",
    "RUN apk update && apk add bash && rm -rf /var/cache/apk/*",
    "RUN dnf install -y gcc && dnf clean all",
    "RUN pip install --no-cache-dir -r requirements.txt",
    "RUN pip install --upgrade pip && pip install -r requirements.txt -r requirements-dev.txt",
    "RUN python -m pip install flask==3.0 && rm -rf ~/.cache/pip",
    "RUN pip install .",
    "RUN poetry config virtualenvs.create false && poetry install --no-interaction --no-ansi",
    "RUN poetry install --no-root --only main",
    "RUN uv sync --frozen",
    "RUN npm ci && npm run build && npm cache clean --force",
    "RUN npm install -g pnpm",
    "RUN yarn install --frozen-lockfile",
    "RUN pnpm install --frozen-lockfile",
    "RUN go mod download",
    "RUN CGO_ENABLED=0 go build -o /bin/app ./...",
    "RUN cargo build --release",
    "RUN set -eux; for it in a b; do echo \"$it\"; done",
    "RUN if [ -f x ]; then pip install x; else echo 'no x'; fi",
    "RUN (cd web && npm ci) || true",
    "RUN curl -fsSL https://example.org/install.sh | sh -s -- --yes",
    "RUN bash -c \"apt-get update && apt-get install -y jq\"",
    "RUN [\"pip\", \"install\", \"flask\"]",
    "RUN <<EOF\napt-get update\napt-get install -y curl\n# inside\nEOF",
    "RUN useradd -m app && mkdir -p /app && chown app /app",
    "RUN",
    "NONSENSE x",
    "run echo ${x:-$(date)} > /built",
];

/// What lies around the Dockerfile.
const FILES: &[(&str, &str)] = &[
    ("package.json", "{\"name\": \"web\", \"dependencies\": {\"left-pad\": \"1.3.0\"}}\n"),
    ("package-lock.json", "{\"name\": \"web\", \"lockfileVersion\": 3, \"packages\": {}}\n"),
    ("yarn.lock", "# yarn lockfile v1\n"),
    ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"),
    ("requirements.txt", "flask==3.0\n"),
    ("requirements-dev.txt", "-r requirements.txt\npytest\n"),
    (
        "pyproject.toml",
        "[tool.poetry]\nname = \"app\"\nversion = \"1\"\n[tool.poetry.dependencies]\npython = \"^3.12\"\n",
    ),
    ("poetry.lock", "[metadata]\nlock-version = \"2.0\"\n"),
    ("uv.lock", "version = 1\n"),
    ("go.mod", "module example.org/app\n"),
    ("go.sum", ""),
    ("app/__init__.py", ""),
    ("web/package.json", "{\"name\": \"inner\"}\n"),
    ("web/package-lock.json", "{}\n"),
    ("vendor.tar.gz", ""),
];

/// How an instruction is written.
#[derive(Clone, Debug)]
struct Piece {
    text: &'static str,
    /// Which of its blanks become continuations.
    breaks: Vec<bool>,
    /// Whether comment lines stand in its continuations.
    comments_inside: bool,
    /// Whether a comment stands above.
    comment_above: bool,
    blank_below: bool,
}

fn piece(texts: &'static [&'static str]) -> impl Strategy<Value = Piece> {
    let breaks = prop_oneof![Just(Vec::new()), vec(prop::bool::weighted(0.3), 0..12)];
    let flags = (prop::bool::weighted(0.2), prop::bool::weighted(0.2), any::<bool>());
    (select(texts), breaks, flags).prop_map(|(text, breaks, (comments_inside, comment_above, blank_below))| Piece {
        text,
        breaks,
        comments_inside,
        comment_above,
        blank_below,
    })
}

impl Piece {
    /// Writes the instruction; every comment is unlike all others.
    fn write(&self, out: &mut String, n_comments: &mut usize) {
        let mut comment = |out: &mut String| {
            *n_comments += 1;
            let _ = writeln!(out, "# comment {n_comments}.");
        };
        if self.comment_above {
            comment(out);
        }
        // Only blanks between words of one line: not behind the keyword's flags, in quotes, arrays or heredocs.
        let breakable = !self.text.contains(['"', '\'', '\n', '[']);
        for (at, word) in self.text.split(' ').enumerate() {
            match at.checked_sub(2).and_then(|it| self.breaks.get(it)) {
                _ if at == 0 => {}
                Some(true) if breakable => {
                    out.push_str(" \\\n");
                    if self.comments_inside {
                        comment(out);
                    }
                    out.push_str("    ");
                }
                _ => out.push(' '),
            }
            out.push_str(word);
        }
        out.push('\n');
        if self.blank_below {
            out.push('\n');
        }
    }
}

/// A Dockerfile with the number of its comments.
fn dockerfile() -> impl Strategy<Value = (String, usize)> {
    let stage = (piece(FROM), vec(piece(INSTRUCTIONS), 0..9));
    (vec(stage, 1..4), prop::bool::weighted(0.2), prop::bool::weighted(0.1)).prop_map(|(stages, crlf, cut)| {
        let (mut text, mut n_comments) = (String::new(), 0);
        for (from, rest) in &stages {
            from.write(&mut text, &mut n_comments);
            for it in rest {
                it.write(&mut text, &mut n_comments);
            }
        }
        if cut {
            text.pop();
        }
        (if crlf { text.replace('\n', "\r\n") } else { text }, n_comments)
    })
}

fn project(dockerfile: &str, builder: Builder) -> Project {
    let own = [("Dockerfile", dockerfile)];
    Project::in_memory(own.into_iter().chain(FILES.iter().copied()), Settings { builder, ..Settings::default() })
}

fn model(project: &Project, unit: &Unit) -> Model {
    Model::of(unit.file, project.source(unit.file), &unit.syntax, &BTreeMap::new())
}

/// The outlines before and after, for each folder that may be the context.
fn outlines(before: &Project, after: &Project) -> Vec<(Outline, Outline)> {
    let (old, new) = (&before.dockerfiles[0], &after.dockerfiles[0]);
    let (old_model, new_model) = (model(before, old), model(after, new));
    let mut contexts = context::candidates(before, old.file, &old_model);
    contexts.push(Context::unknown());
    // What is newly copied by name has to be there.
    let of = |context| {
        let old = Outline::of(&old_model, before.source(old.file), context);
        (old, Outline::of(&new_model, after.source(new.file), context))
    };
    let fitting = context::candidates(after, new.file, &new_model).len();
    contexts.iter().take(fitting.max(1)).map(of).collect()
}

/// The same cases in every run; `PROPTEST_CASES=10000 cargo test --test promises` looks at that many others.
fn config() -> ProptestConfig {
    const CASES: u32 = 150;
    const SEED: u64 = 1;
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: CASES, rng_seed: RngSeed::Fixed(SEED), ..config },
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn items_tile_the_text((text, _) in dockerfile()) {
        let project = project(&text, Builder::Buildkit);
        let mut end = 0;
        for item in &project.dockerfiles[0].syntax.items {
            prop_assert_eq!(item.span.start, end);
            end = item.span.end;
        }
        prop_assert_eq!(end as usize, text.len());
    }

    #[test]
    fn safe_fixes_keep_their_promises((text, n_comments) in dockerfile(), legacy in prop::bool::weighted(0.2)) {
        let builder = if legacy { Builder::Legacy } else { Builder::Buildkit };
        let before = project(&text, builder);
        let fixed = engine::fix(&before, Safety::Safe);
        let after = &fixed.project.sources[0].text;
        prop_assert!(fixed.dropped.is_empty(), "{}: {}", fixed.dropped[0].finding.rule, fixed.dropped[0].reason);
        prop_assert!(fixed.rounds <= MOST_ROUNDS, "{} rounds", fixed.rounds);
        for number in 1..=n_comments {
            prop_assert!(after.contains(&format!("# comment {number}.")), "comment {number} is lost:\n{after}");
        }
        prop_assert_eq!(text.contains("\r\n"), after.contains("\r\n"));
        if text.contains("\r\n") {
            prop_assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
        }
        for (old, new) in outlines(&before, &fixed.project) {
            prop_assert_eq!(old.difference(&new), None, "{}", after);
        }
        let again = engine::fix(&fixed.project, Safety::Safe);
        prop_assert_eq!(&again.project.sources[0].text, after);
    }

    #[test]
    fn unsafe_fixes_come_to_an_end((text, n_comments) in dockerfile()) {
        let before = project(&text, Builder::Buildkit);
        let fixed = engine::fix(&before, Safety::Unsafe);
        let after = &fixed.project.sources[0].text;
        prop_assert!(fixed.dropped.is_empty(), "{}: {}", fixed.dropped[0].finding.rule, fixed.dropped[0].reason);
        prop_assert!(fixed.rounds <= MOST_ROUNDS, "{} rounds", fixed.rounds);
        for number in 1..=n_comments {
            prop_assert!(after.contains(&format!("# comment {number}.")), "comment {number} is lost:\n{after}");
        }
        let again = engine::fix(&fixed.project, Safety::Unsafe);
        prop_assert_eq!(&again.project.sources[0].text, after);
    }

    #[test]
    fn nothing_panics(mut bytes in vec(any::<u8>(), 0..40), (text, _) in dockerfile(), at in any::<prop::sample::Index>()) {
        let place = at.index(text.len() + 1);
        let mut mutated = text.into_bytes();
        let end = (place + bytes.len()).min(mutated.len());
        mutated.splice(place..end, bytes.drain(..));
        let text = String::from_utf8_lossy(&mutated).into_owned();
        let before = project(&text, Builder::Buildkit);
        engine::check(&before);
        let fixed = engine::fix(&before, Safety::Safe);
        let comments = |it: &Project| {
            let items = &it.dockerfiles[0].syntax.items;
            items.iter().filter(|it| matches!(it.kind, ItemKind::Comment)).count()
        };
        prop_assert!(comments(&before) <= comments(&fixed.project));
    }
}
