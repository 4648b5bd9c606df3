//! Keeps the generated pages of `docs/` fresh; `UPDATE=1 cargo test` writes them.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{env, fmt::Write, fs, path::PathBuf};

use dockopt::{cli, edit::Safety, finding::Level, rule::Rule, rules};

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

fn expect_fresh(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
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
    panic!("docs/{name} is stale: run `UPDATE=1 cargo test`\n{}", diff.unified_diff());
}
