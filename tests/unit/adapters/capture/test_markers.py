"""Markers as uv writes them, evaluated."""

import pytest

from remint.adapters.capture.markers import applies, normal_marker, this_machine

LINUX = this_machine() | {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("", True),
        ("sys_platform == 'linux'", True),
        ("sys_platform != 'linux'", False),
        ("'linux' == sys_platform", True),
        ("python_full_version < '3.12'", True),
        ("python_full_version >= '3.11.10'", False),
        ("python_version >= '3.9'", True),
        ("python_version == '3.11.*'", True),
        ("python_full_version == '3.1.*'", False),
        ("python_full_version ~= '3.11.2'", True),
        ("python_full_version ~= '3.10.2'", False),
        ("python_version == '3.11.0'", True),
        ("sys_platform in 'linux darwin'", True),
        ("sys_platform not in 'linux darwin'", False),
        ("'lin' in sys_platform", True),
        ("os_name == 'nt' or os_name == 'posix' and sys_platform == 'linux'", True),
        ("(os_name == 'posix' or os_name == 'nt') and sys_platform == 'win32'", False),
        ("os_name == 'posix' or os_name == 'nt' and sys_platform == 'win32'", True),
        ("platform_python_implementation != 'PyPy' and implementation_name == 'cpython'", True),
        ("(platform_machine == 'aarch64' and sys_platform == 'linux') or (platform_machine == 'x86_64')", True),
        ("extra == 'test'", False),
    ],
)
def test_a_marker_holds_where_it_should(marker: str, expected: bool) -> None:
    assert applies(marker, LINUX) is expected


@pytest.mark.parametrize(
    "marker",
    [
        "os_name",
        "os_name ==",
        "== 'a'",
        "'a' == 'b'",
        "(os_name == 'a'",
        "os_name == 'a')",
        "os_name == 'a' or",
        "shell == 'a'",
        "os_name = 'a'",
        "os_name ~= 'a'",
        "os_name == 'a' os_name == 'b'",
        "__import__('os')",
        "os_name == 'a",
    ],
)
def test_what_is_no_marker_is_refused(marker: str) -> None:
    with pytest.raises(ValueError, match=r"marker|versions"):
        applies(marker, LINUX)


def test_spacing_and_quotes_are_no_part_of_a_marker() -> None:
    assert normal_marker('( os_name=="nt" )and python_version<"3.12"') == "(os_name == 'nt') and python_version < '3.12'"
