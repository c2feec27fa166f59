"""The page on which a person signs in: by a provider, or with a token."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from remint.core.provider import Provider


@dataclass(frozen=True, slots=True)
class ProviderLink:
    """A provider to sign in with."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class LoginPage:
    """A form with one field, and links to providers.

    Attributes:
        after: the path to go to when signed in.
        providers: to sign in with.
        refused: a token was shown that does not sign in; nothing says why.
    """

    after: str
    providers: tuple[ProviderLink, ...] = ()
    refused: bool = False
    title: str = "Sign in"


def login_page(after: str, providers: Sequence[Provider], *, refused: bool = False) -> LoginPage:
    """Return the page to sign in."""
    more = f"?{urlencode({'next': after}, safe='/')}" if after != "/" else ""
    links = tuple(ProviderLink(one.label, f"/login/{quote(one.name)}{more}") for one in providers)
    return LoginPage(after, links, refused)
