"""What a client is refused, because only the project itself can do it."""

from collections.abc import Callable
from typing import ClassVar, NoReturn

from remint.adapters.remote.connection import Connection
from remint.errors import Unavailable


def refusal(url: str) -> Unavailable:
    """Return the error of what needs the state of a project that a server keeps."""
    return Unavailable(
        "this was not done",
        why=f"it needs the state of the project, which is kept by {url}",
        next_step="do it where the project is, or on its pages; without REMINT_URL the project of this folder is meant",
    )


class Part:
    """A Protocol of which a client has a part: the methods it lacks are refused when they are called.

    Attributes:
        whole: the Protocol.
    """

    whole: ClassVar[type]
    connection: Connection

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        if not callable(getattr(type(self).whole, name, None)) or name.startswith("_"):
            raise AttributeError(name)

        def refuse(*_: object, **__: object) -> NoReturn:
            raise refusal(self.connection.place.url)

        return refuse
