//! `dockopt doctor`: says whether this machine is set up for quick builds, and what to type next.

use std::{env, io::Write, path::Path, thread, time::Duration};

use super::{Failure, Status, Streams, args::Common, options};
use crate::{
    cli::args::FailOn,
    docker::{self, NoAnswer},
    doctor::{self, Answer, Answers, Silence},
    finding::Level,
    report::{Format, doctor as report},
    workspace::daemon_settings,
};

pub(super) fn run(common: &Common, streams: &mut Streams) -> Result<Status, Failure> {
    if !matches!(common.format(), Format::Human | Format::Json) {
        let message = "`dockopt doctor` has no such format".to_owned();
        return Err(Failure::Usage { message, help: Some("use human or json".to_owned()) });
    }
    let checks = doctor::diagnose(&answers());
    let text = match common.format() {
        Format::Json => report::json(&checks),
        _ => report::human(&checks, options(common)),
    };
    streams.out.write_all(text.as_bytes())?;
    let threshold = common.fail_on.map_or(Some(Level::Warning), FailOn::level);
    let fails = threshold.is_some_and(|threshold| checks.iter().any(|it| it.level >= Some(threshold)));
    Ok(if fails { Status::Findings } else { Status::Clean })
}

/// Asks everything at once, as each answer takes a while.
fn answers() -> Answers {
    /// A client that is there answers at once; an engine may have to look at all that it keeps.
    const PATIENCE: Duration = Duration::from_secs(5);
    let ask = |program: &'static str, arguments: &[&str]| {
        docker::run_program(program, Path::new("."), arguments, Some(PATIENCE))
            .map(|it| Answer { success: it.success, out: it.out, err: it.err })
            .map_err(|error| match error {
                NoAnswer::Missing | NoAnswer::Failed(_) => Silence::Missing,
                NoAnswer::TimedOut => Silence::TimedOut,
            })
    };
    thread::scope(|scope| {
        let docker = |arguments: &'static [&'static str]| scope.spawn(move || ask("docker", arguments));
        let version = docker(&["version", "--format", "{{json .}}"]);
        let buildx = docker(&["buildx", "version"]);
        let compose = docker(&["compose", "version", "--short"]);
        let builder = docker(&["buildx", "inspect"]);
        let disk = docker(&["system", "df", "--format", "{{json .}}"]);
        let info = docker(&["info", "--format", "{{json .}}"]).join().unwrap_or(Err(Silence::Missing));
        // Only of an engine on this machine is the folder one that can be looked at.
        let folder = info.as_ref().ok().and_then(doctor::data_folder);
        let free = folder.and_then(|it| ask("df", &["-Pk", &it]).ok()).and_then(|it| doctor::free_bytes(&it.out));
        let joined =
            |it: thread::ScopedJoinHandle<'_, Result<Answer, Silence>>| it.join().unwrap_or(Err(Silence::Missing));
        Answers {
            version: joined(version),
            buildx: joined(buildx),
            compose: joined(compose),
            info,
            builder: joined(builder),
            disk: joined(disk),
            buildkit: env::var("DOCKER_BUILDKIT").ok().filter(|it| !it.is_empty()),
            settings: daemon_settings(),
            free,
        }
    })
}
