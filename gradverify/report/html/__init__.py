"""The HTML report: one page that stands by itself, without a script and without the network."""
