"""What a step reaches, beyond the mutation suite: imports of every form, dynamic access, effects, files."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from remint.adapters.capture.code import SourceCode
from remint.errors import Invalid, NotFound
from remint.ports.capture import Closure
from tests.conformance.capture.conftest import Write


def reach(root: Path, qualname: str = "train", module: str = "pipeline", roots: tuple[str, ...] = (".",)) -> Closure:
    return SourceCode(root, roots).closure(module, qualname)


@pytest.mark.parametrize(
    "source",
    [
        "from helpers import clean\ndef train(x): return clean(x)",
        "from helpers import clean as c\ndef train(x): return c(x)",
        "import helpers\ndef train(x): return helpers.clean(x)",
        "import helpers as h\ndef train(x): return h.clean(x)",
        "def train(x):\n    import helpers\n    return helpers.clean(x)",
        "def train(x):\n    from helpers import clean\n    return (lambda: clean)()(x)",
        "def train(x):\n    def inner():\n        return clean(x)\n    from helpers import clean\n    return inner()",
        "import helpers\nclass A:\n    f = helpers.clean\ndef train(x): return A.f(x)",
        "class A:\n    from helpers import clean\ndef train(x): return A().clean()",
        "try:\n    from helpers import clean\nexcept ImportError:\n    clean = None\ndef train(x): return clean(x)",
        "def late():\n    global helpers\n    import helpers\ndef train(x):\n    late()\n    return helpers.clean(x)",
        "import helpers\ndef train(x) -> 'helpers.clean': return x",
        "from helpers import clean\ndef train(x): return [clean(i) for i in x]",
        "from helpers import clean\ndef train(x, f=clean): return f(x)",
        "from helpers import clean\nTABLE = {'c': clean}\ndef train(x): return TABLE['c'](x)",
        "import helpers\nif (found := helpers.clean): pass\ndef train(x): return found(x)",
        "import helpers\nfor f in [helpers.clean]: pass\ndef train(x): return f(x)",
        "import helpers\nmatch helpers.clean:\n    case f: pass\ndef train(x): return f(x)",
        "import helpers\nwith open('x') as a, helpers.clean(a) as b: pass\ndef train(x): return b",
        "from helpers import *\ndef train(x): return clean(x)",
        "import helpers\ndef train(x): return use(helpers)\ndef use(m): return m.clean",
        "import helpers\nmodule = helpers\ndef train(x): return module.clean(x)",
    ],
)
def test_a_helper_is_reached_by_every_form_of_import(source: str, project: Write) -> None:
    root = project({"pipeline.py": source, "helpers.py": "def clean(x):\n    return x"})
    before = reach(root)
    project({"helpers.py": "def clean(x):\n    return x + 1"})
    assert before.files == ("helpers.py", "pipeline.py")
    assert reach(root).digest != before.digest
    assert before.whole == ""


@pytest.mark.parametrize(
    "step",
    [
        "from shop import maths\ndef train(x): return maths.area.square(x)",
        "import shop.maths.area\ndef train(x): return shop.maths.area.square(x)",
        "import shop.maths.area as a\ndef train(x): return a.square(x)",
        "from shop.maths import area\ndef train(x): return area.square(x)",
        "from shop.maths.area import square\ndef train(x): return square(x)",
        "from shop import square\ndef train(x): return square(x)",
        "import shop\ndef train(x): return shop.square(x)",
        "import shop\ndef train(x): return shop.everything(x)",
    ],
)
def test_names_are_followed_through_packages_and_re_exports(step: str, project: Write) -> None:
    files = {
        "pipeline.py": step,
        "shop/__init__.py": "from .maths.area import square\nfrom .stars import *",
        "shop/stars.py": "from shop.maths.area import square as everything",
        "shop/maths/__init__.py": "",
        "shop/maths/area.py": "def square(x):\n    return x * x\ndef unused(): return 1",
    }
    root = project(files)
    before = reach(root)
    project({"shop/maths/area.py": "def square(x):\n    return x ** 2\ndef unused(): return 1"})
    changed = reach(root)
    assert changed.digest != before.digest
    assert "shop.maths.area:square" in before.pieces
    assert set(before.files) == set(files)


def test_a_submodule_shadowed_by_a_function_of_its_name_is_not_taken_for_it(project: Write) -> None:
    root = project(
        {
            "pipeline.py": "from shop import train as fit\ndef train(x): return fit(x)",
            "shop/__init__.py": "from .train import train",
            "shop/train.py": "def train(x): return x\ndef unused(): return 1",
        }
    )
    before = reach(root)
    project({"shop/train.py": "def train(x): return x\ndef unused(): return 2"})
    assert reach(root).digest == before.digest


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import importlib\ndef train(x): return importlib.import_module(x)", "importlib.import_module"),
        ("from importlib import import_module as load\ndef train(x): return load(x)", "importlib.import_module"),
        ("def train(x): return __import__(x)", "__import__"),
        ("def train(x): exec(x)", "exec"),
        ("def train(x): return eval(x)", "eval"),
        ("def train(x): return globals()[x]", "globals"),
        ("import helpers\ndef train(x): return getattr(helpers, x)", "a computed name of a module"),
        ("def train(x):\n    import helpers\n    return vars(helpers)[x]", "a computed name of a module"),
        ("import helpers\ndef train(x): return helpers.__dict__[x]", "helpers.__dict__"),
        ("import runpy\ndef train(x): return runpy.run_path(x)", "runpy"),
        ("import sys\ndef train(x): return sys.modules[x]", "sys.modules"),
        ("class A: pass\ndef train(x): return A.__subclasses__()", "__subclasses__"),
        ("import pickle\ndef train(x): return pickle.loads(x)", "pickle.loads"),
    ],
)
def test_dynamic_access_reaches_the_whole_project_and_says_where(source: str, what: str, project: Write) -> None:
    root = project({"pipeline.py": source, "helpers.py": "", "tests/test_it.py": "X = 1"})
    before = reach(root)
    project({"tests/test_it.py": "X = 2"})
    assert before.whole.startswith("pipeline.py:")
    assert f"uses {what}," in before.whole
    assert before.files == ("helpers.py", "pipeline.py", "tests/test_it.py")
    assert reach(root).digest != before.digest


def test_the_reason_names_the_line_of_the_use(project: Write) -> None:
    root = project({"pipeline.py": "import importlib\n\n\ndef train(x):\n    return importlib.import_module(x)\n"})
    assert reach(root).whole == "pipeline.py:5 uses importlib.import_module, which can reach any code"


def test_the_whole_project_leaves_out_environments_and_hidden_folders(project: Write) -> None:
    root = project(
        {
            "pipeline.py": "def train(x): exec(x)",
            ".venv/lib.py": "",
            ".remint/state.py": "",
            "env/pyvenv.cfg": "",
            "env/lib/site-packages/numpy.py": "",
            "old/site-packages/numpy.py": "",
        }
    )
    assert reach(root).files == ("pipeline.py",)


def test_the_whole_project_takes_a_file_that_is_no_python_by_its_bytes(project: Write) -> None:
    root = project({"pipeline.py": "def train(x): exec(x)", "old.py": "print 'two'"})
    before = reach(root)
    project({"old.py": "print 'three'"})
    assert reach(root).digest != before.digest


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\ndef train(x): return getattr(np, x)",
        "def train(x): return x.eval(), x.exec()",
        "from tools import eval\ndef train(x): return eval(x)",
        "def train(eval): return eval(1)",
        "import importlib.metadata\ndef train(x): return importlib.metadata.version(x)",
        "import sys\ndef train(x): return sys.version",
    ],
)
def test_what_only_looks_dynamic_does_not_reach_the_whole_project(source: str, project: Write) -> None:
    assert reach(project({"pipeline.py": source, "tools.py": "def eval(x): return x"})).whole == ""


@pytest.mark.parametrize(
    ("registry", "before", "after"),
    [
        (
            "class Base:\n    all = []\n    def __init_subclass__(cls): cls.all.append(cls)",
            "class A(Base):\n    n = 1",
            "class A(Base):\n    n = 2",
        ),
        ("class Meta(type): pass", "class A(metaclass=Meta):\n    n = 1", "class A(metaclass=Meta):\n    n = 2"),
        (
            "import functools\n@functools.singledispatch\ndef Base(x): return 0",
            "@Base.register(int)\ndef _(x): return 1",
            "@Base.register(int)\ndef _(x): return 2",
        ),
        ("def Base(f): return f", "_ = Base(lambda: 1)", "_ = Base(lambda: 2)"),
        ("Base = {}", "Base.setdefault('a', 1)", "Base.setdefault('a', 2)"),
        ("Base = {}", "_ = Base.setdefault('a', 1)", "_ = Base.setdefault('a', 2)"),
        ("Base = {}", "for n in (1,):\n    Base[n] = 1", "for n in (1,):\n    Base[n] = 2"),
        ("Base = {}", "if True:\n    Base['a'] = 1", "if True:\n    Base['a'] = 2"),
        ("Base = []", "Base += [1]", "Base += [2]"),
        ("Base = []", "with open('x') as f:\n    Base.append(1)", "with open('x') as f:\n    Base.append(2)"),
        ("Base = []", "def add(to=Base.append(1)): pass", "def add(to=Base.append(2)): pass"),
        ("Base = []", "class A:\n    Base.append(1)", "class A:\n    Base.append(2)"),
    ],
)
def test_what_a_module_does_when_imported_counts(registry: str, before: str, after: str, project: Write) -> None:
    root = project(
        {
            "pipeline.py": "import plugins\nfrom registry import *\ndef train(x): return Base, Meta",
            "registry.py": registry,
            "plugins.py": f"from registry import *\n{before}",
        }
    )
    first = reach(root)
    project({"plugins.py": f"from registry import *\n{after}"})
    assert reach(root).digest != first.digest


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import re\nP = re.compile('a')", "import re\nP = re.compile('b')"),
        (
            "import functools\n@functools.lru_cache\ndef f(): return 1",
            "import functools\n@functools.lru_cache\ndef f(): return 2",
        ),
        ("class A:\n    @property\n    def x(self): return 1\n    @x.setter\n    def x(self, v): pass", "class A:\n    pass"),
        ("class E(ValueError): code = 1", "class E(ValueError): code = 2"),
        ("class A: pass\nclass B(A): n = 1", "class A: pass\nclass B(A): n = 2"),
        (
            "from dataclasses import dataclass\n@dataclass\nclass A: n: int = 1",
            "from dataclasses import dataclass\n@dataclass\nclass A: n: int = 2",
        ),
        (
            "from remint import step\n@step(seed=1)\ndef other(): return 1",
            "from remint import step\n@step\ndef other(): return 2",
        ),
        ("X = [1, 2]\nY = {'a': -1}", "Y = {'a': -2}\nX = [1, 3]"),
    ],
)
def test_what_a_module_only_defines_does_not_count_unless_it_is_reached(before: str, after: str, project: Write) -> None:
    root = project({"pipeline.py": "import plugins\ndef train(x): return x", "plugins.py": before})
    first = reach(root)
    project({"plugins.py": after})
    assert reach(root).digest == first.digest


def test_the_order_in_which_imports_have_effects_counts(project: Write) -> None:
    effects = {"a.py": "import random\nrandom.seed(1)", "b.py": "import random\nrandom.seed(2)"}
    root = project({"pipeline.py": "import a\nimport b\ndef train(x): return x", **effects})
    first = reach(root)
    project({"pipeline.py": "import b\nimport a\ndef train(x): return x"})
    assert reach(root).digest != first.digest


def test_the_order_of_imports_without_effects_does_not_count(project: Write) -> None:
    root = project(
        {
            "pipeline.py": "import a\nimport b\ndef train(x): return a.f(b.f(x))",
            "a.py": "def f(x): return x",
            "b.py": "def f(x): return x",
        }
    )
    first = reach(root)
    project({"pipeline.py": "import b\nimport a\ndef train(x): return a.f(b.f(x))"})
    assert reach(root).digest == first.digest


def test_a_value_taken_before_or_after_a_change_of_it_differs(project: Write) -> None:
    root = project({"pipeline.py": "A = 1\nB = A\nA = 2\ndef train(x): return A, B"})
    first = reach(root)
    project({"pipeline.py": "A = 1\nA = 2\nB = A\ndef train(x): return A, B"})
    assert reach(root).digest != first.digest


def test_a_docstring_counts_if_the_code_reads_it(project: Write) -> None:
    root = project({"pipeline.py": 'def prompt():\n    """Be kind."""\ndef train(x): return prompt.__doc__'})
    first = reach(root)
    project({"pipeline.py": 'def prompt():\n    """Be brief."""\ndef train(x): return prompt.__doc__'})
    assert reach(root).digest != first.digest


def test_a_variable_of_a_function_is_not_the_global_of_its_name(project: Write) -> None:
    root = project({"pipeline.py": "data = 1\ni = 2\ndef train(x):\n    data = x\n    return [i for i in data]"})
    assert set(reach(root).pieces) == {"pipeline:train"}


def test_the_files_are_enough_to_import_the_step_in_an_empty_folder(project: Write, tmp_path: Path) -> None:
    files = {
        "src/pipeline.py": """
            import shop.a
            from space.inner import leaf
            def train():
                from shop.late import g
                return shop.a.f() + g() + leaf()
        """,
        "src/shop/__init__.py": "from . import conf",
        "src/shop/conf.py": "import shop.a",
        "src/shop/a.py": "from shop import conf\ndef f(): return 1",
        "src/shop/late.py": "from .later import g",
        "src/shop/later.py": "def g(): return 2",
        "src/shop/never.py": "1 / 0",
        "src/space/inner.py": "def leaf(): return 4",
        "other.py": "1 / 0",
    }
    root = project(files)
    found = reach(root, roots=("src",))
    for name in found.files:
        (tmp_path / "empty" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, tmp_path / "empty" / name)
    program = "import pipeline; print(pipeline.train())"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path / "empty" / "src", capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("7", "")
    assert set(files) - set(found.files) == {"src/shop/never.py", "other.py"}


def test_modules_from_outside_are_listed_by_their_full_name(project: Write) -> None:
    root = project(
        {"pipeline.py": "import os.path\nfrom xml.dom import minidom\ndef train(x):\n    import sklearn.base\n    return x"}
    )
    assert reach(root).modules == ("os.path", "sklearn.base", "xml.dom")


def test_modules_that_import_each_other_are_both_reached(project: Write) -> None:
    root = project(
        {
            "pipeline.py": "import b\ndef train(x): return b.f(x)\ndef base(x): return x",
            "b.py": "import pipeline\ndef f(x): return pipeline.base(x) + g(x)\ndef g(x): return f(x)",
        }
    )
    assert {"pipeline:base", "b:f", "b:g"} <= set(reach(root).pieces)


def test_loops_of_symbolic_links_end(project: Write) -> None:
    root = project({"pipeline.py": "import shop.a\ndef train(x): exec(x)", "shop/a.py": ""})
    (root / "shop" / "again").symlink_to(root / "shop")
    (root / "self.py").symlink_to(root / "self.py")
    assert reach(root).files == ("pipeline.py", "shop/a.py")


def test_a_missing_module_or_function_is_not_found(project: Write) -> None:
    code = SourceCode(project({"pipeline.py": "def train(x): return x"}))
    with pytest.raises(NotFound, match="no module pipelines"):
        code.closure("pipelines", "train")
    with pytest.raises(NotFound, match=r"no function fit in pipeline\.py"):
        code.closure("pipeline", "fit")
    with pytest.raises(NotFound, match=r"no function train.<locals>.inner"):
        code.closure("pipeline", "train.<locals>.inner")


def test_a_syntax_error_names_file_and_line(project: Write) -> None:
    root = project({"pipeline.py": "import helpers\ndef train(x): return x", "helpers.py": "x = 1\ndef f(:\n"})
    with pytest.raises(Invalid, match=r"helpers\.py:2 cannot be read as Python"):
        reach(root)


@pytest.mark.parametrize("content", [b"# coding: utf-8\nX = '\xff'\n", b"X = '\x00'\n", b"# coding: nonsense\n", b"(" * 1000])
def test_source_that_cannot_be_read_is_refused_by_name(content: bytes, project: Write) -> None:
    root = project({"pipeline.py": ""})
    (root / "pipeline.py").write_bytes(content)
    with pytest.raises(Invalid, match=r"pipeline.py"):
        reach(root)


def test_a_source_in_another_encoding_says_the_same(project: Write) -> None:
    root = project({"pipeline.py": "def train(x): return 'é'"})
    first = reach(root)
    (root / "pipeline.py").write_bytes("# coding: latin-1\ndef train(x): return 'é'".encode("latin-1"))
    assert reach(root).digest == first.digest


def test_a_very_deep_expression_is_read(project: Write) -> None:
    assert reach(project({"pipeline.py": "def train(x): return " + " + ".join(["x"] * 600)})).files == ("pipeline.py",)


def test_an_import_root_outside_the_project_is_refused(project: Write) -> None:
    with pytest.raises(Invalid, match="outside the project"):
        SourceCode(project({}), ("..",))


def test_a_compiled_module_counts_by_its_bytes(project: Write) -> None:
    root = project({"pipeline.py": "import fast\ndef train(x): return fast.f(x)"})
    (root / "fast.cpython-311-x86_64-linux-gnu.so").write_bytes(b"\x7fELF1")
    first = reach(root)
    (root / "fast.cpython-311-x86_64-linux-gnu.so").write_bytes(b"\x7fELF2")
    assert "fast.cpython-311-x86_64-linux-gnu.so" in first.files
    assert reach(root).digest != first.digest


def test_an_edit_within_one_tick_of_the_clock_is_seen(project: Write) -> None:
    root = project({"pipeline.py": "def train(x): return 10"})
    code = SourceCode(root)
    digests = {code.closure("pipeline", "train").digest}
    for number in range(11, 40):
        (root / "pipeline.py").write_text(f"def train(x): return {number}")
        digests.add(code.closure("pipeline", "train").digest)
    assert len(digests) == 30


FIXED = {
    "pipeline.py": """
        import helpers
        from remint import step
        N: int = -1
        V = [1, 1.5, 1j, True, None, ..., b'a', 'é', 2**70]
        V.append(0)

        @step(seed=1)
        async def train(x, *a, k=N, **o) -> 'Y':
            'doc'
            async with x as y: pass
            return f'{helpers.f(x)!r:>{k}} {y=}' f'{x}' if (z := V) else {**o, 'z': z}
    """,
    "helpers.py": """
        def f(x):
            match x:
                case [1, *r] | {'a': r, **o} if r: return r
                case None: return
    """,
}


def test_the_digest_of_a_fixed_project_never_changes(project: Write) -> None:
    assert reach(project(FIXED)).digest == "b3:f8020b2c98252d35407ce7bb109a6a4803e0b7a9f51c02752d31be0bd1c2578c"
