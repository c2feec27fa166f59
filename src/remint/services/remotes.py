"""Remotes (see ports.usecases.remotes.Remotes)."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.ports.samples import Unfold
from remint.ports.usecases.artifacts import Progress
from remint.ports.usecases.context import Context
from remint.ports.usecases.remotes import Cleared, Transfer
from remint.services.clearing import Clear, Keeping
from remint.services.pulling import Pull
from remint.services.pushing import Push
from remint.services.sides import Sides


@dataclass(frozen=True)
class RemoteService:
    """See ports.usecases.remotes.Remotes.

    Attributes:
        keeping: what is kept in a remote anyhow.
        unfold: makes the bytes of a blob of its record and those of its parts.
    """

    sides: Sides
    keeping: Keeping
    unfold: Unfold

    def push(
        self,
        context: Context,
        names: Sequence[str],
        *,
        to: str | None = None,
        dry_run: bool = False,
        on_progress: Progress | None = None,
    ) -> Transfer:
        """Bring artifacts to a remote."""
        return Push(self.sides)(context, names, to=to, dry_run=dry_run, on_progress=on_progress)

    def pull(
        self,
        context: Context,
        names: Sequence[str],
        *,
        source: str | None = None,
        lazy: bool = False,
        theirs: bool = False,
        on_progress: Progress | None = None,
    ) -> Transfer:
        """Bring artifacts from a remote."""
        return Pull(self.sides)(context, names, source=source, lazy=lazy, theirs=theirs, on_progress=on_progress)

    def clear(
        self,
        context: Context,
        name: str | None = None,
        *,
        dry_run: bool = False,
        unused_days: int | None = None,
        on_progress: Progress | None = None,
    ) -> Cleared:
        """Give up in a remote what nothing needs."""
        clear = Clear(self.sides, self.keeping, self.unfold)
        return clear(context, name, dry_run=dry_run, unused_days=unused_days, on_progress=on_progress)
