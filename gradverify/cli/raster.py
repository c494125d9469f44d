"""PNG from SVG, with an optional library (`gradverify[plot]`)."""

from __future__ import annotations

FONT = "DejaVu Sans"  # has every sign that figures use, and is installed nearly everywhere


class NoRasteriserError(Exception):
    """The library that makes PNG files is not installed; the message says how to get it."""


def require_rasteriser() -> None:
    """Raises `NoRasteriserError` where no PNG can be made, before anything is computed for it."""
    try:
        import resvg_py  # noqa: F401
    except ImportError:
        raise NoRasteriserError(
            "PNG files need an optional library: `pip install 'gradverify[plot]'`, or write a .svg file"
        ) from None


def png(svg: str, scale: float) -> bytes:
    """The picture at `scale` pixels for each of the SVG's."""
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=scale, sans_serif_family=FONT, font_family=FONT))
