//! The project's own sources, as far as they tell what a program calls and loads.

use std::sync::Arc;

use super::wheels::normal;
use crate::{
    context::Context,
    knowledge::DEVELOPERS,
    project::{Kind, join},
};

/// The texts of the project's own sources, without its tests.
#[derive(Debug)]
pub struct Sources {
    texts: Vec<Text>,
    /// There are too many to look at.
    too_many: bool,
}

#[derive(Debug)]
struct Text {
    text: Arc<str>,
    /// Whether only tools for developers load it.
    is_for_tools: bool,
}

impl Sources {
    /// Reads what lies below folders of a context.
    pub fn of(context: &Context, roots: &[String]) -> Self {
        const MOST_FILES: usize = 300;
        const MOST_FOLDERS: usize = 100;
        let mut sources = Self { texts: Vec::new(), too_many: false };
        let mut open: Vec<String> = roots.to_vec();
        let mut folders = 0;
        while let Some(folder) = open.pop() {
            folders += 1;
            if folders > MOST_FOLDERS {
                sources.too_many = true;
                return sources;
            }
            for entry in context.list(&folder) {
                let path = join(&folder, &entry);
                match context.kind(&path) {
                    Some(Kind::Folder) if !is_foreign(&entry) => open.push(path),
                    Some(Kind::File) if is_source(&entry) => {
                        if sources.texts.len() == MOST_FILES {
                            sources.too_many = true;
                            return sources;
                        }
                        let text = context.read(&path).unwrap_or_default();
                        sources.texts.push(Text { text, is_for_tools: is_for_tools(&entry) });
                    }
                    Some(_) | None => {}
                }
            }
        }
        sources
    }

    /// Whether one of them names the program in quotes, as those do that call it; also where that cannot be told.
    pub fn call(&self, program: &str) -> bool {
        self.too_many || self.texts.iter().any(|it| calls_in_quotes(&it.text, program))
    }

    /// Whether one of them loads the package, or names it as a setting would; also where that cannot be told.
    pub fn load(&self, package: &str) -> bool {
        let modules = modules_of(package);
        let mut loaded = self.texts.iter().filter(|it| !it.is_for_tools).map(|it| &it.text);
        self.too_many || loaded.any(|it| names_in_quotes(it, package) || imports(it, &modules))
    }
}

/// Whether a text names a program at the start of a quoted text, alone or with a blank behind it.
fn calls_in_quotes(text: &str, name: &str) -> bool {
    quoted(text, name).any(|(quote, next)| next == Some(quote) || next == Some(b' '))
}

/// Whether a text names a package at the start of a quoted text, alone or with what it holds: `"name/part"`.
fn names_in_quotes(text: &str, name: &str) -> bool {
    quoted(text, name).any(|(quote, next)| next == Some(quote) || matches!(next, Some(b'/' | b'.')))
}

/// The places where quoted texts begin with a name: the quote, and what stands behind the name.
fn quoted<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = (u8, Option<u8>)> + 'a {
    text.match_indices(name).filter_map(move |(at, _)| {
        let quote = text[..at].bytes().next_back().filter(|it| matches!(it, b'"' | b'\'' | b'`'))?;
        Some((quote, text[at + name.len()..].bytes().next()))
    })
}

/// The modules of Python that a package may bring. Most have its name, some are named without what it belongs to.
fn modules_of(package: &str) -> Vec<String> {
    let own = normal(package).replace('-', "_");
    let mut modules: Vec<String> = DEVELOPERS.modules.get(&normal(package)).cloned().into_iter().collect();
    modules.extend(["django_", "python_"].iter().filter_map(|it| own.strip_prefix(it)).map(str::to_owned));
    modules.push(own);
    modules
}

/// Whether a Python source imports one of these modules, or names it as Django's settings do.
fn imports(text: &str, modules: &[String]) -> bool {
    let is_it = |path: &str| {
        let top = path.trim().split(['.', ' ']).next().unwrap_or_default();
        modules.iter().any(|it| it.eq_ignore_ascii_case(top))
    };
    let imported = text.lines().map(str::trim_start).any(|line| {
        let from = line.strip_prefix("from ").is_some_and(is_it);
        from || line.strip_prefix("import ").is_some_and(|it| it.split(',').any(is_it))
    });
    imported || modules.iter().any(|it| names_in_quotes(text, it))
}

fn is_foreign(folder: &str) -> bool {
    folder.starts_with('.')
        || matches!(folder, "node_modules" | "__pycache__" | "test" | "tests" | "vendor" | "target" | "venv" | "dist")
}

fn is_source(file: &str) -> bool {
    const ENDINGS: &[&str] = &["py", "js", "ts", "mjs", "cjs", "rb", "php", "sh", "go", "rs", "java", "ex", "exs"];
    // What tests call, is called where they run.
    let is_test = file.starts_with("test_") || file.contains("_test.") || file.contains(".test.");
    !is_test && file.rsplit_once('.').is_some_and(|(_, it)| ENDINGS.contains(&it))
}

/// Whether a source is a test by another name, or the settings of a tool for developers.
fn is_for_tools(file: &str) -> bool {
    file.contains("_spec.")
        || file.contains(".spec.")
        || DEVELOPERS.settings.iter().any(|it| file.starts_with(it.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Sources {
        Sources { texts: vec![Text { text: Arc::from(text), is_for_tools: false }], too_many: false }
    }

    #[test]
    fn settings_that_the_program_reads_are_sources_of_it() {
        for file in ["next.config.js", "ecosystem.config.cjs", "setup.py", "app.js"] {
            assert!(is_source(file) && !is_for_tools(file), "{file}");
        }
        for file in ["eslint.config.mjs", "conftest.py", "app.spec.ts"] {
            assert!(is_source(file) && is_for_tools(file), "{file}");
        }
        assert!(!is_source("app.test.ts") && !is_source("test_app.py"));
    }

    #[test]
    fn a_package_is_loaded_by_an_import_or_by_its_name_in_quotes() {
        for (text, package) in [
            ("import ipdb\n", "ipdb"),
            ("def f():\n    from pytest_mock.plugin import x\n", "pytest-mock"),
            ("import os, yaml as y\n", "PyYAML"),
            ("INSTALLED_APPS = ['debug_toolbar']\n", "django-debug-toolbar"),
            ("MIDDLEWARE = ['debug_toolbar.middleware.X']\n", "django-debug-toolbar"),
            ("const a = require('lodash/fp')\n", "lodash"),
            ("import x from \"@scope/name\"\n", "@scope/name"),
        ] {
            assert!(one(text).load(package), "{package} in {text}");
        }
        for (text, package) in [
            ("# ruff: noqa\nimport rufflib\n", "ruff"),
            ("import x from 'eslint-plugin'\n", "eslint"),
            ("from . import pytest_mock\n", "pytest"),
            ("print('use mypy for this')\n", "mypy"),
        ] {
            assert!(!one(text).load(package), "{package} in {text}");
        }
        assert!(Sources { texts: Vec::new(), too_many: true }.load("x"));
    }

    #[test]
    fn a_program_is_called_in_quotes() {
        assert!(one("run([\"git\", \"log\"])").call("git"));
        assert!(one("system('git log')").call("git"));
        assert!(!one("\"github\" git 'a git'").call("git"));
    }
}
