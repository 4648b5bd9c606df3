//! Edits of the steps of a workflow: inputs more, a step more, an input less.

use super::{BUILD_PUSH, SETUP_BUILDX};
use crate::{
    edit::{Change, Edit},
    project::Project,
    source::{Source, Span},
    workflow::{Job, Step, Workflow},
    yaml::{
        Node,
        lines::{Lines, indent, is_head, says_something},
    },
};

/// The edit that gives a step inputs more, below those that it has; `None` where it is not in a form that can be edited.
pub(super) fn add_inputs(source: &Source, workflow: &Workflow, step: &Step, inputs: &[(&str, String)]) -> Option<Edit> {
    let tree = &workflow.tree;
    let lines = Lines::of(source);
    let text = |indent: usize| {
        let line = |(key, value): &(&str, String)| format!("{}{key}: {value}\n", " ".repeat(indent));
        inputs.iter().map(line).collect::<Vec<_>>().concat()
    };
    if let Some(with) = tree.get(step.node, "with") {
        let head = lines.at(with.key)?;
        let first = tree.entries(with.value).first()?.key;
        let is_block = is_head(lines.all[head].1) && lines.at(first)? > head && first.start > with.key.end;
        let deep = lines.indent_below(head).filter(|_| is_block)?;
        return lines.insert_below(lines.block(head), &text(deep));
    }
    let uses = tree.get(step.node, "uses")?;
    let at = lines.at(uses.key)?;
    let (start, line) = lines.all[at];
    let column = uses.key.start as usize - start as usize;
    let is_first = line.trim_start().starts_with("- ") || line[..column].trim().is_empty();
    let step_in = lines.step();
    let block = format!("{}with:\n{}", " ".repeat(column), text(column + step_in));
    is_first.then(|| lines.insert_below(at, &block))?
}

/// The change that sets a builder up before the first build of a job; `None` where that cannot be written.
pub(super) fn set_up(project: &Project, workflow: &Workflow, job: &Job) -> Option<Change> {
    let source = project.source(workflow.file);
    let first = job.steps.iter().find(|it| it.uses.as_deref() == Some(BUILD_PUSH))?;
    // Where versions are pinned by their commits, a tag would be out of place.
    let is_commit = |it: &str| it.len() == 40 && it.bytes().all(|it| it.is_ascii_hexdigit());
    let line = source.line_text(first.uses_span.start);
    let version = line.split_once('@')?.1.split_whitespace().next()?.trim_matches(['"', '\'']);
    if is_commit(version) || job.name.is_empty() {
        return None;
    }
    let lines = Lines::of(source);
    let mut at = lines.at(workflow.tree.span(first.node))?;
    let deep = indent(lines.all[at].1);
    if !lines.all[at].1.trim_start().starts_with("- ") {
        return None;
    }
    let is_comment = |at: usize| lines.all[at].1.trim_start().starts_with('#') && indent(lines.all[at].1) == deep;
    while at > 0 && is_comment(at - 1) {
        at -= 1;
    }
    let is_apart = at > 0 && lines.all[at - 1].1.trim().is_empty();
    let gap = if is_apart { "\n" } else { "" };
    let text = format!("{}- uses: {SETUP_BUILDX}@v3\n{gap}", " ".repeat(deep));
    let edit = Edit::insert(lines.all[at].0 as usize, text);
    Some(Change::of(workflow.file, [edit])?.meant_for(workflow.file, ["jobs", &job.name, "steps"]))
}

/// The edit that takes an input out of a step, with its line; `None` where a comment would lose what it is about.
pub(super) fn remove_input(source: &Source, workflow: &Workflow, step: &Step, name: &str) -> Option<Edit> {
    let tree = &workflow.tree;
    let lines = Lines::of(source);
    let with = tree.get(step.node, "with")?;
    let entry = tree.get(with.value, name)?;
    let Node::Map(entries) = tree.node(with.value) else { return None };
    let last = lines.at(entry.key)?;
    let first = if entries.len() == 1 { lines.at(with.key)? } else { last };
    let is_own_line = |at: usize, key: Span| lines.all[at].0 as usize + indent(lines.all[at].1) == key.start as usize;
    let is_plain = (first..=last).all(|at| says_something(lines.all[at].1) && !lines.all[at].1.contains('#'));
    let above = first.checked_sub(1).map(|at| lines.all[at].1.trim_start().starts_with('#'));
    let places = is_own_line(last, entry.key) && is_own_line(first, if first == last { entry.key } else { with.key });
    let is_whole = first == last || last == first + 1;
    if !places || !is_plain || !is_whole || above == Some(true) {
        return None;
    }
    let end = lines.end(last).unwrap_or(source.text.len());
    Some(Edit::delete(Span::new(lines.all[first].0 as usize, end)))
}
