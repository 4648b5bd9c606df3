//! Build definitions that build a shared base before what starts from it.

use crate::{
    build::{Build, Kind, Target},
    edit::{Change, Edit},
    project::{Project, join, parent},
    source::{FileId, Source, Span},
};

/// Where a base is built, and for whom.
pub(super) struct Wiring<'a> {
    pub project: &'a Project,
    /// What `FROM` names, such as `python-base:3.11`.
    pub image: &'a str,
    /// What its service is called, and its folder below `images`.
    pub name: &'a str,
}

impl Wiring<'_> {
    /// The one file that builds all of these Dockerfiles; the error says why there is none.
    pub(super) fn file(&self, dockerfiles: &[&str]) -> Result<FileId, String> {
        let mut files: Vec<FileId> = Vec::new();
        for path in dockerfiles {
            for build in self.project.builds_of(path) {
                if build.kind != Kind::Compose {
                    let file = &self.project.source(build.found_in.file).path;
                    return Err(format!("`{file}` builds `{path}`, too, and would not find the base."));
                }
                if build.name.is_none() || build.target == Target::Unknown {
                    return Err(format!("How `{path}` is built cannot be told."));
                }
                if !files.contains(&build.found_in.file) {
                    files.push(build.found_in.file);
                }
            }
        }
        match files.as_slice() {
            [one] => Ok(*one),
            _ => Err("Several Compose files build them.".to_owned()),
        }
    }

    /// The path of the base's Dockerfile.
    pub(super) fn path(&self, file: FileId) -> String {
        join(&parent(&self.project.source(file).path), &format!("images/{}/Dockerfile", self.name))
    }

    /// The edits of a Compose file: a service for the base, and for each build the context that it comes from.
    pub(super) fn change(&self, file: FileId, dockerfiles: &[&str]) -> Option<Change> {
        let source = self.project.source(file);
        let mut change = Change::default();
        let mut edits = vec![self.service(source)?];
        change = change.meant_for(file, ["services", self.name]);
        let mut builds: Vec<&Build> = dockerfiles.iter().flat_map(|it| self.project.builds_of(it)).collect();
        builds.sort_by_key(|it| it.found_in);
        builds.dedup_by_key(|it| it.found_in);
        for build in builds {
            edits.extend(self.context(source, build)?);
            change = change.meant_for(file, ["services", build.name.as_deref()?, "build"]);
        }
        change.try_merge(&Change::of(file, edits)?).then_some(change)
    }

    /// The service that builds the base, above the others. No container of it is ever started.
    fn service(&self, source: &Source) -> Option<Edit> {
        let lines = Lines::of(source);
        let services = lines.all.iter().position(|(_, text)| text.trim_end() == "services:")?;
        let step = lines.indent_below(services)?;
        let (i, ii) = (" ".repeat(step), " ".repeat(2 * step));
        let taken = format!("{i}{}:", self.name);
        if lines.all.iter().any(|(_, it)| it.trim_end() == taken) {
            return None;
        }
        let (name, image) = (self.name, self.image);
        let text = format!(
            "{i}# What the others are built on. It is only built, and never started.\n\
             {i}{name}:\n{ii}build: ./images/{name}\n{ii}image: {image}\n{ii}scale: 0\n\n"
        );
        Some(Edit::insert(lines.end(services)?, text))
    }

    /// What tells a build where the base comes from.
    fn context(&self, source: &Source, build: &Build) -> Option<Vec<Edit>> {
        let lines = Lines::of(source);
        let place = build.found_in.span.start;
        let at = lines.all.iter().rposition(|(start, _)| *start <= place)?;
        let at = (0..=at).rev().find(|it| lines.all[*it].1.trim_start().starts_with("build:"))?;
        let (start, line) = lines.all[at];
        let indent = indent(line);
        let key = "build:";
        let value = line[indent + key.len()..].trim_end();
        let written = value.split(" #").next().unwrap_or_default().trim();
        let context = format!("{}: service:{}", self.image, self.name);
        if written.is_empty() {
            let last = lines.block(at);
            let below = lines.indent_below(at)?;
            if (at..=last).any(|it| lines.all[it].1.trim_start().starts_with("additional_contexts")) {
                return None;
            }
            let step = below - indent;
            let (i, ii) = (" ".repeat(below), " ".repeat(below + step));
            let text = format!("{i}additional_contexts:\n{ii}{context}\n");
            return Some(vec![lines.insert_below(last, &text)?]);
        }
        if written.starts_with(['{', '[', '&', '*', '|', '>', '!']) {
            return None;
        }
        // `build: ./api`: the value goes to a line of its own.
        let step = lines.step();
        let (i, ii) = (" ".repeat(indent + step), " ".repeat(indent + 2 * step));
        let from = start as usize + indent + key.len();
        let to = from + value.find(written)? + written.len();
        let text = format!("{i}context: {written}\n{i}additional_contexts:\n{ii}{context}\n");
        Some(vec![Edit::delete(Span::new(from, to)), lines.insert_below(at, &text)?])
    }
}

/// The lines of a file, with where they start.
struct Lines<'a> {
    all: Vec<(u32, &'a str)>,
    len: usize,
}

impl<'a> Lines<'a> {
    fn of(source: &'a Source) -> Self {
        let starts = source.line_starts();
        let lines = source
            .text
            .split_inclusive('\n')
            .zip(starts)
            .map(|(text, start)| (*start, text.trim_end_matches(['\r', '\n'])));
        Self { all: lines.collect(), len: source.text.len() }
    }

    /// Where the next line starts, if the line has an end.
    fn end(&self, line: usize) -> Option<usize> {
        self.all.get(line + 1).map(|(start, _)| *start as usize)
    }

    /// An edit that puts lines below a line, which may be the last and without an end.
    fn insert_below(&self, line: usize, text: &str) -> Option<Edit> {
        let (start, last) = self.all.get(line)?;
        let end = *start as usize + last.len();
        match self.end(line) {
            Some(next) => Some(Edit::insert(next, text)),
            None if end < self.len => Some(Edit::insert(self.len, text)),
            None => Some(Edit::insert(self.len, format!("\n{}", text.trim_end_matches('\n')))),
        }
    }

    /// How deep what belongs to a line is indented.
    fn indent_below(&self, line: usize) -> Option<usize> {
        let (_, text) = self.all[line + 1..].iter().find(|(_, it)| says_something(it))?;
        Some(indent(text)).filter(|it| *it > indent(self.all[line].1))
    }

    /// The last line of what belongs to a line.
    fn block(&self, line: usize) -> usize {
        let own = indent(self.all[line].1);
        let mut last = line;
        for (at, (_, text)) in self.all.iter().enumerate().skip(line + 1) {
            if !says_something(text) {
                continue;
            }
            if indent(text) <= own {
                break;
            }
            last = at;
        }
        last
    }

    /// How much deeper each level is.
    fn step(&self) -> usize {
        self.all.iter().map(|(_, it)| indent(it)).find(|it| *it > 0).unwrap_or(2)
    }
}

fn says_something(line: &str) -> bool {
    let text = line.trim_start();
    !text.is_empty() && !text.starts_with('#')
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
