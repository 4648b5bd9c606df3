//! Starts the `docker` client, and what else is asked about a machine, and waits no longer than is good.

use std::{
    io::{self, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// What the client answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it succeeded.
    pub success: bool,
    /// What it printed.
    pub out: String,
    /// What it complained about.
    pub err: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// There is no such program.
    Missing,
    /// It cannot be started.
    Failed(io::Error),
    /// It did not come to an end in time.
    TimedOut,
}

/// How long a program may take to end after Ctrl-C.
const MERCY: Duration = Duration::from_secs(5);

/// Starts `docker` in a folder. Without a limit it is waited for as long as it runs.
pub fn run(folder: &Path, arguments: &[&str], limit: Option<Duration>) -> Result<Answer, NoAnswer> {
    run_program("docker", folder, arguments, limit)
}

/// Starts a program in a folder, as [`run`] does.
pub fn run_program(
    program: &str,
    folder: &Path,
    arguments: &[&str],
    limit: Option<Duration>,
) -> Result<Answer, NoAnswer> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // What it prints is read by a program.
    command.env("BUILDKIT_PROGRESS", "plain").env("DOCKER_CLI_HINTS", "false");
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => NoAnswer::Missing,
        _ => NoAnswer::Failed(error),
    })?;
    let out = reader(child.stdout.take());
    let err = reader(child.stderr.take());
    let success = wait(&mut child, limit)?;
    // A plugin that outlives the client holds the pipes open; what it may still print is not waited for.
    let patience = limit.unwrap_or(Duration::from_mins(1));
    let text = |receiver: &mpsc::Receiver<String>| receiver.recv_timeout(patience).unwrap_or_default();
    Ok(Answer { success, out: text(&out), err: text(&err) })
}

/// Whether somebody has pressed Ctrl-C since [`heed_interrupts`].
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C ends the program that is run, and not dockopt, which has to clean up behind it.
pub fn heed_interrupts() {
    // Where another handler is there already, it does what it does.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
}

/// Whether somebody has pressed Ctrl-C since [`heed_interrupts`].
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

fn wait(child: &mut Child, limit: Option<Duration>) -> Result<bool, NoAnswer> {
    const STEP: Duration = Duration::from_millis(5);
    let start = Instant::now();
    // The terminal interrupts the program, too, which may need a moment; a signal to dockopt alone does not reach it.
    let mut interrupted: Option<Instant> = None;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if is_interrupted() && limit.is_none() => {
                if interrupted.get_or_insert_with(Instant::now).elapsed() > MERCY {
                    let _ = child.kill();
                }
                thread::sleep(STEP);
            }
            Ok(None) if limit.is_none_or(|it| start.elapsed() < it) => thread::sleep(STEP),
            Ok(None) => {
                // It may have ended this very moment.
                let _ = child.kill();
                let _ = child.wait();
                return Err(NoAnswer::TimedOut);
            }
            Err(error) => return Err(NoAnswer::Failed(error)),
        }
    }
}

/// Reads a pipe on a thread of its own, so that neither side waits for the other.
fn reader(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    if let Some(mut pipe) = pipe {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What could be read before an error is all there is.
            let _ = pipe.read_to_end(&mut bytes);
            let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
        });
    }
    receiver
}
