"""The pytest plugin: `*.grad.yaml` files, and those that `gradverify_specs` names, as items, one a check.

Nothing but pytest is imported until a spec file is met: every pytest run of everybody who has gradverify installed pays
for this module's imports.

A spec runs once a process, when its first item does; each item then reports its own check.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradverify.plugins import Plugins
    from gradverify.pytest_checks import Planned
    from gradverify.python_api import CheckReport
    from gradverify.spec.model import Spec

ENDINGS = (".grad.yaml", ".grad.yml")
YAML = (".yaml", ".yml")
_PLUGINS: pytest.StashKey[Plugins] = pytest.StashKey()
_NAMED: pytest.StashKey[tuple[Path, ...]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the ini value and the option."""
    parser.addini("gradverify_specs", "spec files, folders or globs to collect, relative to the ini file", "args", [])
    group = parser.getgroup("gradverify", "checking gradients")
    group.addoption(
        "--gradverify-backend", action="append", dest="gradverify_backend", metavar="NAME", default=None,
        help="use these backends only, whatever the specs say (may be repeated)",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and look into the named folders even where `testpaths` leaves them out."""
    config.addinivalue_line("markers", "gradverify: a check of a gradient, from a spec")
    named = _named(config)
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        config.args.extend(str(path) for path in named if str(path) not in config.args)


def _named(config: pytest.Config) -> tuple[Path, ...]:
    """The files and folders that the ini value names."""
    if _NAMED not in config.stash:
        base = config.inipath.parent if config.inipath is not None else config.rootpath
        found: list[Path] = []
        for entry in config.getini("gradverify_specs"):
            literal = base / entry
            new = [literal.resolve()] if literal.exists() else sorted(path.resolve() for path in base.glob(entry))
            if not new:
                raise pytest.UsageError(
                    f"gradverify_specs names {entry!r}, but there is no such file or folder in {base}"
                )
            found += new
        config.stash[_NAMED] = tuple(found)
    return config.stash[_NAMED]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SpecFile | None:
    """Collect spec files, and no other YAML."""
    if file_path.suffix not in YAML:
        return None
    if file_path.name.endswith(ENDINGS) or any(
        path == file_path or path in file_path.parents for path in _named(parent.config)
    ):
        return SpecFile.from_parent(parent, path=file_path)
    return None


class SpecFile(pytest.File):
    """A file of specs."""

    def collect(self) -> Iterator[SpecNode]:
        """One node a spec; a spec that cannot be read is a collection error, with place and caret."""
        from gradverify.pytest_checks import specs_of
        from gradverify.spec.errors import SpecError

        by_itself = self.path.name.endswith(ENDINGS) or self.path in _named(self.config)
        folder = None if by_itself else next(path for path in _named(self.config) if path in self.path.parents)
        try:
            specs = specs_of(self.path, _plugins(self.config), folder)
        except SpecError as error:
            raise self.CollectError(str(error)) from None
        for spec in specs:
            yield SpecNode.from_parent(self, name=spec.name, spec=spec)


class SpecNode(pytest.Collector):
    """One spec; its items share one run."""

    def __init__(self, *, spec: Spec, **more: Any) -> None:
        super().__init__(**more)
        self.spec = spec
        self._outcomes: dict[str, tuple[str, str | None]] | None = None

    def collect(self) -> Iterator[CheckItem]:
        """One item for each check that the spec asks for."""
        from gradverify.pytest_checks import planned_checks

        for planned in planned_checks(self.spec, _plugins(self.config), self._settings().backends):
            yield CheckItem.from_parent(self, name=planned.name, planned=planned)

    def outcome(self, name: str) -> tuple[str, str | None]:
        """`pass`, `skip` or `fail`, and the text, of the item `name`."""
        if self._outcomes is None:
            from gradverify.pytest_checks import outcomes, planned_checks
            from gradverify.run.single import run_spec

            plugins, settings = _plugins(self.config), self._settings()
            planned = planned_checks(self.spec, plugins, settings.backends)
            self._outcomes = outcomes(self.spec, planned, run_spec(self.spec, plugins, settings))
        return self._outcomes[name]

    def _settings(self) -> Any:
        from gradverify.run.settings import VerifySettings

        asked = self.config.getoption("gradverify_backend")
        return VerifySettings(backends=tuple(asked) if asked else None)


class CheckItem(pytest.Item):
    """One check of one spec."""

    def __init__(self, *, planned: Planned, **more: Any) -> None:
        super().__init__(**more)
        self.planned = planned
        self.add_marker("gradverify")
        spec = self._node.spec
        self.extra_keyword_matches.update(spec.tags)
        if self.config.pluginmanager.hasplugin("xdist"):
            # With `--dist loadgroup` the items of a spec stay together, so that it runs once.
            self.add_marker(pytest.mark.xdist_group(name=f"{spec.place.file}::{spec.name}"))

    @property
    def _node(self) -> SpecNode:
        assert isinstance(self.parent, SpecNode)
        return self.parent

    def runtest(self) -> None:
        """Run the spec if no other item has, and say what came of this check."""
        kind, text = self._node.outcome(self.name)
        if kind == "skip":
            pytest.skip(text or "the run did not produce this check")
        if kind == "fail":
            raise CheckFailed(text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The explanation alone: a traceback would show gradverify, not the mistake."""
        if isinstance(excinfo.value, CheckFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The spec's file, the line of what is checked (from 0), and a heading."""
        return self.path, self.planned.line - 1, f"{self._node.name}::{self.name}"


class CheckFailed(Exception):  # noqa: N818 - a verdict
    """A check that did not come out as expected; the message is the whole story."""


def _plugins(config: pytest.Config) -> Plugins:
    """gradverify's plugins, loaded once a session."""
    from gradverify.plugins import load_plugins

    if _PLUGINS not in config.stash:
        config.stash[_PLUGINS] = load_plugins()
    return config.stash[_PLUGINS]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the gradverify plugins that broke, if specs were collected at all."""
    plugins = config.stash.get(_PLUGINS, None)
    for warning in plugins.warnings if plugins is not None else ():
        terminalreporter.write_line(f"gradverify: {warning}", yellow=True)


class GradverifyFixture:
    """What the `gradverify` fixture offers: the same as the package, with paths relative to the test's file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def check(self, f: Any, grad: Any, at: Any, **options: Any) -> CheckReport:
        """`gradverify.check`."""
        from gradverify.python_api import check

        return check(f, grad, at, **options)

    def assert_gradient(self, f: Any, grad: Any, at: Any, **options: Any) -> None:
        """`gradverify.assert_gradient`."""
        __tracebackhide__ = True
        from gradverify.python_api import assert_gradient

        assert_gradient(f, grad, at, **options)

    def spec(self, path: str | Path) -> None:
        """Raise `AssertionError`, with the whole story, unless every spec of the file comes out as expected."""
        __tracebackhide__ = True
        from gradverify.pytest_checks import failures_of_file

        failures = failures_of_file(self._directory / path)
        if failures:
            raise AssertionError("\n\n".join(failures))


@pytest.fixture
def gradverify(request: pytest.FixtureRequest) -> GradverifyFixture:
    """Check gradients in a test: `.check(f, grad, at=...)`, `.assert_gradient(...)`, `.spec(path)`."""
    return GradverifyFixture(request.path.parent)
