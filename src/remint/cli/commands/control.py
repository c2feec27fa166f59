"""`remint control`."""

import click

from remint.cli.output import Out


@click.command()
@click.pass_obj
def control(out: Out) -> None:
    """Show the status of every production model, with reasons

    Two axes: control (approved, lineage complete, regenerated) and fitness (evaluated, monitors quiet).
    """
    app = out.open()
    app.context()
    found, alarms = app.control.models(), app.configuration.compare().departures
    lines = [f"ALARM    the settings depart from those recorded: {words}" for words in alarms]
    for one in found:
        lines += [
            f"{one.ref} {one.artifact.short} (version {one.serial})",
            *([f"  material {one.materiality.upper()}"] if one.materiality else []),
            f"  control  {one.control.upper()}",
            *(f"           {reason}" for reason in one.control_reasons),
            f"  fitness  {one.fitness.upper()}",
            *(f"           {reason}" for reason in one.fitness_reasons),
        ]
    out.show(
        "control",
        {"models": found, "alarms": alarms},
        lines or "no model is in production yet; `remint propose` brings one there",
    )
