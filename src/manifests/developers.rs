//! The packages that a project wants for its developers alone, as its manifest tells.

use serde_json::Value as Json;

use super::{
    View,
    wheels::{normal, requirements},
};
use crate::{
    knowledge::DEVELOPERS,
    model::{MountKind, PackageCommand, Run},
    project::{file_name, join, parent},
};

/// The packages that a project asks for by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those for developers.
    pub developers: Vec<String>,
    /// The groups of those for developers, where not all groups are.
    pub groups: Vec<String>,
    /// The scripts that the manifest names, with what they run.
    pub scripts: Vec<(String, String)>,
    /// The folder of the manifest, as a path in the context.
    pub folder: String,
}

impl Wanted {
    /// Whether a word of a command stands for one of the packages for developers, or for something like it.
    pub fn is_used_by(&self, word: &str) -> bool {
        let bare = normal(file_name(word));
        DEVELOPERS.is_tool(word) || self.developers.iter().any(|it| it == word || normal(file_name(it)) == bare)
    }
}

/// What the project that a command installs wants for its developers, if it would come along; `None` where that cannot
/// be told.
pub fn developers(command: &PackageCommand, run: &Run, view: &View<'_>) -> Option<Wanted> {
    let folder = run.folder(command)?;
    let mounted = |place: &str| {
        let mut mounts = run.mounts.iter().filter(|it| it.kind == MountKind::Bind && it.from.is_none());
        let mount = mounts.find(|it| it.target.as_deref() == Some(place))?;
        Some(join(".", mount.source.as_deref()?))
    };
    let (name, parse): (&str, fn(&str) -> Option<Wanted>) = match command.manager.name.as_str() {
        "npm" | "yarn" | "pnpm" | "bun" => ("package.json", javascript),
        "composer" => ("composer.json", composer),
        "bundler" => ("Gemfile", bundler),
        "pipenv" => ("Pipfile", pipenv),
        "uv" => ("pyproject.toml", uv),
        "pdm" => ("pyproject.toml", pdm),
        "poetry" => ("pyproject.toml", poetry),
        _ => return None,
    };
    let place = join(folder, name);
    let path = view.in_context(&place).or_else(|| mounted(&place))?;
    let wanted = parse(&view.context.read(&path)?)?;
    Some(Wanted { folder: parent(&path), ..wanted })
}

fn javascript(text: &str) -> Option<Wanted> {
    let manifest: Json = serde_json::from_str(text).ok()?;
    let scripts = manifest["scripts"].as_object().into_iter().flatten();
    let scripts = scripts.filter_map(|(name, it)| Some((name.clone(), it.as_str()?.to_owned()))).collect();
    Some(Wanted { scripts, ..of_json(&manifest, "devDependencies") })
}

fn of_json(manifest: &Json, key: &str) -> Wanted {
    let names = manifest[key].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    Wanted { developers: names.collect(), ..Wanted::default() }
}

fn composer(text: &str) -> Option<Wanted> {
    Some(of_json(&serde_json::from_str(text).ok()?, "require-dev"))
}

fn pipenv(text: &str) -> Option<Wanted> {
    let manifest: toml::Table = toml::from_str(text).ok()?;
    let table = manifest.get("dev-packages").and_then(toml::Value::as_table);
    Some(Wanted { developers: table.into_iter().flat_map(toml::Table::keys).cloned().collect(), ..Wanted::default() })
}

/// A Gemfile, as far as it is written in the usual way: `group … do` and `gem "x", group: …`.
fn bundler(text: &str) -> Option<Wanted> {
    let mut wanted = Wanted::default();
    // The open blocks, with whether they are a group for developers.
    let mut blocks: Vec<bool> = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        // Without the two the groups are left out, and `group :development, :production` is none of them.
        let only = line.contains(":development") || line.contains(":test");
        let only = only && !line.contains(":production") && !line.contains(":staging");
        if line.starts_with("gem ") || line.starts_with("gem(") {
            let rest = line[3..].trim_start_matches(['(', ' ']);
            let name = rest.trim_start_matches(['"', '\'']).split(['"', '\'']).next()?.to_owned();
            let named = only && line.contains("group");
            if named || blocks.iter().any(|it| *it) {
                wanted.developers.push(name);
            }
        } else if line == "end" {
            blocks.pop()?;
        } else if line.ends_with(" do") || line.starts_with("if ") || line.starts_with("unless ") {
            blocks.push(line.starts_with("group ") && only);
        }
    }
    blocks.is_empty().then_some(wanted)
}

fn names_of(list: Option<&toml::Value>) -> Vec<String> {
    let lines = list.and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str);
    lines.flat_map(requirements).map(|it| it.split('[').next().unwrap_or_default().to_owned()).collect()
}

fn uv(text: &str) -> Option<Wanted> {
    let manifest: toml::Table = toml::from_str(text).ok()?;
    let uv = manifest.get("tool").and_then(|it| it.get("uv"));
    // Another set of groups is installed by default, of which `--no-dev` may be no part.
    if uv.and_then(|it| it.get("default-groups")).is_some() {
        return None;
    }
    let group = manifest.get("dependency-groups").and_then(|it| it.get("dev"));
    let mut developers = names_of(group);
    let included = group.and_then(toml::Value::as_array).into_iter().flatten().filter_map(|it| it.get("include-group"));
    for name in included.filter_map(toml::Value::as_str) {
        developers.extend(names_of(manifest.get("dependency-groups").and_then(|it| it.get(name))));
    }
    developers.extend(names_of(uv.and_then(|it| it.get("dev-dependencies"))));
    Some(Wanted { developers, ..Wanted::default() })
}

fn pdm(text: &str) -> Option<Wanted> {
    let manifest: toml::Table = toml::from_str(text).ok()?;
    let own = manifest.get("tool").and_then(|it| it.get("pdm")?.get("dev-dependencies"));
    let groups = [own, manifest.get("dependency-groups")].into_iter().flatten().filter_map(toml::Value::as_table);
    let developers = groups.flat_map(toml::Table::values).flat_map(|it| names_of(Some(it))).collect();
    Some(Wanted { developers, ..Wanted::default() })
}

/// Poetry installs all groups that are not optional, whatever their names.
fn poetry(text: &str) -> Option<Wanted> {
    let manifest: toml::Table = toml::from_str(text).ok()?;
    let poetry = manifest.get("tool").and_then(|it| it.get("poetry"));
    let keys = |it: Option<&toml::Value>| -> Vec<String> {
        let table = it.and_then(toml::Value::as_table);
        table.into_iter().flat_map(toml::Table::keys).filter(|it| *it != "python").cloned().collect()
    };
    let mut wanted = Wanted { developers: keys(poetry.and_then(|it| it.get("dev-dependencies"))), ..Wanted::default() };
    let old = !wanted.developers.is_empty();
    let mut all = true;
    let groups = poetry.and_then(|it| it.get("group")).and_then(toml::Value::as_table).into_iter().flatten();
    let mut groups: Vec<(String, Vec<String>)> = groups
        .filter(|(_, it)| it.get("optional").and_then(toml::Value::as_bool) != Some(true))
        .map(|(name, it)| (name.clone(), keys(it.get("dependencies"))))
        .collect();
    let standard = manifest.get("dependency-groups").and_then(toml::Value::as_table).into_iter().flatten();
    groups.extend(standard.map(|(name, it)| (name.clone(), names_of(Some(it)))));
    for (name, packages) in groups {
        if DEVELOPERS.is_group(&name) {
            wanted.groups.push(name);
            wanted.developers.extend(packages);
        } else {
            all = false;
        }
    }
    if all {
        wanted.groups.clear();
    } else if old {
        wanted.groups.push("dev".to_owned());
    }
    Some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_poetry_are_told_by_their_names() {
        let text = "[tool.poetry.dependencies]\npython = \"3\"\na = \"1\"\n[tool.poetry.group.dev.dependencies]\nb = \"1\"\n\
                    [tool.poetry.group.extra]\noptional = true\n[tool.poetry.group.extra.dependencies]\nc = \"1\"\n";
        let wanted = poetry(text).unwrap();
        assert_eq!((wanted.developers, wanted.groups), (vec!["b".to_owned()], vec![]));
        let text = format!("{text}[tool.poetry.group.server.dependencies]\nd = \"1\"\n");
        let wanted = poetry(&text).unwrap();
        assert_eq!((wanted.developers, wanted.groups), (vec!["b".to_owned()], vec!["dev".to_owned()]));
    }

    #[test]
    fn groups_of_a_gemfile_are_blocks_or_words() {
        let text = "source 'x'\ngem 'rails'\ngroup :development, :test do\n  gem \"rspec\"\n  platforms :mri do\n    gem 'byebug'\n  end\nend\n\
                    gem 'rubocop', group: :development\ngroup :production do\n  gem 'pg'\nend\n";
        let wanted = bundler(text).unwrap();
        assert_eq!(wanted.developers, ["rspec", "byebug", "rubocop"]);
        assert!(bundler("gem 'a'\nend\n").is_none());
    }

    #[test]
    fn uv_installs_one_group() {
        let text = "[project]\ndependencies = [\"a>=1\"]\n[dependency-groups]\ndev = [\"b\", {include-group = \"lint\"}]\nlint = [\"c==1\"]\ndocs = [\"d\"]\n";
        assert_eq!(uv(text).unwrap().developers, ["b", "c"]);
        assert_eq!(uv(&format!("{text}[tool.uv]\ndefault-groups = [\"docs\"]\n")), None);
    }
}
