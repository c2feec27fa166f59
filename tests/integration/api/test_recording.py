"""Telling a server of runs by hand: what a client says is believed only as far as it can be checked."""

from dataclasses import replace

import httpx
import pytest

from remint.adapters.remote.nouns import read
from remint.core.artifact import Artifact
from remint.core.digest import digest_bytes
from remint.core.ids import RunId, uuid7
from remint.core.pipeline import StepSpec
from remint.core.plain import to_json
from remint.core.recipe import Recipe
from remint.core.run import End, Output, Run, State, Usage
from tests.support.api import PREFIX
from tests.support.doors import World

SANDBOX = "try"
NOWHERE = digest_bytes(b"nowhere")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("recording"), "sdk-remote")
    ana = world.person("ana")
    ana.do("fork", name=SANDBOX)
    ana.do("make", workspace=SANDBOX, pipeline="data/made")
    ana.do("make", workspace=SANDBOX, pipeline="report/count")
    yield world
    world.close()


@pytest.fixture
def ask(world):
    def asked(method, path, body=None, *, who="ana", workspace=SANDBOX):
        headers = {"Authorization": f"Bearer {world.tokens[who]}", "Remint-Workspace": workspace}
        url = world.server.url + PREFIX + path
        return httpx.request(method, url, headers=headers, json=to_json(body), timeout=60, trust_env=False)

    return asked


@pytest.fixture
def counted(ask):
    """The run that counted rows, as the server tells it, its recipe and its step."""
    first = ask("GET", "/runs?step=pipeline:count").json()["runs"][-1]["id"]
    told = ask("GET", f"/runs/{first}").json()
    run, recipe = read(told["run"], Run), read(told["recipe"], Recipe)
    module, _, name = recipe.step.partition(":")
    return run, recipe, StepSpec(module, name, recipe.outputs, recipe.conditions)


def fresh(start, **said):
    """Return the start of another run of the same kind, which begins now."""
    now_us = start.at_us
    entropy = digest_bytes(str(said).encode() + str(fresh.count).encode()).raw[:8]
    fresh.count += 1
    return replace(start, id=RunId(uuid7(now_us, entropy)), **said)


fresh.count = 0


def started(ask, counted, **more):
    run, recipe, step = counted
    start = fresh(run.start)
    answer = ask("POST", "/runs", {"start": start, "step": step, "recipe": recipe}, **more)
    assert answer.status_code == 201, answer.text
    return start


def runs_of(ask):
    return [one["id"] for one in ask("GET", "/runs?limit=1000").json()["runs"]]


def test_a_told_run_is_shown_with_who_told_of_it_and_metrics_that_the_server_read(ask, counted):
    run, _, _ = counted
    start = started(ask, counted)
    assert start.id in [one["id"] for one in ask("GET", "/recording/unended").json()["runs"]]
    assert ask("GET", "/recording/unended", who="bo").json()["runs"] == []
    end = replace(run.end, id=start.id, metrics={"rows": 999.0})
    made = [read(ask("GET", f"/artifacts/{one.artifact}").json(), Artifact) for one in end.outputs.values()]
    told = ask("POST", f"/runs/{start.id}/end", {"end": replace(end, log=None), "made": made})
    assert told.status_code == 200, told.text
    shown = ask("GET", f"/runs/{start.id}").json()["run"]
    assert (shown["start"]["by"], shown["end"]["metrics"]) == ("ana", {"rows": 40.0})
    assert shown["start"]["place"]["client"] > 0
    again = ask("POST", f"/runs/{start.id}/end", {"end": replace(end, log=None), "made": made})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert start.id not in [one["id"] for one in ask("GET", "/recording/unended").json()["runs"]]


LIES = {
    "another workspace": lambda start: replace(start, workspace="main"),
    "another purpose": lambda start: replace(start, purpose="regenerate"),
    "another plan key": lambda start: replace(start, recipe=NOWHERE),
    "another run key": lambda start: replace(start, run_key=NOWHERE),
    "other inputs": lambda start: replace(start, inputs={}),
    "inputs that are not recorded": lambda start: replace(start, inputs=dict.fromkeys(start.inputs, NOWHERE)),
    "code that is not recorded": lambda start: replace(start, code=NOWHERE),
    "an id of another time": lambda start: replace(start, id=RunId(uuid7(start.at_us - 10 * 86_400_000_000, bytes(8)))),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_start_that_contradicts_itself_is_refused_and_not_recorded(ask, counted, lie):
    run, recipe, step = counted
    before = runs_of(ask)
    refused = ask("POST", "/runs", {"start": LIES[lie](fresh(run.start)), "step": step, "recipe": recipe})
    assert refused.status_code in {404, 422}, refused.text
    assert runs_of(ask) == before


def test_a_step_that_gets_secrets_or_is_another_is_refused(ask, counted):
    run, recipe, step = counted
    for wrong in (replace(step, secrets={"PASSWORD": "shop"}), replace(step, qualname="other"), replace(step, outputs={})):
        refused = ask("POST", "/runs", {"start": fresh(run.start), "step": wrong, "recipe": recipe})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


def test_an_id_is_used_once(ask, counted):
    _, recipe, step = counted
    start = started(ask, counted)
    again = ask("POST", "/runs", {"start": start, "step": step, "recipe": recipe})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def wrong_ends(run, start):
    output = next(iter(run.end.outputs.values()))
    yield End(start.id, State.RUNNING, 0)
    yield End(start.id, State.DONE, 0)
    yield End(start.id, State.DONE, 0, outputs={"out": Output(NOWHERE, NOWHERE)})
    yield End(start.id, State.FAILED, 0, outputs={"out": output})
    yield End(start.id, State.FAILED, 0, usage=Usage(cpu_us=-1))
    yield End(start.id, State.FAILED, 0, log=NOWHERE)


def test_an_end_that_cannot_be_is_refused_and_the_run_goes_on(ask, counted):
    start = started(ask, counted)
    for end in wrong_ends(counted[0], start):
        refused = ask("POST", f"/runs/{start.id}/end", {"end": end, "made": []})
        assert refused.status_code in {404, 422}, (end, refused.text)
    other = ask("POST", f"/runs/{counted[0].id}/end", {"end": End(start.id, State.FAILED, 0), "made": []})
    assert (other.status_code, other.json()["code"]) == (422, "invalid")
    assert ask("GET", f"/runs/{start.id}").json()["run"]["end"] is None
    lost = ask("POST", f"/runs/{start.id}/end", {"end": End(start.id, State.LOST, 0), "made": []})
    assert lost.json()["state"] == "lost"


def test_nobody_ends_or_breaks_off_the_run_of_another(ask, counted):
    start = started(ask, counted)
    for path, body in (("end", {"end": End(start.id, State.FAILED, 0), "made": []}), ("break", {"wall_us": 1})):
        refused = ask("POST", f"/runs/{start.id}/{path}", body, who="bo")
        assert (refused.status_code, refused.json()["facts"]["rule"]) == (403, "own-run")
    assert ask("POST", f"/runs/{start.id}/break", {"wall_us": 1}).status_code == 200


def test_a_run_that_nobody_started_is_not_ended(ask):
    run = RunId("0" * 32)
    assert ask("POST", f"/runs/{run}/end", {"end": End(run, State.FAILED, 0), "made": []}).status_code == 404
