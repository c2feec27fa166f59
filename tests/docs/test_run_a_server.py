"""The how-to page of the server: every command runs, in order, against a real one."""

import os
import re
import subprocess

from remint.app import initialise
from tests.support.api import LiveApi
from tests.support.remint_cli import ROOT

PAGE = (ROOT / "docs" / "how-to" / "run-a-server.md").read_text(encoding="utf-8")
SCRIPT = "\n".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL))


def test_every_command_of_the_page_runs(tmp_path):
    initialise(tmp_path, owner="ana")
    start, *rest = re.sub(r"^ +\$ ", "", SCRIPT, flags=re.MULTILINE).strip().splitlines()
    assert start == "remint server"
    server = LiveApi(tmp_path)
    commands = "\n".join(["set -eu -o pipefail", *rest]).replace("http://127.0.0.1:8470", server.url)
    environment = {**os.environ, "TOKEN": server.secret()}
    done = subprocess.run(
        ["bash", "-c", commands], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert server.stop() == 0
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"principal":"ana"' in done.stdout
    assert "hello{" in done.stdout
