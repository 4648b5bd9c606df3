//! Shell scripts, Makefiles, justfiles and `package.json` to the builds that their commands start.

use std::collections::BTreeMap;

use crate::{
    build::{Found, Kind},
    commands::{self, Call, Place, Started, UNKNOWN},
    documents::Documents,
    project::{file_name, parent},
    shell,
    source::{Cooked, FileId, Location, Span},
    yaml::Tree,
};

/// The kinds of files that hold command lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Shell,
    Makefile,
    Justfile,
    Package,
}

/// Whether a file of that name holds command lines.
pub fn is_script(name: &str) -> bool {
    form_of(name).is_some()
}

fn form_of(name: &str) -> Option<Form> {
    match name {
        "Makefile" | "makefile" | "GNUmakefile" => Some(Form::Makefile),
        "justfile" | "Justfile" | ".justfile" => Some(Form::Justfile),
        "package.json" => Some(Form::Package),
        _ => match name.rsplit_once('.')?.1 {
            "mk" => Some(Form::Makefile),
            "sh" | "bash" => Some(Form::Shell),
            _ => None,
        },
    }
}

/// The builds that a file starts. `root` is that of the repository.
pub fn read(documents: &mut Documents<'_>, file: FileId, root: Option<&str>, found: &mut Found, calls: &mut Vec<Call>) {
    let source = documents.source(file);
    if !commands::may_build(&source.text) {
        return;
    }
    let path = source.path.clone();
    let form = form_of(file_name(&path)).or_else(|| shell::is_for_shell(&source.text).then_some(Form::Shell));
    let Some(form) = form else { return };
    let folder = parent(&path);
    let scripts = match form {
        Form::Shell => {
            let mut text = Cooked::default();
            text.push(&source.text, 0);
            vec![(None, text)]
        }
        Form::Makefile => recipes(&source.text, &MAKE),
        Form::Justfile => recipes(&source.text, &JUST),
        Form::Package => {
            let Some(tree) = documents.tree(file) else { return };
            package_scripts(&tree, &documents.source(file).text)
        }
    };
    let exported = (form == Form::Makefile).then(|| exports_legacy(&documents.source(file).text)).flatten();
    // A script may be run from anywhere, but most are run from the root or from beside themselves.
    let mut starts = vec![folder.clone()];
    // What a Makefile includes runs where that one does.
    if form == Form::Shell || path.rsplit_once('.').is_some_and(|it| it.1 == "mk") {
        starts.extend(root.filter(|it| *it != folder).map(str::to_owned));
    }
    for (name, text) in scripts {
        if !commands::may_build(&text.text) {
            continue;
        }
        let place = Place {
            files: documents.files,
            file,
            kind: Kind::Script,
            name,
            starts: starts.clone(),
            own: (form == Form::Shell).then(|| folder.clone()),
            root: root.map(str::to_owned),
            whole: None,
            variables: BTreeMap::new(),
        };
        let Started { found: mut more, calls: mut more_calls, mut without_buildkit, .. } =
            commands::started(&shell::parse(&text), &place);
        // What a Makefile exports, all its recipes see.
        let exported = exported.filter(|_| without_buildkit.is_empty() && !more.builds.is_empty());
        found.without_buildkit.extend(exported.map(|span| Location { file, span }));
        found.without_buildkit.append(&mut without_buildkit);
        found.builds.append(&mut more.builds);
        found.left_out.append(&mut more.left_out);
        calls.append(&mut more_calls);
    }
}

/// The line of a Makefile that switches BuildKit off for all recipes.
fn exports_legacy(text: &str) -> Option<Span> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let (at, written) = (start, line.trim_end());
        start += line.len();
        let value = written.strip_prefix("export DOCKER_BUILDKIT").map(str::trim_start);
        let value = value.and_then(|it| [":=", "?=", "="].iter().find_map(|operator| it.strip_prefix(operator)));
        if value.is_some_and(|it| it.trim() == "0") {
            return Some(Span::new(at, at + written.len()));
        }
    }
    None
}

/// The scripts of a `package.json`.
fn package_scripts(tree: &Tree, text: &str) -> Vec<(Option<String>, Cooked)> {
    let entries = tree.get(tree.root, "scripts").map(|it| tree.entries(it.value)).unwrap_or_default();
    entries.iter().filter_map(|it| Some((Some(it.name.clone()), tree.cooked(it.value, text)?))).collect()
}

/// How a file of recipes is written.
struct Style {
    /// Whether a line belongs to a recipe.
    is_recipe: fn(&str) -> bool,
    /// What sets a variable.
    operators: &'static [&'static str],
    /// What opens a reference to a variable, and what closes it.
    references: &'static [(&'static str, &'static str)],
    /// What stands for a `$` of the shell.
    dollar: &'static str,
    /// Whether values are quoted.
    has_quotes: bool,
}

const MAKE: Style = Style {
    is_recipe: |line| line.starts_with('\t'),
    operators: &["::=", ":=", "?=", "="],
    references: &[("$(", ")"), ("${", "}")],
    dollar: "$$",
    has_quotes: false,
};

const JUST: Style = Style {
    is_recipe: |line| line.starts_with([' ', '\t']),
    operators: &[":="],
    references: &[("{{", "}}")],
    dollar: "$",
    has_quotes: true,
};

/// Each command of a Makefile or justfile, with the name of its recipe; a shell of its own runs it.
fn recipes(text: &str, style: &Style) -> Vec<(Option<String>, Cooked)> {
    let variables = variables(text, style);
    let mut out = Vec::new();
    let mut name: Option<String> = None;
    let mut command: Option<Cooked> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let content = line.trim_end_matches(['\n', '\r']);
        let goes_on = command.is_some();
        if !goes_on && !(style.is_recipe)(content) {
            let head = content.split_once(':').filter(|(_, rest)| !rest.starts_with('=')).map(|it| it.0);
            if let Some(head) = head.filter(|it| !it.starts_with('#') && !it.contains('=')) {
                name = head.split_whitespace().next().map(|it| it.trim_start_matches('@').to_owned());
            }
            continue;
        }
        let mut body = content.trim_start_matches(['\t', ' ']);
        if !goes_on {
            body = body.trim_start_matches(['@', '-', '+']);
        }
        let offset = at + content.len() - body.len();
        let is_last = !body.ends_with('\\');
        let cooked = command.get_or_insert_default();
        push(body, offset, &variables, style, cooked);
        if is_last {
            out.extend(command.take().map(|it| (name.clone(), it)));
        } else {
            command.get_or_insert_default().push("\n", at + content.len());
        }
    }
    out.extend(command.map(|it| (name, it)));
    out
}

/// The variables that are set once, to a text.
fn variables(text: &str, style: &Style) -> BTreeMap<String, Option<String>> {
    let mut out: BTreeMap<String, Option<String>> = BTreeMap::new();
    for line in text.lines().filter(|it| !(style.is_recipe)(it)) {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((at, operator)) =
            style.operators.iter().filter_map(|it| Some((line.find(it)?, it))).min_by_key(|it| it.0)
        else {
            continue;
        };
        let name = line[..at].trim();
        if name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.".contains(&it)) {
            continue;
        }
        let value = line[at + operator.len()..].trim();
        let value = if style.has_quotes {
            let quoted = |quote| value.strip_prefix(quote).and_then(|it: &str| it.strip_suffix(quote));
            quoted('"').or_else(|| quoted('\'')).filter(|it| !it.contains(['\\', '"', '\''])).map(str::to_owned)
        } else {
            let value = value.split(" #").next().unwrap_or_default().trim_end();
            (!value.ends_with('\\')).then(|| value.to_owned())
        };
        let is_new = !out.contains_key(name);
        out.insert(name.to_owned(), value.filter(|_| is_new));
    }
    out
}

/// Appends a piece of a command with its variables replaced; what is not known becomes a shell variable that nothing
/// sets.
fn push(text: &str, offset: usize, variables: &BTreeMap<String, Option<String>>, style: &Style, out: &mut Cooked) {
    let mut at = 0;
    let mut from = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(style.dollar) && style.dollar.len() > 1 {
            out.push(&text[from..=at], offset + from);
            at += style.dollar.len();
            from = at;
            continue;
        }
        let reference = style.references.iter().find(|it| rest.starts_with(it.0));
        let Some((open, close)) = reference else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        let Some(length) = rest.find(close) else { break };
        out.push(&text[from..at], offset + from);
        // A call of a function may hold further references; all of it is unknown then.
        let name = rest[open.len()..length].trim();
        let value = value(name, variables, style, &mut 0).unwrap_or_else(|| UNKNOWN.to_owned());
        for char in value.chars() {
            out.push(char.encode_utf8(&mut [0; 4]), offset + at);
        }
        let nested = rest[open.len()..length].matches('(').count();
        at += length + close.len();
        for _ in 0..nested {
            at += text[at..].find(')').map_or(0, |it| it + 1);
        }
        from = at;
    }
    out.push(&text[from.min(text.len())..], offset + from);
}

/// The value of a variable, with those in it replaced.
fn value(name: &str, variables: &BTreeMap<String, Option<String>>, style: &Style, steps: &mut usize) -> Option<String> {
    /// Variables may lead in a circle, or to one another in very many ways.
    const MOST_STEPS: usize = 200;
    const LONGEST: usize = 4096;
    *steps += 1;
    if *steps > MOST_STEPS {
        return None;
    }
    let raw = variables.get(name)?.as_deref()?;
    let mut out = String::new();
    let mut rest = raw;
    while let Some((at, (open, close))) =
        style.references.iter().filter_map(|it| Some((rest.find(it.0)?, it))).min_by_key(|it| it.0)
    {
        out.push_str(&rest[..at]);
        let length = rest[at..].find(close)?;
        let inner = rest[at + open.len()..at + length].trim();
        out.push_str(&value(inner, variables, style, steps)?);
        rest = &rest[at + length + close.len()..];
        if out.len() > LONGEST {
            return None;
        }
    }
    out.push_str(rest);
    (style.has_quotes || !out.contains('$')).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(text: &str, style: &Style) -> Vec<(String, String)> {
        recipes(text, style).into_iter().map(|(name, it)| (name.unwrap_or_default(), it.text)).collect()
    }

    #[test]
    fn recipes_of_a_makefile() {
        let text = "IMG ?= me/app\nTAG := $(IMG):1\nX = $(shell date)\n\nbuild: deps\n\t@docker build -t $(TAG) \\\n\t  \
                    --build-arg D=$(X) $$HOME ${IMG}\n\techo $(call f,$(a)) b\n";
        let first = "docker build -t me/app:1 \\\n--build-arg D=${UNKNOWN_VARIABLE} $HOME me/app";
        let second = "echo ${UNKNOWN_VARIABLE} b";
        let row = |it: &str| ("build".to_owned(), it.to_owned());
        assert_eq!(commands(text, &MAKE), [row(first), row(second)]);
        let found = &recipes(text, &MAKE)[0].1;
        let at = found.text.find("--build-arg").unwrap();
        assert_eq!(&text[found.span(at..at + 11).range()], "--build-arg");
    }

    #[test]
    fn recipes_of_a_justfile() {
        let text = "tag := \"x\"\nbuild arg:\n    docker build -t {{tag}} {{ arg }}\n    @b\n";
        let row = |it: &str| ("build".to_owned(), it.to_owned());
        assert_eq!(commands(text, &JUST), [row("docker build -t x ${UNKNOWN_VARIABLE}"), row("b")]);
    }

    #[test]
    fn variables_that_lead_in_a_circle_are_unknown() {
        let text = "A = $(B)\nB = $(A)\nC = 1\nC = 2\nx:\n\techo $(A) $(C) $(\n";
        assert_eq!(commands(text, &MAKE)[0].1, "echo ${UNKNOWN_VARIABLE} ${UNKNOWN_VARIABLE} $(");
    }
}
