"""The page of what could not be done: what, why, what next."""

from dataclasses import dataclass

from remint.errors import RemintError
from remint.server.pages.shown import pieces
from remint.server.problems import status_of

_TITLES = {
    "denied": "Not allowed",
    "not-found": "Not found",
    "conflict": "Something has changed meanwhile",
    "invalid": "That cannot be done like this",
    "corrupt": "Stored bytes are damaged",
    "unavailable": "Something did not answer",
}


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """An error as a person reads it.

    Attributes:
        rows: a word and the pieces of a sentence: what, why, and what next.
    """

    title: str
    status: int
    code: str
    rows: tuple[tuple[str, tuple[tuple[str, bool], ...]], ...]


def problem_page(error: RemintError) -> ProblemPage:
    """Return the page of an error."""
    title = _TITLES.get(error.family, "That did not work")
    sentences = (("What", error.what), ("Why", error.why), ("Next", error.next_step))
    return ProblemPage(title, status_of(error), error.code, tuple((word, pieces(text)) for word, text in sentences))
