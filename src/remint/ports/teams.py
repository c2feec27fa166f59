"""Records of teams and of identities that others vouch for (see ports.catalog for the contract of every method)."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.digest import Digest
from remint.core.ids import PrincipalId
from remint.core.team import Team, TeamChange
from remint.core.vouched import Link

PAGE = 1000
EVERY = 1 << 40
"""More than a catalog holds: what somebody may do never follows from a part of the records."""


class TeamRecords(Protocol):
    """Teams, who is in them and which roles they give; insert-only."""

    def add(self, team: Team) -> bool:
        """Record a team, without roles and members; return False, and write nothing, if the name is taken."""
        ...

    def get(self, name: str) -> Team | None:
        """Return one team with its roles and members, or None."""
        ...

    def all(self, *, limit: int = PAGE) -> Sequence[Team]:
        """Return teams with their roles and members, by name."""
        ...

    def change(self, change: TeamChange) -> None:
        """Record that a principal joined or parted, or that a role was given or taken.

        Raises:
            NotFound: there is no such team or principal.
        """
        ...

    def changes(self, *, of: PrincipalId | None = None, limit: int = EVERY) -> Sequence[TeamChange]:
        """Return changes of teams, oldest first.

        Args:
            of: only those that say which teams this principal was in, and which roles these gave.
            limit: at most so many.
        """
        ...


class IdentityRecords(Protocol):
    """Which principal an issuer means by a subject, and which proofs were exchanged for tokens; insert-only."""

    def link(self, link: Link) -> bool:
        """Record whom an issuer means; return False, and write nothing, if that is recorded already. Idempotent."""
        ...

    def holder(self, issuer: str, subject: str) -> PrincipalId | None:
        """Return whom an issuer means by a subject, or None."""
        ...

    def all(self, *, of: PrincipalId | None = None, limit: int = EVERY) -> Sequence[Link]:
        """Return links, oldest first: of one principal if given."""
        ...

    def spend(self, proof: Digest, *, token: int, at_us: int) -> bool:
        """Record that a proof was exchanged for a token; return False, and write nothing, if it was before."""
        ...

    def spent(self, *, limit: int = EVERY) -> Sequence[tuple[Digest, int]]:
        """Return proofs and the tokens they were exchanged for."""
        ...
