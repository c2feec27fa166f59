"""Small records of every noun, for the tests of catalogs."""

from remint.core.artifact import Artifact, Kind, Part
from remint.core.budget import Budget, Closing, Refund, Reservation, Saving, Settlement
from remint.core.change import Change, PlannedMove
from remint.core.digest import digest_bytes
from remint.core.erasure import Erasure
from remint.core.evidence import Evidence, statement
from remint.core.hold import Hold
from remint.core.ids import ChangeId, PrincipalId, RunId, uuid7
from remint.core.inventory import Item
from remint.core.origin import Origin
from remint.core.price import Prices
from remint.core.recipe import Recipe, Source
from remint.core.ref import Move, RefName
from remint.core.run import End, Output, Start, State, Usage
from remint.core.validation import ValidationStep

ANA, BO = PrincipalId("ana"), PrincipalId("bo")
FLIGHTS = RefName("main", "data", "flights")
DELAY = RefName("main", "model", "delay")


def digest(name):
    return digest_bytes(str(name).encode())


A, B, C, D = (digest(name) for name in "abcd")


def artifact(name, **facts):
    return Artifact(digest(name), Kind.FILES, (Part(f"{name}.txt", digest(f"bytes of {name}"), len(str(name))),), facts)


def recipe(step="pipeline:train", **arguments):
    return Recipe(step, A, arguments, {"data": Source(artifact=B)}, C, {"seed": 7}, {"model": "model"})


def run_id(number):
    return RunId(uuid7(1_700_000_000_000_000 + number * 1000, digest(number).raw))


def start(number, of=None, **fields):
    made = {
        "recipe": (of or recipe()).key(),
        "run_key": A,
        "inputs": {"data": B},
        "workspace": "main",
        "by": ANA,
        "why": "first",
    }
    return Start(**{"id": run_id(number), "at_us": number, "code": C, **made, **fields})


def end(number, state=State.DONE, **fields):
    made = {"outputs": {"model": Output(D, A)} if state is State.DONE else {}, "guarded": True, "usage": Usage(1, 2, 3)}
    return End(run_id(number), state, number + 1, **{**made, **fields})


def move(name, old, new, *, at_us=0, **fields):
    return Move(name, 0, old, new, ANA, at_us, "because", **fields)


def change(*moves, **fields):
    planned = moves or (PlannedMove(DELAY, A, B),)
    return Change(ChangeId(""), "a better model", planned, ANA, frozenset({ANA, BO}), 5, **fields)


def hold(subject=A, *, reason="a court asked", at_us=0):
    return Hold(0, subject, "data/flights", ANA, at_us, reason)


def origin(artifact=A, *, at_us=0, **fields):
    told = {"ref": "main:data/flights", "kind": "delta", "source": "delta:lake", "query": "", "snapshot": "1", "table_id": "t"}
    return Origin(**{"number": 0, "artifact": artifact, **told, "pinned": True, "by": ANA, "at_us": at_us, **fields})


def step_of(validation, verb="open", *, artifact=A):
    return ValidationStep(0, validation, artifact, verb, ANA, 1, b"payload", b"signature")


def item(ref, *, at_us=1):
    return Item(0, ref, ANA, "risk", "warns of delays", "internal", "low", "", BO, at_us)


def erasure(number=1, *, at_us=10, reason="request 81"):
    return Erasure(number, digest("whom"), ("id",), ANA, at_us, reason, A)


def evidence(subject=A, predicate="evaluated", *, at_us=0, by=ANA, **facts):
    payload = statement(subject, predicate, facts, by=by, at_us=at_us)
    return Evidence(subject, predicate, facts, by, at_us, payload, digest(at_us).raw * 2)


def spend(tx, number):
    """Write a row into every table of budgets; what is charged is a run that was recorded under this number."""
    tx.budgets.create(Budget("team", None, ANA, ANA, 0), 100)
    tx.budgets.create(Budget("lab", "team", ANA, ANA, 0), 50)
    tx.budgets.close(Closing("lab", ANA, 1))
    prices = tx.budgets.keep_prices(Prices("EUR", run=5))
    tx.budgets.reserve(Reservation(run_id(number), "lab", ANA, "pipeline:train", "", 5, prices, 0, 9, 1))
    tx.budgets.settle(Settlement(run_id(number), 5, 1, 2, "done", ANA, 2))
    tx.budgets.refund(Refund(run_id(number), 1, ANA, 3, "a mistake"))
    tx.budgets.add_saving(Saving(0, run_id(number), "lab", ANA, "pipeline:train", 4, 4))
