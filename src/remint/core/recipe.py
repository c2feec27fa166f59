"""Recipes: what is to be done, and the two keys made of it.

The digest of a recipe is its plan key. With every input resolved to the digest of its content it is the run key. Planning
looks up plan keys; execution looks up run keys, so a step whose inputs came out the same does not run again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remint.core import canonical
from remint.core.digest import Digest, digest_record


@dataclass(frozen=True, slots=True)
class Source:
    """Where an input comes from: an artifact, or an output of another recipe; exactly one is set.

    Attributes:
        artifact: the digest of a known content.
        recipe: the plan key of the recipe that makes it.
        output: the name of the output meant.
    """

    artifact: Digest | None = None
    recipe: Digest | None = None
    output: str | None = None

    def __post_init__(self) -> None:
        given = (self.artifact is not None, self.recipe is not None, self.output is not None)
        if given not in {(True, False, False), (False, True, True)}:
            raise ValueError(f"a source is an artifact, or a recipe and one of its outputs, not {self}")

    def encoded(self) -> dict[str, str]:
        """Return the canonical form."""
        if self.artifact is not None:
            return {"artifact": self.artifact}
        return {"recipe": str(self.recipe), "output": str(self.output)}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is to be done. No name of a person, machine size, retry or time is in it.

    Attributes:
        step: module and qualified name of the function, for example `pipeline:train`.
        code: digest of the normalised code the function can reach inside the project.
        arguments: the function's arguments, canonical JSON; an input stands as `{"$input": NAME}`.
        inputs: where each named input comes from.
        environment: digest of the lock, the interpreter's version and the platform.
        conditions: declared conditions: seed, hash_seed, threads, and whatever else the step said matters; canonical JSON.
        outputs: the kind of each output, by name, in order.
    """

    step: str
    code: Digest
    arguments: Mapping[str, Any]
    inputs: Mapping[str, Source]
    environment: Digest
    conditions: Mapping[str, Any]
    outputs: Mapping[str, str]

    def encoded(self) -> dict[str, Any]:
        """Return the canonical JSON of this recipe."""
        return {
            "v": 1,
            "step": self.step,
            "code": self.code,
            "arguments": dict(self.arguments),
            "inputs": {name: source.encoded() for name, source in self.inputs.items()},
            "environment": self.environment,
            "conditions": dict(self.conditions),
            "outputs": [[name, kind] for name, kind in self.outputs.items()],
        }

    def key(self) -> Digest:
        """Return the plan key; it is the run key when every input is an artifact."""
        return key_of(canonical.dumps(self.encoded()))

    def bound(self, contents: Mapping[str, Digest]) -> "Recipe":
        """Return this recipe with every input resolved to the content in `contents`, by input name."""
        sources = {name: Source(artifact=contents[name]) for name in self.inputs}
        return Recipe(self.step, self.code, self.arguments, sources, self.environment, self.conditions, self.outputs)


def key_of(body: bytes) -> Digest:
    """Return the plan key of a recipe whose canonical JSON is `body`."""
    return digest_record("recipe v1", [body])


def decoded(record: Mapping[str, Any]) -> Recipe:
    """Return the recipe that `Recipe.encoded` wrote."""
    return Recipe(
        step=record["step"],
        code=Digest(record["code"]),
        arguments=record["arguments"],
        inputs={name: _decoded_source(source) for name, source in record["inputs"].items()},
        environment=Digest(record["environment"]),
        conditions=record["conditions"],
        outputs=dict(record["outputs"]),
    )


def _decoded_source(source: Mapping[str, str]) -> Source:
    if "artifact" in source:
        return Source(artifact=Digest(source["artifact"]))
    return Source(recipe=Digest(source["recipe"]), output=source["output"])


def difference(old: Recipe, new: Recipe) -> list[str]:
    """Return, in words, what makes `new` another recipe than `old`; empty if nothing does.

    This is the reason a plan prints for a step that must run again.
    """
    reasons: list[str] = []
    if old.step != new.step:
        reasons.append(f"it is another step: {old.step} became {new.step}")
    if old.code != new.code:
        reasons.append("its code changed")
    if old.environment != new.environment:
        reasons.append("the environment changed")
    reasons += [f"argument {name} changed" for name in _changed(old.arguments, new.arguments)]
    encoded_old = {name: source.encoded() for name, source in old.inputs.items()}
    encoded_new = {name: source.encoded() for name, source in new.inputs.items()}
    reasons += [f"input {name} changed" for name in _changed(encoded_old, encoded_new)]
    reasons += [f"condition {name} changed" for name in _changed(old.conditions, new.conditions)]
    if list(old.outputs.items()) != list(new.outputs.items()):
        reasons.append("its outputs changed")
    return reasons


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [name for name in sorted({*old, *new}) if name not in old or name not in new or not _equal(old[name], new[name])]


def _equal(old: object, new: object) -> bool:
    """Return whether two values have the same canonical bytes; to Python 1 and true are equal, to the key they are not."""
    if type(old) is str and type(new) is str:
        return old == new
    return canonical.dumps(old) == canonical.dumps(new)
