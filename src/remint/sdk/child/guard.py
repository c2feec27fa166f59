# Paths are text here: they go to the kernel, by the hundred, in every child.
# ruff: noqa: PTH114, PTH118, PTH119, PTH207, PTH208
"""What a step may reach: reads of what it declares, writes in its own folder, no connections.

The kernel holds it, not Python.

The guard is Landlock: a list of what is allowed, set by the child on itself before the step's code is imported, inherited by
every process it starts, and never taken back. It holds for C libraries and subprocesses alike.

What it does not hold, so that nobody believes more than is true: names, sizes and times of files elsewhere can be asked for
(`stat`); a Unix socket with a path outside /run can be connected to; where no network namespace is to be had, only TCP is cut,
and sockets in /run are open too; and it is made against undeclared inputs, not against an attack on the kernel. What was in
force is recorded with every run, for example `landlock-7+netns+mounts`.
"""

import ctypes
import glob
import os
import stat
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
PATH_BENEATH = 1
NO_NEW_PRIVS = 38
CAPABILITIES_VERSION = 0x20080522
PRIVILEGES_ON_FILES = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4
"""Owner, access, mode and set-id bits of files: what root needs to read files of others it was given."""

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_CHAR, MAKE_BLOCK = 1 << 6, 1 << 11
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

READ = READ_FILE | READ_DIR
RUN = READ | EXECUTE
USE = READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV
EVERYTHING = (1 << 16) - 1
OWN = EVERYTHING & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV)

PARTS_OF_A_PREFIX = ("bin", "sbin", "lib", "lib32", "lib64", "libexec", "share", "include", "ssl", "pyvenv.cfg")
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/proc", "/sys/devices/system", "/sys/fs/cgroup")
ETC = (
    "alternatives", "fonts", "group", "host.conf", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias",
    "localtime", "mime.types", "nsswitch.conf", "os-release", "passwd", "protocols", "services", "ssl", "timezone",
)  # fmt: skip
ETC_OF_NETWORK = ("ca-certificates", "gai.conf", "pki", "resolv.conf")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
ACCELERATORS = ("/dev/nvidia*", "/dev/kfd", "/dev/dri/*", "/dev/accel*")
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a private one, mounted for this child


class Handled(NamedTuple):
    """What a kernel can be asked to refuse, as three masks."""

    files: int
    connections: int
    scopes: int


class Rule(NamedTuple):
    """A path and what may be done below it."""

    path: str
    rights: int


@dataclass(frozen=True, slots=True)
class Guarded:
    """What came of it.

    Attributes:
        abi: the Landlock version in force, 0 for none.
        missing: why it is not in force; empty if it is.
    """

    abi: int
    missing: str = ""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("connections", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("process", ctypes.c_int32))


class _Capabilities(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, doing: str) -> int:
    """Return the result of a system call.

    Raises:
        OSError: the call failed; the text says what it was for.
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{doing}: {os.strerror(number)}")
    return result


@lru_cache
def landlock_abi() -> int:
    """Return the version of Landlock this kernel offers, 0 if there is none or it is switched off."""
    offered: int = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))
    return max(0, offered)


def handled(abi: int, *, network: bool) -> Handled:
    """Return what Landlock of version `abi` can refuse.

    Versions: 1 knows 13 rights on files, 2 adds moving between folders, 3 truncating, 4 TCP, 5 device commands, 6 signals and
    abstract sockets; 7 changes only what is logged.

    Args:
        abi: version of Landlock.
        network: whether connections stay allowed.

    Example:
        >>> handled(1, network=False)
        Handled(files=8191, connections=0, scopes=0)
        >>> handled(7, network=False)
        Handled(files=65535, connections=3, scopes=3)
    """
    bits = 13 + (abi >= 2) + (abi >= 3) + (abi >= 5)
    return Handled((1 << bits) - 1, 3 if abi >= 4 and not network else 0, 3 if abi >= 6 else 0)


def drop_privileges() -> None:
    """Give up every privilege root has but those on files, for good; without them Landlock has ways around it.

    Raises:
        OSError: the kernel refused.
    """
    header, held = _CapabilityHeader(CAPABILITIES_VERSION, 0), (_Capabilities * 2)()
    checked(libc.capget(ctypes.byref(header), held), "see which privileges there are")
    kept = held[0].permitted & PRIVILEGES_ON_FILES
    held[0] = _Capabilities(kept, kept, 0)
    held[1] = _Capabilities(0, 0, 0)
    checked(libc.capset(ctypes.byref(header), held), "give up privileges")
    checked(libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0), "give up new privileges")


def restrict(rules: Iterable[Rule], *, network: bool, abi: int | None = None) -> Guarded:
    """Allow this process, and every process it will start, only what `rules` say. It cannot be undone.

    Rules on paths that do not exist are left out; so are rights this kernel does not know.

    Args:
        rules: what is allowed.
        network: whether connections are allowed too.
        abi: use no more than this version; the kernel's own if None.
    """
    version = min(landlock_abi(), 7 if abi is None else abi)
    if version < 1:
        return Guarded(0, "this kernel offers no Landlock")
    masks = handled(version, network=network)
    try:
        attributes = _Ruleset(*masks)
        size = ctypes.c_size_t(ctypes.sizeof(attributes))
        ruleset = checked(libc.syscall(CREATE_RULESET, ctypes.byref(attributes), size, ctypes.c_uint32(0)), "make a ruleset")
        try:
            for rule in rules:
                _allow(ruleset, rule, masks.files)
            drop_privileges()
            checked(libc.syscall(RESTRICT_SELF, ruleset, ctypes.c_uint32(0)), "restrict this process")
        finally:
            os.close(ruleset)
    except OSError as error:
        return Guarded(0, str(error))
    return Guarded(version)


def _allow(ruleset: int, rule: Rule, known: int) -> None:
    try:
        opened = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there, or cannot be looked at, cannot be read either
    try:
        is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
        rights = rule.rights & known & (EVERYTHING if is_folder else ON_FILES)
        beneath = _PathBeneath(rights, opened)
        reference = ctypes.byref(beneath)
        checked(libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, reference, ctypes.c_uint32(0)), f"allow {rule.path}")
    finally:
        os.close(opened)


def is_within(path: str, folder: str) -> bool:
    """Return whether a path is a folder or lies below it; both are absolute.

    Example:
        >>> is_within("/a/b", "/a"), is_within("/ab", "/a"), is_within("/a", "/")
        (True, False, True)
    """
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def without(folder: str, keep_out: Sequence[str]) -> Iterator[str]:
    """Yield `folder`, or, where it contains something to keep out of, everything in it but that.

    A folder inside what is kept out is yielded: it was named on purpose, as an environment inside a project is. Links in a
    folder that is taken apart are left out, since they may lead anywhere.
    """
    inside = [place for place in keep_out if is_within(place, folder)]
    if not inside:
        yield folder
        return
    if folder in inside:
        return
    for name in sorted(_names(folder)):
        place = os.path.join(folder, name)
        if not os.path.islink(place):
            yield from without(place, keep_out)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def packages() -> list[str]:
    """Return the folders Python itself and installed packages are in, from this interpreter's own settings."""
    own = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    installed = {path for path in sys.path if os.path.basename(path) in {"site-packages", "dist-packages"}}
    return sorted({os.path.realpath(path) for path in own | installed})


def _installations(keep_out: Sequence[str]) -> Iterator[str]:
    """Yield the parts of each prefix that hold programs and libraries.

    None of a prefix that is the project itself, or the root of the disk. Never a prefix as a whole: an
    environment may have been made in a home folder, or in the project's own.
    """
    for prefix in sorted({sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, "/usr", "/usr/local"}):
        whole = os.path.realpath(prefix)
        if whole in {"/", *keep_out}:
            yield os.path.join(whole, "pyvenv.cfg")
            continue
        yield from (os.path.join(whole, part) for part in PARTS_OF_A_PREFIX)


@lru_cache
def readable(keep_out: tuple[str, ...], own: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return everything outside its inputs a step may read: the interpreter, installed packages, the system's libraries.

    Args:
        keep_out: folders that must not become readable by lying inside one of these: the project, the store.
        own: further folders of packages, as Remint's own.
    """
    outside = tuple(os.path.realpath(path) for path in keep_out)
    candidates = {*SYSTEM, *_installations(outside), *packages(), sys.executable, *own}
    places = {os.path.realpath(path) for path in candidates}
    return tuple(sorted({part for place in places for part in without(place, outside)}))


@lru_cache
def fixed_rules(keep_out: tuple[str, ...], own: tuple[str, ...], *, network: bool) -> tuple[Rule, ...]:
    """Return the rules every step gets: programs and libraries, a short list of settings of the system, harmless devices."""
    names = (*ETC, *ETC_OF_NETWORK) if network else ETC
    settings = [Rule(os.path.realpath(f"/etc/{name}"), READ) for name in names]
    accelerators = [path for pattern in ACCELERATORS for path in glob.glob(pattern)]
    devices = [Rule(path, USE) for path in (*DEVICES, *accelerators)]
    return (*(Rule(path, RUN) for path in readable(keep_out, own)), *settings, *devices)
