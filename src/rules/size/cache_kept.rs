//! Lists and caches left in a layer where no mount can hold them: see `rules/size/cache-kept.md`.

use crate::{
    edit::{Edit, Safety},
    finding::{Finding, Fix},
    knowledge::{Action, Tidy},
    model::{PackageCommand, Run, Step, StepKind},
    outline::is_cache_path,
    rule::{Check, FileCx, Rule},
    settings::Builder,
    source::Location,
};

pub(super) static RULE: Rule = crate::rule!("size" / "cache-kept", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    if cx.project.settings.builder != Builder::Legacy {
        return;
    }
    for step in cx.model.stages.iter().flat_map(|it| &it.steps) {
        let StepKind::Run(run) = &step.kind else { continue };
        let mut seen = Vec::new();
        for command in run.packages().iter().filter(|it| it.action == Action::Install) {
            // One clean-up serves all commands of a manager; an option belongs to each of them.
            let once = matches!(command.manager.tidy, Some(Tidy::Command(_)));
            if !(once && seen.contains(&&command.manager.name)) {
                seen.push(&command.manager.name);
                out.extend(finding(cx, step, run, command));
            }
        }
    }
}

fn finding(cx: &FileCx<'_>, step: &Step, run: &Run, command: &PackageCommand) -> Option<Finding> {
    command.manager.tidy.as_ref()?;
    if is_tidied(cx, step, run, command) {
        return None;
    }
    let words = &run.invocations()[command.invocation].words;
    let span = words.first()?.span.cover(words.get(command.head.end.checked_sub(1)?)?.span);
    let location = Location { file: cx.unit.file, span };
    let mut finding = Finding::new(RULE.name, location, format!("`{}` leaves its cache in the layer", command.title()));
    finding.note = Some("Nothing in the image reads it again, and a later layer cannot make it smaller.".to_owned());
    finding.fix = tidied(cx, step, run, command);
    Some(finding)
}

/// The run, with what makes the command leave nothing behind.
pub(super) fn tidied(cx: &FileCx<'_>, step: &Step, run: &Run, command: &PackageCommand) -> Option<Fix> {
    if is_tidied(cx, step, run, command) {
        return None;
    }
    let (title, edit) = match command.manager.tidy.as_ref()? {
        Tidy::Option(option) => {
            run.script()?;
            let words = &run.invocations()[command.invocation].words;
            let head = words.get(command.head.end.checked_sub(1)?)?;
            (format!("Add `{option}`"), Edit::insert(head.span.end as usize, format!(" {option}")))
        }
        Tidy::Command(tidy) => {
            let tidy = tidy.replace("{program}", command.program());
            if lists_are_read_later(cx, step, command) {
                return None;
            }
            (format!("Add `{tidy}`"), append(cx, step, run, &tidy)?)
        }
    };
    cx.fix(title, Safety::Safe, [edit])
}

/// Whether the run already leaves nothing behind.
fn is_tidied(cx: &FileCx<'_>, step: &Step, run: &Run, command: &PackageCommand) -> bool {
    let manager = command.manager;
    let mounted = manager.cache.iter().filter_map(|it| it.path.as_deref()).any(|it| run.has_cache_over(it));
    let option = manager.defeat.iter().any(|it| it.option.as_ref().is_some_and(|it| command.has_option(it)));
    let variable = manager.defeat.iter().filter_map(|it| it.variable.as_ref()).any(|name| {
        step.before.variables.contains_key(name)
            || run.invocations()[command.invocation].environment.iter().any(|it| it.name == *name)
    });
    let cleaned = run.packages().iter().any(|it| it.manager.name == manager.name && it.action == Action::Clean);
    // `apt-get clean` empties the archives, but not the lists.
    let lists_stay = matches!(&manager.tidy, Some(Tidy::Command(it)) if it.starts_with("rm "));
    let removed = run.invocations().iter().filter(|it| it.program == "rm").any(|it| {
        it.words.iter().map(|word| cx.source.slice(word.span)).any(|path| {
            is_cache_path(path)
                && manager
                    .cache
                    .iter()
                    .filter_map(|it| it.path.as_deref())
                    .any(|it| path.contains(it.trim_start_matches("{home}")))
        })
    });
    mounted || option || variable || removed || (cleaned && !lists_stay)
}

/// Whether a later install counts on the lists that this run leaves.
fn lists_are_read_later(cx: &FileCx<'_>, step: &Step, command: &PackageCommand) -> bool {
    let later = cx.model.stages.iter().flat_map(|it| &it.steps).filter(|it| it.item > step.item);
    later
        .filter_map(|it| match &it.kind {
            StepKind::Run(run) => run.packages().iter().find(|it| it.manager.name == command.manager.name),
            StepKind::Copy(_) | StepKind::Other => None,
        })
        .any(|first| first.action == Action::Install && !first.manager.update.is_empty())
}

/// Appends a command to a run.
fn append(cx: &FileCx<'_>, step: &Step, run: &Run, command: &str) -> Option<Edit> {
    let instruction = cx.model.instruction(step);
    let last = run.script()?.list.items.last()?;
    if !instruction.heredocs.is_empty() || last.terminator.is_some() {
        return None;
    }
    let header = cx.source.slice(instruction.span);
    let second = header.lines().nth(1).map(|it| &it[..it.len() - it.trim_start().len()]);
    let text = match second {
        Some(indent) => format!(" {}\n{indent}&& {command}", cx.unit.syntax.escape),
        None => format!(" && {command}"),
    };
    Some(Edit::insert(last.node.span().end as usize, text))
}
