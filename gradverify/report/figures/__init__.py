"""Report values as SVG figures: pure, without any plotting library."""
