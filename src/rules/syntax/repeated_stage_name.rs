//! A stage name given twice: see `rules/syntax/repeated-stage-name.md`.

use crate::{
    finding::{Finding, Label},
    rule::{Check, FileCx, Rule},
    syntax::{Keyword, Word},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "repeated-stage-name", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let mut names: Vec<&Word> = Vec::new();
    for from in cx.all(Keyword::From) {
        let [_, _, name] = from.words() else { continue };
        if let Some(first) = names.iter().find(|it| it.text.eq_ignore_ascii_case(&name.text)) {
            let message = format!("another stage is called `{}` already", name.text);
            let mut finding = Finding::new(RULE.name, cx.at(name.span), message)
                .note("Whatever names it means the one or the other, as their order has it.");
            finding.related = vec![Label { location: cx.at(first.span), text: "here".to_owned() }];
            // hadolint does not know that case makes no difference.
            if first.text != name.text {
                finding = finding.only_as(&["buildkit/DuplicateStageName"]);
            }
            out.push(finding);
        }
        names.push(name);
    }
}
