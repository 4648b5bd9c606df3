//! The edits that copy manifests first and the sources later.

use super::{
    Site, copy_of,
    plan::{Plan, is_install},
};
use crate::{
    context::Context,
    edit::{Change, Edit},
    manifests::Restricted,
    model::{Copy, StepKind, absolute},
    project::{Kind, join, parent},
    rewrite,
    source::Span,
    syntax::{Args, Instruction, ItemKind},
};

impl Site<'_> {
    /// The change of the Dockerfile, and of the ignore file where that has to come into being.
    pub(super) fn change(&self, plan: &Plan, notes: &mut Vec<String>, contexts: &[Context]) -> Option<Change> {
        let items = &self.cx.unit.syntax.items;
        let steps = &self.stage.steps;
        let source = self.cx.source;
        let newline = |text: &str| if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        let mut edits = Vec::new();
        let mut blocks = String::new();
        let (mut spaced, mut closed) = (false, false);
        // The item behind a block that goes, where a blank line is before that block.
        let mut gone = None;
        let end = plan.split.as_ref().map(|it| it.0).or(plan.last)?;
        for at in &plan.moved {
            let item = steps[*at].item;
            let top = rewrite::with_comments(items, item);
            let span = items[top].span.cover(items[item].span);
            let blank_after = items.get(item + 1).is_some_and(|it| it.kind == ItemKind::Blank);
            let blank_before =
                gone == Some(top) || top.checked_sub(1).is_none_or(|it| items[it].kind == ItemKind::Blank);
            spaced |= blank_after || blank_before;
            closed |= blank_after;
            blocks.push_str(&newline(&self.moved_text(plan, *at, end, source.slice(span))?));
            let manifests = self.manifest_copies(plan, *at)?;
            gone = (manifests.is_empty() && blank_before).then_some(item + 1);
            let span = if manifests.is_empty() && blank_after && blank_before {
                span.cover(items[item + 1].span)
            } else {
                span
            };
            edits.push(Edit::replace(span, manifests));
        }
        let gap = if spaced { "\n" } else { "" };
        match &plan.split {
            None => {
                let place = items[steps[plan.last?].item].span.end as usize;
                let start = if source.text[..place].ends_with('\n') { "" } else { "\n" };
                let next = items.get(steps[plan.last?].item + 1);
                let close = if next.is_some_and(|it| it.kind != ItemKind::Blank) { gap } else { "" };
                edits.push(Edit::insert(place, format!("{start}{gap}{blocks}{close}")));
            }
            Some((at, restricted)) => {
                // A restricted install takes the comment of the whole one; another command stands above it.
                let item = steps[*at].item;
                let place = match restricted {
                    Restricted::Add(_) => item,
                    Restricted::Instead(_) => rewrite::with_comments(items, item),
                };
                let place = items[place].span.start as usize;
                let install = newline(&self.restricted_run(*at, restricted)?);
                edits.push(Edit::insert(place, format!("{install}{gap}{blocks}{}", if closed { gap } else { "" })));
            }
        }
        let mut change = Change::of(self.cx.unit.file, rewrite::join(edits)?)?;
        if !plan.exposed.is_empty() {
            let names: Vec<String> = plan.exposed.iter().map(|it| format!("`{it}`")).collect();
            notes.push(format!(
                "The ignore file does not keep back {}: a local one would be copied over what was installed.",
                names.join(", ")
            ));
            let path = join(&contexts.first()?.folder, ".dockerignore");
            let own = format!("{}.dockerignore", source.path);
            let files = &self.cx.project.files;
            if files.kind(&path).is_none() && files.kind(&own).is_none() && contexts.len() == 1 {
                let lines = format!("{}\n", plan.exposed.join("\n"));
                change.creates.insert(path, lines);
            }
        }
        Some(change)
    }

    /// The text of a copy with its comments, as it has to read further down: without the manifests that it names,
    /// and with an absolute destination where the working directory is another there.
    fn moved_text(&self, plan: &Plan, at: usize, end: usize, text: &str) -> Option<String> {
        let steps = &self.stage.steps;
        let instruction = self.cx.model.instruction(&steps[at]);
        let copy = copy_of(&steps[at])?;
        let (Args::Words(words) | Args::Json(words)) = &instruction.args else { return None };
        let (last, sources) = words.split_last()?;
        let mut edits = Vec::new();
        let named = |at: usize| {
            copy.sources.get(at).cloned().flatten().is_some_and(|it| plan.files.iter().any(|(_, file)| *file == it))
        };
        let dropped: Vec<usize> = (0..sources.len()).filter(|it| named(*it)).collect();
        if !dropped.is_empty() && copy.sources.len() == sources.len() && matches!(instruction.args, Args::Words(_)) {
            let flags = instruction.flags.last().map_or(instruction.keyword.span, |it| it.span);
            let spans: Vec<Span> = std::iter::once(flags).chain(words.iter().map(|it| it.span)).collect();
            let places: Vec<usize> = dropped.iter().map(|it| it + 1).collect();
            edits.extend(rewrite::remove_words(self.cx.source, &spans, &places)?);
        }
        if steps[at].before.workdir != steps[end].before.workdir && !last.text.starts_with('/') {
            if matches!(instruction.args, Args::Json(_)) || last.text.contains('$') {
                return None;
            }
            let slash = if last.text.ends_with('/') { "/" } else { "" };
            edits.push(Edit::replace(last.span, format!("{}{slash}", copy.destination.as_deref()?)));
        }
        let start = self.cx.unit.syntax.items[steps[at].item].span.end - text.len() as u32;
        let moved = rewrite::join(edits)?
            .into_iter()
            .map(|it| Edit { span: Span { start: it.span.start - start, end: it.span.end - start }, text: it.text });
        Some(crate::edit::apply(text, &moved.collect::<Vec<_>>()))
    }

    /// The lines that copy the manifests which a moved copy brings now, one per folder.
    fn manifest_copies(&self, plan: &Plan, at: usize) -> Option<String> {
        let step = &self.stage.steps[at];
        let instruction = self.cx.model.instruction(step);
        let copy = copy_of(step)?;
        let workdir = step.before.workdir.as_deref();
        let flags = self.flags(instruction);
        let keyword = self.cx.source.slice(instruction.keyword.span);
        let keyword = match keyword {
            "add" => "copy",
            "ADD" => "COPY",
            other => other,
        };
        let mut folders: Vec<(String, Vec<&str>)> = Vec::new();
        for (_, file) in plan.files.iter().filter(|(bringer, _)| *bringer == at) {
            let place = place_of(copy, file)?;
            let is_folder = self.folders(file);
            let folder = if is_folder { place } else { parent(&place) };
            match folders.iter_mut().find(|(it, _)| *it == folder && !is_folder) {
                Some((_, files)) => files.push(file),
                None => folders.push((folder, vec![file])),
            }
        }
        let lines = folders.iter().map(|(folder, files)| {
            // Written as the copy itself is: absolute or not.
            let written = match &instruction.args {
                Args::Words(words) | Args::Json(words) => words.last().map_or("", |it| it.text.as_str()),
                _ => "",
            };
            let target = match workdir
                .filter(|_| !written.starts_with('/'))
                .and_then(|it| folder.strip_prefix(it.trim_end_matches('/')))
            {
                Some("") => "./".to_owned(),
                Some(rest) if rest.starts_with('/') => format!("{}/", rest.trim_start_matches('/')),
                _ => format!("{}/", folder.trim_end_matches('/')),
            };
            format!("{keyword} {flags}{} {target}\n", files.join(" "))
        });
        Some(lines.collect())
    }

    /// The flags of an instruction as written, each with a blank behind it.
    fn flags(&self, instruction: &Instruction) -> String {
        let flags = instruction.flags.iter().flat_map(|it| [self.cx.source.slice(it.span), " "]);
        flags.collect()
    }

    /// Whether a manifest is a folder, such as `.yarn/releases`.
    fn folders(&self, file: &str) -> bool {
        self.cx.contexts().iter().any(|it| it.kind(file) == Some(Kind::Folder))
    }

    /// The `RUN` that installs only the dependencies.
    fn restricted_run(&self, at: usize, restricted: &Restricted) -> Option<String> {
        let step = &self.stage.steps[at];
        let StepKind::Run(run) = &step.kind else { return None };
        let instruction = self.cx.model.instruction(step);
        let source = self.cx.source;
        let command = run.packages().iter().find(|it| is_install(it))?;
        match restricted {
            Restricted::Add(words) => {
                let head = run.invocations()[command.invocation].words.get(command.head.end.checked_sub(1)?)?;
                let at = (head.span.end - instruction.span.start) as usize;
                let text = source.slice(instruction.span);
                Some(format!("{} {}{}", &text[..at], words.join(" "), &text[at..]))
            }
            Restricted::Instead(words) => {
                let folder = run.folder(command)?;
                if step.before.workdir.as_deref() != Some(folder) {
                    return None;
                }
                // The flags as they are laid out, and the command where the other one stands.
                let start = run.invocations().first()?.command.start;
                let head = instruction.flags.last().map_or(instruction.keyword.span, |it| it.span);
                let gap = source.slice(Span { start: head.end, end: start.max(head.end) });
                let gap = if gap.trim_matches(['\\', '`', ' ', '\t', '\r', '\n']).is_empty() { gap } else { " " };
                // What is set for the install may say where packages come from, or where they are kept.
                let invocation = &run.invocations()[command.invocation];
                let harmless = command.manager.project.as_ref().map_or(&[][..], |it| &it.fetch_ignores);
                let is_harmless = |name: &str| harmless.iter().any(|it| it == name);
                let all_harmless = invocation.environment.iter().all(|it| is_harmless(&it.name));
                if !all_harmless || run.exports().flat_map(|(_, it)| &it.environment).any(|it| !is_harmless(&it.name)) {
                    return None;
                }
                Some(format!("{}{gap}{words}", source.slice(instruction.keyword.span.cover(head))))
            }
        }
    }
}

/// Where in the image a path of the context arrives by a copy of folders.
fn place_of(copy: &Copy, path: &str) -> Option<String> {
    let destination = copy.destination.as_deref()?;
    copy.sources.iter().flatten().find_map(|source| {
        let rest = if source == "." {
            Some(path)
        } else {
            path.strip_prefix(source.as_str()).map(|it| it.trim_start_matches('/'))
        };
        let rest = rest?;
        if rest.is_empty() {
            let name = path.rsplit('/').next()?;
            return Some(if copy.into_folder { join(destination, name) } else { destination.to_owned() });
        }
        absolute(Some(destination), rest)
    })
}
