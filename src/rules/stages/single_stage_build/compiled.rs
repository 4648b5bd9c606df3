//! Compiled languages: what the build makes is copied to the same path in an image without the tool chain.

use super::{
    Plan,
    division::{Division, Role},
    needs::Needs,
    packages::{self, Distribution, Fate, Package},
};
use crate::{
    context::Context,
    manifests::{View, visible},
    model::{CopyFrom, ImageRef, PackageCommand, Run, Stage, StepKind, absolute, is_below},
    project::{Kind, file_name, join, parent},
    rule::FileCx,
    source::Span,
    syntax::{Args, Keyword},
};

/// A tool chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Go,
    Rust,
    Java,
    DotNet,
    Elixir,
}

impl Language {
    /// The language whose tool chain an image brings.
    pub(super) fn of(image: &ImageRef) -> Option<Self> {
        match image.name.as_str() {
            "golang" => Some(Self::Go),
            "rust" => Some(Self::Rust),
            "maven" | "gradle" => Some(Self::Java),
            "eclipse-temurin" if !image.tag.as_deref().is_some_and(|it| it.contains("jre")) => Some(Self::Java),
            "mcr.microsoft.com/dotnet/sdk" => Some(Self::DotNet),
            "elixir" | "hexpm/elixir" => Some(Self::Elixir),
            _ => None,
        }
    }

    const fn tool_chain(self) -> &'static str {
        match self {
            Self::Go => "the Go tool chain",
            Self::Rust => "the Rust tool chain",
            Self::Java => "the JDK",
            Self::DotNet => "the .NET SDK",
            Self::Elixir => "the tool chain of Elixir",
        }
    }

    const fn manifests(self) -> &'static [&'static str] {
        match self {
            Self::Go => &["go.mod"],
            Self::Rust => &["Cargo.toml"],
            Self::Java => &["pom.xml", "build.gradle", "build.gradle.kts"],
            Self::DotNet => &[],
            Self::Elixir => &["mix.exs"],
        }
    }

    fn builds(self, command: &PackageCommand) -> bool {
        let manager = match self {
            Self::Go => "go",
            Self::Rust => "cargo",
            Self::Java => return matches!(command.manager.name.as_str(), "maven" | "gradle"),
            Self::DotNet => "dotnet",
            Self::Elixir => "mix",
        };
        let subcommands: &[&str] = match self {
            Self::Go => &["build", "install"],
            Self::Rust => &["build", "b", "install"],
            Self::DotNet => &["publish"],
            Self::Elixir => &["release"],
            Self::Java => &[],
        };
        command.manager.name == manager && subcommands.contains(&command.subcommand.as_str())
    }
}

pub(super) fn plan<'a>(cx: &'a FileCx<'a>, stage: &'a Stage, image: &ImageRef, language: Language) -> Option<Plan<'a>> {
    let builds = |at: &usize| match &stage.steps[*at].kind {
        StepKind::Run(run) => run.packages().iter().any(|it| language.builds(it)),
        StepKind::Copy(_) | StepKind::Other => false,
    };
    let last = (0..stage.steps.len()).rfind(builds)?;
    let contexts = cx.contexts();
    let StepKind::Run(run) = &stage.steps[last].kind else { return None };
    let folder = run.packages().iter().find(|it| language.builds(it)).and_then(|it| run.folder(it));
    let context = super::only(contexts, |it| super::brings(it, stage, last, folder, language.manifests()));
    Site { cx, stage, image, language, context, last }.plan()
}

/// What a tool chain costs in an image; whether that starts what was built with it may not be known.
pub(super) fn cost(is_started: bool) -> String {
    let more = if is_started { ", and nothing calls it when the image runs" } else { "" };
    format!("It makes the image several times as large and slower to pull{more}.")
}

struct Site<'a, 'c> {
    cx: &'a FileCx<'a>,
    stage: &'a Stage,
    image: &'c ImageRef,
    language: Language,
    context: Option<&'c Context>,
    last: usize,
}

impl<'a> Site<'a, '_> {
    fn plan(&self) -> Option<Plan<'a>> {
        let steps = &self.stage.steps;
        let from = self.cx.model.at(self.stage.from).span;
        let kept: Vec<(String, Span)> = vec![(self.language.tool_chain().to_owned(), from)];
        let mut obstacles = Vec::new();
        let program = self.program();
        if program
            .as_deref()
            .is_some_and(|it| matches!(it, "go" | "cargo" | "mvn" | "gradle" | "./mvnw" | "./gradlew" | "mix" | "iex"))
        {
            // It is built when it starts.
            return None;
        }
        let image = self.runtime_image();
        if image.is_none() {
            obstacles.push("the version of the image cannot be told.".to_owned());
        }
        let needs = Needs::new(self.cx, self.stage, self.context, self.last);
        let mut division = Division::new(self.cx, self.stage, self.last, image.unwrap_or_default());
        let (release, alpine) = super::release(self.image);
        let distribution = Distribution { release: release.or(Some("trixie")), alpine };
        for (at, step) in steps.iter().enumerate().take(self.last + 1) {
            let instruction = self.cx.model.instruction(step);
            let role = match &step.kind {
                StepKind::Run(run) if packages::is_only_packages(run) => {
                    match packages::of(run, distribution, &needs) {
                        Some(found) => division.packages.extend(found),
                        None => obstacles.push("the system packages cannot be told.".to_owned()),
                    }
                    Role::Build
                }
                StepKind::Run(run) if Self::is_about_building(run) || at == self.last => Role::Build,
                StepKind::Run(_) => {
                    division.may_write(instruction);
                    Role::Build
                }
                StepKind::Copy(copy) if copy.from == CopyFrom::Context => Role::Build,
                StepKind::Copy(_) => Role::Both,
                StepKind::Other => {
                    if instruction.kind == Keyword::User {
                        obstacles.push("a user other than root builds.".to_owned());
                    }
                    division.role_of_other(instruction)
                }
            };
            division.roles.push(role);
        }
        for step in &steps[self.last + 1..] {
            if let StepKind::Run(run) = &step.kind
                && !super::python::makes_accounts(run)
            {
                let span = self.cx.model.instruction(step).span;
                let line = self.cx.source.slice(span).lines().next().unwrap_or_default();
                obstacles.push(format!("`{line}` comes after the build."));
            }
        }
        if let Some(script) = needs.unread() {
            obstacles.push(format!("`{script}` cannot be read."));
        }
        let made = self.made(program.as_deref());
        let is_certain = made.is_ok();
        match made {
            Ok(made) => division.made = made,
            Err(obstacle) => obstacles.push(obstacle),
        }
        if let Some(folder) = division.made.first().map(|it| parent(it))
            && matches!(folder.as_str(), "/go/bin" | "/usr/local/cargo/bin")
        {
            division.environment.push(format!("PATH={folder}:$PATH"));
        }
        self.add_libraries(&mut division, distribution);
        super::add_programs(&mut division, &needs, self.image, from);
        match self.data() {
            Some(data) => division.data = data,
            None => obstacles.push("which files the program reads when it runs cannot be told.".to_owned()),
        }
        Some(Plan { kept, why: cost(is_certain), is_certain, division: Some(division), obstacles })
    }

    /// The program that the image runs, as it is written; of `java -jar x` and `dotnet x.dll` what they are given.
    fn program(&self) -> Option<String> {
        let model = self.cx.model;
        let find = |kind: Keyword| {
            let mut steps = self.stage.steps.iter().rev().map(|it| model.instruction(it));
            steps.find(|it| it.kind == kind)
        };
        let instruction = find(Keyword::Entrypoint).or_else(|| find(Keyword::Cmd))?;
        let words: Vec<String> = match &instruction.args {
            Args::Json(words) => words.iter().map(|it| it.text.clone()).collect(),
            Args::Shell(text) if !text.text.contains(['&', '|', ';', '$', '>', '(']) => {
                text.text.split_whitespace().map(|it| it.trim_matches(['"', '\'']).to_owned()).collect()
            }
            _ => return None,
        };
        match (self.language, words.first()?.as_str()) {
            (Language::Java, "java") => {
                let at = words.iter().position(|it| it == "-jar")?;
                words.get(at + 1).cloned()
            }
            (Language::DotNet, "dotnet") => words.get(1).cloned(),
            _ => words.first().cloned(),
        }
    }

    fn run(&self) -> Option<(&'a Run, &'a PackageCommand)> {
        let StepKind::Run(run) = &self.stage.steps[self.last].kind else { return None };
        Some((run, run.packages().iter().rev().find(|it| self.language.builds(it))?))
    }

    /// What the build makes, if that is what the image runs.
    fn made(&self, program: Option<&str>) -> Result<Vec<String>, String> {
        let program = program.ok_or("what the image runs cannot be told.")?;
        let (run, command) = self.run().ok_or("what the build makes cannot be told.")?;
        let workdir = self.stage.end.workdir.as_deref();
        let called = absolute(workdir, program).ok_or("the working directory cannot be told.")?;
        let folder = run.folder(command);
        let outputs = self.outputs(run, command, folder).ok_or("what the build makes cannot be told.")?;
        let is_bare = !program.contains('/');
        let matches = |it: &&String| {
            let on_path = ["/go/bin", "/usr/local/cargo/bin", "/usr/local/bin", "/usr/bin", "/bin"]
                .contains(&parent(it).as_str());
            **it == called || (is_bare && on_path && it.rsplit('/').next() == Some(program))
        };
        if matches!(self.language, Language::DotNet | Language::Elixir) {
            // All of the folder belongs together.
            let output = outputs.first().ok_or("what the build makes cannot be told.")?;
            if is_below(&called, output) && output != "/" {
                return Ok(outputs);
            }
            return Err(format!("`{program}` does not lie in `{output}`, where `{}` puts it.", command.title()));
        }
        if self.language == Language::Java {
            let built = outputs.iter().any(|it| is_below(&called, it)) && !called.contains('*');
            let copied = run.invocations().iter().any(|it| matches!(it.program.as_str(), "cp" | "mv"));
            if built && !copied {
                return Ok(vec![called]);
            }
            return Err(format!("`{program}` does not lie where the build puts what it makes."));
        }
        match outputs.iter().find(matches) {
            Some(it) => Ok(vec![it.clone()]),
            None => Err(format!("`{program}` is not what `{}` makes.", command.title())),
        }
    }

    /// Files or folders that the build makes.
    fn outputs(&self, run: &Run, command: &PackageCommand, folder: Option<&str>) -> Option<Vec<String>> {
        let mut outputs = match self.language {
            Language::Go => vec![self.go_output(command, folder)?],
            Language::Rust => self.rust_outputs(command, folder?)?,
            Language::Java => vec![join(folder?, "target"), join(folder?, "build/libs")],
            Language::Elixir => return self.release_folder(run, command, folder?).map(|it| vec![it]),
            Language::DotNet => {
                let values = ["-o", "--output"].into_iter().flat_map(|it| command.values(it));
                return values.last()?.and_then(|it| absolute(folder, it)).map(|it| vec![it]);
            }
        };
        // What is copied or moved from there in the same instruction, as out of a cache mount.
        for (at, it) in run.invocations().iter().enumerate() {
            if !matches!(it.program.as_str(), "cp" | "mv" | "install") {
                continue;
            }
            let words: Vec<String> = it.words.iter().skip(1).filter_map(crate::shell::Word::literal).collect();
            let operands: Vec<&String> = words.iter().filter(|it| !it.starts_with('-')).collect();
            let [source, target] = operands.as_slice() else { continue };
            let here = run.folders()[at].as_deref();
            let (source, place) = (absolute(here, source)?, absolute(here, target)?);
            if outputs.contains(&source) {
                let into = target.ends_with('/') || ["/usr/local/bin", "/usr/bin", "/bin"].contains(&place.as_str());
                let name = source.rsplit('/').next().unwrap_or_default();
                outputs.push(if into { join(&place, name) } else { place });
                if it.program == "mv" {
                    outputs.retain(|it| *it != source);
                }
            }
        }
        // What lies in a cache mount is not in the image.
        outputs.retain(|it| !run.has_cache_over(it));
        Some(outputs)
    }

    fn go_output(&self, command: &PackageCommand, folder: Option<&str>) -> Option<String> {
        let operands: Vec<&str> = command.operands().map(|(_, it)| it).collect::<Option<_>>()?;
        let package = match operands.as_slice() {
            [] => ".",
            [one] => *one,
            many if many.iter().all(|it| it.strip_suffix(".go").is_some()) => many[0],
            _ => return None,
        };
        let name = match package {
            file if file.strip_suffix(".go").is_some() => file.rsplit('/').next()?.trim_end_matches(".go").to_owned(),
            "." | "./" => self.module(folder?)?,
            path if path.ends_with("...") => return None,
            path => path.trim_end_matches('/').rsplit('/').next()?.to_owned(),
        };
        if command.subcommand == "install" {
            return Some(format!("/go/bin/{name}"));
        }
        match command.values("-o").last() {
            Some(output) => {
                let output = (*output)?;
                let place = absolute(folder, output)?;
                Some(if output.ends_with('/') || output == "." { join(&place, &name) } else { place })
            }
            None => absolute(folder, &name),
        }
    }

    /// The last part of the module's name.
    fn module(&self, folder: &str) -> Option<String> {
        let text = self.read(&join(folder, "go.mod"))?;
        let line = text.lines().find_map(|it| it.trim().strip_prefix("module "))?;
        let mut parts = line.trim().rsplit('/');
        let last = parts.next()?;
        let is_version = last.strip_prefix('v').is_some_and(|it| it.chars().all(|it| it.is_ascii_digit()));
        Some((if is_version { parts.next()? } else { last }).to_owned())
    }

    /// Where `mix release` puts what it makes.
    fn release_folder(&self, run: &Run, command: &PackageCommand, folder: &str) -> Option<String> {
        if let Some(path) = command.values("--path").last() {
            return absolute(Some(folder), (*path)?);
        }
        let manifest = self.read(&join(folder, "mix.exs"))?;
        let name = match command.operands().next() {
            Some((_, name)) => name?.to_owned(),
            // The releases that a manifest lists have names of their own.
            None if manifest.contains("releases:") => return None,
            None => {
                let rest = manifest.split_once("app: :")?.1;
                rest.split(|it: char| !it.is_alphanumeric() && it != '_').next()?.to_owned()
            }
        };
        let before = &self.stage.steps[self.last].before;
        let assigned = run.invocations()[command.invocation].environment.iter().find(|it| it.name == "MIX_ENV");
        let environment = match (assigned, before.variable("MIX_ENV")) {
            (Some(it), _) => it.value.as_ref()?.literal()?,
            (None, crate::model::Value::Known(it)) => it,
            (None, _) => return None,
        };
        Some(join(folder, &format!("_build/{environment}/rel/{name}")))
    }

    fn rust_outputs(&self, command: &PackageCommand, folder: &str) -> Option<Vec<String>> {
        if ["--target", "--target-dir", "--profile", "--root"].iter().any(|it| command.has_option(it)) {
            return None;
        }
        let text = self.read(&join(folder, "Cargo.toml"))?;
        let manifest: toml::Table = toml::from_str(&text).ok()?;
        let name = |it: &toml::Value| it.get("name").and_then(toml::Value::as_str).map(str::to_owned);
        let bins = manifest.get("bin").and_then(toml::Value::as_array).into_iter().flatten();
        let mut names: Vec<String> = bins.filter_map(name).collect();
        if names.is_empty() {
            names.extend(manifest.get("package").and_then(name));
        }
        let release = ["--release", "-r"].iter().any(|it| command.has_option(it));
        let place = if command.subcommand == "install" {
            "/usr/local/cargo/bin".to_owned()
        } else {
            join(folder, if release { "target/release" } else { "target/debug" })
        };
        Some(names.into_iter().map(|it| join(&place, &it)).collect())
    }

    fn read(&self, path: &str) -> Option<std::sync::Arc<str>> {
        let context = self.context?;
        let view = View { context, copies: visible(&self.stage.steps, self.last) };
        view.read(path)
    }

    /// Whether a run fetches dependencies, or sets the build up.
    fn is_about_building(run: &Run) -> bool {
        let manager = |it: &PackageCommand| {
            matches!(it.manager.name.as_str(), "go" | "cargo" | "maven" | "gradle" | "dotnet" | "mix")
        };
        run.script().is_some_and(crate::shell::Script::is_understood)
            && run.invocations().iter().enumerate().all(|(at, it)| {
                run.packages().iter().any(|it| it.invocation == at && manager(it))
                    || matches!(
                        it.program.as_str(),
                        "go" | "cargo"
                            | "rustup"
                            | "mvn"
                            | "mix"
                            | "set"
                            | "true"
                            | "cd"
                            | "mkdir"
                            | "chmod"
                            | "echo"
                            | "rm"
                            | "touch"
                    )
            })
    }

    /// What programs find in the image of the tool chain, and miss elsewhere.
    fn add_libraries(&self, division: &mut Division<'a>, distribution: Distribution) {
        let span = self.cx.model.at(self.stage.from).span;
        let mut add = |name: &str| {
            let package = Package { written: name.to_owned(), fate: Fate::Library(name.to_owned()), span };
            division.packages.push(package);
        };
        match self.language {
            Language::Go => {
                add("ca-certificates");
                add("tzdata");
            }
            Language::Rust => {
                add("ca-certificates");
                let (Some((run, command)), table) = (
                    self.run(),
                    if distribution.alpine {
                        &crate::knowledge::RUNTIME.alpine
                    } else {
                        &crate::knowledge::RUNTIME.debian
                    },
                ) else {
                    return;
                };
                let lock = run.folder(command).and_then(|it| self.read(&join(it, "Cargo.lock"))).unwrap_or_default();
                let links = |name: &str| lock.lines().any(|it| it == format!("name = \"{name}\""));
                let (ssl, pq) =
                    if distribution.alpine { ("openssl-dev", "postgresql-dev") } else { ("libssl-dev", "libpq-dev") };
                for (sys, package) in [("openssl-sys", ssl), ("pq-sys", pq)] {
                    if links(sys)
                        && !links("openssl-src")
                        && let Some(library) = table.get(package).and_then(|it| it.on(distribution.release))
                    {
                        add(library);
                    }
                }
                if distribution.alpine {
                    add("libgcc");
                }
            }
            Language::Elixir => {
                let names: &[&str] = if distribution.alpine {
                    &["ca-certificates", "libstdc++", "ncurses-libs", "openssl"]
                } else {
                    &["ca-certificates", "libncurses6", "libstdc++6", "openssl"]
                };
                for name in names {
                    add(name);
                }
                if !self.stage.end.variables.contains_key("LANG") {
                    division.environment.push("LANG=C.UTF-8".to_owned());
                }
            }
            Language::Java | Language::DotNet => {}
        }
    }

    /// Copies of files that the program may read when it runs: templates, pages, configuration. `None` if they cannot
    /// be told. What a build of Java, .NET or
    /// Elixir publishes holds them already.
    fn data(&self) -> Option<Vec<String>> {
        if matches!(self.language, Language::Java | Language::DotNet | Language::Elixir) {
            return Some(Vec::new());
        }
        let context = self.context?;
        let mut lines: Vec<String> = Vec::new();
        for step in &self.stage.steps[..=self.last] {
            let StepKind::Copy(copy) = &step.kind else { continue };
            if copy.from != CopyFrom::Context {
                continue;
            }
            let destination = copy.destination.as_deref()?;
            for source in &copy.sources {
                let source = source.as_deref()?;
                if source.contains(['*', '?', '[']) || context.kind(source) == Some(Kind::File) {
                    continue;
                }
                let entries: Vec<(String, String)> = if source == "." {
                    context.list(".").into_iter().map(|it| (it.clone(), join(destination, &it))).collect()
                } else {
                    vec![(source.to_owned(), destination.to_owned())]
                };
                for (path, place) in entries {
                    if is_data(context, &path)? {
                        let line = format!("COPY {path} {place}");
                        if !lines.contains(&line) {
                            lines.push(line);
                        }
                    }
                }
            }
        }
        Some(lines)
    }

    /// The image that ships: the distribution that the tool chain stands on, or the runtime of the same version.
    fn runtime_image(&self) -> Option<String> {
        let tag = self.image.tag.as_deref().unwrap_or_default();
        let written = match &self.cx.model.at(self.stage.from).args {
            Args::Words(words) => words.first()?.text.as_str(),
            _ => return None,
        };
        if written.contains(['$', '@']) || tag.contains("windows") || tag.contains("nanoserver") {
            return None;
        }
        let parts = || tag.split('-');
        let version = |prefix: &str| {
            let digits = parts().filter_map(|it| it.strip_prefix(prefix));
            digits.map(|it| it.chars().take_while(char::is_ascii_digit).collect::<String>()).find(|it| !it.is_empty())
        };
        match self.language {
            Language::Go | Language::Rust => {
                if let Some(alpine) = parts().find_map(|it| it.strip_prefix("alpine")) {
                    return Some(format!("alpine:{}", if alpine.is_empty() { "3" } else { alpine }));
                }
                let release = super::release(self.image).0;
                // Without a name, the tag stands on a release that is not newer than the stable one.
                Some(format!("debian:{}-slim", release.unwrap_or("stable")))
            }
            Language::Elixir => {
                // The tags of hexpm say all of it; those of Docker leave the release open.
                let at = parts().position(|it| matches!(it, "debian" | "ubuntu" | "alpine"))?;
                let rest: Vec<&str> = parts().skip(at + 1).filter(|it| *it != "slim").collect();
                let system = parts().nth(at)?;
                let slim = if system == "debian" { "-slim" } else { "" };
                (!rest.is_empty()).then(|| format!("{system}:{}{slim}", rest.join("-")))
            }
            // The same one with what only runs: `21-jdk-alpine` and `21-jre-alpine`.
            Language::Java if self.image.name == "eclipse-temurin" => {
                let head = written.strip_suffix(tag).filter(|_| !tag.is_empty())?;
                if tag.bytes().all(|it| it.is_ascii_digit()) {
                    return Some(format!("{written}-jre"));
                }
                tag.contains("-jdk").then(|| format!("{head}{}", tag.replacen("-jdk", "-jre", 1)))
            }
            Language::Java => {
                let version = version("jdk").or_else(|| {
                    let at = parts().position(|it| matches!(it, "temurin" | "openjdk" | "corretto"))?;
                    parts().nth(at + 1).map(|it| it.chars().take_while(char::is_ascii_digit).collect())
                });
                let version = version.filter(|it: &String| !it.is_empty())?;
                let alpine = if tag.contains("alpine") { "-alpine" } else { "" };
                Some(format!("eclipse-temurin:{version}-jre{alpine}"))
            }
            Language::DotNet => {
                // The SDK has version numbers of its own in the third place.
                let tag = self.image.tag.as_deref()?;
                let (version, rest) = tag.split_once('-').map_or((tag, None), |(version, rest)| (version, Some(rest)));
                let numbers: Vec<&str> = version.split('.').take(2).collect();
                let rest = rest.map(|it| format!("-{it}")).unwrap_or_default();
                Some(format!("mcr.microsoft.com/dotnet/aspnet:{}{rest}", numbers.join(".")))
            }
        }
    }
}

/// Whether a file or folder holds what a program reads when it runs, and not what it is built from.
fn is_data(context: &Context, path: &str) -> Option<bool> {
    const MOST: usize = 400;
    let mut open = vec![path.to_owned()];
    let mut seen = 0;
    while let Some(path) = open.pop() {
        seen += 1;
        if seen > MOST {
            return None;
        }
        let name = file_name(&path);
        match context.kind(&path) {
            Some(Kind::Folder) if !is_apart(name) => {
                open.extend(context.list(&path).into_iter().map(|it| join(&path, &it)));
            }
            Some(Kind::File) if is_read(name) => return Some(true),
            Some(_) | None => {}
        }
    }
    Some(false)
}

/// Folders that no program reads when it runs.
fn is_apart(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "test",
        "tests",
        "testdata",
        "docs",
        "doc",
        "vendor",
        "target",
        "node_modules",
        "examples",
        "benches",
        "scripts",
        "deploy",
        "deployments",
        "k8s",
        "kubernetes",
        "helm",
        "charts",
        "terraform",
        "build",
        "bin",
        "tools",
        "src",
    ];
    name.starts_with('.') || NAMES.contains(&name)
}

/// Whether a file is of a kind that programs read when they run.
fn is_read(name: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "html", "htm", "tmpl", "gohtml", "tpl", "hbs", "css", "js", "svg", "png", "jpg", "jpeg", "gif", "ico", "woff",
        "woff2", "json", "yaml", "yml", "toml", "ini", "sql", "csv", "txt", "pem", "crt", "env", "graphql", "mmdb",
    ];
    const NOT: &[&str] = &[
        "Cargo.toml",
        "rust-toolchain.toml",
        "rustfmt.toml",
        "clippy.toml",
        "package.json",
        "package-lock.json",
        "renovate.json",
    ];
    let lower = name.to_lowercase();
    !NOT.contains(&name)
        && !name.starts_with('.')
        && ![
            "docker-compose",
            "compose.",
            "license",
            "skaffold",
            "cloudbuild",
            "codecov",
            "buf.",
            "openapi",
            "swagger",
            "requirements",
        ]
        .iter()
        .any(|it| lower.starts_with(it))
        && lower.rsplit_once('.').is_some_and(|(_, it)| ENDINGS.contains(&it))
}
