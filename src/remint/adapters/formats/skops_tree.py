"""What a skops file holds, as a tree that is equal for equal models: the canonical form, version 1.

A skops file of one model differs from process to process: ids and member names are memory addresses, sets and dictionaries come
in hash order, and some fields say how a model was fitted rather than what it is. The tree here has none of that. It is read
from schema.json and the array members alone: no object is made, no module imported. Which objects are shared is no part of it,
since sharing depends on how many processes fitted the parts; a file whose one id stands for two contents is refused.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

from remint.adapters.formats.skops_archive import SCHEMA, Archive, refuse
from remint.adapters.formats.skops_arrays import ArrayLeaf, read_array, read_sparse
from remint.core import canonical
from remint.core.digest import Digest, digest_bytes, digest_record
from remint.errors import Invalid, UnhashableParameter

MAX_DEPTH: Final = 150
PROTOCOLS: Final = (1, 2)


@dataclass(frozen=True, slots=True)
class Volatile:
    """A field that says how a model was fitted, not what it is.

    Attributes:
        types: a pattern for the full name of the class that has it.
        field: the attribute.
        keys: the keys to leave out of the dictionary in that attribute; empty to leave out the attribute.
        reason: why two equal models may differ in it.
    """

    types: re.Pattern[str]
    field: str
    keys: frozenset[str]
    reason: str


_SEARCHES: Final = re.compile(r"sklearn\.model_selection\._search(_successive_halving)?\..*")
_TIMES: Final = frozenset({"mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time"})
VOLATILE: Final = (
    Volatile(
        re.compile(r"sklearn\..*"), "n_jobs", frozenset(), "how many workers fitted or predict; results do not depend on it"
    ),
    Volatile(
        re.compile(r"sklearn\.ensemble\._hist_gradient_boosting\.binning\._BinMapper"),
        "n_threads",
        frozenset(),
        "how many threads the machine gave when it was fitted",
    ),
    Volatile(
        re.compile(r"sklearn\.cluster\..*"), "_n_threads", frozenset(), "how many threads the machine gave when it was fitted"
    ),
    Volatile(
        re.compile(r"sklearn\.feature_extraction\.text\..*"),
        "_stop_words_id",
        frozenset(),
        "a memory address, kept to warn about stop words only once",
    ),
    Volatile(_SEARCHES, "refit_time_", frozenset(), "a duration in seconds"),
    Volatile(_SEARCHES, "cv_results_", _TIMES, "durations in seconds"),
)


@dataclass(frozen=True)
class ValueLeaf:
    """A number, text, truth value, null, or the digest of raw bytes.

    Attributes:
        record: its canonical record, which keeps the bits of floats.
        shown: the value for people.
    """

    record: Any
    shown: str

    @cached_property
    def raw(self) -> bytes:
        """The digest of the value."""
        return digest_record("model skops value v1", [canonical.dumps(self.record)]).raw


@dataclass(frozen=True)
class Branch:
    """An object, a container, or a type.

    Attributes:
        label: what it is: kind and full type name.
        children: names and trees, in canonical order. A name is how the child is reached: `.coef_`, `[3]`, `['key']`.
    """

    label: str
    children: "tuple[tuple[str, Tree], ...]" = ()

    @cached_property
    def raw(self) -> bytes:
        """The digest of the branch and all below it."""
        header = canonical.dumps([self.label, [name for name, _ in self.children]])
        return digest_record("model skops node v1", [header + b"\0", *(child.raw for _, child in self.children)]).raw

    def without(self, names: Iterable[str]) -> "Branch":
        """Return the branch without the children of these names."""
        left_out = set(names)
        return Branch(self.label, tuple(child for child in self.children if child[0] not in left_out))


Tree: TypeAlias = ArrayLeaf | ValueLeaf | Branch


@dataclass(frozen=True, slots=True)
class Model:
    """What a skops file holds.

    Attributes:
        root: its canonical tree.
        types: the full names of all classes, functions and methods that loading it would touch.
    """

    root: Tree
    types: frozenset[str]

    @property
    def digest(self) -> Digest:
        """The content digest of the model."""
        return digest_record("model skops v1", [self.root.raw])


def read_model(content: bytes) -> Model:
    """Return what a skops file holds, without making any of its objects.

    Raises:
        Corrupt: the file is damaged, or not as skops writes it.
        Invalid: it holds numbers that have no digest.
        LimitReached: it would unpack to more than a machine holds.
    """
    archive = Archive(content)
    try:
        schema = json.loads(archive.read(SCHEMA), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        refuse(f"its schema.json cannot be read: {error}", error)
    if not isinstance(schema, dict):
        refuse("its schema.json is no object")
    if schema.get("protocol") not in PROTOCOLS:
        refuse(f"its protocol is {str(schema.get('protocol'))[:20]}, known are {PROTOCOLS}")
    reader = _Reader(archive)
    root = reader.node({key: value for key, value in schema.items() if key not in ("protocol", "_skops_version")}, 0)
    archive.require_all_read()
    return Model(root, frozenset(reader.types))


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key appears twice; two keys of one dictionary have the same text")
    return found


class _Reader:
    """Turns the states of a schema into trees."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._seen: dict[int, Tree] = {}
        self.types: set[str] = set()
        self._special: dict[str, Callable[[dict[str, Any], int], Tree]] = {
            "JsonNode": self._json,
            "DictNode": self._dict,
            "ListNode": self._sequence,
            "TupleNode": self._sequence,
            "SetNode": self._set,
            "ObjectNode": self._object,
            "NdArrayNode": self._array,
            "SparseMatrixNode": self._sparse,
            "BytesNode": self._bytes,
            "BytearrayNode": self._bytes,
            "MethodNode": self._method,
            "PartialNode": self._partial,
        }

    def node(self, state: object, depth: int) -> Tree:
        """Return the tree of a node.

        Raises:
            Corrupt: it is not a node, lies too deep, or its id stands for something else already.
        """
        if depth > MAX_DEPTH:
            refuse(f"it nests deeper than {MAX_DEPTH} levels")
        if not isinstance(state, dict) or not isinstance(state.get("__loader__"), str):
            refuse("a part of its schema is no node")
        known = state.get("__id__")
        if state["__loader__"] == "CachedNode":
            if not isinstance(known, int) or known not in self._seen:
                refuse("it refers to a part that it does not have")
            return self._seen[known]
        if not isinstance(state.get("__class__"), str) or not isinstance(state.get("__module__"), str):
            refuse("a part of its schema names no type")
        tree = self._special.get(state["__loader__"], self._other)(state, depth)
        if known is not None:
            self._remember(known, tree)
        return tree

    def _remember(self, known: object, tree: Tree) -> None:
        if not isinstance(known, int) or isinstance(known, bool):
            refuse(f"an id in its schema is {str(known)[:40]!r}")
        if self._seen.setdefault(known, tree).raw != tree.raw:
            refuse(f"the id {known} stands for two different things")

    def _name(self, state: dict[str, Any]) -> str:
        name = f"{state['__module__']}.{state['__class__']}"
        self.types.add(name)
        return name

    def _json(self, state: dict[str, Any], _depth: int) -> Tree:
        try:
            value = json.loads(state["content"])
            return ValueLeaf(canonical.encode_value(value), json.dumps(value))
        except (ValueError, KeyError, TypeError, RecursionError, Invalid, UnhashableParameter) as error:
            refuse(f"a value in its schema cannot be read: {error}", error)

    def _part(self, state: dict[str, Any], key: str, kind: type[Any]) -> Any:  # noqa: ANN401 - of the type asked for
        found = state.get(key)
        if not isinstance(found, kind):
            refuse(f"a {state['__loader__']} in its schema has no {key}")
        return found

    def _sequence(self, state: dict[str, Any], depth: int) -> Branch:
        items = self._part(state, "content", list)
        children = tuple((f"[{place}]", self.node(item, depth + 1)) for place, item in enumerate(items))
        return Branch(f"{state['__loader__'][:-4].lower()} {self._name(state)}", children)

    def _set(self, state: dict[str, Any], depth: int) -> Branch:
        items = sorted((self.node(item, depth + 1) for item in self._part(state, "content", list)), key=lambda item: item.raw)
        return Branch(f"set {self._name(state)}", tuple((f"{{{place}}}", item) for place, item in enumerate(items)))

    def _dict(self, state: dict[str, Any], depth: int) -> Branch:
        content = self._part(state, "content", dict)
        kinds = self.node(state.get("key_types"), depth + 1)
        if not isinstance(kinds, Branch) or len(kinds.children) != len(content):
            refuse("a dictionary in its schema has another number of keys than of key types")
        entries = []
        for (_, kind), (key, value) in zip(kinds.children, content.items(), strict=True):
            if not isinstance(kind, Branch) or not kind.label.startswith("type "):
                refuse("a key of a dictionary in its schema has no type")
            name = f"[{key!r}]" if kind.label == "type builtins.str" else f"[{kind.label[5:]}({key})]"
            entries.append((name, self.node(value, depth + 1)))
        label = self._name(state)
        ordered = entries if label == "collections.OrderedDict" else sorted(entries, key=lambda entry: entry[0])
        return Branch(f"dict {label}", tuple(ordered))

    def _object(self, state: dict[str, Any], depth: int) -> Branch:
        name = self._name(state)
        if state.get("content") is None:
            return Branch(f"object {name}")
        attributes = self.node(state["content"], depth + 1)
        if not isinstance(attributes, Branch) or attributes.label != "dict builtins.dict" or not _has_text_keys(attributes):
            return Branch(f"object {name}", ((".(state)", attributes),))
        return Branch(f"object {name}", tuple(_kept(name, attributes)))

    def _array(self, state: dict[str, Any], depth: int) -> Tree:
        name = self._name(state)
        if state.get("type") == "json":
            shape = self.node(state.get("shape"), depth + 1)
            items = self._sequence(state, depth)
            return Branch(f"objects {name}", ((".shape", shape), *items.children))
        if state.get("type") != "numpy":
            refuse("an array in its schema is of no known kind")
        leaf = read_array(self._archive.read(state.get("file")), str(state["file"]))
        return leaf if name == "numpy.ndarray" else Branch(f"scalar {name}", (("", leaf),))

    def _sparse(self, state: dict[str, Any], _depth: int) -> Branch:
        arrays = read_sparse(self._archive.read(state.get("file")), str(state["file"]))
        return Branch(
            f"sparse {self._name(state)}", tuple((f".{name.removesuffix('.npy')}", leaf) for name, leaf in arrays.items())
        )

    def _bytes(self, state: dict[str, Any], _depth: int) -> Branch:
        held = self._archive.read(state.get("file"))
        return Branch(f"bytes {self._name(state)}", (("", ValueLeaf(digest_bytes(held), f"{len(held)} bytes")),))

    def _method(self, state: dict[str, Any], depth: int) -> Branch:
        content = self._part(state, "content", dict)
        name = f"{self._name(state)}.{content.get('func')}"
        self.types.add(name)
        return Branch(f"method {name}", ((".__self__", self.node(content.get("obj"), depth + 1)),))

    def _partial(self, state: dict[str, Any], depth: int) -> Branch:
        """Return a call with bound arguments; what it calls is part of the name of its type."""
        content = self._part(state, "content", dict)
        parts = {f".{key}": self.node(value, depth + 1) for key, value in sorted(content.items())}
        if parts.get(".namespace") in (ValueLeaf(None, "null"), Branch("dict builtins.dict")):
            del parts[".namespace"]  # made when somebody looks for it; none and empty are the same
        called = parts.get(".func")
        if not isinstance(called, Branch) or called.children:
            refuse("a call in its schema calls no function")
        name = f"functools.partial({called.label.split(' ', 1)[-1]})"
        self.types.add(name)
        return Branch(f"partial {name} of {state['__module__']}.{state['__class__']}", tuple(parts.items()))

    def _other(self, state: dict[str, Any], depth: int) -> Branch:
        """Return the tree of a node of any other kind: every part of it counts."""
        kind = state["__loader__"].removesuffix("Node").lower()
        parts = {key: value for key, value in state.items() if key not in ("__class__", "__module__", "__loader__", "__id__")}
        children = tuple((f".{key}", self._loose(value, depth + 1)) for key, value in sorted(parts.items()))
        return Branch(f"{kind} {self._name(state)}", children)

    def _loose(self, value: object, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            refuse(f"it nests deeper than {MAX_DEPTH} levels")
        if isinstance(value, dict) and isinstance(value.get("__loader__"), str):
            return self.node(value, depth)
        if isinstance(value, dict):
            return Branch("parts", tuple((f".{key}", self._loose(item, depth + 1)) for key, item in sorted(value.items())))
        if isinstance(value, list):
            return Branch("parts", tuple((f"[{place}]", self._loose(item, depth + 1)) for place, item in enumerate(value)))
        return self._json({"content": json.dumps(value)}, depth)


def _has_text_keys(attributes: Branch) -> bool:
    return all(name[1] in "'\"" for name, _ in attributes.children)


def _kept(name: str, attributes: Branch) -> Iterable[tuple[str, Tree]]:
    """Return the attributes of an object without what is volatile."""
    rules = {rule.field: rule for rule in VOLATILE if rule.types.fullmatch(name)}
    for key, child in attributes.children:
        attribute = key[2:-2]
        rule = rules.get(attribute)
        if rule is None:
            yield f".{attribute}", child
        elif rule.keys and isinstance(child, Branch):
            yield f".{attribute}", child.without(f"[{held!r}]" for held in rule.keys)
