"""Use cases of minting models again without the rows of an erasure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from remint.core.digest import Digest
from remint.core.ids import ChangeId
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class RemintedModel:
    """A model in production, or at another ref of `main`, made again without the rows.

    Attributes:
        ref: that points at the old one, as `main:model/delay`.
        new: equal to `old` if the rows made no difference; None if it cannot be made again.
        metrics: of evaluations of both, by name: before and after.
        change: that was opened to move the ref; None if the ref was moved at once, or nothing is to move.
        why: why it cannot be made again.
    """

    ref: str
    old: Digest
    new: Digest | None
    metrics: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    change: ChangeId | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reminted:
    """What came of minting models again.

    Attributes:
        sandbox: where it was done; what was made stays there.
        moved: refs of `main`, not of models, that were moved to what was made again.
        ran: how many steps were carried out now.
    """

    erasure: int
    sandbox: str
    models: Sequence[RemintedModel]
    moved: Sequence[str]
    ran: int


class Remintings(Protocol):
    """Minting again."""

    def remint(self, context: Context, number: int, *, on_line: Callable[[str], None] | None = None) -> Reminted:
        """Make every model that rests on what an erasure took again, from the successors, and open the changes.

        The recorded steps run again, in a sandbox of their own, with recorded code, arguments and conditions. Evaluations of a
        model are carried out again with the new one in its place. Refs of the sandbox move; protected refs of `main` get a
        change each, others move at once. May be called again after any failure: steps that are done are not done again.

        Args:
            context: who asks.
            number: of the erasure.
            on_line: called with what steps print, and with what happens.

        Raises:
            NotFound: there is no such erasure.
            EnvironmentDiffers: the environment of then is not installed here.
            StepFailed, LimitReached: a step ended so; what was made before stays.
        """
        ...
