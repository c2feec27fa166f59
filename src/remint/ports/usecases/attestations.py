"""Use cases of attestations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.attestation import Attested
from remint.core.digest import Digest
from remint.core.scan import Flaw
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found, the worst first.

    Attributes:
        files: how many were looked at.
    """

    artifact: Digest
    files: int
    findings: tuple[Flaw, ...]
    at_us: int


@dataclass(frozen=True, slots=True)
class Card:
    """What is recorded about an artifact, and what somebody wrote about it.

    Attributes:
        recorded: by name.
        missing: names of what could be recorded and is not.
        by, at_us: who wrote the text, and when; empty and None if nobody did.
        text: in Markdown.
        empty: headings with nothing under them, in words.
    """

    artifact: Digest
    recorded: Mapping[str, str]
    missing: tuple[str, ...]
    by: str
    at_us: int | None
    text: str
    empty: tuple[str, ...]


class Attestations(Protocol):
    """What is signed about artifacts, by whom."""

    def list(self, digest: Digest) -> Sequence[Attested]:
        """Return what is signed about an artifact, newest first; only what holds by the keys that are trusted now.

        Raises:
            ArtifactNotFound: there is no such artifact.
        """
        ...

    def sign(self, context: Context, digest: Digest, *, predicate: str, note: str = "") -> Attested:
        """Sign a statement about an artifact with the caller's key; its bytes are verified first.

        Args:
            context: who signs.
            digest: of the artifact.
            predicate: what is said, by a name, such as `code-scan`.
            note: more words.

        Raises:
            InvalidName, Invalid: the predicate is no name, or the note is too long.
            Corrupt: the artifact is damaged.
        """
        ...

    def add(self, context: Context, digest: Digest, content: bytes) -> Attested:
        """Record a DSSE envelope that somebody signed elsewhere.

        Args:
            context: who presents it.
            digest: of the artifact it speaks of.
            content: the envelope, in JSON.

        Raises:
            Invalid: it is no such envelope, or it speaks of another artifact.
            Denied: no trusted key signed it.
        """
        ...

    def scan(self, context: Context, digest: Digest) -> Scan:
        """Look for what runs when the files of an artifact are loaded, and sign what was found. Nothing is loaded.

        Raises:
            Corrupt: the artifact is damaged.
        """
        ...

    def set_card(self, context: Context, digest: Digest, text: str) -> Card:
        """Keep a card of an artifact, signed by the caller. Earlier ones stay; the newest counts.

        Raises:
            Invalid: it is no Markdown with headings, or too long.
        """
        ...

    def card(self, digest: Digest) -> Card:
        """Return what is recorded about an artifact, with the newest card that somebody wrote.

        Raises:
            ArtifactNotFound: there is no such artifact.
        """
        ...
