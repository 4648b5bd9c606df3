//! `shuck-linter`, kept on a short lead: it opens no files, and a panic of it is silence.

use std::{
    borrow::Cow,
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::{LazyLock, Once},
};

use shuck_linter::{
    AnalysisRequest, Diagnostic, LinterSettings, ShellCheckCodeMap, ShellCheckLevel, ShellDialect, rule_metadata,
};
use shuck_parser::parser::Parser;

use super::{Remark, Script, Severity, Shell, is_wanted};

/// Larger texts are no commands that somebody wrote.
const MAX_BYTES: usize = 64 << 10;
/// Brackets nested deeper than this are not looked into: the analysis is recursive, on a thread's stack of 2 MiB.
const MAX_DEPTH: usize = 40;

/// Which rule has which code of ShellCheck.
static CODES: LazyLock<ShellCheckCodeMap> = LazyLock::new(ShellCheckCodeMap::default);

/// The settings for each shell.
static SETTINGS: LazyLock<[LinterSettings; Shell::ALL.len()]> = LazyLock::new(|| Shell::ALL.map(settings));

pub(super) fn ask(script: &Script) -> Vec<Remark> {
    if script.text.len() > MAX_BYTES || depth(&script.text) > MAX_DEPTH {
        return Vec::new();
    }
    let text = masked(&script.text);
    let found = without_panic(|| diagnostics(&text, script.shell)).unwrap_or_default();
    let mut remarks: Vec<Remark> = found.iter().filter_map(|it| remark(it, script)).collect();
    remarks.sort_by_key(|it| (it.range.start, it.range.end, it.code));
    remarks.dedup();
    remarks
}

fn diagnostics(text: &str, shell: Shell) -> Vec<Diagnostic> {
    let parsed = Parser::with_dialect(text, dialect(shell).parser_dialect()).parse();
    AnalysisRequest::from_parse_result(&parsed, text, &SETTINGS[shell as usize]).lint()
}

fn dialect(shell: Shell) -> ShellDialect {
    match shell {
        Shell::Sh => ShellDialect::Sh,
        Shell::Dash | Shell::Ash => ShellDialect::Dash,
        Shell::Bash => ShellDialect::Bash,
        Shell::Ksh => ShellDialect::Ksh,
    }
}

/// The settings for a shell: every rule that is wanted, and no other file is opened.
fn settings(shell: Shell) -> LinterSettings {
    let wanted = CODES.mappings().filter(|(code, _)| is_wanted(*code as u16, shell)).map(|(_, rule)| rule);
    LinterSettings::for_rules(wanted).with_shell(dialect(shell)).with_resolve_source_closure(false)
}

fn remark(found: &Diagnostic, script: &Script) -> Option<Remark> {
    let code = CODES.code_for_rule(found.rule)? as u16;
    let (start, end) = (found.span.start.offset(), found.span.end.offset());
    let range = start.checked_sub(script.start)?..end.checked_sub(script.start)?;
    let severity = match rule_metadata(found.rule)?.shellcheck_level? {
        ShellCheckLevel::Error => Severity::Error,
        ShellCheckLevel::Warning => Severity::Warning,
        ShellCheckLevel::Info | ShellCheckLevel::Style => Severity::Note,
    };
    let is_sound = range.start <= range.end && end <= script.text.len();
    is_sound.then(|| Remark { code, severity, range, message: found.message.clone() })
}

/// The text with each byte that is not ASCII replaced by a letter: the parser can misplace what stands in backquotes
/// behind a backslash, and then cut a character in two.
fn masked(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    text.bytes().map(|it| if it.is_ascii() { char::from(it) } else { 'x' }).collect::<String>().into()
}

/// How deep brackets nest, as far as letters tell.
fn depth(text: &str) -> usize {
    let mut depth: usize = 0;
    let mut deepest = 0;
    for it in text.bytes() {
        match it {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What `work` returns; `None` if it panics, of which nobody is told.
fn without_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |it| {
            if !IS_GUARDED.get() {
                before(it);
            }
        }));
    });
    IS_GUARDED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(false);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str, shell: Shell, variables: &[&str]) -> Vec<(u16, String)> {
        let script = Script::new(text, shell, variables.iter().copied());
        ask(&script).into_iter().map(|it| (it.code, text[it.range].to_owned())).collect()
    }

    #[test]
    fn remarks_have_codes_and_places() {
        assert_eq!(codes("x=$(ls) && rm -r $x", Shell::Sh, &[]), [(2086, "$x".to_owned())]);
        assert_eq!(codes("cd /x", Shell::Sh, &[]), [(2164, "cd /x".to_owned())]);
        assert_eq!(codes("echo \"$known $other\"", Shell::Sh, &["known"]), [(2154, "$other".to_owned())]);
        assert_eq!(codes("source x", Shell::Sh, &[]), [(3046, "source x".to_owned())]);
        assert_eq!(codes("source x", Shell::Bash, &[]), []);
        assert_eq!(codes("[[ $A == b ]]", Shell::Ash, &[]), []);
        assert_eq!(codes("echo 'ä' && cd /x", Shell::Sh, &[]), [(2164, "cd /x".to_owned())]);
    }

    #[test]
    fn odd_texts_are_survived() {
        for text in ["", "\n", "if", "`\\`ä", "$((((", "a <<E\n", "\u{0}", "'"] {
            codes(text, Shell::Sh, &[]);
        }
        for (open, close) in [("(", ")"), ("$(", ")"), ("{ ", "; }"), ("if true; then ", "; fi"), ("\"$(", ")\"")] {
            for n in [30, 100] {
                codes(&format!("{}a{}", open.repeat(n), close.repeat(n)), Shell::Sh, &[]);
            }
        }
    }

    #[test]
    fn panics_are_silence() {
        assert_eq!(without_panic(|| panic!("x")), None::<()>);
        assert_eq!(without_panic(|| 1), Some(1));
    }
}
