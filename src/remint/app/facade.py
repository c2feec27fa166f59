"""One facade that hands out the services of a project, over the adapters its settings ask for."""

import sys
from contextlib import closing
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from remint.app.statements import Statements
from remint.core.ids import PrincipalId
from remint.errors import Invalid, RemintError
from remint.ports.usecases.context import Context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from remint.core.digest import Digest
    from remint.core.filestate import FileState
    from remint.core.retention import Rule
    from remint.core.standing import Standing
    from remint.ports.samples import Sampling
    from remint.ports.usecases.artifacts import Artifacts
    from remint.ports.usecases.audit import Audit
    from remint.ports.usecases.backups import BackingUp
    from remint.ports.usecases.changes import Changes, Glasses, RollBacks
    from remint.ports.usecases.configuration import Configuration
    from remint.ports.usecases.contents import Contents
    from remint.ports.usecases.control import Control
    from remint.ports.usecases.erasures import Erasures
    from remint.ports.usecases.history import History
    from remint.ports.usecases.imports import Imports
    from remint.ports.usecases.lineage import Lineages
    from remint.ports.usecases.pipelines import Pipelines
    from remint.ports.usecases.refs import Refs
    from remint.ports.usecases.regenerations import Regenerations
    from remint.ports.usecases.remintings import Remintings
    from remint.ports.usecases.remotes import Remotes
    from remint.ports.usecases.runs import Runs
    from remint.ports.usecases.serving import Serving, Traces, Usage
    from remint.ports.usecases.sources import Sources
    from remint.ports.usecases.standing import Graphs, Standings
    from remint.ports.usecases.storage import Storage
    from remint.ports.usecases.tracking import Trackings
    from remint.ports.usecases.uploads import Uploading
    from remint.services.execution import Execution
    from remint.services.manifests import Manifests
    from remint.services.projects import ProjectService
    from remint.services.showing import ShowService
    from remint.services.tables import TableService
    from remint.services.worktree import Worktree


_GIVEN = {"settings", "_inline", "_shared"}


class App(Statements):
    """Everything Remint does for one project, by noun."""

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
            self.catalog,
            self.blobs,
            self.formats,
            self.clock,
            self.protected,
            self._worktree,
            self._manifests,
            tables,
            self.access,
        )

    @cached_property
    def uploads(self) -> "Uploading":
        """Files on their way in."""
        from remint.services.uploads import UploadService

        parts = (self.catalog, self.incoming, self.blobs, self.artifacts, self.access, self.clock)
        return UploadService(*parts, self._arrivals)

    @cached_property
    def contents(self) -> "Contents":
        """The files of artifacts, one by one."""
        from remint.services.contents import ContentService

        return ContentService(self.catalog, self.blobs, self.artifacts, self._readings)

    @cached_property
    def table_versions(self) -> "TableService":
        """Versions of tables."""
        from remint.adapters.tables.following import ParquetVersions
        from remint.services.pins import Pins
        from remint.services.tableparts import TableParts
        from remint.services.tables import TableService

        pins = Pins(self.catalog, self.opened_source, self.clock, PrincipalId(self.settings.text("principal")))
        parts = TableParts(self.blobs, self.tables, ParquetVersions(), self.settings.state / "scratch", pins)
        return TableService(self.catalog, parts, self.clock, self.protected, self._worktree, self.refs, self.access)

    @cached_property
    def _manifests(self) -> "Manifests":
        from remint.services.manifests import Manifests

        return Manifests(self.blobs)

    @cached_property
    def sampling(self) -> "Sampling":
        """Samples of sets of files."""
        from remint.adapters.blobs.sampling import unfold
        from remint.services.sampling import FarFiles, SampleService

        far = FarFiles(lambda: self._places.open()[1], unfold) if self.settings.text("remote") else None
        return SampleService(self.blobs, self._manifests, far)

    @cached_property
    def showing(self) -> "ShowService":
        """Looks into tables and sets of files."""
        from remint.adapters.media.files import FileMedia
        from remint.adapters.tables.statistics import DuckStatistics
        from remint.services.showing import ShowService

        return ShowService(DuckStatistics(), FileMedia(), self.sampling)

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

        return RefService(self.catalog, self.clock, self.protected, self.access, self.sight)

    @cached_property
    def backups(self) -> "BackingUp":
        """Backups."""
        from remint.adapters.backups.folder import BackupFolder
        from remint.adapters.catalog.engine import HEAD
        from remint.services.backups import BackupService

        parts = (self.catalog, self.blobs, self.clock, self.access)
        opened = partial(BackupFolder, state=self.settings.state)
        return BackupService(*parts, opened, self.artifacts, self.audit, self.catalog.copy_to, HEAD)

    @cached_property
    def history(self) -> "History":
        """Workspaces as they were."""
        from remint.services.history import HistoryService

        return HistoryService(self.catalog)

    @cached_property
    def runs(self) -> "Runs":
        """Runs."""
        from remint.services.runs import RunService

        return RunService(self.catalog, self.artifacts, self.clock, self.processes, self._metering)

    @cached_property
    def pipelines(self) -> "Pipelines":
        """Plans and pipelines."""
        from remint.services.pipelines import PipelineService
        from remint.services.plans import PlanService

        root = self.settings.root
        plans = PlanService(self.recording, self.code, self.environment, self.git, root)
        return PipelineService(self.recording, plans, self._execution, self.processes, self.clock, root)

    @cached_property
    def _execution(self) -> "Execution":
        from remint.services.execution import Execution

        scratch = self.settings.state / "scratch"
        parts = (self.recording, self.blobs, self.artifacts, self.executor, self.environment, self.clock)
        return Execution(*parts, scratch, self.secrets.values)

    @cached_property
    def _retention(self) -> "tuple[Rule, ...]":
        from remint.core.retention import parse_rules

        return parse_rules(self.settings.table("retention"), self.settings.table("retention_classes"))

    @cached_property
    def storage(self) -> "Storage":
        """What is kept, held, and given up."""
        from remint.services.storage import StorageService

        rules = self._retention
        days = self.settings.number("unused_days")
        return StorageService(self.catalog, self.blobs, self.refs, self.clock, rules, days, self.access)

    @cached_property
    def erasures(self) -> "Erasures":
        """What was removed of persons."""
        from remint.adapters.tables.subjects import ParquetSubjects
        from remint.core.erasure import parse_patterns
        from remint.services.erasures import ErasureService
        from remint.services.openlogs import OpenLogs

        subjects = ParquetSubjects()
        return ErasureService(
            self.catalog,
            self.artifacts,
            self.table_versions.parts,
            subjects,
            self._evidence,
            OpenLogs(self.usage_logs, self.usage, self.tables, subjects),
            self._worktree,
            self.processes,
            self.clock,
            parse_patterns(self.settings.table("subjects")),
            tuple(sorted(self.settings.table("remotes"))),
            self.access,
        )

    @cached_property
    def remintings(self) -> "Remintings":
        """Minting models again without the rows of an erasure."""
        from remint.services.reminting import RemintingService

        return RemintingService(
            self.catalog,
            self.erasures,
            self._execution,
            self.refs,
            self.changes,
            self.processes,
            self.clock,
            self.protected,
            self.settings.root,
            self.access,
        )

    @cached_property
    def remotes(self) -> "Remotes":
        """Pushing and pulling, and giving up what was pushed."""
        from remint.adapters.blobs.sampling import unfold
        from remint.services.clearing import Keeping
        from remint.services.remotes import RemoteService
        from remint.services.sides import Sides

        parts = (self.catalog, self.blobs, self.artifacts, self.refs, self._manifests, self.clock, self.protected)
        keeping = Keeping(self._retention, self.settings.number("unused_days"))
        return RemoteService(Sides(*parts, self._places, self.access), keeping, unfold)

    @cached_property
    def sources(self) -> "Sources":
        """Tables from databases and lakes."""
        from remint.core.origin import parse_sources
        from remint.services.sources import SourceService

        named = parse_sources(self.settings.table("data_sources"))
        parts = (self.catalog, self.table_versions, self.refs, self.opened_source, self.clock)
        return SourceService(*parts, named, self.access, self.secrets)

    @cached_property
    def imports(self) -> "Imports":
        """Taking over repositories of other tools."""
        from remint.services.imports import ImportService

        return ImportService(self.catalog, self.blobs, self.artifacts, self.clock, self.protected, self.access)

    @cached_property
    def projects(self) -> "ProjectService":
        """Starting a project."""
        from remint.services.projects import ProjectService

        return ProjectService(self.catalog, self.principals, self.clock)

    def _policy_text(self, digest: "Digest") -> str:
        """Return the text of a version of a policy: its files whose names end in .cedar, in order of their paths."""
        files = sorted((name, place) for name, place in self.artifacts.files(digest) if name.endswith(".cedar"))
        return "\n".join(place.read_text(encoding="utf-8") for _, place in files)

    @cached_property
    def lineage(self) -> "Lineages":
        """Lineage."""
        from remint.services.lineage import LineageService

        return LineageService(self.catalog)

    @cached_property
    def changes(self) -> "Changes":
        """Changes."""
        from remint.core.review import parse_reviews
        from remint.services.changes import ChangeService

        parts = (self.catalog, self.access, self.sight, self.artifacts, self._evidence, self.keys, self.clock)
        reviews = parse_reviews(self.settings.table("reviews"), default=self.required)
        judged_by = (self.required, self.settings.table("gates"), reviews, self._owners, self._recorded)
        return ChangeService(*parts, *judged_by, self._contracts.check_proposed)

    @cached_property
    def configuration(self) -> "Configuration":
        """Settings as an artifact."""
        from remint.services.configuration import ConfigurationService

        parts = (self.catalog, self.blobs, self.artifacts, self.access, self.clock)
        return ConfigurationService(*parts, self.changes, self._recorded)

    @cached_property
    def glasses(self) -> "Glasses":
        """Emergencies."""
        from remint.services.glass import GlassService

        return GlassService(self.catalog, self.access, self.keys, self.clock, self.protected)

    @cached_property
    def roll_backs(self) -> "RollBacks":
        """Taking back the last merge of a ref."""
        from remint.services.rollback import RollBackService

        return RollBackService(self.catalog, self.access, self.artifacts, self.keys, self.clock, self.required, self.protected)

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
            self.access,
        )

    @cached_property
    def control(self) -> "Control":
        """The status of production."""
        from remint.services.control import ControlService

        days = self.settings.number("regenerated_days")
        return ControlService(
            *(self.catalog, self.artifacts, self.keys, self.regenerations, self._evidence, self.clock, days, self.required),
            self._owners,
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
        file = None if self.settings.database else state / "catalog.db"
        memory = StandingFile(state / "cache" / "status.json", partial(catalog_state, file))
        question = repr([sys.version, platform_tag(), str(root), sorted(self.settings.values.items())])
        installed = Path(__file__).parent.with_name("__init__.py")  # every installation of a version writes it anew
        paths = (installed, key_path(state / "keys", principal), root / self.settings.text("lock"))
        return StandingService(memory, self.keys, PrincipalId(principal), question, paths, self._read_standing)

    def _read_standing(self, graphs: "Graphs") -> "tuple[Standing, Mapping[str, FileState | None] | None]":
        from remint.services.standing import read_standing

        with closing(App(self.settings)) as app:  # of its own: the files are compared when nobody here has them open
            unlocked: RemintError | None = None
            try:
                app.environment.declared()
            except RemintError as error:
                unlocked = error
            found = read_standing(
                app.context(), graphs, refs=app.refs, changes=app.changes, pipelines=app.pipelines, unlocked=unlocked
            )
            if unlocked is not None:
                return found, {}  # the lock alone decided
            return found, app.code.looked_at() if not (found.blocked or found.is_dated) else None

    @cached_property
    def audit(self) -> "Audit":
        """The audit log."""
        from remint.adapters.checkpoints.files import CheckpointFiles
        from remint.services.audit import AuditService

        files = CheckpointFiles(self.settings.root, self.settings.texts("checkpoints"))
        return AuditService(self.catalog, files, self.keys, self.clock)

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
        for name in self.__dict__.keys() - _GIVEN:  # services that hold the app: a pack is free when nobody holds its store
            del self.__dict__[name]


def _one_thread() -> None:
    """Hold the numeric libraries loaded so far to one compute thread for the calling thread."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threadpool_limits(limits=1)
