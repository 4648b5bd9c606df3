//! What only building needs, in the image that ships: see `rules/stages/single-stage-build.md`.

use crate::{
    build,
    context::Context,
    edit::Safety,
    finding::{Finding, Fix, Label},
    manifests::{View, visible},
    model::{Base, ImageRef, Stage, is_below},
    names,
    project::join,
    rule::{Check, FileCx, Rule},
    source::{Location, Span},
    syntax::{Instruction, Keyword},
};

mod compiled;
mod division;
mod native;
mod needs;
mod node;
mod packages;
mod python;
mod scripted;

use compiled::Language;
use division::Division;
use needs::Needs;
use packages::{Fate, Package};

pub(super) static RULE: Rule = crate::rule!("stages" / "single-stage-build", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let [stage] = cx.model.stages.as_slice() else { return };
    let Base::Image(image) = &stage.base else { return };
    if !runs_something(cx, stage, image) || is_for_development(cx, stage) {
        return;
    }
    let plan = match image.name.as_str() {
        "python" => python::plan(cx, stage, image),
        "node" => node::plan(cx, stage, image),
        "gcc" => native::plan(cx, stage, image),
        _ => match scripted::Language::of(image) {
            Some(language) => scripted::plan(cx, stage, image, language),
            None => Language::of(image).and_then(|it| compiled::plan(cx, stage, image, it)),
        },
    };
    out.extend(plan.map(|it| it.finding(cx)));
}

/// Packages of a few megabytes.
const LIGHT: [&str; 8] = ["apt-transport-https", "bzip2", "curl", "gnupg", "unzip", "wget", "xz-utils", "zip"];

/// What is to be said, and how to divide the build.
struct Plan<'a> {
    /// What stays in the image for no use, as the message names it, and where it comes from.
    kept: Vec<(String, Span)>,
    /// Why it matters.
    why: String,
    /// Whether the image is known to start what it builds.
    is_certain: bool,
    /// How the build is divided; `None` where dockopt cannot tell.
    division: Option<Division<'a>>,
    /// What stands in the way, in full sentences.
    obstacles: Vec<String>,
}

impl<'a> Plan<'a> {
    /// The plan where what ships has the same language without compilers; `None` if that gains nothing. Of the image it
    /// is told what it is to be, whether that has less than the one before, and what that was.
    fn slimmer(
        kept: Vec<(String, Span)>,
        mut division: Division<'a>,
        mut obstacles: Vec<String>,
        needs: &Needs<'_>,
        (runtime, is_full, image, span): (Option<&str>, bool, &ImageRef, Span),
    ) -> Option<Self> {
        // A stage more is not worth a program that only fetches or unpacks something.
        if kept.iter().all(|it| LIGHT.contains(&it.0.trim_matches('`'))) {
            return None;
        }
        if runtime.is_none() {
            obstacles.push("the base image cannot be told.".to_owned());
        }
        if let Some(script) = needs.unread() {
            obstacles.push(format!("`{script}` cannot be read."));
        }
        if is_full {
            add_programs(&mut division, needs, image, span);
        }
        let why =
            "Compilers, headers and installers make the image larger and slower to pull, and give an intruder tools.";
        Some(Self { kept, why: why.to_owned(), is_certain: true, division: Some(division), obstacles })
    }

    fn finding(self, cx: &FileCx<'_>) -> Finding {
        let file = cx.unit.file;
        let names: Vec<String> = self.kept.iter().map(|(name, _)| name.clone()).collect();
        let verb = if names.len() == 1 { "stays" } else { "stay" };
        let from = cx.model.at(cx.model.stages[0].from);
        let location = Location { file, span: from.span };
        let mut finding =
            Finding::new(RULE.name, location, format!("{} {verb} in the image that ships", names::abridged(&names)));
        for item in &cx.unit.syntax.items {
            let inside = |it: &&(String, Span)| item.span.contains(it.1) && !from.span.contains(it.1);
            let (names, spans): (Vec<String>, Vec<Span>) = self.kept.iter().filter(inside).cloned().unzip();
            if let Some(span) = spans.into_iter().reduce(Span::cover) {
                let verb = if names.len() == 1 { "comes" } else { "come" };
                let text = format!("{} {verb} in here", names::abridged(&names));
                finding.related.push(Label { location: Location { file, span }, text });
            }
        }
        let mut notes = vec![self.why];
        if let Some(division) = self.division.filter(|_| self.obstacles.is_empty()) {
            let reasons = division.doubts();
            let title = division.title();
            if let Some(change) = division.change() {
                let safety = if reasons.is_empty() { Safety::Unsafe } else { Safety::Shown };
                finding.fix = Some(Fix { title, safety, change });
            }
            if !reasons.is_empty() {
                notes.push(format!("What is open: {}", reasons.join(" ")));
            }
        } else if !self.obstacles.is_empty() {
            notes.push(format!("What stands in the way of a fix: {}", self.obstacles.join(" ")));
        }
        finding.note = Some(notes.join(" "));
        // Nobody takes apart by hand what is seldom built and holds nothing of the project, or what may need its tools.
        let is_worth_it = self.is_certain && cx.takes_program();
        if finding.fix.is_none() && !is_worth_it { finding.for_asking() } else { finding }
    }
}

/// Adds programs that the image calls and that only the fuller image brings.
fn add_programs(division: &mut Division<'_>, needs: &Needs<'_>, image: &ImageRef, span: Span) {
    /// Below these, the package lists of the distribution may be gone.
    const OLDEST: &[(&str, u32)] = &[("node", 18), ("python", 9)];
    for name in ["curl", "wget", "git"] {
        if !needs.calls(name) || division.packages.iter().any(|it| it.written == name) {
            continue;
        }
        division.packages.push(Package { written: name.to_owned(), fate: Fate::Runtime, span });
        let tag = image.tag.as_deref().unwrap_or_default();
        let number = if image.name == "python" { tag.strip_prefix("3.").unwrap_or("0") } else { tag };
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        let is_old =
            digits.parse().is_ok_and(|it: u32| OLDEST.iter().any(|(name, least)| *name == image.name && it < *least));
        if is_old {
            division
                .reasons
                .push(format!("`{name}` has to be installed, and an image this old may find no package lists."));
        }
    }
}

/// The same image of a language on the same distribution, without compilers; `None` where that cannot be told.
fn slimmer(written: &str, image: &ImageRef) -> Option<String> {
    let Some(tag) = image.tag.as_deref() else {
        return (!written.contains(['@', '$'])).then(|| format!("{written}:slim"));
    };
    if tag.contains("slim") || tag.contains("alpine") {
        return Some(written.to_owned());
    }
    if written.contains('@') || tag.contains("windows") || tag.contains("nanoserver") {
        return None;
    }
    if tag == "latest" {
        return written.strip_suffix(":latest").map(|it| format!("{it}:slim"));
    }
    if image.name == "node" {
        return Some(format!("{written}-slim"));
    }
    match tag.rsplit_once('-') {
        None if release(image).0.is_none() => Some(format!("{written}-slim")),
        Some((version, named)) if release(image).0 == Some(named) => {
            let head = written.strip_suffix(&format!("{version}-{named}"))?;
            Some(format!("{head}{version}-slim-{named}"))
        }
        None | Some(_) => None,
    }
}

/// The release of Debian in a tag, such as `bookworm`, and whether it is Alpine.
fn release(image: &ImageRef) -> (Option<&'static str>, bool) {
    const RELEASES: &[&str] = &["bullseye", "bookworm", "trixie"];
    let tag = image.tag.as_deref().unwrap_or_default();
    let has = |name: &str| tag.split(['-', '.']).any(|it| it == name);
    (RELEASES.iter().copied().find(|it| has(it)), tag.contains("alpine"))
}

/// Whether the image says what it runs. Those that do not are the bases of others, or workshops.
fn runs_something(cx: &FileCx<'_>, stage: &Stage, image: &ImageRef) -> bool {
    // The images of PHP for servers start them by themselves.
    if image.name == "php" && image.tag.as_deref().is_some_and(|it| it.contains("apache") || it.contains("fpm")) {
        return true;
    }
    let mut all = stage.steps.iter().map(|it| cx.model.instruction(it).kind);
    all.any(|it| matches!(it, Keyword::Cmd | Keyword::Entrypoint))
}

/// Whether a Dockerfile is called after what is not for production: `Dockerfile.dev`, `tests.dockerfile`.
fn is_named_for_development(path: &str) -> bool {
    const NAMES: &[&str] = &[
        "dev",
        "devel",
        "development",
        "test",
        "tests",
        "testing",
        "debug",
        "ci",
        "local",
        "devcontainer",
        "integration",
        "e2e",
    ];
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    name.to_lowercase().split(['.', '-', '_']).any(|it| NAMES.contains(&it)) || parts.next() == Some(".devcontainer")
}

/// Whether the image is for working in: a command that watches for changes, or sources that Compose lays over it.
fn is_for_development(cx: &FileCx<'_>, stage: &Stage) -> bool {
    const WATCHERS: &[&str] = &["--reload", "nodemon", "watch", "runserver", "dev", "--debug", "air", "start:dev"];
    if is_named_for_development(&cx.source.path) {
        return true;
    }
    let commands = stage.steps.iter().map(|it| cx.model.instruction(it));
    let mut commands = commands.filter(|it| matches!(it.kind, Keyword::Cmd | Keyword::Entrypoint));
    let watches = |it: &Instruction| {
        let words = it.rest.text.split(|it: char| it.is_whitespace() || matches!(it, '"' | ',' | '[' | ']' | '\''));
        words.into_iter().any(|it| WATCHERS.contains(&it))
    };
    if commands.any(watches) {
        return true;
    }
    let workdir = stage.end.workdir.as_deref().unwrap_or("/");
    cx.project.builds_of(&cx.source.path).filter(|it| it.kind == build::Kind::Compose).any(|build| {
        let Some(keys) = cx.project.keys(build.found_in.file) else { return false };
        keys.values.iter().any(|(path, value)| {
            let volume = path.len() > 3 && path[0] == "services" && Some(&path[1]) == build.name.as_ref();
            volume && path[2] == "volumes" && lies_over(value, workdir)
        })
    })
}

/// Whether a volume puts a folder of the project at or above the working directory: `./api:/app`.
fn lies_over(volume: &str, workdir: &str) -> bool {
    let mut parts = volume.split(':');
    let (Some(source), Some(target)) = (parts.next(), parts.next()) else { return false };
    source.starts_with(['.', '$', '/']) && (is_below(workdir, target) || is_below(target, workdir)) && target != "/"
}

/// The only context, or the only one of several in which what is built can be found.
fn only(contexts: &[Context], fits: impl Fn(&Context) -> bool) -> Option<&Context> {
    if let [one] = contexts {
        return Some(one);
    }
    let mut fitting = contexts.iter().filter(|it| fits(it));
    fitting.next().filter(|_| fitting.next().is_none())
}

/// Whether a copy brings a file of one of these names to a folder of the image.
fn brings(context: &Context, stage: &Stage, last: usize, folder: Option<&str>, names: &[&str]) -> bool {
    let view = View { context, copies: visible(&stage.steps, last) };
    folder.is_some_and(|folder| names.iter().any(|it| view.in_context(&join(folder, it)).is_some()))
}
