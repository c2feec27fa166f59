"""CPU levels from what Linux prints."""

import pytest

from remint.adapters.capture.hardware import cpu

V2 = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"
V3 = f"{V2} abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"
V4 = f"{V3} avx512bw avx512cd avx512dq avx512f avx512vl"


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        ("fpu sse2", "x86-64-v1"),
        (V2, "x86-64-v2"),
        (V3, "x86-64-v3"),
        (V4, "x86-64-v4"),
        (V4.replace("movbe ", ""), "x86-64-v2"),
    ],
)
def test_the_level_is_the_highest_whose_flags_are_all_there(flags: str, level: str) -> None:
    first, second = f"model name\t: A: B\nflags\t\t: {flags}\n", "model name\t: other\nflags\t\t: fpu\n"
    assert cpu(first + "\n" + second, "x86_64") == {"model": "A: B", "level": level}


def test_another_architecture_stands_for_its_level() -> None:
    assert cpu("", "arm64") == {"model": "", "level": "arm64"}
