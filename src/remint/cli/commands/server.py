"""`remint server`."""

import logging

import click

from remint.cli.output import Out


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8470, show_default=True, help="The port; 0 takes a free one.")
@click.option("--tls-cert", metavar="FILE", default="", help="The certificate for TLS, in PEM.")
@click.option("--tls-key", metavar="FILE", default="", help="Its private key, in PEM.")
@click.option("--proxy", "proxies", metavar="ADDRESS", multiple=True, help="A proxy before the server that speaks TLS.")
@click.pass_obj
def server(out: Out, host: str, port: int, tls_cert: str, tls_key: str, proxies: tuple[str, ...]) -> None:
    """Serve this project over HTTP

    Everybody shows a token. Where none was ever made, the first start prints one for the owner, once.
    """
    from remint.server.project import Place, first_secret, serve

    logging.basicConfig(level=logging.WARNING if out.quiet else logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    app = out.open()
    context = app.context()

    def announce(url: str) -> None:
        secret = first_secret(app, context)
        out.show("server", {"url": url, "api": f"{url}/api/remint/v1"}, f"serving on {url} (API: {url}/api/remint/v1)")
        if secret is not None:
            click.echo(f"a token for {context.principal}, for one day, shown this once:\n  {secret}", err=True)
            click.echo(f"  show it on {url}/login, or send it: `Authorization: Bearer TOKEN`", err=True)

    serve(app, Place(host, port, tls_cert, tls_key, proxies), announce=announce)
