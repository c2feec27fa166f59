"""Stories of models that somebody else makes or runs: they are governed like others, and honestly not made again here."""

import pytest

from tests.support.remint_cli import make_project

PIPELINE = """
from remint import Metrics, Table, pipeline, ref, step


@step
def score(service: dict, answers: Table) -> Metrics:
    rows = answers.arrow().to_pylist()
    assert service["vendor"] == "Acme"
    return Metrics(accuracy=sum(row["said"] == row["truth"] for row in rows) / len(rows))


@pipeline("report/chat")
def measured(service=ref("model/chat"), answers=ref("data/answers")):
    return score(service, answers)
"""
SERVICE = ["--vendor", "Acme", "--model", "chat", "--version", "2026-05", "--url", "https://acme.example/v1"]


def register(project, *more, ref="model/chat", expect=0, workspace="try"):
    """Register the service; what is given wins over what it is else."""
    return project.cli("--json", "-w", workspace, "models", "register", ref, *SERVICE, *more, expect=expect).json


@pytest.fixture(scope="session")
def project_registered(tmp_path_factory):
    made = make_project(
        tmp_path_factory.mktemp("external") / "project",
        PIPELINE,
        settings='[gates."model/*"]\neval-passed = { metric = "accuracy", minimum = 0.6 }\n',
    )
    made.cli("principals", "create", "bo", "--role", "approver")
    made.cli("sandboxes", "create", "try")
    made.write("answers.csv", "said,truth\na,a\nb,b\nc,d\n")
    made.cli("-w", "try", "add", "answers.csv", "--as", "data/answers", "--table")
    register(made)
    return made


@pytest.fixture
def project(project_registered, copied):
    return copied(project_registered)


def merge(project, ref="model/chat"):
    number = project.cli("--json", "propose", f"try:{ref}").json["change"]["id"]
    project.cli("changes", "approve", number, "--as", "bo")
    return project.cli("changes", "merge", number, expect=None)


def control(project):
    return {one["ref"]["name"]: one for one in project.cli("--json", "control").json["models"]}


def test_a_hosted_service_is_measured_approved_and_shown_as_external(project):
    assert "no evaluation of it reports accuracy" in merge(project).err
    project.cli("-w", "try", "run", "report/chat")
    assert merge(project).code == 0
    shown = control(project)["chat"]
    assert (shown["control"], shown["fitness"]) == ("external", "fit")
    assert shown["control_reasons"][-1] == "external: Acme runs it, and it cannot be made again here"
    assert "Acme runs chat 2026-05 at https://acme.example/v1" in project.cli("models", "show", "model/chat").out
    assert "hosted service of Acme" in project.cli("models", "list").out
    project.cli("audit", "verify")


def test_it_is_not_made_again_nor_served_and_both_say_why(project):
    why = project.cli("--json", "regenerate", "try:model/chat", expect=4).json["error"]["why"]
    assert why == "external: Acme runs it, and it cannot be made again here"
    assert project.cli("--json", "regenerate", "--check", "try:model/chat", expect=7).json["error"]["why"] == why
    project.cli("-w", "try", "run", "report/chat")
    merge(project)
    assert "it is external" in project.cli("serve", "--port", "0", expect=None).err


def test_a_gate_that_asks_for_regeneration_says_that_there_is_none(project):
    project.edit("remint.toml", "minimum = 0.6 }\n", "minimum = 0.6 }\nreproduced = {}\n")
    project.cli("propose", "try:model/chat")
    gates = {gate["name"]: gate for gate in project.cli("--json", "changes", "show", "1").json["gates"]}
    assert (gates["reproduced"]["passed"], gates["reproduced"]["reason"].startswith("external: Acme")) == (False, True)


def test_another_version_is_another_artifact_and_a_change_shows_what_differs(project):
    project.cli("-w", "try", "run", "report/chat")
    merge(project)
    before = project.cli("--json", "log", "model/chat").json["moves"][0]["new"]
    assert not register(project)["moved"]
    assert register(project, "--version", "2026-08")["artifact"]["digest"] != before
    opened = project.cli("--json", "propose", "try:model/chat").json
    assert list(opened["difference"]) == ["model/chat: version '2026-05' became '2026-08'"]
    assert "version '2026-05' became '2026-08'" in project.cli("diff", "model/chat", "try:model/chat").out
    assert "no evaluation of it" in merge(project).err


def test_a_model_that_was_delivered_as_files_is_external_once_the_inventory_names_who_made_it(project):
    project.write("weights/one.bin", "weights")
    project.cli("-w", "try", "add", "weights", "--as", "model/bought")
    project.edit("remint.toml", "eval-passed", "lineage-complete = {}\n# eval-passed")
    assert merge(project, "model/bought").code == 0
    assert control(project)["bought"]["control"] == "not regenerable"
    project.cli("inventory", "set", "model/bought", "--owner", "ana", "--vendor", "Acme")
    shown = control(project)["bought"]
    assert (shown["control"], shown["owner"]) == ("external", "ana")
    assert shown["control_reasons"][-1] == "external: Acme made it, and it cannot be made again here"


def test_a_model_that_a_run_made_is_not_external_whatever_the_inventory_says(merged):
    merged.cli("inventory", "set", "model/late", "--owner", "ana", "--vendor", "Acme")
    assert control(merged)["late"]["control"] == "not verified"
    merged.cli("regenerate", "model/late")
    assert control(merged)["late"]["control"] == "in control"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["--url", "acme.example"], "no http:// or https://"),
        (["--url", "https://"], "no http:// or https://"),
        (["--url", "https://ana:secret@acme.example"], "a user, a password or a query"),
        (["--url", "https://acme.example/v1?key=secret"], "a user, a password or a query"),
        (["--vendor", " "], "its vendor has to be one line"),
        (["--model", "two\nlines"], "its model has to be one line"),
        (["--version", "v" * 201], "its version has to be one line"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_recorded(project, given, why):
    before = project.cli("--json", "-w", "try", "log", "model/chat").json
    refused = register(project, *given, expect=2)["error"]
    assert (refused["code"], why in refused["why"]) == ("invalid", True)
    assert "secret" not in refused["what"] + refused["why"]
    assert project.cli("--json", "-w", "try", "log", "model/chat").json == before


@pytest.mark.parametrize(
    ("ref", "workspace", "code"),
    [
        ("data/chat", "try", "invalid"),
        ("model/chat@1", "try", "invalid"),
        ("model/chat", "main", "denied"),
        ("model/chat", "no", "not-found"),
    ],
)
def test_only_a_ref_of_a_model_that_is_not_protected_is_moved(project, ref, workspace, code):
    assert register(project, ref=ref, workspace=workspace, expect=None)["error"]["code"] == code
