//! Ids of mounts: which builds share a cache.

use super::Site;
use crate::{
    knowledge::{Cache, KNOWLEDGE, Release},
    model::ImageRef,
    project::file_name,
    syntax::Flag,
};

impl Site<'_> {
    /// The id of a mount, where the caches of different releases have to be told apart and this one is known.
    ///
    /// Other mounts of the file on the same folder decide, so that they go on sharing it.
    pub(in crate::rules::cache) fn mount_id(&self, cache: &Cache, target: &str) -> Option<String> {
        if let Some(id) = self.file.ids(self.cx.model).get(&(self.stage.bottom.clone(), target.to_owned())) {
            return id.clone();
        }
        let prefix = cache.id.as_ref()?;
        let known = self.stage.bottom.as_deref();
        let written;
        let image = if let Some(it) = known {
            it
        } else {
            written = self.written();
            &written
        };
        let (name, tag) = (image.name.as_str(), image.tag.as_deref());
        let last = file_name(name);
        let tag = tag.filter(|it| *it != "latest");
        let version = tag.and_then(|it| it.split('-').next());
        let release = if cache.per_image {
            let alpine = tag.and_then(|it| it.split('-').find_map(|it| it.strip_prefix("alpine")));
            match alpine.filter(|it| !it.is_empty()) {
                Some(alpine) => format!("alpine-{alpine}"),
                None => match tag.or(known.and(Some("latest"))) {
                    Some(tag) => format!("{last}-{tag}"),
                    None => last.to_owned(),
                },
            }
        } else if let Some(release) = tag.and_then(|it| Release::find(name, it)) {
            release.name.clone()
        } else if KNOWLEDGE.distributions.iter().any(|it| it == last) {
            [Some(last), version].into_iter().flatten().collect::<Vec<_>>().join("-")
        } else {
            return None;
        };
        let plain = |it: char| if it.is_ascii_alphanumeric() || it == '.' { it } else { '-' };
        let release: String = release.chars().map(plain).collect();
        let release = release.split('-').filter(|it| !it.is_empty()).collect::<Vec<_>>().join("-");
        let architecture = if self.is_cross_built() { "-$TARGETARCH" } else { "" };
        Some(format!("{prefix}-{release}{architecture}"))
    }

    /// Whether builds on other base images would get a mount of the same id, though it must be another cache: what is
    /// different about them stands in a variable.
    pub(super) fn is_one_for_all(&self, cache: &Cache) -> bool {
        let written;
        let image = if let Some(it) = self.stage.bottom.as_deref() {
            it
        } else {
            written = self.written();
            &written
        };
        let tag = image.tag.as_deref().unwrap_or_default();
        let told =
            tag.split('-').any(|it| it.strip_prefix("alpine").is_some_and(|it| !it.is_empty() && !it.contains('$')));
        cache.per_image && !told && [image.name.as_str(), tag].iter().any(|it| it.contains('$'))
    }

    /// The image at the bottom of the stage as it is written, which tells images that are not known apart.
    fn written(&self) -> ImageRef {
        let bottom = self.cx.model.ancestry(self.stage.index).last().map_or(self.stage.from, |it| it.from);
        ImageRef::parse(self.cx.model.at(bottom).rest.text.split_whitespace().next().unwrap_or_default())
    }

    /// Whether the stage asks which platform it is built for, and runs on that.
    fn is_cross_built(&self) -> bool {
        let from = self.cx.model.at(self.stage.from);
        let fixed = from.flags.iter().any(|it: &Flag| it.name == "platform");
        !fixed && self.step.before.variables.contains_key("TARGETARCH")
    }
}
