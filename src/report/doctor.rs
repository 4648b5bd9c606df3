//! What a machine has for quick builds.

use std::fmt::Write as _;

use serde_json::json;

use super::Options;
use crate::{doctor::Check, finding::Level};

/// As lines, for people.
pub fn human(checks: &[Check], options: Options) -> String {
    let mut out = String::new();
    for check in checks {
        let (word, color) = match check.level {
            None => ("ok", "32"),
            Some(Level::Note) => ("note", "36"),
            Some(Level::Warning) => ("warning", "33"),
            Some(Level::Error) => ("error", "31"),
        };
        let word = format!("{word:7}");
        let word = if options.color { format!("\u{1b}[{color}m{word}\u{1b}[0m") } else { word };
        let _ = writeln!(out, "{word} {}: {}", check.name, check.message);
        if let Some(next) = &check.next {
            let _ = writeln!(out, "        next: {next}");
        }
    }
    out
}

/// As JSON.
pub fn json(checks: &[Check]) -> String {
    let checks: Vec<_> = checks
        .iter()
        .map(|it| {
            let level = it.level.map_or("ok", Level::as_str);
            json!({ "name": it.name, "level": level, "message": it.message, "next": it.next })
        })
        .collect();
    format!("{}\n", json!({ "version": 1, "checks": checks }))
}
