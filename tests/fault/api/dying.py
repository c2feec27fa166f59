"""Kills a merge that was asked for over HTTP at every point (tests.support.killing)."""

import asyncio
from pathlib import Path

import httpx

from remint.app import App
from remint.server.app import Api
from tests.fault.changes.dying import opened, prepare
from tests.fault.worktree.dying import ANA
from tests.support.api import PREFIX
from tests.support.killing import killed_everywhere, of_a_project

KEY = "the-same-each-time"
SECRET = "secret"


def prepare_with_token(project: Path) -> None:
    """Make the project of tests.fault.changes.dying, and a token of ana's in a file."""
    prepare(project)
    app = opened(project)
    (project / SECRET).write_text(app.identity.issue(ANA, about="a test", days=1).secret)
    app.close()


def merge(app: App, project: Path) -> httpx.Response:
    """Ask for the merge of the third change, with a key."""
    api = Api(app, version="0", hosts=frozenset({"localhost"}))
    headers = {"Authorization": f"Bearer {(project / SECRET).read_text()}", "Idempotency-Key": KEY}

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(api.application(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
            return await client.post(f"{PREFIX}/changes/3/merge", json={})

    try:
        return asyncio.run(ask())
    finally:
        api.close()


def main(_work: str, root: str) -> None:
    """Try every point."""
    of_a_project(Path(root), prepare_with_token, opened, merge, "changes")


def kill_everywhere(folder: Path) -> list[Path]:
    """Return the projects as the kills left them, in order of the points; the last one was not killed."""
    return killed_everywhere(__name__, "merge", folder)
