#!/usr/bin/env python3
"""Compares dockopt's Dockerfile parser with BuildKit's, as the PyPI package `dockerfile` carries it.

    pip install dockerfile
    tests/buildkit_parser.py [--binary target/release/dockopt] PATH...

Paths are files, or folders that are searched for Dockerfiles. For each file that the package accepts, both must
agree on the number of instructions, their keywords, first and last lines, and flags. Exits with 1 if they differ
for a reason that is not among the known limits of the package (`explain`).
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

import dockerfile

NAME = re.compile(r"(dockerfile|containerfile)", re.IGNORECASE)
BATCH = 2000


def find(paths):
    """The files to compare: files as they are given, and Dockerfiles in folders."""
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if NAME.search(p.name) and p.is_file() and not p.is_symlink())
        else:
            yield path


def ours(binary, files):
    """What dockopt reads: one JSON object per file."""
    for start in range(0, len(files), BATCH):
        batch = [str(path) for path in files[start : start + BATCH]]
        done = subprocess.run([binary, "syntax", *batch], stdout=subprocess.PIPE, check=False)
        for line in done.stdout.decode("utf-8").split("\n"):
            if line:
                result = json.loads(line)
                yield result["path"], result


def theirs(path):
    """What the package reads, or its error."""
    try:
        commands = dockerfile.parse_file(str(path))
    except dockerfile.GoParseError as error:
        return None, str(error)
    except UnicodeDecodeError:
        # BuildKit takes any bytes, but the package cannot hand them to Python.
        return None, None
    return [((it.cmd or "").upper(), it.start_line, it.end_line, list(it.flags)) for it in commands], None


def explain(path, result, mine, other):
    """The limit of the package that accounts for a disagreement, if there is one.

    The package holds BuildKit of 2023; each entry but those about NUL and Latin-1 is a change in BuildKit since then,
    and as narrow as it can be. None occurs in the corpus.
    """
    text = path.read_bytes().decode("utf-8", "replace")
    names = list(result["directives"])
    if "check" in names and re.search(r"(?im)\A(?:#.*\n)*?#\s*check\s*=.*\n(?:#.*\n)*?#\s*escape\s*=\s*`", text):
        return "the package does not know `# check=`, so it misses the `# escape=` after it"
    first = next((pair for pair in zip(mine, other) if pair[0] != pair[1]), None)
    if first is not None and "\0" in text:
        cut = (first[0][0].split("\0")[0], *first[0][1:3], [it.split("\0")[0] for it in first[0][3]])
        if cut == first[1]:
            return "the package hands texts to Python as C does, where a NUL ends them"
    if first is not None and first[0][:2] == first[1][:2]:
        line = text.split("\n")[first[0][1] - 1 : first[0][2]]
        longer = "<<" in line[0] and first[0][2] > first[1][2]
        if longer and re.search(r"<<[ \t]+[^\s<]", "\n".join(line)):
            return "the package does not know `<< NAME` with a blank"
        if longer and re.match(r"(?i)\s*(ONBUILD\s+)?(RUN|COPY|ADD)\s+(--\S+\s+)*\[[^\]]*\]\s*\S", line[0]):
            return "the package takes a JSON array and ignores the text after it, and so its heredocs"
        if not text.isascii() and first[0][:3] == first[1][:3] and "\ufffd" not in text:
            if [flag.encode("utf-8").decode("latin-1") for flag in first[0][3]] == first[1][3]:
                return "BuildKit reads the bytes of a flag as Latin-1, dockopt as UTF-8"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", default="target/release/dockopt", help="the dockopt to test")
    parser.add_argument("paths", nargs="+", help="files or folders")
    arguments = parser.parse_args()

    files = list(find(arguments.paths))
    counts = collections.Counter()
    reasons = collections.Counter()
    results = dict(ours(arguments.binary, files))
    for path in files:
        other, refusal = theirs(path)
        result = results.get(str(path))
        if result is None:
            counts["not read by dockopt"] += 1
            print(f"{path}: dockopt gives no answer")
            continue
        if other is None and refusal is None:
            counts["not UTF-8, so not comparable"] += 1
            continue
        if other is None:
            counts["refused by the package"] += 1
            if not result["errors"]:
                counts["refused, and dockopt says nothing"] += 1
                print(f"{path}: refused by the package, no error from dockopt: {refusal}")
            continue
        mine = [(it["keyword"], it["start_line"], it["end_line"], it["flags"]) for it in result["instructions"]]
        counts["accepted by the package"] += 1
        counts["instructions"] += len(other)
        if mine == other:
            counts["agreed"] += 1
            continue
        reason = explain(path, result, mine, other)
        if reason:
            reasons[reason] += 1
            continue
        counts["differ"] += 1
        differing = [pair for pair in zip(mine, other) if pair[0] != pair[1]]
        print(f"{path}: {len(mine)} instructions, the package has {len(other)}; first difference: {differing[:1]}")

    for name, count in [*sorted(counts.items()), *((f"explained: {it}", n) for it, n in reasons.most_common())]:
        print(f"{count:8} {name}")
    sys.exit(1 if counts["differ"] or counts["not read by dockopt"] else 0)


if __name__ == "__main__":
    main()
