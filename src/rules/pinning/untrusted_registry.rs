//! Images from registries that the settings do not name: see `rules/pinning/untrusted-registry.md`.

use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
    source::Span,
    syntax::Keyword,
};

pub(super) static RULE: Rule = crate::rule!("pinning" / "untrusted-registry", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    if cx.project.settings.trusted_registries.is_empty() {
        return;
    }
    let mut stages: Vec<&str> = Vec::new();
    for instruction in cx.instructions() {
        let mut images: Vec<(&str, Span)> = Vec::new();
        match instruction.kind {
            Keyword::From => images.extend(instruction.words().first().map(|it| (it.text.as_str(), it.span))),
            Keyword::Copy => {
                let from = instruction.flag("from").and_then(|it| it.value.as_ref());
                images.extend(from.map(|it| (it.text.as_str(), it.span)));
            }
            Keyword::Run => {
                for flag in instruction.flags.iter().filter(|it| it.name == "mount") {
                    let fields = flag.value.iter().flat_map(|it| it.text.split(','));
                    images.extend(fields.filter_map(|it| it.strip_prefix("from=")).map(|it| (it, flag.span)));
                }
            }
            _ => {}
        }
        for (image, span) in images {
            let is_stage = stages.iter().any(|it| it.eq_ignore_ascii_case(image)) || image.parse::<usize>().is_ok();
            if image == "scratch" || is_stage || image.starts_with('$') {
                continue;
            }
            let registry = registry(image);
            if !cx.project.settings.trusted_registries.iter().any(|it| trusts(it, registry)) {
                let message = format!("`{image}` comes from `{registry}`, which is not trusted");
                out.push(
                    Finding::new(RULE.name, cx.at(span), message)
                        .note("The setting `trusted-registries` lists those that are."),
                );
            }
        }
        if instruction.kind == Keyword::From {
            stages.extend(instruction.words().get(2).map(|it| it.text.as_str()));
        }
    }
}

/// The registry of an image.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => "docker.io",
    }
}

fn trusts(pattern: &str, registry: &str) -> bool {
    let pattern = if pattern == "hub.docker.com" { "docker.io" } else { pattern };
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(ending), _) => registry.ends_with(ending),
        (None, Some(start)) => registry.starts_with(start),
        (None, None) => registry == pattern,
    }
}
