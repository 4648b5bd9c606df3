//! Caches that hadolint wants to be deleted: see `rules/size/uncleaned-cache.md`.

use super::cache_kept::tidied;
use crate::rules::commands::{Call, RunAt, runs};
use crate::{
    finding::Finding,
    model::{Base, PackageCommand, Stage, StepKind, Value},
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("size" / "uncleaned-cache", Check::File(check));

const APT: &[&str] = &["hadolint/DL3009"];
const APK: &[&str] = &["hadolint/DL3019"];
const YUM: &[&str] = &["hadolint/DL3032"];
const ZYPPER: &[&str] = &["hadolint/DL3036"];
const DNF: &[&str] = &["hadolint/DL3040"];
const PIP: &[&str] = &["hadolint/DL3042"];
const YARN: &[&str] = &["hadolint/DL3060"];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for at in runs(cx) {
        let mut report = |call: Option<Call<'_>>, code| out.extend(call.map(|it| finding(cx, &it, code)));
        let reaches_image = reaches_image(cx, at.stage);
        if reaches_image {
            report(apt(&at), APT);
            report(yarn(&at), YARN);
        }
        report(apk(&at), APK);
        report(cleaned_after(&at, &["yum"], &["install"], "/var/cache/yum/*", &[]), YUM);
        report(zypper(&at), ZYPPER);
        for program in [&["dnf"], &["microdnf"]] {
            let install = &["install", "in", "upgrade", "upgrade-minimal", "up", "up-min", "reinstall", "rei"];
            let mounts = &["/var/cache/libdnf5", ".cache/libdnf5"];
            report(cleaned_after(&at, program, install, "/var/cache/libdnf5*", mounts), DNF);
        }
        // hadolint knows the usual folder alone; a mount on another one does as well.
        let folder = at.step.before.variable("PIP_CACHE_DIR");
        let elsewhere = matches!(folder, Value::Known(it) if it.starts_with('/') && at.run.has_cache_over(&it));
        let found = pip(&at).map(|it| finding(cx, &it, PIP));
        out.extend(found.map(|it| if elsewhere { it.for_parity() } else { it }));
    }
}

fn finding(cx: &FileCx<'_>, call: &Call<'_>, code: &'static [&'static str]) -> Finding {
    let program = &call.it.program;
    let place = call.head(&["install", "update", "add", "in", "upgrade", "reinstall"]);
    let message = format!("`{program}` leaves its cache in the layer");
    let mut finding = Finding::new(RULE.name, cx.at(place), message).only_as(code).note(
        "A cache mount keeps it out of the image and saves the next build the download; `missing-cache-mount` writes one.",
    );
    if let StepKind::Run(run) = &call.of.step.kind {
        let is_call = |it: &&PackageCommand| run.invocations()[it.invocation].command == call.it.command;
        let command = run.packages().iter().find(is_call);
        finding.fix = command.and_then(|it| tidied(cx, call.of.step, run, it));
    }
    finding
}

/// Whether what a stage leaves behind is part of an image: it is the last one, or another is built on it.
fn reaches_image(cx: &FileCx<'_>, stage: &Stage) -> bool {
    stage.index + 1 == cx.model.stages.len() || cx.model.stages.iter().any(|it| it.base == Base::Stage(stage.index))
}

fn plain<'a>(at: &RunAt<'a>, programs: &'static [&'static str]) -> impl Iterator<Item = Call<'a>> {
    at.calls(programs).filter(Call::is_plain)
}

fn apt<'a>(at: &RunAt<'a>) -> Option<Call<'a>> {
    let update = plain(at, &["apt", "apt-get", "aptitude"]).find(|it| it.has("update"))?;
    let removed = plain(at, &["rm"]).any(|it| it.has("-rf") || it.has("/var/lib/apt/lists/*"));
    let mounted = at.mounts("/var/lib/apt/lists") || at.mounts("/var/lib/apt") && at.mounts("/var/cache/apt");
    (!removed && !mounted).then_some(update)
}

fn apk<'a>(at: &RunAt<'a>) -> Option<Call<'a>> {
    let add = plain(at, &["apk"]).find(|it| it.has("add") && !it.has_flag(&["no-cache"]))?;
    (!at.mounts("/var/cache/apk")).then_some(add)
}

fn yarn<'a>(at: &RunAt<'a>) -> Option<Call<'a>> {
    let calls: Vec<Call<'_>> = plain(at, &["yarn"]).collect();
    let install = calls.iter().position(|it| it.has("install"))?;
    let cleaned = calls[install..].iter().any(|it| it.has("cache") || it.has("clean"));
    (!cleaned && !at.mounts(".cache/yarn")).then(|| calls[install])
}

/// The first install of a program that no `clean all` follows, nor an `rm -rf`.
fn cleaned_after<'a>(
    at: &RunAt<'a>,
    program: &'static [&'static str],
    install: &[&str],
    path: &str,
    mounts: &[&str],
) -> Option<Call<'a>> {
    let calls: Vec<Call<'_>> = plain(at, program).collect();
    let first = calls.iter().find(|it| install.iter().any(|word| it.has(word)))?;
    let is_later = |it: &Call<'_>| it.it.command.start > first.it.command.start;
    let clean = calls.iter().find(|it| it.has("clean") && it.has("all"));
    let cleaned = clean.is_some_and(is_later);
    let removed = plain(at, &["rm"]).any(|it| (it.has("-rf") || it.has(path)) && is_later(&it));
    (!cleaned && !removed && !mounts.iter().any(|it| at.mounts(it))).then_some(*first)
}

fn zypper<'a>(at: &RunAt<'a>) -> Option<Call<'a>> {
    let calls: Vec<Call<'_>> = plain(at, &["zypper"]).collect();
    let install = calls.iter().position(|it| it.has("install") || it.has("in"))?;
    let cleaned = calls[install..].iter().any(|it| it.has("clean") || it.has("cc"));
    (!cleaned && !at.mounts("/var/cache/zypp")).then(|| calls[install])
}

fn pip<'a>(at: &RunAt<'a>) -> Option<Call<'a>> {
    const VARIABLE: &str = "PIP_NO_CACHE_DIR";
    if !at.run.may_run(&["pip"]) || at.mounts(".cache/pip") {
        return None;
    }
    let is_pip = |it: &Call<'_>| match it.it.program.as_str() {
        "pipx" | "pipenv" => false,
        program if program.starts_with("python") => it.args().take(3).eq(["-m", "pip", "install"]),
        program => program.starts_with("pip"),
    };
    let is_yes = |it: &str| !matches!(it.to_lowercase().as_str(), "0" | "off" | "no" | "false");
    let by_env = match at.step.before.variables.get(VARIABLE).filter(|it| !it.argument).map(|it| &it.value) {
        Some(Value::Known(it)) => is_yes(it),
        Some(Value::Unset | Value::Unknown) | None => false,
    };
    let exported = at.run.exports().any(|(_, it)| it.environment.iter().any(|it| it.name == VARIABLE));
    let calls = at.run.invocations().iter().map(|it| Call { of: *at, it });
    let mut open = calls.filter(|it| {
        let set = it.it.environment.iter().any(|it| it.name == VARIABLE);
        it.is_plain() && is_pip(it) && it.has("install") && !it.has_flag(&["no-cache-dir"]) && !set
    });
    open.find(|_| !by_env && !exported)
}
