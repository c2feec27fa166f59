"""Sessions: who looks at the pages. A session is a token of one day, kept in a cookie that no script can read."""

import hmac
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from remint.app import App
from remint.core.access import Caller, decide
from remint.errors import Denied, Invalid, LimitReached
from remint.ports.usecases.context import Context
from remint.server.pages.signin import cookie_of

SESSION, FORM_KEY, THEME = "remint_session", "remint_form", "remint_theme"
SESSION_DAYS = 1
SESSION_ABOUT = "browser"
DAY_S = 86_400
YEAR_S = 366 * DAY_S
FORM_BYTES = 65_536
FORM_FIELDS = 20
READ = "catalog:read"
THEMES = ("light", "dark")
_LOCAL = re.compile(r"/(?:[\w\-.~%][\w\-./~%]*)?(?:\?[\w\-.~%=&+]*)?")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page, and who makes it.

    Attributes:
        form: what was filled in; empty unless a form was sent.
        secret: of the session; empty if there is none.
        context: who is signed in; None if nobody is.
        caller: the same, with its roles.
        form_key: what the forms of this browser must send back.
        is_new_key: the browser does not have that key yet.
    """

    request: Request
    form: Mapping[str, str]
    secret: str
    context: Context | None
    caller: Caller | None
    form_key: str
    is_new_key: bool

    @property
    def path(self) -> str:
        """The path with its query."""
        url = self.request.url
        return url.path + (f"?{url.query}" if url.query else "")

    @property
    def theme(self) -> str:
        """`light`, `dark`, or empty for what the machine prefers."""
        wanted = self.request.cookies.get(THEME, "")
        return wanted if wanted in THEMES else ""

    def reader(self) -> tuple[Context, Caller]:
        """Return who is signed in and may read.

        Raises:
            Denied: nobody is signed in, or who is may not read.
        """
        if self.context is None or self.caller is None:
            raise Denied("this page was not shown", why="rule identity: nobody is signed in", next_step="sign in with a token")
        decision = decide(self.caller, READ)
        if not decision.allowed:
            raise Denied(
                f"{self.caller.principal} may not read the records",
                why=f"rule {decision.rule}: {decision.why}",
                next_step="ask an owner for the role viewer, or sign in with a token that has the scope read",
                rule=decision.rule,
            )
        return self.context, self.caller


def visit_of(app: App, request: Request, form: Mapping[str, str]) -> Visit:
    """Return a request with who makes it, as far as its cookies show."""
    secret, key = request.cookies.get(SESSION, ""), request.cookies.get(FORM_KEY, "")
    context = _identified(app, secret) if secret else None
    caller = None
    if context is not None:
        with app.catalog.read() as tx:
            caller = app.access.caller(tx, context)
    return Visit(request, form, secret, context, caller, key or new_key(app), not key)


def _identified(app: App, secret: str) -> Context | None:
    try:
        return app.identity.identify(secret)
    except Denied:
        return None  # a session that has ended is none: the page to sign in follows


def new_key(app: App) -> str:
    """Return a form key nobody can guess."""
    return app.clock.entropy(16).hex()


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form that was sent.

    Raises:
        Invalid: it is no form, or has too many fields.
        LimitReached: it is too large.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Invalid(
            "nothing was done",
            why="what was sent is no form of a page",
            next_step="use the form on the page",
            rule="media-type",
        )
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > FORM_BYTES:
            why = f"it is larger than {FORM_BYTES} bytes"
            raise LimitReached("the form was not read", why=why, next_step="write a shorter note", rule="body-size")
    try:
        return dict(
            urllib.parse.parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FORM_FIELDS)
        )
    except ValueError:
        raise Invalid("the form was not read", why="it has too many fields", next_step="use the form on the page") from None


def require_own_form(visit: Visit) -> None:
    """Refuse a form that no page of this server sent.

    Raises:
        Denied: the browser says that another site sent it, or its key is not the one this browser was given.
    """
    headers = visit.request.headers
    site, origin = headers.get("sec-fetch-site", "same-origin"), headers.get("origin")
    foreign = origin is not None and urllib.parse.urlsplit(origin).netloc != headers.get("host", "")
    key = visit.form.get("key", "")
    known = not visit.is_new_key and hmac.compare_digest(key.encode(), visit.form_key.encode())
    if site != "same-origin" or foreign or not known:
        raise Denied(
            "nothing was done",
            why="rule own-origin: it was not sent from a page of this server, or the page was loaded before you signed in",
            next_step="go back, load the page again, and send the form once more",
            rule="own-origin",
        )


def sign_in(app: App, shown: Context) -> str:
    """Return the secret of a new session: a token of its own, with the limits of what was shown.

    Raises:
        Denied: who is known by it has no role, or may not make a token.
    """
    scopes = sorted(shown.scopes or ())
    return app.identity.issue(shown, about=SESSION_ABOUT, days=SESSION_DAYS, scopes=scopes, sandbox=shown.sandbox).secret


def sign_out(app: App, visit: Visit) -> None:
    """End the session of a visit, if there is one."""
    if visit.context is not None:
        app.identity.revoke(visit.context, visit.context.token)


def local_path(text: str) -> str:
    """Return a path of this server that a form named, and `/` for anything else.

    Example:
        >>> [local_path(each) for each in ("/changes/3?done=merge", "//evil.example", "https://evil.example", "/\\\\evil")]
        ['/changes/3?done=merge', '/', '/', '/']
    """
    return text if _LOCAL.fullmatch(text) else "/"


def keep(response: Response, visit: Visit, name: str, value: str, *, for_s: int = DAY_S) -> None:
    """Set a cookie, or delete it where the value is empty.

    What is kept of a sign-in under way goes along when a provider sends the browser back; no other cookie leaves its own site.
    """
    secure = visit.request.url.scheme == "https"
    same: Literal["lax", "strict"] = "lax" if name == cookie_of(visit.request) else "strict"
    age_s = for_s if value else 0
    response.set_cookie(name, value, max_age=age_s, path="/", secure=secure, httponly=True, samesite=same)
