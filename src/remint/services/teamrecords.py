"""Recording changes of teams: each with its entry."""

from remint.core.entry import Entry
from remint.core.team import Team, TeamChange
from remint.errors import NotFound
from remint.ports.catalog import Transaction


def record_change(tx: Transaction, change: TeamChange) -> None:
    """Record a change of a team, and its entry."""
    tx.teams.change(change)
    what = {"principal": change.principal} if change.principal is not None else {"role": change.role}
    facts = {"verb": change.verb, **what, **({"source": change.source} if change.source else {})}
    tx.entries.append(Entry("team:change", f"team {change.team}", change.by, change.at_us, facts))


def required_team(tx: Transaction, name: str) -> Team:
    """Return a team.

    Raises:
        NotFound: there is none of that name.
    """
    found = tx.teams.get(name)
    if found is None:
        raise NotFound(
            f"nothing is known of team {name[:80]}", why="there is no such team", next_step="see `remint teams list`"
        )
    return found
