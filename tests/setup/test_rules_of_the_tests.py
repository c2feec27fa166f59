"""The rules every test runs under are in force."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.structure.tree import ROOT

SKIPS = """
import pytest

def test_that_runs(): pass

def test_that_cannot_run_here(): pytest.skip("no server")

@pytest.mark.skip(reason="never: memory does not survive a crash")
def test_that_can_never_run(): raise AssertionError

@pytest.mark.xfail(reason="known", strict=True)
def test_that_fails_as_expected(): raise AssertionError
"""


def run_pytest(folder: Path, test: str, ci: str) -> str:
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rfs", str(folder), "--rootdir", str(folder)]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "CI": ci}, capture_output=True, text=True, check=False, timeout=120
    ).stdout


def test_a_skip_fails_in_ci_unless_the_test_can_never_run(tmp_path: Path) -> None:
    output = run_pytest(tmp_path, SKIPS, "true")
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed" in output
    assert "every test must run: Skipped: no server" in output


def test_a_skip_elsewhere_prints_its_reason(tmp_path: Path) -> None:
    output = run_pytest(tmp_path, SKIPS, "")
    assert "1 passed, 2 skipped, 1 xfailed" in output
    assert "no server" in output


def test_a_module_that_skips_itself_fails_in_ci(tmp_path: Path) -> None:
    output = run_pytest(tmp_path, "import pytest\npytest.importorskip('no_such_library')\n", "true")
    assert "1 error" in output or "1 failed" in output


def test_a_socket_beyond_this_machine_is_refused() -> None:
    with socket.socket() as outside, pytest.raises(RuntimeError, match="only talk to this machine"):
        outside.connect(("192.0.2.1", 80))


def test_a_name_beyond_this_machine_is_not_looked_up() -> None:
    with pytest.raises(RuntimeError, match="only talk to this machine"):
        socket.create_connection(("example.org", 443))


def test_a_socket_on_this_machine_connects() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
