"""The boundary of a server: whatever a request raises becomes an answer, and the next request is answered, too."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from remint.errors import RemintError

Reply = TypeVar("Reply")


async def bounded(
    answer: Awaitable[Reply], *, refused: Callable[[RemintError], Reply], failed: Callable[[], Reply], log: logging.Logger
) -> Reply:
    """Return the answer to a request, or what stands for it.

    Args:
        answer: being made.
        refused: makes the answer of an error that a person can act on.
        failed: makes the answer of any other error; it says nothing of the inside.
        log: where such an error is written, with its traceback.
    """
    try:
        return await answer
    except RemintError as error:
        return refused(error)
    except Exception:  # the boundary of the servers: the client gets an error, and the next request an answer
        log.exception("a request failed")
        return failed()
