#!/usr/bin/env python3
"""Builds the founding case, four services with Poetry, before and after dockopt, and compares.

A copy of `testdata/services/in` gets what lies around in a real checkout. `dockopt bench` then builds it as it is, after
`dockopt fix`, and after `dockopt fix --unsafe-fixes`: cold, after a change of a line of code in each service, and after
a dependency was added to each; one after the other, and all at once. Then

1. the images before and after the safe fixes hold the same files, but for caches, times, and what is ignored;
2. the services start and answer, as they were and after the unsafe fixes;
3. what `dockopt init` writes builds all of them with one command.

Needs Linux, Docker with buildx, Python 3.11, git and a built dockopt. The base image is `python:3.11-slim`; where no
registry of images can be reached, `bench/bases.sh` makes one that stands in for it.

With `--line 24mbit,20ms` all that is downloaded comes over a line of that speed and delay, before as afterwards: where
the indexes are next door, most of what a user waits for is not there. Then only what was before is built one after the
other, and only what is afterwards at once, and nothing is checked.

usage: bench/services.py [--docker-path FOLDER] [--dockopt PATH] [--runs 3] [--megabytes 120] [--line 24mbit,20ms]
                         [--write docs/builds.md]
"""

import argparse
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "benches"))

import ballast  # noqa: E402
from managers import Bench, Failed, differences  # noqa: E402
from network import Line, Network  # noqa: E402

PORTS = {"orchestrator": 8000, "rag_service": 8001, "git_adapter": 8002, "coding_agent": 8003}
# Small, pure Python, and without dependencies of its own.
DEPENDENCY = "humanize"
# A version that writes lock files which those of all services read.
POETRY = "2.1.3"
# How many times as fast all has to be: built before one after the other, and afterwards with one command.
BARS = {"cold": 3, "a line of code": 100, "a dependency": 5}
# What is built at once.
AFTER = "fix --unsafe-fixes"
# What Python writes when a program is run, in one order or another.
BY_RUNNING = re.compile(r"/__pycache__(/|$)")
# Compiled from source in a folder whose name is never the same.
COMPILED = re.compile(r"/psycopg2/_psycopg\..*\.so$")
# What stands around the table, which is another one for a line.
START, START_LINE, END = (f"<!-- {it} -->" for it in ("measured", "measured over a line", "end"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--docker-path", help="the folder of the `docker` to use")
    parser.add_argument("--dockopt", default=str(ROOT / "target/release/dockopt"))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--megabytes", type=float, default=120, help="what lies around")
    parser.add_argument("--line", type=Line.of, help="the speed and the delay of what is downloaded, as 24mbit,20ms")
    parser.add_argument("--write", type=Path, help="the document whose table is to be replaced")
    options = parser.parse_args()
    # What was made for this is removed then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.docker_path:
        os.environ["PATH"] = f"{options.docker_path}:{os.environ['PATH']}"
    dockopt = os.path.abspath(options.dockopt)
    docker = Bench(["docker"], dockopt)
    problems = []
    with tempfile.TemporaryDirectory() as temp:
        folder, more = Path(temp, "services"), Path(temp, "dependency")
        shutil.copytree(ROOT / "testdata/services/in", folder)
        tell("a dependency is added to each service")
        add_dependency(docker, folder, more)
        tell("the checkout gets a history, caches and data")
        ballast.burden(folder, options.megabytes / 100)
        after = fixed(dockopt, folder, Path(temp, "unsafe"), "--unsafe-fixes")
        bench = [dockopt, "bench", "--isolated", "--runs", str(options.runs), "--format", "json"]
        bench += ["--change", f"a dependency={more}"]
        if options.line:
            os.environ["DOCKER_CONFIG"] = proxied(docker, options.line, Path(temp, "client"))
        # The tags are the same as of the others, so that those that are to be kept come last.
        at_once = measure([*bench, "--at-once", "."], after)
        if options.line:
            # This rule finds nothing here, so that what was before is all there is.
            one_by_one = measure([*bench, "--select", "unreachable-stage", "."], folder)
        else:
            one_by_one = measure([*bench, "--unsafe-fixes", "--keep-images", "."], folder)
            problems += check(docker, dockopt, folder, after, one_by_one, Path(temp))
    text = report(one_by_one, at_once, options)
    print(text)
    if options.write and not problems:
        start = START_LINE if options.line else START
        document = options.write.read_text()
        if start not in document:
            document += f"\n### Over a line of {options.line}\n\n{start}\n{END}\n"
        head, rest = document.split(start, 1)
        options.write.write_text(f"{head}{start}\n\n{text}\n{END}{rest.split(END, 1)[1]}")
    for problem in problems:
        print(f"problem: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


def check(docker, dockopt, folder, after, measured, temp):
    """What is wrong with the images that were kept, and with the one command."""
    tags = {it["name"]: [v and v["tag"] for v in it["variants"]] for it in measured["images"]}
    problems = [f"{it} was not built in all variants" for it in PORTS if None in tags.get(it, [None])]
    try:
        if not problems:
            problems += same_files(docker, dockopt, folder, tags, temp)
            for name in PORTS:
                for variant in (0, 2):
                    problems += answers(docker, name, tags[name][variant], measured["variants"][variant])
        one_command(docker, dockopt, after)
    except Failed as error:
        problems.append(str(error))
    finally:
        docker.remove(*(t for v in tags.values() for t in v if t))
    return problems


def proxied(docker, line, folder):
    """Settings of the client in which all that is downloaded comes over the line."""
    gateway = docker.run(["docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]).strip()
    network = Network(host=gateway, line=line)
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    folder.mkdir()
    for it in own.iterdir() if own.is_dir() else ():
        if it.name != "config.json":
            (folder / it.name).symlink_to(it)
    settings = json.loads((own / "config.json").read_text()) if (own / "config.json").exists() else {}
    proxy = {"httpProxy": network.address, "httpsProxy": network.address, "noProxy": "127.0.0.1,localhost"}
    (folder / "config.json").write_text(json.dumps({**settings, "proxies": {"default": proxy}}))
    return str(folder)


def tell(text):
    print(f"{time.strftime('%T')} {text}", file=sys.stderr, flush=True)


def add_dependency(docker, folder, more):
    """Lets Poetry add it to each service; what changes goes into a folder of its own."""
    recipe = f"FROM python:3.11-slim\nRUN pip install --quiet poetry=={POETRY}\n"
    image = "dockopt-bench-poetry"
    with tempfile.TemporaryDirectory() as temp:
        Path(temp, "Dockerfile").write_text(recipe)
        docker.again(lambda: docker.run(["docker", "build", "--tag", image, temp]))
    for name in PORTS:
        service, target = folder / "services" / name, more / "services" / name
        kept = {it: (service / it).read_bytes() for it in ("pyproject.toml", "poetry.lock")}
        mount = ["--volume", f"{folder}:/app", "--workdir", f"/app/services/{name}"]
        add = ["docker", "run", "--rm", *mount, image, "poetry", "add", "--lock", DEPENDENCY]
        docker.again(lambda add=add: docker.run(add))
        target.mkdir(parents=True)
        for file, content in kept.items():
            shutil.copy(service / file, target / file)
            (service / file).write_bytes(content)
    docker.run(["docker", "image", "rm", image])


def measure(command, folder):
    result = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    if result.returncode:
        sys.exit(f"`{' '.join(command)}` failed")
    return json.loads(result.stdout)


def fixed(dockopt, folder, copy, *options):
    """A copy of the folder after `dockopt fix`."""
    shutil.copytree(folder, copy, symlinks=True)
    ballast.run(dockopt, "fix", "--isolated", "--quiet", *options, ".", cwd=copy)
    return copy


def same_files(docker, dockopt, folder, tags, temp):
    """What differs between the images before and after the safe fixes, less what is not sent any more."""
    after = fixed(dockopt, folder, temp / "safe")
    sent = [ballast.measure(dockopt, it) for it in (folder, after)]
    problems = []
    for name in PORTS:
        tell(f"the files of {name} are compared")
        path = f"services/{name}/Dockerfile"
        before, after_it = (set(it[path][1]) for it in sent)
        kept_back = before - after_it
        # A folder is left out with all that is in it, empty folders too.
        folders = {above for it in kept_back for above in Path(it).parents} - {above for it in after_it for above in Path(it).parents}

        def is_kept_back(key):
            own = Path(key.removeprefix("app/"))
            return str(own) in kept_back or own in folders or any(it in folders for it in own.parents)

        files = [docker.files(tag) for tag in tags[name][:2]]
        files[0] = {key: it for key, it in files[0].items() if key in files[1] or not is_kept_back(key)}
        for one, other in (files, files[::-1]):
            for key in [it for it in one if BY_RUNNING.search(it) and it not in other or COMPILED.search(it)]:
                one.pop(key)
                other.pop(key, None)
        problems += [f"{name}: {it}" for it in differences(*files)]
        print(f"{name}: {len(files[0])} files compared, {len(kept_back)} files and folders are not sent any more", file=sys.stderr)
    return problems


def answers(docker, name, tag, variant):
    """Starts a service and asks whether it is well."""
    publish = f"127.0.0.1::{PORTS[name]}"
    container = docker.run(["docker", "run", "--detach", "--publish", publish, tag]).strip()
    try:
        address = docker.run(["docker", "port", container, str(PORTS[name])]).splitlines()[0]
        error = None
        for _ in range(60):
            try:
                with urllib.request.urlopen(f"http://{address}/health", timeout=2) as answer:
                    tell(f"{name} answers {answer.status}, {variant}")
                    return []
            except OSError as it:
                error = it
            time.sleep(0.5)
        logs = subprocess.run(["docker", "logs", container], capture_output=True, text=True)
        return [f"{name} does not answer, {variant}: {error}\n{logs.stderr[-1000:]}"]
    finally:
        docker.run(["docker", "rm", "--force", container])


def one_command(docker, dockopt, after):
    """Builds with what `dockopt init` writes."""
    docker.run([dockopt, "init", "--isolated", "--quiet", str(after)])
    start = time.monotonic()
    docker.env["TAG"] = "dockopt-bench"
    docker.run([str(after / "scripts/build-optimized.sh")])
    tell(f"scripts/build-optimized.sh builds all in {time.monotonic() - start:.0f} s")
    docker.remove(*(f"{it}:dockopt-bench" for it in PORTS))


def report(one_by_one, at_once, options):
    """The tables in Markdown."""
    variants, scenarios = one_by_one["variants"], one_by_one["scenarios"]
    median = lambda runs: statistics.median(runs) if runs else None  # noqa: E731
    seconds = lambda it: "–" if it is None else f"{it:.1f}" if it < 10 else f"{it:.0f}"  # noqa: E731
    mega = lambda it: "–" if it is None else f"{it / 1e6:.2f} MB" if it < 1e7 else f"{it / 1e6:.0f} MB"  # noqa: E731
    lines = [
        f"| image | built | {' | '.join(scenarios)} | context | image size |",
        f"| --- | --- | {'---: | ' * (len(scenarios) + 2)}".rstrip(),
    ]

    def row(name, variant, times, sizes):
        cells = [name, f"`{variant}`" if variant.startswith("fix") else variant, *map(seconds, times), *map(mega, sizes)]
        lines.append(f"| {' | '.join(cells)} |")

    for image in one_by_one["images"]:
        shown = image["name"]
        for variant, it in zip(variants, image["variants"]):
            if it:
                row(shown, variant, map(median, it["seconds"]), (it["context_bytes"], it["image_bytes"]))
                shown = ""
    built = [("**one after the other**", one_by_one, at, it) for at, it in enumerate(variants)]
    built.append(("**all at once**", at_once, 0, AFTER))
    last = None
    for title, measured, at, variant in built:
        figures = [it["variants"][at] for it in measured["images"] if it["variants"][at]]
        sums = [sum(it[key] or 0 for it in figures) for key in ("context_bytes", "image_bytes")]
        row("" if title == last else title, variant, map(median, measured["total"][at]), sums)
        last = title
    # How it was built before: one after the other; how it is built afterwards: with one command.
    lines += ["", "| times as fast as before | " + " | ".join(scenarios) + " |", "| --- | " + "---: | " * len(scenarios)]
    ratios = []
    for title, measured, at, variant in built[1:]:
        ratios = [median(a) / median(b) for a, b in zip(one_by_one["total"][0], measured["total"][at])]
        lines.append(f"| `{variant}`, {title.strip('*')} | {' | '.join(f'{it:.1f}' for it in ratios)} |")
    bars = []
    for scenario, ratio in zip(scenarios, ratios):
        kept = "kept" if ratio >= BARS[scenario] else "**missed**"
        bars.append(f"{scenario}: {ratio:.1f}, at least {BARS[scenario]}, {kept}")
    machine = one_by_one["machine"]
    runs = "one run" if options.runs == 1 else f"medians of {options.runs} runs"
    if options.line:
        runs += f", with all that is downloaded at {options.line}, before as afterwards"
    lines += [
        "",
        f"Bars, for the last line: {'; '.join(bars)}.",
        "",
        f"Seconds, {runs}, on {date.today()}: {processor()}, {machine['processors']} processors, Linux {platform.release()}, "
        f"Docker {machine['docker']}, buildx {machine['buildx']}; load of the machine {os.getloadavg()[2]:.1f}.",
    ]
    return "\n".join(it.rstrip() for it in lines) + "\n"


def processor():
    names = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return names[0].strip() if names else platform.machine()


if __name__ == "__main__":
    main()
