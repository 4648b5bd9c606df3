//! `dockopt bench`: builds before and after the fixes, and compares.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
    process, thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::{Failure, Status, Streams, settings_for, tell_problems};
use crate::{
    bench::{self, Chillable, Figures, Machine, Measured, Measurement},
    build::Recipe,
    cli::args::Common,
    docker::{self, NoAnswer},
    edit::Safety,
    engine,
    images::{self, Image, Images},
    model::Model,
    project::{Project, parent},
    report::{Format, bench as report},
    workspace::{Copied, Loaded, STDIN},
};

/// What is built, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct What<'a> {
    pub path: &'a str,
    pub unsafe_fixes: bool,
    pub at_once: bool,
    pub runs: usize,
    pub only: &'a [String],
    pub changes: &'a [(String, String)],
    pub keep_images: bool,
}

/// How long Docker may take for a question that it should answer at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a variant is measured in one run, if builds of it fail now and then.
const ATTEMPTS: u8 = 2;

pub(super) fn run(common: &Common, what: What<'_>, streams: &mut Streams) -> Result<Status, Failure> {
    if what.path == STDIN {
        let message = "standard input cannot be built".to_owned();
        return Err(Failure::Usage { message, help: Some("give a Dockerfile or a folder".to_owned()) });
    }
    if !matches!(common.format(), Format::Human | Format::Json | Format::Svg) {
        let message = "`dockopt bench` has no such format".to_owned();
        return Err(Failure::Usage { message, help: Some("use human, json or svg".to_owned()) });
    }
    let paths = [what.path.to_owned()];
    let (workspace, settings) = settings_for(common, &paths)?;
    let loaded = workspace.load(&paths, None, settings);
    let mut status = tell_problems(&loaded.problems, streams)?;
    let machine = machine()?;
    let mut variants = vec![Variant::of("before", loaded.project.clone(), what.only)];
    let safe = engine::fix(&loaded.project, Safety::Safe).project;
    let is_other = |a: &Project, b: &Project| super::fix::changes(a, b).next().is_some();
    if is_other(&loaded.project, &safe) {
        variants.push(Variant::of("fix", safe.clone(), what.only));
    }
    if what.unsafe_fixes {
        let all = engine::fix(&loaded.project, Safety::Unsafe).project;
        if is_other(&safe, &all) {
            variants.push(Variant::of("fix --unsafe-fixes", all, what.only));
        }
    }
    for (path, reason) in &variants[0].images.left_out {
        writeln!(streams.err, "note: {path} is not built: {reason}")?;
    }
    let is_missing = |it: &&String| variants[0].images.all.iter().all(|image| image.name != **it);
    if let Some(name) = what.only.iter().find(is_missing) {
        let known: Vec<&str> = variants[0].all_names.iter().map(String::as_str).collect();
        let help = format!("there are {}", known.join(", "));
        return Err(Failure::Usage { message: format!("there is no image `{name}`"), help: Some(help) });
    }
    if variants[0].images.all.is_empty() {
        let message = format!("{}: there is no Dockerfile of which it is known how it is built", what.path);
        return Err(Failure::Usage { message, help: Some("`dockopt builds` lists what is known".to_owned()) });
    }
    if variants.len() == 1 {
        writeln!(streams.err, "note: the fixes change nothing here, so there is nothing to compare with")?;
    }
    docker::heed_interrupts();
    let mut bench = Bench { loaded: &loaded, what, failed: BTreeSet::new(), tags: BTreeSet::new(), streams };
    let measured = bench.measure(machine, &variants);
    // An error leaves images behind, too.
    bench.remove_images()?;
    let failed = std::mem::take(&mut bench.failed);
    if !failed.is_empty() {
        status = Status::Failed;
    }
    let measurement = measured?;
    if measurement.images.is_empty() {
        return Ok(status);
    }
    let text = match common.format() {
        Format::Json => report::json(&measurement),
        Format::Svg => report::svg(&measurement),
        _ => report::table(&measurement),
    };
    streams.out.write_all(text.as_bytes())?;
    if !common.quiet {
        writeln!(streams.err, "note: `docker builder prune` frees what the builder keeps of these builds")?;
    }
    Ok(status)
}

/// What Docker says to a question, without the line end; nothing if it fails.
fn ask(arguments: &[&str]) -> Option<String> {
    let answer = docker::run(Path::new("."), arguments, Some(PATIENCE)).ok()?;
    answer.success.then(|| answer.out.trim().to_owned())
}

/// The machine that builds; an error if nothing can be built there.
fn machine() -> Result<Machine, Failure> {
    let usage = |message: &str| Failure::Usage {
        message: message.to_owned(),
        help: Some("`dockopt doctor` says what is missing".to_owned()),
    };
    let version = ["version", "--format", "{{.Server.Version}}"];
    let docker = match docker::run(Path::new("."), &version, Some(PATIENCE)) {
        Ok(answer) if answer.success => answer.out.trim().to_owned(),
        Ok(_) => return Err(usage("the Docker engine does not answer")),
        Err(NoAnswer::Missing) => return Err(usage("there is no `docker`")),
        Err(NoAnswer::TimedOut) => return Err(usage("the Docker engine does not answer in time")),
        Err(NoAnswer::Failed(error)) => return Err(usage(&format!("`docker` cannot be started: {error}"))),
    };
    // `github.com/docker/buildx 0.13.1 abcdef`
    let buildx = ask(&["buildx", "version"]).ok_or_else(|| usage("there is no buildx, which builds images"))?;
    let buildx = buildx.split_whitespace().nth(1).unwrap_or(&buildx).to_owned();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    Ok(Machine { docker, buildx, processors })
}

/// A way in which the project can be built.
struct Variant {
    name: &'static str,
    project: Project,
    images: Images,
    /// All images, chosen or not.
    all_names: Vec<String>,
    dockerfiles: BTreeMap<String, Chillable>,
    /// What is sent, by image.
    sends: BTreeMap<String, bench::Sends>,
}

impl Variant {
    fn of(name: &'static str, project: Project, only: &[String]) -> Self {
        let mut images = images::of(&project);
        let all_names: Vec<String> = images.all.iter().map(|it| it.name.clone()).collect();
        if !only.is_empty() {
            retain(&mut images.all, only);
            images.left_out.clear();
        }
        let mut dockerfiles = BTreeMap::new();
        let mut sends = BTreeMap::new();
        for image in &images.all {
            let mut units = project.dockerfiles.iter();
            let Some(unit) = units.find(|it| project.source(it.file).path == image.dockerfile) else { continue };
            let source = project.source(unit.file);
            let args = image.args.iter().map(|(key, it)| (key.clone(), Some(it.clone()))).collect();
            let model = Model::of(unit.file, source, &unit.syntax, &args);
            dockerfiles.insert(image.dockerfile.clone(), Chillable::of(source, &model));
            sends.extend(bench::sends(&project, image, &model).map(|it| (image.name.clone(), it)));
        }
        Self { name, project, images, all_names, dockerfiles, sends }
    }
}

/// Keeps the images of these names and those that they are built on.
fn retain(images: &mut Vec<Image>, only: &[String]) {
    let mut wanted: BTreeSet<String> = only.iter().cloned().collect();
    for image in images.iter().rev() {
        if wanted.contains(&image.name) {
            let bases = image.contexts.values().filter_map(|it| match it {
                images::Named::Image(name) => Some(name.clone()),
                images::Named::Folder(_) | images::Named::Other(_) => None,
            });
            wanted.extend(bases);
        }
    }
    images.retain(|it| wanted.contains(&it.name));
}

/// Takes back what a run measured of a variant.
fn forget(out: &mut Measurement, run: usize, variant: usize) {
    let of_images = out.images.iter_mut().filter_map(|it| it.variants[variant].as_mut()).flat_map(|it| &mut it.seconds);
    for figures in of_images.chain(&mut out.total[variant]) {
        figures.truncate(run);
    }
}

struct Bench<'a, 'b> {
    loaded: &'a Loaded,
    what: What<'a>,
    /// Images that could not be built.
    failed: BTreeSet<String>,
    /// What was tagged.
    tags: BTreeSet<String>,
    streams: &'b mut Streams,
}

impl Bench<'_, '_> {
    fn measure(&mut self, machine: Machine, variants: &[Variant]) -> Result<Measurement, Failure> {
        let mut it =
            Measurement { machine, at_once: self.what.at_once, runs: self.what.runs, ..Measurement::default() };
        it.variants = variants.iter().map(|it| it.name.to_owned()).collect();
        it.scenarios = vec!["cold".to_owned(), "a line of code".to_owned()];
        it.scenarios.extend(self.what.changes.iter().map(|it| it.0.clone()));
        if self.what.changes.is_empty() {
            it.scenarios.push("a manifest".to_owned());
        }
        let mut names: Vec<(&str, &str)> = Vec::new();
        for image in variants.iter().rev().flat_map(|it| &it.images.all) {
            if !names.iter().any(|it| it.0 == image.name) {
                names.push((&image.name, &image.dockerfile));
            }
        }
        it.images = names
            .iter()
            .map(|(name, dockerfile)| Measured {
                name: (*name).to_owned(),
                dockerfile: (*dockerfile).to_owned(),
                variants: variants
                    .iter()
                    .map(|variant| {
                        let is_there = variant.images.all.iter().any(|it| it.name == *name);
                        is_there.then(|| Figures {
                            context_bytes: variant.sends.get(*name).map(|it| it.bytes),
                            seconds: vec![Vec::new(); it.scenarios.len()],
                            ..Figures::default()
                        })
                    })
                    .collect(),
            })
            .collect();
        it.total = vec![vec![Vec::new(); it.scenarios.len()]; variants.len()];
        for run in 0..self.what.runs {
            for (at, variant) in variants.iter().enumerate() {
                // A build that works the second time has failed for a reason of the hour, and its time says nothing.
                let mut attempts = 1;
                while !self.variant(run, at, variant, &variants[0], &mut it, attempts < ATTEMPTS)? {
                    attempts += 1;
                    forget(&mut it, run, at);
                    writeln!(self.streams.err, "note: `{}` is measured again from the start", variant.name)?;
                }
            }
        }
        // What could not be built everywhere is not compared, and counts nowhere.
        it.images.retain(|it| !self.failed.contains(&it.name));
        if !self.what.at_once {
            it.add_up();
        }
        Ok(it)
    }

    /// Builds one variant in all scenarios. `false` if a build failed that works when it is repeated, and may be repeated.
    fn variant(
        &mut self,
        run: usize,
        at: usize,
        variant: &Variant,
        first: &Variant,
        out: &mut Measurement,
        may_repeat: bool,
    ) -> Result<bool, Failure> {
        let copied = self.copy(variant)?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let salt = format!("{}-{}", process::id(), since.as_nanos());
        for scenario in 0..out.scenarios.len() {
            match self.what.changes.get(scenario.wrapping_sub(2)) {
                _ if scenario == 0 => {}
                Some((_, folder)) => copied.overlay(folder)?,
                // The same files change in all variants.
                None => {
                    let file = if scenario == 1 { bench::code_file } else { bench::manifest };
                    let images = first.images.all.iter();
                    let files = images.filter_map(|it| file(it, &first.sends.get(&it.name)?.files));
                    for file in files.collect::<BTreeSet<_>>() {
                        copied.lengthen(file)?;
                    }
                }
            }
            let images: Vec<&str> = variant.images.all.iter().map(|it| it.name.as_str()).collect();
            let images: Vec<&str> = images.into_iter().filter(|it| !self.failed.contains(*it)).collect();
            let groups: Vec<&[&str]> = if self.what.at_once { vec![&images] } else { images.chunks(1).collect() };
            let mut total = 0.0;
            for group in groups.into_iter().filter(|it| !it.is_empty()) {
                let build = bench::Build { salt: &salt, images: group, variant: variant.name, scenario };
                let text = bench::bake_file(&variant.images.all, &variant.dockerfiles, build, |it| copied.path(it));
                let took = Self::build(&copied, &text, group)?;
                if docker::is_interrupted() {
                    let message = "stopped".to_owned();
                    return Err(Failure::Usage { message, help: None });
                }
                let name = if self.what.at_once { "all" } else { group[0] };
                let what = format!("{}, {name}, {}", variant.name, out.scenarios[scenario]);
                let seconds = match took {
                    Ok(took) => took.as_secs_f64(),
                    Err(said) => {
                        self.streams.tell(&format!("{what}: the build fails:\n{said}"), None)?;
                        if may_repeat && Self::build(&copied, &text, group)?.is_ok() {
                            let exported = variant.images.all.iter().filter(|it| !it.is_only_base);
                            let of_group = exported.filter(|it| group.contains(&it.name.as_str()));
                            self.tags.extend(of_group.map(|it| build.tag(&it.name)));
                            self.remove_images()?;
                            return Ok(false);
                        }
                        if self.what.at_once {
                            let message = "all images are built at once, and one of them cannot be built".to_owned();
                            let help = "`--only` says which ones to build".to_owned();
                            return Err(Failure::Usage { message, help: Some(help) });
                        }
                        self.failed.insert(name.to_owned());
                        continue;
                    }
                };
                writeln!(self.streams.err, "{what}: {seconds:.1} s")?;
                total += seconds;
                let of_group = variant.images.all.iter().filter(|it| group.contains(&it.name.as_str()));
                for image in of_group {
                    let name = &image.name;
                    let tag = build.tag(name);
                    let stays = self.what.keep_images && scenario == 0 && run + 1 == self.what.runs;
                    if !stays && !image.is_only_base {
                        self.tags.insert(tag.clone());
                    }
                    let mut images = out.images.iter_mut();
                    let figures = images.find(|it| it.name == *name).and_then(|it| it.variants[at].as_mut());
                    let Some(figures) = figures else { continue };
                    if !self.what.at_once {
                        figures.seconds[scenario].push(seconds);
                    }
                    if scenario == 0 && !image.is_only_base {
                        let size = ask(&["image", "inspect", "--format", "{{.Size}}", &tag]);
                        figures.image_bytes = size.and_then(|it| it.parse().ok());
                        figures.tag = stays.then_some(tag);
                    }
                }
            }
            if self.what.at_once {
                out.total[at][scenario].push(total);
            }
        }
        self.remove_images()?;
        Ok(true)
    }

    /// Removes the images that nobody wants to keep.
    fn remove_images(&mut self) -> Result<(), Failure> {
        let tags = std::mem::take(&mut self.tags);
        let mut arguments = vec!["image", "rm", "--force"];
        arguments.extend(tags.iter().map(String::as_str));
        if !tags.is_empty() && ask(&arguments).is_none() {
            writeln!(self.streams.err, "note: not all images could be removed: {}", arguments[3..].join(" "))?;
        }
        Ok(())
    }

    /// A copy of the project as the variant leaves it, its Dockerfiles ready for cold builds.
    fn copy(&self, variant: &Variant) -> Result<Copied, Failure> {
        let mut folders: BTreeSet<String> = BTreeSet::new();
        for image in &variant.images.all {
            folders.insert(image.context.clone());
            folders.insert(parent(&image.dockerfile));
            folders.extend(image.contexts.values().filter_map(|it| match it {
                images::Named::Folder(folder) => Some(folder.clone()),
                images::Named::Image(_) | images::Named::Other(_) => None,
            }));
        }
        for build in &variant.project.builds {
            if let Recipe::File(path) = &build.dockerfile
                && variant.dockerfiles.contains_key(path)
            {
                folders.extend(build.context.folder().map(str::to_owned));
            }
        }
        let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
        let copied = self.loaded.copied(&folders, &variant.project)?;
        for (path, dockerfile) in &variant.dockerfiles {
            copied.write(path, &dockerfile.text)?;
        }
        Ok(copied)
    }

    /// Builds images: how long it took, or what the builder said last.
    fn build(copied: &Copied, text: &str, images: &[&str]) -> Result<Result<Duration, String>, Failure> {
        const LINES: usize = 20;
        let file = copied.beside("docker-bake.json", text)?;
        let file = file.to_string_lossy();
        let mut arguments = vec!["buildx", "bake", "--progress", "plain", "--file", &file];
        arguments.extend(images);
        let start = Instant::now();
        let answer = docker::run(&copied.folder(), &arguments, None);
        let took = start.elapsed();
        Ok(match answer {
            Ok(answer) if answer.success => Ok(took),
            Ok(answer) => {
                let lines: Vec<&str> = answer.err.lines().collect();
                Err(lines[lines.len().saturating_sub(LINES)..].join("\n"))
            }
            Err(NoAnswer::Failed(error)) => Err(error.to_string()),
            Err(NoAnswer::Missing | NoAnswer::TimedOut) => Err("docker does not answer".to_owned()),
        })
    }
}
