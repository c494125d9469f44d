"""Eigenvalues of a Hessian that is known up to error bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Matrix, Vector


@dataclass(frozen=True, slots=True)
class Spectrum:
    """values: (n,), ascending; each of the true eigenvalues is within `error` of the one in the same place."""

    values: Vector
    error: float

    @property
    def largest(self) -> float:
        """The largest magnitude, the spectral norm of what was estimated."""
        return float(np.max(np.abs(self.values), initial=0.0))

    @property
    def definite(self) -> bool:
        """Whether all eigenvalues are surely positive."""
        return bool((self.values > self.error).all())


def spectrum(hessian: Matrix, bound: Matrix) -> Spectrum:
    """The eigenvalues of the symmetric part of `hessian`, shape (n, n), known entry by entry within `bound`.

    Weyl's inequality: an eigenvalue moves by at most the spectral norm of what is added to the matrix, which is at
    most its Frobenius norm (Golub & Van Loan 2013, theorem 8.1.6); n·ε·‖H‖ is the solver's own error (Anderson et al.,
    LAPACK Users' Guide, section 4.7).
    """
    n = hessian.shape[0]
    symmetric = 0.5 * (hessian + hessian.T)
    values = np.asarray(np.linalg.eigvalsh(symmetric), dtype=np.float64)
    error = float(np.linalg.norm(0.5 * (bound + bound.T)))
    own = n * float(np.finfo(np.float64).eps) * float(np.max(np.abs(values), initial=0.0))
    return Spectrum(values, error + own)
