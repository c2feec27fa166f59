"""Two projects, and a remote between them: a folder, an S3 server, and an Azure Blob server."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from remint.adapters.remotes.opening import open_remote
from remint.app import App, initialise
from remint.config import load
from remint.core.ids import PrincipalId
from remint.core.remote import Place
from remint.ports.remotes import Remote
from remint.ports.usecases.context import Context
from tests.support import azure, s3

ANA = Context(PrincipalId("ana"), "main")
SERVERS = {"s3": s3, "azure": azure}
KINDS = ["folder", *SERVERS]


@dataclass
class Side:
    """A project with the remote `team`."""

    root: Path
    place: Place

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        options = "".join(f'{name} = "{value}"\n' for name, value in self.place.options.items())
        url = f'url = "{self.place.scheme}://{self.place.rest}"\n'
        (self.root / "remint.toml").write_text(f'principal = "ana"\nremote = "team"\n[remotes.team]\n{url}{options}')
        initialise(self.root, owner="ana")
        self.app = App(load(self.root, environment={}))

    def add(self, name: str, files: dict[str, bytes]) -> Any:
        """Add a folder of files under a ref; return the artifact."""
        for path, content in files.items():
            (self.root / name / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name / path).write_bytes(content)
        return self.app.artifacts.add(ANA, name, self.root / name).artifact

    def push(self, *names: str, **options: Any) -> Any:
        return self.app.remotes.push(ANA, names, **options)

    def pull(self, *names: str, **options: Any) -> Any:
        return self.app.remotes.pull(ANA, names, **options)

    def at(self, name: str) -> Any:
        """Return where a ref points."""
        return self.app.refs.resolve(ANA, name)[1].digest

    def files(self, name: str) -> dict[str, bytes]:
        """Check a version out and return its files."""
        out = self.root / f"out-{len(list(self.root.glob('out-*')))}"
        self.app.artifacts.checkout(self.at(name), out)
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.fixture(params=KINDS)
def place(request, tmp_path, monkeypatch) -> Place:
    if request.param == "folder":
        return Place("team", "file", str(tmp_path / "remote"), {})
    server = SERVERS[request.param]
    if not server.ENDPOINT:
        pytest.skip(server.ABSENT)
    for name, value in server.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return server.place()


@pytest.fixture
def remote(place, tmp_path) -> Remote:
    """What both projects talk to."""
    return open_remote(place, tmp_path / "looked")


@pytest.fixture
def one(place, tmp_path) -> Iterator[Side]:
    side = Side(tmp_path / "one", place)
    yield side
    side.app.close()


@pytest.fixture
def other(place, tmp_path) -> Iterator[Side]:
    side = Side(tmp_path / "other", place)
    yield side
    side.app.close()


@pytest.fixture
def server(monkeypatch) -> Iterator[s3.Between]:
    """What stands between the projects and the S3 server."""
    if not s3.ENDPOINT:
        pytest.skip(s3.ABSENT)
    for name, value in s3.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with s3.between() as told:
        yield told
