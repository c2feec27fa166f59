"""HTML that is escaped by construction: a text becomes markup only through `tag`."""

import html
from collections.abc import Iterable


class Html(str):
    """Markup that was made here."""

    __slots__ = ()


def escaped(text: str) -> Html:
    """Return a text as markup.

    Example:
        >>> escaped('<b>&"')
        '&lt;b&gt;&amp;&quot;'
    """
    return Html(html.escape(_printable(text), quote=True))


def _printable(text: str) -> str:
    """Return a text without letters that have no place in HTML or turn the direction of what follows."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in text)


def tag(name: str, /, *children: str | Iterable[str], **attributes: str | None) -> Html:
    """Return an element; a child or an attribute that is no markup yet is escaped.

    Args:
        name: of the element.
        children: texts and markup, alone or in lists.
        attributes: by name; `_` stands for `-`, one at the end is left out, and None leaves the attribute out.

    Example:
        >>> tag("p", "a < b", tag("b", "!"), class_="note")
        '<p class="note">a &lt; b<b>!</b></p>'
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"' for key, value in attributes.items() if value is not None
    )
    content = "".join(_markup(child) for child in children)
    return Html(f"<{name}{told}>" if name in {"img", "meta"} else f"<{name}{told}>{content}</{name}>")


def _markup(child: str | Iterable[str]) -> str:
    if isinstance(child, Html):
        return child
    return escaped(child) if isinstance(child, str) else "".join(_markup(one) for one in child)
