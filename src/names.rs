//! What users may call a rule: its name, its family, a code of another tool, that tool, or `all`; and how several names are
//! written.

use crate::{
    finding::{Finding, code_is},
    rule::Rule,
    rules,
};

/// The word that means every rule.
pub const ALL: &str = "all";

/// What a name turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// At least one rule answers to it.
    Known,
    /// A code of another tool for which there is no rule here.
    Foreign,
    /// Nothing; with the name that was perhaps meant.
    Unknown(Option<&'static str>),
}

/// Whether `name` means this rule.
pub fn means(name: &str, rule: &Rule) -> bool {
    name == ALL || rule.answers_to(name)
}

/// Whether `name` means this finding of a rule. Of a rule that other tools divide into several, a code means only
/// the findings that the other tool reports under it.
pub fn means_finding(name: &str, rule: &Rule, finding: &Finding) -> bool {
    let code = || rule.codes_of(finding).iter().any(|it| code_is(it, name));
    name == ALL || rule.name == name || rule.family == name || code()
}

/// What `name` is.
pub fn look_up(name: &str) -> Name {
    if name == ALL || rules::all().any(|it| it.answers_to(name)) {
        Name::Known
    } else if is_foreign(name) {
        Name::Foreign
    } else {
        Name::Unknown(suggest(name))
    }
}

/// The known name that is closest to one that is not.
pub fn suggest(name: &str) -> Option<&'static str> {
    let own = rules::all().flat_map(|it| [it.name, it.family]).chain([ALL]);
    let codes = rules::all().flat_map(Rule::same_as);
    let codes = codes.map(|it| it.split_once('/').map_or(*it, |(_, code)| code));
    closest(name, own.chain(codes))
}

/// The candidate that `name` is probably a slip of: within a third of its letters, or containing it.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONG_ENOUGH_FOR_A_PART: usize = 4;
    let lower = name.to_lowercase();
    let allowed = (name.len() / 3).max(1);
    let distance = |it: &str| {
        let distance = strsim::damerau_levenshtein(&lower, &it.to_lowercase());
        let is_part = lower.len() >= LONG_ENOUGH_FOR_A_PART && it.contains(&lower);
        (distance <= allowed || is_part).then_some(distance)
    };
    let near = candidates.into_iter().filter_map(|it| Some((distance(it)?, it)));
    near.min().map(|(_, it)| it)
}

/// Whether it has the form of another tool's code: `DL3008`, `SC2086`, `StageNameCasing`, `hadolint/DL3008`.
fn is_foreign(name: &str) -> bool {
    let code = name.split_once('/').map_or(name, |(_, code)| code);
    let numbered = ["DL", "SC"].iter().any(|prefix| {
        code.strip_prefix(prefix).is_some_and(|it| it.len() == 4 && it.bytes().all(|it| it.is_ascii_digit()))
    });
    let camel_case = code.starts_with(|it: char| it.is_ascii_uppercase())
        && code.bytes().all(|it| it.is_ascii_alphanumeric())
        && code.bytes().any(|it| it.is_ascii_lowercase());
    numbered || camel_case || code.len() < name.len()
}

/// A number and its noun: `1 file`, `2 files`.
pub fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `a`, `a and b`, `a, b and c`.
pub fn enumerated(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `a, b and c`, and of more than four: `a, b, c and 4 more`.
pub fn abridged(names: &[String]) -> String {
    const MOST: usize = 4;
    if names.len() <= MOST {
        return enumerated(names);
    }
    format!("{} and {} more", names[..MOST - 1].join(", "), names.len() - MOST + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_other_tools_are_told_by_their_form() {
        for name in ["DL3008", "SC2086", "StageNameCasing", "hadolint/DL3008", "trivy/DS002"] {
            assert!(is_foreign(name), "{name}");
        }
        for name in ["DL30", "missing-cache-mount", "cache", "Missing-Cache", ""] {
            assert!(!is_foreign(name), "{name}");
        }
    }

    #[test]
    fn slips_find_their_name() {
        let names = ["missing-cache-mount", "copy-before-install", "cache"];
        for (slip, name) in [
            ("mising-cache-mount", Some("missing-cache-mount")),
            ("Missing-Cache-Mount", Some("missing-cache-mount")),
            ("cache-mount", Some("missing-cache-mount")),
            ("cahce", Some("cache")),
            ("root-user", None),
            ("", None),
        ] {
            assert_eq!(closest(slip, names), name, "{slip}");
        }
    }
}
