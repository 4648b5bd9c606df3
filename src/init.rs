//! What a repository needs to use the layout: build definitions, a script, a workflow, hooks, from its own builds.
//!
//! Nothing is written here, and nothing is proposed in the place of what is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::{
    bake::edit::quoted,
    build::{Kind, Recipe, SecretSource},
    images::{self, Image, Named},
    knowledge::Cache,
    model::{Configured, ImageRef, Model, Stage},
    project::{Project, join, parent, relative},
};

/// The package managers that come with the images of their languages; others are installed into a stage.
const IN_IMAGES: [&str; 2] = ["npm", "pip"];

/// A file that may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// `docker-bake.hcl`
    Bake,
    /// An overlay for Compose with a registry cache.
    Compose,
    /// The overlay that Compose reads by itself, with the package caches of the host.
    Dev,
    /// `scripts/build-optimized.sh`
    Script,
    /// A GitHub workflow.
    Workflow,
    /// `.pre-commit-config.yaml`
    PreCommit,
}

impl Part {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 6] = [Self::Bake, Self::Compose, Self::Dev, Self::Script, Self::Workflow, Self::PreCommit];

    /// The word for it on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bake => "bake",
            Self::Compose => "compose",
            Self::Dev => "dev",
            Self::Script => "script",
            Self::Workflow => "workflow",
            Self::PreCommit => "pre-commit",
        }
    }

    /// What it is for.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Bake => "builds all images with one command, each after those that it is built on",
            Self::Compose => "an overlay for Compose that takes layers from a registry",
            Self::Dev => "mounts the package caches of the host into the containers",
            Self::Script => "starts the builds with what they need",
            Self::Workflow => "builds in GitHub Actions, and keeps the layers in the registry",
            Self::PreCommit => "checks Dockerfiles before each commit",
        }
    }
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Which one.
    pub part: Part,
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Whether it is a program.
    pub is_program: bool,
}

/// What is to be written, and what not and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The files.
    pub files: Vec<NewFile>,
    /// What is left out: lower case, no full stop.
    pub left_out: Vec<(Part, String)>,
    /// Dockerfiles that are built by nothing of this, and why.
    pub unknown: Vec<(String, String)>,
}

/// Works out the files for the builds of a project below a folder.
pub fn plan(project: &Project, folder: &str, parts: &[Part]) -> Plan {
    let images = images::of(project);
    let mut plan = Plan { unknown: images.left_out, ..Plan::default() };
    let cx = Cx { project, folder, images: images.all };
    for part in parts {
        let made = match part {
            Part::Bake => cx.bake(),
            Part::Compose => cx.compose(),
            Part::Dev => cx.dev(),
            Part::Script => cx.script(parts.contains(&Part::Bake)),
            Part::Workflow => cx.workflow(parts.contains(&Part::Bake)),
            Part::PreCommit => cx.pre_commit(),
        };
        match made {
            Ok(file) => plan.files.push(file),
            Err(reason) => plan.left_out.push((*part, reason)),
        }
    }
    plan
}

/// A Compose file, its name split before its ending, and the services that it builds with their images.
type Services<'a> = (&'static str, &'static str, BTreeMap<&'a str, Option<&'a Image>>);

struct Cx<'a> {
    project: &'a Project,
    folder: &'a str,
    images: Vec<Image>,
}

/// A Dockerfile as far as the files are about it.
struct Shape {
    /// Whether layers are lost that are not in the image itself.
    has_stages: bool,
    /// Whether it asks for secrets, which a Bake file has to be told.
    has_secrets: bool,
    /// The caches of package managers: where they are on the host, and where in the container.
    caches: BTreeSet<(String, String)>,
}

impl Cx<'_> {
    fn path(&self, name: &str) -> String {
        join(self.folder, name)
    }

    /// The path of a new file that is not there.
    fn free(&self, name: &str) -> Result<String, String> {
        let path = self.path(name);
        match self.project.files.kind(&path) {
            Some(_) => Err(format!("{path} is there already")),
            None => Ok(path),
        }
    }

    fn some_images(&self) -> Result<(), String> {
        if self.images.is_empty() { Err("nothing is built here of which enough is known".to_owned()) } else { Ok(()) }
    }

    /// The Bake file in the folder, if there is one.
    fn bake_file(&self) -> Option<&'static str> {
        const NAMES: [&str; 2] = ["docker-bake.hcl", "docker-bake.json"];
        NAMES.into_iter().find(|it| self.project.files.kind(&self.path(it)).is_some())
    }

    fn model(&self, image: &Image) -> Option<Model> {
        let mut units = self.project.dockerfiles.iter();
        let unit = units.find(|it| self.project.source(it.file).path == image.dockerfile)?;
        let args = image.args.iter().map(|(key, it)| (key.clone(), Some(it.clone()))).collect();
        Some(Model::of(unit.file, self.project.source(unit.file), &unit.syntax, &args))
    }

    fn shape(&self, image: &Image) -> Shape {
        let mut shape = Shape { has_stages: false, has_secrets: false, caches: BTreeSet::new() };
        let Some(model) = self.model(image) else { return shape };
        let last = match &image.stage {
            Some(name) => model.stages.iter().find(|it| it.name.as_deref() == Some(&*name.to_lowercase())),
            None => model.stages.last(),
        };
        let Some(last) = last else { return shape };
        let own: BTreeSet<usize> = model.ancestry(last.index).map(|it| it.index).collect();
        shape.has_stages = (0..last.index).any(|it| !own.contains(&it));
        let secrets = model.stages.iter().flat_map(Stage::runs).flat_map(|(_, run)| &run.mounts);
        shape.has_secrets =
            secrets.map(|it| it.text.as_str()).any(|it| it.contains("type=secret") || it.contains("type=ssh"));
        // A container that runs as somebody else has its caches elsewhere, and may not write into those of the host.
        if !last.end.user.is_root() {
            return shape;
        }
        let ground = self.ground(image, last);
        for stage in &model.stages {
            let is_own = own.contains(&stage.index);
            let has_same_image = ground.is_some() && self.ground(image, stage) == ground;
            for (step, run) in stage.runs() {
                // Only a package manager that the container has is of use there.
                let is_there = |name: &str| is_own || (has_same_image && IN_IMAGES.contains(&name));
                for command in run.packages().iter().filter(|it| is_there(&it.manager.name)) {
                    for found in model.cache_paths(stage.index, &step.before, run, command, &Configured::default()) {
                        shape.caches.extend(on_host(found.cache, &found.targets));
                    }
                }
            }
        }
        shape
    }

    /// The name of the image at the bottom of a stage; where that is one of the project's own, of what is below it.
    fn ground(&self, image: &Image, stage: &Stage) -> Option<String> {
        let bottom = stage.bottom.as_deref()?;
        let own = image.contexts.iter().find_map(|(key, it)| match it {
            Named::Image(name) if ImageRef::parse(key) == *bottom => self.images.iter().find(|it| it.name == *name),
            Named::Image(_) | Named::Folder(_) | Named::Other(_) => None,
        });
        let Some(own) = own.filter(|it| it.name != image.name) else { return Some(bottom.name.clone()) };
        let model = self.model(own)?;
        model.stages.last()?.bottom.as_deref().map(|it| it.name.clone())
    }

    /// A path of the project as it is seen from the folder of the files.
    fn seen(&self, path: &str) -> String {
        relative(path, self.folder)
    }

    fn bake(&self) -> Result<NewFile, String> {
        self.some_images()?;
        if let Some(name) = self.bake_file() {
            return Err(format!("{} is there already", self.path(name)));
        }
        let path = self.free("docker-bake.hcl")?;
        let mut text = String::from(BAKE);
        text.push_str("\ngroup \"default\" {\n  targets = [\n");
        for image in &self.images {
            let _ = writeln!(text, "    {},", quoted(&image.name));
        }
        text.push_str("  ]\n}\n");
        let bases = self.bases();
        for image in &self.images {
            let tag = image.name.to_lowercase();
            let context = self.seen(&image.context);
            let mut lines = vec![("context", quoted(&context))];
            let dockerfile = relative(&image.dockerfile, &image.context);
            if dockerfile != "Dockerfile" {
                lines.push(("dockerfile", quoted(&dockerfile)));
            }
            if let Some(stage) = &image.stage {
                lines.push(("target", quoted(stage)));
            }
            lines.push(("tags", format!("[image({})]", quoted(&tag))));
            lines.push(("cache-from", format!("cache_from({})", quoted(&tag))));
            // What is all in the image needs no cache beside it.
            let is_base = bases.contains(image.name.as_str());
            let shape = self.shape(image);
            let whole = is_base || shape.has_stages;
            let to = if whole { format!("cache_to({})", quoted(&tag)) } else { "inline_cache()".to_owned() };
            lines.push(("cache-to", to));
            if image.is_only_base {
                lines.push(("output", "REGISTRY == \"\" ? [\"type=cacheonly\"] : []".to_owned()));
            }
            let secrets = image.secrets.iter().map(|it| match &it.from {
                SecretSource::File(path) => format!("id={},src={}", it.id, self.seen(path)),
                SecretSource::Variable(name) => format!("id={},env={name}", it.id),
            });
            lines.extend(list("secret", secrets));
            lines.extend(list("ssh", image.ssh.iter().cloned()));
            let width = lines.iter().map(|it| it.0.len()).max().unwrap_or(0);
            text.push('\n');
            if image.is_only_base {
                text.push_str("# Only built on: without a registry it stays with the builder.\n");
            }
            let _ = writeln!(text, "target {} {{", quoted(&image.name));
            if shape.has_secrets && image.secrets.is_empty() && image.ssh.is_empty() {
                text.push_str(
                    "  # It asks for secrets: name them with `secret` or `ssh`, as \"id=token,env=TOKEN\".\n",
                );
            }
            for (key, value) in lines {
                let _ = writeln!(text, "  {key:width$} = {value}");
            }
            let contexts: Vec<(String, String)> =
                image.contexts.iter().map(|(key, it)| (key.clone(), self.named(it))).collect();
            table(&mut text, "contexts", &contexts);
            let args: Vec<(String, String)> = image.args.iter().map(|(key, it)| (key.clone(), it.clone())).collect();
            table(&mut text, "args", &args);
            text.push_str("}\n");
        }
        Ok(NewFile { part: Part::Bake, path, text, is_program: false })
    }

    fn named(&self, context: &Named) -> String {
        match context {
            Named::Folder(folder) => self.seen(folder),
            Named::Image(name) => format!("target:{name}"),
            Named::Other(text) => text.clone(),
        }
    }

    /// The images that others are built on.
    fn bases(&self) -> BTreeSet<&str> {
        let contexts = self.images.iter().flat_map(|it| it.contexts.values());
        contexts
            .filter_map(|it| match it {
                Named::Image(name) => Some(name.as_str()),
                Named::Folder(_) | Named::Other(_) => None,
            })
            .collect()
    }

    /// The Compose file in the folder, split before its ending, and the services that it builds.
    fn services(&self) -> Result<Services<'_>, String> {
        const NAMES: [(&str, &str); 4] =
            [("compose", ".yaml"), ("compose", ".yml"), ("docker-compose", ".yml"), ("docker-compose", ".yaml")];
        for (stem, ending) in NAMES {
            let path = self.path(&format!("{stem}{ending}"));
            if self.project.files.kind(&path).is_none() {
                continue;
            }
            let mut services = BTreeMap::new();
            for build in self.project.builds.iter().filter(|it| it.kind == Kind::Compose) {
                if self.project.source(build.found_in.file).path != path {
                    continue;
                }
                let (Some(name), Recipe::File(dockerfile)) = (&build.name, &build.dockerfile) else { continue };
                let image = self.images.iter().find(|it| {
                    it.dockerfile == *dockerfile
                        && match &build.target {
                            crate::build::Target::Last => it.stage.is_none(),
                            crate::build::Target::Stage(name) => it.stage.as_ref() == Some(name),
                            crate::build::Target::Unknown => false,
                        }
                });
                services.insert(name.as_str(), image);
            }
            return if services.is_empty() {
                Err(format!("{path} builds nothing of which enough is known"))
            } else {
                Ok((stem, ending, services))
            };
        }
        Err("there is no Compose file".to_owned())
    }

    fn compose(&self) -> Result<NewFile, String> {
        let (stem, ending, services) = self.services()?;
        let path = self.free(&format!("{stem}.optimized{ending}"))?;
        let mut text = COMPOSE
            .replace("{main}", &format!("{stem}{ending}"))
            .replace("{own}", &format!("{stem}.optimized{ending}"));
        for (name, image) in &services {
            let Some(image) = image else { continue };
            let tag = image.name.to_lowercase();
            let _ = write!(
                text,
                "  {}:\n    build:\n      cache_from:\n        - type=registry,ref=${{REGISTRY:?}}/{tag}:cache\n      cache_to:\n        - type=registry,ref=${{REGISTRY:?}}/{tag}:cache,mode=max\n",
                key(name)
            );
        }
        Ok(NewFile { part: Part::Compose, path, text, is_program: false })
    }

    fn dev(&self) -> Result<NewFile, String> {
        let (stem, ending, services) = self.services()?;
        let path = self.free(&format!("{stem}.override{ending}"))?;
        let bases = self.bases();
        let mut text = DEV.replace("{main}", &format!("{stem}{ending}"));
        let mut some = false;
        for (name, image) in services {
            let Some(image) = image.filter(|it| !bases.contains(it.name.as_str())) else { continue };
            let caches = self.shape(image).caches;
            if caches.is_empty() {
                continue;
            }
            some = true;
            let _ = write!(text, "  {}:\n    volumes:\n", key(name));
            for (host, container) in caches {
                let _ = writeln!(text, "      - ${{HOME}}/{host}:{container}");
            }
        }
        if some {
            Ok(NewFile { part: Part::Dev, path, text, is_program: false })
        } else {
            Err("no service that is built here runs as root in an image that has a package manager".to_owned())
        }
    }

    fn with_bake(&self, makes_bake: bool) -> Result<&'static str, String> {
        match self.bake_file() {
            Some(name) => Ok(name),
            None if makes_bake && !self.images.is_empty() => Ok("docker-bake.hcl"),
            None => Err("there is no Bake file for it".to_owned()),
        }
    }

    fn script(&self, makes_bake: bool) -> Result<NewFile, String> {
        let bake = self.with_bake(makes_bake)?;
        let path = self.free("scripts/build-optimized.sh")?;
        Ok(NewFile { part: Part::Script, path, text: SCRIPT.replace("{bake}", bake), is_program: true })
    }

    fn workflow(&self, makes_bake: bool) -> Result<NewFile, String> {
        let bake = self.with_bake(makes_bake)?;
        self.at_root()?;
        let builds = self.project.builds.iter().filter(|it| it.kind == Kind::Workflow).map(|it| it.found_in.file);
        let steps = self.project.workflows.iter().flat_map(|it| &it.jobs).flat_map(|it| &it.steps);
        let composed = steps.flat_map(|it| &it.composed).map(|it| it.location.file);
        if let Some(file) = builds.chain(composed).next() {
            return Err(format!("{} builds images already", self.project.source(file).path));
        }
        let path = self.free(".github/workflows/docker-images.yml")?;
        if bake != "docker-bake.hcl" || self.bake_file().is_some() {
            return Err(format!("{bake} is not made by dockopt, and may have other variables"));
        }
        let bases: Vec<&str> =
            self.images.iter().map(|it| it.name.as_str()).filter(|it| self.bases().contains(it)).collect();
        let mut text = WORKFLOW.to_owned();
        if bases.is_empty() {
            // Without a shared base there is nothing to build first.
            let (start, end) = (text.find("      # base").unwrap_or(0), text.find("      # all").unwrap_or(0));
            text.replace_range(start..end, "");
            text = text.replace("      # all\n", "");
        } else {
            text = text.replace("      # base\n", "").replace("      # all\n", "").replace("{bases}", &bases.join(","));
        }
        Ok(NewFile { part: Part::Workflow, path, text, is_program: false })
    }

    /// Only the root of a repository has workflows and hooks.
    fn at_root(&self) -> Result<(), String> {
        let mut folder = parent(&self.path("x"));
        let is_root = |folder: &str| self.project.files.kind(&join(folder, ".git")).is_some();
        if is_root(&folder) {
            return Ok(());
        }
        for _ in 0..16 {
            let above = parent(&folder);
            if above == folder {
                break;
            }
            folder = above;
            if is_root(&folder) {
                return Err(format!("it belongs to the root of the repository, {folder}"));
            }
        }
        Ok(())
    }

    fn pre_commit(&self) -> Result<NewFile, String> {
        self.at_root()?;
        for name in [".pre-commit-config.yaml", ".pre-commit-config.yml"] {
            if let Some(text) = self.project.files.read(&self.path(name)) {
                let has = text.contains("dockopt");
                let what = if has {
                    "has a hook of dockopt already"
                } else {
                    "is there already; add the hooks of dockopt to it, as docs/ci.md says"
                };
                return Err(format!("{} {what}", self.path(name)));
            }
        }
        let path = self.free(".pre-commit-config.yaml")?;
        Ok(NewFile { part: Part::PreCommit, path, text: PRE_COMMIT.to_owned(), is_program: false })
    }
}

/// Where the folders of a cache are on the host, below the home, and where in the container.
fn on_host(cache: &Cache, targets: &[String]) -> Vec<(String, String)> {
    let Some(below) = cache.path.as_deref().and_then(|it| it.strip_prefix("{home}/")) else { return Vec::new() };
    if cache.paths.is_empty() {
        return targets.first().map(|it| (below.to_owned(), it.clone())).into_iter().collect();
    }
    cache.paths.iter().map(|it| join(below, it)).zip(targets.iter().cloned()).collect()
}

/// A line with a list of texts, if there are any.
fn list(name: &'static str, texts: impl Iterator<Item = String>) -> Option<(&'static str, String)> {
    let all: Vec<String> = texts.map(|it| quoted(&it)).collect();
    (!all.is_empty()).then(|| (name, format!("[{}]", all.join(", "))))
}

fn table(text: &mut String, name: &str, entries: &[(String, String)]) {
    if entries.is_empty() {
        return;
    }
    let width = entries.iter().map(|it| quoted(&it.0).len()).max().unwrap_or(0);
    let _ = writeln!(text, "  {name} = {{");
    for (key, value) in entries {
        let _ = writeln!(text, "    {:width$} = {}", quoted(key), quoted(value));
    }
    text.push_str("  }\n");
}

/// A key of YAML.
fn key(name: &str) -> String {
    let is_plain = name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.chars().all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&name.to_lowercase().as_str());
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")) }
}

const BAKE: &str = include_str!("init/docker-bake.hcl");
const COMPOSE: &str = include_str!("init/compose.optimized.yaml");
const DEV: &str = include_str!("init/compose.override.yaml");
const SCRIPT: &str = include_str!("init/build-optimized.sh");
const WORKFLOW: &str = include_str!("init/docker-images.yml");
const PRE_COMMIT: &str = include_str!("init/pre-commit-config.yaml");

#[cfg(test)]
mod tests;
