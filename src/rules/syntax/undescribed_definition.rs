//! Comments above `ARG` and `FROM` that describe something else: see `rules/syntax/undescribed-definition.md`.

use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::{Instruction, ItemKind, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "undescribed-definition", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let directive = cx.unit.syntax.directives().find(|it| it.name.text == "check");
    let everywhere = directive.is_some_and(|it| enables(&it.value.text));
    // As BuildKit collects them: blank lines do not divide, a lone `#` and any instruction do.
    let mut comments: Vec<&str> = Vec::new();
    for item in &cx.unit.syntax.items {
        match &item.kind {
            ItemKind::Comment => match cx.source.slice(item.span).trim().trim_start_matches('#').trim() {
                "" => comments.clear(),
                text => comments.push(text),
            },
            ItemKind::Instruction(it) => {
                let here = comments.iter().any(|it| it.strip_prefix("check=").is_some_and(enables));
                if let (Some(last), Some(name)) = (comments.last(), names(it).first().copied())
                    && !names(it).iter().any(|it| last.split_whitespace().next() == Some(*it))
                {
                    let message = format!("the comment above does not describe `{name}`");
                    let finding = Finding::new(RULE.name, cx.at(it.keyword.span), message).note(format!(
                        "A comment that begins with `{name}` is shown by `docker build --call=outline`."
                    ));
                    // The check is an experiment of BuildKit, and off unless it is asked for.
                    out.push(if everywhere || here { finding } else { finding.only_as(&[]) });
                }
                comments.clear();
            }
            ItemKind::ByteOrderMark | ItemKind::Blank | ItemKind::Directive(_) => {}
        }
    }
}

/// The names that an instruction defines.
fn names(it: &Instruction) -> Vec<&str> {
    match it.kind {
        Keyword::Arg => it.words().iter().map(|it| it.text.split('=').next().unwrap_or_default()).collect(),
        Keyword::From => it.words().get(2).map(|it| it.text.as_str()).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether the options of a check directive switch the experiment on.
fn enables(options: &str) -> bool {
    let experimental = options.split(';').filter_map(|it| it.trim().strip_prefix("experimental="));
    experimental.flat_map(|it| it.split(',')).any(|it| matches!(it.trim(), "all" | "InvalidDefinitionDescription"))
}
