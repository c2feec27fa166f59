"""Stories of secrets: set, granted, given to a run, and found nowhere."""

import io
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from tests.support.remint_cli import make_project

VALUE = "correct horse battery staple"
FETCH = """
import os

from remint import pipeline, step


@step(network=True, secrets={"SHOP_PASSWORD": "shop"})
def fetch(fail: bool = False) -> dict:
    print("connecting with", os.environ["SHOP_PASSWORD"])
    if fail:
        raise ConnectionError(f"{os.environ['SHOP_PASSWORD']} is wrong")
    return {"length": len(os.environ["SHOP_PASSWORD"])}


@pipeline("value/shop")
def shop(fail: bool = False) -> dict:
    return fetch(fail)
"""


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path / "shop", FETCH)
    made.cli("principals", "create", "bo", "--role", "member")
    (tmp_path / "value").write_text(f"{VALUE}\n")
    return made


@pytest.fixture
def kept(project):
    project.cli("secrets", "set", "shop", "--about", "reading the shop", "--file", "../value")
    return project


@pytest.fixture
def granted(kept):
    kept.cli("secrets", "grant", "shop", "ana")
    return kept


def places_with(root, text):
    """Return the files below a folder that hold a text, but for the vault."""
    found = []
    for folder, _, names in os.walk(root):
        for name in names:
            place = os.path.join(folder, name)  # noqa: PTH118 - of os.walk
            if text.encode() in Path(place).read_bytes() and "/.remint/secrets/" not in place:
                found.append(place)
    return found


def test_a_run_gets_a_secret_and_nothing_that_is_kept_or_shown_holds_it(granted):
    answers = [granted.cli("run", "value/shop"), granted.cli("run", "value/shop", "-p", "fail=true", expect=10)]
    assert granted.cli("show", "value/shop", "--json").json["value"] == {"length": len(VALUE)}
    runs = granted.cli("runs", "list", "--json").json["runs"]
    answers += [granted.cli("runs", "show", run["id"]) for run in runs]
    answers += [granted.cli("runs", "logs", run["id"]) for run in runs]
    answers += [
        granted.cli(*words.split()) for words in ("secrets list", "audit export", "why value/shop", "secrets list --json")
    ]
    shown = "".join(answer.out + answer.err for answer in answers)
    assert (VALUE in shown, "[secret shop]" in shown) == (False, True)
    assert places_with(granted.root, VALUE) == []
    granted.cli("backup", "../backups")
    assert places_with(granted.root.parent / "backups", VALUE) == []
    granted.cli("audit", "verify")


def test_every_use_of_a_secret_and_every_refusal_is_an_entry(kept):
    kept.cli("run", "value/shop", expect=3)
    kept.cli("secrets", "grant", "shop", "ana")
    kept.cli("run", "value/shop")
    entries = kept.cli("audit", "export").out
    assert entries.count('"action":"secret:use"') == 2
    assert entries.count('"decision":"deny"') == 1
    assert '"rule":"secret-grant"' in entries


def test_a_secret_is_given_to_whom_it_is_granted_where_it_is_granted(granted):
    granted.cli("sandboxes", "create", "try")
    assert "rule secret-grant" in granted.cli("run", "value/shop", "--as", "bo", expect=3).err
    refused = granted.cli("run", "value/shop", "-w", "try", expect=3)
    assert "remint secrets grant shop ana -w try" in refused.err
    granted.cli("secrets", "grant", "shop", "ana", "-w", "try")
    granted.cli("run", "value/shop", "-w", "try")
    granted.cli("secrets", "grant", "shop", "bo", "--everywhere")
    granted.cli("run", "value/shop", "-w", "try", "--as", "bo")
    assert "ana in main, ana in try, bo everywhere" in granted.cli("secrets", "list").out


def test_a_grant_under_a_profile_counts_only_there(kept):
    kept.write("remint.toml", 'principal = "ana"\n[profiles.small]\ncpus = 1\n[profiles.large]\ncpus = 2\n')
    kept.cli("secrets", "grant", "shop", "ana", "--profile", "large")
    assert "rule secret-grant" in kept.cli("run", "value/shop", expect=3).err
    kept.edit("pipeline.py", "network=True, ", 'network=True, profile="large", ')
    kept.cli("run", "value/shop")


def test_nothing_runs_before_it_is_known_that_all_secrets_may_be_used(granted):
    granted.write(
        "pipeline.py", FETCH.replace("fetch(fail)", "both(fetch(fail))").replace('"value/shop"', '"value/two"') + LATER
    )
    assert "there is no secret other" in granted.cli("run", "value/two", expect=4).err
    assert granted.cli("runs", "list", "--json").json["runs"] == []


LATER = """

@step(network=True, secrets={"OTHER": "other"})
def both(given: dict) -> dict:
    return given
"""


def test_a_secret_that_is_revoked_or_removed_is_given_no_more(granted):
    granted.cli("run", "value/shop")
    granted.cli("secrets", "revoke", "shop", "ana")
    granted.cli("run", "value/shop", expect=3)
    granted.cli("secrets", "grant", "shop", "ana")
    granted.cli("secrets", "remove", "shop")
    granted.cli("run", "value/shop", expect=4)
    assert not list((granted.root / ".remint/secrets").iterdir())
    granted.cli("secrets", "set", "shop", "--file", "../value")
    granted.cli("run", "value/shop", expect=3)


def test_only_owners_set_and_grant(kept):
    for words in ("set shop --file ../value", "grant shop bo", "revoke shop ana", "remove shop"):
        assert "rule owners-only" in kept.cli("secrets", *words.split(), "--as", "bo", expect=3).err


def test_the_value_set_last_is_given(granted):
    (granted.root.parent / "value").write_text("another one")
    granted.cli("secrets", "set", "shop", "--file", "../value")
    granted.cli("run", "value/shop")
    assert granted.cli("show", "value/shop", "--json").json["value"] == {"length": len("another one")}
    assert len(list((granted.root / ".remint/secrets").iterdir())) == 1
    assert granted.cli("secrets", "list", "--json").json["secrets"][0]["about"] == "reading the shop"


def test_a_value_is_read_from_standard_input_without_the_break_at_its_end(project, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"eight or more\r\n")))
    project.cli("secrets", "set", "shop", "--file", "-")
    project.cli("secrets", "grant", "shop", "ana")
    project.cli("run", "value/shop")
    assert project.cli("show", "value/shop", "--json").json["value"] == {"length": len("eight or more")}


def test_a_lost_value_is_said_before_anything_runs(granted):
    next((granted.root / ".remint/secrets").iterdir()).unlink()
    assert "backups do not hold the values of secrets" in granted.cli("run", "value/shop", expect=4).err
    granted.cli("secrets", "set", "shop", "--file", "../value")
    granted.cli("run", "value/shop")


def test_a_step_without_a_network_gets_no_secret(granted):
    granted.edit("pipeline.py", "network=True, ", "")
    assert "let it connect (`network=True`)" in granted.cli("run", "value/shop", expect=2).err


def test_a_grant_that_was_edited_in_the_catalog_is_found(granted):
    with sqlite3.connect(granted.root / ".remint/catalog.db") as database:
        database.execute("drop trigger secret_steps_no_update")
        database.execute("update secret_steps set whom = 'bo' where verb = 'grant'")
    database.close()
    assert "no entry tells of the grant of secret shop" in granted.cli("audit", "verify", expect=8).err
