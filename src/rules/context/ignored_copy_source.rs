//! A source of `COPY` that the ignore file keeps back: see `rules/context/ignored-copy-source.md`.

use std::borrow::Cow;

use crate::{
    context::Context,
    finding::{Finding, Label},
    ignorefile::IgnoreFile,
    model::{Copy, CopyFrom, StepKind},
    project::{Kind, parent},
    rule::{Check, FileCx, Rule},
    source::Location,
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("context" / "ignored-copy-source", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let copies = cx.model.stages.iter().flat_map(|it| &it.steps).filter_map(|step| match &step.kind {
        StepKind::Copy(copy) if copy.from == CopyFrom::Context => Some((step, copy)),
        StepKind::Copy(_) | StepKind::Run(_) | StepKind::Other => None,
    });
    let path = &cx.source.path;
    let is_named = cx.project.settings.contexts.contains_key(path) || cx.project.builds_of(path).next().is_some();
    let mut context = None;
    for (step, copy) in copies {
        if copy.sources.iter().flatten().next().is_none() {
            continue;
        }
        let Some(context) = context.get_or_insert_with(|| the_context(cx)) else { return };
        let instruction = cx.model.instruction(step);
        for (number, source) in copy.sources.iter().enumerate() {
            let Some((source, line)) = source.as_ref().and_then(|it| Some((it, kept_back(context, copy, it)?))) else {
                continue;
            };
            // Of a folder further above it is only likely that it is the context if the source is there.
            let is_own = context.folder == parent(&cx.source.path);
            if !is_own && !is_named && context.kind_on_disk(source).is_none() {
                continue;
            }
            let span = instruction.words().get(number).map_or(instruction.span, |it| it.span);
            let verb = if instruction.kind == Keyword::Add { "added" } else { "copied" };
            let path = context.ignore_path.as_deref().unwrap_or(".dockerignore");
            let message = format!("`{source}` is {verb}, but {path} keeps it back");
            let mut finding = Finding::new(RULE.name, cx.at(span), message);
            finding.note = Some("The build does not find it, and fails.".to_owned());
            let is_absolute =
                instruction.words().get(number).is_some_and(|it| it.text.starts_with('/')) && source != ".";
            if context.ignore.has_negation() || is_absolute {
                // BuildKit does not look at these.
                finding = finding.only_as(&[]);
            }
            let file = cx.project.file(path);
            if let (Some(file), Some(line)) = (file, context.ignore.patterns().get(line)) {
                let location = Location { file, span: line.span };
                finding.related.push(Label { location, text: "this line keeps it back".to_owned() });
            }
            out.push(finding);
        }
    }
}

/// The context that the Dockerfile is surely built with: the one that is named, or the nearest folder with an ignore file.
fn the_context<'a>(cx: &FileCx<'a>) -> Option<Cow<'a, Context>> {
    let is_open = |it: &&Context| it.ignore_path.is_some();
    match cx.contexts() {
        [] => {
            let folders = cx.project.folders_above(&cx.source.path);
            let mut above = folders.iter().map(|it| Context::open(cx.project, it, Some(&cx.source.path)));
            above.find(|it| is_open(&it)).map(Cow::Owned)
        }
        [known] => Some(known).filter(is_open).map(Cow::Borrowed),
        _ => None,
    }
}

/// The line that keeps the source back, if it is not sent.
fn kept_back(context: &Context, copy: &Copy, source: &str) -> Option<usize> {
    let ignore = &context.ignore;
    if source.contains("://") || source.starts_with("git@") || copy.heredocs && source.contains("<<") {
        return None;
    }
    if source == "." {
        return everything(ignore);
    }
    // With `!` it depends on what is below, unless the walk does not even look there.
    let is_folder = context.kind_on_disk(source) == Some(Kind::Folder);
    if ignore.has_negation() {
        let verdict = ignore.verdict(source, is_folder);
        let is_glob = source.contains(['*', '?', '[']);
        return verdict.decided_by.filter(|_| verdict.excluded && !verdict.descend && !is_glob);
    }
    let found = ignore.matches(source);
    found.decided_by.filter(|_| found.excluded)
}

/// The line that keeps back all there is.
fn everything(ignore: &IgnoreFile) -> Option<usize> {
    let at = ignore.patterns().iter().position(|it| matches!(it.text.as_str(), "*" | "**" | "**/*"))?;
    (!ignore.has_negation()).then_some(at)
}
