"""What every catalog promises of secrets (remint.ports.secrets.SecretRecords)."""

import contextlib

from remint.core.ids import PrincipalId
from remint.core.secret import GRANT, SET, SecretStep
from tests.conformance.catalog.nouns import ANA

STEPS = [
    SecretStep("key", SET, ANA, 1, about="of the shop"),
    SecretStep("other", SET, ANA, 2),
    SecretStep("key", GRANT, ANA, 3, PrincipalId("bo"), "*", "large"),
]


def test_steps_are_read_as_they_were_recorded_oldest_first(catalog):
    with catalog.begin() as tx:
        for step in STEPS:
            tx.secrets.add(step)
    with catalog.read() as tx:
        assert tx.secrets.steps() == STEPS
        assert tx.secrets.steps(secret="key") == [STEPS[0], STEPS[2]]
        assert tx.secrets.steps(secret="none") == []


def test_a_step_of_an_aborted_transaction_is_not_there(catalog):
    with contextlib.suppress(RuntimeError), catalog.begin() as tx:
        tx.secrets.add(STEPS[0])
        raise RuntimeError("stop")
    with catalog.read() as tx:
        assert tx.secrets.steps() == []
