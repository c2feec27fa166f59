"""Stories of a service that approves where a rule lets it: a retrain on new data, and nothing else."""

import pytest

from tests.scenarios.test_reviews import last_entry, ruled, state_of

RULES = 'tier = 3\nauto = { kinds = ["data"], gates = ["eval-passed"], by = "promoter" }'


@pytest.fixture
def promoting(merged):
    """A model in production, and a service that approves the next one if it differs in data alone."""
    merged.cli("principals", "create", "promoter", "--kind", "service")
    return ruled(merged, RULES)


def retrain(project, *words):
    """Train again in a new sandbox, and propose; return the change's id."""
    project.cli("sandboxes", "create", "fresh")
    project.cli("run", "model/late", "-w", "fresh", *words)
    return project.cli("propose", "fresh:model/late", "--json").json["change"]["id"]


def with_new_data(project):
    project.write("scale.txt", "2.0")
    project.cli("add", "scale.txt", "--as", "data/scale")
    project.cli("run", "data/points")


def test_a_retrain_on_new_data_is_approved_by_the_service_and_merges(promoting):
    with_new_data(promoting)
    assert retrain(promoting) == "2"
    assert state_of(promoting, "2") == "approved"
    shown = promoting.cli("changes", "show", "2").out
    assert "approve by promoter" in shown
    assert "by rule: it differs in data alone, and passes eval-passed" in shown
    promoting.cli("changes", "merge", "2")
    assert "approved by promoter" in promoting.cli("control").out


def test_asking_again_approves_once(promoting):
    with_new_data(promoting)
    retrain(promoting)
    steps = promoting.cli("changes", "auto", "2", "--json").json["change"]["steps"]
    assert [step["action"] for step in steps] == ["open", "approve"]


def test_a_change_of_code_is_not_approved_by_the_service(promoting):
    promoting.edit("pipeline.py", "LogisticRegression(C=c)", "LogisticRegression(C=c, tol=1e-3)")
    with_new_data(promoting)
    retrain(promoting)
    assert state_of(promoting, "2") == "open"
    answer = promoting.cli("changes", "auto", "2", expect=3)
    assert "differs in code, not in data alone" in answer.err
    assert '"rule":"auto-conditions"' in last_entry(promoting)
    assert "by rule not yet: model/late differs in code" in promoting.cli("changes", "show", "2").out


def test_a_change_of_the_code_behind_the_data_is_one_of_code(promoting):
    promoting.edit("helpers.py", "LIMIT = 0.5", "LIMIT = 0.45")
    promoting.cli("run", "data/points")
    retrain(promoting)
    assert "differs in code" in promoting.cli("changes", "auto", "2", expect=3).err


def test_a_change_of_a_parameter_is_not_approved_by_the_service(promoting):
    retrain(promoting, "-p", "c=0.5")
    assert "differs in params" in promoting.cli("changes", "auto", "2", expect=3).err


def test_a_gate_that_fails_keeps_the_service_from_approving(promoting):
    promoting.edit("remint.toml", "minimum = 0.6", "minimum = 0.99")
    with_new_data(promoting)
    retrain(promoting)
    assert "gate eval-passed" in promoting.cli("changes", "auto", "2", expect=3).err


def test_a_service_approves_nothing_it_helped_to_make(promoting):
    with_new_data(promoting)
    retrain(promoting, "--as", "promoter")
    assert "promoter helped to make it" in promoting.cli("changes", "auto", "2", expect=3).err


def test_a_service_that_no_rule_names_approves_nothing(merged):
    with_new_data(merged)
    retrain(merged)
    assert "no rule lets a service approve it" in merged.cli("changes", "auto", "2", expect=3).err
