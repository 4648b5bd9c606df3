//! C and C++: the program is copied to the same path in the distribution that the compiler stands on.

use super::{
    Plan,
    compiled::cost,
    division::{Division, Role},
    needs::Needs,
    packages::{self, Distribution, Fate},
    python::makes_accounts,
};
use crate::{
    context::Context,
    manifests::{View, visible},
    model::{CopyFrom, ImageRef, Run, Stage, StepKind, absolute},
    project::{file_name, join},
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
                division.may_write(instruction);
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
    let mut is_certain = false;
    match program(cx, stage).and_then(|it| absolute(stage.end.workdir.as_deref(), &it)) {
        Some(called)
            if stage.steps[..=last]
                .iter()
                .enumerate()
                .any(|(at, _)| run_at(at).is_some_and(|run| makes(run, &called, stage, at, context))) =>
        {
            division.made.push(called);
            is_certain = true;
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
    Some(Plan { kept, why: cost(is_certain), is_certain, division: Some(division), obstacles })
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
    let name = file_name(called);
    let view = context.map(|context| View { context, copies: visible(&stage.steps, at) });
    // A file of the project, as the run sees it.
    let read = |folder: &str, file: &str| view.as_ref()?.read(&join(folder, file));
    // What sets a folder up to build in, with the folder of the sources.
    let mut set_up: Vec<(String, String)> = Vec::new();
    for (it, folder) in run.invocations().iter().zip(run.folders()) {
        let Some(folder) = folder.as_deref() else { continue };
        let words = words(it);
        let after = |option: &str| words.iter().position(|it| it == option).and_then(|at| words.get(at + 1));
        let place = |it: &str| absolute(Some(folder), it);
        let is_made = |build: &str| join(build, name) == called;
        match it.program.as_str() {
            compiler if COMPILERS.contains(&compiler) => {
                let output = after("-o").and_then(|it| place(it));
                if output.is_some_and(|it| it == called) {
                    return true;
                }
            }
            // `cmake --build build`: the manifest lies beside it or above.
            "cmake" if words.iter().any(|it| it == "--build") => {
                let Some(build) = after("--build").and_then(|it| place(it)) else { continue };
                let known = set_up.iter().find(|it| it.0 == build).map(|it| it.1.clone());
                let sources = known.unwrap_or_else(|| folder.to_owned());
                let has = read(&sources, "CMakeLists.txt").is_some_and(|it| names_target(&it, "add_executable", name));
                if has && is_made(&build) {
                    return true;
                }
            }
            "cmake" => {
                let build = after("-B").map_or_else(|| Some(folder.to_owned()), |it| place(it));
                let given = words.get(1).filter(|it| !it.starts_with('-'));
                let sources = after("-S").or(given).map_or_else(|| Some(folder.to_owned()), |it| place(it));
                set_up.extend(build.zip(sources));
            }
            "meson" if words.get(1).is_some_and(|it| it != "compile" && it != "install") => {
                let given: Vec<&String> =
                    words.iter().skip(1).filter(|it| *it != "setup" && !it.starts_with('-')).collect();
                let Some(build) = given.first().and_then(|it| place(it)) else { continue };
                let sources = given.get(1).map_or_else(|| Some(folder.to_owned()), |it| place(it));
                set_up.extend(sources.map(|it| (build, it)));
            }
            "ninja" | "meson" | "make" => {
                let build = after("-C").map_or_else(|| Some(folder.to_owned()), |it| place(it));
                let Some(build) = build.filter(|it| is_made(it)) else { continue };
                let sources = set_up.iter().find(|it| it.0 == build).map(|it| it.1.as_str());
                let has = match sources {
                    Some(sources) => {
                        read(sources, "CMakeLists.txt").is_some_and(|it| names_target(&it, "add_executable", name))
                            || read(sources, "meson.build").is_some_and(|it| names_target(&it, "executable", name))
                    }
                    None => it.program == "make" && read(&build, "Makefile").is_some_and(|it| has_rule(&it, name)),
                };
                if has {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether a manifest of `cmake` or `meson` says that a program of this name is built.
fn names_target(text: &str, function: &str, name: &str) -> bool {
    let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    flat.match_indices(function).any(|(at, _)| {
        let rest = flat[at + function.len()..].trim_start().strip_prefix('(').unwrap_or_default().trim_start();
        let rest = rest.trim_start_matches(['\'', '"']);
        rest.strip_prefix(name).is_some_and(|it| it.starts_with([' ', '\'', '"', ',', ')']))
    })
}

/// Whether a Makefile has a rule that makes a file of this name where it lies.
fn has_rule(text: &str, name: &str) -> bool {
    let head = format!("{name}:");
    let mut lines = text.lines().skip_while(|it| !it.starts_with(&head)).skip(1);
    let recipe: Vec<&str> = lines.by_ref().take_while(|it| it.starts_with('\t')).collect();
    recipe.iter().any(|it| it.contains("-o $@") || it.contains(&format!("-o {name}")))
}
