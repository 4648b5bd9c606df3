//! Node: packages are installed, and perhaps sources are built, in one stage; the other has Node without compilers.

use super::{
    Plan,
    division::{Division, Role},
    needs::Needs,
    packages::{self, Distribution, Fate},
    python::makes_accounts,
};
use crate::{
    knowledge::Action,
    model::{CopyFrom, ImageRef, PackageCommand, Run, Stage, Step, StepKind, is_below},
    project::join,
    rule::FileCx,
    source::Span,
    syntax::{Args, Keyword},
};

fn is_of_node(command: &PackageCommand) -> bool {
    matches!(command.manager.name.as_str(), "npm" | "yarn" | "pnpm")
}

/// Whether a command installs programs for everybody, which the image may call.
fn is_global(command: &PackageCommand) -> bool {
    command.has_option("-g") || command.has_option("--global") || command.subcommand.starts_with("global")
}

/// Whether a run installs the project's packages.
fn installs(run: &Run) -> bool {
    run.packages().iter().any(|it| is_of_node(it) && it.action == Action::Install && !is_global(it))
}

/// Whether a run builds the sources: a script of the manifest, or a compiler that the packages bring.
fn builds(run: &Run) -> bool {
    run.invocations().iter().any(|it| {
        let words: Vec<String> = it.words.iter().filter_map(crate::shell::Word::literal).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["npm" | "pnpm" | "yarn", "run", script, ..] | ["yarn" | "pnpm", script, ..] => script.starts_with("build"),
            ["npx", "tsc" | "vite" | "next" | "nest" | "ng", ..] | ["tsc", ..] => true,
            _ => false,
        }
    })
}

pub(super) fn plan<'a>(cx: &'a FileCx<'a>, stage: &'a Stage, image: &ImageRef) -> Option<Plan<'a>> {
    let run_at = |at: usize| match &stage.steps[at].kind {
        StepKind::Run(run) => Some(run),
        StepKind::Copy(_) | StepKind::Other => None,
    };
    let install = (0..stage.steps.len()).rfind(|at| run_at(*at).is_some_and(installs))?;
    let build = (install..stage.steps.len()).rfind(|at| run_at(*at).is_some_and(builds));
    let last = build.unwrap_or(install);
    let from = cx.model.at(stage.from);
    let written = match &from.args {
        Args::Words(words) => words.first()?.text.clone(),
        _ => return None,
    };
    let (release, alpine) = super::release(image);
    let runtime = super::slimmer(&written, image);
    let contexts = cx.contexts();
    let folder = run_at(install).and_then(|run| {
        let command =
            run.packages().iter().find(|it| is_of_node(it) && it.action == Action::Install && !is_global(it))?;
        run.folder(command)
    });
    let context = super::only(contexts, |it| super::brings(it, stage, install, folder, &["package.json"]));
    let mut needs = Needs::new(cx, stage, context, last);
    needs.roots.push(".".to_owned());
    let mut kept: Vec<(String, Span)> = Vec::new();
    let mut obstacles = Vec::new();
    let is_full = runtime.as_ref().is_some_and(|it| *it != written);
    if is_full {
        let runtime = runtime.as_deref().unwrap_or_default();
        kept.push((format!("what `{written}` has beyond `{runtime}`"), from.span));
    }
    let mut division = Division::new(cx, stage, last, runtime.clone().unwrap_or_default());
    let distribution = Distribution { release, alpine };
    let workdir = stage.steps[last].before.workdir.clone();
    for step in stage.steps.iter().take(last + 1) {
        let instruction = cx.model.instruction(step);
        let role = match &step.kind {
            StepKind::Run(run) if packages::is_only_packages(run) => {
                match packages::of(run, distribution, &needs) {
                    Some(found) => {
                        for package in found.iter().filter(|it| it.fate != Fate::Runtime) {
                            kept.push((format!("`{}`", package.written), package.span));
                        }
                        division.packages.extend(found);
                    }
                    None => obstacles.push("the system packages cannot be told.".to_owned()),
                }
                Role::Packages
            }
            StepKind::Run(run) if run.packages().iter().any(|it| is_of_node(it) && is_global(it)) => Role::Both,
            StepKind::Run(run) if installs(run) || builds(run) => Role::Build,
            StepKind::Run(run) if makes_accounts(run) => Role::Both,
            StepKind::Run(run)
                if run.invocations().iter().all(|it| it.program == "corepack" || it.program == "mkdir") =>
            {
                Role::Both
            }
            StepKind::Run(_) => {
                division.may_write(instruction);
                Role::Both
            }
            StepKind::Copy(copy) => {
                let inside =
                    copy.destination.as_deref().zip(workdir.as_deref()).is_some_and(|(it, dir)| is_below(it, dir));
                // What is built takes its sources along, as they lie in the folder that is copied. Otherwise the
                // manifest is needed at run time, too: `npm start` reads it, and it tells the kind of the modules.
                if copy.from == CopyFrom::Context && inside && build.is_some() { Role::Build } else { Role::Both }
            }
            StepKind::Other => {
                if instruction.kind == Keyword::User {
                    obstacles.push("a user other than root installs the packages.".to_owned());
                }
                division.role_of_other(instruction)
            }
        };
        division.roles.push(role);
    }
    if changes_packages(&stage.steps[last + 1..]) {
        obstacles.push("packages are changed after the build.".to_owned());
    }
    match (build, folder, workdir) {
        (Some(_), _, Some(workdir)) if workdir != "/" => division.made.push(workdir),
        (None, Some(folder), _) if folder != "/" => division.made.push(join(folder, "node_modules")),
        _ => obstacles.push("the working directory cannot be told.".to_owned()),
    }
    Plan::slimmer(kept, division, obstacles, &needs, (runtime.as_deref(), is_full, image, from.span))
}

/// Whether one of these steps installs or removes packages of the project.
fn changes_packages(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Run(run) => run.packages().iter().any(|it| is_of_node(it) && !is_global(it)),
        StepKind::Copy(_) | StepKind::Other => false,
    })
}
