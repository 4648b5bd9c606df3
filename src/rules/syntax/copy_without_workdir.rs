//! `COPY` to a relative path where no `WORKDIR` is set: see `rules/syntax/copy-without-workdir.md`.

use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "copy-without-workdir", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let is_workdir = |step| cx.model.instruction(step).kind == Keyword::Workdir;
    for stage in &cx.model.stages {
        if cx.model.ancestry(stage.index).skip(1).flat_map(|it| &it.steps).any(is_workdir) {
            continue;
        }
        for step in stage.steps.iter().take_while(|it| !is_workdir(it)) {
            let copy = cx.model.instruction(step);
            let Some(target) = copy.words().last().filter(|_| copy.kind == Keyword::Copy) else { continue };
            let path = target.text.trim_matches(['"', '\'']);
            let drive = path.as_bytes().get(1) == Some(&b':');
            if path.starts_with(['/', '$']) || drive {
                continue;
            }
            let message = format!("`{path}` lies wherever the base image has its working directory");
            out.push(
                Finding::new(RULE.name, cx.at(target.span), message)
                    .note("Set a `WORKDIR` before, or write the whole path."),
            );
        }
    }
}
