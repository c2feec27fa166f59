"""Rendering: templates, the files they name, and the headers that every page carries."""

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from remint.core.digest import digest_bytes
from remint.server.pages.shown import printable

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""Nothing runs and nothing is fetched but what this server ships, whatever a name or a note in the records says."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PAGE_HEADERS = {**HEADERS, "Cache-Control": "no-store"}
STATIC_HEADERS = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}

_TYPES = {"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page.

    Attributes:
        project: the name of the project.
        path: of the page, with its query.
        who: the principal signed in; empty if nobody is.
        roles: its roles, in words.
        form_key: what every form of the page sends back.
        theme: `light`, `dark`, or empty for what the machine prefers.
    """

    project: str
    path: str
    who: str
    roles: str
    form_key: str
    theme: str


@dataclass(frozen=True, slots=True)
class Static:
    """A file that pages name."""

    url: str
    content: bytes
    media_type: str


class Rendering:
    """The templates and static files of this package."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("remint.server", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_shown,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.static = {name: _static(name, media_type) for name, media_type in _TYPES.items()}
        self._environment.globals["static"] = {name: one.url for name, one in self.static.items()}

    def html(self, template: str, page: object, frame: Frame) -> str:
        """Return a page as HTML."""
        html = self._environment.get_template(template).render(page=page, frame=frame)
        return re.sub(r"\n\s*\n+", "\n", html)


def _static(name: str, media_type: str) -> Static:
    content = files("remint.server").joinpath("static", name).read_bytes()
    return Static(f"/static/{digest_bytes(content).hex[:16]}/{name}", content, media_type)


def _shown(value: Any) -> Any:  # noqa: ANN401 - whatever a template prints
    """Replace letters that have no place in a page, in text that is no markup."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
