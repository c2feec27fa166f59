"""Who may do what, from the terminal: roles, tokens, questions and policies."""

import pytest

from tests.support.policies import ALLOW_ALL, NO_MODELS_WITHOUT_RISK

CASES = """
[[case]]
principal = "bo"
roles = ["member"]
action = "change:merge"
resource = "main:model/late"
expect = "{expect}"
"""


def test_a_role_is_given_taken_and_shown(project):
    assert "bo: approver, risk" in project.cli("principals", "grant", "bo", "risk").out
    assert "bo: approver" in project.cli("principals", "revoke", "bo", "risk").out
    assert "owners-only" in project.cli("principals", "grant", "bo", "owner", "--as", "bo", expect=3).err


def test_one_who_left_acts_no_more(project):
    project.cli("principals", "leave", "bo", "--yes")
    assert "bo has left" in project.cli("sandboxes", "create", "x", "--as", "bo", expect=3).err


def test_the_secret_of_a_token_is_printed_once_and_only_on_standard_output(project):
    made = project.cli("tokens", "create", "--about", "notebook", "--scope", "read")
    secret = made.out.strip()
    assert secret.startswith("rmt_")
    assert secret not in made.err
    assert secret not in project.cli("tokens", "list").out + project.cli("tokens", "list", "--json").out


def test_a_token_is_listed_with_its_limits_and_ends_when_revoked(project):
    project.cli("sandboxes", "create", "lab")
    project.cli("tokens", "create", "--about", "notebook", "--scope", "read", "--sandbox", "lab")
    told = project.cli("tokens", "list", "--json").json["tokens"][0]
    assert (told["number"], told["owner"], told["scopes"], told["sandbox"]) == (1, "ana", ["read"], "lab")
    project.cli("tokens", "revoke", "1")
    assert "revoked" in project.cli("tokens", "list").out


def test_a_project_without_tokens_says_how_to_make_one(project):
    assert "remint tokens create" in project.cli("tokens", "list").out


def test_can_and_who_can_answer_with_the_rule(project):
    assert project.cli("can", "ref:move", "data/x").out.startswith("yes: ana may do ref:move on main:data/x (rule role")
    assert "rule protected-ref" in project.cli("can", "ref:move", "model/late").out
    assert "rule owners-only" in project.cli("can", "subject:erase", "--as-principal", "bo").out
    assert project.cli("who-can", "change:approve").out.split() == ["ana", "bo"]
    assert project.cli("who-can", "ref:move", "model/late").out.strip() == "nobody may"
    assert project.cli("can", "ref:burn", expect=2).err.startswith("error: nothing is known of ref:burn")


def test_a_review_lists_every_principal(project):
    told = project.cli("access", "review", "--json").json["principals"]
    assert [(one["principal"]["id"], one["last_action"]) for one in told] == [("ana", "ref:move"), ("bo", "")]
    assert "bo    person  approver" in project.cli("access", "review").out


def test_the_actions_are_listed(project):
    assert "point a ref that is not protected at an artifact" in project.cli("access", "actions").out


def test_a_policy_is_checked_before_it_is_used(project):
    project.write("good.cedar", ALLOW_ALL)
    project.write("bad.cedar", "permit (principal, action, resource) when { context.purpose == 1 };")
    assert "keeps to the schema" in project.cli("policy", "check", "good.cedar").out
    assert "purpose" in project.cli("policy", "check", "bad.cedar", expect=2).err
    assert "entity Principal, Resource;" in project.cli("policy", "schema").out


@pytest.mark.parametrize(("expect", "code"), [("deny", 0), ("allow", 2)])
def test_a_table_of_cases_holds_or_names_the_first_that_does_not(project, expect, code):
    project.write("rules.cedar", NO_MODELS_WITHOUT_RISK)
    project.write("cases.toml", CASES.format(expect=expect))
    answer = project.cli("policy", "test", "rules.cedar", "--cases", "cases.toml", expect=code)
    assert "policy:models-need-risk" in answer.out + answer.err


def test_what_if_lists_decisions_that_would_be_another_one(project):
    project.write("rules.cedar", ALLOW_ALL + '@id("no-moves") forbid (principal, action == Action::"ref:move", resource);')
    told = project.cli("policy", "what-if", "rules.cedar", "--json").json
    assert [(one["resource"], one["now"], one["rule"]) for one in told["changed"]] == [
        ("main:data/scale", "deny", "policy:no-moves")
    ]
    assert "1 of" in project.cli("policy", "what-if", "rules.cedar").out


def test_a_policy_in_force_decides_for_everybody(merged):
    merged.write("rules.cedar", ALLOW_ALL + '@id("no-forks") forbid (principal, action == Action::"sandbox:create", resource);')
    merged.cli("sandboxes", "create", "draft")
    merged.cli("add", "rules.cedar", "--as", "policy/main", "-w", "draft")
    merged.cli("propose", "draft:policy/main")
    merged.cli("changes", "approve", "2", "--as", "bo")
    merged.cli("changes", "merge", "2")
    assert "rule policy:no-forks" in merged.cli("sandboxes", "create", "more", expect=3).err
    assert "rule policy:no-forks" in merged.cli("can", "sandbox:create").out


def test_a_team_gives_a_role_and_takes_it_again(project):
    assert "remint teams create" in project.cli("teams", "list").out
    project.cli("teams", "create", "risk-board", "--about", "looks at risks")
    project.cli("teams", "grant", "risk-board", "auditor")
    assert "members  bo" in project.cli("teams", "add", "risk-board", "bo").out
    assert "approver, auditor (team risk-board)" in project.cli("principals", "list").out
    assert "by team risk-board" in project.cli("can", "audit:read", "--as-principal", "bo").out
    assert "bo (by team risk-board)" in project.cli("who-can", "audit:read").out
    assert "auditor (team risk-board)" in project.cli("access", "review").out
    assert project.cli("teams", "show", "risk-board", "--json").json["members"] == {"bo": [""]}
    project.cli("teams", "remove", "risk-board", "bo")
    assert "no: bo may not" in project.cli("can", "audit:read", "--as-principal", "bo").out
    assert "owners-only" in project.cli("teams", "create", "mine", "--as", "bo", expect=3).err
    assert "no such team" in project.cli("teams", "show", "nothing", expect=4).err


def test_the_only_approvers_are_not_taken_out_of_their_team(project):
    project.write("remint.toml", (project.root / "remint.toml").read_text() + "\n[approvals]\nrisk = 1\n")
    project.cli("teams", "create", "risk-board")
    project.cli("teams", "grant", "risk-board", "risk")
    project.cli("teams", "add", "risk-board", "bo")
    refused = project.cli("teams", "remove", "risk-board", "bo", expect=3).err
    assert "nobody would be left to give 1 approval(s) as risk" in refused
    assert project.cli("teams", "show", "risk-board", "--json").json["members"] == {"bo": [""]}
    assert project.cli("audit", "verify").out


def test_an_owner_says_whom_an_issuer_means(project):
    assert "nobody is linked" in project.cli("principals", "links").out
    asked = ("principals", "link", "bo", "--issuer", "https://login.example.org", "--subject")
    assert "means bo by 7" in project.cli(*asked, "7").out
    assert "bo  " in project.cli("principals", "links").out
    assert "means bo by that subject" in project.cli("principals", "link", "ana", *asked[3:], "7", expect=5).err
