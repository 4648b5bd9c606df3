//! The files that build definitions consist of, read once each.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use crate::{
    build::DefinitionError,
    project::{Files, join},
    source::{Cooked, FileId, Location, Source, Span},
    yaml::Tree,
};

/// The files that were opened so far.
#[derive(Debug)]
pub struct Documents<'a> {
    /// What lies around.
    pub files: &'a dyn Files,
    /// The files, by [`FileId`].
    pub sources: Vec<Source>,
    /// Those that cannot be read as what they are.
    pub errors: Vec<DefinitionError>,
    by_path: BTreeMap<String, FileId>,
    trees: BTreeMap<FileId, Option<Arc<Tree>>>,
}

impl<'a> Documents<'a> {
    /// Documents of which these are there already.
    pub fn of(sources: Vec<Source>, files: &'a dyn Files) -> Self {
        let by_path = sources.iter().enumerate().map(|(at, it)| (it.path.clone(), FileId(at as u32))).collect();
        Self { files, sources, errors: Vec::new(), by_path, trees: BTreeMap::new() }
    }

    /// The file of that path, if it can be read.
    pub fn open(&mut self, path: &str) -> Option<FileId> {
        let path = join(".", path);
        if let Some(file) = self.by_path.get(&path) {
            return Some(*file);
        }
        let text = self.files.read(&path)?;
        let file = FileId(self.sources.len() as u32);
        self.sources.push(Source::new(path.clone(), text.to_string()));
        self.by_path.insert(path, file);
        Some(file)
    }

    /// The file of that id.
    pub fn source(&self, file: FileId) -> &Source {
        &self.sources[file.0 as usize]
    }

    /// The file as YAML. An error in it is noted once.
    pub fn tree(&mut self, file: FileId) -> Option<Arc<Tree>> {
        if let Some(known) = self.trees.get(&file) {
            return known.clone();
        }
        let tree = match Tree::parse(&self.source(file).text) {
            Ok(tree) => Some(Arc::new(tree)),
            Err(error) => {
                self.error(file, error.span, error.message);
                None
            }
        };
        self.trees.insert(file, tree.clone());
        tree
    }

    /// Notes an error.
    pub fn error(&mut self, file: FileId, span: Span, message: impl Into<String>) {
        let error = DefinitionError { location: Location { file, span }, message: message.into() };
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

/// What a variable of a Compose file is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable<'a> {
    /// A `.env` file sets it to this.
    Set(&'a str),
    /// A `.env` file sets it to something that is not known.
    Unknown,
    /// Nothing in the project sets it.
    Unset,
}

/// The `.env` files that a Compose file heeds; read when they are first asked.
#[derive(Debug, Default)]
pub struct Environment {
    paths: Vec<String>,
    above: Option<Arc<Self>>,
    own: OnceLock<BTreeMap<String, Option<String>>>,
}

impl Environment {
    /// The variables of these files; those `above` come first.
    pub fn new(paths: Vec<String>, above: Option<Arc<Self>>) -> Self {
        Self { paths, above, own: OnceLock::new() }
    }

    /// What is known of a variable.
    pub fn get<'a>(&'a self, name: &str, files: &dyn Files) -> Variable<'a> {
        if let Some(above) = &self.above {
            match above.get(name, files) {
                Variable::Unset => {}
                known => return known,
            }
        }
        let own = self.own.get_or_init(|| {
            let mut values = BTreeMap::new();
            for text in self.paths.iter().filter_map(|it| files.read(it)) {
                read_env(&text, &mut values);
            }
            values
        });
        match own.get(name) {
            Some(Some(value)) => Variable::Set(value),
            Some(None) => Variable::Unknown,
            None => Variable::Unset,
        }
    }
}

/// Reads the lines `NAME=value` of a `.env` file; `None` for a value that depends on what is not known.
fn read_env(text: &str, values: &mut BTreeMap<String, Option<String>>) {
    for line in text.lines().map(str::trim_start) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
        let value = value.trim();
        let quoted = |quote: char| value.strip_prefix(quote).and_then(|it| it.split(quote).next());
        let value = if let Some(literal) = quoted('\'') {
            Some(literal.to_owned())
        } else {
            let bare = || value.split(" #").next().unwrap_or_default().trim_end();
            let text = quoted('"').unwrap_or_else(bare);
            let lookup = |name: &str| match values.get(name) {
                Some(Some(value)) => Variable::Set(value),
                Some(None) => Variable::Unknown,
                None => Variable::Unset,
            };
            interpolate(text, &lookup).filter(|_| !text.contains('\\'))
        };
        values.insert(name.trim().to_owned(), value);
    }
}

/// Replaces `$NAME`, `${NAME:-default}`, `$$` and the like as Compose does; `None` when the text depends on a variable
/// that nothing sets and that has no default.
pub fn interpolate<'a>(text: &str, lookup: &dyn Fn(&str) -> Variable<'a>) -> Option<String> {
    /// Longer texts with variables are nobody's path or name; the bound keeps nested defaults from piling up.
    const LONGEST: usize = 4096;
    if !text.contains('$') {
        return Some(text.to_owned());
    }
    if text.len() > LONGEST {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    each_piece(text, lookup, &mut |piece| match piece {
        Piece::Text(_, it) => out.push_str(it),
        Piece::Dollar(_) => out.push('$'),
        Piece::Value(_, it) => out.push_str(&it),
    })?;
    Some(out)
}

/// The same for a text that knows its way back to its file; what a variable stands for is found where the variable is
/// written. Also tells whether there was any variable.
pub fn interpolate_cooked<'a>(text: &Cooked, lookup: &dyn Fn(&str) -> Variable<'a>) -> Option<(Cooked, bool)> {
    let mut out = Cooked::default();
    let mut has_variables = false;
    each_piece(&text.text, lookup, &mut |piece| match piece {
        Piece::Text(at, it) => {
            // A piece may go over several lines.
            let mut at = at;
            for line in it.split_inclusive('\n') {
                let end = line.len() - usize::from(line.ends_with('\n'));
                out.push(&line[..end], text.source(at));
                out.push(&line[end..], text.source(at + end));
                at += line.len();
            }
        }
        Piece::Dollar(at) => out.push("$", text.source(at)),
        Piece::Value(at, it) => {
            has_variables = true;
            for part in it.split_inclusive(|_: char| true) {
                out.push(part, text.source(at));
            }
        }
    })?;
    Some((out, has_variables))
}

/// A part of a text with variables, and where it begins.
enum Piece<'a> {
    /// As it is.
    Text(usize, &'a str),
    /// `$$`.
    Dollar(usize),
    /// What a variable stands for.
    Value(usize, String),
}

fn each_piece<'a>(text: &str, lookup: &dyn Fn(&str) -> Variable<'a>, out: &mut dyn FnMut(Piece<'_>)) -> Option<()> {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let start = text.len() - rest.len();
        out(Piece::Text(start, &rest[..at]));
        rest = &rest[at + 1..];
        let name_end = |it: &str| it.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(it.len());
        if let Some(after) = rest.strip_prefix('$') {
            out(Piece::Dollar(start + at));
            rest = after;
        } else if let Some(body) = rest.strip_prefix('{') {
            let end = closing_brace(body)?;
            let (name, how) = body[..end].split_at(name_end(&body[..end]));
            out(Piece::Value(start + at, expand(lookup(name), how, lookup)?));
            rest = &body[end + 1..];
        } else {
            let (name, after) = rest.split_at(name_end(rest));
            out(Piece::Value(start + at, expand(lookup(name), "", lookup)?));
            rest = after;
        }
    }
    out(Piece::Text(text.len() - rest.len(), rest));
    Some(())
}

/// What `${NAME…}` becomes; `how` is what follows the name.
fn expand<'a>(value: Variable<'_>, how: &str, lookup: &dyn Fn(&str) -> Variable<'a>) -> Option<String> {
    let (empty_is_unset, how) = how.strip_prefix(':').map_or((false, how), |it| (true, it));
    let value = match value {
        Variable::Set("") if empty_is_unset => None,
        Variable::Set(value) => Some(value),
        Variable::Unset => None,
        Variable::Unknown => return None,
    };
    match (how.chars().next(), value) {
        (None | Some('?' | '-'), Some(value)) => Some(value.to_owned()),
        (Some('-'), None) | (Some('+'), Some(_)) => interpolate(&how[1..], lookup),
        _ => None,
    }
}

fn closing_brace(body: &str) -> Option<usize> {
    let mut depth = 1;
    body.bytes().position(|byte| {
        depth += i32::from(byte == b'{') - i32::from(byte == b'}');
        depth == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced() {
        let lookup = |name: &str| match name {
            "A" => Variable::Set("a"),
            "E" => Variable::Set(""),
            "U" => Variable::Unknown,
            _ => Variable::Unset,
        };
        for (text, value) in [
            ("x$A-${A}y", Some("xa-ay")),
            ("$$A", Some("$A")),
            ("${X:-d}${E:-e}${E-f}", Some("de")),
            ("${X:-${Y:-$A}}", Some("a")),
            ("${A:+b}", Some("b")),
            ("${A:?no}${A?no}", Some("aa")),
            ("$X", None),
            ("${X}", None),
            ("${X:?no}", None),
            ("${U:-d}", None),
            ("${A", None),
            ("${A/b}", None),
        ] {
            assert_eq!(interpolate(text, &lookup).as_deref(), value, "{text}");
        }
    }

    #[test]
    fn env_files_are_read() {
        let text = "# c\nA=1 # one\nexport B = 'x $A'\nC=\"${A}2\"\nD=$X\nE=\n\nnonsense\nF=a#b\n";
        let mut values = BTreeMap::new();
        read_env(text, &mut values);
        let value = |name: &str| values.get(name).cloned().flatten();
        assert_eq!(value("A").as_deref(), Some("1"));
        assert_eq!(value("B").as_deref(), Some("x $A"));
        assert_eq!(value("C").as_deref(), Some("12"));
        assert_eq!(values["D"], None);
        assert_eq!(value("E").as_deref(), Some(""));
        assert_eq!(value("F").as_deref(), Some("a#b"));
    }
}
