//! Builds that compile all dependencies after every change: see `rules/cache/recompiled-dependencies.md`.

use crate::{
    edit::{Change, Edit, Safety},
    finding::{Finding, Fix, Label},
    knowledge::Action,
    manifests::{View, packages, visible},
    model::{Base, Copy, CopyFrom, PackageCommand, Run, Stage, Step, StepKind, Value, header, is_below},
    project::{file_name, join, parent},
    rewrite,
    rule::{Check, FileCx, Rule},
    shell::{Script, Setting},
    syntax::Args,
};

pub(super) static RULE: Rule = crate::rule!("cache" / "recompiled-dependencies", Check::File(check));

/// Where the fix puts what was built.
const OUT: &str = "/out";

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        for (at, step) in stage.steps.iter().enumerate() {
            let StepKind::Run(run) = &step.kind else { continue };
            let compiles = |it: &&PackageCommand| {
                let project = matches!(it.subcommand.as_str(), "build" | "b") || it.has_option("--path");
                it.manager.name == "cargo" && project && it.action != Action::Clean
            };
            if let Some(command) = run.packages().iter().find(compiles) {
                let site = Site { cx, stage, at, step, run, command };
                out.extend(site.finding());
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
}

impl Site<'_> {
    fn finding(&self) -> Option<Finding> {
        let folder = self.run.folder(self.command)?;
        let target = self.target(folder)?;
        let elsewhere = ["--target-dir", "--manifest-path", "--config", "-C"];
        if elsewhere.iter().any(|it| self.command.has_option(it))
            || self.command.values("--path").into_iter().any(|it| it.is_none_or(|it| join(folder, it) != folder))
            || self.run.caches().any(|(_, it)| is_below(&target, it) || is_below(it, &target))
            || self.keeps_by_other_means()
        {
            return None;
        }
        let sources = self.sources(folder)?;
        let [context] = self.cx.contexts() else { return None };
        let view = View { context, copies: visible(&self.stage.steps, self.at) };
        let place = |name: &str| view.in_context(&join(folder, name));
        let manifest = context.read(&place("Cargo.toml")?)?;
        // A member of a workspace is built in the folder of that.
        let above = view.in_context(&join(&parent(folder), "Cargo.toml")).is_some() && folder != "/";
        let configured = [".cargo/config.toml", ".cargo/config"].iter().filter_map(|it| context.read(&place(it)?));
        let moved = configured.into_iter().any(|it| it.contains("target-dir") || it.contains("rustc-wrapper"));
        if above || moved {
            return None;
        }
        let lock = place("Cargo.lock");
        let number = lock.as_ref().and_then(|it| packages(std::slice::from_ref(it), &view)).map(|(number, _)| number);
        let few = number.map_or_else(|| !manifest.contains("dependencies"), |it| it < 3);
        if few {
            return None;
        }
        let words = &self.run.invocations()[self.command.invocation].words;
        let span = words.first()?.span.cover(words.get(self.command.head.end.checked_sub(1)?)?.span);
        let message = format!("`{}` compiles all dependencies again after every change", self.command.title());
        let many = number.map_or_else(String::new, |it| format!("`Cargo.lock` names {it} packages. "));
        let mut finding = Finding::new(RULE.name, self.cx.at(span), message);
        let copy = self.cx.model.instruction(&self.stage.steps[sources]);
        finding.related.push(Label { location: self.cx.at(header(copy)), text: "changes with the sources".to_owned() });
        finding.fix = self.fix(&target, folder, &manifest);
        let advice = if finding.fix.is_some() {
            "What the image needs is copied out of it in the same `RUN`."
        } else {
            "What the image needs has to be copied out of it in the same `RUN`, as a mount is no part of the image."
        };
        finding.note = Some(format!(
            "{many}Nothing of an earlier build is kept. A cache mount on `{target}` keeps what was compiled, so that a change of a source file compiles no more than that. {advice}"
        ));
        Some(finding)
    }

    /// The folder that Cargo builds in; `None` if that is not known.
    fn target(&self, folder: &str) -> Option<String> {
        let invocation = &self.run.invocations()[self.command.invocation];
        let exported = self.run.exports().flat_map(|(_, it)| &it.environment);
        let mut set = invocation.environment.iter().chain(exported);
        if set.any(|it| it.name == "CARGO_TARGET_DIR" || it.name == "RUSTC_WRAPPER") {
            return None;
        }
        let variable = |name: &str| self.step.before.variables.get(name).map(|it| it.value.clone());
        if variable("RUSTC_WRAPPER").is_some_and(|it| it != Value::Unset) {
            return None;
        }
        match variable("CARGO_TARGET_DIR") {
            None | Some(Value::Unset) => Some(join(folder, "target")),
            Some(Value::Known(it)) => Some(join(folder, &it)),
            Some(Value::Unknown) => None,
        }
    }

    /// Whether the dependencies were built before the sources are copied, or are kept by another program.
    fn keeps_by_other_means(&self) -> bool {
        let builds = |run: &Run| {
            run.mentions(&["chef", "sccache"])
                || run.packages().iter().any(|it| {
                    it.manager.name == "cargo"
                        && (it.has_option("--path") || !matches!(it.subcommand.as_str(), "install" | "fetch"))
                        && !std::ptr::eq(it, self.command)
                })
        };
        // A first build of the manifests alone is followed by another one.
        let earlier = self.stage.steps.iter().enumerate().filter(|(at, _)| *at != self.at).map(|(_, it)| it);
        let below = self.cx.model.ancestry(self.stage.index).skip(1).flat_map(|it| &it.steps);
        let vendored =
            |it: &Copy| it.from != CopyFrom::Context && it.sources.iter().flatten().any(|it| it.contains("target"));
        earlier.chain(below).any(|it| match &it.kind {
            StepKind::Run(run) => builds(run),
            StepKind::Copy(copy) => vendored(copy),
            StepKind::Other => false,
        })
    }

    /// The copy that brings sources to the folder.
    fn sources(&self, folder: &str) -> Option<usize> {
        let manifest = |it: &String| {
            let name = file_name(it);
            name.starts_with("Cargo.") || name.starts_with("rust-toolchain") || name.starts_with(".cargo")
        };
        let brings = |copy: &Copy| {
            let near = |it: &str| is_below(it, folder) || is_below(folder, it);
            copy.from == CopyFrom::Context
                && copy.destination.as_deref().is_some_and(near)
                && copy.sources.iter().flatten().any(|it| !manifest(it))
        };
        self.stage.steps[..self.at].iter().rposition(|it| matches!(&it.kind, StepKind::Copy(copy) if brings(copy)))
    }

    /// The mount, the copy of what is built out of it, and the copies into other stages from there. Only where it can
    /// be seen that nothing else reads the folder.
    fn fix(&self, target: &str, folder: &str, manifest: &str) -> Option<Fix> {
        let model = self.cx.model;
        let instruction = model.instruction(self.step);
        let script = self.run.script().filter(|it| Script::is_understood(it))?;
        let invocations = self.run.invocations();
        let always = [Some(&invocations[self.command.invocation]), invocations.last()];
        let always = always.into_iter().flatten().all(|it| it.setting == Setting::Always);
        let end = header(instruction).start as usize + self.cx.source.slice(header(instruction)).trim_end().len();
        let is_last = invocations.last().is_some_and(|it| it.command.end as usize == end);
        if !always || !is_last || !instruction.heredocs.is_empty() || script.list.items.is_empty() {
            return None;
        }
        let name = target.rsplit('/').next()?;
        let mentions = |text: &str| text.contains(target) || text.contains(&format!("{name}/"));
        // What else the stage does must not look into the folder, and no stage may be built on it.
        let own = &self.stage.steps[self.at + 1..];
        if own.iter().any(|it| mentions(self.cx.source.slice(model.instruction(it).span)))
            || own.iter().any(|it| matches!(&it.kind, StepKind::Run(run) if run.packages().iter().any(|it| it.manager.name == "cargo")))
            || model.stages.iter().any(|it| it.base == Base::Stage(self.stage.index))
            || model.stages.len() == self.stage.index + 1 && !self.command.has_option("--path")
            || invocations.iter().enumerate().any(|(at, it)| at != self.command.invocation && mentions(self.cx.source.slice(it.command)))
        {
            return None;
        }
        let mut edits = Vec::new();
        let mut outputs: Vec<String> = Vec::new();
        for stage in &model.stages[self.stage.index + 1..] {
            for step in &stage.steps {
                let instruction = model.instruction(step);
                match &step.kind {
                    StepKind::Copy(copy) if copy.from == CopyFrom::Stage(self.stage.index) => {
                        let Args::Words(words) = &instruction.args else { return None };
                        if words.len() != copy.sources.len() + 1 {
                            return None;
                        }
                        for (source, word) in copy.sources.iter().zip(words) {
                            let source = source.as_deref().map(|it| join("/", it))?;
                            if is_below(target, &source) {
                                return None;
                            }
                            let Some(inside) = source.strip_prefix(&format!("{target}/")) else { continue };
                            let file = inside.rsplit('/').next()?;
                            let depth = inside.split('/').count();
                            // A program of its own, not a folder: `release/app`, `x86_64-unknown-linux-musl/release/app`.
                            if inside.contains(['*', '?', '[']) || !(2..=3).contains(&depth) || word.text.contains('$')
                            {
                                return None;
                            }
                            if !outputs.iter().any(|it| it == inside) {
                                if outputs.iter().any(|it| it.rsplit('/').next() == Some(file)) {
                                    return None;
                                }
                                outputs.push(inside.to_owned());
                            }
                            edits.push(Edit::replace(word.span, format!("{OUT}/{file}")));
                        }
                    }
                    StepKind::Run(run)
                        if run.mounts.iter().any(|it| it.from.as_deref() == self.stage.name.as_deref()) =>
                    {
                        return None;
                    }
                    _ => {}
                }
            }
        }
        // An install leaves its programs elsewhere.
        let installs = self.command.subcommand == "install";
        if outputs.is_empty() != installs {
            return None;
        }
        let escape = self.cx.unit.syntax.escape;
        let flag =
            format!("--mount=type=cache,id={},target={target},sharing=locked", self.id(folder, manifest, &outputs));
        edits.push(rewrite::add_flags(self.cx.source, instruction, escape, &[flag]));
        if !outputs.is_empty() {
            let here = invocations
                .last()
                .map(|it| self.run.folders()[invocations.len() - 1].as_deref().filter(|_| !it.words.is_empty()));
            let near = here.flatten() == Some(folder) && target == join(folder, name);
            let start = if near { name } else { target };
            let files: Vec<String> = outputs.iter().map(|it| format!("{start}/{it}")).collect();
            let commands = [format!("mkdir -p {OUT}"), format!("cp {} {OUT}/", files.join(" "))];
            edits.push(rewrite::append_commands(self.cx.source, instruction, escape, end, &commands));
        }
        let change = Change::of(self.cx.unit.file, rewrite::join(edits)?)?;
        let title = if outputs.is_empty() {
            format!("Mount a cache on `{target}`")
        } else {
            format!("Mount a cache on `{target}`, and copy what is built out of it")
        };
        Some(Fix { title, safety: Safety::Unsafe, change })
    }

    /// An id of the project's own: what other projects build is of no use, and would be in the way.
    fn id(&self, folder: &str, manifest: &str, outputs: &[String]) -> String {
        let manifest: Option<toml::Table> = toml::from_str(manifest).ok();
        let name = manifest.as_ref().and_then(|it| it.get("package")?.get("name")?.as_str());
        let name = name.or_else(|| outputs.first().and_then(|it| last(it))).or_else(|| last(folder)).unwrap_or("cargo");
        let plain = |it: char| if it.is_ascii_alphanumeric() { it } else { '-' };
        let name: String = name.chars().map(plain).collect();
        let fixed = self.cx.model.at(self.stage.from).flags.iter().any(|it| it.name == "platform");
        let architecture = !fixed && self.step.before.variables.contains_key("TARGETARCH");
        format!("{name}-target{}", if architecture { "-$TARGETARCH" } else { "" })
    }
}

/// The last part of a path, if there is one.
fn last(path: &str) -> Option<&str> {
    path.rsplit('/').next().filter(|it| !it.is_empty())
}
