"""Stories of making a model again."""

import pytest

from remint.app import open_project
from remint.cli.demo.proof import flipped, record_of
from remint.core.digest import Digest

BROKEN = {
    "unseeded": (
        "    return LogisticRegression(C=c).fit(x, y)",
        """    import numpy as np
    noise = np.random.default_rng().normal(0, 0.5, x.shape)
    return LogisticRegression(C=c).fit(x + noise, y)""",
        "without a seed",
    ),
    "clock": (
        "    return LogisticRegression(C=c).fit(x, y)",
        "    import time\n    return LogisticRegression(C=1 + time.time() % 1).fit(x, y)",
        "reads the clock",
    ),
    "set order": (
        "    return LogisticRegression(C=c).fit(x, y)",
        """    names = list({'alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta'})
    return LogisticRegression(C=2 + names.index('alpha') / 10).fit(x, y)""",
        "iterates over a set",
    ),
}


def test_a_seeded_model_comes_out_the_same(merged):
    answer = merged.cli("regenerate", "model/late", "--json").json
    assert answer["level"] in {"content", "bytes"}
    assert answer["passed"]


def test_the_evidence_of_a_regeneration_satisfies_a_gate_and_control(merged):
    assert "NOT VERIFIED" in merged.cli("control").out
    merged.cli("regenerate", "model/late")
    shown = merged.cli("control", "--json").json["models"][0]
    assert shown["control"] == "in control"
    assert shown["fitness"] == "fit"


@pytest.mark.parametrize("fault", BROKEN, ids=list(BROKEN))
def test_a_broken_copy_is_graded_and_explained(trained, fault):
    old, new, cause = BROKEN[fault]
    trained.edit("pipeline.py", '@step(seed=7, exact="content")\ndef train', "@step\ndef train")
    trained.edit("pipeline.py", old, new)
    trained.cli("run", "model/late", "-w", "ana")
    levels = []
    for _ in range(4):
        answer = trained.cli("regenerate", "ana:model/late", "--json", expect=None)
        levels.append(answer)
        if answer.code == 7:
            break
    worst = levels[-1]
    assert worst.code == 7
    text = worst.out
    assert cause in text
    assert "first_difference" in text


def test_a_hidden_source_makes_the_model_not_regenerable_until_it_is_back(merged):
    merged.cli("regenerate", "model/late")
    file = merged.cli("show", "data/scale", "--json").json["first"][0]["digest"]
    with flipped(*record_of(merged.root, Digest(file))):
        shown = merged.cli("control", "--json").json["models"][0]
        assert shown["control"] == "not regenerable"
        assert any("data/scale" in reason for reason in shown["control_reasons"])
        merged.cli("regenerate", "model/late", "--check", expect=7)
    assert merged.cli("control", "--json").json["models"][0]["control"] == "in control"


def test_an_artifact_from_outside_cannot_be_regenerated(merged):
    assert "came from outside" in merged.cli("regenerate", "data/scale", expect=4).err


def test_another_environment_is_refused_and_named(merged):
    lock = (merged.root / "requirements.lock").read_text()
    first = lock.index("--hash=sha256:") + len("--hash=sha256:")
    merged.write("requirements.lock", lock[:first] + ("0" if lock[first] != "0" else "1") + lock[first + 1 :])
    assert "environment" in merged.cli("regenerate", "model/late", expect=2).err


def test_lineage_leads_from_the_model_to_what_came_from_outside(merged):
    text = merged.cli("why", "model/late").out
    assert "pipeline:train" in text
    assert "data/scale@1" in text
    assert "added from scale.txt by ana" in text


def test_an_unguarded_run_never_counts_as_regenerated(merged):
    app = open_project(merged.root, inline=True)
    try:
        context = app.context()
        digest = app.refs.artifact(context, "model/late").digest
        result = app.regenerations.regenerate(context, digest)
        assert not result.passed
        assert any("unguarded" in note for note in result.notes)
        assert app.regenerations.evidence(digest) == []
    finally:
        app.close()


def test_a_varied_condition_is_no_evidence(merged):
    answer = merged.cli("regenerate", "model/late", "--vary", "seed=8")
    assert "seed was 7, now 8" in answer.out
    assert "NOT VERIFIED" in merged.cli("control").out
