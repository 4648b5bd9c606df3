//! YAML text, and JSON with it, to a tree of nodes with their places.

use std::{collections::BTreeMap, ops::Range};

use granit_parser::{Event, Parser, ScalarStyle};

use crate::source::{Cooked, Span};

pub mod lines;

/// The nodes of the first document. Aliases are nodes with several parents, so that a tree is never larger than its
/// text; whoever walks it has to bound how deep.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    spans: Vec<Span>,
    /// Where comments stand.
    pub comments: Vec<Span>,
    /// The nodes with tags such as `!reset`, by what follows the `!`.
    tags: Vec<(NodeId, String)>,
    /// The outermost node.
    pub root: NodeId,
}

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(u32);

/// What a node is.
#[derive(Clone, Debug)]
pub enum Node {
    /// Nothing, `~` or `null`.
    Null,
    /// A text, a number, a truth value.
    Scalar(Scalar),
    /// A list.
    List(Vec<NodeId>),
    /// A table.
    Map(Vec<Entry>),
}

/// A text, without its quotes.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// The text.
    pub text: String,
    style: ScalarStyle,
}

/// An entry of a table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub name: String,
    /// Where the key stands.
    pub key: Span,
    /// Its value.
    pub value: NodeId,
}

/// Why a text is no YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// Where.
    pub span: Span,
    /// Why: lower case, no full stop.
    pub message: String,
}

/// A list or table that is being read, with its anchor.
struct Open {
    anchor: usize,
    children: Vec<NodeId>,
    is_map: bool,
    start: usize,
    tag: Option<String>,
}

impl Tree {
    /// How many tables merge keys may bring into one.
    const MOST_MERGES: usize = 64;

    /// Reads a text.
    pub fn parse(text: &str) -> Result<Self, YamlError> {
        const MOST_COMMENTS: usize = 1 << 20;
        let mut tree = Self::default();
        let mut anchors = BTreeMap::new();
        let mut open: Vec<Open> = Vec::new();
        // A block of comments of any length is fine.
        let options = granit_parser::options! { max_buffered_comment_events: MOST_COMMENTS };
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = event.map_err(|error| {
                let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                YamlError { span: Span::at(at), message: error.info() }
            })?;
            let span = span.byte_range().unwrap_or_default();
            let tag = event.tag().map(|it| it.suffix().trim_start_matches('!').to_owned());
            let (node, anchor) = match event {
                Event::MappingStart(_, anchor, _) | Event::SequenceStart(_, anchor, _) => {
                    let is_map = matches!(event, Event::MappingStart(..));
                    open.push(Open { anchor, children: Vec::new(), is_map, start: span.start, tag });
                    continue;
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    let Some(done) = open.pop() else { break };
                    let (anchor, tag) = (done.anchor, done.tag.clone());
                    let node = tree.close(done, span.end);
                    tree.tags.extend(tag.map(|tag| (node, tag)));
                    (node, anchor)
                }
                Event::Scalar(text, style, anchor, _) => {
                    let is_null = style == ScalarStyle::Plain && ["", "~", "null"].contains(&&*text);
                    let scalar = Scalar { text: text.into_owned(), style };
                    let node = tree.add(if is_null { Node::Null } else { Node::Scalar(scalar) }, span);
                    tree.tags.extend(tag.map(|tag| (node, tag)));
                    (node, anchor)
                }
                // An alias inside the node that it names is not there yet: it counts as nothing.
                Event::Alias(anchor) => match anchors.get(&anchor) {
                    Some(node) => (*node, 0),
                    None => (tree.add(Node::Null, span), 0),
                },
                Event::Comment(..) => {
                    tree.comments.push(Span::new(span.start, span.end));
                    continue;
                }
                Event::DocumentEnd => break,
                _ => continue,
            };
            if anchor != 0 {
                anchors.insert(anchor, node);
            }
            match open.last_mut() {
                Some(parent) => parent.children.push(node),
                None => tree.root = node,
            }
        }
        if tree.nodes.is_empty() {
            tree.root = tree.add(Node::Null, 0..0);
        }
        Ok(tree)
    }

    fn add(&mut self, node: Node, span: Range<usize>) -> NodeId {
        self.nodes.push(node);
        self.spans.push(Span::new(span.start, span.end));
        NodeId(self.nodes.len() as u32 - 1)
    }

    fn close(&mut self, done: Open, end: usize) -> NodeId {
        let node = if done.is_map {
            let entries = done.children.chunks_exact(2).filter_map(|pair| {
                let name = self.scalar(pair[0])?.to_owned();
                Some(Entry { name, key: self.span(pair[0]), value: pair[1] })
            });
            Node::Map(entries.collect())
        } else {
            Node::List(done.children)
        };
        self.add(node, done.start..end.max(done.start))
    }

    /// What a node is.
    pub fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.0 as usize]
    }

    /// Where a node stands; a block ends where the next thing begins.
    pub fn span(&self, node: NodeId) -> Span {
        self.spans[node.0 as usize]
    }

    /// The text of a scalar.
    pub fn scalar(&self, node: NodeId) -> Option<&str> {
        match self.node(node) {
            Node::Scalar(it) => Some(&it.text),
            Node::Null | Node::List(_) | Node::Map(_) => None,
        }
    }

    /// Whether a node is nothing.
    pub fn is_null(&self, node: NodeId) -> bool {
        matches!(self.node(node), Node::Null)
    }

    /// Whether a node is a scalar without quotes.
    pub fn is_bare(&self, node: NodeId) -> bool {
        matches!(self.node(node), Node::Scalar(it) if it.style == ScalarStyle::Plain)
    }

    /// Whether a node is a block scalar with a `|`: its lines are lines of the file.
    pub fn is_literal(&self, node: NodeId) -> bool {
        matches!(self.node(node), Node::Scalar(it) if it.style == ScalarStyle::Literal)
    }

    /// Whether a node is a table.
    pub fn is_map(&self, node: NodeId) -> bool {
        matches!(self.node(node), Node::Map(_))
    }

    /// The tag of a node: `reset` for `!reset`.
    pub fn tag(&self, node: NodeId) -> Option<&str> {
        self.tags.iter().find(|it| it.0 == node).map(|it| it.1.as_str())
    }

    /// The members of a list; none for anything else.
    pub fn items(&self, node: NodeId) -> &[NodeId] {
        match self.node(node) {
            Node::List(items) => items,
            Node::Null | Node::Scalar(_) | Node::Map(_) => &[],
        }
    }

    /// The entry of a table.
    pub fn get(&self, node: NodeId, name: &str) -> Option<&Entry> {
        let Node::Map(entries) = self.node(node) else { return None };
        match entries.iter().find(|it| it.name == name) {
            Some(own) => Some(own),
            None if entries.iter().all(|it| it.name != "<<") => None,
            None => self.entries(node).into_iter().find(|it| it.name == name),
        }
    }

    /// The node at the end of a path of keys.
    pub fn at(&self, node: NodeId, path: &[&str]) -> Option<NodeId> {
        path.iter().try_fold(node, |node, name| self.get(node, name).map(|it| it.value))
    }

    /// The entries of a table, those that merge keys bring in included: a table's own entries win.
    pub fn entries(&self, node: NodeId) -> Vec<&Entry> {
        let mut out: Vec<&Entry> = Vec::new();
        let mut seen = Vec::new();
        let mut waiting = vec![node];
        // The next table is the last one, so that what it merges comes before its siblings.
        while let Some(node) = waiting.pop() {
            let Node::Map(entries) = self.node(node) else { continue };
            if seen.contains(&node) || seen.len() >= Self::MOST_MERGES {
                continue;
            }
            seen.push(node);
            for entry in entries.iter().filter(|it| it.name != "<<") {
                if out.iter().all(|it| it.name != entry.name) {
                    out.push(entry);
                }
            }
            for merge in entries.iter().filter(|it| it.name == "<<").rev() {
                match self.node(merge.value) {
                    Node::Map(_) => waiting.push(merge.value),
                    Node::List(items) => waiting.extend(items.iter().rev()),
                    Node::Null | Node::Scalar(_) => {}
                }
            }
        }
        out
    }

    /// The text of a scalar with the way back to the file; `None` where it has escapes or is folded.
    pub fn cooked(&self, node: NodeId, text: &str) -> Option<Cooked> {
        let Node::Scalar(scalar) = self.node(node) else { return None };
        let span = self.span(node);
        let raw = text.get(span.range())?;
        let mut out = Cooked::default();
        if scalar.style != ScalarStyle::Literal {
            let inside = raw.strip_prefix(['"', '\'']).and_then(|it| it.strip_suffix(['"', '\''])).unwrap_or(raw);
            let start = span.start as usize + usize::from(inside.len() < raw.len());
            out.push(inside, start);
            return (inside == scalar.text).then_some(out);
        }
        // The span may begin at the sign or at the text; lines are compared, so that either is found out.
        let mut start = span.start as usize - text[..span.start as usize].rsplit('\n').next().map_or(0, str::len);
        if raw.starts_with(['|', '>']) {
            start += text[start..].find('\n')? + 1;
        }
        let indent = scalar.text.lines().zip(text[start..].lines()).find(|(it, _)| !it.trim().is_empty());
        let indent = indent.and_then(|(cooked, raw)| raw.strip_suffix(cooked)).map_or(0, str::len);
        for line in scalar.text.split_inclusive('\n') {
            let raw = text[start..].split_inclusive('\n').next().unwrap_or_default();
            let (content, has_break) = line.strip_suffix('\n').map_or((line, false), |it| (it, true));
            let inside = raw.get(indent..).unwrap_or_default();
            if !inside.starts_with(content) {
                return None;
            }
            out.push(content, start + indent.min(raw.len()));
            if has_break {
                out.push("\n", start + raw.trim_end_matches(['\r', '\n']).len());
            }
            start += raw.len();
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merge_keys_bring_entries_in() {
        let text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 0\n";
        let tree = Tree::parse(text).unwrap();
        let c = tree.at(tree.root, &["c"]).unwrap();
        let entries: Vec<_> = tree.entries(c).iter().map(|it| (&*it.name, tree.scalar(it.value).unwrap())).collect();
        assert_eq!(entries, [("x", "0"), ("y", "1"), ("z", "2")]);
        assert_eq!(tree.scalar(tree.get(c, "z").unwrap().value), Some("2"));
    }

    #[test]
    fn a_bomb_of_merges_is_bounded() {
        let mut text = "a0: &a0 {x: 1}\n".to_owned();
        for at in 1..60 {
            let all: Vec<_> = (0..at).map(|it| format!("*a{it}")).collect();
            text.extend(["a", &format!("{at}: &a{at}\n  <<: ["), &all.join(", "), "]\n"]);
        }
        let tree = Tree::parse(&text).unwrap();
        assert_eq!(tree.entries(tree.at(tree.root, &["a59"]).unwrap()).len(), 1);
    }

    #[test]
    fn errors_have_a_place() {
        let error = Tree::parse("a: b\nc: [\n").unwrap_err();
        assert!(error.span.start >= 5, "{error:?}");
        assert!(Tree::parse(&"[".repeat(5_000)).is_err());
        assert!(Tree::parse(&"a: ".repeat(5_000)).is_err());
        assert!(Tree::parse("").unwrap().is_null(NodeId(0)));
        assert!(Tree::parse(&format!("{}a: 1\n", "# x\n".repeat(500))).is_ok());
    }

    #[test]
    fn scripts_keep_their_places() {
        for text in [
            "run: |\n    docker build .\n\n      b\n",
            "run: |-\n  docker build .\n  b",
            "run: docker build .",
            "run: 'docker build .'",
            "- run: |\n    # ü\n    docker build .\r\n    b\n",
        ] {
            let tree = Tree::parse(text).unwrap();
            let root = tree.items(tree.root).first().copied().unwrap_or(tree.root);
            let node = tree.at(root, &["run"]).unwrap();
            let cooked = tree.cooked(node, text).unwrap();
            assert_eq!(cooked.text, tree.scalar(node).unwrap());
            let at = cooked.text.find("docker").unwrap();
            assert_eq!(&text[cooked.span(at..at + 14).range()], "docker build .", "{text}");
        }
        let text = "run: \"a\\tb\"";
        let tree = Tree::parse(text).unwrap();
        assert!(tree.cooked(tree.at(tree.root, &["run"]).unwrap(), text).is_none());
    }
}
