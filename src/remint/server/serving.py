"""A serving process: from the project's app to an open port, and back to sealed logs."""

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from remint.core.prediction import model_ref
from remint.errors import RemintError
from remint.server.listening import DRAIN_S, LOOPBACK, answered_hosts, ended_by_signals, installed_version, listen, url_of
from remint.server.models import Models
from remint.server.predictions import Predictor
from remint.server.protocols.inference import InferenceApp

if TYPE_CHECKING:
    from remint.app import App

LOG = logging.getLogger("remint.serve")
PORT = 8471
WATCH_S = 1.0
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
        listening = listen(self._place.host, self._place.port)
        host, port = listening.getsockname()[:2]
        application = InferenceApp(
            self.models,
            self._predictor,
            hosts=answered_hosts(self._place.host) if self._place.named_host else LOOPBACK,
            version=installed_version(),
            limits=None,
        )
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
            with ended_by_signals(server):
                announce(url_of("http", host, port))
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
