//! What a machine needs for quick builds, and whether it has it: from what Docker says, without asking it.

use serde_json::Value;

use crate::finding::Level;

/// What was asked on the machine, and what came of it. An answer that did not come is an error, as a sentence part.
#[derive(Clone, Debug)]
pub struct Answers {
    /// `docker version --format '{{json .}}'`: what it prints, or why it does not.
    pub version: Result<Answer, Silence>,
    /// `docker buildx version`
    pub buildx: Result<Answer, Silence>,
    /// `docker compose version --short`
    pub compose: Result<Answer, Silence>,
    /// `docker info --format '{{json .}}'`
    pub info: Result<Answer, Silence>,
    /// `docker buildx inspect`
    pub builder: Result<Answer, Silence>,
    /// `docker system df --format '{{json .}}'`
    pub disk: Result<Answer, Silence>,
    /// The variable `DOCKER_BUILDKIT`.
    pub buildkit: Option<String>,
    /// The text of the engine's settings, `daemon.json`, and its path.
    pub settings: Option<(String, String)>,
    /// The bytes that are free where the engine keeps its data.
    pub free: Option<u64>,
}

/// What a command printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Whether it succeeded.
    pub success: bool,
    /// Its output.
    pub out: String,
    /// Its complaints.
    pub err: String,
}

/// Why a command did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// There is no such program, or it cannot be started.
    Missing,
    /// It did not come to an end.
    TimedOut,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// How bad it is; `None` where all is well.
    pub level: Option<Level>,
    /// What is there: lower case, no full stop.
    pub message: String,
    /// What to type next, or what to do.
    pub next: Option<String>,
}

impl Check {
    fn well(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, level: None, message: message.into(), next: None }
    }

    fn bad(name: &'static str, level: Level, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { name, level: Some(level), message: message.into(), next: Some(next.into()) }
    }
}

/// Judges the answers.
pub fn diagnose(answers: &Answers) -> Vec<Check> {
    let version = match &answers.version {
        Err(Silence::Missing) => {
            let next = "install Docker, such as with `apt-get install docker.io docker-buildx`; \
                        `dockopt check` and `dockopt fix` need none";
            return vec![Check::bad("client", Level::Error, "there is no `docker` on the path", next)];
        }
        Err(Silence::TimedOut) => {
            let next = "see whether the engine hangs: `systemctl status docker`";
            return vec![Check::bad("engine", Level::Error, "the engine does not answer in time", next)];
        }
        Ok(answer) => answer,
    };
    let json: Value = serde_json::from_str(&version.out).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut checks = vec![match text(&json["Client"]["Version"]) {
        Some(version) => Check::well("client", format!("docker {version}")),
        None => Check::bad("client", Level::Warning, "its version is not known", "`docker version` says what is wrong"),
    }];
    let engine = text(&json["Server"]["Version"]);
    checks.push(engine_check(engine.as_deref(), version));
    checks.push(buildkit_check(answers, engine.as_deref()));
    checks.push(buildx_check(&answers.buildx));
    checks.push(compose_check(&answers.compose));
    if engine.is_some() {
        checks.extend(builder_check(answers));
        checks.extend(disk_check(answers));
    }
    checks
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let start = version.find(|it: char| it.is_ascii_digit())?;
    let mut parts = version[start..].split(|it: char| !it.is_ascii_digit());
    let major = parts.next()?.parse().ok()?;
    Some((major, parts.next().and_then(|it| it.parse().ok()).unwrap_or(0)))
}

fn engine_check(version: Option<&str>, answer: &Answer) -> Check {
    /// The first with BuildKit switched on, and with a frontend that knows named contexts, heredocs and `COPY --link`.
    const ENOUGH: (u32, u32) = (23, 0);
    let Some(version) = version else {
        let denied = answer.err.contains("permission denied");
        let why =
            answer.err.trim().lines().next().unwrap_or("nothing is said about why").trim_end_matches('.').to_owned();
        let next = if denied {
            "`sudo usermod -aG docker $USER`, then log in again"
        } else {
            "start it: `sudo systemctl start docker`, or open Docker Desktop; `docker context ls` says where it is looked for"
        };
        return Check::bad("engine", Level::Error, format!("the engine cannot be reached: {why}"), next);
    };
    match numbers(version) {
        Some(known) if known < ENOUGH => Check::bad(
            "engine",
            Level::Warning,
            format!(
                "the engine is {version}, older than 23.0: named contexts, here-documents and `COPY --link` are not known to it"
            ),
            "update Docker, or begin Dockerfiles with `# syntax=docker/dockerfile:1`",
        ),
        Some(_) | None => Check::well("engine", format!("the engine is {version}")),
    }
}

fn buildkit_check(answers: &Answers, engine: Option<&str>) -> Check {
    let name = "buildkit";
    let off =
        |how: &str, next: String| Check::bad(name, Level::Error, format!("BuildKit is switched off by {how}"), next);
    if let Some(value) = &answers.buildkit {
        // As the client reads it.
        if ["0", "f", "false"].contains(&value.to_lowercase().as_str()) {
            return off(
                &format!("`DOCKER_BUILDKIT={value}`"),
                "`unset DOCKER_BUILDKIT`, there where it is set".to_owned(),
            );
        }
        return Check::well(name, format!("BuildKit is on, by `DOCKER_BUILDKIT={value}`"));
    }
    if let Some((path, text)) = &answers.settings {
        let Ok(settings) = serde_json::from_str::<Value>(text) else {
            let next = format!("put {path} right; the engine will not start with it");
            return Check::bad(name, Level::Warning, format!("{path} is no JSON"), next);
        };
        if settings["features"]["buildkit"] == Value::Bool(false) {
            let next = format!("take `\"buildkit\": false` out of {path}, then `sudo systemctl restart docker`");
            return off(&format!("`\"buildkit\": false` in {path}"), next);
        }
        if settings["features"]["buildkit"] == Value::Bool(true) {
            return Check::well(name, format!("BuildKit is on, by {path}"));
        }
    }
    match engine.and_then(numbers) {
        Some((major, _)) if major < 23 => Check::bad(
            name,
            Level::Warning,
            "this Docker builds without BuildKit unless it is told to",
            "`export DOCKER_BUILDKIT=1`",
        ),
        Some(_) => Check::well(name, "BuildKit is on, as Docker has it"),
        None => Check::well(name, "nothing switches BuildKit off"),
    }
}

fn buildx_check(answer: &Result<Answer, Silence>) -> Check {
    /// The first in which a target of a Bake file may be built on another.
    const ENOUGH: (u32, u32) = (0, 8);
    match answer {
        Ok(answer) if answer.success => {
            let version = answer.out.split_whitespace().nth(1).unwrap_or_default();
            match numbers(version) {
                Some(known) if known < ENOUGH => Check::bad(
                    "buildx",
                    Level::Warning,
                    format!("buildx is {version}, older than 0.8: no image can be built on another in one go"),
                    "update the package docker-buildx-plugin, or docker-buildx",
                ),
                Some(_) | None => Check::well("buildx", format!("buildx {version}")),
            }
        }
        Ok(_) | Err(Silence::Missing) => Check::bad(
            "buildx",
            Level::Warning,
            "there is no buildx, which builds from Bake files and exports caches",
            "`apt-get install docker-buildx`, or docker-buildx-plugin from Docker's own packages",
        ),
        Err(Silence::TimedOut) => {
            Check::bad("buildx", Level::Warning, "buildx does not answer in time", "`docker buildx version`")
        }
    }
}

fn compose_check(answer: &Result<Answer, Silence>) -> Check {
    match answer {
        Ok(answer) if answer.success && numbers(answer.out.trim()).is_some_and(|it| it < (2, 33)) => Check::bad(
            "compose",
            Level::Note,
            format!("compose {} builds no service on the image of another, as shared bases need it", answer.out.trim()),
            "a Compose of 2.33.1 or later from Docker's own packages, or `docker buildx bake` with a Bake file",
        ),
        Ok(answer) if answer.success => Check::well("compose", format!("compose {}", answer.out.trim())),
        Ok(_) | Err(_) => Check::bad(
            "compose",
            Level::Note,
            "there is no `docker compose`",
            "`apt-get install docker-compose`, or docker-compose-plugin from Docker's own packages, if you use Compose files",
        ),
    }
}

fn builder_check(answers: &Answers) -> Option<Check> {
    let answer = answers.builder.as_ref().ok().filter(|it| it.success)?;
    let field = |name: &str| {
        let line = answer.out.lines().find_map(|it| it.trim().strip_prefix(name));
        line.map(|it| it.trim().to_owned())
    };
    let (driver, name) = (field("Driver:")?, field("Name:").unwrap_or_default());
    let info: Value = answers.info.as_ref().ok().and_then(|it| serde_json::from_str(&it.out).ok()).unwrap_or_default();
    let stores = info["DriverStatus"].as_array().into_iter().flatten();
    let in_containerd = stores.filter_map(Value::as_array).flatten().any(|it| it == "io.containerd.snapshotter.v1");
    Some(if driver == "docker" && !in_containerd {
        Check::bad(
            "builder",
            Level::Note,
            format!("the builder `{name}` is Docker's own and cannot export caches, as to a registry"),
            "`docker buildx create --use --name cached --driver docker-container`, where that is needed",
        )
    } else {
        Check::well("builder", format!("the builder `{name}`, driver {driver}, can export caches"))
    })
}

fn disk_check(answers: &Answers) -> Option<Check> {
    /// A build that pulls an image and installs packages needs about this much.
    const LEAST: u64 = 5_000_000_000;
    let cache = answers.disk.as_ref().ok().filter(|it| it.success).and_then(|it| {
        let rows = it.out.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
        let row = rows.into_iter().find(|it| it["Type"] == "Build Cache")?;
        row["Size"].as_str().map(str::to_owned)
    });
    let cache_text = cache.as_ref().map(|it| format!("the build cache holds {it}"));
    let free_text = answers.free.map(|it| format!("{} are free", crate::context::bytes(it)));
    let message = match (cache_text, free_text) {
        (Some(cache), Some(free)) => format!("{cache}, {free}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    Some(match answers.free {
        Some(free) if free < LEAST => {
            let next = "`docker builder prune` frees the build cache, `docker image prune` images without a name";
            Check::bad("disk", Level::Warning, message, next)
        }
        Some(_) | None => Check::well("disk", message),
    })
}

/// The folder on this machine in which the engine keeps its data.
pub fn data_folder(info: &Answer) -> Option<String> {
    let info: Value = serde_json::from_str(&info.out).ok()?;
    info["DockerRootDir"].as_str().map(str::to_owned)
}

/// The free bytes of what `df -Pk` prints.
pub fn free_bytes(printed: &str) -> Option<u64> {
    let kilobytes: u64 = printed.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "it stands for an answer that may fail to come")]
    fn said(out: &str) -> Result<Answer, Silence> {
        Ok(Answer { success: true, out: out.to_owned(), err: String::new() })
    }

    fn machine() -> Answers {
        Answers {
            version: said(r#"{"Client":{"Version":"28.0.1"},"Server":{"Version":"28.0.1"}}"#),
            buildx: said("github.com/docker/buildx v0.21.1 7c2359c\n"),
            compose: said("2.33.1\n"),
            info: said(
                r#"{"DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]],"DockerRootDir":"/var/lib/docker"}"#,
            ),
            builder: said("Name:          default\nDriver:        docker\n\nNodes:\nName: default\n"),
            disk: said("{\"Size\":\"2GB\",\"Type\":\"Images\"}\n{\"Size\":\"12.5GB\",\"Type\":\"Build Cache\"}\n"),
            buildkit: None,
            settings: None,
            free: Some(80_000_000_000),
        }
    }

    fn bad(answers: &Answers) -> Vec<(&'static str, Level)> {
        diagnose(answers).into_iter().filter_map(|it| Some((it.name, it.level?))).collect()
    }

    #[test]
    fn a_good_machine_has_nothing_to_do() {
        let checks = diagnose(&machine());
        assert!(checks.iter().all(|it| it.level.is_none() && it.next.is_none()), "{checks:?}");
        let disk = checks.iter().find(|it| it.name == "disk").unwrap();
        assert_eq!(disk.message, "the build cache holds 12.5GB, 80.0 GB are free");
    }

    #[test]
    fn what_is_missing_is_told_with_what_to_do() {
        let check = |change: &dyn Fn(&mut Answers), expected: &[(&'static str, Level)]| {
            let mut answers = machine();
            change(&mut answers);
            assert_eq!(bad(&answers), expected);
            let checks = diagnose(&answers);
            assert!(checks.iter().all(|it| it.level.is_some() == it.next.is_some()));
        };
        check(&|it| it.version = Err(Silence::Missing), &[("client", Level::Error)]);
        check(&|it| it.version = Err(Silence::TimedOut), &[("engine", Level::Error)]);
        let unreachable = Answer {
            success: false,
            out: r#"{"Client":{"Version":"28.0.1"},"Server":null}"#.to_owned(),
            err: "permission denied while trying to connect\n".to_owned(),
        };
        check(&|it| it.version = Ok(unreachable.clone()), &[("engine", Level::Error)]);
        let old = r#"{"Client":{"Version":"20.10.24"},"Server":{"Version":"20.10.24+dfsg1"}}"#;
        check(&|it| it.version = said(old), &[("engine", Level::Warning), ("buildkit", Level::Warning)]);
        check(&|it| it.buildkit = Some("0".to_owned()), &[("buildkit", Level::Error)]);
        check(&|it| it.buildkit = Some("1".to_owned()), &[]);
        let settings = |text: &str| Some(("/etc/docker/daemon.json".to_owned(), text.to_owned()));
        check(&|it| it.settings = settings(r#"{"features":{"buildkit":false}}"#), &[("buildkit", Level::Error)]);
        check(&|it| it.settings = settings("{"), &[("buildkit", Level::Warning)]);
        check(&|it| it.settings = settings("{}"), &[]);
        check(&|it| it.buildx = Ok(Answer::default()), &[("buildx", Level::Warning)]);
        check(&|it| it.buildx = said("github.com/docker/buildx v0.5.1 x\n"), &[("buildx", Level::Warning)]);
        check(&|it| it.compose = Err(Silence::TimedOut), &[("compose", Level::Note)]);
        check(&|it| it.compose = said("2.26.1-4\n"), &[("compose", Level::Note)]);
        check(&|it| it.info = said("{}"), &[("builder", Level::Note)]);
        check(&|it| it.free = Some(1_000_000_000), &[("disk", Level::Warning)]);
        check(&|it| (it.free, it.disk) = (None, Err(Silence::TimedOut)), &[]);
    }

    #[test]
    fn versions_have_many_forms() {
        for (version, known) in [
            ("v0.21.1", Some((0, 21))),
            ("26.1.5+dfsg1", Some((26, 1))),
            ("0.13.1+ds1", Some((0, 13))),
            ("5", Some((5, 0))),
            ("", None),
        ] {
            assert_eq!(numbers(version), known, "{version}");
        }
    }

    #[test]
    fn free_space_is_read() {
        let printed = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n/dev/vda         264144648 61000000  33000000      65% /\n";
        assert_eq!(free_bytes(printed), Some(33_000_000 * 1024));
        assert_eq!(free_bytes("df: nothing\n"), None);
    }
}
