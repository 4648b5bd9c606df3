//! Keeps the modules in the order that `docs/architecture.md` gives: each uses only those above it, and what only one
//! module may know is known by no other.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The module of a row, and the names in backticks of its other cells.
struct Row {
    module: String,
    names: BTreeSet<String>,
}

/// The rows of the table below a heading of `docs/architecture.md`, without its head.
fn table(heading: &str) -> Vec<Row> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let section = text.split("\n## ").find(|it| it.starts_with(&format!("{heading}\n")));
    let section = section.unwrap_or_else(|| panic!("docs/architecture.md has no section `{heading}`"));
    let rows = section.lines().filter(|it| it.starts_with('|')).skip(2);
    let row = |line: &str| {
        let mut names = line.split('`').skip(1).step_by(2).map(str::to_owned);
        Row { module: names.next().unwrap(), names: names.collect() }
    };
    let rows: Vec<Row> = rows.map(row).collect();
    assert!(!rows.is_empty(), "the section `{heading}` of docs/architecture.md has no table");
    rows
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of each module without comments and tests, all its files together.
fn modules() -> BTreeMap<String, String> {
    let mut modules = BTreeMap::new();
    add_modules(&root().join("src"), None, &mut modules);
    modules
}

fn add_modules(folder: &Path, module: Option<&str>, out: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let module = module.unwrap_or(&stem);
        if path.is_dir() {
            add_modules(&path, Some(module), out);
        } else if !["lib", "main"].contains(&module) && stem != "tests" {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
            let lines = text.lines().filter(|it| !it.trim_start().starts_with("//"));
            let code = lines.map(|it| it.to_owned() + "\n");
            out.entry(module.to_owned()).or_default().extend(code);
        }
    }
}

/// The modules of this crate that a text names: `use crate::{a, b::{c, d}}`, `crate::e::f`.
fn uses(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => names.extend(heads(list)),
            None => names.extend(word(rest)),
        }
    }
    names
}

/// The first word of each entry of a list, to the brace that closes it.
fn heads(list: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let (mut depth, mut is_start) = (0, true);
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_start = true,
            _ if is_start && !letter.is_whitespace() => {
                heads.extend(word(&list[at..]));
                is_start = false;
            }
            _ => {}
        }
    }
    heads
}

fn word(text: &str) -> Option<String> {
    let end = text.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

#[test]
fn every_module_is_in_the_table() {
    let listed: BTreeSet<String> = table("Modules").into_iter().map(|it| it.module).collect();
    let found: BTreeSet<String> = modules().into_keys().collect();
    assert_eq!(listed, found, "left: docs/architecture.md, right: src/");
}

#[test]
fn modules_use_only_those_above_them() {
    let order: Vec<String> = table("Modules").into_iter().map(|it| it.module).collect();
    let place = |name: &str| order.iter().position(|it| it == name);
    let mut upward = BTreeMap::new();
    for (module, text) in modules() {
        let below = uses(&text).into_iter().filter(|it| place(it) > place(&module)).collect::<BTreeSet<_>>();
        if !below.is_empty() {
            upward.insert(module, below);
        }
    }
    let allowed: BTreeMap<_, _> =
        table("Exceptions to the order").into_iter().map(|it| (it.module, it.names)).collect();
    assert_eq!(allowed, upward, "left: the exceptions in docs/architecture.md, right: what src/ uses from below");
}

#[test]
fn what_one_module_knows_no_other_does() {
    let modules = modules();
    for row in table("What few modules know") {
        let users = modules.iter().filter(|(_, text)| knows(text, &row.module)).map(|(module, _)| module.clone());
        assert_eq!(row.names, users.collect(), "`{}`; left: docs/architecture.md, right: src/", row.module);
    }
}

/// Whether a text names a package, or a module of the standard library: `clap`, `std::fs`.
fn knows(text: &str, name: &str) -> bool {
    let is_word = |it: char| it.is_alphanumeric() || it == '_';
    let path = format!("{name}::");
    let mut paths = text.match_indices(&path).map(|(at, _)| &text[..at]);
    let imports = paths.any(|before| !before.ends_with(is_word) && !before.ends_with("crate::"));
    let part = name.strip_prefix("std::");
    let mut lists = text.split("use std::{").skip(1).filter_map(|it| it.split(';').next());
    imports
        || [";", " as "].iter().any(|end| text.contains(&format!("use {name}{end}")))
        || lists.any(|list| heads(list).iter().any(|it| Some(&**it) == part))
}

#[test]
fn names_are_read_from_all_forms_of_use() {
    let text =
        "use crate::{\n    edit::{Change, Edit},\n    rewrite,\n};\nuse crate::model::{self, Run};\ncrate::rule!(x)";
    assert_eq!(uses(text).into_iter().collect::<Vec<_>>(), ["edit", "model", "rewrite", "rule"]);
    assert!(knows("use std::{\n    collections::BTreeMap,\n    fs::{self, File},\n};", "std::fs"));
    assert!(!knows("use std::{collections::BTreeMap, fmt};\nuse crate::fs;", "std::fs"));
}
