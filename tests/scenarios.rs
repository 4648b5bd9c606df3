//! Whole projects: for each folder `testdata/<scenario>/` with an `in/`, the report on it and the tree after fixes.
//!
//! `report.txt` is what `check` says in its short format; `out/` holds the files that safe fixes change or make, and
//! only those; `out-unsafe/` those of all fixes, where they differ. `UPDATE=1 cargo test` writes them.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use dockopt::{
    edit::Safety,
    engine,
    project::Project,
    report::{self, Format, Options},
    settings::Settings,
};
use libtest_mimic::{Arguments, Failed, Trial};
use walkdir::WalkDir;

/// Text by path, with `/` between the parts of a path.
type Tree = BTreeMap<String, String>;

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut folders: Vec<PathBuf> = fs::read_dir(testdata).unwrap().map(|it| it.unwrap().path()).collect();
    folders.retain(|it| it.join("in").is_dir());
    folders.sort();
    let trial = |folder: PathBuf| {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        Trial::test(name, move || scenario(&folder).map_err(Failed::from))
    };
    libtest_mimic::run(&args, folders.into_iter().map(trial).collect()).exit_code()
}

fn scenario(folder: &Path) -> Result<(), String> {
    let files = tree(&folder.join("in")).map_err(|it| it.to_string())?;
    let settings = match files.get("dockopt.toml") {
        Some(text) => Settings::parse(text).map_err(|it| it.to_string())?,
        None => Settings::default(),
    };
    let project = Project::in_memory(files, settings);
    let findings = engine::check(&project);
    let report = report::render(Format::Short, &project, &findings, Options::PLAIN);

    let outs = [("out", Safety::Safe), ("out-unsafe", Safety::Unsafe)];
    let outs = outs.map(|(name, safety)| fixed(&project, safety).map(|out| (name, out)));
    let outs: Vec<(&str, Tree)> = outs.into_iter().collect::<Result<_, _>>()?;
    if env::var_os("UPDATE").is_some() {
        return update(folder, &report, &outs).map_err(|it| it.to_string());
    }
    expect_text("report.txt", &fs::read_to_string(folder.join("report.txt")).unwrap_or_default(), &report)?;
    let safe = folder.join(outs[0].0);
    for (name, out) in outs {
        let own = folder.join(name);
        let expected = tree(if own.is_dir() { &own } else { &safe }).unwrap_or_default();
        for path in expected.keys().chain(out.keys()) {
            match (expected.get(path), out.get(path)) {
                (Some(expected), Some(text)) => expect_text(&format!("{name}/{path}"), expected, text)?,
                (Some(_), None) => return Err(format!("{name}/{path} is there, but `fix` leaves this file as it is")),
                (None, _) => return Err(format!("{name}/{path} is missing: `fix` changes this file; {HINT}")),
            }
        }
    }
    Ok(())
}

/// The files that `fix` changes or makes.
fn fixed(project: &Project, safety: Safety) -> Result<Tree, String> {
    let fixed = engine::fix(project, safety);
    if let Some(dropped) = fixed.dropped.first() {
        let path = &fixed.project.source(dropped.finding.location.file).path;
        return Err(format!("{path}: the fix of `{}` was dropped: {}", dropped.finding.rule, dropped.reason));
    }
    let again = changes(&fixed.project, &engine::fix(&fixed.project, safety).project);
    if !again.is_empty() {
        return Err(format!("a second fix changes {:?}", again.keys().collect::<Vec<_>>()));
    }
    Ok(changes(project, &fixed.project))
}

const HINT: &str = "run `UPDATE=1 cargo test` if that is right";

/// The files below a folder. What is not UTF-8 takes part by its name alone.
fn tree(folder: &Path) -> io::Result<Tree> {
    let mut out = Tree::new();
    for entry in WalkDir::new(folder).into_iter().filter(|it| it.as_ref().is_ok_and(|it| it.file_type().is_file())) {
        let entry = entry?;
        let path = entry.path().strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
        out.insert(path, String::from_utf8_lossy(&fs::read(entry.path())?).into_owned());
    }
    Ok(out)
}

/// The files that differ, as they are afterwards.
fn changes(before: &Project, after: &Project) -> Tree {
    let is_old = |at: usize, text: &str| before.sources.get(at).is_some_and(|it| it.text == text);
    let new = after.sources.iter().enumerate().filter(|(at, it)| !is_old(*at, &it.text));
    new.map(|(_, it)| (it.path.clone(), it.text.clone())).collect()
}

fn update(folder: &Path, report: &str, outs: &[(&str, Tree)]) -> io::Result<()> {
    fs::write(folder.join("report.txt"), report)?;
    for (name, out) in outs {
        let root = folder.join(name);
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        if *name != outs[0].0 && *out == outs[0].1 {
            continue;
        }
        for (path, text) in out {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&root))?;
            fs::write(path, text)?;
        }
    }
    Ok(())
}

fn expect_text(what: &str, expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(expected, found);
    Err(format!("{what} differs; {HINT}\n{}", diff.unified_diff().header("expected", "found")))
}
