"""Use cases of erasures: one person's rows leave every table kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from remint.core.digest import Digest
from remint.core.erasure import Erased, Erasure
from remint.ports.blobs import Swept
from remint.ports.usecases.artifacts import Progress
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked for.

    Attributes:
        value: that tells the person's rows, as text; it is read as each column's type. Never recorded.
        reason: why; recorded for ever.
        column: looked at in every table that has it; None for the columns that the setting `subjects` names.
        dry_run: change nothing, and say what would go.
    """

    value: str = field(repr=False)
    reason: str
    column: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Erasing:
    """What an erasure did, or would do.

    Attributes:
        certificate: what it says (docs/format/records.md, section 10); of a dry run what it would say, without a number.
        erasure: its record; None if nothing was found, and in a dry run.
        receipt: with it and the value it can be shown whom the erasure was about; it is kept nowhere.
        open_logs: rows of the person in usage logs that are not sealed yet, by deployment; only in a dry run.
        swept: what went from the disk.
        finished: earlier erasures whose bytes are gone only now, because their removal was cut short.
    """

    certificate: Mapping[str, Any]
    erasure: Erasure | None = None
    receipt: str | None = None
    open_logs: Mapping[str, int] = field(default_factory=dict)
    swept: Swept | None = None
    finished: tuple[int, ...] = ()
    dry_run: bool = False


class Erasures(Protocol):
    """Erasing, and what is known of erasures."""

    def erase(
        self,
        context: Context,
        demand: Demand,
        *,
        on_receipt: Callable[[str], None] | None = None,
        on_progress: Progress | None = None,
    ) -> Erasing:
        """Remove one person's rows from every table whose bytes are here.

        First what is new is stored: for each table with such rows a successor without them. Then one transaction records the
        erasure, moves every ref of every workspace from the tables to the successors, and signs. Then the bytes go. A crash
        at any point leaves nothing done or all but the last; the same call, or a collection, completes it.

        Args:
            context: who asks.
            demand: what is asked for.
            on_receipt: called with the receipt before anything is recorded.
            on_progress: called with how many bytes were looked at, and how many there are.

        Raises:
            Denied: the principal is no owner.
            Invalid: no value, reason or column is given, or the reason names the person.
            Conflict: what would go is held, or read by a run, or in a usage log that is being written; nothing was erased.
            Unavailable: others kept writing for too long; what is recorded stays, and the same call goes on.
        """
        ...

    def list(self) -> Sequence[Erasure]:
        """Return the erasures, newest first."""
        ...

    def show(self, number: int) -> tuple[Erasure, Mapping[str, Any]]:
        """Return one erasure and what its certificate says; the bytes and the signature of it are verified.

        Raises:
            NotFound: there is none of that number.
            Corrupt: the certificate is not what was signed.
        """
        ...

    def is_about(self, number: int, value: str, receipt: str) -> bool:
        """Return whether an erasure was about a person. Errors as `show`, and Invalid if the receipt is none."""
        ...

    def among(self, artifacts: Iterable[Digest]) -> Mapping[Digest, Erased]:
        """Return those of some artifacts that an erasure took."""
        ...

    def behind(self, artifacts: Iterable[Digest]) -> Sequence[Erased]:
        """Return what erasures took of some artifacts and of everything behind them, oldest erasure first."""
        ...
