"""Right and wrong gradients, judged by gradverify and by other checkers: `python -m benchmarks.verdicts [--limit N]`.

For each tool: right gradients flagged (false alarms), wrong ones let through (misses), cases it could not judge,
evaluations of f, time
relative to gradverify's. Every tool sees the same function, claim and points, with its own default settings; where a
tool gives no
verdict, the threshold that its documentation or its users apply is named beside it.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import importlib.util
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from benchmarks.corpus import Case, right_cases, wrong_cases
from gradverify.core.arrays import Array, Mask
from gradverify.core.problem import Derivative, Function
from gradverify.core.report import SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.functions.build import load, points_of
from gradverify.plugins import Plugins, load_plugins
from gradverify.run.settings import VerifySettings
from gradverify.run.single import run_spec
from gradverify.spec.model import Spec

# A mutant is wrong when it is off by more than the tolerance, by this margin, at some listed point: both are
# expressions, and the original
# is right, so their own values decide.
MARGIN = 2.0
NEARBY = 1e-7  # relative step to either side of a point where a jump of the claim is looked for
JUMP = 1e-2  # relative change over that step that no smooth claim of the corpus has


@dataclass
class Score:
    """What one tool did."""

    false_alarms: int = 0
    misses: int = 0
    undecided_right: int = 0
    undecided_wrong: int = 0
    right: int = 0
    wrong: int = 0
    evaluations: int = 0
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)

    def add(self, case: Case, passed: bool | None) -> None:
        self.right += case.right
        self.wrong += not case.right
        if passed is None:
            self.undecided_right += case.right
            self.undecided_wrong += not case.right
        elif passed and not case.right:
            self.misses += 1
        elif not passed and case.right:
            self.false_alarms += 1
        else:
            return
        self.examples.append(
            f"{'undecided' if passed is None else 'passed' if passed else 'flagged'}: {case.spec.name}"
        )


@dataclass(frozen=True)
class Loaded:
    """A case as plain functions of a vector."""

    points: Array
    function: Function
    claim: Function
    calls: list[int] = field(default_factory=list)  # one entry a call of f

    def value(self, x: Array) -> float:
        self.calls.append(1)
        return float(self.function.evaluate(np.asarray(x, dtype=float)[None]).values[0])

    def g(self, x: Array) -> Array:
        return np.asarray(self.claim.evaluate(np.asarray(x, dtype=float)[None]).values[0])


def loaded(case: Case) -> Loaded:
    points, _ = points_of(case.spec)
    parts = load(case.spec, {}, points)
    return Loaded(points, parts.function, parts.claims[Derivative.GRADIENT])


def smooth(original: Loaded) -> Mask:
    """At which points the right claim does not jump: at a kink more than one value is right."""
    points = original.points
    steps = NEARBY * np.maximum(np.abs(points), 1.0)
    with np.errstate(all="ignore"):
        here, above, below = (original.claim.evaluate(points + s * steps).values for s in (0.0, 1.0, -1.0))
        far = np.maximum(np.abs(above - here), np.abs(below - here)) > JUMP * np.maximum(np.abs(here), np.abs(above))
    return np.asarray(~np.any(far.reshape((len(points), -1)), axis=1))


def is_wrong(case: Case, original: Loaded) -> bool:
    """Whether a mutant differs from the original claim by more than the tolerance at a listed point without a kink."""
    mutant = loaded(case)
    rows = smooth(original)
    a, b = (c.claim.evaluate(original.points).values[rows] for c in (original, mutant))
    with np.errstate(all="ignore"):
        return bool((np.abs(a - b) > MARGIN * case.spec.relative_tolerance * np.abs(a)).any())


def scipy_check_grad(c: Loaded) -> bool:
    """scipy.optimize.check_grad < 1e-6, as its users write."""
    from scipy.optimize import check_grad

    return all(check_grad(c.value, c.g, x) < 1e-6 for x in c.points)


def jacobi_gradient(c: Loaded) -> bool:
    """Within five times jacobi's own error estimate."""
    from jacobi import jacobi

    for x in c.points:
        value, error = jacobi(c.value, x)
        if not (np.abs(value - c.g(x)) <= 5 * error).all():
            return False
    return True


def torch_gradcheck(c: Loaded) -> bool:
    """torch.autograd.gradcheck with its defaults, the claim as a custom backward pass."""
    import torch

    class Claimed(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: object, x: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(x)  # type: ignore[attr-defined]
            return torch.tensor(c.value(x.detach().numpy()), dtype=torch.float64)

        @staticmethod
        def backward(ctx: object, *grads: torch.Tensor) -> torch.Tensor:
            (x,) = ctx.saved_tensors  # type: ignore[attr-defined]
            return grads[0] * torch.tensor(c.g(x.detach().numpy()), dtype=torch.float64)

    inputs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in c.points]
    return all(torch.autograd.gradcheck(Claimed.apply, (x,), raise_exception=False) for x in inputs)


def autograd_check_grads(c: Loaded) -> bool:
    """autograd.test_util.check_grads, order 1, the claim as a primitive's derivative."""
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    function = primitive(c.value)
    defvjp(function, lambda _ans, x: lambda g: g * c.g(x))
    for x in c.points:
        try:
            check_grads(function, modes=["rev"], order=1)(x)
        except AssertionError:
            return False
    return True


def numdifftools_gradient(c: Loaded) -> bool:
    """Within ten times numdifftools' own error estimate."""
    import numdifftools

    for x in c.points:
        found = numdifftools.Gradient(c.value, full_output=True)(x)
        if not (np.abs(np.atleast_1d(found.estimate) - c.g(x)) <= 10 * found.error_estimate.ravel()).all():
            return False
    return True


def jax_check_grads(c: Loaded) -> bool:
    """jax.test_util.check_grads, order 1, in double precision, the claim as a custom derivative of a callback."""
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)

    def call(x: Any) -> Any:
        return jax.pure_callback(lambda v: np.asarray(c.value(np.asarray(v))), jax.ShapeDtypeStruct((), float), x)

    def backward(x: Any, g: Any) -> tuple[Any]:
        claimed = jax.pure_callback(lambda v: c.g(np.asarray(v)), jax.ShapeDtypeStruct(np.shape(x), float), x)
        return (g * claimed,)

    function = jax.custom_vjp(call)
    function.defvjp(lambda x: (call(x), x), backward)
    for x in c.points:
        try:
            check_grads(function, (jax.numpy.asarray(x),), order=1, modes=["rev"])
        except AssertionError:
            return False
    return True


PEERS: dict[str, tuple[str, Callable[[Loaded], bool]]] = {
    "scipy.optimize.check_grad (< 1e-6)": ("scipy", scipy_check_grad),
    "autograd.test_util.check_grads": ("autograd", autograd_check_grads),
    "torch.autograd.gradcheck": ("torch", torch_gradcheck),
    "jax.test_util.check_grads": ("jax", jax_check_grads),
    "numdifftools (10 × its error)": ("numdifftools", numdifftools_gradient),
    "jacobi (5 × its error)": ("jacobi", jacobi_gradient),
}


def cases(limit: int | None) -> Iterator[Case]:
    """Right cases, and the mutants that are wrong at a listed point; every k-th of them where there is a limit."""
    right = list(right_cases())
    originals = {c.spec.name.split("/")[0]: loaded(c) for c in right if c.kind == "scale 1 offset 0"}
    wrong = [c for c in wrong_cases() if is_wrong(c, originals[c.spec.name.split("/")[0]])]
    for group in (right, wrong):
        yield from group[:: max(1, len(group) // limit)] if limit else group


@functools.cache
def plugins_here() -> Plugins:
    return load_plugins()


def judged(spec: Spec) -> SpecResult:
    """What gradverify finds with its default settings, but for blind spots, which say nothing about the claim."""
    return run_spec(spec, plugins_here(), VerifySettings(blind_spots=False))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, help="about this many right and as many wrong cases")
    parser.add_argument("--alone", action="store_true", help="gradverify only")
    parser.add_argument("--show", type=int, default=20, help="how many of gradverify's mistakes to print")
    parser.add_argument("--jobs", type=int, default=1, help="processes that gradverify's cases are divided among")
    parser.add_argument("--listed", action="store_true", help="the listed points only: `search: off`")
    options = parser.parse_args(arguments)
    corpus = list(cases(options.limit))
    ours, diagnosed, named = Score(), 0, 0
    unnamed: Counter[str] = Counter()
    budget = 0 if options.listed else None
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        results = list(pool.map(judged, (replace(c.spec, search_evaluations=budget) for c in corpus), chunksize=8))
    for case, result in zip(corpus, results, strict=True):
        ours.seconds += result.seconds
        ours.evaluations += result.evaluations.function
        ours.add(case, {Verdict.PASS: True, Verdict.FAIL: False}.get(result.found))
        if not case.right and result.found is Verdict.FAIL and case.faults:
            diagnosed += 1
            good = any(d.fault in case.faults for d in result.diagnosis)
            named += good
            if not good:
                unnamed[f"{case.kind} → {', '.join(d.fault.value for d in result.diagnosis)}"] += 1
    scores = {"gradverify": ours}
    for name, (module, judge) in {} if options.alone else PEERS.items():
        if importlib.util.find_spec(module) is None:
            print(f"not installed, left out: {module}")
            continue
        scores[name] = peer(judge, corpus)
    table(scores)
    print(
        f"\ndiagnosis right for {named} of {diagnosed} single-fault mutants ({100 * named / max(1, diagnosed):.1f} %)"
    )
    for text, count in unnamed.most_common(options.show):
        print(f"  {count:4d} × {text}")
    for example in ours.examples[: options.show]:
        print("  gradverify", example)


def peer(judge: Callable[[Loaded], bool], corpus: list[Case]) -> Score:
    score = Score()
    for case in corpus:
        c = loaded(case)
        begun = time.perf_counter()
        try:
            with np.errstate(all="ignore"):
                passed: bool | None = bool(judge(c))
        except Exception:  # noqa: BLE001 - a tool that raises could not judge
            passed = None
        score.seconds += time.perf_counter() - begun
        score.evaluations += len(c.calls)
        score.add(case, passed)
    return score


def table(scores: dict[str, Score]) -> None:
    ours = scores["gradverify"]
    print(f"{ours.right} right and {ours.wrong} wrong gradients\n")
    print(
        "| tool | false alarms | misses | could not judge (right, wrong) | evaluations a case | time, gradverify = 1 |"
    )
    print("|---|---|---|---|---|---|")
    for name, s in scores.items():
        undecided = f"{s.undecided_right}, {s.undecided_wrong}"
        each = s.evaluations / max(1, s.right + s.wrong)
        slower = s.seconds / max(ours.seconds, 1e-9)
        print(f"| {name} | {s.false_alarms} | {s.misses} | {undecided} | {each:.0f} | {slower:.2f} |")


if __name__ == "__main__":
    main()
