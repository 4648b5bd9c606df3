//! A context without an ignore file that will need one: see `rules/context/missing-ignore-file.md`.

use super::{
    ballast::{self, own_files},
    sharing::{self, first_line, list},
};
use crate::{
    edit::Safety,
    finding::{Finding, Fix},
    rule::{Check, ProjectCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("context" / "missing-ignore-file", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for shared in sharing::of_broad_copies(cx) {
        let Some((file, need)) = shared.first_whole() else { continue };
        let Some((names, lines)) = ballast::expected(shared) else { continue };
        let mut lines = shared.harmless(&lines);
        lines.extend(shared.harmless(&own_files(shared)));
        let when = if names.len() == 1 { "it is there" } else { "they are there" };
        let copy = first_line(file, need);
        let message = format!("there is no ignore file, and `{copy}` takes in {} as soon as {when}", list(&names));
        let mut finding = Finding::new(RULE.name, file.at(need.span), message);
        finding.note = Some(
            "Whoever works on the project gets such folders sooner or later; then they are sent with every build, and \
             go into the image."
                .to_owned(),
        );
        let safety = if shared.open.is_none() { Safety::Safe } else { Safety::Unsafe };
        finding.fix = shared.add(&lines).map(|change| Fix { title: shared.title(), safety, change });
        out.push(finding);
    }
}
