//! Installs that ask a question: see `rules/packages/interactive-install.md`.

use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix},
    knowledge::{Action, Asks, Installs},
    model::{PackageCommand, Run, Step, StepKind},
    rule::{Check, FileCx, Rule},
    source::Location,
};

pub(super) static RULE: Rule = crate::rule!("packages" / "interactive-install", Check::File(check));

/// What hadolint takes for an install by dnf or yum.
const INSTALLS_OF_DNF: &[&str] = &["install", "groupinstall", "localinstall"];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        for (step, run) in stage.runs() {
            for command in run.packages().iter().filter(|it| it.action == Action::Install) {
                let Some(asks) = Installs::of(command.manager).and_then(|it| it.asks.as_ref()) else { continue };
                if !is_answered(cx, step, run, command, asks) {
                    out.extend(finding(cx, run, command, asks));
                } else if command.program() == "microdnf" && !is_told(command, asks) {
                    // hadolint does not know that this one never asks.
                    out.extend(finding(cx, run, command, asks).map(Finding::for_parity));
                }
            }
        }
    }
}

/// Whether a word answers the question.
fn is_told(command: &PackageCommand, asks: &Asks) -> bool {
    command.texts.iter().flatten().any(|it| asks.is_answered_by(it))
}

/// Whether the question is answered: by a word, by what is piped in, or by a configuration.
fn is_answered(cx: &FileCx<'_>, step: &Step, run: &Run, command: &PackageCommand, asks: &Asks) -> bool {
    let invocation = &run.invocations()[command.invocation];
    // A word that cannot be read may be the answer: `apt-get $OPTIONS install`.
    let words = || command.texts.iter().map(Option::as_deref);
    let quiet = words().flatten().filter(|it| matches!(*it, "-q" | "--quiet")).count() > 1;
    let unknown = words().take(command.head.end + 1).any(|it| it.is_none());
    let configured = || {
        let texts: Vec<&str> = asks.configured.iter().map(String::as_str).collect();
        let earlier = cx.model.stages.iter().flat_map(|it| &it.steps).filter(|it| it.item <= step.item);
        earlier.into_iter().any(|it| matches!(&it.kind, StepKind::Run(run) if run.mentions(&texts)))
    };
    asks.silent.iter().any(|it| it == command.program())
        || words().flatten().any(|it| asks.is_answered_by(it))
        || quiet
        || unknown
        || run.script().is_some_and(|it| it.is_fed(invocation.command))
        || invocation.wrappers.iter().any(|it| it == "xargs")
        || configured()
}

fn finding(cx: &FileCx<'_>, run: &Run, command: &PackageCommand, asks: &Asks) -> Option<Finding> {
    let words = &run.invocations()[command.invocation].words;
    let last = words.get(command.head.end.checked_sub(1)?)?;
    let location = Location { file: cx.unit.file, span: words.first()?.span.cover(last.span) };
    let mut finding =
        Finding::new(RULE.name, location, format!("`{}` may ask a question that nobody answers", command.title()));
    let plain = run.invocations()[command.invocation].wrappers.is_empty();
    let does = |words: &[&str]| command.texts.iter().flatten().any(|it| words.contains(&it.as_str()));
    // hadolint does not see through `sudo` and its like, and knows nothing of upgrades.
    finding.codes = Some(match command.program() {
        "apt-get" if plain && does(&["install"]) => &["hadolint/DL3014"],
        "yum" if plain && does(INSTALLS_OF_DNF) => &["hadolint/DL3030"],
        "zypper" if plain && does(&["install", "in", "patch"]) => &["hadolint/DL3034"],
        "dnf" | "microdnf" if plain && does(INSTALLS_OF_DNF) => &["hadolint/DL3038"],
        _ => &[],
    });
    finding.note = Some("Without an answer it installs nothing, and the build fails.".to_owned());
    if run.script().is_some() {
        let edit = Edit::insert(last.span.end as usize, format!(" {}", asks.word));
        finding.fix = Change::of(cx.unit.file, [edit]).map(|change| Fix {
            title: format!("Add `{}`", asks.word),
            safety: Safety::Safe,
            change,
        });
    }
    Some(finding)
}
