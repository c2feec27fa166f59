"""Recipes, their keys, and the reason one differs from another."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core import canonical
from remint.core.canonical import encode_value
from remint.core.digest import digest_bytes
from remint.core.recipe import Recipe, Source, decoded, difference
from tests.vectors.records import reference
from tests.vectors.records.frozen import cases

A, B, C = (digest_bytes(text) for text in (b"a", b"b", b"c"))
TRAIN = Recipe(
    step="pipeline:train",
    code=A,
    arguments={"data": {"$input": "data"}, "depth": 6},
    inputs={"data": Source(artifact=B)},
    environment=C,
    conditions={"seed": 7},
    outputs={"model": "model", "card": "report"},
)
CHANGES = {
    "step": ("pipeline:fit", ["it is another step: pipeline:train became pipeline:fit"]),
    "code": (B, ["its code changed"]),
    "environment": (A, ["the environment changed"]),
    "arguments": ({"data": {"$input": "data"}, "rate": 1}, ["argument depth changed", "argument rate changed"]),
    "inputs": ({"data": Source(recipe=A, output="table")}, ["input data changed"]),
    "conditions": ({"seed": 8, "threads": 1}, ["condition seed changed", "condition threads changed"]),
    "outputs": ({"card": "report", "model": "model"}, ["its outputs changed"]),
}
digests = st.sampled_from([A, B, C])
sources = st.builds(Source, artifact=digests) | st.builds(Source, recipe=digests, output=st.text(max_size=3))
scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0]) | st.text(max_size=2)
records = st.dictionaries(st.sampled_from("abc"), scalars.map(encode_value), max_size=2)
recipes = st.builds(
    Recipe,
    step=st.sampled_from(["m:f", "m:g"]),
    code=digests,
    arguments=records,
    inputs=st.dictionaries(st.sampled_from("ab"), sources, max_size=2),
    environment=digests,
    conditions=records,
    outputs=st.lists(st.sampled_from("ab"), unique=True).map(lambda names: dict.fromkeys(names, "value")),
)


@pytest.mark.parametrize("case", cases("recipes"), ids=range(len(cases("recipes"))))
def test_the_key_of_a_recipe_is_frozen(case):
    assert decoded(case["recipe"]).key() == reference.recipe(case["recipe"]) == case["key"]


@given(recipes)
def test_a_recipe_reads_back_with_its_key(recipe):
    read = decoded(canonical.loads(canonical.dumps(recipe.encoded())))
    assert read.key() == recipe.key()
    assert list(read.outputs.items()) == list(recipe.outputs.items())


@given(recipes, recipes)
def test_two_recipes_share_a_key_only_if_nothing_tells_them_apart(one, other):
    assert (one.key() == other.key()) == (difference(one, other) == [])


@pytest.mark.parametrize("part", CHANGES)
def test_every_part_of_a_recipe_is_in_its_key(part):
    assert replace(TRAIN, **{part: CHANGES[part][0]}).key() != TRAIN.key()


@pytest.mark.parametrize("part", CHANGES)
def test_a_difference_names_what_changed(part):
    value, reasons = CHANGES[part]
    assert difference(TRAIN, replace(TRAIN, **{part: value})) == reasons


def test_one_and_true_are_two_arguments():
    # Python calls them equal; a plan once ran a step again without a reason to print.
    one, true = (replace(TRAIN, arguments={"x": value}) for value in (1, True))
    assert difference(one, true) == ["argument x changed"]


def test_the_order_of_arguments_and_inputs_leaves_no_trace():
    turned = replace(TRAIN, arguments=dict(reversed(TRAIN.arguments.items())))
    assert turned.key() == TRAIN.key()


def test_a_bound_recipe_has_the_run_key_of_its_contents():
    planned = replace(TRAIN, inputs={"data": Source(recipe=A, output="table")})
    assert planned.bound({"data": B}) == TRAIN
    assert planned.key() != TRAIN.key()


@pytest.mark.parametrize(
    "fields", [{}, {"recipe": A}, {"output": "x"}, {"artifact": A, "output": "x"}, {"artifact": A, "recipe": B, "output": "x"}]
)
def test_a_source_is_an_artifact_or_an_output_of_a_recipe(fields):
    # A source of neither once made a key of the word None.
    with pytest.raises(ValueError, match="a source is"):
        Source(**fields)
