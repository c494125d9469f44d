"""`gradverify plot`: one spec as SVG or PNG."""

from __future__ import annotations

import importlib.util
import struct
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.cli.support import Caller, expression_spec, write_specs

BOWL = expression_spec(
    "bowl", variables=["x", "y"], function="x**2 + 2*y**2", gradient=["2*x", "4*y"], points=[[4, 3]],  # type: ignore[arg-type]
    descent=[{"start": [4, 3], "learning_rate": 0.2, "max_iterations": 99, "expect": {"behaviour": "converges"}}],
)  # fmt: skip
needs_resvg = pytest.mark.skipif(importlib.util.find_spec("resvg_py") is None, reason="resvg-py is not installed")


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    raising = expression_spec("broken", function="log(x - 100)")
    return write_specs(tmp_path / "s.yaml", BOWL, expression_spec("wrong", gradient="3*x"), raising)


def test_a_spec_is_drawn_as_an_svg_that_stands_by_itself(specs: Path, call: Caller) -> None:
    done = call("plot", "s.yaml::bowl", "-o", "out.svg")
    assert (done.returncode, done.stdout) == (0, "3 figures of bowl in out.svg\n")
    root = ET.fromstring((specs.parent / "out.svg").read_text(encoding="utf-8"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"bowl", "step size h", "iteration", "x", "y"} <= set(texts)
    assert not any(word in ET.tostring(root, encoding="unicode") for word in ("href", "url(", "script", "var("))


def test_a_wrong_gradient_is_drawn_too(specs: Path, call: Caller) -> None:
    done = call("plot", "s.yaml::wrong", "-o", "-")
    assert done.returncode == 0
    assert "the claim is off by" in done.stdout
    assert "fail: the only component is wrong" in done.stdout


@needs_resvg
def test_a_png_has_the_size_that_was_asked_for(specs: Path, call: Caller) -> None:
    sizes = []
    for scale in ("1", "2"):
        assert call("plot", "s.yaml::wrong", "-o", "out.png", "--scale", scale).returncode == 0
        data = (specs.parent / "out.png").read_bytes()
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        sizes.append(struct.unpack(">II", data[16:24]))
    assert sizes[1] == (2 * sizes[0][0], 2 * sizes[0][1])


def test_without_the_optional_library_a_png_is_refused_before_anything_runs(
    specs: Path, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    done = call("plot", "s.yaml::bowl", "-o", "out.png")
    assert done.returncode == 2
    assert "pip install 'gradverify[plot]'" in done.stderr
    assert not (specs.parent / "out.png").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("s.yaml", "-o", "a.svg"), "choose one with FILE::NAME: `bowl`, `wrong`, `broken`"),
        (("s.yaml::bowll", "-o", "a.svg"), "did you mean `bowl`?"),
        (("none.yaml", "-o", "a.svg"), "none.yaml"),
        (("s.yaml::bowl", "-o", "a.gif"), "ends in .svg or .png"),
        (("s.yaml::bowl", "-o", "s.yaml/a.svg"), "cannot be made"),
        (("s.yaml::bowl",), "--output"),
    ],
)
def test_what_cannot_be_drawn_is_said(specs: Path, call: Caller, arguments: tuple[str, ...], said: str) -> None:
    done = call("plot", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_spec_with_nothing_to_draw_says_why(specs: Path, call: Caller) -> None:
    done = call("plot", "s.yaml::broken", "-o", "a.svg")
    assert done.returncode == 1
    assert "there is nothing to draw of broken (inconclusive: the function is not finite at (3))" in done.stderr
    assert not (specs.parent / "a.svg").exists()
