//! Builds in CI that carry no layers over: see `rules/builds/uncached-build.md`.

use super::{BUILD_PUSH, SETUP_BUILDX, at, built, input, jobs, leaves_builder, may_remember, steps};
use crate::{
    build::{Build, Kind, Recipe, Target},
    commands::Composed,
    edit::{Change, Safety},
    finding::{Finding, Fix, Label},
    rule::{Check, ProjectCx, Rule},
    source::Location,
    workflow::{Job, Step, Workflow},
};

pub(super) static RULE: Rule = crate::rule!("builds" / "uncached-build", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for (workflow, job) in jobs(cx.project) {
        if !job.is_hosted || workflow.is_for_releases || may_remember(workflow, job) {
            continue;
        }
        // What the first command builds, the next ones find.
        let steps = job.steps.iter().filter(|it| !names_files(workflow, job, it));
        out.extend(steps.flat_map(|it| &it.composed).find_map(|it| composed(cx, it)));
        for (index, step) in job.steps.iter().enumerate() {
            let has = |name| input(workflow, step, name).is_some();
            if step.uses.as_deref() == Some(BUILD_PUSH) {
                let location = at(workflow, step.uses_span);
                let is_meant =
                    ["cache-from", "cache-to", "no-cache", "no-cache-filters", "call"].iter().any(|it| has(it));
                if !is_meant && builds_layers(cx, location) {
                    let message = "this build keeps no layers for the next run";
                    let cure = "`cache-from` and `cache-to` carry them over, by `type=gha` or through a registry.";
                    let mut finding = finding(location, message, cure);
                    finding.fix = cached(cx, (workflow, job), (index, step)).map(|change| Fix {
                        title: "Keep the layers in the cache of GitHub".to_owned(),
                        safety: Safety::Unsafe,
                        change,
                    });
                    out.push(finding);
                }
            }
            for location in step.command_builds.iter().filter(|it| builds_layers(cx, **it)) {
                let is_cached = |it: &Build| !it.cache_from.is_empty() || !it.cache_to.is_empty();
                if !built(cx, *location).iter().any(|it| is_cached(it.0)) {
                    let message = "this command keeps no layers for the next run";
                    let text = cx.project.source(location.file).slice(location.span);
                    // The cache of GitHub is Docker's; the others know registries alone.
                    let cure = if ["podman", "buildah"].iter().any(|it| text.contains(it)) {
                        "`--layers` with `--cache-from` and `--cache-to` carry them over, through a registry."
                    } else {
                        "`docker/build-push-action` with `cache-from` and `cache-to` carries them over, by `type=gha` \
                         or through a registry."
                    };
                    out.push(finding(*location, message, cure));
                }
            }
        }
    }
}

/// Whether a variable tells Compose which files to read, so that they are not the usual ones.
fn names_files(workflow: &Workflow, job: &Job, step: &Step) -> bool {
    [workflow.tree.root, job.node, step.node].iter().any(|it| workflow.tree.at(*it, &["env", "COMPOSE_FILE"]).is_some())
}

/// Services that Compose builds in a job, without a cache.
fn composed(cx: &ProjectCx<'_>, command: &Composed) -> Option<Finding> {
    let is_here = |it: &&Build| {
        let path = &cx.project.source(it.found_in.file).path;
        let is_named = |name: &String| command.services.is_empty() || command.services.contains(name);
        it.kind == Kind::Compose
            && command.files.iter().any(|it| cx.project.files.shown(it) == *path)
            && it.name.as_ref().is_some_and(is_named)
    };
    let builds = cx.project.builds.iter().filter(is_here).filter(|it| builds_layers(cx, it.found_in));
    let builds: Vec<&Build> = builds.collect();
    if builds.is_empty() || builds.iter().any(|it| !it.cache_from.is_empty() || !it.cache_to.is_empty()) {
        return None;
    }
    let name = builds[0].name.as_deref()?;
    let what = if builds.len() == 1 { format!("`{name}`") } else { format!("{} services", builds.len()) };
    let message = format!("this builds {what} and keeps no layers for the next run");
    let cure = format!(
        "`docker/bake-action` builds the services of a Compose file, too, and takes a cache for each: \
         `{name}.cache-from=type=gha,scope={name}` and `{name}.cache-to=type=gha,mode=max,scope={name}` below `set`."
    );
    let mut finding = finding(command.location, &message, &cure);
    for build in builds {
        let text = "built without a cache".to_owned();
        finding.related.push(Label { location: build.found_in, text });
    }
    Some(finding)
}

/// Whether the Dockerfiles that are built there are known, and run something that a cache would save.
fn builds_layers(cx: &ProjectCx<'_>, location: Location) -> bool {
    let built = built(cx, location);
    let runs = built
        .iter()
        .map(|(_, file)| file.is_some_and(|it| it.model.stages.iter().any(|it| it.runs().next().is_some())));
    !built.is_empty() && runs.into_iter().all(|it| it)
}

fn finding(location: Location, message: &str, cure: &str) -> Finding {
    let mut finding = Finding::new(RULE.name, location, message);
    finding.note = Some(format!("A runner of GitHub starts empty, so that every run builds every layer again. {cure}"));
    finding
}

/// The inputs that keep the layers, and a builder that can write them; `None` where dockopt cannot tell what would do.
fn cached(cx: &ProjectCx<'_>, (workflow, job): (&Workflow, &Job), (index, step): (usize, &Step)) -> Option<Change> {
    let location = at(workflow, step.uses_span);
    let here = built(cx, location);
    // The steps of an action are called by others, and a step of a matrix makes several images in turn.
    let [(build, Some(_))] = here.as_slice() else { return None };
    if job.name.is_empty() || input(workflow, step, "builder").is_some() {
        return None;
    }
    let before = &job.steps[..index];
    let is_set_up = before.iter().any(|it| it.uses.as_deref() == Some(SETUP_BUILDX));
    if !is_set_up && !before.iter().all(|it| leaves_builder(workflow, it)) {
        return None;
    }
    // Each image has a scope of its own on each platform, or one would take the place of the other.
    let place = |build: &'_ Build| (build.dockerfile.clone(), build.target.clone(), build.platforms.clone());
    let own = place(build);
    let mut others = Vec::new();
    for (workflow, step) in jobs(cx.project).flat_map(|(workflow, job)| job.steps.iter().map(move |it| (workflow, it)))
    {
        let is_build = step.uses.as_deref() == Some(BUILD_PUSH);
        let made = cx.project.builds.iter().filter(|it| is_build && it.found_in == at(workflow, step.uses_span));
        others.extend(made.map(place).filter(|it| *it != own));
    }
    let same_image = others.iter().any(|it| (&it.0, &it.1) == (&own.0, &own.1));
    let platforms = if same_image { own.2.as_slice() } else { &[] };
    let scope = if others.is_empty() {
        String::new()
    } else {
        format!(",scope={}", scope(&build.dockerfile, &build.target, platforms)?)
    };
    let inputs = [("cache-from", format!("type=gha{scope}")), ("cache-to", format!("type=gha,mode=max{scope}"))];
    let edit = steps::add_inputs(cx.project.source(workflow.file), workflow, step, &inputs)?;
    let key = ["jobs", &job.name, "steps", &index.to_string(), "with"].map(str::to_owned);
    let change = Change::of(workflow.file, [edit])?;
    if is_set_up {
        return Some(change.meant_for(workflow.file, key.iter().map(String::as_str)));
    }
    let mut both = steps::set_up(cx.project, workflow, job)?;
    both.try_merge(&change).then_some(both)
}

/// A name for what is built, from the path of its Dockerfile, its stage, and the platforms if they matter.
fn scope(dockerfile: &Recipe, target: &Target, platforms: &[String]) -> Option<String> {
    let Recipe::File(path) = dockerfile else { return None };
    let folder = path.strip_suffix("/Dockerfile").unwrap_or(path).trim_start_matches("../");
    let mut parts = vec![folder];
    match target {
        Target::Last => {}
        Target::Stage(name) => parts.push(name),
        Target::Unknown => return None,
    }
    parts.extend(platforms.iter().map(|it| it.strip_prefix("linux/").unwrap_or(it)));
    let name = parts.join("-").replace(['/', ' '], "-");
    name.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.')).then_some(name)
}
