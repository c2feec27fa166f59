"""The OpenID providers that the setting REMINT_TEST_OIDC names, and a person who signs in there."""

import os
import re
from html import unescape
from urllib.parse import urljoin

import httpx

FIRST, _, SECOND = os.environ.get("REMINT_TEST_OIDC", "").partition(",")
ABSENT = "no OpenID provider: start tests/support/oidc/provider.mjs and set REMINT_TEST_OIDC, as .ci/run does"
SECRET = "known-to-the-tests"
AUDIENCE = "https://remint.example"
MOST_STEPS = 20


class Browser:
    """A browser without a screen, which keeps cookies by site and follows redirects and forms as a person would."""

    def __init__(self) -> None:
        self.client = httpx.Client(timeout=30, trust_env=False)
        self.seen: list[str] = []

    def get(self, url: str) -> httpx.Response:
        self.seen.append(url)
        return self.client.get(url)

    def sign_in(self, url: str, account: str) -> httpx.Response:
        """Go to an address and follow what comes, signing in as an account, until a page that is neither redirect nor form."""
        answer = self.get(url)
        for _ in range(MOST_STEPS):
            if answer.is_redirect:
                answer = self.get(urljoin(str(answer.url), answer.headers["location"]))
            elif "/interaction/" in str(answer.url):
                answer = self._send(answer, account)
            else:
                return answer
        raise AssertionError(f"no end after {self.seen}")

    def leave_at_the_end(self, url: str, account: str) -> str:
        """As `sign_in`, but stop before coming back; return the address that the provider sends the browser back to."""
        answer = self.get(url)
        for _ in range(MOST_STEPS):
            if answer.is_redirect:
                onward = urljoin(str(answer.url), answer.headers["location"])
                if "/callback" in onward:
                    return onward
                answer = self.get(onward)
            else:
                answer = self._send(answer, account)
        raise AssertionError(f"no end after {self.seen}")

    def _send(self, answer: httpx.Response, account: str) -> httpx.Response:
        action = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
        assert action is not None, answer.text
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.text))
        if 'name="login"' in answer.text:
            fields |= {"login": account, "password": "any"}
        return self.client.post(urljoin(str(answer.url), unescape(action[1])), data=fields)

    def close(self) -> None:
        self.client.close()


def proof_of_ci(issuer: str = FIRST) -> str:
    """Return what a provider signs about the program `ci`."""
    asked = {"grant_type": "client_credentials", "resource": AUDIENCE, "scope": "build"}
    answer = httpx.post(f"{issuer}/token", data=asked, auth=("ci", SECRET), trust_env=False).raise_for_status()
    return str(answer.json()["access_token"])
