"""The Azure Blob server (Azurite) that the setting REMINT_TEST_AZURE names, and its containers."""

import base64
import contextlib
import datetime as dt
import hashlib
import hmac
import http.client
import os
import secrets
from urllib.parse import urlsplit

from remint.core.remote import Place

ENDPOINT = os.environ.get("REMINT_TEST_AZURE", "")
ACCOUNT = "devstoreaccount1"
KEY = base64.b64encode(b"the key of an account for tests").decode()
ABSENT = "no Azure Blob server: start one and set REMINT_TEST_AZURE to its address, as .ci/run does"
CREDENTIALS = {"AZURE_STORAGE_ACCOUNT_KEY": KEY}
CONTAINER = "remint-test"
VERSION = "2021-08-06"


def place() -> Place:
    """Return where an empty remote is, in a container that is made if it does not exist."""
    _make_container(CONTAINER)
    options = {"account_name": ACCOUNT, "endpoint": f"{ENDPOINT}/{ACCOUNT}"}
    return Place("team", "az", f"{CONTAINER}/{secrets.token_hex(8)}/prefix", options)


def _make_container(name: str) -> None:
    """Make a container, with a request signed by the key of the account."""
    heads = {"x-ms-date": f"{dt.datetime.now(dt.UTC):%a, %d %b %Y %H:%M:%S} GMT", "x-ms-version": VERSION}
    nothing_else = "\n" * 12
    named = "\n".join(f"{key}:{value}" for key, value in heads.items())
    text = f"PUT{nothing_else}{named}\n/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    with contextlib.closing(http.client.HTTPConnection(urlsplit(ENDPOINT).netloc, timeout=30)) as connection:
        told = {**heads, "authorization": f"SharedKey {ACCOUNT}:{signature}", "content-length": "0"}
        connection.request("PUT", f"/{ACCOUNT}/{name}?restype=container", headers=told)
        answer = connection.getresponse()
        assert answer.status in {201, 409}, answer.read()
