"""The server of a project: from the app to an open port, and back."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from remint.app import App
from remint.core.action import OWNER
from remint.core.provider import parse_providers, parse_workloads
from remint.errors import Invalid, RemintError
from remint.ports.usecases.context import Context
from remint.server.app import Api
from remint.server.listening import (
    DRAIN_S,
    LOOPBACK,
    answered_hosts,
    ended_by_signals,
    installed_version,
    is_loopback,
    listen,
    url_of,
)

PORT = 8470
CHECKPOINT_S = 60
FIRST = "first sign-in"


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen, and what stands before it.

    Attributes:
        certificate, key: PEM files for TLS; both or none.
        proxies: addresses of proxies whose word about who calls is believed.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    certificate: str = ""
    key: str = ""
    proxies: tuple[str, ...] = ()


def first_secret(app: App, context: Context) -> str | None:
    """Return the secret of a token for the owner if no token was ever made here; None otherwise.

    It lasts a day, and is shown this once: there is no default password.
    """
    roles = next((one.roles for one in app.principals.list() if one.id == context.principal), frozenset())
    if OWNER not in roles or app.identity.list(context):
        return None
    return app.identity.issue(context, about=FIRST, days=1).secret


def serve(app: App, place: Place, *, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then answer what is under way.

    Args:
        app: of the project.
        place: where.
        announce: called once with the address when the port is open.

    Raises:
        Invalid: the place would show tokens to whoever listens on the network, or a provider or workload is not understood.
        Unavailable: the port is taken, or another server keeps the records.
    """
    import uvicorn

    _require_safe(place)
    parse_providers(app.settings.table("oidc"))
    parse_workloads(app.settings.table("workload"))
    with app.catalog.read():  # nobody is asked to show a token where the records are not here, or cannot be read
        listening = listen(place.host, place.port)
    host, port = listening.getsockname()[:2]
    hosts = (answered_hosts(place.host) or LOOPBACK) | frozenset(map(str.lower, app.settings.texts("server_hosts")))
    api = Api(app, version=installed_version(), hosts=hosts)
    config = uvicorn.Config(
        api.application(),
        lifespan="off",
        access_log=False,
        log_level="warning",
        ws="none",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=DRAIN_S,
        server_header=False,
        proxy_headers=bool(place.proxies),
        forwarded_allow_ips=list(place.proxies) or None,
        ssl_certfile=place.certificate or None,
        ssl_keyfile=place.key or None,
    )
    server = uvicorn.Server(config)
    try:
        with ended_by_signals(server), _checkpoints(app):
            announce(url_of("https" if place.certificate else "http", host, port))
            server.run(sockets=[listening])
    finally:
        api.close()


@contextmanager
def _checkpoints(app: App) -> Iterator[None]:
    """Keep checkpoints of the audit log while the block runs, where places for them are set, and a last one at its end."""
    ended = threading.Event()

    def keep() -> None:
        is_last = False
        while not is_last:
            is_last = ended.wait(CHECKPOINT_S)
            try:
                app.failures.flush()
                app.audit.checkpoint_if_new()
            except RemintError:  # who asks the server is not to blame; whoever watches it is told, and it tries again
                logging.getLogger(__name__).exception("no checkpoint of the audit log was kept")

    thread = threading.Thread(target=keep, name="checkpoints", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _require_safe(place: Place) -> None:
    if bool(place.certificate) != bool(place.key):
        raise Invalid(
            "the server was not started",
            why="TLS needs a certificate and its key",
            next_step="give both --tls-cert and --tls-key, or neither",
        )
    if not (is_loopback(place.host) or place.certificate or place.proxies):
        raise Invalid(
            "the server was not started",
            why=f"on {place.host} others could read the tokens on their way",
            next_step="give --tls-cert and --tls-key, or --proxy with the address of a proxy that speaks TLS",
        )
