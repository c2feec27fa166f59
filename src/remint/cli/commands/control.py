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
    found = app.control.models()
    lines: list[str] = []
    for one in found:
        lines += [
            f"{one.ref} {one.artifact.short} (version {one.serial})",
            f"  control  {one.control.upper()}",
            *(f"           {reason}" for reason in one.control_reasons),
            f"  fitness  {one.fitness.upper()}",
            *(f"           {reason}" for reason in one.fitness_reasons),
        ]
    out.show("control", {"models": found}, lines or "no model is in production yet; `remint propose` brings one there")
