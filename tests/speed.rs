//! Time grows with the size of a file, not with its square.
//!
//! Twice the size takes twice the time, where a square would take four times: the ratio has to stay below three.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use cpu_time::ProcessTime;
use dockopt::{engine, project::Project, settings::Settings};

const MOST: f64 = 3.0;
/// What a run may take besides: small times say nothing.
const NOISE: Duration = Duration::from_millis(5);

/// The CPU time of the shortest of three runs: other work on the machine does not count.
fn time(text: &str) -> Duration {
    let run = || {
        let began = ProcessTime::now();
        engine::check(&Project::in_memory([("Dockerfile", text)], Settings::default()));
        began.elapsed()
    };
    (0..3).map(|_| run()).min().expect("three runs")
}

/// One measurement at a time.
static CLOCK: Mutex<()> = Mutex::new(());

fn expect_linear(n: usize, text: impl Fn(usize) -> String) {
    let _clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let (half, whole) = (time(&text(n / 2)), time(&text(n)));
    let ratio = whole.as_secs_f64() / (half + NOISE).as_secs_f64();
    assert!(ratio < MOST, "{half:?} for {}, {whole:?} for {n}", n / 2);
}

#[test]
fn many_instructions() {
    expect_linear(20_000, |n| format!("FROM a\n{}", "ENV x=1\n".repeat(n)));
}

#[test]
fn many_runs() {
    expect_linear(500, |n| format!("FROM debian:12\n{}", "RUN apt-get update && apt-get install -y x\n".repeat(n)));
}

#[test]
fn many_copies() {
    expect_linear(1_000, |n| format!("FROM python:3\n{}RUN pip install x\n", "COPY a b\n".repeat(n)));
}

#[test]
fn many_stages() {
    let stage = |it: usize| format!("FROM a AS s{it}\nCOPY --from=s0 a b\nRUN echo\n");
    expect_linear(1_000, |n| (0..n).map(stage).collect());
}

#[test]
fn stages_on_stages() {
    let stage = |it: usize| format!("FROM s{} AS s{it}\nRUN pip install x\n", it.saturating_sub(1));
    expect_linear(400, |n| (0..n).map(stage).collect());
}

#[test]
fn many_continuations() {
    expect_linear(10_000, |n| format!("FROM a\nRUN echo \\\n{}  end\n", "  word \\\n".repeat(n)));
}

#[test]
fn many_comments_in_continuations() {
    expect_linear(50_000, |n| format!("FROM a\nRUN echo \\\n{}  end\n", "# comment\n".repeat(n)));
}

#[test]
fn many_commands() {
    expect_linear(1_000, |n| format!("FROM a\nRUN true{}\n", " && apt-get install -y x".repeat(n)));
}

#[test]
fn many_commands_beside_mounts() {
    expect_linear(1_000, |n| {
        let mounts = "--mount=type=cache,target=/var/cache/apt --mount=type=cache,target=/root/.cache/pip";
        format!("FROM debian:12\nRUN {mounts} true{}\n", " && pip install --no-cache-dir x".repeat(n))
    });
}

#[test]
fn a_long_line() {
    expect_linear(20_000, |n| format!("FROM a\nRUN echo {}\n", "x ".repeat(n)));
}

#[test]
fn many_packages() {
    let install = |n: usize, at: usize| format!("RUN apt-get install -y{}\n", format!(" p{at}").repeat(n));
    expect_linear(40_000, |n| format!("FROM debian:12\nRUN apt-get update\n{}{}", install(n, 1), install(n, 2)));
}

#[test]
fn a_long_word() {
    expect_linear(200_000, |n| format!("FROM a\nRUN echo {}\nENV a={0}\n", "x".repeat(n)));
}

#[test]
fn many_blank_lines() {
    expect_linear(100_000, |n| format!("FROM a\n{}", "\n".repeat(n)));
}

#[test]
fn many_comments() {
    expect_linear(20_000, |n| format!("FROM a\n{}", "# comment\n".repeat(n)));
}

#[test]
fn many_suppressions() {
    expect_linear(20_000, |n| format!("FROM a\n{}", "# dockopt: ignore[cache]\n".repeat(n)));
}

#[test]
fn many_flags() {
    expect_linear(20_000, |n| format!("FROM a\nRUN {}echo\n", "--x=y ".repeat(n)));
}

#[test]
fn variables_that_double() {
    const DOUBLE: &str = "ENV X=$X$X\n";
    expect_linear(20, |n| format!("FROM a\nENV X=aaaaaaaa\n{}WORKDIR $X\n", DOUBLE.repeat(n)));
}

#[test]
fn a_long_heredoc() {
    expect_linear(2_000, |n| format!("FROM a\nRUN <<EOF\n{}EOF\n", "echo x\n".repeat(n)));
}

#[test]
fn deep_brackets() {
    expect_linear(2_000, |n| format!("FROM a\nRUN {}echo{}\n", "( ".repeat(n), " )".repeat(n)));
}
