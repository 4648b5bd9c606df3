//! Packages of a Python lock file that have no wheel for an image, and are built on the spot.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::lines;

/// What wheels have to fit; `None` for what is not known, and then all do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Platform {
    /// The version of Python: the number behind `3.`.
    pub python: Option<u32>,
    /// Whether the C library is musl, and not glibc.
    pub musl: Option<bool>,
}

/// A package that is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// Its name, as [`normal`] writes it.
    pub name: String,
    /// Whether another C library would do; else it is Python that no wheel fits.
    pub by_library: bool,
}

/// A name as all tools compare it: lower case, hyphens.
pub fn normal(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

/// The packages that a list of requirements asks for on every platform, with their extras: `psycopg[c]`.
pub fn requirements(text: &str) -> impl Iterator<Item = String> {
    lines(text).filter_map(|line| {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.contains(';') || !line.starts_with(|it: char| it.is_ascii_alphanumeric()) || line.contains("://") {
            return None;
        }
        let end = line.find(|it: char| !(it.is_ascii_alphanumeric() || "-_.[],".contains(it))).unwrap_or(line.len());
        Some(normal(&line[..end]))
    })
}

/// The packages of a lock file that are installed whatever the platform, have no wheel that fits, and can be built.
///
/// `manifest` is the text of `pyproject.toml`, which says what Poetry's older lock files do not: what the project asks
/// for itself.
pub fn built(name: &str, text: &str, manifest: Option<&str>, platform: Platform) -> Vec<Built> {
    let Some(text) = only_suspects(text, platform) else { return Vec::new() };
    let Ok(lock) = toml::from_str::<toml::Table>(&text) else { return Vec::new() };
    let packages = packages(&lock);
    let certain = match name {
        "uv.lock" => reached(roots_of_uv(&lock), &packages),
        "pdm.lock" => marked(&packages),
        "poetry.lock" => match manifest.and_then(|it| toml::from_str::<toml::Table>(it).ok()) {
            Some(manifest) => reached(roots_of_poetry(&manifest), &packages),
            None => BTreeSet::new(),
        },
        _ => BTreeSet::new(),
    };
    let built = packages.iter().filter(|it| certain.contains(&it.name) && it.has_source).filter_map(|it| {
        // Packages for other systems have no wheels for this one, and are not installed.
        let linux = it.wheels.iter().any(|it| it.contains("manylinux") || it.contains("musllinux"));
        let fit = |platform: Platform| it.wheels.iter().any(|it| fits(it, platform));
        let by_library = || fit(Platform { musl: None, ..platform });
        (linux && !fit(platform)).then(|| Built { name: it.name.clone(), by_library: by_library() })
    });
    built.collect()
}

/// A package of a lock file.
struct Package {
    name: String,
    wheels: Vec<String>,
    has_source: bool,
    /// What it needs, whatever the platform.
    needs: Vec<String>,
    /// Whether the lock file itself says that it is installed whatever the platform.
    is_certain: bool,
}

/// A lock file without the lists of files of packages that are surely not built, seen line by line: the lists are nearly
/// all of it, and most lock files need not be parsed at all. `None` if no package is built.
fn only_suspects(text: &str, platform: Platform) -> Option<String> {
    let mut out = String::new();
    let mut has_one = false;
    // Older versions of Poetry list the files of all packages in one place, by their names.
    let mut is_list_of_all = false;
    let mut all = lines(text);
    while let Some(line) = all.next() {
        if line.starts_with('[') {
            is_list_of_all = line == "[metadata.files]";
        }
        let key = line.strip_suffix(" = [").filter(|it| is_list_of_all || matches!(*it, "wheels" | "files"));
        let Some(key) = key else {
            // A list in one line.
            has_one |= line.contains(".whl\"");
            out.push_str(line);
            out.push('\n');
            continue;
        };
        // What has wheels for other systems only is not installed.
        let (mut linux, mut fit) = (false, false);
        let start = line.as_ptr() as usize - text.as_ptr() as usize;
        let mut end = text.len();
        for line in all.by_ref() {
            if line == "]" {
                end = line.as_ptr() as usize + line.len() - text.as_ptr() as usize;
                break;
            }
            if !fit && let Some(end) = line.find(".whl\"") {
                let name = line[..end].rsplit(['"', '/']).next().unwrap_or_default();
                linux |= name.contains("manylinux") || name.contains("musllinux");
                fit = fits(name, platform);
            }
        }
        if linux && !fit {
            has_one = true;
            out.push_str(&text[start..end]);
        } else {
            out.push_str(key);
            out.push_str(" = []");
        }
        out.push('\n');
    }
    has_one.then_some(out)
}

/// Whether a wheel, by its name without the ending, can be used.
fn fits(name: &str, platform: Platform) -> bool {
    let mut parts = name.rsplitn(4, '-');
    let (Some(platforms), Some(abis), Some(pythons)) = (parts.next(), parts.next(), parts.next()) else { return true };
    let library = |it: &str| {
        let machine = it.contains("x86_64") || it.contains("aarch64");
        let of = |musl: bool| platform.musl.is_none_or(|it| it == musl);
        it == "any"
            || machine
                && (it.starts_with("linux_")
                    || (it.starts_with("manylinux") && of(false))
                    || (it.starts_with("musllinux") && of(true)))
    };
    let python = |it: &str| {
        let Some(wanted) = platform.python else { return it.starts_with("cp3") || it.starts_with("py3") };
        if it == "py3" {
            return true;
        }
        let minor = |prefix: &str| it.strip_prefix(prefix).and_then(|it| it.parse::<u32>().ok());
        let stable = abis.split('.').any(|it| it == "abi3");
        match (minor("cp3"), minor("py3")) {
            (Some(minor), _) if stable => minor <= wanted,
            // Free-threaded Python is another one.
            (Some(minor), _) => minor == wanted && abis.split('.').any(|it| !it.ends_with('t')),
            (_, Some(minor)) => minor <= wanted,
            (None, None) => false,
        }
    };
    platforms.split('.').any(library) && pythons.split('.').any(python)
}

fn packages(lock: &toml::Table) -> Vec<Package> {
    let entries = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let files_of = |name: &str| lock.get("metadata")?.get("files")?.get(name)?.as_array();
    let mut packages: Vec<Package> = entries
        .filter_map(|it| {
            let written = it.get("name")?.as_str()?;
            let listed = ["files", "wheels"].iter().filter_map(|key| it.get(*key)?.as_array());
            let files: Vec<&str> = listed
                .chain(files_of(written))
                .flatten()
                .filter_map(|it| ["file", "filename", "url", "path"].iter().find_map(|key| it.get(*key)?.as_str()))
                .filter_map(|it| it.rsplit('/').next())
                .collect();
            let wheels: Vec<String> =
                files.iter().filter_map(|it| it.strip_suffix(".whl")).map(str::to_owned).collect();
            let has_source = it.get("sdist").is_some() || wheels.len() < files.len();
            let groups = it.get("groups").and_then(toml::Value::as_array);
            let is_certain = groups.is_some_and(|it| it.iter().any(|it| it.as_str() == Some("default")))
                && it.get("marker").is_none();
            Some(Package { name: normal(written), wheels, has_source, needs: needs(it), is_certain })
        })
        .collect();
    // Which of several versions is taken depends on the platform.
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for package in &packages {
        *times.entry(package.name.clone()).or_default() += 1;
    }
    packages.retain(|it| times[&it.name] == 1);
    packages
}

/// What a package needs whatever the platform.
fn needs(package: &toml::Value) -> Vec<String> {
    match package.get("dependencies") {
        // uv: a list of tables.
        Some(toml::Value::Array(list)) => {
            let plain = list.iter().filter(|it| it.get("marker").is_none());
            plain.filter_map(|it| it.get("name")?.as_str()).map(normal).collect()
        }
        // Poetry: a table by name.
        Some(toml::Value::Table(table)) => {
            table.iter().filter(|(_, it)| is_plain(it)).map(|(it, _)| normal(it)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a dependency of Poetry's holds for every platform, and without being asked for.
fn is_plain(dependency: &toml::Value) -> bool {
    match dependency {
        toml::Value::String(_) => true,
        toml::Value::Table(it) => {
            !["markers", "optional", "python", "platform"].iter().any(|key| it.contains_key(*key))
        }
        _ => false,
    }
}

fn roots_of_uv(lock: &toml::Table) -> Vec<String> {
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let own = packages.into_iter().find(|it| {
        let source = it.get("source");
        ["virtual", "editable"].iter().any(|key| source.and_then(|it| it.get(*key)?.as_str()) == Some("."))
    });
    own.map(needs).unwrap_or_default()
}

fn roots_of_poetry(manifest: &toml::Table) -> Vec<String> {
    let poetry = manifest.get("tool").and_then(|it| it.get("poetry")?.get("dependencies")?.as_table());
    let own = poetry.into_iter().flatten().filter(|(name, it)| *name != "python" && is_plain(it));
    let mut names: Vec<String> = own.map(|(it, _)| normal(it)).collect();
    let listed = manifest.get("project").and_then(|it| it.get("dependencies")?.as_array());
    for line in listed.into_iter().flatten().filter_map(toml::Value::as_str) {
        names.extend(requirements(line).map(|it| it.split('[').next().unwrap_or_default().to_owned()));
    }
    names
}

/// The packages that others lead to, whatever the platform.
fn reached(roots: Vec<String>, packages: &[Package]) -> BTreeSet<String> {
    let by_name: BTreeMap<&str, &Package> = packages.iter().map(|it| (it.name.as_str(), it)).collect();
    let mut seen = BTreeSet::new();
    let mut open = roots;
    while let Some(name) = open.pop() {
        if let Some(package) = by_name.get(name.as_str())
            && seen.insert(name)
        {
            open.extend(package.needs.iter().cloned());
        }
    }
    seen
}

fn marked(packages: &[Package]) -> BTreeSet<String> {
    packages.iter().filter(|it| it.is_certain).map(|it| it.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheels_fit_or_not() {
        let on = |python, musl| Platform { python: Some(python), musl: Some(musl) };
        for (name, platform, expected) in [
            ("a-1-py3-none-any", on(13, true), true),
            ("a-1-py2.py3-none-any", on(9, false), true),
            ("a-1-py2-none-any", on(9, false), false),
            ("a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64", on(12, false), true),
            ("a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64", on(12, true), false),
            ("a-1-cp312-cp312-manylinux_2_17_x86_64", on(13, false), false),
            ("a-1-cp37-abi3-musllinux_1_1_aarch64", on(13, true), true),
            ("a-1-cp313-cp313t-musllinux_1_2_x86_64", on(13, true), false),
            ("a-1-cp312-cp312-win_amd64", on(12, false), false),
            ("a-1-cp312-cp312-manylinux1_i686", on(12, false), false),
            ("a-1-py3-none-manylinux2014_x86_64", on(12, false), true),
            ("a-1-1-cp312-cp312-linux_x86_64", on(12, true), true),
            ("a-1-cp312-cp312-musllinux_1_2_x86_64", Platform::default(), true),
        ] {
            assert_eq!(fits(name, platform), expected, "{name} {platform:?}");
        }
    }

    #[test]
    fn what_is_installed_everywhere_and_has_no_wheel_is_built() {
        let file = |name: &str| format!("    {{file = \"{name}\", hash = \"sha256:0\"}},\n");
        let package = |name: &str, files: &[&str], more: &str| {
            let files: String = files.iter().map(|it| file(it)).collect();
            format!("[[package]]\nname = \"{name}\"\nversion = \"1\"\nfiles = [\n{files}]\n{more}\n")
        };
        let lock = [
            package(
                "a",
                &["a-1-py3-none-any.whl", "a-1.tar.gz"],
                "[package.dependencies]\nB_b = \">=1\"\nw = {version = \"1\", markers = \"os_name == 'nt'\"}",
            ),
            package("b-b", &["b_b-1-cp312-cp312-manylinux2014_x86_64.whl", "b_b-1.tar.gz"], ""),
            package("w", &["w-1-cp312-cp312-manylinux2014_x86_64.whl", "w-1.tar.gz"], ""),
            package("d", &["d-1-cp312-cp312-manylinux2014_x86_64.whl", "d-1.tar.gz"], ""),
        ]
        .concat();
        let manifest =
            "[tool.poetry.dependencies]\npython = \"^3.12\"\na = \"1\"\nd = {version = \"1\", optional = true}\n";
        let names = |platform| {
            let built = built("poetry.lock", &lock, Some(manifest), platform);
            built.into_iter().map(|it| (it.name, it.by_library)).collect::<Vec<_>>()
        };
        assert_eq!(names(Platform { python: Some(12), musl: Some(true) }), [("b-b".to_owned(), true)]);
        assert_eq!(names(Platform { python: Some(13), musl: Some(false) }), [("b-b".to_owned(), false)]);
        assert_eq!(names(Platform { python: Some(12), musl: Some(false) }), []);
    }
}
