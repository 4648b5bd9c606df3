//! What a Dockerfile means: stages, scopes, users, package commands, copies.
//!
//! Computed once per file; rules read it and never write. What cannot be told from the files is `None` or
//! [`Value::Unknown`], and stays so.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use rpds::HashTrieMapSync;

use crate::{
    knowledge::{Account, Image},
    source::{FileId, Source, Span},
    syntax::{Args, Dockerfile, Instruction, ItemKind, Keyword},
};

mod cache;
mod copy;
mod expand;
mod owners;
mod packages;
mod run;
#[cfg(test)]
mod tests;

pub use cache::{CachePath, Certainty, Configured, Misplaced, Settings, idle, misplaced};
pub use copy::{Copy, CopyFrom};
pub use expand::{Value, expand, is_refused, variables};
pub use owners::{Owned, Recursive};
pub use packages::PackageCommand;
pub use run::{Mount, MountKind, Run, is_below, text};

/// What a Dockerfile means.
#[derive(Debug)]
pub struct Model {
    /// The file.
    pub file: FileId,
    /// Its items.
    pub syntax: Arc<Dockerfile>,
    /// The stages in order.
    pub stages: Vec<Stage>,
}

/// A stage.
#[derive(Debug)]
pub struct Stage {
    /// Its number, from 0.
    pub index: usize,
    /// Its name, in lower case.
    pub name: Option<String>,
    /// What it is built on.
    pub base: Base,
    /// The image that is at the bottom of it.
    pub bottom: Option<Arc<ImageRef>>,
    /// The entry of that image, if it is known.
    pub image: Option<&'static Image>,
    /// The item of its `FROM`.
    pub from: usize,
    /// Its instructions after `FROM`, in order.
    pub steps: Vec<Step>,
    /// What is in force at its end.
    pub end: Arc<State>,
    configuring: OnceLock<Vec<usize>>,
}

/// What a stage is built on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// An earlier stage.
    Stage(usize),
    /// Nothing.
    Scratch,
    /// An image.
    Image(ImageRef),
    /// Something that cannot be told.
    Unknown,
}

/// The name of an image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageRef {
    /// The repository, without `docker.io/`, `library/` and the mirrors of both.
    pub name: String,
    /// The tag.
    pub tag: Option<String>,
}

/// An instruction of a stage, and what was in force before it.
#[derive(Debug)]
pub struct Step {
    /// Its item.
    pub item: usize,
    /// What is in force before it.
    pub before: Arc<State>,
    /// What it does.
    pub kind: StepKind,
    /// The `RUN` of an `ONBUILD`, which is run when another image is built on this one.
    pub trigger: Option<Box<Run>>,
}

/// What an instruction does.
#[derive(Debug)]
pub enum StepKind {
    /// `RUN`
    Run(Run),
    /// `COPY`, `ADD`
    Copy(Copy),
    /// Anything else.
    Other,
}

/// What is in force at a place of a stage.
#[derive(Clone, Debug)]
pub struct State {
    /// The variables, in a map that shares its parts: each instruction has a scope of its own.
    pub variables: HashTrieMapSync<String, Variable>,
    /// The user that runs commands.
    pub user: User,
    /// The working directory, absolute.
    pub workdir: Option<String>,
    /// What runs `RUN` in shell form: the first word of `SHELL`, or what a comment `# hadolint shell=…` says.
    /// `None` for the shell of the platform.
    pub shell: Option<Arc<str>>,
    /// Whether that is a POSIX shell.
    pub posix_shell: bool,
    /// The users made by earlier commands.
    pub accounts: Vec<Account>,
    /// Whether the base image is in the tables, so that a variable that is not set here is not set at all.
    pub base_known: bool,
}

/// A variable of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its value.
    pub value: Value,
    /// Whether it comes from `ARG` alone.
    pub argument: bool,
}

/// The user that runs commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// Its numeric id.
    pub uid: Option<u32>,
    /// Its numeric group id.
    pub gid: Option<u32>,
    /// Its home folder.
    pub home: Option<String>,
}

impl User {
    /// The superuser.
    pub fn root() -> Self {
        Self { uid: Some(0), gid: Some(0), home: Some("/root".to_owned()) }
    }

    /// Whether it is the superuser.
    pub fn is_root(&self) -> bool {
        self.uid == Some(0)
    }
}

impl State {
    /// The value of a variable. A variable that is not set here is [`Value::Unknown`] on an unknown base image.
    pub fn variable(&self, name: &str) -> Value {
        match self.variables.get(name) {
            Some(it) => it.value.clone(),
            None if self.base_known => Value::Unset,
            None => Value::Unknown,
        }
    }

    /// Whether one of the folders is known to be on the path.
    fn is_on_path(&self, folders: &[String]) -> bool {
        match self.variables.get("PATH").map(|it| &it.value) {
            Some(Value::Known(path)) => path.split(':').any(|it| folders.iter().any(|folder| folder == it)),
            Some(Value::Unset | Value::Unknown) | None => false,
        }
    }

    /// Whether a variable is in force whose name holds a text.
    pub fn names_variable(&self, text: &str) -> bool {
        self.variables.keys().any(|it| it.contains(text))
    }

    /// The home folder in force: `HOME`, else the user's.
    pub fn home(&self) -> Option<String> {
        match self.variables.get("HOME").map(|it| &it.value) {
            Some(Value::Known(home)) => Some(home.clone()),
            Some(Value::Unknown) => None,
            Some(Value::Unset) | None => self.user.home.clone(),
        }
    }

    fn with_shell(self, shell: Arc<str>) -> Self {
        Self { posix_shell: is_posix_shell(&shell), shell: Some(shell), ..self }
    }

    fn account(&self, name: &str) -> User {
        let (user, group) = name.split_once(':').map_or((name, None), |(user, group)| (user, Some(group)));
        if user == "root" || user == "0" {
            return User::root();
        }
        let uid = user.parse::<u32>().ok();
        let known = self.accounts.iter().rev().find(|it| it.name == user || (uid.is_some() && it.uid == uid));
        let gid = group.and_then(|it| it.parse().ok());
        match known {
            Some(it) => {
                User { uid: it.uid, gid: gid.or(it.gid.filter(|_| group.is_none())), home: Some(it.home.clone()) }
            }
            None => User { uid, gid, home: None },
        }
    }
}

impl Model {
    /// Computes the model of a file. `arguments` are build arguments that a build definition fixes.
    pub fn of(
        file: FileId,
        source: &Source,
        syntax: &Arc<Dockerfile>,
        arguments: &BTreeMap<String, Option<String>>,
    ) -> Self {
        let builder = Builder { source, syntax, arguments, globals: BTreeMap::new(), stages: Vec::new(), shell: None };
        Self { file, syntax: Arc::clone(syntax), stages: builder.build() }
    }

    /// The instruction of a step.
    ///
    /// # Panics
    ///
    /// Never: steps are made from instructions only.
    pub fn instruction(&self, step: &Step) -> &Instruction {
        self.at(step.item)
    }

    /// The instruction of an item.
    ///
    /// # Panics
    ///
    /// If the item is no instruction.
    pub fn at(&self, item: usize) -> &Instruction {
        match &self.syntax.items[item].kind {
            ItemKind::Instruction(it) => it,
            ItemKind::ByteOrderMark | ItemKind::Blank | ItemKind::Comment | ItemKind::Directive(_) => {
                unreachable!("steps and stages are made from instructions only")
            }
        }
    }

    /// The `SHELL` in force before a step of a stage: of the stage, or of those it is built on.
    pub fn shell(&self, stage: usize, step: usize) -> Option<&Instruction> {
        let own = self.stages[stage].steps[..step].iter();
        let inherited = self.ancestry(stage).skip(1).flat_map(|it| it.steps.iter().rev());
        let mut steps = own.rev().chain(inherited).map(|it| self.instruction(it));
        steps.find(|it| it.kind == Keyword::Shell)
    }

    /// The stage and those it is built on, nearest first.
    pub fn ancestry(&self, stage: usize) -> impl Iterator<Item = &Stage> {
        std::iter::successors(Some(&self.stages[stage]), |it| match it.base {
            Base::Stage(parent) => Some(&self.stages[parent]),
            Base::Scratch | Base::Image(_) | Base::Unknown => None,
        })
    }
}

struct Builder<'a> {
    source: &'a Source,
    syntax: &'a Arc<Dockerfile>,
    arguments: &'a BTreeMap<String, Option<String>>,
    globals: BTreeMap<String, Value>,
    stages: Vec<Stage>,
    /// The shell that a comment above all instructions gives to every stage.
    shell: Option<Arc<str>>,
}

impl Builder<'_> {
    fn build(mut self) -> Vec<Stage> {
        let syntax = Arc::clone(self.syntax);
        let mut is_head = true;
        for (item, it) in syntax.items.iter().enumerate() {
            let instruction = match &it.kind {
                ItemKind::Instruction(instruction) => instruction,
                ItemKind::Comment => {
                    if let Some(shell) = shell_in_comment(self.source.slice(it.span)) {
                        self.set_shell(shell, is_head);
                    }
                    continue;
                }
                ItemKind::ByteOrderMark | ItemKind::Blank | ItemKind::Directive(_) => continue,
            };
            is_head = false;
            match (instruction.kind, self.stages.is_empty()) {
                (Keyword::From, _) => self.open_stage(item, instruction),
                (Keyword::Arg, true) => self.global_argument(instruction),
                (_, true) => {}
                (_, false) => self.step(item, instruction),
            }
        }
        self.stages
    }

    /// A shell that a comment names: above all instructions for every stage, else for the rest of its stage.
    fn set_shell(&mut self, shell: &str, is_head: bool) {
        let shell: Arc<str> = shell.into();
        match self.stages.last_mut() {
            Some(stage) => stage.end = Arc::new(State::clone(&stage.end).with_shell(shell)),
            None if is_head => self.shell = self.shell.take().or(Some(shell)),
            None => {}
        }
    }

    fn expand_global(&self, raw: &str) -> Option<String> {
        expand(raw, self.syntax.escape, &|name| self.globals.get(name).cloned().unwrap_or(Value::Unknown))
    }

    fn global_argument(&mut self, instruction: &Instruction) {
        for (name, default) in arguments(instruction) {
            let default = default.map_or(Value::Unset, |raw| known(self.expand_global(raw)));
            let value = self.argument(name, default);
            self.globals.insert(name.to_owned(), value);
        }
    }

    /// The value of an argument: what the build definition says, else its default. Without both it is unknown,
    /// as whoever builds may pass one.
    fn argument(&self, name: &str, default: Value) -> Value {
        match (self.arguments.get(name), default) {
            (Some(Some(text)), _) => Value::Known(text.clone()),
            (None, Value::Known(text)) => Value::Known(text),
            (Some(None), _) | (None, Value::Unset | Value::Unknown) => Value::Unknown,
        }
    }

    fn open_stage(&mut self, item: usize, instruction: &Instruction) {
        let words: &[_] = match &instruction.args {
            Args::Words(words) => words,
            _ => &[],
        };
        let written = words.first().map_or("", |it| it.text.as_str());
        let base = words.first().and_then(|it| self.expand_global(&it.text));
        let name = words.get(2).map(|it| it.text.to_lowercase());
        let base = base.map_or(Base::Unknown, |it| self.base(&it));
        let (state, image, bottom) = match &base {
            Base::Stage(parent) => {
                let parent = &self.stages[*parent];
                (Arc::clone(&parent.end), parent.image, parent.bottom.clone())
            }
            Base::Scratch => (Arc::new(image_state(None, true, "")), None, None),
            Base::Image(reference) => {
                let image = Image::find(&reference.name, reference.tag.as_deref());
                let whole = format!("{}:{}", reference.name, reference.tag.as_deref().unwrap_or_default());
                let state = image_state(image, image.is_some(), &whole);
                (Arc::new(state), image, Some(Arc::new(reference.clone())))
            }
            Base::Unknown => {
                let image = self.repository(written).and_then(|it| Image::of_any_tag(&it));
                (Arc::new(image_state(image, image.is_some(), written)), image, None)
            }
        };
        let state = match &self.shell {
            Some(shell) if !matches!(base, Base::Stage(_)) => {
                Arc::new(State::clone(&state).with_shell(Arc::clone(shell)))
            }
            _ => state,
        };
        let index = self.stages.len();
        self.stages.push(Stage {
            index,
            name,
            base,
            bottom,
            image,
            from: item,
            steps: Vec::new(),
            end: state,
            configuring: OnceLock::new(),
        });
    }

    /// The repository of an image whose tag is not known: `golang` of `golang:${VERSION}`.
    fn repository(&self, written: &str) -> Option<String> {
        let mut braces = 0_u32;
        let mut ends = written.char_indices().filter(|(at, it)| {
            braces = match it {
                '{' => braces + 1,
                '}' => braces.saturating_sub(1),
                _ => braces,
            };
            // What stands before a slash is a registry with its port.
            braces == 0 && matches!(it, ':' | '@') && !written[*at..].contains('/')
        });
        let (at, _) = ends.next()?;
        let name = self.expand_global(&written[..at])?;
        Some(ImageRef::parse(&name).name)
    }

    fn base(&self, name: &str) -> Base {
        let lower = name.to_lowercase();
        if let Some(stage) = self.stages.iter().rev().find(|it| it.name.as_deref() == Some(&lower)) {
            return Base::Stage(stage.index);
        }
        if name == "scratch" {
            return Base::Scratch;
        }
        Base::Image(ImageRef::parse(name))
    }

    fn step(&mut self, item: usize, instruction: &Instruction) {
        let Some(stage) = self.stages.last() else { return };
        let before = Arc::clone(&stage.end);
        let kind = match instruction.kind {
            Keyword::Run => StepKind::Run(Run::of(instruction, self.source, &before, self.syntax.escape)),
            Keyword::Copy | Keyword::Add => {
                StepKind::Copy(Copy::of(instruction, &before, self.syntax.escape, &self.stages))
            }
            _ => StepKind::Other,
        };
        let trigger = match &instruction.args {
            Args::Onbuild(it) if it.kind == Keyword::Run => {
                Some(Box::new(Run::of(it, self.source, &before, self.syntax.escape)))
            }
            _ => None,
        };
        let after = self.after(instruction, &before, &kind);
        if let Some(stage) = self.stages.last_mut() {
            stage.steps.push(Step { item, before, kind, trigger });
            if let Some(after) = after {
                stage.end = Arc::new(after);
            }
        }
    }

    /// What is in force after an instruction; `None` if nothing changes.
    fn after(&self, instruction: &Instruction, before: &State, kind: &StepKind) -> Option<State> {
        let expand = |raw: &str| expand(raw, self.syntax.escape, &|name| before.variable(name));
        let made = match kind {
            StepKind::Run(run) => run.accounts(),
            StepKind::Copy(_) | StepKind::Other => Vec::new(),
        };
        let changes =
            matches!(instruction.kind, Keyword::Arg | Keyword::Env | Keyword::User | Keyword::Workdir | Keyword::Shell);
        if !changes && made.is_empty() {
            return None;
        }
        let mut state = before.clone();
        state.accounts.extend(made);
        match (instruction.kind, &instruction.args) {
            (Keyword::Arg, _) => {
                for (name, default) in arguments(instruction) {
                    if state.variables.get(name).is_some_and(|it| !it.argument) {
                        continue;
                    }
                    let value = match default {
                        Some(raw) => self.argument(name, known(expand(raw))),
                        None => match self.globals.get(name) {
                            Some(global) => global.clone(),
                            None => self.argument(name, Value::Unset),
                        },
                    };
                    state.variables.insert_mut(name.to_owned(), Variable { value, argument: true });
                }
            }
            (Keyword::Env, Args::Pairs(pairs)) => {
                for pair in pairs {
                    let value = known(expand(&pair.value.text));
                    let name = expand(&pair.key.text).unwrap_or_else(|| pair.key.text.clone());
                    state.variables.insert_mut(name, Variable { value, argument: false });
                }
            }
            (Keyword::User, Args::Text(word)) => {
                state.user = expand(&word.text).map_or_else(User::default, |it| before.account(&it));
            }
            (Keyword::Workdir, Args::Text(word)) => {
                state.workdir = expand(&word.text).and_then(|it| absolute(before.workdir.as_deref(), &it));
            }
            (Keyword::Shell, Args::Json(words)) => {
                state = state.with_shell(words.first().map_or("", |it| it.text.as_str()).into());
            }
            _ => {}
        }
        Some(state)
    }
}

fn known(text: Option<String>) -> Value {
    text.map_or(Value::Unknown, Value::Known)
}

/// The names that `ARG` declares, with their defaults as written.
fn arguments(instruction: &Instruction) -> impl Iterator<Item = (&str, Option<&str>)> {
    let words: &[_] = match &instruction.args {
        Args::Words(words) => words,
        _ => &[],
    };
    words.iter().map(|it| match it.text.split_once('=') {
        Some((name, default)) => (name, Some(default)),
        None => (it.text.as_str(), None),
    })
}

/// The names that an `ARG`, `ENV` or `LABEL` sets, as written.
pub fn declared(instruction: &Instruction) -> Vec<String> {
    match &instruction.args {
        Args::Pairs(pairs) => pairs.iter().map(|it| it.key.text.clone()).collect(),
        _ if instruction.kind == Keyword::Arg => arguments(instruction).map(|(name, _)| name.to_owned()).collect(),
        _ => Vec::new(),
    }
}

fn image_state(image: Option<&'static Image>, base_known: bool, name: &str) -> State {
    let accounts = image.map(|it| it.accounts.clone()).unwrap_or_default();
    let known = |value: &String| Variable { value: Value::Known(value.clone()), argument: false };
    let variables = image.iter().flat_map(|it| &it.env).map(|(name, value)| (name.clone(), known(value))).collect();
    // So it is said in names and tags: `mcr.microsoft.com/dotnet/sdk:9.0-nanoserver-ltsc2022`.
    let windows = ["windows", "nanoserver", "servercore"].iter().any(|it| name.contains(it));
    let mut state = State {
        variables,
        user: User::root(),
        workdir: base_known.then(|| "/".to_owned()),
        shell: None,
        posix_shell: !windows,
        accounts,
        base_known,
    };
    if let Some(user) = image.and_then(|it| it.user.as_deref()) {
        state.user = state.account(user);
    }
    state
}

fn is_posix_shell(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    matches!(name, "sh" | "bash" | "ash" | "dash" | "busybox" | "ksh" | "zsh")
}

/// The shell that a comment of hadolint names: `# hadolint shell=pwsh`. As there, a word behind it voids the comment.
fn shell_in_comment(comment: &str) -> Option<&str> {
    let content = comment.trim().strip_prefix('#')?.trim_start().strip_prefix("hadolint")?;
    let value = content.trim_start().strip_prefix("shell")?.trim_start().strip_prefix('=')?;
    let value = value.split('#').next().unwrap_or(value).trim();
    // A name that is mistyped is no reason to look at nothing.
    let is_known = is_posix_shell(value) || ["pwsh", "powershell", "cmd"].contains(&crate::project::file_name(value));
    (content.starts_with([' ', '\t']) && is_known).then_some(value)
}

/// A path made absolute below a working directory; `None` when that is needed and unknown.
pub(crate) fn absolute(workdir: Option<&str>, path: &str) -> Option<String> {
    match (path.starts_with('/'), workdir) {
        (true, _) => Some(crate::project::join("/", path)),
        (false, Some(workdir)) => Some(crate::project::join(workdir, path)),
        (false, None) => None,
    }
}

impl ImageRef {
    /// Reads `[registry/]name[:tag][@digest]`.
    pub fn parse(text: &str) -> Self {
        let text = text.split('@').next().unwrap_or(text);
        let (name, tag) = match text.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            _ => (text, None),
        };
        let mut name = name;
        for registry in
            ["docker.io/", "index.docker.io/", "registry-1.docker.io/", "mirror.gcr.io/", "public.ecr.aws/docker/"]
        {
            name = name.strip_prefix(registry).unwrap_or(name);
        }
        Self { name: name.strip_prefix("library/").unwrap_or(name).to_owned(), tag }
    }
}

impl Stage {
    /// The `RUN` steps.
    pub fn runs(&self) -> impl DoubleEndedIterator<Item = (&Step, &Run)> {
        self.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Run(run) => Some((step, run)),
            StepKind::Copy(_) | StepKind::Other => None,
        })
    }

    /// Whether nothing is known of the image below it.
    pub fn base_known(&self) -> bool {
        self.end.base_known
    }
}

/// The last byte of what an instruction says before its heredoc bodies.
pub(crate) fn header(instruction: &Instruction) -> Span {
    let end = instruction.rest.whole().end;
    Span { start: instruction.span.start, end: end.max(instruction.keyword.span.end).min(instruction.span.end) }
}
