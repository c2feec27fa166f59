"""A serving process: from the project's app to an open port, and back to sealed logs."""

import contextlib
import ipaddress
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from remint.core.prediction import model_ref
from remint.errors import RemintError, Unavailable
from remint.server.models import Models
from remint.server.predictions import Predictor
from remint.server.protocols.inference import LOOPBACK, InferenceApp

if TYPE_CHECKING:
    import uvicorn

    from remint.app import App

LOG = logging.getLogger("remint.serve")
PORT = 8471
WATCH_S = 1.0
DRAIN_S = 30
SWITCH_S = 0.0005


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how to serve.

    Attributes:
        durable: whether an answer waits until the log survives a loss of power.
        seal_every_s: how often the logs are sealed while serving.
        named_host: whether the host was given by hand; then its name is answered, beside the loopback ones.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    durable: bool = False
    seal_every_s: float = 300.0
    named_host: bool = False


class ServingProcess:
    """Models, predictor and log of one process.

    Args:
        app: of the project.
        names: of models; every production model if empty.
        place: where and how.
    """

    def __init__(self, app: "App", names: Sequence[str], place: Place) -> None:
        self._app = app
        self._place = place
        self._context = app.context()
        self.models = Models(app.serving, [model_ref(name) for name in names])
        self._predictor = Predictor(app.usage_logs.writer, app.serving.calm, app.clock, durable=place.durable)
        self._stopped = threading.Event()

    def run(self, *, announce: Callable[[str], None]) -> None:
        """Serve until SIGINT or SIGTERM, then drain, and seal the logs.

        Args:
            announce: called once with the address when the port is open and every model is loaded.

        Raises:
            RemintError: a model that was asked for cannot be served, or the port is taken.
        """
        import uvicorn

        self.models.load_first()
        listening = _listen(self._place)
        host, port = listening.getsockname()[:2]
        application = InferenceApp(self.models, self._predictor, hosts=_hosts(self._place), version=_version(), limits=None)
        config = uvicorn.Config(
            application,
            lifespan="off",
            access_log=False,
            log_level="warning",
            ws="none",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=DRAIN_S,
            server_header=False,
            proxy_headers=False,
        )
        # A model's own Python code would else keep the event loop waiting for 5 ms at a time.
        sys.setswitchinterval(SWITCH_S)
        self.models.watch(every_s=WATCH_S)
        sealing = threading.Thread(target=self._seal_now_and_then, name="seal", daemon=True)
        sealing.start()
        server = uvicorn.Server(config)
        try:
            with _ended_by_signals(server):
                announce(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
                server.run(sockets=[listening])
        finally:
            self._stopped.set()
            self.models.close()
            sealing.join()
            self._predictor.close()
            self.seal()

    def _seal_now_and_then(self) -> None:
        while not self._stopped.wait(self._place.seal_every_s):
            self.seal()

    def seal(self) -> None:
        """Seal what was logged so far; what cannot be sealed stays in the log and is named in the server's own log."""
        self._predictor.rotate()
        for deployment in self._app.usage.deployments():
            try:
                sealed = self._app.usage.seal(self._context, deployment)
            except RemintError as error:
                LOG.error("the log of %s was not sealed: %s", deployment, error)  # noqa: TRY400 - the three sentences say it
            else:
                if sealed.rows:
                    LOG.info("sealed %d predictions of %s", sealed.rows, deployment)


def _listen(place: Place) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        return socket.create_server((place.host, place.port), family=family, backlog=1024)
    except OSError as error:
        raise Unavailable(
            f"port {place.port} on {place.host} was not opened",
            why=str(error.strerror or error),
            next_step="choose another one with --port, or end what holds it",
        ) from error


def _hosts(place: Place) -> frozenset[str] | None:
    """Return the hosts that are answered: every one if the process listens on all addresses by wish."""
    if not place.named_host:
        return LOOPBACK
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(place.host).is_unspecified:
            return None
    return LOOPBACK | {f"[{place.host}]" if ":" in place.host else place.host.lower()}


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("remint")
    except PackageNotFoundError:
        return "0"


@contextlib.contextmanager
def _ended_by_signals(server: "uvicorn.Server") -> Iterator[None]:
    """Let both signals end the server and nothing else.

    uvicorn listens to them once it runs, and raises them again when it has ended; one that comes earlier ends it as it starts.
    """

    def end(_number: int, _frame: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
