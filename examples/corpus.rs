//! Runs `check` and `fix` over folders and tests the promises of `docs/architecture.md` on every Dockerfile in them.
//!
//! `cargo run --release --example corpus -- FOLDER…` prints a count and every promise that is broken; it exits with 1
//! if there is one. `DIFF=1` also prints the diff of every changed file, `RULE=name` looks at one rule alone.

#![expect(clippy::print_stdout, reason = "it is a program that prints")]
#![expect(clippy::unwrap_used, reason = "a development tool may stop at the first surprise")]

use std::{collections::BTreeMap, env, path::Path, process::ExitCode, sync::Arc, time::Instant};

use dockopt::{edit::Safety, engine, project::Project, settings::Settings, workspace::Workspace};

#[derive(Default)]
struct Counts {
    files: usize,
    changed: usize,
    findings: BTreeMap<String, usize>,
    rounds: BTreeMap<usize, usize>,
    broken: Vec<String>,
}

fn main() -> ExitCode {
    let start = env::current_dir().unwrap();
    let mut counts = Counts::default();
    let began = Instant::now();
    for folder in env::args().skip(1) {
        env::set_current_dir(start.join(&folder)).unwrap();
        let settings = Settings::default().with_selection(env::var("RULE").into_iter().collect(), Vec::new());
        let workspace = Workspace::here().unwrap();
        let loaded = workspace.load(&[".".to_owned()], None, Arc::new(settings));
        for safety in [Safety::Safe, Safety::Unsafe] {
            examine(&folder, &loaded.project, safety, &mut counts);
        }
    }
    println!(
        "{} files, {} changed by safe fixes, {:.1} s",
        counts.files,
        counts.changed,
        began.elapsed().as_secs_f32()
    );
    println!("rounds: {:?}", counts.rounds);
    for (what, count) in &counts.findings {
        println!("{count:6} {what}");
    }
    for broken in &counts.broken {
        println!("BROKEN {broken}");
    }
    if counts.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn examine(folder: &str, project: &Project, safety: Safety, counts: &mut Counts) {
    let findings = engine::check(project);
    let fixed = engine::fix(project, safety);
    let again = engine::fix(&fixed.project, safety);
    let most = fixed.rounds.max(fixed.rounds_across);
    *counts.rounds.entry(most).or_default() += 1;
    if most > 4 {
        counts.broken.push(format!("{folder}: {most} rounds"));
    }
    for dropped in &fixed.dropped {
        let path = &project.source(dropped.finding.location.file).path;
        let line = project.source(dropped.finding.location.file).line(dropped.finding.location.span.start);
        let rule = dropped.finding.rule;
        counts.broken.push(format!("{folder}/{path}:{line}: {safety:?} {rule} dropped: {}", dropped.reason));
    }
    for (at, new) in fixed.project.sources.iter().enumerate() {
        let old = project.sources.get(at);
        let old_text = old.map_or("", |it| &it.text);
        if again.project.sources[at].text != new.text {
            counts.broken.push(format!("{folder}/{}: {safety:?} a second run changes it", new.path));
        }
        if old_text != new.text && env::var("DIFF").is_ok() {
            let name = Path::new(folder).join(&new.path);
            let diff = similar::TextDiff::from_lines(old_text, &new.text);
            println!("### {safety:?} {}\n{}", name.display(), diff.unified_diff());
        }
        if safety == Safety::Safe && project.dockerfiles.iter().any(|it| it.file.0 as usize == at) {
            counts.files += 1;
            counts.changed += usize::from(old_text != new.text);
        }
    }
    for new in again.project.sources.iter().skip(fixed.project.sources.len()) {
        counts.broken.push(format!("{folder}/{}: {safety:?} a second run makes it", new.path));
    }
    if safety == Safety::Safe {
        for finding in &findings {
            let fix = finding.fix.as_ref().map_or("no fix", |it| it.safety.as_str());
            *counts.findings.entry(format!("{} ({fix})", finding.rule)).or_default() += 1;
        }
    }
}
