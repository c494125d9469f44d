"""Random well-formed expressions, as text, over the names of `SHAPES`."""

from __future__ import annotations

from hypothesis import strategies as st

from gradverify.core.variables import Shape

SHAPES: dict[str, Shape] = {"x": (), "y": (), "v": (3,), "w": (3,), "W": (2, 3)}

_LITERALS = ("0.0", "1.0", "2.0", "0.5", "3.0", "1e-3", ".25", "10.")


def _conditions() -> st.SearchStrategy[str]:
    """Comparisons of variables with numbers, where round-off cannot change sides."""
    simple = st.builds(
        "{} {} {}".format,
        st.sampled_from(("x", "y", "v[0]", "W[1, 2]")),
        st.sampled_from(("<", "<=", ">", ">=", "==", "!=")),
        st.sampled_from(_LITERALS),
    )
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            st.builds("({}) & ({})".format, inner, inner),
            st.builds("({}) | ({})".format, inner, inner),
            st.builds("~({})".format, inner),
        ),
        max_leaves=3,
    )


def _grown(scalar: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    vector = _vectors(scalar)
    return st.one_of(
        st.builds("{} + {}".format, scalar, scalar),
        st.builds("{} - {}".format, scalar, scalar),
        st.builds("({}) - ({})".format, scalar, scalar),
        st.builds("({})*({})".format, scalar, scalar),
        st.builds("{}*{}".format, scalar, scalar),
        st.builds("-{}".format, scalar),
        st.builds("-({})".format, scalar),
        st.builds("-({})**2.0".format, scalar),
        st.builds("({})**{}".format, scalar, st.sampled_from(("2.0", "3.0"))),
        st.builds("({})/2.0/4.0".format, scalar),
        st.builds("{}({})".format, st.sampled_from(("sin", "cos", "tanh", "arctan", "abs")), scalar),
        st.builds("{}({}, {})".format, st.sampled_from(("minimum", "maximum")), scalar, scalar),
        st.builds("where({}, {}, {})".format, _conditions(), scalar, scalar),
        st.builds("({} if {} else {})".format, scalar, st.sampled_from(("x > 0.0", "y <= 1.0")), scalar),
        st.builds("{}({})".format, st.sampled_from(("sum", "mean", "max", "min", "norm")), vector),
        st.builds("({}) @ ({})".format, vector, vector),
        st.builds("({})[{}]".format, vector, st.sampled_from(("0", "-1", "2"))),
        st.builds("sum(({})[{}])".format, vector, st.sampled_from(("1:", "::2", ":-1", "::-1"))),
        st.builds("sum(W @ ({}))".format, vector),
        st.builds("(W @ ({}))[1]".format, vector),
        st.builds("sum(outer({}, {}), axis=1)[2]".format, vector, vector),
        st.builds("max(W*({}), axis=0)[1]".format, vector),
    )


def _vectors(scalar: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.sampled_from(("v", "w", "W[0]", "W.T[:, 1]", "v[::-1]")),
        st.builds("({})*v".format, scalar),
        st.builds("[{}, {}, {}]".format, scalar, scalar, scalar),
        st.builds("where(v > 0.0, {}, w)".format, scalar),
        st.builds("cumsum(v*({}))".format, scalar),
    )


def expressions(max_leaves: int = 8) -> st.SearchStrategy[str]:
    """Scalar expressions whose values neither overflow nor depend on ties broken by round-off."""
    leaves = st.sampled_from(("x", "y", "v[1]", "W[0, -1]", *_LITERALS))
    return st.recursive(leaves, _grown, max_leaves=max_leaves)
