"""Random directions for derivatives with more components than can be judged one by one (docs/SCALE.md)."""
