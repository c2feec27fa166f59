"""A real serving process on a free port of this machine, and a plain client."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


class LiveServer:
    """`remint serve` of a project, as a process of its own."""

    def __init__(self, root: Path, *words: str) -> None:
        command = [sys.executable, "-m", "remint", "--json", "--as", "ana", "serve", "--port", "0", *words]
        self._log = root / "serve.log"
        self._said = root / "serve.json"
        with self._said.open("wb") as said, self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=root, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, stdout=said, stderr=log
            )
        self.url = ""

    def ready(self) -> "LiveServer":
        """Wait until it printed its address."""
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            said = self._said.read_text()
            if said.rstrip().endswith("}"):
                self.url = json.loads(said)["url"]
                return self
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.log()}"
            time.sleep(0.05)
        raise AssertionError(f"it did not start: {self.log()}")

    def log(self) -> str:
        return self._log.read_text()

    @property
    def address(self) -> tuple[str, int]:
        parts = urllib.parse.urlsplit(self.url)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def client(self) -> "Client":
        return Client(*self.address)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def stop(self) -> int:
        """Ask it to end; return how it ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


class Client:
    """One connection."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers with lower-case names, and body."""
        content = json.dumps(body).encode() if isinstance(body, dict | list) else body
        self._connection.request(method, path, body=content, headers=headers or {})
        reply = self._connection.getresponse()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()

    def json(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Return status and body."""
        status, _, content = self.ask(method, path, body, headers)
        return status, json.loads(content)

    def close(self) -> None:
        self._connection.close()


def columns(rows: list[list[float | None]], **more: Any) -> dict[str, Any]:
    """Return a request for rows of distance, hour and wind, one tensor a feature."""
    names = ("distance", "hour", "wind")
    inputs = [
        {"name": name, "datatype": "FP64", "shape": [len(rows)], "data": [row[place] for row in rows]}
        for place, name in enumerate(names)
    ]
    return {"inputs": inputs, **more}
