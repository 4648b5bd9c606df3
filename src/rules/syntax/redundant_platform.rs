//! `--platform=$TARGETPLATFORM`: see `rules/syntax/redundant-platform.md`.

use super::from_arguments::global;
use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
    source::Span,
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "redundant-platform", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for from in cx.all(Keyword::From) {
        let Some(flag) = from.flag("platform") else { continue };
        let Some(value) = &flag.value else { continue };
        let exact = matches!(value.text.as_str(), "$TARGETPLATFORM" | "${TARGETPLATFORM}");
        let with_default = value.text.starts_with("${TARGETPLATFORM:-") && value.text.ends_with('}');
        if !exact && !with_default || global(cx, "TARGETPLATFORM").is_some() {
            continue;
        }
        let mut finding =
            Finding::new(RULE.name, cx.at(flag.span), format!("`--platform={}` says nothing", value.text))
                .note("The platform of the build is what `FROM` takes anyway.");
        if !exact {
            finding = finding.only_as(&["buildkit/RedundantTargetPlatform"]);
        }
        let next = from.words().first().map(|it| it.span.start);
        if let Some(end) = next.filter(|_| from.flags.len() == 1) {
            let edit = Edit::delete(Span { start: flag.span.start, end });
            finding.fix = cx.fix("Remove the flag", Safety::Safe, [edit]).filter(|_| from.comments.is_empty());
        }
        out.push(finding);
    }
}
