"""Opening a port, the hosts that are answered there, and ending by a signal: what every server of Remint shares."""

import contextlib
import ipaddress
import signal
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

from remint.errors import Unavailable

if TYPE_CHECKING:
    import uvicorn

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
DRAIN_S = 30
"""How long a server that is asked to end waits for the answers under way."""


def listen(host: str, port: int) -> socket.socket:
    """Return an open port.

    Raises:
        Unavailable: something else holds it, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise Unavailable(
            f"port {port} on {host} was not opened",
            why=str(error.strerror or error),
            next_step="choose another one with --port, or end what holds it",
        ) from error


def url_of(scheme: str, host: str, port: int) -> str:
    """Return the address of a server.

    Example:
        >>> url_of("http", "::1", 8470)
        'http://[::1]:8470'
    """
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def answered_hosts(host: str) -> frozenset[str] | None:
    """Return the values of the Host header, without a port, that are answered by who listens on `host`.

    They are the loopback names and the host itself; every one (None) where it listens on all addresses.
    """
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_unspecified:
            return None
    return LOOPBACK | {f"[{host}]" if ":" in host else host.lower()}


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches who listens on `host`.

    Example:
        >>> is_loopback("127.0.0.2"), is_loopback("localhost"), is_loopback("127.example.org"), is_loopback("::")
        (True, True, False, False)
    """
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.lower() == "localhost"


def host_of(header: str) -> str:
    """Return the value of a Host header without its port.

    Example:
        >>> host_of("[::1]:8470"), host_of("Example.org:80")
        ('[::1]', 'example.org')
    """
    given = header.lower()
    return given[: given.index("]") + 1] if given.startswith("[") and "]" in given else given.partition(":")[0]


def installed_version() -> str:
    """Return the version of Remint."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("remint")
    except PackageNotFoundError:
        return "0"


@contextlib.contextmanager
def ended_by_signals(server: "uvicorn.Server") -> Iterator[None]:
    """Let both signals end the server and nothing else.

    uvicorn listens to them once it runs, and raises them again when it has ended; one that comes earlier ends it as it starts.
    """

    def end(_number: int, _frame: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
