//! A stage called `scratch` or `context`: see `rules/syntax/reserved-stage-name.md`.

use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "reserved-stage-name", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for from in cx.all(Keyword::From) {
        let [_, _, name] = from.words() else { continue };
        let reserved = ["scratch", "context"];
        if !reserved.iter().any(|it| it.eq_ignore_ascii_case(&name.text)) {
            continue;
        }
        let message = format!("a stage cannot well be called `{}`", name.text);
        let finding = Finding::new(RULE.name, cx.at(name.span), message)
            .note("The name has a meaning of its own: the empty image, or the build context.");
        // hadolint does not know that case makes no difference.
        let is_exact = reserved.contains(&name.text.as_str());
        out.push(if is_exact { finding } else { finding.only_as(&["buildkit/ReservedStageName"]) });
    }
}
