"""`remint teams …`."""

import click

from remint.cli.output import Out, table, when
from remint.core.team import Team


@click.group()
def teams() -> None:
    """List, show, make or change teams"""


@teams.command("list")
@click.pass_obj
def list_(out: Out) -> None:
    """List teams"""
    found = out.open().teams.list()
    rows = [[one.name, ", ".join(sorted(one.roles)), ", ".join(one.members), one.about] for one in found]
    text = table(["team", "roles", "members", "for"], rows)
    out.show("teams", {"teams": found}, text if rows else "no team yet; make one: `remint teams create NAME`")


@teams.command()
@click.argument("team")
@click.pass_obj
def show(out: Out, team: str) -> None:
    """Show a team: its roles, and who is in it since somebody said so"""
    _show(out, out.open().teams.get(team))


@teams.command()
@click.argument("team")
@click.option("--about", default="", metavar="TEXT", help="What it is for.")
@click.pass_obj
def create(out: Out, team: str, about: str) -> None:
    """Make a team

    Only an owner does. Nobody is in it at first, and it gives no role.
    """
    app = out.open()
    made = app.teams.create(app.context(), team, about=about)
    out.show("team", made, f"made team {made.name}")
    out.advise(f"next: `remint teams grant {made.name} ROLE` and `remint teams add {made.name} PRINCIPAL`")


@teams.command()
@click.argument("team")
@click.argument("principal")
@click.pass_obj
def add(out: Out, team: str, principal: str) -> None:
    """Put a principal into a team

    It has the roles of the team at once, for as long as it is in it.
    """
    app = out.open()
    _show(out, app.teams.add(app.context(), team, principal))


@teams.command()
@click.argument("team")
@click.argument("principal")
@click.pass_obj
def remove(out: Out, team: str, principal: str) -> None:
    """Take a principal out of a team

    Refused if nobody else could then give an approval that `approvals` or `reviews` in remint.toml ask for.
    """
    app = out.open()
    _show(out, app.teams.remove(app.context(), team, principal))


@teams.command()
@click.argument("team")
@click.argument("role")
@click.pass_obj
def grant(out: Out, team: str, role: str) -> None:
    """Give every member of a team a role"""
    app = out.open()
    _show(out, app.teams.grant(app.context(), team, role))


@teams.command()
@click.argument("team")
@click.argument("role")
@click.pass_obj
def revoke(out: Out, team: str, role: str) -> None:
    """Take a role from a team

    A member keeps it if it has it by itself or by another team.
    """
    app = out.open()
    _show(out, app.teams.revoke(app.context(), team, role))


def _show(out: Out, team: Team) -> None:
    lines = [
        f"team {team.name}{f': {team.about}' if team.about else ''}",
        f"roles    {', '.join(sorted(team.roles)) or 'none'}",
        f"members  {', '.join(_member(name, sources) for name, sources in team.members.items()) or 'nobody'}",
        f"made     by {team.by}, {when(team.at_us)}",
    ]
    out.show("team", team, lines)


def _member(name: str, sources: tuple[str, ...]) -> str:
    issuers = [source for source in sources if source]
    return f"{name} (says {' and '.join(issuers)})" if issuers else name
