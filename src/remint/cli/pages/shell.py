"""What every page has around its content: head, style, title, and the numbers at the top."""

from collections.abc import Sequence
from importlib.resources import files

from remint.cli.pages.html import Html, tag

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""Nothing is fetched and nothing runs, whatever a name or a value in the data says."""


def page(title: str, about: str, figures: Sequence[tuple[str, str, str]], content: Sequence[Html]) -> str:
    """Return a whole page.

    Args:
        title: what is shown.
        about: a line below it.
        figures: name, value and a note of each of the numbers at the top.
        content: sections.
    """
    style = files("remint.cli.pages").joinpath("page.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · Remint"),
        Html(f"<style>{style}</style>"),
    )
    cells = [
        tag("div", tag("dt", name), tag("dd", tag("b", value), tag("span", note) if note else ""))
        for name, value, note in figures
    ]
    header = tag("header", tag("h1", title), tag("p", about, class_="mono"), class_="head")
    body = tag("body", tag("main", header, tag("dl", cells, class_="strip"), content))
    return "<!doctype html>\n" + tag("html", head, body, lang="en") + "\n"


def section(name: str, note: str, *content: Html) -> Html:
    """Return a part of a page under a heading."""
    heading = tag("div", tag("h2", name), tag("p", note) if note else "", class_="title")
    return tag("section", heading, content)
