//! What is asked of a whole file, and found out once.

use std::{cell::OnceCell, sync::Arc};

use rustc_hash::FxHashMap;

use crate::model::{ImageRef, Model, MountKind};

/// By base image and folder, the ids of the mounts that a file has.
type Ids = FxHashMap<(Option<Arc<ImageRef>>, String), Option<String>>;

/// What is asked of a whole file, and found out once.
#[derive(Default)]
pub(super) struct InFile {
    ids: OnceCell<Ids>,
    offline: OnceCell<Vec<Offline>>,
}

/// A command that takes all packages from what is there.
pub(super) struct Offline {
    pub(super) stage: usize,
    pub(super) item: usize,
    pub(super) manager: &'static str,
    pub(super) title: String,
}

impl InFile {
    /// The ids of the mounts that a file has.
    pub(super) fn ids(&self, model: &Model) -> &Ids {
        self.ids.get_or_init(|| {
            let mut ids = Ids::default();
            for stage in &model.stages {
                for mount in stage.runs().flat_map(|(_, run)| &run.mounts).filter(|it| it.kind == MountKind::Cache) {
                    if let Some(target) = mount.target.as_deref() {
                        ids.entry((stage.bottom.clone(), target.to_owned())).or_insert_with(|| mount.id.clone());
                    }
                }
            }
            ids
        })
    }

    /// The commands that take all packages from what is there.
    pub(super) fn offline(&self, model: &Model) -> &[Offline] {
        self.offline.get_or_init(|| {
            let runs = model.stages.iter().flat_map(|stage| stage.runs().map(move |it| (stage.index, it)));
            let commands = runs.flat_map(|(stage, (step, run))| {
                let offline = run.packages().iter().filter(|it| it.is_offline());
                offline.map(move |it| Offline { stage, item: step.item, manager: &it.manager.name, title: it.title() })
            });
            commands.collect()
        })
    }
}
