"""`remint init`."""

from pathlib import Path

import click

from remint.app import initialise
from remint.cli.output import Out
from remint.config import FILE, account, here

PIPELINE = '''"""The pipelines of this project. Run `remint plan`, then `remint run`."""

from remint import pipeline, step


@step
def greeting(name: str) -> str:
    """Return a greeting; edit this line and see what `remint plan` says."""
    return f"hello {name}"


@pipeline("value/greeting")
def hello(name: str = "world"):
    """Make a first value."""
    return greeting(name)
'''


@click.command()
@click.option("--owner", metavar="NAME", help="The first principal; your account's name if not given.")
@click.pass_obj
def init(out: Out, owner: str | None) -> None:
    """Start a project in this folder

    Makes remint.toml, a first pipeline, and .remint/ for the records. Files that exist stay as they are.
    """
    root = here()
    made = initialise(root, owner=owner or account())
    if not (root / "pipeline.py").exists():
        (root / "pipeline.py").write_text(PIPELINE, encoding="utf-8")
        made.append("pipeline.py")
    _ignore(root)
    out.show(
        "init",
        {"made": made, "root": str(root)},
        [f"made {name}" for name in made] or "nothing to make: it is a project already",
    )
    if not (root / "requirements.lock").exists():
        out.advise(
            "next: pin what is installed: `uv pip freeze | uv pip compile --generate-hashes --no-deps - -o requirements.lock`"
        )
    out.advise(f"next: look at {FILE}, then `remint plan` and `remint run`")


def _ignore(root: Path) -> None:
    place = root / ".gitignore"
    lines = place.read_text(encoding="utf-8").splitlines() if place.exists() else []
    if ".remint/" not in lines:
        place.write_text("\n".join([*lines, ".remint/", ""]), encoding="utf-8")
