//! Python packages that are built where a wheel could be had: see `rules/packages/source-build.md`.

use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    knowledge::{Action, Release, Twin, WHEELS},
    manifests::{Built, Platform, View, built, files_of, listed_requirements, normal, visible},
    model::{Base, ImageRef, MountKind, PackageCommand, Run, Stage, Step, StepKind, Value},
    project::{file_name, join, parent},
    rewrite,
    rule::{Check, FileCx, Rule},
    source::Span,
};

pub(super) static RULE: Rule = crate::rule!("packages" / "source-build", Check::File(check));

/// The managers that install Python packages.
const PYTHON: [&str; 7] = ["pip", "pip-tools", "pipx", "pipenv", "poetry", "uv", "pdm"];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let configured = cx.source.text.contains("no-binary");
    for stage in &cx.model.stages {
        for (at, step) in stage.steps.iter().enumerate() {
            let StepKind::Run(run) = &step.kind else { continue };
            for command in run.packages() {
                let installs = matches!(command.action, Action::Install | Action::Fetch);
                if installs && PYTHON.contains(&command.manager.name.as_str()) {
                    let site = Site { cx, stage, at, step, run, command, configured };
                    out.extend(site.finding());
                }
            }
        }
    }
}

struct Site<'a> {
    cx: &'a FileCx<'a>,
    stage: &'a Stage,
    at: usize,
    step: &'a Step,
    run: &'a Run,
    command: &'a PackageCommand,
    /// Whether the Dockerfile says anything of `no-binary`.
    configured: bool,
}

/// What an install asks for, and the files that say so.
#[derive(Default)]
struct Asked {
    /// Names, as [`normal`] writes them, with the file that has them; none for the command itself.
    names: Vec<(String, Option<String>)>,
    /// Of the lock file: what is built for want of a wheel that fits.
    built: Vec<Built>,
    /// The lock file.
    lock: Option<String>,
}

impl Site<'_> {
    fn finding(&self) -> Option<Finding> {
        if let Some(finding) = self.forbidden() {
            return Some(finding);
        }
        // Whoever serves packages from elsewhere may have wheels of their own.
        let elsewhere = ["-f", "--find-links", "-i", "--index-url", "--extra-index-url", "--index", "--default-index"];
        let only = ["--only-binary", "--no-build", "--only-group", "--platform"];
        let other = |it: Option<&str>| it.is_none_or(|it| !it.split(',').any(|it| it == "main"));
        let told = elsewhere.iter().chain(&only).any(|it| self.command.has_option(it))
            || self.command.values("--only").into_iter().any(other);
        let variable = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL", "UV_DEFAULT_INDEX"]
            .iter()
            .chain(&["UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"])
            .any(|it| self.value(it).is_some());
        if told || variable || self.command.goes_elsewhere() {
            return None;
        }
        let asked = self.asked();
        self.unfit(&asked).or_else(|| self.twin(&asked)).or_else(|| self.old_pip(&asked))
    }

    /// The value of a variable, where it is set; an unknown one is empty.
    fn value(&self, name: &str) -> Option<String> {
        let invocation = &self.run.invocations()[self.command.invocation];
        let exported = self.run.exports().flat_map(|(_, it)| &it.environment);
        let before = invocation.environment.iter().chain(exported).find(|it| it.name == name);
        if let Some(set) = before {
            return Some(set.value.as_ref().and_then(crate::shell::Word::literal).unwrap_or_default());
        }
        match self.step.before.variables.get(name).map(|it| &it.value)? {
            Value::Known(it) => Some(it.clone()),
            Value::Unset => None,
            Value::Unknown => Some(String::new()),
        }
    }

    /// The words of the command up to its subcommand.
    fn head(&self) -> Option<Span> {
        let words = &self.run.invocations()[self.command.invocation].words;
        Some(words.first()?.span.cover(words.get(self.command.head.end.checked_sub(1)?)?.span))
    }

    /// A setting that forbids all wheels.
    fn forbidden(&self) -> Option<Finding> {
        let command = self.command;
        let all = |it: &str| it.split(',').any(|it| it.trim() == ":all:");
        let uv = command.manager.name == "uv";
        let bare = uv && command.subcommand != "pip install" && command.subcommand != "pip sync";
        let option = if bare {
            command.has_option("--no-binary").then(|| "--no-binary".to_owned())
        } else {
            command.values("--no-binary").into_iter().flatten().any(all).then(|| "--no-binary :all:".to_owned())
        };
        let variables: &[&str] = match command.manager.name.as_str() {
            "poetry" => &["POETRY_INSTALLER_NO_BINARY"],
            "uv" => &[],
            "pdm" => &["PDM_NO_BINARY"],
            _ => &["PIP_NO_BINARY"],
        };
        let variable = variables.iter().find(|it| self.value(it).is_some_and(|it| all(&it))).map(|it| (*it).to_owned());
        let yes = |it: String| !matches!(it.as_str(), "" | "0" | "false" | "no");
        let variable = variable.or_else(|| {
            let set = uv && self.value("UV_NO_BINARY").is_some_and(yes);
            set.then(|| "UV_NO_BINARY".to_owned())
        });
        let setting = option.clone().or(variable).or_else(|| self.forbidden_by_file())?;
        let location = self.cx.at(self.head()?);
        let message = format!("`{}` builds every package from source: `{setting}`", command.title());
        let mut finding = Finding::new(RULE.name, location, message).note(
            "Most packages have wheels, which are unpacked in a moment; building them takes minutes and compilers. Name the packages that have to be built.",
        );
        if option.is_some() {
            let words = &self.run.invocations()[command.invocation].words;
            let place = command
                .options()
                .find(|(_, it)| it.starts_with("--no-binary"))
                .map(|(at, it)| (at, it == "--no-binary"));
            let spans: Vec<Span> = words.iter().map(|it| it.span).collect();
            let edits = place.and_then(|(at, apart)| {
                let remove: Vec<usize> = if apart && !bare { vec![at, at + 1] } else { vec![at] };
                rewrite::join(rewrite::remove_words(self.cx.source, &spans, &remove)?)
            });
            finding.fix = edits.and_then(|it| self.cx.fix(format!("Leave out `{setting}`"), Safety::Unsafe, it));
        }
        Some(finding)
    }

    /// A file, or an earlier command that writes one, which forbids all wheels.
    fn forbidden_by_file(&self) -> Option<String> {
        let manager = self.command.manager.name.as_str();
        let program = match manager {
            "pip" | "pip-tools" | "pipx" | "pipenv" => "pip",
            "poetry" => "poetry",
            _ => return None,
        };
        // `pip config set global.no-binary :all:`, `poetry config installer.no-binary :all:`
        let configures = |run: &Run| {
            run.invocations().iter().find_map(|it| {
                let words: Vec<String> = it.words.iter().map(|it| it.literal().unwrap_or_default()).collect();
                let is_it = it.program.starts_with(program) && words.iter().any(|it| it == "config");
                let at = words.iter().position(|it| is_it && it.ends_with(".no-binary"))?;
                let value = words.get(at + 1).filter(|it| forbids(it))?;
                Some(format!("{program} config {} {value}", words[at]))
            })
        };
        let runs = self.cx.model.ancestry(self.stage.index).flat_map(Stage::runs);
        let mut earlier = runs.filter(|(step, _)| step.item < self.step.item);
        if let Some(said) = self.configured.then(|| earlier.find_map(|(_, run)| configures(run))).flatten() {
            return Some(said);
        }
        let [context] = self.cx.contexts() else { return None };
        let view = View { context, copies: visible(&self.stage.steps, self.at) };
        let read = |path: &str| {
            let file = view.in_context(path)?;
            let text = context.read(&file)?;
            Some((file, text))
        };
        let home = self.step.before.home();
        let files: Vec<String> = if program == "poetry" {
            self.run.folder(self.command).map(|it| join(it, "poetry.toml")).into_iter().collect()
        } else {
            let of_user = home.iter().flat_map(|it| [join(it, ".config/pip/pip.conf"), join(it, ".pip/pip.conf")]);
            let named = self.value("PIP_CONFIG_FILE").filter(|it| it.starts_with('/'));
            ["/etc/pip.conf".to_owned()].into_iter().chain(of_user).chain(named).collect()
        };
        for (file, text) in files.iter().filter_map(|it| read(it)) {
            let set = text.lines().filter_map(|it| it.split_once('=')).find(|(name, value)| {
                matches!(name.trim(), "no-binary" | "no_binary" | "installer.no-binary") && forbids(value)
            });
            if let Some((name, value)) = set {
                return Some(format!("{} = {}` in `{file}", name.trim(), value.trim()));
            }
        }
        // A list may hold options of pip.
        let lists = files_of(self.command, self.run, &self.step.before, &view);
        let lists = lists.iter().filter(|it| it.rsplit_once('.').is_some_and(|(_, it)| it == "txt"));
        lists.filter_map(|it| Some((it, context.read(it)?))).find_map(|(file, text)| {
            let line = text.lines().map(str::trim).find(|it| it.strip_prefix("--no-binary").is_some_and(forbids))?;
            Some(format!("{line}` in `{file}"))
        })
    }

    /// What the command and its files ask for, where there is one answer.
    fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        for (_, text) in self.command.operands() {
            if let Some(text) = text.filter(|it| !it.contains(['/', ';'])) {
                asked.names.extend(listed_requirements(text).map(|it| (it, None)));
            }
        }
        let reads = self.command.project_install().is_some()
            || ["-r", "--requirement", "--requirements"].iter().any(|it| self.command.has_option(it))
            || self.command.subcommand == "pip sync";
        let [context] = (if reads { self.cx.contexts() } else { &[] }) else { return asked };
        let view = View { context, copies: visible(&self.stage.steps, self.at) };
        let mut files = files_of(self.command, self.run, &self.step.before, &view);
        let mounts = self.run.mounts.iter().filter(|it| it.kind == MountKind::Bind && it.from.is_none());
        let mounted = mounts.filter_map(|it| it.source.as_deref()).map(|it| join(".", it));
        files.extend(mounted.filter(|it| context.read(it).is_some()));
        for file in files {
            let name = file_name(&file).to_owned();
            let is_lock = matches!(name.as_str(), "uv.lock" | "poetry.lock" | "pdm.lock");
            if name == "Pipfile.lock" {
                // It names no files, and so tells nothing of wheels but which packages are wanted.
                let lock = context.read(&file).and_then(|it| serde_json::from_str::<serde_json::Value>(&it).ok());
                let locked = lock.as_ref().and_then(|it| it["default"].as_object()).into_iter().flatten();
                let always = locked.filter(|(_, it)| it.get("markers").is_none() && it.get("version").is_some());
                asked.names.extend(always.map(|(name, _)| (normal(name), Some(file.clone()))));
                continue;
            }
            let is_list = name.rsplit_once('.').is_some_and(|(_, it)| it == "txt");
            if !is_lock && !is_list {
                continue;
            }
            let Some(text) = context.read(&file) else { continue };
            if is_lock {
                let manifest = context.read(&join(&parent(&file), "pyproject.toml"));
                let platform = self.platform(&view);
                let about = format!("wheels {} {} {file} {platform:?}", context.folder, manifest.is_some());
                let found = self.cx.project.once(&about, || built(&name, &text, manifest.as_deref(), platform));
                asked.built.clone_from(&found);
                asked.lock = Some(file);
            } else if text.lines().any(|it| it.trim_start().starts_with('-') && it.contains("://")) {
                // A list may name an index of its own.
                return Asked::default();
            } else {
                asked.names.extend(listed_requirements(&text).map(|it| (it, Some(file.clone()))));
            }
        }
        asked
    }

    fn image(&self) -> Option<&ImageRef> {
        self.stage.bottom.as_deref()
    }

    /// What wheels have to fit in this stage.
    fn platform(&self, view: &View<'_>) -> Platform {
        let Some(image) = self.image() else { return Platform::default() };
        let tag = image.tag.as_deref().unwrap_or_default();
        let musl = is_alpine(image);
        let official = image.name == "python" || image.name == "ghcr.io/astral-sh/uv";
        let glibc = official || Release::find(&image.name, tag).is_some();
        let musl = (musl || glibc).then_some(musl);
        let version = if image.name == "python" {
            tag.split('-').next()
        } else {
            tag.split('-').find_map(|it| it.strip_prefix("python"))
        };
        let python = version.and_then(|it| it.strip_prefix("3.")?.split('.').next()?.parse().ok());
        // uv brings another Python where it is told to.
        let chosen = self.command.manager.name == "uv"
            && (view.context.kind(".python-version").is_some()
                || self.value("UV_PYTHON").is_some()
                || ["-p", "--python"].iter().any(|it| self.command.has_option(it))
                || self.stage.runs().any(|(_, run)| run.mentions(&["uv python", "uv venv"])));
        Platform { python: python.filter(|_| official && !chosen), musl }
    }

    /// Packages whose wheels do not fit the image.
    fn unfit(&self, asked: &Asked) -> Option<Finding> {
        let compiled = asked.built.iter().filter(|it| !WHEELS.pure.contains(&it.name));
        let listed: Vec<&str> = compiled.map(|it| it.name.as_str()).collect();
        let image = self.image()?;
        let known = |it: &&(String, Option<String>)| WHEELS.no_musl.iter().any(|name| *name == bare(&it.0));
        let by_table = asked.names.iter().filter(known).map(|it| bare(&it.0)).filter(|_| is_alpine(image));
        let mut names: Vec<&str> = listed.into_iter().chain(by_table).collect();
        names.dedup();
        if names.is_empty() {
            return None;
        }
        let by_library = is_alpine(image) && asked.built.iter().all(|it| it.by_library);
        let what = if by_library {
            "musl, the C library of Alpine".to_owned()
        } else {
            format!("the Python of `{}:{}`", image.name, image.tag.as_deref().unwrap_or("latest"))
        };
        let has = if names.len() == 1 { "has" } else { "have" };
        let it = if names.len() == 1 { "it" } else { "they" };
        let message = format!("`{}` builds {}: {it} {has} no wheel for {what}", self.command.title(), list(&names));
        let advice = if by_library {
            "There are wheels for Debian, whose images are named `slim`."
        } else {
            "A newer version may have wheels; so has an older Python."
        };
        let note = format!("Building takes minutes and compilers, where a wheel is unpacked in a moment. {advice}");
        Some(Finding::new(RULE.name, self.cx.at(self.head()?), message).note(note))
    }

    /// A package without wheels that has them under another name.
    fn twin(&self, asked: &Asked) -> Option<Finding> {
        let (twin, file) = asked.names.iter().find_map(|(name, file)| {
            let twin = WHEELS.twin(name).or_else(|| WHEELS.twin(bare(name)))?;
            Some((twin, file.as_deref()))
        })?;
        let written = twin.name.as_str();
        let from = file.map_or_else(String::new, |it| format!(" of `{it}`"));
        let message = format!("`{}` builds `{written}`{from}, which has no wheels", self.command.title());
        let note = format!(
            "Building takes a compiler and the headers of its libraries, and time whenever the layer is built. `{}` has the same as a wheel. {}",
            twin.wheels, twin.but
        );
        let mut finding = Finding::new(RULE.name, self.cx.at(self.head()?), message).note(note);
        if file.is_none() {
            finding.fix = self.renamed(twin);
        }
        Some(if twin.chosen { finding.for_asking() } else { finding })
    }

    fn renamed(&self, twin: &Twin) -> Option<crate::finding::Fix> {
        let words = &self.run.invocations()[self.command.invocation].words;
        let (at, text) = self.command.operands().find_map(|(at, text)| {
            let text = text?;
            let name = listed_requirements(text).next()?;
            (name == twin.name || bare(&name) == twin.name).then_some((at, text))
        })?;
        let end = text.find(|it: char| !(it.is_ascii_alphanumeric() || "-_.[],".contains(it))).unwrap_or(text.len());
        let span = words.get(at)?.span;
        let written = self.cx.source.slice(span);
        let start = written.find(text)?;
        if end < text.len() && !twin.same {
            return None;
        }
        let start = span.start as usize + start;
        let edit = Edit::replace(Span::new(start, start + end), &twin.wheels);
        self.cx.fix(format!("Install `{}`", twin.wheels), Safety::Unsafe, [edit])
    }

    /// A pip of the distribution that cannot use today's wheels.
    fn old_pip(&self, asked: &Asked) -> Option<Finding> {
        if self.command.manager.name != "pip" {
            return None;
        }
        let image = match &self.stage.base {
            Base::Image(image) => image,
            Base::Stage(_) | Base::Scratch | Base::Unknown => return None,
        };
        let release = Release::find(&image.name, image.tag.as_deref()?)?;
        let version = WHEELS.old_pip.get(&release.name)?;
        let names: Vec<&str> = asked
            .names
            .iter()
            .map(|it| bare(&it.0))
            .filter(|it| WHEELS.new_wheels.iter().any(|name| name == it))
            .collect();
        if names.is_empty() || !self.has_distribution_pip() {
            return None;
        }
        let message = format!(
            "pip {version} of {} builds {}: it cannot use {} wheels",
            release.name,
            list(&names),
            if names.len() == 1 { "its" } else { "their" }
        );
        Some(
            Finding::new(RULE.name, self.cx.at(self.head()?), message)
                .note("Wheels of today need pip 19.3 or later. Upgrade it first: `pip3 install --upgrade pip`."),
        )
    }

    /// Whether pip is the one of the distribution: installed from its packages, and not replaced.
    fn has_distribution_pip(&self) -> bool {
        let packaged = |it: &PackageCommand| {
            it.manager.name == "apt"
                && it.operands().any(|(_, it)| it.is_some_and(|it| matches!(it, "python3-pip" | "python-pip")))
        };
        let replaced = |it: &PackageCommand| {
            it.manager.name == "pip" && it.operands().any(|(_, it)| it.is_none_or(|it| normal(it).starts_with("pip")))
        };
        let mut has = false;
        for step in &self.stage.steps[..=self.at] {
            let StepKind::Run(run) = &step.kind else { continue };
            if run.mentions(&["get-pip", "ensurepip", "conda", "venv"]) {
                return false;
            }
            for command in run.packages() {
                if std::ptr::eq(command, self.command) {
                    return has;
                }
                if replaced(command) {
                    return false;
                }
                has |= packaged(command);
            }
        }
        has
    }
}

/// Whether a value of `no-binary` is meant for all packages. Poetry also takes `true` for that.
fn forbids(value: &str) -> bool {
    let value = value.trim_start_matches(['=', ' ']).trim().trim_matches(['"', '\'', '[', ']']);
    value == "true" || value.split(',').any(|it| it.trim().trim_matches(['"', '\'']) == ":all:")
}

fn is_alpine(image: &ImageRef) -> bool {
    image.name == "alpine" || image.tag.as_deref().is_some_and(|it| it.split('-').any(|it| it.starts_with("alpine")))
}

/// A name without its extras.
fn bare(name: &str) -> &str {
    name.split('[').next().unwrap_or(name)
}

fn list(names: &[&str]) -> String {
    match names {
        [one] => format!("`{one}`"),
        [one, two] => format!("`{one}` and `{two}`"),
        [one, two, rest @ ..] if rest.len() > 1 => format!("`{one}`, `{two}` and {} other packages", rest.len()),
        _ => names.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", "),
    }
}
