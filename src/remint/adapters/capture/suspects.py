"""What in a step's code may make its results differ between runs: a static search, for explaining a divergence."""

import ast
from collections.abc import Iterator, Mapping

from remint.adapters.capture import syntax

CLOCKS = {
    "time.time", "time.time_ns", "time.monotonic", "time.perf_counter",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today", "dt.datetime.now", "dt.date.today",
}  # fmt: skip
CHANCE = {"uuid.uuid1", "uuid.uuid4", "os.urandom", "secrets.token_bytes", "secrets.token_hex", "secrets.randbelow"}
GENERATORS = {"default_rng", "RandomState", "Random"}
RANDOM_MODULES = ("random.", "np.random.", "numpy.random.")
UNORDERED = {"os.listdir", "os.scandir", "glob.glob"}
UNORDERED_METHODS = {"iterdir", "glob", "rglob"}
SET_METHODS = {"union", "intersection", "difference", "symmetric_difference"}
ORDER_KEEPERS = {"sorted", "len", "sum", "min", "max", "any", "all", "set", "frozenset"}
ESTIMATORS_WITH_CHANCE = (
    "Classifier", "Regressor", "KMeans", "PCA",
    "TruncatedSVD", "NMF", "TSNE", "IsolationForest", "train_test_split", "ShuffleSplit",
)  # fmt: skip


def suspects_in(files: Mapping[str, bytes], *, seeded: bool = False) -> list[str]:
    """Return, in words with file and line, what may differ between runs; most telling first, at most 12.

    Args:
        files: source by relative path.
        seeded: whether the step has a seed, so that global generators repeat.
    """
    found: list[tuple[int, str, int, str]] = []
    for name in sorted(files):
        if not name.endswith(".py"):
            continue
        for rank, line, words in _search(syntax.module(files[name]), seeded=seeded):
            found.append((rank, name, line, words))
    return [f"{name}:{line} {words}" for _, name, line, words in sorted(found)[:12]]


def _search(tree: ast.Module, *, seeded: bool) -> Iterator[tuple[int, int, str]]:
    set_names = _names_of_sets(tree)
    ordered = _in_order_keepers(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node, seeded=seeded)
        iterated = _iterated(node)
        if iterated is not None and id(iterated) not in ordered and _is_set(iterated, set_names):
            yield 1, iterated.lineno, "iterates over a set, whose order changes with the hash seed"


def _of_call(node: ast.Call, *, seeded: bool) -> Iterator[tuple[int, int, str]]:
    name = _dotted(node.func)
    last = name.rpartition(".")[2]
    if name in CLOCKS or (last in {"now", "utcnow", "today"} and not node.args):
        yield 0, node.lineno, f"reads the clock ({name})"
    elif name in CHANCE:
        yield 0, node.lineno, f"draws fresh randomness that no seed controls ({name})"
    elif last in GENERATORS and not node.args and not node.keywords:
        yield 0, node.lineno, f"makes a random generator without a seed ({name})"
    elif name.startswith(RANDOM_MODULES) and last not in GENERATORS | {"seed"} and not seeded:
        yield 1, node.lineno, f"draws random numbers, and the step has no seed ({name})"
    elif last.endswith(ESTIMATORS_WITH_CHANCE) and not _has_random_state(node):
        yield 2, node.lineno, f"makes {last} without random_state, so it draws from the global generator"
    elif name in UNORDERED or last in UNORDERED_METHODS:
        yield 3, node.lineno, f"lists files in no promised order ({name})"
    elif name == "id" or (name == "hash" and node.args):
        yield 2, node.lineno, f"uses {name}(), which changes with memory or the hash seed"


def _has_random_state(node: ast.Call) -> bool:
    given = [keyword for keyword in node.keywords if keyword.arg in {"random_state", None}]
    return any(not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None) for keyword in given)


def _dotted(node: ast.expr) -> str:
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        words.append(node.id)
    return ".".join(reversed(words))


def _names_of_sets(tree: ast.Module) -> set[str]:
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_set(node.value, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _is_set(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Call):
        called = _dotted(node.func)
        return called in {"set", "frozenset"} or called.rpartition(".")[2] in SET_METHODS
    return False


def _iterated(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.For | ast.comprehension):
        return node.iter
    if isinstance(node, ast.Call) and _dotted(node.func) in {"list", "tuple", "enumerate", "iter"} and len(node.args) == 1:
        return node.args[0]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join" and len(node.args) == 1:
        return node.args[0]
    return None


def _in_order_keepers(tree: ast.Module) -> set[int]:
    """Return the expressions whose order does not reach the result, because something above sorts or counts them."""
    kept: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _dotted(node.func) in ORDER_KEEPERS:
            for argument in node.args:
                kept |= {id(inner) for inner in ast.walk(argument)}
    return kept
