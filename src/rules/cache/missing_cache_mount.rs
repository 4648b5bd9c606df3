//! Package managers without a cache mount: see `rules/cache/missing-cache-mount.md`.

use super::mounts::{Doubts, Plan, Site, and, each};
use crate::{
    edit::Safety,
    finding::{Finding, Fix},
    knowledge::{Action, CONTENTS},
    manifests::{files_of, listed, packages},
    model::PackageCommand,
    rule::{Check, FileCx, Rule},
    settings::Builder,
    source::Location,
};

pub(super) static RULE: Rule = crate::rule!("cache" / "missing-cache-mount", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    if cx.project.settings.builder == Builder::Legacy {
        return;
    }
    each(cx, |site| out.extend(site.missing().and_then(|plan| finding(site, &plan))));
}

/// What a rebuild of the layer costs, counted where the words or a lock file tell.
fn cost(site: &Site<'_>, plan: &Plan<'_>) -> String {
    let commands: Vec<_> = plan.commands.iter().copied().filter(|it| it.action != Action::Update).collect();
    let builds = |it: &&PackageCommand| it.action == Action::Build;
    if plan.fetched.is_some() && commands.iter().all(builds) {
        return "A rebuild of this layer compiles everything again.".to_owned();
    }
    let verb = if commands.iter().any(builds) { "downloads and compiles" } else { "downloads" };
    let counts: Option<Vec<Count>> = commands.iter().map(|it| count(site, it)).collect();
    let what = counts.as_deref().and_then(what).unwrap_or_else(|| "everything".to_owned());
    format!("A rebuild of this layer {verb} {what} again.")
}

/// The packages that a command asks for.
enum Count {
    /// By name.
    Named(Vec<String>),
    /// So many, in this file.
    Listed(usize, String),
    /// Files that are there; what they need has to be fetched.
    Local(String),
}

/// How many packages a command asks for; `None` where that cannot be told.
fn count(site: &Site<'_>, command: &PackageCommand) -> Option<Count> {
    // These name parts of the project.
    if command.subcommand.starts_with("workspaces") {
        return None;
    }
    let lists = ["-r", "--requirement", "--requirements"].iter().any(|it| command.has_option(it));
    let words: Option<Vec<&str>> = command.operands().map(|(_, word)| word).collect();
    let mut names: Vec<String> = words?.iter().flat_map(|it| it.split_whitespace()).map(str::to_owned).collect();
    // The version of a rock is a word of its own.
    names.retain(|it| command.manager.name != "luarocks" || !it.starts_with(|it: char| it.is_ascii_digit()));
    if command.action == Action::Install && !names.is_empty() && !lists {
        const ARCHIVES: &[&str] = &[".tar.gz", ".tgz", ".whl", ".zip", ".deb", ".rpm", ".apk", ".gem"];
        let path = |it: &String| it.starts_with(['.', '/']) || ARCHIVES.iter().any(|ending| it.ends_with(ending));
        if let [one] = names.as_slice()
            && path(one)
        {
            return Some(Count::Local(one.clone()));
        }
        return (!names.iter().any(|it| path(it) || it.contains("://"))).then_some(Count::Named(names));
    }
    let [context] = site.cx.contexts() else { return None };
    let view = site.view(context);
    let (number, file) = packages(&files_of(command, site.run, &site.step.before, &view), &view)?;
    Some(Count::Listed(number, file))
}

/// The packages in words.
fn what(counts: &[Count]) -> Option<String> {
    let number: usize = counts
        .iter()
        .map(|it| match it {
            Count::Named(names) => names.len(),
            Count::Listed(number, _) => *number,
            Count::Local(_) => 0,
        })
        .sum();
    Some(match counts {
        [Count::Listed(_, file)] if file.ends_with("txt") => {
            let needed = if number == 1 { "what it needs" } else { "what they need" };
            format!("{} and {needed}", listed(number, file))
        }
        [Count::Listed(_, file)] => listed(number, file),
        [Count::Local(path)] => format!("what `{path}` needs"),
        _ if counts.iter().any(|it| matches!(it, Count::Local(_))) => return None,
        [Count::Named(names)] if number == 1 => format!("`{}` and what it needs", names[0]),
        _ if number > 0 => format!("{number} packages and what they need"),
        _ => return None,
    })
}

/// Whether a command fetches so little that a cache saves next to nothing.
fn is_light(command: &PackageCommand) -> bool {
    let manager = command.manager;
    let has = |option: &String| command.has_option(option);
    let is_named = manager.light_with.is_empty() || manager.light_with.iter().any(has);
    let is_light = |word: Option<&str>| {
        let name = word.map(|it| it.split(['=', '~', '<', '>', '@']).next().unwrap_or(it));
        name.is_some_and(|name| manager.light.iter().any(|it| it == name))
    };
    match command.action {
        Action::Update | Action::Clean => !manager.light.is_empty(),
        Action::Install => {
            is_named && command.operands().next().is_some() && command.operands().all(|(_, it)| is_light(it))
        }
        Action::Fetch | Action::Build => false,
    }
}

/// Whether all that a command installs lies in the builder already: finished packages, or without what it needs.
fn is_local(command: &PackageCommand) -> bool {
    let alone = command.has_option("--no-deps");
    let is_local = |word: Option<&str>| {
        let Some(word) = word.filter(|it| !it.contains("://")) else { return false };
        let ending = word.rsplit_once('.').map_or("", |(_, ending)| ending);
        let is_path = word.starts_with(['/', '.']);
        // Nobody keeps the sources of several projects in one folder.
        let is_package = ending == "tgz" || CONTENTS.packed.iter().any(|it| it == ending);
        is_package || is_path && (alone || word.ends_with("/*"))
    };
    let mut operands = command.operands().peekable();
    command.action == Action::Install && operands.peek().is_some() && operands.all(|(_, it)| is_local(it))
}

fn finding(site: &Site<'_>, plan: &Plan<'_>) -> Option<Finding> {
    let instruction = site.cx.model.instruction(site.step);
    let first = plan.commands.iter().find(|it| it.action != Action::Update).or(plan.commands.first())?;
    let words = &site.run.invocations()[first.invocation].words;
    let span = words.first()?.span.cover(words.get(first.head.end.saturating_sub(1))?.span);
    let mut titles: Vec<String> =
        plan.commands.iter().filter(|it| it.action != Action::Update).map(|it| format!("`{}`", it.title())).collect();
    titles.dedup();
    let targets: Vec<String> = plan.mounts.keys().map(|it| format!("`{it}`")).collect();
    let verb = if titles.len() == 1 { "runs" } else { "run" };
    let message = format!("{} {verb} without a cache mount on {}", and(&titles), and(&targets));
    let location = Location { file: site.cx.unit.file, span };
    let mut finding = Finding::new(RULE.name, location, message);
    let only_lists = plan.mounts.keys().all(|it| site.is_index(it));
    if plan.commands.iter().all(|it| is_light(it) || is_local(it)) || only_lists {
        finding = finding.for_asking();
    }
    // What is seldom built again seldom downloads anything.
    if !site.takes_program() {
        finding = finding.for_asking();
    }
    let mut doubts = Doubts { safety: plan.doubts.safety, notes: plan.doubts.notes.clone() };
    let mut done = Vec::new();
    let fix = site.edits(plan, instruction, &mut doubts, &mut done);
    // What is seldom fetched again is not worth a rewrite by hand: packages of the system, and tools by their names.
    let is_tool =
        |it: &PackageCommand| it.action == Action::Install && matches!(count(site, it), Some(Count::Named(_)));
    if fix.is_none() && plan.commands.iter().all(|it| it.manager.root || is_tool(it)) {
        finding = finding.for_asking();
    }
    let safety = doubts.safety.unwrap_or(Safety::Safe);
    site.set_fix(if fix.is_some() { safety } else { Safety::Shown });
    let cost =
        if only_lists { "A rebuild of this layer downloads the package lists again.".into() } else { cost(site, plan) };
    let mut notes = vec![cost];
    notes.append(&mut doubts.notes);
    finding.note = Some(notes.join(" "));
    finding.fix = fix.map(|change| Fix {
        title: {
            let mounts = if targets.len() == 1 { "a cache" } else { "caches" };
            [vec![format!("Mount {mounts} on {}", and(&targets))], done].concat().join(", ")
        },
        safety,
        change,
    });
    Some(finding)
}
