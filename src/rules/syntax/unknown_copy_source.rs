//! `COPY --from` with a name that no earlier stage has: see `rules/syntax/unknown-copy-source.md`.

use crate::{
    finding::{Finding, Label},
    rule::{Check, FileCx, Rule},
    syntax::{Instruction, Keyword, Word},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "unknown-copy-source", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let stages: Vec<&Instruction> = cx.all(Keyword::From).collect();
    for copy in cx.all(Keyword::Copy) {
        let Some(source) = copy.flag("from").and_then(|it| it.value.as_ref()) else { continue };
        let own = copy.stage.unwrap_or_default();
        let earlier = &stages[..own.min(stages.len())];
        let is_index = source.text.parse::<usize>().is_ok_and(|it| it <= own);
        let is_exact = |it: &&Instruction| name(it).is_some_and(|it| it.text == source.text);
        let is_same = |it: &&Instruction| name(it).is_some_and(|it| it.text.eq_ignore_ascii_case(&source.text));
        let own_name = stages.get(own).is_some_and(is_same);
        if is_index || source.text.contains(':') || earlier.iter().any(is_exact) || own_name {
            continue;
        }
        let later = stages[own.min(stages.len())..].iter().skip(1).find(|it| is_same(it)).and_then(|it| name(it));
        if let Some(later) = later {
            let message = format!("the stage `{}` comes only after this one", source.text);
            let mut finding = Finding::new(RULE.name, cx.at(source.span), message)
                .note("The builder finds stages that stand above, and takes any other name for an image.");
            finding.related = vec![Label { location: cx.at(later.span), text: "it begins here".to_owned() }];
            out.push(finding);
            continue;
        }
        let message = format!("no earlier stage is called `{}`", source.text);
        let finding = Finding::new(RULE.name, cx.at(source.span), message)
            .note("The builder takes it for an image; with a tag that is plain to see.")
            .for_parity();
        out.push(finding);
    }
}

/// The name that a `FROM` gives its stage.
fn name(from: &Instruction) -> Option<&Word> {
    from.words().get(2)
}
