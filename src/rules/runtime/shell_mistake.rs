//! What ShellCheck has to say about the commands of `RUN`: see `rules/runtime/shell-mistake.md`.

use std::collections::BTreeSet;

use crate::rules::commands::{RunAt, runs};
use crate::{
    finding::{Finding, Level},
    model::{Base, Stage, declared},
    rule::{Check, FileCx, Rule},
    shellcheck::{self, Remark, Script, Severity, Shell},
    syntax::{Args, Keyword},
};

/// What shell does without being asked.
pub static RULE: Rule = crate::rule!("runtime" / "shell-mistake", Check::File(check));

/// The arguments that BuildKit declares in every stage.
const PREDEFINED: [&str; 8] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy"];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    each(cx, &mut |at, script| {
        let one = std::slice::from_ref(&script);
        let asked = cx.project.files.shellcheck(one).map(|it| it.into_iter().flatten().collect());
        let remarks: Option<Vec<Remark>> = asked.or_else(|| shellcheck::ask_inside(&script));
        out.extend(remarks.unwrap_or_default().into_iter().filter_map(|it| finding(cx, &at, &it)));
    });
}

fn finding(cx: &FileCx<'_>, at: &RunAt<'_>, remark: &Remark) -> Option<Finding> {
    let text = at.run.text()?;
    let whole = remark.range.end <= text.text.len();
    let place = cx.at(whole.then(|| text.span(remark.range.clone()))?);
    let code = remark.code;
    let mut finding = Finding::new(RULE.name, place, format!("{} (SC{code:04})", remark.message))
        .note(format!("See https://www.shellcheck.net/wiki/SC{code:04}."))
        .only_as(shellcheck::alias(code));
    finding.own_level = Some(match remark.severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Note => Level::Note,
    });
    Some(finding)
}

/// The scripts of a Dockerfile, for who wants to ask about many at once.
pub fn scripts(cx: &FileCx<'_>) -> Vec<Script> {
    let mut all = Vec::new();
    each(cx, &mut |_, script| all.push(script));
    all
}

/// Hands over each `RUN` whose shell is known to ShellCheck, with what that shell gets.
fn each(cx: &FileCx<'_>, visit: &mut dyn FnMut(RunAt<'_>, Script)) {
    // The variables of each stage at the place that is looked at, and then at its end.
    let mut known: Vec<BTreeSet<String>> = Vec::new();
    let mut at = 0;
    for run in runs(cx) {
        while known.len() <= run.stage.index {
            if let Some(before) = known.len().checked_sub(1) {
                declare(cx, &cx.model.stages[before], at.., known.last_mut());
            }
            known.push(match cx.model.stages[known.len()].base {
                Base::Stage(parent) => known[parent].clone(),
                Base::Scratch | Base::Image(_) | Base::Unknown => BTreeSet::new(),
            });
            at = 0;
        }
        declare(cx, run.stage, at..run.at, known.last_mut());
        at = run.at;
        let Some(text) = run.run.text() else { continue };
        let shell = match text.text.lines().next().and_then(|it| it.strip_prefix("#!")) {
            Some(line) => interpreter(line),
            None => run.step.before.shell.as_deref().map_or(Some(Shell::Sh), Shell::named),
        };
        let Some(shell) = shell else { continue };
        // What is known here need not be known where an `ONBUILD` is run.
        let own = known.last().filter(|_| !run.is_trigger());
        let variables = own.into_iter().flatten().map(String::as_str).chain(PREDEFINED);
        visit(run, Script::new(&text.text, shell, variables));
    }
}

/// Adds the variables that some steps of a stage declare.
fn declare(
    cx: &FileCx<'_>,
    stage: &Stage,
    steps: impl std::slice::SliceIndex<[crate::model::Step], Output = [crate::model::Step]>,
    known: Option<&mut BTreeSet<String>>,
) {
    let Some(known) = known else { return };
    for step in &stage.steps[steps] {
        let instruction = cx.model.instruction(step);
        if matches!(instruction.kind, Keyword::Arg | Keyword::Env) && instruction.args != Args::None {
            known.extend(declared(instruction).into_iter().filter(|it| is_name(it)));
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.starts_with(|it: char| it.is_ascii_digit())
        && !text.is_empty()
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
}

/// The shell that the first line of a script names.
fn interpreter(line: &str) -> Option<Shell> {
    let mut words = line.split_whitespace();
    let program = words.next()?;
    let program = if program.ends_with("/env") { words.find(|it| !it.starts_with('-'))? } else { program };
    Shell::named(program)
}
