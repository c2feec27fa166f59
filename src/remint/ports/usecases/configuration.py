"""Use cases of configuration: the settings of a project as an artifact that an approved change puts into force."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from remint.core.ref import Ref
from remint.ports.usecases.changes import Review
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Compared:
    """Settings beside those recorded.

    Attributes:
        recorded: the ref of the recorded ones; None if none are.
        now: those in force, without those that are as by default.
        departures: how they depart, in words; each is an alarm.
    """

    recorded: Ref | None
    now: Mapping[str, Any]
    departures: tuple[str, ...]


class Configuration(Protocol):
    """Recording settings, and comparing with what was recorded."""

    def compare(self) -> Compared:
        """Return how the settings in force depart from those recorded."""
        ...

    def propose(self, context: Context, *, title: str = "") -> Review:
        """Keep the shared settings in force as an artifact and open a change that records them.

        Once some are recorded, a change of them is judged by what they say, whatever the file says by then, and no other change
        is merged while the settings in force depart from them.

        Raises:
            Invalid: they are recorded already.
            Denied: the caller may not open changes.
        """
        ...
