"""Gates: what they ask for, and what they say of evidence."""

import pytest

from remint.core.digest import digest_bytes
from remint.core.gate import CodeOrigin, Evaluation, Findings, gates_for, judge
from remint.errors import Invalid

NEW, DATA = digest_bytes(b"new"), digest_bytes(b"july")
SLICES = {"auc": 0.8, "slice.carrier.UA.auc": 0.81, "result.slice.carrier.AA.auc": 0.62, "slice.carrier.AA.brier": 0.9}


def found(metrics=SLICES, **more):
    return Findings(None, NEW, [Evaluation("r1", {"model": NEW, "data": DATA}, metrics)], **more)


def said(name, spec, findings):
    (gate,) = gates_for("model/x", {"model/*": {name: spec}})
    result = judge(gate, findings)
    return result.passed, result.reason


def test_every_slice_must_be_within_bounds():
    assert said("slices-ok", {"metric": "auc", "minimum": 0.6}, found())[0]


def test_the_worst_slice_is_named():
    passed, reason = said("slices-ok", {"metric": "auc", "minimum": 0.7}, found())
    assert not passed
    assert reason == "result.slice.carrier.AA.auc is 0.6200, below 0.7 (1 of 2 slices are outside)"


def test_a_slice_above_the_maximum_fails():
    passed, reason = said("slices-ok", {"metric": "brier", "maximum": 0.5}, found())
    assert (passed, "above 0.5" in reason) == (False, True)


def test_a_slice_that_is_not_a_number_fails():
    assert not said("slices-ok", {"metric": "auc", "minimum": 0.1}, found({"slice.x.auc": float("nan")}))[0]


def test_an_evaluation_without_slices_is_no_pass():
    assert said("slices-ok", {"metric": "auc", "minimum": 0.1}, found({"auc": 0.9})) == (
        False,
        "no evaluation of it reports auc by slice",
    )


@pytest.mark.parametrize(("looks", "passed"), [(0, True), (3, True), (4, False)])
def test_data_that_many_models_were_measured_on_are_no_fresh_holdout(looks, passed):
    assert said("holdout-fresh", {"looks": 3}, found(looks={DATA: looks}))[0] is passed


def test_without_an_evaluation_the_holdout_is_not_fresh():
    assert not said("holdout-fresh", {}, Findings(None, NEW))[0]


REVIEWED = CodeOrigin("a" * 32, "c" * 40, True, frozenset({"main"}))


@pytest.mark.parametrize(
    ("origins", "words"),
    [
        ([REVIEWED], "all code behind it is reachable from main"),
        ([REVIEWED, CodeOrigin("b" * 32, "", False)], "run bbbbbbbb ran outside git"),
        ([REVIEWED, CodeOrigin("b" * 32, "d" * 40, False, frozenset({"main"}))], "changes that were not committed"),
        ([REVIEWED, CodeOrigin("b" * 32, "d" * 40, True)], "commit dddddddddddd of run bbbbbbbb is not reachable from main"),
        ([], "no run made it"),
    ],
)
def test_code_counts_as_reviewed_if_every_commit_is_on_the_branch(origins, words):
    passed, reason = said("code-reviewed", {"branch": "main"}, found(code=origins))
    assert words in reason
    assert passed is (origins == [REVIEWED])


@pytest.mark.parametrize(("cpu_us", "passed"), [(3_600_000_000, True), (3_700_000_000, False)])
def test_what_all_runs_took_together_is_within_the_limit(cpu_us, passed):
    assert said("cost-within", {"cpu_hours": 1}, found(cpu_us=cpu_us))[0] is passed


@pytest.mark.parametrize(
    ("name", "spec", "words"),
    [
        ("slices-ok", {"minimum": 0.5}, "it lacks metric"),
        ("eval-passed", {}, "it lacks metric"),
        ("code-reviewed", {}, "it lacks branch"),
        ("cost-within", {"cpu_hours": "many"}, "cpu_hours is no number"),
        ("eval-passed", {"metric": "auc", "minimum": float("nan")}, "minimum is no number"),
        ("better", {"metric": "auc", "gain": True}, "gain is no number"),
    ],
)
def test_a_gate_that_cannot_be_judged_is_refused_before_a_change_keeps_it(name, spec, words):
    with pytest.raises(Invalid) as refused:
        gates_for("model/x", {"model/*": {name: spec}})
    assert words in refused.value.why
