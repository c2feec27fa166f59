"""`remint evidence …` and `remint scan`."""

from typing import BinaryIO

import click

from remint.cli.output import Out, table, when
from remint.core.attestation import LONGEST_BYTES, SCANNED, Attested


@click.group()
def evidence() -> None:
    """List, sign or add what is signed about an artifact"""


@evidence.command("list")
@click.argument("ref")
@click.pass_obj
def list_(out: Out, ref: str) -> None:
    """List what people, trusted keys and scans say of an artifact, newest first

    Only what holds by the keys that are trusted now.
    """
    app = out.open()
    _, artifact = app.refs.resolve(app.context(), ref)
    found = app.attestations.list(artifact.digest)
    rows = [[one.by, one.predicate, when(one.at_us), _words(one)] for one in found]
    none = f"nothing is signed about {artifact.digest.short} yet; sign: `remint evidence sign {ref} --predicate NAME`"
    out.show("attestations", {"attested": found}, table(["by", "predicate", "when", "words"], rows) if rows else none)


def _words(one: Attested) -> str:
    return f"{len(one.facts['findings'])} findings" if one.predicate == SCANNED else str(one.facts.get("note", ""))


@evidence.command()
@click.argument("ref")
@click.option("--predicate", required=True, metavar="NAME", help="What you say of it, by a name, for example code-review.")
@click.option("--note", default="", help="More words.")
@click.pass_obj
def sign(out: Out, ref: str, predicate: str, note: str) -> None:
    """Sign a statement about an artifact with your key

    The bytes are verified first. The statement is bound to their digest, so it says nothing of any other version.
    """
    app = out.open()
    context = app.context()
    _, artifact = app.refs.resolve(context, ref)
    made = app.attestations.sign(context, artifact.digest, predicate=predicate, note=note)
    out.show("attestation", {"attested": made}, f"{made.by} signed {made.predicate} about {artifact.digest.short}")


@evidence.command()
@click.argument("ref")
@click.argument("envelope", type=click.File("rb"))
@click.pass_obj
def add(out: Out, ref: str, envelope: BinaryIO) -> None:
    """Add what somebody signed elsewhere about an artifact

    ENVELOPE is a DSSE envelope in JSON, with an in-toto statement about the digest of the artifact, signed by a principal of
    this project or by a key of the setting `keys`.
    """
    app = out.open()
    context = app.context()
    _, artifact = app.refs.resolve(context, ref)
    made = app.attestations.add(context, artifact.digest, envelope.read(LONGEST_BYTES + 1))
    out.show("attestation", {"attested": made}, f"{made.by} signed {made.predicate} about {artifact.digest.short}")


@click.command()
@click.argument("ref")
@click.pass_obj
def scan(out: Out, ref: str) -> None:
    """Look for what runs when an artifact is loaded

    Nothing is loaded. What was found is signed, and the gate `scanned` judges by it. Severities: low, medium for what is not
    known or not looked into, high for pickles and programs, critical for those that reach the system.
    """
    app = out.open()
    context = app.context()
    _, artifact = app.refs.resolve(context, ref)
    found = app.attestations.scan(context, artifact.digest)
    rows = [[flaw.severity, flaw.path, flaw.what] for flaw in found.findings]
    none = f"nothing was found in {found.files} file(s) of {artifact.digest.short}"
    out.show("scan", found, table(["severity", "file", "what"], rows) if rows else none)
