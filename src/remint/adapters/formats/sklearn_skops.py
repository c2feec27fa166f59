"""Scikit-learn models in the skops format: saved, loaded by the platform's own trust, named by what they hold.

Saving and loading need the extra `remint[sklearn]`. The digest and the comparison need neither scikit-learn nor skops and make
no object out of the file, so the control plane can use them on any file.
"""

import zipfile
from types import ModuleType
from typing import Any, Final

import numpy as np

from remint.adapters.formats.skops_archive import refuse
from remint.adapters.formats.skops_compare import first_difference
from remint.adapters.formats.skops_tree import Model, read_model
from remint.adapters.formats.skops_trust import TRUSTED, UNLISTED, refusal
from remint.core.digest import Digest
from remint.errors import Corrupt, Denied, Invalid, Unavailable

_LOADING_DAMAGE: Final = (ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, ImportError, LookupError)
_DAMAGE: Final = (
    *_LOADING_DAMAGE,
    np.ma.MAError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)


def save(estimator: object) -> bytes:
    """Return a fitted estimator as a skops file.

    The bytes differ from process to process; `content_digest` does not.

    Raises:
        Denied: a part of it is of a type that the platform would not load again; the error names the type.
        Invalid: a part of it cannot be stored in this format.
        Unavailable: skops is not installed.
    """
    skops = _skops()
    try:
        content: bytes = skops.dumps(estimator)
        model = read_model(content)
    except (TypeError, ValueError, AttributeError, RecursionError, Corrupt) as error:
        raise Invalid(
            f"a {type(estimator).__name__} cannot be stored",
            why=str(error).splitlines()[0][:300] if str(error) else type(error).__name__,
            next_step="store plain scikit-learn estimators; keep functions of your own in the code of the step",
        ) from error
    _require_trusted(model)
    return content


def load(content: bytes) -> Any:  # noqa: ANN401 - whatever estimator was saved
    """Return the estimator of a skops file.

    Every type in the file is looked up in the platform's list before any of it is made, and the trees of the loaded model are
    proven to read only their own memory.

    Raises:
        Denied: a type is not on the list; the error names it.
        Corrupt: the file is damaged, or was made to do harm.
        Invalid: it holds numbers that have no digest.
        LimitReached: it would unpack to more than a machine holds.
        Unavailable: skops is not installed.
    """
    skops = _skops()
    model = read_model(content)
    _require_trusted(model)
    from remint.adapters.formats.sklearn_checks import require_sound

    try:
        estimator = skops.loads(content, trusted=sorted({name.partition("(")[0] for name in model.types}))
        require_sound(estimator)
    except _DAMAGE as error:
        refuse(f"its parts do not make a model: {type(error).__name__}: {error}", error)
    return estimator


def content_digest(content: bytes) -> Digest:
    """Return the digest of what a skops file holds, equal for equal models wherever and whenever they were saved.

    Raises:
        Corrupt: the file is damaged.
        Invalid: it holds numbers that have no digest.
        LimitReached: it would unpack to more than a machine holds.
    """
    return read_model(content).digest


def types_in(content: bytes) -> frozenset[str]:
    """Return the full names of all types that loading a skops file would touch.

    Raises:
        Corrupt: the file is damaged.
    """
    return read_model(content).types


def differences(one: bytes, other: bytes) -> str | None:
    """Return the first place where two models differ and by how much, in words, or None where they are equal.

    Args:
        one: the skops file of the expected model.
        other: the skops file of the model that was made again.

    Raises:
        Corrupt: a file is damaged.
    """
    return first_difference(read_model(one).root, read_model(other).root)


def _skops() -> ModuleType:
    try:
        import sklearn  # noqa: F401 - skops needs it
        import skops.io
    except ImportError as error:
        raise Unavailable(
            "scikit-learn models cannot be saved or loaded here",
            why=f"{error.name} is not installed",
            next_step="pip install 'remint[sklearn]'",
        ) from error
    return skops.io


def _require_trusted(model: Model) -> None:
    unknown = sorted(model.types - TRUSTED, key=lambda name: (refusal(name) == UNLISTED, name))
    if unknown:
        raise Denied(
            f"the model holds {', '.join(unknown[:3])}",
            why=f"{refusal(unknown[0])}; only types on the platform's list are loaded",
            next_step="build the model from types on the list, or ask the owners of the platform to add this one",
            types=unknown,
        )
