"""What in a module's source makes it doubtful that it computes the same the next time."""

from __future__ import annotations

import ast
from collections.abc import Iterator

# Modules whose use makes an outcome depend on the moment, the machine or another program.
_MODULES = frozenset(
    (
        "time", "datetime", "random", "secrets", "uuid", "socket", "ssl", "http", "urllib", "requests", "httpx",
        "aiohttp", "subprocess", "multiprocessing", "ctypes", "cffi", "mmap", "tempfile", "platform", "getpass",
        "pwd", "locale", "sqlite3", "shelve", "dbm", "resource", "signal", "psutil",
    )
)  # fmt: skip
# Names that ask the surroundings something that raises no audit event.
_NAMES = frozenset(
    (
        "environ", "environb", "getenv", "urandom", "getrandom", "getpid", "getppid", "getlogin", "uname", "cpu_count",
        "exists", "lexists", "isfile", "isdir", "is_file", "is_dir", "stat", "lstat", "access", "getmtime", "getsize",
        "readlink", "rvs", "argv", "input", "getcwd", "cwd",
    )
)  # fmt: skip
# Generators of random numbers that always give the same ones when they are given a seed.
_SEEDED = frozenset(("default_rng", "RandomState", "SeedSequence", "PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"))
_RANDOM = frozenset((*_SEEDED, "Generator", "BitGenerator"))


def doubts_in_source(path: str) -> tuple[str, ...]:
    """Clauses such as "asks for `environ` (line 3)"; none where nothing is doubtful."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ("cannot be read as Python",)
    return tuple(dict.fromkeys(_doubts(tree)))


def _doubts(tree: ast.Module) -> Iterator[str]:
    seeded = {id(call.func.value) for call in ast.walk(tree) if _is_seeded(call)}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    if alias.name.partition(".")[0] in _MODULES or alias.name == "numpy.random":
                        yield f"imports `{alias.name}` (line {node.lineno})"
            case ast.ImportFrom(module=str(module), names=names, level=0):
                wanted = {alias.name for alias in names}
                unseeded = module == "numpy.random" and not wanted <= _RANDOM
                if module.partition(".")[0] in _MODULES or wanted & _NAMES or "random" in wanted or unseeded:
                    yield f"imports from `{module}` (line {node.lineno})"
            case ast.Attribute(attr="random") if id(node) not in seeded:
                yield f"draws random numbers (line {node.lineno})"
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in _NAMES:
                yield f"asks for `{name}` (line {node.lineno})"
            case ast.Call(func=ast.Name(id=name), args=[] | [ast.Constant(value=None)]) if name in _SEEDED:
                yield f"draws random numbers (line {node.lineno})"


def _is_seeded(node: ast.AST) -> bool:
    """`np.random.default_rng(0)` and the like: something is given as the seed, and it is not None."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="random"), attr=name), args=[first, *_]):
            return name in _RANDOM and not (isinstance(first, ast.Constant) and first.value is None)
    return False
