"""Where a project stands: its refs, the pipelines with work to do, and the changes that wait for someone."""

from collections.abc import Mapping
from dataclasses import dataclass

from remint.core.change import ChangeState
from remint.core.ids import ChangeId, PrincipalId
from remint.core.ref import Ref


@dataclass(frozen=True, slots=True)
class PipelineStanding:
    """How many steps of a pipeline are in each state of a plan."""

    pipeline: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """A change that is not ended.

    Attributes:
        expires_us: when it expires; None if never.
    """

    change: ChangeId
    state: ChangeState
    title: str
    expires_us: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a project stands, as one principal sees it from one workspace.

    Attributes:
        refs: of the workspace.
        changes: those that wait for someone, newest first.
        blocked: in words, why the pipelines cannot be planned; empty if they can.
    """

    workspace: str
    principal: PrincipalId
    refs: tuple[Ref, ...]
    pipelines: tuple[PipelineStanding, ...]
    changes: tuple[WaitingChange, ...]
    blocked: str = ""

    @property
    def is_dated(self) -> bool:
        """Whether it changes by itself, as time passes."""
        return any(one.expires_us is not None for one in self.changes)
