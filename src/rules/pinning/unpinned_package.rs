//! Packages without a version: see `rules/pinning/unpinned-package.md`.

use crate::rules::commands::{Call, RunAt, runs};
use crate::{
    finding::Finding,
    model::variables,
    rule::{Check, FileCx, Rule},
    syntax::{Args, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("pinning" / "unpinned-package", Check::File(check));

/// How the packages of a manager are told, and whether one has a version.
struct Pins {
    code: &'static [&'static str],
    programs: &'static [&'static str],
    /// The words that install.
    install: &'static [&'static str],
    /// Options that take the next word.
    values: &'static [&'static str],
    /// Whether a word has a version, or is none that could have one.
    fixed: fn(&str) -> bool,
    /// Whether the command is no install from an index after all.
    exempt: fn(&Call<'_>) -> bool,
}

const PIP_VALUES: &[&str] = &[
    "abi",
    "b",
    "build",
    "e",
    "editable",
    "extra-index-url",
    "f",
    "find-links",
    "i",
    "index-url",
    "implementation",
    "no-binary",
    "only-binary",
    "platform",
    "prefix",
    "progress-bar",
    "proxy",
    "python-version",
    "root",
    "src",
    "t",
    "target",
    "trusted-host",
    "upgrade-strategy",
    "cache-dir",
    "timeout",
];

const MANAGERS: &[Pins] = &[
    Pins {
        code: &["hadolint/DL3008"],
        programs: &["apt-get"],
        install: &["install"],
        values: &["t", "target-release"],
        fixed: |it| it.contains(['=', '/']) || ends_in(it, &[".deb"]),
        exempt: |_| false,
    },
    Pins {
        code: &["hadolint/DL3018"],
        programs: &["apk"],
        install: &["add"],
        values: &["t", "virtual", "repository", "X"],
        fixed: |it| it.contains(['=', '~', '<', '>']) || ends_in(it, &[".apk"]),
        exempt: |_| false,
    },
    Pins {
        code: &["hadolint/DL3013"],
        programs: &["pip"],
        install: &["install"],
        values: PIP_VALUES,
        fixed: has_python_version,
        exempt: |it| it.has_flag(&["r", "requirement", "c", "constraint"]) || it.has("."),
    },
    Pins {
        code: &["hadolint/DL3016"],
        programs: &["npm"],
        install: &["install"],
        values: &["loglevel", "registry"],
        fixed: has_npm_version,
        exempt: |it| it.operands(&["loglevel", "registry"]).first().is_none_or(|(it, _)| it != "install"),
    },
    Pins {
        code: &["hadolint/DL3028"],
        programs: &["gem"],
        install: &["install", "i"],
        values: &[],
        fixed: |it| it.contains(':'),
        exempt: |it| it.args().any(|it| it == "-v" || it.starts_with("--version")),
    },
    Pins {
        code: &["hadolint/DL3062"],
        programs: &["go"],
        install: &["install", "get", "run"],
        values: &[],
        fixed: |it| {
            let version = it.split_once('@').map(|(_, it)| it);
            it.starts_with(['.', '/']) || it == "tool" || version.is_some_and(|it| !matches!(it, "latest" | "none"))
        },
        exempt: |_| false,
    },
    Pins {
        code: &["hadolint/DL3033"],
        programs: &["yum"],
        install: &["install"],
        values: &[],
        fixed: has_rpm_version,
        exempt: |_| false,
    },
    Pins {
        code: &["hadolint/DL3041"],
        programs: &["dnf", "microdnf"],
        install: &["install"],
        values: &[],
        fixed: has_rpm_version,
        exempt: |it| it.has("group"),
    },
    Pins {
        code: &["hadolint/DL3037"],
        programs: &["zypper"],
        install: &["install", "in"],
        values: &[],
        fixed: |it| it.contains(['=', '<', '>']) || ends_in(it, &[".rpm"]),
        exempt: |_| false,
    },
];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for at in runs(cx) {
        for pins in MANAGERS {
            let calls = at.calls(pins.programs).filter(Call::is_plain);
            for call in calls.filter(|it| pins.install.iter().any(|word| it.has(word)) && !(pins.exempt)(it)) {
                out.extend(finding(cx, &at, pins, &call));
            }
        }
        let pip = &MANAGERS[PIP];
        if at.run.may_run(pip.programs) {
            let calls = at.run.invocations().iter().map(|it| Call { of: at, it });
            for call in calls.filter(|it| is_pip(it) && !(pip.exempt)(it)) {
                out.extend(finding(cx, &at, pip, &call));
            }
        }
    }
}

/// Which of the managers pip is; it goes by many names.
const PIP: usize = 2;

/// Whether it is `pip install`, by whatever name of pip's.
fn is_pip(call: &Call<'_>) -> bool {
    let program = call.it.program.as_str();
    let named = program.starts_with("pip") && program != "pipenv" && program != "pip" && call.has("install");
    let module = program.starts_with("python") && call.args().take(3).eq(["-m", "pip", "install"]);
    call.is_plain() && (named || module)
}

/// The finding about a command, if one of its packages has no version.
fn finding(cx: &FileCx<'_>, at: &RunAt<'_>, pins: &Pins, call: &Call<'_>) -> Option<Finding> {
    let is_module = call.has("module");
    let is_go_run = pins.programs[0] == "go" && call.has("run");
    let is_rpm = matches!(pins.programs[0], "yum" | "dnf");
    let operands = if pins.programs[0] == "gem" { gems(call) } else { call.operands(pins.values) };
    // Of `python -m pip install pip` only the last word is a package.
    let skip = usize::from(call.it.program.starts_with("python"));
    let mut packages = operands
        .into_iter()
        .skip(skip)
        .filter(|(it, _)| !(pins.install.contains(&it.as_ref()) || is_module && it == "module"));
    let limit = if is_go_run { 1 } else { usize::MAX };
    let (name, span) = packages.by_ref().take(limit).find(|(it, span)| {
        // A path or a version in `$(…)` counts as one.
        let word = if it.contains("${…}") { cx.source.slice(*span) } else { it };
        let fixed = if is_module { word.contains(':') } else { (pins.fixed)(word) };
        !(fixed || is_rpm && is_declared(cx, at, it))
    })?;
    let message = format!("`{name}` is installed in whatever version there is");
    let note = "What is built depends on the day. Distributions drop old versions from their mirrors, though, so that a pinned one makes builds fail later.";
    Some(Finding::new(RULE.name, cx.at(span), message).only_as(pins.code).note(note))
}

/// The operands of `gem install`: each option swallows the next word, and what follows `--` is for the compiler.
fn gems<'a>(call: &Call<'a>) -> Vec<(std::borrow::Cow<'a, str>, crate::source::Span)> {
    let mut out = Vec::new();
    let mut skip = false;
    for word in call.it.words.iter().skip(1) {
        let text = crate::rules::commands::shown(word);
        if text == "--" {
            break;
        }
        if std::mem::take(&mut skip) {
            continue;
        }
        if text.starts_with('-') {
            skip = !text.contains('=');
        } else {
            out.push((text, word.span));
        }
    }
    out
}

fn ends_in(word: &str, endings: &[&str]) -> bool {
    endings.iter().any(|it| word.ends_with(it))
}

fn has_python_version(word: &str) -> bool {
    let is_repository = ["git+", "hg+", "svn+", "bzr+"].iter().any(|it| word.starts_with(it));
    if is_repository {
        return word.contains('@');
    }
    ["==", ">=", "<=", ">", "<", "!=", "~="].iter().any(|it| word.contains(it))
        || ends_in(word, &[".whl", ".tar.gz"])
        || word.contains('/')
}

fn has_npm_version(word: &str) -> bool {
    if word.starts_with("git") && word.contains(':') {
        return word.contains('#');
    }
    let is_archive = ends_in(word, &[".tar", ".tar.gz", ".tgz"]);
    let is_path = ["/", "./", "../", "~/"].iter().any(|it| word.starts_with(it));
    let name = word.strip_prefix('@').unwrap_or(word);
    is_archive || is_path || name.contains('@')
}

/// `rpm-sign-4.16`, but not `rpm-sign`.
fn has_rpm_version(word: &str) -> bool {
    let is_version = |it: &str| it.bytes().all(|it| it.is_ascii_alphanumeric() || b".+~^_:*".contains(&it));
    let mut parts = word.split('-').skip(1);
    ends_in(word, &[".rpm"])
        || parts.clone().all(is_version) && parts.any(|it| it.starts_with(|it: char| it.is_ascii_digit()))
}

/// Whether a word is a variable that the file declares.
fn is_declared(cx: &FileCx<'_>, at: &RunAt<'_>, word: &str) -> bool {
    let argument = |name: &str| {
        cx.all(Keyword::Arg).any(|it| match &it.args {
            Args::Words(words) => words.iter().any(|it| it.text.split('=').next() == Some(name)),
            _ => false,
        })
    };
    variables(word, '\\').iter().any(|it| at.step.before.variables.contains_key(*it) || argument(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (fixed, words) in [
            (
                has_rpm_version as fn(&str) -> bool,
                &["rpm-sign-4.16.1.3", "gcc-c++-1.1.1", "openssl-1:1.1.1k", "a.rpm"][..],
            ),
            (has_npm_version, &["a@1", "@b/a@1", "./a", "a.tgz", "git+https://a/b#c"]),
            (has_python_version, &["a==1", "a~=1", "./a", "a.whl", "git+https://a/b@c"]),
        ] {
            assert!(words.iter().all(|it| fixed(it)), "{words:?}");
        }
        for (fixed, words) in [
            (has_rpm_version as fn(&str) -> bool, &["rpm-sign", "gcc"][..]),
            (has_npm_version, &["a", "@b/a", "git+https://a/b"]),
            (has_python_version, &["a", "a[b]", "git+https://a/b"]),
        ] {
            assert!(!words.iter().any(|it| fixed(it)), "{words:?}");
        }
    }
}
