"""Stories of data contracts: agreed on like code, and tables are held to them before they come into main."""

import json

import pytest

from tests.support.remint_cli import make_project

PIPELINE = """
from remint import Contract, Metrics, Table, pipeline, ref, step


@step
def total(orders: Table, contract: Contract) -> Metrics:
    kept = orders.check(contract)
    return Metrics(total=float(sum(kept.arrow()["amount"].to_pylist())))


@pipeline("report/total")
def totals(orders=ref("data/orders"), contract=ref("contract/orders")):
    return total(orders, contract)
"""
GOOD = "id,amount,who\n1,5.5,ana\n2,7,bo\n3,2,cy\n"
BAD = "id,amount,who\n1,5.5,ana\n2,-7,secretly-dee\n2,2,cy\n"


@pytest.fixture(scope="session")
def project_agreed(tmp_path_factory):
    """Bad orders in the sandbox `try`, and a contract that they break in main, named by a gate."""
    made = make_project(
        tmp_path_factory.mktemp("contracts") / "project",
        PIPELINE,
        settings='protected = ["data/*"]\n[gates."data/orders"]\ndata-contract = { contract = "contract/orders" }\n',
    )
    made.cli("principals", "create", "bo", "--role", "approver")
    made.cli("sandboxes", "create", "try")
    add(made, GOOD)
    made.write("contract.json", with_rule(draft(made)))
    made.cli("-w", "try", "contracts", "set", "contract/orders", "contract.json")
    merged(made, "contract/orders")
    add(made, BAD)
    return made


@pytest.fixture
def project(project_agreed, copied):
    return copied(project_agreed)


def add(project, text):
    project.write("orders.csv", text)
    project.cli("-w", "try", "add", "orders.csv", "--as", "data/orders", "--table")


def draft(project):
    return json.loads(project.cli("-w", "try", "contracts", "draft", "data/orders", "--key", "id").out)


def with_rule(contract, **rule):
    """Return a contract as text whose column `amount` has a rule."""
    for column in contract["columns"]:
        if column["name"] == "amount":
            column.update(rule or {"minimum": 0.5})
    return json.dumps(contract)


def propose(project, ref):
    change = project.cli("--json", "propose", f"try:{ref}").json
    return change["change"]["id"], {gate["name"]: gate for gate in change["gates"]}, change["difference"]


def merged(project, ref, expect=0):
    number = propose(project, ref)[0]
    project.cli("changes", "approve", number, "--as", "bo")
    return project.cli("--json", "changes", "merge", number, expect=expect).json


def test_a_table_that_breaks_the_contract_does_not_come_into_main(project):
    _, gates, _ = propose(project, "data/orders")
    reason = gates["data-contract"]["reason"]
    assert not gates["data-contract"]["passed"]
    assert reason == "it breaks contract/orders in 2 rules: range of amount: 1 row, first in row 2, expected 0.5 or more"
    assert "gate data-contract" in merged(project, "data/orders", expect=3)["error"]["why"]
    add(project, GOOD)
    assert propose(project, "data/orders")[1]["data-contract"]["passed"]
    merged(project, "data/orders")


def test_what_is_signed_names_rows_and_no_values_while_the_check_shows_them_to_who_asks(project):
    propose(project, "data/orders")
    shown = project.cli("--json", "-w", "try", "contracts", "check", "data/orders", "main:contract/orders", expect=2).json
    assert (shown["error"]["code"], [one["check"] for one in shown["violations"]]) == ("contract-broken", ["range", "key"])
    assert shown["violations"][0]["samples"] == [{"rows": [2], "key": ["2"], "value": "-7.0"}]
    catalog = (project.root / ".remint" / "catalog.db").read_bytes()
    assert b"first in row 2" in catalog
    for text in (project.cli("audit", "export").out.encode(), catalog):
        assert b"secretly-dee" not in text
        assert b"-7.0" not in text


def test_a_contract_that_a_gate_names_is_moved_by_a_change_alone_and_the_change_says_how_it_differs(project):
    project.write("contract.json", with_rule(draft(project), minimum=1.5))
    refused = project.cli("--json", "contracts", "set", "contract/orders", "contract.json", expect=3).json["error"]
    assert refused["rule"] == "protected-ref"
    project.cli("-w", "try", "contracts", "set", "contract/orders", "contract.json")
    assert propose(project, "contract/orders")[2] == ["contract/orders: column amount: minimum 0.5 became 1.5"]
    assert "minimum 0.5 became 1.5" in project.cli("diff", "contract/orders", "try:contract/orders").out


def test_a_change_that_was_checked_against_an_older_contract_is_checked_again(project):
    add(project, GOOD)
    number, gates, _ = propose(project, "data/orders")
    assert gates["data-contract"]["passed"]
    project.write("contract.json", with_rule(draft(project), minimum=1.5))
    project.cli("-w", "try", "contracts", "set", "contract/orders", "contract.json")
    merged(project, "contract/orders")
    project.cli("changes", "approve", number, "--as", "bo")
    refused = project.cli("--json", "changes", "merge", number, expect=3).json["error"]
    assert "it was not checked against contract/orders as it is now" in refused["why"]
    assert "3 rows" in project.cli("contracts", "check", "try:data/orders", "contract/orders").out
    project.cli("changes", "merge", number)
    project.cli("audit", "verify")


def test_a_step_gets_the_contract_and_holds_its_input_to_it(project):
    broken = project.cli("--json", "-w", "try", "run", "report/total", expect=10).json["error"]
    assert "range of amount: 1 row, first in row 2" in broken["why"]
    add(project, GOOD)
    project.cli("-w", "try", "run", "report/total")
    assert "total 14.5" in project.cli("runs", "show", project.cli("--json", "runs", "list").json["runs"][0]["id"]).out


def test_a_version_with_edits_is_checked_as_it_is_read(project):
    add(project, GOOD)
    project.write("more.csv", "id,amount,who\n3,0.25,cy\n")
    project.cli("-w", "try", "add", "more.csv", "--as", "data/orders", "--upsert", "id")
    found = project.cli("--json", "contracts", "check", "try:data/orders", "contract/orders", expect=2).json
    assert (found["rows"], found["broken"]) == (3, ["range of amount: 1 row, first in row 3, expected 0.5 or more"])


def test_a_contract_is_shown_for_people(project):
    out = project.cli("contracts", "show", "contract/orders").out
    assert "amount  float64          from 0.5" in out
    assert "key     id" in out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["contracts", "set", "data/contract", "contract.json"], "invalid"),
        (["contracts", "set", "contract/orders@1", "contract.json"], "invalid"),
        (["contracts", "set", "contract/new", "orders.csv"], "invalid"),
        (["contracts", "show", "data/orders"], "invalid"),
        (["contracts", "check", "contract/orders", "contract/orders"], "invalid"),
        (["contracts", "check", "data/orders", "data/orders"], "invalid"),
        (["contracts", "draft", "data/orders", "--key", "no"], "invalid"),
        (["contracts", "draft", "data/nowhere"], "ref-not-found"),
    ],
)
def test_what_is_no_contract_or_no_table_is_refused(project, words, code):
    assert project.cli("--json", "-w", "try", *words, expect=None).json["error"]["code"] == code


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "JSONDecodeError"),
        (b"[]", "TypeError"),
        (b"\xff\xfe", "Error"),
        (b"[" * 100_000, "RecursionError"),
        (b'{"version": 2}', "its version is 2"),
    ],
)
def test_a_file_that_is_no_contract_is_refused_and_nothing_is_kept(project, content, why):
    (project.root / "wrong.json").write_bytes(content)
    refused = project.cli("--json", "-w", "try", "contracts", "set", "contract/new", "wrong.json", expect=2).json["error"]
    assert (refused["code"], why in refused["why"]) == ("invalid", True)
    assert project.cli("--json", "-w", "try", "log", "contract/new", expect=4).json["error"]["code"] == "ref-not-found"
