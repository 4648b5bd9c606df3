//! Command lines of docker, podman and buildah to the builds that they start.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    build::{BUILDING, Build, BuildContext, ELSEWHERE, Found, Kind, LeftOut, Recipe, Target, Value, is_remote},
    compose::{self, named_context},
    project::{Files, Kind as FileKind, join},
    shell::{Command, Compound, CompoundKind, List, Node, Piece, Script, Word},
    source::{FileId, Location, Span},
};

/// What stands in a command line for what another program puts there.
pub const UNKNOWN: &str = "${UNKNOWN_VARIABLE}";

/// Where a script stands, and from where it is run.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// What lies around.
    pub files: &'a dyn Files,
    /// The file.
    pub file: FileId,
    /// What kind of file it is.
    pub kind: Kind,
    /// What the script is called there.
    pub name: Option<String>,
    /// The folders from which it may be run.
    pub starts: Vec<String>,
    /// The folder of the script itself, which `$(dirname "$0")` means.
    pub own: Option<String>,
    /// The root of the repository.
    pub root: Option<String>,
    /// The place to name where the script's own places are not known.
    pub whole: Option<Span>,
    /// Variables that are set outside.
    pub variables: BTreeMap<String, String>,
}

/// What a command line asks another tool to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Where it stands.
    pub location: Location,
    /// The tool: Compose or Bake.
    pub kind: Kind,
    /// The files that it names; empty for the default ones.
    pub files: Vec<String>,
    /// The folder from which it is called.
    pub folder: String,
    /// What it says otherwise than the files, as `--set` takes it: `target.key=value`.
    pub sets: Vec<String>,
}

/// A command of Compose that builds services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// Where it stands.
    pub location: Location,
    /// The files that it reads.
    pub files: Vec<String>,
    /// The services that it names; none stands for all.
    pub services: Vec<String>,
}

/// What a script starts.
#[derive(Clone, Debug, Default)]
pub struct Started {
    /// The builds.
    pub found: Found,
    /// The calls of Compose and Bake.
    pub calls: Vec<Call>,
    /// Commands of Compose that build services.
    pub composed: Vec<Composed>,
    /// Builds without BuildKit: where that is said, or the build, where it is said outside.
    pub without_buildkit: Vec<Location>,
}

/// What a script starts.
pub fn started(script: &Script, place: &Place<'_>) -> Started {
    let variables = place.variables.iter().map(|(name, value)| (name.clone(), Some(Text::plain(value.clone()))));
    let cds = script.invocations().into_iter().filter(|it| ["cd", "pushd", "popd"].contains(&it.program.as_str()));
    let mut assigned = BTreeMap::new();
    count_assigned(&script.list, &mut assigned);
    let changing = assigned.into_iter().filter(|it| it.1 > 1).map(|it| it.0);
    let mut runner = Runner {
        place,
        out: Started::default(),
        cds: cds.map(|it| it.command.start).collect(),
        changing: changing.collect(),
        switch: None,
    };
    let mut state =
        State { folder: Some(Text { base: Base::Start, text: ".".to_owned() }), variables: variables.collect() };
    runner.list(&script.list, &mut state);
    runner.out
}

/// Whether a text can hold a command that starts a build: on some line a word for building, and before it a program
/// that builds, or something that may stand for one. Most scripts build only other things, and parsing takes far longer.
pub fn may_build(text: &str) -> bool {
    let tools = ["docker", "podman", "buildah", "nerdctl"];
    // Compose builds what it starts.
    let starting = [" up", " run", " create"];
    if !(Kind::Script.may_build(text) || text.contains("compose")) || !tools.iter().any(|it| text.contains(it)) {
        return false;
    }
    // A line that ends in a backslash goes on in the next.
    let ends = text.match_indices('\n').map(|(at, _)| at);
    let ends = ends.filter(|at| !text[..*at].trim_end_matches('\r').ends_with('\\')).chain([text.len()]);
    let mut start = 0;
    for end in ends {
        let line = &text[start..end];
        start = end + 1;
        if line.contains("compose") && starting.iter().any(|it| line.contains(it)) {
            return true;
        }
        let Some(at) = BUILDING.iter().filter_map(|it| line.rfind(it)).max() else { continue };
        if line[..at].contains(['$', '`', '{']) || tools.iter().any(|it| line[..at].contains(it)) {
            return true;
        }
    }
    false
}

/// What a path starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// Nothing: it is a text.
    None,
    /// The folder from which the script is run.
    Start,
    /// The folder of the script.
    Own,
    /// The root of the repository.
    Root,
}

/// A known text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Text {
    base: Base,
    text: String,
}

impl Text {
    fn plain(text: String) -> Self {
        Self { base: Base::None, text }
    }

    /// This path seen from a folder.
    fn from(&self, folder: &Self) -> Self {
        if self.base != Base::None || self.text.starts_with('/') {
            return self.clone();
        }
        Self { base: folder.base, text: join(&folder.text, &self.text) }
    }
}

/// What is known before a command.
#[derive(Clone, Debug)]
struct State {
    /// The working directory.
    folder: Option<Text>,
    /// Variables; `None` for what is not known.
    variables: BTreeMap<String, Option<Text>>,
}

impl State {
    /// Keeps what both agree on.
    fn meet(&mut self, other: &Self) {
        if self.folder != other.folder {
            self.folder = None;
        }
        let names: BTreeSet<_> = self.variables.keys().chain(other.variables.keys()).cloned().collect();
        for name in names {
            if self.variables.get(&name) != other.variables.get(&name) {
                self.variables.insert(name, None);
            }
        }
    }
}

struct Runner<'a> {
    place: &'a Place<'a>,
    out: Started,
    /// Where the working directory is changed.
    cds: Vec<u32>,
    /// The variables that are set more than once.
    changing: BTreeSet<String>,
    /// Where `DOCKER_BUILDKIT` was set last, for all that follows.
    switch: Option<Span>,
}

impl Runner<'_> {
    fn list(&mut self, list: &List, state: &mut State) {
        for item in &list.items {
            self.node(&item.node, state);
        }
    }

    fn node(&mut self, node: &Node, state: &mut State) {
        match node {
            Node::Command(command) => self.command(command, state),
            Node::Pipeline { members, .. } => {
                for member in members {
                    self.node(member, &mut state.clone());
                }
            }
            Node::Compound(compound) => self.compound(compound, state),
            Node::Opaque(_) => {}
        }
    }

    fn compound(&mut self, compound: &Compound, state: &mut State) {
        match compound.kind {
            CompoundKind::Group => compound.lists.iter().for_each(|it| self.list(it, state)),
            CompoundKind::Subshell => {
                let mut inner = state.clone();
                compound.lists.iter().for_each(|it| self.list(it, &mut inner));
            }
            CompoundKind::Conditional | CompoundKind::Loop => {
                let mut before = state.clone();
                if compound.kind == CompoundKind::Loop {
                    self.forget_changing(&mut before);
                }
                for list in &compound.lists {
                    let mut branch = before.clone();
                    self.list(list, &mut branch);
                    state.meet(&branch);
                }
            }
            CompoundKind::Function => {
                // It runs where it is called, with what is known there.
                let mut inner = state.clone();
                if self.cds.iter().any(|it| *it > compound.span.end) {
                    inner.folder = None;
                }
                self.forget_changing(&mut inner);
                compound.lists.iter().for_each(|it| self.list(it, &mut inner));
            }
        }
    }

    /// What runs again, or later, may see other values.
    fn forget_changing(&self, state: &mut State) {
        for name in &self.changing {
            state.variables.insert(name.clone(), None);
        }
    }

    fn command(&mut self, command: &Command, state: &mut State) {
        if let Some(script) = &command.script {
            self.list(&script.list, &mut state.clone());
            return;
        }
        for word in &command.words {
            for script in &word.substitutions {
                self.list(&script.list, &mut state.clone());
            }
        }
        let program = command.words.first().and_then(|it| self.text(it, state)).map(|it| it.text);
        let is_export = program.as_deref().is_some_and(|it| ["export", "declare", "local", "readonly"].contains(&it));
        if command.words.is_empty() || is_export {
            for assignment in &command.assignments {
                let value = assignment.value.as_ref().and_then(|it| self.text(it, state));
                if assignment.name == "DOCKER_BUILDKIT" {
                    self.switch = Some(assignment.span);
                }
                state.variables.insert(assignment.name.clone(), value);
            }
            return;
        }
        match program.as_deref() {
            Some("cd" | "pushd") => {
                let target = command.words.get(1).filter(|_| command.words.len() == 2);
                let target = target.and_then(|it| self.text(it, state)).filter(|it| it.text != "-");
                state.folder = target.zip(state.folder.clone()).map(|(target, folder)| target.from(&folder));
            }
            Some("popd") => state.folder = None,
            Some("read" | "unset" | "eval" | "source" | ".") => {
                // Any variable may be another one afterwards.
                let sets_any = program.as_deref() != Some("unset") && program.as_deref() != Some("read");
                for (name, value) in &mut state.variables {
                    if sets_any || command.words.iter().any(|it| it.literal().is_some_and(|it| it == *name)) {
                        *value = None;
                    }
                }
            }
            _ => self.tool(command, state),
        }
    }

    /// The text of a word, if all of it is known.
    fn text(&self, word: &Word, state: &State) -> Option<Text> {
        let mut out = Text::plain(String::new());
        let mut substitutions = word.substitutions.iter();
        let unknown = word.pieces.iter().filter(|it| matches!(it, Piece::Unknown)).count();
        for (at, piece) in word.pieces.iter().enumerate() {
            let piece = match piece {
                // Quotes of the shell mean nothing to what puts a text in before.
                Piece::Literal(text) if text.contains(UNKNOWN) => return None,
                Piece::Literal(text) => Text::plain(text.to_string()),
                Piece::Variable(name) if name == "PWD" => state.folder.clone()?,
                Piece::Variable(name) => state.variables.get(name.as_str())?.clone()?,
                Piece::Unknown if unknown == word.substitutions.len() => {
                    self.substitution(substitutions.next()?, state)?
                }
                Piece::Glob(_) | Piece::Unknown => return None,
            };
            if piece.base == Base::None {
                out.text.push_str(&piece.text);
            } else if at == 0 {
                out = piece;
            } else {
                return None;
            }
        }
        if out.base != Base::None {
            out.text = join(".", &out.text);
        }
        Some(out)
    }

    /// What `$( … )` gives, for the few commands that name folders.
    fn substitution(&self, script: &Script, state: &State) -> Option<Text> {
        let mut folder = state.folder.clone();
        for item in &script.list.items {
            let Node::Command(command) = &item.node else { return None };
            let words: Vec<Option<Text>> = command.words.iter().map(|it| self.text(it, state)).collect();
            let literal =
                |at: usize| words.get(at)?.as_ref().filter(|it| it.base == Base::None).map(|it| it.text.as_str());
            match literal(0)? {
                "pwd" => return folder,
                "cd" => {
                    let target =
                        words.iter().skip(1).find(|it| it.as_ref().is_none_or(|it| it.text != "--"))?.clone()?;
                    folder = Some(target.from(&folder?));
                }
                // The argument is `$0` or `${BASH_SOURCE[0]}`, neither of which is a known text.
                "dirname" if words.len() == 2 && words[1].is_none() && item.operator.is_none() => {
                    self.place.own.as_ref()?;
                    return Some(Text { base: Base::Own, text: ".".to_owned() });
                }
                "git" if literal(1) == Some("rev-parse") && literal(2) == Some("--show-toplevel") => {
                    self.place.root.as_ref()?;
                    return Some(Text { base: Base::Root, text: ".".to_owned() });
                }
                _ => return None,
            }
        }
        None
    }

    fn location(&self, span: Span) -> Location {
        Location { file: self.place.file, span: self.place.whole.unwrap_or(span) }
    }

    fn left_out(&mut self, span: Span, reason: impl Into<String>) {
        let (location, name) = (self.location(span), self.place.name.clone());
        self.out.found.left_out.push(LeftOut { location, name, reason: reason.into() });
    }

    /// A command that may start a build.
    fn tool(&mut self, command: &Command, state: &State) {
        let invocation = crate::shell::exec(&command.words);
        let Some(invocation) = invocation.filter(|it| it.wrappers.iter().all(|it| it != "xargs")) else { return };
        let words: Vec<Given<'_>> = invocation.words[1..].iter().map(|word| self.given(word, state)).collect();
        let known = |at: usize| words.get(at).and_then(|it| it.text.as_ref()).map_or("", |it| it.text.as_str());
        let (tool, first) = match invocation.program.as_str() {
            "docker" | "podman" | "nerdctl" => {
                let first = skip_options(&words, 0, DOCKER_OPTIONS);
                let Some(first) = first else { return };
                let second = skip_options(&words, first + 1, DOCKER_OPTIONS).unwrap_or(first + 1);
                match (known(first), known(second)) {
                    ("build", _) => (Tool::Build, first + 1),
                    ("image" | "builder", "build") | ("buildx", "build" | "b") => (Tool::Build, second + 1),
                    ("buildx", "bake" | "f") => (Tool::Bake, second + 1),
                    ("compose", _) => (Tool::Compose, first + 1),
                    _ => return,
                }
            }
            "buildah" => match known(0) {
                "bud" | "build" | "build-using-dockerfile" => (Tool::Build, 1),
                _ => return,
            },
            "docker-compose" | "podman-compose" => (Tool::Compose, 0),
            _ => return,
        };
        let span = command.words.first().map_or(command.span, |it| it.span).cover(command.span);
        let rest = &words[first.min(words.len())..];
        match tool {
            Tool::Build => {
                let is_docker = invocation.program == "docker";
                self.note_legacy(command, state, is_docker);
                self.build(rest, command, span, state, is_docker);
            }
            Tool::Bake => self.call(rest, Kind::Bake, span, state),
            Tool::Compose => {
                let before = self.out.composed.len();
                self.call(rest, Kind::Compose, span, state);
                if self.out.composed.len() > before {
                    self.note_legacy(command, state, true);
                }
            }
        }
    }

    /// Notes `DOCKER_BUILDKIT=0`, before the command or exported earlier.
    fn note_legacy(&mut self, command: &Command, state: &State, is_docker: bool) {
        let own = command.assignments.iter().find(|it| it.name == "DOCKER_BUILDKIT");
        let value = match own {
            Some(own) => own.value.as_ref().and_then(|it| self.text(it, state)),
            None => state.variables.get("DOCKER_BUILDKIT").cloned().flatten(),
        };
        if is_docker && value.is_some_and(|it| it.text == "0") {
            let place = own.map(|it| it.span).or(self.switch).unwrap_or(command.span);
            self.out.without_buildkit.push(self.location(place));
        }
    }

    fn given<'w>(&self, word: &'w Word, state: &State) -> Given<'w> {
        let prefix = match word.pieces.first() {
            Some(Piece::Literal(text)) => text.as_str(),
            _ => "",
        };
        Given { prefix, text: self.text(word, state) }
    }

    /// A call of Compose or Bake that names files.
    fn call(&mut self, words: &[Given<'_>], kind: Kind, span: Span, state: &State) {
        let mut files = Vec::new();
        let mut sets = Vec::new();
        let mut services = Vec::new();
        let mut builds = kind == Kind::Bake;
        let mut is_built_before = false;
        let mut at = 0;
        while at < words.len() {
            let Some(text) = words[at].text.as_ref() else { return };
            let (name, value) = match text.text.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(Text::plain(value.to_owned()))),
                _ => (text.text.as_str(), None),
            };
            match name {
                "-f" | "--file" | "--set" => {
                    let value = value.or_else(|| {
                        at += 1;
                        words.get(at)?.text.clone()
                    });
                    let Some(value) = value else { return };
                    if name == "--set" {
                        sets.push(value.text);
                    } else {
                        files.push(value);
                    }
                }
                // They move the folder that paths start from, or change what is built.
                "--project-directory" | "--metadata-file" => return,
                "build" | "up" | "run" | "watch" | "create" if !builds => builds = true,
                "--no-build" => is_built_before = true,
                name if builds && !name.starts_with('-') => services.push(name.to_owned()),
                _ => {}
            }
            at += 1;
        }
        if !builds {
            return;
        }
        let Some(folder) = state.folder.clone() else { return };
        let location = self.location(span);
        if files.is_empty() {
            let files = self.default_compose(&folder).filter(|_| kind == Kind::Compose && !is_built_before);
            self.out.composed.extend(files.map(|files| Composed { location, files, services }));
            return;
        }
        let candidates = self.candidates(&folder);
        let mut fits = candidates.into_iter().filter_map(|start| {
            let paths: Vec<_> = files.iter().map(|it| self.path(&it.from(&folder), &start)).collect::<Option<_>>()?;
            let all = paths.iter().all(|it| self.place.files.kind(it) == Some(FileKind::File));
            all.then(|| (paths, self.path(&folder, &start).unwrap_or_default()))
        });
        if let (Some((files, folder)), None) = (fits.next(), fits.next()) {
            if kind == Kind::Compose && !is_built_before {
                self.out.composed.push(Composed { location, files: files.clone(), services });
            }
            self.out.calls.push(Call { location, kind, files, folder, sets });
        }
    }

    /// The files that Compose reads in a folder if none are named.
    fn default_compose(&self, folder: &Text) -> Option<Vec<String>> {
        let is_file = |it: &String| self.place.files.kind(it) == Some(FileKind::File);
        self.candidates(folder).iter().find_map(|start| {
            let folder = self.path(folder, start)?;
            let first = |names: &[&str]| names.iter().map(|it| join(&folder, it)).find(is_file);
            let main = first(&compose::DEFAULTS)?;
            Some(std::iter::once(main).chain(first(&compose::OVERRIDES)).collect())
        })
    }

    /// The folders that the working directory may start from.
    fn candidates(&self, path: &Text) -> Vec<String> {
        let mut starts = self.place.starts.clone();
        if path.base != Base::Start {
            starts.truncate(1);
        }
        starts.dedup();
        starts
    }

    /// The path in the project, where the script is run from `start`.
    fn path(&self, path: &Text, start: &str) -> Option<String> {
        if path.text.starts_with('/') {
            return None;
        }
        let base = match path.base {
            Base::None | Base::Start => start,
            Base::Own => self.place.own.as_deref()?,
            Base::Root => self.place.root.as_deref()?,
        };
        Some(join(base, &path.text))
    }

    /// `docker build` and its like; `words` are those behind it.
    fn build(&mut self, words: &[Given<'_>], command: &Command, span: Span, state: &State, is_docker: bool) {
        let line = match Line::read(words) {
            Ok(line) => line,
            Err(reason) => return self.left_out(span, reason),
        };
        let input = command.redirects.iter().find(|it| it.operator.starts_with('<'));
        if line.builds_nothing {
            return;
        }
        let Some(context) = line.context.clone() else {
            return self.left_out(span, "it depends on what is not known which context it has");
        };
        if is_remote(&context.text) {
            return self.left_out(span, ELSEWHERE);
        }
        if line.file.as_ref().is_some_and(|it| it.text == "-") || context.text == "-" {
            let from = input.filter(|it| it.operator == "<").and_then(|it| it.target.as_ref());
            let from = from.and_then(|it| self.text(it, state)).zip(state.folder.clone());
            let Some((from, folder)) = from.filter(|_| context.text == "-") else {
                return self.left_out(span, "its Dockerfile comes from standard input");
            };
            let from = from.from(&folder);
            let paths = self.candidates(&from).into_iter().filter_map(|it| self.path(&from, &it));
            let mut paths = paths.filter(|it| self.place.files.kind(it) == Some(FileKind::File));
            if let (Some(path), None) = (paths.next(), paths.next()) {
                self.add(line, Recipe::File(path), BuildContext::None, ".", span);
            }
            return;
        }
        let Some(folder) = state.folder.clone() else {
            return self.left_out(span, "it cannot be told from which folder it is run");
        };
        let context = context.from(&folder);
        let file = line.file.as_ref().map(|it| it.from(&folder));
        let uses_start = [Some(&context), file.as_ref()].into_iter().flatten().any(|it| it.base == Base::Start);
        let starts = if uses_start { self.place.starts.clone() } else { self.candidates(&context) };
        let mut fits: Vec<(String, String, String)> = Vec::new();
        for start in starts {
            let Some(context) = self.path(&context, &start) else { continue };
            let Some(dockerfile) = self.dockerfile(file.as_ref(), &start, &context, is_docker) else { continue };
            let one = (dockerfile, context, self.path(&folder, &start).unwrap_or_default());
            if !fits.contains(&one) {
                fits.push(one);
            }
        }
        if fits.len() > 1 {
            fits.retain(|(dockerfile, context, _)| {
                self.place.files.kind(dockerfile) == Some(FileKind::File) && self.place.files.kind(context).is_some()
            });
        }
        match &fits[..] {
            [(dockerfile, context, folder)] => {
                let context = BuildContext::Folder(context.clone());
                self.add(line, Recipe::File(dockerfile.clone()), context, folder, span);
            }
            [] => self.left_out(span, "no folder from which it may be run has its Dockerfile"),
            _ => self.left_out(span, "it cannot be told from which folder it is run"),
        }
    }

    fn dockerfile(&self, file: Option<&Text>, start: &str, context: &str, is_docker: bool) -> Option<String> {
        let exists = |path: &String| self.place.files.kind(path) == Some(FileKind::File);
        let default = |name: &str| join(context, name);
        match file {
            Some(file) => {
                let path = self.path(file, start)?;
                // Podman looks in the context too.
                let second = join(context, &file.text);
                Some(if !is_docker && !exists(&path) && exists(&second) { second } else { path })
            }
            None if !is_docker && exists(&default("Containerfile")) => Some(default("Containerfile")),
            None => Some(default("Dockerfile")),
        }
    }

    fn add(&mut self, line: Line, recipe: Recipe, context: BuildContext, folder: &str, span: Span) {
        let contexts = line.contexts.into_iter().map(|(name, value)| {
            let context = match value {
                Some(text) => named_context(folder, &text, "target:"),
                None => crate::build::NamedContext::Unknown,
            };
            (name, context)
        });
        self.out.found.builds.push(Build {
            name: self.place.name.clone(),
            target: Target::of(line.target),
            args: line.args,
            contexts: contexts.collect(),
            images: line.images,
            platforms: line.platforms,
            cache_from: line.cache_from,
            cache_to: line.cache_to,
            ..Build::new(self.place.kind, recipe, context, self.location(span))
        });
    }
}

/// How often each variable is set.
fn count_assigned(list: &List, out: &mut BTreeMap<String, usize>) {
    fn node(it: &Node, out: &mut BTreeMap<String, usize>) {
        match it {
            Node::Command(it) => {
                for assignment in &it.assignments {
                    *out.entry(assignment.name.clone()).or_default() += 1;
                }
            }
            Node::Pipeline { members, .. } => members.iter().for_each(|it| node(it, out)),
            Node::Compound(it) => it.lists.iter().for_each(|it| count_assigned(it, out)),
            Node::Opaque(_) => {}
        }
    }
    list.items.iter().for_each(|it| node(&it.node, out));
}

/// What a command is about.
#[derive(Clone, Copy)]
enum Tool {
    Build,
    Bake,
    Compose,
}

/// A word of a command line.
struct Given<'a> {
    /// The literal text that it begins with.
    prefix: &'a str,
    /// All of it, if it is known.
    text: Option<Text>,
}

/// The options before a subcommand that take a value.
const DOCKER_OPTIONS: &[&str] = &[
    "-c",
    "--context",
    "--config",
    "-H",
    "--host",
    "-l",
    "--log-level",
    "--builder",
    "--connection",
    "--url",
    "--root",
    "-n",
    "--namespace",
    "--storage-driver",
];

/// The options of builds that take a value, of docker, buildx, podman and buildah.
const VALUED: &[&str] = &[
    "add-host",
    "allow",
    "annotation",
    "arch",
    "attest",
    "authfile",
    "build-arg",
    "build-arg-file",
    "build-context",
    "builder",
    "cache-from",
    "cache-to",
    "cache-ttl",
    "call",
    "cap-add",
    "cap-drop",
    "cert-dir",
    "cgroup-parent",
    "cgroupns",
    "cpp-flag",
    "cpu-period",
    "cpu-quota",
    "cpu-shares",
    "cpuset-cpus",
    "cpuset-mems",
    "creds",
    "decryption-key",
    "device",
    "dns",
    "dns-option",
    "dns-search",
    "env",
    "file",
    "format",
    "from",
    "group-add",
    "hooks-dir",
    "ignorefile",
    "iidfile",
    "ipc",
    "isolation",
    "jobs",
    "label",
    "layer-label",
    "logfile",
    "manifest",
    "memory",
    "memory-swap",
    "metadata-file",
    "network",
    "no-cache-filter",
    "os",
    "os-feature",
    "os-version",
    "output",
    "pid",
    "platform",
    "policy",
    "progress",
    "provenance",
    "retry",
    "retry-delay",
    "runtime",
    "runtime-flag",
    "sbom",
    "secret",
    "security-opt",
    "shm-size",
    "sign-by",
    "source-date-epoch",
    "ssh",
    "tag",
    "target",
    "timestamp",
    "ulimit",
    "unsetenv",
    "unsetlabel",
    "userns",
    "userns-gid-map",
    "userns-uid-map",
    "uts",
    "variant",
    "volume",
];

/// Those that take none, or one only behind `=`.
const SWITCHES: &[&str] = &[
    "all-platforms",
    "check",
    "compat-volumes",
    "compress",
    "debug",
    "disable-compression",
    "disable-content-trust",
    "force-rm",
    "help",
    "http-proxy",
    "identity-label",
    "inherit-labels",
    "layers",
    "load",
    "no-cache",
    "no-hostname",
    "no-hosts",
    "omit-history",
    "pull",
    "pull-always",
    "pull-never",
    "push",
    "quiet",
    "rewrite-timestamp",
    "rm",
    "skip-unused-stages",
    "squash",
    "squash-all",
    "stdin",
    "stream",
    "tls-verify",
];

/// The first word at or after `at` that is no option.
fn skip_options(words: &[Given<'_>], mut at: usize, valued: &[&str]) -> Option<usize> {
    while let Some(word) = words.get(at) {
        let text = &word.text.as_ref()?.text;
        if !text.starts_with('-') {
            return Some(at);
        }
        at += if valued.contains(&text.as_str()) { 2 } else { 1 };
    }
    None
}

/// What a command line says of its build.
#[derive(Clone, Debug, Default)]
struct Line {
    context: Option<Text>,
    file: Option<Text>,
    target: Value,
    args: BTreeMap<String, Option<String>>,
    contexts: BTreeMap<String, Option<String>>,
    images: Vec<String>,
    platforms: Vec<String>,
    cache_from: Vec<String>,
    cache_to: Vec<String>,
    /// Whether nothing is built.
    builds_nothing: bool,
}

impl Line {
    /// Reads the words behind `docker build`; why it cannot be told what they say, otherwise.
    fn read(words: &[Given<'_>]) -> Result<Self, String> {
        let mut line = Self::default();
        let mut at = 0;
        let unclear = || "some of its words depend on what is not known".to_owned();
        while let Some(word) = words.get(at) {
            at += 1;
            let prefix = word.text.as_ref().map_or(word.prefix, |it| it.text.as_str());
            if let Some(option) = prefix.strip_prefix("--").filter(|it| !it.is_empty()) {
                let (name, inline) = option.split_once('=').map_or((option, None), |(name, it)| (name, Some(it)));
                // A name that goes on with what is not known is no known name.
                if inline.is_none() && word.text.is_none() {
                    return Err(unclear());
                }
                if SWITCHES.contains(&name) {
                    // `--check` looks at the Dockerfile and builds nothing.
                    line.builds_nothing |= name == "help" || name == "check" && inline != Some("false");
                    continue;
                }
                let value = match inline {
                    Some(it) => Given { prefix: it, text: word.text.as_ref().map(|_| Text::plain(it.to_owned())) },
                    None if VALUED.contains(&name) => {
                        let Some(next) = words.get(at) else { return Err(unclear()) };
                        at += 1;
                        Given { prefix: next.prefix, text: next.text.clone() }
                    }
                    None => return Err(format!("the option `--{name}` is not known")),
                };
                line.set(name, value)?;
            } else if let Some(letters) = prefix.strip_prefix('-').filter(|it| !it.is_empty()) {
                let (switches, rest) =
                    letters.split_at(letters.find(|it| !"qDh".contains(it)).unwrap_or(letters.len()));
                line.builds_nothing |= switches.contains('h');
                let Some(letter) = rest.chars().next() else { continue };
                let name = match letter {
                    'f' => "file",
                    't' => "tag",
                    'o' => "output",
                    'm' => "memory",
                    'v' => "volume",
                    'c' => "cpu-shares",
                    _ => return Err(format!("the option `-{letter}` is not known")),
                };
                let inline = rest[letter.len_utf8()..].trim_start_matches('=');
                let value = if inline.is_empty() && word.text.is_some() {
                    let Some(next) = words.get(at) else { return Err(unclear()) };
                    at += 1;
                    Given { prefix: next.prefix, text: next.text.clone() }
                } else {
                    Given { prefix: inline, text: word.text.as_ref().map(|_| Text::plain(inline.to_owned())) }
                };
                line.set(name, value)?;
            } else {
                // A word that is not known may be any number of options.
                let Some(text) = &word.text else { return Err(unclear()) };
                if line.context.is_some() {
                    return Err("it names more than one context".to_owned());
                }
                line.context = Some(text.clone());
            }
        }
        Ok(line)
    }

    fn set(&mut self, name: &str, value: Given<'_>) -> Result<(), String> {
        let unknown = || format!("`--{name}` depends on what is not known");
        let text = value.text.as_ref().map(|it| it.text.clone());
        // The name stands before the first `=`; it is known when that is.
        let pair = || {
            let known = text.as_deref().unwrap_or(value.prefix);
            let (key, _) = known.split_once('=')?;
            let value = text.as_deref().and_then(|it| it.split_once('=')).map(|(_, it)| it.to_owned());
            Some((key.to_owned(), value))
        };
        let shown = || text.clone().unwrap_or_else(|| format!("{}…", value.prefix));
        match name {
            "file" => self.file = Some(value.text.ok_or_else(unknown)?),
            "target" => self.target = text.map_or_else(|| Value::Unknown("…".to_owned()), Value::Known),
            "build-arg" => {
                let pair = pair().or_else(|| text.clone().map(|it| (it, None)));
                self.args.extend(pair);
            }
            "build-context" => self.contexts.extend(pair()),
            // What it calls for instead of a build.
            "call" => self.builds_nothing |= text.as_deref() != Some("build"),
            "tag" => self.images.push(shown()),
            "platform" => self.platforms.extend(shown().split(',').map(str::to_owned)),
            "cache-from" => self.cache_from.push(shown()),
            "cache-to" => self.cache_to.push(shown()),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
