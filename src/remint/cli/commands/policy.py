"""`remint policy …`."""

import tomllib
from pathlib import Path
from typing import Any

import click

from remint.cli.output import Out, table, when
from remint.errors import Invalid

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def policy() -> None:
    """Check or try a policy before it is in force

    The policy in force is what the ref of the setting `policy` points at. It only refuses: what the rules of Remint refuse, no
    policy allows.
    """


@policy.command()
@click.argument("file", type=FILE)
@click.pass_obj
def check(out: Out, file: Path) -> None:
    """Say whether a policy keeps to the schema"""
    wrong = out.open().policies.check(_text(file))
    if wrong:
        raise Invalid(
            f"{file.name} is no policy that may be in force",
            why="; ".join(wrong),
            next_step="mend it; `remint policy schema` prints what there is",
            problems=list(wrong),
        )
    out.show("policy-check", {"file": str(file), "problems": []}, f"{file.name} keeps to the schema")


@policy.command("test")
@click.argument("file", type=FILE)
@click.option("--cases", type=FILE, required=True, help="A TOML file with one [[case]] for each question.")
@click.pass_obj
def test_(out: Out, file: Path, cases: Path) -> None:
    """Ask a policy a table of cases

    A case has principal, roles, action, resource and expect (allow or deny); scopes, workspace and rule if need be.
    """
    found = out.open().policies.test(_text(file), _table(cases))
    failed = [one for one in found if not one.passed]
    if failed:
        first = failed[0]
        raise Invalid(
            f"{len(failed)} of {len(found)} cases failed",
            why=f"case {first.number}: {first.principal} {first.action} {first.resource} is {first.got} (rule {first.rule}), "
            f"and {first.expect} is expected",
            next_step="mend the policy or the table",
            failed=[one.number for one in failed],
        )
    rows = [[one.number, one.principal, one.action, one.resource, one.got, one.rule] for one in found]
    text = [*table(["case", "principal", "action", "resource", "is", "rule"], rows), f"{len(found)} cases hold"]
    out.show("policy-test", {"cases": found}, text)


@policy.command("what-if")
@click.argument("file", type=FILE)
@click.option(
    "--last", type=click.IntRange(1), default=100_000, show_default=True, help="Replay so many of the newest entries."
)
@click.pass_obj
def what_if(out: Out, file: Path, last: int) -> None:
    """Decide again what the audit log says was decided

    Lists what would have been another decision under the policy in FILE.
    """
    found = out.open().policies.what_if(_text(file), last=last)
    rows = [
        [one.number, when(one.at_us), one.principal, one.action, one.resource, one.was, one.now, one.rule]
        for one in found.changed
    ]
    head = ["entry", "at", "principal", "action", "resource", "was", "would be", "rule"]
    told = f"{len(rows)} of {found.replayed} decisions would be another one"
    out.show("policy-what-if", found, [*(table(head, rows) if rows else []), told])


@policy.command()
@click.pass_obj
def schema(out: Out) -> None:
    """Print the schema that policies are checked against"""
    found = out.open().policies.schema()
    out.show("policy-schema", {"schema": found}, found.rstrip())


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"{file.name} was not read", why=f"it is no text: {error}", next_step="write it in UTF-8") from error


def _table(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{file.name} was not read", why=f"it is no TOML: {error}", next_step="mend it") from error
