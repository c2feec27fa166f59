"""Use cases of storage: what is kept, what is held, and what may go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from remint.core.artifact import Kind
from remint.core.digest import Digest
from remint.core.hold import Hold
from remint.ports.blobs import Swept
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Given:
    """An artifact whose bytes nothing needs.

    Attributes:
        size_bytes: of its parts; others may share them.
        refs: the versions of refs it was, as `main:data/flights@3`.
    """

    digest: Digest
    kind: Kind
    size_bytes: int
    at_us: int
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection did, or would do.

    Attributes:
        needed: artifacts whose bytes are kept.
        given: artifacts whose bytes go, largest first.
        swept: what it means for the store.
    """

    needed: int
    given: Sequence[Given]
    swept: Swept
    dry_run: bool
    by_kind: Mapping[str, int] = field(default_factory=dict)


class Storage(Protocol):
    """What is kept."""

    def collect(self, context: Context, *, dry_run: bool = False, unused_days: int | None = None) -> Collected:
        """Give up the bytes of artifacts that nothing needs. Records stay; what is made again gets its bytes back.

        Needed are: what refs keep (setting `retention`), what changes, evidence, usage logs and holds are about, and all that
        is behind them (inputs, code, environments and logs of the runs that made them); and whatever was made or used in the
        last days. May be called again after any failure; what others add meanwhile is never given up.

        Args:
            context: who asks.
            dry_run: change nothing, and say what would go.
            unused_days: instead of the setting.

        Raises:
            Denied: the principal is no owner.
            Unavailable: others kept writing for too long.
        """
        ...

    def hold(self, context: Context, text: str, *, reason: str) -> Hold:
        """Keep an artifact, named by a ref or a digest, and everything behind it, until the hold is released."""
        ...

    def release(self, context: Context, number: int, *, reason: str) -> Hold:
        """End a hold.

        Raises:
            Denied: the principal may not approve.
            NotFound: there is no such hold.
            Conflict: it was released already.
        """
        ...

    def holds(self, *, released: bool = False) -> Sequence[Hold]:
        """Return the holds that stand, newest first; with `released` all."""
        ...
