"""A timestamp authority of the tests' own: openssl behind a port of this machine.

It may be told to lie: to stamp another text, to answer another question, or to refuse.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

_CONFIGURATION = """
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[stamping]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = us
[us]
serial = {folder}/serial
signer_cert = {folder}/stamping.pem
signer_key = {folder}/stamping.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1
"""

Answer = Callable[["TimestampAuthority", bytes], bytes]


class TimestampAuthority:
    """Its keys and certificates in a folder; `url` while it serves."""

    url = ""

    def __init__(self, folder: Path, digests: str = "sha256") -> None:
        folder.mkdir()
        self.folder = folder
        self.root = folder / "root.pem"
        self._write("openssl.cnf", "a test's authority", digests)
        self._write("root.cnf", "a test's root", digests)
        self._certificates()

    def reply(self, query: bytes) -> bytes:
        """The answer that openssl gives to a question."""
        path = self.folder / "query.tsq"
        path.write_bytes(query)
        return self._openssl(
            "ts", "-reply", "-config", "openssl.cnf", "-queryfile", path.name, "-section", "us"
        )

    def question(self, text: bytes) -> bytes:
        """A question of openssl's own about this text, with a nonce of its own."""
        (self.folder / "text").write_bytes(text)
        return self._openssl("ts", "-query", "-data", "text", "-sha256", "-cert")

    @contextmanager
    def serving(
        self, answer: Answer = reply, kind: str = "application/timestamp-reply"
    ) -> Iterator[str]:
        """Answer over HTTP at the URL that is given."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["Content-Length"]))
                content = answer(authority, query)
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Tests are silent."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def _write(self, file: str, name: str, digests: str) -> None:
        text = _CONFIGURATION.format(name=name, folder=self.folder, digests=digests)
        (self.folder / file).write_text(text, encoding="utf-8")

    def _certificates(self) -> None:
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self._openssl(
            *("req", "-x509", *new_key, "-keyout", "root.key", "-out", "root.pem"),
            *("-days", "3650", "-config", "root.cnf", "-extensions", "root"),
        )
        self._openssl(
            *("req", "-x509", *new_key, "-keyout", "stamping.key", "-out", "stamping.pem"),
            *("-days", "3650", "-config", "openssl.cnf", "-extensions", "stamping"),
            *("-CA", "root.pem", "-CAkey", "root.key"),
        )
        (self.folder / "serial").write_text("01\n", encoding="ascii")

    def _openssl(self, *arguments: str) -> bytes:
        ended = subprocess.run(
            ["openssl", *arguments], cwd=self.folder, capture_output=True, check=False, timeout=60
        )
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout
