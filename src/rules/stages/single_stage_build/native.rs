//! C and C++: the program is copied to the same path in the distribution that the compiler stands on.

use super::{
    Plan,
    division::{Division, Role},
    needs::Needs,
    packages::{self, Distribution, Fate},
    python::makes_accounts,
};
use crate::{
    context::Context,
    manifests::{View, visible},
    model::{CopyFrom, ImageRef, Run, Stage, StepKind, absolute},
    project::join,
    rule::FileCx,
    shell::{Invocation, Word},
    source::Span,
    syntax::{Args, Keyword},
};

const COMPILERS: [&str; 6] = ["gcc", "g++", "cc", "c++", "clang", "clang++"];
const BUILDERS: [&str; 4] = ["make", "cmake", "ninja", "meson"];

fn builds(run: &Run) -> bool {
    run.invocations().iter().any(|it| COMPILERS.contains(&&*it.program) || BUILDERS.contains(&&*it.program))
}

fn words(it: &Invocation) -> Vec<String> {
    it.words.iter().filter_map(Word::literal).collect()
}

pub(super) fn plan<'a>(cx: &'a FileCx<'a>, stage: &'a Stage, image: &ImageRef) -> Option<Plan<'a>> {
    let run_at = |at: usize| match &stage.steps[at].kind {
        StepKind::Run(run) => Some(run),
        StepKind::Copy(_) | StepKind::Other => None,
    };
    let last = (0..stage.steps.len()).rfind(|at| run_at(*at).is_some_and(builds))?;
    let from = cx.model.at(stage.from);
    let kept: Vec<(String, Span)> = vec![("the compiler".to_owned(), from.span)];
    let mut obstacles = Vec::new();
    let (release, alpine) = super::release(image);
    let written = match &from.args {
        Args::Words(words) => words.first()?.text.as_str(),
        _ => return None,
    };
    if written.contains(['$', '@']) {
        obstacles.push("the version of the image cannot be told.".to_owned());
    }
    let context = super::only(cx.contexts(), |_| false);
    let needs = Needs::new(cx, stage, context, last);
    let mut division = Division::new(cx, stage, last, format!("debian:{}-slim", release.unwrap_or("stable")));
    for (at, step) in stage.steps.iter().enumerate().take(last + 1) {
        let instruction = cx.model.instruction(step);
        let role = match &step.kind {
            StepKind::Run(run) if packages::is_only_packages(run) => {
                match packages::of(run, Distribution { release, alpine }, &needs) {
                    Some(found) => division.packages.extend(found.into_iter().filter(|it| it.fate != Fate::Build)),
                    None => obstacles.push("the system packages cannot be told.".to_owned()),
                }
                Role::Build
            }
            StepKind::Run(run) if at == last || is_about_building(run) => Role::Build,
            StepKind::Run(_) => {
                let line = cx.source.slice(instruction.span).lines().next().unwrap_or_default();
                division.reasons.push(format!("`{line}` may write what the image needs."));
                Role::Build
            }
            StepKind::Copy(copy) if copy.from == CopyFrom::Context => Role::Build,
            StepKind::Copy(_) => Role::Both,
            StepKind::Other => {
                if instruction.kind == Keyword::User {
                    obstacles.push("a user other than root builds.".to_owned());
                }
                division.role_of_other(instruction)
            }
        };
        division.roles.push(role);
    }
    let later =
        stage.steps[last + 1..].iter().filter(|it| matches!(&it.kind, StepKind::Run(run) if !makes_accounts(run)));
    for step in later {
        let line = cx.source.slice(cx.model.instruction(step).span).lines().next().unwrap_or_default();
        obstacles.push(format!("`{line}` comes after the build."));
    }
    match program(cx, stage).and_then(|it| absolute(stage.end.workdir.as_deref(), &it)) {
        Some(called)
            if stage.steps[..=last]
                .iter()
                .enumerate()
                .any(|(at, _)| run_at(at).is_some_and(|run| makes(run, &called, stage, at, context))) =>
        {
            division.made.push(called);
        }
        _ => obstacles.push("what the build makes cannot be told.".to_owned()),
    }
    let all: Vec<String> = (0..=last).filter_map(run_at).flat_map(Run::invocations).flat_map(words).collect();
    let has = |word: &str| all.iter().any(|it| it == word);
    if !has("-static") {
        if release.is_none() {
            division.reasons.push(format!("Which release of Debian `{written}` stands on cannot be told."));
        }
        let only_c = has("gcc") && !all.iter().any(|it| it.contains("++") || BUILDERS.contains(&it.as_str()));
        if !only_c && !has("-static-libstdc++") {
            division
                .reasons
                .push(format!("`{written}` has a newer `libstdc++` than Debian; `-static-libstdc++` links it in."));
        }
    }
    let why = "It makes the image several times as large and slower to pull, and nothing calls it when the image runs.";
    Some(Plan { kept, why: why.to_owned(), division: Some(division), obstacles })
}

/// Whether a run does nothing that leaves something besides the build.
fn is_about_building(run: &Run) -> bool {
    let is_known = |it: &str| {
        COMPILERS.contains(&it)
            || BUILDERS.contains(&it)
            || matches!(it, "set" | "cd" | "mkdir" | "true" | "rm" | "strip")
    };
    run.script().is_some_and(crate::shell::Script::is_understood)
        && run.invocations().iter().all(|it| is_known(&it.program))
}

/// The program that the image runs.
fn program(cx: &FileCx<'_>, stage: &Stage) -> Option<String> {
    let find = |kind: Keyword| stage.steps.iter().rev().map(|it| cx.model.instruction(it)).find(|it| it.kind == kind);
    let instruction = find(Keyword::Entrypoint).or_else(|| find(Keyword::Cmd))?;
    match &instruction.args {
        Args::Json(words) => words.first().map(|it| it.text.clone()),
        Args::Shell(text) if !text.text.contains(['&', '|', ';', '$', '>', '(']) => {
            text.text.split_whitespace().next().map(str::to_owned)
        }
        _ => None,
    }
}

/// Whether a run is known to make this file.
fn makes(run: &Run, called: &str, stage: &Stage, at: usize, context: Option<&Context>) -> bool {
    run.invocations().iter().zip(run.folders()).any(|(it, folder)| {
        let words = words(it);
        let after = |option: &str| words.iter().position(|it| it == option).and_then(|at| words.get(at + 1));
        if COMPILERS.contains(&&*it.program) {
            return after("-o").and_then(|it| absolute(folder.as_deref(), it)).as_deref() == Some(called);
        }
        if it.program != "cmake" {
            return false;
        }
        // `cmake --build build`: the manifest lies beside it or above.
        let Some((folder, place)) = folder.as_deref().zip(after("--build")) else { return false };
        let Some(context) = context else { return false };
        let view = View { context, copies: visible(&stage.steps, at) };
        let name = called.rsplit('/').next().unwrap_or(called);
        let builds_it = |text: &str| {
            let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
            ["add_executable(", "add_executable( ", "add_executable ("]
                .iter()
                .any(|it| flat.contains(&format!("{it}{name} ")))
        };
        let manifest = view.in_context(&join(folder, "CMakeLists.txt")).and_then(|it| context.read(&it));
        manifest.is_some_and(|it| builds_it(&it)) && join(&join(folder, place), name) == called
    })
}
