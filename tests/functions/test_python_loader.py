import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradverify.functions.python_loader import PythonLoader, source_of
from gradverify.hookspecs import FunctionLoader, LoadError


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, text in files.items():
        (folder / f"{stem}.py").write_text(text)
    return folder


def load(target: str, folder: Path) -> Callable[..., Any]:
    return PythonLoader().load(target, folder, {})


def complaint(target: str, folder: Path) -> str:
    with pytest.raises(LoadError) as caught:
        load(target, folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_loader_is_a_function_loader() -> None:
    assert isinstance(PythonLoader(), FunctionLoader)


def test_a_function_is_loaded_from_a_file_beside_the_spec(tmp_path: Path) -> None:
    write(tmp_path, losses="def loss(x): return x + 1")
    assert load("losses.py:loss", tmp_path)(2) == 3


def test_a_path_may_go_down_and_up_folders(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b", losses="def loss(x): return x + 1")
    (tmp_path / "c").mkdir()
    assert load("a/b/losses.py:loss", tmp_path)(2) == 3
    assert load("../a/b/losses.py:loss", tmp_path / "c")(2) == 3


def test_an_attribute_path_reaches_into_a_class(tmp_path: Path) -> None:
    write(tmp_path, losses="class Model:\n    @staticmethod\n    def loss(x): return 2 * x\nmodel = Model()")
    assert load("losses.py:Model.loss", tmp_path)(2) == 4
    assert load("losses.py:model.loss", tmp_path)(2) == 4


def test_two_folders_may_have_files_and_helpers_of_the_same_names(tmp_path: Path) -> None:
    text = "import helpers\ndef loss(x):\n    import late\n    return helpers.factor * late.factor * x"
    write(tmp_path / "a", losses=text, helpers="factor = 2", late="factor = 3")
    write(tmp_path / "b", losses=text, helpers="factor = 5", late="factor = 7")
    loader = PythonLoader()
    first = loader.load("losses.py:loss", tmp_path / "a", {})
    second = loader.load("losses.py:loss", tmp_path / "b", {})
    assert (first(1), second(1)) == (6, 35)
    assert "helpers" not in sys.modules
    assert "late" not in sys.modules


@pytest.mark.parametrize(
    "way", ["import importlib", "import importlib.util", "from importlib import import_module\nimport importlib"]
)
def test_import_module_finds_what_import_finds(tmp_path: Path, way: str) -> None:
    call = "import_module" if "from" in way else "importlib.import_module"
    text = f"{way}\ndef loss(x): return {call}('helpers').factor * x\n"
    write(tmp_path / "a", losses=text, helpers="factor = 2")
    write(tmp_path / "b", losses=text, helpers="factor = 5")
    assert (load("losses.py:loss", tmp_path / "a")(1), load("losses.py:loss", tmp_path / "b")(1)) == (2, 5)
    assert "helpers" not in sys.modules


def test_import_module_finds_everybodys_modules_as_well(tmp_path: Path) -> None:
    text = "import importlib\nmath = importlib.import_module('math')\nutil = importlib.util\n"
    text += "random = importlib.import_module('random')\nsub = importlib.import_module('.k', 'pack')\n"
    write(tmp_path / "pack", __init__="", k="k = 3")
    write(tmp_path, random=text + "def loss(x): return math.floor(x) * sub.k + random.randint(1, 1)")
    assert load("random.py:loss", tmp_path)(2.5) == 7
    write(tmp_path, missing="import importlib\ndef loss(x): return importlib.import_module('no_such')")
    with pytest.raises(ModuleNotFoundError, match="no_such"):
        load("missing.py:loss", tmp_path)(1)


def test_loading_leaves_the_search_path_alone_and_writes_no_bytecode(tmp_path: Path) -> None:
    before = list(sys.path)
    write(tmp_path, losses="import helpers\ndef loss(x): return x", helpers="")
    load("losses.py:loss", tmp_path)
    assert sys.path == before
    assert not (tmp_path / "__pycache__").exists()


def test_a_file_inside_a_package_may_import_relatively_and_by_the_packages_name(tmp_path: Path) -> None:
    write(tmp_path / "mypack", __init__="", util="k = 3", losses="from . import util\nfrom mypack.util import k\n"
          "def loss(x): return x * k * util.k")  # fmt: skip
    assert load("mypack/losses.py:loss", tmp_path)(1) == 9


def test_a_package_below_the_spec_is_imported_by_its_dotted_name(tmp_path: Path) -> None:
    write(tmp_path / "pack" / "inner", __init__="", losses="from .. import k\ndef loss(x): return k * x")
    write(tmp_path / "pack", __init__="k = 4")
    assert load("pack.inner.losses:loss", tmp_path)(1) == 4
    assert "pack" not in sys.modules


def test_an_installed_module_is_imported_as_everybody_imports_it(tmp_path: Path) -> None:
    assert load("os.path:basename", tmp_path)("a/b") == "b"


def test_a_plain_folder_of_modules_can_be_imported_from(tmp_path: Path) -> None:
    write(tmp_path / "parts", helpers="k = 5")
    write(tmp_path, losses="import parts.helpers\nfrom parts import helpers\ndef loss(x): return helpers.k * x")
    assert load("losses.py:loss", tmp_path)(1) == 5


def test_a_module_named_as_a_standard_one_still_reaches_the_standard_one(tmp_path: Path) -> None:
    write(tmp_path, statistics="import statistics\ndef loss(x): return statistics.mean([x, 3])")
    assert load("statistics.py:loss", tmp_path)(1) == 2


def test_a_dataclass_with_postponed_annotations_can_be_defined(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom typing import ClassVar\n"
        "@dataclass\nclass P:\n    k: int = 2\n    c: ClassVar[int] = 1\ndef loss(x): return P().k * x"
    )
    write(tmp_path, losses=text)
    assert load("losses.py:loss", tmp_path)(1) == 2


def test_a_module_is_run_once_until_its_file_changes(tmp_path: Path) -> None:
    write(tmp_path, losses="import helpers\ndef loss(x): return helpers.k", helpers="k = 1")
    loader = PythonLoader()
    first = loader.load("losses.py:loss", tmp_path, {})
    assert loader.load("losses.py:loss", tmp_path, {}) is first
    write(tmp_path, helpers="k = 1000")
    assert loader.load("losses.py:loss", tmp_path, {})(0) == 1000
    assert first(0) == 1


def test_what_a_module_prints_does_not_reach_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, losses="print('hello')\ndef loss(x): return x")
    load("losses.py:loss", tmp_path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("target", "text", "said"),
    [
        ("losses.py", "", "`losses.py` names no function: write `losses.py:NAME`"),
        ("losses.py:", "", "`losses.py:` names no function"),
        (":loss", "", "`:loss` names no function"),
        ("lossses.py:loss", "", "did you mean `losses.py`?"),
        ("nowhere/losses.py:loss", "", "there is no folder"),
        ("losses.py:los", "def loss(x): return x", "`losses.py` has no `los`, did you mean `loss`?"),
        ("losses.py:zzz", "def loss(x): return x", "`losses.py` has no `zzz`"),
        ("losses.py:C.los", "class C:\n    def loss(x): return x", "`losses.py:C` has no `los`, did you mean `loss`?"),
        ("losses.py:loss", "loss = 3", "`losses.py:loss` is not a function but an `int`"),
        ("losses.py:loss", "async def loss(x): return x", "is an `async` function"),
        ("losses.py:loss", "k = 1\ndef loss(x:\n  return x", "syntax error at losses.py:"),
        ("losses.py:loss", "\nimport nonexistent_module_xyz", "No module named 'nonexistent_module_xyz' (losses.py:2)"),
        ("losses.py:loss", "def k():\n    return 1 / 0\nk()", "ZeroDivisionError: division by zero (losses.py:2)"),
        ("losses.py:loss", "import sys\nsys.exit(3)", "exits when it is imported (SystemExit: 3 (losses.py:2))"),
        ("no_such_module_xyz:loss", "", "No module named 'no_such_module_xyz'"),
    ],
)
def test_what_cannot_be_loaded_is_explained(tmp_path: Path, target: str, text: str, said: str) -> None:
    write(tmp_path, losses=text)
    assert said in complaint(target, tmp_path)


def test_a_folder_is_not_a_python_file(tmp_path: Path) -> None:
    (tmp_path / "x.py").mkdir()
    assert "is a folder" in complaint("x.py:loss", tmp_path)


def test_a_failed_import_is_tried_again_once_the_file_is_mended(tmp_path: Path) -> None:
    loader = PythonLoader()
    write(tmp_path, losses="import helpers\ndef loss(x): return helpers.k", helpers="1 / 0")
    with pytest.raises(LoadError):
        loader.load("losses.py:loss", tmp_path, {})
    write(tmp_path, helpers="k = 3")
    assert loader.load("losses.py:loss", tmp_path, {})(0) == 3


def plain(x: float) -> float:
    return x


@functools.lru_cache
@functools.wraps(plain)
def wrapped(x: float) -> float:
    return x


@functools.lru_cache
def decorated(x: float) -> float:
    return x


def line_of(text: str) -> int:
    return next(i for i, line in enumerate(Path(__file__).read_text().splitlines(), 1) if line.startswith(text))


def test_a_source_is_the_line_of_the_def_seen_through_wrappers() -> None:
    for function in (plain, wrapped, functools.partial(plain)):
        found = source_of(function)
        assert found is not None
        assert (found.file, found.line, found.name) == (__file__, line_of("def plain"), "plain")


def test_a_decorated_function_starts_at_its_def_and_not_at_its_decorator() -> None:
    found = source_of(decorated)
    assert found is not None
    assert found.line == line_of("def decorated")


def test_a_callable_object_is_found_at_its_call_method() -> None:
    class Loss:
        def __call__(self, x: float) -> float:
            return x

    found = source_of(Loss())
    assert found is not None
    assert "Loss" in found.name


def test_a_builtin_has_no_source() -> None:
    assert source_of(max) is None
    assert source_of(functools.partial(max)) is None
