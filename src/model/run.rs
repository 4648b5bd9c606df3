//! `RUN`: its mounts, and the programs it runs.

use std::sync::{Arc, OnceLock};

use smallvec::smallvec;

use super::{PackageCommand, State, Value, absolute, expand, packages};
use crate::{
    knowledge::{Account, Action, KNOWLEDGE, Manager, SwitchedOn, is_plain_program},
    shell::{self, Invocation, Piece, Script, Setting},
    source::{Cooked, Source, Span},
    syntax::{self, Args, Instruction},
};

/// A `RUN`. Its text is parsed when somebody asks for it: most runs hold no package manager, and nobody does.
#[derive(Debug)]
pub struct Run {
    /// Its mounts.
    pub mounts: Vec<Mount>,
    body: Body,
    before: Arc<State>,
    names_manager: OnceLock<bool>,
    parsed: OnceLock<Box<Parsed>>,
    compilers: OnceLock<Box<[PackageCommand]>>,
}

#[derive(Debug)]
enum Body {
    /// For a POSIX shell.
    Shell(Arc<Cooked>),
    /// A program and its arguments.
    Exec(shell::Words),
    /// For another shell.
    Foreign,
}

#[derive(Debug)]
struct Parsed {
    script: Option<Script>,
    invocations: Vec<Invocation>,
    folders: Vec<Option<String>>,
    packages: Vec<PackageCommand>,
    /// The managers that a command sends to another root or cache.
    elsewhere: Vec<&'static str>,
    /// The managers whose lists are refreshed before the first install.
    refreshed: Vec<&'static str>,
    /// The invocations of `export`.
    exports: Vec<usize>,
    /// The invocations of `ln`.
    links: Vec<usize>,
}

/// A mount of a `RUN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Its type.
    pub kind: MountKind,
    /// Where it is mounted, absolute; `None` if unknown.
    pub target: Option<String>,
    /// What is mounted: the path in the context, the stage or image.
    pub source: Option<String>,
    /// The stage or image it comes from.
    pub from: Option<String>,
    /// Which cache it is, where that is said.
    pub id: Option<String>,
    /// Whether it is `sharing=locked`.
    pub locked: bool,
    /// The flag as written, without `--mount=`.
    pub text: String,
    /// The flag.
    pub span: Span,
}

/// The types of mounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// `type=bind`, the default.
    Bind,
    /// `type=cache`
    Cache,
    /// `type=tmpfs`, `secret`, `ssh`.
    Other,
}

impl Mount {
    /// Whether it is a `tmpfs`.
    pub fn is_tmpfs(&self) -> bool {
        self.field("type") == Some("tmpfs")
    }

    /// What it says for a key; an empty text for a key without a value.
    pub fn field(&self, key: &str) -> Option<&str> {
        let mut fields = self.text.split(',').map(|it| it.split_once('=').unwrap_or((it, "")));
        fields.find(|(it, _)| it.trim().eq_ignore_ascii_case(key)).map(|(_, value)| value)
    }

    /// The folder of a cache that starts empty, and that commands write to; `None` for other mounts.
    pub fn own_cache(&self) -> Option<&str> {
        let plain = || ["from", "ro", "readonly"].iter().all(|it| self.field(it).is_none());
        self.target.as_deref().filter(|_| self.kind == MountKind::Cache && plain())
    }
}

impl Run {
    pub(super) fn of(instruction: &Instruction, source: &Source, before: &Arc<State>, escape: char) -> Self {
        let body = match &instruction.args {
            Args::Json(words) => Body::Exec(words.iter().map(exec_word).collect()),
            _ if !before.posix_shell => Body::Foreign,
            _ => shell_text(instruction, source).map_or(Body::Foreign, Body::Shell),
        };
        let mounts = mounts(instruction, before, escape);
        Self {
            mounts,
            body,
            before: Arc::clone(before),
            names_manager: OnceLock::new(),
            parsed: OnceLock::new(),
            compilers: OnceLock::new(),
        }
    }

    fn parsed(&self) -> &Parsed {
        self.parsed.get_or_init(|| {
            let (script, invocations) = match &self.body {
                Body::Shell(text) => {
                    let script = shell::parse(text);
                    let invocations = script.invocations();
                    (Some(script), invocations)
                }
                Body::Exec(words) => (None, shell::exec(words).into_iter().collect()),
                Body::Foreign => (None, Vec::new()),
            };
            let folders = folders(&invocations, &self.before);
            let packages = packages::commands(&invocations, &self.before);
            let exports = (0..invocations.len()).filter(|at| invocations[*at].program == "export").collect();
            let links = (0..invocations.len()).filter(|at| invocations[*at].program == "ln").collect();
            let elsewhere =
                packages.iter().filter(|it| it.goes_elsewhere()).map(|it| it.manager.name.as_str()).collect();
            let refreshed = refreshed(&packages);
            Box::new(Parsed { script, invocations, folders, packages, elsewhere, refreshed, exports, links })
        })
    }

    /// The shell text, parsed; `None` in exec form or for another shell than a POSIX one.
    pub fn script(&self) -> Option<&Script> {
        self.parsed().script.as_ref()
    }

    /// The text that a POSIX shell gets; `None` in exec form or for another shell.
    pub fn text(&self) -> Option<&Cooked> {
        match &self.body {
            Body::Shell(text) => Some(text),
            Body::Exec(_) | Body::Foreign => None,
        }
    }

    /// What it runs, in order.
    pub fn invocations(&self) -> &[Invocation] {
        &self.parsed().invocations
    }

    /// The working directory of each invocation, absolute.
    pub fn folders(&self) -> &[Option<String>] {
        &self.parsed().folders
    }

    /// Which of the invocations belong to package managers.
    pub fn packages(&self) -> &[PackageCommand] {
        let names_one = self.names_manager.get_or_init(|| match &self.body {
            Body::Shell(text) => words_of(&text.text).any(packages::may_start_manager),
            Body::Exec(_) | Body::Foreign => true,
        });
        if *names_one { &self.parsed().packages } else { &[] }
    }

    /// The commands that fill the cache of a compiler, such as `make` where ccache is switched on.
    pub fn compilers(&self) -> &[PackageCommand] {
        self.compilers.get_or_init(|| {
            let caches = KNOWLEDGE.managers.iter().filter_map(|it| Some((it, it.switched_on.as_ref()?)));
            let near = caches.filter(|(it, on)| {
                let set = |name: &String| self.before.variables.get(name).is_some();
                self.mentions(&[&it.name]) || on.variables.iter().any(set) || self.before.is_on_path(&on.folders)
            });
            near.flat_map(|(it, on)| self.fillers(it, on)).collect()
        })
    }

    /// The commands that fill a cache of compilers.
    fn fillers(&self, manager: &'static Manager, on: &SwitchedOn) -> Vec<PackageCommand> {
        let names_it = |value: &str| value.split([' ', '/', ';']).any(|it| it == manager.name);
        let mut found = Vec::new();
        // What configures a build names the compilers for the commands after it.
        let words = self.invocations().iter().flat_map(|it| &it.words).filter_map(|it| text(it, &self.before));
        let says = on.words.iter().any(|it| self.mentions(&[it]))
            && words.into_iter().any(|text| on.words.iter().any(|it| text.contains(it.as_str())));
        for (at, it) in self.invocations().iter().enumerate() {
            if !on.called_by.iter().any(|name| name.first_matches(&it.program)) {
                continue;
            }
            let mut texts: Vec<Option<String>> = it.words.iter().map(|it| text(it, &self.before)).collect();
            if let Some(first) = texts.first_mut() {
                *first = Some(it.program.to_string());
            }
            let plain: Vec<&str> = texts.iter().map(|it| it.as_deref().unwrap_or_default()).collect();
            let mut named = plain.iter().skip(1).filter(|it| !it.starts_with('-')).peekable();
            let idle = named.peek().is_some() && named.all(|word| on.but_not.iter().any(|it| it == word));
            if idle || !on.called_by.iter().any(|it| it.first_matches(plain[0]) && it.is_among(&plain)) {
                continue;
            }
            let command = PackageCommand {
                manager,
                action: Action::Build,
                invocation: at,
                head: 0..1,
                subcommand: String::new(),
                texts,
            };
            let set = on.variables.iter().any(
                |name| matches!(self.value(name, &command, &self.before), Value::Known(value) if names_it(&value)),
            );
            if says || set || self.before.is_on_path(&on.folders) {
                found.push(command);
            }
        }
        found
    }

    /// The package command that an invocation is.
    pub fn package(&self, invocation: usize) -> Option<&PackageCommand> {
        let packages = self.packages();
        packages.binary_search_by_key(&invocation, |it| it.invocation).ok().map(|at| &packages[at])
    }

    /// Whether a command of this run sends the manager to another root or cache.
    pub fn goes_elsewhere(&self, manager: &Manager) -> bool {
        self.parsed().elsewhere.contains(&manager.name.as_str())
    }

    /// Whether a command refreshes the lists of the manager before its first install, for certain.
    pub fn updates_before_installing(&self, manager: &str) -> bool {
        !self.packages().is_empty() && self.parsed().refreshed.contains(&manager)
    }

    /// The invocations of `export`, with their numbers.
    pub fn exports(&self) -> impl DoubleEndedIterator<Item = (usize, &Invocation)> {
        self.parsed().exports.iter().map(|at| (*at, &self.invocations()[*at]))
    }

    /// The invocations of `ln`.
    pub(super) fn links(&self) -> impl Iterator<Item = &Invocation> {
        self.parsed().links.iter().map(|at| &self.invocations()[*at])
    }

    /// Whether the text for the shell holds one of these.
    pub fn mentions(&self, parts: &[&str]) -> bool {
        matches!(&self.body, Body::Shell(text) if parts.iter().any(|it| text.text.contains(it)))
    }

    /// Whether one of these programs may be among those it runs, as far as its letters tell.
    pub fn may_run(&self, programs: &[&str]) -> bool {
        match &self.body {
            Body::Shell(text) => programs.iter().any(|it| text.text.contains(it)),
            Body::Exec(_) => true,
            Body::Foreign => false,
        }
    }

    /// The folder a package command runs in.
    pub fn folder(&self, command: &PackageCommand) -> Option<&str> {
        self.folders()[command.invocation].as_deref()
    }

    /// Whether all that it runs is known: package managers, and programs that have nothing to do with packages.
    pub fn is_known(&self) -> bool {
        let known = |(at, it): (usize, &Invocation)| is_plain_program(&it.program) || self.package(at).is_some();
        self.script().is_none_or(Script::is_understood) && self.invocations().iter().enumerate().all(known)
    }

    /// Its cache mounts, with their folders.
    pub fn caches(&self) -> impl Iterator<Item = (&Mount, &str)> {
        self.mounts.iter().filter(|it| it.kind == MountKind::Cache).filter_map(|it| Some((it, it.target.as_deref()?)))
    }

    /// Whether a cache mount lies on `path` or above it.
    pub fn has_cache_over(&self, path: &str) -> bool {
        self.caches().any(|(_, target)| is_below(path, target))
    }

    /// Users made by `useradd` and `adduser`.
    pub(super) fn accounts(&self) -> Vec<Account> {
        let Body::Shell(text) = &self.body else { return Vec::new() };
        if !text.text.contains("useradd") && !text.text.contains("adduser") {
            return Vec::new();
        }
        let programs = self.invocations().iter().filter(|it| matches!(it.program.as_str(), "useradd" | "adduser"));
        programs.filter_map(account).collect()
    }
}

/// The managers that are told to refresh their lists before they are told to install.
fn refreshed(packages: &[PackageCommand]) -> Vec<&'static str> {
    let mut refreshed: Vec<&str> = Vec::new();
    let mut installed: Vec<&str> = Vec::new();
    for command in packages {
        let name = command.manager.name.as_str();
        match command.action {
            Action::Update if !installed.contains(&name) && !refreshed.contains(&name) => refreshed.push(name),
            Action::Install if !installed.contains(&name) => installed.push(name),
            _ => {}
        }
    }
    refreshed
}

/// The runs of letters, digits and what names of programs may hold.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !it.is_ascii_alphanumeric() && !matches!(it, '-' | '_' | '.' | '+'))
        .filter(|it| !it.is_empty())
}

fn exec_word(word: &syntax::Word) -> shell::Word {
    shell::Word {
        span: word.span,
        pieces: smallvec![Piece::Literal(word.text.as_str().into())],
        substitutions: Vec::new(),
    }
}

/// Whether a path is another one or lies below it.
pub fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The text that the shell gets. `None` for a body that another interpreter runs.
fn shell_text(instruction: &Instruction, source: &Source) -> Option<Arc<Cooked>> {
    let Args::Shell(text) = &instruction.args else { return None };
    let Some(first) = instruction.heredocs.first() else { return Some(Arc::clone(text)) };
    let body = |body: Span, chomp: bool, to: &mut Cooked| {
        let mut at = body.start as usize;
        for line in source.slice(body).split_inclusive('\n') {
            let kept = if chomp { line.trim_start_matches('\t') } else { line };
            let end = kept.trim_end_matches(['\r', '\n']);
            let start = at + line.len() - kept.len();
            to.push(end, start);
            if end.len() < kept.len() {
                to.push("\n", start + end.len());
            }
            at += line.len();
        }
    };
    let opener = source.slice(first.opener);
    if instruction.heredocs.len() == 1 && text.text.trim() == opener.trim() {
        if source.slice(first.body).starts_with("#!") && !shell::is_for_shell(source.slice(first.body)) {
            return None;
        }
        let mut cooked = Cooked::default();
        body(first.body, first.chomp, &mut cooked);
        return Some(Arc::new(cooked));
    }
    let mut cooked = Cooked::clone(text);
    for heredoc in &instruction.heredocs {
        let end = heredoc.body.end as usize;
        // The line end before the body.
        cooked.push("\n", (heredoc.body.start as usize).saturating_sub(1));
        body(heredoc.body, false, &mut cooked);
        let rest = &source.text[end..];
        let name = end + rest.len() - rest.trim_start_matches('\t').len();
        if source.text[name..].starts_with(&heredoc.name) {
            cooked.push(&heredoc.name, name);
        }
    }
    Some(Arc::new(cooked))
}

fn mounts(instruction: &Instruction, before: &State, escape: char) -> Vec<Mount> {
    let flags = instruction.flags.iter().filter(|it| it.name == "mount");
    flags
        .filter_map(|flag| {
            let text = &flag.value.as_ref()?.text;
            let fields: Vec<(String, &str)> = text
                .split(',')
                .map(|it| it.split_once('=').unwrap_or((it, "")))
                .map(|(key, value)| (key.trim().to_lowercase(), value.trim_matches('"')))
                .collect();
            let field = |names: &[&str]| {
                let found = fields.iter().find(|(key, _)| names.contains(&key.as_str()));
                found.map(|(_, value)| *value)
            };
            let expanded = |value: &str| expand(value, escape, &|name| before.variable(name));
            Some(Mount {
                kind: match field(&["type"]) {
                    None | Some("bind") => MountKind::Bind,
                    Some("cache") => MountKind::Cache,
                    Some(_) => MountKind::Other,
                },
                target: field(&["target", "dst", "destination"])
                    .and_then(expanded)
                    .and_then(|it| absolute(before.workdir.as_deref(), &it)),
                source: field(&["source", "src"]).and_then(expanded),
                from: field(&["from"]).map(str::to_owned),
                id: field(&["id"]).map(str::to_owned),
                locked: field(&["sharing"]) == Some("locked"),
                text: text.clone(),
                span: flag.span,
            })
        })
        .collect()
}

/// The folder of each invocation, following `cd`.
fn folders(invocations: &[Invocation], before: &State) -> Vec<Option<String>> {
    let mut current = before.workdir.clone();
    let mut folders = Vec::with_capacity(invocations.len());
    for it in invocations {
        folders.push(current.clone());
        if !matches!(it.program.as_str(), "cd" | "pushd" | "popd") {
            continue;
        }
        let target = it.words.get(1).and_then(|word| text(word, before));
        current = match (it.program.as_str(), it.setting, target) {
            ("cd", Setting::Always, Some(path)) => absolute(current.as_deref(), &path),
            _ => None,
        };
    }
    folders
}

/// The text of a shell word, variables of the Dockerfile put in; `None` if unknown.
/// A leading `~` is not expanded: it stays as it is.
pub fn text(word: &shell::Word, state: &State) -> Option<String> {
    let pieces = word.pieces.iter().map(|it| match it {
        Piece::Literal(text) | Piece::Glob(text) => Some(text.to_string()),
        Piece::Variable(name) if name == "HOME" => state.home(),
        Piece::Variable(name) => match state.variable(name) {
            Value::Known(text) => Some(text),
            Value::Unset | Value::Unknown => None,
        },
        Piece::Unknown => None,
    });
    pieces.collect()
}

/// The user that `useradd` or `adduser` makes, as far as the words tell.
fn account(invocation: &Invocation) -> Option<Account> {
    const VALUES: &[&str] = &[
        "-u",
        "--uid",
        "-d",
        "--home",
        "--home-dir",
        "-h",
        "-g",
        "--gid",
        "-G",
        "--groups",
        "-s",
        "--shell",
        "-c",
        "--comment",
        "--gecos",
        "--ingroup",
        "-p",
        "--password",
        "-k",
        "--skel",
        "-b",
        "--base-dir",
    ];
    let words: Vec<Option<String>> = invocation.words.iter().skip(1).map(shell::Word::literal).collect();
    let busybox = invocation.program == "adduser";
    let mut uid = None;
    let mut gid = None;
    let mut home = None;
    let mut names = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let word = words[at].as_deref()?;
        let (option, mut value) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value.to_owned())),
            _ => (word, None),
        };
        if value.is_none() && VALUES.contains(&option) {
            at += 1;
            value = words.get(at).cloned().flatten();
        }
        match option {
            "-u" | "--uid" => uid = value?.parse().ok(),
            "-g" | "--gid" if !busybox || option == "--gid" => gid = value?.parse().ok(),
            "-d" | "--home" | "--home-dir" => home = value,
            "-h" if busybox => home = value,
            option if option.starts_with('-') => {}
            name => names.push(name.to_owned()),
        }
        at += 1;
    }
    // `adduser USER GROUP` adds a user to a group.
    let [name] = names.as_slice() else { return None };
    let home = home.unwrap_or_else(|| format!("/home/{name}"));
    Some(Account { name: name.clone(), uid, gid, home })
}
