"""The HTTP API of a project in this process, and as a process of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from remint.server.app import Api
from remint.server.listening import listen
from tests.support.projects import ModelProject
from tests.support.remint_cli import part_of_lock

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "/api/remint/v1"
PATIENCE_S = 60
HOSTS = frozenset({"localhost"})


class ProjectApi:
    """A project of ana, who owns it, and bo, who approves, with its API in this process."""

    def __init__(self, root: Path) -> None:
        self.project = ModelProject(root)
        (root / "requirements.lock").write_text(part_of_lock(), encoding="utf-8")
        self.app = self.project.app
        self.api = Api(self.app, version="0", hosts=HOSTS)
        self.application = self.api.application()
        self._listening = listen("127.0.0.1", 0)
        config = uvicorn.Config(self.application, lifespan="off", access_log=False, log_level="warning", ws="none")
        self._server = uvicorn.Server(config)
        self._serving = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listening]}, daemon=True)
        self._serving.start()
        self.url = f"http://localhost:{self._listening.getsockname()[1]}"
        self.client = httpx.Client(base_url=self.url, timeout=PATIENCE_S, trust_env=False)
        self.ana = self.secret(self.project.ana)
        self.bo = self.secret(self.project.bo)

    def secret(self, context: Any, **limits: Any) -> str:
        return self.app.identity.issue(context, about="a test", days=1, **limits).secret

    def ask(self, method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        """Send a request; as ana if no token is given."""
        headers = {"Authorization": f"Bearer {token or self.ana}", **more.pop("headers", {})}
        return self.client.request(method, PREFIX + path, headers=headers, **more)

    def add(self, name: str, content: bytes, ref: str) -> str:
        """Add a file as ana; return the artifact's digest."""
        place = self.project.root / name
        place.write_bytes(content)
        return self.app.artifacts.add(self.project.ana, ref, place).artifact.digest

    def entries(self, action: str) -> list[dict[str, Any]]:
        found = self.ask("GET", "/audit/entries?limit=1000").json()["entries"]
        return [entry for entry in found if entry["action"] == action]

    def close(self) -> None:
        self.client.close()
        self._server.should_exit = True
        self._serving.join()
        self._listening.close()
        self.api.close()
        self.project.close()


class LiveApi:
    """`remint server` of a project, as a process of its own."""

    def __init__(self, root: Path, *words: str, name: str = "server") -> None:
        command = [sys.executable, "-m", "remint", "--as", "ana", "server", "--port", "0", *words]
        self._said, self._told = root / f"{name}.out", root / f"{name}.err"
        with self._said.open("wb") as said, self._told.open("wb") as told:
            self.process = subprocess.Popen(
                command, cwd=root, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, stdout=said, stderr=told
            )
        self.url = self._wait_for(r"API: (\S+)/api/remint/v1", self._said)

    def _wait_for(self, pattern: str, place: Path) -> str:
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            found = re.search(pattern, place.read_text())
            if found is not None:
                return found[1]
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.log()}"
            time.sleep(0.05)
        raise AssertionError(f"it did not start: {self.log()}")

    def secret(self) -> str:
        """Wait for the secret of the first start."""
        return self._wait_for(r"(rmt_\S+)", self._told)

    def log(self) -> str:
        return self._told.read_text()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def stop(self) -> int:
        """Ask it to end; return how it ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)
