"""`remint config …`."""

import json

import click

from remint.cli.output import Out, table
from remint.config import SETTINGS, find_root, here, load


@click.group()
def config() -> None:
    """Show the settings in force and where each comes from"""


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
