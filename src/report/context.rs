//! What builds send: as a tree for people, as JSON for programs, as a picture.

mod human;
mod json;
mod svg;

pub use human::{files, report as human_context};
pub use json::report as json_context;
pub use svg::report as svg_context;

use std::fmt::Write as _;

use crate::{
    build::Target,
    context::bytes,
    measure::Measured,
    names::counted,
    project::Project,
    source::{FileId, Location},
};

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
fn instruction(project: &Project, file: FileId, measured: &Measured, need: u32) -> (usize, String) {
    const LONGEST: usize = 60;
    let source = project.source(file);
    let need = &measured.needs.all[need as usize];
    let text = source.slice(need.span).split_whitespace().filter(|it| *it != "\\").collect::<Vec<_>>().join(" ");
    let short = if text.chars().count() > LONGEST {
        format!("{}…", text.chars().take(LONGEST - 1).collect::<String>())
    } else {
        text
    };
    (project.line_at(file, need.span), short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        assert_eq!(many(1_204, "file"), "1,204 files");
        assert_eq!(many(1, "file"), "1 file");
    }
}
