"""What a user sees of a failure: three sentences, and a traceback of their own frames."""

import errno
import os
import re
import socket
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from remint.errors import RemintError
from remint.sdk.child.guard import is_within

REMINT = str(Path(__file__).resolve().parents[2])
QUOTED = re.compile(r"""["']([^"'\n]*/[^"'\n]*)["']""")
BARE = re.compile(r"""(?<![\w./-])(/[^\s:'",;)]+)""")
REFUSED = ("permission denied", "operation not permitted")
UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL}


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a failure happened.

    Attributes:
        step: how the step is named: `module:qualname`.
        code: the folder its code was imported from.
        shown_as: the folder shown in its place.
        guarded: whether reads of undeclared files are refused.
        network: whether connections are allowed.
        shared: whether there is shared memory.
    """

    step: str
    code: str
    shown_as: str
    guarded: bool
    network: bool
    shared: bool

    def shown(self, path: str) -> str:
        """Return a path with the project's own root in place of the folder with the copy of its code."""
        return self.shown_as + path[len(self.code) :] if is_within(path, self.code) else path


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those it came from, the last raised first."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
        waiting += [current.__cause__, None if current.__suppress_context__ else current.__context__]


def described(error: BaseException, scene: Scene) -> dict[str, str]:
    """Return `what`, `why`, `next_step` and `traceback` of an error a step raised."""
    trace = traceback.TracebackException.from_exception(error)
    place = _cut(trace, scene)
    text = "".join(trace.format()).replace(scene.code, scene.shown_as)
    if isinstance(error, RemintError):
        return {"what": error.what, "why": error.why, "next_step": error.next_step, "traceback": text}
    words = _words_of(error).replace(scene.code, scene.shown_as)
    if isinstance(error, SystemExit):
        what = f"step {scene.step} ended its process with sys.exit({error.code!r})"
        words = "a step ends by returning its result, or by raising an error"
    else:
        what = f"step {scene.step} raised {type(error).__name__}"
    advice = _advice(error, scene) or (f"look at {place}" if place else "read the traceback")
    return {"what": what, "why": words or "it says nothing more", "next_step": advice, "traceback": text}


def _words_of(error: BaseException) -> str:
    """Return what an error says, without its kind; `str` of an error may itself fail, this does not."""
    if isinstance(error, SyntaxError):
        return str(error.msg)
    return "".join(traceback.format_exception_only(error)).strip().partition(": ")[2]


def _cut(trace: traceback.TracebackException, scene: Scene) -> str:
    """Keep, in this error and those it came from, the user's frames and what they called last; return the user's last place."""
    for other in (trace.__cause__, trace.__context__, *(trace.exceptions or ())):
        if other is not None:
            _cut(other, scene)
    frames = list(trace.stack)
    own = [number for number, frame in enumerate(frames) if is_within(frame.filename, scene.code)]
    last = own[-1] if own else -1
    kept = [frame for number, frame in enumerate(frames) if number in own or (number > last and not _is_ours(frame.filename))]
    place = f"{scene.shown(frames[last].filename)}:{frames[last].lineno}" if own else ""
    for frame in kept:
        frame.filename = scene.shown(frame.filename)
    trace.stack = traceback.StackSummary.from_list(kept)
    if issubclass(trace.exc_type or BaseException, SyntaxError) and trace.filename:
        place = place or f"{scene.shown(trace.filename)}:{trace.lineno}"
    return place


def _is_ours(filename: str) -> bool:
    return is_within(filename, REMINT) or filename.startswith("<frozen ") or filename.endswith("/importlib/__init__.py")


def _advice(error: BaseException, scene: Scene) -> str:
    """Return what to do about a refusal of the guard; empty if the error is none."""
    if not scene.guarded:
        return ""
    for found in chain(error):
        if not scene.network and _is_of_network(found):
            return "let the step connect (`network=True`), or make what it fetches an input (`ref(...)` or a `Files` parameter)"
        text = _words_of(found)
        if not scene.shared and _is_of_shared_memory(found):
            return "use one process (`n_jobs=1`), or a machine that lets the step have shared memory of its own (namespaces)"
        if isinstance(found, PermissionError) or any(words in text.lower() for words in REFUSED):
            return _about_path(_path_of(found, text), scene)
    return ""


def _is_of_network(error: BaseException) -> bool:
    if isinstance(error, socket.gaierror):
        return True
    if not isinstance(error, OSError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    calls = bool(frames) and any(word in (frames[-1].line or "") for word in ("connect", "bind(", "sendto"))
    return error.errno in UNREACHABLE or (isinstance(error, PermissionError) and error.filename is None and calls)


def _is_of_shared_memory(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    places = {"synchronize.py", "shared_memory.py"}
    return isinstance(error, PermissionError) and bool(frames) and Path(frames[-1].filename).name in places


def _path_of(error: BaseException, text: str) -> str:
    named = getattr(error, "filename", None)
    if isinstance(named, bytes):
        named = os.fsdecode(named)
    if isinstance(named, str | os.PathLike):
        return str(Path.cwd() / named)
    found = QUOTED.search(text) or BARE.search(text)
    return found.group(1) if found else ""


def _about_path(path: str, scene: Scene) -> str:
    shown = scene.shown(path) or "the file it reads"
    if path and not os.path.lexists(path):
        return f"write {Path(path).name} in the working folder, and return what is to be kept; {shown} is outside it"
    declare = f"declare {shown} as an input (`ref(...)` or a `Files` parameter)"
    return f"{declare}; what a step writes goes to its working folder or into its result"
