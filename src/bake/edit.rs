//! Edits of Bake files that keep their layout: a target more, a named context more for a target.

use std::fmt::Write;

use hcl_edit::{
    Span as _,
    expr::{Expression, Object},
    structure::Block,
};

use crate::{
    edit::Edit,
    source::{Source, Span},
    yaml::{NodeId, Tree},
};

/// A target of a Bake file, to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTarget {
    /// What it is called.
    pub name: String,
    /// What it is for, in a sentence; files of JSON have no place for it.
    pub comment: Option<String>,
    /// Its texts, such as `context`, in order.
    pub texts: Vec<(&'static str, String)>,
    /// Its lists, such as `tags`, in order; an empty one is not written.
    pub lists: Vec<(&'static str, Vec<String>)>,
    /// Its tables of texts, such as `args`, in order; an empty one is not written.
    pub tables: Vec<(&'static str, Vec<(String, String)>)>,
    /// Its named contexts, with what each stands for.
    pub contexts: Vec<(String, String)>,
}

impl NewTarget {
    /// It as a block of HCL; `i` stands before what belongs to it.
    pub fn hcl(&self, i: &str) -> String {
        let mut out = String::new();
        if let Some(comment) = &self.comment {
            let _ = writeln!(out, "# {comment}");
        }
        let _ = writeln!(out, "target {} {{", quoted(&self.name));
        let lists = self.lists.iter().filter(|it| !it.1.is_empty());
        let list = |items: &Vec<String>| {
            let items: Vec<String> = items.iter().map(|it| quoted(it)).collect();
            format!("[{}]", items.join(", "))
        };
        let texts = self.texts.iter().map(|(key, text)| (*key, quoted(text)));
        let tables = self.tables.iter().filter(|it| !it.1.is_empty());
        let table = |entries: &Vec<(String, String)>| {
            let entries = entries.iter().map(|(key, value)| format!("{i}{i}{} = {}\n", quoted(key), quoted(value)));
            format!("{{\n{}{i}}}", entries.collect::<String>())
        };
        let lines = texts.chain(lists.map(|(key, items)| (*key, list(items))));
        let lines: Vec<(&str, String)> = lines.chain(tables.map(|(key, it)| (*key, table(it)))).collect();
        let width = lines.iter().map(|it| it.0.len()).max().unwrap_or_default();
        for (key, value) in lines {
            let _ = writeln!(out, "{i}{key:width$} = {value}");
        }
        if !self.contexts.is_empty() {
            let _ = writeln!(out, "{i}contexts = {{");
            for (name, from) in &self.contexts {
                let _ = writeln!(out, "{i}{i}{} = {}", quoted(name), quoted(from));
            }
            let _ = writeln!(out, "{i}}}");
        }
        out.push_str("}\n");
        out
    }

    /// It as an entry of the table `target` of a JSON file.
    fn json(&self, i: &str, ii: &str) -> String {
        let list = |items: &Vec<String>| {
            let items: Vec<String> = items.iter().map(|it| json(it)).collect();
            format!("[{}]", items.join(", "))
        };
        let mut entries: Vec<String> =
            self.texts.iter().map(|(key, text)| format!("{ii}{}: {}", json(key), json(text))).collect();
        let lists = self.lists.iter().filter(|it| !it.1.is_empty());
        entries.extend(lists.map(|(key, items)| format!("{ii}{}: {}", json(key), list(items))));
        let tables = self.tables.iter().map(|(key, it)| (*key, it)).chain([("contexts", &self.contexts)]);
        for (key, table) in tables.filter(|it| !it.1.is_empty()) {
            let pairs: Vec<String> =
                table.iter().map(|(name, value)| format!("{}: {}", json(name), json(value))).collect();
            entries.push(format!("{ii}{}: {{ {} }}", json(key), pairs.join(", ")));
        }
        format!("{}: {{\n{}\n{i}}}", json(&self.name), entries.join(",\n"))
    }
}

/// A text as HCL writes it.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => {
                out.push(letter);
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// A text as JSON writes it; Bake reads a template in each.
fn json(text: &str) -> String {
    serde_json::Value::from(text.replace("${", "$${").replace("%{", "%%{")).to_string()
}

/// The edit that adds a target at the end of a file; `None` where one of that name is there.
pub fn add_target(source: &Source, target: &NewTarget) -> Option<Edit> {
    let text = &source.text;
    if source.path.strip_suffix(".json").is_some() {
        let tree = Tree::parse(text).ok()?;
        let targets = tree.get(tree.root, "target")?;
        if tree.get(targets.value, &target.name).is_some() {
            return None;
        }
        let inner = indent(text, tree.entries(targets.value).first()?.key.start as usize)?;
        let step = inner.strip_prefix(indent(text, targets.key.start as usize)?).filter(|it| !it.is_empty())?;
        return append(text, &tree, targets.value, &target.json(inner, &format!("{inner}{step}")));
    }
    let body = hcl_edit::parser::parse_body(text).ok()?;
    let same_name = |it: &Block| it.labels.first().is_some_and(|it| it.as_str() == target.name);
    if body.blocks().any(|it| ["target", "group"].contains(&it.ident.as_str()) && same_name(it)) {
        return None;
    }
    let keys = body.blocks().flat_map(|it| it.body.attributes());
    let step = keys.filter_map(|it| indent(text, it.key.span()?.start)).find(|it| !it.is_empty()).unwrap_or("  ");
    let gap = if text.is_empty() || text.ends_with('\n') { "\n" } else { "\n\n" };
    Some(Edit::insert(text.len(), format!("{gap}{}", target.hcl(step))))
}

/// The edits that let a target take what `name` stands for from elsewhere, such as `target:base`. The target is named
/// by its place, as in [`Build::found_in`](crate::build::Build::found_in).
pub fn add_context(source: &Source, target: Span, name: &str, from: &str) -> Option<Edit> {
    if source.path.strip_suffix(".json").is_some() {
        add_context_json(&source.text, target, name, from)
    } else {
        add_context_hcl(&source.text, target, name, from)
    }
}

fn add_context_json(text: &str, target: Span, name: &str, from: &str) -> Option<Edit> {
    let tree = Tree::parse(text).ok()?;
    let targets = tree.get(tree.root, "target")?;
    let entries = tree.entries(targets.value);
    let value = entries.iter().find(|it| it.key == target)?.value;
    let pair = format!("{}: {}", json(name), json(from));
    match tree.get(value, "contexts") {
        Some(contexts) if tree.get(contexts.value, name).is_some() => None,
        Some(contexts) => append(text, &tree, contexts.value, &pair),
        None => append(text, &tree, value, &format!("\"contexts\": {{ {pair} }}")),
    }
}

/// Adds an entry to a table of JSON, behind its last one, in the same way as that is written.
fn append(text: &str, tree: &Tree, table: NodeId, entry: &str) -> Option<Edit> {
    let entries = tree.is_map(table).then(|| tree.entries(table))?;
    let Some(last) = entries.last() else {
        let span = tree.span(table);
        return (text.get(span.range())?.trim() == "{}").then(|| Edit::replace(span, format!("{{ {entry} }}")));
    };
    // A nested table ends where its bracket does.
    let end = tree.span(last.value).end as usize;
    let gap = match indent(text, last.key.start as usize) {
        Some(indent) => format!("\n{indent}"),
        None => " ".to_owned(),
    };
    Some(Edit::insert(end, format!(",{gap}{entry}")))
}

fn add_context_hcl(text: &str, target: Span, name: &str, from: &str) -> Option<Edit> {
    let body = hcl_edit::parser::parse_body(text).ok()?;
    let label = |it: &Block| it.labels.first().and_then(hcl_edit::Span::span);
    let is_target = |it: &&Block| label(it).is_some_and(|it| Span::new(it.start, it.end) == target);
    let block = body.blocks().find(is_target)?;
    let pair = format!("{} = {}", quoted(name), quoted(from));
    if let Some(attribute) = block.body.get_attribute("contexts") {
        let Expression::Object(object) = &attribute.value else { return None };
        return add_entry(text, object, attribute.value.span()?, name, &pair);
    }
    let attribute = |name: &str| block.body.get_attribute(name);
    let line = format!("{{ {pair} }}");
    let Some(above) = attribute("context").or_else(|| attribute("dockerfile")).or(block.body.attributes().next())
    else {
        // The brace opens behind the labels.
        let end = label(block)?.end;
        let brace = end + text.get(end..)?.find('{')? + 1;
        return next_line(text, brace).map(|it| Edit::insert(it, format!("  contexts = {line}\n")));
    };
    let key = above.key.span()?;
    let indent = indent(text, key.start)?;
    let end = next_line(text, above.value.span()?.end)?;
    // The signs stand below one another where they did.
    let padded = block.body.attributes().filter_map(|it| {
        let key = it.key.span()?;
        let sign = text.get(key.end..)?.find('=')?;
        (sign > 1).then(|| key.len() + sign - 1)
    });
    let width = padded.max().unwrap_or_default();
    Some(Edit::insert(end, format!("{indent}{:width$} = {line}\n", "contexts")))
}

/// Adds an entry to an object of HCL.
fn add_entry(text: &str, object: &Object, span: std::ops::Range<usize>, name: &str, pair: &str) -> Option<Edit> {
    let is_same = |key: &hcl_edit::expr::ObjectKey| match key {
        hcl_edit::expr::ObjectKey::Ident(it) => it.as_str() == name,
        hcl_edit::expr::ObjectKey::Expression(it) => it.as_str().is_none_or(|it| it == name),
    };
    if object.iter().any(|(key, _)| is_same(key)) {
        return None;
    }
    let Some((key, value)) = object.iter().last() else {
        let is_empty = text.get(span.clone())?.trim_matches(['{', '}']).trim().is_empty();
        return is_empty.then(|| Edit::replace(Span::new(span.start, span.end), format!("{{ {pair} }}")));
    };
    let end = value.expr().span()?.end;
    let key = key.span()?;
    match (indent(text, key.start), next_line(text, end)) {
        (Some(indent), Some(next)) => Some(Edit::insert(next, format!("{indent}{pair}\n"))),
        _ => Some(Edit::insert(end, format!(", {pair}"))),
    }
}

/// The blanks before what begins its line; `None` where something else stands before it.
fn indent(text: &str, at: usize) -> Option<&str> {
    let before = text.get(..at)?.rsplit('\n').next()?;
    before.bytes().all(|it| matches!(it, b' ' | b'\t')).then_some(before)
}

/// Where the next line begins, if nothing but a comma and a comment follows on this one.
fn next_line(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let end = rest.find('\n')?;
    let rest = rest[..end].trim().trim_start_matches(',').trim_start();
    (rest.is_empty() || rest.starts_with('#') || rest.starts_with("//")).then_some(at + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;

    fn with_context(path: &str, text: &str, target: &str) -> Option<String> {
        let at = text.find(target).unwrap();
        let span = Span::new(at, at + target.len());
        let edit = add_context(&Source::new(path, text), span, "base:1", "target:base")?;
        Some(apply(text, &[edit]))
    }

    #[test]
    fn contexts_in_hcl() {
        for (text, after) in [
            (
                "target \"a\" {\n  context = \".\" # here\n  tags = [\"a\"]\n}\n",
                "target \"a\" {\n  context = \".\" # here\n  contexts = { \"base:1\" = \"target:base\" }\n  tags = [\"a\"]\n}\n",
            ),
            (
                "target \"a\" {\n\tdockerfile = \"D\"\n\tinherits   = [\"x\"]\n}\n",
                "target \"a\" {\n\tdockerfile = \"D\"\n\tcontexts   = { \"base:1\" = \"target:base\" }\n\tinherits   = [\"x\"]\n}\n",
            ),
            ("target \"a\" {\n}\n", "target \"a\" {\n  contexts = { \"base:1\" = \"target:base\" }\n}\n"),
            (
                "target \"a\" {\n  contexts = {\n    x = \"y\", // one\n  }\n}\n",
                "target \"a\" {\n  contexts = {\n    x = \"y\", // one\n    \"base:1\" = \"target:base\"\n  }\n}\n",
            ),
            (
                "target \"a\" {\n  contexts = { x = \"y\" }\n}\n",
                "target \"a\" {\n  contexts = { x = \"y\", \"base:1\" = \"target:base\" }\n}\n",
            ),
            (
                "target \"a\" {\n  contexts = {}\n}\n",
                "target \"a\" {\n  contexts = { \"base:1\" = \"target:base\" }\n}\n",
            ),
        ] {
            assert_eq!(with_context("b.hcl", text, "\"a\"").as_deref(), Some(after));
        }
        for text in [
            "target \"a\" { context = \".\" }\n",
            "target \"a\" {\n  contexts = merge(x, {})\n}\n",
            "target \"a\" {\n  contexts = { \"base:1\" = \"x\" }\n}\n",
            "target \"a\" {\n  contexts = { (x) = \"x\" }\n}\n",
            "target \"a\" {\n  contexts = { # c\n  }\n}\n",
        ] {
            assert_eq!(with_context("b.hcl", text, "\"a\""), None, "{text}");
        }
    }

    #[test]
    fn contexts_in_json() {
        for (text, after) in [
            (
                "{\n  \"target\": {\n    \"a\": {\n      \"context\": \".\"\n    }\n  }\n}\n",
                "{\n  \"target\": {\n    \"a\": {\n      \"context\": \".\",\n      \"contexts\": { \"base:1\": \"target:base\" }\n    }\n  }\n}\n",
            ),
            (
                "{\"target\": {\"a\": {\"contexts\": {\"x\": \"y\"}}}}",
                "{\"target\": {\"a\": {\"contexts\": {\"x\": \"y\", \"base:1\": \"target:base\"}}}}",
            ),
            ("{\"target\": {\"a\": {}}}", "{\"target\": {\"a\": { \"contexts\": { \"base:1\": \"target:base\" } }}}"),
        ] {
            assert_eq!(with_context("b.json", text, "\"a\"").as_deref(), Some(after));
        }
    }

    #[test]
    fn targets() {
        let target = NewTarget {
            name: "base".to_owned(),
            comment: Some("What all start from.".to_owned()),
            texts: vec![("context", "./images/base".to_owned())],
            lists: vec![("tags", vec!["base:1".to_owned()]), ("platforms", Vec::new())],
            tables: Vec::new(),
            contexts: vec![("x".to_owned(), "target:${x}".to_owned())],
        };
        let add = |path: &str, text: &str| Some(apply(text, &[add_target(&Source::new(path, text), &target)?]));
        assert_eq!(
            add("b.hcl", "target \"a\" {\n    context = \".\"\n}\n").unwrap(),
            "target \"a\" {\n    context = \".\"\n}\n\n# What all start from.\ntarget \"base\" {\n    context = \"./images/base\"\n    \
             tags    = [\"base:1\"]\n    contexts = {\n        \"x\" = \"target:$${x}\"\n    }\n}\n",
        );
        assert_eq!(add("b.hcl", "group \"base\" {\n  targets = []\n}\n"), None);
        assert_eq!(
            add("b.json", "{\n  \"target\": {\n    \"a\": {}\n  }\n}\n").unwrap(),
            "{\n  \"target\": {\n    \"a\": {},\n    \"base\": {\n      \"context\": \"./images/base\",\n      \"tags\": [\"base:1\"],\n      \
             \"contexts\": { \"x\": \"target:$${x}\" }\n    }\n  }\n}\n",
        );
        assert_eq!(add("b.json", "{\"target\": {\"a\": {}}}"), None);
    }
}
