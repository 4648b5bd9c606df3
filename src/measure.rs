//! What each build of a project sends of its context: a folder is walked once for all builds that share it.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    build::{Build, BuildContext, NamedContext, Target},
    context::{self, Context, Needs, Sent, Tree, WalkOptions},
    ignorefile::IgnoreFile,
    model::Model,
    project::{Project, Unit},
    source::{FileId, Location},
};

/// A build and what it sends.
#[derive(Debug)]
pub struct Measured {
    /// The Dockerfile; none when a folder was measured by itself.
    pub dockerfile: Option<FileId>,
    /// What the build is called where it is written.
    pub name: Option<String>,
    /// The stage that is built.
    pub target: Target,
    /// The name under which the build knows the folder, if it is not its main context.
    pub named: Option<String>,
    /// The folder.
    pub folder: String,
    /// Where the build is written; none when the folder was inferred.
    pub found_in: Option<Location>,
    /// How many folders could be the context; the others are not measured.
    pub candidates: usize,
    /// The ignore file that counts, if there is one.
    pub ignore_path: Option<String>,
    /// What it says.
    pub ignore: Arc<IgnoreFile>,
    /// What is in the folder.
    pub tree: Arc<Tree>,
    /// What the build asks for.
    pub needs: Needs,
    /// What it gets.
    pub sent: Sent,
}

/// What could not be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmeasured {
    /// No folder is known to be the context of the Dockerfile.
    NoContext(FileId),
    /// The folder is not there, or cannot be read.
    NoFolder(FileId, String),
}

/// Trees by folder and ignore file.
type Walked = BTreeMap<(String, Option<String>), Option<Arc<Tree>>>;

/// Measures all builds of the project, in the order of the Dockerfiles.
pub fn measure(project: &Project, options: &WalkOptions<'_>) -> (Vec<Measured>, Vec<Unmeasured>) {
    let mut walked = Walked::new();
    let (mut measured, mut failed) = (Vec::new(), Vec::new());
    for unit in &project.dockerfiles {
        let path = &project.source(unit.file).path;
        let builds: Vec<&Build> = project.builds_of(path).collect();
        let mut add = |one: One<'_>, context: &Context, model: &Model| {
            let needs = Needs::of(model, one.target, one.named);
            for (name, needs) in &needs.named {
                if let Some(NamedContext::Folder(folder)) = one.named.get(name) {
                    // A named context has an ignore file of its own, whatever the Dockerfile.
                    let context = Context::open(project, folder, None);
                    measured.extend(one.measure(Some(name), &context, needs.clone(), options, &mut walked));
                }
            }
            match one.measure(None, context, needs, options, &mut walked) {
                Some(it) => {
                    measured.push(it);
                    None
                }
                None => Some(Unmeasured::NoFolder(unit.file, context.folder.clone())),
            }
        };
        let none = BTreeMap::new();
        if builds.is_empty() || project.settings.contexts.contains_key(path) {
            let model = model_of(project, unit, &BTreeMap::new());
            let contexts = context::candidates(project, unit.file, &model);
            let candidates = contexts.len();
            let one = One { file: unit.file, build: None, target: &Target::Last, named: &none, candidates };
            match contexts.first() {
                None => failed.push(Unmeasured::NoContext(unit.file)),
                Some(context) => failed.extend(add(one, context, &model)),
            }
            continue;
        }
        for build in builds {
            let BuildContext::Folder(folder) = &build.context else { continue };
            let model = model_of(project, unit, &build.args);
            let context = Context::open(project, folder, Some(path));
            let one = One {
                file: unit.file,
                build: Some(build),
                target: &build.target,
                named: &build.contexts,
                candidates: 1,
            };
            failed.extend(add(one, &context, &model));
        }
    }
    (measured, failed)
}

/// Measures a folder by itself, as if all of it were asked for. `None` when it is not there.
pub fn measure_folder(project: &Project, folder: &str, options: &WalkOptions<'_>) -> Option<Measured> {
    let context = Context::open(project, folder, None);
    let tree = Arc::new(context.walk(options)?);
    let needs = Needs { unknown: Some("the folder is measured by itself".to_owned()), ..Needs::default() };
    let sent = context.sent(&tree, &needs);
    Some(Measured {
        dockerfile: None,
        name: None,
        target: Target::Last,
        named: None,
        folder: context.folder,
        found_in: None,
        candidates: 1,
        ignore_path: context.ignore_path,
        ignore: context.ignore,
        tree,
        needs,
        sent,
    })
}

fn model_of(project: &Project, unit: &Unit, arguments: &BTreeMap<String, Option<String>>) -> Model {
    Model::of(unit.file, project.source(unit.file), &Arc::clone(&unit.syntax), arguments)
}

/// A build that is to be measured.
#[derive(Clone, Copy)]
struct One<'a> {
    file: FileId,
    build: Option<&'a Build>,
    target: &'a Target,
    named: &'a BTreeMap<String, NamedContext>,
    candidates: usize,
}

impl One<'_> {
    fn measure(
        self,
        named: Option<&str>,
        context: &Context,
        needs: Needs,
        options: &WalkOptions<'_>,
        walked: &mut Walked,
    ) -> Option<Measured> {
        let key = (context.folder.clone(), context.ignore_path.clone());
        let tree = walked.entry(key).or_insert_with(|| context.walk(options).map(Arc::new)).clone()?;
        let sent = context.sent(&tree, &needs);
        Some(Measured {
            dockerfile: Some(self.file),
            name: self.build.and_then(|it| it.name.clone()),
            target: self.target.clone(),
            named: named.map(str::to_owned),
            folder: context.folder.clone(),
            found_in: self.build.map(|it| it.found_in),
            candidates: self.candidates,
            ignore_path: context.ignore_path.clone(),
            ignore: Arc::clone(&context.ignore),
            tree,
            needs,
            sent,
        })
    }
}
