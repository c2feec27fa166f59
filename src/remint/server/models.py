"""The served models: one pointer each, replaced as a whole when a newer version was loaded, verified and checked."""

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from remint.core.digest import Digest
from remint.core.ref import Ref, RefName
from remint.errors import NotFound, RemintError
from remint.ports.usecases.serving import Served, Serving

LOG = logging.getLogger("remint.serve")
RETRY_S = 30.0
VERIFY_S = 10.0


class Models:
    """What is served now, and what could not be.

    A request reads its pointer once and keeps what it read, so no answer is half of one model and half of another.

    Args:
        serving: loads models.
        names: which refs; every production model, also later ones, if empty.
    """

    def __init__(self, serving: Serving, names: Sequence[RefName]) -> None:
        self._serving = serving
        self._names = tuple(names)
        self._served: dict[str, Served] = {}
        self._problems: dict[str, str] = {}
        self._tried: dict[str, tuple[Digest, int, float]] = {}
        self._errors: dict[str, BaseException] = {}
        self._verified_s = time.monotonic()
        # Loading runs in a thread of its own, whose result keeps whatever went wrong there.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="load")
        self._watch: threading.Thread | None = None
        self._stopped = threading.Event()
        self.generation = 0

    def get(self, name: str) -> Served:
        """Return the model that answers under a name now.

        Raises:
            NotFound: none does.
        """
        found = self._served.get(name)
        if found is None:
            raise NotFound(
                f"model {name[:200]!r} is not served", why="it does not exist or is not ready", next_step="see GET /v2/health"
            )
        return found

    def served(self) -> dict[str, Served]:
        """Return all models by name."""
        return dict(self._served)

    def problems(self) -> dict[str, str]:
        """Return in words what is wrong, by name of the model; empty if nothing is."""
        return dict(self._problems)

    @property
    def ready(self) -> bool:
        """Whether every model that should answer can."""
        return bool(self._served) and not set(self._problems) - set(self._served)

    def load_first(self) -> None:
        """Load every model.

        Raises:
            RemintError: one that was asked for by name cannot be served, or none can.
        """
        self.poll()
        wanted = {name.name for name in self._names}
        failed = [self._errors[name] for name in self._errors if name in wanted or not self._served]
        if failed:
            raise failed[0]
        if not self._served:
            raise NotFound(
                "nothing is served",
                why="no ref main:model/NAME exists",
                next_step="propose a model, have it approved, and merge the change",
            )

    def poll(self) -> bool:
        """Look once where the refs point and load what moved; return whether something was replaced."""
        found = {ref.name: ref for ref in self._serving.refs()}
        names = self._names or tuple(found)
        replaced = False
        for name in names:
            ref = found.get(name)
            current = self._served.get(name.name)
            if current is None or ref is None or (current.ref.artifact, current.ref.serial) != (ref.artifact, ref.serial):
                replaced |= self._replace(name, ref)
        if time.monotonic() - self._verified_s > VERIFY_S:
            self._verified_s = time.monotonic()
            self._verify()
        return replaced

    def _replace(self, name: RefName, ref: Ref | None) -> bool:
        place = (ref.artifact, ref.serial) if ref else (Digest(""), 0)
        tried = self._tried.get(name.name)
        if tried is not None and tried[:2] == place and time.monotonic() - tried[2] < RETRY_S:
            return False
        self._tried[name.name] = (*place, time.monotonic())
        loading = self._pool.submit(self._serving.load, name)
        error = loading.exception()
        if error is not None:
            self._fail(name.name, error)
            return False
        made = loading.result()
        self._served = {**self._served, name.name: made}
        self.generation += 1
        self._problems.pop(name.name, None)
        self._errors.pop(name.name, None)
        LOG.info("%s is served by %s (version %d)", name.name, made.ref.artifact.short, made.ref.serial)
        return True

    def _fail(self, name: str, error: BaseException) -> None:
        kept = self._served.get(name)
        goes_on = f"; {kept.ref.artifact.short} goes on answering" if kept else ""
        words = f"{error}" if isinstance(error, RemintError) else f"{type(error).__name__}: {error}"
        self._errors[name] = error
        if self._problems.get(name) != words + goes_on:
            LOG.error("%s was not loaded: %s%s", name, words, goes_on)
        self._problems[name] = words + goes_on

    def _verify(self) -> None:
        """Look whether the stored bytes of what is served were altered since; the model in memory goes on answering."""
        for name, served in self._served.items():
            checking = self._pool.submit(self._serving.verify, served.ref.artifact)
            error = checking.exception()
            if error is not None:
                self._fail(name, error)
            elif name in self._problems and self._errors.get(name) is not None and self._tried[name][:2] == _place(served):
                self._problems.pop(name)
                self._errors.pop(name)

    def watch(self, *, every_s: float) -> None:
        """Start looking, in a thread, until `close`."""

        def look() -> None:
            while not self._stopped.wait(every_s):
                self.poll_safely()

        self._watch = threading.Thread(target=look, name="watch", daemon=True)
        self._watch.start()

    def poll_safely(self) -> None:
        """Poll, and note it if the catalog does not answer."""
        try:
            self.poll()
        except RemintError as error:
            LOG.warning("the refs were not read: %s", error)

    def detail(self) -> dict[str, Any]:
        """Return how every model stands, for health and readiness."""
        rows: dict[str, Any] = {}
        for name in sorted({*self._served, *self._problems}):
            served = self._served.get(name)
            rows[name] = {"ready": served is not None}
            if served is not None:
                rows[name] |= {
                    "model_digest": served.ref.artifact,
                    "version": served.ref.serial,
                    "change": served.change,
                    "checked_on_rows": served.probe_rows,
                }
            if name in self._problems:
                rows[name]["problem"] = self._problems[name]
        return rows

    def close(self) -> None:
        """Stop looking. Idempotent."""
        self._stopped.set()
        if self._watch is not None:
            self._watch.join()
        self._pool.shutdown(wait=True)


def _place(served: Served) -> tuple[Digest, int]:
    return served.ref.artifact, served.ref.serial
