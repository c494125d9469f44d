"""Report values to text: JSON, JUnit, the terminal and others."""
