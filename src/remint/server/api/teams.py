"""Routes of teams: who is in them, and which roles they give."""

from dataclasses import dataclass

from msgspec import Struct

from remint.core.team import Team
from remint.server.paging import PageQuery, page_of
from remint.server.routes import Call, NoBody, NoQuery, Row, Word


@dataclass(frozen=True, slots=True)
class TeamPage:
    """Teams, by name."""

    teams: list[Team]
    next: str | None


class NewTeam(Struct, forbid_unknown_fields=True):
    """A team to be made."""

    name: Word
    about: Word = ""


def _list(call: Call[PageQuery, NoBody]) -> TeamPage:
    page, more = page_of(call.app.teams.list(), call.query, lambda one: one.name)
    return TeamPage(list(page), more)


def _show(call: Call[NoQuery, NoBody]) -> Team:
    return call.app.teams.get(call.path["name"])


def _create(call: Call[NoQuery, NewTeam]) -> Team:
    return call.app.teams.create(call.context, call.body.name, about=call.body.about)


def _add(call: Call[NoQuery, NoBody]) -> Team:
    return call.app.teams.add(call.context, call.path["name"], call.path["principal"])


def _remove(call: Call[NoQuery, NoBody]) -> Team:
    return call.app.teams.remove(call.context, call.path["name"], call.path["principal"])


def _grant(call: Call[NoQuery, NoBody]) -> Team:
    return call.app.teams.grant(call.context, call.path["name"], call.path["role"])


def _revoke(call: Call[NoQuery, NoBody]) -> Team:
    return call.app.teams.revoke(call.context, call.path["name"], call.path["role"])


_NAMED = "team {name}"
_MEMBER, _ROLE = "/teams/{name}/members/{principal}", "/teams/{name}/roles/{role}"
ROWS = (
    Row("GET", "/teams", "catalog:read", "List teams", _list, TeamPage, PageQuery),
    Row("GET", "/teams/{name}", "catalog:read", "Show a team", _show, Team, resource=_NAMED),
    Row("POST", "/teams", "team:create", "Make a team", _create, Team, body=NewTeam, status=201),
    Row("PUT", _MEMBER, "team:change", "Put a principal into a team", _add, Team, resource=_NAMED),
    Row("DELETE", _MEMBER, "team:change", "Take a principal out of a team", _remove, Team, resource=_NAMED),
    Row("PUT", _ROLE, "team:change", "Give every member of a team a role", _grant, Team, resource=_NAMED),
    Row("DELETE", _ROLE, "team:change", "Take a role from a team", _revoke, Team, resource=_NAMED),
)
