//! A stage that copies from itself: see `rules/syntax/copy-from-itself.md`.

use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::{Instruction, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "copy-from-itself", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let stages: Vec<&Instruction> = cx.all(Keyword::From).collect();
    for copy in cx.all(Keyword::Copy) {
        let Some(source) = copy.flag("from").and_then(|it| it.value.as_ref()) else { continue };
        let Some(own) = copy.stage else { continue };
        let name = stages.get(own).and_then(|it| it.words().get(2));
        let by_name = name.is_some_and(|it| it.text.eq_ignore_ascii_case(&source.text));
        let by_index = source.text.parse() == Ok(own);
        if !by_name && !by_index {
            continue;
        }
        let message = format!("`{}` is the stage that this stands in", source.text);
        let finding = Finding::new(RULE.name, cx.at(source.span), message)
            .note("A stage cannot copy from itself: the build fails.");
        // hadolint knows stages by exact names only.
        out.push(if name.is_some_and(|it| it.text == source.text) { finding } else { finding.only_as(&[]) });
    }
}
