//! What BuildKit refuses in a single instruction after reading it: flags it does not know, arguments that are missing.

use super::{Args, Dockerfile, Flag, Instruction, Keyword, Pair, SyntaxError, Word, heredoc};
use crate::source::Span;

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// Nothing, `true` or `false`.
    Bool,
    /// One value.
    One,
    /// One value, any number of times.
    Many,
}

/// The flags of each instruction, in every version of the frontend, its labs included.
const fn known_flags(kind: Keyword) -> &'static [(&'static str, Takes)] {
    use Takes::{Bool, Many, One};
    match kind {
        Keyword::From => &[("platform", One)],
        Keyword::Run => &[("mount", Many), ("network", One), ("security", One), ("device", Many)],
        Keyword::Copy => {
            &[("from", One), ("chown", One), ("chmod", One), ("link", Bool), ("parents", Bool), ("exclude", Many)]
        }
        Keyword::Add => &[
            ("chown", One),
            ("chmod", One),
            ("link", Bool),
            ("keep-git-dir", Bool),
            ("checksum", One),
            ("unpack", Bool),
            ("exclude", Many),
        ],
        Keyword::Healthcheck => {
            &[("interval", One), ("timeout", One), ("start-period", One), ("start-interval", One), ("retries", One)]
        }
        _ => &[],
    }
}

/// Adds the errors of an instruction. What stands inside an `ONBUILD` is read only when it is triggered.
pub(super) fn instruction(it: &Instruction, errors: &mut Vec<SyntaxError>) {
    let mut checker = Checker { it, errors };
    checker.flags();
    checker.arguments();
}

/// The error of the first instruction that stands before any `FROM` and is no `ARG`.
pub(super) fn first_stage(file: &Dockerfile) -> Option<SyntaxError> {
    let first = file.instructions().find(|it| it.kind != Keyword::Arg)?;
    let stray = first.stage.is_none() && first.kind != Keyword::Unknown;
    stray.then(|| SyntaxError {
        span: first.keyword.span,
        message: format!("`{}` stands before the first `FROM`, where only `ARG` can", first.kind),
    })
}

struct Checker<'a> {
    it: &'a Instruction,
    errors: &'a mut Vec<SyntaxError>,
}

impl Checker<'_> {
    fn error(&mut self, span: Span, message: String) {
        self.errors.push(SyntaxError { span, message });
    }

    fn keyword_error(&mut self, message: String) {
        self.error(self.it.keyword.span, message);
    }

    fn flags(&mut self) {
        // BuildKit never looks at the flags of these.
        let ignored = match (self.it.kind, &self.it.args) {
            (Keyword::Arg | Keyword::Stopsignal | Keyword::Unknown, _) => true,
            (_, Args::Health { kind, .. }) => kind.text.eq_ignore_ascii_case("NONE"),
            _ => false,
        };
        if ignored {
            return;
        }
        let mut seen = Vec::new();
        for flag in &self.it.flags {
            if let Some(message) = self.flag(flag, &mut seen) {
                self.error(flag.span, message);
            }
        }
    }

    /// What is wrong with a flag; `seen` holds the flags before it that cannot be repeated.
    fn flag(&self, flag: &Flag, seen: &mut Vec<&'static str>) -> Option<String> {
        let Flag { name, value, .. } = flag;
        let Some((known, takes)) = known_flags(self.it.kind).iter().find(|(known, _)| known == name) else {
            return Some(format!("`{}` has no flag `--{name}`", self.it.kind));
        };
        if seen.contains(known) {
            return Some(format!("the flag `--{name}` stands here a second time"));
        }
        if *takes != Takes::Many {
            seen.push(known);
        }
        let value = match (value, takes) {
            (None, Takes::Bool) => return None,
            (None, _) => return Some(format!("the flag `--{name}` needs a value")),
            (Some(value), _) => value.text.as_str(),
        };
        if *takes == Takes::Bool {
            return bool_value(name, value);
        }
        match name.as_str() {
            "mount" => variable_in_from(value).then(|| "`from` of a mount takes no variables".to_owned()),
            "network" => one_of(name, value, &["default", "none", "host"]),
            "security" => one_of(name, value, &["sandbox", "insecure"]),
            _ => None,
        }
    }

    fn arguments(&mut self) {
        let kind = self.it.kind;
        match (kind, &self.it.args) {
            (Keyword::Unknown, _) => self.unknown(),
            (Keyword::From, args) => self.from(words(args)),
            (Keyword::Run | Keyword::Cmd | Keyword::Entrypoint, _) => {}
            (Keyword::Shell, Args::Json(strings)) if !strings.is_empty() => {}
            (Keyword::Shell, _) => {
                self.keyword_error("`SHELL` takes a JSON array of at least one string".to_owned());
            }
            (Keyword::Add | Keyword::Copy, args) => self.sources(words(args)),
            (Keyword::Volume, args @ (Args::Words(_) | Args::Json(_))) => self.volumes(words(args)),
            (_, Args::None) => self.keyword_error(format!("`{kind}` has no argument")),
            (_, Args::Pairs(pairs)) => self.pairs(pairs),
            (Keyword::Arg, args) => self.names(words(args)),
            (_, Args::Health { kind, command }) => self.health(kind, command.as_deref()),
            (_, Args::Onbuild(inner)) => self.trigger(inner),
            _ => {}
        }
    }

    fn unknown(&mut self) {
        let message = match self.it.keyword.text.as_str() {
            "" => "a continuation with nothing to continue".to_owned(),
            // Of a file that is none there are thousands.
            word => ["`", word, "` is no instruction"].concat(),
        };
        self.keyword_error(message);
    }

    fn from(&mut self, words: &[Word]) {
        match words {
            [_] => {}
            [_, as_word, name] if as_word.text.eq_ignore_ascii_case("as") => {
                if !is_stage_name(&name.text.to_lowercase()) {
                    let message =
                        "a stage name starts with a letter; then come letters, digits, `-`, `_` and `.`".to_owned();
                    self.error(name.span, message);
                }
            }
            _ => self.keyword_error("`FROM` takes an image, or an image, `AS` and a name".to_owned()),
        }
    }

    fn sources(&mut self, words: &[Word]) {
        match words {
            [] | [_] => self.keyword_error(format!("`{}` takes at least a source and a destination", self.it.kind)),
            [.., destination] if heredoc::opener(&destination.text).is_some() => {
                self.error(destination.span, "a heredoc cannot be the destination".to_owned());
            }
            _ => {}
        }
    }

    fn volumes(&mut self, words: &[Word]) {
        if words.is_empty() {
            self.keyword_error("`VOLUME` has no argument".to_owned());
        }
        for word in words.iter().filter(|it| it.text.trim().is_empty()) {
            self.error(word.span, "a volume cannot be an empty string".to_owned());
        }
    }

    fn pairs(&mut self, pairs: &[Pair]) {
        for pair in pairs.iter().filter(|it| it.key.text.is_empty()) {
            self.error(pair.value.span, format!("a name of `{}` is empty", self.it.kind));
        }
    }

    fn names(&mut self, words: &[Word]) {
        for word in words.iter().filter(|it| it.text.starts_with('=')) {
            self.error(word.span, "a name of `ARG` is empty".to_owned());
        }
    }

    fn health(&mut self, kind: &Word, command: Option<&Args>) {
        let empty = matches!(command, None | Some(Args::Json(_))) && words_of(command).is_empty();
        match kind.text.to_uppercase().as_str() {
            "NONE" if empty => {}
            "NONE" => self.error(kind.span, "`HEALTHCHECK NONE` takes nothing more".to_owned()),
            "CMD" if empty => self.error(kind.span, "`HEALTHCHECK CMD` has no command".to_owned()),
            "CMD" => {}
            _ => self.error(kind.span, format!("`HEALTHCHECK` takes `CMD` or `NONE`, not `{}`", kind.text)),
        }
    }

    fn trigger(&mut self, inner: &Instruction) {
        if matches!(inner.kind, Keyword::Onbuild | Keyword::From | Keyword::Maintainer) {
            self.error(inner.keyword.span, format!("`{}` cannot stand in `ONBUILD`", inner.kind));
        }
    }
}

/// The words or strings of arguments.
fn words(args: &Args) -> &[Word] {
    match args {
        Args::Words(words) | Args::Json(words) => words,
        _ => &[],
    }
}

fn words_of(args: Option<&Args>) -> &[Word] {
    args.map_or(&[], words)
}

fn bool_value(name: &str, value: &str) -> Option<String> {
    let fine = value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false");
    (!fine).then(|| format!("the flag `--{name}` takes `true` or `false`, not `{value}`"))
}

fn one_of(name: &str, value: &str, values: &[&str]) -> Option<String> {
    // An empty value is left alone.
    let fine = value.is_empty() || values.contains(&value);
    (!fine).then(|| format!("the flag `--{name}` takes {}, not `{value}`", quoted_list(values)))
}

fn quoted_list(values: &[&str]) -> String {
    values.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(" or ")
}

/// Whether a mount's `from=` holds a variable, which BuildKit refuses at once: it needs to know the stage.
fn variable_in_from(mount: &str) -> bool {
    let is_from = |key: &str| key.trim_start_matches('"').eq_ignore_ascii_case("from");
    let has_variable = |value: &str| value.find('$').is_some_and(|at| at + 1 < value.len());
    mount.split(',').filter_map(|it| it.split_once('=')).any(|(key, value)| is_from(key) && has_variable(value))
}

fn is_stage_name(name: &str) -> bool {
    let rest = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, b'-' | b'_' | b'.');
    name.starts_with(|it: char| it.is_ascii_lowercase()) && name.bytes().all(rest)
}
