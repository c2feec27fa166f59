"""The last answer about a project's standing in one file (see ports.standing.StandingMemory)."""

import contextlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from remint.core.change import ChangeState
from remint.core.digest import Digest, digest_bytes
from remint.core.filestate import FileState, is_settled
from remint.core.ids import ChangeId, PrincipalId
from remint.core.ref import Ref, RefName
from remint.core.standing import PipelineStanding, Standing, WaitingChange
from remint.ports.standing import CatalogState, Kept, Watch

_FORM = b"remint status 1 "
"""Begins the file; a digest of the rest of it follows, and a line end."""


class StandingFile:
    """One answer in one file that only its owner may read.

    Args:
        place: the file, in a folder that is made if it is missing, inside one that exists.
        catalog: gives the state of the catalog's files.
    """

    def __init__(self, place: Path, catalog: Callable[[], CatalogState | None]) -> None:
        self._place = place
        self._catalog = catalog

    def recall(self, question: str) -> Kept | None:
        """Return the kept answer to `question` if nothing it rests on has moved since."""
        held = self._read()
        if held is None or held["question"] != question or time.time_ns() < held["at_ns"]:
            return None
        if _plain(self._catalog()) != held["catalog"]:
            return None
        if any(_listed(_state(path)) != state for path, state in held["files"].items()):
            return None
        return Kept(question, Digest(held["graphs"]), _standing(held["standing"]))

    def watch(self, paths: Sequence[Path]) -> Watch:
        """Look at the catalog's files and at `paths`."""
        at_ns = self._now_ns()
        return Watch(at_ns, self._catalog(), {str(path): _state(str(path)) for path in paths})

    def keep(self, kept: Kept, watch: Watch, looked_at: Mapping[str, FileState | None]) -> None:
        """Keep an answer instead of the one before, if nothing moved since it was looked at."""
        if watch.catalog is None or watch.catalog != self._catalog():
            return
        files = {**watch.files, **looked_at}
        states = [*watch.catalog.files, *files.values()]
        if not all(state is None or is_settled(state, at_ns=watch.at_ns) for state in states):
            return
        if any(_state(path) != state for path, state in files.items()):
            return
        self._write(
            {
                "question": kept.question,
                "at_ns": watch.at_ns,
                "graphs": kept.graphs,
                "catalog": _plain(watch.catalog),
                "files": {path: _listed(state) for path, state in files.items()},
                "standing": _fields(kept.standing),
            }
        )

    def _now_ns(self) -> int:
        """Return the time by the clock that the times of files are of, maybe another machine's; 0 if it is not said."""
        folder = self._place.parent
        try:
            folder.mkdir(exist_ok=True)
            os.utime(folder)
            return folder.stat().st_mtime_ns
        except OSError:
            return 0

    def _read(self) -> dict[str, Any] | None:
        try:
            head, _, body = self._place.read_bytes().partition(b"\n")
        except OSError:
            return None
        if head != _FORM + digest_bytes(body).encode():
            return None
        held: dict[str, Any] = json.loads(body)
        return held

    def _write(self, held: Mapping[str, Any]) -> None:
        """Replace the file; where that fails (full or read-only disk) the old one stays, and is not recalled if it is wrong."""
        body = json.dumps(held).encode()
        new = self._place.with_suffix(f".{os.getpid()}.new")
        with contextlib.suppress(OSError):
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(_FORM + digest_bytes(body).encode() + b"\n" + body)
            new.replace(self._place)
            return
        with contextlib.suppress(OSError):
            new.unlink()


def _state(path: str) -> FileState | None:
    try:
        return FileState.of(os.stat(path))  # noqa: PTH116 - one for each file and folder a plan looked at
    except OSError:
        return None


def _listed(state: FileState | None) -> list[int] | None:
    return None if state is None else list(state)


def _plain(catalog: CatalogState | None) -> list[Any] | None:
    return None if catalog is None else [[_listed(state) for state in catalog.files], catalog.commits]


def _fields(standing: Standing) -> dict[str, Any]:
    return {
        "workspace": standing.workspace,
        "principal": standing.principal,
        "refs": [[ref.name.workspace, ref.name.kind, ref.name.name, ref.artifact, ref.serial] for ref in standing.refs],
        "pipelines": [[one.pipeline, dict(one.counts)] for one in standing.pipelines],
        "changes": [[one.change, one.state, one.title] for one in standing.changes],
        "blocked": standing.blocked,
    }


def _standing(held: Mapping[str, Any]) -> Standing:
    return Standing(
        workspace=held["workspace"],
        principal=PrincipalId(held["principal"]),
        refs=tuple(Ref(RefName(*name), Digest(artifact), serial) for *name, artifact, serial in held["refs"]),
        pipelines=tuple(PipelineStanding(name, counts) for name, counts in held["pipelines"]),
        changes=tuple(WaitingChange(ChangeId(one), ChangeState(state), title) for one, state, title in held["changes"]),
        blocked=held["blocked"],
    )
