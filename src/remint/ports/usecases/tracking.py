"""Use cases of tracked paths."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from remint.core.worktree import PathStatus


class Trackings(Protocol):
    """How tracked paths stand. Nothing here needs the catalog."""

    def status(self, workspace: str, path: Path | None = None) -> Sequence[PathStatus]:
        """Look at every tracked path of a workspace and return how it stands to the version added from it, in order of refs.

        A file is read only if its size and times do not say whether it changed. What was learned is kept for the next call;
        that is the only thing written, and a disk that does not take it is no error.

        Args:
            workspace: whose refs.
            path: look only at the tracked paths that are, or hold, this one.

        Raises:
            NotFound: a path was given, and nothing there is tracked.
            Corrupt: the manifest of a version, or the record of a tracked path, cannot be read.
            Conflict: a folder was removed while it was read.
        """
        ...
