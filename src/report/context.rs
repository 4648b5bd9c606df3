//! What builds send: as a tree for people, as JSON for programs, as a picture.

mod human;
mod json;
mod svg;

pub use human::{files, report as human_context};
pub use json::report as json_context;
pub use svg::report as svg_context;

use std::fmt::Write as _;

use super::counted;
use crate::{
    build::Target,
    measure::Measured,
    project::Project,
    source::{Location, Source},
};

/// Bytes as people read them: three figures, powers of 1000 as the builders write them.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return format!("{count} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three figures are shown")]
    let mut value = count as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    let decimals = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.decimals$} {unit}")
}

/// A number with a comma between thousands, and its noun.
fn many(number: usize, noun: &str) -> String {
    let digits = number.to_string();
    let grouped: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|it| str::from_utf8(it).ok()).collect();
    counted(number, noun).replacen(&digits, &grouped.join(","), 1)
}

/// `path:line`.
fn place(project: &Project, location: Location) -> String {
    let source = project.source(location.file);
    format!("{}:{}", source.path, source.line(location.span.start))
}

/// The heading of a build: its Dockerfile, stage and name.
fn title(project: &Project, measured: &Measured) -> String {
    let Some(dockerfile) = measured.dockerfile else { return measured.folder.clone() };
    let mut title = project.source(dockerfile).path.clone();
    if let Target::Stage(stage) = &measured.target {
        let _ = write!(title, " --target {stage}");
    }
    if let Some(name) = &measured.name {
        let _ = write!(title, " ({name})");
    }
    title
}

/// An instruction in one line, as it stands in the Dockerfile.
fn instruction(source: &Source, measured: &Measured, need: u32) -> (usize, String) {
    const LONGEST: usize = 60;
    let need = &measured.needs.all[need as usize];
    let text = source.slice(need.span).split_whitespace().filter(|it| *it != "\\").collect::<Vec<_>>().join(" ");
    let short = if text.chars().count() > LONGEST {
        format!("{}…", text.chars().take(LONGEST - 1).collect::<String>())
    } else {
        text
    };
    (source.line(need.span.start), short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_figures() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (12_345, "12.3 kB"),
            (999_499, "999 kB"),
            (999_600, "1.00 MB"),
            (123_456_789, "123 MB"),
            (9_996_000, "10.0 MB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        assert_eq!(many(1_204, "file"), "1,204 files");
        assert_eq!(many(1, "file"), "1 file");
    }
}
