//! Whether a project speaks of a path: the search for whatever could make it, read it or copy it.
//!
//! A false "it does" costs a fix its safety, a false "it does not" a file that somebody needs; so everything that
//! looks like the path counts.

use crate::{
    gitignore::GitIgnore,
    knowledge::CONTENTS,
    project::{Files, Kind, join},
};

/// What a search has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing speaks of it.
    Nothing,
    /// This place does: the path of a file, and a line.
    At(String, usize),
    /// There is more to read than can be read in a moment.
    TooMuch,
}

/// Texts that say how something is run: there a bare word can be a path.
const COMMANDS: &[&str] = &[
    "bash", "bat", "cfg", "cmd", "conf", "env", "hcl", "ini", "mk", "ps1", "service", "sh", "toml", "yaml", "yml",
    "zsh",
];

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search<'a> {
    /// Files, folders, and endings such as `.bin` of files.
    pub names: &'a [String],
    /// The folders of images in which they may be; other absolute paths lead elsewhere.
    pub folders: &'a [String],
    /// Files that do not count.
    pub passed_over: &'a [&'a str],
}

/// Looks through all texts of a project that git does not ignore, from its `root`, for one that speaks of the names.
pub(super) fn search(files: &dyn Files, git: &GitIgnore<'_>, root: &str, search: Search<'_>) -> Found {
    const MOST_FILES: usize = 4_000;
    const MOST_BYTES: usize = 16 << 20;
    let (mut seen, mut bytes) = (0, 0);
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for name in files.list(&folder) {
            let path = join(&folder, &name);
            seen += 1;
            if seen > MOST_FILES || bytes > MOST_BYTES {
                return Found::TooMuch;
            }
            match files.kind(&path) {
                Some(Kind::Folder) => {
                    let is_other = name == ".git" || CONTENTS.is_ballast(&name) || files.link(&path).is_some();
                    if !is_other && !git.ignores_itself(&path, Kind::Folder) {
                        open.push(path);
                    }
                }
                Some(Kind::File)
                    if !CONTENTS.generated.contains(&name)
                        && !search.passed_over.contains(&path.as_str())
                        && !git.ignores_itself(&path, Kind::File) =>
                {
                    let Some(text) = files.read(&path) else { continue };
                    bytes += text.len();
                    let is_command = is_command(&name);
                    if let Some(at) = search.names.iter().filter_map(|it| search.find(&text, it, is_command)).min() {
                        return Found::At(path, text[..at].matches('\n').count() + 1);
                    }
                }
                Some(Kind::File) | None => {}
            }
        }
    }
    Found::Nothing
}

fn is_command(name: &str) -> bool {
    name.rsplit_once('.').is_none_or(|(_, ending)| COMMANDS.contains(&ending))
        || name.starts_with("Dockerfile")
        || name.starts_with(".env")
}

impl Search<'_> {
    /// Where a text speaks of a name as of a path, and not only uses the word.
    fn find(self, text: &str, name: &str, is_command: bool) -> Option<usize> {
        text.match_indices(name).map(|it| it.0).find(|at| self.speaks(text, *at, name, is_command))
    }

    fn speaks(self, text: &str, at: usize, name: &str, is_command: bool) -> bool {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let (last, next) = (before.chars().next_back(), after.chars().next());
        let is_word = |it: char| it.is_alphanumeric() || matches!(it, '_' | '-');
        if next.is_some_and(is_word) {
            return false;
        }
        if name.starts_with('.') {
            // An ending: of a glob, or by itself in quotes.
            return last.is_some_and(|it| matches!(it, '*' | '"' | '\'' | '`' | '}' | ')'));
        }
        if last.is_some_and(is_word) || last == Some('.') {
            return false;
        }
        let is_separator = |it: Option<char>| matches!(it, Some('/' | '\\'));
        if is_separator(last) {
            let start = before.rfind(|it: char| !(is_word(it) || "./\\${}@~%:".contains(it))).map_or(0, |it| it + 1);
            let folder = &before[start..];
            // In a mount another path stands before it.
            let folder = folder.rsplit(':').next().unwrap_or(folder);
            let is_absolute = folder.starts_with('/') && !folder.contains(['$', '{', '%']);
            return !is_absolute
                || self.folders.iter().any(|it| it.trim_end_matches('/') == folder.trim_end_matches('/'));
        }
        if is_separator(next) {
            return true;
        }
        let is_quote = |it: Option<char>| matches!(it, Some('"' | '\'' | '`'));
        if is_quote(last) && last == next {
            // The key of a map is no path: `x["data"]`, `x.get("data")`, `{"data": 1}`.
            let outside = before[..before.len() - 1].trim_end();
            let is_index = outside
                .strip_suffix('[')
                .is_some_and(|it| it.ends_with(|it: char| is_word(it) || it == ')' || it == ']'));
            let is_asked_for = outside.ends_with(".get(") || outside.ends_with(".pop(");
            let is_key = after[1..].trim_start().starts_with(':');
            return !(is_index || is_asked_for || is_key);
        }
        let ends = |it: Option<char>| {
            it.is_none_or(|it| it.is_whitespace() || matches!(it, '=' | ',' | ';' | '&' | '|' | ')'))
        };
        is_command && ends(last) && ends(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Memory;

    const SEARCH: Search<'_> = Search { names: &[], folders: &[], passed_over: &[] };

    #[test]
    fn paths_are_told_from_words() {
        for (text, name, is_command, speaks) in [
            ("data = load()", "data", false, false),
            ("open('data/x.csv')", "data", false, true),
            ("BASE / \"data\"", "data", false, true),
            ("row[\"data\"]", "data", false, false),
            ("row.get('data')", "data", false, false),
            ("{\"data\": 1}", "data", false, false),
            ("[\"data\"]", "data", false, true),
            ("Path(\"/data/repos\")", "data", false, false),
            ("\"/app/data\"", "data", false, false),
            ("\"/srv/data\"", "data", false, false),
            ("- pgdata:/var/lib/data", "data", true, false),
            ("- ./data:/data", "data", true, true),
            ("./data", "data", false, true),
            ("${HERE}/data/x", "data", false, true),
            ("https://data.example.org/data/", "data", false, false),
            ("metadata/x", "data", false, false),
            ("database", "data", false, false),
            ("mkdir -p data", "data", true, true),
            ("the data is here", "data", false, false),
            ("VOLUME=data", "data", true, true),
            ("data:\n", "data", true, false),
            ("- pgdata:/var", "data", true, false),
            ("glob('*.bin')", ".bin", false, true),
            ("endswith('.bin')", ".bin", false, true),
            ("a.bin", ".bin", false, false),
            ("load(\"model.bin\")", "model.bin", false, true),
        ] {
            let found = SEARCH.find(text, name, is_command);
            assert_eq!(found.is_some(), speaks, "{text} of {name}");
        }
    }

    #[test]
    fn absolute_paths_lead_into_the_image() {
        let folders = ["/app".to_owned()];
        let search = Search { folders: &folders, ..SEARCH };
        assert!(search.find("\"/app/data\"", "data", false).is_some());
        assert!(search.find("/app/x/data", "data", false).is_none());
        assert!(search.find("${APP}/data", "data", false).is_some());
    }

    #[test]
    fn ignored_files_do_not_count() {
        let texts = [(".gitignore", "/data/\n/out\n"), ("out/x.sh", "cd data"), ("a/run.sh", "ls\ncd data")];
        let texts = texts.map(|(path, text)| (path.to_owned(), std::sync::Arc::from(text))).into();
        let memory = Memory { texts, ..Memory::default() };
        let git = GitIgnore::new(&memory, ".".to_owned());
        let look_for = |name: &str| search(&memory, &git, ".", Search { names: &[name.to_owned()], ..SEARCH });
        assert_eq!(look_for("data"), Found::At("a/run.sh".to_owned(), 2));
        assert_eq!(look_for("models"), Found::Nothing);
    }
}
