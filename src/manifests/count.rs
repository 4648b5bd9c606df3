//! How many packages a lock file or a list of requirements names: what an install fetches again.

use memchr::memmem;
use rustc_hash::FxHashSet;

use super::View;
use crate::source::lines;

/// The packages of a file in words: `the 12 packages of` it, in backquotes.
pub fn listed(number: usize, file: &str) -> String {
    if number == 1 { format!("the one package of `{file}`") } else { format!("the {number} packages of `{file}`") }
}

/// The packages that manifests ask for, and the file that says so; `None` if none of them is counted here.
///
/// Lines are counted, and nothing is parsed: lock files can be large, and a number is all that is wanted.
pub fn packages(files: &[String], view: &View<'_>) -> Option<(usize, String)> {
    let locked = files.iter().find_map(|path| {
        let count = lock(path.rsplit('/').next()?)?;
        let number = count(&view.context.read(path)?);
        (number > 0).then(|| (number, path.clone()))
    });
    locked.or_else(|| {
        // Requirements files name each other, and the first is the one that the command names.
        let lists: Vec<&String> = files.iter().filter(|it| it.ends_with("txt")).collect();
        let texts = lists.iter().filter_map(|it| view.context.read(it));
        let number = texts.map(|it| lines(&it).filter(|it| is_requirement(it)).count()).sum();
        (number > 0).then(|| Some((number, (*lists.first()?).clone())))?
    })
}

/// How to count the packages of a lock file, by its name.
fn lock(name: &str) -> Option<fn(&str) -> usize> {
    Some(match name {
        "package-lock.json" | "npm-shrinkwrap.json" => |it| indented(it, "\"resolved\": \""),
        "yarn.lock" => |it| begun(it, "  resolved ") + begun(it, "  resolution: "),
        "pnpm-lock.yaml" => |it| begun(it, "    resolution: "),
        "poetry.lock" | "uv.lock" | "pdm.lock" | "Cargo.lock" => {
            |it| places(it, "[[package]]").filter(|(before, behind)| before.is_empty() && ends_line(behind)).count()
        }
        "Pipfile.lock" => |it| indented(it, "\"hashes\": ["),
        // Its lock file has sums of what is never built, too.
        "go.mod" => |it| {
            let mut is_open = false;
            let is_required = |line: &&str| {
                let line = line.trim();
                is_open = if is_open { line != ")" } else { line == "require (" };
                let one = line.strip_prefix("require ").unwrap_or(if is_open { line } else { "" });
                one.split(' ').nth(1).is_some_and(|it| it.starts_with('v'))
            };
            lines(it).filter(is_required).count()
        },
        // A gem stands there once for each platform.
        "Gemfile.lock" => |it| {
            let name = |it: &str| {
                let rest = it.strip_prefix("    ").filter(|it| !it.starts_with(' '))?;
                rest.split_once(" (").map(|(name, _)| name.to_owned())
            };
            lines(it).filter_map(name).collect::<FxHashSet<_>>().len()
        },
        "composer.lock" => |it| indented(it, "\"dist\": {"),
        "mix.lock" => |it| lines(it).filter(|it| it.trim_start().starts_with('"')).count(),
        _ => return None,
    })
}

/// The lines that begin with a text.
fn begun(text: &str, start: &str) -> usize {
    places(text, start).filter(|(before, _)| before.is_empty()).count()
}

/// The lines that begin with a text, blanks before it aside.
fn indented(text: &str, start: &str) -> usize {
    places(text, start).filter(|(before, _)| before.trim_start().is_empty()).count()
}

/// What stands before a text on the lines that have it, and behind it in all: to look at each line takes longer.
fn places<'a>(text: &'a str, part: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    memmem::find_iter(text.as_bytes(), part).map(move |at| {
        let start = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |it| it + 1);
        (&text[start..at], &text[at + part.len()..])
    })
}

fn ends_line(behind: &str) -> bool {
    behind.is_empty() || behind.starts_with('\n') || behind.starts_with("\r\n")
}

fn is_requirement(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(|it: char| it.is_ascii_alphanumeric()) && !line.starts_with("http")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_counted_by_their_lines() {
        for (name, text, number) in [
            ("poetry.lock", "[[package]]\nname = \"a\"\n[[package]]\r\n[[package]] # no\n [[package]]\n[[package]]", 3),
            ("yarn.lock", "a:\n  resolved \"x\"\n   resolved \"y\"\nb:\n  resolution: z\n", 2),
            ("package-lock.json", "{\n\t\"resolved\": \"x\",\n  \"resolved\": \"y\", \"resolved\": \"z\"}", 2),
            ("pnpm-lock.yaml", "    resolution: {a}\n  resolution: {b}\n", 1),
            ("Cargo.lock", "", 0),
            (
                "go.mod",
                "module a\n\ngo 1.22\n\nrequire b v1.0.0\n\nrequire (\n\tc v1.0.0\n\td v0.1.0 // indirect\n)\nreplace e => ./e\n",
                3,
            ),
            ("Gemfile.lock", "GEM\n  specs:\n    a (1.0)\n      b (>= 1)\n    b (2.0)\n    b (2.0-x86_64-linux)\n", 2),
        ] {
            assert_eq!(lock(name).map(|count| count(text)), Some(number), "{name}");
        }
        assert!(lock("package.json").is_none());
    }
}
