#!/usr/bin/env python3
"""Measures how long `dockopt context` takes beside a bare walk over the same files.

    cargo build --release --bin dockopt --example walk
    python3 benches/context.py [--files 200000] [--ignored 100000]

It makes a context of many small files, and beside it the same with a `node_modules` that is ignored. The programs take
turns; the table has the median of each in wall time and in CPU time, and the ratios.
"""

import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target"))
    parser.add_argument("--dockopt", default=target / "release/dockopt")
    parser.add_argument("--walk", default=target / "release/examples/walk")
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--ignored", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        plain, heavy = pathlib.Path(temp) / "plain", pathlib.Path(temp) / "heavy"
        for folder in (plain, heavy):
            fill(folder / "src", args.files)
            (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /app\n")
            (folder / ".dockerignore").write_text("node_modules\n**/*.log\n")
        fill(heavy / "node_modules", args.ignored)
        # The Dockerfile alone is named, so that no time goes into the search for others.
        context = [str(args.dockopt), "context", "--isolated", "Dockerfile"]
        programs = {
            "bare walk": ([str(args.walk), "."], plain),
            "dockopt context": (context, plain),
            "dockopt context, with ignored files": (context, heavy),
        }
        times = {name: [] for name in programs}
        for _ in range(args.rounds):
            for name, (command, folder) in programs.items():
                times[name].append(timed(command, folder))
        base = [statistics.median(it) for it in zip(*times["bare walk"])]
        print(f"{'':38} {'wall':>9} {'ratio':>6} {'cpu':>9} {'ratio':>6}")
        for name, runs in times.items():
            wall, cpu = (statistics.median(it) for it in zip(*runs))
            print(f"{name:38} {wall * 1e3:6.0f} ms {wall / base[0]:6.2f} {cpu * 1e3:6.0f} ms {cpu / base[1]:6.2f}")


def fill(folder, count):
    """Files of a few bytes, fifty in a folder, folders in folders."""
    for number in range(0, count, 50):
        sub = folder / str(number // 5000) / str(number // 50)
        sub.mkdir(parents=True)
        for at in range(min(50, count - number)):
            (sub / f"file{at}.ts").write_bytes(b"x" * (at + 1))


def timed(command, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
