//! System packages that two layers in a row install: see `rules/packages/split-install.md`.

use std::{cell::LazyCell, collections::BTreeSet};

use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix, Label},
    knowledge::Action,
    model::{PackageCommand, Run, Step, StepKind},
    outline::is_cache_path,
    rewrite,
    rule::{Check, FileCx, Rule},
    shell::{Node, OperatorKind, Script, Word},
    source::{Location, Span},
};

pub(super) static RULE: Rule = crate::rule!("packages" / "split-install", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let is_seldom_built = LazyCell::new(|| !cx.takes_program());
    for stage in &cx.model.stages {
        let mut first: Option<Install<'_>> = None;
        for step in &stage.steps {
            let next = install(cx, step);
            if let (Some(first), Some(second)) = (&first, &next)
                && first.is_like(second)
            {
                let found = finding(cx, first, second);
                out.extend(found.map(|it| if *is_seldom_built { it.for_asking() } else { it }));
            }
            first = next;
        }
    }
}

/// A `RUN` that does nothing but install packages of the system, and clean up after it.
struct Install<'a> {
    step: &'a Step,
    run: &'a Run,
    command: &'a PackageCommand,
    updates: bool,
    /// The flags of the instruction and the words of the command that are no packages, as written.
    terms: Vec<&'a str>,
}

impl Install<'_> {
    fn is_like(&self, other: &Self) -> bool {
        self.command.manager.name == other.command.manager.name
            && self.command.program() == other.command.program()
            && self.terms == other.terms
            && (self.updates || !other.updates)
    }

    fn words(&self) -> &[Word] {
        &self.run.invocations()[self.command.invocation].words
    }
}

fn install<'a>(cx: &FileCx<'a>, step: &'a Step) -> Option<Install<'a>> {
    let StepKind::Run(run) = &step.kind else { return None };
    let mut installs = run.packages().iter().filter(|it| it.action == Action::Install);
    let (Some(command), None) = (installs.next(), installs.next()) else { return None };
    // Whatever a script does before or behind it has its own reason to stand where it stands.
    if !command.manager.root || !is_chain(run.script()?) {
        return None;
    }
    let mut updates = false;
    for (at, invocation) in run.invocations().iter().enumerate() {
        let package = run.package(at);
        let cleans = || {
            invocation.program == "rm"
                && invocation.words[1..].iter().all(|word| {
                    let written = cx.source.slice(word.span);
                    written.starts_with('-') || is_cache_path(written)
                })
        };
        let known = match package {
            Some(it) => it.manager.name == command.manager.name,
            None => cleans() || (invocation.program == "set" && invocation.words.len() > 1),
        };
        if !known {
            return None;
        }
        updates |= package.is_some_and(|it| it.action == Action::Update && at < command.invocation);
        updates |= package.is_some_and(PackageCommand::refreshes_index);
    }
    let instruction = cx.model.instruction(step);
    let words = &run.invocations()[command.invocation].words;
    let operands: Vec<usize> = command.operands().map(|(at, _)| at).collect();
    if command.operands().any(|(_, it)| it.is_none_or(|it| it.contains('/'))) || operands.is_empty() {
        return None;
    }
    let others = (0..words.len()).filter(|it| operands.binary_search(it).is_err()).map(|it| words[it].span);
    let flags = instruction.flags.iter().map(|it| it.span);
    let mut terms: Vec<&str> = flags.chain(others).map(|it| cx.source.slice(it)).collect();
    terms.sort_unstable();
    Some(Install { step, run, command, updates, terms })
}

/// Whether a script is commands joined by `&&`, or by `;` after `set`.
fn is_chain(script: &Script) -> bool {
    let plain = |it: &Node| matches!(it, Node::Command(it) if it.redirects.is_empty() && it.script.is_none());
    let joined = |it: Option<OperatorKind>| matches!(it, None | Some(OperatorKind::And));
    script.list.items.iter().all(|it| plain(&it.node) && joined(it.operator.map(|it| it.kind)))
        && script.comments.is_empty()
        && script.heredocs.is_empty()
}

fn finding(cx: &FileCx<'_>, first: &Install<'_>, second: &Install<'_>) -> Option<Finding> {
    let place = |it: &Install<'_>| {
        let words = it.words();
        Some(words.first()?.span.cover(words.get(it.command.head.end.checked_sub(1)?)?.span))
    };
    let location = Location { file: cx.unit.file, span: place(second)? };
    let title = second.command.title();
    let mut finding = Finding::new(RULE.name, location, format!("`{title}` goes on with what the layer above began"));
    finding.note = Some(
        match (first.updates, second.updates) {
            (true, true) => "The package index is fetched twice, and two layers are kept where one would do.",
            (true, false) => {
                "It reads the index that the layer above has fetched, however old that is by the time this one is \
                 built again."
            }
            // Others fetch their index by themselves.
            (false, _) => "Two layers are kept where one would do.",
        }
        .to_owned(),
    );
    finding.related.push(Label {
        location: Location { file: cx.unit.file, span: place(first)? },
        text: "could install these packages, too".to_owned(),
    });
    finding.fix = change(cx, first, second).map(|change| Fix {
        title: "Install all of them in one `RUN`".to_owned(),
        safety: Safety::Unsafe,
        change,
    });
    Some(finding)
}

fn change(cx: &FileCx<'_>, first: &Install<'_>, second: &Install<'_>) -> Option<Change> {
    let items = &cx.unit.syntax.items;
    let item = second.step.item;
    let lone = rewrite::with_comments(items, item) == item && cx.model.instruction(second.step).comments.is_empty();
    // Nothing but blank lines between the two, so that no comment is left without what it speaks of.
    if !lone || items[first.step.item + 1..item].iter().any(|it| !matches!(it.kind, crate::syntax::ItemKind::Blank)) {
        return None;
    }
    let spans = |it: &Install<'_>| -> Vec<Span> { it.command.operands().map(|(at, _)| it.words()[at].span).collect() };
    let (old, new) = (spans(first), spans(second));
    let written = |it: &Span| cx.source.slice(*it);
    let known: BTreeSet<&str> = old.iter().map(written).collect();
    let last = old.last()?;
    let gap = match old.as_slice() {
        [.., before, last] => cx.source.slice(Span { start: before.end, end: last.start }),
        _ => " ",
    };
    let gap = if gap.contains('#') { " " } else { gap };
    let added: String = new.iter().map(written).filter(|it| !known.contains(it)).flat_map(|it| [gap, it]).collect();
    let mut edits = vec![Edit::insert(last.end as usize, added)];
    for blank in &items[first.step.item + 1..item] {
        edits.push(rewrite::remove_item(blank));
    }
    edits.push(rewrite::remove_item(&items[item]));
    Change::of(cx.unit.file, rewrite::join(edits)?)
}
