"""The how-to page of clients: every command runs, in order, in a folder that has only code, against a real server."""

import os
import re
import subprocess
import sys

import pytest

from tests.docs.test_how_to import FILES, files_in
from tests.docs.test_readme import README
from tests.support.api import LiveApi
from tests.support.remint_cli import ROOT, make_project

PAGE = ROOT / "docs" / "how-to" / "work-against-a-server.md"
COMMANDS = re.findall(r"^\s*\$ (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
BEGIN = f"""
set -eu -o pipefail
remint() {{ {sys.executable} -m remint "$@"; }}
python() {{ {sys.executable} "$@"; }}
"""


@pytest.fixture
def server(tmp_path):
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    make_project(tmp_path / "project", code[1])
    server = LiveApi(tmp_path / "project")
    yield server
    assert server.stop() == 0


def test_every_command_of_the_page_runs(server, tmp_path):
    here = tmp_path / "here"
    for name, text in (*FILES.items(), *files_in(PAGE)):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text)
    for name in ("pipeline.py", "requirements.lock"):
        (here / name).write_bytes((tmp_path / "project" / name).read_bytes())
    login, *rest = (command.replace("http://127.0.0.1:8470", server.url) for command in COMMANDS)
    commands = "\n".join([BEGIN, f"{login} <<< $TOKEN", "unset TOKEN", *rest])
    environment = {
        **os.environ,
        "TOKEN": server.secret(),
        "PYTHONPATH": str(ROOT / "src"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    done = subprocess.run(
        ["bash", "-c", commands], cwd=here, env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{server.url} knows you as ana" in done.stdout
    assert "\n300\n" in done.stdout
    assert not (here / ".remint" / "catalog.db").exists()
