//! What a rule is: a page, and a pure function of one scope.

mod sharing;

use std::{cell::OnceCell, sync::OnceLock};

use serde::Deserialize;

use crate::{
    build::Target,
    context::{self, Context, Trees},
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix, Level, code_is},
    model::Model,
    project::{Project, Unit},
    source::{Location, Source, Span},
    syntax::{Instruction, Keyword},
};

pub use sharing::{Line, Shared, SharedBuild, first_line, list};

/// A rule: its place in the catalogue, its page and its function.
#[derive(Debug)]
pub struct Rule {
    /// The family: what suffers.
    pub family: &'static str,
    /// The name; it completes "allow …".
    pub name: &'static str,
    /// The page, `rules/<family>/<name>.md`.
    pub page: &'static str,
    /// What it looks at, and how.
    pub check: Check,
    meta: OnceLock<Meta>,
    head: OnceLock<Head>,
}

/// What of a page's front matter is asked for in every run, read without a TOML parser: that would take longer than
/// all rules together. The test `pages` compares it with [`Meta`].
#[derive(Debug)]
struct Head {
    level: Level,
    default: bool,
    same_as: Vec<&'static str>,
}

/// The function of a rule, by its scope.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// One Dockerfile.
    File(fn(&FileCx<'_>, &mut Vec<Finding>)),
    /// All Dockerfiles together, and the files that say how they are built.
    Project(fn(&ProjectCx<'_>, &mut Vec<Finding>)),
    /// The engine itself reports it: syntax errors, suppressions.
    Engine,
}

/// What a rule about one Dockerfile may look at.
#[derive(Clone, Copy, Debug)]
pub struct FileCx<'a> {
    /// Everything.
    pub project: &'a Project,
    /// The Dockerfile.
    pub unit: &'a Unit,
    /// Its text.
    pub source: &'a Source,
    /// What it means.
    pub model: &'a Model,
    /// The folders that may be its build context, once a rule has asked for them.
    pub contexts: &'a OnceLock<Vec<Context>>,
}

impl<'a> FileCx<'a> {
    /// The folders that may be its build context, the likeliest first.
    pub fn contexts(&self) -> &'a [Context] {
        self.contexts.get_or_init(|| context::candidates(self.project, self.unit.file, self.model))
    }

    /// Whether the image is built again whenever the program of the project is edited: the build takes program text,
    /// manifests or finished programs out of its context. Where it takes none, it is built again when its base or its
    /// own text changes.
    pub fn takes_program(&self) -> bool {
        context::takes_program(self.model, self.contexts())
    }

    /// Whether a stage is part of an image that somebody gets: the last one, one that a build names, or what these are
    /// built on.
    pub fn is_shipped(&self, stage: usize) -> bool {
        let stages = &self.model.stages;
        let named = self.project.builds_of(&self.source.path).filter_map(|it| match &it.target {
            Target::Stage(name) => {
                let name = name.to_lowercase();
                stages.iter().find(|it| it.name.as_deref() == Some(&name)).map(|it| it.index)
            }
            Target::Last | Target::Unknown => None,
        });
        let mut ends = stages.len().checked_sub(1).into_iter().chain(named);
        ends.any(|it| self.model.ancestry(it).any(|it| it.index == stage))
    }
}

/// An instruction that is read as a part of another one.
#[derive(Clone, Copy, Debug)]
pub struct Swallowed {
    /// Its keyword.
    pub keyword: Span,
    /// The line continuation that is to blame, with the blanks before it.
    pub continuation: Span,
}

/// What a rule about the whole project may look at.
#[derive(Clone, Debug)]
pub struct ProjectCx<'a> {
    /// Everything.
    pub project: &'a Project,
    /// The Dockerfiles for which the rule is on, in the order of their paths.
    pub files: Vec<FileCx<'a>>,
    /// The contexts that a rule has walked.
    pub trees: &'a Trees,
    sharing: OnceCell<Vec<Shared<'a>>>,
}

impl<'a> ProjectCx<'a> {
    /// The project, and the Dockerfiles for which the rule is on.
    pub fn new(project: &'a Project, files: Vec<FileCx<'a>>, trees: &'a Trees) -> Self {
        Self { project, files, trees, sharing: OnceCell::new() }
    }

    /// The ignore files that are there or could be, with the builds that heed them.
    pub fn ignore_files(&self) -> &[Shared<'a>] {
        self.sharing.get_or_init(|| sharing::all(self))
    }
}

impl<'a> FileCx<'a> {
    /// A place in the Dockerfile.
    pub fn at(&self, span: Span) -> Location {
        Location { file: self.unit.file, span }
    }

    /// The instructions in order; what stands inside an `ONBUILD` is part of it.
    pub fn instructions(&self) -> impl DoubleEndedIterator<Item = &'a Instruction> {
        self.unit.syntax.instructions()
    }

    /// Those of one kind.
    pub fn all(&self, kind: Keyword) -> impl Iterator<Item = &'a Instruction> {
        self.instructions().filter(move |it| it.kind == kind)
    }

    /// An instruction that a line continuation too many makes a part of another one: its keyword, in capitals, begins
    /// a line behind an empty one or a comment.
    pub fn swallowed(&self, instruction: &Instruction) -> Option<Swallowed> {
        let start = instruction.span.start as usize;
        let end = instruction.heredocs.first().map_or(instruction.span.end, |it| it.body.start) as usize;
        let text = self.source.text.get(start..end)?;
        if !may_have_gap(text) {
            return None;
        }
        let escape = self.unit.syntax.escape;
        let mut continuation = Span::at(start);
        let mut gap = false;
        let mut at = start;
        for line in text.split_inclusive('\n') {
            let words = line.trim();
            if words.is_empty() || (at > start && words.starts_with('#')) {
                gap = true;
            } else {
                let first = line.split_whitespace().next().filter(|it| line.starts_with(it)).unwrap_or_default();
                let keyword = Keyword::parse(first);
                if gap && keyword != Keyword::Unknown && keyword.as_str() == first {
                    return Some(Swallowed { keyword: Span::new(at, at + first.len()), continuation });
                }
                let body = words.trim_end_matches(escape).trim_end();
                let indent = line.len() - line.trim_start().len();
                continuation = Span::new(at + indent + body.len(), at + indent + words.len());
                gap = false;
            }
            at += line.len();
        }
        None
    }

    /// A fix of the Dockerfile; `None` where the edits overlap or touch.
    pub fn fix(&self, title: impl Into<String>, safety: Safety, edits: impl IntoIterator<Item = Edit>) -> Option<Fix> {
        let change = Change::of(self.unit.file, edits)?;
        Some(Fix { title: title.into(), safety, change })
    }
}

/// Whether a line behind the first is blank or a comment: false only if surely none is. Hardly any instruction has one,
/// and the first byte of a line tells.
pub fn may_have_gap(text: &str) -> bool {
    let bytes = text.as_bytes();
    let begins_gap = |at: usize| {
        let first = bytes[at + 1..].iter().find(|it| !matches!(it, b' ' | b'\t'));
        first.is_none_or(|it| *it == b'#' || !it.is_ascii_graphic())
    };
    memchr::memchr_iter(b'\n', bytes).any(begins_gap)
}

/// The front matter of a page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Meta {
    /// Completes "allow …"; no full stop.
    pub summary: String,
    /// How much a finding of this rule matters.
    pub level: MetaLevel,
    /// Whether it is part of the default set.
    pub default: bool,
    /// Which safeties its fixes have; exactly what the examples show.
    pub fix: Vec<MetaSafety>,
    /// The first version that has it.
    pub since: String,
    /// The same rule in other tools: `hadolint/DL3009`, `buildkit/StageNameCasing`.
    #[serde(default)]
    pub same_as: Vec<String>,
}

/// [`Level`] as pages write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetaLevel {
    /// `note`
    Note,
    /// `warning`
    Warning,
    /// `error`
    Error,
}

impl From<MetaLevel> for Level {
    fn from(level: MetaLevel) -> Self {
        match level {
            MetaLevel::Note => Self::Note,
            MetaLevel::Warning => Self::Warning,
            MetaLevel::Error => Self::Error,
        }
    }
}

/// [`Safety`] as pages write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetaSafety {
    /// `safe`
    Safe,
    /// `unsafe`
    Unsafe,
    /// `shown`
    Shown,
}

impl From<MetaSafety> for Safety {
    fn from(safety: MetaSafety) -> Self {
        match safety {
            MetaSafety::Safe => Self::Safe,
            MetaSafety::Unsafe => Self::Unsafe,
            MetaSafety::Shown => Self::Shown,
        }
    }
}

impl Rule {
    /// A rule; used by [`rule!`](crate::rule!), which finds the page.
    pub const fn new(family: &'static str, name: &'static str, page: &'static str, check: Check) -> Self {
        Self { family, name, page, check, meta: OnceLock::new(), head: OnceLock::new() }
    }

    /// The front matter of the page.
    ///
    /// # Panics
    ///
    /// If the front matter is malformed; the test `pages` reads every page.
    pub fn meta(&self) -> &Meta {
        self.meta.get_or_init(|| {
            let (front, _) = split_page(self.page).expect("the test `pages` reads every page");
            toml::from_str(front).expect("the test `pages` reads every page")
        })
    }

    fn head(&self) -> &Head {
        self.head.get_or_init(|| Head::of(split_page(self.page).map_or("", |(front, _)| front)))
    }

    /// How much its findings matter, where the settings say nothing else.
    pub fn level(&self) -> Level {
        self.head().level
    }

    /// Whether it is part of the default set.
    pub fn is_default(&self) -> bool {
        self.head().default
    }

    /// The same rule in other tools, such as `hadolint/DL3008`.
    pub fn same_as(&self) -> &[&'static str] {
        &self.head().same_as
    }

    /// The page without its front matter.
    pub fn text(&self) -> &'static str {
        split_page(self.page).map_or(self.page, |(_, text)| text)
    }

    /// Whether `name` means this rule: its name, its family, a code of another tool with or without the tool's name,
    /// or a tool that has it.
    pub fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.family == name || self.has_alias(name)
    }

    /// Whether `name` is a code of another tool for this rule, or that tool.
    pub fn has_alias(&self, name: &str) -> bool {
        self.same_as().iter().any(|it| code_is(it, name))
    }

    /// The codes under which other tools report a finding of this rule.
    pub fn codes_of(&self, finding: &Finding) -> &[&'static str] {
        finding.codes.unwrap_or_else(|| self.same_as())
    }
}

impl Head {
    fn of(front: &'static str) -> Self {
        let mut head = Self { level: Level::Warning, default: false, same_as: Vec::new() };
        let mut rest = front;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let (line, behind) = (&rest[..end], rest.get(end + 1..).unwrap_or_default());
            // The other lines are longer than all of these together.
            let is_asked_for = ["level", "default", "same-as"].iter().any(|it| line.starts_with(it));
            let (key, value) = if is_asked_for { line.split_once('=').unwrap_or_default() } else { ("", "") };
            match (key.trim_end(), value.trim()) {
                ("level", "\"error\"") => head.level = Level::Error,
                ("level", "\"note\"") => head.level = Level::Note,
                ("default", value) => head.default = value == "true",
                // The list may go on in the lines behind.
                ("same-as", _) => {
                    let list = rest.split(['[', ']']).nth(1).unwrap_or_default();
                    head.same_as = list.split('"').skip(1).step_by(2).collect();
                }
                _ => {}
            }
            rest = behind;
        }
        head
    }
}

fn split_page(page: &'static str) -> Option<(&'static str, &'static str)> {
    page.strip_prefix("+++\n")?.split_once("\n+++\n")
}

/// A rule and its page: `rule!("cache" / "missing-cache-mount", Check::File(check))`.
#[macro_export]
macro_rules! rule {
    ($family:literal / $name:literal, $check:expr) => {
        $crate::rule::Rule::new(
            $family,
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $family, "/", $name, ".md")),
            $check,
        )
    };
}
