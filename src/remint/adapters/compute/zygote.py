"""The parent's hold on one zygote: a process that forks a child for each step (remint.sdk.child.zygote)."""

import json
import os
import signal
import site
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remint.adapters.compute.order import PROTOCOL, ZYGOTE
from remint.adapters.compute.tree import read_session
from remint.errors import Unavailable
from remint.ports.compute import Needs

START_S = 60
END_S = 5
LINE = 1 << 16
OWN_FOLDER = "/proc/self/cwd"
"""Home and temporary folder of a step: wherever it works.

A library that is loaded before the fork and keeps the path still finds each step's own.
"""

THREADS_OF = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Nature:
    """What must be settled when a zygote starts; its children inherit it."""

    hash_seed: int
    threads: int
    network: bool


def environment_of(nature: Nature) -> dict[str, str]:
    """Return the whole environment of a zygote; nothing is passed on from this process.

    Example:
        >>> environment_of(Nature(hash_seed=7, threads=2, network=False))["PYTHONHASHSEED"]
        '7'
    """
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": OWN_FOLDER,
        "TMPDIR": OWN_FOLDER,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": str(nature.hash_seed),
        **dict.fromkeys(THREADS_OF, str(nature.threads)),
    }
    path = _path_of_packages()
    if path:
        environment["PYTHONPATH"] = os.pathsep.join(path)
    return environment


def _path_of_packages() -> list[str]:
    """Return the folders of packages a new interpreter would not find by itself."""
    found = {os.path.realpath(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    found |= {os.path.realpath(path) for path in site.getsitepackages()}
    own = str(Path(__file__).resolve().parents[3])
    user = site.getusersitepackages()
    extra = [own] if own not in found else []
    return extra + ([user] if site.ENABLE_USER_SITE and user in sys.path and own != os.path.realpath(user) else [])


class Zygote:
    """A running zygote.

    Attributes:
        ready: what it said of itself when it was ready: `python`, `landlock`, `cut`.

    Raises:
        Unavailable: it could not be started.
    """

    def __init__(self, nature: Nature) -> None:
        self._read = b""
        self._home = tempfile.TemporaryDirectory(prefix="remint-zygote-", ignore_cleanup_errors=True)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process that writes to it
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-s", "-m", ZYGOTE, "online" if nature.network else "offline"]
        with theirs:
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=self._errors,
                    env=environment_of(nature),
                    cwd=self._home.name,
                    start_new_session=True,
                )
            except OSError as error:
                self._socket.close()
                self._put_away()
                raise unavailable(f"{sys.executable} could not be started: {error}") from error
        self.ready = self._wait_until_ready()

    def _wait_until_ready(self) -> Mapping[str, Any]:
        self._socket.settimeout(START_S)
        try:
            said = self.receive()
            while not said:
                said = self.receive()
        except (EOFError, TimeoutError) as error:
            words = self._last_words()
            self.close()
            raise unavailable(f"the process that starts steps ended at once: {words}") from error
        self._socket.settimeout(None)
        return said[0]

    def _last_words(self) -> str:
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - 2_000))
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def fileno(self) -> int:
        """Return the number of its socket, for polling."""
        return self._socket.fileno()

    def is_alive(self) -> bool:
        """Return whether it still runs."""
        return self._process.poll() is None

    def send_task(self, request: Mapping[str, Any], log: int) -> None:
        """Ask for a task to be carried out, with the file its output goes to.

        Raises:
            EOFError: it is gone.
        """
        line = json.dumps({"v": PROTOCOL, "do": "run", **request}).encode() + b"\n"
        try:
            sent = socket.send_fds(self._socket, [line], [log])
            self._socket.sendall(line[sent:])
        except OSError as error:
            raise EOFError from error

    def load(self, needs: Needs) -> None:
        """Have it load what a task will need, and wait until it has.

        Raises:
            EOFError: it is gone.
        """
        request = {"v": PROTOCOL, "do": "load", "modules": list(needs.modules), "kinds": list(needs.kinds)}
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise EOFError from error
        while not self.receive():
            continue

    def send_stop(self) -> None:
        """Ask for the running task, and everything it started, to be killed; one that is gone has done it."""
        try:
            self._socket.sendall(json.dumps({"v": PROTOCOL, "do": "stop"}).encode() + b"\n")
        except OSError:
            return

    def receive(self) -> list[dict[str, Any]]:
        """Wait for what comes next and return the whole lines of it.

        Raises:
            EOFError: it is gone.
        """
        try:
            content = self._socket.recv(LINE)
        except TimeoutError:
            raise
        except OSError as error:
            raise EOFError from error
        if not content:
            raise EOFError
        *lines, self._read = (self._read + content).split(b"\n")
        return [json.loads(line) for line in lines]

    def kill(self) -> None:
        """Kill it now; its child dies with it."""
        if self.is_alive():
            self._process.kill()

    def close(self) -> None:
        """End it and whatever it runs; idempotent."""
        self._socket.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._put_away()

    def _put_away(self) -> None:
        self._errors.close()
        self._home.cleanup()


def unavailable(why: str) -> Unavailable:
    """Return the error for a process that could not be started."""
    return Unavailable(
        "the step was not started",
        why=why,
        next_step="try again; if it stays so, see how many processes and how much memory are free",
    )


def end_session(session: int, *, within_s: float = END_S) -> None:
    """Kill every process of a session whose leader's keeper is gone, and wait until none is left."""
    until = time.monotonic() + within_s
    while (left := read_session(session).members) and time.monotonic() < until:
        for process in left:
            try:
                os.kill(process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        time.sleep(0.005)
