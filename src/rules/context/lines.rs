//! The lines of ignore files.

use crate::{
    ignorefile::{IgnoreFile, Pattern},
    project::Project,
    source::{FileId, Source, Span},
};

/// The ignore files of a project.
pub(super) fn ignore_files(project: &Project) -> impl Iterator<Item = (FileId, &Source, IgnoreFile)> {
    let sources = project.sources.iter().enumerate();
    let files = sources.filter(|(_, it)| it.path.ends_with(".dockerignore"));
    files.map(|(at, it)| (FileId(at as u32), it, IgnoreFile::parse(&it.text)))
}

/// The whole line of a pattern, with what ends it.
pub(super) fn whole_line(source: &Source, pattern: &Pattern) -> Span {
    let (start, end) = (pattern.span.start as usize, pattern.span.end as usize);
    let from = source.text[..start].rfind('\n').map_or(0, |it| it + 1);
    let to = source.text[end..].find('\n').map_or(source.text.len(), |it| end + it + 1);
    Span::new(from, to)
}
