"""Holds: what must be kept whatever else is said, until somebody releases it."""

from dataclasses import dataclass

from remint.core.digest import Digest
from remint.core.ids import PrincipalId


@dataclass(frozen=True, slots=True)
class Release:
    """The end of a hold."""

    by: PrincipalId
    at_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """An artifact that is kept, with everything behind it.

    Attributes:
        number: counts holds from 1; 0 before it is recorded.
        subject: the artifact.
        named: how it was named when it was held.
        reason: why; for people.
        release: its end, if it has ended.
    """

    number: int
    subject: Digest
    named: str
    by: PrincipalId
    at_us: int
    reason: str
    release: Release | None = None
