//! What files of the project say of a package manager: where it is to keep its cache.

use std::sync::Arc;

use serde_json::Value as Json;

use super::View;
use crate::{
    context::Context,
    model::{
        Configured, Copy, CopyFrom, Model, MountKind, PackageCommand, Run, Settings, Stage, Step, StepKind, Value,
    },
    project::{file_name, join},
};

/// What the files say that a command finds in the image, or in its mounts. Which line of the manager it is stays open.
pub fn configured(
    model: &Model,
    stage: &Stage,
    step: &Step,
    run: &Run,
    command: &PackageCommand,
    context: &Context,
) -> Configured {
    let mut found = Configured::default();
    if command.manager.configured_in.is_empty() {
        return found;
    }
    let site = Site { model, stage, step, run, command, context };
    for (place, setting) in &command.manager.configured_in {
        let name = setting.rsplit('.').next().unwrap_or(setting);
        let name = if setting.starts_with("maven.") { setting } else { name };
        match site.says(place, setting) {
            Said::Nothing => {}
            Said::Something(value) => {
                let other = found.settings.insert(name.to_owned(), value.clone());
                if other.is_some_and(|it| it != value) {
                    found.settings.insert(name.to_owned(), None);
                }
                // What no cache has as a setting has an effect that is not known.
                if !command.manager.cache.iter().any(|it| it.settings.iter().any(|(it, _)| it == name)) {
                    found.settings.extend(all_unknown(command));
                }
            }
        }
    }
    found
}

/// All settings of a manager's caches, with unknown values.
fn all_unknown(command: &PackageCommand) -> Settings {
    let settings = command.manager.cache.iter().flat_map(|it| &it.settings);
    settings.map(|(name, _)| (name.clone(), None)).collect()
}

/// What a file says of a setting.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    /// This, if it is known.
    Something(Option<String>),
}

struct Site<'a> {
    model: &'a Model,
    stage: &'a Stage,
    step: &'a Step,
    run: &'a Run,
    command: &'a PackageCommand,
    context: &'a Context,
}

impl Site<'_> {
    fn says(&self, place: &str, setting: &str) -> Said {
        let Some(path) = self.path(place) else { return Said::Nothing };
        let key = setting.rsplit('.').next().unwrap_or(setting);
        if self.is_written(&path, key) {
            return Said::Something(None);
        }
        let Some(text) = self.read(&path) else { return Said::Nothing };
        if !text.contains(key) {
            return Said::Nothing;
        }
        let said = match path.rsplit('.').next() {
            Some("toml") => in_toml(&text, setting),
            Some("json") => in_json(&text, setting),
            _ => in_lines(&text, setting),
        };
        match said {
            Said::Something(Some(value)) => Said::Something(self.plain(&value)),
            other => other,
        }
    }

    /// The path of a file, absolute in the image.
    fn path(&self, place: &str) -> Option<String> {
        let folder = self.run.folder(self.command);
        if let Some(option) = place.strip_prefix("{-").and_then(|it| it.strip_suffix('}')) {
            let value = self.command.values(&format!("-{option}")).into_iter().next()??;
            return Some(join(folder?, value));
        }
        if let Some(name) = place.strip_prefix('$') {
            return match self.run.value(name, self.command, &self.step.before) {
                Value::Known(path) if !path.is_empty() => Some(join(folder?, &path)),
                Value::Known(_) | Value::Unset | Value::Unknown => None,
            };
        }
        if let Some(rest) = place.strip_prefix("{home}/") {
            return Some(join(&self.step.before.home()?, rest));
        }
        match place.strip_prefix("{folder}/") {
            Some(rest) => Some(join(folder?, rest)),
            None => Some(place.to_owned()),
        }
    }

    fn earlier(&self) -> impl Iterator<Item = &Step> {
        let steps = self.model.ancestry(self.stage.index).flat_map(|it| &it.steps);
        steps.filter(|it| it.item < self.step.item)
    }

    /// Whether an earlier command, or a copied heredoc, may write the setting into the file.
    fn is_written(&self, path: &str, key: &str) -> bool {
        let name = file_name(path);
        let mut texts = self.earlier().filter(|step| match &step.kind {
            StepKind::Run(run) => run.mentions(&[name]) && run.mentions(&[key]),
            StepKind::Copy(copy) => copy.heredocs && copy.destination.as_deref().is_some_and(|it| path.starts_with(it)),
            StepKind::Other => false,
        });
        texts.next().is_some()
    }

    /// The text of a file as the command finds it.
    fn read(&self, path: &str) -> Option<Arc<str>> {
        let bound = self.run.mounts.iter().filter(|it| it.kind == MountKind::Bind && it.from.is_none());
        let mounted = bound.filter_map(|it| {
            let rest = path.strip_prefix(it.target.as_deref()?)?;
            let source = join(".", it.source.as_deref().unwrap_or(".").trim_start_matches('/'));
            match rest.strip_prefix('/') {
                Some(rest) => Some(join(&source, rest)),
                None => rest.is_empty().then_some(source),
            }
        });
        if let Some(text) = mounted.into_iter().find_map(|it| self.context.read(&it)) {
            return Some(text);
        }
        let mut copies: Vec<(usize, &Copy)> = self
            .earlier()
            .filter_map(|it| match &it.kind {
                StepKind::Copy(copy) if copy.from == CopyFrom::Context => Some((it.item, copy)),
                StepKind::Copy(_) | StepKind::Run(_) | StepKind::Other => None,
            })
            .collect();
        copies.sort_by_key(|it| it.0);
        let view = View { context: self.context, copies: copies.into_iter().map(|it| it.1).collect() };
        view.read(path)
    }

    /// A value that is a path: with the home folder in it, and without variables.
    fn plain(&self, value: &str) -> Option<String> {
        if value.is_empty() || value.contains(['$', '%', '{']) {
            return None;
        }
        match value.strip_prefix("~/") {
            Some(rest) => Some(join(&self.step.before.home()?, rest)),
            None => Some(join(self.run.folder(self.command)?, value)),
        }
    }
}

/// The value of a dotted key.
fn in_toml(text: &str, key: &str) -> Said {
    let Ok(table) = text.parse::<toml::Table>() else { return Said::Something(None) };
    let mut value = &toml::Value::Table(table);
    for part in key.split('.') {
        let Some(inner) = value.get(part) else { return Said::Nothing };
        value = inner;
    }
    Said::Something(value.as_str().map(str::to_owned))
}

fn in_json(text: &str, key: &str) -> Said {
    let Ok(whole) = serde_json::from_str::<Json>(text) else { return Said::Something(None) };
    let mut value = &whole;
    for part in key.split('.') {
        let Some(inner) = value.get(part) else { return Said::Nothing };
        value = inner;
    }
    Said::Something(value.as_str().map(str::to_owned))
}

/// `key = value`, `key "value"`, `key: value`, `-Dkey=value`, `<key>value</key>`, `<add key="key" value="value" />`.
fn in_lines(text: &str, key: &str) -> Said {
    let mut rest = text;
    let mut code = String::new();
    while let Some((before, comment)) = rest.split_once("<!--") {
        code.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, it)| it);
    }
    code.push_str(rest);
    for line in code.lines().map(str::trim).filter(|it| !it.starts_with(['#', ';'])) {
        let named = line.find(&format!("key=\"{key}\"")).map(|at| &line[at..]);
        if let Some(it) = named {
            let value = it.split_once("value=\"").and_then(|(_, it)| it.split_once('"'));
            return Said::Something(value.map(|(it, _)| it.to_owned()));
        }
        let bare = ["<", "\"", ""].iter().find_map(|it| line.strip_prefix(it)?.strip_prefix(key));
        if let Some((_, it)) = line.split_once(&format!("-D{key}=")) {
            return Said::Something(it.split_whitespace().next().map(str::to_owned));
        }
        // `cache` is not `cache-min`.
        let Some(value) = bare.filter(|it| it.is_empty() || it.starts_with(['=', ':', ' ', '\t', '>', '"'])) else {
            continue;
        };
        let value = value.trim_start_matches(['=', ':', ' ', '\t', '>']).split("</").next().unwrap_or_default();
        let value = value.trim().trim_matches(['"', '\'']);
        return Said::Something((!value.is_empty()).then(|| value.to_owned()));
    }
    Said::Nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_from_files_of_many_forms() {
        for (text, key, expected) in [
            ("cache=/n\n", "cache", Some(Some("/n"))),
            ("registry=https://cache.example.org\ncache-min=1\n", "cache", None),
            ("; cache = /n\n# cache=/o\n", "cache", None),
            ("cache-folder \"./y\"\n", "cache-folder", Some(Some("./y"))),
            ("globalFolder: ./y\n", "globalFolder", Some(Some("./y"))),
            ("pkgs_dirs:\n  - /p\n", "pkgs_dirs", Some(None)),
            ("-B -Dmaven.repo.local=/m -q\n", "maven.repo.local", Some(Some("/m"))),
            ("<localRepository>/m</localRepository>", "localRepository", Some(Some("/m"))),
            ("<!-- <localRepository>/m</localRepository> -->", "localRepository", None),
            ("<add key=\"globalPackagesFolder\" value=\"p\" />", "globalPackagesFolder", Some(Some("p"))),
            ("---\nBUNDLE_PATH: \"vendor/bundle\"\n", "BUNDLE_PATH", Some(Some("vendor/bundle"))),
        ] {
            let expected = expected.map_or(Said::Nothing, |it: Option<&str>| Said::Something(it.map(str::to_owned)));
            assert_eq!(in_lines(text, key), expected, "{text}");
        }
        assert_eq!(in_toml("[tool.ruff]\ncache-dir = \"x\"", "tool.uv.cache-dir"), Said::Nothing);
        assert_eq!(
            in_toml("[tool.uv]\ncache-dir = \"/x\"", "tool.uv.cache-dir"),
            Said::Something(Some("/x".to_owned()))
        );
        assert_eq!(
            in_json("{\"config\": {\"cache-dir\": \"/x\"}}", "config.cache-dir"),
            Said::Something(Some("/x".to_owned()))
        );
    }
}
