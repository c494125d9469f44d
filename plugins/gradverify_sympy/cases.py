"""Are two forms with branches the same in every case?"""

from __future__ import annotations

from gradverify_sympy.balls import Place, Unclear
from gradverify_sympy.forms import Algebra, Terms, subtract

MAX_SPLITS = 4  # nested case distinctions, each of five comparisons


class Cases:
    """Compares forms with branches, case by case."""

    def __init__(self, algebra: Algebra, places: list[Place]) -> None:
        """places: where f was asked for; they show which borders are no regions."""
        self._algebra = algebra
        self._places = places
        self._thin: dict[int, bool] = {}

    def same(self, truth: Terms, claim: Terms, splits: int = MAX_SPLITS) -> bool:
        """Whether both are the same: as forms, or on either side of each branch and where its sign is 0."""
        algebra = self._algebra
        signs = algebra.signs_in(truth) | algebra.signs_in(claim)
        if truth == claim or algebra.vanishes(subtract(claim, truth)):
            return all(self._has_derivative_at(sign, truth) for sign in signs)
        if not signs or not splits:
            return False
        sign = min(signs)  # of no argument that holds another sign
        truths, claims = (self._split(form, sign) for form in (truth, claim))

        def agree(of_truth: int, of_claim: int) -> bool:
            return self.same(truths[of_truth], claims[of_claim], splits - 1)

        if not (agree(1, 1) and agree(-1, -1)):
            return False
        if not self._is_thin(sign) and not agree(0, 0):
            return False
        return agree(1, 0) or agree(-1, 0) or (self._differ(truths[1], truths[-1]) and agree(0, 0))

    def _split(self, form: Terms, sign: int) -> dict[int, Terms]:
        return {side: self._algebra.assign(form, sign, side) for side in (1, -1, 0)}

    def _has_derivative_at(self, sign: int, truth: Terms) -> bool:
        """Whether what `truth` says where the sign is 0 may be called the derivative there.

        It is that of either side, or whatever is said where the sides differ, as 0 of |x|. Where they are the same it
        is not: a single value, as in where(x == 0, 1, (exp(x) - 1)/x), has no slope.
        """
        at = self._split(truth, sign)
        return any(
            at[0] == at[side] or self._algebra.vanishes(subtract(at[0], at[side])) for side in (1, -1)
        ) or self._differ(at[1], at[-1])

    def _differ(self, above: Terms, below: Terms) -> bool:
        """Whether they are shown to be different functions."""
        difference = subtract(above, below)
        return any(is_clear(place, difference) for place in self._places)

    def _is_thin(self, sign: int) -> bool:
        """Whether it is shown that the sign is 0 on a set without interior only.

        An analytic function of a connected domain that is not 0 at one point is not 0 on any open set.
        """
        known = self._thin.get(sign)
        if known is None:
            inner = self._algebra.generators[sign].inner
            known = self._thin[sign] = self._algebra.is_analytic(inner) and any(
                is_clear(place, inner) for place in self._places
            )
        return known


def is_clear(place: Place, form: Terms) -> bool:
    """Whether the form is certainly not 0 there."""
    try:
        middle, radius = place.of(form)
    except Unclear:
        return False
    return abs(middle) > radius
