"""Requests from several clients at once, and what was acknowledged."""

import http.client
import json
import random
import threading
from dataclasses import dataclass, field

from tests.support.serving import LiveServer, columns

CLIENTS = 8


@dataclass
class Answered:
    """One acknowledged request."""

    row: list[float]
    score: float
    model: str
    id: str


@dataclass
class Load:
    """Clients that ask one row at a time until they are told to stop or the server is gone."""

    server: LiveServer
    answered: list[Answered] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number: int) -> None:
        random_rows = random.Random(number)
        client = self.server.client()
        try:
            while not self._stop.is_set():
                row = [random_rows.uniform(80, 4000), float(random_rows.randrange(24)), random_rows.gauss(10, 4)]
                status, _, content = client.ask("POST", "/v2/models/x/infer", columns([row]))
                body = json.loads(content)
                if status != 200:
                    self.failed.append(f"{status} {body}")
                    continue
                parameters, score = body["parameters"], body["outputs"][0]["data"][0]
                self.answered.append(Answered(row, score, parameters["model_digest"], parameters["prediction_ids"][0]))
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.failed.append(f"{type(error).__name__}: {error}")
        finally:
            client.close()

    def stop(self) -> None:
        """Let every client finish its request."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
