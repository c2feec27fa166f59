"""What clients have of each Protocol: all of it, or what they lack is refused in so many words."""

import inspect
from importlib import import_module
from pkgutil import iter_modules

import pytest

from remint.adapters.remote.connection import Connection
from remint.adapters.remote.refusals import Part
from remint.app.facade import App
from remint.app.remote import THERE
from remint.errors import Unavailable
from remint.ports import usecases

ONLY_THERE = {"identity": {"identify"}, "principals": {"require"}}
"""What the server does for those who come to it; no command and no script calls it."""


def methods(kind):
    return {name for name, value in vars(kind).items() if inspect.isfunction(value) and not name.startswith("_")}


def protocol_of(noun):
    made = next(vars(kind)[noun] for kind in App.__mro__ if noun in vars(kind))
    name = made.func.__annotations__["return"].strip("'\"")
    modules = [import_module(f"{usecases.__name__}.{found.name}") for found in iter_modules(usecases.__path__)]
    return next(getattr(module, name) for module in modules if hasattr(module, name))


@pytest.mark.parametrize("noun", sorted(THERE.keys() - {"secrets"}))
def test_a_client_has_every_method_or_refuses_it(noun):
    module, name = THERE[noun]
    kind = getattr(import_module(f"remint.adapters.remote.{module}"), name)
    lacking = {method for method in methods(protocol_of(noun)) if not hasattr(kind, method)} - ONLY_THERE.get(noun, set())
    assert not lacking or issubclass(kind, Part)
    if issubclass(kind, Part):
        assert kind.whole is protocol_of(noun)
        part = kind(Connection("https://remint.example", "rmt_none"))
        for method in lacking:
            with pytest.raises(Unavailable, match=r"kept by https://remint\.example"):
                getattr(part, method)()
        with pytest.raises(AttributeError):
            part.nothing_of_the_kind()
