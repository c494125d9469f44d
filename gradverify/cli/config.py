"""Settings from `[tool.gradverify]` of the nearest pyproject.toml; the command line and the environment go before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FILE = "pyproject.toml"
# Setting → what it must be. Named as the long options are, with the same meaning; `specs` are the default PATHS.
SETTINGS: dict[str, type | tuple[type, ...]] = {
    "specs": (str, list),
    "keyword": str,
    "tag": (str, list),
    "backend": (str, list),
    "jobs": (int, str),
    "executor": str,
    "executor-batch": int,
    "cache": bool,
    "cache-dir": str,
    "journal": str,
    "baseline": str,
    "baseline-factor": (int, float),
    "max-failures": int,
    "min-score": (int, float),
    "timeout": (int, float, str),
    "memory": (int, str),
    "report": (str, list),
    "junit-family": str,
    "plugin": (str, list),
    "allow-inconclusive": bool,
    "seed": int,
    "color": str,
}
_PATHS = ("cache-dir", "journal", "baseline")
_LISTS = ("specs", "tag", "backend", "report", "plugin")


class ConfigError(Exception):
    """The settings cannot be used; the message names the file and the setting."""


def find_file(start: Path) -> Path | None:
    """The nearest pyproject.toml at or above `start` that has the table."""
    for folder in (start, *start.parents):
        path = folder / FILE
        if path.is_file():
            return path
    return None


def read_settings(start: Path | None = None) -> dict[str, Any]:
    """The settings by click's parameter names. Raises `ConfigError`."""
    path = find_file(start or Path.cwd())
    return {} if path is None else _checked(path)


def _checked(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    if "gradverify" not in text:
        return {}
    import tomllib

    try:
        table: Any = tomllib.loads(text).get("tool", {}).get("gradverify", {})
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: `tool.gradverify` must be a table")
    values: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            continue  # a table of a part of gradverify that has its own settings
        if key not in SETTINGS:
            import difflib

            close = difflib.get_close_matches(key, SETTINGS, n=1)
            hint = f", did you mean `{close[0]}`?" if close else f"; known: {', '.join(SETTINGS)}"
            raise ConfigError(f"{path}: unknown setting `{key}` in [tool.gradverify]{hint}")
        if not isinstance(value, SETTINGS[key]) or (isinstance(value, bool) and SETTINGS[key] is not bool):
            raise ConfigError(f"{path}: `{key}` in [tool.gradverify] cannot be {value!r}")
        values[key.replace("-", "_")] = _texts(path, key, value) if key in _LISTS else value
    for key in _PATHS:
        name = key.replace("-", "_")
        if name in values:
            values[name] = str(_relative(path.parent / values[name]))
    if "specs" in values:  # they are relative to the file that names them, wherever the command is called
        values["paths"] = [str(_relative(path.parent / item)) for item in values.pop("specs")]
    return values


def _texts(path: Path, key: str, value: Any) -> list[str]:
    """One text or a list of them, as a list."""
    texts = [value] if isinstance(value, str) else value
    if not all(isinstance(item, str) for item in texts):
        raise ConfigError(f"{path}: `{key}` in [tool.gradverify] must be text or a list of texts")
    return texts


def _relative(path: Path) -> Path:
    """As people would write it from where they are."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
