#!/usr/bin/env python3
"""Says what CPU time `dockopt check` takes for each file, and how much of it each family of rules asks for.

Needs Linux or macOS, and Python 3.11 or newer. What a family asks for is what is saved without it: what several of
them need, such as the commands of a RUN, counts for none.
"""

import argparse
import os
import resource
import subprocess
from pathlib import Path

FAMILIES = "cache stages shared context size packages pinning secrets runtime builds syntax".split()


def cpu(command: list[str]) -> float:
    """Seconds of CPU time, user and system, of a command and those it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("list", type=Path, help="a file with the path of a Dockerfile on each line")
    parser.add_argument("--dockopt", type=Path, default=Path("target/release/dockopt"), metavar="PATH")
    parser.add_argument("--runs", type=int, default=4, metavar="N", help="the best of so many (default: %(default)s)")
    args = parser.parse_args()
    files = [os.path.abspath(it) for it in args.list.read_text().splitlines() if it.strip()]
    check = [str(args.dockopt.absolute()), "check", "--isolated", "--format", "json"]
    cases = {"all": [], "reading and parsing": ["--select", "syntax-error"]}
    cases |= {f"without {it}": ["--ignore", it] for it in FAMILIES}
    best = {name: float("inf") for name in cases}
    # In turns, so that whatever else keeps the machine busy meets them all.
    for _ in range(args.runs):
        for name, options in cases.items():
            best[name] = min(best[name], cpu([*check, *options, *files]) * 1e3 / len(files))
    print(f"{len(files)} files, the best of {args.runs} runs each\n")
    print("| what | CPU ms a file |\n| --- | ---: |")
    for name, value in best.items():
        saved = best["all"] - value
        family = name.removeprefix("without ")
        print(f"| {name if family == name else f'`{family}` alone'} | {value if family == name else saved:.3f} |")


if __name__ == "__main__":
    main()
