//! `dockopt builds`: which Dockerfile is built with which context, and where that is written.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Value, json};

use crate::{
    build::{Build, BuildContext, Kind, LeftOut, NamedContext, Recipe, Target},
    names::counted,
    project::Project,
    source::Location,
};

/// The version of the JSON.
const VERSION: u32 = 1;

/// The possible contexts of the Dockerfiles that nothing names, by path.
pub type Inferred = BTreeMap<String, Vec<String>>;

/// The table for people.
pub fn human(project: &Project, inferred: &Inferred) -> String {
    let mut out = String::new();
    let mut by_dockerfile: BTreeMap<&str, Vec<&Build>> = BTreeMap::new();
    for build in &project.builds {
        let name = match &build.dockerfile {
            Recipe::File(path) => path.as_str(),
            Recipe::Inline(_) => "",
        };
        by_dockerfile.entry(name).or_default().push(build);
    }
    let inline = by_dockerfile.remove("");
    let names: std::collections::BTreeSet<&str> =
        by_dockerfile.keys().copied().chain(inferred.keys().map(String::as_str)).collect();
    for name in names {
        let _ = writeln!(out, "{name}");
        match by_dockerfile.get(name) {
            Some(builds) => builds.iter().for_each(|it| row(&mut out, project, it)),
            None => inferred_row(&mut out, &inferred[name]),
        }
    }
    for build in inline.into_iter().flatten() {
        let _ = writeln!(out, "a Dockerfile inside {}", place(project, build.found_in));
        row(&mut out, project, build);
    }
    if !project.left_out.is_empty() {
        let _ = writeln!(out, "\nLeft out, as they are not certain:");
        for left_out in &project.left_out {
            let name = left_out.name.as_ref().map(|it| format!("{it}: ")).unwrap_or_default();
            let _ = writeln!(out, "  {}: {name}{}", place(project, left_out.location), left_out.reason);
        }
    }
    let summary = counted(project.builds.len(), "build");
    let _ = writeln!(out, "{}Found {summary}", if out.is_empty() { "" } else { "\n" });
    out
}

fn place(project: &Project, location: Location) -> String {
    let source = project.source(location.file);
    format!("{}:{}", source.path, source.line(location.span.start))
}

fn row(out: &mut String, project: &Project, build: &Build) {
    let mut said = vec![match &build.context {
        BuildContext::Folder(path) => format!("context {path}"),
        BuildContext::Committed(path) => format!("context {path} as committed"),
        BuildContext::Remote(address) => format!("context {address}"),
        BuildContext::None => "no context".to_owned(),
    }];
    match &build.target {
        Target::Last => {}
        Target::Stage(name) => said.push(format!("target {name}")),
        Target::Unknown => said.push("target not known".to_owned()),
    }
    let names = build.args.iter().map(|(name, value)| match value {
        Some(value) if value.len() <= 40 => format!("{name}={value}"),
        _ => name.clone(),
    });
    let lists = [
        ("args", names.collect::<Vec<_>>()),
        ("contexts", build.contexts.keys().cloned().collect()),
        ("platforms", build.platforms.clone()),
        ("cache from", build.cache_from.clone()),
        ("cache to", build.cache_to.clone()),
    ];
    said.extend(lists.iter().filter(|it| !it.1.is_empty()).map(|(what, names)| format!("{what} {}", names.join(" "))));
    let name = build.name.as_ref().map(|it| format!(" {} {it}", noun(build.kind))).unwrap_or_default();
    let _ = writeln!(out, "  {}{name}: {}", place(project, build.found_in), said.join("; "));
}

/// What the name of a build of that kind is the name of.
fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Compose => "service",
        Kind::Bake => "target",
        Kind::Workflow => "job",
        Kind::Skaffold => "artifact",
        Kind::Script => "script",
    }
}

fn inferred_row(out: &mut String, contexts: &[String]) {
    let _ = match contexts {
        [] => writeln!(out, "  nothing names it, and no folder has all that it copies"),
        contexts => {
            writeln!(out, "  nothing names it; by what it copies, it is built with context {}", contexts.join(" or "))
        }
    };
}

/// The same for programs.
pub fn json(project: &Project, inferred: &Inferred) -> String {
    let builds: Vec<_> = project.builds.iter().map(|it| build_value(project, it)).collect();
    let left_out: Vec<_> = project.left_out.iter().map(|it| left_out_value(project, it)).collect();
    let inferred: Vec<_> =
        inferred.iter().map(|(path, contexts)| json!({ "dockerfile": path, "contexts": contexts })).collect();
    format!("{}\n", json!({ "version": VERSION, "builds": builds, "inferred": inferred, "left_out": left_out }))
}

fn build_value(project: &Project, build: &Build) -> Value {
    let (dockerfile, inline) = match &build.dockerfile {
        Recipe::File(path) => (Some(path), None),
        Recipe::Inline(inline) => (None, Some(&inline.text)),
    };
    let (kind, context) = match &build.context {
        BuildContext::Folder(path) => ("folder", Some(path)),
        BuildContext::Committed(path) => ("committed", Some(path)),
        BuildContext::Remote(address) => ("remote", Some(address)),
        BuildContext::None => ("none", None),
    };
    let (target, is_known) = match &build.target {
        Target::Last => (None, true),
        Target::Stage(name) => (Some(name), true),
        Target::Unknown => (None, false),
    };
    let contexts = build.contexts.iter().map(|(name, context)| {
        let value = match context {
            NamedContext::Folder(path) => json!({ "kind": "folder", "path": path }),
            NamedContext::Build(name) => json!({ "kind": "build", "path": name }),
            NamedContext::Other(address) => json!({ "kind": "other", "path": address }),
            NamedContext::Unknown => json!({ "kind": "unknown", "path": null }),
        };
        (name.clone(), value)
    });
    json!({
        "kind": build.kind.as_str(),
        "name": build.name,
        "dockerfile": dockerfile,
        "dockerfile_inline": inline,
        "context": { "kind": kind, "path": context },
        "target": target,
        "target_known": is_known,
        "args": build.args,
        "contexts": contexts.collect::<serde_json::Map<_, _>>(),
        "platforms": build.platforms,
        "cache_from": build.cache_from,
        "cache_to": build.cache_to,
        "found_in": location_value(project, build.found_in),
    })
}

fn left_out_value(project: &Project, left_out: &LeftOut) -> Value {
    json!({
        "name": left_out.name,
        "reason": left_out.reason,
        "found_in": location_value(project, left_out.location),
    })
}

fn location_value(project: &Project, location: Location) -> Value {
    let source = project.source(location.file);
    let at = |offset: u32| {
        let place = source.line_col(offset);
        json!({ "line": place.line, "column": place.column, "byte": offset })
    };
    json!({ "path": source.path, "start": at(location.span.start), "end": at(location.span.end) })
}
