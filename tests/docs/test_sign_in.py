"""The how-to page of signing in by a provider: its settings are understood, and a program gets its token as the page says."""

import os
import re
import subprocess
import textwrap
import tomllib

import pytest

from remint.app import App, initialise
from remint.config import load
from remint.core.ids import PrincipalId
from remint.core.provider import parse_providers, parse_workloads
from remint.ports.usecases.context import Context
from tests.support.api import LiveApi
from tests.support.providers import ABSENT, FIRST, proof_of_ci
from tests.support.remint_cli import ROOT

PAGE = (ROOT / "docs" / "how-to" / "sign-in-with-your-company.md").read_text(encoding="utf-8")
SETTINGS = "\n".join(textwrap.dedent(text) for text in re.findall(r"^ *```toml\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))
(COMMAND,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


def test_the_settings_of_the_page_are_understood():
    found = tomllib.loads(SETTINGS)
    assert parse_providers(found["oidc"])["acme"].groups == {"ml-risk": "risk-board"}
    assert parse_workloads(found["workload"])["ci"].minutes == 15


@pytest.mark.skipif(not FIRST, reason=f"not yet: {ABSENT}")
def test_a_program_gets_its_token_as_the_page_says(tmp_path):
    initialise(tmp_path, owner="ana")
    (tmp_path / "remint.toml").write_text(SETTINGS.replace("https://ci.example.org", FIRST), encoding="utf-8")
    app = App(load(tmp_path, environment={}))
    app.principals.create(Context(PrincipalId("ana"), "main"), "nightly", kind="service")
    app.close()
    server = LiveApi(tmp_path)
    asked = ["bash", "-c", COMMAND.replace("https://SERVER", server.url)]
    variables = {**os.environ, "PROOF": proof_of_ci()}
    done = subprocess.run(asked, env=variables, capture_output=True, text=True, check=False, timeout=60)
    assert server.stop() == 0
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"token_type":"Bearer"' in done.stdout
