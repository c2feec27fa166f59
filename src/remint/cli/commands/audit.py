"""`remint audit …`."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from remint.cli.output import Out, when
from remint.core.log import Proof, read_proof
from remint.errors import Corrupt, Invalid
from remint.ports.usecases.audit import Verified

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def audit() -> None:
    """Verify, export or prove the audit log"""


@audit.command()
@click.option("--log-only", is_flag=True, help="Do not compare the records of the catalog with their entries.")
@click.option("--export", "export_", type=_FILE, help="Verify this export instead; needs no project.")
@click.option("--checkpoints", type=_FILE, multiple=True, help="With --export: a file of checkpoints; may be given again.")
@click.option("--key", metavar="HEX", help="With --checkpoints: the public key that signed them.")
@click.pass_obj
def verify(out: Out, log_only: bool, export_: Path | None, checkpoints: tuple[Path, ...], key: str | None) -> None:
    """Make the tree over all entries again and compare it with what is stored

    Compares also the checkpoints in the files that the setting `checkpoints` names, and refs, changes, runs and principals with
    the entries that tell of them.
    """
    if export_ is None:
        found = out.open().audit.verify(records=not log_only)
    else:
        from remint.app.offline import verify_export

        found = verify_export(export_, checkpoints, _key(key, needed=bool(checkpoints)))
    if found.problems:
        raise Corrupt(
            f"the audit log or what it tells of was altered{_where(found)}",
            why="; ".join([*found.problems[:5], *(["and more"] if len(found.problems) > 5 else [])]),
            next_step="keep everything as it is, and compare with a backup or an export from before",
            first_bad=found.first_bad,
            problems=found.problems,
        )
    kept = f", {found.checkpoints} checkpoints agree" if found.checkpoints else ""
    records = "" if found.records is None else f", {found.records} records agree"
    out.show("audit", found, f"{found.entries} entries verified{kept}{records}, root {found.root}")


def _where(found: Verified) -> str:
    return "" if found.first_bad is None else f" at entry {found.first_bad}"


def _key(text: str | None, *, needed: bool) -> bytes:
    try:
        key = bytes.fromhex(text or "")
    except ValueError:
        key = b"?"
    if needed and len(key) != 32:
        raise Invalid(
            "the checkpoints were not compared",
            why="--key is the public key of the platform, 64 hex digits",
            next_step="copy `key` from a checkpoint you trust, or `public_key` of remint from the first entries of the log",
        )
    return key


@audit.command()
@click.option("--after", type=click.IntRange(0), default=0, help="Only entries after this number.")
@click.option("--to", "target", type=click.Path(path_type=Path), help="A file instead of standard output.")
@click.pass_obj
def export(out: Out, after: int, target: Path | None) -> None:
    """Export the entries as JSON lines"""
    app = out.open()
    lines = (leaf.decode() for leaf in app.audit.export(after=after))
    if target is None:
        for line in lines:
            click.echo(line)
        return
    count = 0
    with target.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
    out.show("audit-export", {"entries": count, "file": str(target)}, f"wrote {count} entries to {target}")


@audit.command()
@click.pass_obj
def checkpoint(out: Out) -> None:
    """Sign how long the log is, and its root, and keep that in the places of the setting `checkpoints`"""
    app = out.open()
    made = app.audit.checkpoint()
    places = ", ".join(app.settings.texts("checkpoints"))
    facts = {"size": made.size, "root": made.root, "at_us": made.at_us, "key": made.public_key.hex()}
    out.show("checkpoint", facts, f"signed {made.size} entries, root {made.root}, into {places}")


@audit.command()
@click.argument("number", type=click.IntRange(1))
@click.option("--to", "target", type=click.Path(path_type=Path), help="A file instead of standard output.")
@click.pass_obj
def prove(out: Out, number: int, target: Path | None) -> None:
    """Prove that one entry is in the log

    The proof is checked with `remint audit check`, by anyone who has a checkpoint of the log as it is now.
    """
    record = out.open().audit.prove(number).record()
    if target is None:
        click.echo(json.dumps(record))
        return
    target.write_text(json.dumps(record) + "\n", encoding="utf-8")
    out.show("proof", record, f"wrote the proof of entry {number} of {record['size']} to {target}")


@audit.command()
@click.argument("proof", type=_FILE)
@click.option("--checkpoints", type=_FILE, multiple=True, required=True, help="A file of checkpoints; may be given again.")
@click.option("--key", metavar="HEX", required=True, help="The public key that signed them.")
@click.pass_obj
def check(out: Out, proof: Path, checkpoints: Sequence[Path], key: str) -> None:
    """Check a proof against checkpoints; needs no project"""
    from remint.app.offline import checkpoint_of

    found = _proof(proof)
    signed = checkpoint_of(found, checkpoints, _key(key, needed=True))
    if signed is None:
        raise Corrupt(
            f"entry {found.number} is not shown to be in the log",
            why=f"no checkpoint of {found.size} entries that this key signed has the root the proof leads to",
            next_step="ask for a checkpoint made when the proof was (`remint audit checkpoint`, then `remint audit prove`)",
        )
    entry = json.loads(found.leaf)
    text = (
        f"entry {found.number} of {found.size} is in the log signed {when(signed.at_us)}: {entry['action']} {entry['resource']}"
    )
    out.show("proof", {"entry": entry, "size": signed.size, "root": signed.root, "at_us": signed.at_us}, text)


def _proof(path: Path) -> Proof:
    try:
        return read_proof(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"{path.name} is no proof", why=str(error), next_step="make one with `remint audit prove`") from error
