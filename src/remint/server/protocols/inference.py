"""The Open Inference Protocol, version 2, over HTTP: a raw ASGI application."""

import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from remint.core.inference import InferRequest, arrange, parse_request, wanted_outputs
from remint.errors import Denied, Invalid, LimitReached, NotFound, RemintError
from remint.ports.usecases.serving import Served
from remint.server.boundary import bounded
from remint.server.listening import host_of
from remint.server.metrics import Metrics
from remint.server.models import Models
from remint.server.predictions import Asked, Predictor
from remint.server.protocols.jsontext import read_fast
from remint.server.protocols.tensors import Pieces, encode_outputs, keys_of, rows_of

LOG = logging.getLogger("remint.serve")
STATUS = {
    "invalid": 400,
    "denied": 403,
    "not-found": 404,
    "conflict": 409,
    "limit-reached": 413,
    "unavailable": 503,
    "corrupt": 503,
    "diverged": 503,
    "step-failed": 500,
    "internal": 500,
}
EXTENSIONS = ["binary_tensor_data"]
JSON_LENGTH = b"inference-header-content-length"
_ENCODER = msgspec.json.Encoder(enc_hook=str)  # digests and ids are texts of kinds of their own
_MODEL = re.compile(r"/v2/models/(?P<name>.+?)(?:/versions/(?P<version>[^/]+))?(?:/(?P<what>infer|ready))?")
_REPOSITORY = re.compile(r"/v2/repository/(?:index|models/(?P<name>.+)/(?:load|unload))")

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may be at most."""

    body_bytes: int = 16 << 20
    rows: int = 65_536


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, body, and headers beside the length."""

    status: int
    body: bytes
    media: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())


class InferenceApp:
    """The application.

    Args:
        models: what is served.
        predictor: answers and logs.
        hosts: values of the Host header, without the port, that are answered; every one if None.
        version: of Remint.
        limits: of a request.
    """

    def __init__(
        self, models: Models, predictor: Predictor, *, hosts: frozenset[str] | None, version: str, limits: Limits | None = None
    ) -> None:
        self._models = models
        self._predictor = predictor
        self._hosts = hosts
        self._version = version
        self._limits = limits or Limits()
        self._metrics = Metrics()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise ValueError(f"{scope['type']} is not served")
        reply = await bounded(self._reply(scope, receive), refused=problem, failed=_failed, log=LOG)
        start = {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [
                (b"content-type", reply.media),
                (b"content-length", str(len(reply.body)).encode()),
                *reply.headers,
            ],
        }
        await send(start)
        await send({"type": "http.response.body", "body": reply.body})

    async def _reply(self, scope: Scope, receive: Receive) -> Reply:
        self._require_host(scope)
        path, method = scope["path"], scope["method"]
        found = _MODEL.fullmatch(path)
        if found is not None:
            return await self._model(found, scope, receive)
        if _REPOSITORY.fullmatch(path):
            return _only("POST", method) or self._repository(path)
        fixed = {
            "/v2": self._server,
            "/v2/": self._server,
            "/v2/health": self._health,
            "/v2/health/live": lambda: _json(200, {"live": True}),
            "/v2/health/ready": self._ready,
            "/healthz": lambda: _json(200, {"live": True}),
            "/readyz": self._ready,
            "/metrics": self._text_metrics,
        }
        if path not in fixed:
            raise NotFound(
                f"there is nothing at {path[:200]!r}", why="it is no address of the protocol", next_step="see GET /v2"
            )
        return _only("GET", method) or fixed[path]()

    def _require_host(self, scope: Scope) -> None:
        given = _header(scope, b"host").decode("latin-1")
        if self._hosts is not None and host_of(given) not in self._hosts:
            raise Denied(
                f"the host {given[:100]!r} is not answered",
                why="rule known-host: a page of another site could ask in the name of its reader",
                next_step="use the address that `remint serve` printed, or start it with --host",
                rule="known-host",
            )

    # ---- what is here

    def _server(self) -> Reply:
        return _json(200, {"name": "remint", "version": self._version, "extensions": EXTENSIONS})

    def _health(self) -> Reply:
        return _json(200, {"live": True, "ready": self._models.ready, "models": self._models.detail()})

    def _ready(self) -> Reply:
        ready = self._models.ready
        return _json(200 if ready else 503, {"live": True, "ready": ready, "models": self._models.detail()})

    def _text_metrics(self) -> Reply:
        digests = {name: (served.ref.artifact, served.ref.serial) for name, served in self._models.served().items()}
        text = self._metrics.text(digests, batches=self._predictor.batches)
        return Reply(200, text.encode(), b"text/plain; version=0.0.4; charset=utf-8")

    def _repository(self, path: str) -> Reply:
        if path == "/v2/repository/index":
            served = self._models.served()
            rows = [
                {"name": name, "version": one.ref.artifact.short, "state": "READY", "reason": ""}
                for name, one in served.items()
            ]
            missing = self._models.problems().keys() - served.keys()
            rows += [{"name": name, "state": "UNAVAILABLE", "reason": self._models.problems()[name]} for name in missing]
            return _json(200, rows)
        raise Denied(
            "no model was loaded or unloaded",
            why="rule merged-change: what is served follows from the refs of main, and only approved changes move those",
            next_step="propose a change of the model's ref, have it approved, and merge it",
            rule="merged-change",
        )

    # ---- one model

    async def _model(self, found: re.Match[str], scope: Scope, receive: Receive) -> Reply:
        what, name = found["what"], found["name"]
        refused = _only("POST" if what == "infer" else "GET", scope["method"])
        if refused is not None:
            return refused
        if what == "infer":
            return await self._infer(name, found["version"], scope, receive)
        served = self._version_of(name, found["version"])
        if what == "ready":
            return _json(200, {"name": name, "ready": True})
        return _json(200, _metadata(name, served))

    def _version_of(self, name: str, version: str | None) -> Served:
        served = self._models.get(name)
        short = served.ref.artifact.short
        if version is not None and version not in {short, short.removeprefix("b3:"), served.ref.artifact}:
            raise NotFound(
                f"version {version[:100]!r} of model {name!r} is not served",
                why=f"{short} is; only the approved version answers",
                next_step="leave the version out, or see GET /v2/models/NAME",
            )
        return served

    async def _infer(self, name: str, version: str | None, scope: Scope, receive: Receive) -> Reply:
        body = await _body(receive, most_bytes=self._limits.body_bytes)
        begun_ns = time.perf_counter_ns()
        served = self._version_of(name, version)
        rows = 0
        try:
            head, binary = _split(scope, body)
            request = parse_request(read_fast(head))
            wanted = wanted_outputs(request, tuple(served.outputs))
            layout = arrange(request, served.features, most_rows=self._limits.rows)
            pieces = Pieces(binary, request)
            matrix, keys = rows_of(layout, served.features, pieces), keys_of(request, layout, pieces)
            asked = await self._predictor.answer(served, matrix, keys, begun_ns)
            rows, reply = layout.rows, _answer(name, request, asked, wanted)
        except RemintError as error:
            reply = problem(error)
        self._metrics.answered(name, reply.status, rows=rows, seconds=(time.perf_counter_ns() - begun_ns) / 1e9)
        return reply


def _metadata(name: str, served: Served) -> dict[str, Any]:
    return {
        "name": name,
        "versions": [served.ref.artifact.short],
        "platform": "remint_sklearn",
        "inputs": [{"name": feature, "datatype": "FP64", "shape": [-1]} for feature in served.features],
        "outputs": [{"name": output, "datatype": datatype, "shape": [-1]} for output, datatype in served.outputs.items()],
        "parameters": {
            "model_digest": served.ref.artifact,
            "ref": f"{served.ref.name}@{served.ref.serial}",
            "change": served.change,
        },
    }


def _answer(name: str, request: InferRequest, asked: Asked, wanted: dict[str, bool]) -> Reply:
    served = asked.served
    arrays: dict[str, Any] = {"score": asked.scores}
    if "label" in wanted:
        arrays["label"] = served.labels(asked.scores)
    outputs, binary = encode_outputs(arrays, served.outputs, wanted)
    body: dict[str, Any] = {"model_name": name, "model_version": served.ref.artifact.short}
    if request.id is not None:
        body["id"] = request.id
    body["parameters"] = {"prediction_ids": asked.ids, "model_digest": served.ref.artifact, "run": served.run or ""}
    body["outputs"] = outputs
    head = _ENCODER.encode(body)
    if not binary:
        return Reply(200, head)
    length = (JSON_LENGTH, str(len(head)).encode())
    return Reply(200, b"".join([head, *binary]), b"application/octet-stream", (length,))


def problem(error: RemintError) -> Reply:
    """Return an error as the protocol says it."""
    headers: Iterable[tuple[bytes, bytes]] = [(b"retry-after", b"1")] if error.family == "unavailable" else []
    status = 421 if error.facts.get("rule") == "known-host" else STATUS[error.family]
    return Reply(status, json.dumps({"error": str(error)}).encode(), headers=tuple(headers))


def _json(status: int, value: object) -> Reply:
    return Reply(status, _ENCODER.encode(value))


def _failed() -> Reply:
    return _json(500, {"error": "the server failed; its log says why"})


def _only(allowed: str, method: str) -> Reply | None:
    if method == allowed or (method == "HEAD" and allowed == "GET"):
        return None
    body = json.dumps({"error": f"this address takes {allowed} only"}).encode()
    return Reply(405, body, headers=((b"allow", allowed.encode()),))


def _header(scope: Scope, name: bytes) -> bytes:
    return next((bytes(value) for key, value in scope["headers"] if key == name), b"")


def _split(scope: Scope, body: bytes) -> tuple[bytes, memoryview]:
    """Return the JSON of a request and the binary part behind it."""
    encoding = _header(scope, b"content-encoding").strip().lower()
    if encoding not in {b"", b"identity"}:
        raise Invalid(
            "the request was refused", why="compressed bodies are not read", next_step="send it without Content-Encoding"
        )
    given = _header(scope, JSON_LENGTH).decode("latin-1")
    if not given:
        return body, memoryview(b"")
    if not (given.isascii() and given.isdecimal() and len(given) < 12 and int(given) <= len(body)):
        raise Invalid(
            "the request was refused",
            why="Inference-Header-Content-Length is not a length within the body",
            next_step="give the number of bytes of the JSON before the first tensor",
        )
    return body[: int(given)], memoryview(body)[int(given) :]


async def _body(receive: Receive, *, most_bytes: int) -> bytes:
    """Return the body of a request.

    Raises:
        LimitReached: it is larger than `most_bytes`; it was read to its end, within reason, and thrown away.
    """
    parts: list[bytes] = []
    size = 0
    more = True
    while more and size <= 4 * most_bytes:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("the request was not read", why="the client went away", next_step="send it again")
        part = message.get("body", b"")
        size += len(part)
        more = message.get("more_body", False)
        if size <= most_bytes:
            parts.append(part)
    if size > most_bytes:
        raise LimitReached(
            "the request was refused", why=f"its body is larger than {most_bytes} bytes", next_step="send fewer rows at a time"
        )
    return b"".join(parts) if len(parts) != 1 else parts[0]
