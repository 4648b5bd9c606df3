//! The same setup in several Dockerfiles: see `rules/shared/repeated-setup.md`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use crate::{
    build,
    edit::{Change, Safety},
    finding::{Finding, Fix, Label},
    names::enumerated,
    rewrite,
    rule::{Check, FileCx, ProjectCx, Rule},
    rules::shared::{
        LEAST, MOST_GAINED,
        setup::{Part, Setup},
        uncertain_builders,
    },
    source::Location,
};

mod wiring;

use wiring::Wiring;

pub(super) static RULE: Rule = crate::rule!("shared" / "repeated-setup", Check::Project(check));

/// A base that dockopt offers.
struct Offer {
    name: &'static str,
    text: &'static str,
    /// The image that it is built on, as it is written there.
    image: &'static str,
    /// What makes it fit: the tool of pip that it brings, with its version, or a command.
    tool: Result<&'static str, &'static str>,
}

/// The bases that dockopt offers.
const OFFERS: [Offer; 3] = [
    Offer {
        name: "python-poetry-base",
        text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/images/python-poetry-base/Dockerfile")),
        image: "python:3.11-slim",
        tool: Ok("poetry==2.1.3"),
    },
    Offer {
        name: "python-uv-base",
        text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/images/python-uv-base/Dockerfile")),
        image: "python:3.12-slim",
        tool: Ok("uv==0.8.17"),
    },
    Offer {
        name: "node-pnpm-base",
        text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/images/node-pnpm-base/Dockerfile")),
        image: "node:22-slim",
        tool: Err("corepack enable"),
    },
];

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    if cx.files.len() < 2 || cx.project.builds.is_empty() {
        return;
    }
    let mut by_image: BTreeMap<&str, Vec<Setup<'_>>> = BTreeMap::new();
    // Services that are built together. A repository may also hold many variants of one image, or images of many kinds.
    let is_service = |it: &&FileCx<'_>| {
        let are_services = [build::Kind::Compose, build::Kind::Bake, build::Kind::Skaffold];
        // A Dockerfile inside a Compose file is not rewritten together with that file.
        !cx.project.is_inlined(it.unit.file)
            && cx.project.builds_of(&it.source.path).any(|it| are_services.contains(&it.kind))
    };
    for file in cx.files.iter().filter(is_service) {
        for stage in &file.model.stages {
            if let Some(setup) = Setup::of(file, stage) {
                by_image.entry(setup.written).or_default().push(setup);
            }
        }
    }
    for setups in by_image.into_values() {
        for group in groups(setups) {
            out.extend(group.finding(cx));
        }
    }
}

/// Setups that have enough in common.
struct Group<'a> {
    members: Vec<Setup<'a>>,
    /// What goes into the base.
    common: BTreeSet<Part>,
}

/// Divides setups on the same image into groups with the same system packages; one with a few less joins a group of
/// its kind, be that build stages, which are left behind, or stages that ship.
fn groups(setups: Vec<Setup<'_>>) -> Vec<Group<'_>> {
    let mut by_packages: Vec<(BTreeSet<String>, Vec<Setup<'_>>)> = Vec::new();
    for setup in setups {
        let packages: BTreeSet<String> = setup.packages().into_iter().map(str::to_owned).collect();
        match by_packages.iter_mut().find(|(it, _)| *it == packages) {
            Some((_, members)) => members.push(setup),
            None => by_packages.push((packages, vec![setup])),
        }
    }
    by_packages.sort_by_key(|(packages, _)| std::cmp::Reverse(packages.len()));
    let mut merged: Vec<(BTreeSet<String>, Vec<Setup<'_>>)> = Vec::new();
    for (packages, members) in by_packages {
        let joins = |larger: &BTreeSet<String>| {
            !packages.is_empty() && packages.is_subset(larger) && larger.len() - packages.len() <= MOST_GAINED
        };
        let is_build = |all: &[Setup<'_>]| all.iter().all(Setup::is_left_behind);
        let ships = |all: &[Setup<'_>]| !all.iter().any(Setup::is_left_behind);
        let same_kind =
            |others: &[Setup<'_>]| is_build(&members) && is_build(others) || ships(&members) && ships(others);
        match merged.iter_mut().find(|(it, others)| joins(it) && same_kind(others)) {
            Some((_, others)) => others.extend(members),
            None => merged.push((packages, members)),
        }
    }
    merged.into_iter().filter_map(|(_, members)| Group::of(members)).collect()
}

impl<'a> Group<'a> {
    fn of(mut members: Vec<Setup<'a>>) -> Option<Self> {
        members.sort_by_key(|it| (it.cx.unit.file, it.stage.index));
        let files: BTreeSet<_> = members.iter().map(|it| it.cx.unit.file).collect();
        if files.len() < 2 {
            return None;
        }
        let mut counts: BTreeMap<&Part, usize> = BTreeMap::new();
        for setup in &members {
            for part in setup.parts().collect::<BTreeSet<_>>() {
                *counts.entry(part).or_default() += 1;
            }
        }
        let all_left_behind = members.iter().all(Setup::is_left_behind);
        // What most have may go into a base whose packages nobody ships.
        let enough = |part: &Part, count: usize| {
            let for_all = matches!(part, Part::Package(_) | Part::Tool(_)) && all_left_behind;
            count == members.len() || (for_all && 2 * count > members.len())
        };
        let common: BTreeSet<Part> =
            counts.into_iter().filter(|(part, count)| enough(part, *count)).map(|(part, _)| part.clone()).collect();
        let packages = if common.iter().any(|it| matches!(it, Part::Package(_))) { 8 } else { 0 };
        let weight = packages + common.iter().map(Part::weight).sum::<usize>();
        (weight >= LEAST).then_some(Self { members, common })
    }

    fn finding(&self, cx: &ProjectCx<'_>) -> Option<Finding> {
        let names: Vec<String> = self.common.iter().filter_map(Part::name).collect();
        let first = self.members.first()?;
        let (file, span) = (first.cx.unit.file, first.place(&self.common));
        let count = self.files().len();
        let message = format!("{count} Dockerfiles set up {}, each on its own", enumerated(&names));
        let mut finding = Finding::new(RULE.name, Location { file, span }, message);
        for other in &self.members[1..] {
            let span = other.place(&self.common);
            let location = Location { file: other.cx.unit.file, span };
            finding.related.push(Label { location, text: "the same again".to_owned() });
        }
        let mut notes = vec![self.cost()];
        match self.extraction(cx) {
            Ok(extraction) => {
                notes.extend(extraction.notes);
                // A wiring that may not be whole is not begun.
                let open = uncertain_builders(cx.project, &first.cx.source.path);
                finding.fix = Some(Fix {
                    title: format!("Make a shared base of it, `{}`", extraction.image),
                    safety: if open.is_some() { Safety::Shown } else { Safety::Unsafe },
                    change: extraction.change,
                });
                notes.extend(open);
            }
            // Without a way to wire it there is nothing to be done.
            Err(reason) => {
                notes.push(reason);
                finding = finding.for_asking();
            }
        }
        finding.note = Some(notes.join(" "));
        Some(finding)
    }

    /// How often it is built, and what that is each time.
    fn cost(&self) -> String {
        let chains: BTreeSet<String> = self.members.iter().map(|it| self.chain(it)).collect();
        let packages = self.common.iter().filter(|it| matches!(it, Part::Package(_))).count();
        let tools = self.common.iter().filter(|it| matches!(it, Part::Tool(_))).count();
        let counted = |count: usize, of: &str| match count {
            0 => None,
            1 => Some(format!("1 package of {of}")),
            _ => Some(format!("{count} packages of {of}")),
        };
        let each: Vec<String> = counted(packages, "the system").into_iter().chain(counted(tools, "pip")).collect();
        let each = if each.is_empty() { String::new() } else { format!(", each time {}", enumerated(&each)) };
        let all = self.members.len();
        match chains.len() {
            1 => format!(
                "One builder reuses it as long as all lines stay the same; builders of their own, such as the jobs of \
                 CI, build it {all} times{each}."
            ),
            some if some < all => format!(
                "One builder builds it {some} times, as the lines differ or other lines stand before them; builders of \
                 their own, such as the jobs of CI, {all} times{each}."
            ),
            _ => format!("It is built {all} times, as the lines differ or other lines stand before them{each}."),
        }
    }

    /// The paths of the Dockerfiles, each once.
    fn files(&self) -> Vec<&'a str> {
        let mut paths: Vec<&str> = self.members.iter().map(|it| it.cx.source.path.as_str()).collect();
        paths.dedup();
        paths
    }

    /// All that decides whether a builder can reuse what another Dockerfile has built: the text up to the last part.
    fn chain(&self, setup: &Setup<'_>) -> String {
        let last = setup.pieces.iter().rev().find(|it| it.parts.iter().any(|it| self.common.contains(it)));
        let last = last.map_or(0, |it| it.step + 1);
        let steps = setup.stage.steps.iter().take(last).map(|it| {
            let instruction = setup.cx.model.instruction(it);
            let flags: Vec<&str> = instruction.flags.iter().map(|it| setup.cx.source.slice(it.span)).collect();
            format!("{} {} {}", instruction.keyword.text, flags.join(" "), instruction.rest.text)
        });
        steps.collect::<Vec<_>>().join("\n")
    }

    fn extraction(&self, cx: &ProjectCx<'_>) -> Result<Extraction, String> {
        let first = &self.members[0];
        let template = OFFERS.iter().find_map(|it| Some((it.name, self.template(it)?)));
        let name = template.as_ref().map_or_else(|| self.base_name(), |(name, _)| (*name).to_owned());
        let tag = first.image.tag.as_deref().unwrap_or_default();
        let version = tag.split('-').next().filter(|it| it.starts_with(|it: char| it.is_ascii_digit()));
        let image = format!("{name}:{}", version.unwrap_or(tag));
        let wiring = Wiring { project: cx.project, image: &image, name: &name };
        let files = self.files();
        let definitions = wiring.definitions(&files)?;
        let path = wiring.path(&definitions);
        if cx.project.files.kind(&path).is_some() {
            return Err(format!("`{path}` is there already."));
        }
        let mut change = wiring.change(&definitions)?;
        let base = match template {
            Some((_, text)) => self.with_comments(&text),
            None => self.base(),
        };
        for member in &self.members {
            let edits = member.rewritten(&self.common, &image);
            let of_member = edits.and_then(|it| Change::of(member.cx.unit.file, it));
            if !of_member.is_some_and(|it| change.try_merge(&it)) {
                return Err(format!("`{}` is not in a form that can be edited.", member.cx.source.path));
            }
        }
        change.creates.insert(path, base);
        let mut notes = self.gains();
        notes.extend(self.other_versions());
        if definitions.iter().any(|it| it.kind == build::Kind::Compose) {
            notes.push("Compose builds the base before the others from version 2.33.1 on.".to_owned());
        }
        Ok(Extraction { change, image, notes })
    }

    /// `python-base`, `node-pnpm-base`.
    fn base_name(&self) -> String {
        let image = self.members[0].image.name.rsplit('/').next().unwrap_or("shared");
        let tools = ["poetry", "pdm", "pipenv", "uv", "pnpm"];
        let has = |tool: &&str| {
            self.common.iter().any(|it| matches!(it, Part::Tool(name) if name.split("==").next() == Some(tool)))
        };
        match tools.into_iter().find(has) {
            Some(tool) => format!("{image}-{tool}-base"),
            None => format!("{image}-base"),
        }
    }

    /// The text of a base that dockopt offers, where it fits: it has all packages and runs all commands. Variables that
    /// the services have in common, and that it does not set, are added.
    fn template(&self, offer: &Offer) -> Option<String> {
        let first = &self.members[0];
        let tag = first.image.tag.as_deref()?;
        let (image, _) = offer.image.split_once(':')?;
        // A digest goes along into the base.
        let named = first.written.split('@').next().unwrap_or_default();
        let is_alike = tag.ends_with("-slim") && named == format!("{image}:{tag}");
        let has_line = |line: &str| offer.text.lines().any(|it| it.trim().trim_end_matches([' ', '\\']) == line);
        let mut text = offer.text.replace(&format!("FROM {}", offer.image), &format!("FROM {}", first.written));
        let mut fits = match offer.tool {
            Ok(_) => false,
            Err(command) => self.common.contains(&Part::Command(command.to_owned())),
        };
        let mut variables = String::new();
        for part in &self.common {
            match (part, offer.tool) {
                (Part::Package(name), _) if has_line(name) => {}
                (Part::Tool(tool), Ok(own)) if tool.split_once("==")?.0 == own.split_once("==")?.0 => {
                    text = text.replace(own, tool);
                    fits = true;
                }
                (Part::Command(command), _) if has_line(&format!("RUN {command}")) => {}
                (Part::Variable(name, value), _) => {
                    let pair = format!("{name}={value}");
                    if !offer.text.split_whitespace().any(|it| it == pair) {
                        let _ = writeln!(variables, "ENV {name}=\"{value}\"");
                    }
                }
                (Part::Package(_) | Part::Tool(_) | Part::Command(_), _) => return None,
            }
        }
        let is_build = self.members.iter().all(Setup::is_left_behind);
        let compiles = self.common.contains(&Part::Package("build-essential".to_owned()));
        // What its commands set up has to be what the services expect.
        let commands = offer.text.lines().filter_map(|it| it.strip_prefix("RUN ")).filter(|it| !it.starts_with("--"));
        let mut others = commands.filter(|it| !self.common.contains(&Part::Command((*it).to_owned())));
        if !fits || !is_alike || !is_build || !compiles || others.next().is_some() {
            return None;
        }
        if !variables.is_empty() {
            text.push('\n');
            text.push_str(&variables);
        }
        Some(text)
    }

    /// The comments of what moves, which say why a package is there.
    fn comments(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for setup in &self.members {
            let items = &setup.cx.unit.syntax.items;
            for piece in setup.pieces.iter().filter(|it| it.moves(&self.common)) {
                let item = setup.stage.steps[piece.step].item;
                let top = rewrite::with_comments(items, item);
                let above = items[top..item].iter().map(|it| it.span);
                let inside = setup.cx.model.at(item).comments.iter().copied();
                for comment in above.chain(inside).map(|it| setup.cx.source.slice(it).trim().to_owned()) {
                    if !all.contains(&comment) {
                        all.push(comment);
                    }
                }
            }
        }
        all
    }

    /// A base with the comments of what moves into it, above its packages.
    fn with_comments(&self, text: &str) -> String {
        let mut comments: String = self.comments().iter().flat_map(|it| [it.as_str(), "\n"]).collect();
        match text.find("RUN ") {
            Some(at) => {
                comments.push_str(&text[at..]);
                format!("{}{comments}", &text[..at])
            }
            None => text.to_owned(),
        }
    }

    /// The text of a base made for this group, in the order of the member that has most of it.
    fn base(&self) -> String {
        let own = |it: &&Setup<'_>| it.parts().filter(|it| self.common.contains(it)).count();
        let fullest = self.members.iter().rev().max_by_key(own).unwrap_or(&self.members[0]);
        let mut text = String::from("# What several services are built on, once for all of them.\n");
        let _ = writeln!(text, "FROM {}\n", fullest.written);
        for comment in self.comments() {
            let _ = writeln!(text, "{comment}");
        }
        for piece in &fullest.pieces {
            let instruction = fullest.cx.model.instruction(&fullest.stage.steps[piece.step]);
            let common: Vec<&Part> = piece.parts.iter().filter(|it| self.common.contains(it)).collect();
            if common.is_empty() {
                continue;
            }
            if common.len() == piece.parts.len() && instruction.comments.is_empty() {
                let _ = writeln!(text, "{}", fullest.cx.source.slice(instruction.span));
                continue;
            }
            let names = |it: &&&Part| match it {
                Part::Package(name) | Part::Tool(name) => Some(name.clone()),
                Part::Variable(..) | Part::Command(_) => None,
            };
            let list: Vec<String> = common.iter().filter_map(|it| names(&it)).collect();
            match common[0] {
                Part::Package(_) => {
                    let lean = if piece.lean { " --no-install-recommends" } else { "" };
                    let _ = writeln!(text, "RUN apt-get update && apt-get install -y{lean} {}", list.join(" "));
                }
                Part::Tool(_) => {
                    let _ = writeln!(text, "RUN pip install {}", list.join(" "));
                }
                Part::Variable(..) | Part::Command(_) => {}
            }
        }
        text
    }

    /// Members that install another version of a tool over that of the base. Theirs is what counts.
    fn other_versions(&self) -> Vec<String> {
        let tools = |all: &mut dyn Iterator<Item = &Part>| -> Vec<(String, String)> {
            let pair = |it: &Part| match it {
                Part::Tool(written) => written.split_once("==").map(|it| (it.0.to_owned(), written.clone())),
                Part::Package(_) | Part::Variable(..) | Part::Command(_) => None,
            };
            all.filter_map(pair).collect()
        };
        let common = tools(&mut self.common.iter());
        let mut notes = Vec::new();
        for setup in &self.members {
            for (name, own) in tools(&mut setup.parts()) {
                let Some((_, other)) = common.iter().find(|it| it.0 == name && it.1 != own) else { continue };
                notes.push(format!(
                    "`{}` keeps `{own}` and installs it over `{other}`; on the version of the others it would save that.",
                    setup.cx.source.path
                ));
            }
        }
        notes
    }

    /// What members get that they did not have.
    fn gains(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for setup in &self.members {
            let own: BTreeSet<&Part> = setup.parts().collect();
            let names: BTreeSet<Option<String>> = setup.parts().map(Part::name).collect();
            let is_new = |it: &&Part| !own.contains(it) && !names.contains(&it.name());
            let new: Vec<String> = self.common.iter().filter(is_new).filter_map(Part::name).collect();
            if !new.is_empty() {
                notes.push(format!("`{}` gains {} in its build stage.", setup.cx.source.path, enumerated(&new)));
            }
        }
        notes
    }
}

/// A shared base, ready to be made.
struct Extraction {
    change: Change,
    image: String,
    /// What each service gains, and what it does again.
    notes: Vec<String>,
}
