"""The how-to page of Postgres: every command and statement runs, in order, in a real project."""

import os
import re
import shlex
import shutil

import psycopg

from remint.core.database_url import parse_database_url
from tests.support.api import LiveApi
from tests.support.postgres import POSTGRES, schema
from tests.support.remint_cli import ROOT, Project

PAGE = (ROOT / "docs" / "how-to" / "run-on-postgres.md").read_text(encoding="utf-8")
URL = "postgresql://remint@db.example:5432/ml"
BLOCKS = re.findall(r"^ *```(\w+)\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)


def test_every_command_of_the_page_runs(tmp_path):
    with schema() as unused:
        name = f"how_to_{os.urandom(4).hex()}"
        own = parse_database_url(POSTGRES)
        project = Project(tmp_path / "project")
        project.root.mkdir()
        project.write("remint.toml", 'principal = "ana"\n')
        project.cli("init")
        try:
            run_page(project, name, f"postgresql://{name}@{own.host}:{own.port}/{name}", unused)
        finally:
            for statement in (f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"DROP ROLE IF EXISTS {name}"):
                alone(unused, statement)


def alone(url, statement):
    """Run one statement outside of any transaction."""
    with psycopg.connect(host=url.host, port=url.port, dbname=url.database, user=url.user, autocommit=True) as connection:
        connection.execute(statement)


def run_page(project, name, url, admin):
    servers = []
    for kind, text in BLOCKS:
        for line in text.replace(URL, url).strip().splitlines():
            words = line.strip()
            if kind == "sql":
                alone(admin, words.replace("remint", name).replace(" ml ", f" {name} "))
            elif kind == "toml":
                project.write("remint.toml", f"{words}\n{(project.root / 'remint.toml').read_text()}")
            elif words.startswith("$ mv "):
                source, target = words.removeprefix("$ mv ").split()
                shutil.move(project.root / source, project.root / target)
            elif words.startswith("$ remint server"):
                servers.append(LiveApi(project.root, name=f"server-{len(servers)}"))
            else:
                answer = project.cli(*shlex.split(words.removeprefix("$ remint ")))
                assert "problem" not in answer.out
    assert len(servers) == 2
    assert [server.stop() for server in servers] == [0, 0]
