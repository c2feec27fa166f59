"""External models: what a vendor made, or runs as a service. They are used here, and cannot be made again here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from remint.errors import Invalid

FACT: Final = "external"
"""The fact of a definition that describes an external model, and the key under which its value says so."""

SERVICE: Final = "hosted service"
LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Service:
    """A model that somebody else runs.

    Attributes:
        vendor: who runs it.
        model: what the vendor calls it.
        version: what the vendor calls the version that is meant.
        url: where it is asked, without a secret.
    """

    vendor: str
    model: str
    version: str
    url: str

    @property
    def words(self) -> str:
        """What it is, in words.

        Example:
            >>> Service("Acme", "chat", "2026-05", "https://acme.example/v1").words
            'Acme runs chat 2026-05 at https://acme.example/v1'
        """
        return f"{self.vendor} runs {self.model} {self.version} at {self.url}"

    def value(self) -> dict[str, str]:
        """Return it as the value of a definition."""
        return {FACT: SERVICE, **asdict(self)}


def service_of(value: object) -> Service | None:
    """Return the service that the value of a definition describes; None if it describes none.

    Example:
        >>> service_of(Service("Acme", "chat", "2026-05", "https://acme.example/v1").value()).vendor
        'Acme'
    """
    if not isinstance(value, Mapping) or value.get(FACT) != SERVICE:
        return None
    told: Mapping[str, Any] = {name: value.get(name) for name in Service.__dataclass_fields__}
    return Service(**told) if all(isinstance(word, str) for word in told.values()) else None


def require_service(service: Service) -> Service:
    """Return a service that may be registered.

    Raises:
        Invalid: a word is missing, too long or of several lines; or the address is none, or has more than a place in it.
    """
    for name, word in asdict(service).items():
        if not word.strip() or len(word) > LONGEST or not word.isprintable():
            raise _refused(f"its {name} has to be one line of 1 to {LONGEST} characters", "say it in one line")
    try:
        parts = urlsplit(service.url)
        is_place = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_place = False
    if not is_place:
        raise _refused("where it is asked is no http:// or https:// address", "give its address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _refused(
            "its address would be kept for ever, and holds more than a place: a user, a password or a query",
            "give the address alone; what proves who asks is a secret: `remint secrets set`",
        )
    return service


def _refused(why: str, next_step: str) -> Invalid:
    return Invalid("the model was not registered", why=why, next_step=next_step)
