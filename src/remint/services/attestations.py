"""Attestations: signing and presenting statements about artifacts, scanning them, and keeping their cards."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from remint.core.attestation import ATTESTED, DESCRIBED, PRESENTED, SCANNED, Attested, read_envelope
from remint.core.card import lacking, require_card, sections
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.ref import PRODUCTION, require_name
from remint.core.scan import SEVERITIES, Flaw, scan_file
from remint.errors import Denied, Invalid
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.attestations import Card, Scan
from remint.ports.usecases.contents import Contents
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.evidence import EVALUATED, EvidenceService

MOST_NOTE = 2000
FROM_INVENTORY = ("owner", "team", "purpose", "exposure", "materiality", "vendor")
PAGE = 500


@dataclass(frozen=True)
class AttestationService:
    """See ports.usecases.attestations.Attestations."""

    catalog: Catalog
    access: Access
    artifacts: Artifacts
    contents: Contents
    blobs: Blobs
    evidence: EvidenceService
    clock: Clock

    def list(self, digest: Digest) -> Sequence[Attested]:
        """Return what is signed about an artifact."""
        self.artifacts.get(digest)
        with self.catalog.read() as tx:
            return self.evidence.attested(tx, digest)

    def sign(self, context: Context, digest: Digest, *, predicate: str, note: str = "") -> Attested:
        """Sign a statement about an artifact with the caller's key."""
        require_name(predicate, what="predicate")
        if len(note) > MOST_NOTE:
            raise Invalid(
                "nothing was signed", why=f"the note has more than {MOST_NOTE} characters", next_step="say it shorter"
            )
        self.artifacts.verify(digest)
        with self.access.begin(context, "evidence:sign", f"artifact {digest}", workspace=context.workspace) as tx:
            self.evidence.sign(tx, digest, ATTESTED, {"predicate": predicate, "note": note}, by=context.principal)
            return self.evidence.attested(tx, digest)[0]

    def add(self, context: Context, digest: Digest, content: bytes) -> Attested:
        """Record an envelope that somebody signed elsewhere."""
        envelope = read_envelope(content)
        self.artifacts.get(digest)
        if digest not in envelope.said.subjects:
            raise Invalid(
                "the attestation was not added",
                why=f"it speaks of {', '.join(sorted(one.short for one in envelope.said.subjects)[:3])}, not of {digest.short}",
                next_step="name the artifact it speaks of, or have this one attested",
            )
        with self.access.begin(context, "evidence:add", f"artifact {digest}", workspace=context.workspace) as tx:
            found = self.evidence.signer_of(tx, envelope.payload, envelope.signatures)
            if found is None:
                raise Denied(
                    "the attestation was not added",
                    why="rule trusted-key: no signature in it is by a key of a principal here, or of the setting `keys`",
                    next_step="put the public key of the signer into [keys] in remint.toml, if you trust it",
                    rule="trusted-key",
                )
            signer, signature = found
            facts = {"payload": base64.b64encode(envelope.payload).decode(), "signature": signature.hex()}
            made = self.evidence.sign(tx, digest, PRESENTED, {**facts, "presented_by": context.principal})
            told = {"signer": signer, "evidence": made.digest()}
            tx.entries.append(Entry("evidence:add", f"artifact {digest}", context.principal, made.at_us, told))
            return self.evidence.attested(tx, digest)[0]

    def scan(self, context: Context, digest: Digest) -> Scan:
        """Scan every file of an artifact, and sign what was found."""
        self.access.check(context, "evidence:sign", f"artifact {digest}", workspace=context.workspace)
        self.artifacts.verify(digest)
        count, flaws = 0, []
        for path, blob, size_bytes in self._files(digest):
            with self.blobs.open(blob) as file:
                flaws += scan_file(path, file, size_bytes=size_bytes)
            count += 1
        with self.access.begin(context, "evidence:sign", f"artifact {digest}", workspace=context.workspace) as tx:
            facts = {"files": count, "findings": [flaw.record() for flaw in flaws[:1000]], "asked_by": context.principal}
            made = self.evidence.sign(tx, digest, SCANNED, facts)
        return Scan(digest, count, tuple(sorted(flaws, key=_worst_first)), made.at_us)

    def _files(self, digest: Digest) -> Iterator[tuple[str, Digest, int]]:
        after = ""
        while page := self.contents.list(digest, after=after, limit=PAGE):
            yield from ((one.path, one.digest, one.size_bytes) for one in page)
            after = page[-1].path

    def set_card(self, context: Context, digest: Digest, text: str) -> Card:
        """Keep a card of an artifact, signed by the caller."""
        require_card(text)
        self.artifacts.get(digest)
        with self.access.begin(context, "evidence:sign", f"artifact {digest}", workspace=context.workspace) as tx:
            self.evidence.sign(tx, digest, DESCRIBED, {"card": text}, by=context.principal)
            return self._card(tx, digest)

    def card(self, digest: Digest) -> Card:
        """Return the newest card of an artifact, and what is recorded of it."""
        self.artifacts.get(digest)
        with self.catalog.read() as tx:
            return self._card(tx, digest)

    def _card(self, tx: Transaction, digest: Digest) -> Card:
        found = next((one for one in self.evidence.attested(tx, digest) if one.predicate == DESCRIBED), None)
        recorded = self._recorded(tx, digest)
        missing = tuple(name for name, words in recorded.items() if not words)
        held = {name: words for name, words in recorded.items() if words}
        if found is None:
            return Card(digest, held, missing, "", None, "", ())
        text = str(found.facts["card"])
        return Card(digest, held, missing, found.by, found.at_us, text, tuple(lacking(text, sections(text))))

    def _recorded(self, tx: Transaction, digest: Digest) -> Mapping[str, str]:
        """Return what is known of an artifact without anybody's words, by name; empty where nothing is recorded."""
        paths = sorted({move.name.path for move in tx.refs.pointing(digest) if move.name.workspace == PRODUCTION})
        item = next((item for item in map(tx.inventory.get, paths) if item is not None), None)
        runs = tx.runs.makers(digest)
        measured = self.evidence.trusted(tx, digest, EVALUATED)[:1]
        numbers = [f"{name} {float(value):.4g}" for one in measured for name, value in sorted(one.facts["metrics"].items())]
        return {
            **{name: str(getattr(item, name)) if item else "" for name in FROM_INVENTORY},
            "estimator": str(tx.artifacts.get(digest).facts.get("estimator", "")),
            "made of": ", ".join(f"{name} {of.short}" for name, of in sorted(runs[-1].start.inputs.items())) if runs else "",
            "makers": ", ".join(sorted(self.evidence.lineage(tx, digest).people())),
            "evaluation": ", ".join(numbers[:8]),
        }


def _worst_first(flaw: Flaw) -> tuple[int, str]:
    return -SEVERITIES.index(flaw.severity), flaw.path
