"""The machine a process runs on, as far as results depend on it."""

import os
import platform
import sys
from pathlib import Path

_LEVELS = (
    ("x86-64-v2", "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"),
    ("x86-64-v3", "abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"),
    ("x86-64-v4", "avx512bw avx512cd avx512dq avx512f avx512vl"),
)
"""Instruction levels and the flags, as Linux names them, that each adds to the one before (source: x86-64 psABI, table 3.1)."""


def libc() -> str:
    """Return the C library and its version, for example `glibc 2.36`; `musl` or nothing where the system does not say."""
    if sys.platform != "linux":
        return ""
    names = getattr(os, "confstr_names", {})
    return (os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in names else "") or "musl"


def platform_tag() -> str:
    """Return system, machine and kind of C library, for example `linux-x86_64-glibc`."""
    parts = (sys.platform, platform.machine().lower(), libc().partition(" ")[0])
    return "-".join(part for part in parts if part)


def cpu(description: str, machine: str) -> dict[str, str]:
    """Return the model and the instruction level of a CPU.

    Args:
        description: the text of `/proc/cpuinfo`; empty where there is none.
        machine: the architecture, for example `x86_64`; it stands for the level where levels are not defined.

    Example:
        >>> cpu("model name : Fast One\\nflags : sse2 cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3\\n", "x86_64")
        {'model': 'Fast One', 'level': 'x86-64-v2'}
    """
    facts: dict[str, str] = {}
    for line in description.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            facts.setdefault(name.strip(), value.strip())
    model = facts.get("model name") or facts.get("CPU part") or facts.get("Processor") or ""
    if machine.lower() not in ("x86_64", "amd64") or "flags" not in facts:
        return {"model": model, "level": machine.lower()}
    flags, level = set(facts["flags"].split()), "x86-64-v1"
    for name, needed in _LEVELS:
        if not flags.issuperset(needed.split()):
            break
        level = name
    return {"model": model, "level": level}


def this_cpu() -> dict[str, str]:
    """Return the model and the instruction level of this machine's CPU."""
    description = Path("/proc/cpuinfo")
    text = description.read_text(errors="replace") if description.exists() else ""
    return cpu(text, platform.machine())
