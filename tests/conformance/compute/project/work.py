# Steps call what users call, os and open included.
# ruff: noqa: PTH104, PTH108, PTH120, PTH123, PTH208
"""Steps for the tests of executors, each a few lines; libraries are imported where they are used, as late as a step may."""

import contextlib
import ctypes
import mmap
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from remint.errors import Invalid

LOOKED_UP = {"known": 1}


def nothing() -> int:
    return 0


def add(left, right=10):
    return left + right


def gather(first, /, *others, **named):
    return {"first": first, "others": list(others), "named": named}


def pair():
    return "one", 2


def three():
    return 1, 2, 3


def itself(value):
    return value


class Decorated:
    def __init__(self, function):
        self.function = function

    def __call__(self):
        raise AssertionError("the plain function is called, not the decorated one")


@Decorated
def decorated():
    return "plain"


class Group:
    @staticmethod
    def inside():
        return "found"


def speak(lines):
    for number in range(lines):
        print("line", number)
    print("aside", file=sys.stderr)
    os.write(1, b"from below\n")
    subprocess.run(["echo", "from a child"], check=True)
    return lines


def look_up(key):
    return deeper(key)


def deeper(key):
    return LOOKED_UP[key]


def wrap(key):
    try:
        return deeper(key)
    except KeyError as error:
        raise ValueError("no such key") from error


def refuse():
    raise Invalid("the table is empty", why="no day is complete", next_step="wait until tomorrow")


def leave(code):
    sys.exit(code)


def in_library():
    import json

    return json.loads("{")


def numbers():
    import numpy as np

    return [random.random(), float(np.random.random()), hash("text"), float(np.random.default_rng(0).random())]


def hashed():
    return hash("text")


def conditions():
    names = ("PATH", "HOME", "LANG", "TZ", "PYTHONHASHSEED", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "SECRET")
    return {
        **{name: os.environ.get(name) for name in names},
        "argv": sys.argv,
        "cwd": Path.cwd().name,
        "input": sys.stdin.read(),
    }


def files_opened():
    return sorted(int(name) for name in os.listdir("/proc/self/fd"))


def in_home():
    import tempfile

    (Path.home() / ".cache").mkdir()
    with tempfile.NamedTemporaryFile() as file:
        return [(Path.cwd() / ".cache").is_dir(), Path(file.name).parent == Path.cwd()]


def libraries():
    import numpy as np

    return int(np.arange(3).sum())


def ask():
    return input("name? ")


# What an undeclared read may look like.


def read_open(path):
    return open(path).read()


def read_pyarrow(path):
    import pyarrow.parquet as pq

    return pq.read_table(path).num_rows


def read_duckdb(path):
    import duckdb

    return duckdb.sql(f"select count(*) from read_csv('{path}')").fetchall()[0][0]


def read_pandas(path):
    import pandas as pd

    return len(pd.read_csv(path, engine="c"))


def read_polars(path):
    import polars as pl

    return len(pl.read_csv(path))


def read_numpy(path):
    import numpy as np

    return int(np.fromfile(path, dtype=np.uint8).size)


def read_cat(path):
    return subprocess.run(["cat", path], check=True, capture_output=True, text=True).stdout


def read_python(path):
    return subprocess.run(
        [sys.executable, "-c", f"print(open({path!r}).read())"], check=True, capture_output=True, text=True
    ).stdout


def read_listdir(path):
    return os.listdir(os.path.dirname(path))


def read_sqlite(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("select count(*) from sqlite_master").fetchone()[0]


def read_mmap(path):
    opened = os.open(path, os.O_RDONLY)
    with mmap.mmap(opened, 0, prot=mmap.PROT_READ) as held:
        return len(held)


def read_c(path):
    libc = ctypes.CDLL(None, use_errno=True)
    opened = libc.open(path.encode(), 0)
    if opened < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    return opened


def read_link(path):
    Path("link").symlink_to(path)
    return Path("link").read_text()


def read_hard_link(path):
    os.link(path, "link")
    return Path("link").read_text()


def read_proc(path):
    return open(f"/proc/{os.getppid()}/root{path}").read()


def read_environment_of_parent():
    return open(f"/proc/{os.getppid()}/environ").read()


def import_outside(folder, module):
    sys.path.insert(0, folder)
    return __import__(module).VALUE


def write_text(path):
    Path(path).write_text("written")
    return path


def remove(path):
    os.unlink(path)
    return path


def write_here():
    Path("own").mkdir()
    Path("own/file").write_text("a")
    os.rename("own/file", "moved")
    return Path("moved").read_text()


def kill_parent():
    os.kill(os.getppid(), signal.SIGTERM)
    return 0


def connect(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as held:
        return held.recv(5).decode()


def send_datagram(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.sendto(b"datagram", ("127.0.0.1", port))
    return 0


def send_datagram_below(port):
    libc = ctypes.CDLL(None, use_errno=True)
    held = libc.socket(2, 2, 0)
    address = b"\x02\x00" + port.to_bytes(2) + bytes([127, 0, 0, 1]) + bytes(8)
    sent = libc.sendto(held, b"datagram", 8, 0, address, 16)
    return [sent, ctypes.get_errno()]


def share_memory():
    from multiprocessing import Pool, shared_memory

    held = shared_memory.SharedMemory(create=True, size=16)
    held.buf[:3] = b"abc"
    text = bytes(held.buf[:3]).decode()
    held.close()
    held.unlink()
    with Pool(2) as pool:
        return [text, pool.map(abs, [-1, -2]), os.listdir("/dev/shm")]


def search_grid():
    from sklearn.datasets import make_classification
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    rows, labels = make_classification(200, random_state=0)
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, n_jobs=2, cv=2)
    return float(search.fit(rows, labels).best_score_)


# What must not hang or take the machine down.


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def sleep_with_grandchild(pids):
    grandchild = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    print(os.getpid(), grandchild.pid, flush=True)
    time.sleep(pids)
    return 0


def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        sum(range(1000))
    return seconds


def burn_in_children(count, seconds):
    program = f"import time\nwhile time.process_time() < {seconds}: pass"
    for child in [subprocess.Popen([sys.executable, "-c", program]) for _ in range(count)]:
        child.wait()
    return count


def burn_in_orphan(seconds):
    program = f"import time\nwhile time.process_time() < {seconds}: pass"
    subprocess.run(["sh", "-c", f'"{sys.executable}" -c "{program}" & '], check=True)
    time.sleep(2.5 * seconds)
    return 0


def hold_memory(mib, seconds):
    held = []
    for _ in range(mib):
        held.append(bytearray(os.urandom(1)) * (1 << 20))
        time.sleep(0.001)
    time.sleep(seconds)
    return len(held)


def ask_for_memory(mib):
    return len(bytearray(mib << 20))


def hold_memory_in_children(count, mib):
    program = f"import time\nheld = b'x' * ({mib} << 20)\ntime.sleep(20)"
    for child in [subprocess.Popen([sys.executable, "-c", program]) for _ in range(count)]:
        child.wait()
    return count


def share_memory_with_forks(count, mib, seconds):
    held = b"x" * (mib << 20)
    for _ in range(count):
        if os.fork() == 0:
            time.sleep(seconds)
            os._exit(0)
    time.sleep(seconds)
    return len(held)


def die(number):
    os.kill(os.getpid(), number)
    time.sleep(10)
    return 0


def crash():
    return ctypes.string_at(0)


def exit_at_once(code):
    os._exit(code)


def leave_running(how):
    command = {
        "child": "sleep 1000 &",
        "daemon": "setsid sleep 1000 &",
        "deaf": "trap '' TERM INT HUP; sleep 1000 &",
    }
    subprocess.run(["sh", "-c", command[how]], check=True)
    return 0


def leave_thread():
    import threading

    threading.Thread(target=time.sleep, args=(1000,)).start()
    return 0


def bomb(most):
    for _ in range(most):
        if os.fork() == 0:
            os.setsid()
            time.sleep(1000)
    time.sleep(1000)
    return 0


def print_much(mib):
    line = b"x" * 1023 + b"\n"
    for _ in range(mib):
        os.write(1, line * 1024)
    return mib


def close_streams():
    sys.stdout.close()
    sys.stderr.close()
    os.close(1)
    os.close(2)
    return "closed"


def without_line_breaks(kib):
    for _ in range(kib):
        sys.stdout.write("y" * 1024)
    return kib


def fill(limit):
    with open("large", "wb") as file:
        file.writelines(b"\0" * (1 << 20) for _ in range(limit))
    return limit


def forge_link(target):
    (Path.cwd().parent / "outputs" / "result.json").symlink_to(target)
    os._exit(0)


def forge_result(told, target):
    folder = Path.cwd().parent / "outputs"
    (folder / "0").mkdir()
    (folder / "0" / "link").symlink_to(target)
    (folder / "0" / "folder").symlink_to(os.path.dirname(target))
    (folder / "result.json").write_text(told)
    os._exit(0)


def parent():
    return os.getppid()


def loaded(name):
    return name in sys.modules


def measure_variable(name):
    return len(os.environ.get(name, "")) if name in os.environ else -1


def print_variable(name, pieces):
    text = f"it is {os.environ[name]}.\n"
    size = -(-len(text) // pieces)
    for start in range(0, len(text), size):
        sys.stdout.write(text[start : start + size])
        sys.stdout.flush()
        time.sleep(0.01)
    return 0


def raise_variable(name):
    raise ValueError(f"cannot connect with {os.environ[name]}")


def search_memory(start, end):
    """Count where two texts stand one after the other in the memory of this process, without putting them so."""
    first, second, found = start.encode(), end.encode(), 0
    regions = [line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text().splitlines()]
    for region in regions:
        if region[1].startswith("rw") and not region[-1].startswith("["):
            low, high = (int(part, 16) for part in region[0].split("-"))
            held = ctypes.string_at(low, high - low)
            place = held.find(first)
            while place >= 0:
                after = place + len(first)
                found += held[after : after + len(second)] == second
                place = held.find(first, after)
    return found


def announce():
    print("announced")
    return 0
