//! Files of keys and values (Compose files, workflows, JSON, HCL) as the values of their keys, and their comments:
//! what has to stay, key by key, when such a file is edited.

use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, Parser};
use hcl_edit::{
    Span as _,
    expr::{Expression, ObjectKey},
    structure::{Body, Structure},
};

mod comments;

/// The way to a value: the keys from the outermost inwards, and positions in lists.
pub type KeyPath = Vec<String>;

/// What a file of keys and values says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The scalars, and the tables and lists that hold nothing.
    pub values: BTreeMap<KeyPath, String>,
    /// The comments, trimmed and sorted.
    pub comments: Vec<String>,
}

impl Keys {
    /// Reads YAML, of which JSON is a part; all documents of it. `None` if it does not parse.
    pub fn of_yaml(text: &str) -> Option<Self> {
        let mut keys = Self::default();
        let mut open: Vec<Open> = Vec::new();
        let mut documents = 0;
        for event in Parser::new_from_str(text) {
            let (event, _) = event.ok()?;
            match event {
                Event::DocumentStart(..) => {
                    // The first document has no prefix, so that paths read as people write them.
                    open.clear();
                    let name = if documents == 0 { None } else { Some(format!("document {documents}")) };
                    open.push(Open { name, is_map: false, is_root: true, key: None, count: 0 });
                    documents += 1;
                }
                Event::MappingStart(..) | Event::SequenceStart(..) => {
                    let name = open.last_mut()?.place();
                    let is_map = matches!(event, Event::MappingStart(..));
                    open.push(Open { name, is_map, is_root: false, key: None, count: 0 });
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    let done = open.pop()?;
                    if done.count == 0 {
                        let mut path = path(&open);
                        path.extend(done.name);
                        keys.values.insert(path, (if done.is_map { "{}" } else { "[]" }).to_owned());
                    }
                }
                Event::Scalar(text, ..) => keys.scalar(&mut open, text.into_owned())?,
                Event::Alias(anchor) => keys.scalar(&mut open, format!("*{anchor}"))?,
                Event::Comment(text, _) => keys.comments.push(text.trim().to_owned()),
                _ => {}
            }
        }
        keys.comments.sort_unstable();
        Some(keys)
    }

    /// Reads HCL: the way to a value are its blocks, by their kind and their names. `None` if it does not parse.
    pub fn of_hcl(text: &str) -> Option<Self> {
        let body = hcl_edit::parser::parse_body(text).ok()?;
        let mut keys = Self { comments: comments::of_hcl(text), ..Self::default() };
        keys.body(&body, text, &[]);
        Some(keys)
    }

    fn body(&mut self, body: &Body, text: &str, path: &[String]) {
        let mut seen: BTreeMap<KeyPath, usize> = BTreeMap::new();
        for structure in body {
            let mut path = path.to_vec();
            match structure {
                Structure::Attribute(it) => {
                    path.push(it.key.as_str().to_owned());
                    self.expression(&it.value, text, path);
                }
                Structure::Block(block) => {
                    path.push(block.ident.as_str().to_owned());
                    path.extend(block.labels.iter().map(|it| it.as_str().to_owned()));
                    // Blocks of one name are told apart by their order.
                    let count = seen.entry(path.clone()).or_default();
                    *count += 1;
                    path.extend((*count > 1).then(|| format!("block {count}")));
                    if block.body.is_empty() {
                        self.values.insert(path.clone(), "{}".to_owned());
                    }
                    self.body(&block.body, text, &path);
                }
            }
        }
    }

    fn expression(&mut self, value: &Expression, text: &str, path: KeyPath) {
        let written = |span: Option<std::ops::Range<usize>>| text[span.unwrap_or_default()].to_owned();
        match value {
            Expression::Object(object) if !object.is_empty() => {
                for (key, value) in object {
                    let mut path = path.clone();
                    path.push(match key {
                        ObjectKey::Ident(it) => it.as_str().to_owned(),
                        ObjectKey::Expression(it) => it.as_str().map_or_else(|| written(it.span()), str::to_owned),
                    });
                    self.expression(value.expr(), text, path);
                }
            }
            Expression::Array(items) if !items.is_empty() => {
                for (at, item) in items.iter().enumerate() {
                    let mut path = path.clone();
                    path.push(at.to_string());
                    self.expression(item, text, path);
                }
            }
            Expression::String(it) => {
                self.values.insert(path, it.as_str().to_owned());
            }
            other => {
                self.values.insert(path, written(other.span()));
            }
        }
    }

    fn scalar(&mut self, open: &mut [Open], text: String) -> Option<()> {
        let last = open.last_mut()?;
        if last.is_map && last.key.is_none() {
            last.key = Some(text);
            last.count += 1;
            return Some(());
        }
        let name = last.place();
        let mut path = path(open);
        path.extend(name);
        self.values.insert(path, text);
        Some(())
    }

    /// The paths whose values are not the same in the other file.
    pub fn differences<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a KeyPath> {
        let changed = self.values.iter().filter(|(path, value)| other.values.get(*path) != Some(value));
        let added = other.values.keys().filter(|it| !self.values.contains_key(*it));
        changed.map(|(path, _)| path).chain(added).collect()
    }
}

/// A table or list that is being read; documents count as such.
struct Open {
    /// What it is called in what holds it.
    name: Option<String>,
    is_map: bool,
    is_root: bool,
    key: Option<String>,
    count: usize,
}

impl Open {
    /// The name of the value that comes next. A table as a key has none that could be written.
    fn place(&mut self) -> Option<String> {
        if self.is_root {
            return None;
        }
        if self.is_map {
            if self.key.is_none() {
                self.count += 1;
                self.key = Some("?".to_owned());
                return Some("?".to_owned());
            }
            return self.key.take();
        }
        self.count += 1;
        Some((self.count - 1).to_string())
    }
}

fn path(open: &[Open]) -> KeyPath {
    open.iter().filter_map(|it| it.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str) -> Vec<(String, String)> {
        let keys = Keys::of_yaml(text).unwrap();
        keys.values.into_iter().map(|(path, value)| (path.join("."), value)).collect()
    }

    fn row(path: &str, value: &str) -> (String, String) {
        (path.to_owned(), value.to_owned())
    }

    #[test]
    fn values_by_their_keys() {
        let text = "a: 1\nb:\n  - x\n  - {c: d}\ne: {}\nf: []\n";
        assert_eq!(flat(text), [row("a", "1"), row("b.0", "x"), row("b.1.c", "d"), row("e", "{}"), row("f", "[]")]);
        assert_eq!(flat("{\"a\": {\"b\": [1]}}"), [row("a.b.0", "1")]);
        assert_eq!(flat("a: &x 1\nb: *x\n"), [row("a", "1"), row("b", "*1")]);
        assert_eq!(flat("a: 1\n---\na: 2\n"), [row("a", "1"), row("document 1.a", "2")]);
        assert!(Keys::of_yaml("a: [").is_none());
    }

    #[test]
    fn values_of_hcl() {
        let text = "a = 1 # one\nb \"x\" {\n  c = { d = \"e\", \"f\" = [g, 2] }\n  h {}\n}\nb \"x\" { i = \"${j}\" }\n";
        let keys = Keys::of_hcl(text).unwrap();
        let flat: Vec<_> = keys.values.iter().map(|(path, value)| (path.join("."), value.clone())).collect();
        let rows = [
            row("a", "1"),
            row("b.x.block 2.i", "\"${j}\""),
            row("b.x.c.d", "e"),
            row("b.x.c.f.0", "g"),
            row("b.x.c.f.1", "2"),
            row("b.x.h", "{}"),
        ];
        assert_eq!(flat, rows);
        assert_eq!(keys.comments, ["# one"]);
        assert!(Keys::of_hcl("a = ").is_none());
    }

    #[test]
    fn differences_and_comments() {
        let old = Keys::of_yaml("# top\na: 1 # one\nb: {c: 2}\n").unwrap();
        let new = Keys::of_yaml("a: 1\nb: {c: 3, d: 4}\n").unwrap();
        let paths: Vec<String> = old.differences(&new).into_iter().map(|it| it.join(".")).collect();
        assert_eq!(paths, ["b.c", "b.d"]);
        assert_eq!(old.comments, ["one", "top"]);
        assert!(new.comments.is_empty());
    }
}
