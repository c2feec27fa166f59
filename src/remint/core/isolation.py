"""How far a step is kept apart from the machine that it runs on: a ladder whose levels are recorded and can be demanded."""

from typing import Final

from remint.errors import Invalid

NONE, PROCESS, FILES, NAMESPACES = range(4)
LEVELS: Final = (
    "none: in the process that asks, for debugging",
    "a process of its own with an environment of its own and limits",
    "also kept by the kernel from files that it does not declare",
    "also in namespaces of its own, without a network and without a view of other files",
)


def require_level(level: int, *, setting: str) -> int:
    """Return a level.

    Raises:
        Invalid: there is none of that number.
    """
    if level not in range(len(LEVELS)):
        raise Invalid(
            f"the setting {setting} is {level}",
            why=f"levels are 0 to {len(LEVELS) - 1}: {'; '.join(f'{n}: {words}' for n, words in enumerate(LEVELS))}",
            next_step=f"write one of them, for example {setting} = {NAMESPACES}",
        )
    return level


def demanded(workspace: str, *, always: int, in_sandboxes: int, profile: int = NONE, production: str = "main") -> int:
    """Return the least level at which a run may be carried out.

    Args:
        workspace: of the run.
        always: what the project demands of every run.
        in_sandboxes: what it demands of runs in sandboxes.
        profile: what the profile of the run demands.
        production: the workspace that is no sandbox.

    Example:
        >>> demanded("main", always=1, in_sandboxes=3), demanded("try", always=1, in_sandboxes=3)
        (1, 3)
    """
    return max(always, profile, in_sandboxes if workspace != production else NONE)
