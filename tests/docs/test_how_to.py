"""The how-to pages: every command runs, in order, in a real project."""

import re
import shlex
import tarfile
import textwrap

import pytest

from tests.docs.test_readme import README
from tests.support.remint_cli import ROOT, make_project
from tests.support.sources import ROWS, write_delta, write_sqlite

FILES = {
    "landing/2013/january.csv": "carrier,delay\nUA,11\n",
    "orders.csv": "id,customer,amount\n" + "".join(f"{number},c{number % 9},{number}\n" for number in range(100)),
    "more.csv": "id,customer,amount\n100,c1,5\n",
    "corrected.csv": "id,customer,amount\n7,c7,70\n",
    "cancelled.csv": "id\n8\n",
}
SHOP = (
    "CREATE TABLE customers (id INTEGER, name TEXT)",
    "INSERT INTO customers VALUES (1, 'ana'), (2, 'bo')",
    "CREATE TABLE orders (id INTEGER, amount REAL)",
    "INSERT INTO orders VALUES (1, 7.5), (2, 70.25)",
)
OF_ITS_OWN = {"run-a-server", "run-on-postgres", "work-against-a-server"}  # tests of their own, beside this one
PAGES = sorted(page for page in (ROOT / "docs" / "how-to").glob("*.md") if page.stem not in OF_ITS_OWN)


def files_in(page):
    """Return the files that a page shows: blocks of code with a name beside the language."""
    blocks = re.findall(r"^ *```\w+ (\S+)\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [(name, textwrap.dedent(text)) for name, text in blocks]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_how_to_runs(page, tmp_path):
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    remote = f'remote = "team"\n[remotes.team]\nurl = "file://{tmp_path}/remote"\n'
    shop = '[data_sources.shop]\nuri = "adbc:adbc_driver_sqlite?uri=shop.db"\ntable = "customers"\norder_by = ["id"]\n'
    kept = f'checkpoints = ["{tmp_path}/checkpoints.jsonl"]\n'
    project = make_project(tmp_path / "how-to", code[1], settings=kept + remote + shop)
    for name, text in (*FILES.items(), *files_in(page)):
        project.write(name, text)
    with tarfile.open(ROOT / "tests" / "vectors" / "dvc" / "repository.tar.gz") as archive:
        archive.extractall(project.root, filter="data")
    write_sqlite(project.root / "shop.db", *SHOP)
    write_delta(project.root / "lake" / "orders", ROWS)
    commands = re.findall(r"^\s*\$ remint (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert commands
    for command in commands:
        project.cli(*shlex.split(command))
