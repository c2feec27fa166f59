"""Habits the style guide asks for that no linter checks."""

import ast
import inspect
import re

from remint import errors
from tests.structure.tree import SourceFile, files_of_package, files_of_tests, tracked_texts

BROAD_EXCEPTS = 3
"""Step boundary, server boundary, terminal boundary."""

ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}

# Written with classes of one letter, so that this file does not find itself.
MARKS = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
MACHINE_PATH = re.compile(r"""(?<![\w.)}\]>*-])/(?:wor[k]|roo[t])(?![\w-])|(?<![\w.)}\]>*-])/tm[p]/|/hom[e]/[a-z]""")
REGISTRY = re.compile(r"(?i)pypi[.]org|pythonhosted[.]org|npmjs[.](?:org|com)|anaconda[.]org|crates[.]io|debian[.]org")


def found_in_tree(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{where}:{number}: {line.strip()[:80]}"
        for where, text in tracked_texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def is_broad(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler):
        return False
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in caught)


def reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(alias.name in ENVIRONMENT for alias in node.names)
    return (
        isinstance(node, ast.Attribute)
        and node.attr in ENVIRONMENT
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    )


def lines_where(test: object, file: SourceFile) -> list[str]:
    assert callable(test)
    return [f"{file.where}:{getattr(node, 'lineno', 0)}" for node in ast.walk(file.syntax) if test(node)]


def test_everything_is_caught_in_three_files_at_most() -> None:
    files = [file.where for file in files_of_package() if lines_where(is_broad, file)]
    assert len(files) <= BROAD_EXCEPTS, files


def test_the_environment_is_read_in_one_file_only() -> None:
    others = [file for file in files_of_package() if file.where != "src/remint/config.py"]
    assert [line for file in others for line in lines_where(reads_environment, file)] == []


def test_nothing_is_left_unfinished() -> None:
    def unfinished(node: ast.AST) -> bool:
        return isinstance(node, ast.Raise) and "NotImplementedError" in ast.dump(node)

    files = (*files_of_package(), *files_of_tests())
    assert [line for file in files for line in lines_where(unfinished, file)] == []
    marked = [f"{file.where}:{n}" for file in files for n, line in enumerate(file.text.splitlines(), 1) if MARKS.search(line)]
    assert marked == []


def test_every_error_says_what_it_is_for() -> None:
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
    assert [kind.__name__ for kind in classes if not (kind.__doc__ or "").strip() or not issubclass(kind, Exception)] == []


def test_every_error_belongs_to_one_of_the_nine_families() -> None:
    families = {kind for kind in errors.RemintError.__subclasses__() if kind.__module__ == errors.__name__}
    assert len({kind.family for kind in families}) == len(families) == 9


def test_no_file_names_a_path_of_one_machine() -> None:
    assert found_in_tree(MACHINE_PATH) == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    assert found_in_tree(REGISTRY) == []
