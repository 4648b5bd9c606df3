//! What is asked of a whole file, and found out once.

use std::{
    cell::{OnceCell, Ref, RefCell},
    sync::Arc,
};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    edit::Safety,
    knowledge::Action,
    model::{ImageRef, Model, MountKind, Stage},
    rule::FileCx,
};

/// By base image and folder, the ids of the mounts that a file has.
type Ids = FxHashMap<(Option<Arc<ImageRef>>, String), Option<String>>;

/// What is asked of a whole file, and found out once.
#[derive(Default)]
pub(super) struct InFile {
    ids: OnceCell<Ids>,
    fed: OnceCell<FxHashSet<String>>,
    readers: OnceCell<Vec<Reader>>,
    fixes: RefCell<FxHashMap<usize, Safety>>,
    takes_program: OnceCell<bool>,
}

/// A command that reads what others fetched.
pub(super) struct Reader {
    pub(super) item: usize,
    pub(super) manager: &'static str,
    /// Whether it cannot fetch.
    pub(super) offline: bool,
}

impl InFile {
    /// Whether the image is built again whenever the program of the project is edited.
    pub(super) fn takes_program(&self, cx: &FileCx<'_>) -> bool {
        *self.takes_program.get_or_init(|| cx.takes_program())
    }

    /// The commands that read what others fetched.
    pub(super) fn readers(&self, model: &Model) -> &[Reader] {
        self.readers.get_or_init(|| {
            let runs = model.stages.iter().flat_map(Stage::runs);
            let commands = runs.flat_map(|(step, run)| run.packages().iter().map(|it| (step.item, it)));
            let readers = commands.filter(|(_, it)| it.action == Action::Build || it.is_offline());
            readers.map(|(item, it)| Reader { item, manager: &it.manager.name, offline: it.is_offline() }).collect()
        })
    }

    /// How safely runs, as items, get the mounts that they lack, as far as they were looked at.
    pub(super) fn fixes(&self) -> Ref<'_, FxHashMap<usize, Safety>> {
        self.fixes.borrow()
    }

    /// Keeps what was found out about a run.
    pub(super) fn set_fix(&self, item: usize, safety: Safety) {
        self.fixes.borrow_mut().insert(item, safety);
    }

    /// Whether the file mounts a cache on a folder that comes from a stage or an image: another one would be empty.
    pub(super) fn is_fed(&self, model: &Model, target: &str) -> bool {
        let fed = self.fed.get_or_init(|| {
            let mounts = model.stages.iter().flat_map(Stage::runs).flat_map(|(_, run)| &run.mounts);
            let fed = mounts.filter(|it| it.kind == MountKind::Cache && it.from.is_some());
            fed.filter_map(|it| it.target.clone()).collect()
        });
        fed.contains(target)
    }

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
}
