"""Looking at data: statistics and a preview of tables, and what is in sets of files: on the terminal, as JSON, as a page."""

import io
import struct
import wave

import pytest
from PIL import Image

from tests.support.remint_cli import make_project

WILD = '<b>&"x"<script>alert(1)<.script>.png'
ORDERS = "id,customer,amount,paid,day\n" + "".join(
    f"{number},{'ana' if number % 3 else 'bo'},{number}.5,{number % 2 == 0},2013-01-{1 + number % 28:02}\n"
    for number in range(1, 201)
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = make_project(tmp_path_factory.mktemp("show") / "project", "")
    made.write("orders.csv", ORDERS.replace("7,ana,7.5", "7,ana,"))
    made.cli("add", "orders.csv", "--as", "data/orders", "--table")
    images = made.root / "images"
    images.mkdir()
    for number in range(50):
        Image.new("RGB", (40 + number, 30), (255, 0, 0)).save(images / f"{number:02}.jpg")
    Image.new("RGB", (20, 10), (0, 0, 255)).save(images / WILD, "PNG")
    (images / "!broken.png").write_bytes(b"no picture")
    with wave.open(str(images / "tone.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack("<h", 9000) * 4000)
    (images / "notes.txt").write_text("two\n")
    made.cli("add", "images", "--as", "data/images")
    return made


def test_a_table_is_told_column_by_column(project):
    out = project.cli("show", "data/orders", "--rows", "2").out
    assert "rows    200" in out
    assert "ana (134), bo (66)" in out
    assert "2013-01-28" in out
    assert out.splitlines()[-1].split()[:2] == ["2", "ana"]


def test_statistics_are_in_the_json(project):
    told = project.cli("show", "data/orders", "--rows", "1", "--json").json
    columns = {one["name"]: one for one in told["statistics"]["columns"]}
    assert told["statistics"]["exact"] is True
    assert (columns["amount"]["nulls"], columns["amount"]["min"], columns["amount"]["max"]) == (1, 1.5, 200.5)
    assert columns["id"]["quartiles"] == [50.75, 100.5, 150.25]
    assert sum(columns["id"]["bars"]) == 200
    assert columns["customer"]["top"] == [{"value": "ana", "rows": 134}, {"value": "bo", "rows": 66}]
    assert [row["id"] for row in told["rows"]] == [1]


def test_without_statistics_no_row_but_the_first_is_told(project):
    told = project.cli("show", "data/orders", "--no-stats", "--json").json
    assert "statistics" not in told
    assert len(told["rows"]) == 10


def test_a_set_of_files_is_told_by_kind_and_size(project):
    out = project.cli("show", "data/images", "--rows", "2").out
    assert "files   54," in out
    assert "pictures (40 of 52 were looked into, spread evenly)" in out
    assert "could not be looked into: broken, or no picture" in out
    assert "0.5 s together, 0.5 s at most; 8000 Hz (1)" in out.replace("8,000", "8000")
    assert "\nlargest\n" in out


def test_pictures_and_sounds_are_in_the_json(project):
    told = project.cli("show", "data/images", "--json").json
    assert told["pictures"]["files"] == 52
    assert {one["form"] for one in told["pictures"]["looked"]} == {"", "JPEG"}
    assert told["sounds"]["looked"][0]["seconds"] == 0.5
    assert told["largest"][0]["path"] == "tone.wav"


def test_the_page_of_a_table_stands_alone(project):
    project.cli("show", "data/orders", "--page", "orders.html")
    page = (project.root / "orders.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count('<article class="card">') == 5
    assert page.count("<svg") == 3
    assert "http:" not in page
    assert "https:" not in page
    assert "<script" not in page


def test_the_page_of_pictures_is_a_contact_sheet(project):
    told = project.cli("show", "data/images", "--page", "images.html", "--thumbnails", "20").out
    page = (project.root / "images.html").read_text(encoding="utf-8")
    assert "pictures (20 of 52" in told
    assert "20 of 52, spread evenly over the set" in page
    assert page.count("<figure") == 20
    assert page.count("<svg") == 1


def test_names_with_html_in_them_are_only_names(project):
    project.cli("show", "data/images", "--page", "all.html", "--thumbnails", "2000")
    page = (project.root / "all.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;.script&gt;.png" in page
    assert page.count("<img") == 51


def test_the_same_set_makes_the_same_page(project):
    for name in ("one.html", "two.html"):
        project.cli("show", "data/images", "--page", name, "--thumbnails", "9")
    assert (project.root / "one.html").read_bytes() == (project.root / "two.html").read_bytes()


@pytest.mark.parametrize("page", [".", "no/such/folder/page.html"])
def test_a_page_that_cannot_be_written_is_refused_before_anything_is_read(project, page):
    said = project.cli("show", "data/images", "--page", page, expect=2).err
    assert "was not written" in said


def test_what_is_neither_table_nor_files_has_no_page(trained):
    assert "has no page" in trained.cli("show", "ana:model/late", "--page", "x.html", expect=2).err
    assert not (trained.root / "x.html").exists()


def test_names_of_columns_with_html_in_them_are_only_names(tmp_path):
    project = make_project(tmp_path / "project", "")
    project.write("odd.csv", '"<script>a</script>","b"\n"<i>x</i>","\u202eevil"\n')
    project.cli("add", "odd.csv", "--as", "data/odd", "--table")
    project.cli("show", "data/odd", "--page", "odd.html")
    page = (project.root / "odd.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<i>x" not in page
    assert "\u202e" not in page


def test_a_lost_picture_is_said_and_the_rest_is_shown(tmp_path):
    remote = f'remote = "team"\n[remotes.team]\nurl = "file://{tmp_path}/remote"\n'
    project = make_project(tmp_path / "project", "", settings=remote)
    held = io.BytesIO()
    Image.new("RGB", (20, 10)).save(held, "PNG")
    (project.root / "pictures").mkdir()
    (project.root / "pictures" / "here.png").write_bytes(held.getvalue())
    project.cli("add", "pictures", "--as", "data/here")
    (project.root / "pictures" / "lost.png").write_bytes(held.getvalue() + bytes(100_000))
    project.cli("add", "pictures", "--as", "data/pictures")
    project.cli("push", "--all")
    other = make_project(tmp_path / "other", "", settings=remote)
    other.cli("pull", "--lazy")
    other.cli("checkout", "data/here", "here")
    other.write("remint.toml", 'principal = "ana"\n')
    out = other.cli("show", "data/pictures").out
    assert "1 could not be looked into: the bytes of" in out
    assert "pixels  20 × 10" in out
