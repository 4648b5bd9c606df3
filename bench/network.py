"""Counts what builds download, and slows it down if asked to: a proxy, and mirrors of the indexes of pip and npm.

The mirrors answer as the indexes themselves do in public: with headers that allow caching. They are needed only where
another cache between here and there takes these headers away, as then pip and npm keep nothing.

A line with a speed and a delay stands for the connection of a user where the indexes are next door: all that comes in
shares the speed, and each question waits for its answer at least as long as the delay.
"""

import http.client
import json
import re
import select
import socket
import socketserver
import threading
import time
import urllib.parse
import urllib.request
import zlib
from http.server import BaseHTTPRequestHandler

LONG = "max-age=31536000, immutable, public"
SHORT = "max-age=600, public"
# Seconds for one answer of an index, how often one is asked for in all, and the bytes that are passed on at once.
PATIENCE = 60
ATTEMPTS = 4
PIECE = 1 << 16


def patiently(ask):
    """An index that does not answer is asked again: what is measured is the build, not the index."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return ask()
        except (OSError, http.client.HTTPException) as error:
            # What an index refuses is its answer.
            is_final = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if is_final or attempt == ATTEMPTS:
                raise
            time.sleep(attempt)


class Counter:
    """Bytes received from outside, from several threads."""

    def __init__(self):
        self.bytes = 0
        self.lock = threading.Lock()

    def add(self, count):
        with self.lock:
            self.bytes += count

    def reset(self):
        with self.lock:
            count, self.bytes = self.bytes, 0
        return count


class Line:
    """A connection to the outside: bytes a second, and seconds from a question to its answer. Without them it is free."""

    def __init__(self, speed=None, delay=0.0):
        self.speed = speed
        self.delay = delay
        self.free_at = 0.0
        self.lock = threading.Lock()

    @classmethod
    def of(cls, text):
        """`24mbit` or `24mbit,20ms`."""
        match = re.fullmatch(r"(\d+)mbit(?:,(\d+)ms)?", text)
        if not match:
            raise ValueError(f"{text!r} is no line: 24mbit or 24mbit,20ms")
        return cls(int(match[1]) * 1e6 / 8, int(match[2] or 0) / 1e3)

    def __str__(self):
        speed = f"{self.speed * 8 / 1e6:.0f} Mbit/s" if self.speed else "any speed"
        return f"{speed}, {self.delay * 1e3:.0f} ms to an answer"

    def wait_for(self, count):
        """Until that many bytes are through, behind those of others."""
        if self.speed is None:
            return
        with self.lock:
            now = time.monotonic()
            # Whoever wakes up late makes up for it.
            self.free_at = max(now - 0.1, self.free_at) + count / self.speed
            wait = self.free_at - now
        if wait > 0:
            time.sleep(wait)

    def wait_for_answer(self):
        if self.delay:
            time.sleep(self.delay)


class Handler(BaseHTTPRequestHandler):
    """`CONNECT` for HTTPS, plain requests for the rest, and the mirrors below `/pip/` and `/npm/`."""

    protocol_version = "HTTP/1.1"
    server: "Network"

    def log_message(self, *_):
        pass

    def do_CONNECT(self):
        host, _, port = self.path.rpartition(":")
        try:
            far = patiently(lambda: socket.create_connection((host, int(port)), timeout=PATIENCE))
        except OSError as error:
            self.send_error(502, str(error))
            return
        self.server.line.wait_for_answer()
        self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        pair = [self.connection, far]
        was_asked = False
        with far:
            while True:
                ready, _, _ = select.select(pair, [], [], 300)
                if not ready:
                    break
                ended = False
                for one in ready:
                    data = one.recv(PIECE)
                    if not data:
                        ended = True
                        break
                    if one is far:
                        self.server.counter.add(len(data))
                        if was_asked:
                            self.server.line.wait_for_answer()
                        self.server.line.wait_for(len(data))
                    was_asked = one is not far
                    (far if one is self.connection else self.connection).sendall(data)
                if ended:
                    break
        self.close_connection = True

    def do_GET(self):
        if self.path.startswith("http://"):
            return self.forward()
        if self.path.startswith("/pip/simple/"):
            return self.mirror(self.server.pip_index + self.path[len("/pip/simple/") :], self.rewrite_links, SHORT)
        if self.path.startswith("/pip/file/"):
            return self.mirror(urllib.parse.unquote(self.path[len("/pip/file/") :]), None, LONG)
        if self.path.startswith("/npm/"):
            is_file = self.path.endswith(".tgz")
            return self.mirror(
                self.server.npm_registry + self.path[len("/npm/") :],
                None if is_file else self.rewrite_packument,
                LONG if is_file else SHORT,
            )
        self.send_error(404)

    do_HEAD = do_GET

    def forward(self):
        """A plain request, as apt makes."""
        url = urllib.parse.urlsplit(self.path)
        hops = {"proxy-connection", "connection", "keep-alive"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in hops}

        def ask():
            far = http.client.HTTPConnection(url.netloc, timeout=PATIENCE)
            far.request(self.command, urllib.parse.urlunsplit(("", "", *url[2:])), headers=headers)
            answer = far.getresponse()
            return answer, answer.read()

        try:
            answer, body = patiently(ask)
        except (OSError, http.client.HTTPException) as error:
            return self.send_error(502, str(error))
        self.server.counter.add(len(body))
        self.send_response(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                self.send_header(name, value)
        self.finish_with(body, answer.getheader("Content-Length") if self.command == "HEAD" else None)

    def mirror(self, url, rewrite, caching):
        # An answer that was cached is asked for again with its tag: it is never another, as versions are pinned.
        request = urllib.request.Request(url, headers={"Accept": self.headers.get("Accept", "*/*")})

        def ask():
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.read(), answer.headers.get("Content-Type", "application/octet-stream")

        try:
            body, kind = patiently(ask)
        except urllib.error.HTTPError as error:
            return self.send_error(error.code)
        except (OSError, http.client.HTTPException) as error:
            return self.send_error(502, str(error))
        self.server.counter.add(len(body))
        if rewrite:
            body = rewrite(body)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", caching)
        self.send_header("ETag", f'"{zlib.crc32(body):x}"')
        self.finish_with(body)

    def finish_with(self, body, length=None):
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        self.server.line.wait_for_answer()
        if self.command != "HEAD":
            for start in range(0, len(body), PIECE):
                piece = body[start : start + PIECE]
                self.server.line.wait_for(len(piece))
                self.wfile.write(piece)

    def rewrite_links(self, body):
        """The files of a package come through the mirror, too."""
        own = f"{self.server.address}/pip/file/".encode()
        return re.sub(rb"https://[^\s\"'#]+/packages/", lambda it: own + it[0], body)

    def rewrite_packument(self, body):
        own = f"{self.server.address}/npm/".encode()
        return body.replace(self.server.npm_registry.encode(), own)


class Network(socketserver.ThreadingTCPServer):
    """The proxy and the mirrors, on one address of this machine."""

    allow_reuse_address = True
    daemon_threads = True
    # Bun opens dozens of connections at once, and waits for ever for one that nobody took.
    request_queue_size = 256

    def __init__(self, port=0, pip_index="", npm_registry="", host="127.0.0.1", line=None):
        super().__init__((host, port), Handler)
        self.counter = Counter()
        self.line = line or Line()
        self.address = f"http://{host}:{self.server_address[1]}"
        self.pip_index = pip_index
        self.npm_registry = npm_registry
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """A builder that hangs up is no error."""


def ask(command):
    """The first line that a command prints."""
    import subprocess

    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()


def npm_default_registry():
    """Where npm on this machine gets its packages."""
    return ask(["npm", "config", "get", "registry"])


def pip_default_index():
    """Where pip on this machine gets its packages."""
    import sys

    text = "import json; from pip._internal.models.index import PyPI; print(json.dumps(PyPI.simple_url))"
    return json.loads(ask([sys.executable, "-c", text])) + "/"
