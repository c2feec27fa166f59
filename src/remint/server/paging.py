"""Pages: a list goes out in pieces, and each says where the next one begins."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from remint.server.routes import Limit

Item = TypeVar("Item")


class PageQuery(Struct, forbid_unknown_fields=True):
    """What every list takes."""

    limit: Limit = 100
    after: Annotated[str, Meta(max_length=600, description="`next` of the page before")] = ""


def following(items: Sequence[Item], limit: int, mark: Callable[[Item], str]) -> str | None:
    """Return where the page after this one begins; None if this one is the last.

    Example:
        >>> following(["a", "b"], 2, str), following(["a"], 2, str)
        ('b', None)
    """
    return mark(items[-1]) if len(items) >= limit else None


def page_of(items: Sequence[Item], query: PageQuery, mark: Callable[[Item], str]) -> tuple[Sequence[Item], str | None]:
    """Return one page of a whole list that is in order, and where the next begins.

    Example:
        >>> page_of(["a", "b", "c"], PageQuery(limit=1, after="a"), str)
        (['b'], 'b')
    """
    marks = [mark(item) for item in items]
    start = marks.index(query.after) + 1 if query.after in marks else 0
    page = items[start : start + query.limit]
    return page, mark(page[-1]) if page and start + query.limit < len(items) else None
