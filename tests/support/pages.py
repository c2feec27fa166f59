"""The pages of a project on a free port of this machine."""

import http.client
import re
import socket
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from remint.app import App
from remint.ports.usecases.context import Context
from remint.server.door import Door
from remint.server.pages.router import router_of
from tests.support.projects import ModelProject
from tests.support.remint_cli import part_of_lock

PATIENCE_S = 30
_KEY = re.compile(r'name="key" value="([0-9a-f]+)"')


def token_of(app: App, context: Context, **limits: object) -> str:
    """Return the secret of a token with which a principal signs in."""
    return app.identity.issue(context, about="test", days=1, **limits).secret


@contextmanager
def pages_of(app: App) -> Iterator[str]:
    """Serve the pages of a project; yield their address."""
    site = FastAPI(openapi_url=None)
    site.include_router(router_of(app, Door(app)))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(site, lifespan="off", log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)


@dataclass
class Answer:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    text: str
    set_cookies: tuple[str, ...]


@dataclass
class Person:
    """A browser without a screen: it keeps cookies, and sends the forms of the page it saw last."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)
    key: str = ""

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, *, headers: Mapping[str, str] | None = None, **fields: str) -> Answer:
        body = urllib.parse.urlencode({"key": self.key, **fields})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, body, {**kind, **(headers or {})})

    def sign_in(self, secret: str) -> "Person":
        self.get("/login")
        assert self.post("/login", token=secret).status == 303
        self.get("/changes")
        return self

    def _ask(self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc, timeout=PATIENCE_S)
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **(headers or {})}
        connection.request(method, path, body, sent)
        reply = connection.getresponse()
        text = reply.read().decode()
        cookies = tuple(value for name, value in reply.getheaders() if name.lower() == "set-cookie")
        for cookie in cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        self.key = found[1] if (found := _KEY.search(text)) else self.key
        connection.close()
        return Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, text, cookies)


def project_with_changes(root: Path) -> ModelProject:
    """Return a project with a model in production, and a change by ana that bo may approve: change 2."""
    root.mkdir()
    (root / "requirements.lock").write_text(part_of_lock(), encoding="utf-8")
    project = ModelProject(root)
    project.release(1, "delay")
    later = project.keep(project.fit(2), 2)
    project.app.changes.propose(project.ana, [f"model/delay={later}"], title="New months of flights")
    return project
