"""Authenticated requests a second of `remint server`: one process on one processor, the client on another.

With `--catalog URL`, where no records may be yet, the same with the records in Postgres beside it.
"""

import argparse
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from benchmarks.peers import clean, fsync_median_ms, ours
from benchmarks.table_versions import ANA
from remint.app import App, initialise
from remint.config import load

PREFIX = "/api/remint/v1"
CONNECTIONS = 8
SECONDS = 5.0
_LENGTH = re.compile(rb"content-length: (\d+)")


class Connection:
    """One connection that is kept open."""

    def __init__(self, port: int, secret: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._head = f"Host: localhost\r\nAuthorization: Bearer {secret}\r\n"

    def ask(self, method: str, path: str, body: str = "", more: str = "") -> tuple[int, bytes]:
        """Return status and body."""
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        self._socket.sendall(f"{method} {PREFIX}{path} HTTP/1.1\r\n{self._head}{more}{length}\r\n{body}".encode())
        held = b""
        while b"\r\n\r\n" not in held:
            held += self._socket.recv(65536)
        head, _, content = held.partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        while found is not None and len(content) < int(found[1]):
            content += self._socket.recv(65536)
        return int(held[9:12]), content


@contextmanager
def served(folder: Path, catalog: str) -> Iterator[tuple[subprocess.Popen[bytes], int, str]]:
    """Give a server of a new project on processor 0: the process, its port and the owner's secret."""
    folder.mkdir()
    (folder / "remint.toml").write_text(f'principal = "ana"\nrate_per_s = 1000000\ncatalog = "{catalog}"\n')
    initialise(folder, owner="ana")
    app = App(load(folder, environment={}))
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text(name)
        app.artifacts.add(ANA, f"data/{name}", folder / f"{name}.txt")
    app.close()
    said, told = folder / "said", folder / "told"
    with said.open("wb") as out, told.open("wb") as err:
        command = [*ours(), "server", "--port", "0"]
        process = subprocess.Popen(command, cwd=folder, env=clean(), stdout=out, stderr=err)
        os.sched_setaffinity(process.pid, {0})
    try:
        while (secret := re.search(r"rmt_\S+", told.read_text())) is None:
            time.sleep(0.05)
        port = re.search(r":(\d+)/api", said.read_text())
        assert port is not None
        yield process, int(port[1]), secret[0]
    finally:
        process.terminate()
        process.wait()


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    """Return the CPU time a process used so far, in seconds."""
    words = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def measure(process: subprocess.Popen[bytes], works: list[Callable[[], None]]) -> tuple[float, float]:
    """Return calls a second of works that run at once, and CPU milliseconds of the server for one call."""
    counts = [0] * len(works)
    until_s = time.monotonic() + SECONDS

    def repeat(place: int) -> None:
        while time.monotonic() < until_s:
            works[place]()
            counts[place] += 1

    before = cpu_s(process)
    threads = [threading.Thread(target=repeat, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS, 1000 * (cpu_s(process) - before) / sum(counts)


def reading(connection: Connection) -> Callable[[], None]:
    """Return a work that reads one ref."""

    def work() -> None:
        status, _ = connection.ask("GET", "/refs/data/a")
        assert status == 200

    return work


def moving(connection: Connection, name: str, digests: list[str]) -> Callable[[], None]:
    """Return a work that moves one ref of its own to and fro."""
    steps = count()

    def work() -> None:
        step = next(steps)
        seen = f'If-Match: "{digests[(step - 1) % 2]}"\r\n' if step else "If-None-Match: *\r\n"
        status, content = connection.ask("PUT", f"/refs/data/{name}", f'{{"to": "{digests[step % 2]}"}}', seen)
        assert status == 200, content

    return work


def compare(folder: Path, catalog: str) -> None:
    """Measure with the records in one place, and print it."""
    with served(folder, catalog) as (process, port, secret):
        connections = [Connection(port, secret) for _ in range(CONNECTIONS)]
        found = [connections[0].ask("GET", f"/refs/data/{name}")[1] for name in ("a", "b")]
        digests = [re.findall(r"b3:[0-9a-f]{64}", content.decode())[0] for content in found]
        for number in (1, CONNECTIONS):
            rate, cpu_ms = measure(process, [reading(one) for one in connections[:number]])
            print(f"reads of a ref, {number} connections: {rate:,.0f} a second, {cpu_ms:.2f} CPU ms each")
        for number in (1, CONNECTIONS):
            works = [moving(one, f"moved-{number}-{place}", digests) for place, one in enumerate(connections[:number])]
            rate, cpu_ms = measure(process, works)
            print(f"moves of a ref, {number} connections: {rate:,.0f} a second, {cpu_ms:.2f} CPU ms each")


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", help="where the projects are made, on the disk that is measured")
    parser.add_argument("--catalog", help="the URL of a Postgres database without records")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory(dir=arguments.folder) as held:
        folder = Path(held)
        print(f"fsync, median: {fsync_median_ms(folder):.2f} ms")
        print("records in SQLite")
        compare(folder / "sqlite", "")
        if arguments.catalog:
            print("records in Postgres")
            compare(folder / "postgres", arguments.catalog)


if __name__ == "__main__":
    main()
