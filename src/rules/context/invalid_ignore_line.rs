//! Lines of an ignore file on which the build fails: see `rules/context/invalid-ignore-line.md`.

use super::lines;
use crate::{
    finding::Finding,
    rule::{Check, ProjectCx, Rule},
    source::Location,
};

pub(super) static RULE: Rule = crate::rule!("context" / "invalid-ignore-line", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for (file, _, ignore) in lines::ignore_files(cx.project) {
        for error in ignore.errors() {
            let mut finding = Finding::new(RULE.name, Location { file, span: error.span }, error.message.clone());
            finding.note = Some(if error.late {
                "The build fails as soon as it compares a file with this pattern.".to_owned()
            } else {
                "Every build with this ignore file fails.".to_owned()
            });
            out.push(finding);
        }
    }
}
