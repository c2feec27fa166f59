"""`remint budgets …`."""

from typing import TYPE_CHECKING

import click

from remint.cli.output import Out, table, when
from remint.core.price import amount_text

if TYPE_CHECKING:
    from remint.ports.usecases.budgets import Standing

HEAD = ["budget", "limit", "spent", "reserved", "free", "owner", "state"]


@click.group()
def budgets() -> None:
    """List, show, make, limit or close budgets, or forgive a charge"""


@budgets.command("list")
@click.pass_obj
def list_(out: Out) -> None:
    """List budgets, each below the one it belongs to

    What is spent and reserved below a budget counts in it, too.
    """
    app = out.open()
    found = app.budgets.list()
    text = table(HEAD, [_row(one) for one in found])
    out.show(
        "budgets", {"budgets": found}, text if found else "no budget yet; make one: `remint budgets create NAME --limit 100.00`"
    )


@budgets.command()
@click.argument("name")
@click.pass_obj
def show(out: Out, name: str) -> None:
    """Show a budget: what is left, what lies below it, and its last runs"""
    app = out.open()
    found = app.budgets.show(name)
    currency = app.prices.currency if app.prices else ""
    balance = found.standing.balance
    lines = [
        f"budget    {found.standing.path}, {_state(found.standing)}, {found.standing.budget.owner} answers for it",
        f"limit     {amount_text(balance.ceiling, currency)}",
        f"spent     {amount_text(balance.spent, currency)}",
        f"reserved  {amount_text(balance.reserved, currency)}",
        f"free      {amount_text(balance.free, currency)}",
    ]
    if found.below:
        lines += [
            "below it",
            *table([f"  {HEAD[0]}", *HEAD[1:]], [["  " + _row(one)[0], *_row(one)[1:]] for one in found.below]),
        ]
    lines += [f"open      {held.run.short} {held.step}: {amount_text(held.amount)} reserved" for held in found.open]
    if found.last:
        rows = [
            [f"  {line.run.short}", line.step, line.principal, line.state, when(line.at_us), amount_text(line.amount_micro)]
            for line in found.last
        ]
        lines += ["charged last", *table(["  run", "step", "by", "state", "when", "amount"], rows)]
    out.show("budget", found, lines)


@budgets.command()
@click.argument("name")
@click.option("--limit", required=True, metavar="AMOUNT", help="What may be spent in all, for example 100.00.")
@click.option("--parent", default="", metavar="NAME", help="The budget above it, whose limit holds too.")
@click.option("--owner", default="", metavar="PRINCIPAL", help="Who answers for it; you, if not given.")
@click.pass_obj
def create(out: Out, name: str, limit: str, parent: str, owner: str) -> None:
    """Make a budget

    A run reserves what it may cost, in its budget and in all above it, before it starts. Only owners make budgets.
    """
    app = out.open()
    made = app.budgets.create(app.context(), name, limit=limit, parent=parent, owner=owner)
    out.show("budget", {"budget": made}, f"budget {made.path} with a limit of {amount_text(made.balance.ceiling)}")


@budgets.command("limit")
@click.argument("name")
@click.argument("amount")
@click.pass_obj
def limit_(out: Out, name: str, amount: str) -> None:
    """Set what a budget may spend in all

    What is spent and reserved stays; below that, nothing more is started.
    """
    app = out.open()
    made = app.budgets.set_limit(app.context(), name, amount)
    out.show(
        "budget",
        {"budget": made},
        f"budget {made.path} may spend {amount_text(made.balance.ceiling)} in all; {amount_text(made.free_micro)} is free",
    )


@budgets.command()
@click.argument("name")
@click.pass_obj
def close(out: Out, name: str) -> None:
    """Let no more runs be charged to a budget or to those below it"""
    app = out.open()
    made = app.budgets.close(app.context(), name)
    out.show("budget", {"budget": made}, f"budget {made.path} is closed; {amount_text(made.balance.spent)} was spent")


@budgets.command()
@click.argument("run")
@click.option("--note", required=True, metavar="TEXT", help="Why.")
@click.pass_obj
def forgive(out: Out, run: str, note: str) -> None:
    """Give back what a run was charged

    For a run that was lost, and is charged all that was reserved for it. Only owners do.
    """
    app = out.open()
    line = app.budgets.forgive(app.context(), run, note=note)
    out.show("cost-line", {"line": line}, f"run {line.run.short} costs {line.budget} nothing now")


def _state(one: "Standing") -> str:
    return f"closed {when(one.closed.at_us)}" if one.closed else "open"


def _row(one: "Standing") -> list[str]:
    balance = one.balance
    amounts = (balance.ceiling, balance.spent, balance.reserved, balance.free)
    return [one.path, *(amount_text(amount) for amount in amounts), one.budget.owner, _state(one)]
