"""Namespaces of Linux: no network devices, a private shared memory, an empty /run, as far as this machine lets us have them."""

import os
from pathlib import Path

from remint.sdk.child.guard import OWN, SHARED_MEMORY, Rule, checked, is_within, libc

NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_NETWORK = 0x00020000, 0x08000000, 0x10000000, 0x40000000
NO_SETUID, NO_DEVICES, NO_PROGRAMS = 2, 4, 8
RECURSIVE, PRIVATE = 0x4000, 1 << 18
RUNNING = "/run"
"""Where services keep the sockets they listen at: a database reached through one would be an input nobody declared."""


def leave_network() -> bool:
    """Move this process, and those it will start, to where there is no network; return whether that was possible.

    Without the privilege it is asked for through a user namespace in which this process keeps its own user and group. Must be
    called while there is one thread.
    """
    if libc.unshare(NEW_NETWORK) == 0:
        return True
    user, group = os.getuid(), os.getgid()
    if libc.unshare(NEW_USER | NEW_NETWORK) != 0:
        return False
    try:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    except OSError:
        return True  # the network is gone; the user shows as nobody, which hurts no one
    return True


def _write(path: str, text: str) -> None:
    opened = os.open(path, os.O_WRONLY)
    try:
        os.write(opened, text.encode())
    finally:
        os.close(opened)


def cover(*, network: bool, needed: list[str], size_bytes: int | None) -> list[Rule] | None:
    """Mount an empty shared memory for this process, and an empty /run where connections are not allowed.

    Args:
        network: whether connections are allowed.
        needed: paths the step needs; /run stays if one of them is in it.
        size_bytes: limit of the shared memory; half of the machine's memory if None.

    Returns:
        The rules that make the shared memory usable; None where mounting is not possible, and then nothing changed.
    """
    if libc.unshare(NEW_MOUNTS | NEW_IPC) != 0:
        return None
    size = "" if size_bytes is None else f",size={size_bytes}"
    try:
        checked(libc.mount(b"none", b"/", None, RECURSIVE | PRIVATE, None), "keep mounts private")
        _mount_empty(SHARED_MEMORY, f"mode=1777{size}")
        if not network and not any(is_within(path, RUNNING) for path in needed):
            _mount_empty(RUNNING, "mode=755")
    except OSError:
        return None
    return [Rule(SHARED_MEMORY, OWN)]


def _mount_empty(folder: str, options: str) -> None:
    if Path(folder).is_dir():
        flags = NO_SETUID | NO_DEVICES | NO_PROGRAMS
        checked(libc.mount(b"tmpfs", folder.encode(), b"tmpfs", flags, options.encode()), f"cover {folder}")
