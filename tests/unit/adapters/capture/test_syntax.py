"""Trees of Python source, asked for by several threads."""

import gc
import threading
import time
import warnings

from remint.adapters.capture import syntax

LONG = "x = [" + ", ".join(f"f({n}, [{n}, ({n}, {n})])" for n in range(400)) + "]\n"


def give_way(_phase, _about):
    """Let another thread go on in the middle of making a tree, as a finaliser may."""
    time.sleep(0)


def test_threads_that_parse_at_once_do_not_disturb_each_other():
    failures = []

    def parse():
        try:
            for _ in range(4):
                syntax.module(LONG)
                syntax.expression("a[b](c)")
        except BaseException as error:
            failures.append(error)
            raise

    gc.callbacks.append(give_way)
    before = gc.get_threshold()
    gc.set_threshold(50)
    threads = [threading.Thread(target=parse) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.set_threshold(*before)
    gc.callbacks.remove(give_way)
    assert failures == []


def test_what_python_thinks_of_the_style_is_not_said():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        syntax.module('x = "\\d"\n')
        syntax.expression("1 is 1")
