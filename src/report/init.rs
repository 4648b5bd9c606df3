//! What `dockopt init` writes.

use std::fmt::Write as _;

use serde_json::json;

use crate::init::Plan;

/// As lines, one for each file.
pub fn human(plan: &Plan, dry_run: bool) -> String {
    let mut out = String::new();
    let width = plan.files.iter().map(|it| it.path.chars().count()).max().unwrap_or(0);
    let done = if dry_run { "Would write" } else { "Wrote" };
    for file in &plan.files {
        let _ = writeln!(out, "{done} {:width$}  {}", file.path, file.part.purpose());
    }
    for (part, reason) in &plan.left_out {
        let _ = writeln!(out, "Left out {}: {reason}", part.as_str());
    }
    out
}

/// As JSON, with the texts.
pub fn json(plan: &Plan, dry_run: bool) -> String {
    let files: Vec<_> = plan
        .files
        .iter()
        .map(|it| json!({ "part": it.part.as_str(), "path": it.path, "text": it.text, "executable": it.is_program }))
        .collect();
    let left_out: Vec<_> = plan.left_out.iter().map(|it| json!({ "part": it.0.as_str(), "reason": it.1 })).collect();
    let unknown: Vec<_> = plan.unknown.iter().map(|it| json!({ "dockerfile": it.0, "reason": it.1 })).collect();
    let all = json!({ "version": 1, "written": !dry_run, "files": files, "left_out": left_out, "unknown": unknown });
    format!("{all}\n")
}
