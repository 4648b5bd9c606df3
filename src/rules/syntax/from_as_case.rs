//! `FROM … as` in another case: see `rules/syntax/from-as-case.md`.

use super::keyword_case::{Case, written};
use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "from-as-case", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for from in cx.all(Keyword::From) {
        let [_, keyword, _] = from.words() else { continue };
        let from = written(cx, from);
        let Some(case) = Case::of(&from).filter(|it| Case::of(&keyword.text) != Some(*it)) else { continue };
        let message = format!("`{}` is written in another way than `{from}`", keyword.text);
        let mut finding =
            Finding::new(RULE.name, cx.at(keyword.span), message).note("Keywords that look alike are found faster.");
        if keyword.text.eq_ignore_ascii_case("as") {
            let text = case.of_word(&keyword.text);
            finding.fix = cx.fix(format!("Write `{text}`"), Safety::Safe, [Edit::replace(keyword.span, text)]);
        }
        out.push(finding);
    }
}
