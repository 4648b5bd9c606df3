//! What ShellCheck has to say about a shell text: from `shuck-linter`, which is inside a dockopt that is built with the
//! feature `shellcheck`, or from the program `shellcheck`, whose report is read here.

#[cfg(feature = "shellcheck")]
mod inside;
mod report;

use std::{collections::BTreeMap, fmt::Write, ops::Range, sync::Mutex};

pub use report::parse as parse_report;

/// Codes that mean nothing for a part of a Dockerfile: files that cannot be followed, a missing first line, and others
/// about how a script begins or ends.
const EXCLUDED: &[u16] = &[1040, 1090, 1091, 2148, 2187];
/// What holds for the shell of the standard alone, and not for `BusyBox`, which can do more: codes from here on.
const FIRST_OF_STANDARD: u16 = 3000;

/// A shell text to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Script {
    /// Lines that say which shell it is and which variables are set, and the text.
    pub text: String,
    /// Where the text begins.
    pub start: usize,
    /// What runs it.
    pub shell: Shell,
}

/// A shell whose language ShellCheck knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shell {
    /// What the standard asks for.
    Sh,
    /// Debian's `/bin/sh`.
    Dash,
    /// `BusyBox`.
    Ash,
    /// Bash.
    Bash,
    /// The Korn shell.
    Ksh,
}

/// Something that ShellCheck has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The number behind `SC`.
    pub code: u16,
    /// How much it matters.
    pub severity: Severity,
    /// Where, in bytes of the text without the lines before it.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
}

/// The levels of ShellCheck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// `error`
    Error,
    /// `warning`
    Warning,
    /// `info`, `style`
    Note,
}

impl Shell {
    /// All of them, in order.
    #[cfg(feature = "shellcheck")]
    const ALL: [Self; 5] = [Self::Sh, Self::Dash, Self::Ash, Self::Bash, Self::Ksh];

    /// The shell of this path, such as `/bin/bash`; `None` where ShellCheck does not know its language.
    pub fn named(program: &str) -> Option<Self> {
        match program.rsplit('/').next().unwrap_or(program) {
            "sh" => Some(Self::Sh),
            "dash" => Some(Self::Dash),
            "ash" | "busybox" => Some(Self::Ash),
            "bash" => Some(Self::Bash),
            "ksh" => Some(Self::Ksh),
            _ => None,
        }
    }

    /// The first line of a script for it.
    const fn first_line(self) -> &'static str {
        match self {
            Self::Sh => "#!/bin/sh\n",
            Self::Dash => "#!/bin/dash\n",
            Self::Ash => "#!/bin/busybox sh\n",
            Self::Bash => "#!/bin/bash\n",
            Self::Ksh => "#!/bin/ksh\n",
        }
    }
}

impl Script {
    /// A text that a shell runs with these variables set.
    pub fn new<'a>(text: &str, shell: Shell, variables: impl IntoIterator<Item = &'a str>) -> Self {
        let mut whole = shell.first_line().to_owned();
        for name in variables {
            let _ = writeln!(whole, "export {name}=1");
        }
        let start = whole.len();
        whole.push_str(text);
        Self { text: whole, start, shell }
    }
}

/// What `shuck-linter` says; `None` without the feature `shellcheck`.
pub fn ask_inside(script: &Script) -> Option<Vec<Remark>> {
    #[cfg(feature = "shellcheck")]
    return Some(inside::ask(script));
    #[cfg(not(feature = "shellcheck"))]
    {
        let _ = script;
        None
    }
}

/// Whether [`ask_inside`] has an answer.
pub const IS_INSIDE: bool = cfg!(feature = "shellcheck");

/// The code as aliases of rules write it: `shellcheck/SC2086`. There are some hundreds, and each is kept for good.
pub fn alias(code: u16) -> &'static [&'static str] {
    static ALL: Mutex<BTreeMap<u16, &'static [&'static str]>> = Mutex::new(BTreeMap::new());
    let mut all = ALL.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    all.entry(code).or_insert_with(|| {
        let alias: &'static str = Box::leak(format!("shellcheck/SC{code:04}").into_boxed_str());
        Box::leak(Box::new([alias]))
    })
}

/// Whether what is said under a code matters for the shell of a Dockerfile.
fn is_wanted(code: u16, shell: Shell) -> bool {
    !EXCLUDED.contains(&code) && (shell != Shell::Ash || code < FIRST_OF_STANDARD)
}
