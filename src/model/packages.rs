//! Package commands: which of a `RUN`'s programs are package managers, and what they are told to do.

use std::{ops::Range, sync::LazyLock};

use rustc_hash::FxHashSet;

use super::{State, run::text};
use crate::{
    knowledge::{Action, KNOWLEDGE, Manager, ProjectInstall, WordPattern},
    shell::Invocation,
};

/// A package manager at work.
#[derive(Debug)]
pub struct PackageCommand {
    /// The manager.
    pub manager: &'static Manager,
    /// What it is told to do.
    pub action: Action,
    /// Which invocation of the `RUN` it is.
    pub invocation: usize,
    /// The words that start the manager and its subcommand, as indices of the invocation's words.
    /// Options between them are in this range, too.
    pub head: Range<usize>,
    /// The subcommand, such as `install` or `mod download`; empty if none is given.
    pub subcommand: String,
    /// The text of each word; `None` where it is unknown.
    pub texts: Vec<Option<String>>,
}

impl PackageCommand {
    /// Whether it has this option, alone or with `=value`.
    pub fn has_option(&self, option: &str) -> bool {
        self.options().any(|(_, it)| it == option || it.strip_prefix(option).is_some_and(|rest| rest.starts_with('=')))
    }

    /// The options with the indices of their words.
    pub fn options(&self) -> impl Iterator<Item = (usize, &str)> {
        let texts = self.texts.iter().enumerate().skip(1);
        texts.filter_map(|(at, it)| it.as_deref().filter(|it| it.starts_with('-')).map(|it| (at, it)))
    }

    /// The values of an option: `--option value`, `--option=value`. An unknown value is `None`.
    pub fn values(&self, option: &str) -> Vec<Option<&str>> {
        self.options()
            .filter_map(|(at, it)| {
                if it == option {
                    return Some(self.texts.get(at + 1).and_then(Option::as_deref));
                }
                // `-rfile`, too.
                let short = option.len() == 2 && it.len() > 2 && !it.starts_with("--");
                let rest = it.strip_prefix(option)?;
                rest.strip_prefix('=').or(short.then_some(rest)).map(Some)
            })
            .collect()
    }

    /// The words behind the subcommand that are neither options nor values of options; unknown ones are `None`.
    pub fn operands(&self) -> impl Iterator<Item = (usize, Option<&str>)> {
        let mut value = false;
        self.texts.iter().enumerate().skip(self.head.end).filter_map(move |(at, it)| {
            if std::mem::take(&mut value) {
                return None;
            }
            let it = it.as_deref();
            if let Some(option) = it.filter(|it| it.starts_with('-') && it.len() > 1) {
                value = self.manager.value_options.iter().any(|known| known == option);
                return None;
            }
            Some((at, it))
        })
    }

    /// How the manager installs what the project's manifests ask for, if that is what this command does.
    pub fn project_install(&self) -> Option<&'static ProjectInstall> {
        self.manager.project.as_ref().filter(|it| it.installs(&self.subcommand))
    }

    /// Whether a word sends the manager to another root or cache, whose place is not known.
    pub fn goes_elsewhere(&self) -> bool {
        let sends = |text: &String, to: &String| {
            if to.starts_with('-') {
                text == to || text.strip_prefix(to.as_str()).is_some_and(|it| it.starts_with('='))
            } else {
                text.contains(to.as_str())
            }
        };
        self.texts.iter().flatten().any(|text| self.manager.elsewhere.iter().any(|to| sends(text, to)))
    }

    /// Whether it takes all packages from what is there, so that it fails where something is missing.
    pub fn is_offline(&self) -> bool {
        self.manager.offline.iter().any(|it| self.has_option(it)) || self.is_reader()
    }

    /// Whether it has an option, or another word, that holds a text; options of one letter and of a name are whole.
    pub fn says(&self, text: &str) -> bool {
        if text.starts_with('-') {
            return self.has_option(text);
        }
        self.texts.iter().flatten().any(|it| it.contains(text))
    }

    /// Whether it empties the caches of its manager.
    pub fn empties(&self) -> bool {
        let words: Vec<&str> = self.texts.iter().flatten().map(String::as_str).collect();
        self.action == Action::Clean && self.manager.empties.iter().any(|it| it.is_among(&words))
    }

    /// Whether it refreshes the index by itself, and reads none that an earlier command has fetched.
    pub fn refreshes_index(&self) -> bool {
        self.manager.refreshes.iter().any(|it| self.has_option(it))
    }

    /// Whether its subcommand only reads what others fetched.
    fn is_reader(&self) -> bool {
        let words: Vec<&str> = self.subcommand.split(' ').collect();
        self.manager.readers.iter().any(|it| it.matches(&words))
    }

    /// The program as it is called.
    pub fn program(&self) -> &str {
        self.texts.first().and_then(Option::as_deref).map_or("", |it| it.rsplit('/').next().unwrap_or(it))
    }

    /// The command as a reader would name it: `apt-get install`.
    pub fn title(&self) -> String {
        let is_interpreter = self.program().starts_with("python") || self.program() == "php";
        let program = if is_interpreter { &self.manager.name } else { self.program() };
        match self.subcommand.as_str() {
            "" => program.to_owned(),
            subcommand => format!("{program} {subcommand}"),
        }
    }
}

/// The package commands among the programs of a `RUN`.
pub(super) fn commands(invocations: &[Invocation], before: &State) -> Vec<PackageCommand> {
    let commands = invocations.iter().enumerate().filter_map(|(at, it)| command(at, it, before));
    commands.collect()
}

/// Whether a word can be the first of a manager's name, as far as its letters tell.
pub(super) fn may_start_manager(word: &str) -> bool {
    static NAMES: LazyLock<(FxHashSet<&'static str>, Vec<&'static str>)> = LazyLock::new(|| {
        let firsts = KNOWLEDGE.managers.iter().flat_map(|it| &it.invoked_as).map(WordPattern::first);
        let (stems, names): (Vec<&str>, Vec<&str>) = firsts.partition(|it| it.contains('*'));
        (names.into_iter().collect(), stems.iter().map(|it| it.split('*').next().unwrap_or(it)).collect())
    });
    let (names, stems) = &*NAMES;
    names.contains(word) || stems.iter().any(|it| word.starts_with(it))
}

fn command(at: usize, invocation: &Invocation, before: &State) -> Option<PackageCommand> {
    let program = invocation.program.as_str();
    let managers: Vec<&'static Manager> = Manager::of_program(program).collect();
    if managers.is_empty() {
        return None;
    }
    let mut texts: Vec<Option<String>> = invocation.words.iter().map(|it| text(it, before)).collect();
    if let Some(first) = texts.first_mut() {
        *first = Some(program.to_owned());
    }
    let known: Vec<&str> = texts.iter().map(|it| it.as_deref().unwrap_or("\0")).collect();
    let (manager, told) = managers.into_iter().find_map(|manager| {
        let start = manager.invoked_as.iter().find(|it| it.matches(&known))?.len();
        Some((manager, told(manager, &known, start)?))
    })?;
    let Told { action, head, subcommand } = told;
    Some(PackageCommand { manager, action, invocation: at, head, subcommand, texts })
}

/// What the words behind a manager's name say.
struct Told {
    action: Action,
    /// The words of manager and subcommand.
    head: Range<usize>,
    subcommand: String,
}

fn told(manager: &'static Manager, words: &[&str], start: usize) -> Option<Told> {
    let asks = |words: &[&str]| words.iter().any(|it| matches!(*it, "--version" | "-v" | "--help" | "-h"));
    if manager.is_bare() {
        let action = manager.default.filter(|_| !asks(&words[start..]))?;
        return Some(Told { action, head: 0..start, subcommand: String::new() });
    }
    if manager.option_commands {
        let options = words.iter().enumerate().skip(start);
        return options.into_iter().find_map(|(at, word)| {
            let does = |action: &Action| manager.subcommands(*action).iter().any(|it| it.matches_word(word));
            let action = Action::ALL.into_iter().find(does)?;
            Some(Told { action, head: 0..at + 1, subcommand: (*word).to_owned() })
        });
    }
    let mut at = start;
    while let Some(word) = words.get(at).filter(|it| it.starts_with('-') || it.starts_with('+')) {
        let takes_value = manager.value_options.iter().any(|it| it == word);
        at += if takes_value { 2 } else { 1 };
    }
    if at >= words.len() {
        // `yarn --frozen-lockfile` installs; `yarn --version` does not.
        let action = manager.default.filter(|_| !asks(words))?;
        return Some(Told { action, head: 0..start, subcommand: String::new() });
    }
    let rest = &words[at..];
    // The longest counts, and what is named before what any word stands for.
    let (action, pattern) = Action::ALL
        .into_iter()
        .flat_map(|action| manager.subcommands(action).iter().map(move |it| (action, it)))
        .filter(|(_, pattern)| pattern.matches(rest))
        .max_by_key(|(_, pattern)| (pattern.is_plain(), pattern.len()))?;
    let end = at + pattern.len();
    if words[end..].contains(&"--help") {
        return None;
    }
    Some(Told { action, head: 0..end, subcommand: words[at..end].join(" ") })
}
