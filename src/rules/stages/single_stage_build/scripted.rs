//! Ruby and PHP: the project's packages, and what is built with them, are made in one stage; the other has what they
//! are linked with, and no compilers.

use super::{
    Plan,
    division::{Division, Role},
    needs::Needs,
    packages::{self, Fate, Package},
    python::makes_accounts,
};
use crate::{
    knowledge::{Action, RUNTIME},
    manifests::{View, visible},
    model::{CopyFrom, ImageRef, PackageCommand, Run, Stage, Step, StepKind, Value, is_below},
    project::join,
    rule::FileCx,
    shell::{Invocation, Script, Word},
    source::Span,
    syntax::{Args, Keyword},
};

/// Where the official images of Ruby put gems.
const GEMS: &str = "/usr/local/bundle";

/// Where the official images of PHP put extensions, and what switches them on.
const EXTENSIONS: [&str; 2] = ["/usr/local/lib/php/extensions", "/usr/local/etc/php/conf.d"];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Ruby,
    Php,
}

impl Language {
    pub(super) fn of(image: &ImageRef) -> Option<Self> {
        match image.name.as_str() {
            "ruby" => Some(Self::Ruby),
            "php" => Some(Self::Php),
            _ => None,
        }
    }

    const fn manager(self) -> &'static str {
        match self {
            Self::Ruby => "bundler",
            Self::Php => "composer",
        }
    }

    const fn manifest(self) -> &'static str {
        match self {
            Self::Ruby => "Gemfile",
            Self::Php => "composer.json",
        }
    }

    fn is_install(self, command: &PackageCommand) -> bool {
        command.manager.name == self.manager()
            && command.action == Action::Install
            && !["global", "create-project"].iter().any(|it| command.subcommand.starts_with(it))
    }

    /// Whether a run does nothing but what its results are copied of: packages, extensions, assets.
    fn is_build(self, run: &Run) -> bool {
        let is_own = |at: usize| run.packages().iter().any(|it| it.invocation == at && !it.manager.root);
        let is_system = |at: usize| run.packages().iter().any(|it| it.invocation == at && it.manager.root);
        let is_alike = |program: &str| match self {
            Self::Ruby => {
                ["gem", "bundle", "bundler", "rails", "rake", "bin/rails", "bin/rake", "./bin/rails", "bootsnap"]
                    .contains(&program)
            }
            Self::Php => {
                program.starts_with("docker-php-")
                    || ["composer", "pecl", "pear", "php", "curl", "pickle"].contains(&program)
            }
        };
        let is_plain = |program: &str| {
            matches!(program, "set" | "true" | "cd" | "rm" | "mkdir" | "export" | "npm" | "yarn" | "pnpm")
        };
        // `rails new` and `composer create-project` make what the image runs, and so may what is downloaded.
        let makes = |it: &Invocation| {
            let words: Vec<String> = it.words.iter().filter_map(Word::literal).collect();
            let is_made = |it: &String| matches!(it.as_str(), "new" | "init" | "create-project" | "global" | "create");
            words.iter().any(is_made) || it.program == "curl" && !words.iter().any(|it| it.contains("composer"))
        };
        run.script().is_some_and(Script::is_understood)
            && !run.invocations().iter().any(makes)
            && run.invocations().iter().enumerate().all(|(at, it)| {
                let program = it.program.as_str();
                is_own(at) || self == Self::Php && is_system(at) || is_alike(program) || is_plain(program)
            })
    }
}

/// Whether a run makes assets of the sources.
fn makes_assets(run: &Run) -> bool {
    run.invocations().iter().any(|it| {
        let words: Vec<String> = it.words.iter().filter_map(Word::literal).collect();
        words.iter().any(|it| it == "assets:precompile" || it == "precompile")
            || matches!(it.program.as_str(), "npm" | "yarn" | "pnpm") && words.iter().any(|it| it.starts_with("build"))
    })
}

/// Whether a run builds extensions of PHP.
fn extends(run: &Run) -> bool {
    let is_builder = |it: &str| it.starts_with("docker-php-ext") || ["pecl", "pickle"].contains(&it);
    run.invocations().iter().any(|it| is_builder(&it.program))
}

pub(super) fn plan<'a>(cx: &'a FileCx<'a>, stage: &'a Stage, image: &ImageRef, language: Language) -> Option<Plan<'a>> {
    let run_at = |at: usize| match &stage.steps[at].kind {
        StepKind::Run(run) => Some(run),
        StepKind::Copy(_) | StepKind::Other => None,
    };
    let installs = |run: &Run| run.packages().iter().any(|it| language.is_install(it));
    let install = (0..stage.steps.len()).rfind(|at| run_at(*at).is_some_and(installs))?;
    let is_last = |run: &Run| installs(run) || makes_assets(run) || language == Language::Php && extends(run);
    let last = (install..stage.steps.len()).rfind(|at| run_at(*at).is_some_and(is_last))?;
    let run = run_at(install)?;
    let folder = run.packages().iter().find(|it| language.is_install(it)).and_then(|it| run.folder(it));
    let context = super::only(cx.contexts(), |it| super::brings(it, stage, install, folder, &[language.manifest()]));
    let from = cx.model.at(stage.from);
    let Args::Words(words) = &from.args else { return None };
    let written = words.first()?.text.clone();
    let runtime = match language {
        Language::Ruby => super::slimmer(&written, image),
        Language::Php => (!written.contains('$')).then(|| written.clone()),
    };
    let mut needs = Needs::new(cx, stage, context, last);
    needs.roots.push(".".to_owned());
    let lock = folder.zip(context).and_then(|(folder, context)| {
        let view = View { context, copies: visible(&stage.steps, install) };
        view.in_context(&join(folder, "Gemfile.lock"))
    });
    needs.manifests.extend(lock.clone());
    let mut division = Division::new(cx, stage, last, runtime.clone().unwrap_or_default());
    let mut kept: Vec<(String, Span)> = Vec::new();
    let mut obstacles = Vec::new();
    let is_full = runtime.as_ref().is_some_and(|it| *it != written);
    if is_full {
        let runtime = runtime.as_deref().unwrap_or_default();
        kept.push((format!("what `{written}` has beyond `{runtime}`"), from.span));
    }
    let distribution = Division::distribution(image);
    // What the install or a build leaves beside the packages is in the folder of the project.
    let is_whole = (install..=last).any(|at| run_at(at).is_some_and(makes_assets))
        || language == Language::Php
            && stage.steps[..install].iter().any(|it| matches!(&it.kind, StepKind::Copy(copy) if copy.is_broad()));
    let workdir = stage.steps[last].before.workdir.clone();
    let site = Site { cx, language, needs: &needs, distribution, workdir: workdir.as_deref(), is_whole };
    for step in stage.steps.iter().take(last + 1) {
        let role = site.role(step, &mut division, &mut kept, &mut obstacles);
        division.roles.push(role);
    }
    if language == Language::Php && needs.calls("composer") {
        obstacles.push("`composer` is called when the image runs.".to_owned());
    }
    match language {
        Language::Ruby => match gems(stage, last, language) {
            Some(gems) => division.made.push(gems),
            None => obstacles.push("the gems go to a place of their own.".to_owned()),
        },
        Language::Php => {
            let runs = (0..=last).filter_map(run_at);
            if runs.clone().any(extends) {
                division.made.extend(EXTENSIONS.map(str::to_owned));
                division
                    .reasons
                    .push("Which libraries each extension of PHP is linked with is not listed anywhere.".to_owned());
            }
        }
    }
    match (is_whole, folder, workdir) {
        (true, _, Some(workdir)) if workdir != "/" => {
            division.made.retain(|it| !is_below(it, &workdir));
            division.made.push(workdir);
        }
        (false, Some(folder), _) if folder != "/" => {
            division.made.extend((language == Language::Php).then(|| join(folder, "vendor")));
        }
        _ => obstacles.push("the working directory cannot be told.".to_owned()),
    }
    if language == Language::Ruby {
        let text = lock.as_deref().zip(context).and_then(|(path, context)| context.read(path));
        add_libraries(&mut division, text.as_deref(), (is_full, from.span), distribution);
    }
    Plan::slimmer(kept, division, obstacles, &needs, (runtime.as_deref(), is_full, image, from.span))
}

/// A stage that is being looked at.
struct Site<'s, 'a> {
    cx: &'a FileCx<'a>,
    language: Language,
    needs: &'s Needs<'a>,
    distribution: packages::Distribution,
    workdir: Option<&'s str>,
    /// Whether all of the working directory is copied.
    is_whole: bool,
}

impl Site<'_, '_> {
    /// Where a step of the build goes.
    fn role(
        &self,
        step: &Step,
        division: &mut Division<'_>,
        kept: &mut Vec<(String, Span)>,
        obstacles: &mut Vec<String>,
    ) -> Role {
        let instruction = self.cx.model.instruction(step);
        match &step.kind {
            StepKind::Run(run) if packages::is_only_packages(run) || self.language.is_build(run) => {
                match packages::of(run, self.distribution, self.needs) {
                    Some(found) => {
                        for package in found.iter().filter(|it| it.fate != Fate::Runtime) {
                            kept.push((format!("`{}`", package.written), package.span));
                        }
                        division.packages.extend(found);
                    }
                    None => obstacles.push("the system packages cannot be told.".to_owned()),
                }
                if packages::is_only_packages(run) { Role::Packages } else { Role::Build }
            }
            StepKind::Run(run) if makes_accounts(run) => Role::Both,
            StepKind::Run(run) if run.invocations().iter().all(|it| it.program.starts_with("a2")) => Role::Both,
            StepKind::Run(_) => {
                division.may_write(instruction);
                Role::Both
            }
            StepKind::Copy(copy) => {
                let inside = copy.destination.as_deref().zip(self.workdir).is_some_and(|(it, dir)| is_below(it, dir));
                let is_tool = matches!(&copy.from, CopyFrom::Other(it) if it.contains("composer"));
                if is_tool {
                    kept.push(("`composer`".to_owned(), instruction.span));
                }
                let goes_along = copy.from == CopyFrom::Context && inside && self.is_whole;
                if is_tool || goes_along { Role::Build } else { Role::Both }
            }
            StepKind::Other => {
                if matches!(instruction.kind, Keyword::User | Keyword::Shell) {
                    obstacles.push("the user or the shell changes before the packages are installed.".to_owned());
                }
                division.role_of_other(instruction)
            }
        }
    }
}

/// The folder of the gems; `None` where it cannot be told.
fn gems(stage: &Stage, last: usize, language: Language) -> Option<String> {
    let before = &stage.steps[last].before;
    let moves = |command: &PackageCommand| {
        let words = || command.texts.iter().flatten().map(String::as_str);
        ["--path", "--deployment", "--system", "--standalone"].iter().any(|it| command.has_option(it))
            || words().any(|it| it == "config") && words().any(|it| ["path", "deployment"].contains(&it))
    };
    let runs = stage.steps[..=last].iter().filter_map(|it| match &it.kind {
        StepKind::Run(run) => Some(run),
        StepKind::Copy(_) | StepKind::Other => None,
    });
    let mut own = runs.flat_map(Run::packages).filter(|it| it.manager.name == language.manager());
    if own.any(moves) {
        return None;
    }
    let known = |name: &str| match before.variables.get(name).map(|it| &it.value) {
        Some(Value::Known(value)) => Some(value.clone()),
        Some(Value::Unknown | Value::Unset) | None => None,
    };
    match (known("BUNDLE_PATH"), known("GEM_HOME")) {
        (Some(path), _) => path.starts_with('/').then_some(path),
        (None, _) if before.variables.contains_key("BUNDLE_DEPLOYMENT") => None,
        (None, Some(home)) if home != GEMS => None,
        (None, _) => Some(GEMS.to_owned()),
    }
}

/// The libraries that gems are linked with, and that only the fuller image brings.
fn add_libraries(
    division: &mut Division<'_>,
    lock: Option<&str>,
    (is_full, span): (bool, Span),
    distribution: packages::Distribution,
) {
    let Some(lock) = lock else {
        if is_full {
            division
                .reasons
                .push("Without a `Gemfile.lock` it cannot be told which libraries the gems need.".to_owned());
        }
        return;
    };
    // A specification that is taken from a repository or a folder may ask git which files there are.
    if lock.lines().any(|it| it == "GIT" || it == "PATH") {
        division.reasons.push("`Gemfile.lock` has gems from repositories or folders, which may call `git`.".to_owned());
    }
    let names = |gem: &str| {
        lock.lines().any(|it| it.strip_prefix("    ").is_some_and(|it| it.starts_with(&format!("{gem} ("))))
    };
    if !is_full {
        return;
    }
    for (gem, package) in &RUNTIME.gems {
        if !names(gem) {
            continue;
        }
        match RUNTIME.debian.get(package).and_then(|it| it.on(distribution.release.or(Some("trixie")))) {
            Some(library) => {
                let (written, fate) = (library.to_owned(), Fate::Library(library.to_owned()));
                division.packages.push(Package { written, fate, span });
            }
            None => division.reasons.push(format!("`{gem}` needs a library that the smaller image may lack.")),
        }
    }
}
