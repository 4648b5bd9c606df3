//! A service that does by itself what a shared base has: see `rules/shared/bypassed-base.md`.

use std::collections::BTreeSet;

use crate::{
    build::{Build, Kind, NamedContext, Recipe, Target},
    edit::{Change, Safety},
    finding::{Finding, Fix, Label},
    names::enumerated,
    rewrite,
    rule::{Check, FileCx, ProjectCx, Rule},
    rules::shared::{
        LEAST, MOST_GAINED, named_context,
        setup::{Part, Setup},
        uncertain_builders,
    },
    source::Location,
    syntax::ItemKind,
};

pub(super) static RULE: Rule = crate::rule!("shared" / "bypassed-base", Check::Project(check));

/// A base that one build makes for others.
struct SharedBase<'a> {
    /// What `FROM` names in those that use it.
    image: &'a str,
    setup: Setup<'a>,
    parts: BTreeSet<Part>,
}

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    let bases = bases(cx);
    if bases.is_empty() {
        return;
    }
    // What nothing here builds is no service of this project; what only sets up is a base itself.
    let is_service = |file: &FileCx<'_>| {
        // A Dockerfile inside a Compose file is not rewritten together with that file.
        !cx.project.is_inlined(file.unit.file)
            && cx.project.builds_of(&file.source.path).next().is_some()
            && SharedBase::of("", file).is_none()
    };
    for file in cx.files.iter().filter(|it| is_service(it)) {
        for stage in &file.model.stages {
            let Some(setup) = Setup::of(file, stage) else { continue };
            out.extend(bases.iter().find_map(|it| it.finding(cx, &setup)));
        }
    }
}

/// The bases that builds of Compose and Bake take from other builds of their file.
fn bases<'a>(cx: &'a ProjectCx<'_>) -> Vec<SharedBase<'a>> {
    let mut bases: Vec<SharedBase<'_>> = Vec::new();
    for build in &cx.project.builds {
        for (image, context) in &build.contexts {
            let NamedContext::Build(name) = context else { continue };
            let is_it = |it: &&Build| it.found_in.file == build.found_in.file && it.name.as_ref() == Some(name);
            let Some(Recipe::File(path)) = cx.project.builds.iter().find(is_it).map(|it| &it.dockerfile) else {
                continue;
            };
            let Some(file) = cx.files.iter().find(|it| it.source.path == *path) else { continue };
            if bases.iter().all(|it| (it.image, it.setup.cx.unit.file) != (image.as_str(), file.unit.file)) {
                bases.extend(SharedBase::of(image, file));
            }
        }
    }
    bases
}

impl<'a> SharedBase<'a> {
    /// A base that does nothing but setting up.
    fn of(image: &'a str, file: &'a FileCx<'a>) -> Option<Self> {
        let [stage] = file.model.stages.as_slice() else { return None };
        let setup = Setup::of(file, stage)?;
        let parts = setup.parts().cloned().collect();
        let is_whole = setup.pieces.len() == stage.steps.len();
        is_whole.then_some(Self { image, setup, parts })
    }

    fn finding(&self, cx: &ProjectCx<'_>, setup: &Setup<'_>) -> Option<Finding> {
        let own: BTreeSet<Part> = setup.parts().cloned().collect();
        let common: BTreeSet<Part> = own.intersection(&self.parts).cloned().collect();
        let gained: Vec<&Part> = self.parts.difference(&own).collect();
        let packages = if common.iter().any(|it| matches!(it, Part::Package(_))) { 8 } else { 0 };
        let fits = gained.is_empty() || setup.is_left_behind() && gained.len() <= MOST_GAINED;
        if setup.cx.unit.file == self.setup.cx.unit.file
            || setup.written != self.setup.written
            || !fits
            || packages + common.iter().map(Part::weight).sum::<usize>() < LEAST
        {
            return None;
        }
        let names: Vec<String> = common.iter().filter_map(Part::name).collect();
        let location = setup.cx.at(setup.place(&common));
        let message = format!("this sets up {} itself, which the shared base has", enumerated(&names));
        let mut finding = Finding::new(RULE.name, location, message);
        let from = self.setup.cx.model.at(self.setup.stage.from).span;
        let base = Location { file: self.setup.cx.unit.file, span: from };
        finding.related.push(Label { location: base, text: format!("the base, `{}`", self.image) });
        let mut notes = vec!["Other services start from that base, and it is built once for all of them.".to_owned()];
        match self.change(cx, setup, &common) {
            Ok(change) => {
                let gains: Vec<String> = gained.iter().filter_map(|it| it.name()).collect();
                if !gains.is_empty() {
                    notes.push(format!("The stage gains {}.", enumerated(&gains)));
                }
                let title = format!("Start from `{}`", self.image);
                let open = uncertain_builders(cx.project, &setup.cx.source.path);
                let safety = if open.is_some() { Safety::Shown } else { Safety::Unsafe };
                finding.fix = Some(Fix { title, safety, change });
                notes.extend(open);
            }
            Err(reason) => notes.push(reason),
        }
        finding.note = Some(notes.join(" "));
        Some(finding)
    }

    /// The service starts from the base, and all that builds it knows where that comes from.
    fn change(&self, cx: &ProjectCx<'_>, setup: &Setup<'_>, common: &BTreeSet<Part>) -> Result<Change, String> {
        let items = &setup.cx.unit.syntax.items;
        let has_comments = |item: usize| {
            rewrite::with_comments(items, item) < item
                || matches!(&items[item].kind, ItemKind::Instruction(it) if !it.comments.is_empty())
        };
        let mut gone = setup.pieces.iter().filter(|it| it.moves(common)).map(|it| setup.stage.steps[it.step].item);
        if gone.any(has_comments) {
            return Err("Its lines have comments, which would have to go into the base.".to_owned());
        }
        let path = &setup.cx.source.path;
        let no_form = |path: &str| format!("`{path}` is not in a form that can be edited.");
        let edits = setup.rewritten(common, self.image).ok_or_else(|| no_form(path))?;
        let mut change = Change::of(setup.cx.unit.file, edits).ok_or_else(|| no_form(path))?;
        let base_path = &self.setup.cx.source.path;
        for build in cx.project.builds_of(path) {
            let place = &cx.project.source(build.found_in.file).path;
            let is_known = matches!(build.kind, Kind::Compose | Kind::Bake) && build.target != Target::Unknown;
            let is_here = |it: &&Build| it.kind == build.kind && it.found_in.file == build.found_in.file;
            let base = cx.project.builds_of(base_path).find(is_here).and_then(|it| it.name.as_deref());
            let Some(base) = base.filter(|_| is_known) else {
                return Err(format!("`{place}` builds `{path}`, too, and would not find the base."));
            };
            if build.contexts.contains_key(self.image) {
                continue;
            }
            let context = named_context(cx.project, build, self.image, base);
            if !context.is_some_and(|it| change.try_merge(&it)) {
                return Err(no_form(place));
            }
        }
        Ok(change)
    }
}
