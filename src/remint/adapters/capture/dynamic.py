"""Names through which code reaches other code in ways that reading the source cannot follow."""

BUILTINS = frozenset({"exec", "eval", "__import__", "globals", "__builtins__"})
"""Builtins that run text, or hand out names by text."""

_OUTSIDE = (
    "builtins.__import__",
    "builtins.eval",
    "builtins.exec",
    "builtins.globals",
    "cloudpickle",
    "dill",
    "imp",
    "importlib.__import__",
    "importlib.import_module",
    "importlib.machinery",
    "importlib.reload",
    "importlib.util",
    "inspect.getsource",
    "inspect.getsourcelines",
    "joblib.load",
    "pickle.Unpickler",
    "pickle.load",
    "pickle.loads",
    "pkgutil.iter_modules",
    "pkgutil.resolve_name",
    "pkgutil.walk_packages",
    "runpy",
    "shelve",
    "sys.meta_path",
    "sys.modules",
    "sys.path",
    "sys.path_hooks",
    "zipimport",
)
_AS_OBJECTS = frozenset({"builtins", "importlib", "pkgutil", "pickle"})
"""Modules that give access to one of the names above when they are handed on as objects."""
_ATTRIBUTES = frozenset({"__subclasses__", "__globals__"})
_MODULE_ATTRIBUTES = _ATTRIBUTES | {"__dict__", "__loader__", "__spec__"}
_DOCUMENTATION = ("inspect.getdoc", "pydoc")


def dynamic_name(dotted: str) -> str:
    """Return the dynamic access behind the full name of something outside the project, or nothing.

    Example:
        >>> dynamic_name("importlib.import_module"), dynamic_name("sys.path.append"), dynamic_name("os.path")
        ('importlib.import_module', 'sys.path', '')
    """
    return dotted if dotted in _AS_OBJECTS else next((name for name in _OUTSIDE if _is_in(dotted, name)), "")


def dynamic_attribute(path: tuple[str, ...], *, of_module: bool = False) -> str:
    """Return the first attribute that hands out names by text or lists classes, or nothing."""
    dynamic = _MODULE_ATTRIBUTES if of_module else _ATTRIBUTES
    return next((name for name in path if name in dynamic), "")


def reads_documentation(dotted: str) -> bool:
    """Return whether something outside the project reads docstrings."""
    return any(_is_in(dotted, name) for name in _DOCUMENTATION)


def _is_in(dotted: str, name: str) -> bool:
    return dotted == name or dotted.startswith(name + ".")
