//! Markdown for a comment on a pull request: the counts, and a table.

use std::fmt::Write;

use super::{Counts, Place, kinds};
use crate::{edit::Safety, finding::Finding, names::counted, project::Project};

/// GitHub and GitLab refuse comments of more than 65,536 and a million characters.
const MOST_BYTES: usize = 60_000;

pub(super) fn report(project: &Project, findings: &[Finding]) -> String {
    let counts = Counts::of(findings);
    if findings.is_empty() {
        return format!("**dockopt**: no findings in {}\n", counted(project.dockerfiles.len(), "Dockerfile"));
    }
    let mut out = format!("**dockopt**: {}", kinds(counts));
    if counts.fixable_safe > 0 {
        let _ = write!(out, ", {} fixed safely by `dockopt fix`", counts.fixable_safe);
    }
    out.push_str("\n\n| place | level | finding | fix |\n|---|---|---|---|\n");
    for (at, finding) in findings.iter().enumerate() {
        let place = Place::of(project, finding.location);
        let fix = finding.fix.as_ref().filter(|it| it.safety >= Safety::Unsafe);
        let fix = fix.map(|it| format!("{} ({})", cell(&it.title), it.safety.as_str())).unwrap_or_default();
        let row = format!(
            "| {} | {} | {} (`{}`) | {fix} |\n",
            cell(&format!("`{}:{}`", place.path.replace('`', "?"), place.start.line)),
            finding.level.as_str(),
            cell(&finding.message),
            finding.rule,
        );
        if out.len() + row.len() > MOST_BYTES {
            let _ = writeln!(out, "\n{} more are left out here.", findings.len() - at);
            break;
        }
        out.push_str(&row);
    }
    out
}

/// A text that neither ends the cell nor becomes HTML, emphasis, a link or a mention; what stands in backticks is shown
/// as it is.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        if ticks > 0 {
            // As in CommonMark, code goes on to as many backticks as it began with; others are but letters.
            let end = ticks + closing(&rest[ticks..], ticks).unwrap_or(0);
            if end > ticks {
                for letter in rest[..end].chars() {
                    match letter {
                        '|' => out.push_str("\\|"),
                        '\n' | '\r' => out.push(' '),
                        _ => out.push(letter),
                    }
                }
            } else {
                out.push_str(&"\\`".repeat(ticks));
            }
            rest = &rest[end..];
            continue;
        }
        match letter {
            '\n' | '\r' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '|' | '\\' | '*' | '_' | '~' | '[' | ']' => out.extend(['\\', letter]),
            _ => out.push(letter),
        }
        rest = &rest[letter.len_utf8()..];
    }
    out
}

/// Where the first run of exactly so many backticks ends.
fn closing(text: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(start) = text[at..].find('`') {
        let run = text[at + start..].len() - text[at + start..].trim_start_matches('`').len();
        at += start + run;
        if run == ticks {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        assert_eq!(cell("`a|<b>*c*@d` has no *tag*, <b>|"), "`a\\|<b>*c*@d` has no \\*tag\\*, &lt;b>\\|");
        // A backtick that nothing closes begins no code, and so protects nothing.
        assert_eq!(cell("```<b>` @me"), "\\`\\`\\`&lt;b>\\` &#64;me");
        assert_eq!(cell("``a` <b>"), "\\`\\`a\\` &lt;b>");
    }
}
