//! Yarn's Plug'n'Play: the program loads its packages from Yarn's cache.

use super::Harm;
use crate::{
    edit::Safety,
    manifests::{Linker, yarn_linker},
    model::{Mount, Value, is_below},
    project::join,
};

impl Harm<'_, '_, '_> {
    /// A mount on the cache that Plug'n'Play reads when the program runs.
    pub(super) fn pnp(&mut self, mount: &Mount, target: &str) {
        let site = self.site;
        let Some(command) = site.run.packages().iter().find(|it| it.manager.name == "yarn") else { return };
        let Some(folder) = site.run.folder(command) else { return };
        let contexts = site.cx.contexts();
        let linkers: Vec<Linker> =
            contexts.iter().filter_map(|context| yarn_linker(folder, &site.view(context))).collect();
        let [Linker::PlugAndPlay { global }] = linkers.as_slice() else { return };
        let state = &site.step.before;
        let value = |name: &str| match site.run.value(name, command, state) {
            Value::Known(it) => Some(it),
            Value::Unset | Value::Unknown => None,
        };
        let global = match value("YARN_ENABLE_GLOBAL_CACHE").as_deref() {
            Some("0" | "false") => false,
            Some(_) => true,
            None => *global,
        };
        let cache = if global {
            let own = value("YARN_GLOBAL_FOLDER").or_else(|| Some(format!("{}/.yarn/berry", state.home()?)));
            own.map(|it| format!("{it}/cache"))
        } else {
            Some(value("YARN_CACHE_FOLDER").map_or_else(|| join(folder, ".yarn/cache"), |it| join(folder, &it)))
        };
        let Some(cache) = cache.filter(|it| is_below(it, target)) else { return };
        let later = self.later().any(|(_, run)| {
            !run.has_cache_over(&cache)
                && run.invocations().iter().any(|it| matches!(it.program.as_str(), "yarn" | "node" | "corepack"))
        });
        if !later && !site.cx.is_shipped(site.stage.index) {
            return;
        }
        let message = format!("with Plug'n'Play, programs load their packages from the cache mount on `{target}`");
        let note = format!("`.pnp.cjs` names files in `{cache}`, which are not in the image.");
        let mut finding = self.finding(mount.span, message, note);
        finding.fix = self.without(mount).and_then(|it| site.cx.fix("Take out the mount", Safety::Unsafe, it));
        self.out.push(finding);
    }
}
