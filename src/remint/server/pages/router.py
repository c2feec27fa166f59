"""The routes of the pages: each reads or does one thing through the services, and shows or sends on."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from remint.app import App
from remint.core.digest import Digest
from remint.core.ids import ChangeId
from remint.core.provider import Provider
from remint.errors import Denied, Invalid, NotFound, RemintError
from remint.ports.usecases.context import Context
from remint.ports.usecases.signins import Begun
from remint.server.boundary import bounded
from remint.server.door import TOKEN, Door
from remint.server.pages import session
from remint.server.pages.changes import change_page, changes_page
from remint.server.pages.control import control_page
from remint.server.pages.costs import cost_page
from remint.server.pages.emergencies import emergencies_page
from remint.server.pages.login import login_page
from remint.server.pages.problem import problem_page
from remint.server.pages.rendering import PAGE_HEADERS, STATIC_HEADERS, Frame, Rendering
from remint.server.pages.rollback import roll_back_page
from remint.server.pages.session import FORM_KEY, SESSION, THEME, THEMES, Visit, keep, local_path
from remint.server.pages.signin import SIGN_IN_S, SignedInPage, callback_of, cookie_of, held_in, kept
from remint.server.problems import failed

LOG = logging.getLogger("remint.server")
SEE_OTHER = 303
_PAGE_MAX = 1_000
_WORDS_MAX = 2_000
_REFS_MAX = 100
_DIGITS_MAX = 9


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer: a page, with cookies set; an empty one is deleted."""

    template: str
    page: object
    status: int = 200
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer: the browser is sent on, with cookies set; an empty one is deleted."""

    to: str
    cookies: Mapping[str, str] = field(default_factory=dict)


Work = Callable[[Visit], Shown | Sent]


class Pages:
    """What each route does."""

    def __init__(self, app: App, door: Door) -> None:
        self._app = app
        self._door = door
        self._rendering = Rendering()

    def control(self, visit: Visit) -> Shown:
        """The control room."""
        context, caller = visit.reader()
        return Shown("control.html", control_page(self._app, context, caller))

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
        """Open, approve, reject, merge, withdraw or review a change."""
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
            given = visit.form.get("glass", "")
            changes.merge(context, change_id, glass=_emergency(given) if given else None)
        elif verb == "withdraw":
            changes.withdraw(context, change_id)
        elif verb == "review":
            changes.look_back(context, change_id, note=_words(visit, "note", "what your review found"))
        else:
            raise NotFound(f"there is no way to {verb[:40]} a change", why="nothing of that name exists", next_step="go back")
        return Sent(f"/changes/{change_id}?done={verb}")

    def emergencies(self, visit: Visit) -> Shown:
        """The list of emergencies, and a form to open one."""
        _, caller = visit.reader()
        query = visit.request.query_params
        page = emergencies_page(self._app, caller, wanted=query.get("refs", ""), done=query.get("done", ""))
        return Shown("emergencies.html", page)

    def open_emergency(self, visit: Visit) -> Sent:
        """Open an emergency."""
        context, _ = visit.reader()
        refs, reason = visit.form.get("refs", "").replace(",", " ").split(), _words(visit, "reason", "a reason")
        if not 0 < len(refs) <= _REFS_MAX:
            raise _unfilled(f"it is about 1 to {_REFS_MAX} refs, and {len(refs)} were named")
        self._app.glasses.open(context, refs, reason=reason, ttl=visit.form.get("ttl", "").strip())
        return Sent("/emergencies?done=open")

    def confirm_emergency(self, visit: Visit) -> Sent:
        """Confirm an emergency that somebody else opened."""
        context, _ = visit.reader()
        self._app.glasses.confirm(context, _emergency(visit.request.path_params["number"]))
        return Sent("/emergencies?done=confirm")

    def roll_back_form(self, visit: Visit) -> Shown:
        """What a roll-back would do, to be confirmed."""
        context, caller = visit.reader()
        return Shown("rollback.html", roll_back_page(self._app, context, caller, visit.request.query_params.get("ref", "")))

    def roll_back(self, visit: Visit) -> Sent:
        """Take back the last merge of a ref, if it still points where the reader saw it."""
        context, _ = visit.reader()
        reason, seen = _words(visit, "reason", "a reason"), Digest.parse(visit.form.get("seen", ""))
        move = self._app.roll_backs.roll_back(context, visit.form.get("ref", ""), reason=reason, expect=seen)
        return Sent(f"/changes/{move.change}?done=roll-back")

    def cost(self, visit: Visit) -> Shown:
        """Budgets, and what was spent and saved."""
        context, _ = visit.reader()
        return Shown("cost.html", cost_page(self._app, context, by=visit.request.query_params.get("by", "")))

    def login(self, visit: Visit) -> Shown | Sent:
        """The form to sign in."""
        after = local_path(visit.request.query_params.get("next", "/"))
        return Sent(after) if visit.context is not None else Shown("login.html", login_page(after, self._providers()))

    def sign_in(self, visit: Visit) -> Shown | Sent:
        """Begin a session; it ends the one of before, and never keeps its form key."""
        after = local_path(visit.form.get("next", "/"))
        given = visit.form.get("token", "").strip()
        try:
            shown = self._door.shown(visit.request, TOKEN, lambda: self._app.identity.identify(given))
            secret = session.sign_in(self._app, shown)
        except Denied:
            return Shown("login.html", login_page(after, self._providers(), refused=True), 403)
        session.sign_out(self._app, visit)
        return Sent(after, {SESSION: secret, FORM_KEY: session.new_key(self._app)})

    def leave_for(self, visit: Visit) -> Sent:
        """Send the browser to a provider to sign in there."""
        name, after = visit.request.path_params["provider"], local_path(visit.request.query_params.get("next", "/"))
        begun = self._app.sign_ins.begin(name, redirect=callback_of(visit.request, name))
        return Sent(begun.url, {cookie_of(visit.request): kept(begun, after)})

    def come_back(self, visit: Visit) -> Shown:
        """Begin a session for whom a provider sent back."""
        request, name = visit.request, visit.request.path_params["provider"]
        held, query = held_in(request.cookies.get(cookie_of(request), "")), request.query_params
        begun, redirect = Begun("", held.state, held.nonce, held.verifier), callback_of(request, name)

        def signed_in() -> Context:
            given = {"code": query.get("code", ""), "state": query.get("state", "")}
            return self._app.sign_ins.finish(name, begun, **given, redirect=redirect)

        context = self._door.shown(request, f"sign-in {name[:40]}", signed_in)
        secret, after = session.sign_in(self._app, context), local_path(held.after)
        session.sign_out(self._app, visit)
        cookies = {SESSION: secret, FORM_KEY: session.new_key(self._app), cookie_of(request): ""}
        return Shown("signed-in.html", SignedInPage(after, context.principal), cookies=cookies)

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
            self._keep_all(response, visit, answer.cookies)
            return response
        html = self._rendering.html(answer.template, answer.page, self._frame(visit))
        response = HTMLResponse(html, answer.status, PAGE_HEADERS)
        if visit.is_new_key and FORM_KEY not in answer.cookies:
            keep(response, visit, FORM_KEY, visit.form_key)
        if visit.secret and visit.context is None and SESSION not in answer.cookies:
            keep(response, visit, SESSION, "")
        self._keep_all(response, visit, answer.cookies)
        return response

    @staticmethod
    def _keep_all(response: Response, visit: Visit, cookies: Mapping[str, str]) -> None:
        ages_s = {THEME: session.YEAR_S, cookie_of(visit.request): SIGN_IN_S}
        for name, value in cookies.items():
            keep(response, visit, name, value, for_s=ages_s.get(name, session.DAY_S))

    def _providers(self) -> Sequence[Provider]:
        return self._app.sign_ins.providers()

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


_OPEN = frozenset({"login", "sign_in", "leave_for", "come_back", "sign_out", "theme"})


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


def _emergency(text: str) -> int:
    """Return the emergency that a path or a form names.

    Raises:
        NotFound: it is no number.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX):
        raise NotFound(
            f"there is no emergency {text[:40]}", why="emergencies are numbered from 1", next_step="look in the list of them"
        )
    return int(text)


def _words(visit: Visit, name: str, meant: str) -> str:
    """Return the words of a form that must be filled in.

    Raises:
        Invalid: there are none, or too many.
    """
    said = visit.form.get(name, "").strip()
    if not 0 < len(said) <= _WORDS_MAX:
        raise _unfilled(f"it needs {meant}, of at most {_WORDS_MAX} characters")
    return said


def _unfilled(why: str) -> Invalid:
    return Invalid("nothing was done", why=why, next_step="go back, and fill in the form", rule="form")


def _number(text: str) -> int:
    return min(max(int(text), 1), _PAGE_MAX) if text.isascii() and text.isdecimal() and len(text) < 9 else 1


def router_of(app: App, door: Door) -> APIRouter:
    """Return the routes of the pages of a project."""
    pages, router = Pages(app, door), APIRouter(include_in_schema=False)
    routes: tuple[tuple[str, str, Work], ...] = (
        ("/", "GET", pages.control),
        ("/changes", "GET", pages.changes),
        ("/changes/{number}", "GET", pages.change),
        ("/changes/{number}/{verb}", "POST", pages.decide),
        ("/emergencies", "GET", pages.emergencies),
        ("/emergencies", "POST", pages.open_emergency),
        ("/emergencies/{number}/confirm", "POST", pages.confirm_emergency),
        ("/rollback", "GET", pages.roll_back_form),
        ("/rollback", "POST", pages.roll_back),
        ("/cost", "GET", pages.cost),
        ("/login", "GET", pages.login),
        ("/login", "POST", pages.sign_in),
        ("/login/{provider}", "GET", pages.leave_for),
        ("/login/{provider}/callback", "GET", pages.come_back),
        ("/signout", "POST", pages.sign_out),
        ("/theme", "POST", pages.theme),
    )
    for path, method, work in routes:
        router.add_route(path, pages.endpoint(work), methods=[method], include_in_schema=False)
    router.add_route("/static/{digest}/{name}", pages.static, methods=["GET"], include_in_schema=False)
    return router
