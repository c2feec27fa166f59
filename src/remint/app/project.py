"""Opening a project, and making one of a folder."""

from pathlib import Path

from remint.app.facade import App
from remint.config import FILE, find_root, has_settings, here, load
from remint.core.ref import require_name


def open_project(
    start: Path | None = None, *, inline: bool = False, principal: str | None = None, workspace: str | None = None
) -> App:
    """Return the app of the project at or above a folder.

    Args:
        start: the folder to look from; the current one if not given.
        inline: run steps in this process, for debugging.
        principal: who acts, instead of the setting.
        workspace: where, instead of the setting.

    Raises:
        ProjectNotFound: there is no project.
    """
    root = find_root((start or here()).resolve())
    return App(load(root, {"principal": principal, "workspace": workspace}), inline=inline)


def initialise(root: Path, *, owner: str) -> list[str]:
    """Make a project of a folder and return what was made; what exists stays as it is.

    Args:
        root: the folder.
        owner: name of the first principal.

    Raises:
        InvalidName: the owner's name is outside the grammar.
    """
    made: list[str] = []
    if not (root / FILE).exists() and not has_settings(root):
        (root / FILE).write_text(f'principal = "{require_name(owner, what="principal")}"\n', encoding="utf-8")
        made.append(FILE)
    settings = load(root)
    if not (settings.state / "catalog.db").exists():
        made.append(".remint/")
    settings.state.mkdir(exist_ok=True)
    app = App(settings)
    try:
        app.projects.start(settings.text("principal") or owner)
    finally:
        app.close()
    return made
