"""`remint serve`."""

import logging

import click

from remint.cli.output import Out


@click.command()
@click.argument("models", nargs=-1)
@click.option("--host", help="The address to listen on; only this machine may ask if not given.")
@click.option("--port", default=8471, show_default=True, help="The port; 0 takes a free one.")
@click.option(
    "--durability",
    type=click.Choice(["process", "disk"]),
    default="process",
    show_default=True,
    help="What a logged prediction survives before it is answered: the death of the process, or a loss of power.",
)
@click.option(
    "--seal-every",
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How often the log becomes a version of its table.",
)
@click.pass_obj
def serve(out: Out, models: tuple[str, ...], host: str | None, port: int, durability: str, seal_every: float) -> None:
    """Serve production models over the Open Inference Protocol

    MODELS are names of refs main:model/NAME, all if none is given. Only what an approved change put there is served, byte for
    byte; when the ref moves, the new model is loaded, checked and swapped in, and no request fails. Every prediction is logged
    before it is answered.
    """
    from remint.server.serving import Place, ServingProcess

    # What the server says belongs to a person or a supervisor, not to the result.
    logging.basicConfig(level=logging.WARNING if out.quiet else logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    app = out.open()
    place = Place(
        host=host or "127.0.0.1",
        port=port,
        durable=durability == "disk",
        seal_every_s=seal_every,
        named_host=host is not None,
    )
    process = ServingProcess(app, models, place)

    def announce(url: str) -> None:
        detail = process.models.detail()
        lines = [f"serving on {url}/v2"]
        lines += [
            f"  {name}  {row['model_digest'].short} (version {row['version']}, change {row['change']})"
            if row["ready"]
            else f"  {name}  NOT READY: {row['problem']}"
            for name, row in detail.items()
        ]
        out.show("serve", {"url": url, "durability": durability, "models": detail}, lines)

    process.run(announce=announce)
