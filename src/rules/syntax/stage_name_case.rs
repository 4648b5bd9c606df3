//! Stage names with capital letters: see `rules/syntax/stage-name-case.md`.

use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "stage-name-case", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for from in cx.all(Keyword::From) {
        let [_, _, name] = from.words() else { continue };
        let lower = name.text.to_lowercase();
        if name.text == lower {
            continue;
        }
        let message = format!("the stage name `{}` has capital letters", name.text);
        let mut finding = Finding::new(RULE.name, cx.at(name.span), message)
            .note("Names are compared in lower case, so that this one stands for another than it seems to.");
        let mut edits = vec![Edit::replace(name.span, lower.as_str())];
        for copy in cx.all(Keyword::Copy) {
            let value = copy.flag("from").and_then(|it| it.value.as_ref());
            edits.extend(value.filter(|it| it.text == name.text).map(|it| Edit::replace(it.span, lower.as_str())));
        }
        finding.fix = cx.fix(format!("Write `{lower}`"), Safety::Safe, edits);
        out.push(finding);
    }
}
