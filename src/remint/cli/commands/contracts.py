"""`remint contracts …`."""

from typing import BinaryIO

import click

from remint.cli.output import Out, table
from remint.core import canonical
from remint.core.contract import Column, Contract
from remint.core.keeping import laid_out
from remint.errors import ContractBroken


@click.group()
def contracts() -> None:
    """Draft, set, show or check what tables promise"""


@contracts.command()
@click.argument("ref")
@click.option("--key", default="", metavar="COLUMN[,COLUMN]", help="Columns that together tell rows apart.")
@click.option("--time", default="", metavar="COLUMN", help="The column that says when a row happened.")
@click.pass_obj
def draft(out: Out, ref: str, key: str, time: str) -> None:
    """Print a contract that says what can be seen of a table

    Its columns, their types, and which hold no null. Add what must hold besides: minimum, maximum, allowed, pattern, checks.

    Example: remint contracts draft data/orders --key id > orders.json
    """
    app = out.open()
    drafted = app.contracts.draft(app.context(), ref, key=[name for name in key.split(",") if name], time=time)
    out.show("contract", {"contract": canonical.loads(drafted.to_json())}, laid_out(drafted).rstrip("\n"))


@contracts.command("set")
@click.argument("ref")
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def set_(out: Out, ref: str, file: BinaryIO) -> None:
    """Point a ref at the contract in a file

    REF is like contract/orders. A gate of the settings that names it holds every change of a table to it:

    \b
    [gates."data/orders"]
    data-contract = { contract = "contract/orders" }

    From then on the contract itself is protected: set it in a sandbox, and propose it.
    """
    app = out.open()
    made = app.contracts.set(app.context(), ref, file.read())
    words = f"{ref} is {made.artifact.digest.short}" + ("" if made.moved else "; it was before")
    out.show("contract-set", made, words)


@contracts.command()
@click.argument("ref")
@click.pass_obj
def show(out: Out, ref: str) -> None:
    """Show a contract"""
    app = out.open()
    contract = app.contracts.show(app.context(), ref)
    out.show("contract", {"contract": canonical.loads(contract.to_json())}, _lines(contract))


def _lines(contract: Contract) -> list[str]:
    rows = [
        [column.name, column.type, "" if column.name in contract.never_null else "null", _rules(column)]
        for column in contract.columns
    ]
    lines = table(["column", "type", "may be", "rules"], rows)
    lines += [f"key     {', '.join(contract.key)}"] if contract.key else []
    lines += [f"time    {contract.time}"] if contract.time else []
    lines += [f"rows    {contract.min_rows} or more"] if contract.min_rows else []
    lines += [f"check   {check.name}: {check.sql}" for check in contract.checks]
    return [*lines, *(["columns that are not listed are allowed"] if contract.extra_columns else [])]


def _rules(column: Column) -> str:
    words = [f"from {column.minimum}"] if column.minimum is not None else []
    words += [f"to {column.maximum}"] if column.maximum is not None else []
    words += [f"one of {', '.join(map(str, column.allowed))}"] if column.allowed is not None else []
    words += [f"like {column.pattern}"] if column.pattern is not None else []
    return " ".join(words)


@contracts.command()
@click.argument("ref")
@click.argument("contract")
@click.pass_obj
def check(out: Out, ref: str, contract: str) -> None:
    """Check a table against a contract, and sign what was found

    Exits with the code of a broken contract, and names rules and rows. What is signed holds no value of the table. Changes that
    a gate `data-contract` judges are checked when they are opened; check again when the contract moved since.
    """
    app = out.open()
    found = app.contracts.check(app.context(), ref, contract)
    kept = f"{ref} keeps {contract}: {found.rows:,} rows"
    error = ContractBroken(
        f"{ref} breaks {contract} in {len(found.broken)} {'rule' if len(found.broken) == 1 else 'rules'}",
        why=found.broken[0] if found.broken else "",
        next_step="correct the rows, or propose a change of the contract",
    )
    lines = [_line(violation) for violation in found.violations] or [kept]
    out.show("contract-checked", found, lines, error=error if found.broken else None)


def _line(violation: dict[str, object]) -> str:
    subject = f"{violation['check']} of {violation['column']}" if violation["column"] else str(violation["check"])
    samples = violation["samples"]
    assert isinstance(samples, list)
    shown = ", ".join(f"row {sample['rows'][0]}: {sample['value']}" for sample in samples[:5])
    return f"{subject}: {violation['count']} expected {violation['expected']}{f' ({shown})' if shown else ''}"
