"""The adapters that the settings of a project ask for."""

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from remint.config import Settings, provider_secret
from remint.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from remint.adapters.blobs.local import LocalBlobs
    from remint.adapters.catalog.engine import SqlCatalog
    from remint.adapters.sources.writing import WriteSegment
    from remint.ports.capture import Code, Environment, Git
    from remint.ports.clock import Clock
    from remint.ports.compute import Executor
    from remint.ports.formats import ModelFormat
    from remint.ports.imports import Repository
    from remint.ports.oidc import Issuers
    from remint.ports.policy import Policies
    from remint.ports.process import Processes
    from remint.ports.signing import Keys
    from remint.ports.sources import Opened
    from remint.ports.tables import Tables
    from remint.ports.uploads import Uploads
    from remint.ports.usage import UsageLogs
    from remint.services.sides import Places


class Parts:
    """The adapters of one project, each made when it is first used.

    Args:
        settings: of the project.
        inline: run steps in this process, for debugging; such runs are unguarded and never stand for later ones.
        executor: one that is used by others too, and closed by them.
    """

    def __init__(self, settings: Settings, *, inline: bool = False, executor: "Executor | None" = None) -> None:
        self.settings = settings
        self._inline = inline
        self._shared = executor

    @cached_property
    def catalog(self) -> "SqlCatalog":
        """The records."""
        from remint.adapters.catalog.engine import SqlCatalog

        state = self.settings.state
        if not state.is_dir():
            raise Unavailable(
                "the project has no state yet",
                why=f"{state.name}/ does not exist in {self.settings.root.name}/",
                next_step="make it: `remint init`",
            )
        if self.settings.database is None:
            return SqlCatalog(state / "catalog.db")
        from remint.adapters.catalog.belonging import require_own

        with ExitStack() as on_failure:
            opened = SqlCatalog(self.settings.database)
            on_failure.callback(opened.close)
            require_own(opened, state)
            on_failure.pop_all()
        return opened

    @cached_property
    def blobs(self) -> "LocalBlobs":
        """The bytes."""
        if self.settings.text("remote"):
            from remint.adapters.blobs.lazy import LazyBlobs
            from remint.services.bringing import Reading

            return LazyBlobs(self.settings.state / "store", Reading(lambda: self._places.open()[1]))
        from remint.adapters.blobs.local import LocalBlobs

        return LocalBlobs(self.settings.state / "store")

    @cached_property
    def issuers(self) -> "Issuers":
        """Issuers of identities."""
        from remint.adapters.oidc.issuers import HttpIssuers

        return HttpIssuers(provider_secret)

    @cached_property
    def cedar(self) -> "Policies":
        """Reading policies."""
        from remint.adapters.policy.cedar import CedarPolicies

        return CedarPolicies()

    @cached_property
    def tables(self) -> "Tables":
        """Reading tables."""
        from remint.adapters.tables.reader import ParquetTables

        return ParquetTables()

    @cached_property
    def formats(self) -> "Mapping[str, ModelFormat]":
        """Formats of models by name."""
        from remint.adapters.formats.skops_format import SkopsFormat

        return {"skops": SkopsFormat()}

    @cached_property
    def clock(self) -> "Clock":
        """The time."""
        from remint.adapters.clock.system import SystemClock

        return SystemClock()

    @cached_property
    def processes(self) -> "Processes":
        """The machine's processes."""
        from remint.adapters.process.linux import ProcProcesses

        return ProcProcesses()

    @cached_property
    def code(self) -> "Code":
        """What steps can reach."""
        from remint.adapters.capture.code import SourceCode

        return SourceCode(self.settings.root, self.settings.texts("sources"))

    @cached_property
    def environment(self) -> "Environment":
        """The lock, and what is installed."""
        from remint.adapters.capture.environment import LockedEnvironment

        cache = self.settings.state / "cache" / "files.json"
        return LockedEnvironment(self.settings.root, self.settings.text("lock"), cache=cache)

    @cached_property
    def git(self) -> "Git":
        """The checkout."""
        from remint.adapters.capture.git import GitCheckout

        return GitCheckout()

    @cached_property
    def executor(self) -> "Executor":
        """Where steps run."""
        if self._shared is not None:
            return self._shared
        if self._inline:
            from remint.adapters.compute.inline import InlineExecutor

            return InlineExecutor()
        from remint.adapters.compute.process import ProcessExecutor

        return ProcessExecutor(keep_out=(self.settings.state,), at_once=self.settings.number("jobs") or None)

    @cached_property
    def keys(self) -> "Keys":
        """Keys of local principals."""
        from remint.adapters.signing.files import FileKeys

        return FileKeys(self.settings.state / "keys")

    @cached_property
    def incoming(self) -> "Uploads":
        """Where uploads are until they are part of an artifact."""
        from remint.adapters.uploads.files import FileUploads

        return FileUploads(self.settings.state / "uploads")

    @cached_property
    def usage_logs(self) -> "UsageLogs":
        """The live usage logs."""
        from remint.adapters.tables.parquet import write_segment
        from remint.adapters.usage.files import FileUsage

        return FileUsage(self.settings.state / "usage", self.clock, write_segment)

    @cached_property
    def _places(self) -> "Places":
        from remint.adapters.remotes.opening import open_remote
        from remint.core.remote import parse_remotes
        from remint.services.sides import Places

        cache = self.settings.state / "cache" / "remotes"
        places = parse_remotes(self.settings.table("remotes"))
        return Places(places, self.settings.text("remote"), lambda place: open_remote(place, cache / place.name))

    @cached_property
    def opened_source(self) -> "Opened":
        """What opens places that tables come from."""
        from remint.adapters.sources.opening import Opening

        return Opening(self.settings.table("data_sources"), _parquet_writer)

    @staticmethod
    def dvc_repository(folder: Path, cache: Path | None) -> "Repository":
        """Return a DVC repository on this machine, for `imports`."""
        from remint.adapters.imports.dvc import DvcRepository

        return DvcRepository(folder, cache=cache)


def _parquet_writer() -> "WriteSegment":
    from remint.adapters.tables.parquet import write_segment

    return write_segment
