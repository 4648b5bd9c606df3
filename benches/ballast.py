#!/usr/bin/env python3
"""Gives the founding case what lies around in a real checkout, lets `dockopt fix` loose on it, and measures.

    python3 benches/ballast.py [--dockopt target/release/dockopt] [--megabytes 120]

A copy of `testdata/services/in` gets a git history, caches, a virtual environment, test data, and a folder with data
and a model that git ignores. The bytes are random and made anew each time. For each service the table says what its
build sends before, after `dockopt fix`, and after `dockopt fix --unsafe-fixes`, and whether the files that all of
the sources name are still sent.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--dockopt", default=HERE / "target/release/dockopt")
    parser.add_argument("--megabytes", type=float, default=120)
    parser.add_argument("--keep", help="build the folder here and leave it there")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        folder = pathlib.Path(args.keep or temp) / "services"
        shutil.copytree(HERE / "testdata/services/in", folder)
        kept = {str(it.relative_to(folder)) for it in folder.rglob("*") if it.is_file()}
        burden(folder, args.megabytes / 100)
        dockopt = os.path.abspath(args.dockopt)
        before = measure(dockopt, folder)
        run(dockopt, "fix", cwd=folder)
        safe = measure(dockopt, folder)
        run(dockopt, "fix", "--unsafe-fixes", cwd=folder)
        unsafe = measure(dockopt, folder)
        print(f"{'service':40} {'before':>10} {'fix':>10} {'--unsafe-fixes':>15}  sources")
        for name in before:
            lost = {it for it in kept - before[name][1].keys() | (kept - safe[name][1].keys())}
            lost = {it for it in lost if it in before[name][1] and it not in safe[name][1]}
            lost -= {it for it in lost if os.path.basename(it) in ("Dockerfile", "docker-compose.yml", ".dockerignore")}
            sizes = [f"{it[name][0] / 1e6:.2f} MB" for it in (before, safe, unsafe)]
            print(f"{name:40} {sizes[0]:>10} {sizes[1]:>10} {sizes[2]:>15}  {'lost: ' + str(sorted(lost)) if lost else 'all there'}")
        print((folder / ".dockerignore").read_text())


def burden(folder, unit):
    """What lies around: `unit` is a hundredth of the whole in megabytes."""

    def fill(path, share):
        path = folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(int(share * unit * 1e6)))

    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "-q"], cwd=folder, check=True)
    for number in range(10):
        fill("services/rag_service/corpus.bin", 4)
        subprocess.run([*git, "add", "-A"], cwd=folder, check=True)
        subprocess.run([*git, "commit", "-q", "-m", f"Corpus {number}"], cwd=folder, check=True)
    (folder / "services/rag_service/corpus.bin").unlink()
    for service in ("orchestrator", "rag_service", "git_adapter", "coding_agent"):
        fill(f"services/{service}/tests/data/sample.json", 0.5)
        fill(f"services/{service}/__pycache__/main.cpython-311.pyc", 0.5)
        fill(f"services/{service}/.pytest_cache/v/cache/lastfailed", 0.25)
    fill(".venv/lib/python3.11/site-packages/torch/lib/libtorch.so", 30)
    (folder / ".venv/pyvenv.cfg").write_text("home = /usr/bin\n")
    fill("data/models/embedding.bin", 20)
    fill("data/corpus.parquet", 4)


def measure(dockopt, folder):
    """By Dockerfile: the bytes that are sent, and the files with their bytes."""
    result = subprocess.run([dockopt, "context", "--format", "json"], cwd=folder, capture_output=True, check=True)
    sizes = {}
    for build in json.loads(result.stdout)["builds"]:
        files = {it["path"]: it["bytes"] for it in build["entries"] if it["status"] == "sent" and it["kind"] == "file"}
        sizes[build["dockerfile"]] = build["sent"]["bytes"], files
    return sizes


def run(*command, cwd):
    """`fix` exits with 1 when findings are left."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode == 2:
        sys.exit(result.stderr)
    if "dropped" in result.stderr:
        print(result.stderr)


if __name__ == "__main__":
    main()
