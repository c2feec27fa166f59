"""Stories with the records in Postgres: its own, and some told elsewhere, of projects that `remint migrate` brought there.

The stories from elsewhere are the same functions; only the projects they are given differ.
"""

import json
import shutil
import threading
from contextlib import ExitStack

import httpx
import pytest

from tests.scenarios.test_access import (  # noqa: F401
    test_a_policy_in_force_decides_for_everybody,
    test_a_token_is_listed_with_its_limits_and_ends_when_revoked,
    test_one_who_left_acts_no_more,
)
from tests.scenarios.test_audit import (  # noqa: F401
    test_an_export_and_a_proof_are_checked_without_the_project,
    test_an_honest_project_verifies_with_its_records_and_checkpoints,
    watched,
)
from tests.scenarios.test_changes import (  # noqa: F401
    test_a_failing_gate_refuses_the_merge_and_says_why,
    test_a_ref_that_moved_meanwhile_makes_the_change_stale,
    test_a_second_principal_approves_and_the_merge_moves_the_ref,
    test_gates_of_an_open_change_cannot_be_weakened,
    test_the_authors_own_approval_is_refused_and_recorded,
)
from tests.scenarios.test_glass import (  # noqa: F401
    pressed,
    test_two_persons_merge_in_an_emergency_what_is_frozen_unapproved_and_below_its_gate,
)
from tests.scenarios.test_history import (  # noqa: F401
    test_production_is_shown_as_it_was,
    test_what_changed_since_is_shown_with_its_change,
    two_releases,
)
from tests.scenarios.test_plan_and_run import (  # noqa: F401
    test_every_list_has_json_with_a_schema,
    test_runs_can_be_compared_and_their_logs_read,
    test_the_same_result_stops_the_work_below,
    test_what_was_done_is_not_done_again,
)
from tests.scenarios.test_regenerate import (  # noqa: F401
    test_a_seeded_model_comes_out_the_same,
    test_lineage_leads_from_the_model_to_what_came_from_outside,
    test_the_evidence_of_a_regeneration_satisfies_a_gate_and_control,
)
from tests.support.api import PREFIX, LiveApi
from tests.support.postgres import connected, moved, run, schema
from tests.support.remint_cli import Project
from tests.support.serving import LiveServer


@pytest.fixture
def url():
    with schema() as made:
        yield made


@pytest.fixture
def project(project, url):
    return moved(project, url)


@pytest.fixture
def trained(trained, url):
    return moved(trained, url)


@pytest.fixture
def merged(merged, url):
    return moved(merged, url)


# ---- migrate


def test_a_project_goes_there_and_back_and_its_log_is_sound(merged, url):
    merged.cli("audit", "verify")
    there = merged.cli("migrate", "--to", "sqlite", "--json").json
    merged.write("remint.toml", (merged.root / "remint.toml").read_text().replace(url.public, ""))
    back = merged.cli("audit", "verify", "--json").json
    assert (back["entries"], back["root"], back["problems"]) == (there["entries"], there["root"], [])
    last = json.loads(merged.cli("audit", "export").out.splitlines()[-1])
    assert (last["action"], last["facts"]["to"], last["by"]) == ("catalog:migrate", ".remint/catalog.db", "ana")
    merged.cli("regenerate", "model/late")


def test_a_dry_run_says_what_would_be_copied_and_copies_nothing(merged):
    before = merged.cli("audit", "export").out
    found = merged.cli("migrate", "--to", "sqlite", "--dry-run", "--json").json
    assert (found["done"], found["entries"], found["records"]["runs"]) == (False, len(before.splitlines()), 3)
    assert merged.cli("audit", "export").out == before
    assert not (merged.root / ".remint/catalog.db").exists()


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_only_an_owner_copies_the_records_and_others_are_recorded(merged, words):
    assert "rule owners-only" in merged.cli("--as", "bo", "migrate", "--to", "sqlite", *words, expect=3).err
    last = json.loads(merged.cli("audit", "export").out.splitlines()[-1])
    assert (last["action"], last["decision"], last["by"]) == ("catalog:migrate", "deny", "bo")
    assert not (merged.root / ".remint/catalog.db").exists()


def test_records_are_not_copied_over_others_nor_to_where_they_are(merged, url):
    (merged.root / ".remint/catalog.db").write_bytes(b"")
    merged.cli("migrate", "--to", "sqlite")
    assert "holds records already" in merged.cli("migrate", "--to", "sqlite", expect=5).err
    assert "the records are there already" in merged.cli("migrate", "--to", url.public, expect=2).err
    assert "no URL of Postgres" in merged.cli("migrate", "--to", "mysql://db/ml", expect=2).err


def test_what_is_wrong_with_the_log_is_told_of_the_copy(merged, url):
    run(url, "UPDATE ref_moves SET reason = reason || '!', by = 'bo' WHERE move_order = 1")
    answer = merged.cli("migrate", "--to", "sqlite", "--json").json
    assert any("no entry tells of the move of main:data/scale" in problem for problem in answer["problems"])
    assert "use them" not in merged.cli("audit", "verify", expect=8).err


# ---- what changes with Postgres


def test_a_status_shows_what_others_did_since(project):
    assert "data/scale" in project.cli("status").out
    shutil.copytree(project.root, project.root.parent / "another checkout")
    other = Project(project.root.parent / "another checkout")
    other.cli("add", "scale.txt", "--as", "data/others")
    assert "data/others" in project.cli("status").out


def test_a_record_edited_past_the_triggers_is_found(merged, url):
    run(url, "UPDATE ref_moves SET by = 'bo' WHERE move_order = 1")
    assert "no entry tells of the move" in merged.cli("audit", "verify", expect=8).err


def test_a_backup_holds_the_records_in_a_file_and_brings_them_back(merged, url, tmp_path):
    merged.cli("backup", str(tmp_path / "backups"))
    before = merged.cli("audit", "export").out.splitlines()[:-1]
    assert "the records are kept in postgresql://" in merged.cli("restore", str(tmp_path / "backups"), expect=2).err
    merged.write("remint.toml", (merged.root / "remint.toml").read_text().replace(url.public, ""))
    answer = merged.cli("restore", str(tmp_path / "backups"), "--json").json
    assert (answer["problems"], answer["missing"]) == ([], [])
    assert merged.cli("audit", "export").out.splitlines()[: len(before)] == before
    run(url, f"DROP SCHEMA {url.schema} CASCADE")
    merged.cli("migrate", "--to", url.public)


def test_the_records_of_another_project_are_not_taken_for_ones_own(merged, url, tmp_path):
    # With them, `gc` would give up everything in the store.
    with schema() as others:
        text = (merged.root / "remint.toml").read_text()
        merged.write("remint.toml", text.replace(url.public, others.public))
        assert "it holds no records" in merged.cli("gc", expect=5).err
        other = Project(tmp_path / "other")
        other.root.mkdir()
        other.write("remint.toml", f'principal = "ana"\ncatalog = "{others.public}"\n')
        other.cli("init")
        assert "the records of another project" in merged.cli("gc", expect=5).err
        assert "the records of another project" in merged.cli("status", expect=5).err
        merged.write("remint.toml", text)
        merged.cli("status")
        other.cli("status")
        own, its = ((one.root / ".remint/installation").read_text() for one in (merged, other))
        assert own != its


def test_a_new_project_begins_in_postgres(tmp_path, url, monkeypatch):
    monkeypatch.setenv("REMINT_CATALOG", url.public)
    project = Project(tmp_path)
    project.write("a.txt", "a")
    assert "made .remint/" in project.cli("init").out
    project.cli("add", "a.txt", "--as", "data/a")
    assert "data/a" in project.cli("status").out
    assert not (tmp_path / ".remint/catalog.db").exists()
    assert "made" not in project.cli("init").out


def test_a_model_is_served_from_records_in_postgres(merged):
    server = LiveServer(merged.root, "late").ready()
    answer = httpx.get(f"{server.url}/v2/models/late", trust_env=False)
    assert server.stop() == 0
    assert answer.json()["name"] == "late"


# ---- servers


@pytest.fixture
def two_servers(merged):
    """Two processes of `remint server` over the same records, and a token of ana."""
    with ExitStack() as stack:
        servers = [LiveApi(merged.root, name=name) for name in ("one", "two")]
        for server in servers:
            stack.callback(server.kill)
        secret = merged.cli("tokens", "create", "--about", "two servers", "--scope", "write", "--scope", "read").out.split()[-1]
        clients = [
            stack.enter_context(
                httpx.Client(
                    base_url=server.url + PREFIX, headers={"Authorization": f"Bearer {secret}"}, timeout=30, trust_env=False
                )
            )
            for server in servers
        ]
        yield clients
        assert [server.stop() for server in servers] == [0, 0]


def move(client, name, to, seen):
    headers = {"If-Match": f'"{seen}"'} if seen else {"If-None-Match": "*"}
    return client.put(f"/refs/data/{name}", json={"to": to}, headers=headers)


def test_what_one_server_wrote_the_other_sees_and_a_stale_move_is_refused(two_servers):
    one, two = two_servers
    a, b = (one.get(f"/refs/data/{name}").json()["artifact"] for name in ("scale", "points"))
    assert move(one, "x", a, None).status_code == 200
    assert two.get("/refs/data/x").json()["artifact"] == a
    assert move(two, "x", b, None).status_code == 412
    assert move(two, "x", b, a).status_code == 200
    assert move(one, "x", b, a).status_code == 412
    assert one.get("/refs/data/x").json()["artifact"] == b


def test_refs_moved_through_both_servers_at_once_are_all_in_one_sound_log(two_servers, merged, url):
    ends = [two_servers[0].get(f"/refs/data/{name}").json()["artifact"] for name in ("scale", "points")]
    won = [[], []]

    def work(place):
        for step in range(30):
            client = two_servers[place]
            assert move(client, f"own-{place}", ends[step % 2], ends[(step + 1) % 2] if step else None).status_code == 200
            won[place].append(move(client, f"shared-{step}", ends[place], None).status_code)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [sorted(pair) for pair in zip(*won, strict=True)] == [[200, 412]] * 30
    found = merged.cli("audit", "verify", "--json").json
    assert found["problems"] == []
    with connected(url) as own:
        assert own.execute("SELECT count(*), max(number) FROM entries").fetchone() == (found["entries"], found["entries"])
        assert own.execute("SELECT count(*) FROM ref_moves WHERE name LIKE 'own-%%' OR name LIKE 'shared-%%'").fetchone() == (
            90,
        )


def test_a_server_whose_connections_were_lost_goes_on(two_servers, url):
    client = two_servers[0]
    assert client.get("/refs/data/scale").status_code == 200
    with connected(url) as own:
        words = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s"
        ended = own.execute(words, [f"remint {url.schema}"]).fetchone()
    assert ended[0] > 0
    assert client.get("/refs/data/scale").status_code == 200
