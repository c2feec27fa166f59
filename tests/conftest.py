"""What holds for every test: the slice of hypothesis, no socket beyond this machine, and no silent skip in CI.

Order is random (pytest-randomly prints the seed; `-p randomly -p "randomly_seed=N"` repeats it) and warnings are errors
(pyproject.toml); nothing here may depend on which test ran before.
"""

import ipaddress
import os
import socket
import sys
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, Phase, settings

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
IN_FULL = os.environ.get("REMINT_TEST_FULL") == "1"
NEVER = "never:"
"""How the reason of a skip begins that is right on every machine, for example a promise an adapter does not make."""

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=100, database=None, print_blob=True)
settings.register_profile(
    "full",
    deadline=None,
    max_examples=5_000,
    database=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.generate, Phase.target, Phase.shrink),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)
settings.load_profile("full" if IN_FULL else "ci" if IN_CI else "local")


class OutsideSocketError(RuntimeError):
    """A test reached for a machine other than this one; no OSError, so that no retry swallows it."""


def is_on_this_machine(address: object) -> bool:
    """Return whether a socket address stays here: a unix path, loopback, or the unspecified address.

    >>> is_on_this_machine(("127.0.0.1", 80)), is_on_this_machine(("::1", 80, 0, 0)), is_on_this_machine("/run/x.sock")
    (True, True, True)
    >>> is_on_this_machine(("example.org", 80)), is_on_this_machine(("192.0.2.1", 80))
    (False, False)
    """
    if not isinstance(address, tuple):
        return True
    host = address[0]
    if not isinstance(host, str) or host in {"localhost", "", socket.gethostname()}:
        return True
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return ip.is_loopback or ip.is_unspecified


def _keep_sockets_here(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
    elif event == "socket.getaddrinfo":
        address = arguments[:2]
    else:
        return
    if not is_on_this_machine(address):
        raise OutsideSocketError(f"a test may only talk to this machine, not to {address!r}")


# An audit hook sees every socket Python opens, also one made by a library in C or in a thread before any fixture starts.
sys.addaudithook(_keep_sockets_here)


def _turn_skip_into_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Fail a skip in CI, unless its reason says that the test can never run; an expected failure is not a skip."""
    if not IN_CI or report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not reason.removeprefix("Skipped: ").startswith(NEVER):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where every test must run: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Apply the rule to a test or a fixture that skips."""
    report = yield
    _turn_skip_into_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Apply the rule to a whole module that skips, for example by importorskip."""
    report = yield
    _turn_skip_into_failure(report)
    return report
