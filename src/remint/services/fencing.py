"""Keeping pushes to a remote and collections in it apart (docs/format/remote.md, section 5).

A push says that it goes on, then looks whether somebody collects. A collection says so, then looks who pushes. So one of the
two sees the other, whoever was first.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from remint.core.ids import PrincipalId
from remint.core.remotefence import (
    FENCE,
    LEASE_US,
    LEFT_US,
    PUSHING,
    SKEW_US,
    FenceState,
    Pushing,
    Sweeper,
    decode_fence,
    decode_pushing,
    encode_fence,
    encode_pushing,
    is_pushing,
    pushing_name,
)
from remint.errors import Conflict, RemintError, Unavailable
from remint.ports.clock import Clock
from remint.ports.remotes import Remote
from remint.ports.usecases.artifacts import Progress

PUSH_PATIENCE_S, PUSH_PAUSE_S = 600.0, 2.0
"""How long a push waits for a collection, and how often it looks."""

COLLECT_PATIENCE_S, COLLECT_PAUSE_S = 60.0, 1.0
"""How long a collection waits for pushes, and how often it looks."""

AT_ONCE = 500
"""So many files are removed before it is asked again whether they may be."""


@dataclass(frozen=True)
class Gate:
    """A remote, seen as what is pushed to and collected in.

    Attributes:
        name: of the remote, for errors.
        by: who pushes or collects.
    """

    remote: Remote
    name: str
    clock: Clock
    by: PrincipalId

    @contextlib.contextmanager
    def pushing(self) -> Iterator[Callable[[], None]]:
        """Keep collections out while the block runs; give what refuses to go on if this push was taken for a dead one.

        What is in the remote is to be looked at inside the block.

        Raises:
            Unavailable: somebody collected all the time.
        """
        mine = pushing_name(self.clock.entropy(16).hex())
        with self._ended(lambda: self.remote.delete([mine])):
            self._enter(mine)
            yield lambda: self._require_living(mine)

    def _enter(self, mine: str) -> None:
        until_s = time.monotonic() + PUSH_PATIENCE_S
        while True:
            self.remote.put(mine, encode_pushing(Pushing(self.by, self.clock.now_us())))
            state = self.state()[0]
            if not state.is_held(now_us=self.clock.now_us()):
                return
            self.remote.delete([mine])  # who collects waits for every push that says it goes on
            self._wait_for_collection(until_s)

    def _wait_for_collection(self, until_s: float) -> None:
        while (state := self.state()[0]).is_held(now_us=self.clock.now_us()):
            if time.monotonic() > until_s and state.sweeper is not None:
                raise Unavailable(
                    f"nothing was pushed to {self.name}",
                    why=f"{state.sweeper.by} is giving up what nothing needs there, for more than {PUSH_PATIENCE_S:g} s",
                    next_step="run the same command again when that has ended; if it was killed, an hour after that",
                )
            time.sleep(PUSH_PAUSE_S)

    def _require_living(self, mine: str) -> None:
        if self.remote.get(mine) is None:
            raise Conflict(
                f"nothing was pushed to {self.name}",
                why="it took more than a day, so it was taken for dead, and what it had brought may be gone",
                next_step="run the same command again: it brings what is missing",
            )

    @contextlib.contextmanager
    def collecting(self) -> Iterator["Lease"]:
        """Keep pushes and other collections out while the block runs, once nobody pushes any more.

        Raises:
            Unavailable: somebody else collects, or somebody pushed all the time.
        """
        seen, tag = self.state()
        now_us = self.clock.now_us()
        if seen.is_held(now_us=now_us):
            raise self._taken(seen)
        lease = Lease(self, FenceState(seen.epoch + 1, Sweeper(self.by, now_us + LEASE_US)))
        with self._ended(lease.give_back):
            if not self.swap(lease.state, tag):
                raise self._taken(self.state()[0])
            self._wait_for_pushes(lease)
            yield lease

    def _wait_for_pushes(self, lease: "Lease") -> None:
        until_s = time.monotonic() + COLLECT_PATIENCE_S
        while living := self._living(lease):
            if time.monotonic() > until_s:
                name, push = living[0]
                raise Unavailable(
                    f"nothing was given up in {self.name}",
                    why=f"{push.by} is pushing to it, for more than {COLLECT_PATIENCE_S:g} s",
                    next_step=f"run the same command again when that has ended; if it was killed, remove {name} there",
                )
            time.sleep(COLLECT_PAUSE_S)

    def _living(self, lease: "Lease") -> list[tuple[str, Pushing]]:
        """Return the pushes that go on; what killed ones left is removed."""
        living = []
        for name in filter(is_pushing, self.remote.names(PUSHING)):
            found = self.remote.get(name)
            if found is None:
                continue
            push = decode_pushing(name, found[0])
            if push.is_dead(now_us=self.clock.now_us()):
                lease.delete([name])
            else:
                living.append((name, push))
        return living

    def state(self) -> tuple[FenceState, str | None]:
        """Return what the fence says, and the tag of its record."""
        found = self.remote.get(FENCE)
        return (decode_fence(found[0]), found[1]) if found else (FenceState(), None)

    def swap(self, state: FenceState, tag: str | None) -> bool:
        """Let the fence say something else if it still has this tag; return whether it does."""
        if self.remote.swap(FENCE, encode_fence(state), tag):
            return True
        return self.state()[0] == state  # so it is if an answer was lost and the request was made again

    def _taken(self, state: FenceState) -> Unavailable:
        by = state.sweeper.by if state.sweeper is not None else "somebody"
        return Unavailable(
            f"nothing was given up in {self.name}",
            why=f"{by} is giving up what nothing needs there at this moment",
            next_step="run the same command again when that has ended; if it was killed, an hour after that",
        )

    @contextlib.contextmanager
    def _ended(self, end: Callable[[], None]) -> Iterator[None]:
        """Do something when a block ends, also by an error, which is the one that is told then."""
        untold: tuple[type[RemintError], ...] = (RemintError,)  # it ends by itself after a while, and what went wrong is told
        try:
            yield
            untold = ()
        finally:
            with contextlib.suppress(*untold):
                end()


@dataclass
class Lease:
    """The right to remove from a remote.

    Attributes:
        state: what the fence says while it is ours.
    """

    gate: Gate
    state: FenceState

    def delete(self, names: Sequence[str]) -> None:
        """Remove files, in their order, some at a time.

        Raises:
            Unavailable: it took so long that others may go on; the rest is left.
        """
        for start in range(0, len(names), AT_ONCE):
            self.ensure()
            self.gate.remote.delete(names[start : start + AT_ONCE])

    def during(self, on_progress: Progress | None) -> Progress:
        """Return what tells of progress and sees to it that there is time left."""

        def tell(done: int, total: int) -> None:
            self.ensure()
            if on_progress is not None:
                on_progress(done, total)

        return tell

    def ensure(self) -> None:
        """See to it that there is time left to remove something.

        Raises:
            Unavailable: there was none left.
        """
        held = self.state.sweeper
        assert held is not None
        now_us = self.gate.clock.now_us()
        if held.until_us - now_us >= LEFT_US:
            return
        longer = FenceState(self.state.epoch, Sweeper(held.by, now_us + LEASE_US))
        seen, tag = self.gate.state()
        is_kept = seen == self.state and self.gate.swap(longer, tag)
        if is_kept:
            self.state = longer
        if not is_kept or self.gate.clock.now_us() > held.until_us - SKEW_US:  # others may have begun to push
            raise Unavailable(
                f"not all of it was given up in {self.gate.name}",
                why="it stood still for so long that others may push again",
                next_step="run the same command again: it goes on from where it was",
            )

    def give_back(self) -> None:
        """Let others push and collect, if nobody else does already."""
        seen, tag = self.gate.state()
        if seen == self.state:
            self.gate.swap(FenceState(seen.epoch), tag)
