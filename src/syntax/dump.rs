//! The parsed file as JSON, for `dockopt syntax` and the comparison with BuildKit's parser.

use serde_json::{Map, Value, json};

use super::{Args, Dockerfile, Flag, Heredoc, Instruction};
use crate::source::Source;

/// A parsed file as one JSON object.
///
/// Flags and JSON strings are written as BuildKit reads them, without their quotes; all else as it stands.
pub fn dump(path: &str, source: &Source, file: &Dockerfile) -> Value {
    let directives: Map<_, _> =
        file.directives().map(|it| (it.name.text.clone(), Value::from(it.value.text.as_str()))).collect();
    let instructions: Vec<_> = file.instructions().map(|it| instruction(source, it)).collect();
    let errors: Vec<_> =
        file.errors.iter().map(|it| json!({ "line": source.line(it.span.start), "message": it.message })).collect();
    json!({
        "path": path,
        "directives": directives,
        "escape": file.escape,
        "instructions": instructions,
        "errors": errors,
    })
}

fn instruction(source: &Source, it: &Instruction) -> Value {
    let mut value = json!({
        "keyword": it.keyword.text,
        "start_line": source.line(it.span.start),
        "end_line": source.line(it.span.end),
        "flags": it.flags.iter().map(flag).collect::<Vec<_>>(),
        "args": args(&it.args),
        "json": is_json(&it.args),
        "heredocs": it.heredocs.iter().map(|it| heredoc(source, it)).collect::<Vec<_>>(),
        "stage": it.stage,
    });
    if let Args::Onbuild(inner) = &it.args {
        value["onbuild"] = instruction(source, inner);
    }
    value
}

fn flag(it: &Flag) -> String {
    match &it.value {
        Some(value) => format!("--{}={}", it.name, value.text),
        None => format!("--{}", it.name),
    }
}

fn heredoc(source: &Source, it: &Heredoc) -> Value {
    json!({ "name": it.name, "body": source.slice(it.body) })
}

fn is_json(args: &Args) -> bool {
    match args {
        Args::Json(_) => true,
        Args::Health { command: Some(command), .. } => is_json(command),
        _ => false,
    }
}

/// The arguments as strings.
fn args(it: &Args) -> Vec<String> {
    match it {
        Args::Words(words) | Args::Json(words) => words.iter().map(|it| it.text.clone()).collect(),
        Args::Pairs(pairs) => pairs
            .iter()
            .map(|it| format!("{}{}{}", it.key.text, if it.legacy { ' ' } else { '=' }, it.value.text))
            .collect(),
        Args::Shell(text) => vec![text.text.clone()],
        Args::Text(word) => vec![word.text.clone()],
        Args::Health { kind, command } => {
            let command = command.as_deref().map(args).unwrap_or_default();
            std::iter::once(kind.text.clone()).chain(command).collect()
        }
        Args::Onbuild(_) | Args::None => Vec::new(),
    }
}
