//! Where Dockerfiles come from, as what lies around them tells.

use std::{cell::LazyCell, sync::Arc};

use rustc_hash::FxHashSet;

use super::{Origin, Project, file_name, is_dockerfile, join, known_or};
use crate::{knowledge::CONTENTS, source::FileId};

/// The lines of a file that say something, numbers left out.
pub(super) type Lines = FxHashSet<String>;

/// So many files that are alike but for a version are a matrix of versions.
const MATRIX: usize = 3;

impl Project {
    /// Where the text of a Dockerfile comes from, or goes to.
    pub fn origin(&self, file: FileId) -> Origin {
        let told = self.unit(file).map_or(Origin::People, |it| it.origin);
        if told != Origin::People || self.is_inlined(file) {
            return told;
        }
        let source = self.source(file);
        known_or(&self.known.origins, &source.path, || {
            let place = Place { project: self, path: &source.path, text: &source.text };
            if place.is_kept() {
                Origin::Kept
            } else if place.has_template() || place.is_one_of_many() {
                Origin::Program
            } else {
                Origin::People
            }
        })
    }
}

/// A Dockerfile and what lies around it.
struct Place<'a> {
    project: &'a Project,
    path: &'a str,
    text: &'a str,
}

impl Place<'_> {
    /// Whether it lies in a folder for tests or of what is only kept, and no build outside of that folder names it.
    fn is_kept(&self) -> bool {
        let root = self.project.root_of(self.path);
        let start = if root == "." { 0 } else { root.len() + 1 };
        let Some(below) = self.path.get(start..).filter(|_| root == "." || self.path.starts_with(&root)) else {
            return false;
        };
        let mut folders = below.match_indices('/').map(|(at, _)| &below[..at]);
        let Some(folder) = folders.find(|it| CONTENTS.is_aside(file_name(it))) else { return false };
        let inside = format!("{}/", &self.path[..start + folder.len()]);
        let mut builds = self.project.builds_of(self.path);
        builds.all(|it| self.project.source(it.found_in.file).path.starts_with(&inside))
    }

    /// Whether a folder above holds a template of which most of its lines are.
    fn has_template(&self) -> bool {
        let folders = self.project.folders_above(self.path);
        let found = folders.iter().flat_map(|it| self.project.templates_in(it).to_vec()).collect::<Vec<_>>();
        if found.is_empty() {
            return false;
        }
        let own = lines(self.text);
        found.iter().any(|it| are_alike(&own, it))
    }

    /// Whether it is one of several files whose paths differ in a version alone, and whose lines hardly do.
    fn is_one_of_many(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        let own = LazyCell::new(|| lines(self.text));
        parts.iter().enumerate().any(|(at, part)| {
            let is_file = at + 1 == parts.len();
            let Some(stem) = versioned(part, is_file) else { return false };
            let folder = if at == 0 { ".".to_owned() } else { parts[..at].join("/") };
            let folder = if folder.is_empty() { "/".to_owned() } else { folder };
            let rest = parts[at + 1..].join("/");
            let is_like = |name: &String| {
                let path = join(&join(&folder, name), &rest);
                let is_other = name != part && versioned(name, is_file).as_ref() == Some(&stem);
                let text = is_other.then(|| self.project.files.read(&path)).flatten();
                text.is_some_and(|it| are_alike(&own, &lines(&it)))
            };
            self.project.files.list(&folder).iter().filter(|it| is_like(it)).take(MATRIX - 1).count() == MATRIX - 1
        })
    }
}

impl Project {
    /// The lines of the templates of Dockerfiles in a folder.
    fn templates_in(&self, folder: &str) -> Arc<[Lines]> {
        known_or(&self.known.templates, folder, || {
            let names = self.files.list(folder).into_iter().filter(|it| is_template_name(it));
            names.filter_map(|it| Some(lines(&self.files.read(&join(folder, &it))?))).collect()
        })
    }
}

/// Whether a file of that name is the template of a Dockerfile: `Dockerfile.template`, `Dockerfile-alpine.j2`.
fn is_template_name(name: &str) -> bool {
    const ENDINGS: [&str; 9] = ["template", "tmpl", "tpl", "gotmpl", "j2", "jinja", "jinja2", "erb", "mustache"];
    let ending = name.rsplit_once('.');
    ending.is_some_and(|(stem, ending)| ENDINGS.contains(&ending) && is_dockerfile(stem))
}

/// The name with `#` in the place of its versions; `None` if it has none. In the name of a folder a version stands at
/// the beginning or has a dot, so that `service2` has none.
fn versioned(name: &str, is_file: bool) -> Option<String> {
    let mut stem = String::new();
    let mut found = false;
    let mut rest = name;
    while let Some(at) = rest.find(|it: char| it.is_ascii_digit()) {
        let (before, behind) = rest.split_at(at);
        let end = behind.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(behind.len());
        let number = behind[..end].trim_end_matches('.');
        let is_first = stem.is_empty() && matches!(before, "" | "v");
        let is_apart = is_file && before.ends_with(['.', '-', '_', 'v']);
        found |= is_first || is_apart || number.contains('.');
        stem.push_str(before);
        stem.push('#');
        rest = &behind[number.len()..];
    }
    stem.push_str(rest);
    found.then_some(stem)
}

/// The lines that say something, numbers left out.
fn lines(text: &str) -> Lines {
    let said = text.lines().map(str::trim).filter(|it| it.len() > 2 && !it.starts_with('#'));
    said.map(|it| it.chars().filter(|it| !it.is_ascii_digit()).collect()).collect()
}

/// Whether two thirds of the lines of the one are lines of the other.
fn are_alike(one: &Lines, other: &Lines) -> bool {
    let same = one.iter().filter(|it| other.contains(*it)).count();
    !one.is_empty() && same * 3 >= one.len() * 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn origin(files: &[(&str, &str)], path: &str) -> Origin {
        let project = Project::in_memory(files.iter().copied(), Settings::default());
        project.origin(project.file(path).expect("it is there"))
    }

    const APP: &str = "FROM python:3.12\nRUN pip install flask\nCOPY . .\n";

    #[test]
    fn files_that_differ_in_a_version_are_a_programs() {
        let files = |paths: &[&'static str]| -> Vec<(&'static str, &'static str)> {
            paths.iter().map(|it| (*it, APP)).collect()
        };
        for paths in [
            ["3.11/slim/Dockerfile", "3.12/slim/Dockerfile", "3.13/slim/Dockerfile"],
            ["v1/Dockerfile", "v2/Dockerfile", "v3/Dockerfile"],
            ["images/r_4.0.Dockerfile", "images/r_4.1.Dockerfile", "images/r_4.2.Dockerfile"],
            ["a/node-20.1/Dockerfile", "a/node-20.2/Dockerfile", "a/node-22.1/Dockerfile"],
        ] {
            assert_eq!(origin(&files(&paths), paths[0]), Origin::Program, "{paths:?}");
            assert_eq!(origin(&files(&paths[..2]), paths[0]), Origin::People, "two of {paths:?}");
        }
        let services = ["service1/Dockerfile", "service2/Dockerfile", "service3/Dockerfile"];
        assert_eq!(origin(&files(&services), services[0]), Origin::People);
        let others = [
            ("1.0/Dockerfile", APP),
            ("2.0/Dockerfile", "FROM golang:1.25\nRUN go build\n"),
            ("3.0/Dockerfile", "FROM node:22\nRUN npm ci\n"),
        ];
        assert_eq!(origin(&others, "1.0/Dockerfile"), Origin::People);
    }

    #[test]
    fn a_file_with_a_template_is_a_programs() {
        let template = "FROM python:{{ version }}\nRUN pip install flask\nCOPY . .\n";
        let files = [("stable/Dockerfile", APP), ("Dockerfile.template", template)];
        assert_eq!(origin(&files, "stable/Dockerfile"), Origin::Program);
        let files = [("web/Dockerfile", "FROM nginx\nCOPY dist /srv\n"), ("Dockerfile.template", template)];
        assert_eq!(origin(&files, "web/Dockerfile"), Origin::People);
    }

    #[test]
    fn tests_and_archives_are_kept() {
        for path in ["tests/data/Dockerfile", "archive/Dockerfile", "x/__tests__/b/Dockerfile"] {
            assert_eq!(origin(&[(path, APP)], path), Origin::Kept, "{path}");
        }
        for path in ["latest/Dockerfile", "tester/Dockerfile", "Dockerfile.tests"] {
            assert_eq!(origin(&[(path, APP)], path), Origin::People, "{path}");
        }
        let compose = |folder: &str| format!("services:\n  app:\n    build: {folder}\n");
        let outside = [("tests/Dockerfile", APP), ("compose.yaml", &compose("tests"))];
        assert_eq!(origin(&outside, "tests/Dockerfile"), Origin::People);
        let inside = [("tests/Dockerfile", APP), ("tests/compose.yaml", &compose("."))];
        assert_eq!(origin(&inside, "tests/Dockerfile"), Origin::Kept);
    }
}
