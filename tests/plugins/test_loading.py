"""Loading: whatever one plugin does, the others go on, and it is named with version and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gradverify.hookspecs import hookimpl
from gradverify.plugins import PluginStatus, Status, load_plugins
from tests.plugins import bad_plugins as bad
from tests.plugins.distributions import install, python

REPORT = """
import dataclasses, json, sys
from gradverify.plugins import load_plugins
plugins = load_plugins(block=sys.argv[1:])
print(json.dumps({
    "statuses": [dataclasses.asdict(s) for s in plugins.statuses],
    "warnings": plugins.warnings,
    "backends": list(plugins.backends),
}))
"""


def load_in(site: Path, *block: str, **environment: str) -> tuple[dict[str, PluginStatus], list[str], list[str]]:
    """The statuses by name, the warnings and the backends, as seen by a process with `site` installed."""
    finished = python(site, "-c", REPORT, *block, **environment)
    assert finished.returncode == 0, finished.stderr
    data = json.loads(finished.stdout)
    return {s["name"]: _status(s) for s in data["statuses"]}, data["warnings"], data["backends"]


def _status(data: dict[str, Any]) -> PluginStatus:
    return PluginStatus(**{**data, "hooks": tuple(data["hooks"]), "backends": tuple(data["backends"])})


AT_LOADING = {
    "does-not-import": (bad.DOES_NOT_IMPORT, "ModuleNotFoundError"),
    "exits-at-import": (bad.EXITS_AT_IMPORT, "SystemExit: 7"),
    "broken-syntax": (bad.BROKEN_SYNTAX, "SyntaxError"),
    "no-hook": (bad.NO_HOOK, "implements no hook"),
    "unknown-hook": (bad.UNKNOWN_HOOK, "did you mean `gradverify_backends`?"),
    "unmarked-hook": (bad.UNMARKED_HOOK, "not marked with `@hookimpl`"),
    "foreign-argument": (bad.FOREIGN_ARGUMENT, "does not fit the hooks"),
    "other-api": (bad.OTHER_API, "version 99 of the plugin API"),
    "returns-number": (bad.RETURNS_NUMBER, "returned a int, not a list"),
    "returns-class": (bad.RETURNS_CLASS, "is a class; return an instance"),
    "lacks-estimate": (bad.LACKS_ESTIMATE, "has no `estimate`"),
    "raises-midway": (bad.RAISES_MIDWAY, "ValueError: halfway"),
    "prints": (bad.PRINTS, "implements no hook"),
}


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with every bad plugin, and one sound one behind them all."""
    site = tmp_path_factory.mktemp("site")
    for name, (code, _) in AT_LOADING.items():
        install(site, name, bad.text(code, name), version="4.2")
    install(site, "zz-sound", bad.text(bad.SOUND, "zz-sound"))
    return site


@pytest.fixture(scope="module")
def seen(crowd: Path) -> tuple[dict[str, PluginStatus], list[str], list[str]]:
    return load_in(crowd)


Seen = tuple[dict[str, PluginStatus], list[str], list[str]]


@pytest.mark.parametrize("name", AT_LOADING)
def test_a_bad_plugin_is_named_with_version_and_reason(name: str, seen: Seen) -> None:
    statuses, warnings, _ = seen
    assert statuses[name].status == Status.FAILED
    assert AT_LOADING[name][1] in (statuses[name].reason or "")
    assert any(name in warning and "4.2" in warning for warning in warnings)


def test_bad_plugins_leave_the_others_alone(seen: Seen) -> None:
    statuses, _, backends = seen
    assert statuses["zz-sound"].status == Status.OK
    assert {"zz-sound", "finite-difference", "sympy", "autodiff"} <= set(backends)


def test_what_a_generator_gave_before_it_broke_is_kept(seen: Seen) -> None:
    assert seen[0]["raises-midway"].backends == ("raises-midway",)


def test_what_a_plugin_prints_at_import_stays_out_of_standard_output(crowd: Path) -> None:
    finished = python(crowd, "-c", REPORT)
    assert "hello from a plugin" not in finished.stdout
    assert "hello from a plugin" in finished.stderr


@pytest.mark.parametrize("block", ["zz-sound", "no:zz-sound", "ZZ_Sound"])
def test_a_plugin_is_blocked_by_its_name(block: str, crowd: Path) -> None:
    statuses, _, backends = load_in(crowd, block)
    assert statuses["zz-sound"].status == Status.BLOCKED
    assert "zz-sound" not in backends


def test_a_plugin_is_blocked_by_its_distribution(tmp_path: Path) -> None:
    install(tmp_path, "some-dist", bad.text(bad.SOUND, "other"), entry="other")
    statuses, _, _ = load_in(tmp_path, "some-dist")
    assert statuses["other"].status == Status.BLOCKED


def test_a_blocked_plugin_is_not_imported(tmp_path: Path) -> None:
    install(tmp_path, "exits", bad.EXITS_AT_IMPORT)
    statuses, _, _ = load_in(tmp_path, "exits")
    assert statuses["exits"].import_ms == 0
    assert statuses["exits"].status == Status.BLOCKED


def test_blocking_a_name_that_nobody_has_is_noted_with_the_nearest(tmp_path: Path) -> None:
    _, warnings, _ = load_in(tmp_path, "sympi")
    assert any("sympi" in warning and "did you mean `sympy`?" in warning for warning in warnings)


def test_the_allow_list_of_the_environment_keeps_all_others_out(crowd: Path) -> None:
    _, _, backends = load_in(crowd, GRADVERIFY_PLUGINS="zz-sound, sympy")
    assert sorted(backends) == ["sympy", "zz-sound"]


def test_an_empty_allow_list_allows_none(crowd: Path) -> None:
    assert load_in(crowd, GRADVERIFY_PLUGINS="")[2] == []


def test_a_backend_name_that_is_taken_is_refused_and_both_are_named(tmp_path: Path) -> None:
    install(tmp_path, "usurper", bad.text(bad.SOUND, "sympy"), version="0.3")
    statuses, _, _ = load_in(tmp_path)
    reason = statuses["usurper"].reason or ""
    assert "backend `sympy` is refused" in reason
    assert "plugin sympy (gradverify" in reason


def test_a_bundled_backend_can_be_replaced_by_blocking_it(tmp_path: Path) -> None:
    install(tmp_path, "usurper", bad.text(bad.SOUND, "sympy"))
    statuses, _, backends = load_in(tmp_path, "sympy")
    assert statuses["usurper"].backends == ("sympy",)
    assert "sympy" in backends


def test_two_plugins_of_one_entry_point_name_are_both_loaded(tmp_path: Path) -> None:
    install(tmp_path, "first-dist", bad.text(bad.SOUND, "one"), entry="twin")
    install(tmp_path, "second-dist", bad.text(bad.SOUND, "two"), entry="twin")
    statuses, _, backends = load_in(tmp_path)
    assert statuses["twin"].backends == ("one",)
    assert statuses["twin@second-dist"].backends == ("two",)
    assert {"one", "two"} <= set(backends)


def test_unreadable_metadata_costs_only_its_own_distribution(tmp_path: Path) -> None:
    install(tmp_path, "broken-meta", bad.text(bad.SOUND, "broken"))
    (tmp_path / "broken_meta-1.0.dist-info" / "entry_points.txt").write_text("[gradverify]\n= = \nnonsense\n")
    _, _, backends = load_in(tmp_path)
    assert "sympy" in backends


def test_loading_plugins_imports_nothing_heavy_before_a_backend_is_asked_for(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom gradverify.plugins import load_plugins\nload_plugins()\n"
        "print([m for m in ('sympy', 'autograd', 'yaml', 'click', 'rich') if m in sys.modules])"
    )
    assert python(tmp_path, "-c", code).stdout.strip() == "[]"


class Raising:
    """Raises in a life-cycle hook."""

    @hookimpl
    def gradverify_run_finished(self, report: object) -> None:
        raise SystemExit(3)


class Counting:
    """Counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    @hookimpl
    def gradverify_run_finished(self) -> None:
        self.calls += 1


def test_a_hook_that_raises_is_named_and_the_others_are_called() -> None:
    counting = Counting()
    plugins = load_plugins(allow=(), extra={"raising": Raising(), "counting": counting})
    plugins.call("gradverify_run_finished", report=None)
    assert counting.calls == 1
    assert any("raising" in warning and "SystemExit: 3" in warning for warning in plugins.warnings)


def test_a_hook_that_keeps_raising_is_warned_of_once() -> None:
    plugins = load_plugins(allow=(), extra={"raising": Raising()})
    for _ in range(3):
        plugins.call("gradverify_run_finished", report=None)
    assert len([w for w in plugins.warnings if "raising" in w]) == 1


def test_a_missing_backend_is_explained_by_its_broken_plugin(crowd: Path) -> None:
    code = "from gradverify.plugins import load_plugins; print(load_plugins().why_missing('does-not-import'))"
    said = python(crowd, "-c", code).stdout
    assert "does-not-import 4.2" in said
    assert "ModuleNotFoundError" in said


def test_a_missing_backend_is_explained_by_the_nearest_name() -> None:
    assert "did you mean `sympy`?" in load_plugins().why_missing("sympi")
