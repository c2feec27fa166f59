"""Chapter one: an ordinary project in a folder, and the people who work in it."""

import shutil
from pathlib import Path

from remint.app import initialise
from remint.cli.demo.landing import installed_source, write_landing
from remint.cli.demo.story import APPROVER, INGEST, OWNER, RETRAINER, Story
from remint.errors import Conflict

YEAR = tuple(f"2013-{month:02d}" for month in range(1, 13))
SPRING = YEAR[:7]
FAST_SHARE = 0.12
TEMPLATE = Path(__file__).parent / "project"


def make_project(root: Path) -> None:
    """Copy the template into a folder and start a project there; what exists stays as it is.

    Raises:
        Conflict: the folder holds something else.
    """
    if root.exists() and any(root.iterdir()) and not (root / "remint.toml").exists():
        raise Conflict(
            f"the demo was not written to {root.name}",
            why="the folder is not empty, and no Remint project is in it",
            next_step="choose another folder with --dir",
        )
    root.mkdir(parents=True, exist_ok=True)
    for source in sorted(TEMPLATE.rglob("*")):
        target = root / source.relative_to(TEMPLATE)
        if source.is_file() and "__pycache__" not in source.parts and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    (root / ".gitignore").write_text(".remint/\nlanding/\n__pycache__/\n", encoding="utf-8")
    initialise(root, owner=OWNER)


def tell(story: Story) -> None:
    """Make the principals and lay out the first files."""
    with story.chapter("project", "1. A project, and the people in it") as to_do:
        if not to_do:
            return
        known = {principal.id for principal in story.app.principals.list()}
        for name, kind, roles in (
            (APPROVER, "person", ("approver",)),
            (INGEST, "service", ("member",)),
            (RETRAINER, "service", ("member",)),
        ):
            if name not in known:
                story.app.principals.create(story.context(), name, kind=kind, roles=roles)
        share = f"a sample of {FAST_SHARE:.0%} of the flights" if story.fast else "every flight"
        files = lay_out(story, SPRING)
        story.say(
            "   An ordinary Remint project: pipeline.py, flights/, remint.toml, requirements.lock.",
            f"   {OWNER} owns it, {APPROVER} approves, {INGEST} and {RETRAINER} are services.",
            f"   landing/ has {share} out of New York, January to July 2013, in {len(files)} files.",
        )
        story.by_hand("remint principals list", "remint doctor")


def lay_out(story: Story, months: tuple[str, ...]) -> dict[str, Path]:
    """Put the files of these months into `landing/`, as a supplier would: cut once, delivered month by month."""
    supply, landing = story.root / ".remint" / "supplier", story.root / "landing"
    cut = "supplied" in story.memory.facts
    files = {} if cut else write_landing(installed_source(), supply, YEAR, sample=FAST_SHARE if story.fast else None)
    if not cut:
        story.memory.facts["supplied"] = sorted(files)
        story.memory.keep()
    landing.mkdir(exist_ok=True)
    wanted = {name for name in story.memory.facts["supplied"] if name[-7:] in months or name in {"planes", "airports"}}
    for name in sorted(wanted):
        shutil.copyfile(supply / f"{name}.csv", landing / f"{name}.csv")
    return {name: landing / f"{name}.csv" for name in sorted(wanted)}
