"""Loading a project's pipelines: the one place that imports user code into this process."""

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from remint.errors import Conflict, Invalid, NotFound, RemintError
from remint.sdk.steps import Pipeline


def load_pipelines(root: Path, files: Sequence[str]) -> dict[str, Pipeline]:
    """Return the pipelines that a project's files define, by name.

    Args:
        root: the project.
        files: relative paths, for example `pipeline.py`.

    Raises:
        NotFound: a file does not exist.
        Invalid: a file cannot be imported; the message has the user's own line.
        Conflict: two pipelines have one name.
    """
    _forget(root)
    found: dict[str, Pipeline] = {}
    for name in files:
        module = _import(root, name)
        for value in vars(module).values():
            if not isinstance(value, Pipeline):
                continue
            if found.setdefault(value.name, value) is not value:
                raise Conflict(
                    f"two pipelines are named {value.name}",
                    why=f"{found[value.name].function.__name__} and {value.function.__name__} would move the same ref",
                    next_step="give one of them another name",
                )
    return found


_roots: list[str] = []


def _forget(root: Path) -> None:
    """Forget the modules of every project loaded so far, so that a second project, or an edit, is seen as it is now."""
    if str(root) not in _roots:
        _roots.append(str(root))
    sys.path[:] = [entry for entry in sys.path if entry not in _roots]
    for name, module in list(sys.modules.items()):
        place = getattr(module, "__file__", None)
        if isinstance(place, str) and any(place.startswith(f"{known}/") and "site-packages" not in place for known in _roots):
            del sys.modules[name]


def _import(root: Path, name: str) -> object:
    path = root / name
    if not path.is_file():
        raise NotFound(
            f"{name} was not found",
            why="the setting `pipelines` names it, but the project has no such file",
            next_step="make it, or change `pipelines` in remint.toml",
        )
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
        importlib.invalidate_caches()
    module_name = name.removesuffix(".py").replace("/", ".")
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise Invalid(f"{name} cannot be imported", why="it is not a Python file", next_step="name a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    with _UserCode(root, name):
        spec.loader.exec_module(module)
    return module


class _UserCode:
    """Where the user's file is imported: whatever it raises is shown as the user's own failure, with the user's own line."""

    def __init__(self, root: Path, name: str) -> None:
        self._root = root
        self._name = name

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None) -> None:
        """Say in which line the file failed."""
        if not isinstance(error, Exception) or isinstance(error, RemintError):
            return
        root = str(self._root)
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(root)]
        where = f"{Path(frames[-1].filename).relative_to(root)}:{frames[-1].lineno}" if frames else self._name
        raise Invalid(
            f"{self._name} could not be imported",
            why=f"{type(error).__name__} at {where}: {error}",
            next_step="mend that line",
        ) from error
