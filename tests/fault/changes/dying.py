"""Kills a merge of two refs and a roll-back at every point (tests.support.killing)."""

from pathlib import Path

from remint.app import App, initialise
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.fault.worktree.dying import ANA, opened
from tests.support.killing import killed_everywhere, of_a_project

BO = Context(PrincipalId("bo"), "main")
TRYING = Context(ANA.principal, "try")
REFS = ("data/one", "data/two")


def keep(app: App, project: Path, text: str) -> None:
    """Keep a version of each of the two sets in the sandbox."""
    for ref in REFS:
        folder = project / ref.replace("/", "-")
        folder.mkdir(exist_ok=True)
        (folder / "file").write_text(f"{ref} {text}")
        app.artifacts.add(TRYING, ref, folder)


def propose(app: App) -> str:
    """Propose both, and have them approved; return the change's id."""
    change_id = app.changes.propose(ANA, [f"try:{ref}" for ref in REFS]).change.id
    app.changes.approve(BO, change_id)
    return change_id


def prepare(project: Path) -> None:
    """Make a project of protected sets: two versions were merged, and a third waits as change 3."""
    project.mkdir()
    initialise(project, owner="ana")
    settings = project / "remint.toml"
    settings.write_text(f'protected = ["data/*"]\n{settings.read_text()}')
    app = opened(project)
    app.principals.create(ANA, "bo", roles=("approver",))
    app.refs.fork(ANA, "try")
    for text in ("first", "second"):
        keep(app, project, text)
        app.changes.merge(ANA, propose(app))
    keep(app, project, "third")
    propose(app)
    app.close()


def merge(app: App, _project: Path) -> None:
    """Merge the third version of both."""
    app.changes.merge(ANA, "3")


def roll_back(app: App, _project: Path) -> None:
    """Go back to the first version of one."""
    app.roll_backs.roll_back(ANA, REFS[0])


WORKS = {"merge": merge, "roll_back": roll_back}


def main(work: str, root: str) -> None:
    """Try every point of a work."""
    of_a_project(Path(root), prepare, opened, WORKS[work], "roll_backs" if work == "roll_back" else "changes")


def kill_everywhere(work: str, folder: Path) -> list[Path]:
    """Return the projects as the kills left them, in order of the points; the last one was not killed."""
    return killed_everywhere(__name__, work, folder)
