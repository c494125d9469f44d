"""Eigenvalues of a Hessian that is known up to error bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Matrix, Vector


@dataclass(frozen=True, slots=True)
class Spectrum:
    """values: (n,), ascending; each of the true eigenvalues is within `error` of the one in the same place.

    scaled: the same of the matrix whose variables are scaled alike, where that tells more signs. Scaling moves the
    eigenvalues, but changes no sign (Sylvester's law of inertia: Golub & Van Loan 2013, theorem 8.1.17).
    """

    values: Vector
    error: float
    scaled: Spectrum | None = None

    @property
    def largest(self) -> float:
        """The largest magnitude, the spectral norm of what was estimated."""
        return float(np.max(np.abs(self.values), initial=0.0))

    @property
    def negative(self) -> int:
        """How many eigenvalues are surely negative: the first ones."""
        return max(int((self.values < -self.error).sum()), self.scaled.negative if self.scaled is not None else 0)

    @property
    def positive(self) -> int:
        """How many eigenvalues are surely positive: the last ones."""
        return max(int((self.values > self.error).sum()), self.scaled.positive if self.scaled is not None else 0)

    @property
    def unsure(self) -> Vector:
        """The eigenvalues between: neither surely positive nor surely negative."""
        return self.values[self.negative : self.values.size - self.positive]

    @property
    def definite(self) -> bool:
        """Whether all eigenvalues are surely positive."""
        return self.positive == self.values.size


def spectrum(hessian: Matrix, bound: Matrix) -> Spectrum:
    """The eigenvalues of the symmetric part of `hessian`, shape (n, n), known entry by entry within `bound`."""
    symmetric, errors = 0.5 * (hessian + hessian.T), 0.5 * (bound + bound.T)
    plain = _spectrum(symmetric, errors)
    if not plain.unsure.size:
        return plain
    with np.errstate(all="ignore"):
        # Powers of two, so that scaling rounds nothing; a row of zeros has no size to be scaled by.
        size = np.max(np.abs(symmetric), axis=1)
        diagonal = np.abs(np.diagonal(symmetric))
        exponents = np.frexp(np.where(diagonal > 0, diagonal, size))[1]
        factors = np.ldexp(1.0, -(exponents // 2))
        outer = np.outer(factors, factors)
        scaled, bounds = symmetric * outer, errors * outer
    if not (size > 0).all() or not (np.isfinite(scaled).all() and np.isfinite(bounds).all()):
        return plain
    alike = _spectrum(scaled, bounds)
    return Spectrum(plain.values, plain.error, alike) if alike.unsure.size < plain.unsure.size else plain


def _spectrum(symmetric: Matrix, bound: Matrix) -> Spectrum:
    """Weyl's inequality: an eigenvalue moves by at most the spectral norm of what is added to the matrix, which is at
    most its Frobenius norm (Golub & Van Loan 2013, theorem 8.1.6); n·ε·‖H‖ is the solver's own error (Anderson et al.,
    LAPACK Users' Guide, section 4.7).
    """
    values = np.asarray(np.linalg.eigvalsh(symmetric), dtype=np.float64)
    own = values.size * float(np.finfo(np.float64).eps) * float(np.max(np.abs(values), initial=0.0))
    return Spectrum(values, float(np.linalg.norm(bound)) + own)


def newton_step(hessian: Matrix, gradient: Vector) -> Vector:
    """−H⁻¹g, shape (n,), of the symmetric part of a Hessian that is surely regular: no eigenvalue `unsure`."""
    return np.asarray(-np.linalg.solve(0.5 * (hessian + hessian.T), gradient), dtype=np.float64)
