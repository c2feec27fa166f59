"""The how-to pages: every command runs, in order, in a real project."""

import re
import shlex
import tarfile

import pytest

from tests.docs.test_readme import README
from tests.support.remint_cli import ROOT, make_project

FILES = {
    "landing/2013/january.csv": "carrier,delay\nUA,11\n",
    "orders.csv": "id,customer,amount\n" + "".join(f"{number},c{number % 9},{number}\n" for number in range(100)),
    "more.csv": "id,customer,amount\n100,c1,5\n",
    "corrected.csv": "id,customer,amount\n7,c7,70\n",
    "cancelled.csv": "id\n8\n",
}
PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_how_to_runs(page, tmp_path):
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    remote = f'remote = "team"\n[remotes.team]\nurl = "file://{tmp_path}/remote"\n'
    project = make_project(tmp_path / "how-to", code[1], settings=remote)
    for name, text in FILES.items():
        project.write(name, text)
    with tarfile.open(ROOT / "tests" / "vectors" / "dvc" / "repository.tar.gz") as archive:
        archive.extractall(project.root, filter="data")
    commands = re.findall(r"^\s*\$ remint (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert commands
    for command in commands:
        project.cli(*shlex.split(command))
