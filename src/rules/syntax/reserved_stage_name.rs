//! A stage called `scratch` or `context`: see `rules/syntax/reserved-stage-name.md`.

use crate::{
    build::Target,
    edit::{Edit, Safety},
    finding::{Finding, Fix},
    rule::{Check, FileCx, Rule},
    syntax::{Instruction, Keyword, Word},
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
        let mut finding = Finding::new(RULE.name, cx.at(name.span), message)
            .note("The name has a meaning of its own: the empty image, or the build context.");
        finding.fix = renamed(cx, from, name);
        // hadolint does not know that case makes no difference.
        let is_exact = reserved.contains(&name.text.as_str());
        out.push(if is_exact { finding } else { finding.only_as(&["buildkit/ReservedStageName"]) });
    }
}

/// Another name for the stage, here and where it is used. `None` where a build asks for it by its name, or where it is
/// used in a way that is not followed here.
fn renamed(cx: &FileCx<'_>, from: &Instruction, name: &Word) -> Option<Fix> {
    let stage = cx.model.stages.iter().find(|it| Some(it.index) == from.stage)?;
    let is_name = |text: &str| text.eq_ignore_ascii_case(&name.text);
    let new = format!("{}-stage", name.text);
    let is_taken = cx.model.stages.iter().any(|it| it.name.as_deref() == Some(&new.to_lowercase()));
    let mut builds = cx.project.builds_of(&cx.source.path);
    let is_target = builds.any(|it| matches!(&it.target, Target::Stage(target) if is_name(target)));
    let is_mounted = cx.instructions().flat_map(|it| &it.flags).any(|it| {
        let value = it.value.as_ref().map(|it| it.text.to_lowercase());
        it.name == "mount" && value.is_some_and(|it| it.contains(&format!("from={}", name.text.to_lowercase())))
    });
    let names = cx.model.stages.iter().filter(|it| it.name.as_deref().is_some_and(is_name)).count();
    if is_taken || is_target || is_mounted || names != 1 {
        return None;
    }
    let mut edits = vec![Edit::replace(name.span, new.as_str())];
    for instruction in cx.instructions().filter(|it| it.stage.is_some_and(|it| it > stage.index)) {
        // Whether the stage or the empty image is meant is the very doubt.
        if instruction.kind == Keyword::From && instruction.words().first().is_some_and(|it| is_name(&it.text)) {
            return None;
        }
        let used = instruction.flag("from").and_then(|it| it.value.as_ref()).filter(|it| is_name(&it.text));
        edits.extend(used.map(|it| Edit::replace(it.span, new.as_str())));
    }
    cx.fix(format!("Call it `{new}`"), Safety::Unsafe, edits)
}
