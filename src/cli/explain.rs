//! `dockopt explain`: the page of a rule.

use std::fmt::Write;

use super::Failure;
use crate::{
    edit::Safety,
    finding::Level,
    names,
    report::{self, Format},
    rule::Rule,
    rules,
    settings::help_for_unknown,
};

/// The pages of the rules that `name` means; for a family or another tool, the table of its rules.
pub(super) fn pages(name: &str) -> Result<String, Failure> {
    let is_tool = |rule: &&Rule| rule.same_as().iter().any(|it| it.split_once('/').is_some_and(|(it, _)| it == name));
    if rules::all().any(|it| it.family == name || is_tool(&it)) {
        let of_name = rules::all().filter(|it| it.family == name || is_tool(it));
        return Ok(report::render_rules(Format::Human, of_name));
    }
    let pages: Vec<_> = rules::all().filter(|it| it.name == name || it.has_alias(name)).map(page).collect();
    if pages.is_empty() {
        let help = help_for_unknown(names::suggest(name));
        return Err(Failure::Usage { message: format!("unknown rule `{name}`"), help: Some(help) });
    }
    Ok(pages.join("\n"))
}

/// The text of a page, and below it what its front matter says.
fn page(rule: &'static Rule) -> String {
    let meta = rule.meta();
    let mut out = format!("{}\n\n---\n\n", rule.text().trim());
    let fixes: Vec<_> = meta.fix.iter().map(|it| Safety::from(*it).as_str()).collect();
    let _ = writeln!(out, "Family: {}", rule.family);
    let _ = writeln!(out, "Level: {}", Level::from(meta.level).as_str());
    let _ = writeln!(out, "Default: {}", if meta.default { "on" } else { "off" });
    let _ = writeln!(out, "Fix: {}", if fixes.is_empty() { "none".to_owned() } else { fixes.join(", ") });
    let _ = writeln!(out, "Since: {}", meta.since);
    if !meta.same_as.is_empty() {
        let _ = writeln!(out, "Same as: {}", meta.same_as.join(", "));
    }
    out
}
