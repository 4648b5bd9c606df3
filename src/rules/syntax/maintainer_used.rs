//! `MAINTAINER`: see `rules/syntax/maintainer-used.md`.

use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::{Args, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "maintainer-used", Check::File(check));

const LABEL: &str = "org.opencontainers.image.authors";

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for instruction in cx.all(Keyword::Maintainer) {
        let mut finding = Finding::new(RULE.name, cx.at(instruction.keyword.span), "`MAINTAINER` is out of use")
            .note(format!("The label `{LABEL}` says the same, and `docker inspect` and registries show it."));
        if let Args::Text(text) = &instruction.args
            && instruction.stage.is_some()
            && instruction.comments.is_empty()
        {
            let name = text.text.trim_matches(['"', '\'']);
            if !name.contains(['"', '\\', '`', '$']) {
                let place = instruction.keyword.span.cover(text.span);
                let edit = Edit::replace(place, format!("LABEL {LABEL}=\"{name}\""));
                finding.fix = cx.fix("Make it a label", Safety::Unsafe, [edit]);
            }
        }
        out.push(finding);
    }
}
