"""What a guarded step cannot do: read what it does not declare, write outside its folder, connect."""

import json
import shutil
import socket
import sqlite3
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from remint.core.artifact import Kind
from remint.ports.compute import InputFiles, Limits
from tests.conformance.compute.bench import MIB

CAN_READ = ("open", "pyarrow", "duckdb", "pandas", "polars", "numpy", "cat", "python", "sqlite", "mmap", "c")
READERS = (*CAN_READ, "listdir", "link", "hard_link", "proc")


@pytest.fixture
def files(guarded):
    """A file for each way of reading, all in the project's own folder."""
    pq.write_table(pa.table({"a": [1]}), guarded.project / "table.parquet")
    with sqlite3.connect(guarded.project / "base.sqlite") as connection:
        connection.execute("create table t(a)")
    connection.close()
    special = {"pyarrow": "table.parquet", "sqlite": "base.sqlite"}
    guarded.secret()
    return lambda reader: str(guarded.project / special.get(reader, "secret.txt"))


@pytest.mark.parametrize("reader", READERS)
def test_an_undeclared_file_cannot_be_read(guarded, files, reader):
    result = guarded.run(f"read_{reader}", path=files(reader))
    assert result.guarded
    assert (result.state, result.outputs) == ("failed", {})
    words = result.error["why"] + result.error["traceback"]
    expected = ("Permission denied", "unable to open", "non-zero exit status", "Operation not permitted", "cross-device")
    assert any(text in words for text in expected), words


@pytest.mark.parametrize("reader", CAN_READ)
def test_a_declared_file_can_be_read(guarded, files, reader):
    place = files(reader)
    store = guarded.root / "store" / "blob"
    shutil.copy(place, store)
    file = InputFiles(Kind.FILES, "b3:0", (("a", store),))
    (guarded.code / "reads.py").write_text(f"import work\ndef f(files): return str(work.read_{reader}(str(files.path('a'))))\n")
    assert guarded.value("f", module="reads", files="$files", inputs={"files": file})


@pytest.mark.parametrize("reader", ["open", "pyarrow", "duckdb", "pandas", "polars"])
def test_the_advice_names_the_file_and_how_to_declare_it(guarded, files, reader):
    error = guarded.run(f"read_{reader}", path=files(reader)).error
    assert error["next_step"].startswith(f"declare {files(reader)} as an input (`ref(...)` or a `Files` parameter)")


def test_another_run_s_files_cannot_be_read(guarded):
    other = guarded.run("write_here").log
    assert guarded.run("read_open", path=str(other)).state == "failed"


def test_its_own_log_cannot_be_changed(guarded):
    (guarded.code / "forge.py").write_text("def f(): open('../log.txt', 'w')\n")
    assert guarded.run("f", module="forge").error["why"].startswith("[Errno 13]")


def test_nothing_is_written_outside_its_folder(guarded):
    path = str(guarded.project / "new.txt")
    error = guarded.run("write_text", path=path).error
    assert not (guarded.project / "new.txt").exists()
    assert error["next_step"].startswith("write new.txt in the working folder")


def test_the_code_cannot_be_changed(guarded):
    assert guarded.run("write_text", path=str(guarded.code / "work.py")).state == "failed"


def test_an_input_cannot_be_changed_or_removed(guarded):
    inputs = {"kept": guarded.keep(1)}
    place = str(inputs["kept"].parts[0][1])
    assert guarded.run("write_text", path=place, inputs=inputs).state == "failed"
    assert guarded.run("remove", path=place, inputs=inputs).state == "failed"


def test_a_module_outside_the_code_cannot_be_imported(guarded):
    guarded.secret("hidden_module.py", "VALUE = 1\n")
    error = guarded.run("import_outside", folder=str(guarded.project), module="hidden_module").error
    assert error["what"].endswith(("raised ModuleNotFoundError", "raised PermissionError"))


def test_the_parents_environment_cannot_be_read(guarded):
    assert "Permission denied" in guarded.run("read_environment_of_parent").error["why"]


def test_the_parent_cannot_be_signalled(guarded):
    assert guarded.run("kill_parent").error["what"].endswith("raised PermissionError")
    assert guarded.value("nothing") == 0


def test_a_connection_is_refused_and_the_advice_says_how_to_allow_it(guarded):
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = guarded.run("connect", port=server.getsockname()[1]).error
    assert error["what"].endswith("raised PermissionError")
    assert error["next_step"].startswith("let the step connect (`network=True`)")


def test_a_datagram_goes_nowhere(guarded):
    guarded.need("netns")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        guarded.run("send_datagram_below", port=server.getsockname()[1])
        with pytest.raises(TimeoutError):
            server.recv(100)


def test_a_step_with_a_network_connects(guarded):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet():
            client, _ = server.accept()
            with client:
                client.sendall(b"hello")

        thread = threading.Thread(target=greet)
        thread.start()
        assert guarded.value("connect", port=server.getsockname()[1], network=True) == "hello"
        thread.join()


def test_a_step_with_a_network_still_reads_only_what_it_declares(guarded):
    result = guarded.run("read_open", path=guarded.secret(), network=True)
    assert (result.state, result.guarded) == ("failed", True)


def test_shared_memory_and_processes_work_and_are_private(guarded):
    guarded.need("mounts")
    text, mapped, left = guarded.value("share_memory")
    assert (text, mapped) == ("abc", [1, 2])
    assert all(name.startswith(("psm_", "sem.", "mp-")) for name in left)


def test_a_search_in_several_processes_works(guarded):
    guarded.need("mounts")
    assert guarded.value("search_grid", modules=("sklearn.model_selection",)) > 0.5


def test_home_and_temporary_files_are_in_its_folder(guarded):
    assert guarded.value("in_home") == [True, True]


def test_only_its_own_environment_is_there(guarded, monkeypatch):
    monkeypatch.setenv("SECRET", "of the parent")
    found = guarded.value("conditions", conditions={"seed": 1, "hash_seed": 3, "threads": 2})
    assert found["SECRET"] is None
    assert (found["LANG"], found["TZ"], found["PYTHONHASHSEED"]) == ("C.UTF-8", "UTC", "3")
    assert (found["OMP_NUM_THREADS"], found["OPENBLAS_NUM_THREADS"]) == ("2", "2")
    assert (found["argv"], found["cwd"], found["input"]) == (["work"], "step", "")


def test_it_has_no_open_files_but_its_own(guarded):
    assert guarded.value("files_opened") == [0, 1, 2, 3]  # the fourth is the listing itself


def test_it_cannot_ask_a_person(guarded):
    assert guarded.run("ask").error["what"].endswith("raised EOFError")


def test_a_fresh_hash_seed_is_drawn_once_an_executor_and_recorded(guarded):
    conditions = {"seed": None, "hash_seed": "fresh", "threads": 1}
    first, second = (guarded.run("hashed", conditions=conditions) for _ in range(2))
    assert first.observed["hash_seed"] == second.observed["hash_seed"]
    assert isinstance(first.observed["hash_seed"], int)


def test_a_given_hash_seed_holds(guarded):
    values = {guarded.value("hashed", conditions={"seed": 1, "hash_seed": seed, "threads": 1}) for seed in (0, 0, 5)}
    assert len(values) == 2


def test_what_guards_it_is_recorded(guarded):
    result = guarded.run("nothing")
    assert result.guarded
    assert result.observed["isolation"].startswith("landlock-")


def test_modules_are_loaded_before_the_fork_and_a_broken_one_is_no_error(guarded):
    result = guarded.run("nothing", modules=("pyarrow", "absent_library"))
    assert (result.state, "pyarrow" in result.observed["modules"]) == ("done", True)


def test_a_link_left_as_an_output_is_not_followed(guarded):
    secret = guarded.secret(content='{"v": 1, "state": "done", "outputs": {}, "error": {}, "observed": {}}')
    result = guarded.run("forge_link", target=secret)
    assert (result.state, result.outputs) == ("failed", {})


@pytest.mark.parametrize("place", ["link", "folder/secret.txt", "../../log.txt", "/etc/passwd", "absent", "."])
def test_a_part_outside_the_outputs_is_not_taken(guarded, place):
    output = {"kind": "value", "folder": "0", "parts": [["value.json", place]], "facts": {}}
    told = json.dumps({"v": 1, "state": "done", "outputs": {"out": output}, "error": {}, "observed": {}})
    result = guarded.run("forge_result", told=told, target=guarded.secret())
    assert (result.state, result.outputs) == ("failed", {})


def test_a_large_input_of_many_files_is_allowed_file_by_file(guarded):
    folder = guarded.root / "store" / "many"
    folder.mkdir()
    parts = []
    for number in range(2_000):
        (folder / str(number)).write_text(str(number))
        parts.append((f"f{number}", folder / str(number)))
    (folder / "undeclared").write_text("no")
    (guarded.code / "many.py").write_text(
        "import os\ndef f(files):\n    a = str(files.path('f7'))\n    return [open(a).read(), os.path.dirname(a)]\n"
    )
    inputs = {"files": InputFiles(Kind.FILES, "b3:0", tuple(parts))}
    text, where = guarded.value("f", module="many", files="$files", inputs=inputs)
    assert text == "7"
    assert guarded.run("read_open", path=f"{where}/undeclared", inputs=inputs).state == "failed"


def test_memory_that_is_shared_counts_once(guarded):
    result = guarded.run("share_memory_with_forks", count=4, mib=100, seconds=0.4, limits=Limits(memory_bytes=300 * MIB))
    assert result.state == "done"
