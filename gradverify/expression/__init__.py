"""The expression language: text to a checked tree, and one way to evaluate that tree with any arithmetic."""
