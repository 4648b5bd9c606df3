//! Edits of Compose files that keep their layout: a service more, a named context more for a build.

use crate::{
    edit::Edit,
    source::{Source, Span},
    yaml::{
        Node, NodeId, Tree,
        lines::{Lines, indent, is_head},
    },
};

/// The edit that adds a service above the others; `None` where one of that name is there. Each line of `body` stands
/// below the name, deeper by one level for each two blanks that it begins with.
pub fn add_service(source: &Source, name: &str, comment: &str, body: &str) -> Option<Edit> {
    let tree = Tree::parse(&source.text).ok()?;
    let services = tree.get(tree.root, "services")?;
    if tree.get(services.value, name).is_some() {
        return None;
    }
    let lines = Lines::of(source);
    let at = lines.at(services.key)?;
    let step = lines.indent_below(at).filter(|_| indent(lines.all[at].1) == 0 && is_head(lines.all[at].1))?;
    let i = " ".repeat(step);
    let mut text = format!("{i}# {comment}\n{i}{name}:\n");
    for line in body.lines() {
        let deeper = " ".repeat(step * (indent(line) / 2));
        text.extend([&i, &i, &deeper, line.trim_start(), "\n"]);
    }
    text.push('\n');
    Some(Edit::insert(lines.end(at)?, text))
}

/// The edits that let a build take what `name` stands for from elsewhere, such as `service:base`. The build is named by
/// its place, as in [`Build::found_in`](crate::build::Build::found_in); `None` where the file is not in a form that
/// can be edited.
pub fn add_context(source: &Source, build: Span, name: &str, from: &str) -> Option<Vec<Edit>> {
    let tree = Tree::parse(&source.text).ok()?;
    let services = tree.get(tree.root, "services")?;
    let own = |service: NodeId| match tree.node(service) {
        Node::Map(entries) => entries.iter().find(|it| it.name == "build"),
        Node::Null | Node::Scalar(_) | Node::List(_) => None,
    };
    let is_it = |key: Span, value: NodeId| if tree.is_map(value) { key == build } else { tree.span(value) == build };
    let builds = tree.entries(services.value).into_iter().filter_map(|it| own(it.value));
    let (key, value) = builds.map(|it| (it.key, it.value)).find(|(key, value)| is_it(*key, *value))?;
    let span = tree.span(value);
    // What an alias names is said elsewhere, and may be meant for others, too.
    if span.start < key.end || tree.tag(value).is_some() {
        return None;
    }
    let lines = Lines::of(source);
    let at = lines.at(key)?;
    let line = lines.all[at].1;
    let outer = indent(line);
    if lines.all[at].0 as usize + outer != key.start as usize {
        return None;
    }
    let entry = format!("{name}: {from}");
    if !tree.is_map(value) {
        // `build: ./api`: the value goes to a line of its own.
        let written = source.slice(span);
        if tree.scalar(value).is_none() || written.contains('\n') || lines.at(span) != Some(at) {
            return None;
        }
        let step = lines.step();
        let (i, ii) = (" ".repeat(outer + step), " ".repeat(outer + 2 * step));
        let text = format!("{i}context: {written}\n{i}additional_contexts:\n{ii}{entry}\n");
        let before = source.text[..span.start as usize].trim_end_matches(' ').len();
        return Some(vec![Edit::delete(Span::new(before, span.end as usize)), lines.insert_below(at, &text)?]);
    }
    if !is_head(line) {
        return None;
    }
    let below = lines.indent_below(at)?;
    let step = below - outer;
    let Some(contexts) = tree.get(value, "additional_contexts") else {
        let (i, ii) = (" ".repeat(below), " ".repeat(below + step));
        let text = format!("{i}additional_contexts:\n{ii}{entry}\n");
        return Some(vec![lines.insert_below(lines.block(at), &text)?]);
    };
    let Node::Map(entries) = tree.node(contexts.value) else { return None };
    let first = entries.first().filter(|_| entries.iter().all(|it| it.name != name && it.name != "<<"))?;
    let head = lines.at(contexts.key)?;
    let is_block = first.key.start > contexts.key.end && lines.at(first.key)? > head && is_head(lines.all[head].1);
    let text = format!("{}{entry}\n", " ".repeat(lines.indent_below(head)?));
    is_block.then_some(vec![lines.insert_below(lines.block(head), &text)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;

    fn with_context(text: &str, place: &str) -> Option<String> {
        let at = text.find(place).unwrap();
        let edits = add_context(&Source::new("c.yaml", text), Span::new(at, at + place.len()), "base:1", "service:b")?;
        Some(apply(text, &edits))
    }

    #[test]
    fn contexts() {
        for (text, place, after) in [
            (
                "services:\n  a:\n    build: ./a  # here\n    restart: no\n",
                "./a",
                "services:\n  a:\n    build:  # here\n      context: ./a\n      additional_contexts:\n        base:1: service:b\n    restart: no\n",
            ),
            (
                "services:\n  a:\n    build:\n      context: a\n      args:\n      - X=1\n    # next\n    restart: no",
                "build",
                "services:\n  a:\n    build:\n      context: a\n      args:\n      - X=1\n      additional_contexts:\n        base:1: service:b\n    # next\n    restart: no",
            ),
            (
                "services:\n  a:\n    build: # x\n      additional_contexts:\n        y: z\n      context: a",
                "build",
                "services:\n  a:\n    build: # x\n      additional_contexts:\n        y: z\n        base:1: service:b\n      context: a",
            ),
            (
                "services:\n  a:\n    build: \"a\"",
                "\"a\"",
                "services:\n  a:\n    build:\n      context: \"a\"\n      additional_contexts:\n        base:1: service:b",
            ),
        ] {
            assert_eq!(with_context(text, place).as_deref(), Some(after), "{text}");
        }
        for (text, place) in [
            ("services:\n  a:\n    build: {context: a}\n", "build"),
            ("services: {a: {build: x}}\n", "x"),
            ("x: &x\n  context: a\nservices:\n  a:\n    build: *x\n", "build"),
            ("services:\n  a:\n    build: &x\n      context: a\n", "build"),
            ("services:\n  a:\n    build:\n      context: a\n      additional_contexts:\n      - y=z\n", "build"),
            ("services:\n  a:\n    build:\n      additional_contexts: {y: z}\n", "build"),
            ("services:\n  a:\n    build:\n      additional_contexts:\n        base:1: z\n", "build"),
            ("services:\n  a:\n    extends: b\n  b:\n    build: x\n", "extends"),
        ] {
            assert_eq!(with_context(text, place), None, "{text}");
        }
    }

    #[test]
    fn services() {
        let text = "services: # all\n    # first\n    a:\n        build: .\n";
        let add = |name| add_service(&Source::new("c.yaml", text), name, "Why.", "build: ./b\nx:\n  y: z\n");
        assert_eq!(
            apply(text, &[add("b").unwrap()]),
            "services: # all\n    # Why.\n    b:\n        build: ./b\n        x:\n            y: z\n\n    # first\n    a:\n        build: .\n"
        );
        assert_eq!(add("a"), None);
    }
}
