#!/usr/bin/env python3
"""Proves the cache mounts of `dockopt fix` by real builds: one small project per package manager.

Each project of `bench/projects` is built as it is and as `dockopt fix` leaves it. Then

1. both images hold the same files, but for caches, logs and times, and the program in both prints what it should;
2. a dependency is added, and the second build of the fixed project downloads less than half of the bytes;
3. so nothing that was in the image is now only in a mount.

Needs Linux, Docker with BuildKit, Python 3.11 and a built dockopt. The base images are those of the projects; where no
registry of images can be reached, `bench/bases.sh` makes some that stand in for them.

Images and folders that are made for this are removed, and nothing is taken out of the caches of the machine.

usage: bench/managers.py [--docker 'docker -H …'] [--dockopt PATH] [--only pip,npm] [--mirrors] [--limit 900]
"""

import argparse
import hashlib
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from pathlib import Path

from network import Network, npm_default_registry, pip_default_index

HERE = Path(__file__).resolve().parent

# What may differ: caches, lists and logs of package managers, and files made by running programs.
IGNORED = re.compile(
    r"""^(
      (root|home/\w+)/\.(cache|npm|bun/install/cache|yarn/berry|local/share/pnpm/store|node-gyp)(/|$)
    | (root|home/\w+)/\.(bun(/install)?|local(/share(/pnpm)?)?)$ # what is above those, and is empty without them
    | (var/(cache|log|lib/apt/lists)|tmp|usr/local/share/\.cache|usr/local/cargo/(registry|git)|etc/apk/cache)(/|$)
    | usr/local/cargo/\.(package-cache|global-cache).*
    | var/lib/(dpkg|apt)/.*(lock|-old|extended_states)$
    | (etc/(hosts|hostname|resolv\.conf|mtab)|dev/.*|proc/.*|sys/.*|\.dockerenv)$
    )""",
    re.VERBOSE,
)
# Files that hold times, or a path in a cache: they have to be there, what they hold may differ.
CONTENT_IGNORED = re.compile(
    r"(\.pyc$|/target/.*(\.d|\.fingerprint/.*|build/.*/(output|root-output|invoked\.timestamp)|/invoked\.timestamp|\.rustc_info\.json)$"
    r"|node_modules/\.(modules\.yaml|yarn-state\.yml|yarn-integrity|package-lock\.json|pnpm-workspace-state.*)$"
    r"|\.dist-info/(RECORD|direct_url\.json|uv_cache\.json)$|var/lib/dpkg/status$|^root/\.local/state/pnpm/pnpm-state\.json$|/\.yarn/install-state\.gz$|^etc/ld\.so\.cache$|Dockerfile$)"
)

# What is said where an index does not answer, which says nothing of the build.
NO_ANSWER = re.compile(
    r"timed? ?out|ETIMEDOUT|ECONNRESET|EAI_AGAIN|connection (reset|broken|aborted)|RemoteDisconnected"
    r"|temporary failure|502 |bad gateway|Connection failed|ConnectionClosed",
    re.IGNORECASE,
)
# The settings of package managers that name an index and say how patient they are with it.
PATIENCE = {"PIP_DEFAULT_TIMEOUT": 60, "PIP_RETRIES": 8, "POETRY_REQUESTS_TIMEOUT": 60, "POETRY_REQUESTS_MAX_RETRIES": 5,
            "UV_HTTP_TIMEOUT": 60, "PDM_REQUEST_TIMEOUT": 60}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--docker", default="docker", help="the client, with its options")
    parser.add_argument("--dockopt", default=str(HERE.parent / "target/release/dockopt"))
    parser.add_argument("--only", help="projects, separated by commas")
    parser.add_argument("--mirrors", action="store_true", help="pip and npm ask mirrors that allow them to keep answers")
    parser.add_argument("--limit", type=int, default=900, help="the seconds that one build may take")
    options = parser.parse_args()
    # The folder of the projects is removed then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names = options.only.split(",") if options.only else sorted(it.name for it in (HERE / "projects").iterdir())
    network = Network(0, pip_default_index(), npm_default_registry())
    bench = Bench(shlex.split(options.docker), options.dockopt, network, options.mirrors, options.limit)
    print("| manager | files compared | runs | cold MB, before → after | a dependency more, MB | ratio | |")
    print("| --- | ---: | --- | ---: | ---: | ---: | --- |")
    try:
        failed = [name for name in names if not bench.project(name)]
    finally:
        bench.remove(*bench.bases.values())
    print(f"\n{len(names) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


class Bench:
    def __init__(self, docker, dockopt, network=None, mirrors=False, limit=900):
        self.docker = docker
        self.dockopt = dockopt
        self.network = network
        self.limit = limit
        self.env = {**os.environ, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"}
        self.settings = dict(PATIENCE)
        if mirrors:
            # Without TLS pip keeps only what comes from a host that it is told to trust.
            pip = f"{network.address}/pip/simple"
            self.settings |= {"PIP_INDEX_URL": f"{pip}/", "PIP_TRUSTED_HOST": "127.0.0.1", "PDM_PYPI_URL": pip}
            self.settings["npm_config_registry"] = f"{network.address}/npm/"
        # The images whose settings are those, by the names of those that they stand in for.
        self.bases = {}

    def run(self, command, accept=(0,)):
        try:
            result = subprocess.run(command, env=self.env, capture_output=True, text=True, errors="replace", timeout=self.limit)
        except subprocess.TimeoutExpired as error:
            said = ((error.stdout or b"") + (error.stderr or b"")).decode(errors="replace")
            raise Failed(f"{shlex.join(map(str, command))}\nwas not done in {self.limit} s; last it said\n{said[-3000:]}") from None
        if result.returncode not in accept:
            raise Failed(f"{shlex.join(map(str, command))}\n{result.stdout[-3000:]}\n{result.stderr[-6000:]}")
        return result.stdout

    def project(self, name):
        """One line of the table; whether all is as it should be."""
        source = HERE / "projects" / name
        settings = tomllib.loads((source / "bench.toml").read_text())
        # Each build has a tag of its own, so that no image is left without one.
        tags = [f"bench-{name}-{it}" for it in ("before", "after")]
        more = [f"{it}-more" for it in tags]
        problems = []
        with tempfile.TemporaryDirectory() as temp:
            before, after = Path(temp, "before"), Path(temp, "after")
            try:
                shutil.copytree(source, before, ignore=shutil.ignore_patterns("bench.toml"))
                image = re.search(r"^FROM (\S+)", (before / "Dockerfile").read_text(), re.MULTILINE)[1]
                self.lock(before, image, settings)
                shutil.copytree(before, after)
                # 1 says that findings are left.
                self.run([self.dockopt, "fix", "--isolated", str(after)], accept=(0, 1))
                if (before / "Dockerfile").read_text() == (after / "Dockerfile").read_text():
                    problems.append("dockopt changed nothing")
                salts = [f"{time.time_ns()}-{it}" for it in tags]
                cold = [self.build(*it, image, "--no-cache") for it in zip((before, after), tags, salts)]
                files = [self.files(it) for it in tags]
                problems += differences(*files)
                runs = True
                for tag in tags:
                    printed = self.run([*self.docker, "run", "--rm", "--network=none", tag])
                    if settings["prints"] not in printed:
                        runs = False
                        problems.append(f"{tag}: printed {printed!r}")
                for folder in (before, after):
                    for change in settings["change"]:
                        path = folder / change["file"]
                        text = path.read_text()
                        if text.count(change["replace"]) != 1:
                            raise Failed(f"{path}: {change['replace']!r} does not stand there once")
                        path.write_text(text.replace(change["replace"], change["by"]))
                self.lock(before, image, settings)
                for lock in before.iterdir():
                    if lock.is_file() and lock.name != "Dockerfile":
                        shutil.copy(lock, after / lock.name)
                warm = [self.build(*it, image) for it in zip((before, after), more, salts)]
                ratio = warm[1] / max(warm[0], 1)
                if ratio >= 0.5:
                    problems.append(f"a dependency more downloads {ratio:.0%} of what it did")
                mega = [f"{it / 1e6:.1f}" for it in (*cold, *warm)]
                print(
                    f"| {name} | {len(files[0])} | {'yes' if runs else 'no'} | {mega[0]} → {mega[1]} "
                    f"| {mega[2]} → {mega[3]} | {ratio:.2f} | {'**failed**' if problems else ''} |",
                    flush=True,
                )
            except Failed as error:
                problems.append(str(error))
                print(f"| {name} | | | | | | **failed** |", flush=True)
            finally:
                self.remove(*tags, *more)
        for problem in problems:
            print(f"{name}: {problem}", file=sys.stderr)
        return not problems

    def remove(self, *tags):
        subprocess.run([*self.docker, "image", "rm", "--force", *tags], env=self.env, capture_output=True)

    def base(self, image):
        """The image with the settings of this script, which both sides are built on."""
        if image not in self.bases:
            lines = [f"FROM {image}", *(f"ENV {key}={value}" for key, value in self.settings.items())]
            with tempfile.TemporaryDirectory() as temp:
                Path(temp, "Dockerfile").write_text("\n".join(lines) + "\n")
                tag = f"bench-base-{os.getpid()}:{re.sub('[^a-z0-9]+', '-', image)}"
                self.run([*self.docker, "build", "--tag", tag, temp])
            self.bases[image] = tag
        return self.bases[image]

    def lock(self, folder, image, settings):
        """Makes the lock file anew, with the manager itself: it belongs to the indexes of the day."""
        if command := settings.get("lock"):
            mount = ["--volume", f"{folder}:/lock", "--workdir", "/lock"]
            run = [*self.docker, "run", "--rm", "--network=host", *mount, self.base(image), "sh", "-ec", command]
            self.again(lambda: self.run(run))

    def again(self, step):
        """Does a step, and once more if an index did not answer."""
        try:
            return step()
        except Failed as error:
            if not NO_ANSWER.search(str(error)):
                raise
            last = str(error).strip().splitlines()[-1]
            print(f"note: done again, as an index did not answer: {last[:160]}", file=sys.stderr, flush=True)
            return step()

    def build(self, folder, tag, salt, image, *more):
        """Builds an image and gives the bytes that were downloaded."""
        proxy = [f"--build-arg={it}={self.network.address}" for it in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")]
        direct = [f"--build-arg={it}=127.0.0.1,localhost" for it in ("no_proxy", "NO_PROXY")]
        # The cache mounts of this project are its own, so that no earlier build helps.
        space = f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={salt}"
        base = f"--build-context={image}=docker-image://{self.base(image)}"
        command = [*self.docker, "build", "--network=host", *proxy, *direct, space, base, *more, "--tag", tag, str(folder)]

        def step():
            self.network.counter.reset()
            self.run(command)
            return self.network.counter.reset()

        return self.again(step)

    def files(self, tag):
        """The files of an image: path to what makes it up."""
        container = self.run([*self.docker, "create", tag]).strip()
        found = {}
        try:
            export = subprocess.Popen([*self.docker, "export", container], stdout=subprocess.PIPE, env=self.env)
            with tarfile.open(fileobj=export.stdout, mode="r|") as tar:
                digests = {}
                for entry in tar:
                    if entry.isreg():
                        digests[entry.name] = hashlib.sha256(tar.extractfile(entry).read()).hexdigest()
                    elif entry.islnk():
                        # A second name of a file: into a cache it is a link in one image and a copy in the other.
                        digests[entry.name] = digests.get(entry.linkname, "")
                    if IGNORED.match(entry.name):
                        continue
                    is_file = entry.isreg() or entry.islnk()
                    kind = "file" if is_file else entry.type
                    target = "" if is_file else entry.linkname
                    digest = "" if CONTENT_IGNORED.search(entry.name) else digests.get(entry.name, "")
                    found[entry.name] = (kind, stat.S_IMODE(entry.mode), entry.uid, entry.gid, target, digest)
            if export.wait() != 0:
                raise Failed(f"docker export {container} failed")
        finally:
            self.run([*self.docker, "rm", container])
        return found


def differences(before, after):
    """What one image has and the other has not, or has otherwise."""
    lost = sorted(before.keys() - after.keys())
    new = sorted(after.keys() - before.keys())
    other = sorted(it for it in before.keys() & after.keys() if before[it] != after[it])
    named = (("lost", lost), ("new", new), ("other", other))
    return [f"{len(paths)} files {what}: {', '.join(paths[:8])}" for what, paths in named if paths]


class Failed(Exception):
    """A step that did not work, with what it printed."""


if __name__ == "__main__":
    main()
