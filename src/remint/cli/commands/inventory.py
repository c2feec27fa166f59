"""`remint inventory …`."""

import click

from remint.cli.output import Out, table, when
from remint.core.inventory import EXPOSURES, MATERIALITIES, Item, Listed

FACTS = ("team", "purpose", "exposure", "materiality", "vendor")


@click.group()
def inventory() -> None:
    """List, show or say who answers for models, data, features and deployments"""


@inventory.command("list")
@click.option("--kind", default="", metavar="KIND", help="Only refs of this kind, for example model.")
@click.option("--orphaned", is_flag=True, help="Only refs whose owner has left or has no role any more.")
@click.pass_obj
def list_(out: Out, kind: str, orphaned: bool) -> None:
    """List what is in main, and who answers for it

    Models, data, features and deployments are listed even if nobody answers for them.
    """
    found = out.open().inventory.list(kind=kind, orphaned=orphaned)
    rows = [[one.ref, one.item.owner if one.item else "", one.answer, *map(str, _facts(one.item))] for one in found]
    none = "no orphaned refs" if orphaned else "nothing is in main yet"
    text = table(["ref", "owner", "answer", "team", "exposure", "materiality"], rows)
    out.show("inventory", {"refs": found}, text if rows else none)


def _facts(item: Item | None) -> list[str]:
    return [item.team, item.exposure, item.materiality] if item else ["", "", ""]


@inventory.command()
@click.argument("ref")
@click.pass_obj
def show(out: Out, ref: str) -> None:
    """Show who answers for a ref, what it is for, and what was said before"""
    app = out.open()
    found, items = app.inventory.show(ref), app.inventory.history(ref)
    earlier = [f"before       {item.owner}, said by {item.by}, {when(item.at_us)}" for item in items[1:]]
    out.show("inventory-ref", {"listed": found, "items": items}, [*_lines(found), *earlier])


@inventory.command("set")
@click.argument("ref")
@click.option("--owner", metavar="PRINCIPAL", help="The person who answers for it.")
@click.option("--team", metavar="NAME", help="Whose it is.")
@click.option("--purpose", metavar="TEXT", help="What it is for.")
@click.option("--exposure", type=click.Choice(EXPOSURES), help="Who is touched by what it says.")
@click.option("--materiality", type=click.Choice(MATERIALITIES), help="How much depends on it.")
@click.option("--vendor", metavar="NAME", help="Who made it, if it was bought.")
@click.pass_obj
def set_(
    out: Out,
    ref: str,
    owner: str | None,
    team: str | None,
    purpose: str | None,
    exposure: str | None,
    materiality: str | None,
    vendor: str | None,
) -> None:
    """Say who answers for a ref in main, and what it is for

    What is not given stays as it is. An owner of the project says it, or who answers for the ref now: that person hands it
    over, and says all but exposure and materiality.
    """
    app = out.open()
    facts = {"team": team, "purpose": purpose, "exposure": exposure, "materiality": materiality, "vendor": vendor}
    made = app.inventory.set(app.context(), ref, owner=owner, **facts)
    out.show("inventory-ref", {"listed": made}, _lines(made))


def _lines(found: Listed) -> list[str]:
    where = f"points at {found.artifact.short}" if found.artifact else "not in main yet"
    lines = [f"{found.ref}, {where}", f"  owner        {found.item.owner if found.item else 'nobody'}"]
    if found.why and found.item:
        lines.append(f"  orphaned     {found.why}")
    if found.item is None:
        return lines
    lines += [f"  {name:<12} {getattr(found.item, name)}" for name in FACTS if getattr(found.item, name)]
    return [*lines, f"  said         by {found.item.by}, {when(found.item.at_us)}"]
