"""Keeping the token for a server, and what a client that works against one is refused."""

import io
import stat

import pytest

from tests.support.doors import SETTINGS, World, lent
from tests.support.remint_cli import Project


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("login"), "cli-remote")
    ana = world.person("ana")
    ana.do("fork", name="try")
    ana.do("add", workspace="try", path=world.project.write("made.csv", "id\n1\n"), ref="data/made")
    yield world
    world.close()


@pytest.fixture
def laptop(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("REMINT_TOKEN", raising=False)
    monkeypatch.delenv("REMINT_URL", raising=False)
    (tmp_path / "work").mkdir()
    return Project(tmp_path / "work")


def kept(laptop):
    folder = laptop.root.parent / "config" / "remint" / "tokens"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def log_in(laptop, monkeypatch, token, url, expect=0):
    monkeypatch.setattr("sys.stdin", io.StringIO(token + "\n"))
    return laptop.cli("--json", "login", url, expect=expect)


def test_a_token_is_tried_and_kept_for_one_server_where_only_the_account_reads_it(world, laptop, monkeypatch):
    url = world.server.url
    assert log_in(laptop, monkeypatch, world.tokens["bo"], url).json["principal"] == "bo"
    (file,) = kept(laptop)
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (world.tokens["bo"], 0o600)
    with lent({"REMINT_URL": url + "/"}):
        assert laptop.cli("--json", "whoami").json["principal"] == "bo"
    with lent({"REMINT_URL": url, "REMINT_TOKEN": world.tokens["cy"]}):
        assert laptop.cli("--json", "whoami").json["principal"] == "cy"
    with lent({"REMINT_URL": url.replace("127.0.0.1", "localhost")}):
        assert laptop.cli("--json", "whoami", expect=None).json["error"]["rule"] == "identity"
    assert laptop.cli("--json", "logout", url).json["kept"]
    assert (kept(laptop), laptop.cli("--json", "logout", url).json["kept"]) == ([], False)
    with lent({"REMINT_URL": url}):
        assert "remint login" in laptop.cli("whoami", expect=3).err


def test_a_second_login_takes_the_place_of_the_first(world, laptop, monkeypatch):
    for person in ("bo", "cy"):
        log_in(laptop, monkeypatch, world.tokens[person], world.server.url)
    (file,) = kept(laptop)
    assert file.read_text() == world.tokens["cy"]


@pytest.mark.parametrize("token", ["rmt_" + "A" * 43, "", "two words", "naïve"], ids=["unknown", "empty", "words", "letters"])
def test_a_token_that_does_not_count_is_not_kept(world, laptop, monkeypatch, token):
    refused = log_in(laptop, monkeypatch, token, world.server.url, expect=None)
    assert (refused.code != 0, refused.json["error"]["code"], kept(laptop)) == (True, "denied", [])
    assert not token or token not in refused.out + refused.err


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("remint.example", "invalid"),
        ("http://remint.example", "invalid"),
        ("https://ana:secret@remint.example", "invalid"),
        ("https://remint.example/?token=secret", "invalid"),
        ("http://127.0.0.1:9", "unavailable"),
    ],
)
def test_a_token_is_not_sent_where_no_server_is(laptop, monkeypatch, url, code):
    refused = log_in(laptop, monkeypatch, "rmt_" + "A" * 43, url, expect=None)
    assert (refused.json["error"]["code"], kept(laptop)) == (code, [])
    assert "secret" not in refused.json["error"]["what"].replace("token=secret", "")


def test_the_setting_names_the_server_and_the_folder_needs_no_project(world, laptop):
    laptop.write("remint.toml", f'url = "{world.server.url}"\n')
    with lent({"REMINT_TOKEN": world.tokens["ana"]}):
        assert laptop.cli("--json", "whoami").json["principal"] == "ana"
        refused = laptop.cli("--json", "--as", "bo", "whoami", expect=None).json["error"]
    assert (refused["code"], refused["why"].startswith("a local principal means nothing")) == ("invalid", True)
    assert not (laptop.root / ".remint" / "catalog.db").exists()


@pytest.mark.parametrize(
    "command",
    [
        ["regenerate", "data/made"],
        ["gc"],
        ["server", "--port", "0"],
        ["push", "--all"],
        ["audit", "verify"],
        ["backup", "elsewhere"],
        ["hold", "data/made", "--reason", "kept"],
        ["policy", "check", "policy.cedar"],
        ["compact", "data/made"],
        ["erase", "--subject", "1", "--column", "id", "--reason", "asked", "--yes"],
    ],
    ids=lambda command: command[0],
)
def test_what_needs_the_project_itself_is_refused_and_says_where_to_do_it(world, laptop, command):
    laptop.write("remint.toml", f'{SETTINGS}remote = "team"\n[remotes.team]\nurl = "file://{laptop.root}/remote"\n')
    laptop.write("policy.cedar", "")
    with lent({"REMINT_URL": world.server.url, "REMINT_TOKEN": world.tokens["ana"]}):
        refused = laptop.cli("--json", "-w", "try", *command, expect=None)
    assert refused.code != 0
    assert (refused.json["error"]["code"], "where the project is" in refused.json["error"]["next_step"]) == (
        "unavailable",
        True,
    )
