//! JSON for programs. Its form is stable: fields are added, never changed or removed.

use serde_json::{Value, json};

use super::instruction;
use crate::{
    build::Target,
    context::{Size, Status},
    measure::Measured,
    project::{EntryKind, Project},
};

/// The builds of a project, each with its entries.
pub fn report(project: &Project, builds: &[Measured]) -> String {
    let builds: Vec<_> = builds.iter().map(|it| build(project, it)).collect();
    format!("{}\n", json!({ "version": 1, "builds": builds }))
}

fn build(project: &Project, measured: &Measured) -> Value {
    let dockerfile = measured.dockerfile.map(|it| &project.source(it).path);
    let found_in = measured.found_in.map(|it| {
        let source = project.source(it.file);
        json!({ "file": source.path, "line": source.line(it.span.start) })
    });
    let target = match &measured.target {
        Target::Stage(stage) => Some(stage),
        Target::Last | Target::Unknown => None,
    };
    let problems: Vec<_> = measured.tree.problems.iter().map(|(path, error)| format!("{path}: {error}")).collect();
    json!({
        "dockerfile": dockerfile,
        "name": measured.name,
        "target": target,
        "context": measured.folder,
        "context_name": measured.named,
        "ignore_file": measured.ignore_path,
        "found_in": found_in,
        "asks": measured.dockerfile.is_some() && !measured.needs.is_nothing(),
        "sent": size(measured.sent.sent),
        "not_ignored": size(measured.sent.not_ignored),
        "total": size(measured.sent.total),
        "is_complete": !measured.tree.nodes.iter().any(|it| it.unwalked),
        "problems": problems,
        "entries": entries(project, measured),
    })
}

fn size(size: Size) -> Value {
    json!({ "bytes": size.bytes, "files": size.files })
}

/// All entries but the root, in the order of the walk: a folder before what it holds, names sorted.
fn entries(project: &Project, measured: &Measured) -> Vec<Value> {
    let tree = &measured.tree;
    let bytes = tree.sums(|_, _| true);
    let needs: Vec<Value> = match measured.dockerfile {
        Some(file) => (0..measured.needs.all.len() as u32)
            .map(|it| {
                let (line, text) = instruction(project, file, measured, it);
                json!({ "line": line, "instruction": text })
            })
            .collect(),
        None => Vec::new(),
    };
    let lines: Vec<Value> = measured
        .ignore
        .patterns()
        .iter()
        .map(|it| {
            let pattern = if it.negated { format!("!{}", it.text) } else { it.text.clone() };
            json!({ "file": measured.ignore_path, "line": it.line, "pattern": pattern })
        })
        .collect();
    let mut entries = Vec::with_capacity(tree.nodes.len());
    let mut open: Vec<(u32, String)> = tree.children(0).rev().map(|(at, node)| (at, node.name.to_string())).collect();
    while let Some((at, path)) = open.pop() {
        let node = &tree.nodes[at as usize];
        let (kind, status) = (
            match node.kind {
                EntryKind::File => "file",
                EntryKind::Folder => "dir",
                EntryKind::Link => "symlink",
            },
            match measured.sent.status[at as usize] {
                Status::Sent => "sent",
                Status::Unused => "unused",
                Status::Ignored => "ignored",
            },
        );
        let needed_by: Vec<&Value> = measured.sent.needed_by(at).iter().map(|it| &needs[*it as usize]).collect();
        entries.push(json!({
            "path": path,
            "bytes": (!node.unwalked).then_some(bytes[at as usize].bytes),
            "kind": kind,
            "status": status,
            "needed_by": needed_by,
            "decided_by": node.decided_by.map(|it| &lines[it as usize]),
        }));
        open.extend(tree.children(at).rev().map(|(at, node)| (at, format!("{path}/{}", node.name))));
    }
    entries
}
