"""The page on which a person signs in with a token."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoginPage:
    """A form with one field.

    Attributes:
        after: the path to go to when signed in.
        refused: a token was shown that does not sign in; nothing says why.
    """

    after: str
    refused: bool = False
    title: str = "Sign in"
