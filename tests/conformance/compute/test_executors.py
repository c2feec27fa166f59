"""What every executor does with a task, in a process of its own or in this one."""

import random
import signal
import sys

import pytest

from remint.ports.compute import Executor
from tests.conformance.compute.bench import SEEDED, UNSEEDED, values


def test_it_is_an_executor(bench):
    executor: Executor = bench.executor
    assert executor.run is not None


def test_the_function_gets_its_arguments_and_gives_its_value(bench):
    result = bench.run("add", left=1, right=2)
    assert (result.state, values(result), result.error) == ("done", [3], {})


def test_a_default_stands_for_an_argument_that_is_not_given(bench):
    assert bench.value("add", left=1) == 11


def test_positional_only_and_gathered_parameters_get_theirs(bench):
    arguments = {"first": 1, "others": (2, 3), "named": {"four": 4}}
    assert bench.value("gather", **arguments) == {"first": 1, "others": [2, 3], "named": {"four": 4}}


def test_an_argument_keeps_its_kind(bench):
    assert bench.value("itself", value=(1, 2.5, {"day": None})) == (1, 2.5, {"day": None})


def test_an_input_stands_where_its_name_stands(bench):
    inputs = {"kept": bench.keep({"$like": [1, (2,)]})}
    assert bench.value("itself", value="$kept", inputs=inputs) == {"$like": [1, (2,)]}


def test_inputs_may_stand_inside_lists_and_tuples(bench):
    inputs = {"first": bench.keep(1, "first"), "second": bench.keep([2], "second")}
    assert bench.value("itself", value=["$first", ("$second", 3)], inputs=inputs) == [1, ([2], 3)]


def test_an_input_that_is_not_bound_is_none(bench):
    assert bench.value("itself", value="$absent") is None


def test_several_outputs_come_out_in_order(bench):
    assert values(bench.run("pair", outputs=("text", "number"))) == ["one", 2]


def test_another_number_of_values_than_outputs_fails_and_names_both(bench):
    error = bench.run("three", outputs=("a", "b")).error
    assert error["what"] == "step work:three returned 3 values"
    assert error["why"] == "it has 2 outputs: a, b"


def test_one_value_for_several_outputs_fails(bench):
    assert bench.run("nothing", outputs=("a", "b")).error["what"] == "step work:nothing returned one int"


def test_the_plain_function_of_a_decorated_step_is_called(bench):
    assert bench.value("decorated") == "plain"


def test_a_function_inside_a_class_is_found_by_its_qualified_name(bench):
    assert bench.value("Group.inside") == "found"


def test_a_function_inside_a_function_cannot_be_run(bench):
    error = bench.run("make.<locals>.inner").error
    assert "defined inside a function" in error["why"]


def test_a_function_that_is_not_there_is_named(bench):
    assert bench.run("absent").error["what"] == "step work:absent was not found"


def test_a_module_that_is_not_there_fails_with_pythons_words(bench):
    error = bench.run("f", module="absent_module").error
    assert error["why"] == "No module named 'absent_module'"


def test_a_module_named_like_a_library_is_refused(bench):
    (bench.code / "json.py").write_text("def f(): return 1\n")
    error = bench.run("f", module="json").error
    assert (error["what"], error["next_step"]) == ("module json is not the one of the step", "rename the module of the step")


def test_a_changed_module_is_imported_anew(bench):
    place = bench.code / "changing.py"
    place.write_text("def f(): return 1\n")
    before = bench.value("f", module="changing")
    place.write_text("def f(): return 22\n")
    assert (before, bench.value("f", module="changing")) == (1, 22)


def test_a_package_with_a_helper_is_imported_from_the_code(bench):
    (bench.code / "deep").mkdir()
    (bench.code / "deep" / "__init__.py").touch()
    (bench.code / "deep" / "steps.py").write_text("from deep.helper import VALUE\ndef f(): return VALUE\n")
    (bench.code / "deep" / "helper.py").write_text("VALUE = 5\n")
    assert bench.value("f", module="deep.steps") == 5


def test_an_error_shows_the_users_frames_under_the_project(bench):
    error = bench.run("look_up", key="gone").error
    assert error["what"] == "step work:look_up raised KeyError"
    assert error["why"] == "'gone'"
    lines = [line.strip() for line in error["traceback"].splitlines() if not set(line) <= set(" ~^")]
    shown = bench.project / "work.py"
    assert [lines[0], lines[2], lines[4], lines[5]] == [
        "Traceback (most recent call last):",
        "return deeper(key)",
        "return LOOKED_UP[key]",
        "KeyError: 'gone'",
    ]
    assert lines[1].startswith(f'File "{shown}", line ')
    assert error["next_step"].startswith(f"look at {shown}:")


def test_an_error_that_came_from_another_shows_both(bench):
    text = bench.run("wrap", key="gone").error["traceback"]
    assert text.index("KeyError: 'gone'") < text.index("direct cause") < text.index("ValueError: no such key")
    assert "runner.py" not in text


def test_frames_of_a_library_below_the_users_last_are_kept(bench):
    text = bench.run("in_library").error["traceback"]
    assert text.index("work.py") < text.index("json/decoder.py") < text.index("JSONDecodeError")


def test_a_module_that_does_not_parse_is_shown(bench):
    (bench.code / "broken.py").write_text("def f(:\n")
    error = bench.run("f", module="broken").error
    assert error["what"] == "step broken:f raised SyntaxError"
    assert f'File "{bench.project / "broken.py"}", line 1' in error["traceback"]
    assert "importlib" not in error["traceback"]


def test_an_error_of_remint_keeps_its_sentences(bench):
    error = bench.run("refuse").error
    assert [error[name] for name in ("what", "why", "next_step")] == [
        "the table is empty",
        "no day is complete",
        "wait until tomorrow",
    ]


def test_an_error_that_cannot_say_what_it_is_is_still_a_failure(bench):
    (bench.code / "mute.py").write_text("class E(Exception):\n    def __str__(self): raise KeyError\ndef f(): raise E\n")
    result = bench.run("f", module="mute")
    assert (result.state, result.error["what"]) == ("failed", "step mute:f raised E")


def test_sys_exit_is_a_failure(bench):
    result = bench.run("leave", code=0)
    assert (result.state, result.error["what"]) == ("failed", "step work:leave ended its process with sys.exit(0)")


def test_a_value_without_an_encoding_is_a_failure(bench):
    (bench.code / "odd.py").write_text("def f(): return object()\n")
    assert bench.run("f", module="odd").state == "failed"


def test_what_it_prints_is_kept_and_passed_on(bench):
    lines = []
    result = bench.run("speak", lines=3, on_line=lines.append)
    assert set(lines) >= {"line 0", "line 1", "line 2", "aside"}
    assert set(result.log.read_text().splitlines()) == set(lines)


def test_a_failed_step_keeps_its_log(bench):
    (bench.code / "loud.py").write_text("print('before')\ndef f(): raise ValueError\n")
    assert "before" in bench.run("f", module="loud").log.read_text()


def test_a_seed_makes_random_numbers_repeat(bench):
    first, second = bench.value("numbers"), bench.value("numbers")
    assert first == second


def test_another_seed_makes_other_numbers(bench):
    other = bench.value("numbers", conditions={**SEEDED, "seed": 8})
    first = bench.value("numbers")
    assert [a == b for a, b in zip(first, other, strict=True)] == [False, False, True, True]


def test_a_seed_of_any_size_is_taken(bench):
    for seed in (-1, 2**64 + 5):
        assert bench.value("numbers", conditions={**SEEDED, "seed": seed})


def test_no_seed_gives_fresh_numbers_each_time(bench):
    first, second = (bench.value("numbers", conditions=UNSEEDED, modules=("numpy.random",)) for _ in range(2))
    assert [a == b for a, b in zip(first[:2], second[:2], strict=True)] == [False, False]


def test_usage_is_metered(bench):
    usage = bench.run("burn", seconds=0.2).usage
    assert 150_000 <= usage.cpu_us <= 3_000_000
    assert usage.wall_us >= 150_000
    assert usage.peak_bytes > 5_000_000


def test_a_library_and_a_package_that_were_loaded_are_named(bench):
    observed = bench.run("libraries").observed
    assert any("_multiarray_umath" in path for path in observed["libraries"])
    assert "numpy" in observed["modules"]
    assert not {"work", "json", "remint"} & set(observed["modules"])
    assert (observed["seed"], observed["threads"]) == (7, 1)
    assert observed["python"] == ".".join(map(str, sys.version_info[:3]))


def test_outputs_stay_under_scratch(bench):
    task = bench.task("nothing")
    result = bench.executor.run(task)
    assert result.outputs["out"].parts[0][1].is_relative_to(task.scratch)


def test_files_it_writes_in_its_folder_are_its_own(bench):
    assert bench.value("write_here") == "a"


def test_inline_leaves_this_process_as_it_was(bench, request):
    before = (random.getstate(), list(sys.path), sorted(sys.modules), signal.getsignal(signal.SIGINT))
    bench.run("itself", value=1)
    bench.run("look_up", key="gone")
    random_state, path, modules, interrupt = before
    assert (random.getstate(), sys.path, signal.getsignal(signal.SIGINT)) == (random_state, path, interrupt)
    assert "work" not in sys.modules
    assert set(modules) <= set(sys.modules)


def test_closing_twice_is_no_error(bench):
    with pytest.MonkeyPatch.context():
        type(bench.executor)().close()
        executor = type(bench.executor)()
        executor.close()
        executor.close()
