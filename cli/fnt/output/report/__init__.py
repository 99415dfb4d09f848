"""Machine-readable output of a run: JSON document, events, JUnit, GitHub annotations."""
