"""A file and a function stay small enough to be read at once."""

from tests.structure.tree import files_of_package, files_of_tests

FILE_LINES = 500
FUNCTION_LINES = 80


def test_no_file_is_longer_than_the_limit() -> None:
    counts = {file.where: len(file.text.splitlines()) for file in (*files_of_package(), *files_of_tests())}
    assert {where: count for where, count in counts.items() if count > FILE_LINES} == {}


def test_no_function_is_longer_than_the_limit() -> None:
    """A migration is one list of statements, never edited after its release, and may be longer."""
    lengths = {
        f"{file.where}:{function.lineno} {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for file in (*files_of_package(), *files_of_tests())
        for function in file.functions()
        if "migrations/versions/" not in file.where
    }
    assert {where: length for where, length in lengths.items() if length > FUNCTION_LINES} == {}
