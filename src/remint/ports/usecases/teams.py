"""Use cases of teams."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.team import Team
from remint.ports.usecases.context import Context


class Teams(Protocol):
    """Making teams, and changing who is in them and which roles they give. Only owners do."""

    def create(self, context: Context, name: str, *, about: str = "") -> Team:
        """Make a team: nobody is in it, and it gives no role.

        Raises:
            Conflict: the name is taken.
            Denied: the caller is not an owner.
        """
        ...

    def add(self, context: Context, name: str, principal: str) -> Team:
        """Let a principal join; it has the roles of the team at once. Idempotent.

        Raises:
            NotFound: there is no such team or principal.
            Conflict: the principal left.
            Denied: the caller is not an owner.
        """
        ...

    def remove(self, context: Context, name: str, principal: str) -> Team:
        """Let a principal part; it loses the roles of the team at once. Idempotent.

        Raises:
            NotFound: there is no such team or principal.
            Conflict: the principal left the project, or is in the team because an issuer says so at each sign-in.
            Denied: the caller is not an owner; or nobody else could do what is needed (rules `last-owner`, `orphaned-quorum`).
        """
        ...

    def grant(self, context: Context, name: str, role: str) -> Team:
        """Give every member a role, for as long as it is a member. Idempotent.

        Raises:
            NotFound: there is no such team.
            Denied: the caller is not an owner.
        """
        ...

    def revoke(self, context: Context, name: str, role: str) -> Team:
        """Take a role from every member that has it by this team alone. Idempotent.

        Raises:
            NotFound: there is no such team.
            Denied: as `remove`.
        """
        ...

    def list(self) -> Sequence[Team]:
        """Return all teams, by name."""
        ...

    def get(self, name: str) -> Team:
        """Return one team.

        Raises:
            NotFound: there is none of that name.
        """
        ...
