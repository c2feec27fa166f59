"""The routes of the pages: each reads or does one thing through the services, and shows or sends on."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from remint.app import App
from remint.core.ids import ChangeId
from remint.errors import Denied, NotFound, RemintError
from remint.server.boundary import bounded
from remint.server.pages import session
from remint.server.pages.changes import change_page, changes_page
from remint.server.pages.control import control_page
from remint.server.pages.login import LoginPage
from remint.server.pages.problem import problem_page
from remint.server.pages.rendering import PAGE_HEADERS, STATIC_HEADERS, Frame, Rendering
from remint.server.pages.session import FORM_KEY, SESSION, THEME, THEMES, Visit, keep, local_path
from remint.server.problems import failed

LOG = logging.getLogger("remint.server")
SEE_OTHER = 303
_PAGE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer: a page."""

    template: str
    page: object
    status: int = 200


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer: the browser is sent on, with cookies set; an empty one is deleted."""

    to: str
    cookies: Mapping[str, str] = field(default_factory=dict)


Work = Callable[[Visit], Shown | Sent]


class Pages:
    """What each route does."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._rendering = Rendering()

    def control(self, visit: Visit) -> Shown:
        """The control room."""
        context, _ = visit.reader()
        return Shown("control.html", control_page(self._app, context))

    def changes(self, visit: Visit) -> Shown:
        """The list of changes."""
        visit.reader()
        query = visit.request.query_params
        return Shown("changes.html", changes_page(self._app, state=query.get("state", ""), page=_number(query.get("page", ""))))

    def change(self, visit: Visit) -> Shown:
        """One change."""
        _, caller = visit.reader()
        page = change_page(self._app, caller, _change_id(visit), done=visit.request.query_params.get("done", ""))
        return Shown("change.html", page)

    def decide(self, visit: Visit) -> Sent:
        """Open, approve, reject, merge or withdraw a change."""
        context, _ = visit.reader()
        change_id, verb = _change_id(visit), visit.request.path_params["verb"]
        changes, note = self._app.changes, visit.form.get("note", "").strip()
        if verb == "open":
            changes.open(context, change_id)
        elif verb == "approve":
            changes.approve(context, change_id, role=visit.form.get("role", "approver"), note=note)
        elif verb == "reject":
            changes.reject(context, change_id, note=note)
        elif verb == "merge":
            changes.merge(context, change_id)
        elif verb == "withdraw":
            changes.withdraw(context, change_id)
        else:
            raise NotFound(f"there is no way to {verb[:40]} a change", why="nothing of that name exists", next_step="go back")
        return Sent(f"/changes/{change_id}?done={verb}")

    def login(self, visit: Visit) -> Shown | Sent:
        """The form to sign in."""
        after = local_path(visit.request.query_params.get("next", "/"))
        return Sent(after) if visit.context is not None else Shown("login.html", LoginPage(after))

    def sign_in(self, visit: Visit) -> Shown | Sent:
        """Begin a session; it ends the one of before, and never keeps its form key."""
        after = local_path(visit.form.get("next", "/"))
        try:
            secret = session.sign_in(self._app, visit.form.get("token", "").strip())
        except Denied:
            return Shown("login.html", LoginPage(after, refused=True), 403)
        session.sign_out(self._app, visit)
        return Sent(after, {SESSION: secret, FORM_KEY: session.new_key(self._app)})

    def sign_out(self, visit: Visit) -> Sent:
        """End the session."""
        session.sign_out(self._app, visit)
        return Sent("/login", {SESSION: "", FORM_KEY: ""})

    def theme(self, visit: Visit) -> Sent:
        """Choose light or dark, or what the machine prefers."""
        wanted = visit.form.get("theme", "")
        return Sent(local_path(visit.form.get("next", "/")), {THEME: wanted if wanted in THEMES else ""})

    def endpoint(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        """Return what a route calls: it reads the form, answers in a thread, and turns errors into pages."""

        async def answer(request: Request) -> Response:
            form, error = {}, None
            if request.method == "POST":
                try:
                    form = await session.read_form(request)
                except RemintError as refused:
                    error = refused
            told = run_in_threadpool(self._answer, work, request, form, error)
            return await bounded(told, refused=self._broken, failed=lambda: self._broken(failed()), log=LOG)

        return answer

    def _answer(self, work: Work, request: Request, form: Mapping[str, str], error: RemintError | None) -> Response:
        visit = session.visit_of(self._app, request, form)
        try:
            if error is not None:
                raise error
            if request.method == "POST":
                session.require_own_form(visit)
            answer = work(visit) if _is_open(work) or visit.context is not None else _to_login(visit)
        except RemintError as refused:
            page = problem_page(refused)
            answer = Shown("problem.html", page, page.status)
        return self._response(visit, answer)

    def _broken(self, error: RemintError) -> Response:
        """Return the page of an error that came before it was known who asks."""
        frame = Frame(project=self._app.settings.root.name, path="/", who="", roles="", form_key="", theme="")
        page = problem_page(error)
        return HTMLResponse(self._rendering.html("problem.html", page, frame), page.status, PAGE_HEADERS)

    def _response(self, visit: Visit, answer: Shown | Sent) -> Response:
        if isinstance(answer, Sent):
            response: Response = RedirectResponse(answer.to, SEE_OTHER, PAGE_HEADERS)
            for name, value in answer.cookies.items():
                keep(response, visit, name, value, for_s=session.YEAR_S if name == THEME else session.DAY_S)
            return response
        html = self._rendering.html(answer.template, answer.page, self._frame(visit))
        response = HTMLResponse(html, answer.status, PAGE_HEADERS)
        if visit.is_new_key:
            keep(response, visit, FORM_KEY, visit.form_key)
        if visit.secret and visit.context is None:
            keep(response, visit, SESSION, "")
        return response

    def _frame(self, visit: Visit) -> Frame:
        caller = visit.caller
        return Frame(
            project=self._app.settings.root.name,
            path=visit.path if visit.request.method == "GET" else "/",
            who=caller.principal if caller else "",
            roles=", ".join(sorted(caller.roles)) if caller else "",
            form_key=visit.form_key,
            theme=visit.theme,
        )

    async def static(self, request: Request) -> Response:
        """A file that pages name, under the digest of its content."""
        found = self._rendering.static.get(request.path_params["name"])
        if found is None or found.url != request.url.path:
            return Response(status_code=404, headers=PAGE_HEADERS)
        return Response(found.content, headers=STATIC_HEADERS, media_type=found.media_type)


_OPEN = frozenset({"login", "sign_in", "sign_out", "theme"})


def _is_open(work: Work) -> bool:
    """Return whether a route answers who is not signed in."""
    return work.__name__ in _OPEN


def _to_login(visit: Visit) -> Sent:
    after = local_path(visit.path) if visit.request.method == "GET" else "/"
    return Sent(f"/login?next={quote(after, safe='/')}" if after != "/" else "/login")


def _change_id(visit: Visit) -> ChangeId:
    """Return the change that the path names.

    Raises:
        NotFound: it is no number.
    """
    text = visit.request.path_params["number"]
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise NotFound(
            f"there is no change {text[:40]}", why="changes are numbered from 1", next_step="look in the list of changes"
        )
    return ChangeId(text)


def _number(text: str) -> int:
    return min(max(int(text), 1), _PAGE_MAX) if text.isascii() and text.isdecimal() and len(text) < 9 else 1


def router_of(app: App) -> APIRouter:
    """Return the routes of the pages of a project."""
    pages, router = Pages(app), APIRouter(include_in_schema=False)
    routes: tuple[tuple[str, str, Work], ...] = (
        ("/", "GET", pages.control),
        ("/changes", "GET", pages.changes),
        ("/changes/{number}", "GET", pages.change),
        ("/changes/{number}/{verb}", "POST", pages.decide),
        ("/login", "GET", pages.login),
        ("/login", "POST", pages.sign_in),
        ("/signout", "POST", pages.sign_out),
        ("/theme", "POST", pages.theme),
    )
    for path, method, work in routes:
        router.add_route(path, pages.endpoint(work), methods=[method], include_in_schema=False)
    router.add_route("/static/{digest}/{name}", pages.static, methods=["GET"], include_in_schema=False)
    return router
