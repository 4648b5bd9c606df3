#!/usr/bin/env python3
"""Compares what `dockopt context` says a build sends with what a real BuildKit receives.

The engine of Docker prints the bytes of its context transfer: the contents of the files, and what it is told of each.
This script works out the same number from dockopt's list of files that are sent, and compares.

It needs a Docker engine with BuildKit, `cc`, and nothing of a registry: all base images are one small image whose
shells do nothing, so that every `RUN` succeeds at once. With buildx, what is compared is more: `COPY --link`, heredocs,
names that are not ASCII. Each build is one of a new client, to which the builder owes the whole context; nothing is taken
out of the caches of the machine.

    python3 tests/context_transfer.py --dockopt target/release/dockopt FOLDER...
    python3 tests/context_transfer.py --dockopt target/release/dockopt --random 200
"""

import argparse
import json
import os
import random
import re
import shutil
import stat
import subprocess
import sys
import tempfile

IMAGE = "dockopt-nothing"
UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}
CHUNK = 32 * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folders", nargs="*", help="folders with Dockerfiles and their contexts")
    parser.add_argument("--dockopt", default="target/release/dockopt")
    parser.add_argument("--docker", default="docker")
    parser.add_argument("--random", type=int, default=0, help="number of random trees")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=12, help="builds of one folder")
    args = parser.parse_args()
    docker = Docker(args.docker)
    counts = {"agree": 0, "differ": 0, "skipped": 0}
    for folder in args.folders:
        for build in builds_of(args.dockopt, folder)[: args.most]:
            compare(docker, os.path.abspath(folder), build, counts)
    for number in range(args.random):
        with tempfile.TemporaryDirectory() as folder:
            generate(random.Random(args.seed * 100_000 + number), folder, docker.is_modern)
            for build in builds_of(args.dockopt, folder):
                compare(docker, folder, build, counts, f"random {number}")
    print(counts)
    return 1 if counts["differ"] else 0


def builds_of(dockopt, folder):
    command = [os.path.abspath(dockopt), "context", "--format", "json", "."]
    result = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if not result.stdout:
        print(f"{folder}: {result.stderr.decode(errors='replace').strip()}")
        return []
    builds = json.loads(result.stdout)["builds"]
    return [it for it in builds if it["context_name"] is None]


def compare(docker, folder, build, counts, name=None):
    name = f"{name or folder}: {build['dockerfile']}"
    context = os.path.join(folder, build["context"])
    # Two bytes say that all was sent; they come whenever anything is asked for, even if there is nothing.
    expected = transfer(context, build["entries"]) + (2 if build["asks"] else 0)
    received, error = docker.build(folder, build)
    if received is None and error is not None:
        counts["skipped"] += 1
        print(f"{name}: skipped: {error}")
        return
    received = received or 0
    # The number is printed with three figures, or four.
    agree = received == expected or received >= 1000 and abs(received - expected) <= 0.005 * expected
    if not agree and error is not None:
        # A step that fails ends the transfer, too.
        counts["skipped"] += 1
        print(f"{name}: skipped: {error}")
    elif agree:
        counts["agree"] += 1
        print(f"{name}: {expected} bytes")
    else:
        counts["differ"] += 1
        print(f"{name}: DIFFERS: dockopt expects {expected} bytes, BuildKit received {received}; {error or ''}")


def varint(number):
    size = 1
    while number > 127:
        number >>= 7
        size += 1
    return size


def field(length):
    """A text or message of that length, with its tag."""
    return 1 + varint(length) + length if length else 0


def transfer(context, entries):
    """The bytes of all packets that describe the entries and hold their contents."""
    sent = [it for it in entries if it["status"] == "sent"]
    # The order of the walk is that of the paths, part by part.
    sent.sort(key=lambda it: it["path"].split("/"))
    total, seen = 0, {}
    for number, entry in enumerate(sent):
        path = os.path.join(context, entry["path"])
        info = os.lstat(path)
        mode = stat.S_IMODE(info.st_mode) & 0o777
        for bit, go in ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20)):
            mode |= go if info.st_mode & bit else 0
        size, told, link = 0, 0, ""
        if stat.S_ISDIR(info.st_mode):
            mode |= 1 << 31
        else:
            size = told = info.st_size
            if stat.S_ISLNK(info.st_mode):
                mode |= 1 << 27
                link = os.readlink(path)
            elif info.st_nlink > 1:
                first = seen.setdefault((info.st_dev, info.st_ino), entry["path"])
                if first != entry["path"]:
                    size, link = 0, first
        described = field(len(entry["path"].encode())) + field(len(link.encode()))
        described += 1 + varint(mode) if mode else 0
        # The second name of a file comes with its size, but without its contents.
        described += 1 + varint(told) if told else 0
        described += 1 + varint(info.st_mtime_ns)
        total += 1 + varint(described) + described
        if stat.S_ISREG(info.st_mode) and not link:
            head = 2 + (1 + varint(number) if number else 0)
            total += head
            while size > 0:
                total += head + field(min(size, CHUNK))
                size -= CHUNK
    return total


class Docker:
    def __init__(self, program):
        self.program = program
        self.is_modern = self.run(["buildx", "version"]).returncode == 0
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "nothing.c")
            with open(source, "w", encoding="utf-8") as file:
                file.write("int main(void) { return 0; }\n")
            os.makedirs(os.path.join(folder, "root/bin"))
            shell = os.path.join(folder, "root/bin/sh")
            subprocess.run(["cc", "-static", "-o", shell, source], check=True)
            for name in ("bash", "ash"):
                shutil.copy(shell, os.path.join(folder, "root/bin", name))
            os.makedirs(os.path.join(folder, "root/etc"))
            tar = subprocess.run(["tar", "-C", os.path.join(folder, "root"), "-c", "."], capture_output=True, check=True)
            self.run(["import", "-", IMAGE], input=tar.stdout)

    def run(self, command, **more):
        env = dict(os.environ, DOCKER_BUILDKIT="1", **more.pop("env", {}))
        return subprocess.run([self.program, *command], capture_output=True, check=False, env=env, **more)

    def build(self, folder, build):
        """The bytes that were received, and what went wrong, if something did."""
        with open(os.path.join(folder, build["dockerfile"]), encoding="utf-8", errors="replace") as file:
            text = file.read()
        text, problem = self.prepared(text)
        if problem:
            return None, problem
        with tempfile.TemporaryDirectory() as temp:
            dockerfile = os.path.join(temp, "Dockerfile")
            with open(dockerfile, "w", encoding="utf-8") as file:
                file.write(text)
            # The engine looks for the ignore file beside the Dockerfile first.
            if build["ignore_file"]:
                shutil.copy(os.path.join(folder, build["ignore_file"]), dockerfile + ".dockerignore")
            elif os.path.exists(os.path.join(folder, build["context"], ".dockerignore")):
                return None, "its ignore file is not heeded"
            # The builder remembers what a client has sent by a name that the client finds in its settings.
            env = {"BUILDX_CONFIG" if self.is_modern else "DOCKER_CONFIG": temp}
            command = ["build", "--progress=plain", "--network=host", "--force-rm", "-f", dockerfile]
            if self.is_modern:
                command += ["--output", "type=cacheonly"]
            if build["target"]:
                command += ["--target", build["target"]]
            result = self.run([*command, os.path.join(folder, build["context"])], env=env)
        output = result.stderr.decode(errors="replace")
        output_of_all = output
        step = re.search(r"(?m)^#(\d+) \[internal\] load build context", output)
        # The ignore file is fetched in the same words, by another step.
        output = "\n".join(it for it in output.splitlines() if not step or it.startswith(f"#{step.group(1)} "))
        found = re.findall(r"transferring context: ([0-9.]+)([kMG]?B)", output) if step else []
        received = round(float(found[-1][0]) * UNITS[found[-1][1]]) if found else None
        if result.returncode == 0:
            return received or 0, None
        if "not found" in output_of_all:
            return None, "something that it copies is not there"
        lines = [it for it in result.stderr.decode(errors="replace").splitlines() if "rror" in it or "fail" in it]
        # A step that fails does not keep the transfer from being counted, if it came first and was done.
        done = step and re.search(r"transferring context: [^\n]* done", output)
        return (received if done else None), (lines or ["it fails"])[-1][:160]

    def prepared(self, text):
        """The Dockerfile without the frontend that would be fetched, on images that are here."""
        text = re.sub(r"(?im)^#\s*syntax\s*=.*$", "#", text)
        if not self.is_modern:
            text = re.sub(r"--link\b(=true)?", "", text)
        stages = {it.lower() for it in re.findall(r"(?im)^\s*FROM\s.*?\sAS\s+(\S+)", text)}

        def base(match):
            name = match.group(2)
            if name.lower() in stages or name == "scratch":
                return match.group(1) + name
            return match.group(1) + IMAGE

        text = re.sub(r"(?im)^(\s*FROM\s+(?:--platform=\S+\s+)?)(\S+)", base, text)
        text = re.sub(r"(?im)^(\s*FROM\s+)--platform=\S+\s+", r"\1", text)
        text = re.sub(r"(?im)(--from=|,from=)([^\s,]+)", lambda it: it.group(1) + it.group(2), text)
        for name in re.findall(r"(?i)(?:--from=|,from=)([^\s,]+)", text):
            if name.lower() not in stages and not name.isdigit():
                return text, f"it copies from the image {name}"
        if not self.is_modern and re.search(r"(?m)^\s*(RUN|COPY|ADD)\b.*<<", text):
            return text, "the engine may not know heredocs"
        return text, None


def generate(rng, folder, is_modern):
    """A random tree, an ignore file, and Dockerfiles that ask for some of it."""
    names = ["a", "b", "ab", "src", "x.log", "node_modules", ".env", "a b", "é", "foo.txt"]
    paths = []
    for _ in range(rng.randint(3, 25)):
        path = "/".join(rng.choice(names) for _ in range(rng.randint(1, 4)))
        full = os.path.join(folder, path)
        try:
            os.makedirs(os.path.dirname(full), exist_ok=True)
            kind = rng.random()
            if os.path.lexists(full):
                continue
            if kind < 0.15:
                target = rng.choice(["a", "../a", "../src", "/b", "../../outside", ".", "b/../a", "*", full])
                os.symlink(target, full)
            elif kind < 0.2 and paths and os.path.isfile(os.path.join(folder, paths[-1])):
                os.link(os.path.join(folder, paths[-1]), full)
            elif kind < 0.3:
                os.makedirs(full)
            else:
                with open(full, "wb") as file:
                    file.write(b"x" * rng.randint(0, 150))
            paths.append(path)
        except (FileExistsError, NotADirectoryError, OSError):
            continue
    patterns = [*names, "*", "**", "*/a", "**/b", "src/**", "*.log", "a/b", "a*", "?b", "[ab]", "**/*.log", "src/"]
    if rng.random() < 0.7:
        lines = [rng.choice(["", "", "!"]) + rng.choice(patterns) for _ in range(rng.randint(1, 5))]
        with open(os.path.join(folder, ".dockerignore"), "w", encoding="utf-8") as file:
            file.write("\n".join([*lines, "Dockerfile*", ""]))
    sources = [*paths, *[os.path.dirname(it) or "." for it in paths], "a*", "src", "*.log", "?"]
    # Older engines stumble over other letters in the JSON form.
    sources = [it for it in sources if is_modern or it.isascii()]
    stages, last = [], rng.randint(1, 3)
    for number in range(last):
        base = rng.choice([f"s{number - 1}", IMAGE]) if number else IMAGE
        lines = [f"FROM {base} AS s{number}"]
        for _ in range(rng.randint(0, 3)):
            source = rng.choice(sources)
            kind = rng.random()
            if kind < 0.6:
                lines.append(f"COPY {json.dumps([source, '/x/'], ensure_ascii=False)}")
            elif kind < 0.7:
                lines.append(f"ADD {json.dumps([source, '/y/'], ensure_ascii=False)}")
            elif kind < 0.8 and "*" not in source and "?" not in source and " " not in source:
                lines.append(f"RUN --mount=type=bind,source={source},target=/m true")
            elif kind < 0.88:
                lines.append("RUN --mount=type=tmpfs,target=/t true")
            elif kind < 0.94 and number:
                lines.append(f"COPY --from=s{rng.randrange(number)} /bin/sh /from{number}")
            else:
                lines.append("RUN true")
        stages.append("\n".join(lines))
    with open(os.path.join(folder, "Dockerfile"), "w", encoding="utf-8") as file:
        file.write("\n".join(stages) + "\n")
    # Some of what is copied is not there, so that the context cannot be inferred.
    with open(os.path.join(folder, "dockopt.toml"), "w", encoding="utf-8") as file:
        file.write('[contexts]\nDockerfile = "."\n')


if __name__ == "__main__":
    sys.exit(main())
