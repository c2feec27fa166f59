"""`remint demo`."""

import shutil
import sys
import time
from pathlib import Path

import click

from remint.cli.demo import production, proof, setup, training
from remint.cli.demo.story import Story
from remint.cli.output import Out, duration, short_path
from remint.errors import Conflict

SPRING = (setup.tell, training.ingest, training.features, training.limits, training.train)
PRODUCTION = (
    proof.prepare,
    production.months_go_by,
    production.last_decision,
    proof.regenerate,
    proof.broken,
    proof.hide,
    proof.trace,
    proof.stand,
)


@click.command()
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), default=Path("remint-demo"), show_default=True, help="Where to."
)
@click.option("--fast", is_flag=True, help="Use a sample of the flights.")
@click.option("--serve", is_flag=True, help="Leave the server up at the end.")
@click.pass_obj
def demo(out: Out, folder: Path, fast: bool, serve: bool) -> None:
    """Walk through the whole loop on real flights

    Every flight out of New York in 2013: ingest, features, training, approval, serving, monitoring, retraining,
    regeneration, tracing. The folder is an ordinary project: type the commands shown in it, and edit it. Stopped at any
    point, the same command goes on from there.
    """
    root = folder.resolve()
    began = time.monotonic()
    setup.make_project(root)
    story = Story(root, out, fast=fast)
    try:
        _require_same_size(story)
        finished = "control" in story.memory.chapters
        if "train" not in story.memory.chapters:
            story.prepare()
        for tell in SPRING:
            tell(story)
        served = story.in_production("model/delay")
        for tell in PRODUCTION if served else ():
            tell(story)
        again = proof.verify_again(story) if finished else []
    finally:
        story.close()
    lines = ["", "All of it was done before; nothing ran:", *again] if finished else []
    lines += [] if served else ["", "The gates let no model into production, so nothing is served and the demo ends here."]
    took = duration(round((time.monotonic() - began) * 1e6))
    lines += ["", f"{took}. The project is in {short_path(root)}: cd there and type any of the commands above."]
    command = Path(sys.executable).parent / "remint"
    if shutil.which("remint") is None and command.exists():
        lines.append(f"The command is not on your PATH; it is {short_path(command)}")
    value = {"folder": str(root), "finished_before": finished, "chapters": story.memory.chapters, "again": again}
    out.show("demo", value, lines)
    if serve:
        _serve(root)


def _require_same_size(story: Story) -> None:
    was = story.memory.facts.setdefault("fast", story.fast)
    if was != story.fast:
        raise Conflict(
            "the demo was not run",
            why=f"this folder holds the demo {'with a sample (--fast)' if was else 'with every flight'}",
            next_step="give the same option, or another folder with --dir",
        )
    story.memory.keep()


def _serve(root: Path) -> None:
    import subprocess

    click.echo("serving; stop with Ctrl-C", err=True)
    sys.exit(subprocess.call([sys.executable, "-m", "remint", "serve"], cwd=root))
