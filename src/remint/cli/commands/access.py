"""`remint can`, `remint who-can` and `remint access …`."""

import click

from remint.cli.output import Out, table, when
from remint.cli.rolewords import roles_of
from remint.core.action import ACTIONS
from remint.ports.usecases.rights import Reviewed, Right


@click.command()
@click.argument("action")
@click.argument("resource", default="")
@click.option("--as-principal", "principal", metavar="NAME", default="", help="Ask about another one than yourself.")
@click.pass_obj
def can(out: Out, action: str, resource: str, principal: str) -> None:
    """Say whether somebody may do something

    ACTION is one of `remint access actions`, RESOURCE a ref or, for example, `change 7`. The rules that decide are the same
    that decide when it is done; what a use case asks besides, such as who made what a change moves, is not asked here.
    """
    app = out.open()
    found = app.rights.can(app.context(), action, resource, principal=principal)
    out.show("right", found, _words(found))


@click.command()
@click.argument("action")
@click.argument("resource", default="")
@click.pass_obj
def who_can(out: Out, action: str, resource: str) -> None:
    """Say who may do something

    ACTION and RESOURCE as in `remint can`.
    """
    app = out.open()
    found = app.rights.who_can(app.context(), action, resource)
    names = [right.principal + (f" ({_by(right).removeprefix(', ')})" if right.teams else "") for right in found]
    out.show("rights", {"rights": found}, names or "nobody may")


@click.group()
def access() -> None:
    """Review who has access, or list the actions there are"""


@access.command()
@click.pass_obj
def review(out: Out) -> None:
    """List every principal with what it may do and what it did last

    `unused` stands beside one that has roles or tokens and did nothing for 90 days.
    """
    app = out.open()
    found = app.rights.review()
    rows = [
        [
            one.principal.id,
            str(one.principal.kind),
            roles_of(one.principal),
            len(one.tokens),
            one.last_action or "nothing",
            when(one.last_us) if one.last_us is not None else "",
            _note(one),
        ]
        for one in found
    ]
    head = ["name", "kind", "roles", "tokens", "last did", "at", "note"]
    out.show("access-review", {"principals": found}, table(head, rows))


@access.command()
@click.pass_obj
def actions(out: Out) -> None:
    """List the actions there are: who does them, and in which scope of a token"""
    found = list(ACTIONS.values())
    rows = [[one.name, one.scope, ", ".join(sorted(one.roles)), one.about] for one in found]
    out.show("actions", {"actions": found}, table(["action", "scope", "roles", "about"], rows))


def _words(right: Right) -> str:
    what = f"{right.action} on {right.resource}" if right.resource else right.action
    if right.allowed:
        return f"yes: {right.principal} may do {what} (rule {right.rule}{_by(right)})"
    return f"no: {right.principal} may not do {what} (rule {right.rule}: {right.why})"


def _by(right: Right) -> str:
    return f", by team {' and '.join(right.teams)}" if right.teams else ""


def _note(one: Reviewed) -> str:
    if one.principal.left_us is not None:
        return f"left {when(one.principal.left_us)}"
    return "unused" if one.unused else ""
