"""The five doors of a project: the SDK and the command line, embedded and against a server, and HTTP itself.

Each does the same things for the same persons and answers with the same plain values, so that one script is told by all.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

import remint
from remint.adapters.remote.connection import words
from remint.app import App
from remint.config import Lent, load
from remint.core.digest import digest_bytes
from remint.core.ids import PrincipalId
from remint.core.plain import to_json
from remint.errors import RemintError
from remint.ports.usecases.context import Context
from remint.sdk.project import load_pipelines
from tests.support.api import PREFIX, LiveApi
from tests.support.remint_cli import Project, make_project

SETTINGS = 'protected = ["data/*", "model/*"]\n'
PERSONS = {"bo": ("approver", "member"), "cy": ("member",)}
DOORS = ("sdk", "cli", "sdk-remote", "cli-remote", "http")
STEPPING = DOORS[:4]
"""Doors that carry out steps."""

PIPELINE = """
from remint import Metrics, Table, pipeline, ref, step


@step(exact="content")
def points(rows: int = 40) -> Table:
    print(f"{rows} rows")
    return Table({"x": [row / rows for row in range(rows)], "late": [row % 3 == 0 for row in range(rows)]})


@step(exact="content")
def squares(rows: int = 40) -> Table:
    return Table({"x": [row * row for row in range(rows)]})


@step(exact="content")
def count(data: Table) -> Metrics:
    return Metrics(rows=float(len(data)))


@step
def broken(data: Table) -> Metrics:
    raise ValueError(f"{len(data)} rows are too few")


@pipeline("data/made")
def made(rows: int = 40):
    return points(rows)


@pipeline("data/squares")
def squared(rows: int = 40):
    return squares(rows)


@pipeline("report/count")
def counted(data=ref("data/made")):
    return count(data)


@pipeline("report/broken")
def fails(data=ref("data/made")):
    return broken(data)
"""


@dataclass(frozen=True)
class Refused(Exception):
    """What was refused, as a door told it."""

    code: str
    what: str
    why: str
    rule: str


@dataclass
class World:
    """A project of ana with bo, who approves, and cy; its server runs while a door needs one.

    Attributes:
        sandboxes: those that a script forked to propose from.
    """

    root: Path
    name: str
    server: LiveApi | None = None
    tokens: dict[str, str] = field(default_factory=dict)
    sandboxes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.project = make_project(self.root / "project", PIPELINE, settings=SETTINGS)
        for person, roles in PERSONS.items():
            self.project.cli("principals", "create", person, *(f"--role={role}" for role in roles))
        app = App(load(self.project.root, environment={}))
        for person in ("ana", *PERSONS):
            context = Context(PrincipalId(person), "main")
            self.tokens[person] = app.identity.issue(context, about="a test", days=1).secret
        app.close()
        if self.name in {"sdk-remote", "cli-remote", "http"}:
            self.server = LiveApi(self.project.root)

    def close(self) -> None:
        if self.server is not None:
            assert self.server.stop() == 0

    def client(self, name: str) -> Path:
        """Return a folder in which somebody uses the server: it has the code, and no project."""
        here = self.root / f"{self.name} of {name}"
        if not here.is_dir():
            here.mkdir()
            for file in ("pipeline.py", "requirements.lock"):
                shutil.copy(self.project.root / file, here)
        return here

    def person(self, name: str) -> "Person":
        return Person(self, name, OF_DOOR[self.name](self, name))


Do = Callable[..., Any]
"""Does one thing: the verb, then what it is about."""


@dataclass(frozen=True)
class Person:
    """Somebody at a door."""

    world: World
    name: str
    do: Do

    def refused(self, verb: str, **about: Any) -> Refused:
        """Do what is refused, and return how."""
        try:
            done = self.do(verb, **about)
        except Refused as refused:
            return refused
        raise AssertionError(f"{self.name} could {verb} {about}: {done}")


# ---- the SDK


def _sdk(world: World, name: str) -> Do:
    return _of_client(world.project.root, {"principal": name})


def _sdk_remote(world: World, name: str) -> Do:
    assert world.server is not None
    return _of_client(world.client(name), {"url": world.server.url, "token": world.tokens[name]})


def _of_client(root: Path, given: Mapping[str, str]) -> Do:
    def do(verb: str, *, workspace: str = "main", **about: Any) -> Any:
        try:
            with remint.connect(root, workspace=workspace, **given) as client:
                return to_json(_SDK[verb](client, **about))
        except RemintError as error:
            raise Refused(error.code, error.what, error.why, str(error.facts.get("rule", ""))) from error

    return do


def _sdk_make(client: Any, pipeline: str, **given: Any) -> dict[str, Any]:
    found = load_pipelines(client.app.settings.root, ["pipeline.py"])
    outcome = client.pipelines.run(found[pipeline].graph(given))
    return {"made": dict(outcome.made), "ran": sum(step.ran for step in outcome.steps), "held": list(outcome.held)}


def _sdk_plan(client: Any, pipeline: str, **given: Any) -> list[list[str]]:
    found = load_pipelines(client.app.settings.root, ["pipeline.py"])
    return [[step.state, step.reason] for step in client.pipelines.plan(found[pipeline].graph(given)).steps]


_SDK: Mapping[str, Callable[..., Any]] = {
    "add": lambda c, path, ref: c.artifacts.add(ref, path).artifact.digest,
    "move": lambda c, ref, to, expect: c.refs.move(ref, to=to, expect=expect, reason="by hand").new,
    "fork": lambda c, name: c.refs.fork(name).name,
    "refs": lambda c: [ref.name.path for ref in c.refs.list()],
    "log": lambda c, ref: [[move.new, move.by] for move in c.refs.log(ref)],
    "propose": lambda c, refs: c.changes.propose(refs).change.id,
    "approve": lambda c, change: c.changes.approve(change).state,
    "reject": lambda c, change, note: c.changes.reject(change, note=note).state,
    "withdraw": lambda c, change: c.changes.withdraw(change).state,
    "merge": lambda c, change: [move.new for move in c.changes.merge(change)],
    "state": lambda c, change: c.changes.review(change).state,
    "grant": lambda c, name, role: sorted(c.principals.grant(name, role).roles),
    "budget": lambda c, name, limit: c.budgets.create(name, limit=limit).balance.ceiling,
    "run": lambda c, run: c.runs.show(run)[0].state,
    "checkout": lambda c, ref, folder: c.artifacts.checkout(c.refs.artifact(ref).digest, folder),
    "make": _sdk_make,
    "plan": _sdk_plan,
    "printed": lambda c, run: c.runs.log(run),
    "failed": lambda c: [str(run.state) for run, _ in c.runs.list(limit=1)],
    "append": lambda c, ref, path: c.tables.append(ref, [path]).artifact.digest,
    "rows": lambda c, ref: c.refs.artifact(ref).facts["rows"],
}


# ---- the command line


def _cli(world: World, name: str) -> Do:
    return _of_commands(world.project, ("--as", name), {})


def _cli_remote(world: World, name: str) -> Do:
    assert world.server is not None
    return _of_commands(Project(world.client(name)), (), {"REMINT_URL": world.server.url, "REMINT_TOKEN": world.tokens[name]})


def _of_commands(project: Project, front: tuple[str, ...], variables: Mapping[str, str]) -> Do:
    def do(verb: str, *, workspace: str = "main", **about: Any) -> Any:
        command, read = _CLI[verb]
        with lent(variables):
            answer = project.cli("--json", *front, "-w", workspace, *command(**about), expect=None)
        if answer.code:
            told = answer.json["error"]
            raise Refused(told["code"], told["what"], told["why"], told.get("rule", ""))
        return read(answer.json)

    return do


@contextmanager
def lent(values: Mapping[str, str]) -> Iterator[None]:
    given = Lent(values)
    try:
        yield
    finally:
        given.take_back()


def _params(given: Mapping[str, Any]) -> list[str]:
    return [word for name, value in given.items() for word in ("-p", f"{name}={value}")]


def _of_run(told: Any) -> dict[str, Any]:
    outcome = told["pipelines"][0]
    return {"made": outcome["made"], "ran": sum(step["ran"] for step in outcome["steps"]), "held": outcome["held"]}


_CLI: Mapping[str, tuple[Callable[..., list[str]], Callable[[Any], Any]]] = {
    "add": (lambda path, ref: ["add", str(path), "--as", ref], lambda v: v["artifact"]["digest"]),
    "fork": (lambda name: ["sandboxes", "create", name], lambda v: v["name"]),
    "log": (lambda ref: ["log", ref], lambda v: [[move["new"], move["by"]] for move in v["moves"]]),
    "propose": (lambda refs: ["propose", *refs], lambda v: v["change"]["id"]),
    "approve": (lambda change: ["changes", "approve", change], lambda v: v["state"]),
    "reject": (lambda change, note: ["changes", "reject", change, "--note", note], lambda v: v["state"]),
    "withdraw": (lambda change: ["changes", "withdraw", change], lambda v: v["state"]),
    "merge": (lambda change: ["changes", "merge", change], lambda v: [move["new"] for move in v["moves"]]),
    "state": (lambda change: ["changes", "show", change], lambda v: v["state"]),
    "grant": (lambda name, role: ["principals", "grant", name, role], lambda v: sorted(v["roles"])),
    "budget": (
        lambda name, limit: ["budgets", "create", name, "--limit", limit],
        lambda v: v["budget"]["balance"]["ceiling"],
    ),
    "run": (lambda run: ["runs", "show", run], lambda v: v["state"]),
    "checkout": (lambda ref, folder: ["checkout", ref, str(folder)], lambda v: v["files"]),
    "make": (lambda pipeline, **given: ["run", pipeline, *_params(given)], _of_run),
    "plan": (
        lambda pipeline, **given: ["plan", pipeline, *_params(given)],
        lambda v: [[step["state"], step["reason"]] for step in v["plans"][0]["steps"]],
    ),
    "printed": (lambda run: ["runs", "logs", run], lambda v: v["text"]),
    "failed": (lambda: ["runs", "list", "--limit", "1"], lambda v: [run["state"] for run in v["runs"]]),
    "append": (lambda ref, path: ["add", str(path), "--as", ref, "--append"], lambda v: v["artifact"]["digest"]),
    "rows": (lambda ref: ["query", f"select count(*) from {ref}"], lambda v: next(iter(v["rows"][0].values()))),
}


# ---- HTTP


def _http(world: World, name: str) -> Do:
    assert world.server is not None
    url, token = world.server.url, world.tokens[name]

    def do(verb: str, *, workspace: str = "main", **about: Any) -> Any:
        def ask(method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
            sent = {"Authorization": f"Bearer {token}", "Remint-Workspace": workspace, **(headers or {})}
            answer = httpx.request(method, url + PREFIX + path, headers=sent, timeout=60, trust_env=False, **more)
            if answer.status_code >= 400:
                told = answer.json()
                raise Refused(told["code"], told["title"], told["detail"], str(told["facts"].get("rule", "")))
            return answer.json()

        return _HTTP[verb](ask, **about)

    return do


def _http_add(ask: Do, path: Path, ref: str) -> str:
    content = path.read_bytes()
    upload = ask("POST", "/uploads", json={"digest": digest_bytes(content), "size_bytes": len(content)})["id"]
    span = {"Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}"}
    ask("PUT", f"/uploads/{upload}", headers=span, content=content)
    ask("POST", f"/uploads/{upload}/complete")
    made = ask("POST", "/artifacts", json={"files": [{"path": path.name, "upload": upload}]})["artifact"]["digest"]
    try:
        seen = {"If-Match": f'"{ask("GET", words("refs", *ref.split("/", 1)))["artifact"]}"'}
    except Refused as refused:
        if refused.code != "ref-not-found":
            raise
        seen = {"If-None-Match": "*"}
    ask("PUT", words("refs", *ref.split("/", 1)), headers=seen, json={"to": made, "reason": f"added from {path.name}"})
    return str(made)


def _http_checkout(ask: Do, ref: str, folder: Path) -> int:
    artifact = ask("GET", "/meaning", params={"text": ref})["artifact"]["digest"]
    return len(ask("GET", f"/artifacts/{artifact}/files")["files"])


_HTTP: Mapping[str, Callable[..., Any]] = {
    "add": _http_add,
    "fork": lambda ask, name: ask("POST", "/workspaces", json={"name": name})["name"],
    "log": lambda ask, ref: [[move["new"], move["by"]] for move in ask("GET", words("moves", *ref.split("/", 1)))["moves"]],
    "propose": lambda ask, refs: ask("POST", "/changes", json={"refs": refs})["change"]["id"],
    "approve": lambda ask, change: ask("POST", f"/changes/{change}/approve", json={})["state"],
    "reject": lambda ask, change, note: ask("POST", f"/changes/{change}/reject", json={"note": note})["state"],
    "withdraw": lambda ask, change: ask("POST", f"/changes/{change}/withdraw")["state"],
    "merge": lambda ask, change: [move["new"] for move in ask("POST", f"/changes/{change}/merge")["moves"]],
    "state": lambda ask, change: ask("GET", f"/changes/{change}")["state"],
    "grant": lambda ask, name, role: sorted(ask("PUT", f"/principals/{name}/roles/{role}")["roles"]),
    "budget": lambda ask, name, limit: ask("POST", "/budgets", json={"name": name, "limit": limit})["balance"]["ceiling"],
    "run": lambda ask, run: ask("GET", f"/runs/{run}")["run"]["state"],
    "checkout": _http_checkout,
}

OF_DOOR: Mapping[str, Callable[[World, str], Do]] = {
    "sdk": _sdk,
    "cli": _cli,
    "sdk-remote": _sdk_remote,
    "cli-remote": _cli_remote,
    "http": _http,
}
