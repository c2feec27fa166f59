"""Variables that a step finds in its environment: the secrets it was given."""

import os
from collections.abc import Mapping

_HERE = os.environ  # noqa: TID251 - what is put here is for the step alone


class Lent:
    """Variables for one step.

    Args:
        values: by name; in force at once.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._before = {name: _HERE.get(name) for name in values}
        _HERE.update(values)

    def take_back(self) -> None:
        """Put what was there before in their place."""
        for name, value in self._before.items():
            if value is None:
                _HERE.pop(name, None)
            else:
                _HERE[name] = value
