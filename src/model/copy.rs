//! `COPY` and `ADD`: what is copied from where to where.

use super::{Stage, State, Value, absolute, expand};
use crate::syntax::{Args, Instruction, Keyword};

/// A `COPY` or `ADD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Whether it is `ADD`.
    pub add: bool,
    /// Where from.
    pub from: CopyFrom,
    /// The sources, expanded; `None` for what is unknown. Sources of the context have no leading `/` or `./`.
    pub sources: Vec<Option<String>>,
    /// The destination, absolute, without a trailing slash.
    pub destination: Option<String>,
    /// Whether the destination is a folder for certain: it ends in `/`, or there are several sources.
    pub into_folder: bool,
    /// Flags that change what arrives (`--chown`, `--chmod`, `--exclude`, `--parents`, …), as written, sorted.
    pub options: Vec<String>,
    /// Whether heredocs are among the sources.
    pub heredocs: bool,
    /// Names of variables that its words use.
    pub uses: Vec<String>,
}

/// Where a copy comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyFrom {
    /// The build context.
    Context,
    /// An earlier stage.
    Stage(usize),
    /// An image or a named context, as written.
    Other(String),
}

impl Copy {
    pub(super) fn of(instruction: &Instruction, before: &State, escape: char, stages: &[Stage]) -> Self {
        let words: Vec<&str> = match &instruction.args {
            Args::Words(words) | Args::Json(words) => words.iter().map(|it| it.text.as_str()).collect(),
            _ => Vec::new(),
        };
        let uses = std::cell::RefCell::new(Vec::new());
        let expand = |raw: &str| {
            expand(raw, escape, &|name| {
                uses.borrow_mut().push(name.to_owned());
                before.variable(name)
            })
        };
        let from = match instruction.flag("from").and_then(|it| it.value.as_ref()) {
            None => CopyFrom::Context,
            Some(name) => {
                stage_named(&name.text, stages).map_or_else(|| CopyFrom::Other(name.text.clone()), CopyFrom::Stage)
            }
        };
        let heredocs = !instruction.heredocs.is_empty();
        let (destination, sources) = words.split_last().map_or(("", &[][..]), |(last, rest)| (*last, rest));
        let is_heredoc = |word: &str| heredocs && word.contains("<<");
        let sources: Vec<_> = sources
            .iter()
            .filter(|it| !is_heredoc(it))
            .map(|it| expand(it).map(|it| if from == CopyFrom::Context { in_context(&it) } else { it }))
            .collect();
        let expanded = expand(destination);
        let into_folder = sources.len() > 1
            || expanded.as_deref().is_some_and(|it| it.ends_with('/') || it == "." || it.ends_with("/."));
        let mut options: Vec<String> = instruction
            .flags
            .iter()
            .filter(|it| it.name != "from" && it.name != "link")
            .map(|it| match &it.value {
                Some(value) => {
                    expand(&value.text);
                    format!("{}={}", it.name, value.text)
                }
                None => it.name.clone(),
            })
            .collect();
        options.sort();
        Self {
            add: instruction.kind == Keyword::Add,
            from,
            sources,
            destination: expanded.and_then(|it| absolute(before.workdir.as_deref(), &it)),
            into_folder,
            options,
            heredocs,
            uses: uses.into_inner(),
        }
    }

    /// Whether one of the sources is a folder with everything in it, as `COPY . .` has it. Globs of everything count.
    pub fn is_broad(&self) -> bool {
        self.from == CopyFrom::Context
            && self.sources.iter().flatten().any(|it| matches!(it.as_str(), "." | "*" | "./*"))
    }
}

/// A source as a path below the context: no leading `/`, `./`, `../`.
fn in_context(source: &str) -> String {
    if source.contains("://") || source.starts_with("git@") {
        return source.to_owned();
    }
    let clean = crate::project::join("/", source);
    match clean.trim_start_matches('/') {
        "" => ".".to_owned(),
        path => path.to_owned(),
    }
}

fn stage_named(name: &str, stages: &[Stage]) -> Option<usize> {
    let lower = name.to_lowercase();
    // The last stage is the one that is being read.
    let earlier = &stages[..stages.len().saturating_sub(1)];
    earlier
        .iter()
        .rev()
        .find(|it| it.name.as_deref() == Some(&lower))
        .map(|it| it.index)
        .or_else(|| name.parse().ok().filter(|it| *it < earlier.len()))
}

impl State {
    /// Whether the values of these variables are the same here and there.
    pub fn agrees_on(&self, other: &Self, names: &[String]) -> bool {
        names.iter().all(|name| {
            let (here, there) = (self.variable(name), other.variable(name));
            here == there && (here != Value::Unknown || self.variables.get(name) == other.variables.get(name))
        })
    }
}
