//! Several sources and a destination that may be a file: see `rules/syntax/copy-without-slash.md`.

use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::{Args, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "copy-without-slash", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for copy in cx.all(Keyword::Copy) {
        let [_, _, .., target] = copy.words() else { continue };
        let path = target.text.trim_matches(['"', '\'']);
        if path.ends_with('/') || !copy.heredocs.is_empty() {
            continue;
        }
        let message = format!("several sources go to `{path}`, which may be a file or a folder");
        let mut finding = Finding::new(RULE.name, cx.at(target.span), message)
            .note("With a slash at its end everybody knows that it is a folder; the legacy builder insists on it.");
        if path.contains('$') || path == "." || path.ends_with("/.") {
            finding = finding.for_parity();
        }
        if path == target.text && !path.contains('$') {
            let end = target.span.end as usize - usize::from(matches!(copy.args, Args::Json(_)));
            finding.fix = cx.fix(format!("Write `{path}/`"), Safety::Safe, [Edit::insert(end, "/")]);
        }
        out.push(finding);
    }
}
