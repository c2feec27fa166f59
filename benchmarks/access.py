"""What a question of access costs: the kernel alone, with a policy in Cedar, and who shows a token.

Run: python -m benchmarks.access [--entries 100000]
CPU microseconds of one process, the best of several rounds; the catalog is a file (SQLite).
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from remint.adapters.policy.cedar import CedarPolicies
from remint.app import App, initialise
from remint.config import load
from remint.core.access import Caller, decide
from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.policy import Question
from remint.core.ref import RefName

ROUNDS = 7
POLICY = '@id("work") permit (principal, action, resource);\n' + "".join(
    f'@id("no-{number}") forbid (principal, action == Action::"change:merge", resource) '
    f'when {{ context.paths.contains("model/no-{number}") && !context.roles.contains("risk") }};\n'
    for number in range(9)
)


def cost_us(act: Callable[[], object], times: int) -> float:
    """Return the CPU microseconds of one call."""
    rounds: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for _ in range(times):
            act()
        rounds.append((time.process_time_ns() - began) / times / 1000)
    return min(rounds)


def fill(app: App, entries: int) -> None:
    """Append entries to the audit log, two about each ref."""
    ana = PrincipalId("ana")
    with app.catalog.begin() as tx:
        for number in range(entries):
            tx.entries.append(Entry("ref:move", f"main:data/month-{number // 2}", ana, number, {"from": None, "to": "x"}))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--entries", type=int, default=100_000)
    chosen = options.parse_args()
    caller = Caller(PrincipalId("ana"), frozenset({"member", "approver"}))
    asked = Question(caller, "change:merge", "change 7", (RefName("main", "model", "delay"),))
    loaded = CedarPolicies().load(POLICY)
    bound = replace(caller, scopes=frozenset({"read", "write"}), sandbox="lab")
    print(f"kernel decision          {cost_us(lambda: decide(caller, 'ref:move', workspace='main'), 50_000):8.2f} CPU us")
    print(f"kernel, a bound token    {cost_us(lambda: decide(bound, 'ref:move', workspace='lab'), 50_000):8.2f} CPU us")
    print(f"policy of ten statements {cost_us(lambda: loaded.decide(asked), 3_000):8.2f} CPU us")
    with tempfile.TemporaryDirectory() as place:
        initialise(Path(place), owner="ana")
        app = App(load(Path(place), environment={"REMINT_PRINCIPAL": "ana"}))
        context = app.context()
        issued = app.identity.issue(context, about="benchmark", days=1)

        def sql() -> None:
            with app.catalog.read() as tx:
                tx.tokens.get(1)
                tx.principals.get(context.principal)

        def require() -> None:
            with app.catalog.read() as tx:
                app.access.require(tx, context, "ref:move", "main:data/x", workspace="main")

        def empty() -> None:
            with app.catalog.read() as tx:
                tx.refs  # noqa: B018 - opens nothing more than the transaction

        queries = cost_us(sql, 500)
        print(
            f"who shows a token        {cost_us(lambda: app.identity.identify(issued.secret), 500):8.2f} CPU us, "
            f"{queries:.2f} its SQL"
        )
        print(f"to require, in a service {cost_us(require, 500) - cost_us(empty, 500):8.2f} CPU us, no policy in force")
        fill(app, chosen.entries)
        began = time.process_time()
        found = app.policies.what_if(POLICY, last=chosen.entries)
        print(f"what-if                  {time.process_time() - began:8.2f} CPU s for {found.replayed:,} decisions")
        app.close()


if __name__ == "__main__":
    main()
