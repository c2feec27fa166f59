"""Every edit of the mutation suite gets the right answer."""

from pathlib import Path

import pytest

from benchmarks.cache_mutations import MUTATIONS, STEP, Mutation, apply, cached_calls_s, write_project
from remint.adapters.capture.code import SourceCode


def digests_around(mutation: Mutation, root: Path) -> tuple[str, str, str]:
    """Return the digest before an edit, after it by the same reader, and after it by a new one."""
    write_project(root)
    code = SourceCode(root)
    before = code.closure(*STEP).digest
    apply(root, mutation)
    return before, code.closure(*STEP).digest, SourceCode(root).closure(*STEP).digest


@pytest.mark.parametrize("mutation", [item for item in MUTATIONS if item.answer == "run"], ids=lambda item: item.name)
def test_an_edit_of_what_a_step_does_changes_its_digest(mutation: Mutation, tmp_path: Path) -> None:
    before, seen, fresh = digests_around(mutation, tmp_path)
    assert seen == fresh != before


@pytest.mark.parametrize("mutation", [item for item in MUTATIONS if item.answer == "hit"], ids=lambda item: item.name)
def test_an_edit_of_anything_else_does_not(mutation: Mutation, tmp_path: Path) -> None:
    before, seen, fresh = digests_around(mutation, tmp_path)
    assert seen == fresh == before


def test_the_suite_has_at_least_thirty_edits_of_each_kind_of_answer_together() -> None:
    assert len({item.name for item in MUTATIONS}) == len(MUTATIONS) >= 30


def test_unchanged_functions_are_looked_up_in_microseconds(tmp_path: Path) -> None:
    assert cached_calls_s(tmp_path, calls=1_000) < 1
