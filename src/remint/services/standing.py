"""Where a project stands: read from the records and the code, or taken from the last answer while nothing has moved."""

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from remint.core.change import FINAL
from remint.core.filestate import FileState
from remint.core.ids import PrincipalId
from remint.core.pipeline import graphs_digest
from remint.core.standing import PipelineStanding, Standing, WaitingChange
from remint.errors import RemintError
from remint.ports.signing import Keys
from remint.ports.standing import Kept, StandingMemory
from remint.ports.usecases.changes import Changes
from remint.ports.usecases.context import Context
from remint.ports.usecases.pipelines import Pipelines
from remint.ports.usecases.refs import Refs
from remint.ports.usecases.standing import Graphs

Read: TypeAlias = Callable[[Graphs], tuple[Standing, Mapping[str, FileState | None] | None]]
"""Opens the catalog, reads where the project stands, and closes it; gives the paths beside those of the service that the answer
rests on, too, or None if they are not known."""


def read_standing(
    context: Context, graphs: Graphs, *, refs: Refs, changes: Changes, pipelines: Pipelines, unlocked: RemintError | None
) -> Standing:
    """Return where the project stands, from the records and the code.

    Args:
        context: who asks, and where.
        graphs: of the project.
        refs: where they point.
        changes: that wait.
        pipelines: plan.
        unlocked: why nothing can be planned in this environment, if so.

    Raises:
        NotFound: there is no such workspace.
    """
    found = refs.list(context)
    waiting = [one for one in changes.list() if one.state not in FINAL]
    planned: list[PipelineStanding] = []
    blocked = ""
    try:
        if unlocked is not None:
            raise unlocked
        planned = [PipelineStanding(plan.graph, plan.counts) for plan in (pipelines.plan(context, one) for one in graphs())]
    except RemintError as error:
        blocked = f"pipelines cannot be planned: {error.what} ({error.why})"
    return Standing(
        context.workspace,
        context.principal,
        tuple(found),
        tuple(planned),
        tuple(WaitingChange(one.change.id, one.state, one.change.title, one.expires_us) for one in waiting),
        blocked,
    )


@dataclass(frozen=True)
class StandingService:
    """See ports.usecases.standing.Standings.

    Attributes:
        question: everything the answer depends on that is neither a file nor what a pipeline's file computes.
        paths: the files it depends on beside the catalog's and the code's.
    """

    memory: StandingMemory
    keys: Keys
    principal: PrincipalId
    question: str
    paths: Sequence[Path]
    read: Read

    def now(self, graphs: Graphs) -> Standing:
        """Return where the project stands now.

        The files that define pipelines are run every time, for they may look at anything; what follows from them is not.
        """
        graphs = functools.cache(graphs)
        kept = self.memory.recall(self.question)
        if kept is not None and self._holds(kept, graphs):
            return kept.standing
        watch = self.memory.watch(self.paths)
        standing, looked_at = self.read(graphs)
        if looked_at is not None:
            with contextlib.suppress(RemintError):  # reading said it, in the words of `blocked`
                digest = graphs_digest(graphs())
                if digest is not None:
                    self.memory.keep(Kept(self.question, digest, standing), watch, looked_at)
        return standing

    def _holds(self, kept: Kept, graphs: Graphs) -> bool:
        """Return whether the caller may still act as the principal, and the pipelines are the same."""
        if not self.keys.holds(self.principal):
            return False
        try:
            return graphs_digest(graphs()) == kept.graphs
        except RemintError:
            return False  # reading says it, in the words of `blocked`
