//! `FROM` with an argument that nobody declares: see `rules/syntax/undefined-from-argument.md`.

use super::from_arguments::{PREDEFINED, global, globals};
use crate::{
    finding::Finding,
    model::{is_refused, variables},
    names,
    rule::{Check, FileCx, Rule},
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "undefined-from-argument", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for from in cx.all(Keyword::From) {
        let platform = from.flag("platform").and_then(|it| it.value.as_ref());
        for word in from.words().first().into_iter().chain(platform) {
            for name in variables(&word.text, cx.unit.syntax.escape) {
                if PREDEFINED.iter().any(|(it, _)| *it == name) || global(cx, name).is_some() {
                    continue;
                }
                let message = format!("`{name}` is not declared before the first `FROM`");
                let mut finding = Finding::new(RULE.name, cx.at(word.span), message);
                let declared = globals(cx).map(|it| it.text.split('=').next().unwrap_or_default());
                let near = names::closest(name, declared.chain(PREDEFINED.map(|(it, _)| it)));
                finding.note = Some(match near {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => "It is empty, whatever is passed with `--build-arg`.".to_owned(),
                });
                out.push(if is_refused(&word.text, name) { finding.for_parity() } else { finding });
            }
        }
    }
}
