//! Build definitions that build a shared base before what starts from it.

use std::collections::BTreeMap;

use crate::{
    bake::edit::{NewTarget, add_target},
    build::{Build, Kind, Target},
    compose::edit::add_service,
    edit::{Change, Edit},
    project::{Project, join, parent},
    rules::shared::named_context,
    source::FileId,
};

/// Where a base is built, and for whom.
pub(super) struct Wiring<'a> {
    pub project: &'a Project,
    /// What `FROM` names, such as `python-base:3.11`.
    pub image: &'a str,
    /// What its service or target is called, and its folder below `images`.
    pub name: &'a str,
}

/// A file that builds what is to start from the base.
pub(super) struct Definition<'a> {
    file: FileId,
    /// What kind of file it is.
    pub kind: Kind,
    /// The folder that its paths start from.
    folder: &'a str,
    /// What it builds, each place once.
    builds: Vec<&'a Build>,
}

impl<'a> Wiring<'a> {
    /// The files that build these Dockerfiles, one of Compose, one of Bake, or one of each; the error says why the base
    /// cannot be wired into all that builds them.
    pub(super) fn definitions(&self, dockerfiles: &[&'a str]) -> Result<Vec<Definition<'a>>, String> {
        let mut definitions: BTreeMap<Kind, Definition<'a>> = BTreeMap::new();
        let all = || dockerfiles.iter().flat_map(|it| self.project.builds_of(it));
        if let (Some(other), true) = (all().next(), all().all(|it| !matches!(it.kind, Kind::Compose | Kind::Bake))) {
            let place = &self.project.source(other.found_in.file).path;
            return Err(format!(
                "`{place}` builds them, where a base has no place; it has one in a Bake file, such as `dockopt init` writes."
            ));
        }
        for path in dockerfiles {
            for build in self.project.builds_of(path) {
                let file = build.found_in.file;
                let place = &self.project.source(file).path;
                let is_known = matches!(build.kind, Kind::Compose | Kind::Bake);
                let Some(folder) = build.folder.as_deref().filter(|_| is_known) else {
                    return Err(format!("`{place}` builds `{path}`, too, and would not find the base."));
                };
                if build.name.is_none() || build.target == Target::Unknown {
                    return Err(format!("How `{path}` is built cannot be told."));
                }
                let new = Definition { file, kind: build.kind, folder, builds: Vec::new() };
                let definition = definitions.entry(build.kind).or_insert(new);
                if definition.file != file || definition.folder != folder {
                    let one = &self.project.source(definition.file).path;
                    return Err(format!("`{one}` and `{place}` both build them, and a base has one home."));
                }
                if definition.builds.iter().all(|it| it.found_in != build.found_in) {
                    definition.builds.push(build);
                }
            }
        }
        // One place may stand for many builds, as a matrix does.
        let others = self.project.builds.iter().filter(|it| definitions.values().any(|own| own.stands_for(it)));
        let is_other = |it: &&Build| !dockerfiles.iter().any(|path| it.is_of(path));
        if let Some(other) = others.into_iter().find(is_other) {
            let place = &self.project.source(other.found_in.file).path;
            return Err(format!("What `{place}` builds there does not all start from the base."));
        }
        Ok(definitions.into_values().collect())
    }

    /// The path of the base's Dockerfile.
    pub(super) fn path(&self, definitions: &[Definition<'_>]) -> String {
        let folder = definitions.first().map_or(".", |it| it.folder);
        join(folder, &format!("images/{}/Dockerfile", self.name))
    }

    /// The edits of the build definitions: a service or target for the base, and for each build the context that it
    /// comes from. The error names the file that is not in a form that can be edited.
    pub(super) fn change(&self, definitions: &[Definition<'_>]) -> Result<Change, String> {
        let home = parent(&self.path(definitions));
        let mut change = Change::default();
        for definition in definitions {
            let fits = self.of_definition(definition, &home).is_some_and(|it| change.try_merge(&it));
            if !fits {
                let path = &self.project.source(definition.file).path;
                return Err(format!("`{path}` is not in a form that can be edited."));
            }
        }
        Ok(change)
    }

    fn of_definition(&self, definition: &Definition<'_>, home: &str) -> Option<Change> {
        let file = definition.file;
        let context = relative(definition.folder, home)?;
        let edit = self.base(definition, &context)?;
        let section = if definition.kind == Kind::Bake { "target" } else { "services" };
        let mut change = Change::of(file, [edit])?.meant_for(file, [section, self.name]);
        for build in &definition.builds {
            let one = named_context(self.project, build, self.image, self.name)?;
            if !change.try_merge(&one) {
                return None;
            }
        }
        Some(change)
    }

    /// What builds the base. Compose never starts a container of it.
    fn base(&self, definition: &Definition<'_>, context: &str) -> Option<Edit> {
        let source = self.project.source(definition.file);
        if definition.kind == Kind::Compose {
            let body = format!("build: {context}\nimage: {}\nscale: 0\n", self.image);
            let comment = "What the others are built on. It is only built, and never started.";
            return add_service(source, self.name, comment, &body);
        }
        let platforms = &definition.builds.first()?.platforms;
        if definition.builds.iter().any(|it| it.platforms != *platforms) || platforms.iter().any(|it| it == "…") {
            return None;
        }
        let target = NewTarget {
            name: self.name.to_owned(),
            comment: Some("What the others are built on.".to_owned()),
            texts: vec![("context", context.to_owned())],
            lists: vec![("tags", vec![self.image.to_owned()]), ("platforms", platforms.clone())],
            ..NewTarget::default()
        };
        add_target(source, &target)
    }
}

impl Definition<'_> {
    /// Whether a build comes from the same place as one of these.
    fn stands_for(&self, build: &Build) -> bool {
        self.builds.iter().any(|it| it.found_in == build.found_in)
    }
}

/// The way from a folder to another, as build definitions write it.
fn relative(from: &str, to: &str) -> Option<String> {
    let parts = |path: &str| -> Vec<String> { path.split('/').filter(|it| *it != ".").map(str::to_owned).collect() };
    let (from, to) = (parts(from), parts(to));
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    // What a folder above the project is called cannot be told.
    if from[same..].iter().any(|it| it == "..") {
        return None;
    }
    let up = "../".repeat(from.len() - same);
    let start = if up.is_empty() { "./" } else { &up };
    Some(format!("{start}{}", to[same..].join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_between_folders() {
        for (from, to, way) in [
            (".", "images/x", Some("./images/x")),
            ("a", "a/images/x", Some("./images/x")),
            ("a/b", "a/images/x", Some("../images/x")),
            ("a", ".", Some("../")),
            ("..", "images/x", None),
        ] {
            assert_eq!(relative(from, to).as_deref(), way, "{from} {to}");
        }
    }
}
