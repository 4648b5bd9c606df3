//! `FROM --platform=linux/amd64`: see `rules/syntax/constant-platform.md`.

use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
    source::Span,
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "constant-platform", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for from in cx.all(Keyword::From) {
        let Some(flag) = from.flag("platform") else { continue };
        let Some(value) = flag.value.as_ref().map(|it| it.text.as_str()) else { continue };
        let hadolint = !value.contains("BUILDPLATFORM") && !value.contains("TARGETPLATFORM");
        let name = from.words().get(2).map(|it| it.text.to_lowercase());
        // A stage that is named for its platform is meant to have that one.
        let parts: Vec<&str> = value.split('/').collect();
        let is_named = name.is_some_and(|name| parts.iter().take(2).any(|it| name.contains(it)));
        let buildkit = !value.contains('$') && !is_named && (1..=3).contains(&parts.len());
        if !hadolint && !buildkit {
            continue;
        }
        let message = format!("`--platform={value}` holds for every build");
        let mut finding = Finding::new(RULE.name, cx.at(flag.span), message)
            .note("Whoever builds for another platform gets this one all the same.");
        let next = from.words().first().map(|it| it.span.start);
        if let Some(end) = next.filter(|_| from.flags.len() == 1 && from.comments.is_empty()) {
            let edit = Edit::delete(Span { start: flag.span.start, end });
            finding.fix = cx.fix("Remove the flag", Safety::Unsafe, [edit]);
        }
        out.push(if buildkit { finding } else { finding.only_as(&["hadolint/DL3029"]) });
    }
}
