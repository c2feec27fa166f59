"""Stories of settings that were agreed on: recorded by an approved change, compared, and not weakened by editing a file."""

import pytest

GATE = 'eval-passed = { metric = "auc", minimum = 0.6 }'


@pytest.fixture
def recorded(trained):
    """A project whose settings were recorded, with a trained model that is proposed as change 2."""
    trained.cli("config", "propose", "--title", "as agreed in May")
    trained.cli("changes", "approve", "1", "--as", "bo")
    trained.cli("changes", "merge", "1")
    trained.cli("propose", "ana:model/late")
    return trained


def weaken(project):
    """Take the gate away and ask for no approval, as somebody who may edit the file would."""
    project.edit("remint.toml", GATE, "")
    text = (project.root / "remint.toml").read_text()
    project.write("remint.toml", text.replace('principal = "ana"\n', 'principal = "ana"\napprovals = { approver = 0 }\n'))


def test_settings_are_an_artifact_with_versions(recorded):
    assert "as recorded" in recorded.cli("config", "check").out
    value = recorded.cli("show", "policy/settings", "--json").json["value"]
    assert (list(value), "model/*" in value["gates"]) == (["gates"], True)
    assert recorded.cli("log", "policy/settings").out.count("b3:") == 1


def test_what_departs_from_them_is_an_alarm(recorded):
    weaken(recorded)
    told = recorded.cli("config", "check", expect=7).err
    assert "approvals is set" in told
    assert "gates: model/* is another" in told
    assert "ALARM" in recorded.cli("control").out
    assert len(recorded.cli("control", "--json").json["alarms"]) == 2


def test_no_change_is_merged_by_settings_that_nobody_agreed_on(recorded):
    weaken(recorded)
    refused = recorded.cli("changes", "merge", "2", expect=3).err
    assert "rule recorded-settings" in refused
    assert '"rule":"recorded-settings"' in recorded.cli("audit", "export").out
    recorded.edit("remint.toml", "approvals = { approver = 0 }\n", "")
    recorded.edit("remint.toml", '[gates."model/*"]\n', f'[gates."model/*"]\n{GATE}\n')
    recorded.cli("changes", "approve", "2", "--as", "bo")
    recorded.cli("changes", "merge", "2")


def test_settings_are_changed_by_the_rules_that_were_recorded_not_by_their_own(recorded):
    weaken(recorded)
    recorded.cli("config", "propose")
    refused = recorded.cli("changes", "merge", "3", expect=3).err
    assert "approval" in refused
    recorded.cli("changes", "approve", "3", "--as", "ana", expect=3)
    recorded.cli("changes", "approve", "3", "--as", "bo")
    recorded.cli("changes", "merge", "3")
    assert "as recorded" in recorded.cli("config", "check").out


def test_a_change_that_records_other_settings_than_those_in_force_is_not_merged(recorded):
    weaken(recorded)
    recorded.cli("config", "propose")
    recorded.cli("changes", "approve", "3", "--as", "bo")
    recorded.edit("remint.toml", "approver = 0", "approver = 2")
    assert "it does not record those in force" in recorded.cli("changes", "merge", "3", expect=3).err


def test_what_differs_from_machine_to_machine_is_no_departure(recorded, monkeypatch):
    monkeypatch.setenv("REMINT_JOBS", "1")
    monkeypatch.setenv("REMINT_PRINCIPAL", "bo")
    recorded.cli("config", "check")
    monkeypatch.setenv("REMINT_PROTECTED", "deployment/*")
    assert "protected is set" in recorded.cli("config", "check", expect=7).err


def test_settings_are_recorded_once(recorded):
    assert "points at" in recorded.cli("config", "propose", expect=2).err


def test_without_recorded_settings_nothing_is_compared(trained):
    assert "no settings are recorded" in trained.cli("config", "check").out
    weaken(trained)
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "merge", "1")


def test_what_was_protected_stays_so_whatever_the_file_says(recorded):
    text = (recorded.root / "remint.toml").read_text()
    recorded.write("remint.toml", text.replace('principal = "ana"\n', 'principal = "ana"\nprotected = []\npolicy = ""\n'))
    for ref in ("policy/settings", "policy/main"):
        assert "protected-ref" in recorded.cli("add", "scale.txt", "--as", ref, expect=3).err
    recorded.cli("run", "model/late")
    recorded.cli("log", "model/late", expect=4)
    assert "policy is set; protected is set" in recorded.cli("config", "check", expect=7).err


def test_an_artifact_that_holds_no_settings_does_not_become_them(recorded):
    recorded.cli("propose", f"policy/settings={recorded.cli('show', 'ana:model/late', '--json').json['artifact']['digest']}")
    recorded.cli("changes", "approve", "3", "--as", "bo")
    assert "holds no settings" in recorded.cli("changes", "merge", "3", expect=2).err
    recorded.cli("config", "check")
