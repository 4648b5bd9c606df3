//! Services on slightly different tags of one image: see `rules/shared/mixed-base-tags.md`.

use std::collections::BTreeMap;

use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix, Label},
    model::Base,
    rule::{Check, FileCx, ProjectCx, Rule},
    source::{FileId, Location, Span},
    syntax::Args,
};

pub(super) static RULE: Rule = crate::rule!("shared" / "mixed-base-tags", Check::Project(check));

/// A stage on an image.
struct Use<'a> {
    cx: &'a FileCx<'a>,
    written: &'a str,
    span: Span,
    tag: &'a str,
}

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    if cx.project.builds.is_empty() {
        return;
    }
    // Only what one file builds belongs together; a repository may hold many versions of one thing.
    let mut uses: BTreeMap<(FileId, &str), Vec<Use<'_>>> = BTreeMap::new();
    for file in &cx.files {
        let mut definitions: Vec<FileId> = cx.project.builds_of(&file.source.path).map(|it| it.found_in.file).collect();
        definitions.sort_unstable();
        definitions.dedup();
        let [definition] = definitions.as_slice() else { continue };
        for stage in &file.model.stages {
            let Base::Image(image) = &stage.base else { continue };
            let Some(tag) = image.tag.as_deref() else { continue };
            let Args::Words(words) = &file.model.at(stage.from).args else { continue };
            let Some(word) = words.first().filter(|it| it.text.ends_with(&format!(":{tag}"))) else { continue };
            let one = Use { cx: file, written: &word.text, span: word.span, tag };
            uses.entry((*definition, &image.name)).or_default().push(one);
        }
    }
    for uses in uses.into_values() {
        compare(&uses, out);
    }
}

/// Finds the tag that most have, and those that differ from it by a trifle.
fn compare(uses: &[Use<'_>], out: &mut Vec<Finding>) {
    let mut files: BTreeMap<&str, Vec<FileId>> = BTreeMap::new();
    for it in uses {
        let known = files.entry(it.tag).or_default();
        if !known.contains(&it.cx.unit.file) {
            known.push(it.cx.unit.file);
        }
    }
    for one in uses {
        let own = files[one.tag].len();
        let near = files.iter().filter(|(tag, _)| differs_by_a_trifle(one.tag, tag));
        let Some((tag, others)) = near.max_by_key(|(_, it)| it.len()).filter(|(_, it)| it.len() > own) else {
            continue;
        };
        let Some(usual) = uses.iter().find(|it| it.tag == *tag) else { continue };
        let file = one.cx.unit.file;
        let count = others.len();
        let message = format!("`{}` here, `{}` in {count} other Dockerfiles", one.written, usual.written);
        let mut finding = Finding::new(RULE.name, Location { file, span: one.span }, message).note(
            "Each is pulled and kept on its own, and what is built on one serves nothing that is built on the other.",
        );
        let location = Location { file: usual.cx.unit.file, span: usual.span };
        finding.related.push(Label { location, text: "what most have".to_owned() });
        let change = Change::of(file, [Edit::replace(one.span, usual.written)]);
        finding.fix = change.map(|change| Fix {
            title: format!("Start from `{}` like the others", usual.written),
            safety: Safety::Unsafe,
            change,
        });
        out.push(finding);
    }
}

/// Whether two tags mean almost the same: one names a patch and the other does not, or the release of the distribution.
fn differs_by_a_trifle(one: &str, other: &str) -> bool {
    const RELEASES: &[&str] = &["buster", "bullseye", "bookworm", "trixie", "focal", "jammy", "noble"];
    let parse = |tag: &str| -> Option<(Vec<u32>, Vec<String>)> {
        let mut parts = tag.split('-');
        let version = parts.next()?.split('.').map(|it| it.parse().ok()).collect::<Option<Vec<u32>>>()?;
        let rest = parts.filter(|it| !RELEASES.contains(it)).map(str::to_owned).collect();
        Some((version, rest))
    };
    let (Some((a, rest_a)), Some((b, rest_b))) = (parse(one), parse(other)) else { return false };
    let shorter = a.len().min(b.len());
    one != other && rest_a == rest_b && shorter >= 2 && a[..shorter] == b[..shorter]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trifles() {
        for (one, other) in [("3.11-slim", "3.11.9-slim"), ("3.11-slim", "3.11-slim-bookworm"), ("1.22.1", "1.22")] {
            assert!(differs_by_a_trifle(one, other), "{one} {other}");
        }
        for (one, other) in
            [("3.11-slim", "3.12-slim"), ("3.11", "3.11-slim"), ("3", "3.11"), ("20", "20"), ("lts", "20.1")]
        {
            assert!(!differs_by_a_trifle(one, other), "{one} {other}");
        }
    }
}
