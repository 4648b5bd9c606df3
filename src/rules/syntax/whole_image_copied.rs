//! `COPY --from=image / /`: see `rules/syntax/whole-image-copied.md`.

use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "whole-image-copied", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for copy in cx.all(Keyword::Copy) {
        let Some(from) = copy.flag("from") else { continue };
        let [source, target] = copy.words() else { continue };
        if [source, target].iter().all(|it| it.text.trim_matches(['"', '\'']) == "/") {
            let name = from.value.as_ref().map_or("", |it| &it.text);
            let message = format!("everything in `{name}` is copied over this image");
            out.push(
                Finding::new(RULE.name, cx.at(from.span.cover(target.span)), message)
                    .note("Of two files with the same path one is lost, and the layer is as big as the other image."),
            );
        }
    }
}
