"""The one error tree: every error says what happened, why, and what to do next.

Nine families decide the exit code of the terminal and the status of HTTP, each in one table at its own edge. A concrete error
is a subclass of one family; its `code` is the kebab-case of its class name and never changes once released.
"""

import re
from typing import ClassVar


class RemintError(Exception):
    """An error a person can act on.

    Args:
        what: what did not happen, one sentence without a full stop.
        why: the fact or the rule that made it so.
        next_step: what to do now; a command where there is one.
        facts: the values behind the sentences, for JSON; plain JSON types only.

    Example:
        >>> str(NotFound("no ref main:model/fraud", why="it was never moved", next_step="see `remint log`"))
        'no ref main:model/fraud: it was never moved; see `remint log`'
    """

    family: ClassVar[str] = "internal"

    def __init__(self, what: str, *, why: str, next_step: str, **facts: object) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        self.facts = facts

    @property
    def code(self) -> str:
        """The stable name of this error, for example `ref-moved`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()

    def __str__(self) -> str:
        return f"{self.what}: {self.why}; {self.next_step}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.why, self.next_step, self.facts))


def _rebuild(kind: type[RemintError], what: str, why: str, next_step: str, facts: dict[str, object]) -> RemintError:
    return kind(what, why=why, next_step=next_step, **facts)


class NotFound(RemintError):
    """Nothing of that name exists, or the caller may not know that it does."""

    family = "not-found"


class Conflict(RemintError):
    """The state is not the one the caller saw; read again and decide again."""

    family = "conflict"


class Denied(RemintError):
    """A rule refused; the message names the rule and who could allow it."""

    family = "denied"


class Invalid(RemintError):
    """The input is wrong; the same call will always be refused."""

    family = "invalid"


class LimitReached(RemintError):
    """A budget, quota, time or size limit stopped the work."""

    family = "limit-reached"


class Diverged(RemintError):
    """Something was made again and did not come out the same."""

    family = "diverged"


class Corrupt(RemintError):
    """Stored bytes are not the bytes their digest names."""

    family = "corrupt"


class Unavailable(RemintError):
    """Something outside did not answer; the only family worth retrying."""

    family = "unavailable"


class StepFailed(RemintError):
    """The user's own code failed; the original error is the cause."""

    family = "step-failed"


class RefMoved(Conflict):
    """A ref no longer points where the caller saw it."""


class RefNotFound(NotFound):
    """A ref, or a version of it, does not exist."""


class ArtifactNotFound(NotFound):
    """No artifact of that digest is recorded."""


class SourceGone(NotFound):
    """A source does not keep a version of a table any more that was pinned there."""


class SourceAltered(Corrupt):
    """A source gives other rows than those that were pinned there."""


class BlobMissing(Corrupt):
    """An artifact is recorded but bytes it consists of are gone."""


class BlobAltered(Corrupt):
    """Stored bytes do not hash to their name."""


class ArtifactErased(Conflict):
    """Rows of a person were removed from this artifact; what stands for it now is another one."""


class InvalidName(Invalid):
    """A name is outside the grammar of names."""


class InvalidDigest(Invalid):
    """A text is not a digest."""


class UnhashableParameter(Invalid):
    """A parameter has no canonical encoding, so no key can be made of it."""


class ContractBroken(Invalid):
    """A table does not keep its data contract."""


class ProjectNotFound(NotFound):
    """No project root was found above the current folder."""


class EnvironmentDiffers(Invalid):
    """What is installed is not what the lock says."""


class WrongRows(Invalid):
    """Rows of a file are not of the declared types; the facts list them."""
