//! The report of the program `shellcheck`, in its format `json1`.

use std::{collections::BTreeMap, ops::Range};

use serde::Deserialize;

use super::{Remark, Script, Severity, is_wanted};

#[derive(Deserialize)]
struct Report {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    file: String,
    line: usize,
    end_line: usize,
    column: usize,
    end_column: usize,
    level: String,
    code: u16,
    message: String,
}

/// What a report says of each of some scripts; `name` is that of the file of each.
pub fn parse<'a>(
    report: &str,
    scripts: impl Iterator<Item = (String, &'a Script)>,
) -> Result<Vec<Vec<Remark>>, serde_json::Error> {
    let report: Report = serde_json::from_str(report)?;
    let mut by_file: BTreeMap<String, Vec<Comment>> = BTreeMap::new();
    for comment in report.comments {
        by_file.entry(comment.file.clone()).or_default().push(comment);
    }
    let of_script = |(name, script): (String, &Script)| {
        let comments = by_file.get(&name).into_iter().flatten();
        comments.filter(|it| is_wanted(it.code, script.shell)).filter_map(|it| remark(it, script)).collect()
    };
    Ok(scripts.map(of_script).collect())
}

fn remark(comment: &Comment, script: &Script) -> Option<Remark> {
    let start = offset(&script.text, comment.line, comment.column)?.checked_sub(script.start)?;
    let end = offset(&script.text, comment.end_line, comment.end_column)?.checked_sub(script.start)?;
    let range: Range<usize> = start..end.max(start);
    let severity = match comment.level.as_str() {
        "warning" => Severity::Warning,
        "info" | "style" => Severity::Note,
        _ => Severity::Error,
    };
    Some(Remark { code: comment.code, severity, range, message: message(&comment.message) })
}

/// The byte of a line and a column, which counts characters; both from 1.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let start = match line.checked_sub(2) {
        None => 0,
        Some(before) => text.match_indices('\n').nth(before)?.0 + 1,
    };
    let line = text[start..].split('\n').next().unwrap_or_default();
    let at = line.char_indices().nth(column.checked_sub(1)?).map_or(line.len(), |(at, _)| at);
    Some(start + at)
}

/// The message as dockopt writes messages: in lower case, unless a name begins it, and without a full stop.
fn message(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().collect::<String>() + &text[first.len_utf8()..]
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shellcheck::Shell;

    #[test]
    fn a_report_is_read() {
        let script = Script::new("a 'ä' $x\nb", Shell::Sh, ["X"]);
        let text = r#"{"comments": [
            {"file": "0", "line": 3, "endLine": 3, "column": 7, "endColumn": 9, "level": "info", "code": 2086,
             "message": "Double quote this.", "fix": null},
            {"file": "0", "line": 4, "endLine": 4, "column": 1, "endColumn": 2, "level": "error", "code": 1072,
             "message": "DNS is hard", "fix": null},
            {"file": "0", "line": 1, "endLine": 1, "column": 1, "endColumn": 2, "level": "error", "code": 2239,
             "message": "before the text", "fix": null},
            {"file": "0", "line": 3, "endLine": 3, "column": 1, "endColumn": 2, "level": "info", "code": 1091,
             "message": "excluded", "fix": null}
        ]}"#;
        let found = parse(text, [("0".to_owned(), &script), ("1".to_owned(), &script)].into_iter()).unwrap();
        let remark =
            |code, severity, range, message: &str| Remark { code, severity, range, message: message.to_owned() };
        let expected = [
            remark(2086, Severity::Note, 7..9, "double quote this"),
            remark(1072, Severity::Error, 10..11, "DNS is hard"),
        ];
        assert_eq!(found, [expected.to_vec(), Vec::new()]);
        assert!(parse("no", std::iter::empty()).is_err());
    }
}
