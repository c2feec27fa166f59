"""Routes: the one table of what the HTTP API answers. What has no action of core.action in it cannot be in the table."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct

from remint.core.action import ACTIONS
from remint.ports.usecases.context import Context

if TYPE_CHECKING:
    from remint.app import App

API = "/api/remint/v1"
MOST = 1000
MOST_NAMED = 600
SAFE = frozenset({"GET", "HEAD"})

Query = TypeVar("Query")
Body = TypeVar("Body")
Limit = Annotated[int, Meta(ge=1, le=MOST, description="at most so many")]
Word = Annotated[str, Meta(max_length=300)]


class NoQuery(Struct, forbid_unknown_fields=True):
    """Of a route that takes nothing in its query."""


class NoBody(Struct, forbid_unknown_fields=True):
    """Of a route that takes no body."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Query, Body]):
    """A request that was let in.

    Attributes:
        context: who asks, and where.
        path: the words of the address that the route leaves open.
        headers: with names in lower case.
    """

    app: "App"
    context: Context
    path: Mapping[str, str]
    query: Query
    body: Body
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A value, with headers or a status of its own where that of the route does not fit."""

    value: object
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes that are sent while they are read.

    Attributes:
        size_bytes: of all chunks together.
        chunks: read once; closed also if they are not read to the end.
    """

    status: int
    size_bytes: int
    chunks: Iterator[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One route.

    Attributes:
        path: below API; `{word}` is one word of the address, `{words:path}` what is left of it.
        action: what a caller must be allowed to do, a name in core.action.ACTIONS.
        about: what it does, in words.
        answer: the type of what is answered; bytes for files.
        query, body: what is read of a request; anything else in it is refused.
        status: of an answer.
        resource: what it is done to, in the words of the audit log and of policies, into which the words of the address and
            `workspace` are put; the route itself if empty.
        headers: of a request, by what they are for.
        streamed: the body is bytes that the endpoint reads itself.
    """

    method: str
    path: str
    action: str
    about: str
    endpoint: Callable[[Call[Any, Any]], object]
    answer: Any
    query: type[Struct] = NoQuery
    body: type[Struct] = NoBody
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    resource: str = ""
    streamed: bool = False

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"{self.method} {self.path} has the action {self.action!r}, which is not in the table of actions")

    @property
    def address(self) -> str:
        """The whole path, as a template of the application."""
        return API + self.path

    def named(self, words: Mapping[str, str], workspace: str) -> str:
        """Return what a request is done to.

        Args:
            words: of the address that the route leaves open.
            workspace: of the request.
        """
        return (self.resource or f"route {self.path}").format(**{**words, "workspace": workspace})[:MOST_NAMED]

    @property
    def repeatable(self) -> bool:
        """Whether a request with an Idempotency-Key is carried out once; others have one effect however often they come."""
        return self.method == "POST" and not self.streamed

    @property
    def takes_json(self) -> bool:
        """Whether a body is read as JSON."""
        return self.body is not NoBody
