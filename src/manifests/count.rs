//! How many packages a lock file or a list of requirements names: what an install fetches again.

use super::View;

/// The packages of a file in words: `the 12 packages of` it, in backquotes.
pub fn listed(number: usize, file: &str) -> String {
    if number == 1 { format!("the one package of `{file}`") } else { format!("the {number} packages of `{file}`") }
}

/// The packages that manifests ask for, and the file that says so; `None` if none of them is counted here.
///
/// Lines are counted, and nothing is parsed: lock files can be large, and a number is all that is wanted.
pub fn packages(files: &[String], view: &View<'_>) -> Option<(usize, String)> {
    let locked = files.iter().find_map(|path| {
        let counts = lock(path.rsplit('/').next()?)?;
        let text = view.context.read(path)?;
        let number = text.lines().filter(|it| counts(it)).count();
        (number > 0).then(|| (number, path.clone()))
    });
    locked.or_else(|| {
        // Requirements files name each other, and the first is the one that the command names.
        let lists: Vec<&String> = files.iter().filter(|it| it.ends_with("txt")).collect();
        let texts = lists.iter().filter_map(|it| view.context.read(it));
        let number = texts.map(|it| it.lines().filter(|it| is_requirement(it)).count()).sum();
        (number > 0).then(|| Some((number, (*lists.first()?).clone())))?
    })
}

/// Whether a line of a lock file stands for a package, by the file's name.
fn lock(name: &str) -> Option<fn(&str) -> bool> {
    Some(match name {
        "package-lock.json" | "npm-shrinkwrap.json" => |it| it.trim_start().starts_with("\"resolved\": \""),
        "yarn.lock" => |it| it.starts_with("  resolved ") || it.starts_with("  resolution: "),
        "pnpm-lock.yaml" => |it| it.starts_with("    resolution: "),
        "poetry.lock" | "uv.lock" | "pdm.lock" | "Cargo.lock" => |it| it == "[[package]]",
        "Pipfile.lock" => |it| it.trim_start().starts_with("\"hashes\": ["),
        "go.sum" => |it| it.contains(' ') && !it.contains("/go.mod "),
        "Gemfile.lock" => |it| it.starts_with("    ") && !it.starts_with("     ") && it.contains(" ("),
        "composer.lock" => |it| it.trim_start().starts_with("\"dist\": {"),
        "mix.lock" => |it| it.trim_start().starts_with('"'),
        _ => return None,
    })
}

fn is_requirement(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(|it: char| it.is_ascii_alphanumeric()) && !line.starts_with("http")
}
