"""The files of the demo as they would arrive."""

import zipfile
from pathlib import Path

import pytest

from remint.cli.demo.landing import FLIGHT_KEY, installed_source, write_landing
from remint.errors import Invalid, NotFound


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    flights = [f"2013,{month},{day},UA,{day},EWR,x" for month in (1, 11) for day in range(1, 29)]
    with zipfile.ZipFile(folder / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", "\n".join([",".join([*FLIGHT_KEY, "rest"]), *flights]) + "\n")
    (folder / "weather.csv").write_text("origin,year,month,temp\nEWR,2013,1,30\nEWR,2013,11,50\n")
    (folder / "planes.csv").write_text("tailnum,year\nN1,2003\n")
    (folder / "airports.csv").write_text('faa,name\nORD,"Chicago, O\'Hare"\n')
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_line_of_a_month_is_copied_as_it_is_under_the_header(source, tmp_path):
    places = write_landing(source, tmp_path / "landing", ["2013-11"])
    assert places["weather-2013-11"].read_text() == "origin,year,month,temp\nEWR,2013,11,50\n"
    assert places["flights-2013-11"].read_text().splitlines()[1] == "2013,11,1,UA,1,EWR,x"
    assert len(places["flights-2013-11"].read_text().splitlines()) == 29


def test_planes_and_airports_are_whole(source, tmp_path):
    places = write_landing(source, tmp_path / "landing", ["2013-01"])
    assert places["airports"].read_bytes() == (source / "airports.csv").read_bytes()
    assert places["planes"].read_bytes() == (source / "planes.csv").read_bytes()


def test_writing_again_gives_the_same_files_and_leaves_no_drafts(source, tmp_path):
    write_landing(source, tmp_path / "landing", ["2013-01", "2013-11"])
    first = contents(tmp_path / "landing")
    write_landing(source, tmp_path / "landing", ["2013-01", "2013-11"])
    assert contents(tmp_path / "landing") == first
    assert set(first) == {f"{n}-2013-{m}.csv" for n in ("flights", "weather") for m in ("01", "11")} | {
        "planes.csv",
        "airports.csv",
    }


def test_a_sample_keeps_the_same_flights_every_time_and_all_the_weather(source, tmp_path):
    whole = write_landing(source, tmp_path / "whole", ["2013-01"])["flights-2013-01"].read_text().splitlines()
    places = write_landing(source, tmp_path / "one", ["2013-01"], sample=0.5)
    again = write_landing(source, tmp_path / "two", ["2013-11", "2013-01"], sample=0.5)
    kept = places["flights-2013-01"].read_text().splitlines()
    assert again["flights-2013-01"].read_text().splitlines() == kept
    assert 1 < len(kept) < len(whole)
    assert set(kept) < set(whole)
    assert len(places["weather-2013-01"].read_text().splitlines()) == 2


def test_a_month_without_flights_is_refused_by_name(source, tmp_path):
    with pytest.raises(NotFound, match="no flights of 2013-05"):
        write_landing(source, tmp_path / "landing", ["2013-05"])


def test_a_missing_file_is_named(source, tmp_path):
    (source / "weather.csv").unlink()
    with pytest.raises(NotFound, match=r"weather\.csv"):
        write_landing(source, tmp_path / "landing", ["2013-01"])


@pytest.mark.parametrize("share", [0.0, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(source, tmp_path, share):
    with pytest.raises(Invalid, match="share"):
        write_landing(source, tmp_path / "landing", ["2013-01"], sample=share)


def test_the_package_is_found_without_importing_it():
    assert (installed_source() / "weather.csv").is_file()
