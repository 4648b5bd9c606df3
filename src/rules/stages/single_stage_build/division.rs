//! The edits that divide a stage in two: what builds, and what ships.

use std::fmt::Write;

use super::packages::{self, Caches, Distribution, Package};
use crate::{
    edit::{Change, Edit},
    model::{ImageRef, PackageCommand, Run, Stage, Step, StepKind},
    names, rewrite,
    rule::FileCx,
    source::Span,
    syntax::{Args, Instruction, Item, ItemKind, Keyword, Pair},
};

/// The name of the stage that builds, where it has none.
const BUILD: &str = "build";

/// Where an instruction of the undivided stage goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It stays in the stage that builds.
    Build,
    /// It stays, and is repeated in the stage that ships.
    Both,
    /// It moves to the stage that ships.
    Ships,
    /// It installs system packages, some of which the image needs.
    Packages,
}

/// How a stage is divided.
pub(super) struct Division<'a> {
    pub cx: &'a FileCx<'a>,
    pub stage: &'a Stage,
    /// The last step of the stage that builds; what comes after it, ships.
    pub last: usize,
    /// The roles of the steps up to there.
    pub roles: Vec<Role>,
    /// The image that the one that ships is made from, as it is written in `FROM`.
    pub image: String,
    /// System packages, as they are installed.
    pub packages: Vec<Package>,
    /// What is put before a step of the stage that builds.
    pub before: Vec<(usize, String)>,
    /// What is put behind the last step of the stage that builds.
    pub after: String,
    /// Edits inside its instructions.
    pub edits: Vec<Edit>,
    /// What the build makes: folders and files, copied at the same path.
    pub made: Vec<String>,
    /// Copies of the context that the image needs, as instructions.
    pub data: Vec<String>,
    /// Variables for what was made, `NAME=value`.
    pub environment: Vec<String>,
    /// What cannot be vouched for, in full sentences.
    pub reasons: Vec<String>,
    /// The lines of each `RUN` of which nobody can tell what it is for.
    unclear: Vec<String>,
}

impl<'a> Division<'a> {
    pub(super) fn new(cx: &'a FileCx<'a>, stage: &'a Stage, last: usize, image: String) -> Self {
        Self {
            cx,
            stage,
            last,
            roles: Vec::new(),
            image,
            packages: Vec::new(),
            before: Vec::new(),
            after: String::new(),
            edits: Vec::new(),
            made: Vec::new(),
            data: Vec::new(),
            environment: Vec::new(),
            reasons: Vec::new(),
            unclear: Vec::new(),
        }
    }

    /// Takes down that nobody can tell what a `RUN` is for. All of them come into one sentence, with their lines.
    pub(super) fn may_write(&mut self, instruction: &Instruction) {
        self.unclear.push(self.cx.source.line(instruction.span.start).to_string());
    }

    /// What cannot be vouched for, in full sentences.
    pub(super) fn doubts(&self) -> Vec<String> {
        let unclear = match self.unclear.as_slice() {
            [] => None,
            [line] => Some(format!("The `RUN` in line {line} may write what the image needs.")),
            lines => Some(format!("The `RUN`s in lines {} may write what the image needs.", names::enumerated(lines))),
        };
        unclear.into_iter().chain(self.reasons.iter().cloned()).collect()
    }

    pub(super) fn title(&self) -> String {
        format!("Build in a stage of its own, and ship `{}` with what was built", self.image)
    }

    /// The role of an instruction that is no `RUN`, `COPY` or `ADD`.
    pub(super) fn role_of_other(&mut self, instruction: &Instruction) -> Role {
        match instruction.kind {
            Keyword::Env | Keyword::Shell => Role::Both,
            Keyword::Arg => {
                let later = self.cx.source.text[instruction.span.end as usize..].to_owned();
                let used = |name: &str| later.contains(&format!("${name}")) || later.contains(&format!("${{{name}"));
                let Args::Words(words) = &instruction.args else { return Role::Both };
                let names = words.iter().map(|it| it.text.split('=').next().unwrap_or_default());
                if names.into_iter().any(used) { Role::Both } else { Role::Build }
            }
            Keyword::Cmd
            | Keyword::Entrypoint
            | Keyword::Expose
            | Keyword::Healthcheck
            | Keyword::Label
            | Keyword::Maintainer
            | Keyword::Stopsignal
            | Keyword::Volume => Role::Ships,
            // The working directory is followed by its value.
            Keyword::Workdir => Role::Build,
            _ => {
                self.reasons.push(format!("`{}` comes before the end of the build.", instruction.keyword.text));
                Role::Both
            }
        }
    }

    fn items(&self) -> &'a [Item] {
        &self.cx.unit.syntax.items
    }

    /// An instruction with the comments directly above it.
    fn with_comments(&self, item: usize) -> Span {
        let items = self.items();
        items[rewrite::with_comments(items, item)].span.cover(items[item].span)
    }

    fn lines(&self, span: Span) -> String {
        let text = self.cx.source.slice(span);
        if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
    }

    pub(super) fn name(&self) -> String {
        self.stage.name.clone().unwrap_or_else(|| BUILD.to_owned())
    }

    /// The change, if the edits fit together.
    pub(super) fn change(self) -> Option<Change> {
        let items = self.items();
        let steps = &self.stage.steps;
        let from = self.cx.model.at(self.stage.from);
        let mut edits = self.edits.clone();
        if self.stage.name.is_none() {
            let Args::Words(words) = &from.args else { return None };
            edits.push(Edit::insert(words.first()?.span.end as usize, format!(" AS {BUILD}")));
        }
        for (at, text) in &self.before {
            let item = steps[*at].item;
            let place = items[rewrite::with_comments(items, item)].span.start as usize;
            edits.push(Edit::insert(place, text.clone()));
        }
        for (at, role) in self.roles.iter().enumerate() {
            let item = steps[at].item;
            match role {
                Role::Ships => edits.push(Edit::delete(self.without(item, true))),
                Role::Build | Role::Both | Role::Packages => {}
            }
        }
        let end = items[steps[self.last].item].span.end as usize;
        let newline = if self.cx.source.text[..end].ends_with('\n') { "" } else { "\n" };
        let rest = items.get(steps[self.last].item + 1..).unwrap_or_default();
        let blank = match rest.first().map(|it| &it.kind) {
            None | Some(ItemKind::Blank) => "",
            Some(_) => "\n",
        };
        edits.push(Edit::insert(end, format!("{newline}{}\n{}{blank}", self.after, self.shipping(from)?)));
        Change::of(self.cx.unit.file, rewrite::join(edits)?)
    }

    /// What is deleted with an instruction: its comments where they move along, and one of two blank lines around it.
    pub(super) fn without(&self, item: usize, comments: bool) -> Span {
        let items = self.items();
        let top = if comments { rewrite::with_comments(items, item) } else { item };
        rewrite::with_blank(items, top, item)
    }

    /// The stage that ships, up to what follows unchanged.
    fn shipping(&self, from: &Instruction) -> Option<String> {
        let steps = &self.stage.steps;
        let flags: String = from.flags.iter().flat_map(|it| [self.cx.source.slice(it.span), " "]).collect();
        let keyword = self.cx.source.slice(from.keyword.span);
        let spaced = self.items().get(self.stage.from + 1).is_some_and(|it| it.kind == ItemKind::Blank);
        let gap = if spaced { "\n" } else { "" };
        let text = format!("{keyword} {flags}{}\n{gap}", self.image);
        let mut out = Out { text, gap, workdir: None, config: String::new() };
        // Packages that no instruction installs now come first, so that nothing else installs them again.
        let mut installed = !self.roles.contains(&Role::Packages);
        if installed {
            self.install(&mut out);
        }
        for (at, role) in self.roles.iter().enumerate() {
            let step = &steps[at];
            let instruction = self.cx.model.instruction(step);
            match (role, &instruction.args) {
                (Role::Both, Args::Pairs(pairs)) if instruction.kind == Keyword::Env => {
                    out.text.push_str(&self.environment_of(instruction, pairs));
                }
                (Role::Both, _) => {
                    if matches!(step.kind, StepKind::Run(_) | StepKind::Copy(_)) {
                        out.enter(step.before.workdir.as_deref()?);
                    }
                    out.text.push_str(&self.lines(items_span(self.items(), step.item)));
                }
                (Role::Ships, _) if matches!(step.kind, StepKind::Run(_)) => {
                    out.text.push_str(&self.lines(self.with_comments(step.item)));
                }
                (Role::Ships, _) => out.config.push_str(&self.lines(self.with_comments(step.item))),
                (Role::Packages, _) if !installed => {
                    installed = true;
                    self.install(&mut out);
                }
                (Role::Packages | Role::Build, _) => {}
            }
        }
        if !self.environment.is_empty() {
            let _ = write!(out.text, "ENV {}\n{gap}", self.environment.join(&self.continuation()));
        }
        let workdir = steps.get(self.last + 1).map_or(&self.stage.end, |it| &it.before).workdir.as_deref()?;
        if workdir != "/" {
            out.enter(workdir);
        }
        let mut text = out.text;
        for line in &self.data {
            let _ = writeln!(text, "{line}");
        }
        for path in &self.made {
            let _ = writeln!(text, "COPY --from={} {path} {path}", self.name());
        }
        if !out.config.is_empty() {
            text.push_str(gap);
        }
        text.push_str(&out.config);
        Some(text)
    }

    /// The system packages that the image needs.
    fn install(&self, out: &mut Out) {
        let commands: Vec<&PackageCommand> = self.installs().collect();
        let alpine = self.image.contains("alpine");
        let (caches, joint) = (self.caches(), self.continuation());
        if let Some(text) = packages::install(&self.packages, &commands, alpine, &caches, &joint) {
            out.space();
            out.text.push_str(&text);
            out.text.push_str(out.gap);
        }
    }

    /// The caches that the packages came from, for another variant of the same image. apk keeps one for each variant.
    fn caches(&self) -> Caches {
        let name = |image: &str| ImageRef::parse(image).name;
        let from = self.cx.model.at(self.stage.from).words().first();
        if self.image.contains("alpine") || from.is_none_or(|it| name(&it.text) != name(&self.image)) {
            return Caches::default();
        }
        let is_cache = |it: &String| it.starts_with("--mount=") && it.contains("type=cache");
        let mut steps = self.package_steps().filter_map(|(step, run)| {
            let command = run.packages().iter().find(|it| is_system_install(it))?;
            let flags = &self.cx.model.instruction(step).flags;
            let mounts: Vec<String> = flags.iter().map(|it| self.cx.source.slice(it.span).to_owned()).collect();
            let known = !mounts.is_empty() && mounts.iter().all(is_cache);
            known.then(|| Caches { mounts, options: packages::options_for_caches(command) })
        });
        steps.next().unwrap_or_default()
    }

    /// The steps that install system packages.
    fn package_steps(&self) -> impl Iterator<Item = (&'a Step, &'a Run)> {
        let steps = self.stage.steps.iter().zip(&self.roles).filter(|(_, role)| **role == Role::Packages);
        steps.filter_map(|(step, _)| match &step.kind {
            StepKind::Run(run) => Some((step, run)),
            StepKind::Copy(_) | StepKind::Other => None,
        })
    }

    /// The package commands of the steps that install system packages.
    fn installs(&self) -> impl Iterator<Item = &'a PackageCommand> {
        self.package_steps().flat_map(|(_, run)| run.packages()).filter(|it| is_system_install(it))
    }

    /// The variables that the image needs: not those that only steer package managers.
    fn environment_of(&self, instruction: &Instruction, pairs: &[Pair]) -> String {
        let kept: Vec<&Pair> = pairs.iter().filter(|it| !steers_a_build(&it.key.text)).collect();
        if kept.len() == pairs.len() {
            return self.lines(items_span_of(self.items(), instruction));
        }
        if kept.is_empty() {
            return String::new();
        }
        let pair =
            |it: &&Pair| format!("{}={}", self.cx.source.slice(it.key.span), self.cx.source.slice(it.value.span));
        format!("ENV {}\n", kept.iter().map(pair).collect::<Vec<_>>().join(&self.continuation()))
    }

    /// What stands between two lines of an instruction.
    fn continuation(&self) -> String {
        format!(" {}\n    ", self.cx.unit.syntax.escape)
    }
}

fn is_system_install(command: &PackageCommand) -> bool {
    command.manager.root && command.action == crate::knowledge::Action::Install
}

/// Whether a variable is read by a package manager or a compiler alone.
fn steers_a_build(name: &str) -> bool {
    const PREFIXES: &[&str] =
        &["POETRY_", "PIP_", "UV_", "PDM_", "PIPENV_", "NPM_CONFIG_", "CARGO_", "GOPROXY", "GOFLAGS"];
    const NAMES: &[&str] = &["DEBIAN_FRONTEND", "CGO_ENABLED", "GOOS", "GOARCH", "GO111MODULE", "MAKEFLAGS"];
    PREFIXES.iter().any(|it| name.starts_with(it)) || NAMES.contains(&name)
}

/// The text of the stage that ships, as it comes about.
struct Out {
    text: String,
    /// What stands between groups of instructions.
    gap: &'static str,
    workdir: Option<String>,
    /// Configuration, which comes last.
    config: String,
}

impl Out {
    fn space(&mut self) {
        if !self.gap.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn enter(&mut self, workdir: &str) {
        // The image begins where the undivided one began.
        if workdir == "/" && self.workdir.is_none() {
            return;
        }
        if self.workdir.as_deref() != Some(workdir) {
            self.space();
            let _ = writeln!(self.text, "WORKDIR {workdir}");
            self.workdir = Some(workdir.to_owned());
        }
    }
}

fn items_span(items: &[Item], item: usize) -> Span {
    items[item].span
}

fn items_span_of(items: &[Item], instruction: &Instruction) -> Span {
    let is_it = |it: &&Item| matches!(&it.kind, ItemKind::Instruction(it) if it.span == instruction.span);
    items.iter().find(is_it).map_or(instruction.span, |it| it.span)
}

impl Division<'_> {
    pub(super) fn distribution(image: &crate::model::ImageRef) -> Distribution {
        let (release, alpine) = super::release(image);
        Distribution { release, alpine }
    }
}
