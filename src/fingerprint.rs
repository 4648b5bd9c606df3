//! Names a finding by what stands there, so that it is known again after lines above it have moved.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write};

use crate::{finding::Finding, project::Project};

/// A fingerprint for each finding, in their order: 16 hexadecimal digits.
///
/// It is made of the rule, the path as `path` writes it, the words of the line where the finding begins, and a number
/// that tells equal ones apart. Neither the place nor the message goes in: the one moves, the other is reworded.
pub fn fingerprints<'a>(
    project: &'a Project,
    findings: &[Finding],
    path: impl Fn(&'a str) -> Cow<'a, str>,
) -> Vec<String> {
    let mut seen: BTreeMap<u64, u64> = BTreeMap::new();
    let fingerprint = |finding: &Finding| {
        let source = project.source(finding.location.file);
        let mut hash = Fnv::default();
        for part in [finding.rule, &*path(&source.path)] {
            hash.part(part);
        }
        for word in source.line_text(finding.location.span.start).split_whitespace() {
            hash.part(word);
        }
        let number = seen.entry(hash.0).or_default();
        *number += 1;
        if *number > 1 {
            hash.part(&number.to_string());
        }
        let mut text = String::with_capacity(16);
        let _ = write!(text, "{:016x}", hash.0);
        text
    };
    findings.iter().map(fingerprint).collect()
}

/// The 64-bit hash of Fowler, Noll and Vo (FNV-1a): baselines are kept for years, and the hashes of the standard
/// library may change with any version.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    const PRIME: u64 = 0x0100_0000_01b3;

    /// Adds a part and its end.
    fn part(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(Self::PRIME);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        settings::Settings,
        source::{FileId, Location, Span},
    };

    fn of(text: &str, parts: &[&str]) -> Vec<String> {
        let project = Project::in_memory([("Dockerfile", text)], Settings::default());
        let mut from = 0;
        let finding = |part: &&str| {
            let start = from + text[from..].find(part).unwrap();
            from = start + 1;
            let span = Span::new(start, start + part.len());
            Finding::new("some-rule", Location { file: FileId(0), span }, "message")
        };
        let findings: Vec<_> = parts.iter().map(finding).collect();
        fingerprints(&project, &findings, Cow::Borrowed)
    }

    #[test]
    fn moved_lines_keep_their_fingerprint() {
        let before = of("FROM a\nRUN b\n", &["RUN b"]);
        assert_eq!(before, of("FROM a\n# more\n\n  RUN   b\n", &["RUN   b"]));
        assert_eq!(before[0].len(), 16);
        assert_ne!(before, of("FROM a\nRUN c\n", &["RUN c"]));
    }

    #[test]
    fn equal_lines_are_told_apart() {
        let two = of("FROM a\nRUN b\nRUN b\n", &["RUN b", "RUN b"]);
        assert_ne!(two[0], two[1]);
        assert_eq!(two[0], of("FROM a\nRUN b\n", &["RUN b"])[0]);
    }
}
