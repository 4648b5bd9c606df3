//! Programs that run another program, and how their command lines are read: `sudo -u x`, `env A=b`, `timeout 10`.

use super::{Assignment, Piece, Word, word::is_name};

/// A program that runs the rest of its command line.
#[derive(Debug)]
struct Wrapper {
    name: &'static str,
    /// Short options that take a value.
    short: &'static str,
    /// Long options that take the next word as a value.
    long: &'static [&'static str],
    /// Options with which it runs no program of its command line.
    other: &'static [&'static str],
    /// Operands before the program.
    operands: usize,
    /// Whether `NAME=value` may stand before the program.
    sets: bool,
}

const fn wrapper(name: &'static str, short: &'static str, long: &'static [&'static str]) -> Wrapper {
    Wrapper { name, short, long, other: &[], operands: 0, sets: false }
}

const WRAPPERS: &[Wrapper] = &[
    wrapper("builtin", "", &[]),
    wrapper("busybox", "", &[]),
    Wrapper { other: &["-v", "-V"], ..wrapper("command", "", &[]) },
    wrapper("doas", "aCu", &[]),
    wrapper("dumb-init", "r", &["--rewrite"]),
    wrapper("eatmydata", "", &[]),
    Wrapper { sets: true, other: &["-S", "--split-string"], ..wrapper("env", "uCS", &["--unset", "--chdir"]) },
    wrapper("exec", "a", &[]),
    Wrapper { operands: 1, ..wrapper("gosu", "", &[]) },
    Wrapper { other: &["-p", "--pid"], ..wrapper("ionice", "cnpPu", &["--class", "--classdata"]) },
    wrapper("nice", "n", &["--adjustment"]),
    wrapper("nohup", "", &[]),
    wrapper("stdbuf", "ioe", &["--input", "--output", "--error"]),
    Wrapper { operands: 1, ..wrapper("su-exec", "", &[]) },
    Wrapper {
        sets: true,
        other: &["-e", "-l", "-v", "-k", "-K", "-V"],
        ..wrapper(
            "sudo",
            "CDghpRrtTuU",
            &[
                "--user",
                "--group",
                "--chdir",
                "--host",
                "--prompt",
                "--role",
                "--type",
                "--close-from",
                "--other-user",
                "--command-timeout",
                "--chroot",
            ],
        )
    },
    wrapper("time", "fo", &["--format", "--output"]),
    Wrapper { operands: 1, ..wrapper("timeout", "ks", &["--kill-after", "--signal"]) },
    wrapper("tini", "pe", &[]),
    wrapper(
        "xargs",
        "adEILnPs",
        &["--arg-file", "--delimiter", "--max-args", "--max-procs", "--max-chars", "--process-slot-var"],
    ),
    wrapper("xvfb-run", "efnpsw", &["--error-file", "--auth-file", "--server-num", "--server-args", "--wait"]),
];

const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "ksh", "zsh"];

/// Words without the wrappers before their program.
#[derive(Debug, Default)]
pub(super) struct Unwrapped<'a> {
    /// The index of the program's word.
    pub(super) program: usize,
    /// The wrappers passed, outermost first.
    pub(super) wrappers: Vec<&'a str>,
    /// What they set.
    pub(super) environment: Vec<Assignment>,
}

/// Finds the program behind the wrappers. A wrapper that runs nothing is itself the program.
pub(super) fn unwrap(words: &[Word]) -> Unwrapped<'_> {
    let mut out = Unwrapped::default();
    while let Some(name) = words.get(out.program).and_then(program) {
        let Some(wrapper) = WRAPPERS.iter().find(|it| it.name == name) else { break };
        let Some((behind, environment)) = command(wrapper, &words[out.program + 1..]) else { break };
        out.program += 1 + behind;
        out.wrappers.push(name);
        out.environment.extend(environment);
    }
    out
}

/// The index of the text that a shell runs: the third word of `sudo sh -c '…'` has index 3.
pub(super) fn shell_text(words: &[Word]) -> Option<usize> {
    let start = unwrap(words).program;
    let name = words.get(start).and_then(program)?;
    if !SHELLS.contains(&name) {
        return None;
    }
    let mut reads_text = false;
    let mut at = start + 1;
    while let Some(option) = words.get(at)?.literal() {
        let Some(letters) = option.strip_prefix(['-', '+']).filter(|it| !it.is_empty()) else { break };
        at += 1;
        match letters.strip_prefix('-') {
            Some("") => break,
            Some("rcfile" | "init-file") => at += 1,
            Some(_) => {}
            None => {
                reads_text |= option.starts_with('-') && letters.contains('c');
                at += letters.matches(['o', 'O']).count();
            }
        }
    }
    (reads_text && at < words.len()).then_some(at)
}

/// The name of the program that a word runs, without its folder: `pip` for `${VENV}/bin/pip`.
pub(super) fn program(word: &Word) -> Option<&str> {
    let name = match word.pieces.as_slice() {
        [Piece::Literal(path)] => path.rsplit('/').next(),
        [.., Piece::Literal(path)] => path.rsplit_once('/').map(|it| it.1),
        _ => None,
    };
    name.filter(|it| !it.is_empty())
}

/// The index of the program in the words behind a wrapper, and what the wrapper sets; `None` if it runs none.
fn command(wrapper: &Wrapper, words: &[Word]) -> Option<(usize, Vec<Assignment>)> {
    let mut environment = Vec::new();
    let mut operands = wrapper.operands;
    let mut options = true;
    let mut at = 0;
    loop {
        let word = words.get(at)?;
        let literal = word.literal().unwrap_or_default();
        if options && literal == "--" {
            options = false;
        } else if options && literal.starts_with('-') {
            if wrapper.other.contains(&literal.as_str()) {
                return None;
            }
            at += usize::from(takes_next(wrapper, &literal));
        } else if wrapper.sets
            && let Some(it) = assignment(word)
        {
            environment.push(it);
        } else if operands > 0 {
            operands -= 1;
            options = false;
        } else {
            return Some((at, environment));
        }
        at += 1;
    }
}

/// Whether the value of an option is the next word: yes for `-u` and `-Eu`, no for `-uroot` and `--user=root`.
fn takes_next(wrapper: &Wrapper, option: &str) -> bool {
    if option.starts_with("--") {
        return wrapper.long.contains(&option);
    }
    option.find(|it| it != '-' && wrapper.short.contains(it)).is_some_and(|at| at + 1 == option.len())
}

/// `NAME=value` as a wrapper reads it. The value's span is that of the whole word.
fn assignment(word: &Word) -> Option<Assignment> {
    let Some(Piece::Literal(first)) = word.pieces.first() else { return None };
    let (name, rest) = first.split_once('=').filter(|(name, _)| is_name(name))?;
    let mut pieces = word.pieces.clone();
    pieces[0] = Piece::Literal(rest.into());
    let value = Word { span: word.span, pieces, substitutions: word.substitutions.clone() };
    Some(Assignment { name: name.to_owned(), value: Some(value), span: word.span })
}
