//! Markdown for a comment on a pull request: the counts, and a table.

use std::fmt::Write;

use super::{Counts, Place, counted, kinds};
use crate::{edit::Safety, finding::Finding, project::Project};

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
            "| `{}:{}` | {} | {} (`{}`) | {fix} |\n",
            place.path.replace(['`', '|'], "?"),
            place.start.line,
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

/// A text that neither ends the cell nor becomes HTML; what stands in backticks is shown as it is.
fn cell(text: &str) -> String {
    let mut in_code = false;
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' => out.push_str("\\|"),
            '\n' | '\r' => out.push(' '),
            '<' if !in_code => out.push_str("&lt;"),
            '@' if !in_code => out.push_str("&#64;"),
            _ => out.push(letter),
        }
        in_code ^= letter == '`';
    }
    out
}
