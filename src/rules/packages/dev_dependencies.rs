//! Packages for developers in the image that is shipped: see `rules/packages/dev-dependencies.md`.

use serde_json::Value as Json;

use crate::{
    context::Context,
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    knowledge::{Installs, Production, is_plain_program},
    manifests::{View, visible},
    model::{Base, CopyFrom, PackageCommand, Run, Stage, Step, StepKind, Value},
    project::join,
    rule::{Check, FileCx, Rule},
    source::Location,
    syntax::{Args, Instruction, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("packages" / "dev-dependencies", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let Some(stage) = cx.model.stages.last() else { return };
    for (at, step) in stage.steps.iter().enumerate() {
        let StepKind::Run(run) = &step.kind else { continue };
        for command in run.packages() {
            let Some(production) = Installs::of(command.manager).and_then(|it| it.production.as_ref()) else {
                continue;
            };
            if !installs_all(step, run, command, production) || !only_runs_behind(stage, at, run, command) {
                continue;
            }
            out.extend(finding(cx, stage, at, command, production, cx.contexts()));
        }
    }
}

/// Whether a command installs the project with what only developers need.
fn installs_all(step: &Step, run: &Run, command: &PackageCommand, production: &Production) -> bool {
    let invocation = &run.invocations()[command.invocation];
    let set = invocation.environment.iter().chain(run.exports().flat_map(|(_, it)| &it.environment));
    let elsewhere = ["-g", "--global", "--prefix", "-C", "--cwd", "--dir", "--filter", "-F", "-w", "--workspace"];
    let installs = command.project_install().is_some() || command.subcommand.is_empty();
    installs
        && command.operands().next().is_none()
        && command.texts.iter().all(Option::is_some)
        && !production.same.iter().map(String::as_str).chain(elsewhere).any(|it| command.has_option(it))
        && !set.into_iter().any(|it| production.variables.contains(&it.name))
        && production.variables.iter().all(|it| {
            let unset = !step.before.variables.contains_key(it);
            unset || step.before.variable(it) == Value::Unset
        })
}

/// Whether nothing behind the install can be what the packages are for: a build, a test.
fn only_runs_behind(stage: &Stage, at: usize, run: &Run, command: &PackageCommand) -> bool {
    let plain = |run: &Run, from: usize| {
        run.script().is_some()
            && run.invocations().iter().enumerate().skip(from).all(|(at, it)| {
                is_plain_program(&it.program) || run.packages().iter().any(|it| it.invocation == at && it.manager.root)
            })
    };
    plain(run, command.invocation + 1)
        && stage.steps[at + 1..].iter().all(|it| match &it.kind {
            StepKind::Run(run) => plain(run, 0),
            // What another stage has built comes with packages of its own.
            StepKind::Copy(copy) => copy.from == CopyFrom::Context,
            StepKind::Other => true,
        })
}

fn finding(
    cx: &FileCx<'_>,
    stage: &Stage,
    at: usize,
    command: &PackageCommand,
    production: &Production,
    contexts: &[Context],
) -> Option<Finding> {
    let [context] = contexts else { return None };
    let step = &stage.steps[at];
    let StepKind::Run(run) = &step.kind else { return None };
    if is_for_developers(&cx.source.path)
        || stage.name.as_deref().is_some_and(is_for_developers)
        || is_old_npm(stage, command)
    {
        return None;
    }
    let view = View { context, copies: visible(&stage.steps, at) };
    let manifest = view.in_context(&join(run.folder(command)?, "package.json"))?;
    let manifest: Json = serde_json::from_str(&context.read(&manifest)?).ok()?;
    let count = |kind: &str| manifest[kind].as_object().map_or(0, serde_json::Map::len);
    let (dev, all) = (count("devDependencies"), count("dependencies") + count("devDependencies"));
    if dev == 0 || !runs_without(cx, stage, &manifest) {
        return None;
    }
    let words = &run.invocations()[command.invocation].words;
    let last = words.get(command.head.end.checked_sub(1)?)?;
    let location = Location { file: cx.unit.file, span: words.first()?.span.cover(last.span) };
    let title = command.title();
    let mut finding = Finding::new(
        RULE.name,
        location,
        format!("`{title}` puts {dev} of {all} packages into the image that only developers need"),
    );
    finding.note = Some(
        "They come with all that they depend on themselves, and nothing behind the install builds or tests. A program that loads one of them at run time would miss it."
            .to_owned(),
    );
    if run.script().is_some() {
        let edit = Edit::insert(last.span.end as usize, format!(" {}", production.word));
        finding.fix = Change::of(cx.unit.file, [edit]).map(|change| Fix {
            title: format!("Add `{}`", production.word),
            safety: Safety::Unsafe,
            change,
        });
    }
    Some(finding)
}

/// Whether a name says that something is for developers or tests.
fn is_for_developers(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["dev", "test", "build", "ci", "lint", "local"].iter().any(|word| {
        lower
            .split(|it: char| !it.is_ascii_alphanumeric())
            .any(|it| it == *word || it.starts_with("dev") || it.starts_with("test"))
    })
}

/// Before npm 7 the option has another name.
fn is_old_npm(stage: &Stage, command: &PackageCommand) -> bool {
    let Base::Image(image) = &stage.base else { return false };
    let major = image.tag.as_deref().and_then(|it| it.split(['.', '-']).next()?.parse::<u32>().ok());
    command.manager.name == "npm" && image.name.ends_with("node") && major.is_some_and(|it| it < 16)
}

/// Whether what the image starts is known, and needs none of the packages for developers.
fn runs_without(cx: &FileCx<'_>, stage: &Stage, manifest: &Json) -> bool {
    let commands = stage.steps.iter().map(|it| cx.model.instruction(it));
    let mut started: Vec<String> =
        commands.filter(|it| matches!(it.kind, Keyword::Cmd | Keyword::Entrypoint)).map(words).collect();
    if started.is_empty() {
        return false;
    }
    let names: Vec<&String> =
        manifest["devDependencies"].as_object().into_iter().flat_map(serde_json::Map::keys).collect();
    let mut seen = 0;
    // Scripts of the manifest call one another.
    while seen < started.len() && seen < 16 {
        let text = started[seen].clone();
        seen += 1;
        let parts: Vec<&str> = text.split_whitespace().collect();
        let runs_script =
            parts.iter().any(|it| matches!(*it, "npm" | "yarn" | "pnpm" | "bun" | "npm-run-all" | "run-s" | "run-p"));
        for part in &parts {
            let bare = part.trim_start_matches("--").rsplit('/').next().unwrap_or(part);
            let tool = names.iter().any(|it| it.as_str() == *part || it.rsplit('/').next() == Some(bare));
            let known = [
                "dev",
                "test",
                "nodemon",
                "tsx",
                "ts-node",
                "ts-node-dev",
                "tsc",
                "vite",
                "webpack",
                "ng",
                "react-scripts",
                "jest",
                "watch",
                "serve",
                "npx",
                "nest",
            ]
            .iter()
            .any(|it| bare == *it || bare.starts_with("dev:") || bare.starts_with("test:") || part.contains("--watch"));
            if tool || known {
                return false;
            }
            if runs_script && let Some(script) = manifest["scripts"][*part].as_str() {
                started.push(script.to_owned());
                started.extend(
                    ["pre", "post"]
                        .iter()
                        .filter_map(|it| manifest["scripts"][format!("{it}{part}")].as_str().map(str::to_owned)),
                );
            }
        }
        // A script of the image's own can start anything.
        if parts.iter().filter_map(|it| it.rsplit_once('.')).any(|(_, it)| matches!(it, "sh" | "ts" | "tsx")) {
            return false;
        }
    }
    true
}

fn words(instruction: &Instruction) -> String {
    match &instruction.args {
        Args::Json(words) => words.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(" "),
        _ => instruction.rest.text.clone(),
    }
}
