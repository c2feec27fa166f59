"""The how-to pages: every command runs, in order, in a real project."""

import re
import shlex

import pytest

from tests.docs.test_readme import README
from tests.support.remint_cli import ROOT, make_project

PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_how_to_runs(page, tmp_path):
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    project = make_project(tmp_path / "how-to", code[1])
    commands = re.findall(r"^\s*\$ remint (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert commands
    for command in commands:
        project.cli(*shlex.split(command))
