"""The composition root: settings become adapters, adapters become services, and one facade hands the services out.

Every part is made when it is first used, so that a command loads only what it needs.
"""

import sys
from contextlib import closing
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from remint.config import FILE, Settings, find_root, has_settings, here, load
from remint.core.ids import PrincipalId
from remint.core.ref import require_name
from remint.errors import Invalid, Unavailable
from remint.ports.usecases.context import Context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from remint.adapters.blobs.local import LocalBlobs
    from remint.core.filestate import FileState
    from remint.core.standing import Standing
    from remint.ports.capture import Code, Environment, Git
    from remint.ports.catalog import Catalog
    from remint.ports.clock import Clock
    from remint.ports.compute import Executor
    from remint.ports.formats import ModelFormat
    from remint.ports.imports import Repository
    from remint.ports.process import Processes
    from remint.ports.signing import Keys
    from remint.ports.tables import Tables
    from remint.ports.usage import UsageLogs
    from remint.ports.usecases.artifacts import Artifacts
    from remint.ports.usecases.audit import Audit
    from remint.ports.usecases.changes import Changes
    from remint.ports.usecases.control import Control
    from remint.ports.usecases.imports import Imports
    from remint.ports.usecases.lineage import Lineages
    from remint.ports.usecases.pipelines import Pipelines
    from remint.ports.usecases.principals import Principals
    from remint.ports.usecases.refs import Refs
    from remint.ports.usecases.regenerations import Regenerations
    from remint.ports.usecases.remotes import Remotes
    from remint.ports.usecases.runs import Runs
    from remint.ports.usecases.serving import Serving, Traces, Usage
    from remint.ports.usecases.standing import Graphs, Standings
    from remint.ports.usecases.storage import Storage
    from remint.ports.usecases.tracking import Trackings
    from remint.services.evidence import EvidenceService
    from remint.services.execution import Execution
    from remint.services.manifests import Manifests
    from remint.services.projects import ProjectService
    from remint.services.sides import Places
    from remint.services.tables import TableService
    from remint.services.worktree import Worktree


class App:
    """Everything Remint does for one project, by noun.

    Args:
        settings: of the project.
        inline: run steps in this process, for debugging; such runs are unguarded and never stand for later ones.
        executor: one that is used by others too, and closed by them.
    """

    def __init__(self, settings: Settings, *, inline: bool = False, executor: "Executor | None" = None) -> None:
        self.settings = settings
        self._inline = inline
        self._shared = executor

    # ---- adapters, one function each

    @cached_property
    def catalog(self) -> "Catalog":
        """The records."""
        from remint.adapters.catalog.engine import SqlCatalog

        path = self.settings.state / "catalog.db"
        if not path.parent.is_dir():
            raise Unavailable(
                "the project has no state yet",
                why=f"{path.parent.name}/ does not exist in {self.settings.root.name}/",
                next_step="make it: `remint init`",
            )
        return SqlCatalog(path)

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

    # ---- services

    @property
    def protected(self) -> tuple[str, ...]:
        """Patterns of refs in `main` that only approved changes move."""
        return self.settings.texts("protected")

    @property
    def required(self) -> "Mapping[str, int]":
        """Approvals a change needs, by role."""
        return {role: int(count) for role, count in self.settings.table("approvals").items()}

    @cached_property
    def artifacts(self) -> "Artifacts":
        """Artifacts."""
        from remint.services.artifacts import ArtifactService

        tables = self.table_versions
        return ArtifactService(
            self.catalog, self.blobs, self.formats, self.clock, self.protected, self._worktree, self._manifests, tables
        )

    @cached_property
    def table_versions(self) -> "TableService":
        """Versions of tables."""
        from remint.adapters.tables.following import ParquetVersions
        from remint.services.tableparts import TableParts
        from remint.services.tables import TableService

        parts = TableParts(self.blobs, self.tables, ParquetVersions(), self.settings.state / "scratch")
        return TableService(self.catalog, parts, self.clock, self.protected, self._worktree, self.refs)

    @cached_property
    def _manifests(self) -> "Manifests":
        from remint.services.manifests import Manifests

        return Manifests(self.blobs)

    @cached_property
    def _worktree(self) -> "Worktree":
        from remint.adapters.worktree.tracking import FileTracking
        from remint.adapters.worktree.walk import DiskFolders
        from remint.services.worktree import Worktree

        settings = self.settings
        return Worktree(DiskFolders(), FileTracking(settings.state), self.blobs, settings.root, settings.state)

    @cached_property
    def tracking(self) -> "Trackings":
        """Tracked paths."""
        from remint.services.tracking import TrackingService

        return TrackingService(self._worktree, self._manifests)

    @cached_property
    def refs(self) -> "Refs":
        """Refs and workspaces."""
        from remint.services.refs import RefService

        return RefService(self.catalog, self.clock, self.protected)

    @cached_property
    def runs(self) -> "Runs":
        """Runs."""
        from remint.services.runs import RunService

        return RunService(self.catalog, self.artifacts, self.clock, self.processes)

    @cached_property
    def pipelines(self) -> "Pipelines":
        """Plans and pipelines."""
        from remint.services.pipelines import PipelineService
        from remint.services.plans import PlanService

        root = self.settings.root
        plans = PlanService(self.catalog, self.code, self.environment, self.git, root, self.protected)
        return PipelineService(self.catalog, plans, self._execution, self.processes, self.clock, root)

    @cached_property
    def _execution(self) -> "Execution":
        from remint.services.execution import Execution

        scratch = self.settings.state / "scratch"
        return Execution(self.catalog, self.blobs, self.artifacts, self.executor, self.environment, self.clock, scratch)

    @cached_property
    def storage(self) -> "Storage":
        """What is kept, held, and given up."""
        from remint.core.retention import parse_rules
        from remint.services.storage import StorageService

        rules = parse_rules(self.settings.table("retention"))
        return StorageService(self.catalog, self.blobs, self.refs, self.clock, rules, self.settings.number("unused_days"))

    @cached_property
    def remotes(self) -> "Remotes":
        """Pushing and pulling."""
        from remint.services.remotes import RemoteService
        from remint.services.sides import Sides

        parts = (self.catalog, self.blobs, self.artifacts, self.refs, self._manifests, self.clock, self.protected)
        return RemoteService(Sides(*parts, self._places))

    @cached_property
    def _places(self) -> "Places":
        from remint.adapters.remotes.opening import open_remote
        from remint.core.remote import parse_remotes
        from remint.services.sides import Places

        cache = self.settings.state / "cache" / "remotes"
        places = parse_remotes(self.settings.table("remotes"))
        return Places(places, self.settings.text("remote"), lambda place: open_remote(place, cache / place.name))

    @cached_property
    def imports(self) -> "Imports":
        """Taking over repositories of other tools."""
        from remint.services.imports import ImportService

        return ImportService(self.catalog, self.blobs, self.artifacts, self.clock, self.protected)

    @staticmethod
    def dvc_repository(folder: Path, cache: Path | None) -> "Repository":
        """Return a DVC repository on this machine, for `imports`."""
        from remint.adapters.imports.dvc import DvcRepository

        return DvcRepository(folder, cache=cache)

    @cached_property
    def keys(self) -> "Keys":
        """Keys of local principals."""
        from remint.adapters.signing.files import FileKeys

        return FileKeys(self.settings.state / "keys")

    @cached_property
    def projects(self) -> "ProjectService":
        """Starting a project."""
        from remint.services.projects import ProjectService

        return ProjectService(self.catalog, self.principals, self.clock)

    @cached_property
    def principals(self) -> "Principals":
        """Principals."""
        from remint.services.principals import PrincipalService

        return PrincipalService(self.catalog, self.keys, self.clock)

    @cached_property
    def lineage(self) -> "Lineages":
        """Lineage."""
        from remint.services.lineage import LineageService

        return LineageService(self.catalog)

    @cached_property
    def _evidence(self) -> "EvidenceService":
        from remint.services.evidence import EvidenceService

        return EvidenceService(self.keys, self.clock)

    @cached_property
    def changes(self) -> "Changes":
        """Changes."""
        from remint.services.changes import ChangeService

        gates = self.settings.table("gates")
        return ChangeService(self.catalog, self.artifacts, self._evidence, self.keys, self.clock, self.required, gates)

    @cached_property
    def regenerations(self) -> "Regenerations":
        """Making artifacts again."""
        from remint.services.regenerations import RegenerationService

        return RegenerationService(
            self.catalog,
            self.artifacts,
            self._execution,
            self._evidence,
            self.code,
            self.tables,
            self.formats,
            self.processes,
            self.clock,
            self.settings.root,
        )

    @cached_property
    def control(self) -> "Control":
        """The status of production."""
        from remint.services.control import ControlService

        days = self.settings.number("regenerated_days")
        return ControlService(
            self.catalog, self.artifacts, self.keys, self.regenerations, self._evidence, self.clock, days, self.required
        )

    @cached_property
    def standing(self) -> "Standings":
        """Where the project stands."""
        from remint.adapters.capture.hardware import platform_tag
        from remint.adapters.catalog.files import catalog_state
        from remint.adapters.signing.files import key_path
        from remint.adapters.standing.file import StandingFile
        from remint.services.standing import StandingService

        root, state, principal = self.settings.root, self.settings.state, self.settings.text("principal")
        memory = StandingFile(state / "cache" / "status.json", partial(catalog_state, state / "catalog.db"))
        question = repr([sys.version, platform_tag(), str(root), sorted(self.settings.values.items())])
        installed = Path(__file__).with_name("__init__.py")  # every installation of a version writes it anew
        paths = (installed, key_path(state / "keys", principal), root / self.settings.text("lock"))
        return StandingService(memory, self.keys, PrincipalId(principal), question, paths, self._read_standing)

    def _read_standing(self, graphs: "Graphs") -> "tuple[Standing, Mapping[str, FileState | None] | None]":
        from remint.services.standing import read_standing

        with closing(App(self.settings)) as app:  # of its own: the files are compared when nobody here has them open
            found = read_standing(app.context(), graphs, refs=app.refs, changes=app.changes, pipelines=app.pipelines)
            return found, app.code.looked_at()

    @cached_property
    def audit(self) -> "Audit":
        """The audit log."""
        from remint.services.audit import AuditService

        return AuditService(self.catalog)

    @cached_property
    def usage_logs(self) -> "UsageLogs":
        """The live usage logs."""
        from remint.adapters.tables.parquet import write_segment
        from remint.adapters.usage.files import FileUsage

        return FileUsage(self.settings.state / "usage", self.clock, write_segment)

    @cached_property
    def usage(self) -> "Usage":
        """Usage logs as data."""
        from remint.services.usage import UsageService

        parts = self.table_versions.parts
        return UsageService(self.catalog, self.blobs, self.artifacts, self.tables, self.usage_logs, self.clock, parts)

    @cached_property
    def serving(self) -> "Serving":
        """Models that may answer."""
        from remint.services.serving import ServingService

        return ServingService(self.catalog, self.artifacts, self.tables, self.formats, self.keys, self.required, _one_thread)

    @cached_property
    def traces(self) -> "Traces":
        """From a prediction to everything behind it."""
        from remint.services.traces import TraceService

        return TraceService(self.catalog, self.artifacts, self.usage_logs, self.keys)

    # ---- the caller

    def context(self) -> Context:
        """Return who acts and where.

        Raises:
            Invalid: no principal is set.
            Denied: it does not exist here, or its key is not here.
        """
        principal = self.settings.text("principal")
        if not principal:
            raise Invalid(
                "nobody acts",
                why="the setting `principal` is empty",
                next_step="say who you are: `--as NAME`, REMINT_PRINCIPAL, or `principal` in remint.toml",
            )
        found = self.principals.require(principal)
        return Context(found.id, self.settings.text("workspace"))

    def close(self) -> None:
        """Release what was opened. Idempotent."""
        for name in ("executor", "_execution", "catalog"):
            held = self.__dict__.pop(name, None)
            if held is not None and held is not self._shared:
                held.close()


def _one_thread() -> None:
    """Hold the numeric libraries loaded so far to one compute thread for the calling thread."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threadpool_limits(limits=1)


def open_project(
    start: Path | None = None, *, inline: bool = False, principal: str | None = None, workspace: str | None = None
) -> App:
    """Return the app of the project at or above a folder.

    Args:
        start: the folder to look from; the current one if not given.
        inline: run steps in this process, for debugging.
        principal: who acts, instead of the setting.
        workspace: where, instead of the setting.

    Raises:
        ProjectNotFound: there is no project.
    """
    root = find_root((start or here()).resolve())
    return App(load(root, {"principal": principal, "workspace": workspace}), inline=inline)


def initialise(root: Path, *, owner: str) -> list[str]:
    """Make a project of a folder and return what was made; what exists stays as it is.

    Args:
        root: the folder.
        owner: name of the first principal.

    Raises:
        InvalidName: the owner's name is outside the grammar.
    """
    made: list[str] = []
    if not (root / FILE).exists() and not has_settings(root):
        (root / FILE).write_text(f'principal = "{require_name(owner, what="principal")}"\n', encoding="utf-8")
        made.append(FILE)
    settings = load(root)
    if not (settings.state / "catalog.db").exists():
        made.append(".remint/")
    settings.state.mkdir(exist_ok=True)
    app = App(settings)
    try:
        app.projects.start(settings.text("principal") or owner)
    finally:
        app.close()
    return made
