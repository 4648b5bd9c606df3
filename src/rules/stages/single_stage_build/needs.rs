//! Which programs an image calls when it runs.

use std::cell::OnceCell;

use crate::{
    build,
    context::Context,
    knowledge::RUNTIME,
    manifests::{Sources, View, visible},
    model::{Stage, absolute},
    rule::FileCx,
    syntax::{Args, Keyword},
};

/// What tells which programs are called at run time: the commands of the image, the scripts they name, the Compose
/// services that use it, the manifests, and the sources.
pub(super) struct Needs<'a> {
    pub cx: &'a FileCx<'a>,
    pub stage: &'a Stage,
    pub context: Option<&'a Context>,
    /// The last step of the build stage; what runs after it, runs in the image.
    pub last: usize,
    /// Folders of the context with the project's own sources.
    pub roots: Vec<String>,
    /// The manifests, as paths in the context.
    pub manifests: Vec<String>,
    words: OnceCell<Words>,
    sources: OnceCell<Sources>,
}

/// The words of all commands.
struct Words {
    all: Vec<String>,
    /// A script that is called could not be read.
    unread: Option<String>,
}

impl<'a> Needs<'a> {
    pub(super) fn new(cx: &'a FileCx<'a>, stage: &'a Stage, context: Option<&'a Context>, last: usize) -> Self {
        Self {
            cx,
            stage,
            context,
            last,
            roots: Vec::new(),
            manifests: Vec::new(),
            words: OnceCell::new(),
            sources: OnceCell::new(),
        }
    }

    /// Whether a program is called, or may be.
    pub(super) fn program(&self, name: &str) -> bool {
        self.calls(name) || self.depends_on(name) || self.sources_name(name)
    }

    /// Whether a command of the image, or a script that one names, calls a program.
    pub(super) fn calls(&self, name: &str) -> bool {
        self.words().all.iter().any(|it| it == name)
    }

    /// A script that is called and cannot be read.
    pub(super) fn unread(&self) -> Option<&str> {
        self.words().unread.as_deref()
    }

    fn words(&self) -> &Words {
        self.words.get_or_init(|| {
            let mut words = Words { all: Vec::new(), unread: None };
            let model = self.cx.model;
            for (at, step) in self.stage.steps.iter().enumerate() {
                let instruction = model.instruction(step);
                let is_run = instruction.kind == Keyword::Run && at > self.last;
                let is_command = matches!(instruction.kind, Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck);
                if is_run || is_command {
                    split(&instruction.rest.text, &mut words.all);
                }
                if is_command {
                    self.add_scripts(&instruction.args, &mut words);
                }
            }
            for text in self.services() {
                split(&text, &mut words.all);
            }
            words
        })
    }

    /// The words of scripts of the project that a command names.
    fn add_scripts(&self, args: &Args, words: &mut Words) {
        let texts: Vec<&str> = match args {
            Args::Json(list) => list.iter().map(|it| it.text.as_str()).collect(),
            Args::Shell(text) => text.text.split_whitespace().collect(),
            Args::Health { command: Some(it), .. } => return self.add_scripts(it, words),
            _ => return,
        };
        let Some(context) = self.context else { return };
        let view = View { context, copies: visible(&self.stage.steps, self.stage.steps.len()) };
        for text in texts {
            let is_script = [".sh", ".bash", "entrypoint"].iter().any(|it| text.ends_with(it));
            let workdir = self.stage.end.workdir.as_deref();
            match absolute(workdir, text).and_then(|it| view.read(&it)) {
                Some(script) if is_script || script.starts_with("#!") => split(&script, &mut words.all),
                None if is_script => words.unread = Some(text.to_owned()),
                Some(_) | None => {}
            }
        }
    }

    /// What Compose services say of commands and health checks.
    fn services(&self) -> Vec<String> {
        let project = self.cx.project;
        let mut texts = Vec::new();
        for build in project.builds_of(&self.cx.source.path).filter(|it| it.kind == build::Kind::Compose) {
            let Some(keys) = project.keys(build.found_in.file) else { continue };
            let Some(name) = &build.name else { continue };
            for (path, value) in &keys.values {
                let of_service = path.len() > 2 && path[0] == "services" && path[1] == *name;
                if of_service && ["command", "entrypoint", "healthcheck"].contains(&path[2].as_str()) {
                    texts.push(value.clone());
                }
            }
        }
        texts
    }

    /// Whether a dependency calls the program.
    fn depends_on(&self, program: &str) -> bool {
        let callers = RUNTIME.pypi.iter().chain(&RUNTIME.gem_programs).filter(|(_, it)| *it == program);
        let callers: Vec<&str> = callers.map(|(it, _)| it.as_str()).collect();
        self.depends(&callers)
    }

    /// Whether the manifests name one of these packages. Without a context, nobody can tell.
    pub(super) fn depends(&self, packages: &[&str]) -> bool {
        let Some(context) = self.context else { return !packages.is_empty() };
        let goes_on =
            |it: &str| it.starts_with(|it: char| it.is_alphanumeric() || matches!(it, '-' | '_' | '.' | '"' | ','));
        let names = |line: &str, package: &&str| {
            let line = line.trim().to_lowercase();
            let name = line.strip_prefix("name = ").unwrap_or(&line).trim_start_matches(['"', '\'']);
            let rest = name.strip_prefix(*package);
            rest.is_some_and(|it| !goes_on(it) || it.trim_end_matches(',') == "\"")
        };
        let texts = self.manifests.iter().filter_map(|it| context.read(it));
        texts.into_iter().any(|it| it.lines().any(|line| packages.iter().any(|package| names(line, package))))
    }

    /// Whether the project's own sources name the program in quotes, as those do that call it.
    fn sources_name(&self, name: &str) -> bool {
        let Some(context) = self.context else { return true };
        let sources = self.sources.get_or_init(|| Sources::of(context, &self.roots));
        sources.call(name)
    }
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !it.is_alphanumeric() && !matches!(it, '-' | '_' | '.')).filter(|it| !it.is_empty())
}

fn split(text: &str, to: &mut Vec<String>) {
    to.extend(words_of(text).map(str::to_owned));
}
