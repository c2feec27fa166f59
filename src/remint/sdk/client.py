"""The client: every use case, by noun, with the caller filled in."""

import functools
import inspect
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from remint.app import App, open_project
from remint.ports.usecases.context import Context

if TYPE_CHECKING:
    from remint.sdk.samples import Samples

NOUNS = (
    "artifacts",
    "audit",
    "budgets",
    "changes",
    "contracts",
    "control",
    "costs",
    "externals",
    "lineage",
    "pipelines",
    "principals",
    "refs",
    "regenerations",
    "runs",
    "tables",
)
_AS_NAMED = {"tables": "table_versions"}


class Noun:
    """The use cases of one noun (see remint.ports.usecases); the context is given by the client."""

    def __init__(self, cases: object, context: Context) -> None:
        self._cases = cases
        self._context = context

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the methods of the Protocol
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._cases, name)
        first = next(iter(inspect.signature(method).parameters), "")
        return functools.partial(method, self._context) if first.lstrip("_") == "context" else method

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._cases) if not name.startswith("_")]


class Client:
    """What `connect` gives: a namespace for each noun. Use it in a `with` block, or close it.

    Attributes:
        app: the project it is connected to.
        context: who acts, and in which workspace.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.context = app.context()

    def __getattr__(self, name: str) -> Noun:
        if name not in NOUNS:
            raise AttributeError(f"there is no noun {name!r}; nouns are {', '.join(NOUNS)}")
        return Noun(getattr(self.app, _AS_NAMED.get(name, name)), self.context)

    def __dir__(self) -> list[str]:
        return [*NOUNS, "app", "close", "context", "samples"]

    def samples(self, name: str, *, keep: bool = False) -> "Samples":
        """Return the files of a set as samples for training (see `remint.samples`)."""
        from remint.sdk.samples import samples_of

        return samples_of(self.app, name, self.app.refs.artifact(self.context, name), keep=keep)

    def __enter__(self) -> Self:
        """Use it in a `with` block."""
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        """Release what was opened."""
        self.close()

    def close(self) -> None:
        """Release what was opened. Idempotent."""
        self.app.close()


def connect(
    path: str | Path | None = None,
    *,
    principal: str | None = None,
    workspace: str | None = None,
    url: str | None = None,
    token: str = "",
) -> Client:
    """Return a client of the project at or above a folder, or of the one that a server keeps.

    Args:
        path: the folder; the current one if not given.
        principal: who acts, instead of the setting; on a server the token says who.
        workspace: where, instead of the setting.
        url: of the server, instead of the setting (REMINT_URL); then the folder needs no project.
        token: for it, instead of REMINT_TOKEN or what `remint login` kept.

    Raises:
        ProjectNotFound: there is no project.
        Denied: the principal does not exist, or its key is not here; or the server does not know the token.
        Unavailable: the server did not answer.
    """
    folder = None if path is None else Path(path)
    return Client(open_project(folder, principal=principal, workspace=workspace, url=url, token=token))
