//! What git ignores: `.gitignore` files to an answer, by git's rules and not those of Docker.

use std::{cell::RefCell, collections::BTreeMap, path::Path, rc::Rc, sync::Arc};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::{
    project::{Files, Kind, join, parent},
    source::lines,
};

/// The `.gitignore` files of a repository, read and compiled when they are asked for.
#[derive(Debug)]
pub struct GitIgnore<'a> {
    files: &'a dyn Files,
    /// The root of the repository.
    root: String,
    texts: RefCell<BTreeMap<String, Texts>>,
    compiled: RefCell<BTreeMap<String, Option<Rc<Gitignore>>>>,
}

/// Files with the folders that they are in.
type Texts = Rc<[Rc<Own>]>;

/// The file of a folder.
#[derive(Debug)]
struct Own {
    folder: String,
    text: Arc<str>,
    /// What its lines ask for.
    hints: Vec<Hint>,
}

impl<'a> GitIgnore<'a> {
    /// Those of the repository with this root.
    pub fn new(files: &'a dyn Files, root: String) -> Self {
        Self { files, root, texts: RefCell::default(), compiled: RefCell::default() }
    }

    /// Whether git ignores what a path names, or a folder that it is in. Nothing has to be there.
    pub fn ignores(&self, path: &str, kind: Kind) -> bool {
        let mut path = path.to_owned();
        let mut kind = kind;
        while path != self.root {
            if self.ignores_itself(&path, kind) {
                return true;
            }
            let above = parent(&path);
            if above == path {
                break;
            }
            (path, kind) = (above, Kind::Folder);
        }
        false
    }

    /// Whether a pattern matches this very path; the nearest file that has one decides. Of what is in a folder that is
    /// not ignored, this is the whole answer.
    pub fn ignores_itself(&self, path: &str, kind: Kind) -> bool {
        if path == self.root {
            return false;
        }
        for Own { folder, text, hints } in self.texts_for(&parent(path)).iter().map(|it| &**it) {
            let Some(inside) = from(folder, path) else { break };
            if !hints.iter().any(|it| it.may_match(&inside)) {
                continue;
            }
            let Some(rules) = self.compiled(folder, text) else { continue };
            let found = rules.matched(Path::new(&inside), kind == Kind::Folder);
            if !found.is_none() {
                return found.is_ignore();
            }
        }
        false
    }

    /// The files that rule what is in a folder, the nearest first.
    fn texts_for(&self, folder: &str) -> Texts {
        if let Some(known) = self.texts.borrow().get(folder) {
            return Rc::clone(known);
        }
        let above = parent(folder);
        // What lies outside has no end.
        let is_lost = above == folder || above.len() > folder.len().max(self.root.len());
        let inherited = if folder == self.root || is_lost { Texts::default() } else { self.texts_for(&above) };
        let texts = match self.files.read(&join(folder, ".gitignore")) {
            Some(text) => {
                let hints = lines(&text).filter_map(Hint::of).collect();
                let own = Rc::new(Own { folder: folder.to_owned(), text, hints });
                std::iter::once(own).chain(inherited.iter().cloned()).collect()
            }
            None => inherited,
        };
        self.texts.borrow_mut().insert(folder.to_owned(), Rc::clone(&texts));
        texts
    }

    /// Compiling takes far longer than seeing that no line can match, so it waits until one may.
    fn compiled(&self, folder: &str, text: &str) -> Option<Rc<Gitignore>> {
        let compile = || {
            let mut builder = GitignoreBuilder::new("");
            for line in text.lines() {
                // Git passes over a pattern that it cannot read, too.
                let _ = builder.add_line(None, line);
            }
            builder.build().ok().map(Rc::new)
        };
        self.compiled.borrow_mut().entry(folder.to_owned()).or_insert_with(compile).clone()
    }
}

/// A path as seen from a folder above it. The folders between the working directory and one above it are not named by
/// paths such as `../x`; something that nobody calls a folder stands for them.
fn from(folder: &str, path: &str) -> Option<String> {
    const UNNAMED: &str = "\u{1}/";
    let ups = |it: &str| it.split('/').take_while(|it| *it == "..").count();
    if folder == "." || !folder.is_empty() && folder.split('/').all(|it| it == "..") {
        let depth = if folder == "." { 0 } else { ups(folder) };
        let own = ups(path);
        let unnamed = depth.checked_sub(own)?;
        let rest = path.split('/').skip(own).collect::<Vec<_>>().join("/");
        return (!path.starts_with('/')).then(|| UNNAMED.repeat(unnamed) + &rest);
    }
    path.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned)
}

/// What a line asks for of one part of a path, which saves compiling most files.
#[derive(Debug)]
enum Hint {
    /// Perhaps nothing.
    Anything,
    Whole(String),
    Start(String),
    End(String),
    Inside(String),
}

impl Hint {
    /// What a line asks for; `None` if it says nothing.
    fn of(line: &str) -> Option<Self> {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let pattern = line.trim_start_matches('!').trim_end_matches('/');
        let last = pattern.rsplit('/').next().unwrap_or(pattern);
        // What stands before the first wildcard, or behind a `*` at the beginning, is in the name as it is.
        let is_wild = |it: char| matches!(it, '*' | '?' | '[' | '\\');
        let (start, end) = last.split_at(last.find(is_wild).unwrap_or(last.len()));
        let inside = end.trim_start_matches('*');
        let (inside, rest) = inside.split_at(inside.find(is_wild).unwrap_or(inside.len()));
        Some(if end.is_empty() {
            Self::Whole(last.to_owned())
        } else if !start.is_empty() {
            Self::Start(start.to_owned())
        } else if !end.starts_with('*') {
            Self::Anything
        } else if rest.is_empty() {
            Self::End(inside.to_owned())
        } else {
            Self::Inside(inside.to_owned())
        })
    }

    /// Whether the line could match a path: false only if it surely does not.
    fn may_match(&self, path: &str) -> bool {
        let mut parts = path.split('/');
        match self {
            Self::Anything => true,
            Self::Whole(text) => parts.any(|it| it == text),
            Self::Start(text) => parts.any(|it| it.starts_with(text.as_str())),
            Self::End(text) => parts.any(|it| it.ends_with(text.as_str())),
            Self::Inside(text) => parts.any(|it| it.contains(text.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Memory;

    #[test]
    fn paths_are_ignored_as_git_does() {
        let texts =
            [(".gitignore", "*.log\n/data/\n!keep.log\nbuild/\n# no\nx/*/y\n"), ("api/.gitignore", "!x.log\nlocal\n")];
        let texts = texts.map(|(path, text)| (path.to_owned(), Arc::from(text))).into();
        let memory = Memory { texts, ..Memory::default() };
        let git = GitIgnore::new(&memory, ".".to_owned());
        for (path, kind, ignored) in [
            ("a.log", Kind::File, true),
            ("keep.log", Kind::File, false),
            ("data", Kind::Folder, true),
            ("data", Kind::File, false),
            ("api/data", Kind::Folder, false),
            ("data/models/x.bin", Kind::File, true),
            ("api/build/x", Kind::File, true),
            ("api/x.log", Kind::File, false),
            ("api/y.log", Kind::File, true),
            ("api/local", Kind::Folder, true),
            ("local", Kind::Folder, false),
            ("x/1/y", Kind::File, true),
        ] {
            assert_eq!(git.ignores(path, kind), ignored, "{path}");
        }
    }

    #[test]
    fn lines_that_cannot_match_are_passed_over() {
        for (line, path, may) in [
            ("# no", "no", false),
            ("data", "a/data/b", true),
            ("/x/data/", "data", true),
            ("data", "a/database", false),
            ("*.log", "a/x.log", true),
            ("*.log", "a/x.logs", false),
            ("*.py[cod]", "a/x.pyc", true),
            ("*.py[cod]", "a/x.txt", false),
            ("npm-debug.log*", "npm-debug.log.1", true),
            ("npm-debug.log*", "a/npm", false),
            ("a/**", "a/b", true),
            ("[ab]c", "ac", true),
            ("?x", "ax", true),
            ("\\#x", "#x", true),
            ("!*.sh", "a.sh", true),
        ] {
            let is_hint = Hint::of(line).is_some_and(|it| it.may_match(path));
            assert_eq!(is_hint, may, "{line} of {path}");
        }
    }

    #[test]
    fn paths_are_seen_from_folders_above() {
        for (folder, path, seen) in [
            (".", "a/b", Some("a/b")),
            ("a", "a/b", Some("b")),
            ("..", "a/b", Some("\u{1}/a/b")),
            ("..", "../a/b", Some("a/b")),
            ("../..", "../a", Some("\u{1}/a")),
            ("../a", "../a/b", Some("b")),
            ("a", "ab", None),
            ("/x", "/x/y", Some("y")),
        ] {
            assert_eq!(from(folder, path).as_deref(), seen, "{path} from {folder}");
        }
    }
}
