//! A `tmpfs` mount that widens what is sent: see `rules/context/tmpfs-sends-all.md`.

use std::collections::BTreeMap;

use crate::{
    build::Target,
    context::Needs,
    finding::Finding,
    model::StepKind,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("context" / "tmpfs-sends-all", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let has_tmpfs = cx.model.stages.iter().flat_map(|it| &it.steps).any(|it| match &it.kind {
        StepKind::Run(run) => run.mounts.iter().any(crate::model::Mount::is_tmpfs),
        StepKind::Copy(_) | StepKind::Other => false,
    });
    if !has_tmpfs {
        return;
    }
    let needs = Needs::of(cx.model, &Target::Last, &BTreeMap::new());
    let Some(mount) = needs.tmpfs.filter(|_| needs.unknown.is_none() && !needs.all.is_empty()) else { return };
    if needs.all.iter().any(crate::context::Need::is_whole) {
        return;
    }
    let mut finding =
        Finding::new(RULE.name, cx.at(mount), "because of this `tmpfs` mount the whole context is sent".to_owned());
    finding.note = Some(
        "BuildKit takes it for a mount of the context, and no longer sends only what is copied by name. \
         The files stay out of the image; keep them back with an ignore file, or write to a folder that a later command removes."
            .to_owned(),
    );
    out.push(finding);
}
