from dataclasses import replace

import pytest

from remint.core.digest import digest_bytes
from remint.core.pipeline import Call, Graph, Link, StepSpec, Target, graphs_digest

SPEC = StepSpec("steps", "train", {"out": "model"}, {"seed": 7, "exact": "content"})
FIRST = Call(SPEC, {"rows": 10, "data": {"$input": "data"}}, {"data": Link(ref="data/rows")})
SECOND = Call(SPEC, {"data": {"$input": "data"}}, {"data": Link(call=0, output="out")})
GRAPH = Graph("model/late", (FIRST, SECOND), (Target("model/late", 1, "out"),))


def with_call(call: Call) -> Graph:
    return replace(GRAPH, calls=(FIRST, call))


@pytest.mark.parametrize(
    "other",
    [
        replace(GRAPH, name="model/early"),
        replace(GRAPH, calls=(SECOND, FIRST)),
        replace(GRAPH, targets=()),
        replace(GRAPH, targets=(Target("model/late", 0, "out"),)),
        replace(GRAPH, targets=(Target("model/early", 1, "out"),)),
        with_call(replace(SECOND, arguments={"data": {"$input": "data"}, "c": 2})),
        with_call(replace(SECOND, inputs={"data": Link(call=0, output="other")})),
        with_call(replace(SECOND, inputs={"data": Link(ref="data/rows", optional=True)})),
        with_call(replace(SECOND, inputs={"data": Link(digest=digest_bytes(b"rows"))})),
        with_call(replace(SECOND, step=replace(SPEC, module="others"))),
        with_call(replace(SECOND, step=replace(SPEC, qualname="fit"))),
        with_call(replace(SECOND, step=replace(SPEC, outputs={"out": "table"}))),
        with_call(replace(SECOND, step=replace(SPEC, conditions={"seed": 8, "exact": "content"}))),
        with_call(replace(SECOND, step=replace(SPEC, wall_s=5))),
        with_call(replace(SECOND, step=replace(SPEC, network=True))),
    ],
)
def test_graphs_that_differ_in_anything_have_different_digests(other):
    assert graphs_digest([other]) != graphs_digest([GRAPH])


def test_how_many_graphs_there_are_and_in_what_order_matters():
    early = replace(GRAPH, name="model/early")
    assert len({graphs_digest([GRAPH]), graphs_digest([GRAPH, early]), graphs_digest([early, GRAPH]), graphs_digest([])}) == 4


def test_the_same_graphs_made_again_have_the_same_digest():
    again = Graph("model/late", (replace(FIRST, arguments=dict(FIRST.arguments)), SECOND), GRAPH.targets)
    assert graphs_digest(iter([again])) == graphs_digest([GRAPH])


def test_a_step_that_closes_over_values_has_no_digest():
    assert graphs_digest([GRAPH, with_call(replace(SECOND, cells={"rate": 0.5}))]) is None
