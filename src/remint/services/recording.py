"""Recording an artifact that may be recorded already."""

from remint.core.artifact import Artifact
from remint.core.origin import PINNED
from remint.ports.blobs import Blobs
from remint.ports.catalog import Artifacts


def record(artifacts: Artifacts, blobs: Blobs, made: Artifact, *, at_us: int) -> Artifact:
    """Record an artifact whose bytes are in the store, and return its record.

    A record that is there stays, unless bytes of its parts were given up since: one table may lie in other parts every time it
    is made, and then the new ones count. They count too if what is recorded is pinned, so that nothing here had to be kept.
    """
    if artifacts.add(made, at_us=at_us):
        return made
    found = artifacts.get(made.digest)
    stands = PINNED in made.facts if PINNED in found.facts else all(blobs.has(part.blob) for part in found.parts)
    if stands:
        return found
    artifacts.store_anew(made, at_us=at_us)
    return made
