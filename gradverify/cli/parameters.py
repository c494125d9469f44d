"""Which shape has a parameter, as far as its function's text tells?"""

from __future__ import annotations

import ast
import re

Shape = tuple[int, ...]
USUAL = 3  # components of an array whose length the text does not tell

# What turns an array into fewer numbers or has no meaning for a number, under NumPy's, SciPy's and Python's names.
REDUCTIONS = frozenset(
    (
        "sum", "mean", "prod", "dot", "vdot", "inner", "norm", "max", "min", "trace", "var", "std", "logsumexp", "len",
        "diff",
    )
)  # fmt: skip
_WALKED = frozenset(("enumerate", "zip", "list", "tuple", "reversed", "iter", "map"))
_MATRIX_CALLS = frozenset(("inv", "det", "slogdet", "eigvalsh", "eigh", "cholesky", "trace"))
_VECTOR_ATTRIBUTES = frozenset(("shape", "size", "ndim", "sum", "mean", "dot", "copy", "reshape", "ravel", "T"))
_ARRAYS = re.compile(r"ndarray|NDArray|Array|Vector|list|List|Sequence|tuple|Tuple|Tensor")
_MATRICES = re.compile(r"Matrix")
_NUMBERS = re.compile(r"^(np\.|numpy\.|jnp\.)?(float\w*|int\w*|Scalar|Real|complex)$")


def shape_of(function: ast.FunctionDef, name: str, *, alone: bool) -> Shape:
    """The likely shape of the parameter `name`: () for a number.

    alone: it is the only one, so that an array is meant where the body reduces anything at all.
    """
    told = _from_docstring(ast.get_docstring(function) or "", name)
    if told is not None:
        return told
    note = next((ast.unparse(a.annotation) for a in _arguments(function) if a.arg == name and a.annotation), "")
    if _NUMBERS.match(note):
        return ()
    length, rank = _used(function, name)
    if _MATRICES.search(note) or rank == 2:
        return (USUAL, USUAL)
    if length or rank == 1 or _ARRAYS.search(note):
        return (length or USUAL,)
    if alone and any(map(_is_about_arrays, ast.walk(function))):
        return (USUAL,)
    return ()


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _from_docstring(text: str, name: str) -> Shape | None:
    """`w: shape (5,)`, `W, array of shape (10, 3)`: the shape that a docstring gives with numbers."""
    found = re.search(rf"\b{re.escape(name)}\b[^\n]*?\bshape\s*[=:]?\s*\(([\d\s,]*)\)", text)
    return tuple(int(n) for n in re.findall(r"\d+", found[1])) if found else None


def _used(function: ast.FunctionDef, name: str) -> tuple[int, int]:
    """How many components the body takes from it (0: it does not tell), and how many axes it seems to have."""
    length, rank = 0, 0
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=parts)], value=value) if _is(value, name):
                rank = max(rank, 1)
                length = max(length, 0 if any(isinstance(part, ast.Starred) for part in parts) else len(parts))
            case ast.Subscript(value=value, slice=index) if _is(value, name):
                axes = index.elts if isinstance(index, ast.Tuple) else [index]
                rank = max(rank, min(2, sum(not _is_new_axis(axis) for axis in axes)))
                if isinstance(index, ast.Constant) and isinstance(index.value, int):
                    length = max(length, index.value + 1)
            case ast.For(iter=value) | ast.comprehension(iter=value) if _is(value, name):
                rank = max(rank, 1)
            case ast.BinOp(op=ast.MatMult(), left=left, right=right) if _is(left, name) or _is(right, name):
                rank = max(rank, 1)
            case ast.Attribute(value=value, attr=attribute) if _is(value, name) and attribute in _VECTOR_ATTRIBUTES:
                rank = max(rank, 2 if attribute == "T" else 1)
            case ast.Call(args=arguments) if any(_is(a, name) for a in arguments):
                called = _called(node)
                if called in _MATRIX_CALLS:
                    rank = 2
                elif called in REDUCTIONS or called in _WALKED:
                    rank = max(rank, 0 if _is_of_numbers(node) else 1)
    return length, rank


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_new_axis(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and node.value is None) or (
        isinstance(node, ast.Attribute) and node.attr == "newaxis"
    )


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _is_about_arrays(node: ast.AST) -> bool:
    match node:
        case ast.Subscript() | ast.For() | ast.comprehension() | ast.BinOp(op=ast.MatMult()):
            return True
        case ast.Call():
            return _called(node) in REDUCTIONS and not _is_of_numbers(node)
    return False


def _is_of_numbers(node: ast.Call) -> bool:
    """max(a, b) and min(a, b) are Python's."""
    return isinstance(node.func, ast.Name) and node.func.id in ("max", "min") and len(node.args) > 1
