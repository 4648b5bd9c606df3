//! `COPY --exclude` of what is sent all the same: see `rules/context/wasted-exclude.md`.

use crate::{
    context,
    finding::Finding,
    model::StepKind,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("context" / "wasted-exclude", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for step in cx.model.stages.iter().flat_map(|it| &it.steps) {
        let StepKind::Copy(copy) = &step.kind else { continue };
        if !copy.is_broad() {
            continue;
        }
        let instruction = cx.model.instruction(step);
        for flag in instruction.flags.iter().filter(|it| it.name == "exclude") {
            let Some(pattern) = flag.value.as_ref().map(|it| it.text.as_str()) else { continue };
            let contexts = cx.contexts();
            let is_ignored = |it: &context::Context| it.ignore.patterns().iter().any(|it| it.text == pattern);
            if contexts.iter().any(is_ignored) {
                continue;
            }
            let message = format!("`--exclude={pattern}` keeps the files out of the image, but they are sent");
            let mut finding = Finding::new(RULE.name, cx.at(flag.span), message);
            finding.note = Some(
                "Only the ignore file makes the context smaller; where no build needs them, put the pattern there."
                    .to_owned(),
            );
            out.push(finding);
        }
    }
}
