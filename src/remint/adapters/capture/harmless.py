"""What calls are known to change nothing, and which classes keep no list of the classes made from them.

Both tables only spare runs: what is not in them counts as an effect. An entry is right only if a call of it at import can
neither change something of the project nor something outside that the project's code could notice.
"""

_NAMES = {
    "abc": "abstractmethod",
    "attr": "define field frozen",
    "attrs": "define field frozen",
    "builtins": "abs all any bool bytearray bytes chr classmethod complex dict divmod enumerate float format frozenset hash "
    "hex int isinstance issubclass len list max min object oct ord pow property range repr reversed round set slice sorted "
    "staticmethod str sum super tuple zip",
    "collections": "Counter OrderedDict defaultdict deque namedtuple",
    "contextlib": "asynccontextmanager contextmanager",
    "dataclasses": "dataclass field",
    "datetime": "date datetime time timedelta timezone",
    "decimal": "Decimal",
    "enum": "auto unique",
    "fractions": "Fraction",
    "functools": "cache cached_property lru_cache partial singledispatch total_ordering wraps",
    "jax": "jit",
    "logging": "getLogger",
    "numba": "guvectorize jit njit vectorize",
    "numpy": "arange array dtype eye full linspace ones zeros",
    "operator": "attrgetter itemgetter methodcaller",
    "pathlib": "Path PurePath PurePosixPath",
    "pydantic": "Field",
    "re": "compile escape",
    "remint": "ref",
    "string": "Template",
    "struct": "Struct",
    "textwrap": "dedent",
    "torch": "inference_mode no_grad",
    "types": "MappingProxyType SimpleNamespace",
    "uuid": "UUID",
    "zoneinfo": "ZoneInfo",
}
CALLS = frozenset(f"{module}.{name}" for module, names in _NAMES.items() for name in names.split())

CALLS_IN = ("itertools.", "math.", "os.path.", "typing.", "typing_extensions.")
"""Modules of which every function is harmless."""

BASES_IN = (
    *(
        "abc.",
        "argparse.",
        "ast.",
        "builtins.",
        "collections.",
        "contextlib.",
        "dataclasses.",
        "enum.",
        "html.",
        "io.",
        "json.",
    ),
    *("lightgbm.", "logging.", "msgspec.", "numpy.", "pandas.", "pydantic.", "queue.", "remint.", "sklearn.", "string."),
    *("threading.", "torch.", "typing.", "typing_extensions.", "unittest.", "xgboost."),
)
"""Modules whose classes keep no list of the classes made from them."""
