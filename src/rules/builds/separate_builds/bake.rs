//! Steps that each build an image, as one step that builds the targets of a Bake file.

use std::fmt::Write as _;

use super::{at, built, input};
use crate::{
    bake::edit::{NewTarget, quoted},
    build::{BuildContext, Recipe, Target},
    edit::{Change, Edit},
    project::{file_name, join, parent, relative},
    rule::ProjectCx,
    source::Span,
    workflow::{Job, Step, Workflow},
    yaml::lines::{Lines, indent},
};

/// The file that is written.
pub(super) const FILE: &str = "docker-bake.hcl";

/// The inputs of a step that a target of Bake can stand for.
const INPUTS: [&str; 11] = [
    "context",
    "file",
    "target",
    "platforms",
    "tags",
    "labels",
    "build-args",
    "cache-from",
    "cache-to",
    "push",
    "load",
];

/// The change; the error says in a sentence what stands in its way.
pub(super) fn change(
    cx: &ProjectCx<'_>,
    (workflow, job): (&Workflow, &Job),
    steps: &[(usize, &Step)],
) -> Result<Change, String> {
    let source = cx.project.source(workflow.file);
    if job.name.is_empty() {
        return Err("Who calls this action may ask it for what each build gives.".to_owned());
    }
    let root =
        source.path.rfind(".github/").map_or_else(|| ".".to_owned(), |it| parent(&format!("{}x", &source.path[..it])));
    let path = join(&root, FILE);
    let taken = [FILE, "docker-bake.json", "docker-bake.override.hcl", "docker-bake.override.json"];
    if let Some(name) = taken.iter().find(|it| cx.project.files.kind(&join(&root, it)).is_some()) {
        return Err(format!("`{name}` is there already: its targets can take the place of these steps."));
    }
    let (first, last) = (steps[0], steps[steps.len() - 1]);
    if last.0 - first.0 + 1 != steps.len() {
        return Err("A step between them runs only at times.".to_owned());
    }
    for (_, step) in steps {
        plain(source.text.as_str(), workflow, step)?;
    }
    let shared = |name: &str| {
        let values: Vec<Option<&str>> = steps.iter().map(|it| input(workflow, it.1, name)).collect();
        values
            .windows(2)
            .all(|it| it[0] == it[1])
            .then_some(values[0])
            .ok_or_else(|| format!("`{name}` differs between them, and one step has one value for all."))
    };
    let (push, load) = (shared("push")?, shared("load")?);
    let mut targets: Vec<NewTarget> = Vec::new();
    // What only the workflow knows, as `set` takes it.
    let mut sets = Vec::new();
    for (_, step) in steps {
        let taken: Vec<&str> = targets.iter().map(|it| it.name.as_str()).collect();
        let target = target(cx, workflow, step, &root, &taken, &mut sets)?;
        targets.push(target);
    }

    let lines = Lines::of(source);
    let unreadable = || "They are not written in a form that can be edited.".to_owned();
    let line_of = |step: &Step| lines.at(workflow.tree.span(step.node));
    let top = line_of(first.1).ok_or_else(unreadable)?;
    let end = lines.block(line_of(last.1).ok_or_else(unreadable)?);
    let deep = indent(lines.all[top].1);
    if !lines.all[top].1.trim_start().starts_with("- ") {
        return Err(unreadable());
    }
    if lines.all[top..=end].iter().any(|it| it.1.contains('#')) {
        return Err("They have comments, which would have to go somewhere.".to_owned());
    }
    let has_names = workflow.tree.get(first.1.node, "name").is_some();
    let i = " ".repeat(deep);
    let step_in = " ".repeat(lines.step());
    let mut text = if has_names {
        format!("{i}- name: Build all images at once\n{i}  uses: docker/bake-action@v6\n")
    } else {
        format!("{i}- uses: docker/bake-action@v6\n")
    };
    let _ = writeln!(text, "{i}  with:\n{i}  {step_in}source: .");
    for (name, value) in [("push", push), ("load", load)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{i}  {step_in}{name}: {value}");
        }
    }
    if !sets.is_empty() {
        let _ = writeln!(text, "{i}  {step_in}set: |");
        for set in sets {
            let _ = writeln!(text, "{i}  {step_in}{step_in}{set}");
        }
    }
    let span = Span::new(lines.all[top].0 as usize, lines.end(end).unwrap_or(source.text.len()));
    let change = Change::of(workflow.file, [Edit::replace(span, text)]).ok_or_else(unreadable)?;
    let mut change = change.meant_for(workflow.file, ["jobs", &job.name, "steps"]);
    change.creates.insert(path, written(&source.path, &targets));
    Ok(change)
}

/// Whether a step says nothing that one step for all cannot say.
fn plain(text: &str, workflow: &Workflow, step: &Step) -> Result<(), String> {
    let tree = &workflow.tree;
    for entry in tree.entries(step.node) {
        match entry.name.as_str() {
            "name" | "uses" | "with" => {}
            "id" => {
                let id = tree.scalar(entry.value).unwrap_or_default();
                if text.contains(&format!("steps.{id}.")) {
                    return Err(format!("What the step `{id}` gives is asked for later."));
                }
            }
            name => return Err(format!("`{name}` belongs to one of them alone.")),
        }
    }
    let version = tree.get(step.node, "uses").and_then(|it| tree.scalar(it.value)?.split_once('@'));
    if version.is_some_and(|it| it.1.len() == 40 && it.1.bytes().all(|it| it.is_ascii_hexdigit())) {
        return Err("Actions are pinned by commits here, and dockopt knows none.".to_owned());
    }
    let with = tree.get(step.node, "with").map(|it| tree.entries(it.value)).unwrap_or_default();
    match with.iter().find(|it| !INPUTS.contains(&it.name.as_str())) {
        Some(it) => Err(format!("`{}` would have to be said otherwise.", it.name)),
        None => Ok(()),
    }
}

/// The target that does what a step does; what only the workflow knows goes to `sets`.
fn target(
    cx: &ProjectCx<'_>,
    workflow: &Workflow,
    step: &Step,
    root: &str,
    taken: &[&str],
    sets: &mut Vec<String>,
) -> Result<NewTarget, String> {
    let unknown = || "What one of them builds cannot be told.".to_owned();
    let here = built(cx, at(workflow, step.uses_span));
    let [(build, _)] = here.as_slice() else { return Err(unknown()) };
    let (BuildContext::Folder(context), Recipe::File(dockerfile)) = (&build.context, &build.dockerfile) else {
        return Err("One of them fetches its context by itself.".to_owned());
    };
    // Elsewhere than at the root the paths of the step are not those of the repository.
    let said = input(workflow, step, "context").unwrap_or_default();
    if join(root, said) != *context {
        return Err(unknown());
    }
    let stage = match &build.target {
        Target::Last => None,
        Target::Stage(name) => Some(name.clone()),
        Target::Unknown => return Err(unknown()),
    };
    let name = name_of(dockerfile, stage.as_deref(), taken);
    let mut target = NewTarget { name, texts: vec![("context", relative(context, root))], ..NewTarget::default() };
    let file = relative(dockerfile, context);
    if file != "Dockerfile" {
        target.texts.push(("dockerfile", file));
    }
    target.texts.extend(stage.map(|it| ("target", it)));
    let name = &target.name;
    // What `set` and Bake files call them, and whether a comma divides them.
    let lists = [
        ("platforms", "platforms", "platform", true),
        ("tags", "tags", "tags", true),
        ("cache-from", "cache-from", "cache-from", false),
        ("cache-to", "cache-to", "cache-to", false),
    ];
    for (input_name, key, set, commas) in lists {
        let all = entries(workflow, step, input_name, commas)?;
        // A list is said in one place.
        if all.iter().any(|it| it.contains("${{")) {
            sets.extend(all.iter().map(|it| format!("{name}.{set}={it}")));
        } else {
            target.lists.push((key, all));
        }
    }
    for (input_name, key) in [("build-args", "args"), ("labels", "labels")] {
        let mut table = Vec::new();
        for entry in entries(workflow, step, input_name, false)? {
            let Some((own, value)) = entry.split_once('=') else {
                return Err(format!("`{entry}` takes its value from outside."));
            };
            if value.contains("${{") {
                sets.push(format!("{name}.{key}.{own}={value}"));
            } else {
                table.push((own.to_owned(), value.to_owned()));
            }
        }
        target.tables.push((key, table));
    }
    Ok(target)
}

/// The entries of an input that is a list.
fn entries(workflow: &Workflow, step: &Step, name: &str, commas: bool) -> Result<Vec<String>, String> {
    let text = input(workflow, step, name).unwrap_or_default();
    let lines = text.lines().flat_map(|it| if commas { it.split(',').collect::<Vec<_>>() } else { vec![it] });
    let all: Vec<String> = lines.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect();
    // One expression may stand for many lines, which one entry of `set` cannot.
    let is_whole = |it: &&String| it.starts_with("${{") && it.ends_with("}}") && it.matches("${{").count() == 1;
    match all.iter().find(is_whole) {
        Some(it) => Err(format!("`{it}` may stand for several lines.")),
        None => Ok(all),
    }
}

/// A name for what is built: that of its folder, or of its Dockerfile where that has one, with its stage.
fn name_of(dockerfile: &str, stage: Option<&str>, taken: &[&str]) -> String {
    let file = file_name(dockerfile);
    let own = file.strip_prefix("Dockerfile.").or_else(|| file.strip_suffix(".Dockerfile"));
    let folder = parent(dockerfile);
    let folder = folder.rsplit('/').next().filter(|it| !it.starts_with('.')).map(str::to_owned);
    let base = own.map(str::to_owned).or(folder).unwrap_or_else(|| "app".to_owned());
    let whole = stage.map_or_else(|| base.clone(), |it| format!("{base}-{it}"));
    let plain = |it: char| if it.is_ascii_alphanumeric() || it == '_' { it } else { '-' };
    let whole: String = whole.chars().map(plain).collect();
    let numbered = (2..).map(|number| format!("{whole}-{number}"));
    std::iter::once(whole.clone()).chain(numbered).find(|it| !taken.contains(&it.as_str())).unwrap_or(whole)
}

/// The text of the Bake file.
fn written(workflow: &str, targets: &[NewTarget]) -> String {
    let mut text = format!("# What {workflow} builds, all of it at once.\ngroup \"default\" {{\n");
    let names: Vec<String> = targets.iter().map(|it| quoted(&it.name)).collect();
    let _ = writeln!(text, "  targets = [{}]\n}}", names.join(", "));
    for target in targets {
        let _ = write!(text, "\n{}", target.hcl("  "));
    }
    text
}
