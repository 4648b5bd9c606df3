//! Writes the documentation as a book for mdBook: `cargo run --example site -- FOLDER && mdbook build FOLDER`.
//!
//! The pages keep their places in the repository, so that links between them hold; a link to what is no page is left
//! out, and its words stay.

#![expect(clippy::print_stderr, reason = "a program for the command line")]

use std::{collections::BTreeMap, env, fmt::Write as _, fs, io, path::Path, process::ExitCode};

use dockopt::{edit::Safety, finding::Level, rule::Rule, rules};

/// The documents, with their titles, in order.
pub(crate) const DOCUMENTS: [(&str, &str); 9] = [
    ("README.md", "dockopt"),
    ("docs/rules.md", "Rules"),
    ("docs/ci.md", "Hooks and CI"),
    ("docs/cli.md", "Command line"),
    ("docs/hadolint.md", "Where dockopt differs from hadolint"),
    ("docs/benchmarks.md", "Benchmarks"),
    ("docs/architecture.md", "Architecture"),
    ("docs/development.md", "Development"),
    ("CHANGELOG.md", "Changelog"),
];

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("usage: site FOLDER");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn write(folder: &Path) -> io::Result<()> {
    for (path, text) in book(Path::new(env!("CARGO_MANIFEST_DIR")))? {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// The files of the book, by path.
pub(crate) fn book(root: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    for (path, _) in DOCUMENTS {
        pages.insert(path.to_owned(), fs::read_to_string(root.join(path))?);
    }
    for rule in rules::all() {
        pages.insert(path_of(rule), rule_page(rule));
    }
    let mut files = BTreeMap::from([("src/SUMMARY.md".to_owned(), summary())]);
    for (path, text) in &pages {
        files.insert(format!("src/{path}"), with_links(path, text, &|it| pages.contains_key(it)));
    }
    for name in ["book.toml", "filter.css", "filter.js"] {
        files.insert(name.to_owned(), fs::read_to_string(root.join("docs/site").join(name))?);
    }
    Ok(files)
}

fn path_of(rule: &Rule) -> String {
    format!("rules/{}/{}.md", rule.family, rule.name)
}

/// The page of a rule, with what its front matter says below the heading.
fn rule_page(rule: &Rule) -> String {
    let meta = rule.meta();
    let fixes: Vec<_> = meta.fix.iter().map(|it| Safety::from(*it).as_str()).collect();
    let aliases: Vec<_> = meta.same_as.iter().map(|it| format!("`{it}`")).collect();
    let mut facts = vec![
        format!("level {}", Level::from(meta.level).as_str()),
        if meta.default { "on by default" } else { "off by default" }.to_owned(),
    ];
    if !fixes.is_empty() {
        facts.push(format!("fix: {}", fixes.join(", ")));
    }
    if !aliases.is_empty() {
        facts.push(format!("same as {}", aliases.join(", ")));
    }
    let heading = format!("# {}\n", rule.name);
    rule.text().trim_start().replacen(&heading, &format!("{heading}\n*{}; {}*\n", meta.summary, facts.join("; ")), 1)
}

/// The table of contents.
fn summary() -> String {
    let mut out = "# Summary\n\n".to_owned();
    for (path, title) in DOCUMENTS {
        let _ = if path == "README.md" {
            writeln!(out, "[{title}]({path})\n")
        } else {
            writeln!(out, "- [{title}]({path})")
        };
        if path == "docs/rules.md" {
            let mut family = "";
            for rule in rules::all() {
                if rule.family != family {
                    family = rule.family;
                    let _ = writeln!(out, "  - [{family}]()");
                }
                let _ = writeln!(out, "    - [{}]({})", rule.name, path_of(rule));
            }
        }
    }
    out
}

/// The text with its links to files outside of the book as plain words. Code is left as it is.
fn with_links(path: &str, text: &str, is_page: &dyn Fn(&str) -> bool) -> String {
    let mut out = String::new();
    let mut fence: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let mark = ["```", "~~~"].into_iter().find(|it| line.trim_start().starts_with(it));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(open), Some(mark)) if open == mark => fence = None,
            _ if fence.is_none() => {
                out.push_str(&line_with_links(path, line, is_page));
                continue;
            }
            _ => {}
        }
        out.push_str(line);
    }
    out
}

fn line_with_links(path: &str, line: &str, is_page: &dyn Fn(&str) -> bool) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(middle) = rest.find("](") {
        let (before, after) = (&rest[..middle], &rest[middle + 2..]);
        let (Some(start), Some(end)) = (before.rfind('['), after.find(')')) else { break };
        let target = &after[..end];
        let is_elsewhere = target.contains("://") || target.starts_with('#');
        let file = target.split('#').next().unwrap_or(target);
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        if is_elsewhere || is_page(&dockopt::project::join(folder, file)) {
            out.push_str(&rest[..middle + 2]);
            // mdBook writes a README as the index of its folder, and leaves the links as they are.
            out.push_str(&if is_elsewhere { target.to_owned() } else { target.replace("README.md", "index.md") });
            out.push(')');
        } else {
            out.push_str(&before[..start]);
            out.push_str(&before[start + 1..]);
        }
        rest = &after[end + 1..];
    }
    out + rest
}
