"""Usage logs that are not sealed yet, looked at for the rows of a person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from remint.core.erasure import Subject, value_in
from remint.core.prediction import log_ref
from remint.core.tabletype import parse_tag
from remint.errors import Conflict
from remint.ports.erasures import SubjectRows
from remint.ports.tables import Tables
from remint.ports.usage import Batch, SegmentFile, UsageLogs
from remint.ports.usecases.context import Context
from remint.ports.usecases.serving import Usage


@dataclass(frozen=True)
class OpenLogs:
    """The live usage logs of a project.

    Attributes:
        usage: seals them.
        tables: reads the columns of what they would be sealed to.
        subjects: finds rows in files.
    """

    logs: UsageLogs
    usage: Usage
    tables: Tables
    subjects: SubjectRows

    def seal(self, context: Context, subject: Subject) -> None:
        """Seal every log that has a column of the subject.

        Raises:
            Conflict: a server is still writing a log that holds rows of the subject.
        """
        for deployment in self.logs.deployments():
            if subject.columns_of([log_ref(deployment).path]):
                self.usage.seal(context, deployment)
        left = self.rows(subject)
        if left:
            named = min(left)
            raise Conflict(
                "nothing was erased",
                why=f"a server writes the usage log of {named}, and {left[named]} rows of the subject are in it",
                next_step=f"stop `remint serve` of {named}, do it again, and start the server after that",
                deployments=sorted(left),
            )

    def rows(self, subject: Subject) -> Mapping[str, int]:
        """Return how many rows of the subject logs hold that are not sealed, by deployment; those without are left out."""
        found: dict[str, int] = {}
        for deployment in self.logs.deployments():
            columns = subject.columns_of([log_ref(deployment).path])
            if not columns:
                continue
            with self.logs.sealing(deployment):
                rows = sum(self._rows(segment, subject, columns) for segment in self._segments(deployment))
            if rows:
                found[deployment] = rows
        return found

    def _segments(self, deployment: str) -> Iterator[SegmentFile]:
        """Write what a log holds as it would be sealed; whoever takes a file removes it."""
        same: dict[tuple[str, ...], list[Batch]] = {}
        for piece in self.logs.pieces(deployment):
            for batch in piece.batches:
                same.setdefault(batch.features, []).append(batch)
        for batches in same.values():
            yield from self.logs.to_segments(deployment, batches, without=())

    def _rows(self, segment: SegmentFile, subject: Subject, columns: frozenset[str]) -> int:
        try:
            types = {str(column["name"]): column["type"] for column in self.tables.identify([segment.path]).schema}
            values = {name: value_in(parse_tag(types[name]), subject.value) for name in sorted(columns) if name in types}
            wanted = {name: value for name, value in values.items() if value is not None}
            return self.subjects.held(segment.path, wanted) if wanted else 0
        finally:
            segment.path.unlink(missing_ok=True)
