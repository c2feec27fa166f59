"""The facade of a project that a server keeps: records there, bytes and steps here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from remint.app.facade import App
from remint.config import Settings, token_for
from remint.core.ids import PrincipalId
from remint.errors import RemintError
from remint.ports.usecases.artifacts import Added, Progress
from remint.ports.usecases.context import Context

if TYPE_CHECKING:
    from remint.adapters.remote.blobs import Needed
    from remint.adapters.remote.connection import Connection
    from remint.app.mirror import Mirror
    from remint.core.price import Prices
    from remint.core.standing import Standing
    from remint.ports.usecases.pipelines import Pipelines
    from remint.ports.usecases.refs import Refs
    from remint.ports.usecases.runs import Runs
    from remint.ports.usecases.standing import Graphs
    from remint.ports.usecases.tables import TableChange

_HERE = {"showing", "sampling", "tables", "tracking", "environment", "code", "git", "clock", "processes"}
"""What a client does with what it holds, as without a server."""


THERE = {
    "changes": ("changes", "RemoteChanges"),
    "glasses": ("changes", "RemoteGlasses"),
    "roll_backs": ("changes", "RemoteRollBacks"),
    "lineage": ("runs", "RemoteLineages"),
    "control": ("runs", "RemoteControl"),
    "identity": ("principals", "RemoteIdentity"),
    "principals": ("principals", "RemotePrincipals"),
    "teams": ("principals", "RemoteTeams"),
    "rights": ("principals", "RemoteRights"),
    "budgets": ("budgets", "RemoteBudgets"),
    "costs": ("budgets", "RemoteCosts"),
    "history": ("history", "RemoteHistory"),
    "configuration": ("history", "RemoteConfiguration"),
    "erasures": ("history", "RemoteErasures"),
    "sources": ("history", "RemoteSources"),
    "regenerations": ("runs", "RemoteRegenerations"),
    "inventory": ("inventory", "RemoteInventory"),
    "contracts": ("contracts", "RemoteContracts"),
    "externals": ("inventory", "RemoteExternals"),
    "secrets": ("inventory", "RemoteSecrets"),
    "attestations": ("attestations", "RemoteAttestations"),
    "validations": ("validations", "RemoteValidations"),
}
"""Nouns whose records the server keeps: the module under adapters.remote, and the class in it."""


class RemoteApp(App):
    """Everything a client of a server does, by noun; what needs the state of the project itself is refused.

    Args:
        settings: of the project here, or of the folder it is used in; its `url` names the server.
        token: instead of the one that is kept, or set in the environment.
    """

    def __init__(self, settings: Settings, *, token: str = "") -> None:
        super().__init__(settings)
        self._token = token

    @cached_property
    def _connection(self) -> "Connection":
        from remint.adapters.remote.connection import Connection, require_token

        url = self.settings.text("url")
        token = require_token(self._token or token_for(url), url)
        return Connection(url, token, workspace=self.settings.text("workspace"))

    @cached_property
    def mirror(self) -> "Mirror":
        """What is held here."""
        from remint.app.mirror import Mirror

        return Mirror(self.settings, self._connection, self._needed, self.refs)

    @cached_property
    def _needed(self) -> "Needed":
        from remint.adapters.remote.blobs import Needed

        return Needed()

    @cached_property
    def refs(self) -> "Refs":
        """Refs."""
        from remint.adapters.remote.refs import RemoteRefs

        return RemoteRefs(self._connection, self._needed.add)

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - as the attribute
        if name in _HERE:
            return getattr(self.mirror, name)
        if name in THERE:
            held = self.__dict__
            if name not in held:
                module, kind = THERE[name]
                held[name] = getattr(import_module(f"remint.adapters.remote.{module}"), kind)(self._connection)
            return held[name]
        return super().__getattribute__(name)

    # ---- what only the project itself has

    def _refuse(self) -> NoReturn:
        from remint.adapters.remote.refusals import refusal

        raise refusal(self.settings.text("url"))

    @property
    def catalog(self) -> NoReturn:  # default: what has no form for clients is refused
        """Refused."""
        self._refuse()

    @property
    def blobs(self) -> NoReturn:
        """Refused."""
        self._refuse()

    @property
    def keys(self) -> NoReturn:
        """Refused."""
        self._refuse()

    # ---- records

    def context(self) -> Context:
        """Return who acts and where.

        Raises:
            Denied: the server does not know the token.
        """
        return replace(self._caller, workspace=self.settings.text("workspace"))

    @cached_property
    def _caller(self) -> Context:
        found = self._connection.call("GET", "/whoami", _Me)
        return Context(PrincipalId(found.principal), found.workspace, sandbox=found.sandbox, token=found.token)

    @cached_property
    def runs(self) -> "Runs":
        """Runs."""
        from remint.adapters.remote.runs import RemoteRuns

        return RemoteRuns(self._connection, self._is_alive)

    def _is_alive(self, place: Mapping[str, Any]) -> bool:
        return self.processes.is_alive(place)

    @cached_property
    def prices(self) -> "Prices | None":
        """None: what things cost is told by the server."""
        return None

    # ---- bytes and steps

    @cached_property
    def artifacts(self) -> "Artifacts":
        """Artifacts."""
        return Artifacts(self.mirror)

    @cached_property
    def table_versions(self) -> "Tables":  # type: ignore[override]  # as `artifacts`
        """Versions of tables."""
        return Tables(self.mirror)

    @cached_property
    def standing(self) -> "Standings":
        """Where the project stands."""
        return Standings(self)

    @cached_property
    def pipelines(self) -> "Pipelines":
        """Plans and pipelines, carried out here and recorded by the server."""
        return self.mirror.pipelines

    def close(self) -> None:
        """Release what was opened. Idempotent."""
        for name in ("mirror", "_connection"):
            held = self.__dict__.pop(name, None)
            if held is not None:
                held.close()
        super().close()


@dataclass(frozen=True, slots=True)
class _Me:
    principal: str
    workspace: str
    sandbox: str | None
    token: int


class Artifacts:
    """What a client does with artifacts (see ports.usecases.artifacts.Artifacts): made and read here, kept by the server."""

    def __init__(self, mirror: "Mirror") -> None:
        self._mirror = mirror

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the methods of the Protocol that read
        return getattr(self._mirror.artifacts, name)

    def add(
        self,
        context: Context,
        name: str,
        path: Path,
        *,
        again: bool = False,
        table: bool = False,
        on_progress: Progress | None = None,
    ) -> Added:
        """Make an artifact of a file or folder, point a ref at it on the server, and track the path here."""
        mirror = self._mirror
        ref, there = mirror.follow(context, name)
        own = mirror.context_of(context)
        added = mirror.artifacts.add(own, name, path, again=again, table=table, on_progress=on_progress)
        moved = mirror.publish(context, ref, there, added.artifact)
        change = replace(added.change, moved=moved) if added.change is not None else None
        return replace(added, moved=moved, change=change)


@dataclass(frozen=True)
class Standings:
    """See ports.usecases.standing.Standings."""

    app: RemoteApp

    def now(self, graphs: "Graphs") -> "Standing":
        """Return where the project stands now."""
        from remint.services.standing import read_standing

        app = self.app
        unlocked: RemintError | None = None
        try:
            app.environment.declared()
        except RemintError as error:
            unlocked = error
        refs, changes, pipelines = app.refs, app.changes, app.pipelines
        return read_standing(app.context(), graphs, refs=refs, changes=changes, pipelines=pipelines, unlocked=unlocked)


class Tables:
    """What a client does with versions of tables (see ports.usecases.tables.TableVersions), as `Artifacts`."""

    def __init__(self, mirror: "Mirror") -> None:
        self._mirror = mirror

    def add(self, context: Context, name: str, files: Sequence[Path]) -> "TableChange":
        """Point a ref at the table in some files."""
        return self._changed(context, name, partial(self._mirror.table_versions.add, files=files))

    def append(self, context: Context, name: str, files: Sequence[Path]) -> "TableChange":
        """Put the rows of files after the last row."""
        self._require(context, name)
        return self._changed(context, name, partial(self._mirror.table_versions.append, files=files))

    def upsert(self, context: Context, name: str, files: Sequence[Path], *, key: Sequence[str]) -> "TableChange":
        """Put each row of files in the place of the row with its key, or after the last one."""
        self._require(context, name)
        return self._changed(context, name, partial(self._mirror.table_versions.upsert, files=files, key=key))

    def delete(self, context: Context, name: str, files: Sequence[Path], *, key: Sequence[str]) -> "TableChange":
        """Remove the rows that have the key of a row in files."""
        self._require(context, name)
        return self._changed(context, name, partial(self._mirror.table_versions.delete, files=files, key=key))

    def compact(self, *_: object, **__: object) -> NoReturn:
        """Refused: it changes how the project stores things, and not what they are."""
        from remint.adapters.remote.refusals import refusal

        raise refusal(self._mirror.url)

    merge = appender = compact

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the methods of the Protocol that read
        return getattr(self._mirror.table_versions, name)

    def _require(self, context: Context, name: str) -> None:
        self._mirror.there.get(context, name)

    def _changed(self, context: Context, name: str, change: "Callable[..., TableChange]") -> "TableChange":
        mirror = self._mirror
        ref, there = mirror.follow(context, name)
        changed = change(mirror.context_of(context), name)
        return replace(changed, moved=mirror.publish(context, ref, there, changed.artifact))
