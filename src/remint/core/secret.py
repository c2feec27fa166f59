"""Secrets: named values that a step gets while it runs; who may use one is recorded, the value never is."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from remint.core.ids import PrincipalId
from remint.core.ref import PRODUCTION
from remint.errors import Invalid

SET, GRANT, REVOKE, REMOVE = "set", "grant", "revoke", "remove"
EVERYWHERE: Final = "*"
SHORTEST, LONGEST = 8, 32_768
"""Bytes of a value. Shorter ones could not be told from ordinary text in a log; longer ones fit in no variable of Linux."""

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}", re.ASCII)
_TAKEN = ("PYTHON", "LD_", "REMINT_", "DYLD_", "MALLOC_", "GLIBC_")
_TAKEN_NAMES = {"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}


@dataclass(frozen=True, slots=True)
class SecretStep:
    """What was done with a secret.

    Attributes:
        secret: its name.
        verb: SET, GRANT, REVOKE or REMOVE.
        whom: the principal of a grant; empty for SET and REMOVE.
        workspace: where a grant counts: a workspace, or EVERYWHERE; empty for SET and REMOVE.
        profile: the compute profile a grant is limited to; empty for any.
        about: what the secret is for, where it was set.
    """

    secret: str
    verb: str
    by: PrincipalId
    at_us: int
    whom: PrincipalId | None = None
    workspace: str = ""
    profile: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """Who may use a secret, where, and under which compute profile (empty for any)."""

    whom: PrincipalId
    workspace: str = PRODUCTION
    profile: str = ""

    def covers(self, whom: PrincipalId, workspace: str, profile: str) -> bool:
        """Return whether a run of `whom` there and under that profile gets the secret.

        Example:
            >>> Grant(PrincipalId("ana")).covers(PrincipalId("ana"), "try-this", "")
            False
        """
        return self.whom == whom and self.workspace in {workspace, EVERYWHERE} and self.profile in {profile, ""}


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret as its steps leave it; the value is elsewhere.

    Attributes:
        set_us: when its value was set last.
        by: who set it.
        grants: who may use it, in order.
    """

    name: str
    about: str
    by: PrincipalId
    set_us: int
    grants: tuple[Grant, ...] = ()


def secrets_after(steps: Iterable[SecretStep]) -> dict[str, Secret]:
    """Return the secrets there are after steps in their order, by name; one set again keeps its grants, a removed one none.

    Example:
        >>> ana = PrincipalId("ana")
        >>> made, given = SecretStep("key", SET, ana, 1), SecretStep("key", GRANT, ana, 2, ana, "main")
        >>> secrets_after([made, given])["key"].grants
        (Grant(whom='ana', workspace='main', profile=''),)
        >>> secrets_after([made, given, SecretStep("key", REMOVE, ana, 3)])
        {}
    """
    found: dict[str, Secret] = {}
    for step in steps:
        before = found.get(step.secret)
        grants = set(before.grants) if before else set()
        if step.verb == REMOVE:
            found.pop(step.secret, None)
        elif step.verb == SET:
            found[step.secret] = Secret(step.secret, step.about, step.by, step.at_us, tuple(sorted(grants)))
        elif before is not None and step.whom is not None:
            one = {Grant(step.whom, step.workspace, step.profile)}
            kept = tuple(sorted(grants | one if step.verb == GRANT else grants - one))
            found[step.secret] = Secret(before.name, before.about, before.by, before.set_us, kept)
    return dict(sorted(found.items()))


def require_variables(variables: Mapping[str, str]) -> None:
    """Refuse names of environment variables that a step cannot get a secret in.

    Args:
        variables: names of secrets by variable.

    Raises:
        Invalid: one is no name of a variable in capitals, or means something to Python, the loader or Remint.
    """
    for variable in variables:
        if not _VARIABLE.fullmatch(variable):
            raise Invalid(
                f"{variable[:100]!r} holds no secret",
                why="a variable has capitals, digits and _, at most 100 of them",
                next_step='write for example secrets={"PGPASSWORD": "warehouse"}',
            )
        if variable in _TAKEN_NAMES or variable.startswith(_TAKEN):
            raise Invalid(
                f"{variable} holds no secret",
                why="the interpreter, its libraries or Remint take something else from it",
                next_step="choose another variable, and read it in the step",
            )


def require_value(name: str, value: bytes) -> None:
    """Refuse what cannot be the value of a secret.

    Raises:
        Invalid: it is too short to be hidden where it is printed, too long, no UTF-8 text, or holds a zero byte.
    """
    reason = ""
    if not SHORTEST <= len(value) <= LONGEST:
        reason = f"it has {len(value):,} bytes, and a secret has from {SHORTEST} to {LONGEST:,}"
    elif b"\0" in value:
        reason = "it holds a zero byte, and no variable can"
    else:
        try:
            value.decode()
        except UnicodeDecodeError:
            reason = "it is no UTF-8 text; encode it, for example in base64"
    if reason:
        raise Invalid(f"secret {name} was not set", why=reason, next_step=f"give another value: `remint secrets set {name}`")


HIDDEN: Final = b"[secret %s]"


class Hiding:
    """Takes the values of secrets out of a stream of bytes.

    Args:
        values: by name; none for a stream that is passed on as it is.

    Example:
        >>> hiding = Hiding({"key": b"swordfish"})
        >>> hiding.take(b"it is sword") + hiding.take(b"fish, or not") + hiding.end()
        b'it is [secret key], or not'
    """

    def __init__(self, values: Mapping[str, bytes]) -> None:
        self._names = {value: name for name, value in values.items()}
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(re.escape(value) for value in longest_first)) if longest_first else None
        self._most = len(longest_first[0]) if longest_first else 0
        self._left = b""

    def take(self, content: bytes) -> bytes:
        """Return what can be passed on now; the rest waits for what follows."""
        if self._pattern is None:
            return content
        shown, whole = [], self._left + content
        place, safe = 0, len(whole) - self._most + 1
        for match in self._pattern.finditer(whole):
            if match.start() >= safe:  # what follows may make a longer value of it
                break
            shown += [whole[place : match.start()], HIDDEN % self._names[match.group()].encode()]
            place = match.end()
        keep = self._may_begin(whole, max(place, safe))
        self._left = whole[keep:]
        return b"".join([*shown, whole[place:keep]])

    def end(self) -> bytes:
        """Return what is left."""
        left, self._left = self._left, b""
        return left if self._pattern is None else self._pattern.sub(lambda m: HIDDEN % self._names[m.group()].encode(), left)

    def text(self, words: str) -> str:
        """Return a whole text without the values."""
        return (self.take(words.encode(errors="surrogatepass")) + self.end()).decode(errors="surrogatepass")

    def _may_begin(self, whole: bytes, start: int) -> int:
        """Return the first place from `start` on at which a value begins or may begin."""
        first = len(whole)
        for value in self._names:
            anchor = value[:SHORTEST]
            place = whole.find(anchor, start)
            while place >= 0 and not (value.startswith(whole[place:]) or whole.startswith(value, place)):
                place = whole.find(anchor, place + 1)
            short = range(max(start, len(whole) - len(anchor) + 1), len(whole))
            ends = [place] if place >= 0 else [place for place in short if value.startswith(whole[place:])]
            first = min([first, *ends])
        return first
