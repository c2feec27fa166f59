"""Scans: what is data, what runs, and what is not known."""

import io
import json
import zipfile

import pytest

from remint.core.scan import Flaw, scan_file, worst_of


def archive(**members):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        for name, content in members.items():
            made.writestr(name.replace("_", "."), content)
    return held.getvalue()


def scanned(content, path="file"):
    return [(flaw.severity, flaw.what) for flaw in scan_file(path, io.BytesIO(content), size_bytes=len(content))]


NPY = b"\x93NUMPY\x01\x00v\x00{'descr': '%s', 'fortran_order': False, 'shape': (3,), }\n"
STACKED = b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94."


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"carrier,delay\nUA,11\n",
        "é".encode() * 3000,
        b"PAR1....PAR1",
        NPY % b"<f8",
        (2).to_bytes(8, "little") + b"{}",
        archive(weights_npy=NPY % b"<f8", schema_json=b'{"__module__": "numpy"}'),
        archive(schema_json=b'{"__module__": "builtins", "content": [1]}'),
    ],
)
def test_what_is_only_data_passes(content):
    assert scanned(content) == []


@pytest.mark.parametrize(
    ("content", "severity", "word"),
    [
        (b"\x80\x04N.", "high", "pickle"),
        (STACKED, "critical", "posix.system"),
        (b"cos\nsystem\n(S'true'\ntR.", "critical", "os.system"),
        (b"\x80\x04\x8c\x05", "high", "cannot be read to its end"),
        (b"\x7fELF\x02", "high", "program"),
        (b"#!/bin/sh\n", "high", "program"),
        (NPY % b"|O", "high", "objects"),
        (b"\x1f\x8b\x08", "medium", "compressed"),
        (b"\x89HDF\r\n", "medium", "HDF5"),
        (b"\x00\x01\x02\xff", "medium", "not known"),
        (b"text\x00with a nul", "medium", "not known"),
        (b"PK\x03\x04broken", "medium", "cannot be read"),
        (archive(data_pkl=STACKED), "critical", "posix.system"),
        (archive(inner_zip=archive(a_txt=b"a")), "medium", "archive in an archive"),
        (archive(schema_json=json.dumps({"content": [{"__module__": "subprocess"}]}).encode()), "critical", "subprocess"),
        (archive(schema_json=b"{"), "medium", "no JSON"),
    ],
)
def test_what_runs_or_is_not_known_is_found(content, severity, word):
    ((found, what),) = scanned(content)
    assert (found, word in what) == (severity, True), what


def test_a_member_of_an_archive_is_named():
    assert scan_file("m.zip", io.BytesIO(archive(a_pkl=b"N.")), size_bytes=9)[0].path == "m.zip!a.pkl"


def test_findings_that_say_no_severity_cannot_be_judged():
    assert worst_of([{"what": "x"}]) is None
    assert worst_of([{"severity": "mild"}]) is None
    assert worst_of([Flaw("a", "low", "x").record(), Flaw("b", "high", "y").record()]) == ("high", ["y"])
