"""The page of actions says what the table of actions says."""

from remint.core.action import ACTIONS
from tests.support.remint_cli import ROOT

HEAD = ["| action | what it does | roles | scope | may leave a sandbox |", "|---|---|---|---|---|"]


def row(name):
    action = ACTIONS[name]
    leaves = "yes" if action.leaves else ""
    return f"| `{name}` | {action.about} | {', '.join(sorted(action.roles))} | {action.scope} | {leaves} |"


def test_every_action_is_documented_as_it_is():
    lines = (ROOT / "docs" / "actions.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("|")] == [*HEAD, *(row(name) for name in ACTIONS)]
