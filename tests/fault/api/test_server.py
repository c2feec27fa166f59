"""The server as a process: its first start, its end, and where it refuses to listen."""

import datetime as dt
import http.client
import ipaddress
import json
import ssl
import threading

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from remint.app import initialise
from remint.core.digest import digest_bytes
from tests.support.api import PREFIX, LiveApi
from tests.support.remint_cli import Project


@pytest.fixture
def root(tmp_path):
    initialise(tmp_path, owner="ana")
    return tmp_path


def client_of(server, secret, **more):
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.Client(base_url=server.url + PREFIX, headers=headers, trust_env=False, timeout=30, **more)


def test_the_first_start_prints_a_token_for_the_owner_and_no_other_does(root):
    first = LiveApi(root)
    with client_of(first, first.secret()) as client:
        said = client.get("/whoami").json()
    assert first.stop() == 0
    second = LiveApi(root)
    log = second.log()
    assert second.stop() == 0
    assert (said["principal"], said["token"], "rmt_" in log) == ("ana", 1, False)


def test_a_server_that_is_asked_to_end_answers_what_is_under_way(root):
    server = LiveApi(root)
    secret, content = server.secret(), bytes(100_000)
    with client_of(server, secret) as client:
        said = {"digest": digest_bytes(content), "size_bytes": len(content)}
        upload = client.post("/uploads", json=said).json()["id"]
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    connection.putrequest("PUT", f"{PREFIX}/uploads/{upload}")
    connection.putheader("Authorization", f"Bearer {secret}")
    connection.putheader("Content-Range", f"bytes 0-{len(content) - 1}/*")
    connection.putheader("Content-Length", str(len(content)))
    connection.endheaders()
    connection.send(content[:50_000])
    ended = []
    ending = threading.Thread(target=lambda: ended.append(server.stop()))
    ending.start()
    ending.join(1)
    assert not ended
    connection.send(content[50_000:])
    answer = connection.getresponse()
    assert (answer.status, b'"offset":100000' in answer.read()) == (200, True)
    connection.close()
    ending.join(30)
    assert ended == [0]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])
def test_others_on_the_network_are_not_served_without_tls(root, host):
    answer = Project(root).cli("--as", "ana", "server", "--host", host, "--port", "0", expect=2)
    assert "--tls-cert" in answer.err


def test_a_certificate_without_its_key_is_refused(root):
    answer = Project(root).cli("--as", "ana", "server", "--tls-cert", "cert.pem", "--port", "0", expect=2)
    assert "--tls-key" in answer.err


def test_a_port_that_is_taken_is_named(root):
    first = LiveApi(root)
    port = first.url.rpartition(":")[2]
    answer = Project(root).cli("--as", "ana", "server", "--port", port, expect=9)
    assert first.stop() == 0
    assert f"port {port}" in answer.err


def test_a_certificate_makes_it_speak_tls(root):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = (
        made.serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
    )
    certificate = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (root / "cert.pem").write_bytes(certificate)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (root / "key.pem").write_bytes(private)
    server = LiveApi(root, "--tls-cert", "cert.pem", "--tls-key", "key.pem")
    trusted = ssl.create_default_context(cadata=certificate.decode())
    with client_of(server, server.secret(), verify=trusted) as client:
        assert client.get("/whoami").json()["principal"] == "ana"
    assert server.url.startswith("https://")
    assert server.stop() == 0


def test_a_server_keeps_a_checkpoint_of_what_was_done_when_it_ends(root):
    settings = root / "remint.toml"
    settings.write_text(f'checkpoints = ["checkpoints.jsonl"]\n{settings.read_text()}')
    server = LiveApi(root)
    with client_of(server, server.secret()) as client:
        client.post("/tokens", json={"about": "a script", "days": 1}).raise_for_status()
    assert server.stop() == 0
    found = Project(root).cli("audit", "verify", "--json").json
    last = (root / "checkpoints.jsonl").read_bytes().splitlines()[-1]
    assert json.loads(last)["checkpoint"]["size"] == found["entries"]
    assert found["checkpoints"] >= 1


def test_a_server_whose_checkpoints_cannot_be_kept_says_so_and_serves_on(root):
    settings = root / "remint.toml"
    settings.write_text(f'checkpoints = ["none/there.jsonl"]\n{settings.read_text()}')
    server = LiveApi(root)
    with client_of(server, server.secret()) as client:
        assert client.get("/whoami").status_code == 200
    assert server.stop() == 0
    assert "no checkpoint of the audit log was kept" in server.log()
