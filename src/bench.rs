//! What `dockopt bench` builds, and what it measured.
//!
//! A cold build is one on a builder that has nothing but the base images. What images have in common is built once there,
//! and what one puts into a cache mount serves the next; `--no-cache` would take both away, and from the user all that is
//! in the mounts. So each Dockerfile gets an argument with a value that was never there before, which every `RUN`
//! depends on, and the cache mounts get a name space of their own.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    context::{Context, Needs, Status, Tree, WalkOptions},
    edit::{self, Edit},
    images::{Image, Named},
    model::{Base, Model, StepKind},
    project::{EntryKind, Project, file_name, join, parent, relative},
    source::Source,
    syntax::Args,
};

/// The build argument that makes a build cold.
const ARGUMENT: &str = "DOCKOPT_BENCH";

/// A Dockerfile that can be built cold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chillable {
    /// Its text, with the argument.
    pub text: String,
    /// The stages in which nothing runs: no argument makes them cold.
    pub without_runs: Vec<String>,
}

impl Chillable {
    /// Adds the argument to a Dockerfile. The image is the same with it.
    pub fn of(source: &Source, model: &Model) -> Self {
        let mut edits = Vec::new();
        let mut without_runs = Vec::new();
        let mut text = source.text.clone();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        for stage in &model.stages {
            let from = model.at(stage.from);
            let end = model.syntax.items[stage.from].span.end as usize;
            // The last line of a file may lack its end.
            let end = if end == source.text.len() { text.len() } else { end };
            edits.push(Edit::insert(end, format!("ARG {ARGUMENT}\n")));
            let has_run = stage.steps.iter().any(|it| matches!(it.kind, StepKind::Run(_)));
            if has_run || matches!(stage.base, Base::Stage(_)) {
                continue;
            }
            let Args::Words(words) = &from.args else { continue };
            let name = if let Some(name) = &stage.name {
                name.clone()
            } else {
                let name = format!("dockopt-bench-{}", stage.index);
                if let Some(last) = words.last() {
                    edits.push(Edit::insert(last.span.end as usize, format!(" AS {name}")));
                }
                name
            };
            without_runs.push(name);
        }
        edits.sort();
        Self { text: edit::apply(&text, &edits), without_runs }
    }
}

/// A build of some images.
#[derive(Clone, Copy, Debug)]
pub struct Build<'a> {
    /// A value that was never there before.
    pub salt: &'a str,
    /// The images to build; those that they are built on come along.
    pub images: &'a [&'a str],
    /// The variant, from which the tags are made.
    pub variant: &'a str,
    /// The number of the scenario.
    pub scenario: usize,
}

/// The Bake file that builds images; `path` gives the path of a file or folder from where Bake runs.
pub fn bake_file(
    all: &[Image],
    dockerfiles: &BTreeMap<String, Chillable>,
    build: Build<'_>,
    path: impl Fn(&str) -> String,
) -> String {
    let mut targets = serde_json::Map::new();
    for image in all {
        let mut args: BTreeMap<&str, &str> = image.args.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
        args.insert(ARGUMENT, build.salt);
        args.insert("BUILDKIT_CACHE_MOUNT_NS", build.salt);
        let context = path(&image.context);
        let dockerfile = relative(&path(&image.dockerfile), &context);
        let contexts: BTreeMap<&str, String> = image
            .contexts
            .iter()
            .map(|(name, context)| {
                let value = match context {
                    Named::Folder(folder) => path(folder),
                    Named::Image(image) => format!("target:{image}"),
                    Named::Other(text) => text.clone(),
                };
                (name.as_str(), value)
            })
            .collect();
        let mut target = json!({
            "context": context,
            "dockerfile": dockerfile,
            "args": args,
            "contexts": contexts,
            "tags": [build.tag(&image.name)],
            // A base is not exported: who builds the others does not export it either.
            "output": [if image.is_only_base { "type=cacheonly" } else { "type=docker" }],
        });
        if let Some(stage) = &image.stage {
            target["target"] = Value::from(stage.as_str());
        }
        let is_built = build.images.contains(&image.name.as_str());
        match dockerfiles.get(&image.dockerfile).filter(|_| is_built && build.scenario == 0) {
            Some(it) if !it.without_runs.is_empty() => target["no-cache-filter"] = json!(it.without_runs),
            Some(_) | None => {}
        }
        targets.insert(image.name.clone(), target);
    }
    format!("{:#}\n", json!({ "target": targets }))
}

impl Build<'_> {
    /// The tag of an image. Each scenario has its own, so that no image is left without one.
    pub fn tag(&self, name: &str) -> String {
        let variant = self.variant.replace(" --", "-");
        format!("dockopt-bench-{variant}-{}:{}", name.to_lowercase(), self.scenario)
    }
}

/// What a build sends of its contexts, and the files of the main one that it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sends {
    /// The bytes.
    pub bytes: u64,
    /// The paths.
    pub files: Vec<String>,
}

/// What a build of an image sends. `None` if the folder cannot be read.
pub fn sends(project: &Project, image: &Image, model: &Model) -> Option<Sends> {
    let context = Context::open(project, &image.context, Some(&image.dockerfile));
    let tree: Tree = context.walk(&WalkOptions::default())?;
    let target = crate::build::Target::of(match &image.stage {
        Some(stage) => crate::build::Value::Known(stage.clone()),
        None => crate::build::Value::Absent,
    });
    let needs = Needs::of(model, &target, &BTreeMap::new());
    let sent = context.sent(&tree, &needs);
    let files = (0..tree.nodes.len() as u32).filter(|at| {
        let node = &tree.nodes[*at as usize];
        node.kind == EntryKind::File
            && sent.status[*at as usize] == Status::Sent
            && !sent.needed_by(*at).is_empty()
            && node.bytes > 0
    });
    let files = files.map(|at| join(&image.context, &tree.path(at))).collect();
    Some(Sends { bytes: sent.sent.bytes, files })
}

/// The source file that a change of one line is tried on: close to the Dockerfile, and of a name that programs have.
/// An empty line at its end changes no program.
pub fn code_file<'a>(image: &Image, files: &'a [String]) -> Option<&'a str> {
    const ENDINGS: &[&str] = &[
        "py", "js", "mjs", "cjs", "ts", "jsx", "tsx", "go", "rs", "java", "kt", "scala", "cs", "fs", "rb", "php", "ex",
        "exs", "c", "cc", "cpp", "swift", "vue", "svelte", "html",
    ];
    const NAMES: &[&str] = &["main", "app", "server", "index", "program", "application", "lib", "mod"];
    let own = parent(&image.dockerfile);
    let rank = |path: &&str| {
        let name = file_name(path);
        let (stem, ending) = name.rsplit_once('.')?;
        let ending = ENDINGS.iter().position(|it| *it == ending)?;
        let stem = stem.to_lowercase();
        // A page is only what is left where there is no program.
        let is_page = ending + 1 == ENDINGS.len();
        let is_test = path.split('/').any(|it| it.to_lowercase().contains("test"));
        let is_setting = name.contains(".config.") || name == "setup.py" || name.starts_with('.');
        let place = NAMES.iter().position(|it| *it == stem).unwrap_or(NAMES.len());
        let is_foreign = !crate::model::is_below(path, &own);
        Some((is_page, is_test, is_setting, is_foreign, place, path.matches('/').count(), (*path).to_owned()))
    };
    let ranked = files.iter().map(String::as_str).filter_map(|it| Some((rank(&it)?, it)));
    ranked.min().map(|it| it.1)
}

/// The manifest that names the dependencies: an empty line at its end changes none, but lets them be installed again.
pub fn manifest<'a>(image: &Image, files: &'a [String]) -> Option<&'a str> {
    const NAMES: &[&str] = &[
        "pyproject.toml",
        "requirements.txt",
        "Pipfile",
        "package.json",
        "go.mod",
        "Cargo.toml",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "Gemfile",
        "composer.json",
        "mix.exs",
    ];
    let own = parent(&image.dockerfile);
    let rank = |path: &&str| {
        let name = file_name(path);
        let is_known = NAMES.contains(&name)
            || match name.rsplit_once('.') {
                Some((_, "csproj")) => true,
                Some((stem, "txt")) => stem.starts_with("requirements"),
                Some(_) | None => false,
            };
        let is_foreign = !crate::model::is_below(path, &own);
        is_known.then(|| (is_foreign, path.matches('/').count(), name.len(), (*path).to_owned()))
    };
    let ranked = files.iter().map(String::as_str).filter_map(|it| Some((rank(&it)?, it)));
    ranked.min().map(|it| it.1)
}

/// What was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Measurement {
    /// The versions of what built, and on how many processors.
    pub machine: Machine,
    /// Whether all images were built at once, so that there are times only for all together.
    pub at_once: bool,
    /// How often all was built.
    pub runs: usize,
    /// What was built: `before`, `fix`, `fix --unsafe-fixes`.
    pub variants: Vec<String>,
    /// When it was built: `cold`, and after which changes.
    pub scenarios: Vec<String>,
    /// The images.
    pub images: Vec<Measured>,
    /// The seconds of all together, by variant and scenario; each run.
    pub total: Vec<Vec<Vec<f64>>>,
}

impl Measurement {
    /// Sums up what the images took that were built one after the other.
    pub fn add_up(&mut self) {
        for (variant, total) in self.total.iter_mut().enumerate() {
            for (scenario, total) in total.iter_mut().enumerate() {
                let sum = |run: usize| {
                    let figures = self.images.iter().filter_map(|it| it.variants[variant].as_ref());
                    figures.filter_map(|it| it.seconds[scenario].get(run)).sum::<f64>()
                };
                *total = (0..self.runs).map(sum).collect();
            }
        }
    }
}

/// Where it was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// The version of the Docker engine.
    pub docker: String,
    /// The version of buildx.
    pub buildx: String,
    /// How many processors there are.
    pub processors: usize,
}

/// What was measured of an image.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Measured {
    /// Its name.
    pub name: String,
    /// Its Dockerfile.
    pub dockerfile: String,
    /// By variant; `None` where it is not built.
    pub variants: Vec<Option<Figures>>,
}

/// What was measured of an image as one variant builds it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// What the build sends.
    pub context_bytes: Option<u64>,
    /// The size of the image.
    pub image_bytes: Option<u64>,
    /// The seconds by scenario, each run.
    pub seconds: Vec<Vec<f64>>,
    /// The tag, if the image was kept.
    pub tag: Option<String>,
}

/// The middle of some figures; of an even number, the mean of the middle two.
pub fn median(figures: &[f64]) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        it if it % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn chillable(text: &str) -> Chillable {
        let project = Project::in_memory([("Dockerfile", text)], Settings::default());
        let unit = &project.dockerfiles[0];
        let source = project.source(unit.file);
        Chillable::of(source, &Model::of(unit.file, source, &unit.syntax, &BTreeMap::new()))
    }

    #[test]
    fn every_stage_gets_the_argument() {
        let it = chillable("FROM a AS b\nRUN x\n\nFROM c\nCOPY --from=b / /\n");
        assert_eq!(
            it.text,
            "FROM a AS b\nARG DOCKOPT_BENCH\nRUN x\n\nFROM c AS dockopt-bench-1\nARG DOCKOPT_BENCH\nCOPY --from=b / /\n"
        );
        assert_eq!(it.without_runs, ["dockopt-bench-1"]);
    }

    #[test]
    fn a_last_line_may_lack_its_end() {
        assert_eq!(chillable("FROM a").text, "FROM a AS dockopt-bench-0\nARG DOCKOPT_BENCH\n");
        assert_eq!(chillable("FROM a\nRUN x").text, "FROM a\nARG DOCKOPT_BENCH\nRUN x\n");
    }

    #[test]
    fn a_change_is_tried_on_the_program() {
        let image = |dockerfile: &str| Image {
            name: "a".into(),
            dockerfile: dockerfile.into(),
            context: ".".into(),
            stage: None,
            args: BTreeMap::new(),
            contexts: BTreeMap::new(),
            secrets: Vec::new(),
            ssh: Vec::new(),
            defined_by: None,
            is_only_base: false,
        };
        let files: Vec<String> = [
            "libs/x/main.py",
            "api/tests/main.py",
            "api/api/util.py",
            "api/api/main.py",
            "api/pyproject.toml",
            "pyproject.toml",
        ]
        .map(str::to_owned)
        .to_vec();
        assert_eq!(code_file(&image("api/Dockerfile"), &files), Some("api/api/main.py"));
        assert_eq!(manifest(&image("api/Dockerfile"), &files), Some("api/pyproject.toml"));
        assert_eq!(code_file(&image("Dockerfile"), &["README.md".to_owned()]), None);
    }

    #[test]
    fn the_middle_counts() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[1.0, 2.0]), Some(1.5));
        assert_eq!(median(&[]), None);
    }
}
