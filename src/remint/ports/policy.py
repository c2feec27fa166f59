"""Policies in a language of their own: reading them, and asking them."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.policy import Question, Verdict


class Loaded(Protocol):
    """A policy that was read and checked."""

    def decide(self, question: Question) -> Verdict:
        """Return what it says. An error of the evaluation is a refusal. Pure; may be called by several threads."""
        ...


class Policies(Protocol):
    """The language."""

    def problems(self, text: str) -> Sequence[str]:
        """Return what is wrong with a policy, against the schema of core.policy; empty if nothing is.

        Raises:
            Unavailable: the library of the language is not installed.
        """
        ...

    def load(self, text: str) -> Loaded:
        """Return a policy, ready to be asked.

        Raises:
            Invalid: something is wrong with it.
            Unavailable: the library of the language is not installed.
        """
        ...
