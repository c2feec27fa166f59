"""Principals, teams, tokens and rights on a server."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.adapters.remote.connection import AT, MOST, Connection, words
from remint.core.principal import Principal
from remint.core.team import Team
from remint.core.token import Token
from remint.ports.usecases.context import Context
from remint.ports.usecases.identity import Issued
from remint.ports.usecases.rights import Reviewed, Right


@dataclass(frozen=True, slots=True)
class _Principals:
    principals: list[Principal]


@dataclass(frozen=True, slots=True)
class _Teams:
    teams: list[Team]


@dataclass(frozen=True, slots=True)
class _Tokens:
    tokens: list[Token]


@dataclass(frozen=True, slots=True)
class _Rights:
    rights: list[Right]


@dataclass(frozen=True, slots=True)
class _Reviews:
    principals: list[Reviewed]


@dataclass(frozen=True)
class RemotePrincipals:
    """What clients do of ports.usecases.principals.Principals."""

    connection: Connection

    def create(self, _context: Context, name: str, *, kind: str = "person", roles: Sequence[str] = ("member",)) -> Principal:
        """Make a principal."""
        return self.connection.call("POST", "/principals", Principal, body={"name": name, "kind": kind, "roles": roles})

    def grant(self, _context: Context, name: str, role: str) -> Principal:
        """Give a principal a role."""
        return self.connection.call("PUT", words("principals", name, "roles", role), Principal)

    def revoke(self, _context: Context, name: str, role: str) -> Principal:
        """Take a role from a principal."""
        return self.connection.call("DELETE", words("principals", name, "roles", role), Principal)

    def leave(self, _context: Context, name: str) -> Principal:
        """Let a principal leave."""
        return self.connection.call("POST", words("principals", name, "leaving"), Principal)

    def list(self) -> Sequence[Principal]:
        """Return all principals, oldest first."""
        return self.connection.call("GET", "/principals", _Principals, query=MOST).principals


@dataclass(frozen=True)
class RemoteIdentity:
    """What clients do of ports.usecases.identity.Identity."""

    connection: Connection

    def issue(
        self,
        _context: Context,
        *,
        about: str,
        days: int,
        scopes: Sequence[str] = (),
        sandbox: str | None = None,
        owner: str = "",
    ) -> Issued:
        """Make a token."""
        body = {"about": about, "days": days, "scopes": list(scopes), "sandbox": sandbox, "owner": owner}
        return self.connection.call("POST", "/tokens", Issued, body=body)

    def list(self, _context: Context) -> Sequence[Token]:
        """Return one's own tokens; all for an owner."""
        return self.connection.call("GET", "/tokens", _Tokens, query=MOST).tokens

    def revoke(self, _context: Context, number: int) -> Token:
        """End a token."""
        return self.connection.call("DELETE", words("tokens", number), Token)


@dataclass(frozen=True)
class RemoteTeams:
    """See ports.usecases.teams.Teams."""

    connection: Connection

    def create(self, _context: Context, name: str, *, about: str = "") -> Team:
        """Make a team."""
        return self.connection.call("POST", "/teams", Team, body={"name": name, "about": about})

    def add(self, _context: Context, name: str, principal: str) -> Team:
        """Put a principal into a team."""
        return self.connection.call("PUT", words("teams", name, "members", principal), Team)

    def remove(self, _context: Context, name: str, principal: str) -> Team:
        """Take a principal out of a team."""
        return self.connection.call("DELETE", words("teams", name, "members", principal), Team)

    def grant(self, _context: Context, name: str, role: str) -> Team:
        """Give every member a role."""
        return self.connection.call("PUT", words("teams", name, "roles", role), Team)

    def revoke(self, _context: Context, name: str, role: str) -> Team:
        """Take a role from a team."""
        return self.connection.call("DELETE", words("teams", name, "roles", role), Team)

    def list(self) -> Sequence[Team]:
        """Return all teams, by name."""
        return self.connection.call("GET", "/teams", _Teams, query=MOST).teams

    def get(self, name: str) -> Team:
        """Return a team."""
        return self.connection.call("GET", words("teams", name), Team)


@dataclass(frozen=True)
class RemoteRights:
    """See ports.usecases.rights.Rights."""

    connection: Connection

    def can(self, context: Context, action: str, resource: str = "", *, principal: str = "") -> Right:
        """Return whether somebody may do something."""
        query = {"action": action, "resource": resource, "principal": principal}
        return self.connection.call("GET", "/rights", Right, query=query, headers={AT: context.workspace})

    def who_can(self, context: Context, action: str, resource: str = "") -> Sequence[Right]:
        """Return who may do something."""
        query = {"action": action, "resource": resource}
        return self.connection.call("GET", "/rights/holders", _Rights, query=query, headers={AT: context.workspace}).rights

    def review(self) -> Sequence[Reviewed]:
        """Return what each principal holds."""
        return self.connection.call("GET", "/access", _Reviews).principals
