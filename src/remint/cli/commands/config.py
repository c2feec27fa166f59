"""`remint config …`."""

import json

import click

from remint.cli.output import Out, table
from remint.config import SETTINGS, find_root, here, load
from remint.errors import Diverged


@click.group()
def config() -> None:
    """Show the settings in force, or compare them with those recorded"""


@config.command()
@click.option("--origin", is_flag=True, help="Also print where each value comes from.")
@click.pass_obj
def show(out: Out, origin: bool) -> None:
    """Show every setting"""
    settings = load(find_root(here()), {"principal": out.principal, "workspace": out.workspace})
    rows = []
    for setting in SETTINGS:
        value = json.dumps(settings.values[setting.name], ensure_ascii=False)
        rows.append([setting.name, value, *([settings.origins[setting.name]] if origin else []), setting.about])
    head = ["setting", "value", *(["origin"] if origin else []), "meaning"]
    out.show("config", {"values": settings.values, "origins": settings.origins}, table(head, rows))


@config.command()
@click.pass_obj
def check(out: Out) -> None:
    """Say how the settings in force depart from those recorded

    Exits with 7 if they do: somebody changed remint.toml, or a variable says something else, without an approved change of
    policy/settings.
    """
    found = out.open().configuration.compare()
    if found.departures:
        assert found.recorded is not None
        raise Diverged(
            f"the settings in force depart from {found.recorded.name.path}@{found.recorded.serial}",
            why="; ".join(found.departures),
            next_step="put them back, or propose them: `remint config propose`",
            departures=found.departures,
        )
    as_recorded = found.recorded is not None
    text = "the settings in force are as recorded" if as_recorded else "no settings are recorded: `remint config propose`"
    out.show("config-check", found, text)


@config.command()
@click.option("--title", default="", metavar="TEXT", help="What the change is about.")
@click.pass_obj
def propose(out: Out, title: str) -> None:
    """Open a change that records the settings in force

    They are kept as policy/settings, without those that may differ from machine to machine. From then on a change of them is
    judged by what was recorded, and no change is merged while the settings in force depart from that.
    """
    app = out.open()
    review = app.configuration.propose(app.context(), title=title)
    out.show("change", review, f"change {review.change.id} would record the settings in force")
    out.ask_others(app, f"remint changes approve {review.change.id}")
