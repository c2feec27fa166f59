"""The demo's project on the path, small files as they would arrive, and a real slice of the flights."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from remint import Files, Table
from remint.cli.demo.landing import installed_source, write_landing
from tests.unit.demo.arrivals import AIRPORTS, PLANES, PROJECT, Row, csv_text

MONTHS = ("2013-02", "2013-03", "2013-11")
sys.path.insert(0, str(PROJECT))

from flights.contract import FLIGHT_FILE, WEATHER_FILE  # noqa: E402 - the project is on the path only now
from flights.features import month_features  # noqa: E402
from flights.ingest import ingest_airports, ingest_flights, ingest_planes, ingest_weather  # noqa: E402


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[[str], Files]:
    """Return a function that makes a set of one file of a text."""

    def made(text: str) -> Files:
        place = tmp_path / "arrived.csv"
        place.write_text(text)
        return Files({place.name: place})

    return made


@pytest.fixture
def airports(file_of: Callable[[str], Files]) -> Table:
    return ingest_airports(file_of(AIRPORTS))


@pytest.fixture
def planes(file_of: Callable[[str], Files]) -> Table:
    return ingest_planes(file_of(PLANES))


@pytest.fixture
def ingested(file_of: Callable[[str], Files], airports: Table) -> Callable[..., Table]:
    """Return a function that takes flights in through a file, in their order."""

    def made(*rows: Row, month: str = "2013-07") -> Table:
        return ingest_flights(file_of(csv_text(list(FLIGHT_FILE), rows)), airports, month)

    return made


@pytest.fixture
def measured(file_of: Callable[[str], Files]) -> Callable[..., Table]:
    """Return a function that takes weather in through a file."""

    def made(*rows: Row, month: str = "2013-07") -> Table:
        return ingest_weather(file_of(csv_text(list(WEATHER_FILE), rows)), month)

    return made


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Files]:
    """Return the landed files of three months, with one flight in twenty."""
    places = write_landing(installed_source(), tmp_path_factory.mktemp("landing"), MONTHS, sample=0.05)
    return {name: Files({place.name: place}) for name, place in places.items()}


@pytest.fixture(scope="session")
def real_airports(real: dict[str, Files]) -> Table:
    return ingest_airports(real["airports"])


@pytest.fixture(scope="session")
def real_flights(real: dict[str, Files], real_airports: Table) -> dict[str, Table]:
    return {month: ingest_flights(real[f"flights-{month}"], real_airports, month) for month in MONTHS}


@pytest.fixture(scope="session")
def real_weather(real: dict[str, Files]) -> dict[str, Table]:
    return {month: ingest_weather(real[f"weather-{month}"], month) for month in MONTHS}


@pytest.fixture(scope="session")
def real_planes(real: dict[str, Files]) -> Table:
    return ingest_planes(real["planes"])


@pytest.fixture(scope="session")
def real_features(real_flights: dict[str, Table], real_weather: dict[str, Table], real_planes: Table) -> dict[str, Table]:
    """Return the features of the three months; only March has a month before it."""
    before = {"2013-03": real_flights["2013-02"]}
    return {month: month_features(real_flights[month], before.get(month), real_weather[month], real_planes) for month in MONTHS}
