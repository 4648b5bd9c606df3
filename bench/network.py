"""Counts what builds download: an HTTP proxy, and mirrors of the package indexes of pip and npm.

The mirrors answer as the indexes themselves do in public: with headers that allow caching. They are needed only where
another cache between here and there takes these headers away, as then pip and npm keep nothing.
"""

import http.client
import json
import re
import select
import socket
import socketserver
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler

LONG = "max-age=31536000, immutable, public"
SHORT = "max-age=600, public"


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


class Handler(BaseHTTPRequestHandler):
    """`CONNECT` for HTTPS, plain requests for the rest, and the mirrors below `/pip/` and `/npm/`."""

    protocol_version = "HTTP/1.1"
    server: "Network"

    def log_message(self, *_):
        pass

    def do_CONNECT(self):
        host, _, port = self.path.rpartition(":")
        try:
            far = socket.create_connection((host, int(port)), timeout=60)
        except OSError as error:
            self.send_error(502, str(error))
            return
        self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        pair = [self.connection, far]
        with far:
            while True:
                ready, _, _ = select.select(pair, [], [], 300)
                if not ready:
                    break
                ended = False
                for one in ready:
                    data = one.recv(1 << 16)
                    if not data:
                        ended = True
                        break
                    if one is far:
                        self.server.counter.add(len(data))
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
        far = http.client.HTTPConnection(url.netloc, timeout=120)
        hops = {"proxy-connection", "connection", "keep-alive"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in hops}
        try:
            far.request(self.command, urllib.parse.urlunsplit(("", "", *url[2:])), headers=headers)
            answer = far.getresponse()
            body = answer.read()
        except OSError as error:
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
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                body, kind = answer.read(), answer.headers.get("Content-Type", "application/octet-stream")
        except urllib.error.HTTPError as error:
            return self.send_error(error.code)
        except OSError as error:
            return self.send_error(502, str(error))
        self.server.counter.add(len(body))
        if rewrite:
            body = rewrite(body)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", caching)
        self.send_header("ETag", f'"{hash(body) & 0xFFFFFFFFFFFF:x}"')
        self.finish_with(body)

    def finish_with(self, body, length=None):
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def rewrite_links(self, body):
        """The files of a package come through the mirror, too."""
        own = f"{self.server.address}/pip/file/".encode()
        return re.sub(rb"https://[^\s\"'#]+/packages/", lambda it: own + it[0], body)

    def rewrite_packument(self, body):
        own = f"{self.server.address}/npm/".encode()
        return body.replace(self.server.npm_registry.encode(), own)


class Network(socketserver.ThreadingTCPServer):
    """The proxy and the mirrors, on this machine alone."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port=0, pip_index="", npm_registry=""):
        super().__init__(("127.0.0.1", port), Handler)
        self.counter = Counter()
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
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
