//! The images of a project: each thing that is built, once, under a name of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    build::{Build, BuildContext, ELSEWHERE, Kind, NamedContext, Secret, Target},
    context,
    model::{Model, is_below},
    project::{Project, Unit, file_name, parent},
    syntax::Keyword,
};

/// An image that a project builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// What it is called; no other image of the project is called so, and any tool takes it for a name.
    pub name: String,
    /// The path of its Dockerfile.
    pub dockerfile: String,
    /// The folder that is its context.
    pub context: String,
    /// The stage that is built, if it is not the last.
    pub stage: Option<String>,
    /// Build arguments that are fixed.
    pub args: BTreeMap<String, String>,
    /// Its named contexts.
    pub contexts: BTreeMap<String, Named>,
    /// The secrets that it is given.
    pub secrets: Vec<Secret>,
    /// The agents and keys of SSH that it is given.
    pub ssh: Vec<String>,
    /// What kind of file defines it; none where its context was inferred.
    pub defined_by: Option<Kind>,
    /// Whether it is there only for others to be built on. Then they are what is wanted, and it need not leave the builder.
    pub is_only_base: bool,
}

impl Image {
    /// An image of which nothing else is said.
    fn new(name: String, dockerfile: &str, context: String, defined_by: Option<Kind>) -> Self {
        Self {
            name,
            dockerfile: dockerfile.to_owned(),
            context,
            stage: None,
            args: BTreeMap::new(),
            contexts: BTreeMap::new(),
            secrets: Vec::new(),
            ssh: Vec::new(),
            defined_by,
            is_only_base: false,
        }
    }
}

/// What a named context of an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A folder.
    Folder(String),
    /// Another image of the project, by its name.
    Image(String),
    /// An address, as it is written.
    Other(String),
}

/// What a project builds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// The images, each after those that it is built on.
    pub all: Vec<Image>,
    /// Dockerfiles that nothing certain is known about, and why: lower case, no full stop.
    pub left_out: Vec<(String, String)>,
}

/// What is the same in two builds of one image.
type Key = (String, String, Option<String>);

/// The images of a project. Where several files define a build of a Dockerfile, the kind that comes first in [`Kind`]
/// counts.
pub fn of(project: &Project) -> Images {
    let mut images = Images::default();
    let mut names = BTreeSet::new();
    // What definitions call an image, by the file in which they do: several names may mean one image.
    let mut called: BTreeMap<(u32, String), String> = BTreeMap::new();
    let mut wired: Vec<(usize, &Build)> = Vec::new();
    // What stands inside a build definition has no file that another one could name.
    for unit in project.dockerfiles.iter().filter(|it| !project.is_inlined(it.file)) {
        let path = &project.source(unit.file).path;
        let first = project.builds_of(path).map(|it| it.kind).min();
        let builds = project.builds_of(path).filter(|it| Some(it.kind) == first);
        let mut known: BTreeMap<Key, String> = BTreeMap::new();
        let mut count = 0;
        for build in builds {
            count += 1;
            let key = match key_of(path, build) {
                Ok(key) => key,
                Err(reason) => {
                    images.left_out.push((path.clone(), reason));
                    continue;
                }
            };
            let name = known.entry(key.clone()).or_insert_with(|| {
                let mut name = build.name.as_deref().map_or_else(|| name_of(path), plain);
                if names.contains(&name)
                    && let Some(stage) = key.2.clone().or_else(|| last_stage(project, unit))
                {
                    // Another stage of what is called so is told apart by its name.
                    name = format!("{name}-{}", plain(&stage));
                }
                let name = unique(&name, &mut names);
                let args = build.args.iter().filter_map(|(key, it)| Some((key.clone(), it.clone()?)));
                wired.push((images.all.len(), build));
                images.all.push(Image {
                    stage: key.2,
                    args: args.collect(),
                    secrets: build.secrets.clone(),
                    ssh: build.ssh.clone(),
                    ..Image::new(name.clone(), path, key.1, Some(build.kind))
                });
                name
            });
            if let Some(own) = &build.name {
                called.insert((build.found_in.file.0, own.clone()), name.clone());
            }
        }
        if count == 0 {
            match inferred(project, unit) {
                Ok(context) => images.all.push(Image::new(unique(&name_of(path), &mut names), path, context, None)),
                Err(reason) => images.left_out.push((path.clone(), reason)),
            }
        }
    }
    let mut lost = BTreeMap::new();
    for (at, build) in wired {
        for (name, context) in &build.contexts {
            let target = match context {
                NamedContext::Folder(path) => Some(Named::Folder(path.clone())),
                NamedContext::Other(text) => Some(Named::Other(text.clone())),
                NamedContext::Build(other) => {
                    called.get(&(build.found_in.file.0, other.clone())).cloned().map(Named::Image)
                }
                NamedContext::Unknown => None,
            };
            match target {
                Some(target) => {
                    images.all[at].contexts.insert(name.clone(), target);
                }
                None => {
                    lost.insert(at, name.clone());
                }
            }
        }
    }
    for (at, name) in lost.into_iter().rev() {
        let reason = format!("what its context `{name}` stands for is not known");
        let image = images.all.remove(at);
        images.left_out.push((image.dockerfile, reason));
    }
    images.all = in_order(images.all);
    let contexts = images.all.iter().flat_map(|it| it.contexts.values());
    let bases: BTreeSet<String> = contexts
        .filter_map(|it| match it {
            Named::Image(name) => Some(name.clone()),
            Named::Folder(_) | Named::Other(_) => None,
        })
        .collect();
    for image in images.all.iter_mut().filter(|it| bases.contains(&it.name)) {
        image.is_only_base = !is_started(project, image);
    }
    images
}

/// Whether an image says what is started, or how to reach it; one that nothing is known of may.
fn is_started(project: &Project, image: &Image) -> bool {
    let mut units = project.dockerfiles.iter();
    let Some(unit) = units.find(|it| project.source(it.file).path == image.dockerfile) else { return true };
    let model = Model::of(unit.file, project.source(unit.file), &unit.syntax, &BTreeMap::new());
    let stage = match &image.stage {
        Some(name) => {
            model.stages.iter().rfind(|it| it.name.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name)))
        }
        None => model.stages.last(),
    };
    let Some(stage) = stage else { return true };
    let mut steps = model.ancestry(stage.index).flat_map(|it| &it.steps);
    steps.any(|it| {
        let keyword = model.instruction(it).kind;
        matches!(keyword, Keyword::Cmd | Keyword::Entrypoint | Keyword::Expose | Keyword::Healthcheck)
    })
}

/// The images, each after those that it needs; those that need one another in a circle come last.
fn in_order(mut rest: Vec<Image>) -> Vec<Image> {
    let mut done: Vec<Image> = Vec::new();
    loop {
        let is_done = |it: &Named| match it {
            Named::Image(name) => done.iter().any(|it| it.name == *name),
            Named::Folder(_) | Named::Other(_) => true,
        };
        let (ready, waiting): (Vec<_>, Vec<_>) = rest.into_iter().partition(|it| it.contexts.values().all(is_done));
        if ready.is_empty() {
            done.extend(waiting);
            return done;
        }
        done.extend(ready);
        rest = waiting;
    }
}

fn key_of(path: &str, build: &Build) -> Result<Key, String> {
    let context = match &build.context {
        BuildContext::Folder(folder) | BuildContext::Committed(folder) => folder.clone(),
        BuildContext::Remote(_) => return Err(ELSEWHERE.to_owned()),
        BuildContext::None => return Err("it has no context".to_owned()),
    };
    let stage = match &build.target {
        Target::Last => None,
        Target::Stage(name) => Some(name.clone()),
        Target::Unknown => return Err("which of its stages is built is not known".to_owned()),
    };
    Ok((path.to_owned(), context, stage))
}

/// The context of a Dockerfile that no file builds.
fn inferred(project: &Project, unit: &Unit) -> Result<String, String> {
    let source = project.source(unit.file);
    let model = Model::of(unit.file, source, &unit.syntax, &BTreeMap::new());
    let folders: Vec<String> =
        context::candidates(project, unit.file, &model).into_iter().map(|it| it.folder).collect();
    let own = parent(&source.path);
    match &folders[..] {
        [] => Err("in no folder are all files that it copies".to_owned()),
        [one] => Ok(one.clone()),
        // Its own folder, unless others are built from above it.
        several if several.contains(&own) && !is_built_from_above(project, &own) => Ok(own),
        _ => Err("several folders may be its context".to_owned()),
    }
}

/// Whether a build has a folder above this one as its context.
fn is_built_from_above(project: &Project, folder: &str) -> bool {
    let mut contexts = project.builds.iter().filter_map(|it| it.context.folder());
    contexts.any(|it| it != folder && (it == "." || is_below(folder, it)))
}

/// The name of the last stage.
fn last_stage(project: &Project, unit: &Unit) -> Option<String> {
    let model = Model::of(unit.file, project.source(unit.file), &unit.syntax, &BTreeMap::new());
    model.stages.last()?.name.clone()
}

/// A name for the image of a Dockerfile: `api` for `api/Dockerfile`, `api.Dockerfile` and `Dockerfile.api`.
fn name_of(path: &str) -> String {
    const WORDS: [&str; 2] = ["dockerfile", "containerfile"];
    let file = file_name(path);
    let lower = file.to_lowercase();
    let rest = WORDS.iter().find_map(|it| {
        let rest = lower.strip_prefix(it).or_else(|| lower.strip_suffix(it))?;
        Some(rest.trim_matches(['.', '-', '_']).to_owned())
    });
    let own = rest.filter(|it| !it.is_empty());
    let folder = parent(path);
    let folder = folder.rsplit('/').next().filter(|it| !it.starts_with('.') && !it.is_empty());
    own.or_else(|| folder.map(str::to_owned)).map_or_else(|| "app".to_owned(), |it| plain(&it))
}

/// A name of letters, digits, `-` and `_`.
fn plain(name: &str) -> String {
    let plain = |it: char| if it.is_ascii_alphanumeric() || it == '_' { it } else { '-' };
    let name: String = name.chars().map(plain).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "app".to_owned() } else { name.to_owned() }
}

fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let free = std::iter::once(name.to_owned()).chain(numbered).find(|it| !taken.contains(it)).unwrap_or_default();
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn names(files: &[(&str, &str)]) -> Vec<String> {
        let project = Project::in_memory(files.iter().map(|it| (it.0, it.1)), Settings::default());
        of(&project).all.into_iter().map(|it| format!("{} {} {}", it.name, it.dockerfile, it.context)).collect()
    }

    #[test]
    fn compose_counts_before_all_else() {
        let files = [
            ("api/Dockerfile", "FROM a\n"),
            ("compose.yaml", "services:\n  web:\n    build: api\n  worker:\n    build: api\n"),
            ("docker-bake.hcl", "target \"other\" {\n  context = \"api\"\n}\n"),
        ];
        assert_eq!(names(&files), ["web api/Dockerfile api"]);
    }

    #[test]
    fn what_is_only_built_on_is_told_apart() {
        let compose = "services:\n  base:\n    build: base\n  api:\n    build:\n      context: api\n      \
                       additional_contexts:\n        base:1: service:base\n";
        let is_only_base = |base: &str| {
            let files = [("base/Dockerfile", base), ("api/Dockerfile", "FROM base:1\n"), ("compose.yaml", compose)];
            of(&Project::in_memory(files, Settings::default())).all.iter().map(|it| it.is_only_base).collect::<Vec<_>>()
        };
        assert_eq!(is_only_base("FROM a\nRUN x\n"), [true, false]);
        assert_eq!(is_only_base("FROM a\nRUN x\nCMD [\"y\"]\n"), [false, false]);
        assert_eq!(is_only_base("FROM a AS b\nEXPOSE 80\nFROM b\nRUN x\n"), [false, false]);
    }

    #[test]
    fn what_nothing_builds_is_called_after_its_file_or_folder() {
        let files = [
            ("Dockerfile", "FROM a\n"),
            ("Dockerfile.dev", "FROM a\n"),
            ("a/Dockerfile", "FROM a\n"),
            ("b/a.Dockerfile", "FROM a\n"),
        ];
        assert_eq!(
            names(&files),
            ["app Dockerfile .", "dev Dockerfile.dev .", "a a/Dockerfile a", "a-2 b/a.Dockerfile b"]
        );
    }

    #[test]
    fn stages_are_told_apart() {
        let compose = "services:\n  web:\n    build:\n      context: web\n      target: dev\n";
        let other = "services:\n  web:\n    build: ../web\n";
        let files = [
            ("web/Dockerfile", "FROM a AS dev\nFROM b AS final\n"),
            ("compose.yaml", compose),
            ("deploy/compose.yaml", other),
        ];
        let names = names(&files);
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names.iter().any(|it| it.starts_with("web-dev ") || it.starts_with("web-final ")), "{names:?}");
    }

    #[test]
    fn where_others_are_built_from_above_a_folder_is_not_guessed() {
        let compose = "services:\n  api:\n    build:\n      context: .\n      dockerfile: api/Dockerfile\n";
        let files = [("api/Dockerfile", "FROM a\nCOPY . .\n"), ("web/Dockerfile", "FROM a\nCOPY . .\n")];
        let with = [&files[..], &[("compose.yaml", compose)]].concat();
        assert_eq!(names(&with), ["api api/Dockerfile ."]);
        assert_eq!(names(&files), ["api api/Dockerfile api", "web web/Dockerfile web"]);
    }

    #[test]
    fn a_base_comes_first() {
        let compose = "services:\n  api:\n    build:\n      context: api\n      additional_contexts:\n        base:1: service:zbase\n  zbase:\n    build: zbase\n";
        let files = [("api/Dockerfile", "FROM base:1\n"), ("zbase/Dockerfile", "FROM a\n"), ("compose.yaml", compose)];
        assert_eq!(names(&files), ["zbase zbase/Dockerfile zbase", "api api/Dockerfile api"]);
        let project = Project::in_memory(files, Settings::default());
        let api = &of(&project).all[1];
        assert_eq!(api.contexts["base:1"], Named::Image("zbase".to_owned()));
    }
}
