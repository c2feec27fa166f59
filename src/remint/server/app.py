"""The application: the table of routes behind one gate."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from remint.app import App
from remint.core.ids import uuid7
from remint.errors import Invalid, NotFound, RemintError, Unavailable
from remint.ports.uploads import Appending
from remint.ports.usecases.blobs import Receiving
from remint.ports.usecases.context import Context
from remint.server.api.exchange import EXCHANGE, exchanged, read_exchange
from remint.server.api.table import ROWS
from remint.server.auth import WORKSPACE, Gate, secret_of
from remint.server.boundary import bounded
from remint.server.door import TOKEN, WORKLOAD, Door
from remint.server.limits import Front
from remint.server.once import KEY, once
from remint.server.openapi import document
from remint.server.pages.router import router_of
from remint.server.problems import failed, problem
from remint.server.reading import body_of, form_of, pieces_of, read_body, read_query, require_plain
from remint.server.requests import Requests
from remint.server.responses import response_of
from remint.server.routes import Call, NoBody, Row

LOG = logging.getLogger("remint.server")
THREADS = 8
ASKING = 2
"""Threads that may wait for issuers, which nobody else waits for."""

METRICS = Row("GET", "/metrics", "catalog:read", "Counters of this server", lambda call: call, bytes)
OPEN = ("/healthz", "/readyz", "/openapi.json")
"""What is answered without a token: none of it says anything about the project."""

Endpoint = Callable[[Request], Awaitable[Response]]


class Api:
    """The HTTP API of a project.

    Args:
        app: of the project.
        version: of Remint.
        hosts: values of the Host header, without the port, that are answered.
    """

    def __init__(self, app: App, *, version: str, hosts: frozenset[str]) -> None:
        self._app = app
        self._gate = Gate(app)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="api")
        self._asking = ThreadPoolExecutor(ASKING, thread_name_prefix="issuers")
        self._hosts = hosts
        self._door = Door(app)
        self._requests = Requests()
        self._document = document(ROWS, version=version)
        self.rows = ROWS

    def application(self) -> FastAPI:
        """Return the application; each call makes one."""
        made = FastAPI(title="Remint", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
        made.add_exception_handler(HTTPException, self._unrouted)  # type: ignore[arg-type]
        routes = [Route(row.address, self._endpoint(row), methods=[row.method]) for row in self.rows]
        routes += [
            Route(EXCHANGE, self._bounded(self._exchange), methods=["POST"]),
            Route("/metrics", self._bounded(self._metrics), methods=["GET"]),
            Route("/healthz", self._healthz, methods=["GET"]),
            Route("/readyz", self._bounded(self._readyz), methods=["GET"]),
            Route("/openapi.json", self._openapi, methods=["GET"]),
        ]
        made.router.routes.extend(routes)
        made.include_router(router_of(self._app, self._door))
        made.add_middleware(Front, hosts=self._hosts, clock=self._app.clock)
        return made

    def close(self) -> None:
        """Wait for the requests under way. Idempotent."""
        self._asking.shutdown(wait=True)
        self._pool.shutdown(wait=True)
        self._door.close()

    # ---- one request

    def _endpoint(self, row: Row) -> Endpoint:
        async def answer(request: Request) -> Response:
            begun = time.perf_counter()
            response = await self._safely(self._answer(row, request), request)
            self._requests.answered(f"{row.method} {row.path}", response.status_code, time.perf_counter() - begun)
            return response

        return answer

    def _bounded(self, answer: Endpoint) -> Endpoint:
        async def within(request: Request) -> Response:
            return await self._safely(answer(request), request)

        return within

    async def _safely(self, answer: Awaitable[Response], request: Request) -> Response:
        clock = self._app.clock
        number = uuid7(clock.now_us(), clock.entropy(8))

        def broken() -> Response:
            LOG.error("request %s: %s %s failed", number, request.method, request.url.path)
            return problem(failed(), request=number)

        return await bounded(answer, refused=lambda error: problem(error, request=number), failed=broken, log=LOG)

    async def _answer(self, row: Row, request: Request) -> Response:
        secret = secret_of(request.headers)
        if row.streamed:
            return await self._streamed(row, request, secret)
        body = await body_of(request) if row.takes_json else b""
        return response_of(row, await self._in_thread(self._work, row, request, secret, body))

    async def _streamed(self, row: Row, request: Request, secret: str) -> Response:
        """Answer a request whose body is written while it arrives; what arrived stays if it breaks off."""
        require_plain(request.headers)
        end: Appending | Receiving = await self._in_thread(self._work, row, request, secret, b"")
        try:
            async for piece in pieces_of(request):
                await self._in_thread(end.write, piece)
        finally:
            stands = await self._in_thread(end.close)
        return response_of(row, stands)

    async def _in_thread(self, work: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - what the work returns
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    def _work(self, row: Row, request: Request, secret: str, body: bytes) -> object:
        context = self._identified(request, secret)
        self._gate.admit(row, context, request.path_params)
        call = Call(
            app=self._app,
            context=context,
            path=request.path_params,
            query=read_query(request.query_params.multi_items(), row.query),
            body=read_body(body, row.body) if row.takes_json else NoBody(),
            headers=request.headers,
        )
        if row.repeatable and KEY in request.headers:
            return once(row, request, call, body)
        return row.endpoint(call)

    def _identified(self, request: Request, secret: str) -> Context:
        """Return who asks, within the limits of how often."""
        workspace = request.headers.get(WORKSPACE, "")
        context = self._door.shown(request, TOKEN, lambda: self._gate.identify(secret, workspace=workspace))
        self._door.rates.require(context.token)
        return context

    async def _exchange(self, request: Request) -> Response:
        """Answer a workload that shows what an issuer signed about it (RFC 8693)."""
        asked = read_exchange(await form_of(request))

        def work() -> Response:
            issued = self._door.shown(request, WORKLOAD, lambda: self._app.workloads.exchange(asked.proof, name=asked.name))
            return exchanged(issued)

        return await asyncio.get_running_loop().run_in_executor(self._asking, work)

    # ---- beside the table

    async def _metrics(self, request: Request) -> Response:
        secret = secret_of(request.headers)

        def work() -> Response:
            context = self._identified(request, secret)
            self._gate.admit(METRICS, context, {})
            return PlainTextResponse(self._requests.text(), media_type="text/plain; version=0.0.4")

        answer: Response = await self._in_thread(work)
        return answer

    @staticmethod
    async def _healthz(_request: Request) -> Response:
        return JSONResponse({"live": True})

    async def _readyz(self, _request: Request) -> Response:
        def work() -> Response:
            with self._app.catalog.read() as tx:
                tx.workspaces.get("main")
            return JSONResponse({"live": True, "ready": True})

        answer: Response = await self._in_thread(work)
        return answer

    async def _openapi(self, _request: Request) -> Response:
        return JSONResponse(self._document)

    async def _unrouted(self, request: Request, error: HTTPException) -> Response:
        async def refuse() -> Response:
            raise _no_route(request, error)

        return await self._safely(refuse(), request)


def _no_route(request: Request, error: HTTPException) -> RemintError:
    where = f"{request.method[:20]} {request.url.path[:200]!r}"
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "GET")
        return Invalid(
            f"{where} is not answered",
            why="the address takes other methods",
            next_step=f"use one of {allowed}",
            rule="method",
            headers={"Allow": allowed},
        )
    if error.status_code == 404:
        return NotFound(f"{where} is not answered", why="there is nothing at this address", next_step="see /openapi.json")
    return Unavailable(f"{where} is not answered", why=str(error.detail), next_step="send it again")
