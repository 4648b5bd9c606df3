//! Keeps the generated pages of `docs/` fresh; `UPDATE=1 cargo test` writes them.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{collections::BTreeSet, env, fmt::Write, fs, path::PathBuf};

use dockopt::{
    cli,
    edit::Safety,
    finding::Level,
    rule::Rule,
    rules,
    settings::{LabelForm, Settings},
};
use serde_json::json;

#[path = "../examples/site.rs"]
#[expect(dead_code, reason = "the test needs the files, and not the program that writes them")]
mod site;

const GENERATED: &str = "<!-- Made by `UPDATE=1 cargo test`; do not edit. -->\n";

#[test]
fn rules_md() {
    let mut out =
        format!("# Rules\n\n{GENERATED}\nEach rule has a page that says what it costs and how it is cured.\n");
    let mut family = "";
    for rule in rules::all() {
        if rule.family != family {
            family = rule.family;
            let _ = write!(out, "\n## {family}\n\n| rule | summary | level | default | fix | same as |\n");
            out.push_str("|---|---|---|---|---|---|\n");
        }
        out.push_str(&row(rule));
    }
    expect_fresh("rules.md", &out);
}

fn row(rule: &Rule) -> String {
    let meta = rule.meta();
    let fixes: Vec<_> = meta.fix.iter().map(|it| Safety::from(*it).as_str()).collect();
    let aliases: Vec<_> = meta.same_as.iter().map(|it| format!("`{it}`")).collect();
    format!(
        "| [`{name}`](../rules/{family}/{name}.md) | {summary} | {level} | {default} | {fix} | {aliases} |\n",
        name = rule.name,
        family = rule.family,
        summary = meta.summary.replace('|', "\\|"),
        level = Level::from(meta.level).as_str(),
        default = if meta.default { "on" } else { "off" },
        fix = fixes.join(", "),
        aliases = aliases.join(", "),
    )
}

/// The sections of the pages about what dockopt does otherwise than hadolint, one after the other.
#[test]
fn hadolint_md() {
    const HEADING: &str = "\n## Unlike hadolint\n";
    const FENCE: &str = "```dockerfile unlike=";
    let mut out = format!(
        "# Where dockopt differs from hadolint\n\n{GENERATED}\n\
         With `profile = \"hadolint\"` dockopt reports what hadolint reports, at the same instructions, and nothing else.\n\
         These are the differences that are meant.\n\
         `tests/hadolint.py` compares the two on many files, and takes no others.\n\n\
         | code | reported only by | rule |\n|---|---|---|\n"
    );
    let mut sections = String::new();
    for rule in rules::all() {
        let Some((_, section)) = rule.text().split_once(HEADING) else { continue };
        let section = section.split("\n## ").next().unwrap();
        let fences = section.lines().filter_map(|it| it.strip_prefix(FENCE)?.split_once(':'));
        for (code, side) in fences {
            let _ = writeln!(out, "| `{code}` | {side} | [`{0}`](#{0}) |", rule.name);
        }
        let _ = write!(sections, "\n## {}\n", rule.name);
        for line in section.trim_end().lines() {
            sections.push_str(if line.starts_with(FENCE) { "```dockerfile" } else { line });
            sections.push('\n');
        }
    }
    expect_fresh("hadolint.md", &(out + &sections));
}

#[test]
fn cli_md() {
    const WIDTH: usize = 100;
    let mut command = cli::command().term_width(WIDTH);
    command.build();
    let mut out = format!("# Command line\n\n{GENERATED}");
    let mut add = |title: &str, help: String| {
        let lines: Vec<_> = help.trim_end().lines().map(str::trim_end).collect();
        let _ = write!(out, "\n## `{title}`\n\n```text\n{}\n```\n", lines.join("\n"));
    };
    add("dockopt", command.render_long_help().to_string());
    for sub in command.get_subcommands_mut().filter(|it| it.get_name() != "help") {
        let title = format!("dockopt {}", sub.get_name());
        add(&title, sub.clone().term_width(WIDTH).render_long_help().to_string());
    }
    expect_fresh("cli.md", &out);
}

#[test]
fn man_pages() {
    let mut command = cli::command();
    command.build();
    let page = |command: &clap::Command| {
        let mut out = Vec::new();
        clap_mangen::Man::new(command.clone()).render(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    expect_fresh_at("packaging/man/dockopt.1", &page(&command));
    for sub in command.get_subcommands().filter(|it| it.get_name() != "help") {
        expect_fresh_at(&format!("packaging/man/dockopt-{}.1", sub.get_name()), &page(sub));
    }
}

#[test]
fn completions() {
    use clap_complete::Shell;
    for (shell, name) in [
        (Shell::Bash, "dockopt.bash"),
        (Shell::Zsh, "_dockopt"),
        (Shell::Fish, "dockopt.fish"),
        (Shell::PowerShell, "dockopt.ps1"),
    ] {
        let mut out = Vec::new();
        clap_complete::generate(shell, &mut cli::command(), "dockopt", &mut out);
        expect_fresh_at(&format!("packaging/completions/{name}"), &String::from_utf8(out).unwrap());
    }
}

/// The book holds every page, names each once, and no link in it leads nowhere.
#[test]
fn site() {
    let files = site::book(&PathBuf::from(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut pages: BTreeSet<&str> = files.keys().filter_map(|it| it.strip_prefix("src/")).collect();
    pages.remove("SUMMARY.md");
    let targets = |text: &'static str| text.split("](").skip(1).filter_map(|it| it.split(')').next());
    let summary: &'static str = files["src/SUMMARY.md"].clone().leak();
    let listed: Vec<&str> = targets(summary).filter(|it| !it.is_empty()).collect();
    assert_eq!(listed.len(), pages.len());
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), pages);
    for rule in rules::all() {
        let page = &files[&format!("src/rules/{}/{}.md", rule.family, rule.name)];
        assert!(page.starts_with(&format!("# {}\n\n*{}; level ", rule.name, rule.meta().summary)), "{page}");
        assert!(rule.same_as().iter().all(|it| page.contains(&format!("`{it}`"))), "{page}");
    }
    for path in &pages {
        let text: &'static str = files[&format!("src/{path}")].clone().leak();
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let prose = text.split("```").step_by(2);
        for target in prose.flat_map(targets).filter(|it| !it.contains("://") && !it.starts_with('#')) {
            let file = dockopt::project::join(folder, target.split('#').next().unwrap());
            // A README becomes the index of its folder.
            assert!(!file.ends_with("README.md"), "{path} leads to {target}");
            let file = file.replace("index.md", "README.md");
            assert!(pages.contains(file.as_str()), "{path} leads to {target}");
        }
    }
}

/// The schema of `dockopt.toml`, for editors.
#[test]
fn schema() {
    let mut names: Vec<&str> = rules::all().flat_map(|it| [it.name, it.family]).collect();
    names.extend(["all", "hadolint", "buildkit", "shellcheck"]);
    names.sort_unstable();
    names.dedup();
    // Codes of other tools are too many to list, and some are known to those tools alone.
    let name = json!({ "anyOf": [{ "enum": names }, { "type": "string", "pattern": "^(DL|SC)[0-9]{4}$|^[A-Z][A-Za-z]+$|/" }] });
    let list =
        |description: &str| json!({ "description": description, "type": "array", "items": { "$ref": "#/$defs/rule" } });
    let globs = json!({ "type": "array", "items": { "type": "string" } });
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "dockopt.toml",
        "type": "object",
        "additionalProperties": false,
        "$defs": {
            "rule": name,
            "level": { "enum": ["note", "warning", "error", "off"] },
        },
        "properties": {
            "builder": { "description": "What builds the images", "enum": ["buildkit", "legacy"] },
            "profile": { "description": "The rules that run unless some are selected", "enum": ["default", "hadolint"] },
            "select": list("Only these rules or families"),
            "ignore": list("Not these rules or families"),
            "exclude": { "description": "Files that are not looked at: globs, as in .gitignore", "allOf": [globs] },
            "baseline": { "description": "The file with findings that are not told again", "type": "string" },
            "fail-on": {
                "description": "The lowest level of a finding that fails a run",
                "enum": ["note", "warning", "error", "never"],
            },
            "suppressions": { "description": "Whether comments may silence findings", "type": "boolean" },
            "levels": {
                "description": "How much findings matter",
                "type": "object",
                "propertyNames": { "$ref": "#/$defs/rule" },
                "additionalProperties": { "$ref": "#/$defs/level" },
            },
            "per-file-ignores": {
                "description": "Rules that are off for some files, by glob",
                "type": "object",
                "additionalProperties": { "type": "array", "items": { "$ref": "#/$defs/rule" } },
            },
            "contexts": {
                "description": "The build context of a Dockerfile, where nothing else tells",
                "type": "object",
                "additionalProperties": { "type": "string" },
            },
            "trusted-registries": {
                "description": "Registries that images may come from",
                "type": "array",
                "items": { "type": "string" },
            },
            "labels": {
                "description": "The labels that an image is to have, and the form of each",
                "type": "object",
                "additionalProperties": { "enum": LabelForm::NAMES.map(|(name, _)| name) },
            },
            "context-limit": {
                "description": "How much of a context is too much, such as \"50 MB\"",
                "type": "string",
                "pattern": "^\\s*[0-9]+ *([kKmMgG]?[bB])\\s*$",
                "default": "100 MB",
            },
            "strict-labels": { "description": "Whether an image may have no other labels", "type": "boolean" },
        },
    });
    // An unknown key is answered with the known ones.
    let help = Settings::parse("zzzzzzzzzz = 1").unwrap_err().help.unwrap();
    let known: BTreeSet<_> = help.split('`').skip(1).step_by(2).collect();
    let described: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(described, known, "left: the schema, right: the settings");
    expect_fresh("dockopt.schema.json", &format!("{schema:#}\n"));
}

fn expect_fresh(name: &str, text: &str) {
    expect_fresh_at(&format!("docs/{name}"), text);
}

fn expect_fresh_at(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    let found = fs::read_to_string(&path).unwrap_or_default();
    if found == text {
        return;
    }
    if env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let diff = similar::TextDiff::from_lines(&found, text);
    panic!("{name} is stale: run `UPDATE=1 cargo test`\n{}", diff.unified_diff());
}
