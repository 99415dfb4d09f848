"""What a run leaves for scripts: a document, events, JUnit, GitHub annotations."""
