"""An erasure that is killed has done nothing, or all but the removal of bytes; and then it is completed."""

import shutil

import pyarrow as pa
import pytest

from remint.adapters.tables.logical import digest_table
from remint.core.log import first_bad
from remint.ports.usecases.context import Context
from tests.fault.erase.dying import DEMAND, HIM, PEOPLE, erase, kill_everywhere, opened
from tests.fault.worktree.dying import ANA
from tests.support.leaks import places_of

BOX = Context(ANA.principal, "box")
REST = [one for one in PEOPLE if one != HIM]


def digest_of(people):
    rows = [*range(150), *range(50)]
    kept = [place for place, one in enumerate(PEOPLE) if one in people]
    table = pa.table({"id": [PEOPLE[place] for place in kept], "x": pa.array([rows[place] for place in kept], pa.int64())})
    return digest_table(table).digest


BEFORE, AFTER = digest_of(PEOPLE), digest_of(REST)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    return kill_everywhere(tmp_path_factory.mktemp("erase"))


def look(app):
    """Return where the ref points in both workspaces, every byte verified, and the numbers of erasures; the log is whole."""
    found = [app.refs.artifact(context, "data/people").digest for context in (ANA, BOX)]
    for digest in found:
        app.artifacts.verify(digest)
    with app.catalog.read() as tx:
        leaves = tx.entries.leaves()
        assert first_bad(leaves) is None
        assert tx.entries.frontier().size == len(leaves)
    return found, [one.number for one in app.erasures.list()]


def test_both_workspaces_move_at_once_and_never_back(killed):
    found = []
    for project in killed:
        app = opened(project)
        found.append(look(app))
        app.close()
    before, after = ([BEFORE, BEFORE], []), ([AFTER, AFTER], [1])
    assert [one for one in found if one not in (before, after)] == []
    assert found == sorted(found, key=lambda one: one == after)
    assert (found[0], found[-1]) == (before, after)
    assert len(killed) > 50


@pytest.mark.parametrize("way", ["the same call", "a collection"])
def test_doing_it_again_completes_it_and_leaves_no_byte(killed, tmp_path, way):
    for project in killed[:: 3 if way == "the same call" else 1]:
        again = shutil.copytree(project, tmp_path / project.name)
        app = opened(again)
        is_recorded = look(app)[1] == [1]
        if way == "a collection" and not is_recorded:
            app.close()
            continue
        if way == "a collection":
            app.storage.collect(ANA, unused_days=0)
        else:
            erase(app)
        assert look(app) == ([AFTER, AFTER], [1])
        assert app.erasures.list()[0].removed_at_us is not None
        assert app.erasures.erase(ANA, DEMAND).erasure is None
        app.close()
        assert places_of(again / ".remint", HIM) == []
        shutil.rmtree(again)


def test_the_certificate_of_one_that_was_cut_short_is_whole(killed):
    for project in killed[-30::5]:
        app = opened(project)
        erasure, said = app.erasures.show(1)
        assert (erasure.number, said["tables"][0]["successor"]) == (1, AFTER)
        app.close()
