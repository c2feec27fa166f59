"""The lock files hold names, versions and hashes of everything the project declares, and nothing else."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.structure.tree import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def blocks_of(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return re.split(r"\n(?=\S)", "\n".join(lines))


def pins_of(name: str) -> dict[str, str]:
    heads = [Requirement(block.partition("\\")[0].strip()) for block in blocks_of(name)]
    return {head.name: str(head.specifier).removeprefix("==") for head in heads}


def declared_for(name: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    texts = [*project["build-system"]["requires"], *project["project"]["dependencies"], *extras["demo"], *extras["sklearn"]]
    texts += project["dependency-groups"]["dev"] if name == "requirements-dev.lock" else []
    return [requirement for requirement in map(Requirement, texts) if requirement.name != "remint"]


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_a_pin_or_a_hash(name: str) -> None:
    pin = re.compile(r"[a-z0-9][a-z0-9.-]*==[0-9][0-9a-z.+!]*( ; [a-z_ ='!<>.()0-9A-Z]+)? \\")
    lines = [line for block in blocks_of(name) for line in block.splitlines()]
    assert [
        line for line in lines if not pin.fullmatch(line) and not HASH.fullmatch(line.strip().removesuffix("\\").strip())
    ] == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_of_a_lock_has_a_hash(name: str) -> None:
    assert [block.split("\n")[0] for block in blocks_of(name) if not HASH.search(block)] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"\S*(?:://|--index|--find-links|@ )\S*", text) == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_declared_requirement_is_locked_at_a_version_it_allows(name: str) -> None:
    pins = pins_of(name)
    wrong = [
        str(need) for need in declared_for(name) if not need.specifier.contains(pins.get(need.name, "0"), prereleases=True)
    ]
    assert [str(need) for need in declared_for(name) if need.name not in pins] + wrong == []


def test_the_development_lock_holds_all_of_the_base_lock() -> None:
    assert pins_of("requirements.lock").items() <= pins_of("requirements-dev.lock").items()
