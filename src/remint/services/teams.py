"""Teams: making them, who is in them, and which roles they give."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.core.entry import Entry
from remint.core.principal import GRANT, REVOKE
from remint.core.ref import require_name
from remint.core.team import JOIN, PART, Team, TeamChange, formed
from remint.errors import Conflict
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.principals import present
from remint.services.quorums import Quorums
from remint.services.teamrecords import record_change, required_team

ABOUT_MAX = 300


@dataclass(frozen=True)
class TeamService:
    """See ports.usecases.teams.Teams."""

    catalog: Catalog
    clock: Clock
    access: Access
    quorums: Quorums

    def create(self, context: Context, name: str, *, about: str = "") -> Team:
        """Make a team."""
        require_name(name, what="team")
        made = Team(name, about[:ABOUT_MAX], context.principal, self.clock.now_us())
        with self.access.begin(context, "team:create", f"team {name}") as tx:
            if not tx.teams.add(made):
                raise Conflict(f"team {name} was not made", why="the name is taken", next_step="choose another name")
            tx.entries.append(Entry("team:create", f"team {name}", made.by, made.at_us, {"about": made.about}))
        return made

    def add(self, context: Context, name: str, principal: str) -> Team:
        """Let a principal join."""
        return self._change(context, name, JOIN, principal)

    def remove(self, context: Context, name: str, principal: str) -> Team:
        """Let a principal part."""
        return self._change(context, name, PART, principal)

    def grant(self, context: Context, name: str, role: str) -> Team:
        """Give a role to every member."""
        return self._change(context, name, GRANT, require_name(role, what="role"))

    def revoke(self, context: Context, name: str, role: str) -> Team:
        """Take a role from every member."""
        return self._change(context, name, REVOKE, require_name(role, what="role"))

    def _change(self, context: Context, name: str, verb: str, word: str) -> Team:
        with self.access.begin(context, "team:change", f"team {name}") as tx:
            team = required_team(tx, name)
            principal = present(tx, word).id if verb in {JOIN, PART} else None
            at_us = self.clock.now_us()
            change = TeamChange(name, verb, principal, "" if principal else word, "", context.principal, at_us)
            if formed(team, [change]) == team:
                _require_not_vouched(team, change)
                return team
            with self.quorums.kept(tx, f"team {name}"):
                record_change(tx, change)
        return formed(team, [change])

    def list(self) -> Sequence[Team]:
        """Return all teams."""
        with self.catalog.read() as tx:
            return tx.teams.all()

    def get(self, name: str) -> Team:
        """Return one team."""
        with self.catalog.read() as tx:
            return required_team(tx, name)


def _require_not_vouched(team: Team, change: TeamChange) -> None:
    """Refuse to take somebody out whom an issuer puts in at every sign-in."""
    sources = team.members.get(change.principal, ()) if change.principal is not None else ()
    if change.verb == PART and sources:
        raise Conflict(
            f"{change.principal} was not taken out of team {team.name}",
            why=f"{sources[0]} says that it is in it, at each sign-in",
            next_step="take it out of the group there, or take the group out of `groups` in remint.toml",
        )
